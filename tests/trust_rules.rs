//! Rules of the verifier that the recorded chains touch little: keys and hashes of its own
//! arithmetic, policies, bounded work, the shape of a verdict, and that no bytes make it
//! panic. The certificates in `fixtures/trust` were made with OpenSSL 3.0.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use dojang::trust::{
    AttributeValue, Certificate, Outcome, Purpose, Question, RefusalKind, Roots, Rule, Sent, Verdict, verify,
};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use time::OffsetDateTime;
use time::macros::datetime;

fn read(file: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/fixtures/{file}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// The DER of one of OpenSSL's certificates.
fn der(name: &str) -> Vec<u8> {
    let roots = Roots::from_pem(&read(&format!("trust/{name}.crt")));
    roots.certificates()[0].der().to_vec()
}

const NOW: OffsetDateTime = datetime!(2030-01-01 00:00 UTC);

fn judge(chain: &[Vec<u8>], roots: &Roots, name: Option<&str>) -> Verdict {
    let chain = &Sent::parse(chain);
    verify(&Question { chain, roots, purpose: Purpose::Server, name, time: NOW })
}

fn message(verdict: &Verdict) -> &str {
    verdict.refusal.as_ref().map_or("", |refusal| refusal.message.as_str())
}

#[test]
fn signatures_that_the_library_does_not_offer_are_checked() {
    for (leaf, authority) in [
        ("p224-leaf", "p224"),
        ("rsa1024-sha384", "rsa1024"),
        ("rsa1024-pss", "rsa1024"),
        ("rsa1024-pss512", "rsa1024"),
    ] {
        let roots = Roots::from_der([der(authority)]);
        let good = der(leaf);
        let verdict = judge(std::slice::from_ref(&good), &roots, Some("leaf"));
        assert_eq!(message(&verdict), "", "{leaf}");
        assert_eq!(verdict.path, [format!("CN={leaf}"), format!("CN={authority}")]);

        let mut bad = good;
        *bad.last_mut().unwrap() ^= 1;
        let verdict = judge(&[bad], &roots, None);
        let cause = match authority {
            "p224" => "x509: ECDSA verification failure",
            _ => "crypto/rsa: verification error",
        };
        assert_eq!(
            message(&verdict),
            format!(
                "x509: certificate signed by unknown authority (possibly because of \"{cause}\" \
                 while trying to verify candidate authority certificate \"{authority}\")"
            )
        );
    }
}

#[test]
fn large_exponents_are_refused() {
    let roots = Roots::from_der([der("bige")]);
    let verdict = judge(&[der("bige-leaf")], &roots, None);
    assert_eq!(
        message(&verdict),
        "x509: certificate signed by unknown authority (possibly because of \
         \"crypto/rsa: public exponent too large\" while trying to verify candidate authority \
         certificate \"bige\")"
    );
}

#[test]
fn policies_are_demanded_where_an_authority_requires_them() {
    let roots = Roots::from_der([der("pol")]);
    let verdict = |leaf| judge(&[der(leaf), der("pol-int")], &roots, None);
    assert_eq!(message(&verdict("pol-same")), "");
    for refused in ["pol-none", "pol-other"] {
        let verdict = verdict(refused);
        assert_eq!(
            message(&verdict),
            "x509: no valid chains built: 1 candidate chains with invalid policies"
        );
        assert_eq!(verdict.failed().unwrap().rule, Rule::Policies);
    }
}

#[test]
fn a_refusal_names_the_check_and_what_it_looked_at() {
    let roots = Roots::from_der([der("pol")]);
    let verdict = judge(&[der("pol-same"), der("pol-int")], &roots, Some("other"));
    let check = verdict.failed().unwrap();
    assert_eq!((check.rule, check.outcome), (Rule::Name, Outcome::Fail));
    assert_eq!(check.evidence, "asked other; SAN DNS:leaf");
    assert_eq!(message(&verdict), "x509: certificate is valid for leaf, not other");
    let outcomes: Vec<Outcome> = verdict.checks.iter().map(|check| check.outcome).collect();
    assert!(outcomes[..3].iter().all(|&outcome| outcome == Outcome::Pass));
    assert!(outcomes[4..].iter().all(|&outcome| outcome == Outcome::NotReached));

    let unasked = judge(&[der("pol-same"), der("pol-int")], &roots, None);
    let evidence = |rule| {
        let check = unasked.checks.iter().find(|check| check.rule == rule);
        check.unwrap().evidence.as_str()
    };
    assert_eq!(evidence(Rule::Name), "none asked");
    assert_eq!(evidence(Rule::Issuer), "issuer CN=pol-int; issuer CN=pol");
    assert_eq!(
        evidence(Rule::PathLength),
        "CN=pol-int: pathlen none, intermediates 0; CN=pol: pathlen none, intermediates 1"
    );
}

#[test]
fn a_broken_signature_is_told_from_a_right_that_is_missing() {
    // A leaf is no authority, yet its key may have signed.
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![]).unwrap();
    params.distinguished_name.push(DnType::CommonName, "no authority");
    params.is_ca = IsCa::ExplicitNoCa;
    let parent = params.self_signed(&key).unwrap();
    let child_key = KeyPair::generate().unwrap();
    let child = CertificateParams::new(vec!["a".to_owned()])
        .unwrap()
        .signed_by(&child_key, &Issuer::new(params, key))
        .unwrap();
    let roots = Roots::from_der([parent.der()]);
    let verdict = judge(&[child.der().to_vec()], &roots, None);
    assert_eq!(verdict.failed().unwrap().rule, Rule::Authority);
    assert_eq!(verdict.refusal.as_ref().unwrap().kind, RefusalKind::UnknownAuthority);
    let issuer = verdict.checks.iter().find(|check| check.rule == Rule::Issuer);
    assert_eq!(issuer.unwrap().outcome, Outcome::Pass);
}

