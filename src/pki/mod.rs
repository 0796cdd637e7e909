//! Keys, CSRs, certificates and kubeconfigs. One encoder writes certificates and CSRs,
//! healthy and faulty alike; keys and signatures come from rcgen over aws-lc.

mod certify;
mod encode;
mod issue;
mod key;
mod kubeconfig;
pub mod recipe;
mod revocation;
mod stock;

pub use certify::{Copied, certify};
pub use encode::{Extension, Flaws, Template, csr, extension, name, name_of, sign, sign_with_flaws};
pub use issue::{
    AuthorityRequest, BasicConstraints, Issuer, LeafRequest, authority_certificate, leaf_certificate,
    leaf_csr, serial,
};
pub use key::{KeyError, PrivateKey, SignatureAlgorithm};
pub use kubeconfig::{KubeconfigContent, write_kubeconfig};
pub use revocation::{RevocationList, Revoked, revocation_list};
pub use stock::KeyStock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// DER as PEM (RFC 7468) with this label, lines of 64 and `\n`.
#[must_use]
pub fn pem(label: &str, der: &[u8]) -> String {
    let encoded = STANDARD.encode(der);
    let mut text = String::with_capacity(encoded.len() + encoded.len() / 64 + 2 * label.len() + 40);
    text.push_str(&format!("-----BEGIN {label}-----\n"));
    let mut rest = encoded.as_str();
    while let Some((line, tail)) = rest.split_at_checked(64) {
        text.push_str(line);
        text.push('\n');
        rest = tail;
    }
    if !rest.is_empty() {
        text.push_str(rest);
        text.push('\n');
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}
