//! A listener without a session follows the market by the members' feeds and loops of snapshots, while leaders are killed with commands
//! in flight, and over a network that loses: at the end its book equals the cluster's. With followers' feeds it has missed nothing, and with
//! recordings it needed no snapshot.
//!
//! It prints what a listener sees of each killed leader, and a row that sums it up; `LUGUS_KILLED_LEADERS=20` kills more
//! of them.

use std::env;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::harness::{INSTRUMENTS, LocalCluster, LossyWay, PATIENCE, Traders, driver, until, without_elections};
use lugus_client::{
    BookType, FeedContext, FeedCounts, FeedHandler, FeedStatus, FollowedBook, Gap, GapEnding, InstrumentDefinition,
    InstrumentId, MarketDataFeed, Side,
};
use lugus_media_driver::ClientDriver;
use lugus_topology::{Deployment, Size};
use serde_json::{Value, json};

const COMMANDS_PER_SECOND: u32 = 400;
const A_WHILE: Duration = Duration::from_secs(1);
/// Number of commands in flight when a leader dies.
const OUTSTANDING: u32 = 50;
/// Number of leaders that are killed, one after the other, unless the variable says another number.
const KILLED: usize = 3;
const KILLED_VARIABLE: &str = "LUGUS_KILLED_LEADERS";
/// Length of the recordings that are kept.
const RECORDED: Size = Size::mib(256);
const FOLLOWED: InstrumentId = INSTRUMENTS[0];
const SYMBOL: &str = "BTC/USDT";

/// What the listener has heard.
#[derive(Default, Clone)]
struct Heard {
    sequence: u64,
    levels: [Vec<Value>; 2],
    symbols: Vec<InstrumentDefinition>,
    gaps: Vec<Gap>,
    /// For each gap, how long the book was not whole: until the missing increments were there, or the book was loaded again.
    incomplete: Vec<Duration>,
    /// When the gap began for which the book is being loaded.
    loading_since: Option<Instant>,
    counts: FeedCounts,
    /// Longest time between two changes of the book, since it was set back.
    longest_pause: Duration,
    /// Number of the last increment before it.
    paused_at: u64,
    changed_at: Option<Instant>,
    /// Number of the last increment that each member alone has told.
    told: Vec<u64>,
}

impl FeedHandler for Heard {
    fn on_followed_book(&mut self, instrument: InstrumentId, book: &FollowedBook) {
        assert_eq!(instrument, FOLLOWED);
        let before = std::mem::replace(&mut self.sequence, book.sequence().0);
        self.levels = [Side::Buy, Side::Sell].map(|side| {
            let level = |level: lugus_client::PriceLevel| json!({"price": level.price.0, "quantity": level.quantity.0, "orders": level.orders});
            // By order the levels are the same.
            assert_eq!(book.levels(side).map(|level| level.orders as usize).sum::<usize>(), book.orders(side).count());
            book.levels(side).map(level).collect()
        });
        let now = Instant::now();
        if let Some(pause) = self.changed_at.replace(now).map(|changed_at| now - changed_at)
            && pause > self.longest_pause
        {
            (self.longest_pause, self.paused_at) = (pause, before);
        }
    }

    fn on_gap(&mut self, _instrument: InstrumentId, gap: &Gap) {
        self.gaps.push(*gap);
        match gap.ending {
            GapEnding::Lost => self.loading_since = Instant::now().checked_sub(gap.lasted),
            _ => self.incomplete.push(gap.lasted),
        }
    }

    fn on_feed_status(&mut self, _instrument: InstrumentId, status: FeedStatus) {
        if let Some(since) = self.loading_since.take_if(|_| status == FeedStatus::Live) {
            self.incomplete.push(since.elapsed());
        }
    }

    fn on_definition(&mut self, definition: &InstrumentDefinition) {
        if !self.symbols.contains(definition) {
            self.symbols.push(*definition);
        }
    }
}

/// What one member has told.
#[derive(Default)]
struct Told(u64);

