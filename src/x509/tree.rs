//! ASN.1 as it stands in the bytes (X.690): every element of BER, DER included, with its
//! place. Nothing is lost: the elements of a constructed one lie end to end over all of its
//! contents, and what does not read is an element of its own, marked.

use std::ops::Range;

use super::tag::{self, universal_name};

/// Elements deeper than this are left whole, as `openssl asn1parse` does.
pub(super) const DEEPEST: usize = 128;
/// More elements than this are left in one piece.
pub(super) const MOST: usize = 300_000;
/// Octet strings that hold DER that holds octet strings, this often.
const DEEPEST_INSIDE: usize = 8;

/// The class of a tag (X.690, section 8.1.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// The types of ASN.1 itself.
    Universal,
    /// `[APPLICATION 0]`.
    Application,
    /// `[0]`.
    Context,
    /// `[PRIVATE 0]`.
    Private,
}

/// Why bytes do not read as an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// The bytes end within the tag or the length.
    Header,
    /// A tag number beyond 28 bits.
    Tag,
    /// A length of more octets than a machine counts, or the reserved 0xff.
    Length,
    /// The length says more than there is.
    Short,
    /// An indefinite length on a primitive element.
    Indefinite,
    /// An indefinite length without end-of-contents.
    NoEnd,
    /// Deeper than [`DEEPEST`].
    Deep,
    /// More than [`MOST`] elements.
    Many,
}

/// One element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The class of its tag.
    pub class: Class,
    /// The number of its tag.
    pub tag: u32,
    /// Whether it consists of elements.
    pub constructed: bool,
    /// Whether its length is indefinite; its last child is then the end-of-contents.
    pub indefinite: bool,
    /// Whether DER would write its length in fewer octets, or definite.
    pub loose: bool,
    /// Whether it stands inside an OCTET or BIT STRING, where `openssl asn1parse` does not
    /// look.
    pub inside: bool,
    /// Where it begins.
    pub offset: usize,
    /// Octets of tag and length; 0 for bytes that have neither.
    pub header: usize,
    /// Octets of its contents, as many as are there.
    pub length: usize,
    /// How many elements it stands in.
    pub depth: usize,
    /// The element that it stands in.
    pub parent: Option<usize>,
    /// The index after its last descendant.
    pub end: usize,
    /// What is wrong with it.
    pub broken: Option<Broken>,
}

impl Node {
    /// All of its bytes.
    #[must_use]
    pub const fn range(&self) -> Range<usize> {
        self.offset..self.offset + self.header + self.length
    }

    /// The bytes of its contents.
    #[must_use]
    pub const fn contents(&self) -> Range<usize> {
        self.offset + self.header..self.offset + self.header + self.length
    }

    /// Whether it has this universal tag.
    #[must_use]
    pub fn is(&self, tag: u32) -> bool {
        self.class == Class::Universal && self.tag == tag && self.header > 0
    }

    /// The tag as `openssl asn1parse` writes it: `SEQUENCE`, `cont [ 0 ]`.
    #[must_use]
    pub fn tag_name(&self) -> String {
        let number = self.tag;
        if self.header == 0 {
            return "(does not read)".into();
        }
        match self.class {
            Class::Universal => match universal_name(number) {
                Some(name) => name.into(),
                None => format!("<ASN1 {number}>"),
            },
            Class::Application => format!("appl [ {number} ]"),
            Class::Context => format!("cont [ {number} ]"),
            Class::Private => format!("priv [ {number} ]"),
        }
    }
}

/// The elements of some bytes, each before those in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tree {
    /// The elements in the order of their beginnings.
    pub nodes: Vec<Node>,
}

/// Tag and length of one element.
struct Header {
    class: Class,
    tag: u32,
    constructed: bool,
    loose: bool,
    size: usize,
    /// None: indefinite.
    length: Option<usize>,
}

