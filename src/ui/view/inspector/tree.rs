//! The elements of ASN.1 as they lie in each other, each with its tag, offset and length.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::super::inspector::{Page, Pane};
use super::super::Look;
use super::super::lines::safe;
use crate::text::{truncate, width};
use crate::x509::{Broken, Node};

/// Deeper elements are not indented any more.
const DEEPEST: usize = 14;

/// The rows that are seen, and no others.
pub(super) fn lines(page: &Page, area: Rect, look: Look) -> Vec<Line<'static>> {
    let [_, scroll, _] = page.scrolls;
    let nodes = page.document.tree.nodes.iter().enumerate().skip(scroll).take(usize::from(area.height));
    nodes.map(|(at, node)| line(page, at, node, usize::from(area.width), look)).collect()
}

/// Octets of its contents, as they are told.
fn length(node: &Node) -> String {
    if node.indefinite { "inf".to_owned() } else { node.length.to_string() }
}

fn line(page: &Page, at: usize, node: &Node, columns: usize, look: Look) -> Line<'static> {
    let theme = look.theme;
    let is_here = page.node == Some(at);
    let is_lead = page.pane == Pane::Tree;
    let pointer = if is_here { theme.glyph.pointer } else { " " };
    // As wide as the largest of them.
    let digits = page.document.der.len().to_string().len();
    let place = format!("{:>digits$} {:>digits$} ", node.offset, length(node));
    let indent = " ".repeat(node.depth.min(DEEPEST));
    // What stands inside of a string stands there only to those who look.
    let inside = if node.inside { theme.glyph.rest } else { "" };
    let tag = format!("{indent}{inside}{}", node.tag_name());
    let (lead_style, tag_style) = match (is_here, is_lead) {
        (true, true) => (theme.focus(), theme.focus()),
        (true, false) => (theme.mark(), theme.mark()),
        (false, _) => (theme.dim(), theme.text()),
    };
    let used = 2 + width(&place) + width(&tag);
    let mut spans = vec![
        Span::styled(format!("{pointer} "), lead_style),
        Span::styled(place, theme.dim()),
        Span::styled(truncate(&tag, columns.saturating_sub(2 + 2 * digits + 2)), tag_style),
    ];
    let rest = columns.saturating_sub(used + 2);
    if node.broken.is_some() {
        spans.push(Span::styled(format!(" {}", theme.glyph.fail), theme.fail()));
    } else if let Some(row) = page.label(at).filter(|_| rest >= 3) {
        // What only says the tag again gives its room to the value.
        let name = &row.field.name;
        let is_tag = node.tag_name().eq_ignore_ascii_case(name);
        let is_leaf = node.end == at + 1;
        let name = if is_tag { String::new() } else { truncate(&safe(name), rest) };
        let left = rest.saturating_sub(width(&name) + usize::from(!is_tag));
        spans.push(Span::styled(format!("  {name}"), if is_here { theme.bold() } else { theme.code() }));
        if is_leaf && left >= 4 {
            let value = truncate(&safe(&row.short), left);
            let blank = if is_tag { "" } else { " " };
            spans.push(Span::styled(format!("{blank}{value}"), theme.dim()));
        }
    }
    Line::from(spans)
}

/// What is wrong with an element.
pub(super) fn broken(broken: Broken, look: Look) -> &'static str {
    match broken {
        Broken::Header => {
            look.pick("the bytes end within its tag or length", "태그나 길이 중간에서 바이트가 끝나요")
        }
        Broken::Tag => look.pick("its tag number is beyond all bounds", "태그 번호가 너무 커요"),
        Broken::Length => look.pick("its length is beyond all bounds", "길이가 너무 커요"),
        Broken::Short => {
            look.pick("its length says more than there is", "길이가 실제로 남은 바이트보다 커요")
        }
        Broken::Indefinite => look.pick(
            "an indefinite length on a primitive element",
            "단순(primitive) 요소인데 길이가 정해지지 않았어요",
        ),
        Broken::NoEnd => {
            look.pick("an indefinite length without its end", "길이가 정해지지 않았는데 끝 표시가 없어요")
        }
        Broken::Deep => {
            look.pick("too deep: its contents are left whole", "너무 깊어서 내용을 나누지 않았어요")
        }
        Broken::Many => look
            .pick("too many elements: the rest is left whole", "요소가 너무 많아서 나머지는 나누지 않았어요"),
    }
}

/// An element in a line: its tag, where it begins, how long its header and its contents are.
pub(super) fn told(node: &Node, look: Look) -> String {
    let kind = match node.constructed {
        true => look.pick("constructed", "구조형"),
        false => look.pick("primitive", "단순형"),
    };
    let [offset, header, length_word] =
        [look.pick("offset", "오프셋"), look.pick("header", "헤더"), look.pick("length", "길이")];
    let rest = look.theme.glyph.rest;
    format!(
        "{} {rest} {kind} {rest} {offset} {} {rest} {header} {} {rest} {length_word} {}",
        node.tag_name(),
        node.offset,
        node.header,
        length(node),
    )
}
