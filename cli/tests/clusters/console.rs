//! `lugus console` in a browser, beside real clusters, through a fail-over; and `lugus top`.
//!
//! With LUGUS_PICTURES=FOLDER the pictures of `docs/console.md` are put into that folder.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::harness::{Browser, Console, LocalCluster, PATIENCE, Part, Theme, config_of, driver, until};
use lugus_client::{BlockingSession, ClientOrderId, InstrumentId, NewOrder, Price, Quantity, Side, TimeInForce};
use lugus_media_driver::ClientDriver;
use lugus_topology::ClusterId;
use serde_json::Value;

/// The participant that trades, with itself.
const PARTICIPANT: u32 = 7;
const BITCOIN: InstrumentId = InstrumentId(1);
const COMMANDS_PER_SECOND: u32 = 300;

/// Roles of the members of the cluster at this place of the page.
const ROLES: &str = "[...document.querySelectorAll('#clusters tbody')[0].querySelectorAll('tr.member')].map(row => row.cells[1].textContent)";
/// The texts of the events that are shown.
const EVENTS: &str = "[...document.querySelectorAll('#events td.what')].map(cell => cell.textContent)";
/// Whether a picture of a curve has the color of the mark of a fail-over.
const HAS_MARK: &str = "(() => {
  const canvas = document.querySelector('#charts canvas');
  const wanted = getComputedStyle(document.documentElement).getPropertyValue('--mark-failover').trim();
  const [red, green, blue] = [1, 3, 5].map(at => parseInt(wanted.slice(at, at + 2), 16));
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let found = 0;
  for (let at = 0; at < data.length; at += 4)
    if (Math.abs(data[at] - red) + Math.abs(data[at + 1] - green) + Math.abs(data[at + 2] - blue) < 12 && data[at + 3] > 200) found++;
  return found > 50;
})()";
const IS_WIDER: &str = "document.documentElement.scrollWidth > innerWidth";

#[test]
fn an_operator_sees_a_fail_over() {
    let Some(mut browser) = Browser::start() else { return };
    let cluster = LocalCluster::default_deployment();
    let mut market = Market::open(&cluster);
    let console = Console::start(&cluster);
    let (page, token) = console.page.split_once('#').expect("a token");

    browser.resize(1_280, 900);
    browser.prefer(Theme::Dark);
    browser.open(page);
    browser.until("the form for a token", "document.querySelector('#token-form')?.checkVisibility() ?? false");
    assert_eq!(browser.value("document.querySelector('main').checkVisibility()"), false, "nothing without a token");
    browser.open(&console.page);
    browser.until("the page with the clusters", "document.querySelectorAll('#clusters tbody').length === 2");
    assert!(
        !browser.value("location.href").as_str().expect("an address").contains(token),
        "the address keeps the token"
    );

    market.trade_for(Duration::from_secs(5));
    browser.until("a leader with two followers", &format!("{ROLES}.sort().join() === 'follower,follower,leader'"));
    browser.until("rates", "!document.querySelector('#figures dd').textContent.startsWith('–')");
    let moved = cluster.lugus(&["migrate", "ETH/USDT", "--to", "B"]);
    assert_eq!(moved.code, Some(0), "{moved:?}");
    browser.until("the move", &format!("{EVENTS}.some(text => text.startsWith('ETH/USDT has moved to B'))"));
    let taken = cluster.lugus(&["snapshot", "--instrument", "BTC/USDT"]);
    assert_eq!(taken.code, Some(0), "{taken:?}");
    browser.until("the snapshot", &format!("{EVENTS}.some(text => text.startsWith('snapshot at log position'))"));
    market.trade_for(Duration::from_secs(if pictures().is_some() { 45 } else { 3 }));
    the_ladder_is_the_book(&mut browser, &cluster);

    let leader = cluster.await_leader();
    assert_eq!(browser.value(HAS_MARK), false, "no fail-over yet");
    cluster.kill_member(ClusterId(0), leader);
    let killed = Instant::now();
    market.trade_for(Duration::from_secs(5));
    browser.until("a mark on the curves", HAS_MARK);
    browser.until("another leader", &format!("{ROLES}.filter(role => role === 'leader').length === 1"));
    browser.until("the dead member", &format!("{ROLES}[{leader}] === 'down'"));
    println!("the page has shown the fail-over {:?} after the kill at the latest", killed.elapsed());
    let next = cluster.await_leader();
    assert_ne!(next, leader);
    let told = format!("fail-over: member {next} leads in term");
    browser.until("the event", &format!("{EVENTS}.some(text => text.startsWith('{told}'))"));
    browser.until("a warning", "document.title === 'warning · Lugus console'");
    the_events_are_filtered_by_keys(&mut browser, leader);
    market.trade_for(Duration::from_secs(if pictures().is_some() { 20 } else { 1 }));
    the_ladder_is_the_book(&mut browser, &cluster);
    the_page_fits(&mut browser);

    let up = cluster.lugus(&["up"]);
    assert_eq!(up.code, Some(0), "{up:?}");
    browser.until("all three", &format!("{ROLES}.sort().join() === 'follower,follower,leader'"));
    browser.until("all is well", "document.querySelector('#overall').textContent === 'all clusters are well'");
    the_page_survives_a_new_load(&mut browser);
    assert_eq!(browser.faults, Vec::<String>::new());
}

