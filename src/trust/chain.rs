//! Chains from a leaf to a root, as Go's `Verify` and `buildChains` find and judge them.

use time::OffsetDateTime;

use super::certificate::Certificate;
use super::path::Trail;
use super::{Purpose, Question, Refusal, RefusalKind, Roots, Rule, hostname, policy, subtrees};
use crate::clock::rfc3339;
use crate::text::quote;

/// How many signatures Go checks before it gives up (`maxChainSignatureChecks`): what bounds
/// the work of a verification, whatever was sent.
pub const SIGNATURE_CHECKS: usize = 100;

/// A refusal with the rule that decided and, if it was one, the issuer that was at fault.
#[derive(Debug, Clone)]
pub(super) struct Failure<'a> {
    pub(super) rule: Rule,
    pub(super) refusal: Refusal,
    /// The issuer that broke the rule.
    pub(super) culprit: Option<&'a Certificate>,
    /// The chain up to and without the culprit, or the chain that was refused as a whole.
    pub(super) chain: Vec<&'a Certificate>,
}

impl<'a> Failure<'a> {
    pub(super) fn new(rule: Rule, kind: RefusalKind, message: impl Into<String>) -> Self {
        Self { rule, refusal: Refusal { kind, message: message.into() }, culprit: None, chain: Vec::new() }
    }

    fn blames(mut self, culprit: &'a Certificate, chain: &[&'a Certificate]) -> Self {
        self.culprit = Some(culprit);
        self.chain = chain.to_vec();
        self
    }
}

/// Where a certificate stands in a chain.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Leaf,
    Intermediate,
    Root,
}

/// Go's `isValid`: critical extensions, time, authority, path length.
fn check_certificate(
    certificate: &Certificate,
    place: Place,
    below: usize,
    now: OffsetDateTime,
) -> Result<(), Failure<'static>> {
    if !certificate.unhandled_critical_extensions().is_empty() {
        let rule = match place {
            Place::Leaf => Rule::CriticalExtensions,
            _ => Rule::IssuerExtensions,
        };
        return Err(Failure::new(rule, RefusalKind::Other, "x509: unhandled critical extension"));
    }
    let outside = if now < certificate.not_before() {
        Some(("before", certificate.not_before()))
    } else if now > certificate.not_after() {
        Some(("after", certificate.not_after()))
    } else {
        None
    };
    if let Some((side, limit)) = outside {
        let rule = match place {
            Place::Leaf => Rule::Validity,
            _ => Rule::IssuerValidity,
        };
        let message = format!(
            "x509: certificate has expired or is not yet valid: current time {} is {side} {}",
            seconds(now),
            seconds(limit)
        );
        return Err(Failure::new(rule, RefusalKind::Expired, message));
    }
    if place == Place::Intermediate && !certificate.is_ca() {
        return Err(Failure::new(
            Rule::Authority,
            RefusalKind::Other,
            "x509: certificate is not authorized to sign other certificates",
        ));
    }
    // The leaf itself is below, but no intermediate.
    let intermediates = below.saturating_sub(1) as u64;
    let longest = certificate.basic_constraints().and_then(|constraints| constraints.path_length);
    if place != Place::Leaf && longest.is_some_and(|longest| intermediates > longest) {
        return Err(Failure::new(
            Rule::PathLength,
            RefusalKind::Other,
            "x509: too many intermediates for path length constraint",
        ));
    }
    Ok(())
}

/// A moment as Go's RFC 3339 prints it, without fractions.
pub(super) fn seconds(moment: OffsetDateTime) -> String {
    rfc3339(moment.replace_nanosecond(0).unwrap_or(moment))
}

/// Judges a leaf by the intermediates that came with it; gives the accepted chain.
pub(super) fn judge<'a>(
    leaf: &'a Certificate,
    intermediates: &'a Roots,
    question: &Question<'a>,
    trail: &mut Trail<'a>,
) -> Result<Vec<&'a Certificate>, Failure<'a>> {
    check_certificate(leaf, Place::Leaf, 0, question.time)?;
    if let Some(name) = question.name.filter(|name| !name.is_empty()) {
        hostname::verify(leaf, name)
            .map_err(|message| Failure::new(Rule::Name, RefusalKind::Other, message))?;
    }
    let chains = if question.roots.certificates().contains(leaf) {
        vec![vec![leaf]]
    } else {
        let mut builder = Builder {
            roots: question.roots,
            intermediates,
            now: question.time,
            signature_checks: 0,
            chains: Vec::new(),
            trail,
        };
        builder.extend(&[leaf])?;
        builder.chains
    };
    choose(chains, question.purpose, trail)
}

