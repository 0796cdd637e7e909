//! Certificates and the names of authorities in messages.

use super::extensions::{Place, extensions};
use super::grammar::{Context, Learned};
use super::names::NAMES;
use super::reader::Reader;
use super::transcript::CERTIFICATE;
use crate::text::escape;
use crate::trust::{Certificate, Name};

/// Of so many certificates the names are told.
const MOST_NAMED: usize = 16;

/// A Certificate message (RFC 8446, section 4.4.2; RFC 5246, section 7.4.2).
pub(super) fn certificate(
    reader: &mut Reader<'_>,
    context: Context,
    learned: &mut Learned,
) -> Option<String> {
    if context.is_13 {
        reader.sized("certificate_request_context", "context", 1)?;
    }
    reader.list("certificate_list", 3, |reader| {
        let mut told = String::new();
        reader.group("CertificateEntry", |reader| {
            told = entry(reader, learned)?;
            if context.is_13 {
                extensions(reader, Place::Certificate, learned)?;
            }
            Some(told.clone())
        })?;
        Some(told)
    })?;
    let sender = learned.names.first().cloned().unwrap_or_default();
    Some(match learned.count {
        0 => "no certificate".to_owned(),
        1 => sender,
        count => format!("{sender}, and {} more", count - 1),
    })
}

/// One certificate: its length and its DER, told by subject and issuer.
fn entry(reader: &mut Reader<'_>, learned: &mut Learned) -> Option<String> {
    let length = reader.length(3)?;
    learned.count += 1;
    let mut told = String::new();
    let is_named = learned.count <= MOST_NAMED;
    reader.worded(CERTIFICATE, length, |der| {
        if is_named {
            let (subject, issuer) = match Certificate::parse(der) {
                Ok(read) => (read.subject().in_order(), read.issuer().in_order()),
                Err(error) => (format!("not a certificate ({error})"), String::new()),
            };
            told = escape(&subject).into_owned();
            learned.names.push(told.clone());
            if !issuer.is_empty() {
                return format!("{told}; issuer {}", escape(&issuer));
            }
            return told.clone();
        }
        format!("{length} bytes")
    })?;
    Some(told)
}

/// A CertificateRequest of TLS 1.2 (RFC 5246, section 7.4.4).
pub(super) fn certificate_request_12(reader: &mut Reader<'_>, learned: &mut Learned) -> Option<String> {
    reader.list("certificate_types", 1, |reader| {
        let word = |number| match number {
            1 => "rsa_sign (1)".to_owned(),
            2 => "dss_sign (2)".to_owned(),
            64 => "ecdsa_sign (64)".to_owned(),
            _ => format!("{number}"),
        };
        reader.u8("certificate_type", word).map(word)
    })?;
    reader.list("supported_signature_algorithms", 2, |reader| {
        let scheme = reader.u16("algorithm", |number| NAMES.schemes.full(number))?;
        Some(NAMES.schemes.plain(scheme))
    })?;
    distinguished_names(reader, learned)?;
    Some(authorities(learned))
}

/// The names of authorities: `certificate_authorities` in both versions.
pub(super) fn distinguished_names(reader: &mut Reader<'_>, learned: &mut Learned) -> Option<()> {
    reader.list("certificate_authorities", 2, |reader| {
        learned.count += 1;
        let is_named = learned.count <= MOST_NAMED;
        let mut told = String::new();
        reader.sized_words("DistinguishedName", "name", 2, |der| {
            told = match Name::parse(der) {
                Ok(name) if is_named => escape(&name.in_order()).into_owned(),
                Ok(_) => format!("{} bytes", der.len()),
                Err(_) => "unreadable name".to_owned(),
            };
            told.clone()
        })?;
        if is_named {
            learned.names.push(told.clone());
        }
        Some(told)
    })
}

/// What a CertificateRequest comes to.
pub(super) fn authorities(learned: &Learned) -> String {
    match learned.names.as_slice() {
        [] => "no authorities named".to_owned(),
        names => format!("authorities {}", names.join(" | ")),
    }
}
