//! The coordinator as a process, with subscribers and requesters: the map is published, survives a kill, and its recording
//! stays short.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that fails panics")]

mod process;

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;

use lugus_partition_map::{
    ClusterEntry, Connection, DeploymentId, MapContext, MapEpoch, MapError, MapRefusal, MapRequest, MapSubscription,
    MemberEntry, RequestError, digest_of_map,
};
use lugus_topology::{AuthenticationMode, ClusterId, Endpoint, Key, MemberId, Participant, Size};
use lugus_vocabulary::{InstrumentId, InstrumentSpecification};

use process::{DEADLINE, Place, Process, Subscriber, await_all, await_epoch};

#[test]
fn subscribers_follow_the_map_through_a_kill() {
    let place = Place::new(24_500, |_| {});
    let mut coordinator = Process::start(&place).unwrap();
    let mut subscribers: Vec<Subscriber> = (0..3).map(|_| place.subscriber()).collect();
    let (first, _) = await_epoch(&mut subscribers, MapEpoch(1));
    assert_eq!((first.clusters.len(), first.partitions.len()), (1, 2), "clusters and instruments of cluster.toml");
    await_all(&mut subscribers, "live", |subscriber| subscriber.map.connection() == Connection::Live);

    let mut client = place.client();
    let instrument = InstrumentSpecification::spot(InstrumentId(9), "SOL/USDT", 2, 2);
    let added = client.request(&MapRequest::AddInstrument(instrument), Some(MapEpoch(1)), DEADLINE).unwrap();
    assert_eq!(added.epoch, MapEpoch(2));
    let (second, took) = await_epoch(&mut subscribers, MapEpoch(2));
    println!("epoch 2 at three subscribers after {took:?}");
    assert_eq!((digest_of_map(&second), second.deployment), (added.digest, first.deployment));
    assert!(second.partition(InstrumentId(9)).is_some());

    coordinator.kill();
    for _ in 0..100 {
        subscribers.iter_mut().for_each(Subscriber::poll);
    }
    assert!(
        subscribers.iter().all(|subscriber| subscriber.map.newest() == Some(&second)),
        "subscribers keep the last map"
    );

    let _coordinator = Process::start(&place).unwrap();
    let mut newcomers = [place.subscriber()];
    assert_eq!(await_epoch(&mut newcomers, MapEpoch(2)).0, second, "the same map after the restart");
    let halted =
        client.request(&MapRequest::Halt { instrument: InstrumentId(9) }, Some(MapEpoch(2)), DEADLINE).unwrap();
    assert_eq!(halted.epoch, MapEpoch(3));
    subscribers.extend(newcomers);
    let (third, took) = await_epoch(&mut subscribers, MapEpoch(3));
    println!("epoch 3 at all subscribers after {took:?}");
    assert_eq!((third.deployment, digest_of_map(&third)), (first.deployment, halted.digest));
}

