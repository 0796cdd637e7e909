//! CertificateSigningRequests: what is asked, and whether it may be
//! (pkg/apis/certificates/validation).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, CertificateSigningRequestDer};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::X509Name;

use crate::access::Json;
use crate::text::quote;
use crate::trust::Certificate;
use crate::workspace::pem_certificates;
use crate::x509::{RequestParts, request_parts};

use super::failure::Cause;

pub(super) const CLIENT: &str = "kubernetes.io/kube-apiserver-client";
pub(super) const KUBELET_CLIENT: &str = "kubernetes.io/kube-apiserver-client-kubelet";
pub(super) const KUBELET_SERVING: &str = "kubernetes.io/kubelet-serving";
const LEGACY: &str = "kubernetes.io/legacy-unknown";

/// The conditions that stay once they are there.
const LASTING: [&str; 3] = ["Approved", "Denied", "Failed"];

/// Every usage that a CSR may ask for (certificates/v1 `KeyUsage`).
const USAGES: [&str; 23] = [
    "signing",
    "digital signature",
    "content commitment",
    "key encipherment",
    "key agreement",
    "data encipherment",
    "cert sign",
    "crl sign",
    "encipher only",
    "decipher only",
    "any",
    "server auth",
    "client auth",
    "code signing",
    "email protection",
    "s/mime",
    "ipsec end system",
    "ipsec tunnel",
    "ipsec user",
    "timestamping",
    "ocsp signing",
    "microsoft sgc",
    "netscape sgc",
];

/// The certificate (DER) in a CertificateSigningRequest's `status.certificate`, once it is
/// signed.
#[must_use]
pub fn certificate_of(csr: &Json) -> Option<Vec<u8>> {
    let pem = STANDARD.decode(csr.text("status.certificate")).ok()?;
    CertificateDer::from_pem_slice(&pem).ok().map(|der| der.to_vec())
}

/// What is in a CSR's request.
pub(super) struct Asked {
    pub(super) parts: RequestParts,
    pub(super) common_name: String,
    pub(super) organizations: Vec<String>,
    /// How many alternative names of each kind there are: DNS, IP, e-mail, URI.
    pub(super) names: [usize; 4],
}

impl Asked {
    /// Reads `spec.request`: base64 of a PEM block.
    pub(super) fn of(request: &str) -> Result<Self, String> {
        let pem = STANDARD.decode(request.replace(['\n', '\r'], "")).map_err(|error| error.to_string())?;
        let wrong = || "PEM block type must be CERTIFICATE REQUEST".to_owned();
        let der = CertificateSigningRequestDer::from_pem_slice(&pem).map_err(|_| wrong())?;
        let parts = request_parts(&der).map_err(|error| error.to_string())?;
        let (_, subject) = X509Name::from_der(&parts.subject).map_err(|error| error.to_string())?;
        let common_name =
            subject.iter_common_name().filter_map(|name| name.as_str().ok()).last().unwrap_or_default();
        let organizations =
            subject.iter_organization().filter_map(|name| name.as_str().ok()).map(str::to_owned).collect();
        let mut names = [0; 4];
        if let Some(value) = &parts.names
            && let Ok((_, all)) = x509_parser::extensions::SubjectAlternativeName::from_der(value)
        {
            for name in &all.general_names {
                let place = match name {
                    GeneralName::DNSName(_) => 0,
                    GeneralName::IPAddress(_) => 1,
                    GeneralName::RFC822Name(_) => 2,
                    GeneralName::URI(_) => 3,
                    _ => continue,
                };
                if let Some(count) = names.get_mut(place) {
                    *count += 1;
                }
            }
        }
        let common_name = common_name.to_owned();
        Ok(Self { parts, common_name, organizations, names })
    }
}

/// The organizations that a request asks for.
pub(super) fn organizations(request: &str) -> Vec<String> {
    Asked::of(request).map(|asked| asked.organizations).unwrap_or_default()
}

/// The common name that a request asks for; `None` if it does not parse.
pub(super) fn common_name(request: &str) -> Option<String> {
    Asked::of(request).ok().map(|asked| asked.common_name)
}

/// What is wrong with a CSR.
pub(super) fn validate(causes: &mut Vec<Cause>, old: Option<&Json>, csr: &Json) {
    let request = csr.at("spec.request").cloned().unwrap_or_default();
    match Asked::of(csr.text("spec.request")) {
        Err(why) => causes.push(Cause::invalid("spec.request", &request, &why)),
        Ok(asked) if !asked.parts.is_signed => {
            causes.push(Cause::invalid("spec.request", &request, "crypto/rsa: verification error"));
        }
        Ok(_) => {}
    }
    let usages = csr.texts("spec.usages");
    if usages.is_empty() {
        causes.push(Cause::required("spec.usages", ""));
    }
    for (place, usage) in usages.iter().enumerate() {
        let field = format!("spec.usages[{place}]");
        if !USAGES.contains(&usage.as_str()) {
            causes.push(Cause::unsupported(&field, usage, &USAGES));
        } else if usages.iter().take(place).any(|other| other == usage) {
            causes.push(Cause::duplicate(&field, usage));
        }
    }
    let signer = csr.text("spec.signerName");
    match signer {
        "" => causes.push(Cause::required("spec.signerName", "")),
        LEGACY if old.is_none() => causes.push(Cause::invalid(
            "spec.signerName",
            &signer.into(),
            "the legacy signerName is not allowed via this API version",
        )),
        _ => signer_name(causes, signer),
    }
    if let Some(seconds) = csr.at("spec.expirationSeconds").and_then(Json::as_integer)
        && seconds < 600
    {
        causes.push(Cause::invalid(
            "spec.expirationSeconds",
            &Json::integer(seconds),
            "may not specify a duration less than 600 seconds (10 minutes)",
        ));
    }
    conditions(causes, old, csr);
}

