//! An interceptor of incoming datagrams, by which the driver drops the SETUP frames that [`SetupLimit`] does not take in or whose terms are
//! too long, and the status messages that [`ListenerLimit`] does not take. It reads the type of each datagram's frame, and nothing more
//! of other frames.

use std::cell::RefCell;
use std::ffi::{c_int, c_void};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex};
use std::time::Instant;

use rusteron_media_driver::bindings::{
    aeron_data_packet_dispatcher_t, aeron_publication_image_t, aeron_udp_channel_control_mode_en,
    aeron_udp_channel_incoming_interceptor_t, aeron_udp_channel_interceptor_bindings_t,
    aeron_udp_channel_interceptor_notification_type_en, aeron_udp_channel_t, aeron_udp_channel_transport_t,
    sockaddr_storage, timespec,
};
use rusteron_media_driver::{AeronCError, AeronDriverContext, AeronUdpChannelInterceptorBindings};

use crate::interceptor;
use crate::listener_limit::ListenerLimit;
use crate::setup_limit::SetupLimit;

/// Where a frame's type is, in bytes (`aeron_frame_header_t`): 16 bits, little endian.
const FRAME_TYPE: std::ops::Range<usize> = 6..8;

/// Type of a SETUP frame (`AERON_HDR_TYPE_SETUP`).
const SETUP: [u8; 2] = [5, 0];

/// Type of a status message (`AERON_HDR_TYPE_SM`).
const STATUS_MESSAGE: [u8; 2] = [3, 0];

/// Where the length of a term is in a SETUP frame, in bytes (`aeron_setup_header_t`): 32 bits, little endian.
const TERM_LENGTH: std::ops::Range<usize> = 28..32;

/// Where the receiver's id is in a status message, in bytes (`aeron_status_message_header_t`): 64 bits, little endian.
const RECEIVER_ID: std::ops::Range<usize> = 28..36;

/// Address families (`sa_family_t`).
const AF_INET: u16 = 2;
const AF_INET6: u16 = 10;

/// One process has one driver, and only that driver's receiver takes frames in.
static LIMIT: LazyLock<Mutex<SetupLimit>> = LazyLock::new(|| Mutex::new(SetupLimit::new()));

static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Greatest length of a term, in bytes. The sender of a SETUP frame chooses it, and the driver makes three terms of shared memory of it: up
/// to three gigabytes, which fill as the sender sends.
static GREATEST_TERM_LENGTH: AtomicU32 = AtomicU32::new(0);

static TOO_MANY: AtomicU64 = AtomicU64::new(0);

static TOO_LONG: AtomicU64 = AtomicU64::new(0);

thread_local! {
    /// The ports of this thread, which is the sender's, to whose publications listeners announce themselves.
    static LISTENED: RefCell<Vec<(*mut aeron_udp_channel_transport_t, ListenerLimit)>> = const { RefCell::new(Vec::new()) };
}

/// Numbers of frames that were dropped.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Dropped {
    /// SETUP frames and status messages that were too many.
    pub(crate) too_many: u64,
    /// SETUP frames whose terms were too long.
    pub(crate) too_long: u64,
}

/// Numbers of frames that were dropped so far.
pub(crate) fn dropped() -> Dropped {
    Dropped { too_many: TOO_MANY.load(Ordering::Relaxed), too_long: TOO_LONG.load(Ordering::Relaxed) }
}

/// Makes the driver of this context drop SETUP frames and status messages that are too many, and SETUP frames with longer terms than this,
/// in bytes.
///
/// # Errors
/// When there is no memory.
pub(crate) fn install(context: &AeronDriverContext, greatest_term_length: u64) -> Result<(), AeronCError> {
    GREATEST_TERM_LENGTH.store(u32::try_from(greatest_term_length).unwrap_or(u32::MAX), Ordering::Relaxed);
    let memory = interceptor::allocate(aeron_udp_channel_interceptor_bindings_t {
        incoming_init_func: Some(interceptor::init),
        incoming_func: Some(incoming),
        incoming_image_notification_func: Some(on_image),
        incoming_transport_notification_func: Some(on_transport),
        ..interceptor::none(c"frame-filter")
    })?;
    context.set_udp_channel_incoming_interceptors(&AeronUdpChannelInterceptorBindings::from(memory))?;
    Ok(())
}

