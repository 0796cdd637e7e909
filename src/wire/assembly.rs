//! Handshake messages out of the records that carry them: a message may span records, and
//! a record may hold several (RFC 8446, section 5.1).

use super::Piece;

/// The size of a handshake message's header: type and length.
const HEADER: usize = 4;

/// What one end has sent of messages that are not complete yet.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    bytes: Vec<u8>,
    /// The records that they came in.
    pieces: Vec<Piece>,
}

/// A message and where it came from.
#[derive(Debug)]
pub(super) struct Assembled {
    pub(super) bytes: Vec<u8>,
    pub(super) pieces: Vec<Piece>,
}

impl Assembly {
    pub(super) const fn new() -> Self {
        Self { bytes: Vec::new(), pieces: Vec::new() }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Takes in a record's content, and gives the messages that are complete now.
    pub(super) fn push(&mut self, content: &[u8], piece: Piece) -> Vec<Assembled> {
        self.bytes.extend_from_slice(content);
        self.pieces.push(piece);
        let bytes = std::mem::take(&mut self.bytes);
        let mut rest = bytes.as_slice();
        let mut complete = Vec::new();
        while let Some((message, behind)) = size(rest).and_then(|size| rest.split_at_checked(size)) {
            rest = behind;
            let pieces = take(&mut self.pieces, message.len());
            complete.push(Assembled { bytes: message.to_vec(), pieces });
        }
        // A long message grows in its place.
        self.bytes = if complete.is_empty() { bytes } else { rest.to_vec() };
        complete
    }

    /// Gives up on a message whose end does not come: what there is of it, and how many
    /// bytes it would have.
    pub(super) fn give_up(&mut self) -> Option<(Assembled, usize)> {
        let bytes = std::mem::take(&mut self.bytes);
        let pieces = std::mem::take(&mut self.pieces);
        let want = size(&bytes).unwrap_or(HEADER);
        (!bytes.is_empty()).then_some((Assembled { bytes, pieces }, want))
    }
}

/// The size of the message at the beginning of these bytes, its header included.
fn size(bytes: &[u8]) -> Option<usize> {
    match *bytes {
        [_, high, middle, low, ..] => {
            let length = u32::from_be_bytes([0, high, middle, low]);
            Some(HEADER + usize::try_from(length).ok()?)
        }
        _ => None,
    }
}

/// Takes the first so many bytes from pieces.
fn take(pieces: &mut Vec<Piece>, mut length: usize) -> Vec<Piece> {
    let mut taken = Vec::new();
    let mut used = 0;
    for piece in pieces.iter_mut() {
        let here = piece.range.len();
        if here > length {
            let end = piece.range.start + length;
            taken.push(Piece { record: piece.record, range: piece.range.start..end });
            piece.range.start = end;
            break;
        }
        taken.push(piece.clone());
        length -= here;
        used += 1;
        if length == 0 {
            break;
        }
    }
    pieces.drain(..used);
    taken.retain(|piece| !piece.range.is_empty());
    taken
}
