//! What the examples share: a deployment's `cluster.toml`, a media driver, and a session with all clusters.

// Each example uses a part of it.
#![allow(dead_code)]

use std::error::Error;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use lugus_client::{Credentials, EventHandler, Exchange, ExchangeConfig, ExchangeSession, FixedMap, ParticipantId};
use lugus_media_driver::ClientDriver;
use lugus_topology::Deployment;

/// How long the examples wait for the map and the clusters.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// A session with its media driver, which must outlive it.
pub(crate) struct Connected {
    pub(crate) session: ExchangeSession,
    pub(crate) driver: ClientDriver,
}

/// The arguments of the command line, after the names in `usage`.
///
/// # Errors
/// When there are fewer or more arguments than names.
pub(crate) fn arguments<const N: usize>(usage: &str) -> Result<[String; N], Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    <[String; N]>::try_from(arguments).map_err(|_| format!("usage: {usage}").into())
}

/// Opens a session of `participant`, as told by `cluster.toml` in the working directory or the file that LUGUS_CONFIG
/// names. With LUGUS_MAP=fixed the clusters and instruments come from that file, and no coordinator is needed.
///
/// # Errors
/// When there is no such file, or not all clusters answer in time.
pub(crate) fn connect(participant: u32, handler: &mut impl EventHandler) -> Result<Connected, Box<dyn Error>> {
    let file = std::env::var_os("LUGUS_CONFIG").map_or_else(|| PathBuf::from("cluster.toml"), PathBuf::from);
    let deployment = Deployment::load(&file)?;
    let driver = ClientDriver::start(&deployment)?;
    let config = ExchangeConfig::of(&deployment, driver.aeron_dir().to_path_buf());
    let exchange = if std::env::var_os("LUGUS_MAP").is_some_and(|map| map == "fixed") {
        Exchange::with_maps(config, FixedMap::of(&deployment))
    } else {
        Exchange::connect(config)
    };
    let mut keys = deployment.participant_keys()?.into_iter();
    let key = keys.find(|(id, _)| *id == participant).map(|(_, key)| key.as_bytes().to_vec());
    let credentials = key.map_or(Credentials::Open, Credentials::Key);
    let mut session = exchange.session(ParticipantId(participant), credentials)?;
    let deadline = Instant::now() + CONNECT_TIMEOUT;
    while !session.is_connected() {
        idle(session.poll(handler)?);
        if Instant::now() > deadline {
            let problem = session.problem();
            let reason = problem
                .map_or("not every cluster answers: run `lugus status`".to_owned(), |problem| problem.to_string());
            return Err(format!("not connected within {CONNECT_TIMEOUT:?}: {reason}").into());
        }
    }
    Ok(Connected { session, driver })
}

/// Pauses if there was nothing to do.
pub(crate) fn idle(work: usize) {
    if work == 0 {
        std::thread::sleep(Duration::from_micros(50));
    }
}
