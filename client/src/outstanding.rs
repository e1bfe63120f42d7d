//! The commands of one scope until they are answered: a bounded ring in which each is encoded once, and from which it
//! is sent again.

use lugus_codecs::order_entry::{CommandBuffer, MAXIMUM_COMMAND_LENGTH};

/// Number of slots with which a ring starts; it doubles as needed, up to the limit.
const FIRST_SLOTS: usize = 16;

/// Commands numbered from 1, ascending by one, in the order in which they were taken. Commands before `first` are
/// settled; commands from `cursor` on wait to be sent, for the first time or again.
#[derive(Debug)]
pub(crate) struct Outstanding {
    /// Command `n` is in slot `n % slots.len()`; the length is a power of two.
    slots: Vec<Slot>,
    maximum: usize,
    first: u64,
    cursor: u64,
    next: u64,
    sent_through: u64,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    /// Length of the message in bytes.
    length: u8,
    message: CommandBuffer,
}

const EMPTY: Slot = Slot { length: 0, message: [0; MAXIMUM_COMMAND_LENGTH] };

/// [`Slot::length`] has one byte.
const _: () = assert!(MAXIMUM_COMMAND_LENGTH <= u8::MAX as usize);

/// A command that waits to be sent.
pub(crate) struct Waiting<'a> {
    /// Number of the command in this session.
    pub(crate) number: u64,
    /// The encoded command, in the first `length` bytes.
    pub(crate) message: &'a mut CommandBuffer,
    /// Length of the command in bytes.
    pub(crate) length: usize,
}

impl Outstanding {
    /// A ring that holds up to `maximum` unsettled commands.
    pub(crate) fn new(maximum: usize) -> Self {
        let slots = vec![EMPTY; FIRST_SLOTS.min(maximum.next_power_of_two())];
        Self { slots, maximum, first: 1, cursor: 1, next: 1, sent_through: 0 }
    }

