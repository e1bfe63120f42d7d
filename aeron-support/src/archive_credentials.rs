//! How a client proves to an archive who it is.

use std::ffi::c_void;
use std::fmt;
use std::sync::Arc;

use rusteron_archive::bindings::aeron_archive_encoded_credentials_t;
use rusteron_archive::{
    AeronArchiveContext, AeronArchiveCredentialsFreeFuncCallback, AeronArchiveEncodedCredentials, AeronCError,
};

/// What a client sends when it connects to an archive, and how it answers the archive's challenge (`CredentialsSupplier` in
/// Java).
#[derive(Clone)]
pub struct ArchiveCredentials {
    credentials: Vec<u8>,
    answer: Arc<Answer>,
}

/// From a challenge to its answer.
type Answer = dyn Fn(&[u8]) -> Vec<u8> + Send + Sync;

impl ArchiveCredentials {
    /// Credentials, and what answers a challenge.
    pub fn new(credentials: impl Into<Vec<u8>>, answer: impl Fn(&[u8]) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self { credentials: credentials.into(), answer: Arc::new(answer) }
    }

    pub(crate) fn give_to(&self, context: &AeronArchiveContext) -> Result<(), AeronCError> {
        let nothing = aeron_archive_encoded_credentials_t { data: std::ptr::null(), length: 0 };
        let supplier = Supplier { own: self.clone(), bytes: Vec::new(), given: nothing };
        // The context keeps the supplier, and a connect keeps its context.
        context.set_credentials_supplier(Some(credentials), Some(answer_to), Some(supplier)).map(drop)
    }
}

/// Without the credentials.
impl fmt::Debug for ArchiveCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ArchiveCredentials({} bytes)", self.credentials.len())
    }
}

/// What the C client has of the credentials of one session.
struct Supplier {
    own: ArchiveCredentials,
    /// What was given last. The C client sends these bytes before it asks again.
    bytes: Vec<u8>,
    given: aeron_archive_encoded_credentials_t,
}

impl Supplier {
    fn give(&mut self, bytes: Vec<u8>) -> *mut aeron_archive_encoded_credentials_t {
        self.bytes = bytes;
        let length = u32::try_from(self.bytes.len()).unwrap_or(0);
        self.given = aeron_archive_encoded_credentials_t { data: self.bytes.as_ptr().cast(), length };
        &raw mut self.given
    }
}

/// The bytes go with the supplier.
impl AeronArchiveCredentialsFreeFuncCallback for Supplier {
    fn handle_aeron_archive_credentials_free_func(&mut self, _credentials: AeronArchiveEncodedCredentials) {}
}

unsafe extern "C" fn credentials(supplier: *mut c_void) -> *mut aeron_archive_encoded_credentials_t {
    // SAFETY: the C client hands back the pointer that it was given with this function, which is that of a `Supplier` that its
    // context keeps, and calls only from the thread that polls the connect.
    let supplier = unsafe { &mut *supplier.cast::<Supplier>() };
    supplier.give(supplier.own.credentials.clone())
}

unsafe extern "C" fn answer_to(
    challenge: *mut aeron_archive_encoded_credentials_t,
    supplier: *mut c_void,
) -> *mut aeron_archive_encoded_credentials_t {
    // SAFETY: as in `credentials`.
    let supplier = unsafe { &mut *supplier.cast::<Supplier>() };
    // SAFETY: the C client passes the challenge that it has decoded, whose bytes stay while this runs.
    let challenge = unsafe { challenge.as_ref() }.filter(|challenge| !challenge.data.is_null());
    let challenge = challenge.map_or(&[][..], |challenge| {
        // SAFETY: `length` bytes are at `data`, which was compared with null above.
        unsafe { std::slice::from_raw_parts(challenge.data.cast::<u8>(), challenge.length as usize) }
    });
    let answer = (supplier.own.answer)(challenge);
    supplier.give(answer)
}