/// Gives a datagram to the driver, or drops it.
unsafe extern "C" fn incoming(
    _: *mut c_void,
    delegate: *mut aeron_udp_channel_incoming_interceptor_t,
    transport: *mut aeron_udp_channel_transport_t,
    receiver: *mut c_void,
    endpoint: *mut c_void,
    destination: *mut c_void,
    buffer: *mut u8,
    length: usize,
    address: *mut sockaddr_storage,
    media_timestamp: *mut timespec,
) {
    // SAFETY: the driver calls this with a datagram of `length` bytes that nobody writes to meanwhile.
    let datagram = unsafe { std::slice::from_raw_parts(buffer, length) };
    // SAFETY: the driver calls this with the sender's address, which `recvmsg` has written.
    let source = || of_socket(unsafe { &*address });
    let is_taken = match datagram.get(FRAME_TYPE) {
        Some(frame_type) if frame_type == SETUP => {
            if has_too_long_terms(datagram, GREATEST_TERM_LENGTH.load(Ordering::Relaxed)) {
                TOO_LONG.fetch_add(1, Ordering::Relaxed);
                return;
            }
            takes_setup(source().0)
        }
        Some(frame_type) if frame_type == STATUS_MESSAGE => takes_listener(transport, datagram, source),
        _ => true,
    };
    if !is_taken {
        TOO_MANY.fetch_add(1, Ordering::Relaxed);
        return;
    }
    // SAFETY: the driver calls this with the next interceptor, which always exists: the last one is the receiver's own function.
    let next = unsafe { &*delegate };
    if let Some(function) = next.incoming_func {
        // SAFETY: these are the arguments for the next interceptor, as `aeron_udp_channel_incoming_interceptor_recv_func` gives them.
        unsafe {
            function(
                next.interceptor_state,
                next.next_interceptor,
                transport,
                receiver,
                endpoint,
                destination,
                buffer,
                length,
                address,
                media_timestamp,
            );
        }
    }
}

