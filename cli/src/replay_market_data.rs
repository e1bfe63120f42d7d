//! `lugus replay market-data`: the market data that an archived log makes, increment by increment.

use std::cell::RefCell;
use std::rc::Rc;

use lugus_node::listener::{Change, ServiceListener};
use lugus_vocabulary::{EpochNanos, InstrumentId, LogPosition, MarketData};

use crate::archived_member;
use crate::arguments::ReplayMarketData;
use crate::deployment::DeploymentFile;
use crate::event_file::EventFile;
use crate::failure::Failure;
use crate::output::Output;
use crate::recorded_part::{Ended, RecordedPart, failed};
use crate::replay_log::instrument;

/// Writes increments.
struct Writer {
    file: EventFile,
    position: LogPosition,
    only: Option<InstrumentId>,
}

impl ServiceListener for Writer {
    #[inline]
    fn change(&mut self, position: LogPosition, _: EpochNanos, _: Change<'_>) {
        self.position = position;
    }

    fn market_data(&mut self, increment: &MarketData) {
        if self.only.is_none_or(|only| only == increment.instrument) {
            self.file.market_data(self.position, increment);
        }
    }

    fn wants_market_data(&self) -> bool {
        true
    }
}

/// Writes the market data of a log.
///
/// # Errors
/// There is no such log, it can't be applied, or the output fails.
pub fn run(found: &DeploymentFile, arguments: &ReplayMarketData, output: Output) -> Result<(), Failure> {
    let only = arguments.instrument.as_ref().map(|name| instrument(found, name)).transpose()?;
    let source = archived_member::find_log(found, &arguments.part.members)?;
    let part = RecordedPart::new(source, &arguments.part, None)?;
    let mut run = part.begin()?;
    let not_written = |error: std::io::Error| Failure::new(format!("can't write the market data: {error}"));
    let file = match &arguments.output {
        Some(path) => EventFile::create(path).map_err(not_written)?,
        None => EventFile::standard_output(),
    };
    let writer = Rc::new(RefCell::new(Writer { file, position: LogPosition(run.position()), only }));
    run.listen(Rc::clone(&writer));
    let ended = part.apply(&mut run, output);
    let mut writer = writer.borrow_mut();
    writer.file.flush().map_err(not_written)?;
    if ended.map_err(|stopped| failed(&stopped))? == Ended::Interrupted {
        return Err(Failure::new(format!("interrupted at position {}", run.position())));
    }
    if arguments.output.is_some() {
        output.say(format_args!("{} increments up to position {}", writer.file.written(), run.position()));
    }
    Ok(())
}
