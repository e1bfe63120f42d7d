//! SETUP frames of the cluster's log in quick succession, until the first follower has answered.
//!
//! A driver sends a publication's SETUP frame when it takes the publication in, and then every 100 ms
//! (`AERON_NETWORK_PUBLICATION_SETUP_TIMEOUT_NS`, which is no setting). A new leader's log has no destination yet when it is taken in,
//! and followers subscribe to it some milliseconds later: so each election would wait for the second frame. This module makes the
//! sender believe that its last frame was sent earlier.

use std::cell::RefCell;
use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicI32, Ordering};

use rusteron_media_driver::bindings::{
    aeron_network_publication_t, aeron_udp_channel_interceptor_bindings_t,
    aeron_udp_channel_interceptor_notification_type_en, aeron_udp_channel_outgoing_interceptor_t,
    aeron_udp_channel_transport_t, iovec, sockaddr_storage,
};
use rusteron_media_driver::{AeronCError, AeronDriverContext, AeronUdpChannelInterceptorBindings};

use crate::interceptor;
use crate::whole_sends;

/// By how much a frame seems to have been sent earlier, in nanoseconds: the next one follows after 10 ms.
const EARLIER_NS: i64 = 90_000_000;

/// Number of frames in quick succession. A driver that takes in 20 SETUP frames a second of one source has room for them.
const FRAMES: u32 = 20;

/// Stream of the log. One process has one driver.
static LOG_STREAM: AtomicI32 = AtomicI32::new(0);

/// A publication of the log that nobody has answered yet.
struct Unanswered {
    publication: *mut aeron_network_publication_t,
    /// Time of its last frame, as it is told to the sender; 0 at first.
    told_ns: i64,
    /// Number of frames that may still follow quickly.
    left: u32,
}

thread_local! {
    /// Those of this thread, which is the sender's: only it takes publications in, and lets them go.
    static UNANSWERED: RefCell<Vec<Unanswered>> = const { RefCell::new(Vec::new()) };
}

/// Makes the driver of this context send the SETUP frames of publications of `log_stream` quickly.
///
/// # Errors
/// When there is no memory.
pub(crate) fn install(context: &AeronDriverContext, log_stream: i32) -> Result<(), AeronCError> {
    LOG_STREAM.store(log_stream, Ordering::Relaxed);
    let memory = interceptor::allocate(aeron_udp_channel_interceptor_bindings_t {
        outgoing_init_func: Some(interceptor::init),
        outgoing_send_func: Some(send),
        outgoing_publication_notification_func: Some(on_publication),
        ..interceptor::none(c"prompt-setup")
    })?;
    context.set_udp_channel_outgoing_interceptors(&AeronUdpChannelInterceptorBindings::from(memory))?;
    Ok(())
}

/// The sender has taken a publication in, or lets it go.
unsafe extern "C" fn on_publication(
    _: *mut c_void,
    _: *mut aeron_udp_channel_transport_t,
    publication: *mut aeron_network_publication_t,
    notification: aeron_udp_channel_interceptor_notification_type_en,
) -> c_int {
    UNANSWERED.with_borrow_mut(|unanswered| {
        unanswered.retain(|other| other.publication != publication);
        // SAFETY: the sender calls this with a publication that it has, and nobody writes its stream.
        let stream = unsafe { (*publication).stream_id };
        if notification
            == aeron_udp_channel_interceptor_notification_type_en::AERON_UDP_CHANNEL_INTERCEPTOR_ADD_NOTIFICATION
            && stream == LOG_STREAM.load(Ordering::Relaxed)
        {
            unanswered.push(Unanswered { publication, told_ns: 0, left: FRAMES });
        }
    });
    0
}

/// Sends datagrams, each of them (`whole_sends`). This is what the sender's thread does often enough to look after the publications
/// here; receivers send too, in threads that have none here.
unsafe extern "C" fn send(
    _: *mut c_void,
    delegate: *mut aeron_udp_channel_outgoing_interceptor_t,
    transport: *mut aeron_udp_channel_transport_t,
    address: *mut sockaddr_storage,
    vectors: *mut iovec,
    count: usize,
    bytes_sent: *mut i64,
) -> c_int {
    UNANSWERED.with_borrow_mut(|unanswered| {
        if !unanswered.is_empty() {
            hurry(unanswered);
        }
    });
    // SAFETY: the driver calls this with the next interceptor, which always exists: the last one is the transport's own function.
    let next = unsafe { &*delegate };
    let Some(function) = next.outgoing_send_func else { return 0 };
    whole_sends::send_all(count, |sent| {
        // SAFETY: these are the arguments for the next interceptor, as `aeron_udp_channel_outgoing_interceptor_send` gives them, but
        // for datagrams that have been sent: `sent` is less than `count`, the number of vectors.
        unsafe {
            let (state, next) = (next.interceptor_state, next.next_interceptor);
            function(state, next, transport, address, vectors.add(sent), count - sent, bytes_sent)
        }
    })
}

/// Lets the next frame of each publication follow soon, and forgets those that have been answered or have had their frames.
#[cold]
fn hurry(unanswered: &mut Vec<Unanswered>) {
    unanswered.retain_mut(|one| {
        // SAFETY: the sender told of this publication and has not let it go, or it would not be here; it is this thread's, and these
        // two fields are the sender's own (`sender_fields` of `aeron_network_publication.h`), to which it holds no reference now.
        let publication = unsafe { &mut *one.publication };
        one.follow(publication.has_initial_connection, &mut publication.time_of_last_setup_ns)
    });
}

impl Unanswered {
    /// Follows the sender, who has or has not been answered, and sent its last frame at this time; whether there is more to do.
    fn follow(&mut self, is_answered: bool, last_ns: &mut i64) -> bool {
        if is_answered || self.left == 0 {
            return false;
        }
        if *last_ns != self.told_ns {
            *last_ns = last_ns.saturating_sub(EARLIER_NS);
            self.told_ns = *last_ns;
            self.left -= 1;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL_NS: i64 = 100_000_000;
    const MILLISECOND: i64 = 1_000_000;

    /// Times of the frames of a sender of which this follows every millisecond, in milliseconds, if it is answered at `answered`.
    fn frames(answered: i64) -> Vec<i64> {
        let mut one = Unanswered { publication: std::ptr::null_mut(), told_ns: 0, left: FRAMES };
        let mut last = 1_000 * MILLISECOND - INTERVAL_NS - 1;
        let mut frames = Vec::new();
        for millisecond in 0..500 {
            let (now, is_answered) = ((1_000 + millisecond) * MILLISECOND, millisecond >= answered);
            if !is_answered && now > last + INTERVAL_NS {
                frames.push(millisecond);
                last = now;
            }
            one.follow(is_answered, &mut last);
        }
        frames
    }

    #[test]
    fn frames_follow_quickly_until_there_is_an_answer() {
        assert_eq!(frames(45), [0, 11, 22, 33, 44]);
    }

    #[test]
    fn without_an_answer_they_follow_as_aeron_sends_them() {
        let frames = frames(1_000);
        assert!((FRAMES as usize..FRAMES as usize + 5).contains(&frames.len()), "{frames:?}");
        assert!(frames[frames.len() - 1] - frames[frames.len() - 2] > 100, "{frames:?}");
    }
}
