//! `dojang can-i --matrix`: every identity of the lecture by every action of it.

use serde::Serialize;

use super::CliError;
use crate::access::{Authorizer, Decision, Target};
use crate::cli::output::{Output, Tone};
use crate::lab::Permissions;
use crate::text::{escape, width};

#[derive(Serialize)]
struct Document<'a> {
    actions: Vec<ActionDocument<'a>>,
    identities: Vec<RowDocument<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ActionDocument<'a> {
    title: &'a str,
    verb: &'a str,
    path: Option<&'a str>,
    api_group: Option<&'a str>,
    resource: Option<String>,
    namespace: Option<&'a str>,
    name: Option<&'a str>,
}

#[derive(Serialize)]
struct RowDocument<'a> {
    identity: &'a str,
    user: &'a str,
    groups: &'a [String],
    cells: Vec<CellDocument<'a>>,
}

#[derive(Serialize)]
struct CellDocument<'a> {
    action: &'a str,
    decision: &'static str,
    by: Option<&'static str>,
    reason: &'a str,
}

/// Tells the whole matrix; with `explain` the reason of every cell.
pub(super) fn tell(output: &Output, permissions: &Permissions, explain: bool) -> Result<u8, CliError> {
    if output.json {
        output.document(&document(permissions))?;
    } else {
        print(output, permissions, explain)?;
    }
    Ok(0)
}

fn document(permissions: &Permissions) -> Document<'_> {
    let actions = permissions.actions.iter().map(|(title, asked)| {
        let (path, resource) = match &asked.target {
            Target::Path(path) => (Some(path.as_str()), None),
            Target::Resource(resource) => (None, Some(resource)),
        };
        ActionDocument {
            title,
            verb: &asked.verb,
            path,
            api_group: resource.map(|own| own.group.as_str()),
            resource: resource.map(crate::access::Resource::combined),
            namespace: resource.map(|own| own.namespace.as_str()).filter(|text| !text.is_empty()),
            name: resource.map(|own| own.name.as_str()).filter(|text| !text.is_empty()),
        }
    });
    let rows = permissions.identities.iter().zip(&permissions.cells).map(|((name, identity), cells)| {
        let cells = permissions.actions.iter().zip(cells).map(|((title, _), decision)| CellDocument {
            action: title,
            decision: if decision.allowed { "allow" } else { "deny" },
            by: decision.by.word(),
            reason: &decision.reason,
        });
        RowDocument { identity: name, user: &identity.user, groups: &identity.groups, cells: cells.collect() }
    });
    Document { actions: actions.collect(), identities: rows.collect() }
}

/// Columns of a cell: a mark, who decided, a blank.
const CELL: usize = 4;

fn print(output: &Output, permissions: &Permissions, explain: bool) -> Result<(), CliError> {
    let names = permissions.identities.iter().map(|(name, _)| width(name)).max().unwrap_or(0);
    let numbers = (1..=permissions.actions.len()).map(|number| format!("{number:<CELL$}"));
    let head = format!("{:names$}  {}", "", numbers.collect::<String>());
    output.line(&output.tone(Tone::Quiet, head.trim_end()))?;
    for ((name, _), cells) in permissions.identities.iter().zip(&permissions.cells) {
        let cells = cells.iter().map(|decision| {
            let by = letter(decision);
            format!("{}{by}{}", output.mark(decision.allowed), " ".repeat(CELL - 1 - by.len()))
        });
        let row = format!("{:names$}  {}", escape(name), cells.collect::<String>());
        output.line(row.trim_end())?;
    }
    output.line("")?;
    for (number, (title, _)) in (1..).zip(&permissions.actions) {
        output.line(&format!("{number:>3}  {}", escape(title)))?;
    }
    output.line(&format!("  M  system:masters\n  N  {}\n  R  {}", Authorizer::Node, Authorizer::Rbac))?;
    if explain {
        for ((name, _), cells) in permissions.identities.iter().zip(&permissions.cells) {
            output.line("")?;
            output.line(&escape(name))?;
            for ((title, _), decision) in permissions.actions.iter().zip(cells) {
                let why = match (decision.allowed, decision.reason.as_str()) {
                    (true, "") => decision.by.to_string(),
                    (false, "") => {
                        let nobody = ("no authorizer allows it", "허용하는 인가자가 없어요");
                        output.language.pick(nobody.0, nobody.1).to_owned()
                    }
                    (_, reason) => escape(reason).into_owned(),
                };
                output.line(&format!("  {} {}: {why}", output.mark(decision.allowed), escape(title)))?;
            }
        }
    }
    Ok(())
}

/// Who decided, in a letter; none if nobody allowed it.
const fn letter(decision: &Decision) -> &'static str {
    match decision.by {
        Authorizer::SystemMasters => "M",
        Authorizer::Node => "N",
        Authorizer::Rbac => "R",
        Authorizer::None => "",
    }
}
