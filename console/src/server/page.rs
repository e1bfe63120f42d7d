//! The files of the page. They hold no secret, so they are served without a token.

/// A file of the page.
#[derive(Debug, Clone, Copy)]
pub(super) struct File {
    /// Its path.
    pub path: &'static str,
    /// Its type.
    pub content_type: &'static str,
    /// Its text.
    pub text: &'static str,
}

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

macro_rules! ours {
    ($path:literal, $content_type:expr, $file:literal) => {
        File { path: $path, content_type: $content_type, text: include_str!(concat!("../../page/", $file)) }
    };
}

macro_rules! of_uplot {
    ($path:literal, $content_type:expr, $file:literal) => {
        File {
            path: $path,
            content_type: $content_type,
            text: include_str!(concat!(env!("LUGUS_UPLOT_FOLDER"), "/", $file)),
        }
    };
}

/// All files.
pub(super) const FILES: &[File] = &[
    ours!("/", HTML, "index.html"),
    ours!("/page/style.css", STYLE, "style.css"),
    ours!("/page/app.js", SCRIPT, "app.js"),
    ours!("/page/book.js", SCRIPT, "book.js"),
    ours!("/page/clusters.js", SCRIPT, "clusters.js"),
    ours!("/page/curves.js", SCRIPT, "curves.js"),
    ours!("/page/dom.js", SCRIPT, "dom.js"),
    ours!("/page/events.js", SCRIPT, "events.js"),
    ours!("/page/format.js", SCRIPT, "format.js"),
    ours!("/page/keys.js", SCRIPT, "keys.js"),
    ours!("/page/map.js", SCRIPT, "map.js"),
    ours!("/page/stream.js", SCRIPT, "stream.js"),
    of_uplot!("/page/uplot.js", SCRIPT, "uPlot.iife.min.js"),
    of_uplot!("/page/uplot.css", STYLE, "uPlot.min.css"),
    of_uplot!("/page/uplot-license.txt", TEXT, "LICENSE"),
];
