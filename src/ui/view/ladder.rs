//! The chain that was judged as a ladder from the leaf down to the root: what each
//! certificate is, whether each link held, and the other paths that were tried.

use crate::clock::rfc3339;
use crate::trust::{BrokenAt, Path, PathCertificate, Verdict};

use super::super::words;
use super::Look;
use super::lines::{Body, Piece, safe};
use super::verdict::shortened;

/// So many other paths are shown.
const MOST_PATHS: usize = 8;

/// The ladder; the leaf alone where no path was tried.
pub(super) fn draw(
    body: &mut Body,
    verdict: &Verdict,
    leaf: Option<&PathCertificate>,
    columns: usize,
    look: Look,
) {
    let message = verdict.refusal.as_ref().map_or("", |refusal| refusal.message.as_str());
    let Some(shown) = main_path(verdict, message) else {
        let Some(leaf) = leaf else { return };
        rung(body, leaf, 0, Some(false), true, columns, look);
        let why = look.pick(
            "the leaf itself is refused: no issuer was looked for",
            "리프부터 거부되어 발급자는 찾지 않았어요",
        );
        foot(body, false, why, columns, look);
        return;
    };
    let Some(path) = verdict.paths.get(shown) else { return };
    rungs(body, path, message, columns, look);
    let others = verdict.paths.iter().enumerate().filter(|(at, _)| *at != shown).map(|(_, path)| path);
    let others: Vec<&Path> = others.collect();
    tried(body, &others, columns, look);
}

/// The path that was taken, else the one that Go's message is about, else the first.
fn main_path(verdict: &Verdict, message: &str) -> Option<usize> {
    let by = |wanted: &dyn Fn(&Path) -> bool| verdict.paths.iter().position(wanted);
    by(&|path| path.dropped.is_none())
        .or_else(|| {
            by(&|path| path.dropped.as_ref().is_some_and(|dropped| message.contains(dropped.reason.as_str())))
        })
        .or(if verdict.paths.is_empty() { None } else { Some(0) })
}

fn rungs(body: &mut Body, path: &Path, message: &str, columns: usize, look: Look) {
    let theme = look.theme;
    let last = path.certificates.len().saturating_sub(1);
    let at = path.dropped.as_ref().map(|dropped| dropped.at);
    for (place, certificate) in path.certificates.iter().enumerate() {
        let holds = !(place == last && at == Some(BrokenAt::Issuer));
        rung(body, certificate, place, Some(holds), place == last, columns, look);
        if place < last {
            let held = place + 1 < last || at != Some(BrokenAt::Issuer);
            let (glyph, style) =
                if held { (theme.glyph.pass, theme.pass()) } else { (theme.glyph.fail, theme.fail()) };
            let word = if held {
                look.pick("signed by", "서명한 곳")
            } else {
                look.pick("the link breaks", "끊긴 고리")
            };
            let lead = [(format!("{} ", theme.glyph.branch), theme.dim())];
            body.flow(&lead, &[(format!("{glyph} {word}"), style)], columns);
        }
    }
    let Some(dropped) = &path.dropped else {
        let trusted = look.pick("trusted: one of the CAs that were given", "신뢰: 주어진 CA 중 하나예요");
        foot(body, true, trusted, columns, look);
        return;
    };
    let rule = words::rule(dropped.rule, look.language);
    let what = match dropped.at {
        BrokenAt::NoIssuer => look
            .pick("no certificate bears its issuer's name", "발급자 이름을 가진 인증서가 없어요")
            .to_owned(),
        BrokenAt::Issuer => rule.to_owned(),
        BrokenAt::Chain => {
            format!(
                "{}: {rule}",
                look.pick("the links hold, the whole does not", "고리는 이어지지만 전체가 안 돼요")
            )
        }
    };
    // What Go's words say below is not said twice.
    let reason = match message.contains(dropped.reason.as_str()) {
        true => String::new(),
        false => format!(": {}", shortened(&dropped.reason, look)),
    };
    foot(body, false, &format!("{what}{reason}"), columns, look);
}

