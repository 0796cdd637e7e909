//! The one encoder of certificates and CSRs, DER by RFC 5280 and RFC 2986. It writes what
//! it is told, right or wrong.

use time::OffsetDateTime;
use yasna::models::ObjectIdentifier;
use yasna::{DERWriter, Tag};

use super::key::{KeyError, PrivateKey, SignatureAlgorithm};
use crate::blueprint::{HostName, Subject, Usage};

/// An extension as it stands in a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension {
    /// Its object identifier.
    pub oid: Vec<u64>,
    /// Whether it is critical.
    pub critical: bool,
    /// The DER inside its OCTET STRING.
    pub value: Vec<u8>,
}

/// A certificate before its signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// The version as it is encoded: `None` is v1, `Some(2)` is v3.
    pub version: Option<u8>,
    /// The serial number, big endian, positive.
    pub serial: Vec<u8>,
    /// The issuer, a DER Name.
    pub issuer: Vec<u8>,
    /// The first moment of its validity.
    pub not_before: OffsetDateTime,
    /// The last moment of its validity.
    pub not_after: OffsetDateTime,
    /// The subject, a DER Name.
    pub subject: Vec<u8>,
    /// The public key, a DER SubjectPublicKeyInfo.
    pub public_key_info: Vec<u8>,
    /// The extensions, in order; with none the field is left out.
    pub extensions: Vec<Extension>,
}

/// A subject as a DER Name, as Go writes it (`pkix.Name.ToRDNSequence`): O before OU
/// before CN, all values of one attribute type in one RDN, PrintableString where the
/// characters allow and UTF8String where not.
#[must_use]
pub fn name(subject: &Subject) -> Vec<u8> {
    let mut all: Vec<(u64, Vec<String>)> = Vec::new();
    for (key, value) in subject.attributes() {
        let last = match key {
            "O" => 10,
            "OU" => 11,
            _ => 3,
        };
        match all.last_mut().filter(|(own, _)| *own == last) {
            Some((_, values)) => values.push(value.to_owned()),
            None => all.push((last, vec![value.to_owned()])),
        }
    }
    name_of(&all)
}

/// A DER Name of attribute types below 2.5.4 in this order, each with its values in one RDN.
#[must_use]
pub fn name_of(attributes: &[(u64, Vec<String>)]) -> Vec<u8> {
    yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            for (last, values) in attributes {
                writer.next().write_set_of(|writer| {
                    for value in values {
                        writer.next().write_sequence(|writer| write_attribute(writer, *last, value));
                    }
                });
            }
        });
    })
}

fn write_attribute(writer: &mut yasna::DERWriterSeq<'_>, last: u64, value: &str) {
    writer.next().write_oid(&oid(&[2, 5, 4, last]));
    if value.bytes().all(is_printable) {
        writer.next().write_printable_string(value);
    } else {
        writer.next().write_utf8_string(value);
    }
}

/// The characters of PrintableString (X.680 section 41.4).
const fn is_printable(b: u8) -> bool {
    b.is_ascii_alphanumeric()
        || matches!(b, b' ' | b'\'' | b'(' | b')' | b'+' | b',' | b'-' | b'.' | b'/' | b':' | b'=' | b'?')
}

/// What can be wrong with a certificate beyond its fields. Nothing is by default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Flaws {
    /// The serial number is written below zero.
    pub negative_serial: bool,
    /// The algorithm that the signed part claims, instead of the key's.
    pub inner_algorithm: Option<SignatureAlgorithm>,
    /// The algorithm that stands beside the signature, instead of the key's.
    pub outer_algorithm: Option<SignatureAlgorithm>,
    /// The signature's last bit is turned.
    pub spoiled_signature: bool,
}

/// Signs a template: the certificate's DER.
///
/// # Errors
/// The library failed.
pub fn sign(template: &Template, key: &PrivateKey) -> Result<Vec<u8>, KeyError> {
    sign_with_flaws(template, key, &Flaws::default())
}

