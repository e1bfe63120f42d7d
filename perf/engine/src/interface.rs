//! The C interface of the public benchmark (`flash1-dev/matching-engine-benchmark`, its `api/matching_engine_api.h`):
//! messages in, reports out. It translates, and nothing more; the work is [`Matcher`]'s.
//!
//! Queries read the remembered best price, or one level, and touch nothing else. In a batch no message is looked at
//! before its turn. There is no `engine_prebuild`.
//!
//! Features choose what is exported: `own-ring` the ring of [`lugus_ring`] for reports (else the harness's queue),
//! `batches` many messages a call, and `no-engine` replaces the matcher by nothing: reports only, for comparison.

use std::ffi::c_void;
use std::sync::atomic::{AtomicPtr, Ordering};

use lugus_vocabulary::{ClientOrderId, Price, Quantity, Side};

#[cfg(not(feature = "no-engine"))]
use crate::matcher::Matcher;
#[cfg(feature = "no-engine")]
use crate::no_matcher::NoMatcher as Matcher;
use crate::reports::{Ends, Outlet, Queue, RING, Reporter, Transport};

/// Resting orders there is room for.
const ORDERS: usize = 1 << 21;

/// For so many of them memory is in place before the first message, as it is in the node.
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

/// The engine between `engine_init` and `engine_shutdown`.
static ENGINE: AtomicPtr<Adapter> = AtomicPtr::new(std::ptr::null_mut());

struct Adapter {
    matcher: Matcher,
    output: Output,
}

/// Where reports go.
enum Output {
    /// Our own ring: the handle is ours.
    Ring(*mut Ends),
    /// The harness's queue.
    Queue(Queue),
}

/// Does something with the matcher and whatever the output is: one code for each, so that neither pays for the other.
macro_rules! with {
    ($adapter:expr, |$matcher:ident, $output:ident| $act:expr) => {{
        let Adapter { matcher: $matcher, output } = $adapter;
        match output {
            Output::Ring(ends) => {
                // SAFETY: the handle that `create` made, and this is the thread that pushes; the reader's end is not touched.
                let $output = unsafe { &mut (**ends).writer };
                $act
            }
            Output::Queue($output) => $act,
        }
    }};
}

/// A message, done by the matcher.
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
        // SAFETY: the kind says which of the payloads it is.
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

/// The engine, if there is one.
#[inline]
fn engine<'a>() -> Option<&'a mut Adapter> {
    // SAFETY: `engine_init` put it there, `engine_shutdown` takes it away, and the harness calls all `engine_` functions
    // one after another.
    unsafe { ENGINE.load(Ordering::Relaxed).as_mut() }
}

/// Sets up. `seed` is not used.
///
/// # Safety
///
/// `transport` and `sink` are the harness's, or null; no other `engine_` function runs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn engine_init(_seed: u64, transport: *const Transport, sink: *mut c_void) {
    let output = if std::ptr::eq(transport, &raw const RING) {
        Output::Ring(sink.cast())
    } else {
        // SAFETY: not ours, so it is the harness's, which lives as long as the engine.
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

/// Tears down.
///
/// # Safety
///
/// No other `engine_` function runs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn engine_shutdown() {
    let adapter = ENGINE.swap(std::ptr::null_mut(), Ordering::AcqRel);
    if !adapter.is_null() {
        // SAFETY: `engine_init` made it of a box, and nobody has it any more.
        drop(unsafe { Box::from_raw(adapter) });
    }
}

/// A new order.
///
/// # Safety
///
/// `order` points to one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn engine_on_new_order(order: *const NewOrder) {
    // SAFETY: the caller's.
    if let (Some(engine), Some(order)) = (engine(), unsafe { order.as_ref() }) {
        with!(engine, |matcher, output| order.apply(matcher, output));
    }
}

/// A cancel.
///
/// # Safety
///
/// `cancel` points to one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn engine_on_cancel(cancel: *const Cancel) {
    // SAFETY: the caller's.
    if let (Some(engine), Some(cancel)) = (engine(), unsafe { cancel.as_ref() }) {
        with!(engine, |matcher, output| cancel.apply(matcher, output));
    }
}

/// A change: the order is taken out and comes as a new one.
///
/// # Safety
///
/// `modify` points to one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn engine_on_modify(modify: *const Modify) {
    // SAFETY: the caller's.
    if let (Some(engine), Some(modify)) = (engine(), unsafe { modify.as_ref() }) {
        with!(engine, |matcher, output| modify.apply(matcher, output));
    }
}

/// Many messages, one after another.
///
/// # Safety
///
/// `messages` points to `count` of them, each of the kind it says.
#[cfg(feature = "batches")]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn engine_on_batch(messages: *const Message, count: u32) {
    let Some(engine) = engine().filter(|_| !messages.is_null()) else { return };
    // SAFETY: the caller's.
    let messages = unsafe { std::slice::from_raw_parts(messages, count as usize) };
    with!(engine, |matcher, output| {
        for message in messages {
            message.apply(matcher, output);
        }
    });
}

/// Everything is done when a call returns, so there is nothing to wait for.
#[unsafe(no_mangle)]
pub extern "C" fn engine_flush() {
    if let Some(Adapter { output: Output::Ring(ends), .. }) = engine() {
        // SAFETY: as in `with`.
        unsafe { (**ends).writer.publish() };
    }
}

/// Highest bid, or the lowest number.
#[unsafe(no_mangle)]
pub extern "C" fn engine_query_best_bid() -> i64 {
    engine().and_then(|engine| engine.matcher.best(Side::Buy)).map_or(i64::MIN, |price| price.0)
}

/// Lowest ask, or the highest number.
#[unsafe(no_mangle)]
pub extern "C" fn engine_query_best_ask() -> i64 {
    engine().and_then(|engine| engine.matcher.best(Side::Sell)).map_or(i64::MAX, |price| price.0)
}

/// Quantity resting at a price.
#[unsafe(no_mangle)]
pub extern "C" fn engine_query_depth_at(price_ticks: i64, side: u8) -> u64 {
    engine().map_or(0, |engine| engine.matcher.quantity_at(side_in(side), Price(price_ticks)).0)
}

/// The ring for reports.
#[cfg(feature = "own-ring")]
#[unsafe(no_mangle)]
pub extern "C" fn engine_get_transport() -> *const Transport {
    &raw const RING
}

#[inline]
fn side_in(side: u8) -> Side {
    if side == 0 { Side::Buy } else { Side::Sell }
}
