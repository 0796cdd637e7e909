//! The verdict on a chain: which checks held, with what was looked at.

use super::certificate::{Certificate, ParseError};
use super::chain::{self, ANY_USAGE, Failure, SIGNATURE_CHECKS, seconds};
use super::path::Trail;
use super::{Check, Outcome, Path, Purpose, Question, Refusal, RefusalKind, Roots, Rule, Verdict};

/// Judges what a peer sent as Go's TLS and `x509.Verify` do: every certificate is parsed,
/// then the leaf is checked, chains are built and the first good one is taken.
///
/// All rules are listed in any case; exactly one has failed if the chain is refused.
#[must_use]
pub fn verify(question: &Question<'_>) -> Verdict {
    let certificates = question.chain.certificates();
    if let Some(ParseError(message)) = question.chain.error() {
        let evidence = format!("certificate {} of {}", certificates.len() + 1, question.chain.count());
        return refused_at_once(RefusalKind::Parse, message.clone(), evidence);
    }
    let Some((leaf, others)) = certificates.split_first() else {
        return nothing_sent(question.purpose);
    };
    let intermediates: Roots = others.iter().cloned().collect();
    let subject = Subject { question, leaf };
    let mut trail = Trail::default();
    let judged = chain::judge(leaf, &intermediates, question, &mut trail);
    let paths = trail.told();
    match judged {
        Ok(path) => Verdict {
            checks: Rule::ALL
                .into_iter()
                .map(|rule| Check { rule, outcome: Outcome::Pass, evidence: subject.evidence(rule, &path) })
                .collect(),
            refusal: None,
            path: path.iter().map(|certificate| certificate.subject().in_order()).collect(),
            paths,
        },
        Err(failure) => subject.refused(failure, paths),
    }
}

/// An empty list: a client cannot read it, a server that wants a certificate misses one
/// (`crypto/tls`).
fn nothing_sent(purpose: Purpose) -> Verdict {
    let (kind, message) = match purpose {
        Purpose::Server | Purpose::Any => (RefusalKind::Parse, "tls: received empty certificates message"),
        Purpose::Client => (RefusalKind::Other, "tls: client didn't provide a certificate"),
    };
    refused_at_once(kind, message.to_owned(), "certificates 0".to_owned())
}

/// Nothing was reached but the parser.
fn refused_at_once(kind: RefusalKind, message: String, evidence: String) -> Verdict {
    let checks = Rule::ALL
        .into_iter()
        .map(|rule| match rule {
            Rule::Parse => Check { rule, outcome: Outcome::Fail, evidence: evidence.clone() },
            _ => Check { rule, outcome: Outcome::NotReached, evidence: String::new() },
        })
        .collect();
    Verdict { checks, refusal: Some(Refusal { kind, message }), path: Vec::new(), paths: Vec::new() }
}

/// What is judged.
struct Subject<'a> {
    question: &'a Question<'a>,
    leaf: &'a Certificate,
}

impl<'a> Subject<'a> {
    /// The checks up to the one that failed hold as far as Go looked; the later ones were
    /// not reached.
    fn refused(&self, failure: Failure<'a>, paths: Vec<Path>) -> Verdict {
        let mut seen = failure.chain.clone();
        if seen.is_empty() {
            seen.push(self.leaf);
        }
        seen.extend(failure.culprit);
        let mut decided = false;
        let mut checks = Vec::with_capacity(Rule::ALL.len());
        for rule in Rule::ALL {
            let outcome = if rule == failure.rule {
                decided = true;
                Outcome::Fail
            } else if decided || !is_established(rule, &failure) {
                Outcome::NotReached
            } else {
                Outcome::Pass
            };
            let evidence = match outcome {
                Outcome::NotReached => String::new(),
                Outcome::Pass => self.evidence(rule, &seen),
                Outcome::Fail => self.failing_evidence(&failure, &seen),
            };
            checks.push(Check { rule, outcome, evidence });
        }
        Verdict { checks, refusal: Some(failure.refusal), path: Vec::new(), paths }
    }

