//! Sets of certificates, as Go's `CertPool` keeps them.

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
        let text = String::from_utf8_lossy(pem);
        let mut roots = Self::default();
        let mut rest = text.as_ref();
        while let Some((block, after)) = next_block(rest) {
            if let Some(certificate) = block.and_then(|der| Certificate::parse(&der).ok()) {
                roots.add(certificate);
            }
            rest = after;
        }
        roots
    }

    /// The certificates of DER elements, each on its own; what does not parse is skipped.
    pub fn from_der<B: AsRef<[u8]>>(ders: impl IntoIterator<Item = B>) -> Self {
        ders.into_iter()
            .filter_map(|der| Certificate::parse(der.as_ref()).ok())
            .collect()
    }

    /// The certificates, each once, in the order in which they came.
    #[must_use]
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    fn add(&mut self, certificate: Certificate) {
        if !self.certificates.contains(&certificate) {
            self.certificates.push(certificate);
        }
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
        let mut roots = Self::default();
        for certificate in certificates {
            roots.add(certificate);
        }
        roots
    }
}

/// The next PEM block: its bytes if it is a certificate without headers, and what
/// follows it.
fn next_block(text: &str) -> Option<(Option<Vec<u8>>, &str)> {
    const BEGIN: &str = "-----BEGIN ";
    const END: &str = "-----END ";
    let mut rest = text;
    loop {
        // A block begins at the start of a line.
        let at = if rest.starts_with(BEGIN) {
            0
        } else {
            rest.find(&format!("\n{BEGIN}"))? + 1
        };
        let after_begin = rest.get(at + BEGIN.len()..)?;
        let (line, body) = after_begin.split_once('\n').unwrap_or((after_begin, ""));
        let Some(label) = line.trim_end().strip_suffix("-----") else {
            rest = after_begin;
            continue;
        };
        let end_line = format!("{END}{label}-----");
        let end = if body.starts_with(END) {
            Some(0)
        } else {
            body.find(&format!("\n{END}")).map(|at| at + 1)
        };
        let Some((encoded, after)) = end.and_then(|end| body.split_at_checked(end)) else {
            rest = after_begin;
            continue;
        };
        let Some(after) = after.strip_prefix(&end_line) else {
            rest = after_begin;
            continue;
        };
        let (trailing, after) = after.split_once('\n').unwrap_or((after, ""));
        if !trailing.trim().is_empty() {
            rest = after_begin;
            continue;
        }
        if label != "CERTIFICATE" || encoded.contains(':') {
            return Some((None, after));
        }
        let compact: String = encoded
            .chars()
            .filter(|character| !matches!(character, '\n' | '\r' | ' ' | '\t'))
            .collect();
        // Go's decoder does not mind bits beyond the last octet.
        let lenient = GeneralPurpose::new(
            &base64::alphabet::STANDARD,
            GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
        );
        match lenient.decode(compact) {
            Ok(der) => return Some((Some(der), after)),
            Err(_) => rest = after_begin,
        }
    }
}
