//! Quantities: `500m`, `1Gi`, `1e3` (apimachinery/pkg/api/resource).

/// What Go says of what is none.
pub(super) const MISTAKE: &str =
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

const SUFFIXES: [(&str, f64); 18] = [
    ("n", 1e-9),
    ("u", 1e-6),
    ("m", 1e-3),
    ("", 1.0),
    ("k", 1e3),
    ("M", 1e6),
    ("G", 1e9),
    ("T", 1e12),
    ("P", 1e15),
    ("E", 1e18),
    ("Ki", 1024.0),
    ("Mi", 1_048_576.0),
    ("Gi", 1_073_741_824.0),
    ("Ti", 1_099_511_627_776.0),
    ("Pi", 1_125_899_906_842_624.0),
    ("Ei", 1_152_921_504_606_846_976.0),
    ("e", 1.0),
    ("E", 1.0),
];

/// How much a quantity is; `None` if it is none.
pub(super) fn amount(text: &str) -> Option<f64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let end = digits.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(digits.len());
    let (number, suffix) = digits.split_at(end);
    if number.is_empty() || number.matches('.').count() > 1 || number == "." {
        return None;
    }
    let sign = if text.starts_with('-') { -1.0 } else { 1.0 };
    let number: f64 = number.parse().ok()?;
    let exponent = suffix.strip_prefix(['e', 'E']).and_then(|power| power.parse::<i32>().ok());
    let factor = match exponent {
        Some(power) if power.abs() < 300 => 10_f64.powi(power),
        Some(_) => return None,
        None => SUFFIXES.iter().find(|(own, _)| *own == suffix).map(|(_, factor)| *factor)?,
    };
    Some(sign * number * factor).filter(|_| suffix != "e")
}

/// Whether a text is a quantity.
pub(super) fn is_quantity(text: &str) -> bool {
    amount(text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_told_from_other_texts() {
        for (text, expected) in
            [("1", 1.0), ("500m", 0.5), ("1.5Gi", 1_610_612_736.0), ("-2k", -2000.0), ("1e3", 1000.0)]
        {
            assert_eq!(amount(text), Some(expected), "{text}");
        }
        for text in ["", "x", "1GB", "1..2", "1e", "Gi", "1 Gi"] {
            assert_eq!(amount(text), None, "{text}");
        }
    }
}
