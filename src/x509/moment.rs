//! Moments: UTCTime and GeneralizedTime (X.680, section 46; RFC 5280, section 4.1.2.5),
//! as tolerant as they are found.

use time::{Date, Duration, Month, OffsetDateTime, Time};

use super::field::Flaw;
use super::form::Shown;
use super::tag;
use super::view::View;
use crate::clock::rfc3339;
use crate::text::escape;

/// The moment that an element says, and whether RFC 5280 would have it written so.
pub(super) fn moment(at: View<'_>) -> Option<(OffsetDateTime, bool)> {
    let years = if at.is(tag::UTC_TIME) {
        2
    } else if at.is(tag::GENERALIZED_TIME) || at.node().class != super::tree::Class::Universal {
        // Implicitly tagged, as in privateKeyUsagePeriod.
        4
    } else {
        return None;
    };
    let text = std::str::from_utf8(at.contents()).ok()?;
    let mut rest = text;
    let mut take = |count: usize| -> Option<u32> {
        let (digits, others) = rest.split_at_checked(count)?;
        let number = digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())??;
        rest = others;
        Some(number)
    };
    let year = match take(years)? {
        year if years == 4 => year,
        year @ 0..50 => 2000 + year,
        year => 1900 + year,
    };
    let (month, day, hour) = (take(2)?, take(2)?, take(2)?);
    let (minute, second) = (take(2), take(2));
    let mut exact =
        second.is_some() && (years == 2 || year >= 2050 || at.node().class != super::tree::Class::Universal);
    if let Some(fraction) = rest.strip_prefix(['.', ',']) {
        exact = false;
        rest = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
    }
    exact &= rest == "Z";
    let byte = |number: u32| u8::try_from(number).ok();
    let date =
        Date::from_calendar_date(i32::try_from(year).ok()?, Month::try_from(byte(month)?).ok()?, byte(day)?);
    let time = Time::from_hms(byte(hour)?, byte(minute.unwrap_or(0))?, byte(second.unwrap_or(0))?);
    let moment = OffsetDateTime::new_utc(date.ok()?, time.ok()?);
    let moment = match rest {
        "Z" | "" => moment,
        _ => {
            let (sign, offset) = rest.split_at_checked(1)?;
            let (hours, minutes) = offset.split_at_checked(2)?;
            let minutes = if minutes.is_empty() { 0 } else { minutes.parse::<u8>().ok()? };
            let offset = Duration::minutes(i64::from(hours.parse::<u8>().ok()?) * 60 + i64::from(minutes));
            match sign {
                "+" => moment.checked_sub(offset)?,
                "-" => moment.checked_add(offset)?,
                _ => return None,
            }
        }
    };
    // A year of five digits has no RFC 3339.
    ((0..10_000).contains(&moment.year())).then_some((moment, exact))
}

pub(super) fn read(at: View<'_>) -> Shown {
    match moment(at) {
        Some((moment, exact)) => {
            let flaws = if exact { Vec::new() } else { vec![Flaw::OddTime] };
            Shown { flaws, ..Shown::of(rfc3339(moment)) }
        }
        None => {
            let text = String::from_utf8_lossy(at.contents());
            Shown { flaws: vec![Flaw::BadTime], ..Shown::of(escape(&text)) }
        }
    }
}
