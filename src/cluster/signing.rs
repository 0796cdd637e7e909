//! The signers of a controller manager: which CSRs they sign, and what they make of them
//! (pkg/controller/certificates/signer, …/authority).

use std::sync::{Arc, PoisonError, RwLock};

use time::{Duration, OffsetDateTime};
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::X509Name;

use crate::access::Json;
use crate::blueprint::Usage;
use crate::pki::{self, Extension, Issuer, PrivateKey, Template, extension};
use crate::trust::Certificate;
use crate::x509::issuer_fields;

use super::certificates::{Asked, CLIENT, KUBELET_CLIENT, KUBELET_SERVING};

/// How long a certificate lives at most (`--cluster-signing-duration`).
const LIFETIME: Duration = Duration::days(365);
/// The shortest life that a CSR can ask for.
const SHORTEST: Duration = Duration::minutes(10);
/// How far the beginning of a certificate's life lies before its signing.
const BACKDATE: Duration = Duration::minutes(5);
/// A life that is shorter begins before its signing, too, and is not cut for that at its end.
const SHORT: Duration = Duration::hours(8);

/// The CA that the controller manager signs with (`--cluster-signing-cert-file`,
/// `--cluster-signing-key-file`).
#[derive(Debug)]
pub struct Signer {
    pair: RwLock<Arc<(Vec<u8>, PrivateKey)>>,
    lifetime: Duration,
}

impl Signer {
    /// A CA's certificate (DER) and its key.
    #[must_use]
    pub fn new(certificate: Vec<u8>, key: PrivateKey) -> Self {
        Self { pair: RwLock::new(Arc::new((certificate, key))), lifetime: LIFETIME }
    }

    /// This one for certificates that live so long at most (`--cluster-signing-duration`).
    #[must_use]
    pub fn lasting(self, lifetime: Duration) -> Self {
        Self { lifetime, ..self }
    }

    /// Signs with another CA from now on, as when its files have changed.
    pub(super) fn replace(&self, other: Self) {
        let pair = other.pair.into_inner().unwrap_or_else(PoisonError::into_inner);
        *self.pair.write().unwrap_or_else(PoisonError::into_inner) = pair;
    }

    /// How long the certificate of a CSR lives.
    fn life(&self, csr: &Json) -> Duration {
        match csr.at("spec.expirationSeconds").and_then(Json::as_integer).map(Duration::seconds) {
            Some(asked) if asked < self.lifetime => asked.max(SHORTEST),
            _ => self.lifetime,
        }
    }

    /// Signs what a CSR asks for: its certificate in PEM.
    pub(super) fn sign(&self, csr: &Json, now: OffsetDateTime) -> Result<String, String> {
        let pair = Arc::clone(&self.pair.read().unwrap_or_else(PoisonError::into_inner));
        let (certificate, key) = &*pair;
        let request = Asked::of(csr.text("spec.request"))?;
        let usages = csr.texts("spec.usages");
        let end = Certificate::parse(certificate).map_err(|error| error.to_string())?.not_after();
        // Seconds are what a certificate counts in.
        let now = now.replace_nanosecond(0).unwrap_or(now);
        if now >= end {
            return Err(format!("refusing to sign a certificate that expired in the past: NotAfter={end}"));
        }
        let life = self.life(csr);
        let not_after = if life < SHORT { now + life } else { now + life - BACKDATE };
        let fields = issuer_fields(certificate).map_err(|error| error.to_string())?;
        let issuer =
            Issuer { subject: fields.subject.clone(), key_identifier: fields.key_identifier.clone(), key };
        let mut extensions = usage_extensions(&usages);
        extensions.push(extension::basic_constraints(false));
        extensions.extend(issuer.key_identifier.as_deref().map(extension::authority_key_identifier));
        if let Some(value) = request.parts.names {
            extensions.push(Extension { oid: vec![2, 5, 29, 17], critical: false, value });
        }
        let template = Template {
            version: Some(2),
            serial: pki::serial().map_err(|error| error.to_string())?,
            issuer: issuer.subject.clone(),
            not_before: now - BACKDATE,
            not_after: not_after.min(end),
            subject: as_go_writes(&request.parts.subject).unwrap_or(request.parts.subject),
            public_key_info: request.parts.public_key_info,
            extensions,
        };
        let der = pki::sign(&template, key).map_err(|error| error.to_string())?;
        Ok(pki::pem("CERTIFICATE", &der))
    }
}

