//! Values as text: names, keys, extensions, in the field's words.

use std::net::{Ipv4Addr, Ipv6Addr};

use x509_parser::der_parser::asn1_rs::{Any, Oid, Tag};
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::{FromDer, X509Extension, X509Name};
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::text::escape;

/// A name as `O=system:masters, CN=kube-admin`, attributes in their order, `+` between
/// those that share an RDN.
pub(super) fn name(name: &X509Name<'_>) -> String {
    let rdns = name.iter().map(|rdn| {
        let parts = rdn.iter().map(|attribute| {
            format!("{}={}", attribute_name(attribute.attr_type()), string(attribute.attr_value()))
        });
        parts.collect::<Vec<_>>().join(" + ")
    });
    rdns.collect::<Vec<_>>().join(", ")
}

fn attribute_name(oid: &Oid<'_>) -> String {
    let id = oid.to_id_string();
    let known = match id.as_str() {
        "2.5.4.3" => "CN",
        "2.5.4.4" => "SN",
        "2.5.4.5" => "serialNumber",
        "2.5.4.6" => "C",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.9" => "street",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "2.5.4.17" => "postalCode",
        "0.9.2342.19200300.100.1.1" => "UID",
        "0.9.2342.19200300.100.1.25" => "DC",
        "1.2.840.113549.1.9.1" => "emailAddress",
        _ => return id,
    };
    known.to_owned()
}

/// Any ASN.1 string as text, whatever its encoding; other values as hex.
fn string(value: &Any<'_>) -> String {
    let data = value.data;
    let text = match value.tag() {
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String | Tag::NumericString | Tag::VisibleString => {
            String::from_utf8_lossy(data).into_owned()
        }
        Tag::T61String => data.iter().map(|b| char::from(*b)).collect(),
        Tag::BmpString => {
            let units: Vec<u16> =
                data.chunks_exact(2).filter_map(|c| c.try_into().ok()).map(u16::from_be_bytes).collect();
            String::from_utf16_lossy(&units)
        }
        Tag::UniversalString => data
            .chunks_exact(4)
            .filter_map(|c| c.try_into().ok())
            .map(|c| char::from_u32(u32::from_be_bytes(c)).unwrap_or('\u{fffd}'))
            .collect(),
        _ => format!("#{}", plain_hex(data)),
    };
    escape(&text).into_owned()
}

/// The longest serial number that is written in decimal, which takes time by the square of
/// its length. RFC 5280 (section 4.1.2.2) allows 20 octets.
const LARGEST_SERIAL: usize = 1024;

/// A serial number far beyond what is allowed, as its first octets in hexadecimal; none if
/// it is short enough for its digits.
#[must_use]
pub fn huge_serial(octets: &[u8]) -> Option<String> {
    let first = octets.get(..20).filter(|_| octets.len() > LARGEST_SERIAL)?;
    Some(format!("0x{}... ({} octets)", plain_hex(first), octets.len()))
}

/// `40:FF:31`.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02X}")).collect::<Vec<_>>().join(":")
}

fn plain_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// A public key: algorithm and size.
pub(super) fn public_key(info: &SubjectPublicKeyInfo<'_>) -> String {
    match info.parsed() {
        Ok(PublicKey::RSA(key)) => {
            let leading = key.modulus.iter().take_while(|b| **b == 0).count();
            let modulus = key.modulus.get(leading..).unwrap_or_default();
            let unused = modulus.first().map_or(0, |b| b.leading_zeros() as usize);
            format!("RSA {} bits", (modulus.len() * 8).saturating_sub(unused))
        }
        Ok(PublicKey::EC(_)) => {
            let curve = info.algorithm.parameters.as_ref().and_then(|p| p.as_oid().ok());
            let curve = curve.map(|oid| oid.to_id_string()).unwrap_or_default();
            match curve.as_str() {
                "1.2.840.10045.3.1.7" => "ECDSA P-256".into(),
                "1.3.132.0.34" => "ECDSA P-384".into(),
                "1.3.132.0.35" => "ECDSA P-521".into(),
                "1.3.132.0.33" => "ECDSA P-224".into(),
                other => format!("ECDSA on curve {other}"),
            }
        }
        _ if info.algorithm.algorithm.to_id_string() == "1.3.101.112" => "Ed25519".into(),
        _ => format!("algorithm {}", info.algorithm.algorithm.to_id_string()),
    }
}

/// A public key from its SubjectPublicKeyInfo, if it is one.
pub(super) fn public_key_of(der: &[u8]) -> Option<String> {
    SubjectPublicKeyInfo::from_der(der).ok().map(|(_, info)| public_key(&info))
}

