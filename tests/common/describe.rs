//! A certificate as an ordered list of fields, and what a plan asks of them.

use dojang::blueprint::{Authority, Certificate, HostName, KeyAlgorithm, Subject, Usage};
use x509_parser::der_parser::der::parse_der;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::oid_registry::{self, Oid};
use x509_parser::prelude::{FromDer, X509Certificate, X509Name};

/// Field and value.
pub(crate) type Fields = Vec<(String, String)>;

/// What a certificate says, without key, serial, times and key identifiers: those differ
/// each time. The lifetime is in whole days.
pub(crate) fn describe(der: &[u8]) -> Fields {
    let (rest, certificate) = X509Certificate::from_der(der).expect("a certificate");
    assert!(rest.is_empty());
    let mut fields = vec![
        ("version".to_owned(), (certificate.version().0 + 1).to_string()),
        ("signature".to_owned(), certificate.signature_algorithm.algorithm.to_id_string()),
        ("issuer".to_owned(), name(certificate.issuer())),
        ("subject".to_owned(), name(certificate.subject())),
        ("key".to_owned(), key(&certificate)),
    ];
    let validity = certificate.validity();
    let seconds = validity.not_after.timestamp() - validity.not_before.timestamp();
    fields.push(("days".to_owned(), (seconds / 86_400).to_string()));
    let mut order = Vec::new();
    for extension in certificate.extensions() {
        let field = oid_registry::OidRegistry::default().with_x509();
        let field =
            field.get(&extension.oid).map_or_else(|| extension.oid.to_id_string(), |e| e.sn().to_owned());
        let value = match extension.parsed_extension() {
            ParsedExtension::KeyUsage(usage) => usage.to_string().replace(", ", ","),
            ParsedExtension::BasicConstraints(c) => match c.path_len_constraint {
                Some(length) => format!("CA:{} pathlen:{length}", c.ca),
                None => format!("CA:{}", c.ca),
            },
            ParsedExtension::ExtendedKeyUsage(_) => usages(extension.value),
            ParsedExtension::SubjectAlternativeName(san) => {
                san.general_names.iter().map(general).collect::<Vec<_>>().join(",")
            }
            ParsedExtension::AuthorityKeyIdentifier(id) => {
                let parts = [
                    id.key_identifier.as_ref().map(|_| "keyid"),
                    id.authority_cert_issuer.as_ref().map(|_| "issuer"),
                    id.authority_cert_serial.map(|_| "serial"),
                ];
                parts.into_iter().flatten().collect::<Vec<_>>().join(",")
            }
            ParsedExtension::SubjectKeyIdentifier(_) => "keyid".to_owned(),
            other => format!("{other:?}"),
        };
        let critical = if extension.critical { "critical " } else { "" };
        order.push(field.clone());
        fields.push((field, format!("{critical}{value}")));
    }
    // By name, and their order as a field of its own.
    fields[6..].sort();
    fields.push(("order".to_owned(), order.join(",")));
    fields
}

/// What `describe` must give for an authority of a plan.
pub(crate) fn expected_authority(authority: &Authority) -> Fields {
    let mut extensions = vec![
        ("keyUsage", "critical Digital Signature,Key Encipherment,Key Cert Sign".to_owned()),
        ("basicConstraints", "critical CA:true".to_owned()),
        ("subjectKeyIdentifier", "keyid".to_owned()),
    ];
    if !authority.dns_names.is_empty() {
        let names = authority.dns_names.iter().map(|name| format!("DNS:{name}"));
        extensions.push(("subjectAltName", names.collect::<Vec<_>>().join(",")));
    }
    expected(&authority.subject, &authority.subject, authority.key, authority.key, authority.days, extensions)
}

/// What `describe` must give for a leaf of a plan.
pub(crate) fn expected_certificate(authority: &Authority, certificate: &Certificate) -> Fields {
    let usages = certificate.usages.iter().map(|usage| match usage {
        Usage::Server => "1.3.6.1.5.5.7.3.1",
        Usage::Client => "1.3.6.1.5.5.7.3.2",
    });
    let mut extensions = vec![
        ("keyUsage", "critical Digital Signature,Key Encipherment".to_owned()),
        ("extendedKeyUsage", usages.collect::<Vec<_>>().join(",")),
        ("basicConstraints", "critical CA:false".to_owned()),
        ("authorityKeyIdentifier", "keyid".to_owned()),
    ];
    if !certificate.names.is_empty() {
        extensions.push(("subjectAltName", names(&certificate.names)));
    }
    expected(
        &authority.subject,
        &certificate.subject,
        authority.key,
        certificate.key,
        certificate.days,
        extensions,
    )
}

