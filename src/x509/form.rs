//! How the bytes of a field are read: one form for each thing that certificates hold. The
//! same bytes read in the same form give the same value, wherever they came from.

use aws_lc_rs::digest;

use super::field::{Field, Flaw};
use super::strings::{decimal, hex, plain_hex, string, type_name};
use super::tag;
use super::tree::{Class, Tree};
use super::view::View;
use super::{access, extension, general, key, name, oid, policy, timestamp, usage};
use crate::text::escape;

/// What an element is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs)]
pub enum Form {
    /// Nothing: no bytes.
    #[default]
    None,
    Version,
    Serial,
    SerialHex,
    Number,
    Boolean,
    Oid,
    Dotted,
    Time,
    Text,
    Hex,
    Bits,
    Structure,
    Sha1,
    Sha256,
    Pin,
    Algorithm,
    PublicKey,
    EcPoint,
    Name,
    Attribute,
    GeneralName,
    GeneralNames,
    Extension,
    KeyUsage,
    Purposes,
    BasicConstraints,
    AuthorityKey,
    Points,
    Point,
    IssuingPoint,
    Accesses,
    Access,
    Policies,
    Policy,
    Notice,
    Mappings,
    PolicyConstraints,
    NameConstraints,
    Subtree,
    UsagePeriod,
    DirectoryAttributes,
    DirectoryAttribute,
    Timestamps,
    /// One signed certificate timestamp: not ASN.1 but TLS's encoding (RFC 6962).
    Timestamp,
    TlsFeature,
    Statements,
    Statement,
    Nothing,
    NetscapeType,
    Template,
    Reason,
    Revoked,
}

/// More parts than this are counted and not shown: a file of ten megabytes may hold half a
/// million names.
pub(super) const MOST_PARTS: usize = 50_000;

/// What an element says.
#[derive(Debug, Default)]
pub(super) struct Shown {
    pub(super) value: String,
    pub(super) flaws: Vec<Flaw>,
    pub(super) parts: Vec<Field>,
}

impl Shown {
    pub(super) fn of(value: impl Into<String>) -> Self {
        Self { value: value.into(), ..Self::default() }
    }

    /// Parts, and their values with `, ` between.
    pub(super) fn list(parts: Vec<Field>) -> Self {
        Self { value: joined(&parts), flaws: empty(&parts), parts }
    }

    /// Every child as a part, up to [`MOST_PARTS`].
    pub(super) fn each<'a>(at: View<'a>, part: impl Fn(View<'a>) -> Field) -> Self {
        let mut children = at.children();
        let mut shown = Self::list(children.by_ref().take(MOST_PARTS).map(part).collect());
        let left = children.count();
        if left > 0 {
            shown.value.push_str(&format!(", ... ({left} more)"));
        }
        shown
    }

    /// What cannot be read in its form, as it stands.
    pub(super) fn unread(at: View<'_>) -> Self {
        Self { value: structure(at), flaws: vec![Flaw::NotRead], parts: Vec::new() }
    }
}

pub(super) fn joined(parts: &[Field]) -> String {
    let mut value = String::new();
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            value.push_str(", ");
        }
        value.push_str(&part.value);
    }
    value
}

fn empty(parts: &[Field]) -> Vec<Flaw> {
    if parts.is_empty() { vec![Flaw::Empty] } else { Vec::new() }
}

impl Form {
    /// The value of these bytes, which begin with the element.
    #[must_use]
    pub fn decode(self, bytes: &[u8]) -> String {
        match self {
            Self::Timestamp => timestamp::one(bytes).value,
            Self::Sha1 | Self::Sha256 | Self::Pin => self.digest(bytes),
            _ => {
                let tree = Tree::of(bytes);
                View::root(bytes, &tree).map(|root| self.read(root).value).unwrap_or_default()
            }
        }
    }

    fn digest(self, bytes: &[u8]) -> String {
        match self {
            Self::Sha1 => hex(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref()),
            Self::Pin => {
                format!("sha256:{}", plain_hex(digest::digest(&digest::SHA256, bytes).as_ref()))
            }
            _ => hex(digest::digest(&digest::SHA256, bytes).as_ref()),
        }
    }