/// Signs a template with these flaws: the certificate's DER.
///
/// # Errors
/// The library failed.
pub fn sign_with_flaws(template: &Template, key: &PrivateKey, flaws: &Flaws) -> Result<Vec<u8>, KeyError> {
    let algorithm = flaws.inner_algorithm.unwrap_or_else(|| key.signature_algorithm());
    let to_be_signed = yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            if let Some(version) = template.version {
                writer.next().write_tagged(Tag::context(0), |writer| writer.write_u8(version));
            }
            writer.next().write_bigint_bytes(&template.serial, !flaws.negative_serial);
            write_algorithm(writer.next(), algorithm);
            writer.next().write_der(&template.issuer);
            writer.next().write_sequence(|writer| {
                write_time(writer.next(), template.not_before);
                write_time(writer.next(), template.not_after);
            });
            writer.next().write_der(&template.subject);
            writer.next().write_der(&template.public_key_info);
            if !template.extensions.is_empty() {
                writer.next().write_tagged(Tag::context(3), |writer| {
                    write_extensions(writer, &template.extensions);
                });
            }
        });
    });
    let mut signature = key.sign(&to_be_signed)?;
    if flaws.spoiled_signature
        && let Some(last) = signature.last_mut()
    {
        *last ^= 1;
    }
    let outer = flaws.outer_algorithm.unwrap_or_else(|| key.signature_algorithm());
    Ok(enveloped(&to_be_signed, outer, &signature))
}

/// A CSR for this subject and these extensions, signed with its own key.
///
/// # Errors
/// The library failed.
pub fn csr(subject: &[u8], extensions: &[Extension], key: &PrivateKey) -> Result<Vec<u8>, KeyError> {
    let info = yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            writer.next().write_u8(0);
            writer.next().write_der(subject);
            writer.next().write_der(key.public_key_info());
            writer.next().write_tagged_implicit(Tag::context(0), |writer| {
                writer.write_set_of(|writer| {
                    if !extensions.is_empty() {
                        writer.next().write_sequence(|writer| {
                            // extensionRequest (PKCS #9)
                            writer.next().write_oid(&oid(&[1, 2, 840, 113_549, 1, 9, 14]));
                            writer.next().write_set(|writer| write_extensions(writer.next(), extensions));
                        });
                    }
                });
            });
        });
    });
    Ok(enveloped(&info, key.signature_algorithm(), &key.sign(&info)?))
}

/// What is signed, by which algorithm, and the signature.
pub(super) fn enveloped(signed: &[u8], algorithm: SignatureAlgorithm, signature: &[u8]) -> Vec<u8> {
    yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            writer.next().write_der(signed);
            write_algorithm(writer.next(), algorithm);
            writer.next().write_bitvec_bytes(signature, signature.len() * 8);
        });
    })
}

pub(super) fn write_algorithm(writer: DERWriter<'_>, algorithm: SignatureAlgorithm) {
    writer.write_sequence(|writer| {
        writer.next().write_oid(&oid(algorithm.oid));
        if algorithm.null {
            writer.next().write_null();
        }
    });
}

pub(super) fn write_extensions(writer: DERWriter<'_>, extensions: &[Extension]) {
    writer.write_sequence(|writer| {
        for extension in extensions {
            writer.next().write_sequence(|writer| {
                writer.next().write_oid(&oid(&extension.oid));
                if extension.critical {
                    writer.next().write_bool(true);
                }
                writer.next().write_bytes(&extension.value);
            });
        }
    });
}