/// SANs as `describe` writes them.
pub(crate) fn names(names: &[HostName]) -> String {
    let names = names.iter().map(|name| match name {
        HostName::Dns(name) => format!("DNS:{name}"),
        HostName::Ip(address) => format!("IP:{address}"),
    });
    names.collect::<Vec<_>>().join(",")
}

/// A subject as `describe` writes it.
pub(crate) fn subject(subject: &Subject) -> String {
    subject.attributes().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",")
}

fn expected(
    issuer: &Subject,
    own: &Subject,
    signer: KeyAlgorithm,
    key: KeyAlgorithm,
    days: u32,
    extensions: Vec<(&str, String)>,
) -> Fields {
    let (signature, _) = algorithm(signer);
    let (_, key) = algorithm(key);
    let order = extensions.iter().map(|(field, _)| *field).collect::<Vec<_>>().join(",");
    let mut fields: Fields = vec![
        ("version".into(), "3".into()),
        ("signature".into(), signature.into()),
        ("issuer".into(), subject(issuer)),
        ("subject".into(), subject(own)),
        ("key".into(), key.into()),
        ("days".into(), days.to_string()),
    ];
    let mut extensions: Fields =
        extensions.into_iter().map(|(field, value)| (field.to_owned(), value)).collect();
    extensions.sort();
    fields.extend(extensions);
    fields.push(("order".into(), order));
    fields
}

/// Signature algorithm and key as OIDs: Go's choice of hash (crypto/x509 signingParamsForKey).
fn algorithm(key: KeyAlgorithm) -> (&'static str, &'static str) {
    match key {
        KeyAlgorithm::Rsa2048 => ("1.2.840.113549.1.1.11", "RSA 2048"),
        KeyAlgorithm::Rsa3072 => ("1.2.840.113549.1.1.11", "RSA 3072"),
        KeyAlgorithm::Rsa4096 => ("1.2.840.113549.1.1.11", "RSA 4096"),
        KeyAlgorithm::P256 => ("1.2.840.10045.4.3.2", "EC 1.2.840.10045.3.1.7"),
        KeyAlgorithm::P384 => ("1.2.840.10045.4.3.3", "EC 1.3.132.0.34"),
        KeyAlgorithm::Ed25519 => ("1.3.101.112", "1.3.101.112"),
    }
}

fn key(certificate: &X509Certificate<'_>) -> String {
    let info = certificate.public_key();
    match info.parsed() {
        Ok(x509_parser::public_key::PublicKey::RSA(key)) => format!("RSA {}", key.key_size()),
        Ok(x509_parser::public_key::PublicKey::EC(_)) => {
            let curve: Option<Oid<'_>> = info.algorithm.parameters.as_ref().and_then(|p| p.as_oid().ok());
            format!("EC {}", curve.map_or_else(String::new, |oid| oid.to_id_string()))
        }
        _ => info.algorithm.algorithm.to_id_string(),
    }
}

/// RDNs with `,` between, the attributes of one with `+`.
pub(crate) fn name(name: &X509Name<'_>) -> String {
    let rdn = |rdn: &x509_parser::x509::RelativeDistinguishedName<'_>| {
        let attributes = rdn.iter().map(|attribute| {
            let key = match attribute.attr_type().to_id_string().as_str() {
                "2.5.4.3" => "CN".to_owned(),
                "2.5.4.10" => "O".to_owned(),
                "2.5.4.11" => "OU".to_owned(),
                other => other.to_owned(),
            };
            format!("{key}={}", attribute.as_str().expect("text"))
        });
        attributes.collect::<Vec<_>>().join("+")
    };
    name.iter().map(rdn).collect::<Vec<_>>().join(",")
}

/// The usages in the order in which they are written.
fn usages(der: &[u8]) -> String {
    let (_, list) = parse_der(der).expect("a sequence");
    let usages = list.as_sequence().expect("a sequence").iter();
    usages.map(|usage| usage.as_oid().expect("an OID").to_id_string()).collect::<Vec<_>>().join(",")
}

/// A SAN as `DNS:…` or `IP:…`.
pub(crate) fn general(name: &GeneralName<'_>) -> String {
    match name {
        GeneralName::DNSName(name) => format!("DNS:{name}"),
        GeneralName::IPAddress(bytes) => {
            let address: std::net::IpAddr = match <[u8; 4]>::try_from(*bytes) {
                Ok(bytes) => bytes.into(),
                Err(_) => <[u8; 16]>::try_from(*bytes).expect("an address").into(),
            };
            format!("IP:{address}")
        }
        other => format!("{other:?}"),
    }
}
