//! Real connections between two sides, and between our server and real clients.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::Duration;

use dojang::access::{World, WorldNode};
use dojang::blueprint::ServerStyle;
use dojang::handshake::{
    AlertNumber, ClientSide, Credential, HandshakeError, Options, Outcome, Report, RequestHeader, Served,
    ServerSide, Side, Step, Version, connect, serve_once,
};
use dojang::trust::Roots;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};
use time::OffsetDateTime;
use time::macros::datetime;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

const NOW: OffsetDateTime = datetime!(2026-11-23 18:54:01 UTC);
const VERSIONS: [Version; 2] = [Version::Tls12, Version::Tls13];
const BOTH: [ExtendedKeyUsagePurpose; 2] =
    [ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
const SERVER: [ExtendedKeyUsagePurpose; 1] = [ExtendedKeyUsagePurpose::ServerAuth];
const CLIENT: [ExtendedKeyUsagePurpose; 1] = [ExtendedKeyUsagePurpose::ClientAuth];

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    der: Vec<u8>,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.remove(DnType::CommonName);
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().unwrap();
        let der = params.self_signed(&key).unwrap().der().to_vec();
        Self { issuer: Issuer::new(params, key), der }
    }

    fn roots(&self) -> Arc<Roots> {
        Arc::new(Roots::from_der([&self.der]))
    }

    fn issue(&self, params: &CertificateParams) -> Credential {
        let key = KeyPair::generate().unwrap();
        Credential {
            chain: vec![params.signed_by(&key, &self.issuer).unwrap().der().to_vec()],
            key: key.serialize_der(),
        }
    }
}

fn leaf(
    name: &str,
    organization: &str,
    usages: &[ExtendedKeyUsagePurpose],
    names: &[&str],
) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.remove(DnType::CommonName);
    if !organization.is_empty() {
        params.distinguished_name.push(DnType::OrganizationName, organization);
    }
    if !name.is_empty() {
        params.distinguished_name.push(DnType::CommonName, name);
    }
    params.extended_key_usages = usages.to_vec();
    params.use_authority_key_identifier_extension = true;
    params.subject_alt_names = names
        .iter()
        .map(|name| match name.parse::<IpAddr>() {
            Ok(address) => SanType::IpAddress(address),
            Err(_) => SanType::DnsName((*name).try_into().unwrap()),
        })
        .collect();
    params
}

struct Cluster {
    ca: Authority,
    etcd_ca: Authority,
    front_ca: Authority,
    world: Arc<World>,
}

impl Cluster {
    fn new() -> Self {
        let nodes = [
            WorldNode {
                name: "cp1".into(),
                address: Ipv4Addr::new(10, 0, 0, 10).into(),
                control_plane: true,
            },
            WorldNode {
                name: "node01".into(),
                address: Ipv4Addr::new(10, 0, 0, 21).into(),
                control_plane: false,
            },
        ];
        Self {
            ca: Authority::new("kubernetes"),
            etcd_ca: Authority::new("etcd-ca"),
            front_ca: Authority::new("front-proxy-ca"),
            world: Arc::new(World::new(&nodes, "10.0.0.10:6443", NOW)),
        }
    }

    fn api_server(&self) -> ServerSide {
        ServerSide {
            name: "kube-apiserver@cp1".into(),
            style: ServerStyle::KubeApiserver,
            port: 6443,
            credential: self.ca.issue(&leaf(
                "kube-apiserver",
                "",
                &SERVER,
                &["kubernetes", "10.0.0.10", "127.0.0.1", "localhost"],
            )),
            client_roots: Some(self.ca.roots()),
            request_header: None,
            world: Arc::clone(&self.world),
        }
    }

    fn api_server_with_front_proxy(&self) -> ServerSide {
        ServerSide {
            request_header: Some(RequestHeader {
                roots: self.front_ca.roots(),
                allowed_names: vec!["front-proxy-client".into()],
            }),
            ..self.api_server()
        }
    }

    fn etcd(&self, style: ServerStyle) -> ServerSide {
        ServerSide {
            name: "etcd@cp1".into(),
            style,
            port: 2379,
            credential: self.etcd_ca.issue(&leaf("cp1", "", &BOTH, &["cp1", "10.0.0.10", "127.0.0.1"])),
            client_roots: Some(self.etcd_ca.roots()),
            request_header: None,
            world: Arc::clone(&self.world),
        }
    }

    fn admin(&self) -> ClientSide {
        self.client("admin", Some(self.ca.issue(&leaf("kubernetes-admin", "system:masters", &CLIENT, &[]))))
    }

    fn client(&self, name: &str, credential: Option<Credential>) -> ClientSide {
        ClientSide {
            name: name.into(),
            address: None,
            credential,
            roots: Some(self.ca.roots()),
            server_name: "10.0.0.10".parse().unwrap(),
            request: "GET /api/v1/nodes".into(),
            headers: Vec::new(),
        }
    }

