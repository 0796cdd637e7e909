//! The form of every message (RFC 8446, section 4; RFC 5246, section 7; RFC 8422).

use super::certificates::{authorities, certificate, certificate_request_12};
use super::extensions::{Place, extensions};
use super::names::NAMES;
use super::reader::{Reader, hex};
use super::{AlertNumber, Field, Kind, Problem};
use crate::text::escape;

/// What a message is read by: all that came before it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context {
    /// Whether TLS 1.3 has been agreed on.
    pub(super) is_13: bool,
    pub(super) suite: Option<u16>,
}

/// What the decoder takes from a message.
#[derive(Debug, Default)]
pub(super) struct Learned {
    pub(super) random: Option<[u8; 32]>,
    /// The version that it chooses.
    pub(super) version: Option<u16>,
    pub(super) suite: Option<u16>,
    pub(super) group: Option<u16>,
    /// The versions that it offers.
    pub(super) versions: Vec<u16>,
    pub(super) server_name: Option<String>,
    pub(super) protocols: Vec<String>,
    pub(super) offers_early_data: bool,
    pub(super) scheme: Option<u16>,
    /// What matters of the certificates in it.
    pub(super) names: Vec<String>,
    pub(super) count: usize,
}

/// One message, read.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) kind: Kind,
    pub(super) fields: Vec<Field>,
    pub(super) problem: Option<Problem>,
    pub(super) summary: String,
    pub(super) learned: Learned,
}

/// The random of a ServerHello that is a HelloRetryRequest: SHA-256 of that word
/// (RFC 8446, section 4.1.3).
const RETRY: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2,
    0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// Reads a handshake message, its header included, of which the end may be missing.
pub(super) fn handshake(bytes: &[u8], context: Context) -> Parsed {
    let number = bytes.first().copied().unwrap_or_default();
    let is_retry = number == 2 && bytes.get(6..38) == Some(&RETRY[..]);
    let kind = if is_retry { Kind::HelloRetryRequest } else { Kind::Handshake(number) };
    let mut learned = Learned::default();
    let mut reader = Reader::new(bytes);
    let head = reader.u8("msg_type", |_| format!("{} ({number})", kind.name()));
    let summary =
        head.and_then(|_| reader.length(3)).and_then(|_| body(&mut reader, kind, context, &mut learned));
    let (fields, problem) = reader.finish();
    Parsed { kind, fields, problem, summary: summary.unwrap_or_default(), learned }
}

/// Reads the body of a message: what it comes to.
fn body(reader: &mut Reader<'_>, kind: Kind, context: Context, learned: &mut Learned) -> Option<String> {
    match kind {
        Kind::CLIENT_HELLO => client_hello(reader, learned),
        Kind::SERVER_HELLO => server_hello(reader, Place::ServerHello, learned),
        Kind::HelloRetryRequest => server_hello(reader, Place::HelloRetryRequest, learned),
        Kind::HELLO_REQUEST | Kind::SERVER_HELLO_DONE | Kind::END_OF_EARLY_DATA => Some(String::new()),
        Kind::NEW_SESSION_TICKET => new_session_ticket(reader, context, learned),
        Kind::ENCRYPTED_EXTENSIONS => {
            extensions(reader, Place::EncryptedExtensions, learned)?;
            Some(told_protocol(learned))
        }
        Kind::CERTIFICATE => certificate(reader, context, learned),
        Kind::SERVER_KEY_EXCHANGE => server_key_exchange(reader, context, learned),
        Kind::CLIENT_KEY_EXCHANGE => client_key_exchange(reader, context),
        Kind::CERTIFICATE_REQUEST if context.is_13 => {
            reader.sized("certificate_request_context", "context", 1)?;
            extensions(reader, Place::CertificateRequest, learned)?;
            Some(authorities(learned))
        }
        Kind::CERTIFICATE_REQUEST => certificate_request_12(reader, learned),
        Kind::CERTIFICATE_VERIFY => signature(reader, learned),
        Kind::FINISHED => {
            reader.rest("verify_data", hex)?;
            Some(String::new())
        }
        Kind::CERTIFICATE_STATUS => certificate_status(reader),
        Kind::KEY_UPDATE => {
            let asked = reader.u8("request_update", |asked| {
                let word = match asked {
                    0 => "update_not_requested",
                    1 => "update_requested",
                    _ => "unknown",
                };
                format!("{word} ({asked})")
            })?;
            Some(if asked == 1 { "asks the other end to do so, too".into() } else { String::new() })
        }
        Kind::COMPRESSED_CERTIFICATE => {
            let algorithm = reader.u16("algorithm", |number| NAMES.compressions.full(number))?;
            reader.number("uncompressed_length", 3, |length| format!("{length} bytes"))?;
            reader.sized("compressed_certificate_message", "compressed", 3)?;
            Some(NAMES.compressions.plain(algorithm))
        }
        _ => {
            reader.rest("body", hex)?;
            Some(String::new())
        }
    }
}

