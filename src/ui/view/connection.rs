//! A connection as two lifelines: what each side shows the other, whom each trusts, and what
//! came of it. Then the checks, the identity, the words that were printed, the events.

use ratatui::style::Style;

use crate::lab::{ConnectionOutcome, ConnectionView};
use crate::text::{Language, width, wrap};

use super::super::words;
use super::lines::{Body, Piece, safe};
use super::{Look, verdict};

/// The drawing is no wider than this.
const WIDEST: usize = 72;

/// Everything of a connection.
pub(super) fn body(view: &ConnectionView, columns: usize, look: Look) -> Body {
    let theme = look.theme;
    let mut body = Body::default();
    if let Some(outcome) = &view.outcome {
        headline(&mut body, &outcome.outcome, columns, look);
        body.gap();
    }
    let mut drawing = Drawing { body: &mut body, columns: columns.min(WIDEST), look };
    draw(&mut drawing, view);
    let Some(outcome) = &view.outcome else { return body };
    if let Some(verdict) = &outcome.server_verdict {
        body.gap();
        let heading = of_whom(&view.client, &view.server, look.language);
        body.append(verdict::body(verdict, &heading, columns, look));
    }
    if let Some(verdict) = &outcome.client_verdict {
        body.gap();
        let heading = of_whom(&view.server, &view.client, look.language);
        body.append(verdict::body(verdict, &heading, columns, look));
    }
    if outcome.identity.is_some() || outcome.decision.is_some() || outcome.response.is_some() {
        body.gap();
        answer(&mut body, outcome, columns, look);
    }
    for (who, text) in [(&view.client, &outcome.client_prints), (&view.server, &outcome.server_logs)] {
        if let Some(text) = text {
            body.gap();
            let does = if who == &view.client { ("prints", "출력") } else { ("logs", "로그") };
            body.say(&format!("{} {}:", safe(who), look.pick(does.0, does.1)), theme.bold(), columns);
            body.quote(text, look.theme.text(), columns, look);
        }
    }
    events(&mut body, outcome, columns, look);
    body
}

/// What it came to, in a line with a glyph.
pub(super) fn headline(body: &mut Body, outcome: &str, columns: usize, look: Look) {
    let theme = look.theme;
    let (glyph, style) = if outcome == "200" { (theme.glyph.pass, theme.pass()) } else { (theme.glyph.fail, theme.fail()) };
    let mut pieces = vec![(safe(outcome), style)];
    if let Some(words) = words::connection(outcome, look.language) {
        pieces.push((format!(": {words}"), theme.bold()));
    }
    body.flow(&[(format!("{glyph} "), style)], &pieces, columns);
}

fn of_whom(judge: &str, judged: &str, language: Language) -> String {
    match language {
        Language::En => format!("{} checks the certificate of {}", safe(judge), safe(judged)),
        Language::Ko => {
            let judge = safe(judge);
            let particle = crate::text::particle(&judge, "이", "가");
            format!("{judge}{particle} 확인한 {} 인증서", safe(judged))
        }
    }
}

fn answer(body: &mut Body, outcome: &ConnectionOutcome, columns: usize, look: Look) {
    let theme = look.theme;
    body.say(look.pick("What the server made of it", "서버의 판단"), theme.bold(), columns);
    let mut row = |name: &str, value: &str| {
        let pad = " ".repeat(10usize.saturating_sub(width(name)));
        body.flow(&[(format!("  {name}{pad}"), theme.dim())], &[(safe(value), theme.text())], columns);
    };
    if let Some((user, groups)) = &outcome.identity {
        row(look.pick("user", "사용자"), user);
        row(look.pick("groups", "그룹"), &groups.join(", "));
    }
    if let Some(decision) = &outcome.decision {
        row(look.pick("decision", "인가"), decision);
    }
    if let Some((status, text)) = &outcome.response {
        row("HTTP", &status.to_string());
        body.quote(text, look.theme.text(), columns, look);
    }
}

