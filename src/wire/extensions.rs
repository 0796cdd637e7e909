//! Extensions, by their registered names (RFC 8446, section 4.2; RFC 6066; RFC 7301 and
//! the others that the comments name).

use super::certificates::distinguished_names;
use super::grammar::{Learned, version};
use super::names::{self, NAMES, is_grease};
use super::reader::{Reader, hex};
use crate::text::escape;

/// The message in which an extension stands: some have another form in each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    ClientHello,
    ServerHello,
    HelloRetryRequest,
    EncryptedExtensions,
    CertificateRequest,
    Certificate,
    NewSessionTicket,
}

const EARLY_DATA: u16 = 42;

/// The extensions of a message, their length before them.
pub(super) fn extensions(reader: &mut Reader<'_>, place: Place, learned: &mut Learned) -> Option<()> {
    reader.list("extensions", 2, |reader| {
        let number = reader.peek_u16()?;
        let name = names::extension(number);
        reader.group(name, |reader| {
            reader.u16("extension_type", |number| format!("{} ({number})", names::extension(number)))?;
            let mut told = String::new();
            learned.offers_early_data |= number == EARLY_DATA && place == Place::ClientHello;
            reader.vector("extension_data", 2, |reader| {
                if reader.is_empty() {
                    return Some(String::new());
                }
                told = body(reader, number, place, learned)?;
                Some(told.clone())
            })?;
            Some(told)
        })?;
        Some(name.to_owned())
    })
}

fn body(reader: &mut Reader<'_>, number: u16, place: Place, learned: &mut Learned) -> Option<String> {
    let told = match number {
        0 => server_name(reader, learned)?,
        1 => choice(reader, "max_fragment_length", &["", "512", "1024", "2048", "4096"])?,
        5 | 17 => status_request(reader, place)?,
        10 => joined(reader, "named_group_list", 2, group)?,
        11 => joined(reader, "ec_point_format_list", 1, |reader| {
            let kinds = ["uncompressed", "ansiX962_compressed_prime", "ansiX962_compressed_char2"];
            choice(reader, "ec_point_format", &kinds)
        })?,
        13 | 34 | 50 => joined(reader, "supported_signature_algorithms", 2, scheme)?,
        16 => joined(reader, "protocol_name_list", 2, |reader| protocol(reader, learned))?,
        // RFC 6962, section 3.3
        18 => joined(reader, "sct_list", 2, |reader| {
            reader.sized("SerializedSCT", "sct", 2).map(|sct| format!("{} bytes", sct.len()))
        })?,
        21 => zeros(reader)?,
        27 => joined(reader, "algorithms", 1, |reader| {
            let read = reader.u16("algorithm", |number| NAMES.compressions.full(number));
            read.map(|number| NAMES.compressions.plain(number))
        })?,
        28 => {
            let limit = reader.u16("record_size_limit", |limit| format!("{limit} bytes"))?;
            format!("{limit} bytes")
        }
        35 => whole(reader, "ticket")?,
        41 => pre_shared_key(reader, place)?,
        EARLY_DATA => {
            let size = reader.number("max_early_data_size", 4, |size| format!("{size} bytes"))?;
            format!("{size} bytes")
        }
        43 => supported_versions(reader, place, learned)?,
        44 => reader.sized_words("cookie", "cookie", 2, hex).map(hex)?,
        45 => joined(reader, "ke_modes", 1, |reader| choice(reader, "mode", &["psk_ke", "psk_dhe_ke"]))?,
        47 => {
            distinguished_names(reader, learned)?;
            learned.names.join(" | ")
        }
        48 => oid_filters(reader)?,
        51 => key_share(reader, place, learned)?,
        0xff01 => {
            let verify_data = reader.sized("renegotiated_connection", "verify_data", 1)?;
            if verify_data.is_empty() { "first handshake".to_owned() } else { hex(verify_data) }
        }
        number if is_grease(number) => whole(reader, "GREASE")?,
        _ => whole(reader, "data")?,
    };
    Some(told)
}

