//! Recordings as a pcapng file.

use std::collections::BTreeSet;
use std::io::{self, Write};

use super::packets::packets;
use super::{Conversation, blocks};

/// Writes connections as a pcapng file: the secrets of all of them before the packets, as
/// Wireshark and tshark need it to decrypt with no settings; the names of addresses; and
/// each connection as a complete TCP conversation. Packets stand in the order of time.
///
/// Where several names share an address, the file's name resolution has the first name;
/// the remark on a connection's first packet has the right ones.
///
/// # Errors
///
/// If the target refuses what is written.
pub fn write(out: &mut impl Write, conversations: &[Conversation]) -> io::Result<()> {
    out.write_all(&blocks::section(concat!("dojang ", env!("CARGO_PKG_VERSION"))))?;
    out.write_all(&blocks::interface())?;
    let key_log = key_log(conversations);
    if !key_log.is_empty() {
        out.write_all(&blocks::secrets(&key_log))?;
    }
    let mut named = BTreeSet::new();
    let peers = conversations.iter().flat_map(|conversation| [&conversation.server, &conversation.client]);
    let names: Vec<_> = peers
        .filter_map(|peer| Some((peer.address.ip(), peer.name.as_deref()?)))
        .filter(|(address, name)| !name.is_empty() && named.insert(*address))
        .collect();
    if !names.is_empty() {
        out.write_all(&blocks::names(&names))?;
    }
    let mut all = Vec::new();
    for (number, conversation) in conversations.iter().enumerate() {
        all.extend(packets(conversation, number)?);
    }
    all.sort_by_key(|packet| packet.at);
    for packet in &all {
        out.write_all(&blocks::packet(&packet.data, packet.at, &packet.remarks))?;
    }
    out.flush()
}

/// The lines of every key log, each once.
fn key_log(conversations: &[Conversation]) -> String {
    let mut seen = BTreeSet::new();
    let mut all = String::new();
    for line in conversations.iter().flat_map(|conversation| conversation.recording.key_log.lines()) {
        if !line.trim().is_empty() && seen.insert(line) {
            all.push_str(line);
            all.push('\n');
        }
    }
    all
}