fn events(body: &mut Body, outcome: &ConnectionOutcome, columns: usize, look: Look) {
    let theme = look.theme;
    if outcome.events.is_empty() {
        return;
    }
    body.gap();
    let version = outcome.version.as_deref().map(|version| format!(" · {}", safe(version))).unwrap_or_default();
    let time = format!("{}.{:01} ms", outcome.micros / 1000, outcome.micros % 1000 / 100);
    body.flow(
        &[],
        &[(look.pick("What happened", "일어난 일").to_owned(), theme.bold()), (format!("{version}  {time}"), theme.dim())],
        columns,
    );
    let longest = outcome.events.iter().map(|(who, _)| width(who)).max().unwrap_or(0).min(columns / 3);
    for (who, what) in &outcome.events {
        let who = crate::text::truncate(&safe(who), longest);
        let pad = " ".repeat(longest.saturating_sub(width(&who)) + 2);
        let is_alert = what.contains("alert");
        let style = if is_alert { theme.fail() } else { theme.text() };
        body.flow(&[(format!("  {who}{pad}"), theme.dim())], &[(safe(what), style)], columns);
    }
}

/// How far the exchange came.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// It has not happened yet.
    Open,
    /// It happened.
    Done,
    /// It did not come to that.
    Never,
}

fn draw(drawing: &mut Drawing<'_>, view: &ConnectionView) {
    let look = drawing.look;
    let glyph = look.theme.glyph;
    let outcome = view.outcome.as_ref();
    let kind = outcome.map(|outcome| outcome.outcome.as_str());
    let done = if outcome.is_some() { Reach::Done } else { Reach::Open };
    drawing.heads(view);

    let asks = match look.language {
        Language::En => format!("asks for {}", safe(&view.server_name)),
        Language::Ko => format!("{} 연결 요청", safe(&view.server_name)),
    };
    drawing.arrow(&asks, true, done, None);

    drawing.blank();
    drawing.arrow(&shows(&view.server_subject, look.language), false, done, None);
    let accepted = outcome.and_then(|outcome| outcome.server_verdict.as_ref()).map(|verdict| verdict.refusal.is_none());
    let note = match &view.client_trusts {
        None => look.pick("does not check it", "확인하지 않음").to_owned(),
        Some(authority) => judged(authority, accepted, look),
    };
    drawing.note(&note, accepted, true);

    drawing.blank();
    let refused_by_client = kind == Some("refused-by-client");
    let reach = if refused_by_client { Reach::Never } else { done };
    let shown = match &view.client_subject {
        Some(subject) if reach == Reach::Never => safe(subject),
        Some(subject) => shows(subject, look.language),
        None => look.pick("shows no certificate", "인증서를 제시하지 않음").to_owned(),
    };
    drawing.arrow(&shown, true, reach, None);
    let accepted = outcome.and_then(|outcome| outcome.client_verdict.as_ref()).map(|verdict| verdict.refusal.is_none());
    if reach != Reach::Never {
        drawing.note(&judged(&view.server_trusts, accepted, look), accepted, false);
    }

    drawing.blank();
    let refused_by_server = kind == Some("refused-by-server");
    if refused_by_server {
        let alert = outcome.and_then(|outcome| {
            outcome.events.iter().find_map(|(_, what)| what.split(' ').skip_while(|word| *word != "alert").nth(1))
        });
        let text = alert.map_or_else(|| "alert".to_owned(), |alert| format!("alert {}", safe(alert)));
        drawing.arrow(&text, false, Reach::Done, Some((glyph.fail, false)));
        drawing.note(&format!("{}: {}", safe(&view.request), look.pick("no answer", "답 없음")), None, true);
        return;
    }
    drawing.arrow(&safe(&view.request), true, reach, None);
    match outcome.and_then(|outcome| outcome.response.as_ref()) {
        Some((status, _)) => {
            let is_ok = *status < 400;
            let mark = if is_ok { glyph.pass } else { glyph.fail };
            drawing.arrow(&status.to_string(), false, Reach::Done, Some((mark, is_ok)));
        }
        None if outcome.is_none() => drawing.arrow("?", false, Reach::Open, None),
        None => {}
    }
}

fn shows(subject: &str, language: Language) -> String {
    match language {
        Language::En => format!("shows {}", safe(subject)),
        Language::Ko => format!("{} 제시", safe(subject)),
    }
}

/// What a side makes of the other's certificate.
fn judged(authority: &str, accepted: Option<bool>, look: Look) -> String {
    let authority = safe(authority);
    let glyph = look.theme.glyph;
    match (accepted, look.language) {
        (None, Language::En) => format!("trusts {authority}"),
        (None, Language::Ko) => format!("{authority} 신뢰"),
        (Some(true), Language::En) => format!("{} accepts it, trusting {authority}", glyph.pass),
        (Some(true), Language::Ko) => format!("{} 받아들임 ({authority} 신뢰)", glyph.pass),
        (Some(false), Language::En) => format!("{} does not accept it, trusting {authority}", glyph.fail),
        (Some(false), Language::Ko) => format!("{} 받아들이지 않음 ({authority} 신뢰)", glyph.fail),
    }
}

