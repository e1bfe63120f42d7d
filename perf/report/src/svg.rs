//! Pictures as SVG. Each is written once, and used in the page and as a file of its own; colours come from classes, so that both follow
//! the reader's light or dark theme, which no library for plots does whose colours are attributes.

use std::fmt::Write;

use crate::style::PICTURE_STYLE;

/// Width of a picture, in units of its own, which are pixels at its natural size.
pub(crate) const WIDTH: f64 = 860.0;

/// Size of the text in a picture.
const FONT_SIZE: f64 = 12.0;

/// Greatest width of a letter of that text, on average: fonts differ, so it is more than most have.
const LETTER: f64 = 0.6 * FONT_SIZE;

/// Number of series that have a colour of their own; the next ones begin again with the first, and are dashed.
pub(crate) const COLOURS: usize = 8;

/// A picture with its words for those who don't see it.
#[derive(Debug, Clone)]
pub struct Picture {
    /// Name, which is that of its file without the ending.
    pub name: String,
    /// Its title.
    pub title: String,
    description: String,
    height: f64,
    body: String,
}

/// Where a text stands beside its point.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// The content of a picture while it is drawn.
#[derive(Debug, Default)]
pub(crate) struct Canvas {
    body: String,
}

/// Shape of a mark, so that series differ without their colours, too.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shape {
    Circle,
    Square,
    Triangle,
    Diamond,
}

impl Shape {
    /// The shape of a series.
    pub(crate) fn of(index: usize) -> Self {
        [Self::Circle, Self::Square, Self::Triangle, Self::Diamond][index % 4]
    }
}

/// The width of a text, at most.
pub(crate) fn text_width(text: &str) -> f64 {
    text.chars().count() as f64 * LETTER
}

/// Class of a series: its colour, and dashes from the ninth one on.
pub(crate) fn series_class(index: usize) -> String {
    let dashed = if index < COLOURS { "" } else { " dashed" };
    format!("s{}{dashed}", index % COLOURS)
}

/// A text with what XML and HTML reserve replaced.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // XML has no other control characters, not even as references.
            control if control.is_control() && !matches!(control, '\n' | '\t') => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

impl Picture {
    /// A picture of this content.
    pub(crate) fn new(name: &str, title: &str, description: &str, height: f64, canvas: Canvas) -> Self {
        Self {
            name: name.to_owned(),
            title: title.to_owned(),
            description: description.to_owned(),
            height,
            body: canvas.body,
        }
    }

    /// The picture as a part of a page that has its classes.
    pub(crate) fn inline(&self) -> String {
        self.svg("")
    }

    /// The picture as a file.
    #[must_use]
    pub fn file(&self) -> String {
        self.svg(&format!("<style>{PICTURE_STYLE}</style>\n"))
    }

    fn svg(&self, style: &str) -> String {
        let Self { name, title, description, height, body } = self;
        let (name, title, description) = (escape(name), escape(title), escape(description));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"picture\" viewBox=\"0 0 {WIDTH} {height:.0}\" role=\"img\" \
             aria-labelledby=\"{name}-title {name}-description\">\n<title id=\"{name}-title\">{title}</title>\n\
             <desc id=\"{name}-description\">{description}</desc>\n{style}\
             <rect class=\"background\" width=\"{WIDTH}\" height=\"{height:.0}\"/>\n{body}</svg>\n"
        )
    }
}

// Writing to a string can't fail, so the results of `write!` are dropped.
impl Canvas {
    pub(crate) fn line(&mut self, from: (f64, f64), to: (f64, f64), class: &str) {
        let ((x1, y1), (x2, y2)) = (from, to);
        let _ = writeln!(
            self.body,
            "<line class=\"{class}\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>"
        );
    }

    pub(crate) fn polyline(&mut self, points: &[(f64, f64)], class: &str) {
        let _ = writeln!(self.body, "<polyline class=\"{class}\" points=\"{}\"/>", coordinates(points));
    }

    pub(crate) fn polygon(&mut self, points: &[(f64, f64)], class: &str) {
        let _ = writeln!(self.body, "<polygon class=\"{class}\" points=\"{}\"/>", coordinates(points));
    }

    /// A rectangle; `tip` is shown when the reader points at it.
    pub(crate) fn rectangle(&mut self, corner: (f64, f64), size: (f64, f64), class: &str, tip: &str) {
        let ((x, y), (width, height)) = (corner, size);
        let _ = writeln!(
            self.body,
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\">{}</rect>",
            title_of(tip)
        );
    }

