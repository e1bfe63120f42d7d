//! A session with an archive.

use std::time::Duration;

use rusteron_archive::{AeronArchive, AeronArchiveAsyncConnect, AeronArchiveContext, AeronCError};

use crate::archive_credentials::ArchiveCredentials;
use crate::client::{AeronClient, Pending, Requested};
use crate::error::{AeronError, c_string, failed};

/// Where an archive takes requests and answers them.
#[derive(Debug, Clone, Copy)]
pub struct ArchiveChannels<'a> {
    /// Channel of the requests.
    pub control_request_channel: &'a str,
    /// Stream of the requests.
    pub control_request_stream_id: i32,
    /// Channel of the answers, on which this client listens.
    pub control_response_channel: &'a str,
    /// Stream of the answers.
    pub control_response_stream_id: i32,
    /// Bound on the wait for an answer.
    pub message_timeout: Duration,
    /// How this client proves who it is; `None` for an archive that does not ask.
    pub credentials: Option<&'a ArchiveCredentials>,
}

impl Requested for AeronArchive {
    type Request = AeronArchiveAsyncConnect;

    fn poll(request: &Self::Request) -> Result<Option<Self>, AeronCError> {
        request.poll()
    }
}

impl AeronClient {
    /// Settings of a session with an archive: for an archive client that connects by itself, such as a persistent
    /// subscription.
    ///
    /// # Errors
    /// A channel with a zero byte.
    pub fn archive_context(&self, channels: &ArchiveChannels<'_>) -> Result<AeronArchiveContext, AeronError> {
        let set = || -> Result<AeronArchiveContext, AeronCError> {
            let context = AeronArchiveContext::new()?;
            context.set_aeron(self.aeron())?;
            context.set_owns_aeron_client(false)?;
            context.set_client_name(&c_string(self.name())?)?;
            context.set_control_request_channel(&c_string(channels.control_request_channel)?)?;
            context.set_control_request_stream_id(channels.control_request_stream_id)?;
            context.set_control_response_channel(&c_string(channels.control_response_channel)?)?;
            context.set_control_response_stream_id(channels.control_response_stream_id)?;
            let timeout_ns = u64::try_from(channels.message_timeout.as_nanos()).unwrap_or(u64::MAX);
            context.set_message_timeout_ns(timeout_ns)?;
            if let Some(credentials) = channels.credentials {
                credentials.give_to(&context)?;
            }
            Ok(context)
        };
        set().map_err(failed("prepare a session with the archive"))
    }

    /// Begins to connect to an archive.
    ///
    /// # Errors
    /// The session's publication or subscription cannot be asked for.
    pub fn async_connect_archive(&self, channels: &ArchiveChannels<'_>) -> Result<Pending<AeronArchive>, AeronError> {
        let context = self.archive_context(channels)?;
        let request = AeronArchiveAsyncConnect::new_with_aeron(&context, self.aeron());
        Pending::new(request, "connect to the archive".to_owned())
    }
}