/// Two lifelines and what goes between them.
struct Drawing<'a> {
    body: &'a mut Body,
    columns: usize,
    look: Look,
}

impl Drawing<'_> {
    /// Columns between the lifelines.
    fn inside(&self) -> usize {
        self.columns.saturating_sub(2)
    }

    /// The names over the lifelines; on two lines if one is too short.
    fn heads(&mut self, view: &ConnectionView) {
        let theme = self.look.theme;
        let client = safe(&view.client);
        let server = format!("{} :{}", safe(&view.server), view.port);
        let roles = (self.look.pick("client", "클라이언트"), self.look.pick("server", "서버"));
        if width(&client) + width(&server) + 3 <= self.columns {
            self.apart((&client, theme.bold()), (&server, theme.bold()));
            self.apart((roles.0, theme.dim()), (roles.1, theme.dim()));
        } else {
            for (role, name) in [(roles.0, client), (roles.1, server)] {
                self.body.flow(
                    &[],
                    &[(format!("{role} "), theme.dim()), (name, theme.bold())],
                    self.columns,
                );
            }
        }
    }

    fn apart(&mut self, left: (&str, Style), right: (&str, Style)) {
        let pad = self.columns.saturating_sub(width(left.0) + width(right.0));
        self.body.line([
            (left.0.to_owned(), left.1),
            (" ".repeat(pad), Style::new()),
            (right.0.to_owned(), right.1),
        ]);
    }

    /// What stands between the lifelines on one line.
    fn between(&mut self, pieces: Vec<Piece>) {
        let theme = self.look.theme;
        let used: usize = pieces.iter().map(|(text, _)| width(text)).sum();
        let bar = || (theme.glyph.bar.to_owned(), theme.dim());
        let mut line = vec![bar()];
        line.extend(pieces);
        line.push((" ".repeat(self.inside().saturating_sub(used)), Style::new()));
        line.push(bar());
        self.body.line(line);
    }

    fn blank(&mut self) {
        self.between(Vec::new());
    }

    /// Something that one side sends the other, with a glyph where it ended.
    fn arrow(&mut self, text: &str, to_server: bool, reach: Reach, mark: Option<(&str, bool)>) {
        let theme = self.look.theme;
        let inside = self.inside();
        if reach == Reach::Never {
            let text = format!("{}: {text}", self.look.pick("never sent", "보내지 않음"));
            self.note_in(&text, theme.dim(), to_server);
            return;
        }
        let line_style = if reach == Reach::Open { theme.dim() } else { theme.text() };
        let style = match mark {
            Some((_, true)) => theme.pass(),
            Some((_, false)) => theme.fail(),
            None if reach == Reach::Open => theme.text(),
            None => theme.bold(),
        };
        let text = match mark {
            Some((glyph, _)) => format!("{glyph} {text}"),
            None => text.to_owned(),
        };
        // `── text ────>`: what does not fit on the line stands above it.
        let mut lines = wrap(&text, inside.saturating_sub(8).max(2));
        let on_line = lines.pop().unwrap_or_default();
        for line in lines {
            let pad = if to_server { 4 } else { inside.saturating_sub(width(&line) + 4) };
            self.between(vec![(" ".repeat(pad), Style::new()), (line, style)]);
        }
        let rule = |count: usize| (theme.glyph.rule.repeat(count), line_style);
        let long = inside.saturating_sub(width(&on_line) + 6);
        let label = (format!(" {on_line} "), style);
        let pieces = if to_server {
            vec![rule(3), label, rule(long), (">".to_owned(), line_style)]
        } else {
            vec![("<".to_owned(), line_style), rule(long), label, rule(3)]
        };
        self.between(pieces);
    }

    /// What one side makes of it, at its lifeline.
    fn note(&mut self, text: &str, accepted: Option<bool>, at_client: bool) {
        let theme = self.look.theme;
        let style = match accepted {
            Some(true) => theme.pass(),
            Some(false) => theme.fail(),
            None => theme.dim(),
        };
        self.note_in(text, style, at_client);
    }

    fn note_in(&mut self, text: &str, style: Style, at_client: bool) {
        let inside = self.inside();
        for line in wrap(text, inside.saturating_sub(6).max(2)) {
            let pad = if at_client { 1 } else { inside.saturating_sub(width(&line) + 1) };
            self.between(vec![(" ".repeat(pad), Style::new()), (line, style)]);
        }
    }
}
