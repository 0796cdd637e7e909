//! Certificates made to be hostile, or huge.

use super::super::*;
use super::opened;

/// One element of DER.
fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let contents = parts.concat();
    let mut out = vec![tag];
    match contents.len() {
        length @ 0..0x80 => out.push(length as u8),
        length => out.extend([0x83, (length >> 16) as u8, (length >> 8) as u8, length as u8]),
    }
    out.extend(contents);
    out
}

/// A certificate with these names and one more extension, signed by nobody.
pub(super) fn certificate(subject: &str, names: &[String]) -> Vec<u8> {
    let algorithm = tlv(0x30, &[&tlv(6, &[&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2]])]);
    let name = |text: &str| {
        let attribute = tlv(0x30, &[&tlv(6, &[&[0x55, 4, 3]]), &tlv(12, &[text.as_bytes()])]);
        tlv(0x30, &[&tlv(0x31, &[&attribute])])
    };
    let validity = tlv(0x30, &[&tlv(23, &[b"260101000000Z"]), &tlv(23, &[b"270101000000Z"])]);
    let key = tlv(0x30, &[&algorithm, &tlv(3, &[&[0, 4, 1, 2, 3]])]);
    let all: Vec<Vec<u8>> = names.iter().map(|name| tlv(0x82, &[name.as_bytes()])).collect();
    let all: Vec<&[u8]> = all.iter().map(Vec::as_slice).collect();
    let sans = tlv(0x30, &[&tlv(6, &[&[0x55, 0x1d, 17]]), &tlv(4, &[&tlv(0x30, &all)])]);
    let odd = tlv(0x30, &[&tlv(6, &[&[0x2a, 3, 4]]), &tlv(4, &[&tlv(12, &[subject.as_bytes()])])]);
    let extensions = tlv(0xa3, &[&tlv(0x30, &[&sans, &odd])]);
    let version = tlv(0xa0, &[&tlv(2, &[&[2]])]);
    let body = [
        version,
        tlv(2, &[&[1]]),
        algorithm.clone(),
        name(subject),
        validity,
        name(subject),
        key,
        extensions,
    ];
    let body: Vec<&[u8]> = body.iter().map(Vec::as_slice).collect();
    tlv(0x30, &[&tlv(0x30, &body), &algorithm, &tlv(3, &[&[0, 1, 2]])])
}

#[test]
fn nothing_hostile_reaches_the_terminal_from_any_pane() {
    let hostile = "a\u{1b}[2J\u{0}\u{7}\r\n\u{202e}\u{2066}b\u{9b}31m\u{200b}\u{feff}";
    let der = certificate(hostile, &[hostile.to_owned(), "plain".into()]);
    let mut looked = 0;
    for size in SIZES {
        for keys in ["", "\t", "\t\t", "x", "s", "t", "d\nb", "c", "e", "/a\n", "d"] {
            let mut lab = opened(size, hostile, &der);
            lab.keys(keys);
            // Through all of it in each pane, unfolding what can be unfolded.
            let steps = if size.0 < 80 { 60 } else { 4 };
            for _ in 0..steps {
                lab.key(KeyCode::Right).key(KeyCode::Down);
                let text = lab.text();
                let raw: Vec<char> = text.chars().filter(|c| is_hostile(*c)).collect();
                assert!(raw.is_empty(), "{size:?} {keys:?}: {raw:?}\n{text}");
                looked += usize::from(text.contains("\\u{1b}") || text.contains("\\x1b"));
            }
        }
    }
    assert!(looked > 50, "the hostile text itself is seen, escaped: {looked}");
}

/// Control characters, and those that are not seen or turn the text around.
fn is_hostile(c: char) -> bool {
    c.is_control() && c != '\n'
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[test]
fn ten_thousand_names_scroll_without_delay() {
    let names: Vec<String> = (0..10_000).map(|at| format!("host-{at}.example.svc.cluster.local")).collect();
    let mut lab = opened((200, 60), "many", &certificate("many", &names));
    lab.keys("/host-9999\n");
    assert!(lab.text().contains("host-9999.example"), "{}", lab.text());
    let mut terminal = Terminal::new(TestBackend::new(200, 60)).unwrap();
    let mut least = std::time::Duration::MAX;
    for _ in 0..30 {
        lab.press(KeyCode::Up);
        let began = std::time::Instant::now();
        terminal.draw(|frame| view(&lab.model, frame)).unwrap();
        least = least.min(began.elapsed());
    }
    println!("{least:?} a frame");
    // 2 ms where the code is optimised; what is not is a few times slower, and what
    // draws all names some hundred times.
    assert!(least < std::time::Duration::from_millis(10), "{least:?}");
}