    /// What an element says in this form.
    pub(super) fn read(self, at: View<'_>) -> Shown {
        match self {
            Self::None => Shown::default(),
            Self::Version => version(at),
            Self::Serial => serial(at),
            Self::SerialHex => Shown::of(hex(at.contents())),
            Self::Number => number(at),
            Self::Boolean => boolean(at),
            Self::Oid => identifier(at, oid::name),
            Self::Dotted => identifier(at, oid::number),
            Self::Time => super::moment::read(at),
            Self::Text => {
                let (value, flaws) = string(at);
                Shown { value, flaws, parts: Vec::new() }
            }
            Self::Hex => Shown { flaws: split(at), ..Shown::of(hex(at.contents())) },
            Self::Bits => match at.bits() {
                Some((octets, _)) => Shown::of(hex(octets)),
                None => Shown::unread(at),
            },
            Self::Structure => Shown::of(structure(at)),
            Self::Sha1 | Self::Sha256 | Self::Pin => Shown::of(self.digest(at.full())),
            Self::Timestamp => timestamp::one(at.full()),
            Self::Algorithm => key::algorithm(at),
            Self::PublicKey => key::public_key(at),
            Self::EcPoint => key::point(at),
            Self::Name => name::name(at),
            Self::Attribute => name::attribute(at),
            Self::GeneralName => general::one(at),
            Self::GeneralNames => general::list(at),
            Self::Extension => extension::extension(at),
            Self::KeyUsage => usage::key_usage(at),
            Self::Purposes => usage::purposes(at),
            Self::BasicConstraints => usage::basic_constraints(at),
            Self::AuthorityKey => usage::authority_key(at),
            Self::NetscapeType => usage::netscape_type(at),
            Self::UsagePeriod => usage::period(at),
            Self::Reason => usage::reason(at),
            Self::TlsFeature => usage::tls_feature(at),
            Self::Points => access::points(at),
            Self::Point => access::point(at),
            Self::IssuingPoint => access::issuing(at),
            Self::Accesses => access::accesses(at),
            Self::Access => access::access(at),
            Self::Policies => policy::policies(at),
            Self::Policy => policy::policy(at),
            Self::Notice => policy::notice(at),
            Self::Mappings => policy::mappings(at),
            Self::PolicyConstraints => policy::constraints(at),
            Self::NameConstraints => policy::name_constraints(at),
            Self::Subtree => policy::subtree(at),
            Self::Statements => policy::statements(at),
            Self::Statement => policy::statement(at),
            Self::Template => policy::template(at),
            Self::DirectoryAttributes => name::directory_attributes(at),
            Self::DirectoryAttribute => name::directory_attribute(at),
            Self::Timestamps => timestamp::list(at),
            Self::Nothing => nothing(at),
            Self::Revoked => super::outline::revoked(at),
        }
    }
}

/// A string that BER splits into several is not put together.
fn split(at: View<'_>) -> Vec<Flaw> {
    if at.node().constructed { vec![Flaw::NotDer] } else { Vec::new() }
}

/// `[0] { INTEGER }`, or the INTEGER: one less than what people say.
fn version(at: View<'_>) -> Shown {
    let number = at.child(0).unwrap_or(at).number();
    match number {
        Some(number) if number < 1000 => Shown {
            flaws: if number > 2 { vec![Flaw::OtherVersion] } else { Vec::new() },
            ..Shown::of((number + 1).to_string())
        },
        _ => Shown::unread(at),
    }
}

/// RFC 5280, section 4.1.2.2: positive, at most 20 octets.
fn serial(at: View<'_>) -> Shown {
    let mut shown = number(at);
    let octets = at.contents();
    if octets.first().is_some_and(|first| *first >= 0x80) {
        shown.flaws.push(Flaw::Negative);
    } else if octets.iter().all(|octet| *octet == 0) {
        shown.flaws.push(Flaw::Zero);
    }
    if octets.len() > 20 {
        shown.flaws.push(Flaw::Long);
    }
    shown.parts.push(Field {
        name: "hexadecimal".into(),
        value: hex(octets),
        form: Form::SerialHex,
        range: Some(at.range()),
        node: Some(at.index),
        ..Field::default()
    });
    shown
}

fn number(at: View<'_>) -> Shown {
    let octets = at.contents();
    if octets.is_empty() || at.node().constructed {
        return Shown::unread(at);
    }
    let loose = matches!(octets, [0, 0..=0x7f, ..] | [0xff, 0x80..=0xff, ..]);
    Shown { flaws: if loose { vec![Flaw::NotDer] } else { Vec::new() }, ..Shown::of(decimal(octets)) }
}

