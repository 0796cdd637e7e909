//! Any bytes to the reader of captures, and what it reads to the writer.

use dojang::capture::{Conversation, read, write};
use dojang::wire::Side;

use super::fixtures::files;

/// Runs one input: a capture file.
pub fn run(input: &[u8]) {
    let Ok(capture) = read(input, "") else { return };
    let mut all = 0;
    for found in &capture.found {
        let conversation = &found.conversation;
        holds_together(conversation);
        all += conversation.recording.client.len() + conversation.recording.server.len();
        again(conversation);
    }
    assert!(all <= input.len(), "more bytes than were given");
    assert!(capture.ends.is_none_or(|offset| offset < input.len()));
}

/// The segments are all of both streams, and gaps and comments lie within.
fn holds_together(conversation: &Conversation) {
    let recording = &conversation.recording;
    for from in [Side::Client, Side::Server] {
        let mut next = 0;
        for segment in recording.segments.iter().filter(|segment| segment.from == from) {
            assert!(segment.offset == next && segment.length > 0);
            next += segment.length;
        }
        assert_eq!(next, recording.stream(from).len());
        let mut last = None;
        for gap in recording.gaps.iter().filter(|gap| gap.from == from) {
            assert!(gap.length > 0 && gap.offset <= next && last < Some(gap.offset));
            last = Some(gap.offset);
        }
    }
    assert!(conversation.comments.iter().all(|comment| comment.segment < recording.segments.len()));
}

/// What was read is written and read as the same bytes with the same holes.
fn again(conversation: &Conversation) {
    let recording = &conversation.recording;
    // Larger holes are wider than a window of TCP: no file can hold both their sides.
    let wide = recording.gaps.iter().map(|gap| gap.length).sum::<usize>() >= 1 << 29;
    if wide || conversation.client.address == conversation.server.address {
        return;
    }
    let mut bytes = Vec::new();
    write(&mut bytes, std::slice::from_ref(conversation)).unwrap();
    let capture = read(&bytes, "").unwrap();
    assert_eq!((capture.found.len(), capture.skipped.len(), capture.ends), (1, 0, None));
    let second = &capture.found[0].conversation;
    assert_eq!(
        (second.client.address, second.server.address),
        (conversation.client.address, conversation.server.address)
    );
    assert_eq!((&second.recording.client, &second.recording.server), (&recording.client, &recording.server));
    assert_eq!(second.recording.segments.len(), recording.segments.len());
    assert_eq!(second.recording.gaps, recording.gaps);
}

/// The captures of real tools, and one of dojang's own.
pub fn seeds() -> Vec<Vec<u8>> {
    let mut all =
        [files("tests/fixtures/captures", ".pcap"), files("tests/fixtures/captures", ".pcapng")].concat();
    let first = read(&all[0], "").unwrap();
    let conversations: Vec<_> = first.found.into_iter().map(|found| found.conversation).collect();
    let mut own = Vec::new();
    write(&mut own, &conversations).unwrap();
    all.push(own);
    all
}