/// A version and its number.
pub(super) fn version(reader: &mut Reader<'_>, name: &'static str) -> Option<u16> {
    reader.u16(name, |number| NAMES.versions.full(number))
}

fn random(reader: &mut Reader<'_>, learned: &mut Learned) -> Option<()> {
    let random = reader.opaque("random", 32)?;
    learned.random = random.try_into().ok();
    Some(())
}

fn compression(number: u8) -> String {
    let word = match number {
        0 => "null",
        1 => "DEFLATE",
        64 => "LZS",
        _ => "unknown",
    };
    format!("{word} ({number})")
}

fn client_hello(reader: &mut Reader<'_>, learned: &mut Learned) -> Option<String> {
    let legacy = version(reader, "legacy_version")?;
    random(reader, learned)?;
    reader.sized("legacy_session_id", "session_id", 1)?;
    let mut suites = 0;
    reader.list("cipher_suites", 2, |reader| {
        suites += 1;
        let suite = reader.u16("cipher_suite", |number| NAMES.suites.full(number))?;
        Some(NAMES.suites.plain(suite))
    })?;
    reader.list("legacy_compression_methods", 1, |reader| {
        reader.u8("compression_method", compression).map(compression)
    })?;
    // Before TLS 1.2 there may be none.
    if !reader.is_empty() {
        extensions(reader, Place::ClientHello, learned)?;
    }
    if learned.versions.is_empty() {
        learned.versions.push(legacy);
    }
    let versions: Vec<String> = learned.versions.iter().map(|number| NAMES.versions.plain(*number)).collect();
    let mut parts = vec![
        versions.join(", "),
        if suites == 1 { "1 suite".to_owned() } else { format!("{suites} suites") },
    ];
    parts.extend(learned.server_name.as_ref().map(|name| format!("server_name {name}")));
    if !learned.protocols.is_empty() {
        parts.push(format!("ALPN {}", learned.protocols.join(", ")));
    }
    Some(parts.join("; "))
}

fn server_hello(reader: &mut Reader<'_>, place: Place, learned: &mut Learned) -> Option<String> {
    let legacy = version(reader, "legacy_version")?;
    random(reader, learned)?;
    reader.sized("legacy_session_id_echo", "session_id", 1)?;
    learned.suite = Some(reader.u16("cipher_suite", |number| NAMES.suites.full(number))?);
    reader.u8("legacy_compression_method", compression)?;
    if !reader.is_empty() {
        extensions(reader, place, learned)?;
    }
    let chosen = *learned.version.get_or_insert(legacy);
    let mut parts = vec![NAMES.versions.plain(chosen)];
    parts.extend(learned.suite.map(|number| NAMES.suites.plain(number)));
    parts.extend(learned.group.map(|number| NAMES.groups.plain(number)));
    if !learned.protocols.is_empty() {
        parts.push(told_protocol(learned));
    }
    Some(parts.join("; "))
}

fn told_protocol(learned: &Learned) -> String {
    match learned.protocols.as_slice() {
        [] => String::new(),
        protocols => format!("ALPN {}", protocols.join(", ")),
    }
}

/// Seconds in words.
fn seconds(number: u64) -> String {
    format!("{number} s")
}

fn new_session_ticket(reader: &mut Reader<'_>, context: Context, learned: &mut Learned) -> Option<String> {
    if context.is_13 {
        let lifetime = reader.number("ticket_lifetime", 4, seconds)?;
        reader.opaque("ticket_age_add", 4)?;
        reader.sized("ticket_nonce", "nonce", 1)?;
        reader.sized("ticket", "ticket", 2)?;
        extensions(reader, Place::NewSessionTicket, learned)?;
        return Some(format!("good for {}", seconds(lifetime)));
    }
    let lifetime = reader.number("ticket_lifetime_hint", 4, seconds)?;
    reader.sized("ticket", "ticket", 2)?;
    Some(format!("good for {}", seconds(lifetime)))
}

/// A signature with its scheme before it.
fn signature(reader: &mut Reader<'_>, learned: &mut Learned) -> Option<String> {
    let scheme = reader.u16("algorithm", |number| NAMES.schemes.full(number))?;
    learned.scheme = Some(scheme);
    reader.sized("signature", "signature", 2)?;
    Some(NAMES.schemes.plain(scheme))
}

/// Whether the suite's name begins with one of these.
fn exchanges_by(context: Context, kinds: &[&str]) -> bool {
    let name = context.suite.and_then(|number| NAMES.suites.name(number)).unwrap_or_default();
    kinds.iter().any(|kind| name.starts_with(kind))
}

