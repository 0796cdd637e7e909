//! Time that can be injected, so that every verdict and screen can be reproduced.

use std::time::{Duration, Instant};

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
    /// From this moment on, so many times as fast as the machine's.
    Paced {
        /// Where it began.
        from: OffsetDateTime,
        /// When that was.
        since: Instant,
        /// Seconds for one of the machine's.
        pace: u32,
    },
}

impl Clock {
    /// The present, in UTC, cut to whole seconds as certificates know them.
    #[must_use]
    pub fn now(&self) -> OffsetDateTime {
        let now = match self {
            Self::System => OffsetDateTime::now_utc(),
            Self::Fixed(moment) => *moment,
            Self::Paced { from, since, pace } => {
                let passed = since.elapsed().saturating_mul(*pace);
                time::Duration::try_from(passed).ok().and_then(|d| from.checked_add(d)).unwrap_or(*from)
            }
        };
        now.replace_nanosecond(0).unwrap_or(now)
    }

    /// This clock from now on, faster.
    #[must_use]
    pub fn paced(self, pace: u32) -> Self {
        Self::Paced { from: self.now(), since: Instant::now(), pace }
    }

    /// How long it takes by the machine's clock until this much has passed by this one; a clock
    /// that stands never gets there.
    #[must_use]
    pub fn takes(&self, span: time::Duration) -> Duration {
        let span = span.max(time::Duration::ZERO).unsigned_abs();
        match self {
            Self::System => span,
            Self::Fixed(_) => Duration::MAX,
            Self::Paced { pace, .. } => span / (*pace).max(1),
        }
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

    #[test]
    fn a_paced_clock_runs() {
        let start = time::macros::datetime!(2026-11-23 18:54:01 UTC);
        let clock = Clock::Fixed(start).paced(3_600_000);
        std::thread::sleep(Duration::from_millis(2));
        assert!(clock.now() >= start + time::Duration::hours(1));
        assert_eq!(clock.takes(time::Duration::hours(1)), Duration::from_millis(1));
        assert_eq!(Clock::Fixed(start).takes(time::Duration::hours(1)), Duration::MAX);
        assert_eq!(Clock::System.takes(time::Duration::hours(-1)), Duration::ZERO);
    }
}
