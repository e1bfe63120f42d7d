//! The public benchmark's reports and how they reach the harness: through [`lugus_ring`], or the harness's own queue.
//!
//! In the ring a report takes half a cache line; the reader converts it to the harness's own layout.

use std::ffi::{c_int, c_void};

use lugus_ring::{Full, Reader, Writer, ring};
use lugus_vocabulary::{ClientOrderId, Price, Quantity, Side};

use crate::matcher::Outcome;

/// `me_report_t` as eight words: kind, side and padding; sequence number; order id; price; quantity and padding; the
/// maker's order id; the taker's order id; padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C, align(64))]
pub struct Report([u64; 8]);

/// A report in the ring, as four words: kind, side, two spare bytes and quantity; sequence number; order id; price. A
/// trade has the maker's order id in place of the sequence number, and in the two spare bytes the difference between
/// its sequence number and that of the report before. If the difference does not fit there, a [`SEQUENCE`] item
/// precedes the trade.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(32))]
pub(crate) struct Packed([u64; 4]);

/// A trade; its fields are words of the report.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Trade {
    sequence_number: u64,
    maker: u64,
    taker: u64,
    price: u64,
    quantity: u64,
}

const _: () = assert!(size_of::<Report>() == 64 && size_of::<Packed>() == 32);

// Kinds of reports.
const ORDER_ACK: u8 = 0;
const TRADE: u8 = 1;
const CANCEL_ACK: u8 = 2;
const MODIFY_ACK: u8 = 3;
const CANCEL_REJECT: u8 = 4;
const MODIFY_REJECT: u8 = 5;
/// Kind of an item that is no report, but sets the sequence number.
const SEQUENCE: u8 = 6;

/// Bits of a quantity in a word.
const QUANTITY: u64 = u32::MAX as u64;
/// Bits of kind and side in a word.
const KIND_AND_SIDE: u64 = u16::MAX as u64;
/// Largest difference of sequence numbers that fits into a trade.
const FURTHEST: u64 = u16::MAX as u64;

// The first word's bytes are kind and side.
const _: () = assert!(cfg!(target_endian = "little"));

impl Packed {
    #[inline(always)]
    fn new(first: u64, sequence_number: u64, id: u64, price: u64, quantity: u64) -> Self {
        Self([first | quantity << 32, sequence_number, id, price])
    }

    #[inline(always)]
    fn trade(above: u64, Trade { maker, taker, price, quantity, .. }: Trade) -> Self {
        Self::new(u64::from(TRADE) | above << 16, maker, taker, price, quantity)
    }

    #[inline(always)]
    fn sequence(number: u64) -> Self {
        Self::new(SEQUENCE.into(), number, 0, 0, 0)
    }

    /// Converts an item to the harness's layout; `None` if the item is no report. `sequence_number` is that of the item
    /// before, and becomes that of this item.
    #[inline(always)]
    fn unpacked(self, sequence_number: &mut u64) -> Option<Report> {
        let Self([first, second, id, price]) = self;
        let (kind, mut maker, mut taker) = (first as u8, 0, 0);
        if kind == TRADE {
            *sequence_number = sequence_number.wrapping_add(first >> 16 & FURTHEST);
            (maker, taker) = (second, id);
        } else {
            *sequence_number = second;
        }
        let report = Report([first & KIND_AND_SIDE, *sequence_number, id, price, first >> 32, maker, taker, 0]);
        (kind != SEQUENCE).then_some(report)
    }
}

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

/// The ring as a transport of the public benchmark.
pub(crate) static RING: Transport = Transport { create, push, drain, flush, destroy };

/// The state behind the ring's handle. The harness calls `push` and `flush` on one thread, and `drain` on one other.
#[derive(Debug)]
pub(crate) struct Ends {
    pub(crate) writer: ReportWriter,
    reader: Reader<Packed>,
    /// Sequence number of the last item that was taken out.
    sequence_number: u64,
}

/// The engine's end of the ring.
#[derive(Debug)]
pub(crate) struct ReportWriter {
    ring: Writer<Packed>,
    /// Sequence number of the last item that was put in.
    sequence_number: u64,
}

impl ReportWriter {
    /// Makes everything that was put in visible to the reader.
    pub(crate) fn publish(&mut self) {
        self.ring.publish();
    }

    #[inline(always)]
    fn put(&mut self, item: Packed, sequence_number: u64) -> Result<(), Full> {
        self.ring.push(&item)?;
        self.sequence_number = sequence_number;
        Ok(())
    }

