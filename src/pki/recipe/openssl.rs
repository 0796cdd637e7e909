//! The lecture's three steps with openssl: key, CSR, signature.

use crate::blueprint::{Authority, Certificate, HostName, KeyAlgorithm, KeyPair, Subject, Usage};

use super::shell::{command, make_directories, quote, write_file};
use super::{Files, Notes, Recipe, Tool, copies_note, embedded_note, pair_copies_note};

pub(super) fn authority(authority: &Authority) -> Recipe {
    let files = Files::of_authority(authority);
    let names: Vec<HostName> = authority.dns_names.iter().cloned().map(HostName::Dns).collect();
    let extensions = [
        // One line of 62 columns, continued as OpenSSL's configuration files allow.
        r"keyUsage = critical,digitalSignature,\",
        "  keyEncipherment,keyCertSign",
        "basicConstraints = critical,CA:TRUE",
        "subjectKeyIdentifier = hash",
    ];
    let extensions = Extensions::new(&files, extensions.map(str::to_owned).to_vec(), &names);
    let signer = vec![format!("-signkey {}", quote(&files.key))];
    let digest = digest(authority.key);
    let lines = steps(&files, authority.key, &authority.subject, &extensions, signer, authority.days, digest);
    let mut notes = Notes::default();
    notes.add(
        "Without -extfile, OpenSSL 3.0 and 3.1 make an X.509 v1 certificate here; from 3.2 on it is a v3 without CA:TRUE, which Go refuses as a CA.",
        "-extfile 없이 서명하면 OpenSSL 3.0과 3.1은 X.509 v1 인증서를 만들어요. 3.2부터는 CA:TRUE가 없는 v3 인증서가 나오고, Go는 그것을 CA로 받아들이지 않아요.",
    );
    starts_now(&mut notes);
    copies_note(authority, &mut notes);
    notes.recipe(Tool::Openssl, lines)
}

pub(super) fn certificate(authority: &Authority, certificate: &Certificate) -> Recipe {
    let files = Files::of_certificate(certificate);
    let usages: Vec<&str> = certificate
        .usages
        .iter()
        .map(|usage| match usage {
            Usage::Server => "serverAuth",
            Usage::Client => "clientAuth",
        })
        .collect();
    let mut extensions = vec!["keyUsage = critical,digitalSignature,keyEncipherment".to_owned()];
    if !usages.is_empty() {
        extensions.push(format!("extendedKeyUsage = {}", usages.join(",")));
    }
    extensions.push("basicConstraints = critical,CA:FALSE".to_owned());
    extensions.push("authorityKeyIdentifier = keyid".to_owned());
    extensions.push("subjectKeyIdentifier = none".to_owned());
    let extensions = Extensions::new(&files, extensions, &certificate.names);
    let signer = vec![
        format!("-CA {}", quote(&authority.place.certificate)),
        format!("-CAkey {}", quote(&authority.place.key)),
    ];
    let digest = digest(authority.key);
    let lines =
        steps(&files, certificate.key, &certificate.subject, &extensions, signer, certificate.days, digest);
    let mut notes = Notes::default();
    if !certificate.names.is_empty() {
        notes.add(
            "The signature takes nothing over from the CSR: the SANs come from -extfile, or with -copy_extensions copy (OpenSSL 3.0) from the CSR.",
            "서명할 때 CSR의 확장은 저절로 옮겨지지 않아요. SAN은 -extfile로 넣거나, OpenSSL 3.0부터 있는 -copy_extensions copy로 CSR에서 가져와요.",
        );
    }
    notes.add(
        "Without `subjectKeyIdentifier = none`, OpenSSL 3 adds that extension. Before 3.0 the line is unknown: leave it out, and add -CAcreateserial.",
        "`subjectKeyIdentifier = none`이 없으면 OpenSSL 3은 그 확장을 스스로 넣어요. 3.0 이전 버전은 이 줄을 모르니 빼고, 대신 -CAcreateserial을 붙이세요.",
    );
    starts_now(&mut notes);
    embedded_note(certificate, &files, &mut notes);
    notes.recipe(Tool::Openssl, lines)
}

pub(super) fn key_pair(pair: &KeyPair) -> Recipe {
    let mut notes = Notes::default();
    pair_copies_note(pair, &mut notes);
    let lines = pair.places.first().map_or_else(Vec::new, |place| {
        let mut lines = make_directories([&place.private, &place.public]);
        lines.extend(generate(pair.key, &place.private));
        lines.extend(command(&[
            "openssl pkey".to_owned(),
            format!("-in {}", quote(&place.private)),
            format!("-pubout -out {}", quote(&place.public)),
        ]));
        lines
    });
    notes.recipe(Tool::Openssl, lines)
}