impl FeedHandler for Told {
    fn on_followed_book(&mut self, _instrument: InstrumentId, book: &FollowedBook) {
        self.0 = book.sequence().0;
    }
}

/// A program that listens, and has no session.
struct Listener {
    heard: Arc<Mutex<Heard>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    /// Outlives the thread.
    _driver: Option<ClientDriver>,
}

impl Listener {
    fn start(cluster: &LocalCluster) -> Self {
        let driver = driver(cluster);
        let context = context(cluster, driver.aeron_dir());
        let mut listener = Self::over(driver.aeron_dir(), &context, &context.channels);
        listener._driver = Some(driver);
        listener
    }

    /// A listener over a media driver in this directory. Beside it, members with these channels are listened to alone.
    fn over(aeron_dir: &Path, context: &FeedContext, alone: &[String]) -> Self {
        let (heard, stop) = (Arc::new(Mutex::new(Heard::default())), Arc::new(AtomicBool::new(false)));
        let (shared, stopped) = (Arc::clone(&heard), Arc::clone(&stop));
        let (aeron_dir, context, alone) = (aeron_dir.to_path_buf(), context.clone(), alone.to_vec());
        let thread = thread::spawn(move || {
            let follow = |context| {
                let mut feed = MarketDataFeed::new(context);
                feed.follow(FOLLOWED, BookType::Orders).expect("followed");
                feed
            };
            let alone = alone.into_iter().map(|channel| {
                let mut alone = FeedContext::new(aeron_dir.clone(), vec![channel], context.stream_id);
                (alone.loops, alone.loop_stream_id) = (context.loops.clone(), context.loop_stream_id);
                (follow(alone), Told::default())
            });
            let mut alone: Vec<_> = alone.collect();
            let mut feed = follow(context);
            while !stopped.load(Ordering::Relaxed) {
                let mut heard = shared.lock().expect("a lock");
                let mut work = feed.listen(&mut *heard);
                heard.counts = feed.counts().clone();
                work += alone.iter_mut().map(|(feed, told)| feed.listen(told)).sum::<usize>();
                heard.told = alone.iter().map(|(_, told)| told.0).collect();
                drop(heard);
                if work == 0 {
                    thread::sleep(Duration::from_micros(200));
                }
            }
        });
        Self { heard, stop, thread: Some(thread), _driver: None }
    }

    fn heard(&self) -> Heard {
        self.heard.lock().expect("a lock").clone()
    }

    /// Sets the longest pause back.
    fn begin_pause(&self) {
        let mut heard = self.heard.lock().expect("a lock");
        (heard.longest_pause, heard.changed_at) = (Duration::ZERO, None);
    }

