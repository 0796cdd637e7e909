//! `dojang decode`: the TLS connections of a capture file.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};
use time::format_description::well_known::Rfc3339;

use super::args::Global;
use super::error::CliError;
use super::learn::{Opening, screen};
use super::output::{Output, Tone};
use super::transcript::{TranscriptDocument, print_ladder};
use crate::capture::{Capture, Found, LARGEST_FILE, Peer, read};
use crate::lab::Play;
use crate::text::{Language, escape};
use crate::wire::{Problem, Transcript, decode};

/// What `--help` says of the document.
pub(super) const JSON: &str = "\
With --format json one document: {file, packets, ends_early: offset or null, skipped: [{what, packets}],
connections: [{number, client, server: {name, address}, started, protocol: tls or other, client_bytes, server_bytes,
secrets: number, repeated, reordered: numbers, flaws: [sentence], comments: [{segment, text}], tls, cipher_suite, group,
server_name, alpn: null if unknown, messages: [{from: client or server, type, at_micros, record_offset, record_bytes,
bytes, encrypted_under: null in the clear, summary, problem: if there is one, facts: [{name, value}], fields: [{name,
value, offset, bytes, fields: if there are any}]}], keys: [{from, protects, label, secret, key, iv, finished_key, records:
number}]}]}. type is RFC 8446's name, or RFC 5246's; offsets of records count in their sender's
stream, those of fields in the message. What is not TLS has no tls and what follows it. The exit status is 1 if no connection is TLS.";

/// A key log is small: some lines for each connection.
const LARGEST_KEY_LOG: u64 = 64 << 20;

#[derive(Debug, Args)]
pub(super) struct DecodeArgs {
    /// A capture, pcapng or pcap: dojang's own, tcpdump's, Wireshark's
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The key log that was written beside it (SSLKEYLOGFILE, openssl -keylogfile)
    #[arg(long, value_name = "FILE")]
    keylog: Option<PathBuf>,
    /// Only this one of its connections, by its number
    #[arg(long, value_name = "N")]
    connection: Option<usize>,
    /// Show it on the screen, message by message: the first that is TLS unless one is named
    #[arg(long)]
    play: bool,
}

#[derive(Serialize)]
struct Document<'a> {
    file: String,
    packets: usize,
    ends_early: Option<usize>,
    skipped: Vec<SkippedDocument>,
    connections: Connections<'a>,
}

/// A connection and its number among those of the capture.
struct Chosen<'a> {
    number: usize,
    found: &'a Found,
}

impl Chosen<'_> {
    /// What it says, if it is TLS.
    fn transcript(&self) -> Option<Transcript> {
        self.found.is_tls().then(|| decode(&self.found.conversation.recording))
    }
}

/// Connections that are decoded as they are told: the transcript of one is held at a time.
struct Connections<'a> {
    chosen: &'a [Chosen<'a>],
    language: Language,
}

impl Serialize for Connections<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut sequence = serializer.serialize_seq(Some(self.chosen.len()))?;
        for chosen in self.chosen {
            let transcript = chosen.transcript();
            sequence.serialize_element(&document(chosen, transcript.as_ref(), self.language))?;
        }
        sequence.end()
    }
}

#[derive(Serialize)]
struct SkippedDocument {
    what: String,
    packets: usize,
}

#[derive(Serialize)]
struct PeerDocument<'a> {
    name: Option<&'a str>,
    address: String,
}

#[derive(Serialize)]
struct CommentDocument<'a> {
    segment: usize,
    text: &'a str,
}

#[derive(Serialize)]
struct ConnectionDocument<'a> {
    number: usize,
    client: PeerDocument<'a>,
    server: PeerDocument<'a>,
    started: Option<String>,
    protocol: &'static str,
    client_bytes: usize,
    server_bytes: usize,
    secrets: usize,
    repeated: usize,
    reordered: usize,
    flaws: Vec<String>,
    comments: Vec<CommentDocument<'a>>,
    #[serde(flatten)]
    transcript: Option<TranscriptDocument<'a>>,
}

