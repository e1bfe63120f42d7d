//! A real member stamps the commands of a participant, and the stages add up to the round trips that the participant measured.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::harness::{LocalCluster, MAKER, PATIENCE, QUIET, config, define_instruments, driver, until};
use lugus_client::{BlockingSession, ClientOrderId, NewOrder, ParticipantId, Price, Quantity, Side};
use lugus_replay::stages::{ClientTimes, Stage, StageTimes};
use lugus_stages::StageFile;

const ORDERS: usize = 200;

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970");
    u64::try_from(since.as_nanos()).expect("a time before 2554")
}

#[test]
fn the_stages_of_each_order_add_up_to_its_round_trip_also_after_the_member_was_killed() {
    let cluster = LocalCluster::start(1, |deployment| {
        crate::harness::by_hand(deployment);
        deployment.stages.every = 1;
    });
    define_instruments(&cluster);
    let driver = driver(&cluster);
    let mut session = BlockingSession::connect(config(&cluster, &driver, MAKER), (), PATIENCE).expect("a session");
    let (mut sent, mut heard) = (Vec::new(), Vec::new());
    for id in 1..=ORDERS as u64 {
        let order = NewOrder::limit(ClientOrderId(id), Side::Buy, Price(900), Quantity(1));
        sent.push(now());
        session.new_order(QUIET, &order).expect("an answer");
        heard.push(now());
    }
    session.close();
    let spec = cluster.spec();
    let leader = cluster.await_leader();
    cluster.kill(leader);

    let number_of = |record: &lugus_stages::StageRecord| {
        let is_ours = (record.participant, record.instrument) == (ParticipantId(MAKER), QUIET);
        // A scope's first command has the number 1.
        is_ours.then(|| record.client_sequence.0 as usize - 1)
    };
    let path = spec.members[0].stages_file();
    let times = ClientTimes { due: &sent, sent: &sent, heard: &heard };
    let file = until("a file of stages", || StageFile::read(&path).ok());
    let joined = StageTimes::join(&file.records, number_of, &times).expect("memory");
    assert_eq!((joined.commands(), joined.unanswered, joined.repeated), (ORDERS, 0, 0), "{}", file.torn);
    assert!(joined.unknown > 0, "the operator's commands are stamped, too");
    assert_eq!(joined.out_of_order, 0);
    for (sum, round_trip) in joined.sums() {
        assert_eq!(sum, round_trip);
    }
    let (node, round_trip) = (joined.of(Stage::Node).max(), joined.of(Stage::RoundTrip).max());
    assert!(node > 0 && node < round_trip, "{node} of {round_trip}");
}
