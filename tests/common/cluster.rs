//! A bare cluster for tests, and identities that it knows.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use dojang::blueprint::{KeyAlgorithm, Subject, Usage};
use dojang::clock::Clock;
use dojang::cluster::{AccountKey, Anchors, Cluster, Request, Response, Settings, Signer};
use dojang::pki::{self, AuthorityRequest, BasicConstraints, Issuer, LeafRequest, PrivateKey};
use dojang::trust::{Roots, Sent};
use dojang::x509;
use time::{Duration, OffsetDateTime};

/// A CA, and a cluster that believes it.
pub(crate) struct Bench {
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) authority: Vec<u8>,
    key: PrivateKey,
    chains: Mutex<HashMap<String, Sent>>,
}

fn authority(name: &str) -> (Vec<u8>, PrivateKey) {
    let key = PrivateKey::generate(KeyAlgorithm::P256).unwrap();
    let now = OffsetDateTime::now_utc();
    let request = AuthorityRequest {
        subject: Subject::named(name),
        dns_names: Vec::new(),
        basic_constraints: BasicConstraints::Authority,
        may_sign: true,
        version_1: false,
        not_before: now - Duration::hours(1),
        not_after: now + Duration::days(30),
    };
    (pki::authority_certificate(&request, &key).unwrap(), key)
}

impl Bench {
    /// A cluster, bare or with controllers, on a journal if one is given.
    pub(crate) fn new(bare: bool, journal: Option<&Path>) -> Self {
        let (certificate, key) = authority("kubernetes");
        Self::with(bare, journal, certificate, key)
    }

    /// The same with the CA of an earlier one.
    pub(crate) fn with(bare: bool, journal: Option<&Path>, certificate: Vec<u8>, key: PrivateKey) -> Self {
        let again = || PrivateKey::from_pem(key.to_pem().as_bytes()).unwrap();
        let settings = Settings {
            clock: Clock::System,
            bare,
            server_address: "127.0.0.1:16443".into(),
            service_address: Some("10.96.0.1".parse().unwrap()),
            anchors: Anchors {
                clients: Some(Arc::new(Roots::from_der([&certificate]))),
                front_proxies: None,
                allowed_names: Vec::new(),
            },
            accounts: Some(AccountKey::new(again(), "https://kubernetes.default.svc.cluster.local")),
            signer: Some(Signer::new(certificate.clone(), again())),
            objects: Vec::new(),
        };
        let (cluster, notices) = Cluster::open(settings, journal).unwrap();
        assert!(notices.is_empty(), "{notices:?}");
        Self { cluster, authority: certificate, key, chains: Mutex::default() }
    }

    /// The chain of a client whose subject is written as openssl's `-subj`.
    pub(crate) fn chain(&self, subject: &str) -> Sent {
        if subject.is_empty() {
            return Sent::default();
        }
        let mut chains = self.chains.lock().unwrap();
        chains.entry(subject.to_owned()).or_insert_with(|| Sent::parse([self.issue(subject).0])).clone()
    }

    /// A new certificate and key for a subject.
    pub(crate) fn issue(&self, subject: &str) -> (Vec<u8>, PrivateKey) {
        let mut named = Subject::named("");
        for part in subject.split('/').filter(|part| !part.is_empty()) {
            let (key, value) = part.split_once('=').unwrap();
            match key {
                "CN" => named.common_name = value.into(),
                "O" => named.organizations.push(value.into()),
                "OU" => named.organizational_units.push(value.into()),
                _ => panic!("{key}"),
            }
        }
        let fields = x509::issuer_fields(&self.authority).unwrap();
        let issuer =
            Issuer { subject: fields.subject, key_identifier: fields.key_identifier, key: &self.key };
        let now = OffsetDateTime::now_utc();
        let request = LeafRequest {
            subject: named,
            names: Vec::new(),
            usages: vec![Usage::Client],
            not_before: now - Duration::minutes(5),
            not_after: now + Duration::days(1),
            version_1: false,
        };
        let key = PrivateKey::generate(KeyAlgorithm::P256).unwrap();
        (pki::leaf_certificate(&request, key.public_key_info(), &issuer).unwrap(), key)
    }

    /// What a client with this subject is answered.
    pub(crate) fn ask(&self, subject: &str, request: &Request) -> Response {
        self.cluster.handle(&self.chain(subject), request)
    }

    /// Applies YAML documents as an administrator.
    pub(crate) fn apply(&self, yaml: &str) {
        for object in dojang::access::objects_from_yaml(yaml).unwrap() {
            let version = object.text("apiVersion");
            let root = if version.contains('/') { "apis" } else { "api" };
            let kind = object.text("kind");
            let plural = dojang::access::named_resource(kind).unwrap().1;
            let namespace = match object.text("metadata.namespace") {
                "" => String::new(),
                namespace => format!("/namespaces/{namespace}"),
            };
            let target =
                format!("/{root}/{version}{namespace}/{plural}?fieldManager=kubectl-client-side-apply");
            let mut object = object.clone();
            let note = "kubectl.kubernetes.io/last-applied-configuration";
            let applied = object.compact();
            object.path_mut(&["metadata", "annotations"]).set(note, applied);
            let request = Request::new("POST", &target).with_body("application/json", object.compact());
            let response = self.ask(ADMIN, &request);
            assert_eq!(response.status, 201, "{target}: {}", response.text());
        }
    }
}

/// Who may do everything.
pub(crate) const ADMIN: &str = "/O=system:masters/CN=kubernetes-super-admin";
