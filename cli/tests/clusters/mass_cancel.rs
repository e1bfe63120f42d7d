//! Mass cancels of all instruments: by the SDK in two clusters at once, over a fail-over, by `lugus mass-cancel`, and of
//! everybody by the operator.

use crate::harness::{LocalCluster, PATIENCE};
use lugus_client::{
    BlockingExchange, ClientOrderId, Credentials, Exchange, ExchangeConfig, ExchangeSession, InstrumentId,
    MassCancelTarget, NewOrder, ParticipantId, Price, Quantity, ReportBody, Side,
};
use lugus_media_driver::ClientDriver;
use serde_json::Value;

/// Two instruments of cluster A and one of cluster B.
const PAIRS: [InstrumentId; 3] = [InstrumentId(1), InstrumentId(2), InstrumentId(3)];

fn connect(cluster: &LocalCluster, driver: &ClientDriver, participant: u32) -> BlockingExchange<()> {
    let config = ExchangeConfig::of(&cluster.deployment, driver.aeron_dir().to_path_buf());
    let session: ExchangeSession =
        Exchange::connect(config).session(ParticipantId(participant), Credentials::Open).expect("a session");
    BlockingExchange::over(session, (), PATIENCE).expect("connected")
}

fn enter(session: &mut BlockingExchange<()>, first_id: u64) {
    for instrument in PAIRS {
        for (id, side, price) in [(first_id, Side::Buy, 100), (first_id + 1, Side::Sell, 10_000)] {
            let order = NewOrder::limit(ClientOrderId(id), side, Price(price), Quantity(5));
            session.new_order(instrument, &order).expect("an answer");
        }
    }
}

/// Number of open orders of a participant, in all clusters.
fn open(cluster: &LocalCluster, participant: &str) -> usize {
    let orders = cluster.lugus(&["--json", "orders", "--participant", participant]).json();
    orders["orders"].as_array().expect("orders").len()
}

/// By cluster, the numbers of orders and instruments that each answer of `lugus mass-cancel` tells.
fn told(document: &Value) -> Vec<(i64, u64, u64)> {
    let number = |value: &Value| value.as_u64().expect("a number");
    let clusters = document["clusters"].as_array().expect("clusters");
    let of = |answer: &Value| {
        let body = &answer["reports"][0]["body"]["mass_cancel_all"];
        assert_eq!(body["moving"], 0, "{answer}");
        (answer["cluster"].as_i64().expect("a number"), number(&body["affected"]), number(&body["instruments"]))
    };
    clusters.iter().map(of).collect()
}

#[test]
fn one_call_cancels_the_orders_of_all_instruments_in_all_clusters() {
    let cluster = LocalCluster::default_deployment();
    cluster.await_status("both clusters whole", |status| status.hashes_equal == Some(true));
    let driver = ClientDriver::start(&cluster.deployment).expect("a driver");
    let mut mine = connect(&cluster, &driver, 1);
    let mut other = connect(&cluster, &driver, 2);
    enter(&mut mine, 1);
    enter(&mut other, 1);

    let answers = |session: &mut BlockingExchange<()>, side| {
        let answers = session.mass_cancel_all(side).expect("answers");
        let told = answers.iter().map(|(cluster, report)| match report.body {
            ReportBody::MassCancelAll { target, affected, instruments, moving: 0 } => {
                assert_eq!(target, MassCancelTarget::Participant(report.participant));
                (cluster.0, affected, instruments)
            }
            ref other => panic!("{other:?}"),
        });
        let mut told: Vec<_> = told.collect();
        told.sort_unstable();
        told
    };
    assert_eq!(answers(&mut mine, Some(Side::Sell)), [(0, 2, 2), (1, 1, 1)]);
    // The leader dies: the command is sent again, and done once.
    cluster.kill(cluster.await_leader());
    assert_eq!(answers(&mut mine, None), [(0, 2, 2), (1, 1, 1)]);
    assert_eq!(answers(&mut mine, None), [(0, 0, 0), (1, 0, 0)]);
    enter(&mut mine, 11);
    // The other one, too, finds the new leader, so that its session there ends when it closes.
    enter(&mut other, 11);
    mine.close();
    other.close();
    assert_eq!((open(&cluster, "1"), open(&cluster, "2")), (6, 12), "nobody else's, and not those of later");

    let document = cluster.lugus(&["--json", "mass-cancel", "--participant", "1", "--side", "buy"]).json();
    assert_eq!(told(&document), [(0, 2, 2), (1, 1, 1)], "{document}");
    let of_one = cluster.lugus(&["--json", "mass-cancel", "--everybody", "-i", "BTC/USDT"]).json();
    assert_eq!(told(&of_one), [(0, 5, 1)], "{of_one}");
    let text = cluster.lugus(&["mass-cancel", "--everybody"]);
    assert_eq!(text.code, Some(0), "{text:?}");
    assert!(text.stdout.contains("cluster A: ") && text.stdout.contains("5 orders of everybody"), "{text:?}");
    assert_eq!((open(&cluster, "1"), open(&cluster, "2")), (0, 0));
    // The market is open all the same.
    let order = cluster.lugus(&["--json", "order", "-i", "BTC/USDT", "--raw", "buy", "1", "100"]).json();
    assert_eq!(order["reports"][0]["body"]["execution"]["exec_type"], "NEW", "{order}");
}