/// A list whose value is its items' words.
fn joined(
    reader: &mut Reader<'_>,
    name: &'static str,
    width: usize,
    mut item: impl FnMut(&mut Reader<'_>) -> Option<String>,
) -> Option<String> {
    let mut told = Vec::new();
    reader.list(name, width, |reader| {
        let value = item(reader)?;
        if told.len() < 64 {
            told.push(value.clone());
        }
        Some(value)
    })?;
    Some(told.join(", "))
}

/// One byte out of a few that have words.
fn choice(reader: &mut Reader<'_>, name: &'static str, words: &[&str]) -> Option<String> {
    let word = |number: u8| words.get(usize::from(number)).copied().filter(|word| !word.is_empty());
    let read = reader.u8(name, |number| format!("{} ({number})", word(number).unwrap_or("unknown")))?;
    Some(word(read).map_or_else(|| read.to_string(), str::to_owned))
}

fn whole(reader: &mut Reader<'_>, name: &'static str) -> Option<String> {
    reader.rest(name, hex).map(hex)
}

/// RFC 7685
fn zeros(reader: &mut Reader<'_>) -> Option<String> {
    let words = |bytes: &[u8]| match bytes.iter().all(|byte| *byte == 0) {
        true => format!("{} zeros", bytes.len()),
        false => hex(bytes),
    };
    reader.rest("padding", words).map(words)
}

fn group(reader: &mut Reader<'_>) -> Option<String> {
    let read = reader.u16("named_group", |number| NAMES.groups.full(number));
    read.map(|number| NAMES.groups.plain(number))
}

fn scheme(reader: &mut Reader<'_>) -> Option<String> {
    let read = reader.u16("algorithm", |number| NAMES.schemes.full(number));
    read.map(|number| NAMES.schemes.plain(number))
}

fn text(bytes: &[u8]) -> String {
    escape(&String::from_utf8_lossy(bytes)).into_owned()
}

/// RFC 6066, section 3
fn server_name(reader: &mut Reader<'_>, learned: &mut Learned) -> Option<String> {
    joined(reader, "server_name_list", 2, |reader| {
        let mut told = String::new();
        reader.group("ServerName", |reader| {
            let kind = choice(reader, "name_type", &["host_name"])?;
            told = text(reader.sized_words("host_name", "name", 2, text)?);
            if kind == "host_name" {
                learned.server_name = Some(told.clone());
            }
            Some(told.clone())
        })?;
        Some(told)
    })
}

/// RFC 7301
fn protocol(reader: &mut Reader<'_>, learned: &mut Learned) -> Option<String> {
    let told = text(reader.sized_words("protocol_name", "name", 1, text)?);
    if learned.protocols.len() < 16 {
        learned.protocols.push(told.clone());
    }
    Some(told)
}

/// RFC 6066, section 8; RFC 8446, section 4.4.2.1
fn status_request(reader: &mut Reader<'_>, place: Place) -> Option<String> {
    let kind = choice(reader, "status_type", &["", "ocsp"])?;
    if place == Place::Certificate {
        reader.sized("response", "ocsp_response", 3)?;
    } else {
        reader.sized("responder_id_list", "responder_ids", 2)?;
        reader.sized("request_extensions", "extensions", 2)?;
    }
    Some(kind)
}

fn supported_versions(reader: &mut Reader<'_>, place: Place, learned: &mut Learned) -> Option<String> {
    if place != Place::ClientHello {
        let chosen = version(reader, "selected_version")?;
        learned.version = Some(chosen);
        return Some(NAMES.versions.plain(chosen));
    }
    joined(reader, "versions", 1, |reader| {
        let offered = version(reader, "version")?;
        if learned.versions.len() < 16 && !is_grease(offered) {
            learned.versions.push(offered);
        }
        Some(NAMES.versions.plain(offered))
    })
}

fn key_share(reader: &mut Reader<'_>, place: Place, learned: &mut Learned) -> Option<String> {
    match place {
        Place::ClientHello => joined(reader, "client_shares", 2, key_share_entry),
        Place::HelloRetryRequest => {
            let chosen = reader.u16("selected_group", |number| NAMES.groups.full(number))?;
            learned.group = Some(chosen);
            Some(NAMES.groups.plain(chosen))
        }
        _ => {
            learned.group = reader.peek_u16();
            let mut told = String::new();
            reader.group("server_share", |reader| {
                told = group(reader)?;
                reader.sized("key_exchange", "public_key", 2)?;
                Some(told.clone())
            })?;
            Some(told)
        }
    }
}

fn key_share_entry(reader: &mut Reader<'_>) -> Option<String> {
    let mut told = String::new();
    reader.group("KeyShareEntry", |reader| {
        told = group(reader)?;
        reader.sized("key_exchange", "public_key", 2)?;
        Some(told.clone())
    })?;
    Some(told)
}

/// RFC 8446, section 4.2.11
fn pre_shared_key(reader: &mut Reader<'_>, place: Place) -> Option<String> {
    if place != Place::ClientHello {
        let chosen = reader.u16("selected_identity", |number| number.to_string())?;
        return Some(format!("identity {chosen}"));
    }
    let identities = joined(reader, "identities", 2, |reader| {
        let mut told = String::new();
        reader.group("PskIdentity", |reader| {
            told = format!("{} bytes", reader.sized("identity", "identity", 2)?.len());
            reader.number("obfuscated_ticket_age", 4, |age| age.to_string())?;
            Some(told.clone())
        })?;
        Some(told)
    })?;
    reader.list("binders", 2, |reader| reader.sized("PskBinderEntry", "binder", 1).map(hex))?;
    Some(identities)
}

fn oid_filters(reader: &mut Reader<'_>) -> Option<String> {
    joined(reader, "filters", 2, |reader| {
        let mut told = String::new();
        reader.group("OIDFilter", |reader| {
            told = hex(reader.sized("certificate_extension_oid", "oid", 1)?);
            reader.sized("certificate_extension_values", "values", 2)?;
            Some(told.clone())
        })?;
        Some(told)
    })
}
