//! Commands of a blocking session that are for all clusters, each of which answers.

use std::time::Instant;

use lugus_topology::ClusterId;
use lugus_vocabulary::{Book, FirmEvent, InstrumentId, OrderStatusReport, Report, Side};

use super::{BlockingError, BlockingExchange, pause};
use crate::command_number::CommandNumber;
use crate::exchange::ClusterCommand;
use crate::open_orders::OpenOrdersPart;
use crate::order_entry::OrderEntry;
use crate::status::{EventHandler, Status};

/// Commands that are for all clusters.
impl<H: EventHandler> BlockingExchange<H> {
    /// Cancels the participant's own orders in all instruments of all clusters, of one side or (`None`) of both: see
    /// [`ExchangeSession::mass_cancel_all`](crate::ExchangeSession::mass_cancel_all). Returns the answer of each cluster. The reports of the orders are told to the
    /// handler.
    ///
    /// # Errors
    /// When a cluster has not taken the command, or has not answered. Others may have done it.
    pub fn mass_cancel_all(&mut self, side: Option<Side>) -> Result<Vec<(ClusterId, Report)>, BlockingError> {
        let deadline = Instant::now() + self.timeout;
        let mut awaited = Vec::new();
        for ClusterCommand { cluster, sent } in self.session.mass_cancel_all(side)? {
            awaited.push((cluster, sent?));
        }
        let mut answers = Answers { handler: &mut self.handler, awaited, told: Vec::new(), failure: None };
        while !answers.awaited.is_empty() {
            let work = self.session.poll(&mut answers)?;
            if let Some(failure) = answers.failure {
                return Err(failure);
            }
            self.idle_cycles = pause(self.idle_cycles, work);
            if Instant::now() >= deadline {
                let problem = self.session.last_problem();
                return Err(BlockingError::TimedOut {
                    what: "the answers of all clusters",
                    timeout: self.timeout,
                    problem,
                });
            }
        }
        Ok(answers.told)
    }
}

/// Passes everything on to the handler, and waits for answers of clusters to commands of no instrument.
struct Answers<'a, H> {
    handler: &'a mut H,
    awaited: Vec<(ClusterId, CommandNumber)>,
    told: Vec<(ClusterId, Report)>,
    failure: Option<BlockingError>,
}

impl<H: EventHandler> EventHandler for Answers<'_, H> {
    fn on_report(&mut self, report: &Report, command: CommandNumber) {
        self.handler.on_report(report, command);
    }

    fn on_cluster_report(&mut self, cluster: ClusterId, report: &Report, command: CommandNumber) {
        let is_awaited = |&awaited: &(ClusterId, CommandNumber)| awaited == (cluster, command);
        if report.instrument == InstrumentId::NONE
            && let Some(place) = self.awaited.iter().position(is_awaited)
        {
            self.awaited.remove(place);
            self.told.push((cluster, *report));
        }
        self.handler.on_cluster_report(cluster, report, command);
    }

    fn on_drop_copy(&mut self, report: &Report) {
        self.handler.on_drop_copy(report);
    }

    fn on_firm_event(&mut self, event: &FirmEvent) {
        self.handler.on_firm_event(event);
    }

    fn on_cluster_firm_event(&mut self, cluster: ClusterId, event: &FirmEvent) {
        self.handler.on_cluster_firm_event(cluster, event);
    }

    fn on_book(&mut self, book: &Book) {
        self.handler.on_book(book);
    }

    fn on_open_orders(&mut self, part: &OpenOrdersPart<'_>) {
        self.handler.on_open_orders(part);
    }

    fn on_order_status(&mut self, report: &OrderStatusReport) {
        self.handler.on_order_status(report);
    }

    fn on_status(&mut self, status: &Status) {
        self.handler.on_status(status);
    }

    fn on_cluster_status(&mut self, cluster: ClusterId, status: &Status) {
        let failure = match *status {
            Status::CommandRefused { instrument: instrument @ InstrumentId::NONE, command, reason } => {
                Some((command, BlockingError::Refused { instrument, command, reason }))
            }
            Status::GaveUp { instrument: instrument @ InstrumentId::NONE, command, may_have_been_applied } => {
                Some((command, BlockingError::GaveUp { instrument, command, may_have_been_applied }))
            }
            _ => None,
        };
        if let Some((command, failure)) = failure
            && self.awaited.contains(&(cluster, command))
        {
            self.failure = Some(failure);
        }
        self.handler.on_cluster_status(cluster, status);
    }
}
