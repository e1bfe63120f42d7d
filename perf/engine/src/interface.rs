//! The C interface of the public benchmark (`flash1-dev/matching-engine-benchmark`, its `api/matching_engine_api.h`):
//! messages in, reports out. It translates, and nothing more; the work is [`Matcher`]'s.
//!
//! Queries read the remembered best price, or one level, and touch nothing else. In a batch no message is looked at
//! before its turn. There is no `engine_prebuild`.
//!
//! Features choose what is exported: `own-ring` the ring of [`lugus_ring`] for reports (else the harness's queue),
//! `batches` many messages a call, and `no-engine` replaces the matcher by nothing: reports only, for comparison.

use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicPtr, Ordering};

use lugus_engine::command::Side;
use lugus_engine::units::{ClientOrderId, Price, Quantity};
use lugus_ring::{Item, Reader, Writer, ring};

use crate::matcher::{Matcher, Outcome};

/// Resting orders there is room for.
const ORDERS: usize = 1 << 21;

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

/// `me_report_t`, as words: kind, side and nothing; sequence number; order id; price; quantity and nothing; maker's and
/// taker's order id; nothing.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub struct Report([u64; 8]);

// SAFETY: 64 bytes, aligned so, all of them in words.
unsafe impl Item for Report {}

const _: () = assert!(size_of::<NewOrder>() == 32 && size_of::<Cancel>() == 16 && size_of::<Modify>() == 32);
const _: () = assert!(size_of::<Message>() == 40 && size_of::<Report>() == 64);

// Kinds of messages and reports.
const NEW: u8 = 0;
const CANCEL: u8 = 1;
const MODIFY: u8 = 2;
const ORDER_ACK: u8 = 0;
const TRADE: u8 = 1;
const CANCEL_ACK: u8 = 2;
const MODIFY_ACK: u8 = 3;
const CANCEL_REJECT: u8 = 4;
const MODIFY_REJECT: u8 = 5;

/// Bits of a quantity.
const QUANTITY: u64 = u32::MAX as u64;

// The first word's bytes are kind and side.
const _: () = assert!(cfg!(target_endian = "little"));

type Push = unsafe extern "C" fn(*mut c_void, *const Report) -> c_int;

/// `me_transport_t`.
#[derive(Debug)]
#[repr(C)]
pub struct Transport {
    create: unsafe extern "C" fn(u32) -> *mut c_void,
    push: Push,
    drain: unsafe extern "C" fn(*mut c_void, *mut Report, u32) -> u32,
    flush: unsafe extern "C" fn(*mut c_void),
    destroy: unsafe extern "C" fn(*mut c_void),
}

/// What a transport's handle points to. The harness calls `push` and `flush` on one thread, `drain` on one other.
#[derive(Debug)]
struct Ends {
    writer: Writer<Report>,
    reader: Reader<Report>,
}

static TRANSPORT: Transport = Transport { create, push, drain, flush, destroy };

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
    Queue(Push, *mut c_void),
}

/// Reports what a message does.
struct Reporter<'a> {
    output: &'a Output,
    sequence_number: u64,
}

impl Reporter<'_> {
    #[inline(always)]
    fn send(&mut self, report: Report) {
        match *self.output {
            Output::Ring(ends) => {
                // SAFETY: the handle that `create` made, and this is the thread that pushes; the reader's end is not touched.
                let writer = unsafe { &mut (*ends).writer };
                while writer.push(&report).is_err() {
                    std::hint::spin_loop();
                }
            }
            Output::Queue(push, handle) => {
                // SAFETY: function and handle are those that `engine_init` was given for this.
                while unsafe { push(handle, &raw const report) } == 0 {
                    std::hint::spin_loop();
                }
            }
        }
    }

    #[inline]
    fn about(&mut self, kind: u8, id: ClientOrderId, side: u8, price: Price, quantity: Quantity) {
        let kinds = u64::from(kind) | u64::from(side) << 8;
        let price = price.0.cast_unsigned();
        self.send(Report([kinds, self.sequence_number, id.0, price, quantity.0 & QUANTITY, 0, 0, 0]));
    }
}

impl Outcome for Reporter<'_> {
    #[inline]
    fn accepted(&mut self, id: ClientOrderId, side: Side, price: Price, quantity: Quantity) {
        self.about(ORDER_ACK, id, side_out(side), price, quantity);
    }

    #[inline]
    fn traded(&mut self, maker: ClientOrderId, taker: ClientOrderId, price: Price, quantity: Quantity) {
        let (kinds, price) = (u64::from(TRADE), price.0.cast_unsigned());
        let quantity = quantity.0 & QUANTITY;
        self.send(Report([kinds, self.sequence_number, taker.0, price, quantity, maker.0, taker.0, 0]));
    }

    #[inline]
    fn canceled(&mut self, id: ClientOrderId, side: Side, price: Price) {
        self.about(CANCEL_ACK, id, side_out(side), price, Quantity(0));
    }

    #[inline]
    fn modified(&mut self, id: ClientOrderId, side: Side, price: Price, quantity: Quantity) {
        self.about(MODIFY_ACK, id, side_out(side), price, quantity);
    }

    #[inline]
    fn cancel_rejected(&mut self, id: ClientOrderId) {
        self.about(CANCEL_REJECT, id, 0, Price(0), Quantity(0));
    }

    #[inline]
    fn modify_rejected(&mut self, id: ClientOrderId) {
        self.about(MODIFY_REJECT, id, 0, Price(0), Quantity(0));
    }
}