fn starts_now(notes: &mut Notes) {
    notes.add(
        "The validity starts now; kubeadm's starts five minutes earlier.",
        "유효 기간은 지금부터 시작해요. kubeadm은 5분 전부터로 적어요.",
    );
}

/// The extensions of a certificate: a plain file, or with SANs one in sections, from which
/// the CSR takes the SANs too.
struct Extensions {
    path: String,
    body: Vec<String>,
    in_sections: bool,
}

impl Extensions {
    fn new(files: &Files, mut extensions: Vec<String>, names: &[HostName]) -> Self {
        if names.is_empty() {
            return Self { path: format!("{}.ext", files.stem), body: extensions, in_sections: false };
        }
        let alternative = "subjectAltName = @alt_names";
        let head = [
            "[req]",
            "distinguished_name = dn",
            "req_extensions = v3_req",
            "[dn]",
            "[v3_req]",
            alternative,
            "[v3_sign]",
        ];
        let mut body: Vec<String> = head.map(str::to_owned).to_vec();
        body.append(&mut extensions);
        body.extend([alternative.to_owned(), "[alt_names]".to_owned()]);
        let (mut dns, mut ip) = (0, 0);
        for name in names {
            body.push(match name {
                HostName::Dns(name) => {
                    dns += 1;
                    format!("DNS.{dns} = {}", value(name))
                }
                HostName::Ip(address) => {
                    ip += 1;
                    format!("IP.{ip} = {address}")
                }
            });
        }
        Self { path: format!("{}.cnf", files.stem), body, in_sections: true }
    }
}

fn steps(
    files: &Files,
    key: KeyAlgorithm,
    subject: &Subject,
    extensions: &Extensions,
    signer: Vec<String>,
    days: u32,
    digest: Option<&str>,
) -> Vec<String> {
    let mut request = vec![
        format!("openssl req -new -key {}", quote(&files.key)),
        format!("-subj {}", quote(&subject_argument(subject))),
    ];
    if !subject.attributes().all(|(_, value)| value.is_ascii()) {
        request.push("-utf8".to_owned());
    }
    let mut sign = vec!["openssl x509 -req".to_owned(), format!("-in {}", quote(&files.csr))];
    sign.extend(signer);
    sign.push(format!("-days {days}"));
    sign.extend(digest.map(str::to_owned));
    sign.push(format!("-extfile {}", quote(&extensions.path)));
    if extensions.in_sections {
        request.push(format!("-config {}", quote(&extensions.path)));
        sign.push("-extensions v3_sign".to_owned());
    }
    request.push(format!("-out {}", quote(&files.csr)));
    sign.push(format!("-out {}", quote(&files.certificate)));

    let mut lines = files.directories();
    lines.extend(generate(key, &files.key));
    let file = write_file(&extensions.path, &extensions.body);
    if extensions.in_sections {
        lines.extend(file);
        lines.extend(command(&request));
    } else {
        lines.extend(command(&request));
        lines.extend(file);
    }
    lines.extend(command(&sign));
    lines
}

fn generate(key: KeyAlgorithm, path: &str) -> Vec<String> {
    let out = format!("-out {}", quote(path));
    let curve = |name| vec![format!("openssl ecparam -name {name}"), "-genkey -noout".into(), out.clone()];
    let rsa = |bits| vec!["openssl genrsa".into(), format!("{out} {bits}")];
    command(&match key {
        KeyAlgorithm::Rsa2048 => rsa(2048),
        KeyAlgorithm::Rsa3072 => rsa(3072),
        KeyAlgorithm::Rsa4096 => rsa(4096),
        KeyAlgorithm::P256 => curve("prime256v1"),
        KeyAlgorithm::P384 => curve("secp384r1"),
        KeyAlgorithm::Ed25519 => vec!["openssl genpkey -algorithm ed25519".into(), out.clone()],
    })
}

/// OpenSSL signs with SHA-256 unless told; Go signs with SHA-384 where the key is on P-384
/// (crypto/x509 signingParamsForKey).
fn digest(key: KeyAlgorithm) -> Option<&'static str> {
    (key == KeyAlgorithm::P384).then_some("-sha384")
}

/// The subject for `-subj`. Since OpenSSL 3.0 a bare `+` begins a further attribute of the
/// same RDN, so it is escaped like `/` and `\`.
fn subject_argument(subject: &Subject) -> String {
    let mut text = String::new();
    for (key, value) in subject.attributes() {
        text.push('/');
        text.push_str(key);
        text.push('=');
        for c in value.chars() {
            if matches!(c, '/' | '\\' | '+') {
                text.push('\\');
            }
            text.push(c);
        }
    }
    if text.is_empty() { "/".to_owned() } else { text }
}

/// A value in an OpenSSL configuration file (config(5)).
fn value(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\\' | '$' | '#' | '"' | '\'' | '`' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}