    /// What was looked at where a rule holds.
    fn evidence(&self, rule: Rule, chain: &[&Certificate]) -> String {
        let issuers = chain.get(1..).unwrap_or_default();
        match rule {
            Rule::Parse => format!("certificates {}", self.question.chain.count()),
            Rule::CriticalExtensions => critical(self.leaf),
            Rule::Validity => validity(self.leaf),
            Rule::Name => self.name(),
            Rule::Issuer => match issuers {
                [] => "leaf among the roots".to_owned(),
                _ => each(issuers, |issuer| format!("issuer {}", label(issuer))),
            },
            Rule::Authority => each(issuers, authority),
            Rule::IssuerExtensions => each(issuers, |issuer| labelled(issuer, &critical(issuer))),
            Rule::IssuerValidity => each(issuers, |issuer| labelled(issuer, &validity(issuer))),
            Rule::PathLength => {
                let facts = issuers.iter().enumerate().map(|(below, issuer)| path_length(issuer, below));
                joined(facts)
            }
            Rule::Policies => each(chain, |certificate| {
                let count = certificate.extension_data().policies.len();
                labelled(certificate, &format!("policies {count}"))
            }),
            Rule::Usage => {
                let facts = each(chain, usages);
                format!("asked {}; {facts}", usage_name(self.question.purpose.usage()))
            }
            Rule::NameConstraints => each(issuers, |issuer| {
                let constraints = issuer.extension_data().name_constraints.as_ref();
                let facts = constraints.map_or_else(Vec::new, |constraints| constraints.facts());
                match facts.as_slice() {
                    [] => String::new(),
                    facts => labelled(issuer, &facts.join(", ")),
                }
            }),
        }
    }

    /// What was looked at where a rule is broken.
    fn failing_evidence(&self, failure: &Failure<'_>, seen: &[&Certificate]) -> String {
        let now = seconds(self.question.time);
        let culprit = failure.culprit;
        match failure.rule {
            Rule::CriticalExtensions => unhandled(self.leaf),
            Rule::Validity => format!("time {now}, {}", validity(self.leaf)),
            // The only other refusal here: too many signatures were checked.
            Rule::Issuer if failure.refusal.kind == RefusalKind::Other => {
                format!("signature checks {SIGNATURE_CHECKS}")
            }
            Rule::Issuer => match (culprit, seen.last()) {
                (Some(culprit), _) => {
                    let child = failure.chain.last().copied().unwrap_or(self.leaf);
                    format!("issuer {}, {}", label(culprit), key_ids(child, culprit))
                }
                (None, Some(last)) => format!("issuer {}, candidates none", last.issuer().in_order()),
                (None, None) => String::new(),
            },
            Rule::Authority => culprit.map_or_else(String::new, authority),
            Rule::IssuerExtensions => {
                culprit.map_or_else(String::new, |issuer| labelled(issuer, &unhandled(issuer)))
            }
            Rule::IssuerValidity => culprit.map_or_else(String::new, |issuer| {
                format!("time {now}, {}", labelled(issuer, &validity(issuer)))
            }),
            Rule::PathLength => culprit.map_or_else(String::new, |issuer| {
                path_length(issuer, failure.chain.len().saturating_sub(1))
            }),
            Rule::Usage => {
                let asked = usage_name(self.question.purpose.usage());
                let culprit = chain::incompatible(&failure.chain, self.question.purpose);
                format!("asked {asked}; {}", culprit.map_or_else(String::new, usages))
            }
            Rule::NameConstraints => {
                let constraints = self.evidence(failure.rule, seen);
                format!("{constraints}; {}", alternative_names(self.leaf))
            }
            Rule::Parse | Rule::Name | Rule::Policies => self.evidence(failure.rule, seen),
        }
    }

    fn name(&self) -> String {
        match self.question.name.filter(|name| !name.is_empty()) {
            None => "none asked".to_owned(),
            Some(name) => format!("asked {name}; {}", alternative_names(self.leaf)),
        }
    }
}

/// Whether Go had come to see that a rule holds when a later one failed. It looks at an
/// issuer's right to sign before the signature, and at an intermediate's basic
/// constraints after its time.
fn is_established(rule: Rule, failure: &Failure<'_>) -> bool {
    let Some(culprit) = failure.culprit else {
        return true;
    };
    match (rule, failure.rule) {
        (Rule::Issuer, Rule::Authority) => {
            failure.chain.last().is_some_and(|child| culprit.check_signature_of(child).is_ok())
        }
        (Rule::Authority, Rule::IssuerExtensions | Rule::IssuerValidity) => {
            culprit.basic_constraints().is_some()
        }
        _ => true,
    }
}

/// One fact for each certificate that has one; `none` if there is none.
fn each(certificates: &[&Certificate], fact: impl Fn(&Certificate) -> String) -> String {
    joined(certificates.iter().map(|certificate| fact(certificate)))
}

fn joined(facts: impl Iterator<Item = String>) -> String {
    let facts: Vec<String> = facts.filter(|fact| !fact.is_empty()).collect();
    match facts.as_slice() {
        [] => "none".to_owned(),
        facts => facts.join("; "),
    }
}

