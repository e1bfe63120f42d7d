//! Generates Aeron's protocols from the schemas inside the `aeron-all` jar.

use lugus_sbe_generate::{GenerateError, Protocol, generate, jar, unpack};

fn main() -> Result<(), GenerateError> {
    let aeron = jar("aeron-all")?;
    let cluster = unpack(&aeron, "cluster/aeron-cluster-codecs.xml")?;
    let mark_file = unpack(&aeron, "cluster/aeron-cluster-mark-codecs.xml")?;
    let node_state = unpack(&aeron, "cluster/aeron-cluster-node-state-codecs.xml")?;
    generate(&[
        Protocol {
            module: "cluster",
            about: "Sessions, the log, and what consensus module and service say to each other (schema 111).",
            schema: &cluster,
        },
        Protocol { module: "mark_file", about: "The header of a cluster mark file (schema 110).", schema: &mark_file },
        Protocol {
            module: "node_state",
            about: "The consensus module's node state file (schema 112).",
            schema: &node_state,
        },
    ])
}
