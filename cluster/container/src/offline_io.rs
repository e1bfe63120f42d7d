//! The I/O of a service that has no cluster: what it sends goes nowhere, and what it waits for is there at once.

use std::fmt::Display;

use aeron_support::Fragment;

use crate::agent_io::{
    AgentIo, Egress, Flow, FoundCounter, LogImage, SnapshotError, SnapshotRecording, SnapshotReplay,
};
use crate::counters::ServiceCounter;
use crate::error::ContainerError;
use crate::offer_error::OfferError;
use crate::service_error::ServiceError;

/// Greatest number of errors whose texts are kept.
const MAX_ERRORS: usize = 16;

/// No media driver, no archive and no consensus module.
#[derive(Debug, Default)]
pub(crate) struct OfflineIo {
    /// The first errors, such as messages of the log that cannot be decoded.
    pub(crate) errors: Vec<String>,
}

impl AgentIo for OfflineIo {
    type Egress = Nothing;
    type LogSubscription = Nothing;
    type LogImage = Nothing;
    type SnapshotReplay = Nothing;
    type SnapshotRecording = MessageList;

    fn nano_time(&self) -> i64 {
        0
    }

    fn epoch_ms(&self) -> i64 {
        0
    }

    fn epoch_ns(&self) -> i64 {
        0
    }

    fn idle(&mut self, _: usize) {}

    fn invoke_client(&mut self) -> Result<(), ContainerError> {
        Ok(())
    }

    fn client_id(&self) -> i64 {
        0
    }

    fn find_counters(&self, _: i32) -> Vec<FoundCounter> {
        Vec::new()
    }

    fn counter_value(&self, _: i32) -> i64 {
        0
    }

    fn is_counter_active(&self, _: &FoundCounter) -> bool {
        true
    }

    fn probe_driver(&mut self) -> bool {
        true
    }

    fn add_counter(&mut self, _: i32, _: &[u8], _: &str) -> Result<ServiceCounter, ServiceError> {
        Ok(ServiceCounter::detached())
    }

    fn poll_control(&mut self, _: &mut dyn FnMut(&[u8])) -> Result<usize, ContainerError> {
        Ok(0)
    }

    fn offer_control(&mut self, _: &[&[u8]]) -> Result<i64, OfferError> {
        Ok(0)
    }

    fn add_egress(&mut self, _: &str, _: i32) -> Result<Nothing, ServiceError> {
        Err(absent())
    }

    fn subscribe_log(&mut self, _: &str, _: i32) -> Result<Nothing, ContainerError> {
        Err(ContainerError::ConsensusModuleGone)
    }

    fn log_image(&mut self, nothing: &mut Nothing, _: i32) -> Result<Option<Nothing>, ContainerError> {
        match *nothing {}
    }

    fn replay_snapshot(&mut self, _: i64) -> Result<Nothing, ServiceError> {
        Err(absent())
    }

    fn record_snapshot(&mut self) -> Result<MessageList, SnapshotError> {
        Ok(MessageList::default())
    }

    fn keep_alive(&mut self, _: i64) {}

    fn set_member_id(&mut self, _: i32) {}

    fn record_error(&mut self, error: &dyn Display) {
        if self.errors.len() < MAX_ERRORS {
            self.errors.push(error.to_string());
        }
    }
}

fn absent() -> ServiceError {
    ServiceError::message("there is no cluster")
}

/// What a service without a cluster never has.
#[derive(Debug)]
pub(crate) enum Nothing {}

impl Egress for Nothing {
    fn offer(&mut self, _: &[&[u8]]) -> Result<i64, OfferError> {
        match *self {}
    }
}

impl LogImage for Nothing {
    fn join_position(&self) -> Result<i64, ContainerError> {
        match *self {}
    }

    fn position(&self) -> i64 {
        match *self {}
    }

    fn has_ended(&self) -> bool {
        match *self {}
    }

    fn poll(&mut self, _: i64, _: usize, _: &mut dyn FnMut(&Fragment<'_>) -> Flow) -> Result<usize, ContainerError> {
        match *self {}
    }
}

impl SnapshotReplay for Nothing {
    fn poll(&mut self, _: &mut dyn FnMut(&Fragment<'_>) -> Flow) -> Result<usize, ServiceError> {
        match *self {}
    }

    fn check_end(&mut self) -> Result<bool, ServiceError> {
        match *self {}
    }

    fn nano_time(&self) -> i64 {
        match *self {}
    }
}

/// The messages of a snapshot, in memory.
#[derive(Debug, Default)]
pub(crate) struct MessageList(pub(crate) Vec<Vec<u8>>);

/// Longest message of a snapshot, in bytes: an eighth of Aeron's default IPC term, as with the default snapshot channel.
const MAX_MESSAGE_LENGTH: usize = 8 * 1024 * 1024;

impl SnapshotRecording for MessageList {
    fn offer(&mut self, message: &[u8]) -> Result<i64, OfferError> {
        self.0.push(message.to_vec());
        Ok(self.position())
    }

    fn max_message_length(&self) -> usize {
        MAX_MESSAGE_LENGTH
    }

    fn position(&self) -> i64 {
        self.0.len() as i64
    }

    fn recorded_position(&mut self) -> Result<Option<i64>, SnapshotError> {
        Ok(Some(self.position()))
    }

    fn recording_id(&self) -> i64 {
        0
    }
}