    /// A mark; `tip` is shown when the reader points at it.
    pub(crate) fn mark(&mut self, shape: Shape, (x, y): (f64, f64), class: &str, tip: &str) {
        let tip = title_of(tip);
        let around =
            |corners: &[(f64, f64)]| coordinates(&corners.iter().map(|(dx, dy)| (x + dx, y + dy)).collect::<Vec<_>>());
        let polygon = match shape {
            Shape::Circle => {
                let _ =
                    writeln!(self.body, "<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\">{tip}</circle>");
                return;
            }
            Shape::Square => around(&[(-3.6, -3.6), (3.6, -3.6), (3.6, 3.6), (-3.6, 3.6)]),
            Shape::Triangle => around(&[(0.0, -4.8), (4.6, 3.4), (-4.6, 3.4)]),
            Shape::Diamond => around(&[(0.0, -5.2), (5.2, 0.0), (0.0, 5.2), (-5.2, 0.0)]),
        };
        let _ = writeln!(self.body, "<polygon class=\"{class}\" points=\"{polygon}\">{tip}</polygon>");
    }

    pub(crate) fn ring(&mut self, (x, y): (f64, f64), class: &str, tip: &str) {
        let _ = writeln!(
            self.body,
            "<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"9\">{}</circle>",
            title_of(tip)
        );
    }

    pub(crate) fn text(&mut self, (x, y): (f64, f64), anchor: Anchor, class: &str, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let _ = writeln!(
            self.body,
            "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{}</text>",
            escape(text)
        );
    }

    /// Begins a group, which [`Canvas::end_group`] ends.
    pub(crate) fn begin_group(&mut self, class: &str, name: &str) {
        let _ = writeln!(self.body, "<g class=\"{class}\" data-name=\"{}\">", escape(name));
    }

    pub(crate) fn end_group(&mut self) {
        self.body.push_str("</g>\n");
    }

    /// Names of series with their colours, in lines that fit; returns the height of all lines.
    pub(crate) fn legend(&mut self, top: f64, left: f64, entries: &[(String, Swatch)]) -> f64 {
        const LINE: f64 = 20.0;
        const SWATCH: f64 = 30.0;
        const GAP: f64 = 18.0;
        let (mut x, mut y) = (left, top + LINE / 2.0);
        for (name, swatch) in entries {
            let width = SWATCH + text_width(name);
            if x > left && x + width > WIDTH {
                (x, y) = (left, y + LINE);
            }
            match swatch {
                Swatch::Series(index, shape) => {
                    let class = series_class(*index);
                    self.line((x, y), (x + SWATCH - 6.0, y), &format!("curve {class}"));
                    self.mark(*shape, (x + SWATCH / 2.0 - 3.0, y), &format!("mark {class}"), "");
                }
                Swatch::Area(index) => {
                    self.rectangle((x + 8.0, y - 6.0), (14.0, 12.0), &format!("area {}", series_class(*index)), "");
                }
                Swatch::Mark(shape) => self.mark(*shape, (x + SWATCH / 2.0, y), "mark plain", ""),
                Swatch::Ring => self.ring((x + SWATCH / 2.0, y), "ring", ""),
            }
            self.text((x + SWATCH, y + 4.0), Anchor::Start, "label", name);
            x += width + GAP;
        }
        if entries.is_empty() { 0.0 } else { y + LINE / 2.0 - top }
    }
}

/// What stands before a name in a legend.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Swatch {
    /// A line with marks.
    Series(usize, Shape),
    /// A filled area.
    Area(usize),
    /// A mark without a colour of its own.
    Mark(Shape),
    /// The ring around a remarkable point.
    Ring,
}

fn coordinates(points: &[(f64, f64)]) -> String {
    let points: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    points.join(" ")
}

fn title_of(tip: &str) -> String {
    if tip.is_empty() { String::new() } else { format!("<title>{}</title>", escape(tip)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_markup_reserves_is_replaced() {
        assert_eq!(escape("a<b> & \"c\" 'd'\u{1b}\n"), "a&lt;b&gt; &amp; &quot;c&quot; &#39;d&#39;\u{fffd}\n");
    }

    #[test]
    fn a_legend_breaks_into_lines_that_fit() {
        let entries: Vec<_> =
            (0..9).map(|index| (format!("a series with a name {index}"), Swatch::Area(index))).collect();
        let mut canvas = Canvas::default();
        let height = canvas.legend(0.0, 60.0, &entries);
        assert!((height - 60.0).abs() < 1e-9, "three lines of four: {height}");
        assert_eq!(series_class(9), "s1 dashed");
    }
}