#[test]
fn work_is_bounded_by_the_number_of_signature_checks() {
    let authority = |key: &KeyPair| {
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.distinguished_name.push(DnType::CommonName, "same");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(key).unwrap();
        (params, certificate)
    };
    let key = KeyPair::generate().unwrap();
    let (params, _) = authority(&key);
    let leaf_key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec!["a".to_owned()])
        .unwrap()
        .signed_by(&leaf_key, &Issuer::new(params, key))
        .unwrap();
    let mut chain = vec![leaf.der().to_vec()];
    for _ in 0..101 {
        let (_, certificate) = authority(&KeyPair::generate().unwrap());
        chain.push(certificate.der().to_vec());
    }
    let verdict = judge(&chain, &Roots::default(), None);
    assert_eq!(
        message(&verdict),
        "x509: signature check attempts limit reached while verifying certificate chain"
    );
}

/// How many candidates' signatures were checked, of those that the verdict tells of.
fn checked(verdict: &Verdict) -> usize {
    let unchecked = [
        "x509: signature check attempts limit reached while verifying certificate chain",
        "the candidate is in the chain already",
    ];
    let is_checked = |path: &&dojang::trust::Path| {
        let reason = path.dropped.as_ref().map_or("", |dropped| dropped.reason.as_str());
        path.certificates.len() > 1 && !unchecked.contains(&reason)
    };
    verdict.paths.iter().filter(is_checked).count()
}

