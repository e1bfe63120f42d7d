//! Hostility of every kind against all ports of members and coordinator, from somebody who needs no key, and from participants who misbehave: no
//! process ends, memory stays within its bounds, those who trade go on, each command once, and all members have the same state.
//!
//! The times to an answer of those who trade are printed for each kind, and for the time just before it, and not asserted: a flood takes
//! processor time from everybody on its machine. `LUGUS_FLOOD_SECONDS=10 cargo test --release -p lugus --test hostile_input -- --nocapture` lets
//! each kind take longer than 2 s, to measure, and with `LUGUS_HOSTILITY=slowly` only the kind whose name has that word is there.

use std::net::{Ipv4Addr, UdpSocket};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::{
    Files, Flood, INSTRUMENTS, LocalCluster, Process, RawSession, Traders, data, driver, frame_of_type, private_memory,
    setup, tree, udp_ports, until, without_elections,
};
use lugus_codecs::market_data::encode_book_request;
use lugus_codecs::order_entry::MAXIMUM_COMMAND_LENGTH;
use lugus_topology::{Coordinator, Endpoint, LOCAL_PORT_STEP, Streams};
use lugus_vocabulary::{BookRequest, BookType};

const STRANGER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const LOOPBACK: Ipv4Addr = Ipv4Addr::LOCALHOST;

/// Commands a second of those who trade.
const RATE: u32 = 500;

/// Announcements of publications a second, and connects a second: far above what a member takes in.
const ANNOUNCEMENTS: u64 = 20_000;
const CONNECTS: u64 = 2_400;

/// Longest term that Aeron has, in bytes: buffers of three of them.
const LONGEST_TERM: i32 = 1 << 30;

/// Sessions that read nothing, or hardly anything.
const SLOW_READERS: u32 = 4;

/// Requests of each of them before it waits: their answers fill its egress.
const REQUESTS: u32 = 400;

/// Time between two duty cycles of a session that reads hardly anything: each takes ten fragments at most.
const TRICKLE: Duration = Duration::from_millis(15);

/// Time after the end of the others' trade within which one of those sessions must have been closed.
const PATIENCE: Duration = Duration::from_secs(20);

/// The longest messages of a session a second: half a mebibyte each, so that a member's disk takes them.
const LONGEST_MESSAGES: u64 = 50;

/// Numbers of participants that misbehave.
const SLOW: u32 = 100;
const OVERSIZED: u32 = 200;

/// Greatest private memory of a process, in bytes: of a driver, of `lugus node` or the coordinator, and of a JVM above its heap.
const DRIVER_MEMORY: u64 = 32 << 20;
const SERVICE_MEMORY: u64 = 128 << 20;
const MEMORY_BEYOND_HEAP: u64 = 256 << 20;

/// Greatest growth of what all drivers have in shared memory, in bytes.
const SHARED_GROWTH: u64 = 1 << 30;

/// A hostility, which returns how much it has sent when it is told to stop.
type Hostility<'h> = &'h (dyn Fn(&Course) -> u64 + Sync);

/// When a hostility begins, after what it needs for that, and when it ends.
#[derive(Default)]
struct Course {
    has_begun: AtomicBool,
    stop: AtomicBool,
}

impl Course {
    fn begin(&self) -> &AtomicBool {
        self.has_begun.store(true, Ordering::Release);
        &self.stop
    }

    fn end(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn duration() -> Duration {
    let seconds = std::env::var("LUGUS_FLOOD_SECONDS").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(seconds.unwrap_or(2))
}

/// Random numbers, the same for the same seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        let words = (0..length.div_ceil(8)).flat_map(|_| self.next().to_le_bytes());
        words.take(length).collect()
    }
}

/// What became of those who trade.
#[derive(Debug, Clone, Copy)]
struct Trade {
    answered: usize,
    p50: Duration,
    p99: Duration,
    longest: Duration,
}

/// Private memory of the largest process of each kind, and what the drivers have in shared memory, in bytes.
#[derive(Debug, Clone, Copy, Default)]
struct Memory {
    driver: u64,
    service: u64,
    java: u64,
    shared: u64,
}

impl std::fmt::Display for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [driver, service, java, shared] =
            [self.driver, self.service, self.java, self.shared].map(|bytes| bytes >> 20);
        write!(f, "{driver}, {service}, {java}, {shared}")
    }
}

