//! Whether a step's words come out on the screen as they are meant.

use super::StepWords;
use super::curriculum::Report;
use super::markdown::{Block, Span, Style, inline, parse};
use super::words::Section;

/// Columns of the text pane at 80×24.
pub const PANE_COLUMNS: usize = 38;
/// Rows of the text pane at 80×24.
pub const PANE_ROWS: usize = 17;

/// How the words come out on the screen.
pub(super) fn setting(section: &Section, words: &StepWords, report: &mut Report<'_>) {
    let after_line = section.after.as_ref().map_or(section.line, |after| after.line);
    for (line, rows) in
        [(section.line, words.rows_before(PANE_COLUMNS)), (after_line, words.after_lines(PANE_COLUMNS).len())]
    {
        if rows > PANE_ROWS {
            let message = format!(
                "`{}` takes {rows} rows of {PANE_COLUMNS} columns, and {PANE_ROWS} are there: shorten it",
                section.id
            );
            report.problem(line, message);
        }
    }
    let titles_and_choices = std::iter::once(&words.title).chain(&words.choices);
    let loose = titles_and_choices.flat_map(|text| inline(text)).any(|span| is_loose(&span));
    if loose || has_loose(&words.text) {
        report.problem(section.line, LOOSE);
    }
    if has_loose(&words.after) {
        report.problem(after_line, LOOSE);
    }
}

const LOOSE: &str = "a `**` or a backtick here does not close; `**` closes only right behind a letter: \
                     write `**인증 기관**(CA)은`, not `**인증 기관(CA)**은`";

fn has_loose(text: &str) -> bool {
    parse(text).iter().any(|block| match block {
        Block::Paragraph(spans) | Block::Bullet(spans) | Block::Ordered(_, spans) => {
            spans.iter().any(is_loose)
        }
        Block::Code(_) => false,
    })
}

fn is_loose(span: &Span) -> bool {
    span.style != Style::Code && (span.text.contains("**") || span.text.contains('`'))
}
