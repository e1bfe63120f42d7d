//! The exchange without clusters: what can be told before anybody answers, with maps from a script.

// Helpers of tests, which may fail loudly as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use lugus_client::{
    BlockingExchange, ClientOrderId, CommandNumber, Credentials, EventHandler, Exchange, ExchangeConfig,
    ExchangeSession, FixedMap, InstrumentId, InstrumentType, MapEpoch, NewOrder, ParticipantId, Price, Problem,
    Quantity, Report, SendError, Side, Status, UnknownPair,
};
use lugus_partition_map::{DeploymentId, MapError, MapSubscription, PartitionMap};
use lugus_topology::{ClusterId, Deployment};

const DEPLOYMENT: &str = r#"
[[cluster]]
id = 0
[[cluster.member]]
id = 0
host = "127.0.0.1"
port = 20100

[[cluster]]
id = 1
[[cluster.member]]
id = 0
host = "127.0.0.1"
port = 20200

[[instrument]]
id = 1
symbol = "BTC/USDT"
cluster = 0

[[instrument]]
id = 2
symbol = "ETH/USDT"
cluster = 1
"#;

const BITCOIN: InstrumentId = InstrumentId(1);

/// Gives its entries one after the other, the last first.
struct Script(Vec<Result<Option<Arc<PartitionMap>>, MapError>>);

impl MapSubscription for Script {
    fn poll(&mut self) -> Result<Option<Arc<PartitionMap>>, MapError> {
        self.0.pop().unwrap_or(Ok(None))
    }
}

#[derive(Default)]
struct Heard(Vec<Status>);

impl EventHandler for Heard {
    fn on_report(&mut self, _report: &Report, _command: CommandNumber) {}

    fn on_status(&mut self, status: &Status) {
        self.0.push(status.clone());
    }
}

fn deployment() -> Deployment {
    Deployment::parse(DEPLOYMENT, Path::new("/")).unwrap()
}

fn session(maps: impl MapSubscription + 'static) -> ExchangeSession {
    // There is no media driver.
    let aeron_dir = PathBuf::from(format!("/dev/shm/lugus-exchange-nowhere-{}", std::process::id()));
    let exchange = Exchange::with_maps(ExchangeConfig::of(&deployment(), aeron_dir), maps);
    exchange.session(ParticipantId(7), Credentials::Open).unwrap()
}

fn map(change: impl FnOnce(&mut PartitionMap)) -> Result<Option<Arc<PartitionMap>>, MapError> {
    let mut map = PartitionMap::clone(&FixedMap::of(&deployment()).poll().unwrap().unwrap());
    change(&mut map);
    Ok(Some(Arc::new(map)))
}

fn order(session: &mut ExchangeSession, instrument: InstrumentId) -> Result<u64, SendError> {
    let order = NewOrder::limit(ClientOrderId(1), Side::Buy, Price(1), Quantity(1));
    session.new_order(instrument, &order).map(|number| number.0)
}

#[test]
fn commands_are_taken_once_there_is_a_map_and_kept_until_there_is_a_cluster() {
    let mut session = session(FixedMap::of(&deployment()));
    assert_eq!(order(&mut session, BITCOIN), Err(SendError::NoMap));
    assert_eq!(session.instrument("BTC/USDT", InstrumentType::Spot), Err(UnknownPair::NoMap));
    session.poll(&mut ()).unwrap();
    assert_eq!(session.instrument("BTC/USDT", InstrumentType::Spot).unwrap().id, BITCOIN);
    assert_eq!((order(&mut session, BITCOIN), order(&mut session, InstrumentId(2))), (Ok(1), Ok(1)));
    assert_eq!(order(&mut session, InstrumentId(3)), Err(SendError::UnknownInstrument(InstrumentId(3))));
    assert_eq!(session.outstanding(), 2);
    session.poll(&mut ()).unwrap();
    let problem = session.problem().unwrap();
    assert!(problem.to_string().contains("no media driver"), "{problem}");
    assert!(!session.is_connected() && !session.is_connected_for(BITCOIN));
    session.close();
}

