//! Faults of the configuration: a flag or a field that is different or left out.

use serde::Deserialize;

/// A change of the lines of a configuration file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Edit {
    /// Whose: a component whose flags are meant (`kube-apiserver`), or the kind of a
    /// kubeconfig (`admin`).
    pub of: String,
    /// The lines that are meant hold this.
    pub line: String,
    /// What in these lines is different; the text of `line` if left out.
    #[serde(default)]
    pub find: Option<String>,
    /// What stands there; without it the lines are left out.
    #[serde(default)]
    pub with: Option<String>,
}

impl Edit {
    /// The text with its lines changed; none if there is nothing to change.
    #[must_use]
    pub fn apply(&self, text: &str) -> Option<String> {
        let find = self.find.as_deref().unwrap_or(&self.line);
        let changed: String = text
            .split_inclusive('\n')
            .filter_map(|line| match (&self.with, line.contains(&self.line)) {
                (_, false) => Some(line.to_owned()),
                (Some(with), true) => Some(line.replace(find, with)),
                (None, true) => None,
            })
            .collect();
        (changed != text).then_some(changed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_changed_or_left_out() {
        let edit = |find: Option<&str>, with: Option<&str>| Edit {
            of: "kube-apiserver".into(),
            line: "--client-ca-file=".into(),
            find: find.map(str::to_owned),
            with: with.map(str::to_owned),
        };
        let text = "- --a=/ca.crt\n- --client-ca-file=/ca.crt\n- --requestheader-client-ca-file=/b\n";
        let changed = edit(Some("ca.crt"), Some("ca.key")).apply(text).unwrap();
        assert_eq!(changed, text.replace("client-ca-file=/ca.crt", "client-ca-file=/ca.key"));
        let dropped = edit(None, None).apply(text).unwrap();
        assert_eq!(dropped, "- --a=/ca.crt\n- --requestheader-client-ca-file=/b\n");
        assert_eq!(edit(Some("nothing"), Some("x")).apply(text), None);
    }
}
