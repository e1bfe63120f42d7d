//! `lugus quote`: two-sided quotes of a market maker, and what protects them.

use lugus_client::{
    BlockingError, BlockingSession, ByEntry, ClusterId, InstrumentId, MassQuote, PostOnly, Price, Quantity,
    QuoteCancel, QuoteEntry, QuoteId, RejectReason, Report, ReportBody, SelfTradePrevention,
};
use lugus_partition_map::ClusterEntry;
use serde::Serialize;

use crate::access::Access;
use crate::arguments::{OfSet, Quote, TakeOver};
use crate::deployment::DeploymentFile;
use crate::events::text;
use crate::failure::Failure;
use crate::notation::{Notation, Notations};
use crate::output::Output;
use crate::participant::{TIMEOUT, failed};

/// The JSON document: the reports that answer the commands, of one cluster after the other.
#[derive(Debug, Serialize)]
struct Answers {
    reports: Vec<Report>,
}

/// What a quote looks like.
const HINT: &str = "write a quote as INSTRUMENT:BID/OFFER, each side as QUANTITY@PRICE or -, as in \
                    BTC/USDT:0.25@63990.00/0.30@64010.00";

/// Sends a command about quotes to each cluster that it concerns, and prints the answers.
///
/// # Errors
/// When a quote can't be read, the participant is connected already, a cluster does not answer, or something is refused.
pub fn run(found: &DeploymentFile, what: &Quote, output: Output) -> Result<(), Failure> {
    let access = Access::open(found)?;
    match what {
        Quote::Enter { of, units, id, post_only, quotes } => {
            let notations = Notations::new(access.map(), units.raw);
            let quote = MassQuote {
                quote_id: QuoteId(*id),
                quote_set: of.set,
                post_only: if *post_only { PostOnly::Yes } else { PostOnly::No },
                self_trade_prevention: SelfTradePrevention::None,
                entries: ByEntry::default(),
            };
            let entries: Result<Vec<_>, Failure> = quotes.iter().map(|text| read(&access, &notations, text)).collect();
            let mut parts: Vec<(&ClusterEntry, MassQuote)> = Vec::new();
            for (cluster, entry) in entries? {
                let is_its = |(of, _): &(&ClusterEntry, MassQuote)| of.id == cluster.id;
                let at = parts.iter().position(is_its).unwrap_or_else(|| {
                    parts.push((cluster, quote));
                    parts.len() - 1
                });
                parts[at].1.entries.push(entry).map_err(Failure::new)?;
            }
            let (who, take_over) = (of.participant, of.take_over);
            send(&access, found, who, take_over, output, parts, |session, part| session.mass_quote(part))
        }
        Quote::Cancel { participant, set, instrument, take_over } => {
            let mut cancel = QuoteCancel { quote_set: *set, instrument: InstrumentId::NONE };
            let clusters = match instrument {
                Some(name) => {
                    let (instrument, cluster) = access.instrument(name)?;
                    cancel.instrument = instrument;
                    vec![cluster]
                }
                None => access.map().clusters.iter().collect(),
            };
            let parts = clusters.into_iter().map(|cluster| (cluster, cancel)).collect();
            send(&access, found, *participant, *take_over, output, parts, |session, cancel| {
                session.quote_cancel(cancel)
            })
        }
        Quote::Protect { of, limits } => {
            let protection = limits.protection();
            to_all(&access, found, of, output, |session| session.set_market_maker_protection(of.set, &protection))
        }
        Quote::Reset { of } => {
            to_all(&access, found, of, output, |session| session.reset_market_maker_protection(of.set))
        }
    }
}

/// Sends a command to all clusters.
fn to_all(
    access: &Access<'_>,
    found: &DeploymentFile,
    of: &OfSet,
    output: Output,
    command: impl Fn(&mut BlockingSession<()>) -> Result<Vec<Report>, BlockingError>,
) -> Result<(), Failure> {
    let parts = access.map().clusters.iter().map(|cluster| (cluster, ())).collect();
    send(access, found, of.participant, of.take_over, output, parts, |session, ()| command(session))
}

/// Sends each cluster its part of a command, and prints the answers.
fn send<P>(
    access: &Access<'_>,
    found: &DeploymentFile,
    participant: u32,
    take_over: TakeOver,
    output: Output,
    parts: Vec<(&ClusterEntry, P)>,
    command: impl Fn(&mut BlockingSession<()>, &P) -> Result<Vec<Report>, BlockingError>,
) -> Result<(), Failure> {
    let notations = Notations::new(access.map(), true);
    let (mut reports, mut lines, mut refused) = (Vec::new(), Vec::new(), None);
    for (cluster, part) in parts {
        let mut session = access.session(cluster, participant, take_over.older_session(), (), TIMEOUT)?;
        let told = command(&mut session, &part);
        session.close();
        for report in told.map_err(failed)? {
            let line = line(found, cluster.id, &report, notations.of(report.instrument));
            if is_refused(&report) {
                refused = Some(line.clone());
            }
            lines.push(line);
            reports.push(report);
        }
    }
    output.answer(&Answers { reports }, lines.join("\n"))?;
    refused.map_or(Ok(()), |line| Err(Failure::new(line)))
}

fn line(found: &DeploymentFile, cluster: ClusterId, report: &Report, notation: Notation<'_>) -> String {
    format!("cluster {}: {}", found.cluster_name(cluster), text(report, notation))
}

/// Whether a command, or a part of it, was not done.
fn is_refused(report: &Report) -> bool {
    match &report.body {
        ReportBody::Reject { .. } => true,
        ReportBody::MassQuote(told) => told.results.iter().any(|result| result.reason != RejectReason::None),
        _ => false,
    }
}

/// Reads a quote, and the cluster that trades its instrument.
fn read<'a>(
    access: &'a Access<'_>,
    notations: &Notations,
    text: &str,
) -> Result<(&'a ClusterEntry, QuoteEntry), Failure> {
    let no_quote = || Failure::new(format!("'{text}' is no quote")).hint(HINT);
    let (name, sides) = text.rsplit_once(':').ok_or_else(no_quote)?;
    let (bid, offer) = sides.split_once('/').ok_or_else(no_quote)?;
    let (instrument, cluster) = access.instrument(name)?;
    let notation = notations.to_read(instrument)?;
    let side = |side: &str| match side {
        "-" => Ok::<_, Failure>((Price(0), Quantity(0))),
        side => {
            let (quantity, price) = side.split_once('@').ok_or_else(no_quote)?;
            Ok((notation.read_price(price)?, notation.read_quantity(quantity)?))
        }
    };
    let ((bid_price, bid_quantity), (offer_price, offer_quantity)) = (side(bid)?, side(offer)?);
    Ok((cluster, QuoteEntry { instrument, bid_price, bid_quantity, offer_price, offer_quantity }))
}