/// Go's text where an extended key usage does not allow the purpose.
const INCOMPATIBLE_USAGE: &str = "x509: certificate specifies an incompatible key usage";

/// The first chain whose policies, usages and names allow it; or why there is none.
fn choose<'a>(
    chains: Vec<Vec<&'a Certificate>>,
    purpose: Purpose,
    trail: &mut Trail<'a>,
) -> Result<Vec<&'a Certificate>, Failure<'a>> {
    let mut policy_failures = Vec::new();
    let mut usage_failures = Vec::new();
    let mut name_failure: Option<Failure<'a>> = None;
    let mut chosen = None;
    for chain in chains {
        if !policy::is_valid(&chain) {
            trail.dropped(&chain, Rule::Policies, "invalid policies");
            policy_failures.push(chain);
        } else if incompatible(&chain, purpose).is_some() {
            trail.dropped(&chain, Rule::Usage, INCOMPATIBLE_USAGE);
            usage_failures.push(chain);
        } else if let Err(detail) = subtrees::check_chain(&chain) {
            let message = format!(
                "x509: a root or intermediate certificate is not authorized to sign for this name: {detail}"
            );
            trail.dropped(&chain, Rule::NameConstraints, &message);
            name_failure.get_or_insert_with(|| Failure {
                chain,
                ..Failure::new(Rule::NameConstraints, RefusalKind::Other, message)
            });
        } else {
            trail.accepted(&chain);
            chosen.get_or_insert(chain);
        }
    }
    if let Some(chain) = chosen {
        return Ok(chain);
    }
    if let Some(failure) = name_failure {
        return Err(failure);
    }
    let (policies, usages) = (policy_failures.len(), usage_failures.len());
    let (rule, message) = match (policies, usages) {
        (0, _) => (Rule::Usage, INCOMPATIBLE_USAGE.to_owned()),
        (_, 0) => (
            Rule::Policies,
            format!("x509: no valid chains built: {policies} candidate chains with invalid policies"),
        ),
        _ => (
            Rule::Usage,
            format!(
                "x509: no valid chains built: {usages} candidate chains with incompatible key usage, \
                 {policies} candidate chains with invalid policies"
            ),
        ),
    };
    let refused = if rule == Rule::Usage { usage_failures } else { policy_failures };
    Err(Failure {
        chain: refused.into_iter().next().unwrap_or_default(),
        ..Failure::new(rule, RefusalKind::Other, message)
    })
}

impl Purpose {
    /// The OID of the extended key usage that is asked for.
    pub(super) const fn usage(self) -> &'static str {
        match self {
            Self::Server => "1.3.6.1.5.5.7.3.1",
            Self::Client => "1.3.6.1.5.5.7.3.2",
            Self::Any => ANY_USAGE,
        }
    }
}

/// `anyExtendedKeyUsage`.
pub(super) const ANY_USAGE: &str = "2.5.29.37.0";

/// The certificate, from the root down, that does not allow the purpose.
pub(super) fn incompatible<'a>(chain: &[&'a Certificate], purpose: Purpose) -> Option<&'a Certificate> {
    chain.iter().rev().copied().find(|certificate| {
        let usages = certificate.extended_key_usages();
        purpose != Purpose::Any
            && !usages.is_empty()
            && usages.iter().all(|usage| usage != ANY_USAGE && usage != purpose.usage())
    })
}

/// Builds every chain that Go would.
struct Builder<'a, 't> {
    roots: &'a Roots,
    intermediates: &'a Roots,
    now: OffsetDateTime,
    signature_checks: usize,
    chains: Vec<Vec<&'a Certificate>>,
    trail: &'t mut Trail<'a>,
}

