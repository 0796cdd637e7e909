//! One field: its name, its value, the bytes that say so, and what is wrong with them.

use std::borrow::Cow;
use std::ops::Range;

use serde::{Serialize, Serializer, ser::SerializeStruct};

use super::form::Form;
use super::view::View;

/// What is wrong with a field, where it stands. Its words are in `assets/fields.toml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flaw {
    /// The bytes are not what the field holds.
    NotRead,
    /// The bytes end before the element does.
    Short,
    /// BER that DER forbids: loose lengths, split strings, numbers with needless octets.
    NotDer,
    /// Bytes after the end.
    Trailing,
    /// No moment.
    BadTime,
    /// A moment written otherwise than RFC 5280 wants.
    OddTime,
    /// The end before the beginning.
    Reversed,
    /// Bytes that the string's type does not have.
    BadCharacters,
    /// Control characters.
    ControlCharacters,
    /// Characters that no eye sees, or that turn the text around.
    HiddenCharacters,
    /// A string type of old.
    OldString,
    /// An address of the wrong length.
    BadAddress,
    /// Nothing in it.
    Empty,
    /// The same extension once more.
    Doubled,
    /// A negative number.
    Negative,
    /// Zero.
    Zero,
    /// Longer than RFC 5280 allows.
    Long,
    /// An algorithm that is not known here.
    UnknownAlgorithm,
    /// Two algorithms for one signature.
    OtherAlgorithm,
    /// A critical extension that is not known here.
    UnknownCritical,
    /// Something that this version does not have.
    OtherVersion,
}

impl Flaw {
    /// All of them.
    pub const ALL: [Self; 21] = [
        Self::NotRead,
        Self::Short,
        Self::NotDer,
        Self::Trailing,
        Self::BadTime,
        Self::OddTime,
        Self::Reversed,
        Self::BadCharacters,
        Self::ControlCharacters,
        Self::HiddenCharacters,
        Self::OldString,
        Self::BadAddress,
        Self::Empty,
        Self::Doubled,
        Self::Negative,
        Self::Zero,
        Self::Long,
        Self::UnknownAlgorithm,
        Self::OtherAlgorithm,
        Self::UnknownCritical,
        Self::OtherVersion,
    ];

    /// `bad-time`: its name in JSON and in `assets/fields.toml`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotRead => "not-read",
            Self::Short => "short",
            Self::NotDer => "not-der",
            Self::Trailing => "trailing",
            Self::BadTime => "bad-time",
            Self::OddTime => "odd-time",
            Self::Reversed => "reversed",
            Self::BadCharacters => "bad-characters",
            Self::ControlCharacters => "control-characters",
            Self::HiddenCharacters => "hidden-characters",
            Self::OldString => "old-string",
            Self::BadAddress => "bad-address",
            Self::Empty => "empty",
            Self::Doubled => "doubled",
            Self::Negative => "negative",
            Self::Zero => "zero",
            Self::Long => "long",
            Self::UnknownAlgorithm => "unknown-algorithm",
            Self::OtherAlgorithm => "other-algorithm",
            Self::UnknownCritical => "unknown-critical",
            Self::OtherVersion => "other-version",
        }
    }
}

impl Serialize for Flaw {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// One field. Name and value are safe to print.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Field {
    /// `subject`, `keyUsage`, or an extension's object identifier.
    pub name: Cow<'static, str>,
    /// The value.
    pub value: String,
    /// How its bytes are read.
    pub form: Form,
    /// Where its bytes lie; none for what is planned and not made yet.
    pub range: Option<Range<usize>>,
    /// The element of the tree that it is.
    pub node: Option<usize>,
    /// What is wrong with it.
    pub flaws: Vec<Flaw>,
    /// What it consists of.
    pub parts: Vec<Field>,
}

impl Field {
    /// A field that no bytes stand for yet.
    #[must_use]
    pub fn planned(name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into(), ..Self::default() }
    }

    /// The field that an element is, read in this form.
    pub(super) fn of(name: impl Into<Cow<'static, str>>, form: Form, at: View<'_>) -> Self {
        let shown = form.read(at);
        let mut flaws = shown.flaws;
        let node = at.node();
        if node.broken.is_some() {
            flaws.push(Flaw::Short);
        } else if node.loose {
            flaws.push(Flaw::NotDer);
        }
        flaws.sort_unstable();
        flaws.dedup();
        Self {
            name: name.into(),
            value: shown.value,
            form,
            range: Some(at.range()),
            node: Some(at.index),
            flaws,
            parts: shown.parts,
        }
    }

    /// The same with a flaw more.
    pub(super) fn flawed(mut self, flaw: Option<Flaw>) -> Self {
        self.flaws.extend(flaw);
        self
    }

    /// Its part of this name.
    #[must_use]
    pub fn part(&self, name: &str) -> Option<&Self> {
        self.parts.iter().find(|part| part.name == name)
    }

    /// Itself and all that it consists of, each before its parts.
    pub fn all(&self) -> impl Iterator<Item = &Self> {
        let mut stack = vec![self];
        std::iter::from_fn(move || {
            let field = stack.pop()?;
            stack.extend(field.parts.iter().rev());
            Some(field)
        })
    }

    /// Whether nothing is wrong with it or its parts.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.all().all(|field| field.flaws.is_empty())
    }
}

impl Serialize for Field {
    /// `{name, value, offset, length, flaws, parts}`: what is empty is left out.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ranged = usize::from(self.range.is_some()) * 2;
        let more = usize::from(!self.flaws.is_empty()) + usize::from(!self.parts.is_empty());
        let mut fields = serializer.serialize_struct("Field", 2 + ranged + more)?;
        fields.serialize_field("name", &self.name)?;
        fields.serialize_field("value", &self.value)?;
        if let Some(range) = &self.range {
            fields.serialize_field("offset", &range.start)?;
            fields.serialize_field("length", &range.len())?;
        }
        if !self.flaws.is_empty() {
            fields.serialize_field("flaws", &self.flaws)?;
        }
        if !self.parts.is_empty() {
            fields.serialize_field("parts", &self.parts)?;
        }
        fields.end()
    }
}