#[cfg(not(feature = "no-engine"))]
impl Adapter {
    #[inline]
    fn new_order(&mut self, order: &NewOrder) {
        let reporter = &mut Reporter { output: &self.output, sequence_number: order.sequence_number };
        let (id, side, immediate) = (ClientOrderId(order.order_id), side_in(order.side), order.ioc != 0);
        let (price, quantity) = (Price(order.price_ticks), Quantity(order.quantity.into()));
        self.matcher.new_order(id, side, price, quantity, immediate, reporter);
    }

    #[inline]
    fn cancel(&mut self, cancel: &Cancel) {
        let reporter = &mut Reporter { output: &self.output, sequence_number: cancel.sequence_number };
        self.matcher.cancel(ClientOrderId(cancel.order_id), reporter);
    }

    #[inline]
    fn modify(&mut self, modify: &Modify) {
        let reporter = &mut Reporter { output: &self.output, sequence_number: modify.sequence_number };
        let (price, quantity) = (Price(modify.new_price_ticks), Quantity(modify.new_quantity.into()));
        self.matcher.modify(ClientOrderId(modify.order_id), price, quantity, reporter);
    }
}

/// Reports only.
#[cfg(feature = "no-engine")]
impl Adapter {
    fn new_order(&mut self, order: &NewOrder) {
        let reporter = &mut Reporter { output: &self.output, sequence_number: order.sequence_number };
        let (price, quantity) = (Price(order.price_ticks), Quantity(order.quantity.into()));
        reporter.accepted(ClientOrderId(order.order_id), side_in(order.side), price, quantity);
    }

    fn cancel(&mut self, cancel: &Cancel) {
        let reporter = &mut Reporter { output: &self.output, sequence_number: cancel.sequence_number };
        reporter.cancel_rejected(ClientOrderId(cancel.order_id));
    }

    fn modify(&mut self, modify: &Modify) {
        let reporter = &mut Reporter { output: &self.output, sequence_number: modify.sequence_number };
        reporter.modify_rejected(ClientOrderId(modify.order_id));
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
    let output = if std::ptr::eq(transport, &raw const TRANSPORT) {
        Output::Ring(sink.cast())
    } else {
        // SAFETY: not ours, so it is the harness's, which lives as long as the engine.
        match unsafe { transport.as_ref() } {
            Some(transport) => Output::Queue(transport.push, sink),
            None => return,
        }
    };
    let adapter = Box::new(Adapter { matcher: Matcher::new(ORDERS), output });
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
        engine.new_order(order);
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
        engine.cancel(cancel);
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
        engine.modify(modify);
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
    for place in 0..count as usize {
        // SAFETY: the caller's; the kind says which of the payloads it is.
        unsafe {
            let message = &*messages.add(place);
            match message.kind {
                NEW => engine.new_order(&message.payload.new_order),
                CANCEL => engine.cancel(&message.payload.cancel),
                MODIFY => engine.modify(&message.payload.modify),
                _ => {}
            }
        }
    }
}

/// Everything is done when a call returns, so there is nothing to wait for.
#[unsafe(no_mangle)]
pub extern "C" fn engine_flush() {
    if let Some(Adapter { output: Output::Ring(ends), .. }) = engine() {
        // SAFETY: as in `Reporter::send`.
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
    &raw const TRANSPORT
}

unsafe extern "C" fn create(capacity: u32) -> *mut c_void {
    let (writer, reader) = ring(capacity as usize);
    Box::into_raw(Box::new(Ends { writer, reader })).cast()
}

unsafe extern "C" fn push(handle: *mut c_void, report: *const Report) -> c_int {
    // SAFETY: a handle of `create`'s, a report of the caller's; only this thread uses the writer.
    c_int::from(unsafe { (*handle.cast::<Ends>()).writer.push(&report.read_unaligned()) }.is_ok())
}

unsafe extern "C" fn drain(handle: *mut c_void, out: *mut Report, limit: u32) -> u32 {
    let mut place = 0;
    // SAFETY: a handle of `create`'s, room for `limit` reports; only this thread uses the reader. The harness's reports
    // are aligned as their words are.
    unsafe {
        let reader = &mut (*handle.cast::<Ends>()).reader;
        reader.drain(limit as usize, |report| {
            out.add(place).write_unaligned(*report);
            place += 1;
        }) as u32
    }
}

unsafe extern "C" fn flush(handle: *mut c_void) {
    // SAFETY: a handle of `create`'s; only this thread uses the writer.
    unsafe { (*handle.cast::<Ends>()).writer.publish() };
}

unsafe extern "C" fn destroy(handle: *mut c_void) {
    // SAFETY: a handle of `create`'s, which nobody uses any more.
    drop(unsafe { Box::from_raw(handle.cast::<Ends>()) });
}

#[inline]
fn side_in(side: u8) -> Side {
    if side == 0 { Side::Buy } else { Side::Sell }
}

#[inline]
fn side_out(side: Side) -> u8 {
    u8::from(side == Side::Sell)
}
