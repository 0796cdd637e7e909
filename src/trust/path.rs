//! The paths that were tried, and why each was dropped.

use time::OffsetDateTime;

use super::Rule;
use super::certificate::Certificate;
use super::report::label;

/// How many paths are kept: more than Go checks signatures, so that none of those is
/// missing, and bounded whatever was sent.
const MOST: usize = 200;

/// One path that was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// From the leaf to the last candidate.
    pub certificates: Vec<PathCertificate>,
    /// Why it led nowhere; `None` if the chain may be used.
    pub dropped: Option<Dropped>,
}

/// One certificate of a path, as far as a path is told by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathCertificate {
    /// Its subject; its serial number where it has none.
    pub name: String,
    /// The X.509 version: 1, 2 or 3.
    pub version: u8,
    /// What basicConstraints say of it: an authority or none; `None` if there are none.
    pub authority: Option<bool>,
    /// Whether its issuer is its own subject.
    pub is_self_issued: bool,
    /// The end of its validity.
    pub not_after: OffsetDateTime,
}

impl PathCertificate {
    /// What is told of a certificate.
    #[must_use]
    pub fn of(certificate: &Certificate) -> Self {
        Self {
            name: label(certificate),
            version: certificate.version(),
            authority: certificate.basic_constraints().map(|constraints| constraints.is_ca),
            is_self_issued: certificate.issuer().raw() == certificate.subject().raw(),
            not_after: certificate.not_after(),
        }
    }
}

/// Where a path broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BrokenAt {
    /// Its last certificate is not the issuer that it should be.
    Issuer,
    /// No certificate at all bears the issuer's name.
    NoIssuer,
    /// Every link holds, but the chain as a whole may not be used so.
    Chain,
}

/// Why a path was dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// Where it broke.
    pub at: BrokenAt,
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
        let at = match rule {
            Rule::Policies | Rule::Usage | Rule::NameConstraints => BrokenAt::Chain,
            _ => BrokenAt::Issuer,
        };
        self.keep(chain, Some(Dropped { at, rule, reason: reason.to_owned() }));
    }

    /// No certificate bears the name of this chain's issuer.
    pub(super) fn ended(&mut self, chain: &[&'a Certificate], reason: &str) {
        let dropped = Dropped { at: BrokenAt::NoIssuer, rule: Rule::Issuer, reason: reason.to_owned() };
        self.keep(chain, Some(dropped));
    }

    pub(super) fn accepted(&mut self, chain: &[&'a Certificate]) {
        self.keep(chain, None);
    }

    fn keep(&mut self, chain: &[&'a Certificate], dropped: Option<Dropped>) {
        if self.tried.len() < MOST {
            self.tried.push((chain.to_vec(), dropped));
        }
    }

    /// The paths as they are told.
    pub(super) fn told(self) -> Vec<Path> {
        let told = |(chain, dropped): (Vec<&Certificate>, Option<Dropped>)| Path {
            certificates: chain.into_iter().map(PathCertificate::of).collect(),
            dropped,
        };
        self.tried.into_iter().map(told).collect()
    }
}