fn header(bytes: &[u8]) -> Result<Header, Broken> {
    let mut rest = bytes.iter().copied();
    let mut next = || rest.next().ok_or(Broken::Header);
    let first = next()?;
    let class = match first >> 6 {
        0 => Class::Universal,
        1 => Class::Application,
        2 => Class::Context,
        _ => Class::Private,
    };
    let (mut tag, mut size, mut loose) = (u32::from(first & 0x1f), 2, false);
    if tag == 0x1f {
        tag = 0;
        loop {
            let octet = next()?;
            size += 1;
            loose |= tag == 0 && octet == 0x80;
            tag = tag << 7 | u32::from(octet & 0x7f);
            if octet & 0x80 == 0 {
                break;
            }
            if tag >> 21 != 0 {
                return Err(Broken::Tag);
            }
        }
    }
    let octet = next()?;
    let length = match octet {
        0..0x80 => Some(usize::from(octet)),
        0x80 => None,
        0xff => return Err(Broken::Length),
        _ => {
            let count = usize::from(octet & 0x7f);
            let mut length = 0usize;
            for at in 0..count {
                let octet = next()?;
                loose |= at == 0 && octet == 0;
                if length >> (usize::BITS - 8) != 0 {
                    return Err(Broken::Length);
                }
                length = length << 8 | usize::from(octet);
            }
            size += count;
            loose |= length < 0x80;
            Some(length)
        }
    };
    Ok(Header { class, tag, constructed: first & 0x20 != 0, loose, size, length })
}

/// An element whose end has not been reached.
struct Open {
    index: usize,
    end: usize,
    indefinite: bool,
    /// How many strings it stands inside.
    insides: usize,
}

impl Tree {
    /// The elements of `bytes`, whatever they are. Takes time by their number alone.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let mut nodes: Vec<Node> = Vec::with_capacity((bytes.len() / 8).min(1 << 12));
        let mut open: Vec<Open> = Vec::new();
        let mut at = 0;
        loop {
            // Close what ends here.
            while let Some(top) = open.last().filter(|top| at >= top.end) {
                let (count, unfinished) = (nodes.len(), top.indefinite);
                if let Some(node) = nodes.get_mut(top.index) {
                    node.end = count;
                    if unfinished {
                        node.length = at - node.offset - node.header;
                        node.broken = Some(Broken::NoEnd);
                    }
                }
                open.pop();
            }
            let end = open.last().map_or(bytes.len(), |top| top.end);
            if at >= end {
                break;
            }
            let (parent, depth) = (open.last().map(|top| top.index), open.len());
            let insides = open.last().map_or(0, |top| top.insides);
            let rest = bytes.get(at..end).unwrap_or_default();
            let mut node = Node {
                class: Class::Universal,
                tag: 0,
                constructed: false,
                indefinite: false,
                loose: false,
                inside: insides > 0,
                offset: at,
                header: 0,
                length: rest.len(),
                depth,
                parent,
                end: nodes.len() + 1,
                broken: None,
            };
            let read = if nodes.len() >= MOST { Err(Broken::Many) } else { header(rest) };
            let read = match read {
                Ok(read) => read,
                Err(broken) => {
                    node.broken = Some(broken);
                    nodes.push(node);
                    at = end;
                    continue;
                }
            };
            let there = rest.len() - read.size;
            node.class = read.class;
            node.tag = read.tag;
            node.constructed = read.constructed;
            node.indefinite = read.length.is_none();
            node.loose = read.loose || node.indefinite;
            node.header = read.size;
            node.length = read.length.unwrap_or(there).min(there);
            if read.length.is_some_and(|length| length > there) {
                node.broken = Some(Broken::Short);
            } else if node.indefinite && !node.constructed {
                node.broken = Some(Broken::Indefinite);
            } else if node.constructed && depth >= DEEPEST {
                node.broken = Some(Broken::Deep);
            }
            let index = nodes.len();
            let contents = node.contents();
            let is_end = node.is(tag::END) && node.length == 0 && !node.constructed && !node.indefinite;
            let descends = node.constructed && node.broken != Some(Broken::Deep);
            let indefinite = node.indefinite;
            nodes.push(node);
            if is_end && open.last().is_some_and(|top| top.indefinite) {
                at = contents.end;
                if let Some(top) = open.pop()
                    && let Some(node) = nodes.get_mut(top.index)
                {
                    node.length = at - node.offset - node.header;
                    node.end = index + 1;
                }
                continue;
            }
            if descends {
                at = contents.start;
                open.push(Open { index, end: contents.end, indefinite, insides });
            } else if let Some(skipped) = string_inside(bytes, &nodes, index, insides) {
                at = contents.start + skipped;
                open.push(Open { index, end: contents.end, indefinite: false, insides: insides + 1 });
            } else {
                at = contents.end;
            }
        }
        Self { nodes }
    }

    /// The elements as `openssl asn1parse` shows them: none from inside of strings.
    pub fn plain(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(|node| !node.inside)
    }
}

