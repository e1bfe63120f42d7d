//! Puts the fragments of messages together.
//!
//! Source: `FragmentAssembler`, `ImageFragmentAssembler` and `BufferBuilder` of Aeron's client. Unlike those this one has
//! bounded memory, can forget images, and returns the message instead of calling back.

use rusteron_archive::AeronHeader;

/// Flag of the first fragment of a message. Source: `AERON_DATA_HEADER_BEGIN_FLAG`.
pub const BEGIN_FRAGMENT_FLAG: u8 = 0x80;
/// Flag of the last fragment of a message. Source: `AERON_DATA_HEADER_END_FLAG`.
pub const END_FRAGMENT_FLAG: u8 = 0x40;
/// Flags of a message in one fragment.
pub const UNFRAGMENTED: u8 = BEGIN_FRAGMENT_FLAG | END_FRAGMENT_FLAG;
/// Longest message that Aeron carries, in bytes. Source: `FrameDescriptor.MAX_MESSAGE_LENGTH`.
pub const MAX_MESSAGE_LENGTH: usize = 16 * 1024 * 1024;

/// Length of a data frame's header, in bytes.
const FRAME_HEADER_LENGTH: usize = 32;
/// A frame begins at a multiple of this many bytes of its term.
const FRAME_ALIGNMENT: usize = 32;

/// One fragment of a stream: a message or a part of one.
#[derive(Debug, Clone, Copy)]
pub struct Fragment<'a> {
    /// Bytes after the frame's header.
    pub payload: &'a [u8],
    /// [`BEGIN_FRAGMENT_FLAG`] and [`END_FRAGMENT_FLAG`].
    pub flags: u8,
    /// Session id of the publication, which names the image.
    pub session_id: i32,
    /// Where the frame begins in its term, in bytes.
    pub term_offset: i32,
    /// Position in the stream after the frame, in bytes.
    pub position: i64,
}

impl<'a> Fragment<'a> {
    /// The fragment that a poll hands to its callback.
    #[inline]
    pub fn new(payload: &'a [u8], header: &AeronHeader) -> Self {
        let position = header.position();
        match header.get_values() {
            Ok(values) => {
                let frame = &values.frame;
                Self {
                    payload,
                    flags: frame.flags,
                    session_id: frame.session_id,
                    term_offset: frame.term_offset,
                    position,
                }
            }
            // Without flags a fragment belongs to no message, so an assembler drops it.
            Err(_) => Self { payload, flags: 0, session_id: 0, term_offset: -1, position },
        }
    }

    /// Where the next frame begins in the term, in bytes.
    fn next_term_offset(&self) -> i32 {
        let length = (FRAME_HEADER_LENGTH + self.payload.len()).next_multiple_of(FRAME_ALIGNMENT);
        self.term_offset.wrapping_add(length as i32)
    }
}

/// Puts messages together, for each image on its own. Takes at most [`MAX_MESSAGE_LENGTH`] bytes an image.
#[derive(Debug)]
pub struct FragmentAssembler {
    max_images: usize,
    /// Images that sent a message in several fragments, the one longest known first.
    images: Vec<ImageBuffer>,
}

#[derive(Debug)]
struct ImageBuffer {
    session_id: i32,
    message: Vec<u8>,
    /// Where the next fragment of the message must begin in its term; `None` between messages.
    next_term_offset: Option<i32>,
}

impl FragmentAssembler {
    /// An assembler for at most `max_images` images that are in the middle of a message at once; a further image takes the
    /// place of the one that has been known for longest. A stream with one publisher needs 1.
    pub fn new(max_images: usize) -> Self {
        Self { max_images: max_images.max(1), images: Vec::new() }
    }

    /// Takes the next fragment of its image and returns the message that ends with it, if one does. A fragment without a
    /// beginning is dropped, and so is a message with a missing fragment or longer than [`MAX_MESSAGE_LENGTH`].
    #[inline]
    pub fn assemble<'a>(&'a mut self, fragment: &Fragment<'a>) -> Option<&'a [u8]> {
        if fragment.flags & UNFRAGMENTED == UNFRAGMENTED {
            return Some(fragment.payload);
        }
        self.append(fragment)
    }

