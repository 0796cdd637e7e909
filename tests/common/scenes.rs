//! TLS connections of rustls, both ends in memory, recorded: healthy ones of many kinds and
//! refused ones.
#![allow(dead_code)]

use std::io::{Read as _, Write as _};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dojang::wire::{Recording, Segment, Side};
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, SupportedKxGroup, aws_lc_rs};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, ClientConfig, ClientConnection, Connection, DigitallySignedStruct, DistinguishedName,
    Error, KeyLog, ServerConfig, ServerConnection, SignatureScheme, SupportedCipherSuite,
};
use time::OffsetDateTime;

/// One end's part of a connection.
#[derive(Clone)]
pub(crate) struct Part {
    pub(crate) suites: Vec<SupportedCipherSuite>,
    pub(crate) groups: Vec<&'static dyn SupportedKxGroup>,
    pub(crate) protocols: Vec<&'static str>,
    /// The kind of its certificate's key; none if it shows no certificate.
    pub(crate) key: Option<&'static rcgen::SignatureAlgorithm>,
    /// Why it refuses the other's certificate.
    pub(crate) refuses: Option<CertificateError>,
}

/// A connection to be made.
#[derive(Clone)]
pub(crate) struct Scene {
    pub(crate) client: Part,
    pub(crate) server: Part,
    /// Whether the server asks for a certificate, and whether it must have one.
    pub(crate) asks: Option<bool>,
}

impl Scene {
    /// A healthy connection with this suite and this kind of keys; both show certificates.
    pub(crate) fn of(suite: SupportedCipherSuite, key: &'static rcgen::SignatureAlgorithm) -> Self {
        let part = Part {
            suites: vec![suite],
            groups: vec![aws_lc_rs::kx_group::X25519],
            protocols: vec!["http/1.1"],
            key: Some(key),
            refuses: None,
        };
        Self { client: part.clone(), server: part, asks: Some(true) }
    }

    /// What goes over the wire: the handshake and, where it succeeds, a request, an answer,
    /// and a clean end.
    pub(crate) fn run(&self) -> Recording {
        let log = Arc::new(Log::default());
        let mut client = self.client_end(&log);
        let mut server = self.server_end(&log);
        let mut wire = Wire::default();
        if wire.settle(&mut client, &mut server) {
            client.writer().write_all(b"GET /version HTTP/1.1\r\nHost: kube-apiserver\r\n\r\n").unwrap();
            wire.settle(&mut client, &mut server);
            server.writer().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").unwrap();
            wire.settle(&mut client, &mut server);
            client.send_close_notify();
            wire.settle(&mut client, &mut server);
            server.send_close_notify();
            wire.settle(&mut client, &mut server);
        }
        Recording {
            started: OffsetDateTime::from_unix_timestamp(1_790_000_000).unwrap(),
            client: wire.client,
            server: wire.server,
            segments: wire.segments,
            gaps: Vec::new(),
            key_log: log.0.lock().unwrap().clone(),
        }
    }

    fn client_end(&self, log: &Arc<Log>) -> Connection {
        let part = &self.client;
        let builder = ClientConfig::builder_with_provider(part.provider())
            .with_protocol_versions(&part.versions())
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Judge { refuses: part.refuses.clone(), must: true }));
        let mut config = match part.key {
            Some(key) => {
                let (certificate, key) = certificate(key);
                builder.with_client_auth_cert(vec![certificate], key).unwrap()
            }
            None => builder.with_no_client_auth(),
        };
        config.resumption = Resumption::disabled();
        config.alpn_protocols = part.alpn();
        config.key_log = log.clone();
        let name = ServerName::try_from("kube-apiserver").unwrap();
        ClientConnection::new(Arc::new(config), name).unwrap().into()
    }

    fn server_end(&self, log: &Arc<Log>) -> Connection {
        let part = &self.server;
        let builder = ServerConfig::builder_with_provider(part.provider())
            .with_protocol_versions(&part.versions())
            .unwrap();
        let builder = match self.asks {
            Some(must) => {
                builder.with_client_cert_verifier(Arc::new(Judge { refuses: part.refuses.clone(), must }))
            }
            None => builder.with_no_client_auth(),
        };
        let (certificate, key) = certificate(part.key.unwrap());
        let mut config = builder.with_single_cert(vec![certificate], key).unwrap();
        config.alpn_protocols = part.alpn();
        config.key_log = log.clone();
        ServerConnection::new(Arc::new(config)).unwrap().into()
    }
}