/// How many octets of a string lie before the DER that it holds; none if it holds none.
fn string_inside(bytes: &[u8], nodes: &[Node], index: usize, insides: usize) -> Option<usize> {
    let node = nodes.get(index)?;
    if node.broken.is_some() || insides >= DEEPEST_INSIDE || node.depth >= DEEPEST {
        return None;
    }
    let contents = bytes.get(node.contents())?;
    if node.is(tag::BIT_STRING) {
        let (unused, rest) = contents.split_first()?;
        return (*unused == 0 && is_box(rest)).then_some(1);
    }
    if !node.is(tag::OCTET_STRING) || contents.is_empty() {
        return None;
    }
    // The value of an extension is DER always; where it is not, that is to be seen.
    let is_extension = || {
        let parent = node.parent?;
        let first = nodes.get(parent + 1)?;
        let before = nodes.get(index - 1)?;
        let in_place = index == parent + 2 || index == parent + 3 && before.is(tag::BOOLEAN);
        let known = first.is(tag::OID) && bytes.get(first.contents()).is_some_and(is_extension_arc);
        Some(in_place && known && header(contents).is_ok())
    };
    (is_extension().unwrap_or(false) || is_box(contents)).then_some(0)
}

/// Arcs of object identifiers that extensions alone have: those of X.509 and PKIX, of
/// certificate transparency, of Netscape and of Microsoft.
fn is_extension_arc(oid: &[u8]) -> bool {
    const ARCS: [&[u8]; 6] = [
        &[0x55, 0x1d],
        &[0x2b, 6, 1, 5, 5, 7, 1],
        &[0x2b, 6, 1, 5, 5, 7, 0x30, 1],
        &[0x2b, 6, 1, 4, 1, 0xd6, 0x79, 2, 4],
        &[0x60, 0x86, 0x48, 1, 0x86, 0xf8, 0x42, 1],
        &[0x2b, 6, 1, 4, 1, 0x82, 0x37],
    ];
    ARCS.iter().any(|arc| oid.starts_with(arc))
}

/// Whether the bytes are one SEQUENCE or SET of well-formed elements: by chance they hardly
/// ever are.
fn is_box(bytes: &[u8]) -> bool {
    const DEEPEST: usize = 32;
    let mut ends: Vec<usize> = Vec::new();
    let mut at = 0;
    if !matches!(bytes.first(), Some(0x30 | 0x31)) {
        return false;
    }
    loop {
        while ends.last() == Some(&at) {
            ends.pop();
        }
        if at > 0 && ends.is_empty() {
            return at == bytes.len();
        }
        let end = ends.last().copied().unwrap_or(bytes.len());
        let Ok(read) = header(bytes.get(at..end).unwrap_or_default()) else { return false };
        let Some(length) = read.length.filter(|length| *length <= end - at - read.size) else { return false };
        if read.constructed {
            if ends.len() >= DEEPEST {
                return false;
            }
            ends.push(at + read.size + length);
            at += read.size;
        } else {
            at += read.size + length;
        }
    }
}
