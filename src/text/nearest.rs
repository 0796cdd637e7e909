//! The nearest right word to one that was mistyped.

/// A longer word is no slip of the hand, and is not compared: that would take its length
/// squared.
const LONGEST: usize = 100;

/// The candidate most like `given`, if any is near enough to be meant.
pub fn nearest<'a>(given: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if given.len() > LONGEST {
        return None;
    }
    let given = given.to_lowercase();
    candidates
        .into_iter()
        .filter(|candidate| candidate.len() <= LONGEST)
        .map(|candidate| (strsim::jaro_winkler(&given, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.72)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_finds_its_word_and_nonsense_finds_none() {
        let words = ["kube-apiserver", "kube-scheduler", "etcd"];
        assert_eq!(nearest("kube-apisever", words), Some("kube-apiserver"));
        assert_eq!(nearest("ectd", words), Some("etcd"));
        assert_eq!(nearest("zzz", words), None);
        let long = "a".repeat(1 << 20);
        assert_eq!(nearest(&long, [long.as_str()]), None);
    }
}