struct Row {
    name: &'static str,
    a_second: u64,
    trade: [Trade; 2],
    memory: [Memory; 2],
}

struct Arena<'c> {
    cluster: &'c LocalCluster,
    traders: Traders,
    processes: Vec<u32>,
    /// Every UDP port of a member or the coordinator, ephemeral ones too.
    ports: Vec<u16>,
    shared: u64,
    rows: Vec<Row>,
}

fn all_processes(cluster: &LocalCluster) -> Vec<Process> {
    let coordinator = tree(cluster.coordinator_pid().expect("the coordinator runs"));
    (0..3).flat_map(|member| cluster.processes(member)).chain(coordinator).collect()
}

impl<'c> Arena<'c> {
    fn new(cluster: &'c LocalCluster) -> Self {
        let traders = Traders::connect(cluster);
        let processes: Vec<u32> = all_processes(cluster).iter().map(|process| process.pid).collect();
        let ports: Vec<u16> = processes.iter().flat_map(|pid| udp_ports(*pid)).collect();
        let spec = cluster.spec();
        for (name, endpoint) in spec.members.iter().flat_map(|member| member.endpoints.each()) {
            let bound_by_followers = ["log", "catch_up"].contains(&name);
            assert!(bound_by_followers || ports.contains(&endpoint.port), "{name} {endpoint} of {ports:?}");
        }
        let mut arena = Self { cluster, traders, processes, ports, shared: 0, rows: Vec::new() };
        arena.trade(&nothing);
        arena.shared = arena.files().space;
        arena
    }

    /// What the drivers have in shared memory.
    fn files(&self) -> Files {
        Files::below(&self.cluster.deployment.aeron_root())
    }

    /// Trades while something goes on that returns how much it has sent.
    fn trade(&mut self, goes_on: Hostility<'_>) -> (Trade, u64) {
        let course = Course::default();
        let traders = &mut self.traders;
        let (began, sent) = thread::scope(|scope| {
            let goes_on = scope.spawn(|| goes_on(&course));
            until("the begin", || {
                traders.poll();
                (course.has_begun.load(Ordering::Acquire) || goes_on.is_finished()).then_some(())
            });
            let began = Instant::now();
            traders.trade_for(duration(), RATE);
            course.end();
            (began, goes_on.join().expect("it has gone on to its end"))
        });
        traders.settle();
        let mut times: Vec<Duration> =
            traders.tallies().iter().flat_map(|tally| tally.answer_times_since(began)).collect();
        times.sort();
        let at = |percent: usize| times[(times.len() - 1) * percent / 100];
        (Trade { answered: times.len(), p50: at(50), p99: at(99), longest: at(100) }, sent)
    }

    /// Trades while nothing else happens, and then in this hostility; checks that all are there still.
    fn measure(&mut self, name: &'static str, hostility: Hostility<'_>) -> Trade {
        if std::env::var("LUGUS_HOSTILITY").is_ok_and(|only| !name.contains(&only)) {
            return self.trade(&nothing).0;
        }
        let (quiet, _) = self.trade(&nothing);
        let before = self.check(name);
        let (hurt, sent) = self.trade(hostility);
        let after = self.check(name);
        let row = Row { name, a_second: sent / duration().as_secs(), trade: [quiet, hurt], memory: [before, after] };
        println!("{}", text(&row));
        self.rows.push(row);
        hurt
    }

    /// Checks that no process has ended, and that each one's memory is within its bound.
    #[track_caller]
    fn check(&self, name: &str) -> Memory {
        let running = all_processes(self.cluster);
        let pids: Vec<u32> = running.iter().map(|process| process.pid).collect();
        assert_eq!(pids, self.processes, "{name}: no process has ended");
        let files = self.files();
        assert!(files.space <= self.shared + SHARED_GROWTH, "{name}: {files:?}, {} bytes at first", self.shared);
        // Three terms, and a page that describes them.
        let longest = 3 * self.cluster.deployment.greatest_term_length().as_bytes() + 4_096;
        assert!(files.longest <= longest, "{name}: {files:?}: longer than {longest} bytes");
        let mut most = Memory { shared: files.space, ..Memory::default() };
        let heap = self.cluster.deployment.java.maximum_heap.as_bytes();
        for process in &running {
            let private = private_memory(process.pid);
            let program = process.command.split(' ').next().unwrap_or_default();
            let (of_kind, bound) = match program.rsplit('/').next() {
                Some("lugus-media-driver") => (&mut most.driver, DRIVER_MEMORY),
                Some("java") => (&mut most.java, heap + MEMORY_BEYOND_HEAP),
                _ => (&mut most.service, SERVICE_MEMORY),
            };
            assert!(private <= bound, "{name}: {private} bytes of {process:?}, and {bound} are its bound");
            *of_kind = private.max(*of_kind);
        }
        most
    }
}

