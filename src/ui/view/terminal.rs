//! Commands and what they printed, as in a terminal.

use crate::lab::TerminalView;

use super::Look;
use super::lines::{Body, safe};

/// The commands with their outputs; what versions of the tool print where it did not run.
pub(super) fn body(view: &TerminalView, columns: usize, look: Look) -> Body {
    let theme = look.theme;
    let mut body = Body::default();
    let here = view.version.as_deref().map_or_else(
        || look.pick("openssl is not on this machine", "이 컴퓨터에는 openssl이 없어요").to_owned(),
        safe,
    );
    body.say(&here, theme.dim(), columns);
    if !view.files.is_empty() {
        let lead = [(format!("{}  ", look.pick("files", "파일")), theme.dim())];
        body.flow(&lead, &[(safe(&view.files.join("  ")), theme.code())], columns);
    }
    for line in &view.lines {
        body.gap();
        body.flow(&[("$ ".to_owned(), theme.dim())], &[(safe(&line.command), theme.code())], columns);
        if !line.output.trim().is_empty() {
            body.quote(&line.output, theme.text(), columns, look);
        }
        if let Some(status) = line.status {
            let (glyph, style) =
                if status == 0 { (theme.glyph.pass, theme.pass()) } else { (theme.glyph.fail, theme.fail()) };
            body.line([
                (format!("{glyph} "), style),
                (format!("{} {status}", look.pick("exit status", "종료 코드")), theme.dim()),
            ]);
        }
    }
    if !view.recorded.is_empty() {
        body.gap();
        body.say(look.pick("recorded", "기록된 메시지"), theme.bold(), columns);
        for (from, text) in &view.recorded {
            let since = match look.language {
                crate::text::Language::En => format!("OpenSSL {} and later", safe(from)),
                crate::text::Language::Ko => format!("OpenSSL {}부터", safe(from)),
            };
            body.say(&since, theme.dim(), columns);
            body.quote(text, theme.text(), columns, look);
        }
    }
    body
}
