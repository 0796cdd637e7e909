//! easy-rsa: a PKI directory for each authority, its own certificate types.

use crate::blueprint::{Authority, Certificate, HostName, KeyAlgorithm, Subject};

use super::shell::{command, quote};
use super::{Files, Notes, Recipe, Tool, cannot, copies_note, embedded_note, is_client, is_server};

pub(super) fn authority(authority: &Authority) -> Recipe {
    let Some(subject) = subject(&authority.subject) else {
        return no_such_subject();
    };
    let files = Files::of_authority(authority);
    let directory = directory(authority);
    let easyrsa = easyrsa(&directory);

    let mut lines = files.directories();
    // Not in batch mode: there it would delete an older PKI without asking.
    lines.extend(command(&[
        "easyrsa".to_owned(),
        format!("--pki-dir={}", quote(&directory)),
        "init-pki".into(),
    ]));
    let mut build = easyrsa;
    build.extend(key(authority.key));
    build.extend(digest(authority.key));
    build.push(format!("--days={}", authority.days));
    build.extend(subject);
    build.push("build-ca nopass".to_owned());
    lines.extend(command(&build));
    lines.extend(copy(&directory, "private/ca.key", &files.key));
    lines.extend(copy(&directory, "ca.crt", &files.certificate));

    let mut notes = Notes::default();
    notes.add(
        "easy-rsa makes no CSR for its CA. Its key usages are Certificate Sign and CRL Sign, instead of Digital Signature, Key Encipherment and Certificate Sign; it adds an Authority Key Identifier; 3.1 marks basicConstraints and keyUsage not critical, 3.2 marks basicConstraints critical.",
        "easy-rsa는 CA의 CSR을 따로 남기지 않아요. 키 용도(key usage)는 Certificate Sign과 CRL Sign이고, kubeadm은 Digital Signature, Key Encipherment, Certificate Sign을 써요. 기관 키 식별자(Authority Key Identifier)도 덧붙여요. 3.1은 basicConstraints와 keyUsage를 critical로 표시하지 않고, 3.2는 basicConstraints를 critical로 표시해요.",
    );
    if !authority.dns_names.is_empty() {
        notes.add("It writes no SAN into a CA.", "CA에는 SAN을 넣지 않아요.");
    }
    starts_now(&mut notes);
    where_it_is(&mut notes);
    copies_note(authority, &mut notes);
    notes.recipe(Tool::EasyRsa, lines)
}

