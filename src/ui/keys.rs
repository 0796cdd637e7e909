//! Keys as the screen knows them. With the Korean input method on, a terminal sends jamo or
//! whole syllables; they stand for the Latin keys they were typed with (the 2-set layout).

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// A key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    /// A character.
    Char(char),
    /// A character with Control.
    Ctrl(char),
    /// A function key.
    F(u8),
    /// Enter.
    Enter,
    /// Escape.
    Esc,
    /// Tab.
    Tab,
    /// Tab with Shift.
    BackTab,
    /// Up.
    Up,
    /// Down.
    Down,
    /// Left.
    Left,
    /// Right.
    Right,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// Home.
    Home,
    /// End.
    End,
    /// Backspace.
    Backspace,
}

/// The keys of an event: none for a release, several for a syllable. While a text is typed
/// a character is itself.
pub(super) fn keys_of(event: KeyEvent, typing: bool) -> Vec<Key> {
    if event.kind == KeyEventKind::Release || event.modifiers.contains(KeyModifiers::ALT) {
        return Vec::new();
    }
    let key = match event.code {
        KeyCode::Char(c) => {
            let control = event.modifiers.contains(KeyModifiers::CONTROL);
            if typing && !control {
                return vec![Key::Char(c)];
            }
            return latin(c)
                .into_iter()
                .map(|c| if control { Key::Ctrl(c.to_ascii_lowercase()) } else { Key::Char(c) })
                .collect();
        }
        KeyCode::Enter => Key::Enter,
        KeyCode::Backspace => Key::Backspace,
        KeyCode::Esc => Key::Esc,
        KeyCode::Tab if event.modifiers.contains(KeyModifiers::SHIFT) => Key::BackTab,
        KeyCode::Tab => Key::Tab,
        KeyCode::BackTab => Key::BackTab,
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::Left => Key::Left,
        KeyCode::Right => Key::Right,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::F(n) => Key::F(n),
        _ => return Vec::new(),
    };
    vec![key]
}

/// The strokes behind the compatibility jamo U+3131…U+3163, in their order.
const JAMO: [&str; 51] = [
    "r", "R", "rt", "s", "sw", "sg", "e", "E", "f", "fr", "fa", "fq", "ft", "fx", "fv", "fg", "a", "q", "Q",
    "qt", "t", "T", "d", "w", "W", "c", "z", "x", "v", "g", "k", "o", "i", "O", "j", "p", "u", "P", "h",
    "hk", "ho", "hl", "y", "n", "nj", "np", "nl", "b", "m", "ml", "l",
];
const INITIALS: &str = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ";
const FINALS: &str = "ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ";

/// The Latin characters that a character was typed with.
fn latin(c: char) -> Vec<char> {
    match c {
        '\u{3131}'..='\u{3163}' => strokes(c),
        '가'..='힣' => {
            let index = c as u32 - '가' as u32;
            let (initial, medial, last) = (index / 588, index % 588 / 28, index % 28);
            let initial = INITIALS.chars().nth(initial as usize);
            let medial = char::from_u32('ㅏ' as u32 + medial);
            let last = last.checked_sub(1).and_then(|last| FINALS.chars().nth(last as usize));
            [initial, medial, last].into_iter().flatten().flat_map(strokes).collect()
        }
        c => vec![c],
    }
}

fn strokes(jamo: char) -> Vec<char> {
    let index = (jamo as u32).wrapping_sub(0x3131) as usize;
    JAMO.get(index).map(|keys| keys.chars().collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(c: char, modifiers: KeyModifiers) -> Vec<Key> {
        keys_of(KeyEvent::new(KeyCode::Char(c), modifiers), false)
    }

    #[test]
    fn jamo_stand_for_the_keys_they_were_typed_with() {
        let pairs = "ㅂqㅈwㄷeㄱrㅅtㅛyㅕuㅑiㅐoㅔpㅁaㄴsㅇdㄹfㅎgㅗhㅓjㅏkㅣlㅋzㅌxㅊcㅍvㅠbㅜnㅡmㅃQㅉWㄸEㄲRㅆTㅒOㅖP";
        let pairs: Vec<char> = pairs.chars().collect();
        for pair in pairs.chunks(2) {
            assert_eq!(typed(pair[0], KeyModifiers::NONE), [Key::Char(pair[1])]);
        }
        assert_eq!(typed('ㅊ', KeyModifiers::CONTROL), [Key::Ctrl('c')]);
    }

    #[test]
    fn a_syllable_that_is_typed_stays_whole() {
        let event = |modifiers| KeyEvent::new(KeyCode::Char('증'), modifiers);
        assert_eq!(keys_of(event(KeyModifiers::NONE), true), [Key::Char('증')]);
        assert_eq!(keys_of(event(KeyModifiers::CONTROL), true).len(), 3);
    }

    #[test]
    fn a_syllable_comes_apart() {
        assert_eq!(typed('가', KeyModifiers::NONE), [Key::Char('r'), Key::Char('k')]);
        assert_eq!(typed('힣', KeyModifiers::NONE), [Key::Char('g'), Key::Char('l'), Key::Char('g')]);
        assert_eq!(
            typed('봤', KeyModifiers::NONE),
            [Key::Char('q'), Key::Char('h'), Key::Char('k'), Key::Char('T')]
        );
        assert_eq!(typed('q', KeyModifiers::NONE), [Key::Char('q')]);
    }
}
