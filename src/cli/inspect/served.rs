//! The chain that a server presents. Nothing of it is verified, on purpose: what is shown
//! is what there is.

use std::net::{TcpStream, ToSocketAddrs};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme};

use crate::cli::error::CliError;

/// So long a server may take for each answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Takes every certificate, and keeps what was presented.
#[derive(Debug, Default)]
struct Witness(Mutex<Vec<Vec<u8>>>);

impl Witness {
    fn seen(&self) -> Vec<Vec<u8>> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let chain = std::iter::once(leaf).chain(others).map(|der| der.to_vec()).collect();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = chain;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        default_provider().signature_verification_algorithms.supported_schemes()
    }
}

/// The certificates that a server presents, leaf first.
pub(super) fn chain(host: &str, port: u16, server_name: Option<&str>) -> Result<Vec<Vec<u8>>, CliError> {
    let shown = format!("{host}:{port}");
    let asked = server_name.unwrap_or(host);
    let name = ServerName::try_from(asked.to_owned()).map_err(|_| {
        CliError::Usage(format!("`{asked}` is no name for a server: give one with --servername"))
    })?;
    let failed = |why: &str| {
        CliError::Machine(format!("cannot reach {shown}: {why}; see that something listens there"))
    };
    let addresses = (host, port).to_socket_addrs().map_err(|error| failed(&error.to_string()))?;
    let mut last = "it has no address".to_owned();
    let connect = addresses.into_iter().find_map(|address| {
        TcpStream::connect_timeout(&address, PATIENCE).map_err(|error| last = error.to_string()).ok()
    });
    let Some(mut stream) = connect else { return Err(failed(&last)) };
    let timeouts =
        stream.set_read_timeout(Some(PATIENCE)).and_then(|()| stream.set_write_timeout(Some(PATIENCE)));
    timeouts.map_err(|error| failed(&error.to_string()))?;
    let witness = Arc::new(Witness::default());
    let machine = |error: Error| CliError::Machine(format!("cannot begin TLS: {error}"));
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(machine)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::<Witness>::clone(&witness))
        .with_no_client_auth();
    let mut connection = ClientConnection::new(Arc::new(config), name).map_err(machine)?;
    let mut outcome = Ok(());
    while connection.is_handshaking() && outcome.is_ok() {
        outcome = connection.complete_io(&mut stream).map(drop);
    }
    let seen = witness.seen();
    if !seen.is_empty() {
        // A server that wants a client's certificate may well break off now.
        connection.send_close_notify();
        let _ = connection.write_tls(&mut stream);
        return Ok(seen);
    }
    let why =
        outcome.err().map_or_else(|| "it presents no certificate".to_owned(), |error| error.to_string());
    Err(CliError::Machine(format!("{shown} presents no chain in TLS 1.2 or 1.3: {why}")))
}
