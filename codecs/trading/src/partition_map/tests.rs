//! What must hold of every message of the partition map's protocol.

use lugus_vocabulary::{MapAnswer, MapRequest, MapRequestHeader, PartitionMap};
use proptest::prelude::*;
use proptest::sample::Index;
use sbe_message::HEADER_LENGTH;

use super::map::digest_of;
use super::*;
use crate::error::MessageError;
use crate::testing::partition_map::{answer, header, map, request};
use crate::testing::{Codec, damage, nearly_a_message};

const REQUESTS: Codec<(MapRequestHeader, MapRequest)> = Codec {
    encode: |(header, request)| encode_map_request(header, request),
    decode: |message| match decode_map_request(message) {
        Ok((header, request)) => Ok(Some((header, request?))),
        Err(MapMessageError::Message(error)) => Err(error),
        Err(_) => Err(MessageError::Value { template_id: 0, field: "surplus" }),
    },
};

const ANSWERS: Codec<MapAnswer> = Codec {
    encode: |answer| encode_map_answer(answer).to_vec(),
    decode: |message| decode_map_answer(message).map(Some),
};

fn written(map: &PartitionMap) -> Vec<u8> {
    let record = encode_map(map);
    assert!(record.len() <= MAXIMUM_MAP_LENGTH);
    record
}

/// A record of a later version with more fields after its root block, and the digest that it then has.
fn later_version(record: &[u8], fields: &[u8]) -> Vec<u8> {
    let block_length = u16::from_le_bytes([record[0], record[1]]);
    let end_of_block = HEADER_LENGTH + usize::from(block_length);
    let mut later = record.to_vec();
    later[..2].copy_from_slice(&(block_length + fields.len() as u16).to_le_bytes());
    later[6] += 1;
    later.splice(end_of_block..end_of_block, fields.iter().copied());
    let digest = digest_of(&later);
    later[HEADER_LENGTH..HEADER_LENGTH + 8].copy_from_slice(&digest.0.to_le_bytes());
    later
}

proptest! {
    #[test]
    fn maps_survive_encoding_and_decoding(map in map(), fields in proptest::collection::vec(any::<u8>(), 1..40)) {
        let record = written(&map);
        prop_assert_eq!(decode_map(&record), Ok((map.clone(), digest_of_map(&map))));
        let later = later_version(&record, &fields);
        prop_assert_eq!(decode_map(&later).map(|(map, _)| map), Ok(map));
    }

    #[test]
    fn a_map_that_is_cut_extended_or_altered_is_refused(map in map(), at: Index, bits in 1..=u8::MAX) {
        let record = written(&map);
        prop_assert!(decode_map(&record[..at.index(record.len())]).is_err());
        let mut longer = record.clone();
        longer.push(bits);
        prop_assert_eq!(decode_map(&longer), Err(MapMessageError::Surplus(1)));
        let mut bent = record;
        let at = at.index(bent.len());
        bent[at] ^= bits;
        prop_assert!(decode_map(&bent).is_err(), "byte {}", at);
    }

    #[test]
    fn other_maps_have_other_digests(one in map(), other in map()) {
        prop_assert_eq!(one == other, digest_of_map(&one) == digest_of_map(&other));
    }

    #[test]
    fn requests_survive_encoding_and_decoding(header in header(), request in request(), damage in damage()) {
        REQUESTS.check(&(header, request), &damage);
    }

    #[test]
    fn the_requester_is_known_if_only_its_request_is_invalid(header in header(), action in 8..=254u8) {
        let request = MapRequest::Halt { instrument: lugus_vocabulary::InstrumentId(1) };
        let mut message = encode_map_request(&header, &request);
        let end_of_block = HEADER_LENGTH + usize::from(u16::from_le_bytes([message[0], message[1]]));
        message[end_of_block - 1] = action;
        let (read, request) = decode_map_request(&message).unwrap();
        prop_assert_eq!(read, header);
        let is_refused = matches!(request, Err(MessageError::Value { field: "action", .. }));
        prop_assert!(is_refused);
    }

    #[test]
    fn answers_survive_encoding_and_decoding(answer in answer(), damage in damage()) {
        ANSWERS.check(&answer, &damage);
    }

    #[test]
    fn no_bytes_make_a_decoder_panic(message in nearly_a_message(SBE_SCHEMA_ID)) {
        let _ = (decode_map(&message), decode_map_request(&message).is_ok(), decode_map_answer(&message).is_ok());
    }
}