/// The ladder shows what `lugus book` does.
#[track_caller]
fn the_ladder_is_the_book(browser: &mut Browser, cluster: &LocalCluster) {
    let shown = "[...document.querySelectorAll('#ladder tbody tr')].filter(row => row.className !== 'spread').map(row => [row.className, \
                 row.cells[2].textContent, row.cells[row.className === 'bid' ? 1 : 3].textContent, \
                 row.cells[row.className === 'bid' ? 0 : 4].textContent].join(' '))";
    let deadline = Instant::now() + PATIENCE;
    loop {
        let book = cluster.lugus(&["--json", "book", "--instrument", "BTC/USDT", "--depth", "12"]).json();
        let levels = |side: &str, name: &str| -> Vec<String> {
            let decimals = book["decimal"][side].as_array().expect("levels").iter();
            let orders = book[side].as_array().expect("levels").iter().map(|level| level["orders"].clone());
            let text = |value: &Value| value.as_str().expect("a decimal").to_owned();
            decimals
                .zip(orders)
                .map(|(level, orders)| {
                    format!("{name} {} {} {orders}", text(&level["price"]), text(&level["quantity"]))
                })
                .collect()
        };
        let (mut offers, bids) = (levels("offers", "offer"), levels("bids", "bid"));
        assert!(offers.len() > 5 && bids.len() > 5, "{book}");
        offers.reverse();
        let expected = Value::from([offers, bids].concat());
        let found = browser.value(shown);
        if found == expected {
            return;
        }
        assert!(Instant::now() < deadline, "the ladder is {found}, and the book {expected}");
    }
}

fn the_events_are_filtered_by_keys(browser: &mut Browser, dead: i32) {
    let all = browser.value(&format!("{EVENTS}.length")).as_u64().expect("a number");
    browser.press("e");
    browser.press("e");
    let alarms = browser.value(EVENTS);
    assert!(alarms.as_array().is_some_and(|alarms| (alarms.len() as u64) < all), "{alarms}");
    assert!(alarms.to_string().contains(&format!("nobody leads: member {dead} has led")), "{alarms}");
    browser.press("e");
    browser.press("/");
    for letter in "moved to b".chars() {
        browser.press(&letter.to_string());
    }
    let found = browser.value(EVENTS);
    assert_eq!(found.as_array().map(Vec::len), Some(1), "{found}");
    browser.value("document.querySelector('#event-text').value = ''");
    browser.value("document.querySelector('#event-text').dispatchEvent(new Event('input'))");
    browser.value("document.activeElement.blur()");
    let theme = "document.documentElement.dataset.theme";
    browser.press("t");
    assert_eq!(browser.value(theme), "light");
    browser.press("t");
    assert_eq!(browser.value(theme), "dark");
    browser.value("localStorage.removeItem('theme'); delete document.documentElement.dataset.theme");
    browser.press("c");
    assert_eq!(browser.value("document.querySelector('#numbers-cluster').textContent"), "B");
    browser.press("C");
    assert_eq!(browser.value("document.querySelector('#numbers-cluster').textContent"), "A");
}

