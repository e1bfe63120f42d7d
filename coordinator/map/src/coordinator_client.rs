//! A client of the coordinator: requests to change the map, and their answers.

use std::path::Path;
use std::time::{Duration, Instant};

use aeron_support::{AeronClient, AeronError, ClientSettings, failed};
use lugus_codecs::MessageError;
use lugus_codecs::authenticated_request::{
    CHALLENGE_LENGTH, RequestChallenge, decode_request_challenge, encode_authenticated_request,
    is_of_authenticated_requests,
};
use lugus_codecs::partition_map::{decode_map_answer, encode_map_request};
use lugus_topology::{CoordinatorSpec, Key};
use lugus_vocabulary::{AcceptedRequest, Endpoint, MapAnswer, MapEpoch, MapRefusal, MapRequest, MapRequestHeader};
use rusteron_archive::{AeronOfferError, AeronPublication, AeronSubscription};
use thiserror::Error;

use crate::request_proof::prove_request;

/// Maximum number of answers taken in one poll.
const FRAGMENT_LIMIT: usize = 16;
/// Time after which a request without an answer is sent again.
const REPEAT_INTERVAL: Duration = Duration::from_secs(1);
/// Pause between two polls for an answer.
const POLL_INTERVAL: Duration = Duration::from_micros(200);
/// Number of challenges to one request after which the client takes its key for a wrong one. A good proof is met with another
/// challenge only when another client's request was taken in between.
const MAXIMUM_CHALLENGES: u32 = 16;

/// Why a request has no good answer.
#[derive(Debug, Error)]
pub enum RequestError {
    /// The coordinator refuses the request.
    #[error(transparent)]
    Refused(#[from] MapRefusal),
    /// No answer has come. The request may have been done, and may be made again.
    #[error(
        "the coordinator at {endpoint} did not answer within {waited:?}: start it (lugus coordinator), or check \
         coordinator.host and coordinator.port; the request may have been done"
    )]
    Away {
        /// Where the coordinator should be.
        endpoint: Endpoint,
        /// How long the client has waited.
        waited: Duration,
    },
    /// The coordinator obeys the operator alone, and the client has no key, or not the operator's.
    #[error(
        "the coordinator at {endpoint} obeys only the operator, who has participant 0's key: give cluster.toml that key \
         ([[participant]] with id = 0), and authentication.mode = \"keys\""
    )]
    NotAuthenticated {
        /// The coordinator's endpoint.
        endpoint: Endpoint,
    },
    /// The client's own media driver is in trouble.
    #[error(transparent)]
    Aeron(#[from] AeronError),
    /// Another program or another version answers.
    #[error(
        "the answers from {endpoint} are not those of a coordinator of this version: {source}; check coordinator.host and \
         coordinator.port, and run programs of one version"
    )]
    Message {
        /// Where the answer came from.
        endpoint: Endpoint,
        /// What is wrong with the answer.
        source: MessageError,
    },
}

/// A client of the coordinator. It has no threads: [`offer`](Self::offer) and [`poll`](Self::poll) do not block.
pub struct CoordinatorClient {
    requests: AeronPublication,
    answers: AeronSubscription,
    response_channel: String,
    response_stream: i32,
    endpoint: Endpoint,
    next_correlation_id: i64,
    key: Option<Key>,
    /// The newest challenge of the coordinator; zeros before the first. A proof for them gets no request done, but a challenge.
    challenge: [u8; CHALLENGE_LENGTH],
    last: Option<Offered>,
    client: AeronClient,
}

/// The last request, which is sent again with a proof if the coordinator answers with a challenge.
struct Offered {
    correlation_id: i64,
    request: Vec<u8>,
    challenges: u32,
    is_challenged: bool,
}

impl CoordinatorClient {
    /// Opens the channels through the media driver in `aeron_dir`. Answers come to `host`, an address of this machine.
    /// The coordinator need not be there yet. `key` is the operator's, if the coordinator has keys
    /// ([`Deployment::operator_key`](lugus_topology::Deployment::operator_key)).
    ///
    /// # Errors
    /// [`AeronError`]: the driver does not answer within `timeout`, or refuses.
    pub fn connect(
        aeron_dir: &Path,
        coordinator: &CoordinatorSpec,
        host: &str,
        timeout: Duration,
        key: Option<Key>,
    ) -> Result<Self, AeronError> {
        let client = AeronClient::connect(ClientSettings::new(aeron_dir, "coordinator-client", timeout))?;
        let response_stream = coordinator.coordinator.response_stream;
        let own_port = Endpoint { host: host.to_owned(), port: 0 };
        let answers = client.add_subscription(&format!("aeron:udp?endpoint={own_port}"), response_stream)?;
        let response_channel = client.resolve_channel(&answers)?;
        let requests =
            client.add_publication(&coordinator.request_channel(), coordinator.coordinator.request_stream)?;
        let endpoint = coordinator.requests.clone();
        Ok(Self {
            requests,
            answers,
            response_channel,
            response_stream,
            endpoint,
            next_correlation_id: 1,
            key,
            challenge: [0; CHALLENGE_LENGTH],
            last: None,
            client,
        })
    }

