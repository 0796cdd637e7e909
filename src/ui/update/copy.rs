//! What there is to copy.

use crate::lab::Panel;
use crate::text::Language;

use super::super::model::Model;
use super::super::words;

/// What `copy` would copy now: its name and the text.
pub(in crate::ui) fn copyable(model: &Model) -> Option<(String, String)> {
    if model.browser.is_some() {
        return super::faults::copyable(model);
    }
    let study = model.study.as_ref()?;
    let commands = |panel: &Panel| match panel {
        Panel::Commands(tools) => {
            let tool = tools.get(study.tool.checked_rem(tools.len())?)?;
            let what = match model.language {
                Language::En => format!("the {} commands", tool.tool),
                Language::Ko => format!("{} 명령", tool.tool),
            };
            Some((what, format!("{}\n", tool.lines.join("\n"))))
        }
        Panel::Connection(connection) => {
            let text = connection.outcome.as_ref()?.client_prints.clone()?;
            let what = match model.language {
                Language::En => format!("what {} prints", connection.client),
                Language::Ko => format!("{} 출력", connection.client),
            };
            Some((what, text))
        }
        Panel::Artifact(artifact) => {
            let what = words::panel(panel, model.language);
            let fields =
                artifact.fields.iter().map(|field| format!("{}: {}\n", field.name, field.value)).collect();
            Some((what, fields))
        }
        Panel::Terminal(view) => {
            let what = model.language.pick("the openssl commands", "openssl 명령").to_owned();
            let lines = view.lines.iter().map(|line| format!("{}\n", line.command)).collect();
            Some((what, lines))
        }
        Panel::Request(view) => {
            Some((model.language.pick("the command", "명령").to_owned(), format!("{}\n", view.command)))
        }
        Panel::File(view) => {
            let lines = view.lines.iter().map(|(line, _)| format!("{line}\n")).collect();
            Some((view.path.clone(), lines))
        }
        Panel::Cluster(_) | Panel::Kinds(_) | Panel::Chain(_) | Panel::Trust(_) => None,
    };
    commands(study.shown()?)
}
