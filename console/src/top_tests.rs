//! What an operator must see in the terminal, of a made-up deployment in trouble.

#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyModifiers};
use ratatui::style::Color;

use super::*;
use crate::model::{
    Agreement, ClusterView, CoordinatorState, Event, HealthLevel, HealthView, Level, LimitsView, MapView, MemberView,
    Moment, MoveView, PartitionView, Percentiles, Point, RatesView, SnapshotMark, Topic, Used,
};

const NOW_MS: i64 = 45_296_000;

fn member(id: i32, role: &'static str) -> MemberView {
    let runs = role != "down";
    let number = |value| runs.then_some(value);
    MemberView {
        id,
        role,
        has_joined: runs,
        is_here: true,
        term: number(5),
        position: number(1_234_560),
        lag: number(i64::from(id) * 2_500),
        state_hash: runs.then(|| String::from("00c0ffee12345678")),
        state_hash_position: number(1_234_560),
        agreement: if runs { Agreement::Equal } else { Agreement::Unknown },
        sessions: number(12),
        elections: number(2),
        refused_messages: number(0),
        clock_us: number(40),
        clock_differs: false,
        disk_used: Some(734_000_000),
        disk_free: Some(52_000_000_000),
        disk_size: Some(250_000_000_000),
        snapshot: Some(SnapshotMark { position: 64, at_ms: NOW_MS - 300_000 }),
        snapshot_bytes: None,
        snapshot_us: None,
        fenced: None,
    }
}

fn cluster(id: i32, name: &str, members: Vec<MemberView>, level: HealthLevel, text: &str) -> ClusterView {
    let orders = Used { used: 4_321, limit: 1_000_000 };
    ClusterView {
        id,
        name: name.to_owned(),
        health: HealthView { level, text: text.to_owned() },
        leader: members.iter().find(|member| member.role == "leader").map(|member| member.id),
        term: Some(5),
        commit_position: Some(1_234_560),
        agreement: Agreement::Equal,
        rates: RatesView {
            member: Some(1),
            commands: Some(10_400.0),
            rejects: Some(2.5),
            fills: Some(5_000.0),
            events: Some(15_000.0),
            log: Some(1_600_000.0),
            engine: None,
            answer: Some(Percentiles { p50_us: 181.0, p99_us: 2_900.0, p999_us: 11_000.0, count: 1_600 }),
        },
        limits: Some(LimitsView { orders, instruments: Used::default(), participants: Used::default() }),
        snapshot_interval_s: 0,
        members,
        marks: Vec::new(),
    }
}

fn event(number: u64, level: Level, text: &str) -> Event {
    let (topic, cluster, member) = (Topic::Leader, Some(String::from("A")), Some(1));
    Event { number, at_ms: NOW_MS - 2_000, level, topic, cluster, member, text: text.to_owned() }
}

fn screen() -> Screen {
    let members = vec![member(0, "down"), member(1, "leader"), member(2, "follower")];
    let at_edge = "2 of 3 members, one more and nothing is committed";
    let clusters = vec![
        cluster(0, "A", members, HealthLevel::Warning, at_edge),
        cluster(1, "B", vec![member(0, "leader")], HealthLevel::Good, "the only member leads"),
    ];
    let moving = MoveView { id: 7, from: "A".into(), to: "B".into(), phase: "begun", since_ms: NOW_MS - 5_000 };
    let partition = |instrument, symbol: &str, moving| PartitionView {
        instrument,
        symbol: symbol.to_owned(),
        instrument_type: String::from("SPOT"),
        cluster: String::from("A"),
        is_halted: false,
        moving,
    };
    let points = (0..60).map(|at| Point {
        at,
        commands: Some(at as f64 * 100.0),
        log: None,
        p50_us: None,
        p99_us: Some(2_900.0),
        lag: None,
    });
    Screen {
        now: Moment { elapsed: Duration::ZERO, epoch_ms: NOW_MS },
        clusters,
        chosen: 0,
        points: points.collect(),
        map: MapView {
            coordinator: CoordinatorState::Live,
            epoch: Some(9),
            partitions: vec![partition(1, "BTC/USDT", Some(moving)), partition(2, "ETH/USDT", None)],
        },
        events: vec![
            event(1, Level::Warning, "fail-over: member 1 leads in term 5"),
            event(0, Level::Alarm, "nobody leads: member 0 has led in term 4"),
        ],
        pane: Pane::Events,
        scroll: 0,
    }
}

