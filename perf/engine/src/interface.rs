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
    Queue(Queue),
}

/// The harness's queue, as it is called.
struct Queue {
    push: Push,
    handle: *mut c_void,
}

/// Takes reports.
trait Outlet {
    /// Puts one in; waits while there is no room.
    fn send(&mut self, report: Report);
}

impl Outlet for Writer<Report> {
    #[inline(always)]
    fn send(&mut self, report: Report) {
        while self.push(&report).is_err() {
            std::hint::spin_loop();
        }
    }
}

impl Outlet for Queue {
    #[inline(always)]
    fn send(&mut self, report: Report) {
        // SAFETY: function and handle are those that `engine_init` was given for this.
        while unsafe { (self.push)(self.handle, &raw const report) } == 0 {
            std::hint::spin_loop();
        }
    }
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

/// Reports what a message does.
struct Reporter<'a, O> {
    output: &'a mut O,
    sequence_number: u64,
}

impl<O: Outlet> Reporter<'_, O> {
    #[inline(always)]
    fn about(&mut self, kind: u8, id: ClientOrderId, side: u8, price: Price, quantity: Quantity) {
        let kinds = u64::from(kind) | u64::from(side) << 8;
        let price = price.0.cast_unsigned();
        self.output.send(Report([kinds, self.sequence_number, id.0, price, quantity.0 & QUANTITY, 0, 0, 0]));
    }
}

impl<O: Outlet> Outcome for Reporter<'_, O> {
    #[inline(always)]
    fn accepted(&mut self, id: ClientOrderId, side: Side, price: Price, quantity: Quantity) {
        self.about(ORDER_ACK, id, side_out(side), price, quantity);
    }

    #[inline(always)]
    fn traded(&mut self, maker: ClientOrderId, taker: ClientOrderId, price: Price, quantity: Quantity) {
        let (kinds, price) = (u64::from(TRADE), price.0.cast_unsigned());
        let quantity = quantity.0 & QUANTITY;
        self.output.send(Report([kinds, self.sequence_number, taker.0, price, quantity, maker.0, taker.0, 0]));
    }

    #[inline(always)]
    fn canceled(&mut self, id: ClientOrderId, side: Side, price: Price) {
        self.about(CANCEL_ACK, id, side_out(side), price, Quantity(0));
    }

    #[inline(always)]
    fn modified(&mut self, id: ClientOrderId, side: Side, price: Price, quantity: Quantity) {
        self.about(MODIFY_ACK, id, side_out(side), price, quantity);
    }

    #[inline(always)]
    fn cancel_rejected(&mut self, id: ClientOrderId) {
        self.about(CANCEL_REJECT, id, 0, Price(0), Quantity(0));
    }

    #[inline(always)]
    fn modify_rejected(&mut self, id: ClientOrderId) {
        self.about(MODIFY_REJECT, id, 0, Price(0), Quantity(0));
    }
}

/// A message, done by the matcher; without it, answered.
trait Request {
    fn apply(&self, matcher: &mut Matcher, output: &mut impl Outlet);
}

#[cfg(not(feature = "no-engine"))]
impl Request for NewOrder {
    #[inline(always)]
    fn apply(&self, matcher: &mut Matcher, output: &mut impl Outlet) {
        let reporter = &mut Reporter { output, sequence_number: self.sequence_number };
        let (id, side, immediate) = (ClientOrderId(self.order_id), side_in(self.side), self.ioc != 0);
        let (price, quantity) = (Price(self.price_ticks), Quantity(self.quantity.into()));
        matcher.new_order(id, side, price, quantity, immediate, reporter);
    }
}

#[cfg(not(feature = "no-engine"))]
impl Request for Cancel {
    #[inline(always)]
    fn apply(&self, matcher: &mut Matcher, output: &mut impl Outlet) {
        let reporter = &mut Reporter { output, sequence_number: self.sequence_number };
        matcher.cancel(ClientOrderId(self.order_id), reporter);
    }
}

#[cfg(not(feature = "no-engine"))]
impl Request for Modify {
    #[inline(always)]
    fn apply(&self, matcher: &mut Matcher, output: &mut impl Outlet) {
        let reporter = &mut Reporter { output, sequence_number: self.sequence_number };
        let (price, quantity) = (Price(self.new_price_ticks), Quantity(self.new_quantity.into()));
        matcher.modify(ClientOrderId(self.order_id), price, quantity, reporter);
    }
}

#[cfg(feature = "no-engine")]
impl Request for NewOrder {
    #[inline(always)]
    fn apply(&self, _: &mut Matcher, output: &mut impl Outlet) {
        let reporter = &mut Reporter { output, sequence_number: self.sequence_number };
        let (price, quantity) = (Price(self.price_ticks), Quantity(self.quantity.into()));
        reporter.accepted(ClientOrderId(self.order_id), side_in(self.side), price, quantity);
    }
}

#[cfg(feature = "no-engine")]
impl Request for Cancel {
    #[inline(always)]
    fn apply(&self, _: &mut Matcher, output: &mut impl Outlet) {
        let reporter = &mut Reporter { output, sequence_number: self.sequence_number };
        reporter.cancel_rejected(ClientOrderId(self.order_id));
    }
}

#[cfg(feature = "no-engine")]
impl Request for Modify {
    #[inline(always)]
    fn apply(&self, _: &mut Matcher, output: &mut impl Outlet) {
        let reporter = &mut Reporter { output, sequence_number: self.sequence_number };
        reporter.modify_rejected(ClientOrderId(self.order_id));
    }
}

#[cfg(feature = "batches")]
impl Request for Message {
    #[inline(always)]
    fn apply(&self, matcher: &mut Matcher, output: &mut impl Outlet) {
        // SAFETY: the kind says which of the payloads it is.
        unsafe {
            match self.kind {
                NEW => self.payload.new_order.apply(matcher, output),
                CANCEL => self.payload.cancel.apply(matcher, output),
                MODIFY => self.payload.modify.apply(matcher, output),
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
    let output = if std::ptr::eq(transport, &raw const TRANSPORT) {
        Output::Ring(sink.cast())
    } else {
        // SAFETY: not ours, so it is the harness's, which lives as long as the engine.
        match unsafe { transport.as_ref() } {
            Some(transport) => Output::Queue(Queue { push: transport.push, handle: sink }),
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