    fn etcd_client(&self, credential: Option<Credential>) -> ClientSide {
        ClientSide {
            roots: Some(self.etcd_ca.roots()),
            request: "GET /version".into(),
            ..self.client("kube-apiserver@cp1", credential)
        }
    }
}

fn options(version: Version) -> Options {
    Options { version, ..Options::at(NOW) }
}

async fn run(client: &ClientSide, server: &ServerSide, version: Version) -> Report {
    connect(client, server, &options(version)).await.unwrap()
}

fn expired(mut params: CertificateParams) -> CertificateParams {
    params.not_before = datetime!(2026-01-01 0:00 UTC);
    params.not_after = datetime!(2026-01-31 0:00 UTC);
    params
}

fn log(report: &Report) -> &str {
    &report.server_log.as_ref().unwrap().line
}

#[tokio::test]
async fn a_good_admin_is_answered() {
    let cluster = Cluster::new();
    for version in VERSIONS {
        let report = run(&cluster.admin(), &cluster.api_server(), version).await;
        assert_eq!(report.outcome, Outcome::Answered(200));
        assert_eq!(report.version, Some(version));
        let suite = match version {
            Version::Tls13 => "TLS_AES_128_GCM_SHA256",
            Version::Tls12 => "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        };
        assert_eq!(report.cipher_suite.as_deref(), Some(suite));
        assert_eq!(report.identity().unwrap().user, "kubernetes-admin");
        assert!(report.decision().unwrap().allowed);
        assert!(report.server_verdict.as_ref().unwrap().is_accepted());
        assert!(report.client_verdict.as_ref().unwrap().is_accepted());
        assert!(report.response.as_ref().unwrap().body.contains("node01"));
        assert_eq!(report.client_prints, None);
        assert_eq!(report.server_log, None);
        assert_eq!(report.alert, None);
        assert_eq!(report.mismatched_key, None);
    }
}

#[tokio::test]
async fn without_a_certificate_one_is_anonymous_or_refused() {
    let cluster = Cluster::new();
    for version in VERSIONS {
        let report = run(&cluster.client("admin", None), &cluster.api_server(), version).await;
        assert_eq!(report.outcome, Outcome::Answered(403));
        assert_eq!(report.identity().unwrap().user, "system:anonymous");
        assert_eq!(report.client_verdict, None);
        assert_eq!(
            report.client_prints.as_deref(),
            Some(
                "Error from server (Forbidden): nodes is forbidden: User \"system:anonymous\" \
                 cannot list resource \"nodes\" in API group \"\" at the cluster scope"
            )
        );

        let report = run(&cluster.etcd_client(None), &cluster.etcd(ServerStyle::Etcd), version).await;
        assert_eq!(report.outcome, Outcome::RefusedByServer);
        let alert = report.alert.unwrap();
        assert_eq!(alert.from, Side::Server);
        assert_eq!(alert.sent, AlertNumber::CERTIFICATE_REQUIRED);
        let (go, stage) = match version {
            Version::Tls12 => ("handshake failure", "transport: authentication handshake failed"),
            Version::Tls13 => ("certificate required", "error reading server preface"),
        };
        assert_eq!(alert.go.go_name(), go);
        assert_eq!(
            report.client_prints.as_deref(),
            Some(format!("connection error: desc = \"{stage}: remote error: tls: {go}\"").as_str())
        );
        assert!(log(&report).ends_with("\"error\":\"tls: client didn't provide a certificate\""));
    }
}

#[tokio::test]
async fn an_unknown_authority_is_401_or_an_alert() {
    let cluster = Cluster::new();
    let stranger = Authority::new("kubernetes");
    let credential = stranger.issue(&leaf("kubernetes-admin", "system:masters", &CLIENT, &[]));
    for version in VERSIONS {
        let client = cluster.client("admin", Some(credential.clone()));
        let report = run(&client, &cluster.api_server(), version).await;
        assert_eq!(report.outcome, Outcome::Answered(401));
        assert_eq!(report.identity(), None);
        assert!(!report.client_verdict.as_ref().unwrap().is_accepted());
        assert_eq!(
            report.client_prints.as_deref(),
            Some("error: You must be logged in to the server (Unauthorized)")
        );
        let reason = "x509: certificate signed by unknown authority (possibly because of \
                      \\\"x509: ECDSA verification failure\\\" while trying to verify candidate \
                      authority certificate \\\"kubernetes\\\")";
        assert!(
            log(&report)
                .starts_with("\"Unable to authenticate the request\" err=\"verifying certificate SN=")
        );
        assert!(log(&report).ends_with(&format!(" failed: {reason}\"")), "{}", log(&report));

        let report = run(&client, &cluster.api_server_with_front_proxy(), version).await;
        assert!(log(&report).starts_with(
            "\"Unable to authenticate the request\" err=\"[x509: certificate signed by unknown \
             authority, verifying certificate SN="
        ));
        assert!(log(&report).contains(", SKID=, AKID="), "{}", log(&report));
        assert!(log(&report).ends_with(&format!(" failed: {reason}]\"")));

        let report =
            run(&cluster.etcd_client(Some(credential.clone())), &cluster.etcd(ServerStyle::Etcd), version)
                .await;
        assert_eq!(report.outcome, Outcome::RefusedByServer);
        assert_eq!(report.alert.unwrap().sent, AlertNumber::UNKNOWN_CA);
        assert!(report.client_prints.unwrap().contains("remote error: tls: unknown certificate authority"));
    }
}

#[tokio::test]
async fn expired_and_misused_certificates_are_told_apart() {
    let cluster = Cluster::new();
    let cases = [
        (
            expired(leaf("apiserver-etcd-client", "", &CLIENT, &[])),
            AlertNumber::CERTIFICATE_EXPIRED,
            "x509: certificate has expired or is not yet valid: current time \
             2026-11-23T18:54:01Z is after 2026-01-31T00:00:00Z",
        ),
        (
            leaf("apiserver-etcd-client", "", &SERVER, &[]),
            AlertNumber::BAD_CERTIFICATE,
            "x509: certificate specifies an incompatible key usage",
        ),
    ];
    for version in VERSIONS {
        for (params, alert, message) in &cases {
            let client = cluster.etcd_client(Some(cluster.etcd_ca.issue(params)));
            let report = run(&client, &cluster.etcd(ServerStyle::Etcd), version).await;
            assert_eq!(report.outcome, Outcome::RefusedByServer);
            let seen = report.alert.unwrap();
            assert_eq!((seen.sent, seen.go), (*alert, *alert));
            assert!(log(&report).starts_with(
                "\"msg\":\"rejected connection on client endpoint\",\"remote-addr\":\"127.0.0.1:"
            ));
            assert!(log(&report).ends_with(&format!(
                "\"server-name\":\"\",\"error\":\"tls: failed to verify certificate: {message}\""
            )));

            let client = cluster.client("admin", Some(cluster.ca.issue(params)));
            let report = run(&client, &cluster.api_server(), version).await;
            assert_eq!(report.outcome, Outcome::Answered(401));
            assert!(log(&report).ends_with(&format!(" failed: {message}\"")));
        }
    }
}

#[tokio::test]
async fn a_server_by_another_name_is_refused_by_the_client() {
    let cluster = Cluster::new();
    for version in VERSIONS {
        let mut client = cluster.admin();
        client.server_name = "10.0.0.99".parse().unwrap();
        let report = run(&client, &cluster.api_server(), version).await;
        assert_eq!(report.outcome, Outcome::RefusedByClient);
        assert_eq!(
            report.client_prints.as_deref(),
            Some(
                "Unable to connect to the server: tls: failed to verify certificate: x509: \
                 certificate is valid for 10.0.0.10, 127.0.0.1, not 10.0.0.99"
            )
        );
        let alert = report.alert.unwrap();
        assert_eq!((alert.from, alert.sent), (Side::Client, AlertNumber::BAD_CERTIFICATE));
        let server_log = report.server_log.unwrap();
        assert_eq!(server_log.verbosity, 5);
        assert!(server_log.line.starts_with("http: TLS handshake error from 127.0.0.1:"));
        assert!(server_log.line.ends_with(": remote error: tls: bad certificate"));
        assert_eq!(report.client_verdict, None);
        // It does not show its own certificate to a server that it does not believe.
        assert!(
            !report
                .events
                .iter()
                .any(|event| { event.side == Side::Client && matches!(event.step, Step::Presents { .. }) })
        );

        client.name = "kube-scheduler@cp1".into();
        let report = run(&client, &cluster.api_server(), version).await;
        assert!(report.client_prints.unwrap().starts_with(
            "Get \"https://10.0.0.99:6443/api/v1/nodes\": tls: failed to verify certificate: x509: "
        ));
    }
}

#[tokio::test]
async fn a_client_without_roots_takes_any_server() {
    let cluster = Cluster::new();
    let mut client = cluster.client(
        "kube-apiserver@cp1",
        Some(cluster.ca.issue(&leaf("kube-apiserver-kubelet-client", "", &CLIENT, &[]))),
    );
    client.roots = None;
    client.request = "GET /pods".into();
    let server = ServerSide {
        name: "kubelet@node01".into(),
        style: ServerStyle::Kubelet,
        port: 10250,
        credential: Authority::new("node01-ca@1").issue(&leaf("node01", "", &SERVER, &[])),
        ..cluster.api_server()
    };
    for version in VERSIONS {
        let report = run(&client, &server, version).await;
        assert_eq!(report.outcome, Outcome::Answered(200), "{report:#?}");
        assert_eq!(report.server_verdict, None);
        assert_eq!(report.identity().unwrap().user, "kube-apiserver-kubelet-client");
    }
}

/// With TLS 1.3 the client has finished before it learns that it was refused; with 1.2
/// it never finishes.
#[tokio::test]
async fn a_refusal_comes_late_with_tls_1_3() {
    let cluster = Cluster::new();
    let client = cluster.etcd_client(Some(Authority::new("other").issue(&leaf("x", "", &CLIENT, &[]))));
    let server = cluster.etcd(ServerStyle::Etcd);
    for _ in 0..20 {
        let report = run(&client, &server, Version::Tls13).await;
        let position = |side: Side, wanted: &dyn Fn(&Step) -> bool| {
            report
                .events
                .iter()
                .position(|event| event.side == side && wanted(&event.step))
                .unwrap_or_else(|| panic!("{:#?}", report.events))
        };
        let order = [
            position(Side::Client, &|step| matches!(step, Step::Dials { .. })),
            position(Side::Server, &|step| matches!(step, Step::ClientHello { .. })),
            position(Side::Client, &|step| matches!(step, Step::CertificateRequest { .. })),
            position(Side::Client, &|step| matches!(step, Step::ChainAccepted { .. })),
            position(Side::Client, &|step| matches!(step, Step::Presents { .. })),
            position(Side::Client, &|step| matches!(step, Step::Finished { .. })),
            position(Side::Client, &|step| matches!(step, Step::Request { .. })),
            position(Side::Server, &|step| matches!(step, Step::Refuses { .. })),
            position(Side::Server, &|step| matches!(step, Step::AlertSent(_))),
            position(Side::Client, &|step| matches!(step, Step::AlertReceived(_))),
        ];
        assert!(order.is_sorted(), "{:#?}", report.events);
        assert!(report.version.is_some());

        let report = run(&client, &server, Version::Tls12).await;
        assert!(report.version.is_none());
        assert!(
            !report
                .events
                .iter()
                .any(|event| matches!(event.step, Step::Finished { .. } | Step::Request { .. }))
        );
    }
}

#[tokio::test]
async fn a_key_of_another_certificate_proves_nothing() {
    let cluster = Cluster::new();
    let other = KeyPair::generate().unwrap().serialize_der();
    for version in VERSIONS {
        let mut client = cluster.admin();
        client.credential.as_mut().unwrap().key.clone_from(&other);
        let report = run(&client, &cluster.api_server(), version).await;
        assert_eq!(report.outcome, Outcome::RefusedByServer);
        assert_eq!(report.mismatched_key, Some(Side::Client));
        assert_eq!(report.alert.unwrap().sent, AlertNumber::DECRYPT_ERROR);
        assert!(
            log(&report)
                .ends_with(": tls: invalid signature by the client certificate: ECDSA verification failure")
        );
        assert_eq!(
            report.client_prints.as_deref(),
            Some("error: tls: private key does not match public key")
        );

        let mut server = cluster.api_server();
        server.credential.key.clone_from(&other);
        let report = run(&cluster.admin(), &server, version).await;
        assert_eq!(report.outcome, Outcome::RefusedByClient);
        assert_eq!(report.mismatched_key, Some(Side::Server));
        assert_eq!(
            report.client_prints.as_deref(),
            Some(
                "Unable to connect to the server: tls: invalid signature by the server \
                 certificate: ECDSA verification failure"
            )
        );
        let alert = report.alert.unwrap();
        assert_eq!(alert.sent, AlertNumber::DECRYPT_ERROR);
        let go = match version {
            Version::Tls12 => AlertNumber::ILLEGAL_PARAMETER,
            Version::Tls13 => AlertNumber::DECRYPT_ERROR,
        };
        assert_eq!(alert.go, go);
    }
}

#[tokio::test]
async fn what_does_not_parse_is_refused_in_tls_everywhere() {
    let cluster = Cluster::new();
    for version in VERSIONS {
        let mut client = cluster.admin();
        client.credential.as_mut().unwrap().chain[0].push(0);
        let report = run(&client, &cluster.api_server(), version).await;
        assert_eq!(report.outcome, Outcome::RefusedByServer);
        let alert = report.alert.unwrap();
        assert_eq!(alert.sent, AlertNumber::BAD_CERTIFICATE);
        assert_eq!(alert.go, AlertNumber::DECODE_ERROR);
        assert!(log(&report).ends_with("tls: failed to parse client certificate: x509: trailing data"));
        assert_eq!(
            report.client_prints.as_deref(),
            Some("Unable to connect to the server: remote error: tls: error decoding message")
        );

        let mut server = cluster.api_server();
        server.credential.chain[0].truncate(40);
        let report = run(&cluster.admin(), &server, version).await;
        assert_eq!(report.outcome, Outcome::RefusedByClient);
        assert_eq!(report.alert.unwrap().go, AlertNumber::DECODE_ERROR);
        assert!(report.client_prints.unwrap().starts_with(
            "Unable to connect to the server: tls: failed to parse certificate from server: x509: "
        ));
    }
}

#[tokio::test]
async fn an_etcd_member_must_come_from_an_address_of_its_certificate() {
    let cluster = Cluster::new();
    let server = cluster.etcd(ServerStyle::EtcdPeer);
    let member = |names: &[&str], address: [u8; 4]| ClientSide {
        name: "etcd@cp2".into(),
        address: Some(Ipv4Addr::from(address).into()),
        request: "GET /version".into(),
        ..cluster.etcd_client(Some(cluster.etcd_ca.issue(&leaf("cp2", "", &BOTH, names))))
    };
    for version in VERSIONS {
        for names in [&["cp2", "10.0.0.11"][..], &[]] {
            let report = run(&member(names, [10, 0, 0, 11]), &server, version).await;
            assert_eq!(report.outcome, Outcome::Answered(200), "{names:?}");
        }

        let report = run(&member(&["cp2"], [10, 0, 0, 11]), &server, version).await;
        assert_eq!(report.outcome, Outcome::RefusedByServer);
        assert_eq!(report.alert, None);
        assert_eq!(report.client_prints.as_deref(), Some("EOF"));
        assert!(
            log(&report)
                .starts_with("\"msg\":\"rejected connection on peer endpoint\",\"remote-addr\":\"10.0.0.11:")
        );
        assert!(
            log(&report).ends_with(
                "\"ip-addresses\":[],\"dns-names\":[\"cp2\"],\"error\":\
                 \"tls: \\\"10.0.0.11\\\" does not match any of DNSNames [\\\"cp2\\\"] \
                 (lookup cp2 on …: no such host)\""
            ),
            "{}",
            log(&report)
        );

        let report = run(&member(&["10.0.0.12"], [10, 0, 0, 11]), &server, version).await;
        assert!(
            log(&report).ends_with("\"error\":\"x509: certificate is valid for 10.0.0.12, not 10.0.0.11\"")
        );
    }
}

#[tokio::test]
async fn a_front_proxy_speaks_for_others() {
    let cluster = Cluster::new();
    let server = cluster.api_server_with_front_proxy();
    let proxy = |name: &str| {
        let credential = cluster.front_ca.issue(&leaf(name, "", &CLIENT, &[]));
        cluster.client("kube-apiserver@cp1", Some(credential))
    };
    let headers = [
        ("X-Remote-User", "alice"),
        ("X-Remote-Group", "dev"),
        ("X-Remote-Group", "system:masters"),
        ("X-Remote-Extra-Acme.Com%2FProject", "one"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));

    let mut client = proxy("front-proxy-client");
    client.headers = headers.to_vec();
    let report = run(&client, &server, Version::Tls13).await;
    assert_eq!(report.outcome, Outcome::Answered(200));
    let identity = report.identity().unwrap();
    assert_eq!(identity.user, "alice");
    assert_eq!(identity.groups, ["dev", "system:masters", "system:authenticated"]);
    assert_eq!(identity.extra, [("acme.com/project".to_owned(), vec!["one".to_owned()])]);

    // Without headers it is a client of an unknown authority.
    let report = run(&proxy("front-proxy-client"), &server, Version::Tls13).await;
    assert_eq!(report.outcome, Outcome::Answered(401));
    assert!(log(&report).contains("err=\"verifying certificate SN="));

    // Another name is not allowed.
    let mut client = proxy("other");
    client.headers = headers.to_vec();
    let report = run(&client, &server, Version::Tls13).await;
    assert_eq!(report.outcome, Outcome::Answered(401));
    assert!(
        log(&report)
            .contains("err=\"[x509: subject with cn=other is not in the allowed list, verifying certificate")
    );

    // An ordinary certificate's headers are not looked at.
    let mut client = cluster.admin();
    client.headers = headers.to_vec();
    let report = run(&client, &server, Version::Tls13).await;
    assert_eq!(report.identity().unwrap().user, "kubernetes-admin");
}

#[tokio::test]
async fn a_certificate_without_a_common_name_is_nobody() {
    let cluster = Cluster::new();
    let nameless = cluster.ca.issue(&leaf("", "system:masters", &CLIENT, &[]));
    let client = cluster.client("admin", Some(nameless));
    let report = run(&client, &cluster.api_server(), Version::Tls13).await;
    assert_eq!(report.outcome, Outcome::Answered(403));
    assert_eq!(report.identity().unwrap().user, "system:anonymous");

    let report = run(&client, &cluster.api_server_with_front_proxy(), Version::Tls13).await;
    assert_eq!(report.outcome, Outcome::Answered(401));
    assert_eq!(
        log(&report),
        "\"Unable to authenticate the request\" err=\"x509: certificate signed by unknown authority\""
    );
}

#[tokio::test]
async fn without_a_client_authority_certificates_are_not_asked_for() {
    let cluster = Cluster::new();
    let server = ServerSide { client_roots: None, ..cluster.api_server() };
    let report = run(&cluster.admin(), &server, Version::Tls13).await;
    assert_eq!(report.outcome, Outcome::Answered(403));
    assert_eq!(report.identity().unwrap().user, "system:anonymous");
    assert!(!report.events.iter().any(|event| matches!(event.step, Step::CertificateRequest { .. })));
}

fn openssl(directory: &Path, arguments: &str) -> Output {
    let output = Command::new("openssl")
        .args(arguments.split_whitespace())
        .current_dir(directory)
        .output()
        .expect("openssl is needed for this test");
    assert!(output.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

/// As `openssl req -new` and `openssl x509 -req` make them without an extension file.
#[tokio::test]
async fn version_1_certificates_are_accepted() {
    let cluster = Cluster::new();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    for (key, name) in [("ca", "/CN=KUBERNETES-CA"), ("admin", "/O=system:masters/CN=kube-admin")] {
        openssl(path, &format!("genrsa -out {key}.key 2048"));
        openssl(path, &format!("req -new -config /dev/null -key {key}.key -subj {name} -out {key}.csr"));
    }
    openssl(path, "x509 -req -in ca.csr -signkey ca.key -days 3650 -outform DER -out ca.der");
    openssl(path, "x509 -inform DER -in ca.der -out ca.crt");
    openssl(
        path,
        "x509 -req -in admin.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 365 \
         -outform DER -out admin.der",
    );
    openssl(path, "pkey -in admin.key -outform DER -out admin.key.der");
    let read = |name: &str| std::fs::read(path.join(name)).unwrap();
    let credential = Credential { chain: vec![read("admin.der")], key: read("admin.key.der") };
    let roots = Arc::new(Roots::from_der([read("ca.der")]));
    assert!(roots.certificates()[0].version() < 3);

    for version in VERSIONS {
        let options = Options { version, ..Options::at(OffsetDateTime::now_utc()) };
        let server = ServerSide { client_roots: Some(Arc::clone(&roots)), ..cluster.api_server() };
        let client = cluster.client("admin", Some(credential.clone()));
        let report = connect(&client, &server, &options).await.unwrap();
        assert_eq!(report.outcome, Outcome::Answered(200), "{report:#?}");
        assert_eq!(report.identity().unwrap().user, "kube-admin");

        let etcd = ServerSide { client_roots: Some(Arc::clone(&roots)), ..cluster.etcd(ServerStyle::Etcd) };
        let client = cluster.etcd_client(Some(credential.clone()));
        let report = connect(&client, &etcd, &options).await.unwrap();
        assert_eq!(report.outcome, Outcome::Answered(200), "{report:#?}");

        // As a server's it names nobody: Go's legacy message, after its signature held.
        let server = ServerSide { credential: credential.clone(), ..cluster.api_server() };
        let mut client = cluster.admin();
        client.roots = Some(Arc::clone(&roots));
        let report = connect(&client, &server, &options).await.unwrap();
        assert!(report.client_prints.unwrap().contains(
            "x509: cannot validate certificate for 10.0.0.10 because it doesn't contain any IP SANs"
        ));
        client.roots = None;
        let report = connect(&client, &server, &options).await.unwrap();
        assert_eq!(report.outcome, Outcome::Answered(200));
    }
}

#[tokio::test]
async fn every_kind_of_key_can_be_used() {
    let cluster = Cluster::new();
    let algorithms = [
        &rcgen::PKCS_ECDSA_P256_SHA256,
        &rcgen::PKCS_ECDSA_P384_SHA384,
        &rcgen::PKCS_ECDSA_P521_SHA512,
        &rcgen::PKCS_ED25519,
        &rcgen::PKCS_RSA_SHA256,
    ];
    for algorithm in algorithms {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let params = leaf("x", "system:masters", &BOTH, &["10.0.0.10"]);
        let der = params.signed_by(&key, &cluster.ca.issuer).unwrap();
        let credential = Credential { chain: vec![der.der().to_vec()], key: key.serialize_der() };
        let client = cluster.client("admin", Some(credential.clone()));
        let server = ServerSide { credential, ..cluster.api_server() };
        for version in VERSIONS {
            let report = run(&client, &server, version).await;
            assert_eq!(report.outcome, Outcome::Answered(200), "{algorithm:?} {report:#?}");
        }
    }
}

#[tokio::test]
async fn what_cannot_be_tried_is_an_error() {
    let cluster = Cluster::new();
    let options = options(Version::Tls13);
    let mut client = cluster.admin();
    client.request = "nodes".into();
    let error = connect(&client, &cluster.api_server(), &options).await;
    assert!(matches!(error, Err(HandshakeError::Request { .. })));
    let mut client = cluster.admin();
    client.credential.as_mut().unwrap().key = vec![0x30, 0];
    let error = connect(&client, &cluster.api_server(), &options).await;
    assert!(matches!(error, Err(HandshakeError::Key { side: Side::Client, .. })));

    // A client that dials and says nothing.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let _silent = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let impatient = Options { timeout: Duration::from_millis(20), ..options };
    let served = serve_once(&listener, &cluster.api_server(), &impatient).await.unwrap();
    assert!(served.is_timed_out);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_connections_at_once_all_end() {
    let cluster = Cluster::new();
    let good = Arc::new(cluster.admin());
    let bad =
        Arc::new(cluster.etcd_client(Some(Authority::new("other").issue(&leaf("x", "", &CLIENT, &[])))));
    let api_server = Arc::new(cluster.api_server());
    let etcd = Arc::new(cluster.etcd(ServerStyle::Etcd));
    let tasks: Vec<_> = (0..200)
        .map(|number| {
            let (client, server) = match number % 2 {
                0 => (Arc::clone(&good), Arc::clone(&api_server)),
                _ => (Arc::clone(&bad), Arc::clone(&etcd)),
            };
            let options = options(VERSIONS[number / 2 % 2]);
            tokio::spawn(async move { connect(&client, &server, &options).await })
        })
        .collect();
    for (number, task) in tasks.into_iter().enumerate() {
        let report = task.await.unwrap().unwrap();
        match number % 2 {
            0 => assert_eq!(report.outcome, Outcome::Answered(200)),
            _ => assert_eq!(report.alert.unwrap().sent, AlertNumber::UNKNOWN_CA),
        }
    }
}

/// Runs a real client against our server.
async fn serve(server: &ServerSide, client: impl FnOnce(u16) -> Command) -> (Served, Output) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let mut command = client(listener.local_addr().unwrap().port());
    let mut running = tokio::task::spawn_blocking(move || command.output().expect("the client is needed"));
    // kubectl may ask for the server's version on a connection of its own first.
    let options = options(Version::Tls13);
    let mut last = None;
    let output = loop {
        let serving = serve_once(&listener, server, &options);
        tokio::pin!(serving);
        tokio::select! {
            served = &mut serving => last = Some(served.unwrap()),
            output = &mut running => {
                // What was under way still ends.
                if let Ok(served) = timeout(Duration::from_millis(100), serving).await {
                    last = Some(served.unwrap());
                }
                break output.unwrap();
            }
        }
    };
    (last.unwrap(), output)
}

fn pem(kind: &str, der: &[u8]) -> String {
    use base64::Engine as _;
    let body = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<&str> =
        body.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {kind}-----\n{}\n-----END {kind}-----\n", lines.join("\n"))
}

/// curl and openssl, the real ones, against our server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_clients_are_served_and_refused() {
    let cluster = Cluster::new();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().to_owned();
    let write = |name: &str, text: &str| std::fs::write(path.join(name), text).unwrap();
    let store = |name: &str, credential: &Credential| {
        write(&format!("{name}.crt"), &pem("CERTIFICATE", &credential.chain[0]));
        write(&format!("{name}.key"), &pem("PRIVATE KEY", &credential.key));
    };
    write("ca.crt", &pem("CERTIFICATE", &cluster.ca.der));
    write("etcd-ca.crt", &pem("CERTIFICATE", &cluster.etcd_ca.der));
    store("admin", &cluster.admin().credential.unwrap());
    store("stranger", &Authority::new("other").issue(&leaf("x", "system:masters", &CLIENT, &[])));
    let curl = |arguments: &'static str, url: &'static str| {
        let path = path.clone();
        move |port: u16| {
            let mut command = Command::new("curl");
            command
                .current_dir(path)
                .args(["-sS", "--max-time", "5"])
                .args(arguments.split_whitespace())
                .arg(format!("https://127.0.0.1:{port}{url}"));
            command
        }
    };
    let api_server = cluster.api_server_with_front_proxy();

    let (served, output) =
        serve(&api_server, curl("--cacert ca.crt --cert admin.crt --key admin.key", "/api/v1/nodes")).await;
    assert_eq!(served.response.unwrap().status, 200, "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("\"node01\""));

    let (served, output) =
        serve(&api_server, curl("--cacert ca.crt --cert stranger.crt --key stranger.key", "/version")).await;
    assert_eq!(served.response.unwrap().status, 401);
    assert!(String::from_utf8_lossy(&output.stdout).contains("\"reason\": \"Unauthorized\""));

    let (served, output) = serve(&api_server, curl("--cacert etcd-ca.crt", "/version")).await;
    assert_eq!(served.response, None);
    assert_eq!(served.alert.unwrap().sent, AlertNumber::UNKNOWN_CA);
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("curl: (60)"));
    assert!(served.server_log.unwrap().line.ends_with("remote error: tls: unknown certificate authority"));

    let etcd = cluster.etcd(ServerStyle::Etcd);
    for (arguments, words) in [("--tls-max 1.2", "alert unknown ca"), ("", "tlsv1 alert unknown ca")] {
        let (served, output) = serve(&etcd, |port| {
            let mut command =
                curl("--cacert etcd-ca.crt --cert stranger.crt --key stranger.key", "/health")(port);
            command.args(arguments.split_whitespace());
            command
        })
        .await;
        assert_eq!(served.alert.unwrap().sent, AlertNumber::UNKNOWN_CA);
        let printed = String::from_utf8_lossy(&output.stderr);
        assert!(printed.contains(words), "{printed}");
    }
    let (_, output) = serve(&etcd, curl("--cacert etcd-ca.crt", "/health")).await;
    let printed = String::from_utf8_lossy(&output.stderr);
    assert!(printed.contains("alert certificate required"), "{printed}");

    let (_, output) = serve(&api_server, |port| {
        let mut command = Command::new("openssl");
        command
            .current_dir(&path)
            .args(["s_client", "-CAfile", "ca.crt", "-connect"])
            .arg(format!("127.0.0.1:{port}"))
            .stdin(std::process::Stdio::null());
        command
    })
    .await;
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(
        printed.contains("Acceptable client certificate CA names\nCN = kubernetes\nCN = front-proxy-ca"),
        "{printed}"
    );
    assert!(printed.contains("Verify return code: 0 (ok)"), "{printed}");
}