fn drawn(screen: &Screen, width: u16, height: u16) -> (Terminal<TestBackend>, String) {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, screen)).unwrap();
    let buffer = terminal.backend().buffer();
    let line = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
    let text = (0..height).map(line).collect::<Vec<_>>().join("\n");
    (terminal, text)
}

fn color_of(terminal: &Terminal<TestBackend>, text: &str, word: &str) -> Color {
    let (y, line) = text.lines().enumerate().find(|(_, line)| line.contains(word)).unwrap();
    let x = line[..line.find(word).unwrap()].chars().count();
    terminal.backend().buffer()[(u16::try_from(x).unwrap(), u16::try_from(y).unwrap())].fg
}

#[test]
fn an_operator_sees_who_is_down_who_leads_and_what_has_happened() {
    let (terminal, text) = drawn(&screen(), 120, 34);
    for expected in [
        "A: 2 of 3 members, one more and nothing is committed",
        "12:34:56 UTC",
        "leader",
        "follower",
        "00c0ffee",
        "1,234,560",
        "5.0 kB",
        "52.0 GB",
        "734 MB",
        "5 min",
        "commands/s 10,400",
        "rejects/s 2.5",
        "orders 4,321 of 1,000,000",
        "answer p50 / p99 / p99.9 181 us / 2.90 ms / 11 ms",
        "engine -",
        "commands/s (most 5,900)",
        "events (2)",
        "12:34:54 A        fail-over: member 1 leads in term 5",
        "nobody leads: member 0 has led in term 4",
    ] {
        assert!(text.contains(expected), "{expected:?} is not in\n{text}");
    }
    assert_eq!(color_of(&terminal, &text, "down"), Color::Red);
    assert_eq!(color_of(&terminal, &text, "nobody leads"), Color::Red);
    assert_eq!(color_of(&terminal, &text, "fail-over"), Color::Yellow);
    assert_eq!(color_of(&terminal, &text, "A: 2 of 3"), Color::Yellow);
    let newest = text.find("fail-over: member").unwrap();
    assert!(newest < text.find("nobody leads").unwrap(), "the newest first");
}

#[test]
fn states_that_differ_can_not_be_missed() {
    let mut screen = screen();
    screen.clusters[0].members[1].agreement = Agreement::Differ;
    screen.clusters[0].health = HealthView { level: HealthLevel::Alarm, text: String::from("states differ") };
    let (terminal, text) = drawn(&screen, 120, 34);
    assert_eq!(color_of(&terminal, &text, "DIFFERS"), Color::Red);
    assert_eq!(color_of(&terminal, &text, "A: states differ"), Color::Red);
}

#[test]
fn keys_choose_the_cluster_the_pane_and_the_end() {
    let (mut keys, mut screen) = (Keys::default(), screen());
    let press = |keys: &mut Keys, code| keys.press(code, KeyModifiers::NONE, &screen);
    press(&mut keys, KeyCode::Tab);
    press(&mut keys, KeyCode::Down);
    press(&mut keys, KeyCode::Down);
    press(&mut keys, KeyCode::Down);
    let model = crate::model::Model::new(&lugus_topology::Deployment::default_local(3, 20_100), screen.now);
    let chosen = Screen::of(&model, &keys);
    assert_eq!((chosen.pane, chosen.scroll), (Pane::Map, 1), "not beyond the last line");
    (screen.pane, screen.scroll) = (Pane::Map, 0);
    let (_, text) = drawn(&screen, 120, 34);
    for expected in ["map, epoch 9, coordinator live", "BTC/USDT", "trading, from A to B: begun for 5 s", "ETH/USDT"] {
        assert!(text.contains(expected), "{expected:?} is not in\n{text}");
    }
    assert!(!keys.is_quit());
    keys.press(KeyCode::Char('q'), KeyModifiers::NONE, &screen);
    assert!(keys.is_quit());
    let mut keys = Keys::default();
    keys.press(KeyCode::Char('c'), KeyModifiers::NONE, &screen);
    assert!(!keys.is_quit());
    keys.press(KeyCode::Char('c'), KeyModifiers::CONTROL, &screen);
    assert!(keys.is_quit());
}

#[test]
fn small_terminals_show_what_fits() {
    for (width, height) in [(1, 1), (20, 5), (40, 10), (80, 24), (300, 100)] {
        drawn(&screen(), width, height);
    }
    let (_, text) = drawn(&screen(), 80, 24);
    assert!(text.contains("leader") && text.contains("fail-over: member 1"), "{text}");
}
