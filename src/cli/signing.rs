//! How long certificates are signed for, as the command line says it.

/// The shortest life that a CSR can ask for.
const SHORTEST: time::Duration = time::Duration::minutes(10);

/// A span as Go's flags take it, of whole seconds: `90s`, `10m`, `1h30m`.
pub(super) fn duration(text: &str) -> Result<time::Duration, String> {
    let wrong = || format!("`{text}` is no duration: write it as 10m, 90m or 8h");
    let (mut total, mut number) = (0_i64, String::new());
    for letter in text.chars() {
        let unit = match letter {
            '0'..='9' => {
                number.push(letter);
                continue;
            }
            's' => 1,
            'm' => 60,
            'h' => 3600,
            _ => return Err(wrong()),
        };
        let count: i64 = std::mem::take(&mut number).parse().map_err(|_| wrong())?;
        total = count.checked_mul(unit).and_then(|own| total.checked_add(own)).ok_or_else(wrong)?;
    }
    // A certificate knows years of four digits.
    if !number.is_empty() || total > 100 * 365 * 86_400 {
        return Err(wrong());
    }
    let duration = time::Duration::seconds(total);
    if duration < SHORTEST {
        return Err(format!(
            "`{text}` is less than the 10m that a CSR can ask for: certificates are dated back by 5m, and a kubelet would renew such a one without end; use 10m, and --pace to see it sooner"
        ));
    }
    Ok(duration)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_as_in_go_s_flags() {
        for (text, minutes) in [("10m", 10), ("600s", 10), ("1h30m", 90), ("8760h", 8760 * 60)] {
            assert_eq!(duration(text), Ok(time::Duration::minutes(minutes)), "{text}");
        }
        for text in ["", "10", "m", "1d", "-10m", "9m59s", "99999999h", "99999999999999999999h", "1h5"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
