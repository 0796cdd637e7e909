//! Who came, how that was found out, what every authorizer said, and what was answered; and
//! what is written down of it.

use ratatui::style::Style;

use super::super::super::live::{Live, Outcome};
use super::super::lines::{Body, Piece, safe};
use super::Look;
use super::lanes::outcome;
use crate::access::{Authenticator, Authorizer, Decision, Identity};
use crate::cluster::{API_SERVER, Exchange, What};
use crate::text::Language;

/// How many of the log's lines before the chosen ones are shown.
const BEFORE: usize = 30;

/// The panel of the entry that is pointed at.
pub(super) fn body(live: &Live, columns: usize, look: Look) -> Body {
    let theme = look.theme;
    let mut body = Body::default();
    let Some(entry) = live.entry() else {
        let said = look
            .pick("Here stands who came, and who said what.", "누가 왔고 누가 뭐라고 했는지 여기에 나와요.");
        body.say(said, theme.dim(), columns);
        return body;
    };
    match &entry.happening.what {
        What::Answered(exchange) => answered(&mut body, exchange, columns, look),
        What::Refused { from, why } => {
            heading(&mut body, look.pick("Who came", "누가 왔나"), columns, look);
            body.say(&from.to_string(), theme.text(), columns);
            heading(&mut body, look.pick("The handshake failed", "핸드셰이크가 실패했어요"), columns, look);
            body.quote(why, theme.fail(), columns, look);
            body.gap();
            let said = look.pick(
                "No request came, so nobody was identified and no authorizer was asked.",
                "요청이 오지 않았으니, 신원을 확인하지도 인가자에게 묻지도 않았어요.",
            );
            body.say(said, theme.text(), columns);
        }
        What::Did(what) => {
            body.say(&safe(&entry.happening.component), theme.bold(), columns);
            body.say(&safe(what), theme.text(), columns);
        }
        What::Logged => {
            body.say(&safe(&entry.happening.component), theme.bold(), columns);
            let said = look.pick("It wrote into its log.", "로그에 기록했어요.");
            body.say(said, theme.text(), columns);
        }
    }
    body
}

fn heading(body: &mut Body, text: &str, columns: usize, look: Look) {
    body.say(text, look.theme.mark(), columns);
}

fn answered(body: &mut Body, exchange: &Exchange, columns: usize, look: Look) {
    let theme = look.theme;
    heading(body, look.pick("Who came", "누가 왔나"), columns, look);
    let credential = match &exchange.certificate {
        Some(subject) => (look.pick("certificate ", "인증서 ").to_owned(), safe(subject)),
        None if exchange.recognitions.iter().any(|one| one.by == Authenticator::Token) => {
            (look.pick("bearer token", "bearer 토큰").to_owned(), String::new())
        }
        None => (look.pick("no credential", "아무 증명도 없음").to_owned(), String::new()),
    };
    body.flow(&[], &[(credential.0, theme.text()), (credential.1, theme.code())], columns);
    let from = match exchange.user_agent.as_str() {
        "" => exchange.from.to_string(),
        agent => format!("{}  {}", exchange.from, safe(agent)),
    };
    body.say(&from, theme.dim(), columns);
    let request = format!("{} {}", safe(&exchange.method), safe(&exchange.target));
    body.flow(&[], &[(request, theme.code())], columns);
    heading(body, look.pick("How it was identified", "어떻게 확인했나"), columns, look);
    recognized(body, exchange, columns, look);
    if let Some(decision) = &exchange.decision {
        heading(body, look.pick("Who allows it", "누가 허용했나"), columns, look);
        decided(body, decision, columns, look);
    }
    heading(body, look.pick("The answer", "응답"), columns, look);
    let (status, style) = outcome(Outcome::Status(exchange.status), look);
    body.say(&status, style, columns);
    if let Some(message) = &exchange.message {
        body.quote(message, theme.text(), columns, look);
    }
}

/// What every authenticator said, and whom the server took the client for.
fn recognized(body: &mut Body, exchange: &Exchange, columns: usize, look: Look) {
    let theme = look.theme;
    for one in &exchange.recognitions {
        let (glyph, style, said) = match (&one.user, &one.error) {
            (Some(user), _) => (theme.glyph.pass, theme.pass(), safe(user)),
            // Whom another one knows nobody refuses.
            (None, Some(error)) if exchange.identity.is_some() => {
                (theme.glyph.rest, theme.dim(), safe(error))
            }
            (None, Some(error)) => (theme.glyph.fail, theme.fail(), safe(error)),
            (None, None) => (theme.glyph.rest, theme.dim(), no_opinion(look).to_owned()),
        };
        let lead = [(format!("{glyph} "), style), (format!("{}  ", one.by.word()), theme.text())];
        body.flow(&lead, &[(said, theme.code())], columns);
    }
    match &exchange.identity {
        Some(identity) => named(body, exchange, identity, columns, look),
        None if exchange.status == 401 => {
            let said = look.pick("nobody: no authorizer is asked", "아무도 아님: 인가자에게 묻지 않아요");
            body.say(said, theme.fail(), columns);
        }
        // etcd asks for a certificate and for no name.
        None => body.say(look.pick("it asks for no name", "이름은 묻지 않아요"), theme.dim(), columns),
    }
}

fn named(body: &mut Body, exchange: &Exchange, identity: &Identity, columns: usize, look: Look) {
    let theme = look.theme;
    if let Some(impersonator) = &exchange.impersonator {
        let said = match look.language {
            Language::En => format!("{} speaks for {}", safe(&impersonator.user), safe(&identity.user)),
            Language::Ko => format!("{} → {} (대신 말함)", safe(&impersonator.user), safe(&identity.user)),
        };
        body.say(&said, theme.mark(), columns);
    }
    let user = [(look.pick("user   ", "사용자 ").to_owned(), theme.dim())];
    body.flow(&user, &[(safe(&identity.user), theme.bold())], columns);
    let groups = [(look.pick("groups ", "그룹   ").to_owned(), theme.dim())];
    body.flow(&groups, &[(safe(&identity.groups.join("  ")), theme.text())], columns);
}

