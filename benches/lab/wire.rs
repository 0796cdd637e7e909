//! Recording and decoding: what they cost beside a bare connection, and that beside a
//! minimal program on the same TLS library.

use std::fs;
use std::hint::black_box;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dojang::blueprint::KeyAlgorithm;
use dojang::clock::Clock;
use dojang::handshake::{ClientSide, Credential, Options, Outcome, ServerSide, connect};
use dojang::lab::Cancel;
use dojang::wire::{Recording, decode};
use rustls::client::Resumption;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::{lab, median, row};

/// So many connections are timed at once.
const BATCH: usize = 50;
/// So many batches of each, in turns, since the machine is not always as fast.
const ROUNDS: usize = 15;

pub(super) fn wire() {
    let directory = tempfile::tempdir().unwrap();
    let lab = lab(directory.path(), KeyAlgorithm::P256);
    let connection = lab.plan().connect("admin", "kube-apiserver").unwrap();
    let (mut client, server) = lab.sides_faulty(&connection, None, &Cancel::default()).unwrap();
    client.request = "GET /version".into();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let bare = Options { timeout: Duration::from_secs(10), ..Options::at(Clock::System.now()) };
    let recorded = Options { record: true, ..bare };
    let minimal = Minimal::new(&client, &server);
    let (mut of_minimal, mut of_bare, mut of_recorded) = (Vec::new(), Vec::new(), Vec::new());
    runtime.block_on(async {
        for _ in 0..ROUNDS {
            of_minimal.push(batch(async || minimal.connect().await).await);
            of_bare.push(batch(async || drop(one(&client, &server, &bare).await)).await);
            of_recorded.push(
                batch(async || {
                    let recording = one(&client, &server, &recorded).await.unwrap();
                    black_box(decode(&recording));
                })
                .await,
            );
        }
    });
    let per_second = |time: Duration| BATCH as f64 / time.as_secs_f64();
    let (minimal, own, whole) = (median(of_minimal), median(of_bare), median(of_recorded));
    let shown = |time| format!("{:.0}/s", per_second(time));
    row(
        "mutual TLS and a request, p256, beside a minimal rustls program",
        &shown(own),
        &shown(minimal),
        per_second(own) / per_second(minimal),
    );
    row(
        "the same recorded and decoded, beside not",
        &shown(whole),
        &shown(own),
        per_second(whole) / per_second(own),
    );
    let recording = runtime.block_on(one(&client, &server, &recorded)).unwrap();
    session(&recording);
    memory(|| {
        let recording = runtime.block_on(one(&client, &server, &recorded)).unwrap();
        black_box(decode(&recording));
    });
}

async fn one(client: &ClientSide, server: &ServerSide, options: &Options) -> Option<Recording> {
    let report = connect(client, server, options).await.unwrap();
    assert_eq!(report.outcome, Outcome::Answered(200));
    report.recording
}

async fn batch(mut work: impl AsyncFnMut()) -> Duration {
    let begun = Instant::now();
    for _ in 0..BATCH {
        work().await;
    }
    begun.elapsed()
}

fn session(recording: &Recording) {
    let times = (0..200)
        .map(|_| {
            let begun = Instant::now();
            black_box(decode(black_box(recording)));
            begun.elapsed()
        })
        .collect();
    let (own, budget) = (median(times), Duration::from_micros(200));
    let micros = |time: Duration| format!("{:.0} µs", time.as_secs_f64() * 1e6);
    let ratio = own.as_secs_f64() / budget.as_secs_f64();
    row("decoding one session, beside its budget", &micros(own), &micros(budget), ratio);
}

/// Memory after a thousand recorded connections, beside after the first two hundred.
fn memory(mut work: impl FnMut()) {
    (0..200).for_each(|_| work());
    let before = resident();
    (0..1000).for_each(|_| work());
    let after = resident();
    let shown = |kilobytes: u64| format!("{:.1} MB", kilobytes as f64 / 1024.0);
    row(
        "memory after 1,000 recorded connections, beside before",
        &shown(after),
        &shown(before),
        after as f64 / before as f64,
    );
}

/// The resident memory of this process, in kB.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").trim().parse().unwrap()
}

/// The least program that does the same: both ends, verified by webpki, one request.
struct Minimal {
    client: TlsConnector,
    server: TlsAcceptor,
    name: ServerName<'static>,
}

impl Minimal {
    fn new(client: &ClientSide, server: &ServerSide) -> Self {
        let roots = |of: &Option<Arc<dojang::trust::Roots>>| {
            let mut store = RootCertStore::empty();
            for root in of.as_ref().unwrap().certificates() {
                store.add(CertificateDer::from(root.der().to_vec())).unwrap();
            }
            Arc::new(store)
        };
        let pair = |credential: &Credential| {
            let chain = credential.chain.iter().map(|der| CertificateDer::from(der.clone())).collect();
            (chain, PrivateKeyDer::try_from(credential.key.clone()).unwrap())
        };
        let provider = Arc::new(aws_lc_rs::default_provider());
        let versions = [&rustls::version::TLS13];
        let (chain, key): (Vec<_>, _) = pair(client.credential.as_ref().unwrap());
        let mut dialling = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&versions)
            .unwrap()
            .with_root_certificates(roots(&client.roots))
            .with_client_auth_cert(chain, key)
            .unwrap();
        dialling.resumption = Resumption::disabled();
        let verifier =
            WebPkiClientVerifier::builder_with_provider(roots(&server.client_roots), Arc::clone(&provider));
        let (chain, key) = pair(&server.credential);
        let mut serving = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&versions)
            .unwrap()
            .with_client_cert_verifier(verifier.build().unwrap())
            .with_single_cert(chain, key)
            .unwrap();
        serving.session_storage = Arc::new(NoServerSessionStorage {});
        serving.send_tls13_tickets = 0;
        Self {
            client: TlsConnector::from(Arc::new(dialling)),
            server: TlsAcceptor::from(Arc::new(serving)),
            name: ServerName::try_from(client.server_name.to_string()).unwrap(),
        }
    }

    async fn connect(&self) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let dialled = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (accepted, _) = listener.accept().await.unwrap();
        dialled.set_nodelay(true).unwrap();
        accepted.set_nodelay(true).unwrap();
        let client = async {
            let mut stream = self.client.connect(self.name.clone(), dialled).await.unwrap();
            stream.write_all(b"GET /version HTTP/1.1\r\n\r\n").await.unwrap();
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer).await;
            assert!(answer.starts_with(b"HTTP/1.1 200"));
            let _ = stream.shutdown().await;
        };
        let server = async {
            let mut stream = self.server.accept(accepted).await.unwrap();
            let mut request = [0; 256];
            let _ = stream.read(&mut request).await.unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap();
            let _ = stream.shutdown().await;
        };
        tokio::join!(client, server);
    }
}
