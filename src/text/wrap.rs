//! Lines that fit: Hangul and Latin break at spaces, a word too long for the line at a
//! grapheme. A wide glyph never stands half outside.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Columns that a text takes on a terminal.
#[must_use]
pub fn width(text: &str) -> usize {
    text.width()
}

/// The text in lines of at most `columns`; line breaks in it stay. A width of 0 gives one
/// empty line.
#[must_use]
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    text.split('\n').flat_map(|line| wrap_line(line, columns)).collect()
}

fn wrap_line(text: &str, columns: usize) -> Vec<String> {
    if columns == 0 {
        return vec![String::new()];
    }
    let indent: String = text.chars().take_while(|c| *c == ' ').collect();
    let indent =
        if width(&indent) * 2 > columns || width(&indent) + 2 > columns { String::new() } else { indent };
    let mut lines = Vec::new();
    let mut line = indent.clone();
    let mut blank = true;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let room = columns.saturating_sub(width(&line) + usize::from(!blank));
        if !blank && width(word) > room {
            lines.push(std::mem::replace(&mut line, indent.clone()));
            blank = true;
        }
        if !blank {
            line.push(' ');
        }
        for grapheme in word.graphemes(true) {
            if width(&line) + width(grapheme) > columns && !line.trim().is_empty() {
                lines.push(std::mem::replace(&mut line, indent.clone()));
            }
            if width(grapheme) <= columns {
                line.push_str(grapheme);
            }
        }
        blank = false;
    }
    lines.push(line);
    lines
}

/// The text cut to `columns`, with `…` where something was cut.
#[must_use]
pub fn truncate(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut out = String::new();
    for grapheme in text.graphemes(true) {
        if width(&out) + width(grapheme) + 1 > columns {
            break;
        }
        out.push_str(grapheme);
    }
    if columns > 0 {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn korean_breaks_at_spaces() {
        assert_eq!(wrap("인증서는 신원을 증명해요", 12), ["인증서는", "신원을", "증명해요"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(truncate("인증서는", 5), "인증…");
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_asked(text in "[가-힣a-z \n]{0,80}", columns in 2usize..40) {
            for line in wrap(&text, columns) {
                prop_assert!(width(&line) <= columns);
            }
            prop_assert!(width(&truncate(&text.replace('\n', " "), columns)) <= columns);
        }

        #[test]
        fn nothing_is_lost(text in "[가-힣a-z ]{0,80}", columns in 2usize..40) {
            let kept: String = wrap(&text, columns).concat().replace(' ', "");
            prop_assert_eq!(kept, text.replace(' ', ""));
        }
    }
}
