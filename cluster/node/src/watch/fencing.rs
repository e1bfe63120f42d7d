//! What the watching thread of a member does: it compares until the service has ended, and fences the member if a majority
//! contradicts it.

use std::sync::atomic::AtomicBool;

use lugus_ring::Reader;
use lugus_topology::MemberSpec;
use lugus_vocabulary::StateAt;

use super::fence::Contradicted;
use super::thread::{WatchContext, WatchError, WatchThread};

/// Tells, listens and compares until the service has ended, or a majority contradicts the member. Then the fence is written, and
/// the others are told once more; the member has to end.
///
/// # Errors
/// [`WatchError`]: the member can no longer be compared.
pub fn watch(
    context: &WatchContext,
    member: &MemberSpec,
    states: Reader<StateAt>,
    service_has_ended: &AtomicBool,
) -> Result<Option<Contradicted>, WatchError> {
    let mut watching = WatchThread::open(context, states)?;
    let Some(contradiction) = watching.run(service_has_ended)? else { return Ok(None) };
    let contradicted = Contradicted::new(contradiction, member);
    tracing::error!(%contradicted, "the member fences itself");
    if let Err(error) = contradicted.write(member) {
        tracing::error!(%error, "the fence could not be written: the member must not be started again before it is repaired");
    }
    if let Err(error) = watching.tell_others(service_has_ended) {
        tracing::warn!(%error, "the others may not have heard of the contradiction");
    }
    Ok(Some(contradicted))
}
