//! Pictures with a row for each thing: bars of parts one after the other, and marks on a line.

use crate::axis::{Axis, number};
use crate::svg::{Anchor, Canvas, Picture, Shape, Swatch, WIDTH, series_class, text_width};

/// Height of a row, and of a bar in it.
const ROW: f64 = 30.0;
const BAR: f64 = 20.0;
const TOP: f64 = 14.0;
const RIGHT: f64 = WIDTH - 84.0;

/// Greatest width of the rows' names.
const MAXIMUM_NAME: f64 = 330.0;

/// Bars whose parts are stacked from the left to the right.
pub(crate) struct Stacks {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) description: String,
    /// What the length of a bar is, with the unit.
    pub(crate) label: String,
    /// Names of the parts, in their order.
    pub(crate) parts: Vec<String>,
    /// Names of the rows, and for each part its length.
    pub(crate) rows: Vec<(String, Vec<f64>)>,
}

/// Marks on a line for each row, over a logarithmic axis.
pub(crate) struct Marks {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) label: String,
    /// Names of the marks of each row.
    pub(crate) marks: Vec<String>,
    /// Names of the rows, the number of its colour, and the places of its marks.
    pub(crate) rows: Vec<(String, usize, Vec<f64>)>,
}

impl Stacks {
    /// The picture of the bars.
    pub(crate) fn draw(&self) -> Picture {
        let most = self.rows.iter().map(|(_, parts)| parts.iter().sum()).fold(0.0, f64::max);
        let frame = Frame::new(Axis::linear(&self.label, most), self.rows.iter().map(|row| row.0.as_str()));
        let mut canvas = Canvas::default();
        frame.draw(&mut canvas);
        for (row, (name, lengths)) in self.rows.iter().enumerate() {
            let y = frame.middle(row) - BAR / 2.0;
            let mut sum = 0.0;
            canvas.begin_group("row", name);
            for (part, length) in lengths.iter().enumerate() {
                let (x, end) = (frame.x(sum), frame.x(sum + length));
                let tip = format!("{name}, {}: {}", self.parts[part], number(*length));
                canvas.rectangle((x, y), (end - x, BAR), &format!("area {}", series_class(part)), &tip);
                let text = number(*length);
                if end - x > text_width(&text) + 8.0 {
                    canvas.text((f64::midpoint(x, end), y + BAR / 2.0 + 4.0), Anchor::Middle, "inside", &text);
                }
                sum += length;
            }
            canvas.text((frame.x(sum) + 6.0, y + BAR / 2.0 + 4.0), Anchor::Start, "value", &number(sum));
            canvas.end_group();
        }
        let legend: Vec<_> =
            self.parts.iter().enumerate().map(|(index, part)| (part.clone(), Swatch::Area(index))).collect();
        let height = frame.bottom() + 52.0;
        let height = height + canvas.legend(height, 12.0, &legend) + 12.0;
        Picture::new(&self.name, &self.title, &self.description, height, canvas)
    }
}

impl Marks {
    /// The picture of the marks.
    pub(crate) fn draw(&self) -> Picture {
        let all = || self.rows.iter().flat_map(|row| row.2.iter().copied()).filter(|place| *place > 0.0);
        let axis = Axis::logarithmic(&self.label, all().fold(f64::MAX, f64::min), all().fold(0.0, f64::max));
        let frame = Frame::new(axis, self.rows.iter().map(|row| row.0.as_str()));
        let mut canvas = Canvas::default();
        frame.draw(&mut canvas);
        for (row, (name, colour, places)) in self.rows.iter().enumerate() {
            let y = frame.middle(row);
            canvas.begin_group("row", name);
            if let (Some(first), Some(last)) = (places.first(), places.last()) {
                canvas.line((frame.x(*first), y), (frame.x(*last), y), &format!("curve {}", series_class(*colour)));
                canvas.text((frame.x(*last) + 10.0, y + 4.0), Anchor::Start, "tick", &number(*last));
            }
            for (index, place) in places.iter().enumerate() {
                let tip = format!("{name}, {}: {}", self.marks[index], number(*place));
                let class = format!("mark {}", series_class(*colour));
                canvas.mark(Shape::of(index), (frame.x(*place), y), &class, &tip);
            }
            canvas.end_group();
        }
        let legend: Vec<_> =
            self.marks.iter().enumerate().map(|(index, mark)| (mark.clone(), Swatch::Mark(Shape::of(index)))).collect();
        let height = frame.bottom() + 52.0;
        let height = height + canvas.legend(height, 12.0, &legend) + 12.0;
        Picture::new(&self.name, &self.title, &self.description, height, canvas)
    }
}

/// Names of the rows on the left, and the axis below them.
struct Frame<'n> {
    axis: Axis,
    names: Vec<&'n str>,
    left: f64,
}

impl<'n> Frame<'n> {
    fn new(axis: Axis, names: impl Iterator<Item = &'n str>) -> Self {
        let names: Vec<_> = names.collect();
        let widest = names.iter().map(|name| text_width(name)).fold(0.0, f64::max);
        Self { axis, names, left: 24.0 + widest.min(MAXIMUM_NAME) }
    }

    fn bottom(&self) -> f64 {
        TOP + self.names.len() as f64 * ROW
    }

    fn middle(&self, row: usize) -> f64 {
        TOP + (row as f64 + 0.5) * ROW
    }

    fn x(&self, value: f64) -> f64 {
        self.left + (RIGHT - self.left) * self.axis.place(value)
    }

    fn draw(&self, canvas: &mut Canvas) {
        let mut end_of_last = f64::MIN;
        for tick in self.axis.ticks() {
            let (x, half) = (self.x(tick.value), text_width(&tick.text) / 2.0);
            canvas.line((x, TOP), (x, self.bottom()), "grid");
            if x - half > end_of_last + 8.0 {
                canvas.text((x, self.bottom() + 18.0), Anchor::Middle, "tick", &tick.text);
                end_of_last = x + half;
            }
        }
        for (row, name) in self.names.iter().enumerate() {
            canvas.text((self.left - 10.0, self.middle(row) + 4.0), Anchor::End, "label", &shortened(name));
        }
        canvas.line((self.left, TOP), (self.left, self.bottom()), "frame");
        canvas.text((f64::midpoint(self.left, RIGHT), self.bottom() + 40.0), Anchor::Middle, "axis", &self.axis.label);
    }
}

/// A name that fits beside the rows; the table below a picture has all of it.
fn shortened(name: &str) -> String {
    if text_width(name) <= MAXIMUM_NAME {
        return name.to_owned();
    }
    let letters = (MAXIMUM_NAME / text_width("x")) as usize - 1;
    name.chars().take(letters).chain(['\u{2026}']).collect()
}
