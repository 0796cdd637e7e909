//! The theatre's own words.

use ratatui::style::Style;

use super::super::super::theatre::{Beat, Show, Stage, content_type_name, is_fatal, message_name};
use super::super::super::words;
use super::super::lines::safe;
use super::Look;
use crate::lab::{Judgement, Moment};
use crate::text::{Language, particle};
use crate::trust::Outcome;
use crate::wire::{Message, Protection, Side};

/// What a message was under: glyph, word, style.
pub(super) fn cover(
    protection: Protection,
    from_outside: bool,
    look: Look,
) -> (&'static str, &'static str, Style) {
    let theme = look.theme;
    if protection == Protection::None {
        return (theme.glyph.open, look.pick("clear", "평문"), theme.open());
    }
    let word = match protection {
        _ if from_outside => look.pick("encrypted", "암호화"),
        Protection::None | Protection::Unknown => look.pick("no key", "키 없음"),
        Protection::Early => look.pick("early key", "조기 데이터 키"),
        Protection::Handshake => look.pick("handshake key", "핸드셰이크 키"),
        Protection::Application { .. } => look.pick("application key", "애플리케이션 키"),
        Protection::Session => look.pick("session key", "세션 키"),
    };
    (theme.glyph.closed, word, theme.closed())
}

/// What a message is called: by its kind, or as a record by its content type.
pub(super) fn name(message: &Message, from_outside: bool) -> String {
    match message.bytes.first() {
        Some(content_type) if from_outside => content_type_name(*content_type).to_owned(),
        _ => message_name(message.kind),
    }
}

/// A number of bytes.
pub(super) fn size(bytes: usize) -> String {
    format!("{bytes} B")
}

/// A time since the connection was opened.
pub(super) fn time(at: std::time::Duration) -> String {
    let micros = at.as_micros();
    match micros {
        0..100_000 => format!("{}.{:02} ms", micros / 1000, micros % 1000 / 10),
        100_000..10_000_000 => format!("{} ms", micros / 1000),
        _ => format!("{} s", micros / 1_000_000),
    }
}

/// What is said of a beat that is no message: the words and their style, and at whose line.
pub(super) fn beat(stage: &Stage, beat: Beat, look: Look) -> Option<(String, Style, Side)> {
    let theme = look.theme;
    let name = |side| safe(stage.name(side));
    Some(match beat {
        Beat::Message(_) => return None,
        Beat::Judged(at) => {
            let judgement = stage.play.judgements.get(at)?;
            let (glyph, style) = if judgement.refusal.is_some() {
                (theme.glyph.fail, theme.fail())
            } else {
                (theme.glyph.pass, theme.pass())
            };
            (format!("{glyph} {}", judged(judgement, look)), style, judgement.by)
        }
        Beat::Finished(side) => {
            let what = match look.language {
                Language::En => format!("{} has finished", name(side)),
                Language::Ko => {
                    let name = name(side);
                    let particle = particle(&name, "이", "가");
                    format!("{name}{particle} 핸드셰이크를 마침")
                }
            };
            (format!("{} {what}", theme.glyph.bullet), theme.bold(), side)
        }
        Beat::Told => {
            let what = look.pick("only now it learns that it is refused", "이제야 거부된 것을 알게 됨");
            (format!("{} {what}", theme.glyph.fail), theme.fail(), Side::Client)
        }
    })
}

/// What a judgement came to, with the check that decided.
fn judged(judgement: &Judgement, look: Look) -> String {
    let failed = judgement.verdict.as_ref().and_then(|verdict| {
        verdict.checks.iter().find(|check| check.outcome == Outcome::Fail).map(|check| check.rule)
    });
    match (&judgement.refusal, failed) {
        (Some(_), Some(rule)) => {
            format!("{}: {}", look.pick("refuses", "거부"), words::rule(rule, look.language))
        }
        (Some(refusal), None) => {
            format!("{}: {}", look.pick("refuses", "거부"), safe(refusal))
        }
        (None, _) => {
            let count = judgement.verdict.as_ref().map_or(0, |verdict| {
                verdict.checks.iter().filter(|check| check.outcome == Outcome::Pass).count()
            });
            match look.language {
                Language::En => format!("accepts the certificate: {count} checks"),
                Language::Ko => format!("인증서를 받아들임: 확인 {count}가지"),
            }
        }
    }
}

/// Why a beat that is no message is there, in a sentence or two.
pub(super) fn why(show: &Show, stage: usize, beat: Beat, look: Look) -> String {
    let Some(stage) = show.stages.get(stage) else { return String::new() };
    let name = |side| safe(stage.name(side));
    let (client, server) = (name(Side::Client), name(Side::Server));
    match (beat, look.language) {
        (Beat::Message(_), _) => String::new(),
        (Beat::Judged(at), _) => {
            let judgement = stage.play.judgements.get(at);
            judgement.map(|judgement| why_judged(stage, judgement, look)).unwrap_or_default()
        }
        (Beat::Finished(Side::Client), Language::En) if stage.is_13() => format!(
            "In TLS 1.3 {client} has finished as soon as it has sent its own Finished. It may send its request now, whatever {server} makes of its certificate."
        ),
        (Beat::Finished(Side::Client), Language::Ko) if stage.is_13() => format!(
            "TLS 1.3에서 {client}의 핸드셰이크는 자기 Finished를 보내면 끝나요. {server}의 판단을 기다리지 않고 바로 요청을 보내요."
        ),
        (Beat::Finished(_), Language::En) => {
            "It has the other side's Finished and sent its own: the handshake is over for it.".to_owned()
        }
        (Beat::Finished(_), Language::Ko) => {
            "상대의 Finished를 받고 자기 것도 보냈으니, 이쪽의 핸드셰이크는 끝났어요.".to_owned()
        }
        (Beat::Told, Language::En) => format!(
            "{client} took the handshake for finished, and meets the alert only when it reads: so Go prints `remote error: tls: …` for the request, not for the handshake."
        ),
        (Beat::Told, Language::Ko) => format!(
            "{client}의 핸드셰이크는 이미 끝났고, 응답을 읽을 때에야 경고를 만나요. 그래서 Go는 핸드셰이크가 아니라 요청의 오류로 `remote error: tls: …`를 출력해요."
        ),
    }
}

/// Who judges whom, and what follows.
fn why_judged(stage: &Stage, judgement: &Judgement, look: Look) -> String {
    let (judge, judged) = (safe(stage.name(judgement.by)), safe(stage.name(judgement.by.other())));
    let particle = particle(&judge, "이", "가");
    let first = match look.language {
        Language::En => format!("{judge} verifies the certificate of {judged} by Go's rules."),
        Language::Ko => format!("{judge}{particle} Go의 규칙으로 {judged}의 인증서를 검증해요."),
    };
    // Such a server would send no alert: it answers.
    let later = match judgement.at {
        Moment::Request => look.pick(
            " In TLS it takes any, and looks only now, with the request: who is refused gets 401, not an alert.",
            " TLS에서는 어떤 인증서든 받고, 요청이 온 지금에야 확인해요. 거부하면 경고가 아니라 401로 답해요.",
        ),
        Moment::Certificate | Moment::Signature => "",
    };
    let refusal = judgement.refusal.as_ref().map(|words| format!(" {}", safe(words))).unwrap_or_default();
    format!("{first}{later}{refusal}")
}

/// The style of a message's name.
pub(super) fn name_style(message: &Message, look: Look) -> Style {
    if message.problem.is_some() || is_fatal(message) { look.theme.fail() } else { look.theme.bold() }
}
