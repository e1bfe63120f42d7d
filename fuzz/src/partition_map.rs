//! The partition map: records of the coordinator's stream, and requests to change the map.

use lugus_codecs::authenticated_request::{decode_authenticated_request, decode_request_challenge};
use lugus_codecs::partition_map::{MapMessageError, decode_map_answer, decode_map_request, encode_map_answer};
use lugus_coordinator::apply;
use lugus_partition_map::{
    ClusterEntry, DeploymentId, MapEpoch, MapRecordError, MemberEntry, PartitionMap, check_map, encode_map, read_map,
};
use lugus_vocabulary::{ClusterId, Endpoint, MemberId};

use crate::golden;
use crate::steps::{Steps, input};

/// Place of the digest in a record, in bytes.
const DIGEST: std::ops::Range<usize> = 8..16;

/// A record is refused, or its map is read from its own record as it is. A wrong digest is set right, so that the bytes behind it are read,
/// too.
pub(crate) fn read_record(bytes: &[u8]) {
    let mut record = bytes.to_vec();
    if let Err(MapRecordError::Message(MapMessageError::Digest { computed, .. })) = read_map(&record) {
        record[DIGEST].copy_from_slice(&computed.0.to_le_bytes());
    }
    if let Ok((map, _)) = read_map(&record) {
        let (again, _) = read_map(&encode_map(&map)).expect("a map that was read");
        assert_eq!(again, map);
    }
}

pub(crate) fn record_seeds() -> Vec<Vec<u8>> {
    let two = map();
    golden::messages(&["partition_map."]).into_iter().chain([encode_map(&two)]).collect()
}

/// Requests to the coordinator, one after another: each leaves a valid map. What clients read of its answers is read of any bytes, too.
pub(crate) fn take_requests(bytes: &[u8]) {
    let mut map = map();
    for (operation, message) in Steps(bytes) {
        let _ = decode_request_challenge(message);
        if let Ok(answer) = decode_map_answer(message) {
            assert_eq!(decode_map_answer(&encode_map_answer(&answer)), Ok(answer));
        }
        let request = decode_authenticated_request(message).map_or(message, |with_proof| with_proof.request);
        let Ok((header, Ok(request))) = decode_map_request(request) else { continue };
        // Mostly as if the requester knew the map.
        let expected = if operation == 0 { header.expected_epoch } else { None };
        if let Ok(applied) = apply(&map, &request, expected)
            && let Some(next) = applied.map
        {
            check_map(&next).unwrap_or_else(|error| panic!("{error} after {request:?}"));
            map = next;
        }
    }
    assert_eq!(read_map(&encode_map(&map)).map(|(map, _)| map), Ok(map));
}

pub(crate) fn request_seeds() -> Vec<Vec<u8>> {
    let messages = golden::messages(&["map_request.", "map_answer.", "authenticated_request."]);
    let mut seeds: Vec<Vec<u8>> = messages.iter().map(|message| input([(1, message.as_slice())])).collect();
    let requests =
        golden::messages(&["map_request.add", "map_request.halt", "map_request.begin", "map_request.commit"]);
    seeds.push(input(requests.iter().map(|message| (1, message.as_slice()))));
    seeds
}

/// Two clusters without instruments.
fn map() -> PartitionMap {
    let cluster = |id: i32| ClusterEntry {
        id: ClusterId(id),
        name: format!("cluster-{id}"),
        members: vec![MemberEntry {
            id: MemberId(0),
            ingress: Endpoint { host: "localhost".to_owned(), port: 20_000 + id as u16 },
        }],
        ingress_stream: 101,
        ingress_term_length: 65_536,
    };
    PartitionMap {
        deployment: DeploymentId(1),
        epoch: MapEpoch(1),
        clusters: vec![cluster(0), cluster(1)],
        partitions: Vec::new(),
    }
}
