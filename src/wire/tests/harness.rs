//! Both ends of a connection in memory, recorded.

use std::io::{Read as _, Write as _};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, SupportedKxGroup, aws_lc_rs};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::{
    ClientConfig, ClientConnection, Connection, DigitallySignedStruct, Error, KeyLog, RootCertStore,
    ServerConfig, ServerConnection, SignatureScheme, SupportedCipherSuite,
};
use time::OffsetDateTime;

use crate::wire::{Recording, Segment, Side, Transcript};

/// The kind of the certificates' keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keys {
    P256,
    Rsa,
    Ed25519,
}

/// One connection.
pub(super) struct Scene {
    pub(super) suite: SupportedCipherSuite,
    pub(super) keys: Keys,
    pub(super) client_groups: Vec<&'static dyn SupportedKxGroup>,
    pub(super) server_groups: Vec<&'static dyn SupportedKxGroup>,
    pub(super) asks_client: bool,
    pub(super) client_has_certificate: bool,
    pub(super) client_trusts: bool,
    pub(super) tickets: usize,
    pub(super) key_updates: bool,
}

impl Default for Scene {
    fn default() -> Self {
        Self {
            suite: aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256,
            keys: Keys::P256,
            client_groups: vec![aws_lc_rs::kx_group::X25519],
            server_groups: vec![aws_lc_rs::kx_group::X25519],
            asks_client: true,
            client_has_certificate: true,
            client_trusts: true,
            tickets: 2,
            key_updates: false,
        }
    }
}

#[derive(Debug, Default)]
struct Log(Mutex<String>);

impl KeyLog for Log {
    fn log(&self, label: &str, random: &[u8], secret: &[u8]) {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        self.0.lock().unwrap().push_str(&format!("{label} {} {}\n", hex(random), hex(secret)));
    }
}

/// Takes any server, or none.
#[derive(Debug)]
struct Judge(bool);

impl ServerCertVerifier for Judge {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.0 {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer))
        }
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
        aws_lc_rs::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

/// A root and a leaf under it.
fn certificates(keys: Keys) -> (rcgen::Certificate, CertificateDer<'static>, PrivateKeyDer<'static>) {
    let generate = || match keys {
        Keys::P256 => rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap(),
        Keys::Rsa => rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap(),
        Keys::Ed25519 => rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap(),
    };
    let mut root = rcgen::CertificateParams::default();
    root.distinguished_name.push(rcgen::DnType::CommonName, "kubernetes-ca");
    root.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let root_key = generate();
    let root_certificate = root.self_signed(&root_key).unwrap();
    let issuer = rcgen::Issuer::new(root, root_key);
    let mut leaf = rcgen::CertificateParams::new(vec!["kube-apiserver".to_owned()]).unwrap();
    leaf.distinguished_name = rcgen::DistinguishedName::new();
    leaf.distinguished_name.push(rcgen::DnType::CommonName, "kube-apiserver");
    leaf.extended_key_usages =
        vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth, rcgen::ExtendedKeyUsagePurpose::ClientAuth];
    let key = generate();
    let certificate = leaf.signed_by(&key, &issuer).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    (root_certificate, certificate.der().clone(), key)
}

impl Scene {
    /// Runs it: the handshake, a request, an answer, and the end.
    pub(super) fn run(&self) -> Recording {
        let log = Arc::new(Log::default());
        let (mut client, server) = self.configs(&log);
        client.resumption = Resumption::disabled();
        self.session(&Arc::new(client), &Arc::new(server), &log, false)
    }

    /// Runs it twice, and gives the second time: with the ticket of the first, and a request
    /// that does not wait for the server.
    pub(super) fn run_resumed(&self) -> Recording {
        let log = Arc::new(Log::default());
        let (mut client, mut server) = self.configs(&log);
        client.enable_early_data = true;
        server.max_early_data_size = 1024;
        let (client, server) = (Arc::new(client), Arc::new(server));
        self.session(&client, &server, &log, false);
        self.session(&client, &server, &log, true)
    }

