//! Taking snapshots.

use super::*;

#[test]
fn a_snapshot_is_acked_with_its_recording_once_it_is_recorded() {
    let mut member = Member::joined(FOLLOWER, nothing);
    let world = Rc::clone(&member.world);
    member.agent.service.on_snapshot = Box::new(move |snapshot| {
        world.borrow_mut().now_ns += 7 * MS;
        snapshot.offer(b"state")
    });
    member.append(&new_term(5, 9, 2, 1 << 16));
    member.append(&session_open(8, 10));
    member.append(&session_open(7, 11));
    let position = member.append(&snapshot_action(12, i32::MIN));
    member.append(&session_message(7, 13, b"after"));
    member.cycles(1).unwrap();
    let marks = |mark| message(100, &[2, position, 5], &[0, mark, 2, 1 << 16 | 2], &[]);
    let recorded = [marks(0), snapshot_session(7), snapshot_session(8), marks(2), b"state".to_vec()];
    assert_eq!(member.world.borrow().recorded, recorded);
    assert_eq!(member.calls().last(), Some(&format!("snapshot at {position}")), "the log waits");
    assert_eq!((member.newest_snapshot.get(), member.snapshot_load.get()), (7 * MS, 0));
    member.cycles(1).unwrap();
    assert_eq!(member.sent(), [ack(position, 12, 2, RECORDING_ID)]);
    assert_eq!(member.calls(), ["message 7 after @13"]);
    assert!(member.errors().is_empty());
}

#[test]
fn a_service_that_takes_a_snapshot_is_not_behind() {
    let mut member = Member::joined(LEADER, nothing);
    let (counter, seen) = (member.log_position.clone(), Rc::new(RefCell::new(None)));
    let seen_by_service = Rc::clone(&seen);
    member.agent.service.on_snapshot = Box::new(move |_| {
        *seen_by_service.borrow_mut() = Some(counter.get());
        Ok(())
    });
    member.append(&session_message(7, 11, b"before"));
    let position = member.append(&snapshot_action(12, 0));
    member.cycles(1).unwrap();
    assert_eq!(*seen.borrow(), Some(position), "a watchdog compares it with the commit position");
}

#[test]
fn a_long_snapshot_keeps_the_container_alive_and_notices_its_end() {
    let mut member = Member::joined(FOLLOWER, nothing);
    let world = Rc::clone(&member.world);
    member.agent.service.on_snapshot = Box::new(move |snapshot| {
        for _ in 0..5 {
            world.borrow_mut().now_ns += 1_000 * MS;
            snapshot.offer(b"part")?;
        }
        world.borrow_mut().counters.remove(&COMMIT_POSITION_TYPE_ID);
        world.borrow_mut().now_ns += 1_000 * MS;
        snapshot.offer(b"part")
    });
    member.append(&snapshot_action(12, 0));
    let before = member.world.borrow().keep_alives.len();
    assert!(matches!(member.cycles(1), Err(ContainerError::ConsensusModuleGone)));
    assert_eq!(member.world.borrow().keep_alives.len() - before, 5);
}

#[test]
fn a_snapshot_that_fails_is_acked_all_the_same() {
    let mut member = Member::joined(FOLLOWER, nothing);
    member.world.borrow_mut().recorded_limit = Some(2);
    let position = member.append(&snapshot_action(12, 0));
    member.append(&session_message(7, 13, b"after"));
    member.cycles(3).unwrap();
    assert_eq!(member.sent(), [ack(position, 12, 2, -1)]);
    assert_eq!(member.errors(), ["snapshot failed: the archive records no further: no progress for 1000 ms"]);
    assert_eq!(member.calls().last().map(String::as_str), Some("message 7 after @13"), "the service continues");
}

#[test]
fn an_archive_that_fails_while_a_snapshot_is_written_is_told_from_one_that_is_full() {
    let mut member = Member::joined(FOLLOWER, nothing);
    member.world.borrow_mut().record_error = Some(|| ServiceError::message("recording stopped").into());
    member.append(&snapshot_action(12, 0));
    member.cycles(2).unwrap();
    assert_eq!(member.errors(), ["snapshot failed: recording stopped"]);

    let mut member = Member::joined(FOLLOWER, nothing);
    member.world.borrow_mut().record_error = Some(|| SnapshotError::StorageFull("no space".to_owned()));
    let position = member.append(&snapshot_action(12, 0));
    let error = member.cycles(2).unwrap_err();
    assert_eq!(error.to_string(), "the archive has no room for a snapshot: no space");
    assert_eq!(member.sent(), [ack(position, 12, 2, -1)], "the consensus module is told first");
}

#[test]
fn standby_snapshots_are_for_standby_members_and_other_actions_for_nobody() {
    for (is_standby, flags, takes) in
        [(false, 0, true), (false, 1, false), (true, 1, true), (true, 0, true), (true, 2, false)]
    {
        let mut member = Member::joined(FOLLOWER, nothing);
        member.receive(join_log(0, i64::MAX, false, FOLLOWER, is_standby));
        member.cycles(5).unwrap();
        member.sent();
        member.append(&snapshot_action(12, flags));
        member.append(&message(23, &[5, 0, 13], &[0, 0], &[]));
        member.cycles(2).unwrap();
        assert_eq!(member.sent().len(), usize::from(takes), "standby {is_standby}, flags {flags}");
    }
    // An action of a version before the flags.
    let mut member = Member::joined(FOLLOWER, nothing);
    let mut action = message(23, &[5, 0, 12], &[2], &[]);
    action[6] = 10;
    member.append(&action);
    member.cycles(2).unwrap();
    assert_eq!(member.sent().len(), 1);
}

#[test]
fn a_service_that_works_long_on_a_snapshot_keeps_the_container_alive_between_two_offers() {
    let mut member = Member::joined(FOLLOWER, nothing);
    let world = Rc::clone(&member.world);
    member.agent.service.on_snapshot = Box::new(move |snapshot| {
        for _ in 0..30 {
            world.borrow_mut().now_ns += 1_000 * MS;
            snapshot.keep_alive()?;
        }
        snapshot.offer(b"state")?;
        world.borrow_mut().client_closed = true;
        world.borrow_mut().now_ns += 1_000 * MS;
        assert!(snapshot.keep_alive().is_err(), "the container is about to end");
        snapshot.keep_alive()
    });
    member.append(&snapshot_action(12, 0));
    let before = member.world.borrow().keep_alives.len();
    assert!(matches!(member.cycles(1), Err(ContainerError::ClientClosed(_))));
    assert_eq!(member.world.borrow().keep_alives.len() - before, 30);
}
