//! Capture files: what is written is read back, what real tools wrote is read whatever its
//! format, and what is broken is told.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "common/frames.rs"]
mod frames;
#[path = "common/tools.rs"]
mod tools;

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use dojang::capture::{Capture, CaptureError, Comment, Conversation, Flaw, Found, Peer, Skip, read, write};
use dojang::wire::{Gap, Recording, Segment, Side};
use frames::{Format, Frame, Order, fixture, frames, network, relinked};
use proptest::prelude::*;
use time::OffsetDateTime;

fn conversations(bytes: &[u8]) -> Vec<Conversation> {
    let capture = read(bytes, "").unwrap();
    capture.found.into_iter().map(|found| found.conversation).collect()
}

fn written(conversations: &[Conversation]) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out, conversations).unwrap();
    out
}

fn only(capture: &Capture) -> &Found {
    assert_eq!(capture.found.len(), 1);
    &capture.found[0]
}

/// Runs editcap, mergecap or another of Wireshark's tools on a file of these bytes.
fn tool(name: &str, input: &[u8], arguments: &[&str]) -> Vec<u8> {
    tools::require(name, "wireshark-common");
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("in"), input).unwrap();
    let output = Command::new(name).args(arguments).current_dir(directory.path()).output().unwrap();
    assert!(output.status.success(), "{name} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    std::fs::read(directory.path().join("out")).unwrap()
}

/// A step of a made-up connection: who sends, how many bytes, how many are missing before,
/// how long after the step before.
type Step = (bool, usize, usize, u64);