fn nothing(course: &Course) -> u64 {
    course.begin();
    0
}

fn text(Row { name, a_second, trade: [quiet, hurt], memory: [before, after] }: &Row) -> String {
    let Trade { answered, p50, p99, longest } = hurt;
    format!(
        "| {name} | {a_second} | {:.1?}, {:.1?} | {p50:.1?}, {p99:.1?}, {longest:.1?} | {answered} | {before} | {after} |",
        quiet.p50, quiet.p99
    )
}

/// Sends datagrams to ports in turn, as fast as it can; returns how many.
fn at_full_speed(stop: &AtomicBool, ports: &[u16], mut datagram: impl FnMut() -> Vec<u8>) -> u64 {
    let socket = UdpSocket::bind((STRANGER, 0)).expect("a socket");
    let mut sent = 0;
    while !stop.load(Ordering::Relaxed) {
        let bytes = datagram();
        for port in ports {
            // A refusal or a full socket is as good as a loss.
            let _ = socket.send_to(&bytes, (LOOPBACK, *port));
            sent += 1;
        }
    }
    sent
}

/// Random bytes to every port.
fn send_garbage(stop: &AtomicBool, ports: &[u16]) -> u64 {
    let mut random = Random(1);
    at_full_speed(stop, ports, || {
        let length = random.next() as usize % 1_400;
        random.bytes(length)
    })
}

/// Frames of all types to every port.
fn send_frames(stop: &AtomicBool, ports: &[u16], streams: &Streams) -> u64 {
    let streams = [
        streams.ingress,
        streams.egress,
        streams.log,
        streams.consensus,
        streams.market_data,
        streams.status,
        streams.archive_control,
    ];
    let mut random = Random(2);
    at_full_speed(stop, ports, || any_frame(&mut random, &streams))
}

/// A frame of any type, whose fields are random: sometimes those of streams that there are.
fn any_frame(random: &mut Random, streams: &[i32]) -> Vec<u8> {
    let choice = random.next();
    let frame_type = (choice % 14) as u16;
    let stream = streams[(choice >> 8) as usize % streams.len()];
    let mut fields: Vec<i32> = (0..6).map(|_| random.next() as i32).collect();
    if choice & 0x10000 == 0 {
        fields[2] = stream;
    }
    if choice & 0x20000 == 0 {
        (fields[0], fields[1]) = (fields[0] & 0xff_ffe0, fields[1] & 0xff);
    }
    let payload = random.bytes((choice >> 20) as usize % 1_300);
    let length = if choice & 0x40000 == 0 { 32 + payload.len() as i32 } else { random.next() as i32 };
    let mut frame = frame_of_type(length, (choice >> 40) as u8, frame_type, &fields);
    frame.extend(payload);
    frame
}

/// Sessions of participants that misbehave.
struct Readers<'c> {
    cluster: &'c LocalCluster,
    sessions: Vec<RawSession>,
    driver: Rc<lugus_media_driver::ClientDriver>,
    requests: u64,
}

impl<'c> Readers<'c> {
    fn connect(cluster: &'c LocalCluster) -> Self {
        let driver = Rc::new(driver(cluster));
        let mut readers = Self { cluster, sessions: Vec::new(), driver, requests: 0 };
        (0..SLOW_READERS).for_each(|number| {
            let session = readers.session(number);
            readers.sessions.push(session);
        });
        readers
    }

    fn session(&self, number: u32) -> RawSession {
        RawSession::connect_to(self.cluster, &self.cluster.spec(), Rc::clone(&self.driver), SLOW + number)
    }

