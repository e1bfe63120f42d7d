//! The engine's book after each message of a LOBSTER recording, compared with the recorded row.

use std::collections::VecDeque;
use std::path::Path;

use lugus_engine::EngineLimits;
use lugus_vocabulary::{Action, InstrumentId, InstrumentState, ParticipantId, Side};
use serde::Serialize;

use super::rows::{Level, PRICE_UNIT, Rows};
use super::traits;
use crate::engine_venue::EngineVenue;
use crate::flow::{FIRST_INSTRUMENT, FlowError, Step};
use crate::recording::market::Market;
use crate::recording::survey::SurveyedInstrument;
use crate::venue::{Venue, VenueError};

/// How the engine's book compares with the recorded rows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct BookComparison {
    /// Number of rows.
    pub rows: u64,
    /// Number of rows all of whose levels the engine's book has, with the same quantities, and no better ones.
    pub equal_rows: u64,
    /// The first row that differs.
    pub first_difference: Option<RowDifference>,
    /// Number of levels whose quantities were taken from the row, as they came into sight. The first row's are among them.
    pub levels_came_into_sight: u64,
    /// Number of levels whose quantities were taken from the row, though they had been in sight: the messages do not explain them.
    pub levels_unexplained: u64,
    /// Number of commands that the engine got.
    pub commands: u64,
}

/// A row that differs from the engine's book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RowDifference {
    /// Number of the row, from 1.
    pub row: u64,
    /// Side of the first level that differs.
    pub side: Side,
    /// Number of the level, from 1 for the best.
    pub level: usize,
    /// The recorded level; `None` if it has none.
    pub recorded: Option<Level>,
    /// The engine's level; `None` if it has none.
    pub engine: Option<Level>,
}

/// Why a comparison can't go on.
#[derive(Debug, thiserror::Error)]
pub enum ComparisonError {
    /// The recording can't be read.
    #[error(transparent)]
    Flow(#[from] FlowError),
    /// The engine refuses a command.
    #[error(transparent)]
    Venue(#[from] VenueError),
}

/// Replays a recording on a new engine, and compares the engine's book with each row.
///
/// # Errors
///
/// [`ComparisonError`].
pub fn compare(messages: &Path, books: &Path) -> Result<BookComparison, ComparisonError> {
    let mut rows = Rows::open(messages, books)?;
    let mut venue = EngineVenue::new(EngineLimits::default());
    let instrument = FIRST_INSTRUMENT;
    let participant = ParticipantId(1);
    let operators = |instrument, action| Step { participant: ParticipantId::OPERATOR, instrument, action, trade: None };
    let definition = SurveyedInstrument::new(PRICE_UNIT, traits()).definition(instrument);
    let open = Action::SetInstrumentState { state: InstrumentState::Open, reference_price: None };
    venue.submit(&operators(InstrumentId::NONE, Action::DefineInstrument(definition)))?;
    venue.submit(&operators(instrument, open))?;
    let mut market = Market::new(instrument, PRICE_UNIT, vec![participant], traits().crossing);
    let mut comparison = BookComparison::default();
    let mut steps = VecDeque::new();
    while let Some(row) = rows.next_row()? {
        for record in &row.records {
            market.record(*record, &mut steps)?;
        }
        for step in steps.drain(..) {
            comparison.commands += 1;
            venue.submit(&step)?;
        }
        venue.poll(&mut |_| {})?;
        comparison.rows += 1;
        comparison.levels_came_into_sight += row.came_into_sight;
        comparison.levels_unexplained += row.unexplained;
        let sides = [(Side::Buy, &row.bids.levels), (Side::Sell, &row.offers.levels)];
        let difference = sides.into_iter().find_map(|(side, recorded)| {
            let (level, recorded, engine) = difference(&venue, instrument, side, recorded)?;
            Some(RowDifference { row: comparison.rows, side, level, recorded, engine })
        });
        comparison.equal_rows += u64::from(difference.is_none());
        comparison.first_difference = comparison.first_difference.or(difference);
    }
    Ok(comparison)
}

/// Number of the first level that differs, what is recorded, and what the engine has.
fn difference(
    venue: &EngineVenue,
    instrument: InstrumentId,
    side: Side,
    recorded: &[Level],
) -> Option<(usize, Option<Level>, Option<Level>)> {
    let mut engine = venue.engine().levels(instrument, side).into_iter().flatten();
    recorded.iter().enumerate().find_map(|(i, level)| {
        let ours = engine.next().map(|ours| Level { price: ours.price.0, quantity: ours.quantity.0 });
        (ours != Some(*level)).then_some((i + 1, Some(*level), ours))
    })
}