    /// Waits until the listener has the cluster's own book, with the same number; returns the number.
    #[track_caller]
    fn await_book_of(&self, cluster: &LocalCluster) -> u64 {
        let arguments = ["--json", "book", "--raw", "--depth", "256", "-i", SYMBOL];
        let mut sequence = 0;
        until("the listener to have the cluster's book", || {
            let book = cluster.lugus(&[&arguments[..], &["--participant", "98"]].concat()).json();
            let heard = self.heard();
            if book["sequence"] != heard.sequence {
                return None;
            }
            for (side, levels) in ["bids", "offers"].into_iter().zip(&heard.levels) {
                assert_eq!(book[side], json!(levels), "{side} at {sequence}");
            }
            sequence = heard.sequence;
            Some(())
        });
        // `lugus book` has the same without a session.
        let alone = cluster.lugus(&arguments).json();
        let by_session = cluster.lugus(&[&arguments[..], &["--participant", "98"]].concat()).json();
        for key in ["sequence", "bids", "offers", "statistics", "state", "is_end_of"] {
            assert_eq!(alone[key], by_session[key], "{key}");
        }
        sequence
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn context(cluster: &LocalCluster, aeron_dir: &Path) -> FeedContext {
    FeedContext::of(&cluster.deployment, aeron_dir.to_path_buf()).expect("a stream")
}

/// What members send and keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Feeds {
    /// The leader sends.
    A,
    /// Its followers send, too.
    AAndB,
    /// The leader sends, and all members record.
    AAndRecordings,
}

impl Feeds {
    fn adjust(self, deployment: &mut Deployment) {
        deployment.market_data.snapshots = true;
        deployment.market_data.followers = self == Self::AAndB;
        if self == Self::AAndRecordings {
            deployment.market_data.recorded_length = RECORDED;
        }
    }
}

/// What a listener sees of leaders that die under load.
fn measure(feeds: Feeds) -> Heard {
    let killed = env::var(KILLED_VARIABLE).map_or(KILLED, |number| number.parse().expect("a number"));
    let cluster = LocalCluster::start(3, |deployment| feeds.adjust(deployment));
    let mut traders = Traders::connect(&cluster);
    traders.trade_for(A_WHILE, COMMANDS_PER_SECOND);
    let listener = Listener::start(&cluster);
    traders.trade_for(A_WHILE, COMMANDS_PER_SECOND);
    traders.settle();
    let first = listener.await_book_of(&cluster);
    for number in 1..=killed {
        let leader = cluster.await_leader();
        traders.trade_for(A_WHILE, COMMANDS_PER_SECOND);
        let before = listener.heard();
        listener.begin_pause();
        traders.burst(OUTSTANDING);
        cluster.kill(leader);
        traders.settle();
        traders.trade_for(A_WHILE, COMMANDS_PER_SECOND);
        traders.settle();
        listener.await_book_of(&cluster);
        let heard = listener.heard();
        let of_leader = heard.told[usize::try_from(leader).expect("a member")];
        let gaps: Vec<String> = heard.gaps[before.gaps.len()..]
            .iter()
            .map(|gap| format!("{} {:?} after {:?}", gap.last.0 - gap.first.0 + 1, gap.ending, gap.lasted))
            .collect();
        println!(
            "{feeds:?}, killed leader {number}: {:?} without increments; {} increments heard before that the leader did not send; gaps \
             {gaps:?}; increments missed {}; books loaded {}",
            heard.longest_pause,
            heard.paused_at.saturating_sub(of_leader),
            heard.counts.lost_increments - before.counts.lost_increments,
            heard.counts.loaded_books - before.counts.loaded_books,
        );
        cluster.up();
        cluster.await_common_state();
    }
    traders.trade_for(A_WHILE, COMMANDS_PER_SECOND);
    traders.settle();
    let last = listener.await_book_of(&cluster);
    traders.check();
    let heard = listener.heard();
    assert!(heard.symbols.iter().any(|definition| definition.instrument == FOLLOWED), "{:?}", heard.symbols);
    println!("{feeds:?}: {killed} leaders killed, increments {first} to {last}; {:?}", heard.counts);
    println!("{}", row(feeds, killed, &heard));
    heard
}

/// What the gaps were filled from, and for how long the book was not whole: least, median and greatest.
fn row(feeds: Feeds, killed: usize, heard: &Heard) -> String {
    let of = |ending| heard.gaps.iter().filter(|gap| gap.ending == ending).count();
    let mut times: Vec<f64> = heard.incomplete.iter().map(|time| time.as_secs_f64() * 1e3).collect();
    times.sort_by(f64::total_cmp);
    let at = |place: usize| times.get(place).map_or_else(|| String::from("-"), |time| format!("{time:.0}"));
    format!(
        "| {feeds:?} | {killed} | {} | {} | {} | {} | {} | {} / {} / {} |",
        heard.gaps.len(),
        of(GapEnding::Filled),
        of(GapEnding::Replayed),
        of(GapEnding::Lost),
        heard.counts.lost_increments,
        at(0),
        at(times.len() / 2),
        at(times.len().saturating_sub(1)),
    )
}

#[test]
fn a_listener_without_a_session_misses_nothing_when_leaders_die_if_followers_have_a_feed() {
    let heard = measure(Feeds::AAndB);
    assert_eq!((heard.counts.lost_gaps, heard.counts.loaded_books), (0, 1), "{:?}", heard.gaps);
    assert!(heard.counts.repeated > heard.counts.increments / 2, "two feeds at least, but for starts");
    assert!(heard.counts.first_from.iter().filter(|count| **count > 0).count() > 1, "{:?}", heard.counts);
}

#[test]
fn a_listener_without_a_session_recovers_by_the_loop_when_leaders_die_without_a_second_feed() {
    let heard = measure(Feeds::A);
    assert!(heard.counts.repeated < heard.counts.increments / 10, "only leaders send: {:?}", heard.counts);
    assert_eq!(heard.counts.loaded_books, 1 + heard.counts.lost_gaps);
    assert_eq!(heard.counts.from_replays, 0);
}

/// What a leader that died has not sent, its followers have recorded.
#[test]
fn a_listener_without_a_session_gets_what_dead_leaders_did_not_send_from_recordings() {
    let heard = measure(Feeds::AAndRecordings);
    assert!(heard.counts.repeated < heard.counts.increments / 2, "only leaders send: {:?}", heard.counts);
    assert_eq!((heard.counts.lost_gaps, heard.counts.loaded_books), (0, 1), "{:?}", heard.gaps);
}

/// Datagrams are lost on the way to the listener, whose streams of increments do not ask for them again, as those of a multicast feed do not; and a leader dies.
#[test]
fn a_listener_over_a_network_that_loses_gets_what_it_misses_from_replays_and_not_from_snapshots() {
    let cluster = LocalCluster::start(3, |deployment| {
        without_elections(deployment);
        Feeds::AAndRecordings.adjust(deployment);
    });
    let driver = driver(&cluster);
    let mut context = context(&cluster, driver.aeron_dir());
    let mut ways = Vec::new();
    for (channel, member) in context.channels.iter_mut().zip(&cluster.spec().members) {
        let port = &member.endpoints.market_data;
        let way = LossyWay::to(port.to_string().parse().expect("an address"));
        *channel = channel.replace(&format!("control={port}"), &format!("control={}", way.address)) + "|reliable=false";
        ways.push(way);
    }
    let mut traders = Traders::connect(&cluster);
    traders.trade_for(A_WHILE, COMMANDS_PER_SECOND);
    let listener = Listener::over(driver.aeron_dir(), &context, &[]);
    let first = listener.await_book_of(&cluster);
    trade_until_replayed(&mut traders, &listener, 10);
    traders.burst(OUTSTANDING);
    cluster.kill(cluster.await_leader());
    trade_until_replayed(&mut traders, &listener, 5);
    // Its recording begins anew, and the others' have what was before.
    cluster.up();
    cluster.await_common_state();
    trade_until_replayed(&mut traders, &listener, 5);
    traders.settle();
    let last = listener.await_book_of(&cluster);
    let heard = listener.heard();
    let lost: u64 = ways.iter().map(LossyWay::lost).sum();
    println!("increments {first} to {last}, {lost} datagrams lost: {:?}, gaps {:?}", heard.counts, heard.gaps);
    assert!(last - first > 1_000);
    assert_eq!(
        (heard.counts.lost_gaps, heard.counts.loaded_books),
        (0, 1),
        "no snapshot but the first: {:?}",
        heard.gaps
    );
    let replayed = heard.gaps.iter().filter(|gap| gap.ending == GapEnding::Replayed).count();
    assert!(replayed >= 20 && heard.counts.from_replays >= 20);
    drop(listener);
    drop((driver, ways));
}

/// Trades until so many more gaps of the listener were replayed.
#[track_caller]
fn trade_until_replayed(traders: &mut Traders, listener: &Listener, gaps: u64) {
    let aim = listener.heard().counts.replayed_gaps + gaps;
    let began = Instant::now();
    while listener.heard().counts.replayed_gaps < aim {
        assert!(began.elapsed() < PATIENCE, "{:?}", listener.heard().counts);
        traders.trade_for(A_WHILE, COMMANDS_PER_SECOND);
    }
}
