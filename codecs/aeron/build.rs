//! Generates Aeron's protocols from the schemas inside the `aeron-all` jar. A package has no build script: it holds what this
//! one generates.

use lugus_sbe_generate::{GenerateError, Protocol, generate, jar, report, unpack};

fn main() {
    report(generate_protocols());
}

fn generate_protocols() -> Result<(), GenerateError> {
    let aeron = jar("aeron-all")?;
    let cluster = unpack(&aeron, "cluster/aeron-cluster-codecs.xml")?;
    let mark_file = unpack(&aeron, "cluster/aeron-cluster-mark-codecs.xml")?;
    let node_state = unpack(&aeron, "cluster/aeron-cluster-node-state-codecs.xml")?;
    generate(&[
        Protocol {
            module: "cluster",
            about: "Client sessions, the replicated log, and the protocol between consensus module and service (schema 111).",
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