/// UTCTime until 2049, GeneralizedTime from 2050 (RFC 5280 section 4.1.2.5).
pub(super) fn write_time(writer: DERWriter<'_>, moment: OffsetDateTime) {
    let moment = moment.to_offset(time::UtcOffset::UTC);
    let (year, rest) = (
        moment.year(),
        format!(
            "{:02}{:02}{:02}{:02}{:02}Z",
            u8::from(moment.month()),
            moment.day(),
            moment.hour(),
            moment.minute(),
            moment.second()
        ),
    );
    let (tag, text) = if (1950..2050).contains(&year) {
        (0x17, format!("{:02}{rest}", year % 100))
    } else {
        (0x18, format!("{year:04}{rest}"))
    };
    let mut der = vec![tag, u8::try_from(text.len()).unwrap_or(u8::MAX)];
    der.extend_from_slice(text.as_bytes());
    writer.write_der(&der);
}

fn oid(parts: &[u64]) -> ObjectIdentifier {
    ObjectIdentifier::from_slice(parts)
}

/// The extensions that the lab writes.
pub mod extension {
    use super::{Extension, HostName, Tag, Usage, oid};

    fn of(last: u64, critical: bool, value: Vec<u8>) -> Extension {
        Extension { oid: vec![2, 5, 29, last], critical, value }
    }

    /// keyUsage (RFC 5280 section 4.2.1.3) of these bits, counted from digitalSignature = 0;
    /// critical.
    #[must_use]
    pub fn key_usage(bits: &[u8]) -> Extension {
        let byte = bits.iter().fold(0u8, |byte, bit| byte | 0x80u8.checked_shr(u32::from(*bit)).unwrap_or(0));
        let used = 8 - byte.trailing_zeros().min(8);
        of(15, true, yasna::construct_der(|w| w.write_bitvec_bytes(&[byte], used as usize)))
    }

    /// extendedKeyUsage (section 4.2.1.12); not critical.
    #[must_use]
    pub fn extended_key_usage(usages: &[Usage]) -> Extension {
        let value = yasna::construct_der(|writer| {
            writer.write_sequence(|writer| {
                for usage in usages {
                    let last = match usage {
                        Usage::Server => 1,
                        Usage::Client => 2,
                    };
                    writer.next().write_oid(&oid(&[1, 3, 6, 1, 5, 5, 7, 3, last]));
                }
            });
        });
        of(37, false, value)
    }

    /// basicConstraints (section 4.2.1.9) without a path length; critical.
    #[must_use]
    pub fn basic_constraints(authority: bool) -> Extension {
        let value = yasna::construct_der(|writer| {
            writer.write_sequence(|writer| {
                if authority {
                    writer.next().write_bool(true);
                }
            });
        });
        of(19, true, value)
    }

    /// subjectKeyIdentifier (section 4.2.1.2).
    #[must_use]
    pub fn subject_key_identifier(identifier: &[u8]) -> Extension {
        of(14, false, yasna::construct_der(|w| w.write_bytes(identifier)))
    }

    /// authorityKeyIdentifier (section 4.2.1.1) with a key identifier only.
    #[must_use]
    pub fn authority_key_identifier(identifier: &[u8]) -> Extension {
        let value = yasna::construct_der(|writer| {
            writer.write_sequence(|writer| {
                writer.next().write_tagged_implicit(Tag::context(0), |w| w.write_bytes(identifier));
            });
        });
        of(35, false, value)
    }

    /// subjectAltName (section 4.2.1.6), in the order given; not critical.
    #[must_use]
    pub fn subject_alt_name(names: &[HostName]) -> Extension {
        let value = yasna::construct_der(|writer| {
            writer.write_sequence(|writer| {
                for name in names {
                    match name {
                        HostName::Dns(name) => {
                            writer.next().write_tagged_implicit(Tag::context(2), |w| w.write_ia5_string(name))
                        }
                        HostName::Ip(std::net::IpAddr::V4(address)) => writer
                            .next()
                            .write_tagged_implicit(Tag::context(7), |w| w.write_bytes(&address.octets())),
                        HostName::Ip(std::net::IpAddr::V6(address)) => writer
                            .next()
                            .write_tagged_implicit(Tag::context(7), |w| w.write_bytes(&address.octets())),
                    }
                }
            });
        });
        of(17, false, value)
    }
}
