//! Finds the line of a key, and the key at a place, in the text of a `cluster.toml`.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The text of a file, parsed as far as it is TOML.
pub(crate) struct Source<'t> {
    text: &'t str,
    root: Spanned<DeTable<'t>>,
}

impl<'t> Source<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self { text, root: DeTable::parse_recoverable(text).0 }
    }

    /// Line of the byte at `offset`, counted from 1.
    pub(crate) fn line(&self, offset: usize) -> usize {
        let before = self.text.as_bytes().get(..offset).unwrap_or(self.text.as_bytes());
        before.iter().filter(|byte| **byte == b'\n').count() + 1
    }

    /// Line of `key`, such as `cluster[0].member[1].port`, or of the nearest table around it that the file has.
    pub(crate) fn line_of(&self, key: &str) -> Option<usize> {
        let mut found = None;
        let mut table = self.root.get_ref();
        for part in key.split('.') {
            let (name, index) = name_and_index(part);
            let Some((written, mut value)) = table.iter().find(|(written, _)| written.get_ref() == name) else { break };
            let mut offset = written.span().start;
            if let (Some(index), DeValue::Array(array)) = (index, value.get_ref()) {
                let Some(element) = array.get(index) else { break };
                offset = element.span().start;
                value = element;
            }
            found = Some(self.line(offset));
            let DeValue::Table(inner) = value.get_ref() else { break };
            table = inner;
        }
        found
    }

    /// The key, with its sections, whose name or value covers `span`.
    pub(crate) fn key_at(&self, span: &Range<usize>) -> String {
        let mut key = String::new();
        key_in_table(self.root.get_ref(), span, &mut key);
        key
    }
}

fn name_and_index(part: &str) -> (&str, Option<usize>) {
    match part.split_once('[') {
        Some((name, rest)) => (name, rest.strip_suffix(']').and_then(|index| index.parse().ok())),
        None => (part, None),
    }
}

fn key_in_table(table: &DeTable<'_>, span: &Range<usize>, key: &mut String) -> bool {
    for (name, value) in table.iter() {
        let length = key.len();
        if !key.is_empty() {
            key.push('.');
        }
        key.push_str(name.get_ref());
        if covers(&name.span(), span) || key_in_value(value, span, key) {
            return true;
        }
        key.truncate(length);
    }
    false
}

fn key_in_value(value: &Spanned<DeValue<'_>>, span: &Range<usize>, key: &mut String) -> bool {
    match value.get_ref() {
        DeValue::Table(table) => key_in_table(table, span, key) || covers(&value.span(), span),
        DeValue::Array(array) => {
            let length = key.len();
            for (index, element) in array.iter().enumerate() {
                key.push_str(&format!("[{index}]"));
                if key_in_value(element, span, key) {
                    return true;
                }
                key.truncate(length);
            }
            covers(&value.span(), span)
        }
        _ => covers(&value.span(), span),
    }
}

fn covers(outer: &Range<usize>, inner: &Range<usize>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "dir = \"x\"\n\n[timeouts]\nsession_timeout = \"1s\"\n[[cluster]]\nid = 0\n[[cluster.member]]\nid = 0\n\
                        [[cluster.member]]\nid = 1\nport = 7\n";

    #[test]
    fn lines_of_keys() {
        let source = Source::new(TEXT);
        for (key, line) in [
            ("dir", Some(1)),
            ("timeouts", Some(3)),
            ("timeouts.session_timeout", Some(4)),
            ("timeouts.start_timeout", Some(3)),
            ("cluster[0].id", Some(6)),
            ("cluster[0].member[1].port", Some(11)),
            ("cluster[0].member[0].port", Some(7)),
            ("nothing", None),
        ] {
            assert_eq!(source.line_of(key), line, "{key}");
        }
    }

    #[test]
    fn keys_at_places() {
        let source = Source::new(TEXT);
        for (text, key) in
            [("\"x\"", "dir"), ("\"1s\"", "timeouts.session_timeout"), ("7", "cluster[0].member[1].port")]
        {
            let start = TEXT.find(text).expect(text);
            assert_eq!(source.key_at(&(start..start + text.len())), key);
        }
        assert_eq!(source.key_at(&(TEXT.len() + 5..TEXT.len() + 6)), "");
    }
}
