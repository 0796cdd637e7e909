//! Field selectors: `spec.nodeName=node01,status.phase!=Failed` (apimachinery/pkg/fields/selector.go).

/// One term of a field selector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldRequirement {
    /// The field's path (`spec.nodeName`).
    pub field: String,
    /// Whether the field must be equal to the value, or must not.
    pub equals: bool,
    /// The value.
    pub value: String,
}

impl FieldRequirement {
    /// The terms of a field selector, sorted as the API server sorts them.
    ///
    /// # Errors
    /// One term makes no sense, and so the whole selector; the words are the API server's.
    pub fn of_selector(selector: &str) -> Result<Vec<Self>, String> {
        let mut terms = terms(selector);
        terms.sort_unstable();
        terms.into_iter().filter(|term| !term.is_empty()).map(|term| Self::of_term(selector, term)).collect()
    }

    fn of_term(selector: &str, term: &str) -> Result<Self, String> {
        let sign = |at: usize| {
            let signs = ["!=", "==", "="];
            let (field, rest) = term.split_at_checked(at)?;
            signs.iter().find_map(|sign| Some((field, *sign != "!=", rest.strip_prefix(sign)?)))
        };
        let (field, equals, value) = term
            .char_indices()
            .find_map(|(at, _)| sign(at))
            .ok_or_else(|| format!("invalid selector: '{selector}'; can't understand '{term}'"))?;
        Ok(Self { field: field.to_owned(), equals, value: unescaped(value)? })
    }
}

/// The parts between commas; a comma behind a backslash is none.
fn terms(selector: &str) -> Vec<&str> {
    let (mut terms, mut from, mut escaped) = (Vec::new(), 0, false);
    for (at, character) in selector.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ',' => {
                terms.extend(selector.get(from..at));
                from = at + 1;
            }
            _ => {}
        }
    }
    terms.extend(selector.get(from..));
    terms
}

/// A value without its backslashes, which commas, equal signs and backslashes need.
fn unescaped(value: &str) -> Result<String, String> {
    let mut plain = String::with_capacity(value.len());
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some(next @ ('\\' | ',' | '=')) => plain.push(next),
                next => {
                    let next = next.map_or_else(String::new, String::from);
                    return Err(format!("invalid field selector: invalid escape sequence: \\{next}"));
                }
            },
            // Go prints the character's number.
            ',' | '=' => {
                let number = u32::from(character);
                return Err(format!("invalid field selector: unescaped character in value: {number}"));
            }
            _ => plain.push(character),
        }
    }
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_read_whole_or_not_at_all() {
        for (selector, expected) in [
            ("", Ok("")),
            (",,", Ok("")),
            ("status.phase!=Failed,spec.nodeName=node01", Ok("spec.nodeName=node01 status.phase!=Failed")),
            ("a==b", Ok("a=b")),
            ("a!b=c", Ok("a!b=c")),
            ("a=b\\,c\\=d\\\\", Ok("a=b,c=d\\")),
            ("=x", Ok("=x")),
            ("a=", Ok("a=")),
            ("a=b,c", Err("invalid selector: 'a=b,c'; can't understand 'c'")),
            ("a=b=c", Err("invalid field selector: unescaped character in value: 61")),
            ("a=\\x", Err("invalid field selector: invalid escape sequence: \\x")),
            ("a=\\", Err("invalid field selector: invalid escape sequence: \\")),
        ] {
            let read = FieldRequirement::of_selector(selector).map(|terms| {
                let words = terms.iter().map(|term| {
                    let sign = if term.equals { "=" } else { "!=" };
                    format!("{}{sign}{}", term.field, term.value)
                });
                words.collect::<Vec<_>>().join(" ")
            });
            assert_eq!(read, expected.map(str::to_owned).map_err(str::to_owned), "{selector}");
        }
    }
}
