//! Where the words of a refusal come from: what to search for, and who prints it.

use std::sync::LazyLock;

use serde::Deserialize;

const SOURCE: &str = include_str!("../../assets/searches.toml");

/// What to search for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Search {
    /// The part of the message that never varies.
    pub phrase: String,
    /// The file and function that print it, below the source of Go unless it says whose.
    pub source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Searches {
    search: Vec<Search>,
}

/// The longest known phrase of a message; none if nothing of it is known.
#[must_use]
pub fn search(message: &str) -> Option<&'static Search> {
    // A test holds that the file reads.
    static SEARCHES: LazyLock<Vec<Search>> =
        LazyLock::new(|| toml::from_str::<Searches>(SOURCE).map(|read| read.search).unwrap_or_default());
    SEARCHES.iter().filter(|search| message.contains(&search.phrase)).max_by_key(|search| search.phrase.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_leads_to_what_never_varies_in_it() {
        let read: Searches = toml::from_str(SOURCE).unwrap();
        assert!(read.search.len() >= 20);
        let hinted = "x509: certificate signed by unknown authority (possibly because of \"x509: invalid \
                      signature: parent certificate cannot sign this kind of certificate\" while trying to \
                      verify candidate authority certificate \"ca\")";
        let found = search(hinted).unwrap();
        assert_eq!(found.phrase, "x509: certificate signed by unknown authority");
        assert_eq!(found.source, "crypto/x509/verify.go UnknownAuthorityError.Error");
        let named = "x509: certificate is valid for a, not b";
        assert_eq!(search(named).unwrap().source, "crypto/x509/verify.go HostnameError.Error");
        assert_eq!(search("EOF"), None);
    }
}
