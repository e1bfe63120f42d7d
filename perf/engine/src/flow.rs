//! Order flows made from a seed, shaped like the five of the public benchmark (see its METHODOLOGY.md): the middle of
//! the market walks at random over a given swing, buyers come along the first half of its path and sellers along the
//! second, in shuffled order, each some ticks away from the middle; an order lives alone, and most are soon canceled.

use lugus_vocabulary::{ClientOrderId, Price, Quantity, Side};

/// A flow's shape.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scenario {
    /// As the public benchmark calls it.
    pub name: &'static str,
    /// How far the middle goes, as a part of where it starts: the standard deviation of the path's end.
    pub swing: f64,
    /// A seed whose path leaves a standing book about as deep as the public benchmark's own seed does, with a million
    /// orders: most paths leave none.
    pub seed: u64,
}

/// The five.
pub const SCENARIOS: [Scenario; 5] = [
    Scenario { name: "static", swing: 0.0, seed: 27 },
    Scenario { name: "normal", swing: 0.02, seed: 14 },
    Scenario { name: "swing-25", swing: 0.25, seed: 19 },
    Scenario { name: "swing-40", swing: 0.40, seed: 19 },
    Scenario { name: "flash-crash", swing: 0.60, seed: 19 },
];

/// Where the middle starts, ticks.
const START: f64 = 33_504.0;
/// Deepest place of a new order, ticks from the middle.
const DEEPEST: usize = 800;

/// One message of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message {
    /// A new limit order.
    New {
        /// Its number: each from 1 on once, in no order.
        id: ClientOrderId,
        /// Buy or sell.
        side: Side,
        /// Its limit.
        price: Price,
        /// Lots.
        quantity: Quantity,
        /// Whether what does not trade at once is canceled.
        immediate: bool,
    },
    /// Ends an order, which may be gone already.
    Cancel {
        /// Which.
        id: ClientOrderId,
    },
    /// Changes an order, which may be gone already; it loses its priority.
    Modify {
        /// Which.
        id: ClientOrderId,
        /// Its new limit.
        price: Price,
        /// Its new lots.
        quantity: Quantity,
    },
}

/// A flow of so many orders, about twice as many messages.
#[must_use]
pub fn generate(scenario: Scenario, orders: usize, seed: u64) -> Vec<Message> {
    let mut dice = Dice(seed);
    let mut placed = place(scenario, orders, &mut dice);
    for last in (1..placed.len()).rev() {
        placed.swap(last, dice.below(last as u64 + 1) as usize);
    }
    let mut messages = Vec::with_capacity(orders * 5 / 2);
    for order in &placed {
        live(order, &mut messages, &mut dice);
    }
    messages
}

struct Placed {
    id: ClientOrderId,
    side: Side,
    price: i64,
    quantity: u64,
}

fn place(scenario: Scenario, orders: usize, dice: &mut Dice) -> Vec<Placed> {
    let depths = depth_profile();
    let step = scenario.swing / (orders as f64).sqrt();
    let mut middle = START;
    (0..orders)
        .map(|n| {
            middle *= (step * dice.normal() - step * step / 2.0).exp();
            let side = if n < orders / 2 { Side::Buy } else { Side::Sell };
            let weight = dice.uniform() * depths[DEEPEST - 1];
            let away = 1 + depths.partition_point(|&sum| sum < weight).min(DEEPEST - 1) as i64;
            let price = middle.round() as i64 + if side == Side::Buy { -away } else { away };
            let id = ClientOrderId(n as u64 + 1);
            Placed { id, side, price: price.max(1), quantity: 1 + dice.below(100) }
        })
        .collect()
}

/// Sums of how often orders come so many ticks away: a power law, and a hump eight ticks out.
fn depth_profile() -> Vec<f64> {
    let weight = |away: usize| {
        let from_hump = away as f64 - 8.0;
        (away as f64 + 1.0).powf(-2.23) + 5.0 * (-0.5 * from_hump * from_hump).exp()
    };
    (0..DEEPEST)
        .scan(0.0, |sum, away| {
            *sum += weight(away);
            Some(*sum)
        })
        .collect()
}

/// All messages of an order: 15 % are immediate; of the others 20 % are modified (most of those by a tick towards the
/// middle), and 95 % canceled. Two in a hundred cancels, and as many modifications, come once more.
fn live(order: &Placed, messages: &mut Vec<Message>, dice: &mut Dice) {
    let Placed { id, side, price, quantity } = *order;
    let immediate = dice.percent(15);
    messages.push(Message::New { id, side, price: Price(price), quantity: Quantity(quantity), immediate });
    if immediate {
        return;
    }
    let towards = if side == Side::Buy { 1 } else { -1 };
    let moved = Price(if dice.percent(80) { price + towards } else { price });
    let modification = Message::Modify { id, price: moved, quantity: Quantity(quantity + 1) };
    let modified = dice.percent(20);
    if modified {
        messages.push(modification);
    }
    if dice.percent(95) {
        messages.push(Message::Cancel { id });
        if dice.percent(2) {
            messages.push(Message::Cancel { id });
        }
        if modified && dice.percent(2) {
            messages.push(modification);
        }
    }
}

/// Random numbers that are the same everywhere: SplitMix64 (Steele, Lea and Flood, 2014).
#[derive(Debug, Clone)]
pub struct Dice(pub u64);

impl Dice {
    /// 64 bits.
    pub fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// Evenly from 0 up to, but without, `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.word()) * u128::from(bound)) >> 64) as u64
    }

    fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn uniform(&mut self) -> f64 {
        (self.word() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Box and Muller's.
    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }
}