/// The subject, or the serial number where there is none.
pub(super) fn label(certificate: &Certificate) -> String {
    let subject = certificate.subject().in_order();
    if subject.is_empty() { format!("serial:{}", certificate.serial()) } else { subject }
}

fn labelled(certificate: &Certificate, fact: &str) -> String {
    format!("{}: {fact}", label(certificate))
}

/// The key identifiers by which a certificate and its issuer should know each other.
fn key_ids(child: &Certificate, issuer: &Certificate) -> String {
    let hex = |octets: &[u8]| match octets {
        [] => "none".to_owned(),
        octets => octets.iter().map(|octet| format!("{octet:02x}")).collect(),
    };
    format!("AKI {}, SKI {}", hex(child.authority_key_id()), hex(issuer.subject_key_id()))
}

fn validity(certificate: &Certificate) -> String {
    format!("notBefore {}, notAfter {}", seconds(certificate.not_before()), seconds(certificate.not_after()))
}

/// An extension's name in RFC 5280, else its object identifier.
fn extension_name(oid: &str) -> &str {
    match oid {
        "2.5.29.14" => "subjectKeyIdentifier",
        "2.5.29.15" => "keyUsage",
        "2.5.29.17" => "subjectAltName",
        "2.5.29.19" => "basicConstraints",
        "2.5.29.30" => "nameConstraints",
        "2.5.29.32" => "certificatePolicies",
        "2.5.29.35" => "authorityKeyIdentifier",
        "2.5.29.37" => "extKeyUsage",
        other => other,
    }
}

fn critical(certificate: &Certificate) -> String {
    let oids: Vec<&str> = certificate
        .extensions()
        .iter()
        .filter(|extension| extension.critical)
        .map(|extension| extension_name(&extension.oid))
        .collect();
    match oids.as_slice() {
        [] => "critical none".to_owned(),
        oids => format!("critical {}", oids.join(", ")),
    }
}

fn unhandled(certificate: &Certificate) -> String {
    format!("critical {}", certificate.unhandled_critical_extensions().join(", "))
}

fn alternative_names(certificate: &Certificate) -> String {
    let dns = certificate.dns_names().iter().map(|name| format!("DNS:{name}"));
    let addresses = certificate.ip_addresses().iter();
    let emails = certificate.email_addresses().iter();
    let names: Vec<String> = dns
        .chain(addresses.map(|address| format!("IP:{address}")))
        .chain(emails.map(|email| format!("email:{email}")))
        .chain(certificate.uris().map(|uri| format!("URI:{uri}")))
        .collect();
    match names.as_slice() {
        [] => "SAN none".to_owned(),
        names => format!("SAN {}", names.join(", ")),
    }
}

fn authority(issuer: &Certificate) -> String {
    let constraints = match issuer.basic_constraints() {
        Some(constraints) if constraints.is_ca => "CA:TRUE".to_owned(),
        Some(_) => "CA:FALSE".to_owned(),
        None => format!("v{}, basicConstraints none", issuer.version()),
    };
    let usage: Vec<&str> = issuer.key_usage().names().collect();
    let usage = match usage.as_slice() {
        [] => "keyUsage none".to_owned(),
        usage => usage.join(", "),
    };
    labelled(issuer, &format!("{constraints}, {usage}"))
}

fn path_length(issuer: &Certificate, intermediates: usize) -> String {
    let longest = issuer
        .basic_constraints()
        .and_then(|constraints| constraints.path_length)
        .map_or_else(|| "none".to_owned(), |longest| longest.to_string());
    labelled(issuer, &format!("pathlen {longest}, intermediates {intermediates}"))
}

fn usages(certificate: &Certificate) -> String {
    let usages: Vec<&str> = certificate.extended_key_usages().iter().map(|oid| usage_name(oid)).collect();
    match usages.as_slice() {
        [] => labelled(certificate, "extKeyUsage none"),
        usages => labelled(certificate, &usages.join(", ")),
    }
}

/// The name of an extended key usage (RFC 5280, section 4.2.1.12), or its OID.
fn usage_name(oid: &str) -> &str {
    match oid {
        ANY_USAGE => "anyExtendedKeyUsage",
        "1.3.6.1.5.5.7.3.3" => "codeSigning",
        "1.3.6.1.5.5.7.3.4" => "emailProtection",
        "1.3.6.1.5.5.7.3.8" => "timeStamping",
        "1.3.6.1.5.5.7.3.9" => "OCSPSigning",
        _ if oid == Purpose::Server.usage() => "serverAuth",
        _ if oid == Purpose::Client.usage() => "clientAuth",
        _ => oid,
    }
}
