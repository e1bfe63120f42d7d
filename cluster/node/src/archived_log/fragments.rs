//! The frames of a recording as the fragments that a container reads.

use aeron_archive_files::{Frame, FrameReader};
use aeron_cluster_service::{Fragment, FragmentSource, ServiceError};
use aeron_support::{FragmentAssembler, UNFRAGMENTED};

/// Any session id will do: a recording has the frames of one publication.
const SESSION_ID: i32 = 0;

/// The fragment in a frame.
#[inline]
pub(super) fn fragment(frame: Frame<'_>) -> Fragment<'_> {
    let Frame { payload, flags, term_offset, position } = frame;
    Fragment { payload, flags, session_id: SESSION_ID, term_offset, position }
}

/// A message that is one fragment, of no recording.
pub(super) fn whole_message(message: &[u8]) -> Fragment<'_> {
    Fragment { payload: message, flags: UNFRAGMENTED, session_id: SESSION_ID, term_offset: 0, position: 0 }
}

/// The fragments of a recording.
pub(super) struct Fragments(pub(super) FrameReader);

impl FragmentSource for Fragments {
    fn next_fragment(&mut self) -> Result<Option<Fragment<'_>>, ServiceError> {
        Ok(self.0.next_frame()?.map(fragment))
    }
}

impl Fragments {
    /// The whole messages of the recording.
    pub(super) fn messages(&mut self) -> Result<Vec<Vec<u8>>, ServiceError> {
        let mut assembler = FragmentAssembler::new(1);
        let mut messages = Vec::new();
        while let Some(fragment) = self.next_fragment()? {
            messages.extend(assembler.assemble(&fragment).map(<[u8]>::to_vec));
        }
        Ok(messages)
    }
}
