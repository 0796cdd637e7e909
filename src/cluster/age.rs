//! How long ago, as people read it (apimachinery/pkg/util/duration).

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// How long ago a moment was; `<unknown>` for none.
pub(super) fn age(moment: &str, now: OffsetDateTime) -> String {
    match OffsetDateTime::parse(moment, &Rfc3339) {
        Ok(moment) => human((now - moment).whole_seconds()),
        Err(_) => "<unknown>".into(),
    }
}

/// A span of time as people read it (apimachinery/pkg/util/duration, `HumanDuration`).
pub(super) fn human(seconds: i64) -> String {
    let two = |large: i64, one: &str, small: i64, other: &str| match small {
        0 => format!("{large}{one}"),
        _ => format!("{large}{one}{small}{other}"),
    };
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    let (days, years) = (hours / 24, hours / 24 / 365);
    match () {
        () if seconds < -1 => "<invalid>".into(),
        () if seconds < 0 => "0s".into(),
        () if seconds < 120 => format!("{seconds}s"),
        () if minutes < 10 => two(minutes, "m", seconds % 60, "s"),
        () if minutes < 180 => format!("{minutes}m"),
        () if hours < 8 => two(hours, "h", minutes % 60, "m"),
        () if hours < 48 => format!("{hours}h"),
        () if hours < 192 => two(days, "d", hours % 24, "h"),
        () if hours < 24 * 365 * 2 => format!("{days}d"),
        () if hours < 24 * 365 * 8 => two(years, "y", days % 365, "d"),
        () => format!("{years}y"),
    }
}

#[cfg(test)]
mod tests {
    use super::human;

    #[test]
    fn spans_read_as_kubectl_prints_them() {
        for (seconds, expected) in [
            (-5, "<invalid>"),
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (178, "2m58s"),
            (3600, "60m"),
            (4 * 3600 + 60, "4h1m"),
            (30 * 3600, "30h"),
            (50 * 3600, "2d2h"),
            (20 * 86400, "20d"),
            (3 * 365 * 86400, "3y"),
        ] {
            assert_eq!(human(seconds), expected);
        }
    }
}
