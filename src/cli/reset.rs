//! `dojang reset`: afresh, the whole workspace or one lesson.

use std::io::{IsTerminal, Write};

use super::args::Global;
use super::error::CliError;
use super::output::Output;
use crate::text::{Language, escape, particle};
use crate::workspace::WorkspaceError;

/// Removes everything that was made, after asking.
pub(super) fn all(output: &Output, global: &Global, yes: bool) -> Result<u8, CliError> {
    let store = super::pki::store(global, None)?;
    if !store.root().exists() {
        return Err(WorkspaceError::Empty(store.root().to_owned()).into());
    }
    let locked = store.lock()?;
    let root = store.root().display();
    let question = match output.language {
        Language::En => format!("Remove everything that dojang made in {root}?"),
        Language::Ko => format!("{root}에 dojang이 만든 것을 모두 지울까요?"),
    };
    if !yes && !confirmed(output, &question)? {
        return Ok(1);
    }
    let removed = locked.clear()?;
    output.line(&match output.language {
        Language::En => format!("{removed} files removed; the next lesson starts afresh."),
        Language::Ko => format!("파일 {removed}개를 지웠어요. 다음 레슨은 처음부터 시작해요."),
    })?;
    Ok(0)
}

/// Forgets what was done in one lesson, after asking.
pub(super) fn lesson(output: &Output, global: &Global, name: &str, yes: bool) -> Result<u8, CliError> {
    let store = super::pki::store(global, None)?;
    if !store.root().exists() {
        return Err(WorkspaceError::Empty(store.root().to_owned()).into());
    }
    let lab = super::lab::open(output, global, false, None)?;
    // What is wrong with the name is told before anything is asked.
    let known = lab.lesson(name).map(|lesson| lesson.title.get(output.language).clone());
    let title = match known {
        Ok(title) => title,
        Err(_) if lab.progress().knows(name) => name.to_owned(),
        Err(error) => return Err(error.into()),
    };
    let title = escape(&title);
    let question = match output.language {
        Language::En => format!("Forget what was done in the lesson '{title}'?"),
        Language::Ko => format!("레슨 '{title}'에서 한 것을 지울까요?"),
    };
    if !yes && !confirmed(output, &question)? {
        return Ok(1);
    }
    let (id, done) = lab.reset_lesson(name)?;
    let id = escape(&id);
    output.line(&match (output.language, done) {
        (Language::En, 0) => format!("{id}: no step was done; the lesson starts at its first step."),
        (Language::En, 1) => format!("{id}: 1 step forgotten; the artifacts and the other lessons stay."),
        (Language::En, _) => {
            format!("{id}: {done} steps forgotten; the artifacts and the other lessons stay.")
        }
        (Language::Ko, 0) => format!("{id}: 마친 단계가 없어요. 레슨은 첫 단계부터 시작해요."),
        (Language::Ko, _) => {
            let particle = particle(&id, "은", "는");
            format!("{id}{particle} 이제 처음부터예요. 마친 단계 {done}개를 지웠고, 파일과 다른 레슨은 그대로예요.")
        }
    })?;
    Ok(0)
}

/// Whether the user says yes. Who says no is told that nothing happened.
fn confirmed(output: &Output, question: &str) -> Result<bool, CliError> {
    if !std::io::stdin().is_terminal() {
        return Err(CliError::Usage(
            "reset asks before it removes: answer on a terminal, or add --yes".into(),
        ));
    }
    let _ = write!(std::io::stderr(), "{question} [y/N] ");
    let mut answer = String::new();
    std::io::stdin()
        .read_line(&mut answer)
        .map_err(|error| CliError::Machine(format!("cannot read the answer: {error}")))?;
    let is_yes = matches!(answer.trim(), "y" | "Y" | "yes" | "예" | "네");
    if !is_yes {
        output.line(output.language.pick("Nothing was removed.", "아무것도 지우지 않았어요."))?;
    }
    Ok(is_yes)
}
