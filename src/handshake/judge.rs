//! The verifiers that rustls asks: they ask [`crate::trust`], so that both sides judge
//! as Go does, and they note what they found.

use std::net::IpAddr;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use time::OffsetDateTime;

use super::alert::certificate_error;
use super::record::Record;
use super::{AlertNumber, Side, Step, Version, signature};
use crate::trust::{Certificate, KeyAlgorithm, Purpose, Question, RefusalKind, Roots, Sent, verify};

/// The largest RSA modulus that Go's TLS works with, in bits
/// (`crypto/tls/handshake_client.go`, `defaultMaxRSAKeySize`).
const LARGEST_RSA_KEY: usize = 8192;

/// How one side judges the other.
#[derive(Debug)]
struct Judge {
    /// Who judges.
    side: Side,
    /// Whom it trusts; `None`: it verifies nothing in TLS.
    roots: Option<Arc<Roots>>,
    /// The name that a client asked for.
    name: Option<String>,
    now: OffsetDateTime,
    record: Record,
}

impl Judge {
    /// Whose certificates are judged, as Go's errors call them.
    const fn other(&self) -> &'static str {
        match self.side {
            Side::Client => "server",
            Side::Server => "client",
        }
    }

    fn refuse(&self, message: String, alert: AlertNumber) -> Error {
        self.record.refuse(self.side, message, Some(alert));
        Error::InvalidCertificate(certificate_error(alert))
    }

    /// What Go's TLS does with the certificates that the other side sent, in its order:
    /// all are parsed, then the chain is verified, then the key's kind is looked at.
    fn chain(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
    ) -> Result<(), Error> {
        let sent = Sent::parse(std::iter::once(end_entity).chain(intermediates));
        let sent = self.record.presented(self.side, sent);
        let verdict = self.roots.as_ref().map(|roots| {
            verify(&Question {
                chain: &sent,
                roots,
                purpose: match self.side {
                    Side::Client => Purpose::Server,
                    Side::Server => Purpose::Client,
                },
                name: self.name.as_deref(),
                time: self.now,
            })
        });
        if let Some(verdict) = &verdict {
            self.record.judged(self.side, verdict.clone());
        }
        let leaf = self.read(&sent)?;
        match verdict {
            None => self.record.say(self.side, Step::ChainNotVerified),
            Some(verdict) => {
                if let Some(refusal) = verdict.refusal {
                    return Err(self.refuse(
                        format!("tls: failed to verify certificate: {}", refusal.message),
                        self.alert(refusal.kind),
                    ));
                }
                self.record.say(self.side, Step::ChainAccepted { path: verdict.path });
            }
        }
        self.check_key(leaf)
    }

    /// Whether all parse, and no RSA key among them is too large; gives the leaf's kind of key.
    fn read(&self, sent: &Sent) -> Result<Option<KeyAlgorithm>, Error> {
        for certificate in sent.certificates() {
            if let KeyAlgorithm::Rsa(bits) = certificate.key_algorithm()
                && bits > LARGEST_RSA_KEY
            {
                return Err(self.refuse(
                    format!(
                        "tls: {} sent certificate containing RSA key larger than {LARGEST_RSA_KEY} bits",
                        self.other()
                    ),
                    AlertNumber::BAD_CERTIFICATE,
                ));
            }
        }
        if let Some(error) = sent.error() {
            let message = match self.side {
                Side::Client => format!("tls: failed to parse certificate from server: {error}"),
                Side::Server => format!("tls: failed to parse client certificate: {error}"),
            };
            return Err(self.refuse(message, AlertNumber::DECODE_ERROR));
        }
        Ok(sent.leaf().map(Certificate::key_algorithm))
    }

    fn check_key(&self, leaf: Option<KeyAlgorithm>) -> Result<(), Error> {
        let go_type = match leaf {
            None
            | Some(
                KeyAlgorithm::Rsa(_)
                | KeyAlgorithm::Ecdsa(_)
                | KeyAlgorithm::Ed25519
                | KeyAlgorithm::MlDsa(_),
            ) => return Ok(()),
            Some(KeyAlgorithm::Dsa) => "*dsa.PublicKey",
            Some(KeyAlgorithm::Unknown) => "<nil>",
        };
        let message = match self.side {
            Side::Client => {
                format!("tls: server's certificate contains an unsupported type of public key: {go_type}")
            }
            Side::Server => {
                format!("tls: client certificate contains an unsupported public key of type {go_type}")
            }
        };
        Err(self.refuse(message, AlertNumber::UNSUPPORTED_CERTIFICATE))
    }

    /// The alert for a chain that was refused: a Go client knows but one
    /// (`verifyServerCertificate`), a Go server tells them apart
    /// (`processCertsFromClient`).
    const fn alert(&self, kind: RefusalKind) -> AlertNumber {
        match (self.side, kind) {
            (_, RefusalKind::Parse) => AlertNumber::DECODE_ERROR,
            (Side::Client, _) | (Side::Server, RefusalKind::Other) => AlertNumber::BAD_CERTIFICATE,
            (Side::Server, RefusalKind::UnknownAuthority) => AlertNumber::UNKNOWN_CA,
            (Side::Server, RefusalKind::Expired) => AlertNumber::CERTIFICATE_EXPIRED,
        }
    }

    fn signature(
        &self,
        version: Version,
        message: &[u8],
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let presented = self.record.notes().side(self.side).presented.clone();
        // The TLS library has had the chain judged before.
        let leaf = presented.as_ref().and_then(|sent| sent.leaf()).ok_or(Error::NoCertificatesPresented)?;
        match signature::verify(version, message, leaf, signed) {
            Ok(valid) => {
                self.record.key_proven(self.side);
                Ok(valid)
            }
            Err(reason) => {
                // In 1.2 the server's signature is in its ServerKeyExchange, and a Go
                // client has another alert for that (handshake_client.go).
                let alert = match (self.side, version) {
                    (Side::Client, Version::Tls12) => AlertNumber::ILLEGAL_PARAMETER,
                    _ => AlertNumber::DECRYPT_ERROR,
                };
                let message = format!("tls: invalid signature by the {} certificate: {reason}", self.other());
                Err(self.refuse(message, alert))
            }
        }
    }
}

