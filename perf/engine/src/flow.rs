//! Synthetic order flows with the shape of the five flows of the public benchmark (see its METHODOLOGY.md). The middle
//! of the market follows a random walk with a given swing. Buy orders arrive along the first half of the path and sell
//! orders along the second, in shuffled order, each some ticks from the middle. Orders are independent of each other,
//! and most are soon canceled.

use lugus_vocabulary::{ClientOrderId, Price, Quantity, Side};

/// The parameters of a flow.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scenario {
    /// Name of the flow in the public benchmark.
    pub name: &'static str,
    /// How far the middle moves: standard deviation of the path's end, as a fraction of the path's start.
    pub swing: f64,
    /// A seed whose path, with a million orders, leaves a book about as deep as the public benchmark's own seed does.
    /// Most seeds leave an empty book.
    pub seed: u64,
}

/// The five flows of the public benchmark.
pub const SCENARIOS: [Scenario; 5] = [
    Scenario { name: "static", swing: 0.0, seed: 27 },
    Scenario { name: "normal", swing: 0.02, seed: 14 },
    Scenario { name: "swing-25", swing: 0.25, seed: 19 },
    Scenario { name: "swing-40", swing: 0.40, seed: 19 },
    Scenario { name: "flash-crash", swing: 0.60, seed: 19 },
];

/// Start of the middle's path, in ticks.
const START: f64 = 33_504.0;
/// Largest distance of a new order from the middle, in ticks.
const DEEPEST: usize = 800;

/// One message of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message {
    /// A new limit order.
    New {
        /// Order id. Each id from 1 upwards occurs once, in random order.
        id: ClientOrderId,
        /// Side of the order.
        side: Side,
        /// Limit price.
        price: Price,
        /// Quantity in lots.
        quantity: Quantity,
        /// Whether the part that does not trade at once is canceled (immediate or cancel).
        immediate: bool,
    },
    /// Cancels an order, which may have ended already.
    Cancel {
        /// Id of the order.
        id: ClientOrderId,
    },
    /// Changes price and quantity of an order, which loses its priority. The order may have ended already.
    Modify {
        /// Id of the order.
        id: ClientOrderId,
        /// New limit price.
        price: Price,
        /// New quantity in lots.
        quantity: Quantity,
    },
}

/// Generates a flow of this number of orders, which has about twice as many messages.
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

/// Cumulative frequencies of an order's distance from the middle, in ticks: a power law with a hump at eight ticks.
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

/// All messages of one order. 15 % of the orders are immediate. Of the others, 20 % are modified (most of them by one
/// tick towards the middle) and 95 % are canceled. Two in a hundred cancels and modifications are sent twice.
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

/// SplitMix64 (Steele, Lea and Flood, 2014): random numbers that are the same on every machine.
#[derive(Debug, Clone)]
pub struct Dice(pub u64);

impl Dice {
    /// The next 64 random bits.
    pub fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// A random number, evenly distributed from 0 to `bound` - 1.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.word()) * u128::from(bound)) >> 64) as u64
    }

    fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn uniform(&mut self) -> f64 {
        (self.word() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A normally distributed random number, by the method of Box and Muller.
    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }
}
