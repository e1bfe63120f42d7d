//! The session with one cluster while nobody answers. The tests of `cluster/node` and `cli` use it with real clusters.

// Helpers of tests, which may fail loudly as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::{Duration, Instant};

use lugus_client::cluster::Context;
use lugus_client::{
    BlockingError, BlockingSession, ClientError, ClientOrderId, Config, InstrumentId, NewOrder, ParticipantId, Price,
    Quantity, SendError, Side, TradingSession,
};

/// A configuration for a media driver that does not run.
fn nowhere() -> Config {
    let cluster = Context::default()
        .aeron_dir(format!("/dev/shm/lugus-client-nowhere-{}", std::process::id()))
        .ingress_endpoints([(0, "127.0.0.1:1")]);
    Config::new(cluster, ParticipantId(7))
}

#[test]
fn without_a_media_driver_it_takes_commands_and_says_what_is_missing() {
    let mut session = TradingSession::connect(nowhere()).unwrap();
    let order = NewOrder::limit(ClientOrderId(1), Side::Buy, Price(1), Quantity(1));
    assert_eq!(session.new_order(InstrumentId(1), &order).map(|number| number.0), Ok(1));
    assert_eq!(session.request_book(InstrumentId(1), 1, 1), Err(SendError::NotConnected));
    let deadline = Instant::now() + Duration::from_secs(10);
    while session.problem().is_none() && Instant::now() < deadline {
        session.poll(&mut ()).unwrap();
    }
    let problem = session.problem().map(ToString::to_string).unwrap_or_default();
    assert!(problem.contains("no media driver is running in /dev/shm/lugus-client-nowhere"), "{problem}");
    assert!(!session.is_connected() && session.leader_member_id().is_none());
    assert_eq!(session.outstanding(), 1);
    session.close();
}

#[test]
fn waiting_ends_in_time_with_the_reason() {
    let timeout = Duration::from_millis(300);
    let Err(error) = BlockingSession::connect(nowhere(), (), timeout) else { panic!("nobody is there") };
    assert!(matches!(error, BlockingError::TimedOut { .. }));
    let text = error.to_string();
    assert!(text.starts_with("connecting to the cluster did not happen within 300ms: no media driver"), "{text}");
}

#[test]
fn a_faulty_configuration_is_refused_at_once() {
    let mut config = nowhere();
    config.limits.maximum_outstanding = 0;
    assert!(matches!(TradingSession::connect(config), Err(ClientError::Configuration(_))));
    let mut config = nowhere();
    config.cluster = config.cluster.ingress_endpoints([] as [(i32, String); 0]);
    assert!(matches!(TradingSession::connect(config), Err(ClientError::Cluster(_))));
}

#[test]
fn no_session_in_the_time_allowed_ends_it_and_gives_up_what_is_outstanding() {
    #[derive(Default)]
    struct Statuses(Vec<lugus_client::Status>);
    impl lugus_client::EventHandler for Statuses {
        fn on_report(&mut self, _report: &lugus_client::Report, _command: lugus_client::CommandNumber) {}
        fn on_status(&mut self, status: &lugus_client::Status) {
            self.0.push(status.clone());
        }
    }
    let mut config = nowhere();
    config.cluster = config.cluster.overall_connect_timeout(Some(Duration::from_millis(50)));
    let mut session = TradingSession::connect(config).unwrap();
    session.cancel(InstrumentId(1), ClientOrderId(1)).unwrap();
    let mut statuses = Statuses::default();
    let deadline = Instant::now() + Duration::from_secs(10);
    let error = loop {
        match session.poll(&mut statuses) {
            Ok(_) => assert!(Instant::now() < deadline, "it goes on trying"),
            Err(error) => break error,
        }
    };
    assert!(error.to_string().contains("no session within 50ms"), "{error}");
    assert_eq!(session.poll(&mut statuses), Err(error), "it stays so");
    let gave_up = |status: &lugus_client::Status| {
        matches!(status, lugus_client::Status::GaveUp { may_have_been_applied: false, .. })
    };
    assert!(statuses.0.len() == 1 && gave_up(&statuses.0[0]), "{:?}", statuses.0);
    assert_eq!(session.cancel(InstrumentId(1), ClientOrderId(1)), Err(SendError::Ended));
}
