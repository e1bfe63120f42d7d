//! An arbitrage between two pairs with the same base currency, which two clusters trade: buys in one pair when the
//! other pair has a higher bid, and sells there. Both legs go out in one duty cycle, each to its own cluster.
//!
//! ```text
//! cargo run --release -p lugus-client --example arbitrage -- PARTICIPANT PAIR OTHER_PAIR QUANTITY
//! cargo run --release -p lugus-client --example arbitrage -- 3 BTC/USDT BTC/USDC 0.05
//! ```
//!
//! The pairs need the same tick and lot, so that their prices can be compared. One leg may trade without the other,
//! which a real program would have to hedge; this one only tells.

mod deployment;

use std::error::Error;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use lugus_client::{
    Book, ClientOrderId, CommandNumber, EventHandler, ExchangeSession, ExecType, Instrument, InstrumentId,
    InstrumentType, NewOrder, Price, PriceLevel, Quantity, Report, ReportBody, SendError, Side, Status, TimeInForce,
};

/// How often both books are asked for.
const INTERVAL: Duration = Duration::from_millis(20);

/// The best prices of each book, and what was traded.
#[derive(Default)]
struct Markets {
    best: Vec<(InstrumentId, Best)>,
    /// Lots bought and sold.
    traded: [u64; 2],
}

#[derive(Clone, Copy, Default)]
struct Best {
    bid: Option<Price>,
    offer: Option<Price>,
}

impl Markets {
    fn best_of(&self, instrument: InstrumentId) -> Best {
        let found = self.best.iter().find(|(other, _)| *other == instrument);
        found.map(|(_, best)| *best).unwrap_or_default()
    }
}

impl EventHandler for Markets {
    fn on_report(&mut self, report: &Report, _command: CommandNumber) {
        let ReportBody::Execution(execution) = report.body else { return };
        if execution.exec_type == ExecType::Trade {
            let side = usize::from(execution.side == Side::Sell);
            self.traded[side] += execution.last_quantity.0;
            println!("{:?} {} lots of {}", execution.side, execution.last_quantity, report.instrument);
        }
    }

    fn on_book(&mut self, book: &Book) {
        let best = |levels: &[PriceLevel]| levels.first().map(|level| level.price);
        let best = Best { bid: best(&book.bids), offer: best(&book.offers) };
        self.best.retain(|(other, _)| *other != book.market.instrument);
        self.best.push((book.market.instrument, best));
    }

    fn on_status(&mut self, status: &Status) {
        println!("{status:?}");
    }
}

/// Buys in one pair and sells in the other, if the bid is above the offer. Returns whether orders were sent.
fn take(
    session: &mut ExchangeSession,
    markets: &mut Markets,
    (buy_in, sell_in): (&Instrument, &Instrument),
    (quantity, number): (Quantity, u64),
) -> Result<bool, SendError> {
    let (Some(offer), Some(bid)) = (markets.best_of(buy_in.id).offer, markets.best_of(sell_in.id).bid) else {
        return Ok(false);
    };
    if bid <= offer {
        return Ok(false);
    }
    println!("buy {} at {}, sell {} at {}", buy_in.symbol, offer, sell_in.symbol, bid);
    for (instrument, side, price) in [(buy_in, Side::Buy, offer), (sell_in, Side::Sell, bid)] {
        let limit = NewOrder::limit(ClientOrderId(number), side, price, quantity);
        session.new_order(instrument.id, &NewOrder { time_in_force: TimeInForce::Ioc, ..limit })?;
    }
    // These prices are used up.
    markets.best.clear();
    Ok(true)
}

fn main() -> ExitCode {
    match trade() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("arbitrage: {error}");
            ExitCode::FAILURE
        }
    }
}

fn trade() -> Result<(), Box<dyn Error>> {
    let [participant, pair, other, quantity] = deployment::arguments("arbitrage PARTICIPANT PAIR OTHER_PAIR QUANTITY")?;
    let mut markets = Markets::default();
    let mut connected = deployment::connect(participant.parse()?, &mut markets)?;
    let session = &mut connected.session;
    let pairs = [session.instrument(&pair, InstrumentType::Spot)?, session.instrument(&other, InstrumentType::Spot)?];
    if (pairs[0].tick_size, pairs[0].lot_size) != (pairs[1].tick_size, pairs[1].lot_size) {
        return Err(format!("{pair} and {other} differ in tick or lot").into());
    }
    let quantity = pairs[0].quantity(&quantity)?;
    let mut number = std::time::UNIX_EPOCH.elapsed()?.as_micros() as u64;
    let mut ask_at = Instant::now();
    loop {
        let work = session.poll(&mut markets)?;
        if Instant::now() >= ask_at {
            ask_at = Instant::now() + INTERVAL;
            for pair in &pairs {
                match session.request_book(pair.id, 1, number) {
                    Ok(()) | Err(SendError::NotConnected | SendError::BackPressured) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
        for legs in [(&pairs[0], &pairs[1]), (&pairs[1], &pairs[0])] {
            number += 1;
            match take(session, &mut markets, legs, (quantity, number)) {
                Ok(true) if session.outstanding() == 0 && markets.traded[0] != markets.traded[1] => {
                    println!("one leg traded without the other: {:?} lots", markets.traded);
                }
                Ok(_) | Err(SendError::BackPressured | SendError::TooManyOutstanding { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        deployment::idle(work);
    }
}