/// The name of a signature algorithm.
pub(super) fn signature_algorithm(oid: &Oid<'_>) -> String {
    let id = oid.to_id_string();
    let known = match id.as_str() {
        "1.2.840.113549.1.1.4" => "md5WithRSAEncryption",
        "1.2.840.113549.1.1.5" => "sha1WithRSAEncryption",
        "1.2.840.113549.1.1.10" => "rsassaPss",
        "1.2.840.113549.1.1.11" => "sha256WithRSAEncryption",
        "1.2.840.113549.1.1.12" => "sha384WithRSAEncryption",
        "1.2.840.113549.1.1.13" => "sha512WithRSAEncryption",
        "1.2.840.10045.4.1" => "ecdsa-with-SHA1",
        "1.2.840.10045.4.3.2" => "ecdsa-with-SHA256",
        "1.2.840.10045.4.3.3" => "ecdsa-with-SHA384",
        "1.2.840.10045.4.3.4" => "ecdsa-with-SHA512",
        "1.3.101.112" => "ED25519",
        _ => return id,
    };
    known.to_owned()
}

/// An extension as its name and value, `critical, ` before the value of a critical one.
pub(super) fn extension(extension: &X509Extension<'_>) -> (String, String) {
    let (name, value) = match extension.parsed_extension() {
        ParsedExtension::KeyUsage(usage) => {
            let all = [
                (usage.digital_signature(), "digitalSignature"),
                (usage.non_repudiation(), "nonRepudiation"),
                (usage.key_encipherment(), "keyEncipherment"),
                (usage.data_encipherment(), "dataEncipherment"),
                (usage.key_agreement(), "keyAgreement"),
                (usage.key_cert_sign(), "keyCertSign"),
                (usage.crl_sign(), "cRLSign"),
                (usage.encipher_only(), "encipherOnly"),
                (usage.decipher_only(), "decipherOnly"),
            ];
            ("keyUsage", all.iter().filter(|u| u.0).map(|u| u.1).collect::<Vec<_>>().join(", "))
        }
        ParsedExtension::ExtendedKeyUsage(usage) => {
            let known = [
                (usage.any, "anyExtendedKeyUsage"),
                (usage.server_auth, "serverAuth"),
                (usage.client_auth, "clientAuth"),
                (usage.code_signing, "codeSigning"),
                (usage.email_protection, "emailProtection"),
                (usage.time_stamping, "timeStamping"),
                (usage.ocsp_signing, "OCSPSigning"),
            ];
            let known = known.iter().filter(|u| u.0).map(|u| u.1.to_owned());
            let other = usage.other.iter().map(Oid::to_id_string);
            ("extendedKeyUsage", known.chain(other).collect::<Vec<_>>().join(", "))
        }
        ParsedExtension::BasicConstraints(constraints) => {
            let authority = if constraints.ca { "CA:TRUE" } else { "CA:FALSE" };
            let length = constraints.path_len_constraint;
            let length = length.map(|n| format!(", pathLen:{n}")).unwrap_or_default();
            ("basicConstraints", format!("{authority}{length}"))
        }
        ParsedExtension::SubjectKeyIdentifier(identifier) => ("subjectKeyIdentifier", hex(identifier.0)),
        ParsedExtension::AuthorityKeyIdentifier(authority) => {
            let identifier = authority.key_identifier.as_ref().map(|k| hex(k.0));
            let serial = authority.authority_cert_serial.map(|s| format!("serial {}", hex(s)));
            let parts: Vec<String> = identifier.into_iter().chain(serial).collect();
            ("authorityKeyIdentifier", parts.join(", "))
        }
        ParsedExtension::SubjectAlternativeName(names) => {
            let names = names.general_names.iter().map(general_name);
            ("subjectAltName", names.collect::<Vec<_>>().join(", "))
        }
        _ => return (extension.oid.to_id_string(), critical(extension, plain_hex(extension.value))),
    };
    (name.to_owned(), critical(extension, value))
}

fn critical(extension: &X509Extension<'_>, value: String) -> String {
    if extension.critical { format!("critical, {value}") } else { value }
}

fn general_name(name: &GeneralName<'_>) -> String {
    match name {
        GeneralName::DNSName(name) => format!("DNS:{}", escape(name)),
        GeneralName::RFC822Name(name) => format!("email:{}", escape(name)),
        GeneralName::URI(name) => format!("URI:{}", escape(name)),
        GeneralName::DirectoryName(directory) => format!("DirName:{}", self::name(directory)),
        GeneralName::RegisteredID(oid) => format!("RID:{}", oid.to_id_string()),
        GeneralName::IPAddress(bytes) => {
            let v4 = <[u8; 4]>::try_from(*bytes).map(Ipv4Addr::from).map(|a| a.to_string());
            let v6 = || <[u8; 16]>::try_from(*bytes).map(Ipv6Addr::from).map(|a| a.to_string());
            format!("IP:{}", v4.or_else(|_| v6()).unwrap_or_else(|_| format!("#{}", plain_hex(bytes))))
        }
        other => escape(&format!("{other:?}")).into_owned(),
    }
}
