//! What a program needs around Aeron's C client (`rusteron-archive`) and would otherwise write for itself.
//!
//! | file | what it is |
//! |---|---|
//! | `client` | [`AeronClient`]: connects to a media driver, runs in its owner's duty cycle, waits with a bound |
//! | `driver` | [`DriverIdentity`], [`is_driver_alive`], [`open_counters`]: whether a media driver runs, whether it is still the same one, and its counters |
//! | `adding` | publications, subscriptions and counters, without waiting ([`Pending`]) or waiting |
//! | `archive` | a session with an archive |
//! | `archive_credentials` | [`ArchiveCredentials`]: how a client proves to an archive who it is |
//! | [`channel`] | channel URIs: media, parameters, alias |
//! | `fragment_assembler` | [`FragmentAssembler`]: fragments of one or several images to whole messages, bounded |
//! | `idle_strategy` | [`IdleStrategy`]: what a thread does when it has nothing to do |
//! | `error` | [`AeronError`]: what failed and Aeron's reason, in one line |
//!
//! The Aeron client runs in the caller's thread here ("agent invoker" mode): new images, publications and errors are
//! seen in the duty cycle in which the media driver announces them, and a thread that hangs loses its client.

pub mod channel;

mod adding;
mod archive;
mod archive_credentials;
mod client;
mod driver;
mod error;
mod fragment_assembler;
mod idle_strategy;

pub use adding::{ClosedImage, MAX_COUNTER_KEY_LENGTH, MAX_COUNTER_LABEL_LENGTH};
pub use archive::ArchiveChannels;
pub use archive_credentials::ArchiveCredentials;
pub use client::{AeronClient, ClientSettings, Pending, Requested};
pub use driver::{CountersError, DriverIdentity, is_driver_alive, open_counters};
pub use error::{AeronError, c_string, error_text, failed, one_line};
pub use fragment_assembler::{
    BEGIN_FRAGMENT_FLAG, END_FRAGMENT_FLAG, Fragment, FragmentAssembler, MAX_MESSAGE_LENGTH, UNFRAGMENTED,
};
pub use idle_strategy::{IdleStrategy, Idler};

/// The example in the README, as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
