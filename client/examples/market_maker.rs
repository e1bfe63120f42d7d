//! A market maker: one order on each side of a price, and a new order when one has traded, in whichever cluster the
//! pair is traded.
//!
//! ```text
//! cargo run --release -p lugus-client --example market_maker -- PARTICIPANT PAIR PRICE HALF_SPREAD QUANTITY
//! cargo run --release -p lugus-client --example market_maker -- 1 BTC/USDT 64000.00 5.00 0.25
//! ```

mod deployment;

use std::error::Error;
use std::process::ExitCode;

use lugus_client::{
    ClientOrderId, CommandNumber, EventHandler, ExecType, Instrument, InstrumentType, NewOrder, OrderStatus, PostOnly,
    Price, Quantity, Report, ReportBody, SendError, Side, Status,
};

/// What became of the quotes.
#[derive(Default)]
struct Quotes {
    /// Sides whose order has ended.
    ended: Vec<Side>,
    bought: u64,
    sold: u64,
}

impl EventHandler for Quotes {
    fn on_report(&mut self, report: &Report, _command: CommandNumber) {
        let ReportBody::Execution(execution) = report.body else { return };
        if execution.exec_type == ExecType::Trade {
            match execution.side {
                Side::Buy => self.bought += execution.last_quantity.0,
                Side::Sell => self.sold += execution.last_quantity.0,
            }
        }
        if !matches!(execution.order_status, OrderStatus::New | OrderStatus::PartiallyFilled) {
            self.ended.push(execution.side);
        }
    }

    fn on_status(&mut self, status: &Status) {
        println!("{status:?}");
    }
}

fn quote(side: Side, number: u64, (mid, half_spread): (Price, Price), quantity: Quantity) -> NewOrder {
    let price = match side {
        Side::Buy => Price(mid.0 - half_spread.0),
        Side::Sell => Price(mid.0 + half_spread.0),
    };
    NewOrder { post_only: PostOnly::Yes, ..NewOrder::limit(ClientOrderId(number), side, price, quantity) }
}

fn main() -> ExitCode {
    match make_market() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("market_maker: {error}");
            ExitCode::FAILURE
        }
    }
}

fn make_market() -> Result<(), Box<dyn Error>> {
    let [participant, pair, price, half_spread, quantity] =
        deployment::arguments("market_maker PARTICIPANT PAIR PRICE HALF_SPREAD QUANTITY")?;
    let mut quotes = Quotes { ended: vec![Side::Buy, Side::Sell], ..Quotes::default() };
    let mut connected = deployment::connect(participant.parse()?, &mut quotes)?;
    let session = &mut connected.session;
    let instrument: Instrument = session.instrument(&pair, InstrumentType::Spot)?;
    let prices = (instrument.price(&price)?, instrument.price(&half_spread)?);
    let quantity = instrument.quantity(&quantity)?;
    // Orders that an earlier run has left would stand beside those of this run.
    session.mass_cancel(instrument.id, None)?;

    let mut number = std::time::UNIX_EPOCH.elapsed()?.as_micros() as u64;
    let mut shown = (0, 0);
    loop {
        let work = session.poll(&mut quotes)?;
        while let Some(side) = quotes.ended.pop() {
            number += 1;
            match session.new_order(instrument.id, &quote(side, number, prices, quantity)) {
                Ok(_) => {}
                Err(SendError::BackPressured | SendError::TooManyOutstanding { .. } | SendError::Halted(_)) => {
                    quotes.ended.push(side);
                    break;
                }
                Err(error) => return Err(error.into()),
            }
        }
        if shown != (quotes.bought, quotes.sold) {
            shown = (quotes.bought, quotes.sold);
            let [bought, sold] = [Quantity(shown.0), Quantity(shown.1)];
            println!("bought {} sold {}", instrument.display_quantity(bought), instrument.display_quantity(sold));
        }
        deployment::idle(work);
    }
}
