//! cfssl: a request and a signing policy in JSON.

use crate::blueprint::{Authority, Certificate, HostName, KeyAlgorithm, Subject};
use serde_json::{Value, json};

use super::shell::{command, quote, write_file};
use super::{Files, Notes, Recipe, Tool, cannot, copies_note, embedded_note, is_client, is_server};

pub(super) fn authority(authority: &Authority) -> Recipe {
    let Some(key) = key(authority.key) else {
        return no_such_key();
    };
    let files = Files::of_authority(authority);
    let names: Vec<HostName> = authority.dns_names.iter().cloned().map(HostName::Dns).collect();
    let mut request = request(&authority.subject, &names, key);
    if let Some(map) = request.as_object_mut() {
        map.insert("ca".into(), json!({ "expiry": hours(authority.days) }));
    }
    let path = format!("{}-csr.json", files.stem);
    let mut lines = files.directories();
    lines.extend(write_file(&path, &pretty(&request)));
    lines.extend(command(&[format!("cfssl gencert -initca {}", quote(&path)), bare(&files)]));
    lines.extend(rename(&files));

    let mut notes = Notes::default();
    notes.add(
        "cfssl gives its CA the key usages Certificate Sign and CRL Sign, instead of Digital Signature, Key Encipherment and Certificate Sign.",
        "cfssl은 CA의 키 용도(key usage)를 Certificate Sign과 CRL Sign으로 정해요. kubeadm은 Digital Signature, Key Encipherment, Certificate Sign을 써요.",
    );
    if !names.is_empty() {
        notes.add(
            "cfssl 1.2 writes the SAN into the CSR only, not into the certificate.",
            "cfssl 1.2는 SAN을 CSR에만 적고 인증서에는 넣지 않아요.",
        );
    }
    notes_on_signature(authority.key, &mut notes);
    copies_note(authority, &mut notes);
    notes.recipe(Tool::Cfssl, lines)
}

pub(super) fn certificate(authority: &Authority, certificate: &Certificate) -> Recipe {
    let Some(key) = key(certificate.key) else {
        return no_such_key();
    };
    let files = Files::of_certificate(certificate);
    let mut usages = vec!["digital signature", "key encipherment"];
    // cfssl writes both in this order, whatever the order here.
    usages.extend(is_server(certificate).then_some("server auth"));
    usages.extend(is_client(certificate).then_some("client auth"));
    let profile = &certificate.kind;
    let mut profiles = serde_json::Map::new();
    profiles.insert(profile.clone(), json!({ "expiry": hours(certificate.days), "usages": usages }));
    let policy = json!({ "signing": { "profiles": profiles } });
    let config = format!("{}-config.json", files.stem);
    let path = format!("{}-csr.json", files.stem);

    let mut lines = files.directories();
    lines.extend(write_file(&config, &pretty(&policy)));
    lines.extend(write_file(&path, &pretty(&request(&certificate.subject, &certificate.names, key))));
    lines.extend(command(&[
        format!("cfssl gencert -ca={}", quote(&authority.place.certificate)),
        format!("-ca-key={}", quote(&authority.place.key)),
        format!("-config={}", quote(&config)),
        format!("-profile={}", quote(profile)),
        quote(&path),
        bare(&files),
    ]));
    lines.extend(rename(&files));

    let mut notes = Notes::default();
    notes.add(
        "cfssl adds a Subject Key Identifier, which kubeadm's leaves do not have.",
        "cfssl은 주체 키 식별자(Subject Key Identifier)를 덧붙여요. kubeadm의 리프 인증서에는 없는 확장이에요.",
    );
    if certificate.names.is_empty() {
        notes.add(
            "It warns that `hosts` is missing: harmless for a client certificate.",
            "`hosts`가 없다는 경고가 나오지만, 클라이언트 인증서라면 괜찮아요.",
        );
    }
    if certificate.subject.organizations.len() > 1 {
        notes.add(
            "It puts all O into one RDN (O=a + O=b); a cluster reads the same groups.",
            "여러 O를 한 RDN에 묶어요(O=a + O=b). 클러스터가 읽는 그룹은 같아요.",
        );
    }
    notes_on_signature(authority.key, &mut notes);
    embedded_note(certificate, &files, &mut notes);
    notes.recipe(Tool::Cfssl, lines)
}

pub(super) fn key_pair() -> Recipe {
    cannot(
        Tool::Cfssl,
        "cfssl makes no bare key pair: a key always comes with a CSR. Use openssl.",
        "cfssl은 키 쌍만 따로 만들지 않고 항상 CSR도 함께 만들어요. openssl을 쓰세요.",
    )
}

fn no_such_key() -> Recipe {
    cannot(
        Tool::Cfssl,
        "cfssl 1.2, the one in Debian 12, knows RSA and ECDSA keys, not Ed25519. Use openssl.",
        "Debian 12에 있는 cfssl 1.2는 RSA와 ECDSA 키만 알고 Ed25519는 몰라요. openssl을 쓰세요.",
    )
}

fn key(key: KeyAlgorithm) -> Option<Value> {
    let (name, size) = match key {
        KeyAlgorithm::Rsa2048 => ("rsa", 2048),
        KeyAlgorithm::Rsa3072 => ("rsa", 3072),
        KeyAlgorithm::Rsa4096 => ("rsa", 4096),
        KeyAlgorithm::P256 => ("ecdsa", 256),
        KeyAlgorithm::P384 => ("ecdsa", 384),
        KeyAlgorithm::Ed25519 => return None,
    };
    Some(json!({ "algo": name, "size": size }))
}

/// cfssl takes the hash by the size of the CA's key (signer.DefaultSigAlgo).
fn notes_on_signature(key: KeyAlgorithm, notes: &mut Notes) {
    let hash = match key {
        KeyAlgorithm::Rsa3072 => "SHA-384",
        KeyAlgorithm::Rsa4096 => "SHA-512",
        _ => return,
    };
    notes.add(
        format!("With this CA key it signs with {hash}, kubeadm with SHA-256."),
        format!("이 CA 키로는 {hash}로 서명해요. kubeadm은 SHA-256으로 서명해요."),
    );
}

fn request(subject: &Subject, names: &[HostName], key: Value) -> Value {
    let organizations = subject.organizations.iter().map(|value| json!({ "O": value }));
    let units = subject.organizational_units.iter().map(|value| json!({ "OU": value }));
    let hosts: Vec<String> = names.iter().map(ToString::to_string).collect();
    json!({
        "CN": subject.common_name,
        "names": organizations.chain(units).collect::<Vec<_>>(),
        "hosts": hosts,
        "key": key,
    })
}

fn hours(days: u32) -> String {
    format!("{}h", u64::from(days) * 24)
}

fn pretty(value: &Value) -> Vec<String> {
    format!("{value:#}").lines().map(str::to_owned).collect()
}

fn bare(files: &Files) -> String {
    format!("| cfssljson -bare {}", quote(&files.stem))
}

/// cfssljson's names become the layout's; the CSR has the right one already.
fn rename(files: &Files) -> Vec<String> {
    let mv = |suffix: &str, to: &str| {
        command(&["mv".to_owned(), quote(&format!("{}{suffix}", files.stem)), quote(to)])
    };
    let mut lines = mv("-key.pem", &files.key);
    lines.extend(mv(".pem", &files.certificate));
    lines
}
