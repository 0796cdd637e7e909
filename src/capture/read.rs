//! The connections of a capture file.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, SocketAddr};

use super::file::{Item, items};
use super::flow::Flow;
use super::link::segment;
use super::{Capture, CaptureError, Found, MOST_CONNECTIONS, Skip};

/// The TCP connections of a capture, pcapng or pcap, in the order in which they begin.
///
/// `key_log` holds the lines of a key log that was written beside it; the secrets inside
/// the file are used too. Memory is bounded by the size of the file and by
/// [`MOST_CONNECTIONS`].
///
/// # Errors
///
/// If the bytes are no capture.
pub fn read(bytes: &[u8], key_log: &str) -> Result<Capture, CaptureError> {
    let mut flows: Vec<Flow<'_>> = Vec::new();
    let mut current: HashMap<(SocketAddr, SocketAddr), usize> = HashMap::new();
    let mut names: HashMap<IpAddr, &[u8]> = HashMap::new();
    let mut secrets = Secrets::default();
    let mut skipped: BTreeMap<Skip, usize> = BTreeMap::new();
    let mut ends = None;
    let mut packets = 0;
    for item in items(bytes)? {
        let frame = match item {
            Item::Packet(frame) => frame,
            Item::Secrets(lines) => {
                secrets.add(&String::from_utf8_lossy(lines));
                continue;
            }
            Item::Name(address, name) => {
                names.entry(address).or_insert(name);
                continue;
            }
            Item::Broken => {
                *skipped.entry(Skip::Block).or_default() += 1;
                continue;
            }
            Item::End(offset) => {
                ends = Some(offset);
                break;
            }
        };
        packets += 1;
        let read = frame.link.ok_or(Skip::Interface).and_then(|link| segment(link, frame.data));
        let mut tcp = match read {
            Ok(tcp) => tcp,
            Err(skip) => {
                *skipped.entry(skip).or_default() += 1;
                continue;
            }
        };
        tcp.cut |= frame.cut;
        let key = (tcp.source.min(tcp.destination), tcp.source.max(tcp.destination));
        let known = current.get(&key).and_then(|index| flows.get_mut(*index)).filter(|flow| flow.takes(&tcp));
        if let Some(flow) = known {
            flow.packet(&tcp, frame.at, frame.remarks);
        } else if flows.len() >= MOST_CONNECTIONS {
            *skipped.entry(Skip::Connections).or_default() += 1;
        } else {
            current.insert(key, flows.len());
            let mut flow = Flow::new(tcp.source, tcp.destination);
            flow.packet(&tcp, frame.at, frame.remarks);
            flows.push(flow);
        }
    }
    secrets.add(key_log);
    let mut found: Vec<Found> = flows.into_iter().map(Flow::finish).collect();
    for found in &mut found {
        let conversation = &mut found.conversation;
        for peer in [&mut conversation.client, &mut conversation.server] {
            if peer.name.is_none() {
                let name = names.get(&peer.address.ip().to_canonical());
                let name = name.or_else(|| names.get(&peer.address.ip()));
                peer.name = name.map(|name| String::from_utf8_lossy(name).into_owned());
            }
        }
        conversation.recording.key_log = secrets.of(&conversation.recording.client);
    }
    Ok(Capture { found, packets, skipped, ends })
}

/// The lines of key logs by the client random that they name, in small hexadecimal.
#[derive(Default)]
struct Secrets(HashMap<String, Vec<String>>);

impl Secrets {
    fn add(&mut self, key_log: &str) {
        for line in key_log.lines() {
            let mut words = line.split_whitespace();
            if let (Some(label), Some(random), Some(secret), None) =
                (words.next(), words.next(), words.next(), words.next())
            {
                let lines = self.0.entry(random.to_ascii_lowercase()).or_default();
                let line = format!("{label} {random} {secret}");
                if !lines.contains(&line) {
                    lines.push(line);
                }
            }
        }
    }

    /// The lines of the connection that a client's bytes open: RFC 8446 section 4.1.2 puts
    /// its random behind the headers of record and message and a version.
    fn of(&self, client: &[u8]) -> String {
        let random =
            super::handshake_begins(client).then(|| client.get(11..43)).flatten().unwrap_or_default();
        let random: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let lines = self.0.get(&random).map(Vec::as_slice).unwrap_or_default();
        lines.iter().map(|line| format!("{line}\n")).collect()
    }
}
