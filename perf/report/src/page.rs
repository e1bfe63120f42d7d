//! The page: one HTML document without script, which asks nothing of a network.

use std::fmt::Write;

use lugus_results::Results;

use crate::axis::number;
use crate::section::{Content, Section, Table};
use crate::style::{PAGE_STYLE, PICTURE_STYLE};
use crate::svg::escape;

/// The page of these sections about results.
pub(crate) fn page(results: &Results, sections: &[Section]) -> String {
    document(
        &format!("Lugus: measurements of {}", results.begun),
        "Where and what was measured",
        &origin(results),
        sections,
    )
}

/// A page with this title, a table of names and values, and these sections.
#[must_use]
pub fn document(title: &str, caption: &str, facts: &[(String, String)], sections: &[Section]) -> String {
    let mut page = String::new();
    // The policy makes sure that the page loads nothing, whatever a label says.
    let _ = write!(
        page,
        "<!DOCTYPE html>\n<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta name=\"color-scheme\" content=\"light dark\"/>\n<title>{title}</title>\n\
         <style>{PICTURE_STYLE}{PAGE_STYLE}</style>\n</head>\n<body>\n<header>\n<h1>{title}</h1>\n",
        title = escape(title),
    );
    page.push_str(&table_of_facts(caption, facts));
    page.push_str("<nav aria-label=\"Sections\"><ul>\n");
    for section in sections {
        let _ = writeln!(page, "<li><a href=\"#{}\">{}</a></li>", section.id, escape(section.title));
    }
    page.push_str("</ul></nav>\n</header>\n<main>\n");
    for section in sections {
        page.push_str(&section_text(section));
    }
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

/// The machine, the program and the settings.
fn origin(results: &Results) -> Vec<(String, String)> {
    let machine = &results.machine;
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "not known".to_owned());
    let cores = match machine.hyper_threads {
        Some(true) => format!("{} logical processors, with hyper-threads", machine.cores),
        Some(false) | None => format!("{} cores", machine.cores),
    };
    let kind = if machine.virtual_machine { ", a virtual machine" } else { "" };
    let settings: Vec<String> = results.settings.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    [
        ("processor", format!("{}, {cores}{kind}", machine.cpu_model)),
        ("memory", format!("{} MiB", number((machine.memory_bytes >> 20) as f64))),
        ("system", format!("{}, Linux {}", machine.os, machine.kernel)),
        ("Java", text(&machine.jdk)),
        ("governor", text(&machine.governor)),
        ("clock source", text(&machine.clock_source)),
        ("transparent huge pages", text(&machine.transparent_huge_pages)),
        ("Lugus", format!("{}, commit {}", results.version, text(&results.commit))),
        ("settings", settings.join("; ")),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

fn table_of_facts(caption: &str, facts: &[(String, String)]) -> String {
    let mut table = format!("<div class=\"scroll\"><table>\n<caption>{}</caption>\n<tbody>\n", escape(caption));
    for (name, value) in facts {
        let (name, value) = (escape(name), escape(value));
        let _ = writeln!(table, "<tr><th scope=\"row\">{name}</th><td class=\"words wrap\">{value}</td></tr>");
    }
    table.push_str("</tbody></table></div>\n");
    table
}

fn section_text(section: &Section) -> String {
    let mut text = format!("<section id=\"{}\">\n<h2>{}</h2>\n", section.id, escape(section.title));
    match &section.content {
        Content::Missing(why) => {
            // Words that say why something was left out matter here, too; the first ones explain the pictures.
            for words in section.words.iter().skip(1) {
                let _ = writeln!(text, "<p class=\"missing\">{}</p>", escape(words));
            }
            let _ = writeln!(text, "<p class=\"missing\">Left out. {}</p>", escape(why));
        }
        Content::Pictures(pictures) => {
            for words in &section.words {
                let _ = writeln!(text, "<p>{}</p>", escape(words));
            }
            for (picture, table) in pictures {
                let _ = write!(
                    text,
                    "<figure>\n<figcaption>{}</figcaption>\n{}</figure>\n{}",
                    escape(&picture.title),
                    picture.inline(),
                    table_text(table)
                );
            }
        }
        Content::Table(table) => {
            let _ = write!(
                text,
                "<details>\n<summary>{}</summary>\n{}</details>\n",
                escape(&table.caption),
                table_text(table)
            );
        }
    }
    text.push_str("</section>\n");
    text
}

fn table_text(table: &Table) -> String {
    let class = |index: usize| if index < table.words { " class=\"words\"" } else { "" };
    let mut text = format!("<div class=\"scroll\"><table>\n<caption>{}</caption>\n<thead><tr>", escape(&table.caption));
    for (index, cell) in table.header.iter().enumerate() {
        let _ = write!(text, "<th scope=\"col\"{}>{}</th>", class(index), escape(cell));
    }
    text.push_str("</tr></thead>\n<tbody>\n");
    for row in &table.rows {
        text.push_str("<tr>");
        for (index, cell) in row.iter().enumerate() {
            let _ = match index {
                0 => write!(text, "<th scope=\"row\">{}</th>", escape(cell)),
                _ => write!(text, "<td{}>{}</td>", class(index), escape(cell)),
            };
        }
        text.push_str("</tr>\n");
    }
    text.push_str("</tbody></table></div>\n");
    text
}
