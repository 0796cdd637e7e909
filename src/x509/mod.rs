//! Certificates, CSRs, revocation lists and keys, byte by byte: a lossless tree, the fields
//! with their places, and what each of them means. Tolerant: what Go refuses is shown too,
//! and what is wrong is marked where it stands. Every value is safe to print.

mod access;
mod compare;
mod document;
mod explain;
mod extension;
mod field;
mod fields;
mod form;
mod general;
mod key;
mod kubeconfig;
mod kubernetes;
mod moment;
mod name;
mod oid;
mod outline;
mod parts;
mod password;
mod pem;
mod pkcs;
mod policy;
mod secret;
mod signing;
mod source;
mod strings;
mod tag;
mod timestamp;
mod tree;
mod usage;
mod view;

pub use compare::{Difference, Standing, compare};
pub use document::Document;
pub use explain::{Explanation, Words, explanation, flaw_words};
pub use field::{Field, Flaw};
pub use fields::{FIELD_NAMES, certificate_fields, request_fields};
pub use form::Form;
pub use kubeconfig::{KubeconfigError, kubeconfig_authority, read_kubeconfig};
pub use outline::Kind;
pub use parts::{
    IssuerFields, RequestParts, issuer_fields, public_key_info, request_parts, request_public_key_info,
    revoked, serial_number, subject,
};
pub use pem::{Block, PemError, blocks, is_pem, pem};
pub use signing::is_signed_by;
pub use source::{Contents, Item, Problem, Reference, contents, inspect};
pub use strings::huge_serial;
pub use tree::{Broken, Class, Node, Tree};
pub use view::View;

/// Bytes that cannot be shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum X509Error {
    /// Not what it should be.
    #[error("it does not read as a {what}: {why}")]
    Malformed {
        /// `certificate`, `certificate signing request`.
        what: &'static str,
        /// The parser's word.
        why: String,
    },
    /// Something in it does not read.
    #[error("{0}")]
    Unreadable(String),
    /// Nothing that is known.
    #[error("it holds no certificate, CSR, key or kubeconfig in PEM or DER")]
    Unknown,
}