fn boolean(at: View<'_>) -> Shown {
    match at.contents() {
        [0] => Shown::of("FALSE"),
        [0xff] => Shown::of("TRUE"),
        [_] => Shown { flaws: vec![Flaw::NotDer], ..Shown::of("TRUE") },
        _ => Shown::unread(at),
    }
}

fn identifier(at: View<'_>, words: fn(&[u8]) -> String) -> Shown {
    // Implicitly tagged in registeredID.
    if at.node().constructed || !(at.is(tag::OID) || at.node().class == Class::Context) {
        return Shown::unread(at);
    }
    let flaws = if oid::dotted(at.contents()).is_none() { vec![Flaw::NotRead] } else { Vec::new() };
    Shown { flaws, ..Shown::of(words(at.contents())) }
}

/// An extension whose presence alone says it.
fn nothing(at: View<'_>) -> Shown {
    if at.is(tag::NULL) && at.contents().is_empty() { Shown::of("present") } else { Shown::unread(at) }
}

/// How much of a structure is written out, and how deep.
const LONGEST: usize = 2000;
const DEEPEST: usize = 32;

/// Any element as its structure: `SEQUENCE { OID 1.2.3, UTF8String "x", INTEGER 5 }`. Of a
/// string its octets are shown, whatever they hold: so the same bytes say the same wherever
/// they stand.
pub(super) fn structure(at: View<'_>) -> String {
    let mut text = String::new();
    let mut ends: Vec<usize> = Vec::new();
    let mut index = at.index;
    let end = at.node().end;
    while index < end {
        let element = at.at(index);
        while ends.last().is_some_and(|end| *end <= index) {
            ends.pop();
            text.push_str(" }");
        }
        let node = element.node();
        let opens = node.constructed && node.end > index + 1 && ends.len() < DEEPEST;
        index = if opens { index + 1 } else { node.end };
        if element.is(tag::END) && node.length == 0 {
            continue;
        }
        if !text.is_empty() {
            text.push_str(if text.ends_with('{') { " " } else { ", " });
        }
        if text.len() > LONGEST {
            text.push_str("...");
            break;
        }
        text.push_str(&written(element));
        if opens {
            text.push_str(" {");
            ends.push(node.end);
        } else if node.constructed && node.length > 0 {
            text.push_str(" { ... }");
        }
    }
    for _ in ends {
        text.push_str(" }");
    }
    text
}

/// One element without those in it.
fn written(at: View<'_>) -> String {
    const MOST: usize = 64;
    let node = at.node();
    let start = at.contents().get(..MOST).unwrap_or(at.contents());
    let more = if node.length > MOST { "..." } else { "" };
    if node.header == 0 {
        return format!("#{}{more} (does not read)", plain_hex(start));
    }
    if node.class != Class::Universal {
        let tag = match node.class {
            Class::Application => format!("[APPLICATION {}]", node.tag),
            Class::Private => format!("[PRIVATE {}]", node.tag),
            _ => format!("[{}]", node.tag),
        };
        let printable = !start.is_empty() && start.iter().all(|b| (0x20..0x7f).contains(b));
        return match (node.constructed, printable) {
            (true, _) => tag,
            (false, true) => format!("{tag} \"{}\"{more}", String::from_utf8_lossy(start)),
            (false, false) => format!("{tag} {}{more}", hex(start)),
        };
    }
    match node.tag {
        tag::SEQUENCE => "SEQUENCE".into(),
        tag::SET => "SET".into(),
        tag::BOOLEAN => format!("BOOLEAN {}", boolean_word(start)),
        tag::INTEGER | tag::ENUMERATED if node.length <= MOST => {
            let name = if node.tag == tag::INTEGER { "INTEGER" } else { "ENUMERATED" };
            format!("{name} {}", decimal(start))
        }
        tag::OID => format!("OID {}", oid::name(at.contents().get(..MOST).unwrap_or(at.contents()))),
        tag::NULL if start.is_empty() => "NULL".into(),
        tag::UTC_TIME | tag::GENERALIZED_TIME => {
            format!("{} {}", node.tag_name(), escape(&String::from_utf8_lossy(start)))
        }
        kind => match super::strings::decoded(kind, start).filter(|_| !node.constructed) {
            Some((text, _)) => format!("{} \"{}\"{more}", type_name(at), escape(&text)),
            None if node.constructed => node.tag_name(),
            None => format!("{} {}{more}", node.tag_name(), hex(start)),
        },
    }
}

fn boolean_word(contents: &[u8]) -> &'static str {
    if contents.iter().all(|octet| *octet == 0) { "FALSE" } else { "TRUE" }
}
