//! `--tree`: every element, as `openssl asn1parse` writes it; those that stand inside of a
//! string, where it does not look, behind a `>`.

use serde::{Serialize, Serializer};

use super::gather::Source;
use super::report::title;
use crate::cli::error::CliError;
use crate::cli::output::Output;
use crate::text::escape;
use crate::x509::{Broken, Class, Document, Form, Item, Kind, Node, View};

/// All trees, each made when it is written.
struct Trees<'a>(&'a [Source]);

impl Serialize for Trees<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(
            self.0.iter().map(|source| Tree { source: &source.name, items: Items(&source.items) }),
        )
    }
}

#[derive(Serialize)]
struct Tree<'a> {
    source: &'a str,
    items: Items<'a>,
}

struct Items<'a>(&'a [Item]);

impl Serialize for Items<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|item| Nodes {
            kind: item.kind,
            at: item.at.as_deref(),
            nodes: item.document().tree.nodes.iter().map(Element::from).collect(),
        }))
    }
}

#[derive(Serialize)]
struct Nodes<'a> {
    kind: Kind,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<&'a str>,
    nodes: Vec<Element>,
}

#[derive(Serialize)]
struct Element {
    offset: usize,
    depth: usize,
    header: usize,
    length: usize,
    class: &'static str,
    tag: u32,
    name: String,
    constructed: bool,
    inside: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    broken: Option<&'static str>,
}

impl From<&Node> for Element {
    fn from(node: &Node) -> Self {
        Self {
            offset: node.offset,
            depth: node.depth,
            header: node.header,
            length: node.length,
            class: match node.class {
                Class::Universal => "universal",
                Class::Application => "application",
                Class::Context => "context",
                Class::Private => "private",
            },
            tag: node.tag,
            name: node.tag_name(),
            constructed: node.constructed,
            inside: node.inside,
            broken: node.broken.map(word),
        }
    }
}

fn word(broken: Broken) -> &'static str {
    match broken {
        Broken::Header => "the bytes end within its tag or length",
        Broken::Tag => "its tag number is beyond all bounds",
        Broken::Length => "its length is beyond all bounds",
        Broken::Short => "its length says more than there is",
        Broken::Indefinite => "an indefinite length on a primitive element",
        Broken::NoEnd => "an indefinite length without its end",
        Broken::Deep => "too deep: its contents are left whole",
        Broken::Many => "too many elements: the rest is left whole",
    }
}

pub(super) fn print(output: &Output, sources: &[Source]) -> Result<(), CliError> {
    if output.json {
        return output.stream(&Trees(sources));
    }
    let mut first = true;
    for source in sources {
        for item in &source.items {
            if !first {
                output.line("")?;
            }
            first = false;
            output.line(&title(output, source, item))?;
            output.line(&lines(&item.document()))?;
        }
    }
    Ok(())
}

fn lines(document: &Document) -> String {
    let mut text = String::new();
    let Some(root) = document.root() else { return "  (not shown)".into() };
    for (index, node) in document.tree.nodes.iter().enumerate() {
        let view = root.at(index);
        let kind = if node.constructed { "cons" } else { "prim" };
        let length = if node.indefinite { "inf".to_owned() } else { node.length.to_string() };
        let mark = if node.inside { '>' } else { ' ' };
        let indent = node.depth.min(40);
        text.push_str(&format!(
            "{:5}:d={:<2} hl={} l={length:>4} {kind}:{mark}{:indent$}{}",
            node.offset,
            node.depth,
            node.header,
            "",
            node.tag_name()
        ));
        if node.end == index + 1
            && let Some(value) = value(view)
        {
            text.push_str(&format!(": {value}"));
        }
        if let Some(broken) = node.broken {
            text.push_str(&format!("  ! {}", word(broken)));
        }
        text.push('\n');
    }
    text.trim_end_matches('\n').to_owned()
}

/// What a primitive element says, in short.
fn value(at: View<'_>) -> Option<String> {
    const LONGEST: usize = 120;
    let said = Form::Structure.decode(at.full());
    let tag = said.split_once(' ').map(|(_, value)| value).filter(|_| at.node().length > 0)?;
    let tag = tag.strip_prefix("STRING ").unwrap_or(tag);
    let cut = tag.char_indices().nth(LONGEST).map(|(end, _)| tag.get(..end).unwrap_or_default());
    Some(match cut {
        Some(start) => format!("{}...", escape(start)),
        None => escape(tag).into_owned(),
    })
}
