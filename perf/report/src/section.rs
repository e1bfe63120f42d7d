//! A section of the page: words, pictures, and a table below each picture.

use lugus_results::Spread;

use crate::axis::number;
use crate::svg::Picture;

/// A part of the page about one question.
#[derive(Debug)]
pub struct Section {
    /// Name of its anchor.
    pub id: &'static str,
    /// Its heading.
    pub title: &'static str,
    /// Paragraphs before the pictures.
    pub words: Vec<String>,
    /// What it shows.
    pub content: Content,
}

/// What a section shows.
#[derive(Debug)]
pub enum Content {
    /// Pictures, each with the table of its numbers.
    Pictures(Vec<(Picture, Table)>),
    /// A table alone, which is opened when it is wanted.
    Table(Table),
    /// The results lack what the section is about.
    Missing(String),
}

/// A table.
#[derive(Debug, Default, Clone)]
pub struct Table {
    /// What it shows.
    pub caption: String,
    /// Names of the columns.
    pub header: Vec<String>,
    /// Rows; the first `words` cells of each are text and the others are numbers.
    pub rows: Vec<Vec<String>>,
    /// Number of columns of text, at the left.
    pub words: usize,
}

impl Section {
    /// A section of pictures; if there are none, it says what the results lack.
    pub(crate) fn of_pictures(
        id: &'static str,
        title: &'static str,
        words: Vec<String>,
        pictures: Vec<(Picture, Table)>,
        lacking: &str,
    ) -> Self {
        let content =
            if pictures.is_empty() { Content::Missing(lacking.to_owned()) } else { Content::Pictures(pictures) };
        Self { id, title, words, content }
    }

    /// The pictures of the section.
    pub(crate) fn pictures(&self) -> impl Iterator<Item = &Picture> {
        let pictures = match &self.content {
            Content::Pictures(pictures) => pictures.as_slice(),
            Content::Table(_) | Content::Missing(_) => &[],
        };
        pictures.iter().map(|(picture, _)| picture)
    }
}

impl Table {
    /// A table with these columns, of which the first is text.
    #[must_use]
    pub fn new(caption: &str, header: &[&str]) -> Self {
        let header = header.iter().map(|cell| (*cell).to_owned()).collect();
        Self { caption: caption.to_owned(), header, rows: Vec::new(), words: 1 }
    }
}

/// Median and range of a figure as text; the range is left out where there was one round.
pub(crate) fn spread(spread: &Spread) -> String {
    let [median, minimum, maximum] = [spread.median, spread.minimum, spread.maximum].map(number);
    if spread.samples.len() == 1 { median } else { format!("{median} ({minimum} to {maximum})") }
}