impl Part {
    fn provider(&self) -> Arc<CryptoProvider> {
        Arc::new(CryptoProvider {
            cipher_suites: self.suites.clone(),
            kx_groups: self.groups.clone(),
            ..aws_lc_rs::default_provider()
        })
    }

    fn versions(&self) -> Vec<&'static rustls::SupportedProtocolVersion> {
        let mut versions: Vec<_> = self.suites.iter().map(SupportedCipherSuite::version).collect();
        versions.dedup();
        versions
    }

    fn alpn(&self) -> Vec<Vec<u8>> {
        self.protocols.iter().map(|name| name.as_bytes().to_vec()).collect()
    }
}

/// A certificate that signs itself: the judges decide otherwise.
fn certificate(
    algorithm: &'static rcgen::SignatureAlgorithm,
) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
    let key = rcgen::KeyPair::generate_for(algorithm).unwrap();
    let parameters = rcgen::CertificateParams::new(vec!["kube-apiserver".to_owned()]).unwrap();
    let certificate = parameters.self_signed(&key).unwrap();
    (certificate.der().clone(), PrivateKeyDer::try_from(key.serialize_der()).unwrap())
}

#[derive(Debug, Default)]
struct Log(Mutex<String>);

impl KeyLog for Log {
    fn log(&self, label: &str, random: &[u8], secret: &[u8]) {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let line = format!("{label} {} {}\n", hex(random), hex(secret));
        self.0.lock().unwrap().push_str(&line);
    }
}

/// Takes any certificate, or none for one reason.
#[derive(Debug)]
struct Judge {
    refuses: Option<CertificateError>,
    must: bool,
}

impl Judge {
    fn judge(&self) -> Result<(), Error> {
        self.refuses.clone().map_or(Ok(()), |error| Err(Error::InvalidCertificate(error)))
    }

    fn schemes() -> Vec<SignatureScheme> {
        aws_lc_rs::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

impl ServerCertVerifier for Judge {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.judge().map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        Self::schemes()
    }
}

impl ClientCertVerifier for Judge {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn client_auth_mandatory(&self) -> bool {
        self.must
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.judge().map(|()| ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        Self::schemes()
    }
}

/// The bytes between the two ends.
#[derive(Default)]
struct Wire {
    client: Vec<u8>,
    server: Vec<u8>,
    segments: Vec<Segment>,
}

impl Wire {
    /// Carries bytes until nobody has any; whether the handshake is done and all went well.
    fn settle(&mut self, client: &mut Connection, server: &mut Connection) -> bool {
        let mut well = true;
        while client.wants_write() || server.wants_write() {
            well &= self.carry(Side::Client, client, server);
            well &= self.carry(Side::Server, server, client);
        }
        well && !client.is_handshaking() && !server.is_handshaking()
    }

    fn carry(&mut self, from: Side, sender: &mut Connection, receiver: &mut Connection) -> bool {
        let mut sent = Vec::new();
        while sender.wants_write() {
            sender.write_tls(&mut sent).unwrap();
        }
        if sent.is_empty() {
            return true;
        }
        let stream = if from == Side::Client { &mut self.client } else { &mut self.server };
        let at = Duration::from_micros(self.segments.len() as u64 * 100);
        self.segments.push(Segment { from, offset: stream.len(), length: sent.len(), at });
        stream.extend_from_slice(&sent);
        let mut rest = sent.as_slice();
        while !rest.is_empty() && receiver.read_tls(&mut rest).unwrap_or(0) > 0 {
            if receiver.process_new_packets().is_err() {
                return false;
            }
            let _ = receiver.reader().read_to_end(&mut Vec::new());
        }
        true
    }
}