/// One certificate: its name, what it is, until when.
fn rung(
    body: &mut Body,
    certificate: &PathCertificate,
    place: usize,
    holds: Option<bool>,
    is_last: bool,
    columns: usize,
    look: Look,
) {
    let theme = look.theme;
    let (glyph, style) = match holds {
        Some(true) => (theme.glyph.pass, theme.pass()),
        Some(false) => (theme.glyph.fail, theme.fail()),
        None => (theme.glyph.rest, theme.dim()),
    };
    let name = if place > 0 { theme.seal() } else { theme.bold() };
    body.flow(&[(format!("{glyph} "), style)], &[(safe(&certificate.name), name)], columns);
    let kind = match (place, certificate.is_self_issued) {
        (0, _) => look.pick("leaf", "리프"),
        (_, true) => look.pick("root", "루트"),
        (_, false) => look.pick("intermediate", "중간"),
    };
    let trunk = if is_last { " " } else { theme.glyph.bar };
    let day = rfc3339(certificate.not_after);
    let day = day.split('T').next().unwrap_or_default();
    let until = match look.language {
        crate::text::Language::En => format!("until {day}"),
        crate::text::Language::Ko => format!("{day}까지"),
    };
    let facts = format!("{kind}, {}, {until}", may_sign(certificate));
    body.flow(&[(format!("{trunk} "), theme.dim())], &[(facts, theme.dim())], columns);
}

/// What it says of its right to sign, in the field's words.
fn may_sign(certificate: &PathCertificate) -> String {
    match (certificate.authority, certificate.version) {
        (Some(true), _) => "CA:TRUE".to_owned(),
        (Some(false), _) => "CA:FALSE".to_owned(),
        (None, version) => format!("version {version}, no basicConstraints"),
    }
}

fn foot(body: &mut Body, holds: bool, text: &str, columns: usize, look: Look) {
    let theme = look.theme;
    let (glyph, style) =
        if holds { (theme.glyph.pass, theme.pass()) } else { (theme.glyph.fail, theme.fail()) };
    let lead = [(format!("{} ", theme.glyph.last), theme.dim()), (format!("{glyph} "), style)];
    body.flow(&lead, &[(text.to_owned(), style)], columns);
}

/// The other paths, each on its own lines.
fn tried(body: &mut Body, others: &[&Path], columns: usize, look: Look) {
    let theme = look.theme;
    if others.is_empty() {
        return;
    }
    body.gap();
    let heading = look.pick("Other paths that were tried", "시도한 다른 경로");
    body.say(&format!("{heading}  {}", others.len()), theme.dim(), columns);
    let arrow = if theme.is_ascii() { " <- " } else { " ← " };
    for path in others.iter().take(MOST_PATHS) {
        let names: Vec<String> = path.certificates.iter().map(|known| safe(&known.name)).collect();
        let (glyph, style) = match path.dropped {
            None => (theme.glyph.pass, theme.pass()),
            Some(_) => (theme.glyph.fail, theme.fail()),
        };
        let mut pieces: Vec<Piece> = vec![(names.join(arrow), theme.text())];
        if let Some(dropped) = &path.dropped {
            let rule = words::rule(dropped.rule, look.language);
            pieces.push((format!("  {rule}: {}", shortened(&dropped.reason, look)), theme.dim()));
        }
        body.flow(&[(format!("{glyph} "), style)], &pieces, columns);
    }
    if let Some(more) = others.len().checked_sub(MOST_PATHS).filter(|more| *more > 0) {
        let more = match look.language {
            crate::text::Language::En => format!("and {more} more"),
            crate::text::Language::Ko => format!("그 밖에 {more}개"),
        };
        body.say(&more, theme.dim(), columns);
    }
}
