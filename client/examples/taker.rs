//! A taker: buys or sells a quantity at a price or better, at once, and prints what it got. Each call waits for its
//! outcome.
//!
//! ```text
//! cargo run --release -p lugus-client --example taker -- PARTICIPANT PAIR buy|sell PRICE QUANTITY
//! cargo run --release -p lugus-client --example taker -- 2 BTC/USDT buy 64010.00 0.10
//! ```

mod deployment;

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use lugus_client::{
    BlockingExchange, ClientOrderId, ExecType, InstrumentType, NewOrder, ReportBody, Side, TimeInForce,
};

fn main() -> ExitCode {
    match trade() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("taker: {error}");
            ExitCode::FAILURE
        }
    }
}

fn trade() -> Result<(), Box<dyn Error>> {
    let [participant, pair, side, price, quantity] =
        deployment::arguments("taker PARTICIPANT PAIR buy|sell PRICE QUANTITY")?;
    let side = match side.as_str() {
        "buy" => Side::Buy,
        "sell" => Side::Sell,
        other => return Err(format!("'{other}' is neither buy nor sell").into()),
    };
    let deployment::Connected { session, driver: _driver } = deployment::connect(participant.parse()?, &mut ())?;
    let mut exchange = BlockingExchange::over(session, (), Duration::from_secs(30))?;
    let instrument = exchange.session().instrument(&pair, InstrumentType::Spot)?;
    let number = std::time::UNIX_EPOCH.elapsed()?.as_micros() as u64;
    let limit =
        NewOrder::limit(ClientOrderId(number), side, instrument.price(&price)?, instrument.quantity(&quantity)?);
    let reports = exchange.new_order(instrument.id, &NewOrder { time_in_force: TimeInForce::Ioc, ..limit })?;
    for report in reports {
        let ReportBody::Execution(execution) = report.body else { continue };
        match (execution.exec_type, execution.last_price) {
            (ExecType::Trade, Some(price)) => println!(
                "{side:?} {} {} at {}",
                instrument.display_quantity(execution.last_quantity),
                instrument.symbol,
                instrument.display_price(price),
            ),
            (other, _) => println!("{other:?} {:?}", execution.reason),
        }
    }
    exchange.close();
    Ok(())
}
