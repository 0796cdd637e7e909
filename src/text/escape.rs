//! Strings from certificates and files come from hostile hands: nothing of theirs may
//! reach a terminal as a command.

use std::borrow::Cow;

/// The text with control, format and bidirectional characters written as `\u{…}`.
#[must_use]
pub fn escape(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_unsafe(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn nothing_reaches_the_terminal_as_a_command() {
        assert_eq!(escape("kube-admin"), "kube-admin");
        assert_eq!(escape("a\u{1b}[2Jb\0\u{202e}"), "a\\u{1b}[2Jb\\u{0}\\u{202e}");
        assert_eq!(escape("쿠버네티스"), "쿠버네티스");
    }
}
