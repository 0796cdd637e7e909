//! The drawing of a connection: two lifelines, and what goes between them.

use ratatui::style::Style;

use crate::lab::{ConnectionView, Trusts};
use crate::text::{Language, width, wrap};

use super::Look;
use super::lines::{Body, Piece, safe};

/// The drawing is no wider than this.
const WIDEST: usize = 72;

/// Draws a connection.
pub(super) fn draw(body: &mut Body, view: &ConnectionView, columns: usize, look: Look) {
    exchange(&mut Drawing { body, columns: columns.min(WIDEST), look }, view);
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

fn exchange(drawing: &mut Drawing<'_>, view: &ConnectionView) {
    let look = drawing.look;
    let glyph = look.theme.glyph;
    let outcome = view.outcome.as_ref();
    let kind = outcome.map(|outcome| outcome.outcome.as_str());
    let done = if outcome.is_some() { Reach::Done } else { Reach::Open };
    drawing.heads(view);
    if kind == Some("not-started") {
        let is_client = outcome.is_some_and(|outcome| outcome.client_prints.is_some());
        let what = look.pick("its key and certificate are no pair", "키와 인증서가 짝이 아님");
        drawing.note(&format!("{} {what}", glyph.fail), Some(false), is_client);
        drawing.arrow(&safe(&view.request), true, Reach::Never, None);
        return;
    }

    let asks = match look.language {
        Language::En => format!("asks for {}", safe(&view.server_name)),
        Language::Ko => format!("{} 연결 요청", safe(&view.server_name)),
    };
    drawing.arrow(&asks, true, done, None);

    drawing.blank();
    drawing.arrow(&shows(&view.server_subject, look.language), false, done, None);
    let accepted =
        outcome.and_then(|outcome| outcome.server_verdict.as_ref()).map(|verdict| verdict.refusal.is_none());
    drawing.note(&judged(&view.client_trusts, accepted, look), accepted, true);

    drawing.blank();
    let refused_by_client = kind == Some("refused-by-client");
    let reach = if refused_by_client { Reach::Never } else { done };
    let shown = match &view.client_subject {
        _ if view.server_trusts == Trusts::Unchecked => {
            look.pick("no certificate asked for", "인증서를 요구받지 않음").to_owned()
        }
        Some(subject) if reach == Reach::Never => safe(subject),
        Some(subject) => shows(subject, look.language),
        None => look.pick("shows no certificate", "인증서를 제시하지 않음").to_owned(),
    };
    drawing.arrow(&shown, true, reach, None);
    let accepted =
        outcome.and_then(|outcome| outcome.client_verdict.as_ref()).map(|verdict| verdict.refusal.is_none());
    if reach != Reach::Never && view.server_trusts != Trusts::Unchecked {
        drawing.note(&judged(&view.server_trusts, accepted, look), accepted, false);
    }

    drawing.blank();
    let refused_by_server = kind == Some("refused-by-server");
    if refused_by_server {
        let alert = outcome.and_then(|outcome| {
            outcome
                .events
                .iter()
                .find_map(|(_, what)| what.split(' ').skip_while(|word| *word != "alert").nth(1))
        });
        let mut text = alert.map_or_else(|| "alert".to_owned(), |alert| format!("alert {}", safe(alert)));
        // What a Go program sends in its place.
        let other = outcome.and_then(|outcome| outcome.alert.as_ref()).filter(|alert| alert.sent != alert.go);
        if let Some(alert) = other {
            text.push_str(&format!(" (Go: {})", safe(&alert.go)));
        }
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
fn judged(trusts: &Trusts, accepted: Option<bool>, look: Look) -> String {
    let glyph = look.theme.glyph;
    let whom = match (trusts, look.language) {
        (Trusts::Unchecked, _) => return look.pick("does not check it", "확인하지 않음").to_owned(),
        (Trusts::Nobody, Language::En) => "trusting public CAs alone".to_owned(),
        (Trusts::Nobody, Language::Ko) => "공개 CA만 신뢰".to_owned(),
        (Trusts::Authority(authority), Language::En) => format!("trusting {}", safe(authority)),
        (Trusts::Authority(authority), Language::Ko) => format!("{} 신뢰", safe(authority)),
    };
    match (accepted, look.language) {
        (None, _) => whom,
        (Some(true), Language::En) => format!("{} accepts it, {whom}", glyph.pass),
        (Some(true), Language::Ko) => format!("{} 받아들임 ({whom})", glyph.pass),
        (Some(false), Language::En) => format!("{} does not accept it, {whom}", glyph.fail),
        (Some(false), Language::Ko) => format!("{} 받아들이지 않음 ({whom})", glyph.fail),
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
                self.body.flow(&[], &[(format!("{role} "), theme.dim()), (name, theme.bold())], self.columns);
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
