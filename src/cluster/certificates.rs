//! CertificateSigningRequests: what is asked, whether it may be, and signing
//! (pkg/apis/certificates/validation, pkg/controller/certificates/signer).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, CertificateSigningRequestDer};
use time::{Duration, OffsetDateTime};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::X509Name;

use crate::access::Json;
use crate::blueprint::Usage;
use crate::pki::{self, Extension, Issuer, PrivateKey, Template, extension};
use crate::x509::{RequestParts, issuer_fields, request_parts};

use super::failure::Cause;

/// How long a certificate lives when its CSR does not say (`--cluster-signing-duration`).
const LIFETIME: Duration = Duration::days(365);
/// How far the beginning of a certificate's life lies before its signing
/// (pkg/controller/certificates/authority).
const BACKDATE: Duration = Duration::minutes(5);

pub(super) const CLIENT: &str = "kubernetes.io/kube-apiserver-client";
pub(super) const KUBELET_CLIENT: &str = "kubernetes.io/kube-apiserver-client-kubelet";
pub(super) const KUBELET_SERVING: &str = "kubernetes.io/kubelet-serving";
const LEGACY: &str = "kubernetes.io/legacy-unknown";

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

/// The CA that the controller manager signs with.
#[derive(Debug)]
pub struct Signer {
    certificate: Vec<u8>,
    key: PrivateKey,
}

impl Signer {
    /// A CA's certificate (DER) and its key.
    #[must_use]
    pub const fn new(certificate: Vec<u8>, key: PrivateKey) -> Self {
        Self { certificate, key }
    }

    /// Signs what a CSR asks for: its certificate in PEM.
    pub(super) fn sign(&self, csr: &Json, now: OffsetDateTime) -> Result<String, String> {
        let request = Asked::of(csr.text("spec.request"))?;
        let usages = csr.texts("spec.usages");
        let lifetime = csr.at("spec.expirationSeconds").and_then(Json::as_integer);
        let lifetime = lifetime.map_or(LIFETIME, Duration::seconds).min(LIFETIME);
        let fields = issuer_fields(&self.certificate).map_err(|error| error.to_string())?;
        let issuer = Issuer {
            subject: fields.subject.clone(),
            key_identifier: fields.key_identifier.clone(),
            key: &self.key,
        };
        let mut extensions = usage_extensions(&usages);
        extensions.push(extension::basic_constraints(false));
        extensions.extend(issuer.key_identifier.as_deref().map(extension::authority_key_identifier));
        if let Some(value) = request.parts.names {
            extensions.push(Extension { oid: vec![2, 5, 29, 17], critical: false, value });
        }
        // Seconds are what a certificate counts in.
        let now = now.replace_nanosecond(0).unwrap_or(now);
        let template = Template {
            version: Some(2),
            serial: pki::serial().map_err(|error| error.to_string())?,
            issuer: issuer.subject.clone(),
            not_before: now - BACKDATE,
            not_after: now - BACKDATE + lifetime,
            subject: request.parts.subject,
            public_key_info: request.parts.public_key_info,
            extensions,
        };
        let der = pki::sign(&template, &self.key).map_err(|error| error.to_string())?;
        Ok(pki::pem("CERTIFICATE", &der))
    }
}

/// The certificate (DER) in a CertificateSigningRequest's `status.certificate`, once it is
/// signed.
#[must_use]
pub fn certificate_of(csr: &Json) -> Option<Vec<u8>> {
    let pem = STANDARD.decode(csr.text("status.certificate")).ok()?;
    CertificateDer::from_pem_slice(&pem).ok().map(|der| der.to_vec())
}

/// keyUsage and extendedKeyUsage of a list of usages; each only if there is something in it.
fn usage_extensions(usages: &[String]) -> Vec<Extension> {
    let bits: Vec<u8> = usages
        .iter()
        .filter_map(|usage| match usage.as_str() {
            "signing" | "digital signature" => Some(0),
            "content commitment" => Some(1),
            "key encipherment" => Some(2),
            "data encipherment" => Some(3),
            "key agreement" => Some(4),
            "cert sign" => Some(5),
            "crl sign" => Some(6),
            "encipher only" => Some(7),
            _ => None,
        })
        .collect();
    let purposes: Vec<Usage> = [("server auth", Usage::Server), ("client auth", Usage::Client)]
        .into_iter()
        .filter(|(word, _)| usages.iter().any(|usage| usage == word))
        .map(|(_, usage)| usage)
        .collect();
    let mut extensions = Vec::new();
    if !bits.is_empty() {
        extensions.push(extension::key_usage(&bits));
    }
    if !purposes.is_empty() {
        extensions.push(extension::extended_key_usage(&purposes));
    }
    extensions
}

