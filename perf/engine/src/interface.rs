//! The C interface of the public benchmark (`flash1-dev/matching-engine-benchmark`, its `api/matching_engine_api.h`):
//! messages in, reports out. This file only translates; [`Matcher`] does the matching.
//!
//! Queries read the cached best price or one level, and change nothing. The messages of a batch are processed strictly
//! one after the other; none is read ahead of its turn. There is no `engine_prebuild`.
//!
//! Features choose what is exported: `own-ring` sends reports through the ring of [`lugus_ring`] instead of the
//! harness's queue, `batches` adds a call that takes many messages, and `no-engine` replaces the matcher by a stub that
//! only reports, for comparison.

use std::ffi::c_void;
use std::sync::atomic::{AtomicPtr, Ordering};

use lugus_vocabulary::{ClientOrderId, Price, Quantity, Side};

#[cfg(not(feature = "no-engine"))]
use crate::matcher::Matcher;
#[cfg(feature = "no-engine")]
use crate::no_matcher::NoMatcher as Matcher;
use crate::reports::{Ends, Outlet, Queue, RING, Reporter, Transport};

/// Capacity in resting orders.
const ORDERS: usize = 1 << 21;

/// Number of orders for which memory is touched before the first message, as the node does.
const PREFAULTED: usize = 1 << 16;

/// `new_order_t`.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct NewOrder {
    order_id: u64,
    sequence_number: u64,
    price_ticks: i64,
    quantity: u32,
    side: u8,
    ioc: u8,
    reserved: [u8; 2],
}

/// `cancel_t`.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Cancel {
    order_id: u64,
    sequence_number: u64,
}

/// `modify_t`.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Modify {
    order_id: u64,
    sequence_number: u64,
    new_price_ticks: i64,
    new_quantity: u32,
    side: u8,
    reserved: [u8; 3],
}

/// `me_msg_t`.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Message {
    kind: u8,
    reserved: [u8; 7],
    payload: Payload,
}

#[derive(Clone, Copy)]
#[repr(C)]
union Payload {
    new_order: NewOrder,
    cancel: Cancel,
    modify: Modify,
}

const _: () = assert!(size_of::<NewOrder>() == 32 && size_of::<Cancel>() == 16 && size_of::<Modify>() == 32);
const _: () = assert!(size_of::<Message>() == 40);

/// The adapter, set between `engine_init` and `engine_shutdown`, otherwise null.
static ENGINE: AtomicPtr<Adapter> = AtomicPtr::new(std::ptr::null_mut());

struct Adapter {
    matcher: Matcher,
    output: Output,
}

/// Destination of the reports.
enum Output {
    /// The ring of `lugus_ring`, whose handle `create` made.
    Ring(*mut Ends),
    /// The harness's queue.
    Queue(Queue),
}

/// Runs code with the matcher and the current output. The code is compiled once for each kind of output, so that there
/// is no dispatch at run time.
macro_rules! with {
    ($adapter:expr, |$matcher:ident, $output:ident| $act:expr) => {{
        let Adapter { matcher: $matcher, output } = $adapter;
        match output {
            Output::Ring(ends) => {
                // SAFETY: `create` made the handle, and this thread is the only one that pushes; the reader's end is
                // not touched.
                let $output = unsafe { &mut (**ends).writer };
                $act
            }
            Output::Queue($output) => $act,
        }
    }};
}

/// A message that a matcher can execute.
trait Request {
    fn apply(&self, matcher: &mut Matcher, output: &mut impl Outlet);
}

impl Request for NewOrder {
    #[inline(always)]
    fn apply(&self, matcher: &mut Matcher, output: &mut impl Outlet) {
        let reporter = &mut Reporter { output, sequence_number: self.sequence_number };
        let (id, side, immediate) = (ClientOrderId(self.order_id), side_in(self.side), self.ioc != 0);
        let (price, quantity) = (Price(self.price_ticks), Quantity(self.quantity.into()));
        matcher.new_order(id, side, price, quantity, immediate, reporter);
    }
}

impl Request for Cancel {
    #[inline(always)]
    fn apply(&self, matcher: &mut Matcher, output: &mut impl Outlet) {
        let reporter = &mut Reporter { output, sequence_number: self.sequence_number };
        matcher.cancel(ClientOrderId(self.order_id), reporter);
    }
}

impl Request for Modify {
    #[inline(always)]
    fn apply(&self, matcher: &mut Matcher, output: &mut impl Outlet) {
        let reporter = &mut Reporter { output, sequence_number: self.sequence_number };
        let (price, quantity) = (Price(self.new_price_ticks), Quantity(self.new_quantity.into()));
        matcher.modify(ClientOrderId(self.order_id), price, quantity, reporter);
    }
}

#[cfg(feature = "batches")]
impl Message {
    const NEW: u8 = 0;
    const CANCEL: u8 = 1;
    const MODIFY: u8 = 2;
}

