//! `lugus console`: a page on which an operator sees the deployment; `lugus top`: the core of it in a terminal.

use std::io::{self, IsTerminal};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use lugus_client::{ExchangeConfig, ExchangeSession, FeedContext, MarketDataFeed, OlderSession, ParticipantId};
use lugus_console::model::{ClusterView, Event, MapView, RATE_SPAN};
use lugus_console::server::{Names, Server, Token};
use lugus_console::sources::{BookDoor, Sources};
use lugus_console::top::{self, TopError};
use lugus_topology::Deployment;
use serde::Serialize;

use crate::arguments::Console;
use crate::deployment::DeploymentFile;
use crate::failure::Failure;
use crate::output::Output;
use crate::participant;
use crate::stop_signal;

/// What is added to the nice value: whoever looks can wait, and members can't.
const NICE: i32 = 10;
/// Time until the first rates and the map are known, for a document.
const SETTLING: Duration = Duration::from_secs(1);

/// What the command prints when it has begun.
#[derive(Debug, Serialize)]
struct Serving {
    /// Address of the page. Its part after `#`, which a browser keeps for itself, is the token, unless that is in a file.
    page: String,
}

/// What `lugus top --json` prints.
#[derive(Debug, Serialize)]
struct Document {
    clusters: Vec<ClusterView>,
    map: MapView,
    events: Vec<Event>,
}

/// Serves the page until SIGTERM or SIGINT.
///
/// # Errors
/// When the address can't be listened on, there is no token, or there is no media driver.
pub fn run(found: &DeploymentFile, arguments: &Console, output: Output) -> Result<(), Failure> {
    let stop = stop_signal::flag()?;
    let address = arguments.address;
    if !address.ip().is_loopback() && !arguments.open_to_network {
        let what = format!("{address} can be reached by others, and what the console sends is not encrypted");
        let hint =
            "reach a console on loopback through a tunnel (ssh -L), or say that it is meant so: --open-to-network";
        return Err(Failure::new(what).hint(hint));
    }
    let token = match &arguments.token_file {
        Some(file) => Token::read(file),
        None => Token::random(),
    };
    let token = token.map_err(Failure::new)?;
    let shown = if arguments.token_file.is_some() { String::new() } else { format!("#{}", token.reveal()) };
    let server = Server::bind(address, token, Names::new(&arguments.name)).map_err(|error| {
        Failure::new(error).hint("name another address with --address; with port 0 the system chooses one")
    })?;
    yield_to_members();
    let mut sources = start(found, Some(Box::new(Reader::new(found, arguments.participant))))?;
    let serving = Serving { page: format!("http://{}/{shown}", server.address()) };
    output.answer(&serving, format!("the console is at {}", serving.page))?;
    let mut failure = None;
    let shared = sources.shared().clone();
    server.run(&shared, || {
        failure = sources.check().err();
        failure.is_some() || stop.load(Ordering::Relaxed)
    });
    failure.map_or(Ok(()), |error| Err(Failure::new(error)))
}

/// Shows the deployment in this terminal until the user ends it; with JSON output, prints it once.
///
/// # Errors
/// When there is no terminal, or no media driver.
pub fn run_top(found: &DeploymentFile, output: Output) -> Result<(), Failure> {
    if !output.is_json() && !io::stdout().is_terminal() {
        return Err(Failure::new(TopError::NoTerminal));
    }
    let stop = stop_signal::flag()?;
    yield_to_members();
    let sources = start(found, None)?;
    if !output.is_json() {
        return top::run(sources.shared(), || stop.load(Ordering::Relaxed)).map_err(Failure::new);
    }
    thread::sleep(RATE_SPAN + SETTLING);
    let model = sources.shared().model();
    let events = model.events().since(0).cloned().collect();
    let document = Document { clusters: model.clusters(), map: model.map_view(), events };
    output.answer(&document, "")
}

fn start(found: &DeploymentFile, door: Option<Box<dyn BookDoor>>) -> Result<Sources, Failure> {
    Sources::start(&found.deployment, door).map_err(Failure::new)
}

/// Threads and the media driver that are started from now on inherit it.
fn yield_to_members() {
    if let Err(error) = rustix::process::nice(NICE) {
        tracing::info!(%error, "the nice value stays as it is");
    }
}

/// Opens what books are followed with, as a participant that only reads.
struct Reader {
    deployment: Deployment,
    participant: u32,
}

impl Reader {
    fn new(found: &DeploymentFile, participant: Option<u32>) -> Self {
        let participant = participant.unwrap_or_else(|| participant::reader(&found.deployment));
        Self { deployment: found.deployment.clone(), participant }
    }
}

impl BookDoor for Reader {
    fn open(&self, aeron_dir: &Path) -> Result<(ExchangeSession, MarketDataFeed), String> {
        let feed = FeedContext::of(&self.deployment, aeron_dir.to_path_buf())
            .ok_or("the deployment has no market-data stream: set enabled = true in [market_data]")?;
        let mut config = ExchangeConfig::of(&self.deployment, aeron_dir.to_path_buf());
        config.older_session = OlderSession::Keep;
        let credentials =
            participant::credentials(&self.deployment, self.participant).map_err(|failure| failure.to_string())?;
        let exchange = participant::exchange(&self.deployment, config);
        let session = exchange.session(ParticipantId(self.participant), credentials);
        Ok((session.map_err(|error| error.to_string())?, MarketDataFeed::new(feed)))
    }
}