    /// Keeps the unfinished messages of the images whose session ids `keeps` wants, and forgets the others.
    pub fn retain(&mut self, mut keeps: impl FnMut(i32) -> bool) {
        self.images.retain(|image| keeps(image.session_id));
    }

    /// Forgets all unfinished messages.
    pub fn clear(&mut self) {
        self.images.clear();
    }

    fn append(&mut self, fragment: &Fragment<'_>) -> Option<&[u8]> {
        let image = self.image(fragment.session_id);
        if fragment.flags & BEGIN_FRAGMENT_FLAG != 0 {
            image.message.clear();
        } else if image.next_term_offset != Some(fragment.term_offset) {
            image.next_term_offset = None;
            return None;
        }
        if image.message.len() + fragment.payload.len() > MAX_MESSAGE_LENGTH {
            image.next_term_offset = None;
            return None;
        }
        image.message.extend_from_slice(fragment.payload);
        if fragment.flags & END_FRAGMENT_FLAG != 0 {
            image.next_term_offset = None;
            return Some(&image.message);
        }
        image.next_term_offset = Some(fragment.next_term_offset());
        None
    }

    fn image(&mut self, session_id: i32) -> &mut ImageBuffer {
        let known = self.images.iter().position(|image| image.session_id == session_id);
        let index = known.unwrap_or_else(|| {
            if self.images.len() < self.max_images {
                self.images.push(ImageBuffer { session_id, message: Vec::new(), next_term_offset: None });
            } else {
                // The buffer is used again.
                self.images.rotate_left(1);
                if let Some(image) = self.images.last_mut() {
                    image.session_id = session_id;
                    image.next_term_offset = None;
                }
            }
            self.images.len() - 1
        });
        &mut self.images[index]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A fragment of the image 1.
    fn fragment(payload: &[u8], flags: u8, term_offset: i32) -> Fragment<'_> {
        of_image(1, payload, flags, term_offset)
    }