    fn configs(&self, log: &Arc<Log>) -> (ClientConfig, ServerConfig) {
        let (root, leaf, key) = certificates(self.keys);
        let provider = |groups: &[&'static dyn SupportedKxGroup]| {
            Arc::new(CryptoProvider {
                cipher_suites: vec![self.suite],
                kx_groups: groups.to_vec(),
                ..aws_lc_rs::default_provider()
            })
        };
        let versions = [self.suite.version()];
        let client = ClientConfig::builder_with_provider(provider(&self.client_groups))
            .with_protocol_versions(&versions)
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Judge(self.client_trusts)));
        let mut client = match self.client_has_certificate {
            true => client.with_client_auth_cert(vec![leaf.clone()], key.clone_key()).unwrap(),
            false => client.with_no_client_auth(),
        };
        client.require_ems = false;
        client.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        client.key_log = log.clone();
        let server = ServerConfig::builder_with_provider(provider(&self.server_groups))
            .with_protocol_versions(&versions)
            .unwrap();
        let server = if self.asks_client {
            let mut roots = RootCertStore::empty();
            roots.add(root.der().clone()).unwrap();
            let provider = Arc::new(aws_lc_rs::default_provider());
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            server.with_client_cert_verifier(verifier.build().unwrap())
        } else {
            server.with_no_client_auth()
        };
        let mut server = server.with_single_cert(vec![leaf], key).unwrap();
        server.send_tls13_tickets = self.tickets;
        server.alpn_protocols = vec![b"http/1.1".to_vec()];
        server.key_log = log.clone();
        (client, server)
    }

    fn session(
        &self,
        client: &Arc<ClientConfig>,
        server: &Arc<ServerConfig>,
        log: &Log,
        is_early: bool,
    ) -> Recording {
        let name = ServerName::try_from("kube-apiserver").unwrap();
        let mut client = ClientConnection::new(Arc::clone(client), name).unwrap();
        if is_early {
            client.early_data().unwrap().write_all(REQUEST).unwrap();
        }
        let mut client: Connection = client.into();
        let mut server: Connection = ServerConnection::new(Arc::clone(server)).unwrap().into();
        let mut wire = Wire::default();
        let is_open = wire.settle(&mut client, &mut server);
        if is_open && self.key_updates {
            client.refresh_traffic_keys().unwrap();
            wire.settle(&mut client, &mut server);
        }
        if is_open {
            if !is_early {
                client.writer().write_all(REQUEST).unwrap();
                wire.settle(&mut client, &mut server);
            }
            server.writer().write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
            wire.settle(&mut client, &mut server);
            client.send_close_notify();
            wire.settle(&mut client, &mut server);
            server.send_close_notify();
            wire.settle(&mut client, &mut server);
        }
        wire.finish(&log.0.lock().unwrap())
    }
}

const REQUEST: &[u8] = b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n";

#[derive(Default)]
struct Wire {
    client: Vec<u8>,
    server: Vec<u8>,
    segments: Vec<Segment>,
}

impl Wire {
    /// Carries bytes until nobody has any; whether all went well.
    fn settle(&mut self, client: &mut Connection, server: &mut Connection) -> bool {
        let mut is_well = true;
        while client.wants_write() || server.wants_write() {
            is_well &= self.carry(Side::Client, client, server);
            is_well &= self.carry(Side::Server, server, client);
        }
        is_well && !client.is_handshaking() && !server.is_handshaking()
    }

    fn carry(&mut self, from: Side, sender: &mut Connection, receiver: &mut Connection) -> bool {
        let mut sent = Vec::new();
        while sender.wants_write() {
            sender.write_tls(&mut sent).unwrap();
        }
        if sent.is_empty() {
            return true;
        }
        let stream = match from {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        };
        let at = Duration::from_millis(self.segments.len() as u64);
        self.segments.push(Segment { from, offset: stream.len(), length: sent.len(), at });
        stream.extend_from_slice(&sent);
        let mut is_well = true;
        let mut rest = sent.as_slice();
        while !rest.is_empty() {
            if receiver.read_tls(&mut rest).unwrap_or(0) == 0 {
                break;
            }
            is_well &= receiver.process_new_packets().is_ok();
            let mut sink = Vec::new();
            let _ = receiver.reader().read_to_end(&mut sink);
            if !is_well {
                break;
            }
        }
        is_well
    }

    fn finish(self, key_log: &str) -> Recording {
        Recording {
            started: OffsetDateTime::UNIX_EPOCH,
            client: self.client,
            server: self.server,
            segments: self.segments,
            gaps: Vec::new(),
            key_log: key_log.to_owned(),
        }
    }
}

/// What was said, in order: `client client_hello`.
pub(super) fn names(transcript: &Transcript) -> Vec<String> {
    transcript.messages.iter().map(|m| format!("{} {}", m.from, m.kind)).collect()
}

/// Every byte of both streams is in a record, every byte of every message in a leaf, and
/// every record's content in a message.
pub(super) fn assert_whole(recording: &Recording, transcript: &Transcript) {
    for side in [Side::Client, Side::Server] {
        let mut at = 0;
        for record in transcript.records.iter().filter(|record| record.from == side) {
            assert_eq!(record.offset, at);
            at += record.size;
        }
        assert_eq!(at, recording.stream(side).len());
    }
    let mut told = vec![0; transcript.records.len()];
    for message in &transcript.messages {
        let mut at = 0;
        for (_, field) in message.outline() {
            if field.children.is_empty() {
                assert_eq!(field.range.start, at, "{} {}", message.kind, field.name);
                at = field.range.end;
            } else {
                let (first, last) = (field.children.first().unwrap(), field.children.last().unwrap());
                assert_eq!(field.range, first.range.start..last.range.end, "{}", field.name);
            }
        }
        assert_eq!(at, message.bytes.len(), "{}", message.kind);
        let carried: usize = message.pieces.iter().map(|piece| piece.range.len()).sum();
        assert_eq!(carried, message.bytes.len(), "{}", message.kind);
        for piece in &message.pieces {
            assert_eq!(transcript.records[piece.record].from, message.from);
            assert_eq!(piece.range.start, told[piece.record], "{}", message.kind);
            told[piece.record] = piece.range.end;
        }
    }
    for (record, told) in transcript.records.iter().zip(told) {
        let most = record.size;
        assert!(told <= most);
    }
}