    #[inline(always)]
    fn put_trade(&mut self, trade: Trade) -> Result<(), Full> {
        let Trade { sequence_number, .. } = trade;
        if sequence_number.wrapping_sub(self.sequence_number) > FURTHEST {
            self.put(Packed::sequence(sequence_number), sequence_number)?;
        }
        let above = sequence_number.wrapping_sub(self.sequence_number);
        self.put(Packed::trade(above, trade), sequence_number)
    }
}

/// The harness's queue, as a function and its handle.
pub(crate) struct Queue {
    push: Push,
    handle: *mut c_void,
}

impl Queue {
    pub(crate) fn new(transport: &Transport, handle: *mut c_void) -> Self {
        Self { push: transport.push, handle }
    }

    #[inline(always)]
    fn send(&mut self, report: Report) {
        // SAFETY: `engine_init` was given this function and this handle for each other.
        while unsafe { (self.push)(self.handle, &raw const report) } == 0 {
            std::hint::spin_loop();
        }
    }
}

/// Takes reports; waits while there is no room.
pub(crate) trait Outlet {
    /// Takes a report that is no trade. The first word holds kind and side.
    fn report(&mut self, first: u64, sequence_number: u64, id: ClientOrderId, price: Price, quantity: Quantity);

    /// Takes a trade.
    fn trade(&mut self, trade: Trade);
}

impl Outlet for ReportWriter {
    #[inline(always)]
    fn report(&mut self, first: u64, sequence_number: u64, id: ClientOrderId, price: Price, quantity: Quantity) {
        let item = Packed::new(first, sequence_number, id.0, price.0.cast_unsigned(), quantity.0);
        while self.put(item, sequence_number).is_err() {
            std::hint::spin_loop();
        }
    }

    #[inline(always)]
    fn trade(&mut self, trade: Trade) {
        while self.put_trade(trade).is_err() {
            std::hint::spin_loop();
        }
    }
}

impl Outlet for Queue {
    #[inline(always)]
    fn report(&mut self, first: u64, sequence_number: u64, id: ClientOrderId, price: Price, quantity: Quantity) {
        self.send(Report([first, sequence_number, id.0, price.0.cast_unsigned(), quantity.0 & QUANTITY, 0, 0, 0]));
    }

    #[inline(always)]
    fn trade(&mut self, trade: Trade) {
        let Trade { sequence_number, maker, taker, price, quantity } = trade;
        self.send(Report([TRADE.into(), sequence_number, taker, price, quantity & QUANTITY, maker, taker, 0]));
    }
}

/// Turns the outcome of a message into reports.
pub(crate) struct Reporter<'a, O> {
    pub(crate) output: &'a mut O,
    pub(crate) sequence_number: u64,
}

impl<O: Outlet> Reporter<'_, O> {
    #[inline(always)]
    fn about(&mut self, kind: u8, id: ClientOrderId, side: Side, price: Price, quantity: Quantity) {
        let side = u64::from(side == Side::Sell);
        self.output.report(u64::from(kind) | side << 8, self.sequence_number, id, price, quantity);
    }

    #[inline(always)]
    fn reject(&mut self, kind: u8, id: ClientOrderId) {
        self.output.report(kind.into(), self.sequence_number, id, Price(0), Quantity(0));
    }
}

impl<O: Outlet> Outcome for Reporter<'_, O> {
    #[inline(always)]
    fn accepted(&mut self, id: ClientOrderId, side: Side, price: Price, quantity: Quantity) {
        self.about(ORDER_ACK, id, side, price, quantity);
    }

    #[inline(always)]
    fn traded(&mut self, maker: ClientOrderId, taker: ClientOrderId, price: Price, quantity: Quantity) {
        let (sequence_number, price) = (self.sequence_number, price.0.cast_unsigned());
        self.output.trade(Trade { sequence_number, maker: maker.0, taker: taker.0, price, quantity: quantity.0 });
    }

    #[inline(always)]
    fn canceled(&mut self, id: ClientOrderId, side: Side, price: Price) {
        self.about(CANCEL_ACK, id, side, price, Quantity(0));
    }

    #[inline(always)]
    fn modified(&mut self, id: ClientOrderId, side: Side, price: Price, quantity: Quantity) {
        self.about(MODIFY_ACK, id, side, price, quantity);
    }

    #[inline(always)]
    fn cancel_rejected(&mut self, id: ClientOrderId) {
        self.reject(CANCEL_REJECT, id);
    }

    #[inline(always)]
    fn modify_rejected(&mut self, id: ClientOrderId) {
        self.reject(MODIFY_REJECT, id);
    }
}

unsafe extern "C" fn create(capacity: u32) -> *mut c_void {
    let (ring, reader) = ring(capacity as usize);
    let writer = ReportWriter { ring, sequence_number: 0 };
    Box::into_raw(Box::new(Ends { writer, reader, sequence_number: 0 })).cast()
}

