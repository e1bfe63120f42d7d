//! What the driver's interceptors have in common: Aeron wants their functions in memory that it can free.

use std::ffi::{CStr, c_int, c_void};

use rusteron_media_driver::AeronCError;
use rusteron_media_driver::bindings::{
    aeron_alloc, aeron_driver_context_t,
    aeron_udp_channel_interceptor_bindings_stct_interceptor_meta_info_fields as MetaInfo,
    aeron_udp_channel_interceptor_bindings_t as Bindings, aeron_udp_channel_transport_affinity_t,
};

/// Begins an interceptor without state of its own: what it has is this program's.
pub(crate) unsafe extern "C" fn init(
    _: *mut *mut c_void,
    _: *mut aeron_driver_context_t,
    _: aeron_udp_channel_transport_affinity_t,
) -> c_int {
    0
}

/// An interceptor of this name without any function.
pub(crate) fn none(name: &'static CStr) -> Bindings {
    Bindings {
        outgoing_init_func: None,
        incoming_init_func: None,
        outgoing_send_func: None,
        incoming_func: None,
        outgoing_close_func: None,
        incoming_close_func: None,
        outgoing_transport_notification_func: None,
        incoming_transport_notification_func: None,
        outgoing_publication_notification_func: None,
        incoming_publication_notification_func: None,
        outgoing_image_notification_func: None,
        incoming_image_notification_func: None,
        meta_info: MetaInfo {
            name: name.as_ptr(),
            type_: c"interceptor".as_ptr(),
            next_interceptor_bindings: std::ptr::null(),
            source_symbol: None,
        },
    }
}

/// The interceptor in memory that the driver's context frees.
///
/// # Errors
/// When there is no memory.
pub(crate) fn allocate(bindings: Bindings) -> Result<*mut Bindings, AeronCError> {
    let mut memory: *mut c_void = std::ptr::null_mut();
    // SAFETY: `aeron_alloc` only writes the pointer.
    let code = unsafe { aeron_alloc(&raw mut memory, size_of_val(&bindings)) };
    if code < 0 || memory.is_null() {
        return Err(AeronCError::from_code(code));
    }
    let memory = memory.cast::<Bindings>();
    // SAFETY: the memory is as long as the value, aligned as `malloc` aligns, and nobody else has it.
    unsafe { memory.write(bindings) };
    Ok(memory)
}
