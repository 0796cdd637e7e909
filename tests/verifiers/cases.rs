//! What each row of the table stands for.

use dojang::blueprint::{Subject, Usage};
use dojang::pki::{
    Extension, Flaws, PrivateKey, RevocationList, Revoked, SignatureAlgorithm, extension, name,
    revocation_list,
};
use dojang::trust::pem_certificates;

use super::plan::*;
use super::{NOW, Side};

const AUTHORITY: &str = "kubernetes-ca";

/// What the presenter's key proves in a handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proof {
    /// That it is the certificate's.
    Good,
    /// Nothing: it is another certificate's.
    OtherKey,
    /// That it is the certificate's, but webpki takes no RSA key of 1024 bits.
    ShortKey,
}

impl Proof {
    /// What webpki makes of a signature with that key, which rustls names so.
    pub(crate) fn webpki(self) -> &'static str {
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let algorithms = provider.signature_verification_algorithms.mapping;
        let verifies = |scheme, key: &[u8], signature: &[u8]| {
            let (_, algorithms) = algorithms.iter().find(|(known, _)| *known == scheme).unwrap();
            algorithms[0].verify_signature(key, b"dojang", signature).is_ok()
        };
        let good = match self {
            Self::Good => true,
            Self::OtherKey => {
                let (mine, other) = (key(), key());
                let signature = other.sign(b"dojang").unwrap();
                verifies(
                    rustls::SignatureScheme::ECDSA_NISTP256_SHA256,
                    bits(mine.public_key_info()),
                    &signature,
                )
            }
            Self::ShortKey => {
                let leaf = &fixture("rsa1024-leaf")[0];
                let info = dojang::trust::Certificate::parse(leaf).unwrap().public_key_info().to_vec();
                let signature = std::fs::read(path("rsa1024-leaf.sig")).unwrap();
                verifies(rustls::SignatureScheme::RSA_PSS_SHA256, bits(&info), &signature)
            }
        };
        if good { "ok" } else { "BadSignature" }
    }
}

