//! `en.md` and `ko.md`, as they are written: a title, an aim, a section for each step.

use super::curriculum::Report;
use super::mechanism::MOST_STEPS;

/// Text and the line it begins on.
#[derive(Debug, Clone, Default)]
pub(super) struct Part {
    pub(super) line: usize,
    pub(super) text: String,
}

/// One `## step-id: Heading` section.
#[derive(Debug, Clone, Default)]
pub(super) struct Section {
    pub(super) line: usize,
    pub(super) id: String,
    pub(super) title: String,
    pub(super) text: Part,
    pub(super) after: Option<Part>,
}

/// One language's file.
#[derive(Debug, Clone, Default)]
pub(super) struct WrittenWords {
    pub(super) title: String,
    pub(super) aim: String,
    pub(super) sections: Vec<Section>,
    /// The file's last line.
    pub(super) last_line: usize,
}

/// Reads a language's file; what is wrong goes to the report.
pub(super) fn read(source: &str, report: &mut Report<'_>) -> WrittenWords {
    let mut words = WrittenWords { last_line: source.lines().count().max(1), ..Default::default() };
    let mut title_line = None;
    let mut front: Vec<&str> = Vec::new();
    let mut fenced = false;
    for (line, text) in (1..).zip(source.lines()) {
        let is_fence = text.trim_start().starts_with("```");
        if is_fence {
            fenced = !fenced;
        }
        if !fenced && !is_fence {
            if let Some(heading) = text.strip_prefix("## ") {
                if words.sections.len() == MOST_STEPS {
                    report
                        .problem(line, format!("more than {MOST_STEPS} sections: a lesson has fewer steps"));
                    break;
                }
                words.sections.push(section(heading, line, report));
                continue;
            }
            if let Some(title) = text.strip_prefix("# ") {
                if title_line.is_some() || !words.sections.is_empty() {
                    report.problem(line, "a second `# Title`; a step's heading is `## step-id: Heading`");
                }
                title_line = Some(line);
                title.trim().clone_into(&mut words.title);
                continue;
            }
            if text.starts_with("###") || text.starts_with("##") && !text.starts_with("## ") {
                report.problem(line, "this heading is none of ours: write `## step-id: Heading`");
            }
        }
        let Some(section) = words.sections.last_mut() else {
            front.push(text);
            continue;
        };
        if !fenced && text.trim_end() == "---" {
            if section.after.is_some() {
                report.problem(line, "a second `---` in this section: one divides text and explanation");
            } else {
                section.after = Some(Part::default());
            }
            continue;
        }
        add(section.after.as_mut().unwrap_or(&mut section.text), line, text);
    }
    if fenced {
        report.problem(words.last_line, "a code block is opened with ``` and not closed");
    }
    words.aim = front.join("\n").trim().split("\n\n").next().unwrap_or_default().replace('\n', " ");
    if words.title.is_empty() {
        report.problem(1, "no title: the first line is `# Title`");
    }
    if words.aim.is_empty() {
        report
            .problem(title_line.unwrap_or(1), "no aim: a paragraph under the title says it in one sentence");
    }
    for section in &mut words.sections {
        let parts = std::iter::once(&mut section.text).chain(section.after.as_mut());
        for part in parts {
            part.text.truncate(part.text.trim_end().len());
            if part.line == 0 {
                part.line = section.line;
            }
        }
        if section.text.text.is_empty() {
            report.problem(section.line, "this step has no text");
        }
        if section.after.as_ref().is_some_and(|after| after.text.is_empty()) {
            report.problem(section.line, "this step has a `---` and nothing after it");
        }
    }
    words
}

fn section(heading: &str, line: usize, report: &mut Report<'_>) -> Section {
    let (id, title) = heading.split_once(':').unwrap_or((heading, ""));
    if title.trim().is_empty() {
        report.problem(line, "the heading says nothing: write `## step-id: Heading`");
    }
    Section { line, id: id.trim().to_owned(), title: title.trim().to_owned(), ..Default::default() }
}

fn add(part: &mut Part, line: usize, text: &str) {
    if part.line == 0 {
        if text.trim().is_empty() {
            return;
        }
        part.line = line;
    }
    part.text.push_str(text);
    part.text.push('\n');
}

/// Takes the choices, a numbered list at its end, out of a question's text.
pub(super) fn take_choices(part: &mut Part, report: &mut Report<'_>) -> Vec<String> {
    let mut choices: Vec<String> = Vec::new();
    let mut kept = String::new();
    let mut fenced = false;
    for (line, text) in (part.line..).zip(part.text.lines()) {
        if text.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        let next = format!("{}. ", choices.len() + 1);
        if let (false, Some(choice)) = (fenced, text.strip_prefix(&next)) {
            choices.push(choice.trim().to_owned());
        } else if let Some(choice) = choices.last_mut() {
            if text.starts_with(' ') && !text.trim().is_empty() {
                choice.push(' ');
                choice.push_str(text.trim());
            } else if !text.trim().is_empty() {
                report.problem(
                    line,
                    format!("after the first choice only choices may follow; here `{next}…` is next"),
                );
            }
        } else {
            kept.push_str(text);
            kept.push('\n');
        }
    }
    kept.truncate(kept.trim_end().len());
    part.text = kept;
    choices
}
