//! A certificate before and after, field by field: what is the same is dim, what changed is
//! marked by glyph, word and colour.

use crate::lab::Trial;
use crate::text::width;

use super::Look;
use super::lines::{Body, safe};

/// The widest column of names.
const WIDEST_NAME: usize = 22;

/// The fields, those that changed first.
pub(super) fn body(trial: &Trial, columns: usize, look: Look) -> Body {
    let theme = look.theme;
    let mut body = Body::default();
    let Some(difference) = &trial.changed else {
        let say = look.pick(
            "No certificate is different: how it is made says what is.",
            "달라진 인증서는 없어요. 무엇이 다른지는 만드는 방법에 있어요.",
        );
        body.say(say, theme.text(), columns);
        return body;
    };
    body.flow(
        &[],
        &[(format!("{}  ", safe(&difference.id)), theme.bold()), (safe(&difference.path), theme.code())],
        columns,
    );
    body.gap();
    if trial.other_key {
        let (before, after) = (
            look.pick("of this certificate", "이 인증서의 키"),
            look.pick("of another pair", "다른 쌍의 키"),
        );
        changed(&mut body, look.pick("private key", "개인 키"), Some(before), Some(after), columns, look);
    }
    let (new, known): (Vec<_>, Vec<_>) =
        difference.fields.iter().partition(|field| field.differs() && !field.is_of_any_reissue);
    for field in new {
        let (before, after) = (field.before.as_deref(), field.after.as_deref());
        changed(&mut body, &field.name, before, after, columns, look);
    }
    let (anew, same): (Vec<_>, Vec<_>) = known.into_iter().partition(|field| field.differs());
    let longest = anew.iter().chain(&same).map(|field| width(&field.name)).max().unwrap_or(0);
    let headings = [
        (look.pick("the same", "그대로"), same),
        (look.pick("new, as in every certificate issued anew", "다시 발급하면 늘 바뀌는 것"), anew),
    ];
    for (heading, fields) in headings {
        if fields.is_empty() {
            continue;
        }
        body.gap();
        body.say(heading, theme.dim(), columns);
        for field in fields {
            let name = safe(&field.name);
            let pad = " ".repeat((longest.min(WIDEST_NAME) + 2).saturating_sub(width(&name)).max(1));
            let value = safe(field.after.as_deref().unwrap_or_default());
            body.flow(&[(format!("  {name}{pad}"), theme.dim())], &[(value, theme.dim())], columns);
        }
    }
    body
}

fn changed(
    body: &mut Body,
    name: &str,
    before: Option<&str>,
    after: Option<&str>,
    columns: usize,
    look: Look,
) {
    let theme = look.theme;
    let (glyph, word) = match (before, after) {
        (None, _) => ("+", look.pick("added", "추가")),
        (_, None) => ("-", look.pick("removed", "삭제")),
        _ => ("~", look.pick("changed", "변경")),
    };
    let pieces = [(safe(name), theme.bold()), (format!("  {word}"), theme.mark())];
    body.flow(&[(format!("{glyph} "), theme.mark())], &pieces, columns);
    let rows = [
        (look.pick("before", "전"), before, theme.pass(), theme.glyph.pass),
        (look.pick("after", "후"), after, theme.fail(), theme.glyph.fail),
    ];
    for (word, value, style, glyph) in rows {
        let pad = " ".repeat(7usize.saturating_sub(width(word)));
        let shown = match value {
            None => (look.pick("not there", "없음").to_owned(), theme.dim()),
            Some(value) => (safe(value), theme.text()),
        };
        body.flow(&[(format!("  {glyph} {word}{pad}"), style)], &[shown], columns);
    }
}
