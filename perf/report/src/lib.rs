//! A page with pictures of results: [`Report::of`] makes it, [`Report::write`] writes it as one HTML document, and each picture as an SVG file
//! beside it. Neither has a script or asks anything of a network. What pages about
//! something else need is here, too: [`Curves`], [`Section`], and [`document`].

mod axis;
mod bars;
mod baselines;
mod curves;
mod engine;
mod fail_over;
mod figures;
mod hgrm;
mod names;
mod page;
mod percentiles;
mod rates;
mod report;
mod section;
mod stacked;
mod style;
mod svg;

pub use axis::{Axis, number};
pub use curves::{Curves, Point, Series};
pub use page::document;
pub use report::{Report, WriteError};
pub use section::{Content, Section, Table};
pub use svg::Picture;
