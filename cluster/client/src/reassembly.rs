//! Fragments of egress to whole messages.
//!
//! Source: `io.aeron.FragmentAssembler`. Ours is bounded, is emptied at a change of leader, and needs no call-backs.

/// First fragment of a message (`AERON_DATA_HEADER_BEGIN_FLAG`).
pub(crate) const BEGIN: u8 = 0x80;
/// Last fragment of a message (`AERON_DATA_HEADER_END_FLAG`).
pub(crate) const END: u8 = 0x40;

/// Longest message in bytes: Aeron's own limit (`FrameDescriptor.MAX_MESSAGE_LENGTH`).
const MAX_MESSAGE_LENGTH: usize = 16 * 1024 * 1024;

/// Images that may be in the middle of a message at once: an old leader's, a new one's, and those of shared IPC egress.
const MAX_IMAGES: usize = 8;

/// Collects fragments, an image at a time.
#[derive(Debug, Default)]
pub(crate) struct Reassembly {
    partials: Vec<Partial>,
}

#[derive(Debug)]
struct Partial {
    image: i32,
    /// Empty: between messages. The buffer is kept.
    message: Vec<u8>,
    /// Where the next fragment has to start.
    next_term_offset: i32,
}

/// Where a fragment stands in its stream.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fragment {
    /// Session id of the publication.
    pub image: i32,
    pub flags: u8,
    pub term_offset: i32,
    /// Offset at which the next frame starts.
    pub next_term_offset: i32,
}

impl Reassembly {
    /// Takes a fragment; returns the message that it completes, if it does. Fragments without a beginning, and messages with
    /// a hole or longer than Aeron's limit, are dropped.
    #[inline]
    pub(crate) fn on_fragment<'a>(&'a mut self, fragment: Fragment, data: &'a [u8]) -> Option<&'a [u8]> {
        if fragment.flags & (BEGIN | END) == BEGIN | END { Some(data) } else { self.on_part(fragment, data) }
    }

    fn on_part<'a>(&'a mut self, fragment: Fragment, data: &[u8]) -> Option<&'a [u8]> {
        let partial = self.partial(fragment.image);
        if fragment.flags & BEGIN != 0 {
            partial.message.clear();
        } else if partial.message.is_empty() {
            return None;
        } else if partial.next_term_offset != fragment.term_offset
            || partial.message.len() + data.len() > MAX_MESSAGE_LENGTH
        {
            partial.message.clear();
            return None;
        }
        partial.message.extend_from_slice(data);
        partial.next_term_offset = fragment.next_term_offset;
        if fragment.flags & END == 0 {
            return None;
        }
        // The buffer stays in place as long as the caller reads it: the next BEGIN clears it, and any other fragment that
        // comes first is one without a beginning, which an offset that no frame has makes sure of.
        partial.next_term_offset = i32::MIN;
        Some(&partial.message)
    }

    /// Forgets all that is unfinished, except of `image`.
    pub(crate) fn keep_only(&mut self, image: i32) {
        self.partials.retain(|partial| partial.image == image);
    }

    /// The image's place, the oldest one's when there are too many.
    fn partial(&mut self, image: i32) -> &mut Partial {
        let index = match self.partials.iter().position(|partial| partial.image == image) {
            Some(index) => index,
            None => {
                if self.partials.len() == MAX_IMAGES {
                    self.partials.remove(0);
                }
                self.partials.push(Partial { image, message: Vec::new(), next_term_offset: i32::MIN });
                self.partials.len() - 1
            }
        };
        &mut self.partials[index]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn part(image: i32, flags: u8, term_offset: i32) -> Fragment {
        Fragment { image, flags, term_offset, next_term_offset: term_offset + 100 }
    }

    #[test]
    fn whole_messages_pass_through() {
        let mut reassembly = Reassembly::default();
        assert_eq!(reassembly.on_fragment(part(1, BEGIN | END, 0), b"abc"), Some(&b"abc"[..]));
        assert!(reassembly.partials.is_empty());
    }

    #[test]
    fn parts_of_two_images_are_kept_apart() {
        let mut reassembly = Reassembly::default();
        assert_eq!(reassembly.on_fragment(part(1, BEGIN, 0), b"a"), None);
        assert_eq!(reassembly.on_fragment(part(2, BEGIN, 0), b"x"), None);
        assert_eq!(reassembly.on_fragment(part(1, 0, 100), b"b"), None);
        assert_eq!(reassembly.on_fragment(part(2, END, 100), b"y"), Some(&b"xy"[..]));
        assert_eq!(reassembly.on_fragment(part(1, END, 200), b"c"), Some(&b"abc"[..]));
        assert_eq!(reassembly.on_fragment(part(1, END, 300), b"d"), None, "its beginning has been used up");
    }

    #[test]
    fn holes_and_stray_parts_are_dropped() {
        let mut reassembly = Reassembly::default();
        assert_eq!(reassembly.on_fragment(part(1, END, 0), b"stray"), None);
        assert_eq!(reassembly.on_fragment(part(1, BEGIN, 0), b"a"), None);
        assert_eq!(reassembly.on_fragment(part(1, END, 200), b"c"), None, "100 is missing");
        assert_eq!(reassembly.on_fragment(part(1, BEGIN, 300), b"a"), None);
        assert_eq!(reassembly.on_fragment(part(1, BEGIN, 400), b"b"), None, "a new beginning replaces the old one");
        assert_eq!(reassembly.on_fragment(part(1, END, 500), b"c"), Some(&b"bc"[..]));
    }

    #[test]
    fn a_change_of_leader_forgets_the_other_images() {
        let mut reassembly = Reassembly::default();
        reassembly.on_fragment(part(1, BEGIN, 0), b"a");
        reassembly.on_fragment(part(2, BEGIN, 0), b"x");
        reassembly.keep_only(2);
        assert_eq!(reassembly.on_fragment(part(1, END, 100), b"b"), None);
        assert_eq!(reassembly.on_fragment(part(2, END, 100), b"y"), Some(&b"xy"[..]));
    }

    #[test]
    fn length_and_images_are_bounded() {
        let mut reassembly = Reassembly::default();
        for image in 0..100 {
            reassembly.on_fragment(part(image, BEGIN, 0), b"a");
        }
        assert_eq!(reassembly.partials.len(), MAX_IMAGES);
        let quarter = vec![0; MAX_MESSAGE_LENGTH / 4];
        reassembly.on_fragment(part(1, BEGIN, 0), &quarter);
        for index in 1..=3 {
            reassembly.on_fragment(part(1, 0, index * 100), &quarter);
        }
        assert_eq!(reassembly.on_fragment(part(1, END, 400), b"one too many"), None);
    }

    proptest! {
        #[test]
        fn any_split_comes_out_whole(message in proptest::collection::vec(any::<u8>(), 2..500), size in 1usize..200) {
            let mut reassembly = Reassembly::default();
            let parts: Vec<&[u8]> = message.chunks(size).collect();
            let mut whole = None;
            for (index, data) in parts.iter().enumerate() {
                let first = if index == 0 { BEGIN } else { 0 };
                let last = if index + 1 == parts.len() { END } else { 0 };
                let fragment = part(7, first | last, i32::try_from(index).unwrap() * 100);
                whole = reassembly.on_fragment(fragment, data).map(<[u8]>::to_vec);
            }
            prop_assert_eq!(whole, Some(message));
        }
    }
}