#[cfg(feature = "batches")]
impl Request for Message {
    #[inline(always)]
    fn apply(&self, matcher: &mut Matcher, output: &mut impl Outlet) {
        // SAFETY: `kind` says which member of the union was written.
        unsafe {
            match self.kind {
                Self::NEW => self.payload.new_order.apply(matcher, output),
                Self::CANCEL => self.payload.cancel.apply(matcher, output),
                Self::MODIFY => self.payload.modify.apply(matcher, output),
                _ => {}
            }
        }
    }
}

/// The adapter, if there is one.
#[inline]
fn engine<'a>() -> Option<&'a mut Adapter> {
    // SAFETY: `engine_init` sets the pointer, `engine_shutdown` clears it, and the harness never calls two `engine_`
    // functions at the same time.
    unsafe { ENGINE.load(Ordering::Relaxed).as_mut() }
}

/// Makes the engine. `seed` is not used.
///
/// # Safety
///
/// `transport` and `sink` come from the harness, or are null; no other `engine_` function runs meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn engine_init(_seed: u64, transport: *const Transport, sink: *mut c_void) {
    let output = if std::ptr::eq(transport, &raw const RING) {
        Output::Ring(sink.cast())
    } else {
        // SAFETY: the transport is not the ring's, so it is the harness's, which lives as long as the engine.
        match unsafe { transport.as_ref() } {
            Some(transport) => Output::Queue(Queue::new(transport, sink)),
            None => return,
        }
    };
    let mut matcher = Matcher::new(ORDERS);
    matcher.prefault(PREFAULTED);
    let adapter = Box::new(Adapter { matcher, output });
    ENGINE.store(Box::into_raw(adapter), Ordering::Release);
}

/// Destroys the engine.
///
/// # Safety
///
/// No other `engine_` function runs meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn engine_shutdown() {
    let adapter = ENGINE.swap(std::ptr::null_mut(), Ordering::AcqRel);
    if !adapter.is_null() {
        // SAFETY: `engine_init` made the pointer from a box, and nothing else refers to it afterwards.
        drop(unsafe { Box::from_raw(adapter) });
    }
}

/// Executes a new order.
///
/// # Safety
///
/// `order` points to a valid order.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn engine_on_new_order(order: *const NewOrder) {
    // SAFETY: the caller guarantees it.
    if let (Some(engine), Some(order)) = (engine(), unsafe { order.as_ref() }) {
        with!(engine, |matcher, output| order.apply(matcher, output));
    }
}

/// Executes a cancel.
///
/// # Safety
///
/// `cancel` points to a valid cancel.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn engine_on_cancel(cancel: *const Cancel) {
    // SAFETY: the caller guarantees it.
    if let (Some(engine), Some(cancel)) = (engine(), unsafe { cancel.as_ref() }) {
        with!(engine, |matcher, output| cancel.apply(matcher, output));
    }
}

/// Executes a modification: the order is removed and enters again as a new order.
///
/// # Safety
///
/// `modify` points to a valid modification.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn engine_on_modify(modify: *const Modify) {
    // SAFETY: the caller guarantees it.
    if let (Some(engine), Some(modify)) = (engine(), unsafe { modify.as_ref() }) {
        with!(engine, |matcher, output| modify.apply(matcher, output));
    }
}

/// Executes many messages, one after another.
///
/// # Safety
///
/// `messages` points to `count` messages, and the `kind` of each is right.
#[cfg(feature = "batches")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn engine_on_batch(messages: *const Message, count: u32) {
    let Some(engine) = engine().filter(|_| !messages.is_null()) else { return };
    // SAFETY: the caller guarantees it.
    let messages = unsafe { std::slice::from_raw_parts(messages, count as usize) };
    with!(engine, |matcher, output| {
        for message in messages {
            message.apply(matcher, output);
        }
    });
}

/// Does nothing: all work is done when the call that caused it returns.
#[unsafe(no_mangle)]
pub extern "C" fn engine_flush() {
    if let Some(Adapter { output: Output::Ring(ends), .. }) = engine() {
        // SAFETY: as in `with`.
        unsafe { (**ends).writer.publish() };
    }
}

/// Price of the highest bid, or the lowest number if there is none.
#[unsafe(no_mangle)]
pub extern "C" fn engine_query_best_bid() -> i64 {
    engine().and_then(|engine| engine.matcher.best(Side::Buy)).map_or(i64::MIN, |price| price.0)
}

/// Price of the lowest offer, or the highest number if there is none.
#[unsafe(no_mangle)]
pub extern "C" fn engine_query_best_ask() -> i64 {
    engine().and_then(|engine| engine.matcher.best(Side::Sell)).map_or(i64::MAX, |price| price.0)
}

/// Resting quantity at a price.
#[unsafe(no_mangle)]
pub extern "C" fn engine_query_depth_at(price_ticks: i64, side: u8) -> u64 {
    engine().map_or(0, |engine| engine.matcher.quantity_at(side_in(side), Price(price_ticks)).0)
}

/// The ring as a transport for reports.
#[cfg(feature = "own-ring")]
#[unsafe(no_mangle)]
pub extern "C" fn engine_get_transport() -> *const Transport {
    &raw const RING
}

#[inline]
fn side_in(side: u8) -> Side {
    if side == 0 { Side::Buy } else { Side::Sell }
}