/// What we say that kubectl prints is what kubectl prints.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kubectl_prints_what_we_say() {
    let cluster = Cluster::new();
    let directory = tempfile::tempdir().unwrap();
    let stranger = Authority::new("kubernetes");
    let good = cluster.api_server_with_front_proxy();
    let with = |credential: Credential| ServerSide { credential, ..cluster.api_server() };
    let names = ["127.0.0.1"];
    let mut unparsable = good.credential.clone();
    unparsable.chain[0].push(0);
    let mut other_key = good.credential.clone();
    other_key.key = KeyPair::generate().unwrap().serialize_der();
    let admin = cluster.admin().credential.unwrap();
    let nobody = cluster.ca.issue(&leaf("jane", "dev", &CLIENT, &[]));
    let outsider = stranger.issue(&leaf("kubernetes-admin", "system:masters", &CLIENT, &[]));
    let cases: Vec<(&str, Credential, ServerSide)> = vec![
        ("GET /version", outsider, good.clone()),
        ("GET /api/v1/nodes", nobody.clone(), good.clone()),
        ("GET /metrics", nobody.clone(), good.clone()),
        ("GET /api/v1/namespaces/kube-system/secrets/x", nobody, good.clone()),
        ("GET /version", admin.clone(), with(cluster.ca.issue(&leaf("x", "", &SERVER, &["10.0.0.10"])))),
        ("GET /version", admin.clone(), with(cluster.ca.issue(&leaf("x", "", &SERVER, &["cp1"])))),
        ("GET /version", admin.clone(), with(cluster.ca.issue(&leaf("127.0.0.1", "", &SERVER, &[])))),
        ("GET /version", admin.clone(), with(cluster.ca.issue(&leaf("x", "", &CLIENT, &names)))),
        ("GET /version", admin.clone(), with(cluster.etcd_ca.issue(&leaf("x", "", &SERVER, &names)))),
        ("GET /version", admin.clone(), with(stranger.issue(&leaf("x", "", &SERVER, &names)))),
        ("GET /version", admin.clone(), with(unparsable)),
        ("GET /version", admin, with(other_key)),
    ];
    for (request, credential, server) in cases {
        let mut client = cluster.client("admin", Some(credential.clone()));
        client.server_name = "127.0.0.1".parse().unwrap();
        client.request = request.into();
        let report = run(&client, &server, Version::Tls13).await;

        let path = directory.path().to_owned();
        std::fs::write(path.join("ca.crt"), pem("CERTIFICATE", &cluster.ca.der)).unwrap();
        std::fs::write(path.join("c.crt"), pem("CERTIFICATE", &credential.chain[0])).unwrap();
        std::fs::write(path.join("c.key"), pem("PRIVATE KEY", &credential.key)).unwrap();
        let (served, output) = serve(&server, |port| {
            let mut command = Command::new("kubectl");
            command
                .current_dir(&path)
                .env("HOME", &path)
                .env("KUBECONFIG", "/dev/null")
                .args(["--certificate-authority=ca.crt", "--client-certificate=c.crt"])
                .args(["--client-key=c.key", "--request-timeout=5s"])
                .arg(format!("--server=https://127.0.0.1:{port}"))
                .args(["get", "--raw", request.split_once(' ').unwrap().1]);
            command
        })
        .await;
        let printed = String::from_utf8_lossy(&output.stderr);
        let printed = printed.trim_end().lines().last().unwrap_or_default();
        assert_eq!(Some(printed), report.client_prints.as_deref());
        // Older Go sends bad_certificate for what does not parse.
        let go = report.alert.map(|alert| alert.go);
        if go != Some(AlertNumber::DECODE_ERROR) {
            assert_eq!(served.alert.map(|alert| alert.sent), go);
        }
    }
}