fn conversation(steps: &[Step], addresses: (SocketAddr, SocketAddr), remarks: &[bool]) -> Conversation {
    let mut recording = Recording {
        started: OffsetDateTime::from_unix_timestamp_nanos(1_790_000_000_123_456_789).unwrap(),
        client: Vec::new(),
        server: Vec::new(),
        segments: Vec::new(),
        gaps: Vec::new(),
        key_log: String::new(),
    };
    let mut at = Duration::ZERO;
    for (by_client, length, missing, later) in steps {
        let from = if *by_client { Side::Client } else { Side::Server };
        let stream = if *by_client { &mut recording.client } else { &mut recording.server };
        let offset = stream.len();
        stream.extend((0..*length).map(|byte| (offset + byte) as u8));
        at += Duration::from_nanos(*later);
        if *missing > 0 {
            recording.gaps.push(Gap { from, offset, length: *missing });
        }
        recording.segments.push(Segment { from, offset, length: *length, at });
    }
    recording.gaps.sort_by_key(|gap| (gap.from == Side::Server, gap.offset));
    let peer = |name: &str, address| Peer { name: Some(name.into()), address };
    let remarked = (0..steps.len()).zip(remarks).filter(|(_, remarked)| **remarked);
    Conversation {
        client: peer("kubelet@node01", addresses.0),
        server: peer("kube-apiserver", addresses.1),
        recording,
        comments: remarked.map(|(segment, _)| Comment { segment, text: format!("단계 {segment}") }).collect(),
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(
        steps in proptest::collection::vec(
            (any::<bool>(), 1_usize..9_000, prop_oneof![4 => Just(0_usize), 1 => 1_usize..5_000], 0_u64..1_000_000),
            0..30,
        ),
        remarks in proptest::collection::vec(any::<bool>(), 30),
        six in any::<bool>(),
    ) {
        let addresses = if six {
            ("[fd00::21]:50123".parse().unwrap(), "[fd00::10]:6443".parse().unwrap())
        } else {
            ("10.0.0.21:50123".parse().unwrap(), "10.0.0.10:6443".parse().unwrap())
        };
        let made = conversation(&steps, addresses, &remarks);
        let capture = read(&written(std::slice::from_ref(&made)), "").unwrap();
        prop_assert_eq!(capture.ends, None);
        prop_assert!(capture.skipped.is_empty());
        let found = only(&capture);
        prop_assert_eq!(&found.conversation, &made);
        prop_assert_eq!((found.repeated, found.reordered), (0, 0));
        prop_assert!(found.flaws.iter().all(|flaw| matches!(flaw, Flaw::Missing { .. })), "{:?}", found.flaws);
        prop_assert_eq!(found.flaws.is_empty(), made.recording.gaps.is_empty());
    }
}

#[test]
fn a_stream_of_a_megabyte_is_read_back() {
    let addresses = ("10.0.0.21:50123".parse().unwrap(), "10.0.0.10:6443".parse().unwrap());
    let made = conversation(&[(true, 1 << 20, 0, 5), (false, 3 << 20, 0, 5)], addresses, &[]);
    assert_eq!(conversations(&written(std::slice::from_ref(&made))), [made]);
}

#[test]
fn connections_that_share_ports_and_addresses_keep_their_names() {
    let addresses = ("10.0.0.10:50123".parse().unwrap(), "10.0.0.10:6443".parse().unwrap());
    let mut first = conversation(&[(true, 5, 0, 5), (false, 7, 0, 5)], addresses, &[]);
    first.client.name = Some("kube-scheduler".into());
    let mut second = first.clone();
    second.client.name = Some("kube-controller-manager".into());
    second.recording.started += Duration::from_secs(1);
    let both = [first, second];
    assert_eq!(conversations(&written(&both)), both);
}

#[test]
fn ends_of_two_families_are_written_as_ipv6() {
    let addresses = ("10.0.0.21:50123".parse().unwrap(), "[fd00::10]:6443".parse().unwrap());
    let mut made = conversation(&[(true, 5, 0, 5)], addresses, &[]);
    let bytes = written(std::slice::from_ref(&made));
    made.client.address = "[::ffff:10.0.0.21]:50123".parse().unwrap();
    assert_eq!(conversations(&bytes), [made]);
}

#[test]
fn captures_of_real_tools_are_read() {
    let keys = |name: &str| String::from_utf8(fixture(name)).unwrap();
    let curl = read(&fixture("curl.pcap"), &keys("curl.keys")).unwrap();
    let found = only(&curl);
    assert!(found.is_tls() && found.flaws.is_empty());
    assert_eq!(found.conversation.server.address.to_string(), "127.0.0.1:16443");
    assert_eq!(
        (found.conversation.recording.client.len(), found.conversation.recording.server.len()),
        (722, 6638)
    );
    assert_eq!(found.conversation.recording.key_log.lines().count(), 5);

    let mixed = read(&fixture("s_client.pcap"), &keys("s_client.keys")).unwrap();
    assert_eq!(mixed.found.iter().map(Found::is_tls).collect::<Vec<_>>(), [true, false]);
    assert_eq!(mixed.skipped.into_iter().collect::<Vec<_>>(), [(Skip::Protocol(17), 1)]);
    let recordings: Vec<_> = mixed.found.iter().map(|found| &found.conversation.recording).collect();
    assert_eq!(mixed.found[0].conversation.server.address.to_string(), "[::1]:16444");
    assert!(recordings[0].key_log.starts_with("CLIENT_RANDOM "));
    assert!(recordings[1].client.starts_with(b"GET / HTTP/1.1") && recordings[1].key_log.is_empty());

    // Each connection gets its own secrets alone.
    let refused = read(&fixture("refused.pcap"), &keys("refused.keys")).unwrap();
    let lines = |found: &Found| found.conversation.recording.key_log.lines().count();
    assert_eq!(
        refused.found.iter().map(lines).sum::<usize>(),
        keys("refused.keys").lines().filter(|line| !line.starts_with('#')).count()
    );
    assert_eq!(refused.found[1].flaws, [Flaw::Reset { from: Side::Client }]);

    let kubectl = read(&fixture("kubectl.pcapng"), "").unwrap();
    assert_eq!(only(&kubectl).conversation.recording.key_log.lines().count(), 5);
}

#[test]
fn every_format_and_link_type_gives_the_same_connection() {
    let original = fixture("curl.pcap");
    let expected = conversations(&original);
    let all = frames(&original);
    for link in [0, 1, 12, 101, 108, 113, 276] {
        let relinked: Vec<_> = all.iter().map(|frame| relinked(frame, link)).collect();
        for order in [Order::Little, Order::Big] {
            for format in
                [Format::Micro, Format::Nano, Format::Next { resolution: 6 }, Format::Next { resolution: 9 }]
            {
                let bytes = frames::file(format, order, link, &relinked);
                assert_eq!(conversations(&bytes), expected, "link type {link}, {order:?}, {format:?}");
            }
        }
    }
    // Units of 2⁻³⁰ s are shorter than nanoseconds and rounded.
    let binary = conversations(&frames::file(Format::Next { resolution: 0x80 | 30 }, Order::Big, 1, &all));
    let apart = binary[0].recording.started - expected[0].recording.started;
    assert!(apart.abs() < Duration::from_micros(1), "{apart}");
    assert_eq!(binary[0].recording.server, expected[0].recording.server);
}

#[test]
fn the_formats_of_editcap_are_read() {
    let original = fixture("curl.pcap");
    let expected = conversations(&original);
    for format in ["pcap", "nsecpcap", "pcapng"] {
        assert_eq!(
            conversations(&tool("editcap", &original, &["-F", format, "in", "out"])),
            expected,
            "{format}"
        );
    }
    // The same as raw IP, by cutting the Ethernet header off.
    let raw = tool("editcap", &original, &["-C", "14", "-L", "-T", "rawip", "in", "out"]);
    assert_eq!(conversations(&raw), expected);
}

#[test]
fn vlan_tags_options_and_extension_headers_are_passed_over() {
    let original = fixture("curl.pcap");
    let expected = conversations(&original);
    let tagged = |frame: &Frame| {
        let mut data = frame.data[..12].to_vec();
        data.extend([0x88, 0xa8, 0, 7, 0x81, 0, 0, 9]);
        data.extend(&frame.data[12..]);
        Frame { data, ..frame.clone() }
    };
    let vlan: Vec<_> = frames(&original).iter().map(tagged).collect();
    assert_eq!(conversations(&frames::file(Format::Micro, Order::Little, 1, &vlan)), expected);

    let with_options = |frame: &Frame| {
        let ip = network(frame);
        let mut data = ip[..20].to_vec();
        data[0] = 0x47;
        let length = u16::from_be_bytes([ip[2], ip[3]]) + 8;
        data[2..4].copy_from_slice(&length.to_be_bytes());
        data.extend([1, 1, 1, 1, 1, 1, 1, 0]);
        data.extend(&ip[20..]);
        Frame { data, ..frame.clone() }
    };
    let options: Vec<_> = frames(&original).iter().map(with_options).collect();
    assert_eq!(conversations(&frames::file(Format::Micro, Order::Little, 101, &options)), expected);

    let six = fixture("s_client.pcap");
    let expected = &conversations(&six)[0];
    let with_headers = |frame: &Frame| {
        let ip = network(frame);
        let mut data = ip[..40].to_vec();
        data[6] = 0;
        let length = u16::from_be_bytes([ip[4], ip[5]]) + 16;
        data[4..6].copy_from_slice(&length.to_be_bytes());
        // Hop-by-hop options, then destination options, each padded to eight bytes.
        data.extend([60, 0, 1, 4, 0, 0, 0, 0, 6, 0, 1, 4, 0, 0, 0, 0]);
        data.extend(&ip[40..]);
        Frame { data, ..frame.clone() }
    };
    let headers: Vec<_> =
        frames(&six).iter().filter(|frame| network(frame)[0] >> 4 == 6).map(with_headers).collect();
    assert_eq!(
        conversations(&frames::file(Format::Nano, Order::Little, 101, &headers)),
        std::slice::from_ref(expected)
    );
}

#[test]
fn what_is_no_tcp_is_counted() {
    let all = frames(&fixture("curl.pcap"));
    let one = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut frame = relinked(&all[3], 1);
        change(&mut frame.data);
        let capture = read(&frames::file(Format::Micro, Order::Little, 1, &[frame]), "").unwrap();
        assert!(capture.found.is_empty());
        capture.skipped.into_keys().next().unwrap()
    };
    assert_eq!(one(&|data| data[12..14].copy_from_slice(&[0x08, 0x06])), Skip::NotIp);
    assert_eq!(one(&|data| data[12..14].copy_from_slice(&[0x88, 0xcc])), Skip::NotIp);
    assert_eq!(one(&|data| data[23] = 17), Skip::Protocol(17));
    assert_eq!(one(&|data| data[20] = 0x20), Skip::Fragment);
    assert_eq!(one(&|data| data[46] = 0), Skip::Malformed);
    assert_eq!(one(&|data| data.truncate(40)), Skip::Malformed);
    let unknown = read(&frames::file(Format::Micro, Order::Little, 147, &all), "").unwrap();
    assert_eq!(unknown.skipped.into_iter().collect::<Vec<_>>(), [(Skip::Link(147), 18)]);
}

