//! A step's words as the lines that a face draws, the same for every face.

use super::StepWords;
use super::markdown::{Line, Span, Style, hanging, inline, lines, parse};

impl StepWords {
    /// The heading in lines of at most `columns`.
    #[must_use]
    pub fn heading_lines(&self, columns: usize) -> Vec<Line> {
        let mut spans = inline(&self.title);
        for span in &mut spans {
            if span.style != Style::Code {
                span.style = Style::Strong;
            }
        }
        hanging("", &spans, columns)
    }

    /// What stands there before the learner acts: heading and text. A question's choices
    /// follow, each as [`StepWords::choice_lines`], after an empty line.
    #[must_use]
    pub fn text_lines(&self, columns: usize) -> Vec<Line> {
        self.under_heading(&self.text, columns)
    }

    /// Choice number `index`, from 0, behind its number from 1; no lines if there is none.
    #[must_use]
    pub fn choice_lines(&self, index: usize, columns: usize) -> Vec<Line> {
        self.choices
            .get(index)
            .map_or_else(Vec::new, |choice| hanging(&format!("{}. ", index + 1), &inline(choice), columns))
    }

    /// What stands there once it is done: heading and explanation.
    #[must_use]
    pub fn after_lines(&self, columns: usize) -> Vec<Line> {
        self.under_heading(&self.after, columns)
    }

    /// Rows that heading, text and choices take.
    pub(super) fn rows_before(&self, columns: usize) -> usize {
        let choices: usize = (0..self.choices.len()).map(|i| self.choice_lines(i, columns).len()).sum();
        self.text_lines(columns).len() + choices + usize::from(choices > 0)
    }

    fn under_heading(&self, text: &str, columns: usize) -> Vec<Line> {
        let mut out = self.heading_lines(columns);
        out.push(Vec::<Span>::new());
        out.extend(lines(&parse(text), columns));
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_heading_text_and_choices() {
        let words = StepWords {
            title: "Who *is* it?".into(),
            text: "Think.".into(),
            choices: vec!["the CA".into(), "`admin`, of course".into()],
            after: "It is.".into(),
        };
        let text = |lines: Vec<Line>| -> Vec<String> {
            lines.into_iter().map(|line| line.into_iter().map(|span| span.text).collect()).collect()
        };
        assert_eq!(text(words.text_lines(20)), ["Who is it?", "", "Think."]);
        assert_eq!(text(words.choice_lines(1, 12)), ["2. admin, of", "   course"]);
        assert!(words.choice_lines(2, 12).is_empty());
        assert_eq!(text(words.after_lines(20)), ["Who is it?", "", "It is."]);
        assert_eq!(words.rows_before(12), 3 + 1 + 3);
    }
}
