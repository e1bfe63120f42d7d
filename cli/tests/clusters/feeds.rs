//! A listener without a session follows the market by the members' feeds and loops of snapshots, while leaders are killed with commands
//! in flight: at the end its book equals the cluster's, and with followers' feeds it has missed nothing.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::harness::{INSTRUMENTS, LocalCluster, Traders, driver, until};
use lugus_client::{
    BookType, FeedContext, FeedCounts, FeedHandler, FollowedBook, Gap, InstrumentDefinition, InstrumentId,
    MarketDataFeed, Side,
};
use lugus_media_driver::ClientDriver;
use serde_json::{Value, json};

const COMMANDS_PER_SECOND: u32 = 400;
const A_WHILE: Duration = Duration::from_secs(1);
/// Number of commands in flight when a leader dies.
const OUTSTANDING: u32 = 50;
/// Number of leaders that are killed, one after the other.
const KILLED: usize = 3;
const FOLLOWED: InstrumentId = INSTRUMENTS[0];
const SYMBOL: &str = "BTC/USDT";

/// What the listener has heard.
#[derive(Default, Clone)]
struct Heard {
    sequence: u64,
    levels: [Vec<Value>; 2],
    symbols: Vec<InstrumentDefinition>,
    gaps: Vec<Gap>,
    counts: FeedCounts,
    /// Longest time between two changes of the book, since it was set back.
    longest_pause: Duration,
    changed_at: Option<Instant>,
}

impl FeedHandler for Heard {
    fn on_followed_book(&mut self, instrument: InstrumentId, book: &FollowedBook) {
        assert_eq!(instrument, FOLLOWED);
        self.sequence = book.sequence().0;
        self.levels = [Side::Buy, Side::Sell].map(|side| {
            let level = |level: lugus_client::PriceLevel| json!({"price": level.price.0, "quantity": level.quantity.0, "orders": level.orders});
            // By order the levels are the same.
            assert_eq!(book.levels(side).map(|level| level.orders as usize).sum::<usize>(), book.orders(side).count());
            book.levels(side).map(level).collect()
        });
        let now = Instant::now();
        if let Some(before) = self.changed_at.replace(now) {
            self.longest_pause = self.longest_pause.max(now - before);
        }
    }

    fn on_gap(&mut self, _instrument: InstrumentId, gap: &Gap) {
        self.gaps.push(*gap);
    }

    fn on_definition(&mut self, definition: &InstrumentDefinition) {
        if !self.symbols.contains(definition) {
            self.symbols.push(*definition);
        }
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
        let mut listener = Self::over(cluster, driver.aeron_dir());
        listener._driver = Some(driver);
        listener
    }

    /// A listener over a media driver in this directory.
    fn over(cluster: &LocalCluster, aeron_dir: &Path) -> Self {
        let (heard, stop) = (Arc::new(Mutex::new(Heard::default())), Arc::new(AtomicBool::new(false)));
        let (shared, stopped) = (Arc::clone(&heard), Arc::clone(&stop));
        let context = FeedContext::of(&cluster.deployment, aeron_dir.to_path_buf()).expect("a stream");
        let thread = thread::spawn(move || {
            let mut feed = MarketDataFeed::new(context);
            feed.follow(FOLLOWED, BookType::Orders).expect("followed");
            while !stopped.load(Ordering::Relaxed) {
                let mut heard = shared.lock().expect("a lock");
                let work = feed.listen(&mut *heard);
                heard.counts = feed.counts().clone();
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

/// What a listener sees of leaders that die under load.
fn measure(followers: bool) -> Heard {
    let cluster = LocalCluster::start(3, |deployment| {
        deployment.market_data.snapshots = true;
        deployment.market_data.followers = followers;
    });
    let mut traders = Traders::connect(&cluster);
    traders.trade_for(A_WHILE, COMMANDS_PER_SECOND);
    let listener = Listener::start(&cluster);
    traders.trade_for(A_WHILE, COMMANDS_PER_SECOND);
    traders.settle();
    let first = listener.await_book_of(&cluster);
    let mut pauses = Vec::new();
    for _ in 0..KILLED {
        let leader = cluster.await_leader();
        traders.trade_for(A_WHILE, COMMANDS_PER_SECOND);
        listener.begin_pause();
        traders.burst(OUTSTANDING);
        cluster.kill(leader);
        traders.settle();
        traders.trade_for(A_WHILE, COMMANDS_PER_SECOND);
        traders.settle();
        listener.await_book_of(&cluster);
        pauses.push(listener.heard().longest_pause);
        cluster.up();
        cluster.await_common_state();
    }
    traders.trade_for(A_WHILE, COMMANDS_PER_SECOND);
    traders.settle();
    let last = listener.await_book_of(&cluster);
    traders.check();
    let heard = listener.heard();
    assert!(heard.symbols.iter().any(|definition| definition.instrument == FOLLOWED), "{:?}", heard.symbols);
    println!(
        "followers' feeds {followers}: {KILLED} leaders killed, increments {first} to {last}; {:?}; gaps {:?}; longest pauses of the book {pauses:?}",
        heard.counts, heard.gaps
    );
    heard
}

#[test]
fn a_listener_without_a_session_misses_nothing_when_leaders_die_if_followers_have_a_feed() {
    let heard = measure(true);
    assert_eq!((heard.counts.lost_gaps, heard.counts.loaded_books), (0, 1), "{:?}", heard.gaps);
    assert!(heard.counts.repeated > heard.counts.increments / 2, "two feeds at least, but for starts");
    assert!(heard.counts.first_from.iter().filter(|count| **count > 0).count() > 1, "{:?}", heard.counts);
}

#[test]
fn a_listener_without_a_session_recovers_by_the_loop_when_leaders_die_without_a_second_feed() {
    let heard = measure(false);
    assert!(heard.counts.repeated < heard.counts.increments / 10, "only leaders send: {:?}", heard.counts);
    assert_eq!(heard.counts.loaded_books, 1 + heard.counts.lost_gaps);
}