#[test]
fn a_missing_packet_is_a_gap() {
    // Packet 6 carries the server's whole flight.
    let cut = tool("editcap", &fixture("curl.pcap"), &["in", "out", "6"]);
    let capture = read(&cut, "").unwrap();
    let recording = &only(&capture).conversation.recording;
    assert_eq!(recording.gaps, [Gap { from: Side::Server, offset: 0, length: 804 }]);
    assert_eq!(recording.server.len(), 6638 - 804);
    assert_eq!(only(&capture).flaws, [Flaw::Missing { from: Side::Server, bytes: 804, holes: 1 }]);
}

#[test]
fn what_comes_twice_or_late_changes_nothing() {
    let original = fixture("curl.pcap");
    let expected = conversations(&original);
    // Each packet once more, as tcpdump -i any shows what crosses a bridge.
    let doubled = read(&tool("mergecap", &original, &["-w", "out", "in", "in"]), "").unwrap();
    assert_eq!(only(&doubled).conversation, expected[0]);
    assert_eq!(only(&doubled).repeated, 9);

    // The server's flight in two packets whose order is wrong.
    let mut all = frames(&original);
    let mut second = all[5].clone();
    let body = 14 + 20 + 32;
    second.data.drain(body..body + 300);
    let sequence = u32::from_be_bytes(second.data[38..42].try_into().unwrap()).wrapping_add(300);
    second.data[38..42].copy_from_slice(&sequence.to_be_bytes());
    let length = u16::from_be_bytes(second.data[16..18].try_into().unwrap()) - 300;
    second.data[16..18].copy_from_slice(&length.to_be_bytes());
    let first = &mut all[5];
    first.data.truncate(body + 300);
    first.data[16..18].copy_from_slice(&(20_u16 + 32 + 300).to_be_bytes());
    all.insert(5, second);
    let late = read(&frames::file(Format::Micro, Order::Little, 1, &all), "").unwrap();
    assert_eq!(only(&late).conversation.recording.server, expected[0].recording.server);
    assert_eq!((only(&late).repeated, only(&late).reordered), (0, 1));
    assert!(only(&late).flaws.is_empty());
}