pub(super) fn certificate(authority: &Authority, certificate: &Certificate) -> Recipe {
    let Some(subject) = subject(&certificate.subject) else {
        return no_such_subject();
    };
    let files = Files::of_certificate(certificate);
    let directory = directory(authority);
    let name = certificate.id().replace('@', "-");
    let kind = match (is_server(certificate), is_client(certificate)) {
        (true, true) => "serverClient",
        (true, false) => "server",
        (false, _) => "client",
    };
    let names: Vec<String> = certificate
        .names
        .iter()
        .map(|name| match name {
            HostName::Dns(name) => format!("DNS:{name}"),
            HostName::Ip(address) => format!("IP:{address}"),
        })
        .collect();
    let mut lines = files.directories();
    // Long, and wanted twice.
    let mut alternative = Vec::new();
    if !names.is_empty() {
        lines.extend(alternative_names(&names));
        alternative.push(r#"--subject-alt-name="$san""#.to_owned());
    }
    let mut request = easyrsa(&directory);
    request.extend(key(certificate.key));
    request.extend(subject);
    request.extend(alternative.clone());
    request.push(format!("gen-req {} nopass", quote(&name)));
    lines.extend(command(&request));
    let mut sign = easyrsa(&directory);
    sign.extend(digest(authority.key));
    sign.push(format!("--days={}", certificate.days));
    sign.extend(alternative);
    sign.push(format!("sign-req {kind} {}", quote(&name)));
    lines.extend(command(&sign));
    lines.extend(copy(&directory, &format!("private/{name}.key"), &files.key));
    lines.extend(copy(&directory, &format!("reqs/{name}.req"), &files.csr));
    lines.extend(copy(&directory, &format!("issued/{name}.crt"), &files.certificate));

    let mut notes = Notes::default();
    notes.add(
        format!(
            "This signs with the CA that easy-rsa made in {directory}: begin with its recipe for `{}`.",
            authority.id
        ),
        format!(
            "easy-rsa가 {directory} 안에 만든 CA로 서명해요. `{}`의 easy-rsa 명령부터 실행하세요.",
            authority.id
        ),
    );
    if kind == "client" {
        notes.add(
            "The type `client` has the key usage Digital Signature alone, without Key Encipherment.",
            "`client` 유형의 키 용도(key usage)는 Digital Signature뿐이고 Key Encipherment가 없어요.",
        );
    }
    notes.add(
        "easy-rsa adds a Subject Key Identifier, writes issuer and serial into the Authority Key Identifier, and (3.1) marks basicConstraints and keyUsage not critical. Without --days it makes 825 days.",
        "easy-rsa는 주체 키 식별자(Subject Key Identifier)를 덧붙이고, 기관 키 식별자(Authority Key Identifier)에 발급자와 일련번호까지 적어요. 3.1은 basicConstraints와 keyUsage를 critical로 표시하지 않아요. --days가 없으면 825일이 돼요.",
    );
    starts_now(&mut notes);
    where_it_is(&mut notes);
    embedded_note(certificate, &files, &mut notes);
    notes.recipe(Tool::EasyRsa, lines)
}

pub(super) fn key_pair() -> Recipe {
    cannot(
        Tool::EasyRsa,
        "easy-rsa makes no bare key pair: a key always comes with a CSR. Use openssl.",
        "easy-rsa는 키 쌍만 따로 만들지 않고 항상 CSR도 함께 만들어요. openssl을 쓰세요.",
    )
}

fn no_such_subject() -> Recipe {
    cannot(
        Tool::EasyRsa,
        "easy-rsa writes at most one O and one OU into a subject. Use openssl.",
        "easy-rsa는 주체(subject)에 O와 OU를 하나씩만 적을 수 있어요. openssl을 쓰세요.",
    )
}

fn starts_now(notes: &mut Notes) {
    notes.add(
        "The validity starts now; kubeadm's starts five minutes earlier.",
        "유효 기간은 지금부터 시작해요. kubeadm은 5분 전부터로 적어요.",
    );
}

fn where_it_is(notes: &mut Notes) {
    notes.add(
        "Debian keeps the command in /usr/share/easy-rsa: add that to PATH.",
        "Debian에서는 명령이 /usr/share/easy-rsa에 있으니 PATH에 추가하세요.",
    );
}

/// easy-rsa keeps one authority a directory; `pki` is its own name for it.
fn directory(authority: &Authority) -> String {
    match authority.id.as_str() {
        "ca" => "pki".to_owned(),
        id => format!("pki-{id}"),
    }
}

fn easyrsa(directory: &str) -> Vec<String> {
    vec!["easyrsa --batch".to_owned(), format!("--pki-dir={}", quote(directory))]
}

fn key(key: KeyAlgorithm) -> Vec<String> {
    let rsa = |bits: u32| vec!["--use-algo=rsa".to_owned(), format!("--keysize={bits}")];
    let curve = |kind: &str, name: &str| vec![format!("--use-algo={kind}"), format!("--curve={name}")];
    match key {
        KeyAlgorithm::Rsa2048 => rsa(2048),
        KeyAlgorithm::Rsa3072 => rsa(3072),
        KeyAlgorithm::Rsa4096 => rsa(4096),
        KeyAlgorithm::P256 => curve("ec", "prime256v1"),
        KeyAlgorithm::P384 => curve("ec", "secp384r1"),
        KeyAlgorithm::Ed25519 => curve("ed", "ed25519"),
    }
}

/// Go signs with SHA-384 where the key is on P-384; easy-rsa with SHA-256 unless told.
fn digest(key: KeyAlgorithm) -> Option<String> {
    (key == KeyAlgorithm::P384).then(|| "--digest=sha384".to_owned())
}

/// Without O and OU the default mode, which writes the CN alone; else the other one, whose
/// further defaults are emptied.
fn subject(subject: &Subject) -> Option<Vec<String>> {
    let name = format!("--req-cn={}", quote(&subject.common_name));
    let (organizations, units) = (&subject.organizations, &subject.organizational_units);
    if organizations.len() > 1 || units.len() > 1 {
        return None;
    }
    if organizations.is_empty() && units.is_empty() {
        return Some(vec!["--dn-mode=cn_only".to_owned(), name]);
    }
    let first = |values: &[String]| values.first().map_or_else(String::new, |value| quote(value));
    let mut options: Vec<String> =
        ["--dn-mode=org", "--req-c=", "--req-st=", "--req-city=", "--req-email="].map(str::to_owned).to_vec();
    options.push(format!("--req-ou={}", first(units)));
    options.push(format!("--req-org={}", first(organizations)));
    options.push(name);
    Some(options)
}

/// The SANs in the shell variable `san`, over several lines if need be.
fn alternative_names(names: &[String]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for name in names {
        if line.len() + name.len() > 50 {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() || !lines.is_empty() {
            line.push(',');
        }
        line.push_str(name);
    }
    lines.push(line);
    lines
        .iter()
        .enumerate()
        .map(|(index, part)| match index {
            0 => format!("san={}", quote(part)),
            _ => format!("san=$san{}", quote(part)),
        })
        .collect()
}

fn copy(directory: &str, from: &str, to: &str) -> Vec<String> {
    command(&["cp".to_owned(), quote(&format!("{directory}/{from}")), quote(to)])
}
