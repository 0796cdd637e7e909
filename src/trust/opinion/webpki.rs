//! rustls' webpki with the aws-lc provider.

use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::ServerCertVerifier;
use rustls::client::{WebPkiServerVerifier, verify_server_cert_signed_by_trust_anchor};
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, ServerName, UnixTime};
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use rustls::{CertificateError, Error, RootCertStore};

use super::{Inquiry, Opinion, bare};
use crate::trust::Purpose;

/// What webpki may look at beside the chain. Go looks at no such thing.
#[derive(Debug, Clone, Default)]
pub struct Revocation {
    /// The revocation lists, DER.
    pub lists: Vec<Vec<u8>>,
}

/// What rustls' own verifiers say: of a server's chain with its name, of a client's, or of
/// either where nothing is asked.
#[must_use]
pub fn webpki(inquiry: &Inquiry<'_>) -> Opinion {
    match webpki_error(inquiry, &Revocation::default()) {
        Ok(None) => Opinion::Accepted,
        Ok(Some(error)) => Opinion::Refused(words(&error)),
        Err(reason) => Opinion::Refused(reason),
    }
}

/// The error of rustls' verifier, `None` if it accepts.
///
/// # Errors
/// The question cannot be put to it: no roots that it takes, or a name that is none to it.
pub fn webpki_error(inquiry: &Inquiry<'_>, revocation: &Revocation) -> Result<Option<Error>, String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(inquiry.roots.iter().map(|der| CertificateDer::from(der.as_slice())));
    let mut sent = inquiry.chain.iter().map(|der| CertificateDer::from(der.as_slice()));
    let leaf = sent.next().ok_or("no certificate was sent")?;
    let judged = Judged {
        leaf,
        intermediates: sent.collect(),
        roots: Arc::new(roots),
        now: UnixTime::since_unix_epoch(Duration::from_secs(
            u64::try_from(inquiry.time.unix_timestamp()).unwrap_or(0),
        )),
        lists: revocation.lists.iter().map(|der| CertificateRevocationListDer::from(der.clone())).collect(),
    };
    if judged.roots.is_empty() {
        return Err("it takes none of the certificates as a root".to_owned());
    }
    let name = inquiry.name.filter(|name| !name.is_empty()).map(bare);
    let name = name
        .map(|name| ServerName::try_from(name).map_err(|_| format!("`{name}` is no name to it")))
        .transpose()?;
    match inquiry.purpose {
        Purpose::Server => judged.server(name.as_ref()),
        Purpose::Client => judged.client(name.as_ref()),
        Purpose::Any => match judged.server(name.as_ref())? {
            None => Ok(None),
            Some(error) => Ok(judged.client(name.as_ref())?.map(|_| error)),
        },
    }
}

struct Judged<'a> {
    leaf: CertificateDer<'a>,
    intermediates: Vec<CertificateDer<'a>>,
    roots: Arc<RootCertStore>,
    now: UnixTime,
    lists: Vec<CertificateRevocationListDer<'static>>,
}

impl Judged<'_> {
    fn server(&self, name: Option<&ServerName<'_>>) -> Result<Option<Error>, String> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let Some(name) = name else {
            // Without a name there is no rustls client; the chain alone can be judged.
            let algorithms = provider.signature_verification_algorithms.all;
            let verdict = ParsedCertificate::try_from(&self.leaf).and_then(|leaf| {
                verify_server_cert_signed_by_trust_anchor(
                    &leaf,
                    &self.roots,
                    &self.intermediates,
                    self.now,
                    algorithms,
                )
            });
            return Ok(verdict.err());
        };
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::clone(&self.roots), provider)
            .with_crls(self.lists.iter().cloned())
            .build();
        let verifier = match verifier {
            Ok(verifier) => verifier,
            Err(error) => return Err(error.to_string()),
        };
        Ok(verifier.verify_server_cert(&self.leaf, &self.intermediates, name, &[], self.now).err())
    }

    fn client(&self, name: Option<&ServerName<'_>>) -> Result<Option<Error>, String> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::clone(&self.roots), provider)
            .with_crls(self.lists.iter().cloned())
            .build()
            .map_err(|error| error.to_string())?;
        let verdict = verifier.verify_client_cert(&self.leaf, &self.intermediates, self.now);
        let named = verdict.and_then(|_| match name {
            None => Ok(()),
            Some(name) => ParsedCertificate::try_from(&self.leaf)
                .and_then(|leaf| rustls::client::verify_server_name(&leaf, name)),
        });
        Ok(named.err())
    }
}

/// The error as rustls prints it; its bare name where that would be a dump of all that was
/// looked at.
fn words(error: &Error) -> String {
    let text = error.to_string();
    if text.contains(" {") { format!("invalid peer certificate: {}", variant(error)) } else { text }
}

/// The name of the error as rustls' source has it, without what it looked at:
/// `ExpiredContext`, `Other(CaUsedAsEndEntity)`.
#[must_use]
pub fn variant(error: &Error) -> String {
    let Error::InvalidCertificate(error) = error else {
        return head(&format!("{error:?}"));
    };
    match error {
        CertificateError::Other(other) => format!("Other({})", head(&format!("{:?}", other.0))),
        error => head(&format!("{error:?}")),
    }
}

/// What stands before the first field.
fn head(debug: &str) -> String {
    debug.split([' ', '{']).next().unwrap_or_default().to_owned()
}