    /// Sends a request and waits for its answer. The request is sent again until it is answered, as every request may be
    /// repeated.
    ///
    /// # Errors
    /// [`RequestError`]: the coordinator refuses, or does not answer within `timeout`.
    pub fn request(
        &mut self,
        request: &MapRequest,
        expected: Option<MapEpoch>,
        timeout: Duration,
    ) -> Result<AcceptedRequest, RequestError> {
        let started = Instant::now();
        let correlation_id = self.correlation_id();
        let mut sent: Option<Instant> = None;
        while started.elapsed() < timeout {
            if sent.is_none_or(|at| at.elapsed() >= REPEAT_INTERVAL) && self.offer(correlation_id, request, expected)? {
                sent = Some(Instant::now());
            }
            for answer in self.poll()? {
                if answer.correlation_id == correlation_id {
                    return Ok(answer.outcome?);
                }
            }
            std::thread::sleep(POLL_INTERVAL);
        }
        Err(RequestError::Away { endpoint: self.endpoint.clone(), waited: timeout })
    }

    /// A correlation id that this client has not used before.
    pub fn correlation_id(&mut self) -> i64 {
        let id = self.next_correlation_id;
        self.next_correlation_id += 1;
        id
    }

    /// Tries to send a request, and returns whether it was sent. The answer has the same correlation id.
    ///
    /// # Errors
    /// [`AeronError`]: the media driver has ended.
    pub fn offer(
        &mut self,
        correlation_id: i64,
        request: &MapRequest,
        expected_epoch: Option<MapEpoch>,
    ) -> Result<bool, AeronError> {
        self.client.do_work()?;
        let header = MapRequestHeader {
            correlation_id,
            expected_epoch,
            response_channel: self.response_channel.clone(),
            response_stream: self.response_stream,
        };
        let request = encode_map_request(&header, request);
        let is_sent = self.send(&request)?;
        if is_sent {
            let challenges = match &self.last {
                Some(last) if last.correlation_id == correlation_id => last.challenges,
                _ => 0,
            };
            self.last = Some(Offered { correlation_id, request, challenges, is_challenged: false });
        }
        Ok(is_sent)
    }

    /// Sends the bytes of a request, with a proof if the client has a key.
    fn send(&self, request: &[u8]) -> Result<bool, AeronError> {
        let sent = match &self.key {
            Some(key) => {
                let proven = prove_request(key, self.challenge, request);
                self.requests.offer(&encode_authenticated_request(&proven))
            }
            None => self.requests.offer(request),
        };
        match sent {
            Ok(_) => Ok(true),
            Err(AeronOfferError::NotConnected | AeronOfferError::BackPressured | AeronOfferError::AdminAction) => {
                Ok(false)
            }
            Err(error) => Err(AeronError::new("send a request to the coordinator", &error.to_string())),
        }
    }

    /// Returns the answers that have arrived.
    ///
    /// # Errors
    /// [`RequestError`]: the media driver has ended, an answer is not that of a coordinator of this version, or the coordinator
    /// does not obey this client.
    pub fn poll(&mut self) -> Result<Vec<MapAnswer>, RequestError> {
        self.client.do_work()?;
        let (mut answers, mut challenges) = (Vec::new(), Vec::new());
        let mut fault = None;
        let mut read = |bytes: &[u8]| {
            let is_read = if is_of_authenticated_requests(bytes) {
                decode_request_challenge(bytes).map(|challenge| challenges.push(challenge))
            } else {
                decode_map_answer(bytes).map(|answer| answers.push(answer))
            };
            if let Err(error) = is_read {
                fault = Some(error);
            }
        };
        self.answers
            .poll_fn(|bytes, _| read(bytes), FRAGMENT_LIMIT)
            .map_err(failed("read the coordinator's answers"))?;
        if let Some(source) = fault {
            return Err(RequestError::Message { endpoint: self.endpoint.clone(), source });
        }
        for challenge in challenges {
            self.on_challenge(challenge)?;
        }
        self.send_again()?;
        Ok(answers)
    }

    fn on_challenge(&mut self, challenge: RequestChallenge) -> Result<(), RequestError> {
        let Some(last) = self.last.as_mut().filter(|last| last.correlation_id == challenge.correlation_id) else {
            return Ok(());
        };
        last.challenges += 1;
        if self.key.is_none() || last.challenges > MAXIMUM_CHALLENGES {
            return Err(RequestError::NotAuthenticated { endpoint: self.endpoint.clone() });
        }
        last.is_challenged = true;
        self.challenge = challenge.challenge;
        Ok(())
    }

    /// Sends the request that was challenged, once.
    fn send_again(&mut self) -> Result<(), AeronError> {
        if let Some(last) = self.last.take_if(|last| last.is_challenged) {
            let is_challenged = !self.send(&last.request)?;
            self.last = Some(Offered { is_challenged, ..last });
        }
        Ok(())
    }
}