#[test]
fn packets_without_their_end_are_told() {
    let cut = read(&tool("editcap", &fixture("curl.pcap"), &["-s", "400", "in", "out"]), "").unwrap();
    let found = only(&cut);
    assert!(found.flaws.contains(&Flaw::Cut { packets: 3 }), "{:?}", found.flaws);
    let recording = &found.conversation.recording;
    let missing =
        |from| recording.gaps.iter().filter(|gap| gap.from == from).map(|gap| gap.length).sum::<usize>();
    assert_eq!(recording.client.len() + missing(Side::Client), 722);
    assert_eq!(recording.server.len() + missing(Side::Server), 6638);
}

#[test]
fn a_capture_that_began_late_still_tells_who_is_the_client() {
    let original = fixture("curl.pcap");
    let expected = &conversations(&original)[0];
    // Without the SYNs; without the ClientHello too; without the ServerHello too, where
    // the lower port decides.
    for dropped in ["1-3", "1-5", "1-7"] {
        let capture = read(&tool("editcap", &original, &["in", "out", dropped]), "").unwrap();
        let found = only(&capture);
        assert_eq!(found.conversation.server, expected.server, "{dropped}");
        assert_eq!(found.flaws, [Flaw::Begun], "{dropped}");
        assert!(expected.recording.server.ends_with(&found.conversation.recording.server));
        assert!(found.is_tls());
    }
}

#[test]
fn a_file_that_ends_early_gives_what_it_has() {
    let original = fixture("curl.pcap");
    let capture = read(&original[..original.len() - 170], "").unwrap();
    assert!(capture.ends.is_some_and(|offset| offset < original.len() - 170));
    assert_eq!(only(&capture).conversation.recording.server.len(), 6638);
    assert!(only(&capture).flaws.contains(&Flaw::Unfinished));
}

#[test]
fn what_is_no_capture_is_refused_with_the_next_step() {
    assert_eq!(read(b"", "").unwrap_err(), CaptureError::Short);
    assert_eq!(read(b"\xd4\xc3\xb2\xa1", "").unwrap_err(), CaptureError::Short);
    assert_eq!(read(b"-----BEGIN CERTIFICATE-----", "").unwrap_err(), CaptureError::Unknown);
    assert_eq!(read(b"\x1f\x8b\x08\x00", "").unwrap_err(), CaptureError::Compressed);
}

#[test]
fn every_beginning_and_every_flipped_byte_of_a_capture_is_read_or_refused() {
    for name in ["curl.pcap", "s_client.pcap", "refused.pcap", "kubectl.pcapng"] {
        let original = fixture(name);
        for end in (0..original.len()).step_by(3) {
            let _ = read(&original[..end], "");
        }
        for at in (0..original.len()).step_by(7) {
            let mut bytes = original.clone();
            bytes[at] ^= 1 << (at % 8);
            let _ = read(&bytes, "");
        }
    }
}

#[test]
fn random_packets_are_read() {
    for kind in ["tcp", "ip", "eth", "ipv6"] {
        let made = tempfile::tempdir().unwrap();
        let path = made.path().join("out");
        let run =
            Command::new("randpkt").args(["-b", "300", "-c", "500", "-t", kind]).arg(&path).output().unwrap();
        if run.status.success() {
            let capture = read(&std::fs::read(&path).unwrap(), "").unwrap();
            assert_eq!(capture.packets, 500, "{kind}");
        } else {
            assert!(kind != "tcp", "{}", String::from_utf8_lossy(&run.stderr));
        }
    }
}

#[test]
fn the_captures_directory_says_how_each_was_made() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/captures");
    let readme = std::fs::read_to_string(directory.join("README.md")).unwrap();
    for entry in std::fs::read_dir(&directory).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let stem = name.split('.').next().unwrap();
        assert!(name == "README.md" || readme.contains(stem), "{name}");
    }
}
