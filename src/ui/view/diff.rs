//! A certificate before and after, field by field: what is the same is dim, what changed is
//! marked by glyph, word and colour.

use crate::lab::{FieldView, Trial};
use crate::text::width;

use super::Look;
use super::lines::{Body, safe};

/// The widest column of names.
const WIDEST_NAME: usize = 22;

/// The fields, those that changed first.
pub(super) fn body(trial: &Trial, columns: usize, look: Look) -> Body {
    let theme = look.theme;
    let mut body = Body::default();
    let Some(artifact) = &trial.changed else {
        let say = look.pick(
            "No certificate is different: the client just shows none.",
            "달라진 인증서는 없어요. 클라이언트가 인증서를 내지 않을 뿐이에요.",
        );
        body.say(say, theme.text(), columns);
        return body;
    };
    body.flow(
        &[],
        &[
            (format!("{}  ", safe(&artifact.id)), theme.bold()),
            (safe(&artifact.path), theme.code()),
        ],
        columns,
    );
    body.gap();
    if trial.other_key {
        let field = FieldView {
            name: look.pick("private key", "개인 키").to_owned(),
            value: look.pick("of another pair", "다른 쌍의 키").to_owned(),
            focus: true,
            before: Some(look.pick("of this certificate", "이 인증서의 키").to_owned()),
        };
        changed(&mut body, &field, columns, look);
    }
    let (different, same): (Vec<_>, Vec<_>) =
        artifact.fields.iter().partition(|field| field.before.is_some());
    for field in different {
        changed(&mut body, field, columns, look);
    }
    body.gap();
    body.say(look.pick("the same", "그대로"), theme.dim(), columns);
    let longest = same.iter().map(|field| width(&field.name)).max().unwrap_or(0).min(WIDEST_NAME);
    for field in same {
        let name = safe(&field.name);
        let pad = " ".repeat((longest + 2).saturating_sub(width(&name)).max(1));
        body.flow(&[(format!("  {name}{pad}"), theme.dim())], &[(safe(&field.value), theme.dim())], columns);
    }
    body
}

/// What stands for a field that is not there.
const ABSENT: &str = "-";

fn changed(body: &mut Body, field: &FieldView, columns: usize, look: Look) {
    let theme = look.theme;
    let before = field.before.as_deref().unwrap_or(ABSENT);
    let (glyph, word) = match (before, field.value.as_str()) {
        (ABSENT, _) => ("+", look.pick("added", "추가")),
        (_, ABSENT) => ("-", look.pick("removed", "삭제")),
        _ => ("~", look.pick("changed", "변경")),
    };
    let pieces = [(safe(&field.name), theme.bold()), (format!("  {word}"), theme.mark())];
    body.flow(&[(format!("{glyph} "), theme.mark())], &pieces, columns);
    let rows = [
        (look.pick("before", "전"), before, theme.pass(), theme.glyph.pass),
        (look.pick("after", "후"), field.value.as_str(), theme.fail(), theme.glyph.fail),
    ];
    for (word, value, style, glyph) in rows {
        let pad = " ".repeat(7usize.saturating_sub(width(word)));
        let shown = match value {
            ABSENT => (look.pick("not there", "없음").to_owned(), theme.dim()),
            value => (safe(value), theme.text()),
        };
        body.flow(&[(format!("  {glyph} {word}{pad}"), style)], &[shown], columns);
    }
}