impl<'a> Builder<'a, '_> {
    /// Adds every chain that begins with `chain`. The error is that of the last
    /// candidate, as in Go, unless some chain was found.
    fn extend(&mut self, chain: &[&'a Certificate]) -> Result<(), Failure<'a>> {
        let Some(&child) = chain.last() else {
            return Ok(());
        };
        let found_before = self.chains.len();
        let mut last = Ok(());
        let mut hint: Option<Failure<'a>> = None;
        let mut has_candidate = false;
        let (roots, intermediates) = (self.roots, self.intermediates);
        let candidates = roots.candidates(child).into_iter().map(|root| (root, Place::Root)).chain(
            intermediates
                .candidates(child)
                .into_iter()
                .map(|intermediate| (intermediate, Place::Intermediate)),
        );
        for (candidate, place) in candidates {
            let longer = [chain, &[candidate]].concat();
            if !candidate.has_known_key() {
                self.trail.dropped(&longer, Rule::Issuer, "the candidate's public key is of an unknown kind");
                continue;
            }
            if is_in_chain(candidate, chain) {
                self.trail.dropped(&longer, Rule::Issuer, "the candidate is in the chain already");
                continue;
            }
            has_candidate = true;
            self.signature_checks += 1;
            if self.signature_checks > SIGNATURE_CHECKS {
                let message =
                    "x509: signature check attempts limit reached while verifying certificate chain";
                self.trail.dropped(&longer, Rule::Issuer, message);
                last = Err(Failure {
                    chain: chain.to_vec(),
                    ..Failure::new(Rule::Issuer, RefusalKind::Other, message)
                });
                continue;
            }
            let signature = match candidate.check_may_sign() {
                Err(message) => Err((Rule::Authority, message)),
                Ok(()) => candidate.check_signature_of(child).map_err(|message| (Rule::Issuer, message)),
            };
            if let Err((rule, message)) = signature {
                self.trail.dropped(&longer, rule, &message);
                hint.get_or_insert_with(|| {
                    Failure::new(rule, RefusalKind::UnknownAuthority, message).blames(candidate, chain)
                });
                continue;
            }
            last = check_certificate(candidate, place, chain.len(), self.now)
                .map_err(|failure| failure.blames(candidate, chain));
            if let Err(failure) = &last {
                self.trail.dropped(&longer, failure.rule, &failure.refusal.message);
                hint.get_or_insert_with(|| failure.clone());
                continue;
            }
            if place == Place::Root {
                self.chains.push(longer);
            } else {
                last = self.extend(&longer);
            }
        }
        if self.chains.len() > found_before {
            return Ok(());
        }
        if !has_candidate {
            self.trail.dropped(chain, Rule::Issuer, UNKNOWN_AUTHORITY);
        }
        last?;
        Err(unknown_authority(hint, chain))
    }
}

/// Go's text where no issuer is found.
const UNKNOWN_AUTHORITY: &str = "x509: certificate signed by unknown authority";

/// Go's `UnknownAuthorityError` with its hint.
fn unknown_authority<'a>(hint: Option<Failure<'a>>, chain: &[&'a Certificate]) -> Failure<'a> {
    let message = UNKNOWN_AUTHORITY;
    let kind = RefusalKind::UnknownAuthority;
    let Some(hint) = hint else {
        return Failure { chain: chain.to_vec(), ..Failure::new(Rule::Issuer, kind, message) };
    };
    let name = hint.culprit.map_or_else(String::new, |culprit| {
        let subject = culprit.subject();
        let organizations = subject.organizations();
        match (subject.common_name(), organizations.first()) {
            ("", Some(organization)) => (*organization).to_owned(),
            ("", None) => format!("serial:{}", culprit.serial()),
            (name, _) => name.to_owned(),
        }
    });
    let message = format!(
        "{message} (possibly because of {} while trying to verify candidate authority certificate {})",
        quote(&hint.refusal.message),
        quote(&name)
    );
    Failure { refusal: Refusal { kind, message }, ..hint }
}

/// Whether the same subject, key and SANs are in the chain already, by Go's rule.
fn is_in_chain(candidate: &Certificate, chain: &[&Certificate]) -> bool {
    for certificate in chain {
        if candidate.subject().raw() != certificate.subject().raw()
            || candidate.public_key_info() != certificate.public_key_info()
        {
            continue;
        }
        match (candidate.alternative_names(), certificate.alternative_names()) {
            (None, None) => return true,
            (Some(mine), Some(other)) if mine == other => return true,
            (Some(_), Some(_)) => {}
            // Go looks no further here.
            _ => return false,
        }
    }
    false
}
