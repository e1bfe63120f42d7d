//! The tidy test: the house rules of the repository that a program can check. `CONTRIBUTING.md` explains them.
//!
//! Each check is a function from the [`tree::Tree`] of files to [`finding::Finding`]s, and has tests on made-up trees that
//! break its rule. The tests below apply them to this repository.
//!
//! | module | rule |
//! |---|---|
//! | [`rooms`] | a crate depends only on those below it |
//! | [`dependencies`] | no dependency that nothing uses |
//! | [`circles`] | no circle between the files of a crate |
//! | [`files`] | files are short and begin with a header |
//! | [`dead_files`] | no file that nothing leads to |
//! | [`links`] | what the documentation points to is there |
//! | [`outside`] | no reference to what is outside the repository |
//! | [`leftovers`] | no notes of what is to do, no code for watching |
//! | [`programs`] | a program shows the message of the error that ends it |

// A test has no public face; `pub` says what a module offers to the others.
#![allow(unreachable_pub)]

use std::io;
use std::path::{Path, PathBuf};

use crate::finding::Finding;
use crate::tree::Tree;

mod circles;
mod dead_files;
mod dependencies;
mod files;
mod finding;
mod items;
mod leftovers;
mod links;
mod manifests;
mod modules;
mod outside;
mod programs;
mod rooms;
mod tokens;
mod tree;

/// The files of this test show what is refused, and the words for it.
const EXAMPLES: &str = "testing/tests/tidy/";

/// The root of the repository.
fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn tree() -> io::Result<Tree> {
    Tree::read(&repository())
}

/// Fails with all findings, one a line.
#[track_caller]
fn assert_none(findings: &[Finding]) {
    let lines: Vec<String> = findings.iter().map(Finding::to_string).collect();
    assert!(lines.is_empty(), "{} to put right:\n{}\n", lines.len(), lines.join("\n"));
}

fn outside_of_examples(findings: Vec<Finding>) -> Vec<Finding> {
    findings.into_iter().filter(|finding| !finding.path.starts_with(EXAMPLES)).collect()
}

#[test]
fn crates_depend_only_on_those_below() {
    assert_none(&rooms::check(&tree().unwrap(), rooms::ROOMS));
}

#[test]
fn the_architecture_names_every_crate() {
    assert_none(&rooms::check_document(&tree().unwrap()));
}

#[test]
fn every_dependency_is_used() {
    assert_none(&dependencies::check(&tree().unwrap()));
}

#[test]
fn the_files_of_a_crate_import_each_other_in_no_circle() {
    assert_none(&circles::check(&tree().unwrap()));
}

#[test]
fn files_are_short() {
    assert_none(&files::check_length(&tree().unwrap()));
}

#[test]
fn rust_files_begin_with_a_header() {
    assert_none(&files::check_headers(&tree().unwrap()));
}

#[test]
fn every_rust_file_is_compiled() {
    assert_none(&dead_files::check_rust(&tree().unwrap()));
}

#[test]
fn every_page_can_be_found() {
    assert_none(&dead_files::check_pages(&tree().unwrap()));
}

#[test]
fn every_other_file_is_used() {
    assert_none(&dead_files::check_others(&tree().unwrap()));
}

#[test]
fn links_lead_somewhere() {
    assert_none(&links::check_links(&tree().unwrap()));
}

#[test]
fn paths_in_the_documentation_are_there() {
    assert_none(&outside_of_examples(links::check_paths(&tree().unwrap())));
}

#[test]
fn nothing_leads_out_of_the_repository() {
    assert_none(&outside_of_examples(outside::check(&tree().unwrap())));
}

#[test]
fn nothing_is_left_over() {
    assert_none(&outside_of_examples(leftovers::check(&tree().unwrap())));
}

#[test]
fn programs_show_the_messages_of_their_errors() {
    assert_none(&outside_of_examples(programs::check(&tree().unwrap())));
}
