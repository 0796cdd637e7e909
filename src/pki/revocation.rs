//! Certificate revocation lists (RFC 5280 section 5).

use time::OffsetDateTime;
use yasna::Tag;

use super::encode::{Extension, enveloped, extension, write_algorithm, write_extensions, write_time};
use super::key::{KeyError, PrivateKey};

/// One certificate that its authority takes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revoked {
    /// Its serial number, big endian, positive.
    pub serial: Vec<u8>,
    /// Since when.
    pub since: OffsetDateTime,
}

/// A revocation list before its signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevocationList {
    /// The authority, a DER Name.
    pub issuer: Vec<u8>,
    /// The authority's subjectKeyIdentifier, if it has one.
    pub key_identifier: Option<Vec<u8>>,
    /// The number of this list: each is higher than the one before (cRLNumber).
    pub number: u64,
    /// When it was made.
    pub this_update: OffsetDateTime,
    /// When there will be another.
    pub next_update: OffsetDateTime,
    /// What is revoked.
    pub revoked: Vec<Revoked>,
}

/// Signs a list: its DER, version 2.
///
/// # Errors
/// The library failed.
pub fn revocation_list(list: &RevocationList, key: &PrivateKey) -> Result<Vec<u8>, KeyError> {
    let algorithm = key.signature_algorithm();
    let mut extensions: Vec<Extension> = list
        .key_identifier
        .iter()
        .map(|identifier| extension::authority_key_identifier(identifier))
        .collect();
    extensions.push(Extension {
        oid: vec![2, 5, 29, 20],
        critical: false,
        value: yasna::construct_der(|writer| writer.write_u64(list.number)),
    });
    let signed = yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            writer.next().write_u8(1);
            write_algorithm(writer.next(), algorithm);
            writer.next().write_der(&list.issuer);
            write_time(writer.next(), list.this_update);
            write_time(writer.next(), list.next_update);
            if !list.revoked.is_empty() {
                writer.next().write_sequence(|writer| {
                    for revoked in &list.revoked {
                        writer.next().write_sequence(|writer| {
                            writer.next().write_bigint_bytes(&revoked.serial, true);
                            write_time(writer.next(), revoked.since);
                        });
                    }
                });
            }
            writer.next().write_tagged(Tag::context(0), |writer| write_extensions(writer, &extensions));
        });
    });
    Ok(enveloped(&signed, algorithm, &key.sign(&signed)?))
}
