//! POSIX shell text: quoting, continued lines, here-documents.

/// The widest line that is not continued, in columns.
const WIDTH: usize = 60;

/// One word of a POSIX shell: bare where that is safe, else in single quotes
/// (POSIX.1-2017, Shell Command Language 2.2.2).
#[must_use]
pub fn quote(text: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || "_-./:=,@%+".contains(c);
    if !text.is_empty() && text.chars().all(bare) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// One command, continued with `\` where it grows too wide. Each part stays on one line
/// and is already quoted.
pub(super) fn command<S: AsRef<str>>(parts: &[S]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for part in parts.iter().map(AsRef::as_ref) {
        // Two columns are left for the backslash.
        if !line.is_empty() && line.chars().count() + 1 + part.chars().count() > WIDTH - 2 {
            lines.push(format!("{line} \\"));
            line = " ".to_owned();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(part);
    }
    lines.push(line);
    lines
}

/// `cat` into a file what stands in `body`, which the shell leaves as it is.
pub(super) fn write_file(path: &str, body: &[String]) -> Vec<String> {
    document(path, "'EOF'", body.to_vec())
}

/// The same with the working directory wherever `body` says `$PWD`; everything else in it
/// has gone through [`literal`].
pub(super) fn write_file_with_directory(path: &str, body: Vec<String>) -> Vec<String> {
    document(path, "EOF", body)
}

fn document(path: &str, delimiter: &str, body: Vec<String>) -> Vec<String> {
    let mut lines = vec![format!("cat > {} <<{delimiter}", quote(path))];
    lines.extend(body);
    lines.push("EOF".to_owned());
    lines
}

/// Text that an unquoted here-document leaves as it is.
pub(super) fn literal(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if matches!(c, '\\' | '$' | '`') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// `mkdir -p` for the directories of these files, each once; nothing for files that lie in
/// the working directory.
pub(super) fn make_directories<'a>(paths: impl IntoIterator<Item = &'a String>) -> Vec<String> {
    let mut parts = vec!["mkdir -p".to_owned()];
    for (directory, _) in paths.into_iter().filter_map(|path| path.rsplit_once('/')) {
        let directory = quote(directory);
        if !parts.contains(&directory) {
            parts.push(directory);
        }
    }
    if parts.len() > 1 { command(&parts) } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_word_comes_back_from_the_shell_as_it_was() {
        let words =
            ["plain", "", "a b", "it's", "$HOME", "`id`", "a\\b", "*", "~", "a\nb", "한글", "!x", "-n;", "#"];
        for word in words {
            let out = std::process::Command::new("sh")
                .args(["-c", &format!("printf %s {}", quote(word))])
                .output()
                .unwrap();
            assert_eq!(String::from_utf8(out.stdout).unwrap(), word);
            let body = format!("cat <<EOF\n{}\nEOF", literal(word));
            let out = std::process::Command::new("sh").args(["-c", &body]).output().unwrap();
            assert_eq!(String::from_utf8(out.stdout).unwrap(), format!("{word}\n"));
        }
        assert_eq!(quote("/O=system:masters/CN=kube-admin"), "/O=system:masters/CN=kube-admin");
    }

    #[test]
    fn wide_commands_continue() {
        let parts = ["openssl x509 -req", "-in kubelet-client-node001.csr", "-CA ca.crt", "-CAkey ca.key"];
        let lines = command(&parts);
        assert_eq!(
            lines,
            [r"openssl x509 -req -in kubelet-client-node001.csr \", "  -CA ca.crt -CAkey ca.key"]
        );
        assert_eq!(command(&["openssl genrsa", "-out ca.key 2048"]), ["openssl genrsa -out ca.key 2048"]);
    }
}