/// In both themes and in narrow windows nothing is wider than the window; the pictures are taken.
fn the_page_fits(browser: &mut Browser) {
    let folder = tempfile::tempdir().expect("a folder");
    let into = pictures().unwrap_or_else(|| folder.path().to_path_buf());
    for (theme, width, height, name) in [
        (Theme::Light, 390, 844, None),
        (Theme::Light, 1_280, 900, Some("console-light.png")),
        (Theme::Dark, 390, 980, Some("console-narrow.png")),
        (Theme::Dark, 1_280, 900, Some("console-dark.png")),
    ] {
        browser.resize(width, height);
        browser.prefer(theme);
        let ground = if theme == Theme::Dark { "rgb(15, 19, 24)" } else { "rgb(242, 244, 247)" };
        let is_drawn =
            format!("getComputedStyle(document.body).backgroundColor === '{ground}' && innerWidth === {width}");
        browser.until("the theme", &is_drawn);
        let fits = "[...document.querySelectorAll('#charts canvas')].every(canvas => canvas.clientWidth <= canvas.closest('figure').clientWidth)";
        browser.until("curves that fit", fits);
        assert_eq!(browser.value(IS_WIDER), false, "{theme:?}, {width} wide: {}", browser.value(WIDE));
        if let Some(name) = name {
            let file = into.join(name);
            browser.picture(&file, if width < 1_280 { Part::Window } else { Part::Page });
            let length = std::fs::metadata(&file).expect("a picture").len();
            assert!(length > 20_000, "{name} has {length} bytes");
        }
    }
}

/// The elements that are wider than the window.
const WIDE: &str =
    "[...document.querySelectorAll('body *')].filter(element => element.getBoundingClientRect().right > innerWidth + 1)
  .map(element => element.tagName + '#' + element.id + '.' + element.className).join(' ')";

/// Events and curves are the server's, and so is the mark.
fn the_page_survives_a_new_load(browser: &mut Browser) {
    let before = browser.value(&format!("{EVENTS}.length")).as_u64().expect("a number");
    browser.call("Page.reload", serde_json::json!({}));
    browser.until("the events, after a new load", &format!("{EVENTS}.length >= {before}"));
    browser.until("the mark, after a new load", HAS_MARK);
}

fn pictures() -> Option<PathBuf> {
    std::env::var_os("LUGUS_PICTURES").map(|folder| Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder))
}

/// A participant that quotes and takes around a price that wanders, in one instrument.
struct Market {
    // Before the driver, which must outlive it.
    session: BlockingSession<()>,
    _driver: ClientDriver,
    random: u64,
    next: u64,
    middle: i64,
    quotes: std::collections::VecDeque<u64>,
}

impl Market {
    /// Number of quotes that rest at most.
    const MOST_QUOTES: usize = 240;

    fn open(cluster: &LocalCluster) -> Self {
        let driver = driver(cluster);
        let config = config_of(&cluster.deployment, &driver, PARTICIPANT);
        let session = BlockingSession::connect(config, (), PATIENCE).expect("a session");
        Self {
            session,
            _driver: driver,
            random: 7,
            next: 1,
            middle: 6_400_000,
            quotes: std::collections::VecDeque::new(),
        }
    }

    fn trade_for(&mut self, duration: Duration) {
        let begun = Instant::now();
        let mut sent = 0;
        while begun.elapsed() < duration {
            let due = (begun.elapsed().as_secs_f64() * f64::from(COMMANDS_PER_SECOND)) as u32;
            while sent < due {
                self.step();
                sent += 1;
            }
            self.session.poll().expect("the session goes on");
        }
        until("answers to all commands", || {
            self.session.poll().expect("the session goes on");
            (self.session.session().outstanding() == 0).then_some(())
        });
    }

    fn step(&mut self) {
        if self.quotes.len() >= Self::MOST_QUOTES {
            let id = self.quotes.pop_front().expect("a quote");
            let _ = self.session.session().cancel(BITCOIN, ClientOrderId(id));
            return;
        }
        let is_quote = self.random(5) > 0;
        let side = if self.random(2) == 0 { Side::Buy } else { Side::Sell };
        let away = 1 + self.random(12) as i64 * 3;
        let sign = if (side == Side::Buy) == is_quote { -1 } else { 1 };
        let price = self.middle + sign * if is_quote { away } else { 2 };
        let quantity = if is_quote { 1_000 + self.random(60) * 500 } else { 500 + self.random(10) * 500 };
        let id = ClientOrderId(self.next);
        let mut order = NewOrder::limit(id, side, Price(price), Quantity(quantity));
        if !is_quote {
            order.time_in_force = TimeInForce::Ioc;
        }
        // While a leader is missing, some orders are refused by the session itself.
        if self.session.session().new_order(BITCOIN, &order).is_ok() {
            self.next += 1;
            if is_quote {
                self.quotes.push_back(id.0);
            }
        }
        if self.random(40) == 0 {
            self.middle += self.random(7) as i64 - 3;
        }
    }

    fn random(&mut self, below: u64) -> u64 {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) % below
    }
}
