//! Sets of certificates, as Go's `CertPool` keeps them.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::GeneralPurposeConfig;
use base64::engine::general_purpose::GeneralPurpose;

use super::Roots;
use super::certificate::Certificate;

impl Roots {
    /// The certificates of PEM data. As in Go's `AppendCertsFromPEM`, what is no
    /// `CERTIFICATE` block, has headers, or does not parse is skipped.
    #[must_use]
    pub fn from_pem(pem: &[u8]) -> Self {
        Self::from_der(pem_certificates(pem))
    }

    /// The certificates of DER elements, each on its own; what does not parse is skipped.
    pub fn from_der<B: AsRef<[u8]>>(ders: impl IntoIterator<Item = B>) -> Self {
        ders.into_iter().filter_map(|der| Certificate::parse(der.as_ref()).ok()).collect()
    }

    /// The certificates, each once, in the order in which they came.
    #[must_use]
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// Whether nothing is trusted.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.certificates.is_empty()
    }

    /// The certificates whose subject is the issuer of `child`: those whose key
    /// identifiers match first, then those where one is missing, then the rest.
    pub(super) fn candidates(&self, child: &Certificate) -> Vec<&Certificate> {
        let mut candidates: Vec<&Certificate> = self
            .certificates
            .iter()
            .filter(|candidate| candidate.subject().raw() == child.issuer().raw())
            .collect();
        candidates.sort_by_key(|candidate| {
            let (subject, authority) = (candidate.subject_key_id(), child.authority_key_id());
            if subject == authority {
                0
            } else if subject.is_empty() || authority.is_empty() {
                1
            } else {
                2
            }
        });
        candidates
    }
}

impl FromIterator<Certificate> for Roots {
    fn from_iter<I: IntoIterator<Item = Certificate>>(certificates: I) -> Self {
        let mut seen = HashSet::new();
        let new = |certificate: &Certificate| seen.insert(certificate.der().to_vec());
        Self { certificates: certificates.into_iter().filter(new).collect() }
    }
}

/// The bytes of the `CERTIFICATE` blocks of PEM data, in order, as Go's `pem.Decode` finds
/// them: what stands between the blocks, and blocks that are not Base64, are passed over.
#[must_use]
pub fn pem_certificates(pem: &[u8]) -> Vec<Vec<u8>> {
    let text = String::from_utf8_lossy(pem);
    let mut found = Vec::new();
    let mut rest = text.as_ref();
    while let Some((block, after)) = next_block(rest) {
        found.extend(block);
        rest = after;
    }
    found
}

/// The next PEM block: its bytes if it is a certificate, and what follows it. As in Go,
/// a block ends at the first end line and begins at the last begin line before it, so
/// that the work is linear; headers are no Base64, and no certificate.
fn next_block(text: &str) -> Option<(Option<Vec<u8>>, &str)> {
    const BEGIN: &str = "-----BEGIN ";
    const END: &str = "\n-----END ";
    let mut rest = text;
    loop {
        let (before, after_end) = rest.split_once(END)?;
        rest = after_end;
        let Some((outside, block)) = before.rsplit_once(BEGIN) else {
            continue;
        };
        let Some((line, body)) = block.split_once('\n') else {
            continue;
        };
        let Some(label) = line.trim_end().strip_suffix("-----") else {
            continue;
        };
        let Some(trailing) =
            after_end.strip_prefix(label).and_then(|trailing| trailing.strip_prefix("-----"))
        else {
            continue;
        };
        let (trailing, after) = trailing.split_once('\n').unwrap_or((trailing, ""));
        let begins_a_line = outside.is_empty() || outside.ends_with('\n');
        if !begins_a_line || !trailing.trim().is_empty() {
            continue;
        }
        let der = (label == "CERTIFICATE").then(|| decode(body)).flatten();
        return Some((der, after));
    }
}

/// Base64 in lines. Like Go's decoder it does not mind bits beyond the last octet.
fn decode(body: &str) -> Option<Vec<u8>> {
    let compact: String =
        body.chars().filter(|character| !matches!(character, '\n' | '\r' | ' ' | '\t')).collect();
    let lenient = GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true);
    GeneralPurpose::new(&base64::alphabet::STANDARD, lenient).decode(compact).ok()
}