pub(super) fn run(output: &Output, global: &Global, asked: &DecodeArgs) -> Result<u8, CliError> {
    let shown = asked.file.display();
    let bytes = bytes(&asked.file, LARGEST_FILE, "a capture, pcapng or pcap")?;
    let key_log = match &asked.keylog {
        Some(path) => String::from_utf8_lossy(&self::bytes(path, LARGEST_KEY_LOG, "a key log")?).into_owned(),
        None => String::new(),
    };
    let capture = read(&bytes, &key_log).map_err(|error| CliError::Usage(format!("{shown}: {error}")))?;
    let numbered = capture.found.iter().zip(1..).map(|(found, number)| Chosen { number, found });
    let chosen: Vec<_> = match asked.connection {
        None => numbered.collect(),
        Some(wanted) => numbered.filter(|chosen| chosen.number == wanted).collect(),
    };
    if let Some(wanted) = asked.connection
        && chosen.is_empty()
    {
        let all = capture.found.len();
        let next = if all == 0 { "capture one first".to_owned() } else { format!("name one of 1 to {all}") };
        return Err(CliError::Usage(format!("{shown} has no connection {wanted}: {next}")));
    }
    let first = chosen.iter().find(|chosen| chosen.found.is_tls());
    if asked.play {
        let Some(found) = first.map(|chosen| chosen.found) else {
            return Err(CliError::Usage(format!(
                "{shown} has no TLS connection to show: see what it has with `dojang decode {shown}`"
            )));
        };
        return screen(output, global, Opening::Play(Arc::new(play(found))));
    }
    let tls = first.is_some();
    if output.json {
        output.document(&Document {
            file: shown.to_string(),
            packets: capture.packets,
            ends_early: capture.ends,
            skipped: skipped(&capture, output.language),
            connections: Connections { chosen: &chosen, language: output.language },
        })?;
    } else {
        print(output, &capture, &chosen)?;
    }
    Ok(u8::from(!tls))
}

/// A connection of the capture as the screen plays it: what the ends made of each other is
/// not in it.
fn play(found: &Found) -> Play {
    let conversation = &found.conversation;
    let name = |peer: &Peer| peer.name.clone().unwrap_or_else(|| peer.address.to_string());
    Play {
        client: name(&conversation.client),
        server: name(&conversation.server),
        recording: Arc::new(conversation.recording.clone()),
        judgements: Vec::new(),
    }
}

/// A file's bytes, up to a bound.
fn bytes(path: &Path, most: u64, what: &str) -> Result<Vec<u8>, CliError> {
    let shown = path.display();
    let mut bytes = Vec::new();
    match File::open(path).and_then(|file| file.take(most + 1).read_to_end(&mut bytes)) {
        Ok(_) if bytes.len() as u64 > most => Err(CliError::Usage(format!(
            "{shown} is larger than {} MiB: cut it with editcap or tcpdump -r … -w … and a filter",
            most >> 20
        ))),
        Ok(_) => Ok(bytes),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Err(CliError::Usage(format!("{shown} does not exist: name {what}")))
        }
        Err(error) => Err(CliError::Machine(format!("cannot read {shown}: {error}"))),
    }
}

fn skipped(capture: &Capture, language: Language) -> Vec<SkippedDocument> {
    let row = |(skip, packets): (&crate::capture::Skip, &usize)| SkippedDocument {
        what: skip.words(language),
        packets: *packets,
    };
    capture.skipped.iter().map(row).collect()
}

fn document<'a>(
    chosen: &Chosen<'a>,
    transcript: Option<&'a Transcript>,
    language: Language,
) -> ConnectionDocument<'a> {
    let Chosen { number, found } = *chosen;
    let conversation = &found.conversation;
    let recording = &conversation.recording;
    let peer =
        |peer: &'a Peer| PeerDocument { name: peer.name.as_deref(), address: peer.address.to_string() };
    ConnectionDocument {
        number,
        client: peer(&conversation.client),
        server: peer(&conversation.server),
        started: recording.started.format(&Rfc3339).ok(),
        protocol: if found.is_tls() { "tls" } else { "other" },
        client_bytes: recording.client.len(),
        server_bytes: recording.server.len(),
        secrets: recording.key_log.lines().count(),
        repeated: found.repeated,
        reordered: found.reordered,
        flaws: found.flaws.iter().map(|flaw| flaw.words(language)).collect(),
        comments: conversation
            .comments
            .iter()
            .map(|comment| CommentDocument { segment: comment.segment, text: &comment.text })
            .collect(),
        transcript: transcript.map(|transcript| TranscriptDocument::new(transcript, language)),
    }
}

