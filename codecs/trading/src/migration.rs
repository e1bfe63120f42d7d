//! Migrations: the operator's requests to a cluster and their answers, templates 13 to 17, 38 and 39 of order entry
//! (schema 201).
//!
//! `requests` and `answers` have the messages; [`records`] lays out the records that they carry.

mod answers;
mod manifest;
mod requests;

pub mod records;

#[cfg(test)]
mod tests;

pub use answers::{MigrationAnswer, decode_migration_answer, encode_exported_records, encode_migration_report};
pub use requests::{carries_records, decode_migration_request, encode_migration_request, is_migration_request};