/// What is in a CSR's request.
struct Asked {
    parts: RequestParts,
    common_name: String,
    organizations: Vec<String>,
    /// How many alternative names of each kind there are: DNS, IP, e-mail, URI.
    names: [usize; 4],
}

impl Asked {
    /// Reads `spec.request`: base64 of a PEM block.
    fn of(request: &str) -> Result<Self, String> {
        let pem = STANDARD.decode(request).map_err(|error| error.to_string())?;
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

/// Approved and denied exclude each other, and stay.
fn conditions(causes: &mut Vec<Cause>, old: Option<&Json>, csr: &Json) {
    let all = csr.list("status.conditions");
    let has = |list: &[Json], kind: &str| list.iter().any(|own| own.text("type") == kind);
    for (place, condition) in all.iter().enumerate() {
        let field = format!("status.conditions[{place}]");
        let kind = condition.text("type");
        if kind.is_empty() {
            causes.push(Cause::required(&format!("{field}.type"), ""));
        }
        if matches!(kind, "Approved" | "Denied" | "Failed") && condition.text("status") != "True" {
            causes.push(Cause::unsupported(&format!("{field}.status"), condition.text("status"), &["True"]));
        }
        let other = match kind {
            "Approved" => "Denied",
            "Denied" => "Approved",
            _ => continue,
        };
        if has(all.get(..place).unwrap_or_default(), other) {
            causes.push(Cause::invalid(
                &format!("{field}.type"),
                &kind.into(),
                "Approved and Denied conditions are mutually exclusive",
            ));
        }
    }
    let before = old.map(|old| old.list("status.conditions")).unwrap_or_default();
    for kind in ["Approved", "Denied", "Failed"] {
        if has(before, kind) && !has(all, kind) {
            causes.push(Cause::forbidden(
                "status.conditions",
                &format!("updates may not remove a condition of type {}", crate::text::quote(kind)),
            ));
        }
    }
}

/// Why a signer does not sign a CSR; `None` if it does
/// (pkg/controller/certificates/signer, `isKubeAPIServerClient`…, `ValidateKubeletServingCSR`).
pub(super) fn objection(csr: &Json) -> Option<String> {
    let asked = match Asked::of(csr.text("spec.request")) {
        Ok(asked) => asked,
        Err(why) => return Some(why),
    };
    let usages = csr.texts("spec.usages");
    let wants = |usage: &str| usages.iter().any(|own| own == usage);
    let stray = |known: &[&str]| usages.iter().find(|own| !known.contains(&own.as_str())).cloned();
    let [dns, ip, email, uri] = asked.names;
    match csr.text("spec.signerName") {
        CLIENT => {
            if let Some(stray) = stray(&["digital signature", "key encipherment", "client auth"]) {
                return Some(format!("invalid usage for client certificate: {stray}"));
            }
            (!wants("client auth"))
                .then(|| "missing required usage for client certificate: client auth".into())
        }
        name @ (KUBELET_CLIENT | KUBELET_SERVING) => {
            if asked.organizations != ["system:nodes"] {
                return Some("subject organization is not system:nodes".into());
            }
            if email > 0 {
                return Some("Email subjectAltNames are not allowed".into());
            }
            if uri > 0 {
                return Some("URI subjectAltNames are not allowed".into());
            }
            if name == KUBELET_SERVING {
                if dns + ip == 0 {
                    return Some("DNS or IP subjectAltName is required".into());
                }
            } else if dns > 0 {
                return Some("DNS subjectAltNames are not allowed".into());
            } else if ip > 0 {
                return Some("IP subjectAltNames are not allowed".into());
            }
            if !asked.common_name.starts_with("system:node:") {
                return Some("subject common name does not begin with system:node:".into());
            }
            let purpose = if name == KUBELET_SERVING { "server auth" } else { "client auth" };
            let exact = wants("digital signature")
                && wants(purpose)
                && stray(&["digital signature", "key encipherment", purpose]).is_none();
            (!exact).then(|| "usages did not match".into())
        }
        _ => None,
    }
}

/// Whether a CSR is one of a kubelet for its client certificate, and whether it is its own.
pub(super) fn of_kubelet(csr: &Json) -> Option<bool> {
    if csr.text("spec.signerName") != KUBELET_CLIENT || objection(csr).is_some() {
        return None;
    }
    let name = common_name(csr.text("spec.request"))?;
    Some(name == csr.text("spec.username"))
}