/// How a client judges a server.
#[derive(Debug)]
pub(super) struct ServerJudge(Judge);

impl ServerJudge {
    pub(super) fn new(roots: Option<Arc<Roots>>, name: String, now: OffsetDateTime, record: &Record) -> Self {
        Self(Judge { side: Side::Client, roots, name: Some(name), now, record: record.clone() })
    }
}

impl ServerCertVerifier for ServerJudge {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.0.chain(end_entity, intermediates)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        _leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.signature(Version::Tls12, message, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        _leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.signature(Version::Tls13, message, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        signature::schemes()
    }
}

/// How a server judges a client.
#[derive(Debug)]
pub(super) struct ClientJudge {
    judge: Judge,
    /// Whether a client must present a certificate.
    is_required: bool,
    /// The authorities named in the CertificateRequest.
    hints: Vec<DistinguishedName>,
}

impl ClientJudge {
    /// A server that takes any certificate, or none, and verifies later
    /// (`tls.RequestClientCert`). It still has every certificate parsed.
    pub(super) fn later(now: OffsetDateTime, hints: &[&Roots], record: &Record) -> Self {
        Self::new(None, now, hints, record)
    }

    /// A server that verifies in TLS (`tls.RequireAndVerifyClientCert`).
    pub(super) fn now(roots: Arc<Roots>, now: OffsetDateTime, record: &Record) -> Self {
        let hints = Arc::clone(&roots);
        Self::new(Some(roots), now, &[&hints], record)
    }

    fn new(roots: Option<Arc<Roots>>, now: OffsetDateTime, hints: &[&Roots], record: &Record) -> Self {
        // A pool holds each certificate once, and so names each once (CertPool.AddCert).
        let mut pool: Vec<&Certificate> = Vec::new();
        for root in hints.iter().flat_map(|roots| roots.certificates()) {
            if !pool.iter().any(|known| known.der() == root.der()) {
                pool.push(root);
            }
        }
        Self {
            is_required: roots.is_some(),
            hints: pool.iter().map(|root| root.subject().raw().to_vec().into()).collect(),
            judge: Judge { side: Side::Server, roots, name: None, now, record: record.clone() },
        }
    }
}

impl ClientCertVerifier for ClientJudge {
    fn client_auth_mandatory(&self) -> bool {
        self.is_required
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.hints
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.judge.chain(end_entity, intermediates)?;
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        _leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.judge.signature(Version::Tls12, message, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        _leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.judge.signature(Version::Tls13, message, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        signature::schemes()
    }
}

/// Whether an etcd member takes a peer that dials from `address`: one of the addresses
/// or names in its certificate must be that address; without any it may come from
/// anywhere (etcd `client/pkg/transport/listener_tls.go`, `checkCertSAN`). Names are not
/// looked up here: it is as if none were known to any DNS.
///
/// # Errors
/// etcd's words.
pub(super) fn check_peer_address(
    leaf: &Certificate,
    address: IpAddr,
    quoted: impl Fn(&str) -> String,
) -> Result<(), String> {
    let (addresses, names) = (leaf.ip_addresses(), leaf.dns_names());
    let text = address.to_string();
    if (addresses.is_empty() && names.is_empty()) || addresses.contains(&address) || names.contains(&text) {
        return Ok(());
    }
    if names.is_empty() {
        let valid: Vec<String> = addresses.iter().map(IpAddr::to_string).collect();
        return Err(format!("x509: certificate is valid for {}, not {text}", valid.join(", ")));
    }
    // etcd ends with the last lookup that failed; where it asked varies.
    let looked_up = names
        .iter()
        .rfind(|name| !name.starts_with("*."))
        .map_or_else(String::new, |name| format!(" (lookup {name} on …: no such host)"));
    let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
    Err(format!("tls: {} does not match any of DNSNames [{}]{looked_up}", quoted(&text), names.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_refusal_has_the_alert_of_a_go_peer() {
        let judge = |side| Judge {
            side,
            roots: None,
            name: None,
            now: OffsetDateTime::UNIX_EPOCH,
            record: Record::default(),
        };
        for (kind, of_a_client, of_a_server) in [
            (RefusalKind::Parse, AlertNumber::DECODE_ERROR, AlertNumber::DECODE_ERROR),
            (RefusalKind::UnknownAuthority, AlertNumber::BAD_CERTIFICATE, AlertNumber::UNKNOWN_CA),
            (RefusalKind::Expired, AlertNumber::BAD_CERTIFICATE, AlertNumber::CERTIFICATE_EXPIRED),
            (RefusalKind::Other, AlertNumber::BAD_CERTIFICATE, AlertNumber::BAD_CERTIFICATE),
        ] {
            assert_eq!(judge(Side::Client).alert(kind), of_a_client, "{kind:?}");
            assert_eq!(judge(Side::Server).alert(kind), of_a_server, "{kind:?}");
        }
    }
}
