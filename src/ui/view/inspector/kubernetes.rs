//! What a cluster makes of an open thing: whom the API server takes for its holder, what it
//! serves for, which of the blueprint's it is, whose key it has, and what is wrong with it.

use super::super::super::inspector::{ClusterView, Inspector};
use super::super::lines::{Body, Piece, safe};
use super::super::{Look, markdown};
use super::{kind_word, place_of};
use crate::audit::{Finding, Severity};
use crate::lab::{Meaning, Named, Role};
use crate::text::width;
use crate::x509::Kind;

/// The widest name of a row.
const NAME: usize = 14;

/// All of it, in lines of so many columns.
pub(super) fn body(inspector: &Inspector, view: &ClusterView, columns: usize, look: Look) -> Body {
    let mut body = Body::default();
    let kind = inspector.entry().map(|entry| entry.holding.item.kind);
    if let Some(meaning) = &view.meaning {
        identity(meaning, kind == Some(Kind::CertificateRequest), &mut body, columns, look);
        uses(meaning, &mut body, columns, look);
        roles(&meaning.roles, &mut body, columns, look);
    } else if kind == Some(Kind::RevocationList) {
        let never = look.pick(
            "Kubernetes never looks at revocation lists: a certificate works until it ends.",
            "Kubernetes는 폐기 목록을 보지 않아요. 인증서는 끝나는 날까지 통해요.",
        );
        body.say(never, look.theme.text(), columns);
    }
    pairs(inspector, view, &mut body, columns, look);
    findings(inspector, view.findings.as_deref(), &mut body, columns, look);
    body
}

fn heading(text: &str, body: &mut Body, columns: usize, look: Look) {
    body.gap();
    body.say(text, look.theme.mark(), columns);
}

/// A name and its value.
fn row(name: &str, value: &str, body: &mut Body, columns: usize, look: Look) {
    let pad = " ".repeat(NAME.saturating_sub(width(name)).max(1));
    let lead = [(format!("  {name}{pad}"), look.theme.code())];
    body.flow(&lead, &[(safe(value), look.theme.bold())], columns);
}

fn identity(meaning: &Meaning, is_request: bool, body: &mut Body, columns: usize, look: Look) {
    let title = match is_request {
        false => look.pick("To the API server", "API 서버에게는"),
        true => look.pick("To the API server, once it is signed", "서명된 뒤 API 서버에게는"),
    };
    heading(title, body, columns, look);
    if let Some(refused) = &meaning.refused {
        let lead = [(format!("  {} ", look.theme.glyph.fail), look.theme.fail())];
        body.flow(&lead, &[(safe(refused), look.theme.bold())], columns);
        return;
    }
    if let Some(named) = &meaning.identity {
        return known(named, body, columns, look);
    }
    let why = if meaning.authority {
        look.pick(
            "A CA's certificate signs others: no component presents it as a client.",
            "CA 인증서는 다른 인증서에 서명해요. 이것을 클라이언트로 내미는 컴포넌트는 없어요.",
        )
    } else if !meaning.client {
        look.pick(
            "Nobody: its `extendedKeyUsage` has no `clientAuth`, so the API server answers a client that presents it with 401.",
            "아무도 아니에요. `extendedKeyUsage`에 `clientAuth`가 없어서, 이것을 내미는 클라이언트에게 API 서버는 401로 답해요.",
        )
    } else {
        look.pick("Nobody: its subject has no `CN`.", "아무도 아니에요. subject에 `CN`이 없어요.")
    };
    body.flow(
        &[("  ".to_owned(), look.theme.text())],
        &markdown::inline(why, look.theme.text(), look),
        columns,
    );
}

fn known(named: &Named, body: &mut Body, columns: usize, look: Look) {
    let rows = [
        (look.pick("user", "사용자"), Some(named.user.clone())),
        (look.pick("groups", "그룹"), Some(named.groups.join(", "))),
        ("UID", named.uid.clone()),
        (look.pick("node", "노드"), named.node.clone()),
        ("credential-id", named.credential_id.clone()),
    ];
    for (name, value) in rows {
        if let Some(value) = value {
            row(name, &value, body, columns, look);
        }
    }
}