    fn of_image(session_id: i32, payload: &[u8], flags: u8, term_offset: i32) -> Fragment<'_> {
        Fragment { payload, flags, session_id, term_offset, position: 0 }
    }

    #[test]
    fn whole_messages_pass_through() {
        let mut assembler = FragmentAssembler::new(1);
        assert_eq!(assembler.assemble(&fragment(b"whole", UNFRAGMENTED, 0)), Some(&b"whole"[..]));
        assert_eq!(assembler.assemble(&fragment(b"", UNFRAGMENTED, 64)), Some(&b""[..]));
        assert!(assembler.images.is_empty());
    }

    #[test]
    fn fragments_that_follow_each_other_make_a_message() {
        let mut assembler = FragmentAssembler::new(1);
        for _ in 0..2 {
            assert_eq!(assembler.assemble(&fragment(b"one ", BEGIN_FRAGMENT_FLAG, 96)), None);
            assert_eq!(assembler.assemble(&fragment(b"two ", 0, 160)), None, "36 bytes take up 64");
            assert_eq!(assembler.assemble(&fragment(b"three", END_FRAGMENT_FLAG, 224)), Some(&b"one two three"[..]));
            assert_eq!(assembler.assemble(&fragment(b"four", END_FRAGMENT_FLAG, 288)), None, "the message has ended");
        }
    }

    #[test]
    fn a_message_with_a_hole_is_dropped() {
        let mut assembler = FragmentAssembler::new(1);
        assert_eq!(assembler.assemble(&fragment(b"end", END_FRAGMENT_FLAG, 0)), None, "never began");
        assert_eq!(assembler.assemble(&fragment(b"one", BEGIN_FRAGMENT_FLAG, 0)), None);
        assert_eq!(assembler.assemble(&fragment(b"three", END_FRAGMENT_FLAG, 128)), None, "64 is missing");
        assert_eq!(assembler.assemble(&fragment(b"two", END_FRAGMENT_FLAG, 64)), None, "the rest is dropped too");
        assert_eq!(assembler.assemble(&fragment(b"a", BEGIN_FRAGMENT_FLAG, 0)), None);
        assert_eq!(assembler.assemble(&fragment(b"b", BEGIN_FRAGMENT_FLAG, 64)), None, "another begins");
        assert_eq!(assembler.assemble(&fragment(b"c", END_FRAGMENT_FLAG, 128)), Some(&b"bc"[..]));
    }

    #[test]
    fn images_are_kept_apart() {
        let mut assembler = FragmentAssembler::new(2);
        assert_eq!(assembler.assemble(&of_image(1, b"a", BEGIN_FRAGMENT_FLAG, 0)), None);
        assert_eq!(assembler.assemble(&of_image(2, b"x", BEGIN_FRAGMENT_FLAG, 0)), None);
        assert_eq!(assembler.assemble(&of_image(1, b"b", 0, 64)), None);
        assert_eq!(assembler.assemble(&of_image(2, b"y", END_FRAGMENT_FLAG, 64)), Some(&b"xy"[..]));
        assert_eq!(assembler.assemble(&of_image(1, b"c", END_FRAGMENT_FLAG, 128)), Some(&b"abc"[..]));
        assert_eq!(assembler.assemble(&of_image(1, b"d", END_FRAGMENT_FLAG, 192)), None, "the message has ended");
    }

    #[test]
    fn images_are_forgotten() {
        let mut assembler = FragmentAssembler::new(2);
        assembler.assemble(&of_image(1, b"a", BEGIN_FRAGMENT_FLAG, 0));
        assembler.assemble(&of_image(2, b"x", BEGIN_FRAGMENT_FLAG, 0));
        assembler.retain(|session_id| session_id == 2);
        assert_eq!(assembler.assemble(&of_image(1, b"b", END_FRAGMENT_FLAG, 64)), None);
        assert_eq!(assembler.assemble(&of_image(2, b"y", END_FRAGMENT_FLAG, 64)), Some(&b"xy"[..]));
        assembler.assemble(&of_image(2, b"x", BEGIN_FRAGMENT_FLAG, 0));
        assembler.clear();
        assert_eq!(assembler.assemble(&of_image(2, b"y", END_FRAGMENT_FLAG, 64)), None);
    }

    #[test]
    fn a_further_image_replaces_the_oldest() {
        let mut assembler = FragmentAssembler::new(2);
        for image in 1..=3 {
            assembler.assemble(&of_image(image, b"a", BEGIN_FRAGMENT_FLAG, 0));
        }
        assert_eq!(assembler.images.len(), 2);
        assert_eq!(assembler.assemble(&of_image(2, b"b", END_FRAGMENT_FLAG, 64)), Some(&b"ab"[..]));
        assert_eq!(assembler.assemble(&of_image(3, b"b", END_FRAGMENT_FLAG, 64)), Some(&b"ab"[..]));
        assert_eq!(assembler.assemble(&of_image(1, b"b", END_FRAGMENT_FLAG, 64)), None);
    }

    #[test]
    fn more_than_aeron_can_carry_is_dropped() {
        let mut assembler = FragmentAssembler::new(1);
        let half = vec![0; MAX_MESSAGE_LENGTH / 2];
        let step = (half.len() + FRAME_HEADER_LENGTH) as i32;
        assert_eq!(assembler.assemble(&fragment(&half, BEGIN_FRAGMENT_FLAG, 0)), None);
        assert_eq!(assembler.assemble(&fragment(&half, 0, step)), None);
        assert_eq!(assembler.assemble(&fragment(b"x", END_FRAGMENT_FLAG, 2 * step)), None);
    }

    proptest! {
        #[test]
        fn a_message_comes_out_whole_however_it_was_split(
            message in proptest::collection::vec(any::<u8>(), 2..500), size in 1_usize..200,
        ) {
            let mut assembler = FragmentAssembler::new(1);
            let (mut whole, mut term_offset) = (None, 0);
            let count = message.len().div_ceil(size);
            for (index, payload) in message.chunks(size).enumerate() {
                let first = if index == 0 { BEGIN_FRAGMENT_FLAG } else { 0 };
                let last = if index + 1 == count { END_FRAGMENT_FLAG } else { 0 };
                let fragment = fragment(payload, first | last, term_offset);
                term_offset = fragment.next_term_offset();
                whole = assembler.assemble(&fragment).map(<[u8]>::to_vec);
            }
            prop_assert_eq!(whole, Some(message));
        }
    }
}