/// Part of the transport interface, but nothing calls it: the engine writes to the ring directly.
unsafe extern "C" fn push(handle: *mut c_void, report: *const Report) -> c_int {
    // SAFETY: `create` made the handle, the caller's report is valid, and only this thread uses the writer.
    let (writer, report) = unsafe { (&mut (*handle.cast::<Ends>()).writer, report.read_unaligned()) };
    let Report([first, sequence_number, id, price, quantity, maker, ..]) = report;
    let put = if first as u8 == TRADE {
        writer.put_trade(Trade { sequence_number, maker, taker: id, price, quantity })
    } else {
        writer.put(Packed::new(first & KIND_AND_SIDE, sequence_number, id, price, quantity), sequence_number)
    };
    c_int::from(put.is_ok())
}

unsafe extern "C" fn drain(handle: *mut c_void, out: *mut Report, limit: u32) -> u32 {
    let mut count = 0;
    // SAFETY: `create` made the handle, there is room for `limit` reports, and only this thread uses the reader. The
    // harness's reports have the alignment of their words.
    unsafe {
        let ends = handle.cast::<Ends>();
        let (reader, sequence_number) = (&mut (*ends).reader, &mut (*ends).sequence_number);
        let mut items = usize::MAX;
        // 0 must mean that the ring is empty, not that all items taken out were no reports.
        while count == 0 && items > 0 {
            items = reader.drain(limit as usize, |packed| {
                if let Some(report) = packed.unpacked(sequence_number) {
                    out.add(count).write_unaligned(report);
                    count += 1;
                }
            });
        }
    }
    count as u32
}

unsafe extern "C" fn flush(handle: *mut c_void) {
    // SAFETY: `create` made the handle, and only this thread uses the writer.
    unsafe { (*handle.cast::<Ends>()).writer.publish() };
}

unsafe extern "C" fn destroy(handle: *mut c_void) {
    // SAFETY: `create` made the handle, and nothing uses it afterwards.
    drop(unsafe { Box::from_raw(handle.cast::<Ends>()) });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All kinds of reports, with small and large steps of the sequence number and drained in parts of any size, arrive
    /// through the ring as they do through the harness's queue.
    #[test]
    fn reports_come_out_of_the_ring_as_the_queue_has_them() {
        unsafe extern "C" fn keep(queue: *mut c_void, report: *const Report) -> c_int {
            // SAFETY: the report and the vector belong to this test.
            unsafe { (*queue.cast::<Vec<Report>>()).push(*report) };
            1
        }
        fn tell(outcome: &mut impl Outcome, n: u64) {
            let (id, maker, price, quantity) =
                (ClientOrderId(n), ClientOrderId(u64::MAX - n), Price(-7 - n.cast_signed()), Quantity(u32::MAX.into()));
            match n % 7 {
                0 => outcome.accepted(id, Side::Sell, price, quantity),
                1 | 2 => outcome.traded(maker, id, price, quantity),
                3 => outcome.canceled(id, Side::Sell, price),
                4 => outcome.modified(id, Side::Buy, price, quantity),
                5 => outcome.cancel_rejected(id),
                _ => outcome.modify_rejected(id),
            }
        }
        let mut expected: Vec<Report> = Vec::new();
        let mut queue = Queue { push: keep, handle: (&raw mut expected).cast() };
        (0..1_000).for_each(|n| tell(&mut Reporter { output: &mut queue, sequence_number: n << (n % 5 * 10) }, n));

        // SAFETY: `create` made the handle, and no other thread has it.
        unsafe {
            let ring = create(2_000);
            let ends = ring.cast::<Ends>();
            (0..1_000).for_each(|n| {
                tell(&mut Reporter { output: &mut (*ends).writer, sequence_number: n << (n % 5 * 10) }, n)
            });
            flush(ring);
            assert_eq!(drained(ring), expected);
            for report in &expected {
                assert_eq!(push(ring, report), 1);
            }
            flush(ring);
            assert_eq!(drained(ring), expected);
            destroy(ring);
        }
    }

    /// # Safety
    ///
    /// `create` made the handle, and no other thread has it.
    unsafe fn drained(ring: *mut c_void) -> Vec<Report> {
        let mut all = Vec::new();
        for limit in (1..=3).cycle() {
            let mut some = [Report([0; 8]); 3];
            // SAFETY: the caller guarantees the handle, and the buffer has room for this many reports.
            let count = unsafe { drain(ring, some.as_mut_ptr(), limit) };
            if count == 0 {
                break;
            }
            all.extend_from_slice(&some[..count as usize]);
        }
        all
    }
}