fn print(output: &Output, capture: &Capture, chosen: &[Chosen<'_>]) -> Result<(), CliError> {
    for one in chosen {
        print_connection(output, one)?;
        output.line("")?;
    }
    let language = output.language;
    let left = language.pick("left out", "뺀 것");
    for row in skipped(capture, language) {
        output.line(&format!("{left}: {} ({})", row.what, row.packets))?;
    }
    if let Some(offset) = capture.ends {
        output.line(&match language {
            Language::En => format!("The file ends in the middle of what begins at byte {offset}: it was cut off, or is still being written."),
            Language::Ko => format!("{offset}바이트에서 시작하는 부분 도중에 파일이 끝나요. 잘렸거나 아직 쓰는 중이에요."),
        })?;
    }
    if !chosen.iter().any(|chosen| chosen.found.is_tls()) {
        output.line(none(capture, language))?;
    }
    Ok(())
}

/// There is no TLS, and what to do next.
fn none(capture: &Capture, language: Language) -> &'static str {
    if capture.found.is_empty() {
        language.pick(
            "No TCP connection is in this capture: take one with tcpdump -i any -w FILE tcp port 6443 while the client connects.",
            "이 캡처에는 TCP 연결이 없어요. 클라이언트가 연결하는 동안 tcpdump -i any -w FILE tcp port 6443으로 캡처하세요.",
        )
    } else {
        language.pick(
            "None of these connections begins with TLS: capture from before the client connects, on the port where the server speaks TLS.",
            "TLS로 시작하는 연결이 없어요. 클라이언트가 연결하기 전부터, 서버가 TLS를 쓰는 포트를 캡처하세요.",
        )
    }
}

fn print_connection(output: &Output, chosen: &Chosen<'_>) -> Result<(), CliError> {
    let Chosen { number, found } = *chosen;
    let language = output.language;
    let conversation = &found.conversation;
    let recording = &conversation.recording;
    let arrow = if output.ascii { "->" } else { "→" };
    let peer = |peer: &Peer| match &peer.name {
        Some(name) => format!("{} ({})", escape(name), peer.address),
        None => peer.address.to_string(),
    };
    let what = if found.is_tls() { "TLS" } else { language.pick("not TLS", "TLS 아님") };
    let title =
        format!("{number}  {} {arrow} {}  {what}", peer(&conversation.client), peer(&conversation.server));
    output.line(&output.tone(Tone::Strong, &title))?;
    let (client, server) = (recording.client.len(), recording.server.len());
    output.line(&match language {
        Language::En => format!("   the client sent {client} bytes, the server {server}"),
        Language::Ko => format!("   클라이언트가 {client}바이트, 서버가 {server}바이트를 보냈어요"),
    })?;
    for comment in &conversation.comments {
        output.line(&format!("   # {}", escape(&comment.text)))?;
    }
    if found.repeated + found.reordered > 0 {
        let (repeated, reordered) = (found.repeated, found.reordered);
        output.line(&match language {
            Language::En => format!("   put in order: {repeated} packets came twice, {reordered} late"),
            Language::Ko => {
                format!("   순서를 맞췄어요. 두 번 온 패킷 {repeated}개, 늦게 온 패킷 {reordered}개")
            }
        })?;
    }
    for flaw in &found.flaws {
        output.line(&format!("   {} {}", output.mark(false), flaw.words(language)))?;
    }
    let Some(transcript) = chosen.transcript() else { return Ok(()) };
    print_ladder(output, &transcript, "   ")?;
    if transcript.messages.iter().any(|message| message.problem == Some(Problem::NoSecrets)) {
        output.line(language.pick(
            "   To read what is encrypted, name the key log with --keylog: curl writes one where SSLKEYLOGFILE says, openssl with -keylogfile.",
            "   암호화된 부분을 읽으려면 --keylog로 키 로그를 지정하세요. curl은 SSLKEYLOGFILE이 가리키는 곳에, openssl은 -keylogfile로 키 로그를 써요.",
        ))?;
    }
    Ok(())
}