    /// Number of commands that are not settled.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        (self.next - self.first) as usize
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.next == self.first
    }

    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        self.len() >= self.maximum
    }

    /// Number of the oldest command that is not settled, or of the next command if all are.
    #[inline]
    pub(crate) fn first(&self) -> u64 {
        self.first
    }

    /// Number of the next command to be taken.
    #[inline]
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// Number of the next command to be sent.
    #[inline]
    pub(crate) fn cursor(&self) -> u64 {
        self.cursor
    }

    /// Number of the newest command that was ever sent and may be on its way or applied.
    #[inline]
    pub(crate) fn sent_through(&self) -> u64 {
        self.sent_through
    }

    /// Whether command `number` is not settled and may be on its way or applied.
    #[inline]
    pub(crate) fn is_in_flight(&self, number: u64) -> bool {
        self.first <= number && number <= self.sent_through
    }

    /// Whether any command may be on its way.
    #[inline]
    pub(crate) fn any_in_flight(&self) -> bool {
        self.is_in_flight(self.first)
    }

    /// Takes a command and returns its number: `encode` writes the command and returns its length in bytes. The caller
    /// has checked [`Self::is_full`].
    #[inline]
    pub(crate) fn push(&mut self, encode: impl FnOnce(&mut CommandBuffer) -> usize) -> u64 {
        debug_assert!(!self.is_full());
        if self.len() == self.slots.len() {
            self.grow();
        }
        let number = self.next;
        let slot = self.slot(number);
        slot.length = encode(&mut slot.message) as u8;
        self.next += 1;
        number
    }

    /// Removes the newest command, which was not sent.
    pub(crate) fn undo_push(&mut self) {
        debug_assert!(self.cursor < self.next && self.sent_through + 1 < self.next);
        self.next -= 1;
    }

    /// The next command to be sent, if any waits.
    #[inline]
    pub(crate) fn waiting(&mut self) -> Option<Waiting<'_>> {
        if self.cursor == self.next {
            return None;
        }
        let number = self.cursor;
        let slot = self.slot(number);
        Some(Waiting { number, length: usize::from(slot.length), message: &mut slot.message })
    }

    /// Notes that the command which [`Self::waiting`] gave has been sent.
    #[inline]
    pub(crate) fn mark_sent(&mut self) {
        debug_assert!(self.cursor < self.next);
        self.sent_through = self.sent_through.max(self.cursor);
        self.cursor += 1;
    }

    /// Makes all commands that are not settled be sent, once more.
    pub(crate) fn rewind(&mut self) {
        self.cursor = self.first;
    }

    /// Notes that the commands which are not settled are neither applied nor on their way.
    pub(crate) fn forget_sent(&mut self) {
        self.sent_through = self.first - 1;
        self.cursor = self.first;
    }

    /// Settles all commands up to `number`.
    #[inline]
    pub(crate) fn settle_through(&mut self, number: u64) {
        debug_assert!(number < self.next);
        self.first = self.first.max(number + 1);
        self.cursor = self.cursor.max(self.first);
    }

    #[inline]
    fn slot(&mut self, number: u64) -> &mut Slot {
        let mask = self.slots.len() - 1;
        &mut self.slots[number as usize & mask]
    }

    fn grow(&mut self) {
        let mut slots = vec![EMPTY; self.slots.len() * 2];
        let mask = slots.len() - 1;
        for number in self.first..self.next {
            slots[number as usize & mask] = *self.slot(number);
        }
        self.slots = slots;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A command whose bytes are its number.
    fn push(outstanding: &mut Outstanding, expected: u64) {
        let number = outstanding.push(|buffer| {
            buffer[..8].copy_from_slice(&expected.to_le_bytes());
            8
        });
        assert_eq!(number, expected);
    }

    fn send(outstanding: &mut Outstanding) -> Option<u64> {
        let waiting = outstanding.waiting()?;
        let number = waiting.number;
        assert_eq!(waiting.message[..waiting.length], number.to_le_bytes());
        outstanding.mark_sent();
        Some(number)
    }

    fn send_all(outstanding: &mut Outstanding) -> Vec<u64> {
        std::iter::from_fn(|| send(outstanding)).collect()
    }

    #[test]
    fn commands_are_sent_in_order_settled_in_order_and_bounded() {
        let mut outstanding = Outstanding::new(3);
        for number in 1..=3 {
            push(&mut outstanding, number);
        }
        assert!(outstanding.is_full());
        assert_eq!(send_all(&mut outstanding), [1, 2, 3]);
        outstanding.settle_through(2);
        assert_eq!((outstanding.len(), outstanding.first(), outstanding.is_full()), (1, 3, false));
        push(&mut outstanding, 4);
        assert_eq!(send_all(&mut outstanding), [4]);
        outstanding.settle_through(4);
        assert!(outstanding.is_empty() && !outstanding.any_in_flight());
    }

    #[test]
    fn the_unsettled_are_sent_again_in_order() {
        let mut outstanding = Outstanding::new(8);
        for number in 1..=5 {
            push(&mut outstanding, number);
        }
        for _ in 0..4 {
            send(&mut outstanding);
        }
        outstanding.settle_through(1);
        outstanding.rewind();
        assert_eq!(outstanding.sent_through(), 4, "what is sent again has been sent before");
        assert_eq!(send(&mut outstanding), Some(2));
        outstanding.settle_through(3);
        assert_eq!(send_all(&mut outstanding), [4, 5], "an answer between makes a re-send needless");
    }

    #[test]
    fn what_was_not_sent_can_be_taken_back() {
        let mut outstanding = Outstanding::new(2);
        push(&mut outstanding, 1);
        send(&mut outstanding);
        push(&mut outstanding, 2);
        outstanding.undo_push();
        assert_eq!((outstanding.len(), outstanding.next()), (1, 2));
        push(&mut outstanding, 2);
        assert_eq!(send_all(&mut outstanding), [2]);
    }

    #[test]
    fn after_a_fence_nothing_is_in_flight() {
        let mut outstanding = Outstanding::new(4);
        for number in 1..=3 {
            push(&mut outstanding, number);
        }
        send_all(&mut outstanding);
        outstanding.settle_through(1);
        outstanding.forget_sent();
        assert!(!outstanding.any_in_flight() && !outstanding.is_in_flight(3));
        assert_eq!(send_all(&mut outstanding), [2, 3]);
        assert!(outstanding.is_in_flight(2) && outstanding.is_in_flight(3));
    }

    #[test]
    fn the_ring_grows_to_its_limit_and_goes_round() {
        let mut outstanding = Outstanding::new(100);
        let (mut pushed, mut settled) = (0, 0);
        for round in 0..1_000u64 {
            while pushed - settled < 1 + round % 100 {
                pushed += 1;
                push(&mut outstanding, pushed);
            }
            send_all(&mut outstanding);
            outstanding.rewind();
            assert_eq!(send_all(&mut outstanding), (settled + 1..=pushed).collect::<Vec<_>>());
            settled = settled.max(pushed - round % 37 % (pushed - settled + 1));
            if settled > 0 {
                outstanding.settle_through(settled);
            }
        }
        assert_eq!(outstanding.slots.len(), 128);
    }
}
