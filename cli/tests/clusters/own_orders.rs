//! A participant asks for its own open orders, whole, of a real cluster: in the session that entered them, after the leader
//! was killed, in a new process that knows nothing, and by `lugus orders`.

use std::collections::BTreeMap;

use crate::harness::{INSTRUMENTS, LocalCluster, PATIENCE, QUIET, config, define_instruments, driver};
use lugus_client::{
    BlockingSession, ClientOrderId, ClientTag, CommandNumber, EpochNanos, EventHandler, InstrumentId, NewOrder,
    OnDisconnect, OpenOrders, OpenOrdersPart, OrderType, PostOnly, Price, Quantity, RebuildPolicy, Report,
    SelfTradePrevention, Side, Status, TimeInForce, WorkingState,
};

const OWNER: u32 = 1;
const OTHER: u32 = 2;

/// After the end of any test.
const LATER: EpochNanos = EpochNanos(4_000_000_000_000_000_000);

/// Number of plain orders: more than three parts take.
const PLAIN: u64 = 200;

/// Orders of all kinds that stay open, by instrument.
fn orders() -> Vec<(InstrumentId, NewOrder)> {
    let limit = |id, side, price, quantity| NewOrder::limit(ClientOrderId(id), side, Price(price), Quantity(quantity));
    let mut orders = vec![
        (
            QUIET,
            NewOrder {
                display_quantity: Quantity(10),
                self_trade_prevention: SelfTradePrevention::CancelBoth,
                client_tag: ClientTag(u64::MAX),
                ..limit(1, Side::Sell, 1_010, 100)
            },
        ),
        (
            QUIET,
            NewOrder {
                order_type: OrderType::StopLimit,
                stop_price: Some(Price(1_100)),
                time_in_force: TimeInForce::Gtd,
                expire_time: Some(LATER),
                ..limit(2, Side::Buy, 1_110, 3)
            },
        ),
        (QUIET, NewOrder { post_only: PostOnly::Yes, ..limit(3, Side::Buy, 990, 4) }),
        (INSTRUMENTS[0], limit(1, Side::Sell, 2_000, 1)),
    ];
    orders.extend((10..10 + PLAIN).map(|id| {
        let on_disconnect = if id % 2 == 0 { OnDisconnect::Cancel } else { OnDisconnect::Stay };
        (QUIET, NewOrder { on_disconnect, ..limit(id, Side::Buy, 980 - (id % 7) as i64, id) })
    }));
    orders
}

/// Of each order what it was entered with, what is open, what is shown, and where it stands.
type Listed = BTreeMap<(u32, u64), (NewOrder, u64, u64, WorkingState)>;

fn listed(orders: &OpenOrders) -> Listed {
    let entry = |(instrument, open): (InstrumentId, &lugus_client::OpenOrder)| {
        let key = (instrument.0, open.order.client_order_id.0);
        (key, (open.order, open.leaves_quantity.0, open.shown_quantity.0, open.working_state))
    };
    orders.iter().map(entry).collect()
}

/// What is expected after 12 lots of the iceberg have traded.
fn expected() -> Listed {
    let entry = |(instrument, order): (InstrumentId, NewOrder)| {
        let (leaves, shown) = if order.display_quantity.0 > 0 { (88, 8) } else { (order.quantity.0, order.quantity.0) };
        let state = if order.stop_price.is_some() { WorkingState::Untriggered } else { WorkingState::Working };
        ((instrument.0, order.client_order_id.0), (order, leaves, shown, state))
    };
    orders().into_iter().map(entry).collect()
}

/// Keeps a list of open orders from what a session tells.
#[derive(Default)]
struct Told {
    orders: OpenOrders,
    is_rebuilt: bool,
}

impl EventHandler for Told {
    fn on_report(&mut self, report: &Report, _command: CommandNumber) {
        self.orders.on_report(report);
    }

    fn on_open_orders(&mut self, part: &OpenOrdersPart<'_>) {
        self.orders.on_open_orders(part);
    }

    fn on_status(&mut self, status: &Status) {
        self.is_rebuilt |= *status == Status::StateRebuilt { instrument: InstrumentId::NONE };
    }
}

#[test]
fn open_orders_are_told_whole_by_every_leader_and_to_every_process_of_their_owner() {
    let cluster = LocalCluster::start(3, crate::harness::by_hand);
    define_instruments(&cluster);
    let driver = driver(&cluster);
    let mut owner = BlockingSession::connect(config(&cluster, &driver, OWNER), (), PATIENCE).expect("a session");
    let mut other = BlockingSession::connect(config(&cluster, &driver, OTHER), (), PATIENCE).expect("a session");
    for (instrument, order) in orders() {
        owner.new_order(instrument, &order).expect("an answer");
    }
    let taken = NewOrder {
        time_in_force: TimeInForce::Ioc,
        ..NewOrder::limit(ClientOrderId(1), Side::Buy, Price(1_010), Quantity(12))
    };
    other.new_order(QUIET, &taken).expect("an answer");

    assert_eq!(listed(&owner.open_orders(InstrumentId::NONE).expect("open orders")), expected());
    assert!(other.open_orders(InstrumentId::NONE).expect("open orders").is_empty(), "nobody else's");
    let of_one = owner.open_orders(INSTRUMENTS[0]).expect("open orders");
    assert_eq!(of_one.len(), 1);

    cluster.kill(cluster.await_leader());
    assert_eq!(listed(&owner.open_orders(InstrumentId::NONE).expect("open orders")), expected());
    owner.close();

    // A new process knows nothing, and its session asks by itself.
    let mut config = config(&cluster, &driver, OWNER);
    config.rebuild = RebuildPolicy::AtStartAndAfterGaps;
    let mut again = BlockingSession::connect(config, Told::default(), PATIENCE).expect("a session");
    again.wait("the rebuilt state", |_, told| told.is_rebuilt).expect("rebuilt");
    assert_eq!(listed(&again.handler.orders), expected());
    again.cancel(QUIET, ClientOrderId(3)).expect("canceled");
    let mut left = expected();
    left.remove(&(QUIET.0, 3));
    assert_eq!(listed(&again.handler.orders), left);
    again.close();

    let shown = cluster.lugus(&["--json", "orders", "--participant", "1", "--instrument", &QUIET.0.to_string()]).json();
    let shown = shown["orders"].as_array().unwrap_or_else(|| panic!("{shown}"));
    assert_eq!(shown.len() as u64, PLAIN + 2);
    assert_eq!(shown[0]["order"]["client_tag"].as_u64(), Some(u64::MAX), "{}", shown[0]);
    let table = cluster.lugus(&["orders", "--participant", "1"]).stdout;
    assert!(table.contains("untriggered") && table.contains("1110"), "{table}");
    other.close();
}
