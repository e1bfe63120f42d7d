//! The generated codecs, one module for each schema. The decoders panic on short buffers: `block!` checks a message before it
//! gives one out.

include!(concat!(env!("OUT_DIR"), "/protocols.rs"));