/// The attributes of a name that Go keeps when it writes it anew, in the order in which it writes
/// them: C, O, OU, L, ST, STREET, POSTALCODE, CN, SERIALNUMBER, the last two once
/// (crypto/x509/pkix, `FillFromRDNSequence`, `ToRDNSequence`).
const WRITTEN: [u64; 9] = [6, 10, 11, 7, 8, 9, 17, 3, 5];
/// CN and SERIALNUMBER: the last one counts.
const ONCE: [u64; 2] = [3, 5];

/// A subject as Go writes it anew, since the signer keeps no bytes of a CSR.
fn as_go_writes(subject: &[u8]) -> Option<Vec<u8>> {
    let (_, name) = X509Name::from_der(subject).ok()?;
    let mut values: Vec<(u64, String)> = Vec::new();
    for attribute in name.iter_attributes() {
        let last =
            WRITTEN.iter().find(|last| attribute.attr_type().to_id_string() == format!("2.5.4.{last}"));
        let (Some(last), Ok(value)) = (last, attribute.as_str()) else { continue };
        if ONCE.contains(last) {
            values.retain(|(own, _)| own != last);
        }
        values.push((*last, value.to_owned()));
    }
    let written = WRITTEN.iter().map(|last| {
        let own = values.iter().filter(|(own, value)| own == last && !value.is_empty());
        (*last, own.map(|(_, value)| value.clone()).collect::<Vec<_>>())
    });
    Some(pki::name_of(&written.filter(|(_, values)| !values.is_empty()).collect::<Vec<_>>()))
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
        KUBELET_SERVING => {
            if asked.organizations != ["system:nodes"] {
                return Some(NOT_NODES.into());
            }
            if dns + ip == 0 {
                return Some("DNS or IP subjectAltName is required".into());
            }
            let sans = [(email, "Email"), (uri, "URI")];
            sans_fault(&sans).or_else(|| exact_usages(&usages, "server auth")).or_else(|| asked.name_fault())
        }
        KUBELET_CLIENT => {
            if asked.organizations != ["system:nodes"] {
                return Some(NOT_NODES.into());
            }
            let sans = [(dns, "DNS"), (email, "Email"), (ip, "IP"), (uri, "URI")];
            sans_fault(&sans).or_else(|| asked.name_fault()).or_else(|| exact_usages(&usages, "client auth"))
        }
        _ => None,
    }
}

const NOT_NODES: &str = "subject organization is not system:nodes";

/// Alternative names of a kind that must not be there.
fn sans_fault(all: &[(usize, &str)]) -> Option<String> {
    let kind = all.iter().find(|(count, _)| *count > 0).map(|(_, kind)| *kind)?;
    Some(format!("{kind} subjectAltNames are not allowed"))
}

/// A kubelet's certificate is for signatures and one purpose; an RSA key may be enciphered with.
fn exact_usages(usages: &[String], purpose: &str) -> Option<String> {
    let all = ["digital signature", "key encipherment", purpose];
    let is_exact =
        all.iter().all(|own| *own == "key encipherment" || usages.iter().any(|usage| usage == own))
            && usages.iter().all(|usage| all.contains(&usage.as_str()));
    let mut sorted = all;
    sorted.sort_unstable();
    (!is_exact).then(|| format!("usages did not match [{}]", sorted.join(" ")))
}

impl Asked {
    fn name_fault(&self) -> Option<String> {
        let is_node = self.common_name.starts_with("system:node:");
        (!is_node).then(|| "subject common name does not begin with system:node:".into())
    }
}

/// Whether a CSR is one of a kubelet for its client certificate, and whether it is its own.
pub(super) fn of_kubelet(csr: &Json) -> Option<bool> {
    if csr.text("spec.signerName") != KUBELET_CLIENT || objection(csr).is_some() {
        return None;
    }
    let name = super::certificates::common_name(csr.text("spec.request"))?;
    Some(name == csr.text("spec.username"))
}
