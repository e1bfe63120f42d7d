//! A participant's session in the SDK, which a cluster sends any bytes, while the session is lost, found, and used.

use lugus_client::cluster::DisconnectReason;
use lugus_client::sans_io::{Ingress, Offered, Session};
use lugus_client::{
    ClientOrderId, CommandNumber, EventHandler, InstrumentId, Limits, MemberId, NewOrder, ParticipantId, Price,
    Quantity, Report, RetryPolicy, Side, Status,
};

use crate::golden;
use crate::steps::{Steps, input, number};

/// Operations of a step; others are messages.
const CONNECT: u8 = 240;
const CHANGE_LEADER: u8 = 241;
const DISCONNECT: u8 = 242;
const ORDER: u8 = 243;
const CANCEL: u8 = 244;
const RESUME: u8 = 245;
const PASS_TIME: u8 = 246;
const LOSE_INGRESS: u8 = 247;

const SESSION: i64 = 5;

struct Program;

impl EventHandler for Program {
    fn on_report(&mut self, _: &Report, _: CommandNumber) {}
    fn on_status(&mut self, _: &Status) {}
}

struct Leader {
    answer: Offered,
}

impl Ingress for Leader {
    fn offer(&mut self, _: &[u8]) -> Offered {
        self.answer
    }
}

pub(crate) fn run(bytes: &[u8]) {
    let mut session = Session::new(ParticipantId(7), Limits::default(), &RetryPolicy::default(), 1);
    let (mut leader, mut now) = (Leader { answer: Offered::Sent }, 0_u64);
    session.on_connected(SESSION, MemberId(0), &mut Program);
    for (operation, bytes) in Steps(bytes) {
        let instrument = InstrumentId(1 + u32::from(bytes.first().copied().unwrap_or(2)) % 4);
        match operation {
            CONNECT => session.on_connected(SESSION, MemberId(1), &mut Program),
            CHANGE_LEADER => session.on_new_leader(MemberId(2), &mut Program),
            DISCONNECT => session.on_disconnected(DisconnectReason::ClosedByCluster(String::new()), &mut Program),
            ORDER => {
                let order = NewOrder::limit(ClientOrderId(number(bytes)), Side::Buy, Price(1_000), Quantity(1));
                let _ = session.new_order(&mut leader, instrument, &order);
            }
            CANCEL => {
                let _ = session.cancel(&mut leader, instrument, ClientOrderId(number(bytes)));
            }
            RESUME => {
                let _ = session.resume(instrument);
            }
            PASS_TIME => now = (now + (number(bytes) >> 8)).min(u64::MAX >> 4),
            LOSE_INGRESS => {
                leader.answer = if leader.answer == Offered::Sent { Offered::BackPressured } else { Offered::Sent }
            }
            _ => session.on_message(SESSION, bytes, &mut Program),
        }
        session.do_work(now, &mut leader, &mut Program);
        let _ = session.take_wants_new_session();
    }
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let prefixes = ["report.", "reply.", "market_data.book", "on_disconnect.", "own_orders.", "migration.report"];
    let messages = golden::messages(&prefixes);
    let in_use = [(ORDER, &[2_u8][..]), (CANCEL, &[2]), (RESUME, &[2]), (PASS_TIME, &[0, 0, 0, 0, 1])];
    let lost = [(DISCONNECT, &[][..]), (CONNECT, &[]), (CHANGE_LEADER, &[]), (LOSE_INGRESS, &[]), (LOSE_INGRESS, &[])];
    let one = |message: &Vec<u8>| {
        let said = [(0, message.as_slice())];
        input(in_use.into_iter().chain(said).chain(lost).chain(said).chain(in_use))
    };
    messages.iter().map(one).collect()
}
