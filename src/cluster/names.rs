//! Which names, labels and keys are well formed (apimachinery/pkg/util/validation).

/// RFC 1123 label.
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
/// RFC 1123 subdomain.
const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
/// RFC 1035 label.
const LABEL_1035: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const NAME_PART: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const CONFIG_KEY: &str = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

/// How the objects of a resource may be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum NameRule {
    /// `my-name`
    Label,
    /// `my-name`, not beginning with a digit.
    Label1035,
    /// `example.com`
    #[default]
    Subdomain,
    /// Whatever can stand in a path.
    Path,
}

impl NameRule {
    /// What is wrong with a name, all of it.
    pub(super) fn faults(self, name: &str) -> Vec<String> {
        match self {
            Self::Label => bounded(name, 63, is_label(name), LABEL),
            Self::Label1035 => {
                let is_good = is_label(name) && !name.starts_with(|first: char| first.is_ascii_digit());
                bounded(name, 63, is_good, LABEL_1035)
            }
            Self::Subdomain => bounded(name, 253, is_subdomain(name), SUBDOMAIN),
            Self::Path => {
                let mut faults = Vec::new();
                if matches!(name, "." | "..") {
                    return vec![format!("may not be '{name}'")];
                }
                for illegal in ["/", "%"] {
                    if name.contains(illegal) {
                        faults.push(format!("may not contain '{illegal}'"));
                    }
                }
                faults
            }
        }
    }
}

fn bounded(name: &str, limit: usize, is_good: bool, otherwise: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if name.len() > limit {
        faults.push(format!("must be no more than {limit} bytes"));
    }
    if !is_good {
        faults.push(otherwise.to_owned());
    }
    faults
}

fn is_label(text: &str) -> bool {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.starts_with(good) && text.ends_with(good) && text.chars().all(|c| good(c) || c == '-')
}

fn is_subdomain(text: &str) -> bool {
    text.split('.').all(is_label)
}

fn is_word(text: &str) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric();
    text.starts_with(good)
        && text.ends_with(good)
        && text.chars().all(|c| good(c) || matches!(c, '-' | '_' | '.'))
}

/// What is wrong with the key of a label or an annotation.
pub(super) fn qualified_name(key: &str) -> Option<String> {
    let (prefix, name) = match key.rsplit_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    match prefix {
        Some("") => return Some("prefix part must be non-empty".into()),
        Some(prefix) if prefix.contains('/') => {
            return Some(
                "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
                    .into(),
            );
        }
        Some(prefix) if !is_subdomain(prefix) => return Some(format!("prefix part {SUBDOMAIN}")),
        _ => {}
    }
    if name.is_empty() {
        return Some("name part must be non-empty".into());
    }
    if name.len() > 63 {
        return Some("name part must be no more than 63 bytes".into());
    }
    (!is_word(name)).then(|| NAME_PART.into())
}

/// What is wrong with the value of a label.
pub(super) fn label_value(value: &str) -> Option<String> {
    if value.len() > 63 {
        return Some("must be no more than 63 bytes".into());
    }
    (!value.is_empty() && !is_word(value)).then(|| VALUE.into())
}

/// What is wrong with a key of a ConfigMap or Secret.
pub(super) fn config_key(key: &str) -> Option<String> {
    if key.len() > 253 {
        return Some("must be no more than 253 bytes".into());
    }
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if key.is_empty() || !key.chars().all(good) {
        return Some(CONFIG_KEY.into());
    }
    match key {
        "." => Some("must not be '.'".into()),
        ".." => Some("must not be '..'".into()),
        _ if key.starts_with("..") => Some("must not start with '..'".into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_judged() {
        assert!(NameRule::Label.faults("my-name").is_empty());
        assert_eq!(NameRule::Label.faults("Bad_Name"), [LABEL]);
        assert_eq!(NameRule::Label.faults(&"a".repeat(64)), ["must be no more than 63 bytes"]);
        assert!(NameRule::Subdomain.faults("a.b-c").is_empty());
        assert!(!NameRule::Subdomain.faults("a..b").is_empty());
        assert!(NameRule::Path.faults("system:node").is_empty());
        assert_eq!(NameRule::Path.faults("a/b"), ["may not contain '/'"]);
        assert!(qualified_name("kubernetes.io/hostname").is_none());
        assert!(qualified_name("a b").is_some());
        assert!(label_value("").is_none());
        assert!(config_key("a.b_c-D").is_none());
        assert!(config_key("a b").is_some());
    }
}