fn now_ns() -> u64 {
    u64::try_from(BEGAN.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// Whether a SETUP frame announces longer terms than the greatest. What is no length of a term at all the driver refuses itself.
fn has_too_long_terms(frame: &[u8], greatest: u32) -> bool {
    let length = frame.get(TERM_LENGTH).and_then(|bytes| bytes.try_into().ok()).map(u32::from_le_bytes);
    length.is_some_and(|length| length > greatest)
}

fn takes_setup(source: IpAddr) -> bool {
    LIMIT.lock().is_ok_and(|mut limit| limit.takes(source, now_ns()))
}

/// Whether a status message is taken: always, unless it came to a port to which listeners announce themselves.
fn takes_listener(
    transport: *mut aeron_udp_channel_transport_t,
    message: &[u8],
    source: impl FnOnce() -> (IpAddr, u16),
) -> bool {
    LISTENED.with_borrow_mut(|listened| {
        let limit = listened.iter_mut().find(|(listened, _)| *listened == transport);
        let receiver_id = message.get(RECEIVER_ID).and_then(|bytes| bytes.try_into().ok()).map(i64::from_le_bytes);
        match (limit, receiver_id) {
            (Some((_, limit)), Some(receiver_id)) => limit.takes(receiver_id, source(), now_ns()),
            _ => true,
        }
    })
}

/// The sender or the receiver has got a port, or lost one. Only the receiver has a dispatcher.
unsafe extern "C" fn on_transport(
    _: *mut c_void,
    transport: *mut aeron_udp_channel_transport_t,
    channel: *const aeron_udp_channel_t,
    dispatcher: *mut aeron_data_packet_dispatcher_t,
    notification: aeron_udp_channel_interceptor_notification_type_en,
) -> c_int {
    if !dispatcher.is_null() {
        return 0;
    }
    LISTENED.with_borrow_mut(|listened| {
        listened.retain(|(other, _)| *other != transport);
        // SAFETY: the sender calls this with the channel of the port, which lives as long as that.
        let control_mode = unsafe { (*channel).control_mode };
        if notification
            == aeron_udp_channel_interceptor_notification_type_en::AERON_UDP_CHANNEL_INTERCEPTOR_ADD_NOTIFICATION
            && control_mode == aeron_udp_channel_control_mode_en::AERON_UDP_CHANNEL_CONTROL_MODE_DYNAMIC
        {
            listened.push((transport, ListenerLimit::new()));
        }
    });
    0
}

/// The receiver has got an image, or lost one.
unsafe extern "C" fn on_image(
    _: *mut c_void,
    _: *mut aeron_udp_channel_transport_t,
    _: *mut aeron_publication_image_t,
    notification: aeron_udp_channel_interceptor_notification_type_en,
) -> c_int {
    if notification
        == aeron_udp_channel_interceptor_notification_type_en::AERON_UDP_CHANNEL_INTERCEPTOR_ADD_NOTIFICATION
        && let Ok(mut limit) = LIMIT.lock()
    {
        limit.on_image();
    }
    0
}

/// IP address and port of a socket address. All addresses of other families are one.
fn of_socket(address: &sockaddr_storage) -> (IpAddr, u16) {
    // A `sockaddr_in` has port and address after the family; a `sockaddr_in6` has port, flow and address.
    let bytes = address.__ss_padding.map(i8::cast_unsigned);
    let [high, low, ..] = bytes;
    let ip = match (address.ss_family, bytes.get(2..6), bytes.get(6..22)) {
        (AF_INET, Some(ip), _) => <[u8; 4]>::try_from(ip).map_or(Ipv4Addr::UNSPECIFIED, Ipv4Addr::from).into(),
        (AF_INET6, _, Some(ip)) => <[u8; 16]>::try_from(ip).map_or(Ipv6Addr::UNSPECIFIED, Ipv6Addr::from).into(),
        _ => Ipv4Addr::UNSPECIFIED.into(),
    };
    (ip, u16::from_be_bytes([high, low]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_terms_up_to_the_greatest_length_are_taken() {
        let setup = |term_length: u32| {
            let mut frame = [0; 40];
            frame[TERM_LENGTH].copy_from_slice(&term_length.to_le_bytes());
            frame
        };
        let greatest = 16 << 20;
        for (term_length, is_too_long) in
            [(0, false), (1 << 16, false), (greatest, false), (greatest + 1, true), (1 << 30, true), (u32::MAX, true)]
        {
            assert_eq!(has_too_long_terms(&setup(term_length), greatest), is_too_long, "{term_length}");
        }
        assert!(!has_too_long_terms(&setup(u32::MAX)[..31], greatest), "the driver drops a frame that is cut");
    }

    #[test]
    fn addresses_are_read_as_the_system_writes_them() {
        let address = |family: u16, rest: &[u8]| {
            let mut padding = [0; 118];
            for (place, byte) in padding.iter_mut().zip(rest) {
                *place = byte.cast_signed();
            }
            of_socket(&sockaddr_storage { ss_family: family, __ss_padding: padding, __ss_align: 0 })
        };
        assert_eq!(address(AF_INET, &[0x4e, 0x20, 127, 0, 0, 2]), (Ipv4Addr::new(127, 0, 0, 2).into(), 20_000));
        let mut v6 = [0; 22];
        (v6[1], v6[6], v6[7], v6[21]) = (80, 0xfd, 0x01, 9);
        assert_eq!(address(AF_INET6, &v6), ("fd01::9".parse().expect("an address"), 80));
        assert_eq!(address(1, &v6).0, Ipv4Addr::UNSPECIFIED);
    }
}
