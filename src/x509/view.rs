//! One element of a tree with its bytes, and what its contents say.

use std::ops::Range;

use super::tag;
use super::tree::{Class, Node, Tree};

/// An element and the bytes that it was read from.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    bytes: &'a [u8],
    nodes: &'a [Node],
    /// Its index in the tree.
    pub index: usize,
}

impl<'a> View<'a> {
    /// The first element of a tree of `bytes`.
    #[must_use]
    pub fn root(bytes: &'a [u8], tree: &'a Tree) -> Option<Self> {
        (!tree.nodes.is_empty()).then_some(Self { bytes, nodes: &tree.nodes, index: 0 })
    }

    /// Another element of the same tree.
    #[must_use]
    pub const fn at(&self, index: usize) -> Self {
        Self { index, ..*self }
    }

    /// The element.
    #[must_use]
    pub fn node(&self) -> &'a Node {
        static NONE: Node = Node {
            class: Class::Universal,
            tag: 0,
            constructed: false,
            indefinite: false,
            loose: false,
            inside: false,
            offset: 0,
            header: 0,
            length: 0,
            depth: 0,
            parent: None,
            end: 0,
            broken: None,
        };
        self.nodes.get(self.index).unwrap_or(&NONE)
    }

    /// Where its bytes lie.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        self.node().range()
    }

    /// All of its bytes.
    #[must_use]
    pub fn full(&self) -> &'a [u8] {
        self.bytes.get(self.range()).unwrap_or_default()
    }

    /// The bytes of its contents.
    #[must_use]
    pub fn contents(&self) -> &'a [u8] {
        self.bytes.get(self.node().contents()).unwrap_or_default()
    }

    /// The elements that it consists of, end-of-contents left out.
    pub fn children(&self) -> impl Iterator<Item = View<'a>> + use<'a> {
        let end = if self.node().constructed { self.node().end } else { 0 };
        self.below(end).filter(|child| !(child.is(tag::END) && child.node().length == 0))
    }

    /// The elements inside of a string that holds DER.
    pub fn insides(&self) -> impl Iterator<Item = View<'a>> + use<'a> {
        self.below(if self.node().constructed { 0 } else { self.node().end })
    }

    /// The elements next to each other after this one's beginning, up to an index.
    fn below(&self, end: usize) -> impl Iterator<Item = View<'a>> + use<'a> {
        let (bytes, nodes) = (self.bytes, self.nodes);
        let mut next = self.index + 1;
        std::iter::from_fn(move || {
            let index = Some(next).filter(|next| *next < end)?;
            next = nodes.get(index)?.end;
            Some(View { bytes, nodes, index })
        })
    }

    /// Its child of this number.
    #[must_use]
    pub fn child(&self, number: usize) -> Option<Self> {
        self.children().nth(number)
    }

    /// All elements below it and itself.
    pub(super) fn all(&self) -> impl Iterator<Item = View<'a>> + use<'a> {
        let (bytes, nodes) = (self.bytes, self.nodes);
        (self.index..self.node().end).map(move |index| View { bytes, nodes, index })
    }

    /// Elements that follow the first one at the top.
    pub(super) fn siblings(&self) -> impl Iterator<Item = View<'a>> + use<'a> {
        let (bytes, nodes) = (self.bytes, self.nodes);
        let mut next = self.node().end;
        std::iter::from_fn(move || {
            let index = next;
            next = nodes.get(index)?.end;
            Some(View { bytes, nodes, index })
        })
    }

    /// Whether it has this universal tag.
    #[must_use]
    pub fn is(&self, tag: u32) -> bool {
        self.node().is(tag)
    }

    /// Whether its tag is `[number]`.
    #[must_use]
    pub fn is_context(&self, number: u32) -> bool {
        let node = self.node();
        node.class == Class::Context && node.tag == number && node.header > 0
    }

    /// The contents of an object identifier.
    #[must_use]
    pub fn oid(&self) -> Option<&'a [u8]> {
        self.is(tag::OID).then(|| self.contents())
    }

    /// A number, if it is small and not negative.
    #[must_use]
    pub fn number(&self) -> Option<u64> {
        let contents = self.contents();
        let (first, rest) = contents.split_first()?;
        let digits = if *first == 0 { rest } else { contents };
        if self.node().constructed || *first >= 0x80 || digits.len() > 8 {
            return None;
        }
        Some(digits.iter().fold(0, |number, octet| number << 8 | u64::from(*octet)))
    }

    /// The octets of a BIT STRING and how many bits at the end do not count.
    #[must_use]
    pub fn bits(&self) -> Option<(&'a [u8], u32)> {
        let (unused, octets) = self.contents().split_first()?;
        let unused = u32::from(*unused);
        let fits = unused < 8 && (unused == 0 || !octets.is_empty()) && !self.node().constructed;
        fits.then_some((octets, unused))
    }
}