#[test]
fn repeats_are_accepted_and_stale_requests_and_a_second_coordinator_are_refused() {
    let place = Place::new(24_540, |_| {});
    let coordinator = Process::start(&place).unwrap();
    let error = Process::start(&place).err().unwrap();
    assert!(error.contains("is in use by process"), "{error}");

    let mut client = place.client();
    let halt = MapRequest::Halt { instrument: InstrumentId(1) };
    assert_eq!(client.request(&halt, None, DEADLINE).unwrap().epoch, MapEpoch(2));
    assert_eq!(
        client.request(&halt, Some(MapEpoch(1)), DEADLINE).unwrap().epoch,
        MapEpoch(2),
        "a repeat changes nothing"
    );
    let mut refused = |request, expected| match client.request(&request, expected, DEADLINE) {
        Err(RequestError::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    };
    let stale = MapRefusal::StaleEpoch { expected: MapEpoch(1), current: MapEpoch(2) };
    assert_eq!(refused(MapRequest::Resume { instrument: InstrumentId(1) }, Some(MapEpoch(1))), stale);
    assert_eq!(
        refused(MapRequest::Halt { instrument: InstrumentId(77) }, None),
        MapRefusal::UnknownInstrument(InstrumentId(77))
    );
    let twice = MapRequest::AddInstrument(InstrumentSpecification::spot(InstrumentId(5), "BTC/USDT", 2, 5));
    assert_eq!(refused(twice, None), MapRefusal::PairOwned { instrument: InstrumentId(1), owner: ClusterId(0) });
    assert!(coordinator.end(), "SIGTERM ends it with success");
    let mut client = place.client();
    let away = client.request(&halt, None, std::time::Duration::from_millis(50)).err().unwrap();
    assert!(matches!(away, RequestError::Away { .. }), "{away}");
}

#[test]
fn a_coordinator_with_keys_obeys_the_operator_alone() {
    let key = |digits: &str| Key::parse(&digits.repeat(16)).unwrap();
    let participant = |id, key| Participant { id, key: Some(key), ..Participant::default() };
    let place = Place::new(24_660, |deployment| {
        deployment.authentication.mode = AuthenticationMode::Keys;
        deployment.participants = vec![participant(7, key("07")), participant(0, key("0a"))];
    });
    let mut coordinator = Process::start(&place).unwrap();
    let mut subscribers = [place.subscriber()];
    let halt = |instrument| MapRequest::Halt { instrument: InstrumentId(instrument) };

    // More of them than the coordinator keeps publications for.
    for stranger in 0..40 {
        let mut client = place.client_with((stranger % 2 == 0).then(|| key("07")));
        // The others may not be answered at all, because the places of strangers are taken.
        let patience = if stranger < 2 { DEADLINE } else { std::time::Duration::from_millis(20) };
        let refused = client.request(&halt(1), None, patience).err().unwrap();
        let is_refused = matches!(refused, RequestError::NotAuthenticated { .. });
        assert!(is_refused || (stranger >= 2 && matches!(refused, RequestError::Away { .. })), "{refused}");
    }
    let (first, _) = await_epoch(&mut subscribers, MapEpoch(1));

    // Two operators in turn: each spoils the challenge that the other one has.
    let mut operators = [place.client(), place.client()];
    for (change, operator) in [0, 1, 0, 1].into_iter().enumerate() {
        let instrument = InstrumentId(1);
        let request = if change % 2 == 0 { halt(1) } else { MapRequest::Resume { instrument } };
        let epoch = operators[operator].request(&request, None, DEADLINE).unwrap().epoch;
        assert_eq!(epoch, MapEpoch(2 + change as u64));
    }
    coordinator.kill();
    let _coordinator = Process::start(&place).unwrap();
    assert_eq!(
        operators[0].request(&halt(2), None, DEADLINE).unwrap().epoch,
        MapEpoch(6),
        "its challenge is a new one"
    );
    let (newest, _) = await_epoch(&mut subscribers, MapEpoch(6));
    assert_eq!(newest.deployment, first.deployment);
}

#[test]
fn a_coordinator_with_keys_needs_the_operators() {
    let place = Place::new(24_700, |deployment| {
        deployment.authentication.mode = AuthenticationMode::Keys;
        let key = Some(Key::parse(&"07".repeat(16)).unwrap());
        deployment.participants = vec![Participant { id: 7, key, ..Participant::default() }];
    });
    let error = Process::start(&place).err().unwrap();
    assert!(error.contains("there is no [[participant]] with id = 0"), "{error}");
}

/// A cluster whose entry in the map is long.
fn large_cluster(id: u16) -> ClusterEntry {
    let ingress = |member| Endpoint { host: "127.0.0.1".into(), port: 1_000 + id * 10 + member };
    let members =
        (0..9).map(|member| MemberEntry { id: MemberId(i32::from(member)), ingress: ingress(member) }).collect();
    let (ingress_stream, ingress_term_length) = (101, 65_536);
    let id = ClusterId(i32::from(id));
    ClusterEntry { id, name: format!("large {id}"), members, ingress_stream, ingress_term_length }
}

#[test]
fn old_segments_are_deleted_and_newcomers_still_get_the_newest_map() {
    let place = Place::new(24_580, |deployment| {
        deployment.coordinator.as_mut().expect("it has one").term_length = Size::kib(64);
    });
    let archive_dir = place.deployment.coordinator_spec().archive_dir;
    let segments = || {
        let files = fs::read_dir(&archive_dir).unwrap().flatten().map(|entry| entry.file_name());
        let mut segments: Vec<_> = files.filter(|name| name.to_string_lossy().ends_with(".rec")).collect();
        segments.sort();
        segments
    };
    let mut coordinator = Process::start(&place).unwrap();
    let mut subscribers = [place.subscriber()];
    let mut client = place.client();
    for id in 1..=6 {
        client.request(&MapRequest::AddCluster(large_cluster(id)), None, DEADLINE).unwrap();
    }
    let mut epoch = MapEpoch(7);
    await_epoch(&mut subscribers, epoch);
    await_all(&mut subscribers, "live", |subscriber| subscriber.map.connection() == Connection::Live);
    // 120 maps of about 5 KB each fill many segments of 64 KiB.
    for change in 0..120 {
        let request = if change % 2 == 0 {
            MapRequest::Halt { instrument: InstrumentId(1) }
        } else {
            MapRequest::Resume { instrument: InstrumentId(1) }
        };
        epoch = client.request(&request, Some(epoch), DEADLINE).unwrap().epoch;
        subscribers[0].poll();
    }
    assert_eq!(epoch, MapEpoch(127));
    let (newest, _) = await_epoch(&mut subscribers, epoch);
    let left = segments();
    assert!(left.len() <= 2, "{left:?}");
    let mut newcomer = [place.subscriber()];
    assert_eq!(
        await_epoch(&mut newcomer, epoch).0,
        newest,
        "a newcomer gets the newest map from the remaining segments"
    );

    coordinator.kill();
    let mut coordinator = Process::start(&place).unwrap();
    assert_eq!(
        client.request(&MapRequest::Halt { instrument: InstrumentId(2) }, Some(epoch), DEADLINE).unwrap().epoch,
        MapEpoch(128)
    );
    await_epoch(&mut subscribers, MapEpoch(128));

    let too_long = (7..=30).map(|id| client.request(&MapRequest::AddCluster(large_cluster(id)), None, DEADLINE));
    let refusal = too_long.filter_map(Result::err).next().unwrap();
    assert!(matches!(refusal, RequestError::Refused(MapRefusal::MapTooLong { maximum: 8_192, .. })), "{refusal}");
    coordinator.kill();
}

#[test]
fn a_damaged_lost_or_foreign_recording_is_refused() {
    let place = Place::new(24_620, |_| {});
    let spec = place.deployment.coordinator_spec();
    let mut coordinator = Process::start(&place).unwrap();
    let mut subscribers = [place.subscriber()];
    await_epoch(&mut subscribers, MapEpoch(1));

    let mut context = MapContext::new(&place.deployment, place.driver.aeron_dir().into());
    context.deployment = Some(DeploymentId(12));
    let mut foreign = lugus_partition_map::RecordedMap::new(context);
    let started = std::time::Instant::now();
    let error = loop {
        assert!(started.elapsed() < DEADLINE);
        match foreign.poll() {
            Err(error @ MapError::OtherDeployment { .. }) => break error,
            _ => std::thread::sleep(std::time::Duration::from_millis(1)),
        }
    };
    assert!(error.to_string().contains("expected 000000000000000c"), "{error}");
    assert_eq!(foreign.newest(), None);

    place.client().request(&MapRequest::Halt { instrument: InstrumentId(1) }, None, DEADLINE).unwrap();
    coordinator.kill();
    // Offset of a byte of the first map's first cluster: after the frame header, the message header and the root block.
    let segment = OpenOptions::new().read(true).write(true).open(spec.archive_dir.join("0-0.rec")).unwrap();
    let mut byte = [0];
    let at = 32 + 8 + 24 + 4 + 20;
    segment.read_exact_at(&mut byte, at).unwrap();
    segment.write_all_at(&[byte[0] ^ 1], at).unwrap();
    let error = Process::start(&place).err().unwrap();
    assert!(error.contains("is damaged before position") && error.contains("digest"), "{error}");
    segment.write_all_at(&byte, at).unwrap();
    Process::start(&place).unwrap().kill();

    let away = spec.dir.join("away");
    fs::rename(&spec.archive_dir, &away).unwrap();
    let error = Process::start(&place).err().unwrap();
    assert!(error.contains("no longer has a whole map"), "{error}");
    // As after an interrupted first start: there is a recording, but no map in it yet.
    fs::remove_file(spec.dir.join("deployment")).unwrap();
    let mut coordinator = Process::start(&place).unwrap();
    let mut newcomers = [place.subscriber()];
    let (map, _) = await_epoch(&mut newcomers, MapEpoch(1));
    coordinator.kill();
    assert!(fs::read_to_string(spec.dir.join("deployment")).unwrap().contains(&map.deployment.to_string()));
    fs::remove_dir_all(&spec.archive_dir).unwrap();
    fs::rename(&away, &spec.archive_dir).unwrap();
    let error = Process::start(&place).err().unwrap();
    assert!(error.contains("was recorded there before"), "{error}");
}