fn signer_name(causes: &mut Vec<Cause>, signer: &str) {
    let wrong = |why: &str| Cause::invalid("spec.signerName", &signer.into(), why);
    let Some((domain, path)) = signer.split_once('/') else {
        causes.push(wrong("must be a fully qualified domain and path of the form 'example.com/signer-name'"));
        return;
    };
    if path.contains('/') || path.is_empty() || domain.is_empty() {
        causes.push(wrong("must be a fully qualified domain and path of the form 'example.com/signer-name'"));
        return;
    }
    if !domain.contains('.') {
        causes.push(wrong("should be a domain with at least two segments separated by dots"));
    }
    for part in [domain, path] {
        for fault in super::names::NameRule::Subdomain.faults(part) {
            causes.push(wrong(&fault));
        }
    }
}

/// What is wrong with the conditions: of a type one alone, approved and denied exclude each other,
/// and what was once said of these and of failure is true and stays.
fn conditions(causes: &mut Vec<Cause>, old: Option<&Json>, csr: &Json) {
    let all = csr.list("status.conditions");
    let count = |list: &[Json], kind: &str| list.iter().filter(|own| own.text("type") == kind).count();
    for (place, condition) in all.iter().enumerate() {
        let field = format!("status.conditions[{place}]");
        let (kind, status) = (condition.text("type"), condition.text("status"));
        if kind.is_empty() {
            causes.push(Cause::required(&format!("{field}.type"), ""));
        }
        let known: &[&str] = if LASTING.contains(&kind) { &["True"] } else { &["True", "False", "Unknown"] };
        if status.is_empty() {
            causes.push(Cause::required(&format!("{field}.status"), ""));
        } else if !known.contains(&status) {
            causes.push(Cause::unsupported(&format!("{field}.status"), status, known));
        }
        let before = all.get(..place).unwrap_or_default();
        let other = match kind {
            "Approved" => "Denied",
            "Denied" => "Approved",
            _ => "",
        };
        if !other.is_empty() && count(before, other) > 0 {
            causes.push(Cause::invalid(
                &format!("{field}.type"),
                &kind.into(),
                "Approved and Denied conditions are mutually exclusive",
            ));
        }
        if count(before, kind) > 0 {
            causes.push(Cause::duplicate(&format!("{field}.type"), kind));
        }
    }
    let before = old.map(|old| old.list("status.conditions")).unwrap_or_default();
    for kind in LASTING {
        if count(all, kind) < count(before, kind) {
            let why = format!("updates may not remove a condition of type {}", quote(kind));
            causes.push(Cause::forbidden("status.conditions", &why));
        }
    }
}

/// What a change of a CSR may not do besides, through this subresource: only the approval decides,
/// only the status gets a certificate, and once.
pub(super) fn validate_change(causes: &mut Vec<Cause>, subresource: &str, old: &Json, csr: &Json) {
    if subresource != "approval" {
        for kind in ["Approved", "Denied"] {
            let of = |csr: &Json| -> Vec<Json> {
                csr.list("status.conditions").iter().filter(|own| own.text("type") == kind).cloned().collect()
            };
            let (before, after) = (of(old), of(csr));
            let why = match after.len().cmp(&before.len()) {
                std::cmp::Ordering::Greater => "add",
                std::cmp::Ordering::Equal if before != after => "modify",
                _ => continue,
            };
            let why = format!("updates may not {why} a condition of type {}", quote(kind));
            causes.push(Cause::forbidden("status.conditions", &why));
        }
    }
    let (before, after) = (old.text("status.certificate"), csr.text("status.certificate"));
    if before == after {
        return;
    }
    let field = "status.certificate";
    if subresource != "status" {
        causes.push(Cause::forbidden(field, "updates may not set certificate content"));
    } else if !before.is_empty() {
        causes.push(Cause::forbidden(field, "updates may not modify existing certificate content"));
    } else if let Some(why) = certificate_fault(after) {
        causes.push(Cause::invalid(field, &"<certificate data>".into(), &why));
    }
}

/// What is wrong with the certificate that a signer sets: base64 of PEM blocks, all CERTIFICATE.
fn certificate_fault(text: &str) -> Option<String> {
    let pem = STANDARD.decode(text).unwrap_or_default();
    for block in crate::x509::blocks(&pem) {
        if block.label != "CERTIFICATE" {
            return Some(format!("only CERTIFICATE PEM blocks are allowed, found {}", quote(&block.label)));
        }
    }
    let all = pem_certificates(&pem);
    if all.is_empty() {
        return Some("must contain at least one CERTIFICATE PEM block".into());
    }
    all.iter().find_map(|der| Certificate::parse(der).err()).map(|error| error.to_string())
}
