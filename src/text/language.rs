//! The two languages, and what Korean asks of a sentence with a name in it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A language of the lab.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Korean.
    Ko,
}

impl Language {
    /// Both, in the order in which they are shown.
    pub const ALL: [Self; 2] = [Self::En, Self::Ko];

    /// The code: `en`, `ko`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        self.pick("en", "ko")
    }

    /// The English or the Korean of a pair.
    #[must_use]
    pub const fn pick<T: Copy>(self, english: T, korean: T) -> T {
        match self {
            Self::En => english,
            Self::Ko => korean,
        }
    }

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        self.pick(Self::Ko, Self::En)
    }

    /// What the machine's locale asks for: Korean for `ko…`, else English.
    #[must_use]
    pub fn of_machine() -> Self {
        Self::spoken_by_machine().unwrap_or_default()
    }

    /// The language of the machine's locale, if the lab has it.
    #[must_use]
    pub fn spoken_by_machine() -> Option<Self> {
        let locale = sys_locale::get_locale()?;
        Self::ALL.into_iter().find(|language| locale.starts_with(language.code()))
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Language {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "en" => Ok(Self::En),
            "ko" => Ok(Self::Ko),
            _ => Err(format!("`{text}` is no language of this lab: use en or ko")),
        }
    }
}

/// The form of a Korean particle that fits the word before it: `particle("ca.crt", "을", "를")`
/// gives `를`. `with_final` follows a final consonant. Latin letters and digits are taken
/// as they are read aloud in Korean: `scheduler` ends on no consonant, `admin` on one.
#[must_use]
pub fn particle<'a>(word: &str, with_final: &'a str, without: &'a str) -> &'a str {
    let last = word.chars().rev().find(|c| c.is_alphanumeric());
    let has_final = match last {
        Some(c @ '가'..='힣') => !(c as u32 - '가' as u32).is_multiple_of(28),
        Some(c) => {
            matches!(c.to_ascii_lowercase(), 'l' | 'm' | 'n' | '0' | '1' | '3' | '6' | '7' | '8')
        }
        None => false,
    };
    if has_final { with_final } else { without }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn particles_follow_the_last_sound() {
        assert_eq!(particle("인증서", "을", "를"), "를");
        assert_eq!(particle("서명", "은", "는"), "은");
        assert_eq!(particle("node01", "이", "가"), "이");
        assert_eq!(particle("ca.crt", "을", "를"), "를");
        assert_eq!(particle("kube-admin", "으로", "로"), "으로");
        assert_eq!(particle("kube-scheduler", "이", "가"), "가");
    }
}
