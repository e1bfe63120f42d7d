//! A book with many resting orders, for benchmarks of what takes the longer the more there are.

use std::time::{Duration, Instant};

use lugus_client::{BlockingExchange, ExchangeConfig, InstrumentId, ParticipantId, Price, Side};
use lugus_media_driver::ClientDriver;

use crate::deployment::DeploymentFile;
use crate::failure::Failure;
use crate::output::Output;
use crate::participant::{self, TIMEOUT};
use crate::traders::{PRICE, Traded, Traders};

/// How long participants trade before each event that is measured, as a comparison.
pub const BEFORE: Duration = Duration::from_secs(2);
/// How long they trade after it.
pub const AFTER: Duration = Duration::from_millis(500);

/// Longest time that members may take to reach the same log position.
pub const CATCH_UP_TIMEOUT: Duration = Duration::from_secs(60);

/// Participants that own the resting orders, and their largest number of unanswered commands.
const OWNERS: [u32; 8] = [21, 22, 23, 24, 25, 26, 27, 28];
const WINDOW_OF_OWNERS: usize = 256;

/// Participants that trade meanwhile, and their largest number of unanswered commands: few, so that commands wait for the
/// cluster and not for each other.
pub const TRADERS: [u32; 2] = [11, 12];
pub const WINDOW_OF_TRADERS: usize = 2;

/// Number of price levels of each side: the largest number that one book request can return.
const LEVELS: u64 = lugus_client::vocabulary::MAXIMUM_DEPTH as u64;

/// Capacity for orders that do not rest.
pub const SPARE_ORDERS: u32 = 4_096;

/// Fills the book of an instrument with `orders` resting orders, on both sides of the traders' price.
///
/// # Errors
/// When the cluster does not take an order.
pub fn place(found: &DeploymentFile, instrument: InstrumentId, orders: u32, output: Output) -> Result<Traded, Failure> {
    let begun = Instant::now();
    let mut owners = Traders::connect(found, &OWNERS, WINDOW_OF_OWNERS)?;
    for order in 0..u64::from(orders) {
        let away = 1 + (order / 2 % LEVELS).cast_signed();
        let (side, price) = if order % 2 == 0 { (Side::Buy, PRICE.0 - away) } else { (Side::Sell, PRICE.0 + away) };
        owners.order(order as usize / 2 % OWNERS.len(), instrument, side, Price(price))?;
    }
    owners.settle();
    output.say(format!("{orders} orders placed in {:.1} s", begun.elapsed().as_secs_f64()));
    Ok(owners.close())
}

/// Number of orders in the book of an instrument.
///
/// # Errors
/// When the cluster does not answer.
pub fn resting(found: &DeploymentFile, instrument: InstrumentId) -> Result<u64, Failure> {
    let deployment = &found.deployment;
    let driver = ClientDriver::start(deployment).map_err(Failure::new)?;
    let config = ExchangeConfig::of(deployment, driver.aeron_dir().to_path_buf());
    let exchange = participant::exchange(deployment, config);
    let credentials = participant::credentials(deployment, TRADERS[0])?;
    let session = exchange.session(ParticipantId(TRADERS[0]), credentials).map_err(Failure::new)?;
    let mut session = BlockingExchange::over(session, (), TIMEOUT).map_err(Failure::new)?;
    let book = session.book(instrument, LEVELS as u16).map_err(Failure::new)?;
    session.close();
    Ok(book.bids.iter().chain(&book.offers).map(|level| u64::from(level.orders)).sum())
}

/// Has the traders trade with each other for a while.
///
/// # Errors
/// When the clusters take no commands.
pub fn trade_for(duration: Duration, traders: &mut Traders, instrument: InstrumentId) -> Result<(), Failure> {
    let begun = Instant::now();
    while begun.elapsed() < duration {
        traders.trade(instrument)?;
    }
    Ok(())
}

/// A duration in milliseconds.
pub fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
