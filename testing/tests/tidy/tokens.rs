//! Rust source as words and signs, each with its line; comments and layout are gone.
//!
//! This is as much of Rust's lexical grammar as the checks need: what is in a comment or a string is never taken for code.

/// What kind of token it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An identifier or keyword.
    Word,
    /// A string of any kind, or a character; its text is what stands between the quotes, as written.
    Text,
    /// A number or a lifetime.
    Other,
    /// Punctuation: one character, except `::`.
    Sign,
}

/// A token of a source file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// What kind of token it is.
    pub kind: Kind,
    /// The token, as written.
    pub text: String,
    /// The line it begins in, counted from 1.
    pub line: usize,
}

impl Token {
    /// Is it this word?
    pub fn is_word(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text == word
    }

    /// Is it this punctuation?
    pub fn is_sign(&self, sign: &str) -> bool {
        self.kind == Kind::Sign && self.text == sign
    }
}

/// The tokens of a source file.
pub fn tokens(source: &str) -> Vec<Token> {
    let mut reader = Reader { rest: source, line: 1, tokens: Vec::new() };
    while !reader.rest.is_empty() {
        reader.next();
    }
    reader.tokens
}

/// Where the group that opens at `open` ends: the index of its closing bracket, or the last token when it is not closed.
pub fn end_of_group(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0;
    for (index, token) in tokens.iter().enumerate().skip(open) {
        if token.kind == Kind::Sign {
            match token.text.as_str() {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth -= 1,
                _ => {}
            }
        }
        if depth == 0 {
            return index;
        }
    }
    tokens.len().saturating_sub(1)
}

struct Reader<'a> {
    rest: &'a str,
    line: usize,
    tokens: Vec<Token>,
}

impl Reader<'_> {
    fn next(&mut self) {
        let rest = self.rest;
        if rest.starts_with("//") {
            self.skip(rest.find('\n').unwrap_or(rest.len()));
        } else if rest.starts_with("/*") {
            self.skip(block_comment(rest));
        } else if let Some((start, end, length)) = string(rest) {
            self.take(Kind::Text, &rest[start..end], length);
        } else if let Some(name) = rest.strip_prefix("r#") {
            let length = word(name);
            self.take(Kind::Word, &name[..length], length + 2);
        } else {
            let Some(first) = rest.chars().next() else { return };
            if first.is_whitespace() {
                self.skip(first.len_utf8());
            } else if first.is_alphabetic() || first == '_' {
                let length = word(rest);
                self.take(Kind::Word, &rest[..length], length);
            } else if first.is_ascii_digit() {
                let length = number(rest);
                self.take(Kind::Other, &rest[..length], length);
            } else if first == '\'' {
                let length = 1 + word(&rest[1..]);
                self.take(Kind::Other, &rest[..length], length);
            } else {
                let length = if rest.starts_with("::") { 2 } else { first.len_utf8() };
                self.take(Kind::Sign, &rest[..length], length);
            }
        }
    }

    fn take(&mut self, kind: Kind, text: &str, length: usize) {
        self.tokens.push(Token { kind, text: text.to_owned(), line: self.line });
        self.skip(length);
    }

    fn skip(&mut self, length: usize) {
        let (skipped, rest) = self.rest.split_at(length);
        self.line += skipped.matches('\n').count();
        self.rest = rest;
    }
}

/// Length of the identifier that the text begins with.
fn word(text: &str) -> usize {
    text.find(|character: char| !character.is_alphanumeric() && character != '_').unwrap_or(text.len())
}

/// Length of the number that the text begins with. The dots of a range and of a method call are not part of it.
fn number(text: &str) -> usize {
    let whole = word(text);
    match text[whole..].strip_prefix('.') {
        Some(fraction) if fraction.starts_with(|first: char| first.is_ascii_digit()) => whole + 1 + word(fraction),
        _ => whole,
    }
}

fn block_comment(text: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < text.len() {
        if text[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if text[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// The string or character that the text begins with: where its content starts and ends, and its whole length.
fn string(text: &str) -> Option<(usize, usize, usize)> {
    let prefix = text.find(|character| !matches!(character, 'b' | 'c' | 'r'))?;
    let (prefix, body) = text.split_at(prefix);
    if !matches!(prefix, "" | "b" | "c" | "r" | "br" | "cr") {
        return None;
    }
    if prefix.ends_with('r') {
        let hashes = body.find(|character| character != '#')?;
        let start = prefix.len() + hashes + 1;
        if !body[hashes..].starts_with('"') {
            return None;
        }
        let closing = format!("\"{}", "#".repeat(hashes));
        let end = text[start..].find(&closing).map_or(text.len(), |length| start + length);
        return Some((start, end, (end + closing.len()).min(text.len())));
    }
    let quote = body.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let start = prefix.len() + 1;
    if quote == '\'' && !is_character(&text[start..]) {
        return None;
    }
    let mut escaped = false;
    for (index, character) in text[start..].char_indices() {
        if !escaped && character == quote {
            return Some((start, start + index, start + index + 1));
        }
        escaped = !escaped && character == '\\';
    }
    Some((start, text.len(), text.len()))
}

/// Is what follows a `'` a character, and not a lifetime?
fn is_character(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next() == Some('\\') || characters.next() == Some('\'')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(source: &str) -> Vec<String> {
        tokens(source).into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn comments_and_strings_are_no_code() {
        let source = "a /* use x; /* y */ */ b // use z;\nc(\"use \\\" q;\", r#\"use \"w\"; \"#, b\"\\\\\")";
        assert_eq!(texts(source), ["a", "b", "c", "(", "use \\\" q;", ",", "use \"w\"; ", ",", "\\\\", ")"]);
        assert_eq!(tokens("r##\"a\"#b\"##c")[1].text, "c");
    }

    #[test]
    fn characters_are_told_from_lifetimes() {
        assert_eq!(
            texts("f::<'a>('b', '\\'', b'\"', 'static)"),
            ["f", "::", "<", "'a", ">", "(", "b", ",", "\\'", ",", "\"", ",", "'static", ")"]
        );
    }

    #[test]
    fn numbers_end_where_ranges_begin() {
        assert_eq!(
            texts("0..n 1.5e3 x.0.y 1_u8.max"),
            ["0", ".", ".", "n", "1.5e3", "x", ".", "0", ".", "y", "1_u8", ".", "max"]
        );
    }

    #[test]
    fn lines_are_counted_through_comments_and_strings() {
        let lines: Vec<usize> = tokens("a\n/* \n */ b \"\n\" c r#type").iter().map(|token| token.line).collect();
        assert_eq!(lines, [1, 3, 3, 4, 4]);
        assert_eq!(texts("r#type"), ["type"]);
    }

    #[test]
    fn groups_end_at_their_own_bracket() {
        let tokens = tokens("f(a[1], { b }) c");
        assert_eq!(end_of_group(&tokens, 1), tokens.len() - 2);
        assert_eq!(end_of_group(&tokens, 3), 5);
    }
}
