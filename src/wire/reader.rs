//! Reads a message and writes down its fields, so that nothing of it is left out.

use std::ops::Range;

use super::{Field, Problem};

/// So many fields at most are told of one message.
const MOST_FIELDS: usize = 4096;
/// Bytes up to this many are shown in full.
const LONGEST_SHOWN: usize = 100;
/// Of more, so many are shown.
const SHOWN: usize = 32;
/// The name of what has not the form that it should have.
const UNDECODED: &str = "undecoded";

/// A reader over one message. Whatever it is asked to read ends up in a field, and so does
/// what it was not asked to.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    end: usize,
    fields: Vec<Field>,
    count: usize,
    problem: Option<Problem>,
}

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, end: bytes.len(), fields: Vec::new(), count: 0, problem: None }
    }

    /// The fields, whose leaves are all bytes, and what was wrong.
    pub(super) fn finish(mut self) -> (Vec<Field>, Option<Problem>) {
        self.rest_is_undecoded();
        (self.fields, self.problem)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.at >= self.end
    }

    pub(super) const fn left(&self) -> usize {
        self.end.saturating_sub(self.at)
    }

    /// The next two bytes, which stay to be read.
    pub(super) fn peek_u16(&self) -> Option<u16> {
        match self.bytes.get(self.at..self.end)? {
            [high, low, ..] => Some(u16::from_be_bytes([*high, *low])),
            _ => None,
        }
    }

    fn push(&mut self, name: &'static str, value: String, range: Range<usize>, children: Vec<Field>) {
        self.count += 1;
        self.fields.push(Field { name, value, range, children });
    }

    /// What is left here has no name.
    fn rest_is_undecoded(&mut self) {
        if self.is_empty() {
            return;
        }
        let at = self.at;
        let is_cut = self.count >= MOST_FIELDS;
        self.problem.get_or_insert(if is_cut {
            Problem::TooManyFields { at }
        } else {
            Problem::Malformed { at }
        });
        let rest = self.bytes.get(at..self.end).unwrap_or_default();
        self.at = self.end;
        self.push(UNDECODED, hex(rest), at..self.end, Vec::new());
    }

    /// Moves on by so many bytes, if there are so many.
    fn take(&mut self, length: usize) -> Option<(&'a [u8], Range<usize>)> {
        if length > self.left() {
            return None;
        }
        let range = self.at..self.at + length;
        let taken = self.bytes.get(range.clone())?;
        self.at = range.end;
        Some((taken, range))
    }

    /// A number of one to eight bytes, and its words.
    pub(super) fn number(
        &mut self,
        name: &'static str,
        width: usize,
        words: impl FnOnce(u64) -> String,
    ) -> Option<u64> {
        let (taken, range) = self.take(width)?;
        let number = taken.iter().fold(0, |number: u64, byte| number << 8 | u64::from(*byte));
        self.push(name, words(number), range, Vec::new());
        Some(number)
    }

    /// One byte.
    pub(super) fn u8(&mut self, name: &'static str, words: impl FnOnce(u8) -> String) -> Option<u8> {
        let narrow = |number| u8::try_from(number).unwrap_or(u8::MAX);
        self.number(name, 1, |number| words(narrow(number))).map(narrow)
    }

    /// Two bytes.
    pub(super) fn u16(&mut self, name: &'static str, words: impl FnOnce(u16) -> String) -> Option<u16> {
        let narrow = |number| u16::try_from(number).unwrap_or(u16::MAX);
        self.number(name, 2, |number| words(narrow(number))).map(narrow)
    }

    /// So many bytes, in hexadecimal.
    pub(super) fn opaque(&mut self, name: &'static str, length: usize) -> Option<&'a [u8]> {
        self.worded(name, length, hex)
    }

    /// So many bytes, and their words.
    pub(super) fn worded(
        &mut self,
        name: &'static str,
        length: usize,
        words: impl FnOnce(&[u8]) -> String,
    ) -> Option<&'a [u8]> {
        let (taken, range) = self.take(length)?;
        self.push(name, words(taken), range, Vec::new());
        Some(taken)
    }

    /// All that is left; no field where nothing is.
    pub(super) fn rest(
        &mut self,
        name: &'static str,
        words: impl FnOnce(&[u8]) -> String,
    ) -> Option<&'a [u8]> {
        if self.is_empty() { Some(&[]) } else { self.worded(name, self.left(), words) }
    }

    /// The number of bytes that follow, as a field.
    pub(super) fn length(&mut self, width: usize) -> Option<usize> {
        let words = |length| if length == 1 { "1 byte".to_owned() } else { format!("{length} bytes") };
        self.number("length", width, words).and_then(|length| usize::try_from(length).ok())
    }

    /// Fields that belong together, as far as `read` reads. It gives what they come to;
    /// `None` says that they have not the form they should have.
    pub(super) fn group(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Self) -> Option<String>,
    ) -> Option<()> {
        self.bounded(name, self.left(), read)
    }

    /// The same within so many bytes.
    fn bounded(
        &mut self,
        name: &'static str,
        length: usize,
        read: impl FnOnce(&mut Self) -> Option<String>,
    ) -> Option<()> {
        let start = self.at;
        let outer_end = self.end;
        let outer = std::mem::take(&mut self.fields);
        self.end = outer_end.min(start + length);
        let value = read(self);
        self.end = outer_end;
        let children = std::mem::replace(&mut self.fields, outer);
        let is_read = value.is_some();
        if self.at > start {
            self.push(name, value.unwrap_or_default(), start..self.at, children);
        }
        is_read.then_some(())
    }

    /// A group over what a length of `width` bytes before it says. `None` if that is more
    /// than there is: the group then has what there is.
    pub(super) fn vector(
        &mut self,
        name: &'static str,
        width: usize,
        read: impl FnOnce(&mut Self) -> Option<String>,
    ) -> Option<()> {
        let start = self.at;
        let mut is_whole = false;
        let peeked = self.bytes.get(start..self.end.min(start + width))?;
        let length = peeked.iter().fold(0, |length: usize, byte| length << 8 | usize::from(*byte));
        let available = self.left().checked_sub(width)?;
        // What is wrong inside ends with it.
        let _ = self.bounded(name, width + length.min(available), |reader| {
            reader.length(width)?;
            is_whole = length <= available;
            let value = read(reader);
            if !is_whole {
                reader.problem.get_or_insert(Problem::Malformed { at: reader.at });
            }
            reader.rest_is_undecoded();
            value
        });
        is_whole.then_some(())
    }

    /// Bytes with a length of `width` bytes before them.
    pub(super) fn sized(
        &mut self,
        name: &'static str,
        content: &'static str,
        width: usize,
    ) -> Option<&'a [u8]> {
        self.sized_words(name, content, width, hex)
    }

    /// The same with words of their own, which become the group's, too.
    pub(super) fn sized_words(
        &mut self,
        name: &'static str,
        content: &'static str,
        width: usize,
        words: impl FnOnce(&[u8]) -> String,
    ) -> Option<&'a [u8]> {
        let mut bytes: &[u8] = &[];
        self.vector(name, width, |reader| {
            if reader.is_empty() {
                return Some(String::new());
            }
            bytes = reader.worded(content, reader.left(), words)?;
            reader.fields.last().map(|field| field.value.clone())
        })?;
        Some(bytes)
    }

    /// A list of the same thing with a length of `width` bytes before it. `item` reads one
    /// and gives what it comes to. The list's own value is the first of these, and how many
    /// there are if that is more.
    pub(super) fn list(
        &mut self,
        name: &'static str,
        width: usize,
        mut item: impl FnMut(&mut Self) -> Option<String>,
    ) -> Option<()> {
        self.vector(name, width, |reader| {
            let mut told: Vec<String> = Vec::new();
            let mut count = 0_usize;
            while !reader.is_empty() {
                if reader.count >= MOST_FIELDS {
                    break;
                }
                let before = reader.at;
                let value = item(reader)?;
                if reader.at == before {
                    break;
                }
                count += 1;
                if told.len() < 4 {
                    told.push(value);
                }
            }
            Some(listed(&told, count))
        })
    }
}

/// The first few of so many.
fn listed(told: &[String], count: usize) -> String {
    match count - told.len() {
        0 => told.join(", "),
        more => format!("{} and {more} more", told.join(", ")),
    }
}

/// Bytes in hexadecimal; of many the first ones and how many there are.
pub(super) fn hex(bytes: &[u8]) -> String {
    if bytes.len() <= LONGEST_SHOWN {
        return all_hex(bytes);
    }
    format!("{}… {} bytes", all_hex(bytes.get(..SHOWN).unwrap_or_default()), bytes.len())
}

/// Bytes in hexadecimal, however many.
#[must_use]
pub fn all_hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or_default();
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(digit(byte >> 4));
        text.push(digit(byte & 15));
    }
    text
}
