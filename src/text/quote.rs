//! Go's `%q`: a text in double quotes, with what cannot be seen escaped
//! (`strconv.Quote`).

use std::fmt::Write as _;

use unicode_normalization::char::is_combining_mark;

/// `text` as Go's `%q` writes it.
#[must_use]
pub fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    push_escaped(&mut quoted, text);
    quoted.push('"');
    quoted
}

/// Bytes as Go's `%q` writes them: those that are no UTF-8 as `\xd3`.
#[must_use]
pub fn quote_bytes(bytes: &[u8]) -> String {
    let mut quoted = String::with_capacity(bytes.len() + 2);
    quoted.push('"');
    for chunk in bytes.utf8_chunks() {
        push_escaped(&mut quoted, chunk.valid());
        for byte in chunk.invalid() {
            // Writing to a String cannot fail.
            let _ = write!(quoted, "\\x{byte:02x}");
        }
    }
    quoted.push('"');
    quoted
}

fn push_escaped(quoted: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\u{07}' => quoted.push_str("\\a"),
            '\u{08}' => quoted.push_str("\\b"),
            '\u{0b}' => quoted.push_str("\\v"),
            '\u{0c}' => quoted.push_str("\\f"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            _ if is_printable(character) => quoted.push(character),
            _ => {
                let code = u32::from(character);
                // Writing to a String cannot fail.
                let _ = match code {
                    0..0x20 | 0x7f => write!(quoted, "\\x{code:02x}"),
                    0..=0xffff => write!(quoted, "\\u{code:04x}"),
                    _ => write!(quoted, "\\U{code:08x}"),
                };
            }
        }
    }
}

/// Letters, marks, numbers, punctuation, symbols and the ASCII space. Rust leaves the
/// same classes alone when it escapes, but for marks and what else joins the character
/// before it.
fn is_printable(character: char) -> bool {
    matches!(character, '\'' | '\u{ff9e}' | '\u{ff9f}')
        || is_combining_mark(character)
        || character.escape_debug().len() == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_escaped() {
        assert_eq!(quote(r#"The "Quoted" \ CA"#), r#""The \"Quoted\" \\ CA""#);
        assert_eq!(quote("a\u{0}\u{1b}\u{7f}\t"), r#""a\x00\x1b\x7f\t""#);
        assert_eq!(quote("쿠버네티스 e\u{301}'"), "\"쿠버네티스 e\u{301}'\"");
        assert_eq!(quote_bytes(b"a\xd3\"\xed\x95"), r#""a\xd3\"\xed\x95""#);
        assert_eq!(quote("\u{202e}\u{a0}\u{e0001}"), r#""\u202e\u00a0\U000e0001""#);
    }
}
