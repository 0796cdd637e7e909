//! Changes at random, the same ones for the same seed.

/// A small generator of numbers (xorshift64*); not zero.
pub struct Chance(u64);

impl Chance {
    /// The generator of this seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11
    }

    /// A number below a limit; 0 below 0.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }
}

/// No input grows beyond so many bytes.
const LARGEST: usize = 1 << 16;

/// One to four changes of an input; `others` are there to be spliced in.
pub fn mutate(input: &[u8], others: &[Vec<u8>], chance: &mut Chance) -> Vec<u8> {
    let mut out = input.to_vec();
    for _ in 0..=chance.below(4) {
        change(&mut out, others, chance);
    }
    out.truncate(LARGEST);
    out
}

fn change(out: &mut Vec<u8>, others: &[Vec<u8>], chance: &mut Chance) {
    let at = chance.below(out.len());
    match chance.below(8) {
        // A bit turned.
        0 | 1 => {
            if let Some(byte) = out.get_mut(at) {
                *byte ^= 1 << chance.below(8);
            }
        }
        // A byte that means something: lengths, tags, signs.
        2 => {
            const TELLING: [u8; 14] =
                [0, 1, 0x7f, 0x80, 0x81, 0x82, 0x84, 0x88, 0xff, 0x30, 0x31, 0x1f, 0x0c, b'\n'];
            if let Some(byte) = out.get_mut(at) {
                *byte = TELLING[chance.below(TELLING.len())];
            }
        }
        // The end cut off.
        3 => out.truncate(at),
        // A length made longer or shorter.
        4 => edit_length(out, chance),
        // A part of another input.
        5 => {
            let other = &others[chance.below(others.len())];
            let from = chance.below(other.len());
            let to = from + chance.below((other.len() - from).min(256));
            let end = (at + chance.below(32)).min(out.len());
            out.splice(at..end, other[from..to].iter().copied());
        }
        // A part again.
        6 => {
            let to = at + chance.below((out.len() - at).min(64));
            let part = out[at..to].to_vec();
            out.splice(at..at, part);
        }
        // A bomb: boxes in boxes, their lengths right.
        _ => {
            let mut bomb = Vec::new();
            for _ in 0..chance.below(200) {
                bomb = super::forge::element([0x30, 0x31, 0xa0, 0x24][chance.below(4)], &bomb);
            }
            out.splice(at..at, bomb);
        }
    }
}

/// Changes the length octet of some element of the outer levels.
fn edit_length(out: &mut [u8], chance: &mut Chance) {
    let (mut at, mut found) = (0, Vec::new());
    while let (Some(tag), Some(length)) = (out.get(at), out.get(at + 1)) {
        found.push(at + 1);
        let header = 2 + if length & 0x80 == 0 { 0 } else { usize::from(length & 0x7f) };
        // Into what is constructed, over what is not.
        at += if tag & 0x20 != 0 || length & 0x80 != 0 { header } else { header + usize::from(*length) };
    }
    if let Some(byte) = found.get(chance.below(found.len())).and_then(|at| out.get_mut(*at)) {
        *byte = byte.wrapping_add([1, 0xff, 0x80, 2, 0x10][chance.below(5)]);
    }
}