    /// Asks for a book with all of its orders.
    fn ask(&mut self, index: usize) -> bool {
        let request = BookRequest {
            request_id: self.requests,
            instrument: INSTRUMENTS[0],
            depth: u16::MAX,
            bids_after: None,
            offers_after: None,
            book_type: BookType::Orders,
        };
        let mut buffer = [0; MAXIMUM_COMMAND_LENGTH];
        let is_sent = self.sessions[index].offer(encode_book_request(&request, &mut buffer));
        self.requests += u64::from(is_sent);
        is_sent
    }
}

/// Sessions that ask for more and more, read nothing of it, and come again.
fn read_nothing(cluster: &LocalCluster, course: &Course) -> u64 {
    let mut readers = Readers::connect(cluster);
    let stop = course.begin();
    let mut sessions = 0;
    while !stop.load(Ordering::Relaxed) {
        for index in 0..readers.sessions.len() {
            (0..REQUESTS).for_each(|_| {
                readers.ask(index);
            });
        }
        for index in 0..readers.sessions.len() {
            let again = readers.session(u32::try_from(index).expect("few"));
            readers.sessions[index] = again;
            sessions += 1;
        }
    }
    sessions
}

/// Sessions that ask for more and more, and read as slowly as they may: each for itself enough to keep its session, and all the time too little for
/// what others may be made to wait. So sessions are closed until it ends, which is no sooner than that.
fn read_hardly_anything(cluster: &LocalCluster, course: &Course) -> u64 {
    let mut readers = Readers::connect(cluster);
    let stop = course.begin();
    let (began, mut closed) = (Instant::now(), 0);
    while !stop.load(Ordering::Relaxed) || closed == 0 {
        for index in 0..readers.sessions.len() {
            // As much as the ingress takes.
            (0..REQUESTS).take_while(|_| readers.ask(index)).for_each(drop);
            if !readers.sessions[index].poll() {
                closed += 1;
                let again = readers.session(u32::try_from(index).expect("few"));
                readers.sessions[index] = again;
            }
        }
        assert!(began.elapsed() < duration() + PATIENCE, "the log waits for them as long as they like");
        thread::sleep(TRICKLE);
    }
    readers.requests
}

/// A session that sends the longest messages that Aeron takes.
fn send_longest(cluster: &LocalCluster, course: &Course) -> u64 {
    let mut session = RawSession::connect(cluster, OVERSIZED);
    let message = vec![0x5a; session.longest()];
    let stop = course.begin();
    let began = Instant::now();
    let mut sent = 0;
    while !stop.load(Ordering::Relaxed) {
        if sent < began.elapsed().as_millis() as u64 * LONGEST_MESSAGES / 1_000 {
            sent += u64::from(session.offer(&message));
        }
        assert!(session.poll(), "the session goes on");
    }
    sent
}

/// Announces publications with the longest terms, and begins each, at all doors of all members.
fn announce_longest_terms(cluster: &LocalCluster, stop: &AtomicBool) -> u64 {
    let streams = &cluster.deployment.streams;
    let doors = cluster.spec().members.into_iter().flat_map(|member| {
        let endpoints = member.endpoints;
        [
            (endpoints.ingress, streams.ingress),
            (endpoints.consensus, streams.consensus),
            (endpoints.archive, streams.archive_control),
        ]
    });
    let floods: Vec<(Flood, i32)> = (3_u8..)
        .zip(doors)
        .map(|(host, (to, stream))| {
            (Flood { from: Ipv4Addr::new(127, 0, 0, host), to, rate: ANNOUNCEMENTS / 9 }, stream)
        })
        .collect();
    let run = |(flood, stream): &(Flood, i32)| {
        flood.run(stop, |number| {
            let session = 70_000 + number as i32 % 1_000;
            vec![setup(session, *stream, LONGEST_TERM), data(session, *stream, 0, &[0xab; 1_000], 1_056)]
        })
    };
    thread::scope(|scope| {
        let floods: Vec<_> = floods.iter().map(|flood| scope.spawn(move || run(flood))).collect();
        floods.into_iter().map(|flood| flood.join().expect("sent")).sum()
    })
}