fn uses(meaning: &Meaning, body: &mut Body, columns: usize, look: Look) {
    heading(look.pick("What it may serve as", "쓸 수 있는 곳"), body, columns, look);
    let theme = look.theme;
    let uses = [
        (meaning.client, look.pick("a client", "클라이언트")),
        (meaning.server, look.pick("a server", "서버")),
        (meaning.authority, look.pick("a CA", "CA")),
    ];
    let pieces = uses.into_iter().flat_map(|(holds, name)| {
        let (glyph, style, text) = match holds {
            true => (theme.glyph.pass, theme.pass(), theme.bold()),
            false => (theme.glyph.fail, theme.dim(), theme.dim()),
        };
        [(format!("  {glyph} "), style), (name.to_owned(), text)]
    });
    let pieces: Vec<Piece> = pieces.collect();
    body.flow(&[], &pieces, columns);
}

fn roles(roles: &[Role], body: &mut Body, columns: usize, look: Look) {
    heading(look.pick("In the blueprint", "설계도에서는"), body, columns, look);
    let theme = look.theme;
    if roles.is_empty() {
        let none = look.pick(
            "  Nothing there has this subject and these usages.",
            "  이런 subject와 용도를 가진 것은 없어요.",
        );
        body.say(none, theme.text(), columns);
    }
    for role in roles {
        let pieces = [
            (role.artifact.clone(), theme.bold()),
            (format!(" ({}), {}: ", role.component, role.layout), theme.text()),
            (safe(&role.file), theme.code()),
        ];
        body.flow(&[("  ".to_owned(), theme.text())], &pieces, columns);
        for flag in &role.flags {
            body.flow(&[("      ".to_owned(), theme.text())], &[(safe(flag), theme.dim())], columns);
        }
    }
}

/// Whose key it has: of a certificate its private key, of a key its certificates.
fn pairs(inspector: &Inspector, view: &ClusterView, body: &mut Body, columns: usize, look: Look) {
    let kind = inspector.entry().map(|entry| entry.holding.item.kind);
    let is_key = matches!(kind, Some(Kind::PrivateKey | Kind::PublicKey));
    if view.pairs.is_empty() && !is_key {
        return;
    }
    heading(look.pick("With the same key", "같은 키를 쓰는 것"), body, columns, look);
    if view.pairs.is_empty() {
        body.say(look.pick("  nothing here", "  여기에는 없어요"), look.theme.text(), columns);
    }
    for entry in view.pairs.iter().filter_map(|at| inspector.entries.get(*at)) {
        row(kind_word(entry, look), &format!("{}  {}", entry.title, place_of(entry)), body, columns, look);
    }
}

fn findings(
    inspector: &Inspector,
    findings: Option<&[Finding]>,
    body: &mut Body,
    columns: usize,
    look: Look,
) {
    let name = inspector.entry().map(|entry| safe(&entry.holding.name)).unwrap_or_default();
    let title = look.pick("What `dojang check` finds in", "`dojang check`로 본");
    body.gap();
    let mut pieces = markdown::inline(title, look.theme.mark(), look);
    pieces.push((format!(" {name}"), look.theme.mark()));
    body.flow(&[], &pieces, columns);
    match findings {
        None => body.say(look.pick("  Looking…", "  찾고 있어요…"), look.theme.dim(), columns),
        Some([]) => {
            let nothing = look.pick("nothing wrong", "잘못된 것이 없어요");
            body.line([
                (format!("  {} ", look.theme.glyph.pass), look.theme.pass()),
                (nothing.to_owned(), look.theme.text()),
            ]);
        }
        Some(findings) => findings.iter().for_each(|finding| one(finding, body, columns, look)),
    }
}

fn one(finding: &Finding, body: &mut Body, columns: usize, look: Look) {
    let theme = look.theme;
    let (glyph, style, word) = match finding.severity {
        Severity::Error => (theme.glyph.fail, theme.fail(), look.pick("error", "오류")),
        Severity::Warning => ("!", theme.mark(), look.pick("warning", "경고")),
        Severity::Note => (theme.glyph.bullet, theme.dim(), look.pick("note", "참고")),
    };
    let indent = || [("    ".to_owned(), theme.text())];
    let fault = finding.fault.as_ref().map_or_else(String::new, |fault| format!("  {fault}"));
    let mut pieces = vec![(format!("{word}  "), style)];
    pieces.extend(markdown::inline(finding.what.get(look.language), theme.text(), look));
    pieces.push((fault, theme.code()));
    body.flow(&[(format!("  {glyph} "), style)], &pieces, columns);
    body.flow(&indent(), &[(safe(&finding.evidence), theme.bold())], columns);
    body.flow(&indent(), &markdown::inline(finding.fix.get(look.language), theme.text(), look), columns);
    if let Some(command) = &finding.command {
        body.flow(&indent(), &[(format!("$ {}", safe(command)), theme.code())], columns);
    }
}
