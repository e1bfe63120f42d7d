//! Generates Lugus' protocols from `schemas/`.

use std::path::Path;

use lugus_sbe_generate::{GenerateError, Protocol, generate, report};

fn main() {
    report(generate_protocols());
}

fn generate_protocols() -> Result<(), GenerateError> {
    let schemas = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas");
    let order_entry = schemas.join("order-entry.xml");
    let market_data = schemas.join("market-data.xml");
    let partition_map = schemas.join("partition-map.xml");
    let member_status = schemas.join("member-status.xml");
    let snapshot = schemas.join("snapshot.xml");
    let authenticated_request = schemas.join("authenticated-request.xml");
    generate(&[
        Protocol { module: "sbe_order_entry", about: "Orders and executions (schema 201).", schema: &order_entry },
        Protocol {
            module: "sbe_market_data",
            about: "The book as anyone may see it (schema 202).",
            schema: &market_data,
        },
        Protocol {
            module: "sbe_partition_map",
            about: "Which cluster trades which instrument (schema 203).",
            schema: &partition_map,
        },
        Protocol {
            module: "sbe_member_status",
            about: "What a member tells of itself (schema 206).",
            schema: &member_status,
        },
        Protocol {
            module: "sbe_snapshot",
            about: "The state of a partition's service (schema 204).",
            schema: &snapshot,
        },
        Protocol {
            module: "sbe_authenticated_request",
            about: "Requests with a proof of who makes them (schema 205).",
            schema: &authenticated_request,
        },
    ])
}