/// Asks the leader for sessions from many addresses, and does nothing more about any of them.
fn open_half(to: &Endpoint, stream: i32, stop: &AtomicBool) -> u64 {
    const ADDRESSES: u8 = 50;
    let flood =
        |host| Flood { from: Ipv4Addr::new(127, 0, 1, host), to: to.clone(), rate: CONNECTS / u64::from(ADDRESSES) };
    thread::scope(|scope| {
        let floods = (0..ADDRESSES).map(|host| scope.spawn(move || flood(host).of_connects(stop, stream)));
        let floods: Vec<_> = floods.collect();
        floods.into_iter().map(|flood| flood.join().expect("sent")).sum()
    })
}

/// Sends messages that begin and never end.
fn begin_messages(to: &Endpoint, stream: i32, stop: &AtomicBool) -> u64 {
    const LENGTH: usize = 1_408;
    /// Parts of each, which fill the first term of the publication.
    const PARTS: u64 = 40;
    /// Place of the flags in a frame, and the flag of a message's first part.
    const FLAGS: usize = 5;
    const BEGIN: u8 = 0x80;
    let flood = Flood { from: STRANGER, to: to.clone(), rate: ANNOUNCEMENTS };
    flood.run(stop, |number| {
        let (publication, at) = (number / PARTS, number % PARTS);
        let session = 5_000 + publication as i32;
        let mut part = data(session, stream, at as i32 * LENGTH as i32, &[0x11; LENGTH - 32], LENGTH);
        part[FLAGS] = if at == 0 { BEGIN } else { 0 };
        let announced = (at == 0).then(|| setup(session, stream, 1 << 16));
        announced.into_iter().chain([part]).collect()
    })
}

#[test]
fn hostility_of_every_kind_ends_nothing_and_changes_nothing() {
    let cluster = LocalCluster::start(3, |deployment| {
        // A flood that takes all processor time may delay heartbeats; elections are tested elsewhere.
        without_elections(deployment);
        let port = deployment.clusters[0].members[0].port - LOCAL_PORT_STEP;
        deployment.coordinator = Some(Coordinator { port, ..Coordinator::default() });
    });
    let mut arena = Arena::new(&cluster);
    let streams = &cluster.deployment.streams;
    let ports = arena.ports.clone();
    let leader = cluster.member(cluster.await_leader()).endpoints.ingress;
    println!("{} ports", ports.len());
    let garbage = |course: &Course| send_garbage(course.begin(), &ports);
    let frames = |course: &Course| send_frames(course.begin(), &ports, streams);
    let terms = |course: &Course| announce_longest_terms(&cluster, course.begin());
    let half = |course: &Course| open_half(&leader, streams.ingress, course.begin());
    let parts = |course: &Course| begin_messages(&leader, streams.ingress, course.begin());
    let strangers: [(&'static str, Hostility<'_>); 5] = [
        ("random bytes to every port", &garbage),
        ("frames of all types to every port", &frames),
        ("publications with terms of 1 GiB", &terms),
        ("messages without an end", &parts),
        // The last one, as it leaves no place for new sessions for a while.
        ("half-open sessions", &half),
    ];
    arena.measure("sessions that read nothing, and come again", &|course| read_nothing(&cluster, course));
    arena.measure("sessions that read as slowly as they may", &|course| read_hardly_anything(&cluster, course));
    arena.measure("messages of half a MiB of a session", &|course| send_longest(&cluster, course));
    for (name, hostility) in strangers {
        arena.measure(name, hostility);
    }
    let (afterwards, _) = arena.trade(&nothing);
    println!("afterwards: {afterwards:?}");

    arena.traders.check();
    // Nobody trades: nothing that a stranger sends changes the state.
    let (hash, _) = cluster.await_common_state();
    let course = &Course::default();
    thread::scope(|scope| {
        let all: Vec<_> = strangers.into_iter().map(|(_, hostility)| scope.spawn(move || hostility(course))).collect();
        thread::sleep(duration());
        course.end();
        all.into_iter().for_each(|one| assert!(one.join().expect("sent") > 0));
    });
    arena.check("all of a stranger's at once");
    assert_eq!(cluster.await_common_state().0, hash);

    println!(
        "\n| hostility | a second | before: p50, p99 | meanwhile: p50, p99, longest | answered | before: MiB | after: MiB |"
    );
    println!("|---|---|---|---|---|---|---|");
    arena.rows.iter().for_each(|row| println!("{}", text(row)));
    arena.traders.close(&cluster);
}
