//! An interceptor of incoming datagrams, by which the driver drops the SETUP frames that [`SetupLimit`] does not take in, and the
//! status messages that [`ListenerLimit`] does not take. It reads the type of each datagram's frame, and nothing more of other frames.

use std::cell::RefCell;
use std::ffi::{c_int, c_void};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, Ordering};
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

/// Where the receiver's id is in a status message, in bytes (`aeron_status_message_header_t`): 64 bits, little endian.
const RECEIVER_ID: std::ops::Range<usize> = 28..36;

/// Address families (`sa_family_t`).
const AF_INET: u16 = 2;
const AF_INET6: u16 = 10;

/// One process has one driver, and only that driver's receiver takes frames in.
static LIMIT: LazyLock<Mutex<SetupLimit>> = LazyLock::new(|| Mutex::new(SetupLimit::new()));

static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);

static DROPPED: AtomicU64 = AtomicU64::new(0);

thread_local! {
    /// The ports of this thread, which is the sender's, to whose publications listeners announce themselves.
    static LISTENED: RefCell<Vec<(*mut aeron_udp_channel_transport_t, ListenerLimit)>> = const { RefCell::new(Vec::new()) };
}

/// Number of frames that were dropped.
pub(crate) fn dropped() -> u64 {
    DROPPED.load(Ordering::Relaxed)
}

/// Makes the driver of this context drop SETUP frames and status messages that are too many.
///
/// # Errors
/// When there is no memory.
pub(crate) fn install(context: &AeronDriverContext) -> Result<(), AeronCError> {
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
        Some(frame_type) if frame_type == SETUP => takes_setup(source().0),
        Some(frame_type) if frame_type == STATUS_MESSAGE => takes_listener(transport, datagram, source),
        _ => true,
    };
    if !is_taken {
        DROPPED.fetch_add(1, Ordering::Relaxed);
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
