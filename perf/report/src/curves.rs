//! A picture of curves over two axes.

use crate::axis::{Axis, number};
use crate::svg::{Anchor, Canvas, Picture, Shape, Swatch, WIDTH, series_class, text_width};

/// Edges of the area of the curves.
const LEFT: f64 = 78.0;
const RIGHT: f64 = WIDTH - 34.0;
const TOP: f64 = 30.0;
const BOTTOM: f64 = 380.0;

/// Space between the labels of two marks of an axis, at least.
const BETWEEN_LABELS: f64 = 10.0;

/// Number of points from which a curve has no mark at each of them.
const MANY_POINTS: usize = 24;

/// Curves over two axes.
#[derive(Debug)]
pub struct Curves {
    /// Name of the picture, which is that of its file.
    pub name: String,
    /// Its title.
    pub title: String,
    /// Words for those who don't see it.
    pub description: String,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// The curves.
    pub series: Vec<Series>,
}

/// A curve.
#[derive(Debug)]
pub struct Series {
    /// Its name.
    pub name: String,
    /// Its points, from the left to the right.
    pub points: Vec<Point>,
    /// A remarkable point, and why it is.
    pub knee: Option<(Point, String)>,
}

/// A point of a curve: the median of the rounds, and their range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Place on the horizontal axis.
    pub x: f64,
    /// Place on the vertical axis.
    pub y: f64,
    /// The lowest of the rounds.
    pub low: f64,
    /// The highest.
    pub high: f64,
}

impl Curves {
    /// The picture of the curves.
    #[must_use]
    pub fn draw(&self) -> Picture {
        let mut canvas = Canvas::default();
        self.draw_axes(&mut canvas);
        for (index, series) in self.series.iter().enumerate() {
            self.draw_series(&mut canvas, index, series);
        }
        let mut legend: Vec<_> = self
            .series
            .iter()
            .enumerate()
            .map(|(index, series)| (series.name.clone(), Swatch::Series(index, Shape::of(index))))
            .collect();
        if self.series.iter().any(|series| series.knee.is_some()) {
            legend.push(("the knee".to_owned(), Swatch::Ring));
        }
        let height = canvas.legend(BOTTOM + 56.0, LEFT, &legend);
        Picture::new(&self.name, &self.title, &self.description, BOTTOM + 56.0 + height + 14.0, canvas)
    }

    fn draw_axes(&self, canvas: &mut Canvas) {
        canvas.text((LEFT, TOP - 12.0), Anchor::Start, "axis", &self.y.label);
        for tick in self.y.ticks() {
            let y = self.place_y(tick.value);
            canvas.line((LEFT, y), (RIGHT, y), "grid");
            canvas.text((LEFT - 8.0, y + 4.0), Anchor::End, "tick", &tick.text);
        }
        let mut end_of_last = f64::MIN;
        for tick in self.x.ticks() {
            let (x, half) = (self.place_x(tick.value), text_width(&tick.text) / 2.0);
            canvas.line((x, TOP), (x, BOTTOM), "grid");
            if x - half > end_of_last + BETWEEN_LABELS && x + half < WIDTH {
                canvas.text((x, BOTTOM + 18.0), Anchor::Middle, "tick", &tick.text);
                end_of_last = x + half;
            }
        }
        canvas.polyline(&[(LEFT, TOP), (LEFT, BOTTOM), (RIGHT, BOTTOM)], "frame");
        canvas.text(((LEFT + RIGHT) / 2.0, BOTTOM + 40.0), Anchor::Middle, "axis", &self.x.label);
    }

    fn draw_series(&self, canvas: &mut Canvas, index: usize, series: &Series) {
        let class = series_class(index);
        let at = |point: &Point, y: f64| (self.place_x(point.x), self.place_y(y));
        canvas.begin_group("series", &series.name);
        if series.points.iter().any(|point| point.low < point.high) {
            let low = series.points.iter().map(|point| at(point, point.low));
            let high = series.points.iter().rev().map(|point| at(point, point.high));
            canvas.polygon(&low.chain(high).collect::<Vec<_>>(), &format!("band {class}"));
        }
        let points: Vec<_> = series.points.iter().map(|point| at(point, point.y)).collect();
        canvas.polyline(&points, &format!("curve {class}"));
        let step = if points.len() < MANY_POINTS { 1 } else { points.len() / (MANY_POINTS / 2) };
        for (point, place) in series.points.iter().zip(&points).step_by(step) {
            let tip = format!("{}: {} at {}", series.name, number(point.y), self.x_text(point.x));
            canvas.mark(Shape::of(index), *place, &format!("mark {class}"), &tip);
        }
        if let Some((point, why)) = &series.knee {
            canvas.ring(at(point, point.y), "ring", &format!("{}: {why}", series.name));
        }
        canvas.end_group();
    }

    /// A value of the horizontal axis as text; a share of all has no place among numbers of three digits.
    fn x_text(&self, x: f64) -> String {
        if x > 0.0 && x < 1.0 { format!("{} %", (x * 100.0 * 1e6).round() / 1e6) } else { number(x) }
    }

    fn place_x(&self, x: f64) -> f64 {
        LEFT + (RIGHT - LEFT) * self.x.place(x)
    }

    fn place_y(&self, y: f64) -> f64 {
        BOTTOM - (BOTTOM - TOP) * self.y.place(y)
    }
}
