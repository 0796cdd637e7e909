//! The paths that were tried, and why each was dropped.

use super::Rule;
use super::certificate::Certificate;
use super::report::label;

/// How many paths are kept: more than Go checks signatures, so that none of those is
/// missing, and bounded whatever was sent.
const MOST: usize = 200;

/// One path that was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// Subjects from the leaf to the last candidate; a serial number where there is none.
    pub certificates: Vec<String>,
    /// Why it led nowhere; `None` if the chain may be used.
    pub dropped: Option<Dropped>,
}

/// Why a path was dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// The rule that decided.
    pub rule: Rule,
    /// Go's text where it has one.
    pub reason: String,
}

/// The paths in the order in which they are tried.
#[derive(Debug, Default)]
pub(super) struct Trail<'a> {
    tried: Vec<(Vec<&'a Certificate>, Option<Dropped>)>,
}

impl<'a> Trail<'a> {
    pub(super) fn dropped(&mut self, chain: &[&'a Certificate], rule: Rule, reason: &str) {
        if self.tried.len() < MOST {
            self.tried.push((chain.to_vec(), Some(Dropped { rule, reason: reason.to_owned() })));
        }
    }

    pub(super) fn accepted(&mut self, chain: &[&'a Certificate]) {
        if self.tried.len() < MOST {
            self.tried.push((chain.to_vec(), None));
        }
    }

    /// The paths by their subjects.
    pub(super) fn told(self) -> Vec<Path> {
        let told = |(chain, dropped): (Vec<&Certificate>, Option<Dropped>)| Path {
            certificates: chain.into_iter().map(label).collect(),
            dropped,
        };
        self.tried.into_iter().map(told).collect()
    }
}
