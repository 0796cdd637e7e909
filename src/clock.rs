//! Time that can be injected, so that every verdict and screen can be reproduced.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Where the present comes from: the machine, or a fixed moment given with `--now`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Clock {
    /// The machine's own clock.
    #[default]
    System,
    /// Always this moment.
    Fixed(OffsetDateTime),
}

impl Clock {
    /// The present, in UTC, cut to whole seconds as certificates know them.
    #[must_use]
    pub fn now(&self) -> OffsetDateTime {
        let now = match self {
            Self::System => OffsetDateTime::now_utc(),
            Self::Fixed(moment) => *moment,
        };
        now.replace_nanosecond(0).unwrap_or(now)
    }

    /// A clock that stands at an RFC 3339 moment.
    ///
    /// # Errors
    /// The text is not RFC 3339.
    pub fn fixed(text: &str) -> Result<Self, time::error::Parse> {
        OffsetDateTime::parse(text, &Rfc3339).map(Self::Fixed)
    }
}

/// A moment as RFC 3339, in the offset it carries; UTC is written `Z`, as Go does.
#[must_use]
pub fn rfc3339(moment: OffsetDateTime) -> String {
    // The library's format knows no offset of a day and more, which certificates may have.
    moment.format(&Rfc3339).unwrap_or_else(|_| {
        let (hours, minutes, _) = moment.offset().as_hms();
        let sign = if moment.offset().is_negative() { '-' } else { '+' };
        let local = moment.replace_offset(time::UtcOffset::UTC);
        let local = local.format(&Rfc3339).unwrap_or_default();
        format!("{}{sign}{:02}:{:02}", local.trim_end_matches('Z'), hours.abs(), minutes.abs())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_clock_stands_still() {
        let clock = Clock::fixed("2026-11-23T18:54:01Z").unwrap();
        assert_eq!(clock.now(), clock.now());
        assert_eq!(rfc3339(clock.now()), "2026-11-23T18:54:01Z");
        assert!(Clock::fixed("tomorrow").is_err());
    }
}
