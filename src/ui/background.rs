//! What lies behind the text, dark or light. The terminal is asked and nobody waits for it:
//! its answer (OSC 11) comes among the keys, as the characters it is made of, and is taken
//! out from there. A terminal that does not answer is dark, or as `COLORFGBG` says.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What lies behind the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Background {
    /// What the terminal says.
    #[default]
    Auto,
    /// Light text on dark.
    Dark,
    /// Dark text on light.
    Light,
}

/// Asks for the colour behind the text.
pub(super) const QUESTION: &str = "\x1b]11;?\x1b\\";
/// How the answer goes on behind its first character.
const BEGINNING: &str = "11;rgb";
/// An answer is shorter: `11;rgba:ffff/ffff/ffff/ffff`.
const LONGEST: usize = 32;

/// Whether `COLORFGBG` (`15;0`, `0;default;15`) tells of a light background: the last number
/// is its place among the 16 colours.
pub(super) fn is_light(colorfgbg: &str) -> bool {
    let last = colorfgbg.rsplit(';').next().and_then(|number| number.trim().parse::<u8>().ok());
    matches!(last, Some(7 | 9..=15))
}

/// Takes the terminal's answer out of the keys.
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// What may be the answer, so far.
    held: Vec<KeyEvent>,
    /// Nothing more is expected.
    over: bool,
}

/// What a key was.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// Keys of the user's.
    Keys(Vec<KeyEvent>),
    /// The answer: whether the background is light.
    Light(bool),
    /// A part of the answer.
    Part,
}

impl Answer {
    /// Nothing is expected, for nothing was asked.
    pub(super) fn none() -> Self {
        Self { held: Vec::new(), over: true }
    }

    /// Takes a key.
    pub(super) fn take(&mut self, key: KeyEvent) -> Taken {
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        let begins = key.code == KeyCode::Char(']') && alt;
        if self.over || self.held.is_empty() && !begins {
            return Taken::Keys(vec![key]);
        }
        let ends = key.code == KeyCode::Char('\\') && alt
            || key.code == KeyCode::Char('g') && key.modifiers.contains(KeyModifiers::CONTROL);
        self.held.push(key);
        let text: String = self.held.iter().skip(1).filter_map(|key| key.code.as_char()).collect();
        let text = if ends { text.strip_suffix(['\\', 'g']).unwrap_or_default() } else { &text };
        let may_be = BEGINNING.starts_with(text) || text.starts_with(BEGINNING);
        if ends && let Some(light) = light_of(text) {
            self.over = true;
            self.held.clear();
            return Taken::Light(light);
        }
        if ends || !may_be || text.len() > LONGEST {
            return Taken::Keys(std::mem::take(&mut self.held));
        }
        Taken::Part
    }
}

/// Whether `11;rgb:ffff/ffff/ffff` is light.
fn light_of(text: &str) -> Option<bool> {
    let (_, channels) = text.strip_prefix(BEGINNING)?.split_once(':')?;
    let mut parts = channels.split('/').map(|hex| {
        // One to four digits each.
        let most = 16_u32.pow(u32::try_from(hex.len()).ok().filter(|digits| *digits <= 4)?) - 1;
        Some(u32::from_str_radix(hex, 16).ok()? * 1000 / most.max(1))
    });
    let (red, green, blue) = (parts.next()??, parts.next()??, parts.next()??);
    Some(red * 299 + green * 587 + blue * 114 > 500_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As crossterm reads bytes: ESC and a character is the character with Alt.
    fn keys(text: &str) -> Vec<KeyEvent> {
        let mut alt = KeyModifiers::NONE;
        let mut keys = Vec::new();
        for c in text.chars() {
            match c {
                '\u{1b}' => alt = KeyModifiers::ALT,
                '\u{7}' => keys.push(KeyEvent::new(KeyCode::Char('g'), KeyModifiers::CONTROL)),
                c => keys
                    .push(KeyEvent::new(KeyCode::Char(c), std::mem::replace(&mut alt, KeyModifiers::NONE))),
            }
        }
        keys
    }

    fn taken(text: &str) -> (Option<bool>, usize) {
        let (mut answer, mut light, mut through) = (Answer::default(), None, 0);
        for key in keys(text) {
            match answer.take(key) {
                Taken::Light(is) => light = Some(is),
                Taken::Keys(keys) => through += keys.len(),
                Taken::Part => {}
            }
        }
        (light, through)
    }

    #[test]
    fn the_answer_is_taken_out_of_the_keys_and_nothing_else() {
        assert_eq!(taken("j\u{1b}]11;rgb:ffff/ffff/eeee\u{1b}\\12"), (Some(true), 3));
        assert_eq!(taken("\u{1b}]11;rgb:1e/1e/2e\u{7}q"), (Some(false), 1));
        assert_eq!(taken("\u{1b}]11;rgba:ffff/ffff/ffff/ffff\u{7}"), (Some(true), 0));
        // Keys that only begin like it are keys.
        assert_eq!(taken("\u{1b}]12"), (None, 3));
        assert_eq!(taken("\u{1b}]11;rgb:nonsense\u{7}1"), (None, 18));
        assert_eq!(taken("1234]"), (None, 5));
        assert_eq!(taken("\u{1b}]11;rgb:ffffffff/0/0\u{7}").0, None);
    }

    #[test]
    fn colorfgbg_is_understood() {
        for (text, light) in [
            ("15;0", false),
            ("0;15", true),
            ("0;default;7", true),
            ("", false),
            ("0;x", false),
            ("7;8", false),
        ] {
            assert_eq!(is_light(text), light, "{text}");
        }
    }
}
