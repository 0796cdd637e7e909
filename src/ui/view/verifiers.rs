//! Three verifiers on one chain: Go, webpki and OpenSSL. One line where they agree, each in
//! full where they do not.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::lab::Opinions;
use crate::text::width;
use crate::trust::Verdict;
use crate::trust::opinion::Opinion;

use super::Look;
use super::lines::{Body, safe};
use super::verdict::shortened;

/// From here on the three stand side by side.
const SIDE_BY_SIDE: usize = 72;
/// Columns between two of them.
const GAP: usize = 2;

/// One verifier.
struct Verifier<'a> {
    name: &'static str,
    /// The programs that ask it.
    programs: &'static str,
    accepts: Option<bool>,
    words: Option<&'a str>,
}

/// What the three say.
pub(super) fn draw(body: &mut Body, verdict: &Verdict, opinions: &Opinions, columns: usize, look: Look) {
    let all = verifiers(verdict, opinions, look);
    let [go, webpki, openssl] = &all;
    let differs = |other: &Verifier<'_>| other.accepts.is_some_and(|accepts| Some(accepts) != go.accepts);
    if !differs(webpki) && !differs(openssl) {
        agreed(body, &all, columns, look);
        return;
    }
    let theme = look.theme;
    body.say(
        look.pick("Three verifiers, and they differ", "세 검증기의 판단이 달라요"),
        theme.mark(),
        columns,
    );
    if columns >= SIDE_BY_SIDE {
        beside(body, &all, columns, look);
    } else {
        for verifier in &all {
            for (at, (text, style)) in told(verifier, look).into_iter().enumerate() {
                let lead = if at == 0 { Vec::new() } else { vec![("  ".to_owned(), theme.text())] };
                body.flow(&lead, &[(text, style)], columns);
            }
        }
    }
    let is_server = opinions.case.is_of_server();
    let say = match (go.accepts, differs(openssl), is_server) {
        (Some(false), true, true) => {
            look.pick("curl accepts this, kubectl does not.", "curl은 받아들이지만 kubectl은 거부해요.")
        }
        (_, true, true) => {
            look.pick("kubectl accepts this, curl does not.", "kubectl은 받아들이지만 curl은 거부해요.")
        }
        (Some(false), true, false) => look.pick(
            "A server with OpenSSL would take this client; one in Go does not.",
            "OpenSSL 서버라면 이 클라이언트를 받아들이지만, Go 서버는 거부해요.",
        ),
        (_, true, false) => look.pick(
            "A server in Go takes this client; one with OpenSSL would not.",
            "Go 서버는 이 클라이언트를 받아들이지만, OpenSSL 서버라면 거부해요.",
        ),
        _ => look.pick(
            "webpki alone says otherwise, and no component of Kubernetes asks it.",
            "webpki만 달라요. 쿠버네티스 컴포넌트는 webpki를 쓰지 않아요.",
        ),
    };
    let arrow = if theme.is_ascii() { "->" } else { "→" };
    body.flow(&[(format!("{arrow} "), theme.mark())], &[(say.to_owned(), theme.bold())], columns);
}

fn verifiers<'a>(verdict: &'a Verdict, opinions: &'a Opinions, look: Look) -> [Verifier<'a>; 3] {
    let other = |name, programs, opinion: Option<&'a Opinion>| {
        let (accepts, words) = match opinion {
            Some(Opinion::Accepted) => (Some(true), None),
            Some(Opinion::Refused(words)) => (Some(false), Some(words.as_str())),
            Some(Opinion::Absent) => (None, Some(look.pick("not installed here", "설치되어 있지 않아요"))),
            Some(Opinion::Silent(words)) => (None, Some(words.as_str())),
            None => (None, Some(look.pick("being asked", "묻고 있어요"))),
        };
        Verifier { name, programs, accepts, words }
    };
    [
        Verifier {
            name: "Go",
            programs: look.pick("kubectl, kube-*, kubelet, etcd", "kubectl, kube-*, kubelet, etcd"),
            accepts: Some(verdict.is_accepted()),
            words: verdict.refusal.as_ref().map(|refusal| refusal.message.as_str()),
        },
        other("webpki", look.pick("rustls", "rustls"), Some(&opinions.webpki)),
        other("OpenSSL", look.pick("curl, openssl", "curl, openssl"), opinions.openssl.as_ref()),
    ]
}

/// One line where they agree, and who said nothing.
fn agreed(body: &mut Body, all: &[Verifier<'_>; 3], columns: usize, look: Look) {
    let theme = look.theme;
    let [go, ..] = all;
    let accepts = go.accepts == Some(true);
    let (glyph, style) =
        if accepts { (theme.glyph.pass, theme.pass()) } else { (theme.glyph.fail, theme.fail()) };
    let names: Vec<&str> = all.iter().filter(|one| one.accepts.is_some()).map(|one| one.name).collect();
    let say = match (accepts, look.language) {
        (true, crate::text::Language::En) => format!("{} accept it", names.join(", ")),
        (false, crate::text::Language::En) => format!("{} refuse it", names.join(", ")),
        (true, crate::text::Language::Ko) => format!("{} 모두 받아들여요", names.join(", ")),
        (false, crate::text::Language::Ko) => format!("{} 모두 거부해요", names.join(", ")),
    };
    let mut pieces = vec![(say, theme.bold())];
    for one in all.iter().filter(|one| one.accepts.is_none()) {
        pieces.push((format!("  {}: {}", one.name, safe(one.words.unwrap_or_default())), theme.dim()));
    }
    body.flow(&[(format!("{glyph} "), style)], &pieces, columns);
}

/// A verifier's lines: its name with its word, who asks it, what it says.
fn told(verifier: &Verifier<'_>, look: Look) -> Vec<(String, Style)> {
    let theme = look.theme;
    let (glyph, style, word) = match verifier.accepts {
        Some(true) => (theme.glyph.pass, theme.pass(), look.pick("accepts", "받아들임")),
        Some(false) => (theme.glyph.fail, theme.fail(), look.pick("refuses", "거부")),
        None => (theme.glyph.rest, theme.dim(), ""),
    };
    let mut lines = vec![
        (format!("{glyph} {} {word}", verifier.name).trim_end().to_owned(), style),
        (verifier.programs.to_owned(), theme.dim()),
    ];
    lines.extend(verifier.words.map(|words| (shortened(words, look), theme.text())));
    lines
}

/// The three in columns.
fn beside(body: &mut Body, all: &[Verifier<'_>; 3], columns: usize, look: Look) {
    let wide = (columns - 2 * GAP) / 3;
    let blocks = all.each_ref().map(|verifier| {
        let mut block = Body::default();
        for (text, style) in told(verifier, look) {
            block.say(&text, style, wide);
        }
        block.lines
    });
    let rows = blocks.iter().map(Vec::len).max().unwrap_or(0);
    for row in 0..rows {
        let mut spans: Vec<Span<'static>> = Vec::new();
        for (at, block) in blocks.iter().enumerate() {
            let line = block.get(row).cloned().unwrap_or_default();
            let used: usize = line.spans.iter().map(|span| width(&span.content)).sum();
            spans.extend(line.spans);
            if at < 2 {
                spans.push(Span::raw(" ".repeat(wide.saturating_sub(used) + GAP)));
            }
        }
        body.lines.push(Line::from(spans));
    }
}