#[test]
fn without_a_coordinator_the_problem_says_what_is_missing_where_and_what_to_do() {
    let mut deployment = DEPLOYMENT.to_owned();
    deployment.push_str("\n[coordinator]\nhost = \"127.0.0.1\"\nport = 20900\n");
    let deployment = Deployment::parse(&deployment, Path::new("/")).unwrap();
    let archive = deployment.coordinator_spec().archive;
    let aeron_dir = PathBuf::from(format!("/dev/shm/lugus-exchange-nowhere-{}", std::process::id()));
    let mut session = Exchange::connect(ExchangeConfig::of(&deployment, aeron_dir))
        .session(ParticipantId(7), Credentials::Open)
        .unwrap();
    let text = session.problem().unwrap().to_string();
    let missing = format!("no partition map has come from the coordinator at {archive} for 0.0 s");
    assert!(text.starts_with(&missing), "{text}");
    assert!(text.contains("start the coordinator (`lugus coordinator`") && text.contains("FixedMap"), "{text}");

    // Here there is not even a media driver, and that is told as the reason.
    let deadline = Instant::now() + Duration::from_secs(20);
    let reason = loop {
        session.poll(&mut ()).unwrap();
        match session.problem() {
            Some(Problem::NoMap { reason: Some(reason), .. }) => break reason,
            problem => assert!(Instant::now() < deadline, "{problem:?}"),
        }
    };
    assert!(session.problem().unwrap().to_string().contains(&format!("({reason})")));
    let Err(error) = BlockingExchange::over(session, (), Duration::from_millis(50)) else { panic!("nobody is there") };
    assert!(error.to_string().contains("no partition map has come from the coordinator at"), "{error}");
}

#[test]
fn waiting_commands_move_with_their_instrument() {
    let moved = map(|map| {
        map.epoch.0 = 2;
        map.partitions[0].instrument.cluster = ClusterId(1);
    });
    let mut session = session(Script(vec![moved, Ok(None), map(|map| map.epoch.0 = 1)]));
    session.poll(&mut ()).unwrap();
    assert_eq!(order(&mut session, BITCOIN), Ok(1));
    assert_eq!(session.cluster_of(BITCOIN), Some(ClusterId(0)));
    session.poll(&mut ()).unwrap();
    let mut heard = Heard::default();
    session.poll(&mut heard).unwrap();
    let expected = [
        Status::MapChanged { epoch: MapEpoch(2) },
        Status::InstrumentMoved { instrument: BITCOIN, cluster: ClusterId(1) },
    ];
    assert_eq!(heard.0, expected);
    assert_eq!(session.cluster_of(BITCOIN), Some(ClusterId(1)));
    assert_eq!((session.outstanding(), order(&mut session, BITCOIN)), (1, Ok(2)), "its numbers go on");
}

#[test]
fn refused_maps_are_reported_and_the_last_one_stays() {
    let other = MapError::OtherDeployment { found: DeploymentId(9), expected: DeploymentId(1) };
    let old = map(|map| {
        map.epoch.0 = 4;
        map.partitions.clear();
    });
    let mut session = session(Script(vec![old, Err(other.clone()), map(|map| map.epoch.0 = 5)]));
    let mut heard = Heard::default();
    for _ in 0..3 {
        session.poll(&mut heard).unwrap();
    }
    assert_eq!(heard.0, [Status::MapChanged { epoch: MapEpoch(5) }, Status::MapRefused { reason: other }]);
    assert_eq!(order(&mut session, BITCOIN), Ok(1));
}

#[test]
fn only_cancels_are_accepted_for_a_halted_instrument() {
    let mut session = session(Script(vec![map(|map| map.partitions[0].is_halted = true)]));
    session.poll(&mut ()).unwrap();
    assert_eq!(order(&mut session, BITCOIN), Err(SendError::Halted(BITCOIN)));
    assert!(session.cancel(BITCOIN, ClientOrderId(1)).is_ok());
    assert!(session.mass_cancel(BITCOIN, None).is_ok());
    assert_eq!(order(&mut session, InstrumentId(2)), Ok(1));
}

#[test]
fn an_unusable_cluster_affects_only_its_instruments() {
    let mut session = session(Script(vec![map(|map| map.clusters[1].members.clear())]));
    let mut heard = Heard::default();
    session.poll(&mut heard).unwrap();
    let unusable =
        |status: &&Status| matches!(status, Status::ClusterUnusable { cluster, .. } if *cluster == ClusterId(1));
    assert_eq!(heard.0.iter().filter(unusable).count(), 1, "{:?}", heard.0);
    assert_eq!(order(&mut session, InstrumentId(2)), Err(SendError::ClusterUnusable(ClusterId(1))));
    assert_eq!(order(&mut session, BITCOIN), Ok(1));
}

#[test]
fn a_mass_cancel_of_all_goes_to_each_cluster_of_the_map_and_tells_which_one_has_no_session() {
    let mut session = session(Script(vec![map(|map| map.clusters[1].members.clear())]));
    assert_eq!(session.mass_cancel_all(None), Err(SendError::NoMap));
    session.poll(&mut ()).unwrap();
    let sent = session.mass_cancel_all(Some(Side::Buy)).unwrap();
    let sent: Vec<_> = sent.into_iter().map(|command| (command.cluster, command.sent)).collect();
    let unusable = Err(SendError::ClusterUnusable(ClusterId(1)));
    assert_eq!(sent, [(ClusterId(0), Ok(CommandNumber(1))), (ClusterId(1), unusable)]);
    assert_eq!(session.outstanding(), 1, "kept until the cluster is connected");
}