fn no_opinion(look: Look) -> &'static str {
    look.pick("no opinion", "의견 없음")
}

/// What every authorizer said; with RBAC's word the binding and the rule.
pub(super) fn decided(body: &mut Body, decision: &Decision, columns: usize, look: Look) {
    let theme = look.theme;
    for opinion in &decision.opinions {
        let (glyph, style) =
            if opinion.allowed { (theme.glyph.pass, theme.pass()) } else { (theme.glyph.rest, theme.dim()) };
        let (said, said_style): (String, Style) = match (opinion.allowed, opinion.reason.as_str()) {
            (true, "") => (look.pick("allows it", "허용").to_owned(), theme.pass()),
            (false, "") if opinion.authorizer == Authorizer::SystemMasters => {
                (look.pick("not in that group", "그 그룹이 아님").to_owned(), theme.dim())
            }
            (false, "") => (no_opinion(look).to_owned(), theme.dim()),
            (_, reason) => (safe(reason.strip_prefix("RBAC: ").unwrap_or(reason)), theme.text()),
        };
        let lead = [(format!("{glyph} "), style), (format!("{}  ", opinion.authorizer), theme.text())];
        body.flow(&lead, &[(said, said_style)], columns);
    }
    let asked = |who: Authorizer| decision.opinions.iter().any(|opinion| opinion.authorizer == who);
    let unasked: Vec<String> = [Authorizer::Node, Authorizer::Rbac]
        .into_iter()
        .filter(|who| !asked(*who))
        .map(|who| who.to_string())
        .collect();
    if !unasked.is_empty() {
        let said = look.pick("not asked: ", "묻지 않음: ");
        body.say(&format!("  {said}{}", unasked.join(", ")), theme.dim(), columns);
    }
    let Some(grant) = decision.grants.first() else {
        if !decision.allowed {
            let said = look.pick("Nobody allows it, so it is forbidden.", "아무도 허용하지 않아서 금지돼요.");
            body.say(said, theme.fail(), columns);
        }
        return;
    };
    let lead = |text: &str| [(format!("  {text} "), theme.dim())];
    let rule = [(safe(&grant.rule.to_string()), theme.code())];
    body.flow(&lead(look.pick("rule", "규칙")), &rule, columns);
    for other in decision.grants.iter().skip(1) {
        let also = [(safe(&other.to_string()), theme.text())];
        body.flow(&lead(look.pick("also", "또한")), &also, columns);
    }
}

/// The entry that is pointed at in a few words: who, what, who said so.
pub(super) fn strip(live: &Live, columns: usize, look: Look) -> Body {
    let theme = look.theme;
    let mut body = Body::default();
    let Some(entry) = live.entry() else {
        super::lanes::paste(&mut body, live, columns, look);
        return body;
    };
    let (came_to, style) = outcome(entry.outcome, look);
    let mut pieces: Vec<Piece> =
        vec![(safe(&entry.who), theme.bold()), (format!("  {}  ", safe(&entry.what)), theme.text())];
    if let Some(exchange) = entry.exchange() {
        pieces.push((said_shortly(exchange, look), theme.text()));
    }
    body.flow(&[(format!("{came_to}  "), style)], &pieces, columns);
    body
}

/// Who settled it, and in which words.
fn said_shortly(exchange: &Exchange, look: Look) -> String {
    if exchange.identity.is_none() {
        let error = exchange.recognitions.iter().find_map(|one| one.error.as_deref());
        return safe(error.or(exchange.message.as_deref()).unwrap_or_default());
    }
    let Some(decision) = &exchange.decision else { return String::new() };
    match (decision.allowed, decision.reason.as_str()) {
        (true, "") => decision.by.to_string(),
        (_, "") => look.pick("no authorizer allows it", "허용하는 인가자가 없음").to_owned(),
        (_, reason) => safe(reason),
    }
}

/// What the log says of the entry that is pointed at, its audit event, and the log before.
pub(super) fn log(live: &Live, columns: usize, look: Look) -> Body {
    let theme = look.theme;
    let mut body = Body::default();
    let Some(entry) = live.entry() else { return body };
    let title = match entry.happening.component.as_str() {
        API_SERVER => {
            look.pick("the log of kube-apiserver (-v=5)", "kube-apiserver의 로그 (-v=5)").to_owned()
        }
        other => match look.language {
            Language::En => format!("the log of {}", safe(other)),
            Language::Ko => format!("{}의 로그", safe(other)),
        },
    };
    body.say(&title, theme.bold(), columns);
    for line in &entry.happening.log {
        body.quote(line, theme.text(), columns, look);
    }
    if let Some(exchange) = entry.exchange().filter(|exchange| !exchange.audit.is_empty()) {
        body.say(look.pick("the audit event", "감사 이벤트"), theme.bold(), columns);
        body.quote(&exchange.audit, theme.code(), columns, look);
    }
    let before = live.entries.iter().take(live.chosen).rev();
    let lines: Vec<&String> =
        before.flat_map(|entry| entry.happening.log.iter().rev()).take(BEFORE).collect();
    if !lines.is_empty() {
        let said = look.pick("logged before, the newest first", "그 전의 로그 (최신순)");
        body.say(said, theme.bold(), columns);
    }
    for line in lines {
        body.quote(line, theme.dim(), columns, look);
    }
    body
}
