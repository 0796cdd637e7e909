//! The command lines of a lesson's `run` step: openssl alone, without a shell.

/// How a subject begins on openssl's command line.
const SUBJECTS: [&str; 6] = ["/CN=", "/O=", "/OU=", "/C=", "/ST=", "/L="];

/// The words of a command line, quotes as in a shell.
///
/// # Errors
/// It is no command of openssl, a quote does not close, or an argument points out of the
/// directory that the command runs in.
pub fn command_words(line: &str) -> Result<Vec<String>, String> {
    let words = split(line).ok_or_else(|| format!("a quote does not close in `{line}`"))?;
    if words.first().map(String::as_str) != Some("openssl") {
        return Err(format!("`{line}` is no command of openssl, the only tool that a lesson may run"));
    }
    // A subject begins with a slash too: `/CN=kube-admin`.
    let is_subject = |word: &str| SUBJECTS.iter().any(|attribute| word.starts_with(attribute));
    let leaves = |word: &String| {
        word.contains("..") || word.contains("file:") || (word.starts_with('/') && !is_subject(word))
    };
    match words.iter().find(|word| leaves(word)) {
        Some(word) => Err(format!("`{word}` in `{line}` leads out of the directory of the step")),
        None => Ok(words),
    }
}

fn split(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    for c in line.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => word.get_or_insert_default().push(c),
            None if c == '"' || c == '\'' => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            None if c.is_whitespace() => words.extend(word.take()),
            None => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::command_words;

    #[test]
    fn words_are_a_shells() {
        let words = command_words(r#"openssl req -subj "/CN=a b/O=x" -out 'ca.csr' -passin """#).unwrap();
        assert_eq!(words, ["openssl", "req", "-subj", "/CN=a b/O=x", "-out", "ca.csr", "-passin", ""]);
    }

    #[test]
    fn nothing_but_openssl_in_its_directory_is_run() {
        for line in [
            "rm -rf x",
            "",
            "openssl x509 -in ../ca.crt",
            "openssl x509 -in /etc/x",
            "openssl x509 -in /etc=x",
            "openssl rsa -passin file:/x",
            "openssl 'x",
        ] {
            assert!(command_words(line).is_err(), "{line}");
        }
    }
}