const ELLIPTIC: [&str; 2] = ["TLS_ECDHE_ECDSA_", "TLS_ECDHE_RSA_"];
const FINITE: [&str; 2] = ["TLS_DHE_RSA_", "TLS_DHE_DSS_"];

fn server_key_exchange(reader: &mut Reader<'_>, context: Context, learned: &mut Learned) -> Option<String> {
    if exchanges_by(context, &ELLIPTIC) {
        let curve = |number| format!("{} ({number})", if number == 3 { "named_curve" } else { "unknown" });
        if reader.u8("curve_type", curve)? != 3 {
            return None;
        }
        let group = reader.u16("named_group", |number| NAMES.groups.full(number))?;
        learned.group = Some(group);
        reader.sized("public", "point", 1)?;
        let scheme = signature(reader, learned)?;
        return Some(format!("{}, signed with {scheme}", NAMES.groups.plain(group)));
    }
    if exchanges_by(context, &FINITE) {
        for name in ["dh_p", "dh_g", "dh_Ys"] {
            reader.sized(name, "integer", 2)?;
        }
        let scheme = signature(reader, learned)?;
        return Some(format!("DHE, signed with {scheme}"));
    }
    reader.rest("params", hex)?;
    Some(String::new())
}

fn client_key_exchange(reader: &mut Reader<'_>, context: Context) -> Option<String> {
    if exchanges_by(context, &ELLIPTIC) {
        reader.sized("ecdh_Yc", "point", 1)?;
    } else if exchanges_by(context, &FINITE) {
        reader.sized("dh_Yc", "integer", 2)?;
    } else if exchanges_by(context, &["TLS_RSA_WITH_"]) {
        reader.sized("encrypted_premaster_secret", "ciphertext", 2)?;
    } else {
        reader.rest("exchange_keys", hex)?;
    }
    Some(String::new())
}

fn certificate_status(reader: &mut Reader<'_>) -> Option<String> {
    let kind = |number| format!("{} ({number})", if number == 1 { "ocsp" } else { "unknown" });
    reader.u8("status_type", kind)?;
    reader.sized("response", "ocsp_response", 3)?;
    Some("OCSP response".to_owned())
}

/// Reads an alert (RFC 8446, section 6).
pub(super) fn alert(bytes: &[u8]) -> Parsed {
    let level = |level| match level {
        1 => "warning".to_owned(),
        2 => "fatal".to_owned(),
        _ => format!("level {level}"),
    };
    let mut reader = Reader::new(bytes);
    let read = reader.u8("level", |number| format!("{} ({number})", level(number))).and_then(|number| {
        let alert = reader.u8("description", |number| AlertNumber(number).to_string())?;
        Some(format!("{} {}", level(number), AlertNumber(alert)))
    });
    plain(Kind::Alert, reader, read)
}

/// Reads a change_cipher_spec.
pub(super) fn change_cipher_spec(bytes: &[u8]) -> Parsed {
    let mut reader = Reader::new(bytes);
    let read = reader.u8("type", |number| format!("change_cipher_spec ({number})")).map(|_| String::new());
    plain(Kind::ChangeCipherSpec, reader, read)
}

/// Takes bytes for what they are: the application's, a record of another type, or none.
pub(super) fn bytes(kind: Kind, name: &'static str, bytes: &[u8]) -> Parsed {
    let mut reader = Reader::new(bytes);
    let read = reader.rest(name, content);
    let summary = read.map(|bytes| match kind {
        Kind::ApplicationData => first_line(bytes).unwrap_or_else(|| format!("{} bytes", bytes.len())),
        _ => format!("{} bytes", bytes.len()),
    });
    plain(kind, reader, summary)
}

fn plain(kind: Kind, reader: Reader<'_>, summary: Option<String>) -> Parsed {
    let (fields, problem) = reader.finish();
    Parsed { kind, fields, problem, summary: summary.unwrap_or_default(), learned: Learned::default() }
}

/// The longest line that is shown of application data.
const LONGEST_LINE: usize = 80;

/// Text by its first line, other bytes in hexadecimal.
fn content(bytes: &[u8]) -> String {
    first_line(bytes).unwrap_or_else(|| hex(bytes))
}

/// The first line of what is text.
fn first_line(bytes: &[u8]) -> Option<String> {
    let start = bytes.get(..bytes.len().min(LONGEST_LINE))?;
    let line = start.split(|byte| *byte == b'\n' || *byte == b'\r').next()?;
    let is_text = !line.is_empty() && line.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ');
    is_text.then(|| escape(&String::from_utf8_lossy(line)).into_owned())
}
