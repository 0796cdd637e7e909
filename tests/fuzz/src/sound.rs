//! What holds of everything that is shown, whatever it was read from.

use std::borrow::Cow;

use dojang::text::escape;
use dojang::x509::{Class, Document, Field, Form, Node};

/// Nothing in it would be obeyed or hidden by a terminal.
pub fn safe(text: &str) {
    assert!(matches!(escape(text), Cow::Borrowed(_)), "a terminal would obey {text:?}");
}

/// The children of every element lie end to end over all of its contents.
pub fn partitioned(document: &Document) {
    let nodes = &document.tree.nodes;
    // How many octets of a BIT STRING lie before what it holds.
    let skipped =
        |node: &Node| usize::from(node.class == Class::Universal && node.tag == 3 && !node.constructed);
    let mut reached: Vec<Option<usize>> = vec![None; nodes.len()];
    let mut top = 0;
    for (index, node) in nodes.iter().enumerate() {
        let range = node.range();
        let begins = match node.parent {
            None => std::mem::replace(&mut top, range.end),
            Some(parent) => {
                let begins = nodes[parent].contents().start + skipped(&nodes[parent]);
                assert!(range.end <= nodes[parent].contents().end, "{node:?} leaves {:?}", nodes[parent]);
                assert_eq!(node.depth, nodes[parent].depth + 1);
                reached[parent].replace(range.end).unwrap_or(begins)
            }
        };
        assert_eq!(range.start, begins, "{node:?} does not follow");
        assert!(node.end > index && node.end <= nodes.len(), "{node:?}");
    }
    for (node, reached) in nodes.iter().zip(&reached) {
        assert_eq!(reached.unwrap_or(node.contents().end), node.contents().end, "{node:?} is not filled");
    }
    assert_eq!(top, document.der.len(), "the tree ends before its bytes");
}

/// Every field says what its bytes alone say, and says it safely.
pub fn decoded(document: &Document) {
    for field in document.all() {
        safe(&field.name);
        safe(&field.value);
        if field.form != Form::None && field.range.is_some() {
            assert_eq!(field.form.decode(document.bytes(field)), field.value, "{}", told(document, field));
        }
    }
}

fn told(document: &Document, field: &Field) -> String {
    format!("{field:?} of {:02x?}", document.bytes(field))
}
