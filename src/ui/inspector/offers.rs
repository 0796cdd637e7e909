//! What of an open thing can be copied and exported.

use std::fmt::Write as _;

use super::{Entry, Page};
use crate::text::Language;
use crate::x509::{Form, Kind, pem};

/// A short list to choose from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::ui) struct Menu {
    /// What it is about, in English and Korean.
    pub(in crate::ui) title: (&'static str, &'static str),
    /// What is offered: its name and what it is.
    pub(in crate::ui) offers: Vec<(String, Act)>,
    /// The one that is pointed at.
    pub(in crate::ui) chosen: usize,
}

/// What an offer does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::ui) enum Act {
    /// This text goes to the clipboard.
    Copy(String),
    /// These bytes go into a file of this extension.
    Export(&'static str, Vec<u8>),
}

/// The label of a thing's PEM.
fn label(kind: Kind) -> &'static str {
    match kind {
        Kind::CertificateRequest => "CERTIFICATE REQUEST",
        Kind::RevocationList => "X509 CRL",
        Kind::PublicKey => "PUBLIC KEY",
        _ => "CERTIFICATE",
    }
}

/// What can be copied.
pub(in crate::ui) fn copies(entry: &Entry, page: &Page, language: Language) -> Menu {
    let mut offers = Vec::new();
    let pick = |en: &str, ko: &str| match language {
        Language::En => en.to_owned(),
        Language::Ko => ko.to_owned(),
    };
    if let Some(row) = page.row() {
        let name = &row.field.name;
        let what = pick(&format!("the value of {name}"), &format!("{name} 값"));
        offers.push((what, Act::Copy(row.field.value.clone())));
    }
    let bytes = page.document.der.get(page.range.clone()).unwrap_or_default();
    if !bytes.is_empty() {
        let mut hex = String::with_capacity(bytes.len() * 2);
        for byte in bytes {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
        }
        let (first, count) = (page.range.start, bytes.len());
        let what = pick(
            &format!("its {count} bytes from {first}, in hexadecimal"),
            &format!("{first}부터 {count}바이트 (16진수)"),
        );
        offers.push((what, Act::Copy(hex)));
    }
    // A private key has no bytes here.
    if !entry.holding.item.der.is_empty() {
        let text = pem(label(entry.holding.item.kind), &entry.holding.item.der);
        offers.push((pick("the whole as PEM", "전체 PEM"), Act::Copy(text)));
    }
    if let Some(command) = command(entry, page) {
        offers.push((
            pick("the openssl command that shows it", "이것을 보여 주는 openssl 명령"),
            Act::Copy(command),
        ));
    }
    Menu { title: ("Copy", "복사"), offers, chosen: 0 }
}

/// What can be written into files.
pub(in crate::ui) fn exports(entry: &Entry, page: &Page, language: Language) -> Menu {
    let der = &entry.holding.item.der;
    let text = pem(label(entry.holding.item.kind), der);
    let json = serde_json::json!({
        "source": entry.holding.name,
        "at": entry.holding.item.at,
        "kind": entry.holding.item.kind,
        "fields": page.document.fields,
    });
    let json = format!("{json:#}\n");
    let every = match language {
        Language::En => "JSON: every field with its place",
        Language::Ko => "JSON: 모든 필드와 그 위치",
    };
    let mut offers = vec![
        ("PEM".to_owned(), Act::Export("pem", text.into_bytes())),
        ("DER".to_owned(), Act::Export("der", der.clone())),
        (every.to_owned(), Act::Export("json", json.into_bytes())),
    ];
    // A private key has no bytes here.
    offers.retain(|(_, act)| !der.is_empty() || matches!(act, Act::Export("json", _)));
    Menu { title: ("Export", "내보내기"), offers, chosen: 0 }
}

/// The beginning of the name of a file for it: letters, digits, dots and dashes of its own.
pub(in crate::ui) fn stem(entry: &Entry) -> String {
    let name = entry.holding.name.rsplit('/').next().unwrap_or_default();
    let name = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let own = match &entry.holding.item.at {
        Some(at) => format!("{name}-{at}"),
        None => name.to_owned(),
    };
    let safe: String = own
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || ".-_@".contains(c) { c } else { '-' })
        .take(60)
        .collect();
    let safe = safe.trim_matches(['.', '-']);
    if safe.is_empty() { "certificate".to_owned() } else { safe.to_owned() }
}

/// Options of `openssl x509`, `req` and `crl` for a field.
const OPTIONS: [(Kind, &str, &str); 18] = [
    (Kind::Certificate, "subject", "-subject"),
    (Kind::Certificate, "issuer", "-issuer"),
    (Kind::Certificate, "serialNumber", "-serial"),
    (Kind::Certificate, "notBefore", "-startdate"),
    (Kind::Certificate, "notAfter", "-enddate"),
    (Kind::Certificate, "publicKey", "-pubkey"),
    (Kind::Certificate, "sha1", "-fingerprint -sha1"),
    (Kind::Certificate, "sha256", "-fingerprint -sha256"),
    (Kind::Certificate, "keyUsage", "-ext keyUsage"),
    (Kind::Certificate, "extendedKeyUsage", "-ext extendedKeyUsage"),
    (Kind::Certificate, "basicConstraints", "-ext basicConstraints"),
    (Kind::Certificate, "subjectKeyIdentifier", "-ext subjectKeyIdentifier"),
    (Kind::Certificate, "authorityKeyIdentifier", "-ext authorityKeyIdentifier"),
    (Kind::Certificate, "subjectAltName", "-ext subjectAltName"),
    (Kind::CertificateRequest, "subject", "-subject"),
    (Kind::CertificateRequest, "publicKey", "-pubkey"),
    (Kind::RevocationList, "issuer", "-issuer"),
    (Kind::RevocationList, "nextUpdate", "-nextupdate"),
];

/// The openssl command that shows what is pointed at: a field by its option, what has none by
/// its place in the tree. Of a private key it shows the public half; none if it is in no file.
fn command(entry: &Entry, page: &Page) -> Option<String> {
    let kind = entry.holding.item.kind;
    let row = page.row();
    let is_whole = row.is_some_and(|row| row.depth == 0);
    let name = row.map_or("", |row| row.field.name.as_ref());
    let option = OPTIONS.iter().find(|(of, field, _)| is_whole && *of == kind && *field == name);
    let length = page.range.len();
    let shown = match option {
        Some((.., option)) => {
            let tool = match kind {
                Kind::CertificateRequest => "req",
                Kind::RevocationList => "crl",
                _ => "x509",
            };
            format!("openssl {tool} -noout {option}")
        }
        None if kind == Kind::PrivateKey => "openssl pkey -noout -text_pub".to_owned(),
        None if length > 0 && !row.is_some_and(|row| row.field.form == Form::Sha256) => {
            format!("openssl asn1parse -offset {} -length {length}", page.range.start)
        }
        None => "openssl asn1parse".to_owned(),
    };
    let path = entry.holding.file.as_ref().filter(|_| entry.holding.is_first);
    let path = path.map(|path| path.display().to_string());
    // A name that a shell might take for keys is not pasted.
    match path.filter(|path| !path.contains(char::is_control)) {
        Some(path) => Some(format!("{shown} -in '{}'\n", path.replace('\'', "'\\''"))),
        None if kind == Kind::PrivateKey => None,
        None => Some(format!("{shown} <<'EOF'\n{}EOF\n", pem(label(kind), &entry.holding.item.der))),
    }
}