/// The bits of a public key without their algorithm.
fn bits(info: &[u8]) -> &[u8] {
    x509_parser::prelude::FromDer::from_der(info)
        .map(|(_, info): (_, x509_parser::x509::SubjectPublicKeyInfo<'_>)| info.subject_public_key.data)
        .map(|data| match data {
            std::borrow::Cow::Borrowed(data) => data,
            std::borrow::Cow::Owned(_) => panic!("borrowed"),
        })
        .unwrap()
}

/// A chain, who is trusted, and what is asked.
pub(crate) struct Case {
    pub(crate) chain: Vec<Vec<u8>>,
    pub(crate) roots: Vec<Vec<u8>>,
    pub(crate) lists: Vec<Vec<u8>>,
    pub(crate) proof: Proof,
    asked: String,
}

fn path(file: &str) -> String {
    format!("{}/tests/fixtures/verifiers/{file}", env!("CARGO_MANIFEST_DIR"))
}

fn fixture(file: &str) -> Vec<Vec<u8>> {
    pem_certificates(&std::fs::read(path(&format!("{file}.crt"))).unwrap())
}

impl Case {
    /// Only a client asks for a name.
    pub(crate) fn name(&self, side: Side) -> Option<&str> {
        (side == Side::S).then_some(self.asked.as_str())
    }

    fn new(chain: Vec<Vec<u8>>, roots: Vec<Vec<u8>>) -> Self {
        Self { chain, roots, lists: Vec::new(), proof: Proof::Good, asked: SERVER.to_owned() }
    }

    fn asking(mut self, name: &str) -> Self {
        self.asked = name.to_owned();
        self
    }

    fn proving(mut self, proof: Proof) -> Self {
        self.proof = proof;
        self
    }

    /// A chain of OpenSSL's.
    fn recorded(leaf: &str, authority: &str) -> Self {
        Self::new(fixture(leaf), fixture(authority))
    }

    /// What the row of this name stands for.
    pub(crate) fn make(fault: &str, side: Side) -> Self {
        let (ca, leaf) = (key(), key());
        let root = Plan::authority(AUTHORITY, AUTHORITY, &ca, &ca);
        let good = Plan::leaf(AUTHORITY, side, &leaf, &ca);
        // A leaf that differs, under a healthy root.
        let one = |plan: Plan| Self::new(vec![plan.by(&ca)], vec![root.by(&ca)]);
        // A healthy leaf under a root that differs.
        let under = |root: Plan| Self::new(vec![good.by(&ca)], vec![root.by(&ca)]);
        let named = |san: &str, asked: &str| one(good.clone().with(dns(&[san]))).asking(asked);
        let path_0 = raw(BASIC_CONSTRAINTS, true, &[0x30, 6, 1, 1, 0xff, 2, 1, 0]);
        match fault {
            "ok" => one(good),
            "expired" => one(good.expired()),
            "not_yet_valid" => one(good.between(NOW + DAY, NOW + DAY * 10)),
            "nb_after_na" => one(good.between(NOW + DAY, NOW - DAY)),
            "unknown_ca(other name)" => {
                let other = key();
                let plan = Plan::leaf("another-ca", side, &leaf, &other);
                Self::new(vec![plan.by(&other)], vec![root.by(&ca)])
            }
            "unknown_ca(same name, other key)" => {
                let other = key();
                let plan = Plan::leaf(AUTHORITY, side, &leaf, &other);
                Self::new(vec![plan.by(&other)], vec![root.by(&ca)])
            }
            "unknown_ca(same name, other key, no AKI)" => {
                Self::new(vec![good.without(AUTHORITY_KEY).by(&key())], vec![root.by(&ca)])
            }
            "self_signed leaf, not trusted" => {
                let plan = Plan::leaf("leaf", side, &leaf, &leaf);
                Self::new(vec![plan.by(&leaf)], vec![root.by(&ca)])
            }
            "self_signed leaf(CA:FALSE), in roots" => {
                let der = Plan::leaf("leaf", side, &leaf, &leaf).by(&leaf);
                Self::new(vec![der.clone()], vec![der])
            }
            "self_signed CA:TRUE as leaf, in roots" => {
                let plan = Plan::leaf("leaf", side, &leaf, &leaf).with(extension::basic_constraints(true));
                let der = plan.with(extension::key_usage(&[0, 5])).by(&leaf);
                Self::new(vec![der.clone()], vec![der])
            }
            "leaf has CA:TRUE" => one(good.with(extension::basic_constraints(true))),
            "no EKU" => one(good.without(EXTENDED_KEY_USAGE)),
            "wrong EKU only" => one(good.with(other_usage(side))),
            "both EKU" => one(good.with(extension::extended_key_usage(&[Usage::Server, Usage::Client]))),
            "EKU any" => {
                one(good.with(raw(EXTENDED_KEY_USAGE, false, &[0x30, 6, 6, 4, 0x55, 0x1d, 0x25, 0])))
            }
            "EKU empty seq" => one(good.with(raw(EXTENDED_KEY_USAGE, false, &[0x30, 0]))),
            "KU keyCertSign only on leaf" => one(good.with(extension::key_usage(&[5]))),
            "no KU" => one(good.without(KEY_USAGE)),
            "CA no basicConstraints (v3, SKI only)" => {
                under(root.clone().bare().with(extension::subject_key_identifier(&ca.identifier())))
            }
            "CA is X.509 v1" => under(root.clone().version_1()),
            "CA BC CA:FALSE" => under(root.clone().with(extension::basic_constraints(false))),
            "CA KU without keyCertSign" => under(root.clone().with(extension::key_usage(&[0, 6]))),
            "CA (root) expired" => under(root.clone().expired()),
            "root EKU=wrong only" => under(root.clone().with(other_usage(side))),
            "nameConstraints permitted other.org (root)" => {
                under(root.clone().with(constraint(0, "other.org")))
            }
            "root included in chain" => {
                let der = root.by(&ca);
                Self::new(vec![good.by(&ca), der.clone()], vec![der])
            }
            "leaf v1 (no extensions)" => one(good.version_1()),
            "leaf v3, no extensions" => one(good.bare()),
            "serial negative" => one(good.flawed(Flaws { negative_serial: true, ..Flaws::default() })),
            "serial zero" => one(good.serial(&[0])),
            "serial 21 bytes" => one(good.serial(&[0x7f; 21])),
            "unknown critical ext" => {
                let unknown = Extension { oid: vec![1, 2, 3, 4], critical: true, value: vec![5, 0] };
                one(good.with(unknown))
            }
            "duplicate KU ext" => {
                let mut plan = good;
                plan.template.extensions.push(extension::key_usage(&[0]));
                one(plan)
            }
            "AKI mismatch only" => one(good.with(extension::authority_key_identifier(&[1; 20]))),
            "signature bit flip" => one(good.flawed(Flaws { spoiled_signature: true, ..Flaws::default() })),
            "trailing byte after DER" => {
                let mut case = one(good);
                case.chain[0].push(0);
                case
            }
            "inner/outer sigalg differ" => {
                let sha_384 = SignatureAlgorithm { oid: &[1, 2, 840, 10045, 4, 3, 3], null: false };
                one(good.flawed(Flaws { outer_algorithm: Some(sha_384), ..Flaws::default() }))
            }
            "private key does not match cert (wire)" => one(good).proving(Proof::OtherKey),
            "RSA-1024 leaf key" => Self::recorded("rsa1024-leaf", "rsa1024-leaf-ca").proving(Proof::ShortKey),
            "CA key RSA-1024" => Self::recorded("rsa1024-ca", "rsa1024-ca-ca"),
            "leaf signed ecdsa-with-SHA1" => Self::recorded("ecdsa-sha1", "ecdsa-sha1-ca"),
            "leaf signed sha1WithRSA" => Self::recorded("rsa-sha1", "rsa-sha1-ca"),
            "leaf signed md5WithRSA" => Self::recorded("rsa-md5", "rsa-md5-ca"),
            "leaf signed RSA-2048 sha256 (control)" => Self::recorded("rsa-sha256", "rsa-sha256-ca"),
            "CA by openssl3.0 req -new + x509 -req -signkey" => Self::recorded("lecture", "lecture-ca"),
            "leaf by openssl3.0 x509 -req -CA (no extfile)" => Self::recorded("lecture-v1", "lecture-ca"),
            "no SAN (CN only=dns)" => one(good.called(SERVER).without(ALTERNATIVE_NAMES)),
            "wrong SAN" => named("etcd", SERVER),
            "DNS SAN only, connect by IP" => one(good).asking("127.0.0.1"),
            "DNS SAN holds '127.0.0.1' string, connect by IP" => named("127.0.0.1", "127.0.0.1"),
            "IP SAN, connect by IP ok" => one(good.with(addresses(&["127.0.0.1"]))).asking("127.0.0.1"),
            "IP SAN wrong" => one(good.with(addresses(&["10.0.0.1"]))).asking("127.0.0.1"),
            "IP SAN only, connect by DNS" => one(good.called(SERVER).with(addresses(&["127.0.0.1"]))),
            "wildcard *.svc.local vs a.svc.local" => named("*.svc.local", "a.svc.local"),
            "wildcard *.svc.local vs a.b.svc.local" => named("*.svc.local", "a.b.svc.local"),
            "wildcard *.svc.local vs svc.local" => named("*.svc.local", "svc.local"),
            "partial wildcard a*.svc.local vs ab.svc.local" => named("a*.svc.local", "ab.svc.local"),
            "wildcard *.local vs svc.local" => named("*.local", "svc.local"),
            "case KUBE-apiserver" => named("KUBE-apiserver", SERVER),
            "trailing dot in ServerName" => named("a.svc.local", "a.svc.local."),
            "trailing dot in SAN" => named("a.svc.local.", "a.svc.local"),
            "underscore name" => named("a_b.svc.local", "a_b.svc.local"),
            "URI SAN only" => {
                let uri = b"spiffe://cluster.local/api";
                let length = u8::try_from(uri.len()).unwrap();
                let value = [&[0x30, length + 2, 0x86, length], uri.as_slice()].concat();
                one(good.called(SERVER).with(raw(ALTERNATIVE_NAMES, false, &value)))
            }
            fault if fault.starts_with("CRL ") => Self::revoked(fault, one(good), &ca),
            _ => Self::with_intermediates(fault, side, &root, &ca, path_0),
        }
    }

    fn with_intermediates(fault: &str, side: Side, root: &Plan, ca: &PrivateKey, path_0: Extension) -> Self {
        let (middle, leaf) = (key(), key());
        let good = Plan::leaf("intermediate", side, &leaf, &middle).by(&middle);
        let intermediate = Plan::authority("intermediate", AUTHORITY, &middle, ca);
        let via = |plan: Plan| Self::new(vec![good.clone(), plan.by(ca)], vec![root.by(ca)]);
        match fault {
            "via intermediate ok" => via(intermediate),
            "intermediate missing" => Self::new(vec![good.clone()], vec![root.by(ca)]),
            "intermediate CA:FALSE" => via(intermediate.with(extension::basic_constraints(false))),
            "intermediate no BC" => via(intermediate.without(BASIC_CONSTRAINTS)),
            "intermediate KU no keyCertSign" => via(intermediate.with(extension::key_usage(&[0, 6]))),
            "intermediate EKU wrong" => via(intermediate.with(other_usage(side))),
            "intermediate expired" => via(intermediate.expired()),
            "nameConstraints permitted other.org (int)" => via(intermediate.with(constraint(0, "other.org"))),
            "nameConstraints excluded kube-apiserver (int)" => via(intermediate.with(constraint(1, SERVER))),
            "pathlen: root pathlen 0 + intermediate" => {
                Self::new(vec![good.clone(), intermediate.by(ca)], vec![root.clone().with(path_0).by(ca)])
            }
            "pathlen: int pathlen 0 + int2" => {
                let second = key();
                let leaf = Plan::leaf("intermediate-2", side, &leaf, &second).by(&second);
                let lower = Plan::authority("intermediate-2", "intermediate", &second, &middle).by(&middle);
                Self::new(vec![leaf, lower, intermediate.with(path_0).by(ca)], vec![root.by(ca)])
            }
            _ => panic!("what is `{fault}`?"),
        }
    }

    fn revoked(fault: &str, mut case: Self, ca: &PrivateKey) -> Self {
        let other = key();
        let (issuer, signer) = match fault {
            "CRL of another CA only" => ("another-ca", &other),
            "CRL signed by wrong key" => (AUTHORITY, &other),
            _ => (AUTHORITY, ca),
        };
        let expired = fault.contains("expired");
        let is_listed = fault.ends_with("revoked") && !fault.contains("not revoked");
        let list = RevocationList {
            issuer: name(&Subject::named(issuer)),
            key_identifier: Some(signer.identifier()),
            number: 1,
            this_update: NOW - DAY * 5,
            next_update: if expired { NOW - DAY } else { NOW + DAY },
            revoked: is_listed
                .then(|| Revoked { serial: vec![0x2a], since: NOW - DAY * 6 })
                .into_iter()
                .collect(),
        };
        case.lists.push(revocation_list(&list, signer).unwrap());
        case
    }
}