#[test]
fn many_roots_and_intermediates_cost_no_more_than_the_limit() {
    let authority = |key: &KeyPair, name: &str| {
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        (params.clone(), params.self_signed(key).unwrap())
    };
    let keys: Vec<KeyPair> = (0..100).map(|_| KeyPair::generate().unwrap()).collect();
    let leaf = |issuer: &KeyPair| {
        let (params, _) = authority(issuer, "same");
        let issuer = Issuer::new(params, issuer);
        CertificateParams::new(vec!["a".to_owned()])
            .unwrap()
            .signed_by(&KeyPair::generate().unwrap(), &issuer)
            .unwrap()
    };
    // The right one of a hundred roots of one name is the last.
    let roots = Roots::from_der(keys.iter().map(|key| authority(key, "same").1.der().to_vec()));
    let verdict = judge(&[leaf(keys.last().unwrap()).der().to_vec()], &roots, Some("a"));
    assert_eq!((message(&verdict), checked(&verdict)), ("", 100));

    // A thousand intermediates of one name, each signed by every other's key in turn.
    let mut chain = vec![leaf(&keys[0]).der().to_vec()];
    for number in 0..1000usize {
        let (mut params, _) = authority(&keys[0], "same");
        params.subject_alt_names = vec![rcgen::SanType::DnsName(format!("n{number}").try_into().unwrap())];
        let issuer = Issuer::new(authority(&keys[(number + 1) % 100], "same").0, &keys[(number + 1) % 100]);
        chain.push(params.signed_by(&keys[number % 100], &issuer).unwrap().der().to_vec());
    }
    let begun = std::time::Instant::now();
    let verdict = judge(&chain, &Roots::default(), Some("a"));
    assert!(!verdict.is_accepted());
    assert!(checked(&verdict) <= dojang::trust::SIGNATURE_CHECKS, "{}", checked(&verdict));
    assert!(begun.elapsed() < std::time::Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[test]
fn nothing_sent_is_refused() {
    let verdict = judge(&[], &Roots::default(), None);
    assert_eq!(message(&verdict), "tls: received empty certificates message");
    assert_eq!(verdict.checks.len(), Rule::ALL.len());
    assert_eq!(verdict.failed().unwrap().rule, Rule::Parse);
}

#[test]
fn certificates_tell_their_fields() {
    let roots = Roots::from_pem(&read("trust/pol-int.crt"));
    let certificate = &roots.certificates()[0];
    assert_eq!(certificate.version(), 3);
    assert_eq!(certificate.serial(), "7");
    assert_eq!(certificate.subject().common_name(), "pol-int");
    assert_eq!(certificate.issuer().to_string(), "CN=pol");
    assert_eq!(certificate.key_algorithm().to_string(), "ECDSA P-256");
    assert!(certificate.is_ca());
    let attribute = &certificate.subject().attributes()[0];
    assert_eq!(attribute.oid, "2.5.4.3");
    assert_eq!(attribute.value, AttributeValue::Text("pol-int".to_owned()));
    assert_eq!(certificate.key_usage().names().collect::<Vec<_>>(), ["keyCertSign"]);
}

#[test]
fn roots_are_read_from_pem_as_go_reads_them() {
    let one = String::from_utf8(read("trust/pol.crt")).unwrap();
    let other = String::from_utf8(read("trust/p224.crt")).unwrap();
    let count = |pem: &str| Roots::from_pem(pem.as_bytes()).certificates().len();
    assert_eq!(count(&format!("text\n{one}more\n{one}{other}")), 2);
    assert_eq!(count(&one.replace('\n', "\r\n")), 1);
    assert_eq!(count(&one.replace("CERTIFICATE", "TRUSTED CERTIFICATE")), 0);
    let broken = one.replace("-----END CERTIFICATE-----\n", "");
    assert_eq!(count(&broken), 0);
    assert_eq!(count(&format!("{broken}\n{other}")), 1);
    let headed = one.replacen("-----\n", "-----\nA: b\n\n", 1);
    assert_eq!(count(&headed), 0);
}

/// Certificates to be mutated, all sorts of them.
fn samples() -> Vec<Vec<u8>> {
    let text = String::from_utf8(read("go-verify/cases.jsonl")).unwrap();
    text.lines()
        .flat_map(|line| {
            let case: serde_json::Value = serde_json::from_str(line).unwrap();
            ["leaf", "roots"].map(|field| Roots::from_pem(case[field].as_str().unwrap().as_bytes()))
        })
        .flat_map(|roots| roots.certificates().to_vec())
        .map(|certificate| certificate.der().to_vec())
        .collect()
}

/// Everything that can be asked of a certificate and a verdict.
fn exercise(der: &[u8], name: &str) {
    let trusted = Roots::from_der([der]);
    for roots in [&trusted, &Roots::default()] {
        for chain in [vec![der.to_vec()], vec![der.to_vec(), der.to_vec()]] {
            let verdict = judge(&chain, roots, Some(name));
            let failed = verdict.checks.iter().filter(|check| check.outcome == Outcome::Fail);
            assert_eq!(failed.count(), usize::from(!verdict.is_accepted()));
        }
    }
    if let Ok(certificate) = Certificate::parse(der) {
        let _ = (certificate.serial(), certificate.subject().to_string());
        let _ = certificate.check_signed(&certificate);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 4000,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(1),
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_mutated_certificate_makes_it_panic(
        pick in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4u8), 1..6),
        name in "[ -~]{0,12}",
    ) {
        static SAMPLES: std::sync::LazyLock<Vec<Vec<u8>>> = std::sync::LazyLock::new(samples);
        let mut der = pick.get(&SAMPLES).clone();
        for (at, byte, kind) in edits {
            if der.is_empty() {
                break;
            }
            let at = at.index(der.len());
            match kind {
                0 => der.insert(at, byte),
                1 => drop(der.remove(at)),
                2 => der[at] ^= 1 << (byte % 8),
                _ => der[at] = byte,
            }
        }
        exercise(&der, &name);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        exercise(&bytes, "a");
        let _ = Roots::from_pem(&bytes);
        let text = [b"-----BEGIN CERTIFICATE-----\n", bytes.as_slice(), b"\n-----END CERTIFICATE-----\n"].concat();
        let _ = Roots::from_pem(&text);
    }
}
