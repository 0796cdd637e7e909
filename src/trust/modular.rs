//! Arithmetic modulo an odd number, enough to see whether a point lies on a curve and to
//! check the few signatures that the cryptographic library does not offer. Only public
//! values pass through here, so nothing needs to run in constant time.

use std::cmp::Ordering;

/// A number: little-endian limbs, as many as its modulus has.
pub(super) type Number = Vec<u64>;

/// An odd modulus with what Montgomery multiplication needs.
#[derive(Debug, Clone)]
pub(super) struct Modulus {
    limbs: Number,
    /// `-1 / modulus` modulo 2^64.
    negative_inverse: u64,
    /// R² modulo the modulus, where R is 2^64 to the power of the number of limbs.
    r_squared: Number,
}

/// Big-endian octets as limbs.
fn limbs_of(octets: &[u8]) -> Number {
    octets
        .rchunks(8)
        .map(|chunk| chunk.iter().fold(0u64, |limb, &octet| limb << 8 | u64::from(octet)))
        .collect()
}

/// Compares two numbers of the same number of limbs.
fn compare(a: &[u64], b: &[u64]) -> Ordering {
    a.iter().rev().cmp(b.iter().rev())
}

/// `a -= b`, modulo 2^64 to the power of the number of limbs.
fn subtract(a: &mut [u64], b: &[u64]) {
    let mut borrow = false;
    for (limb, &other) in a.iter_mut().zip(b) {
        let (difference, first) = limb.overflowing_sub(other);
        let (difference, second) = difference.overflowing_sub(u64::from(borrow));
        *limb = difference;
        borrow = first || second;
    }
}

/// `a += factor * b`, the carry running on through the limbs of `a` beyond `b`.
fn add_product(a: &mut [u64], b: &[u64], factor: u64) {
    let mut carry = 0u64;
    let mut add = |limb: &mut u64, other: u64| {
        let sum = u128::from(*limb) + u128::from(other) * u128::from(factor) + u128::from(carry);
        *limb = sum as u64;
        carry = (sum >> 64) as u64;
    };
    let mut limbs = a.iter_mut();
    // The shorter one first: the longer one's next limb is not taken.
    b.iter().zip(limbs.by_ref()).for_each(|(&other, limb)| add(limb, other));
    limbs.for_each(|limb| add(limb, 0));
}

impl Modulus {
    /// A modulus from big-endian octets; `None` if it is even or below 3.
    pub(super) fn new(octets: &[u8]) -> Option<Self> {
        let start = octets.iter().position(|&octet| octet != 0)?;
        let limbs = limbs_of(octets.get(start..)?);
        let &lowest = limbs.first()?;
        if lowest & 1 == 0 || limbs == [1] {
            return None;
        }
        // Newton's iteration doubles the correct bits each time.
        let inverse = (0..6)
            .fold(1u64, |inverse, _| inverse.wrapping_mul(2u64.wrapping_sub(lowest.wrapping_mul(inverse))));
        let mut modulus = Self { negative_inverse: inverse.wrapping_neg(), r_squared: Vec::new(), limbs };
        let mut power = vec![0; modulus.limbs.len()];
        if let Some(limb) = power.first_mut() {
            *limb = 1;
        }
        for _ in 0..modulus.limbs.len() * 128 {
            power = modulus.add(&power, &power);
        }
        modulus.r_squared = power;
        Some(modulus)
    }

    /// How many bits the modulus has.
    pub(super) fn bits(&self) -> usize {
        let top = self.limbs.last().map_or(64, |limb| limb.leading_zeros());
        self.limbs.len() * 64 - top as usize
    }

    /// A number below the modulus, from big-endian octets, in Montgomery form.
    pub(super) fn number(&self, octets: &[u8]) -> Option<Number> {
        let plain = self.plain(octets)?;
        (compare(&plain, &self.limbs) == Ordering::Less).then(|| self.enter(&plain))
    }

    /// The limbs of a number that fits as many as the modulus has.
    fn plain(&self, octets: &[u8]) -> Option<Number> {
        let start = octets.iter().position(|&octet| octet != 0).unwrap_or(octets.len());
        let mut limbs = limbs_of(octets.get(start..)?);
        if limbs.len() > self.limbs.len() {
            return None;
        }
        limbs.resize(self.limbs.len(), 0);
        Some(limbs)
    }

    /// A number below twice the modulus, from big-endian octets, reduced, in Montgomery form.
    pub(super) fn reduced(&self, octets: &[u8]) -> Option<Number> {
        let mut plain = self.plain(octets)?;
        if compare(&plain, &self.limbs) != Ordering::Less {
            subtract(&mut plain, &self.limbs);
        }
        Some(self.enter(&plain))
    }

    fn enter(&self, plain: &[u64]) -> Number {
        self.multiply(plain, &self.r_squared)
    }

    /// The big-endian octets of a number in Montgomery form, padded to full limbs.
    pub(super) fn octets(&self, number: &[u64]) -> Vec<u8> {
        let plain = self.multiply(number, &self.plain(&[1]).unwrap_or_default());
        plain.iter().rev().flat_map(|limb| limb.to_be_bytes()).collect()
    }

    pub(super) fn add(&self, a: &[u64], b: &[u64]) -> Number {
        let mut sum = Number::with_capacity(a.len() + 1);
        sum.extend_from_slice(a);
        sum.push(0);
        add_product(&mut sum, b, 1);
        self.reduce_once(sum)
    }

    pub(super) fn subtract(&self, a: &[u64], b: &[u64]) -> Number {
        let mut opposite = self.limbs.clone();
        subtract(&mut opposite, b);
        self.add(a, &opposite)
    }

    /// Montgomery's product: `a * b / R`.
    pub(super) fn multiply(&self, a: &[u64], b: &[u64]) -> Number {
        let mut product = vec![0u64; self.limbs.len() + 2];
        for &limb in b {
            add_product(&mut product, a, limb);
            let lowest = product.first().copied().unwrap_or_default();
            add_product(&mut product, &self.limbs, lowest.wrapping_mul(self.negative_inverse));
            // The lowest limb is zero now: divide by 2^64.
            product.rotate_left(1);
        }
        product.pop();
        self.reduce_once(product)
    }

    /// Takes the modulus off once if need be, and the extra limb away.
    fn reduce_once(&self, mut number: Number) -> Number {
        let extra = number.pop().unwrap_or_default();
        if extra != 0 || compare(&number, &self.limbs) != Ordering::Less {
            // What is borrowed beyond the limbs is the extra one.
            subtract(&mut number, &self.limbs);
        }
        number
    }

    /// `base` to the power of big-endian octets.
    pub(super) fn power(&self, base: &[u64], exponent: &[u8]) -> Option<Number> {
        let mut result = self.number(&[1])?;
        for octet in exponent {
            for bit in (0..8).rev() {
                result = self.multiply(&result, &result);
                if octet >> bit & 1 == 1 {
                    result = self.multiply(&result, base);
                }
            }
        }
        Some(result)
    }

    /// `1 / number`, the modulus being prime.
    pub(super) fn inverse(&self, number: &[u64]) -> Option<Number> {
        let mut exponent = self.limbs.clone();
        let mut two = vec![0; exponent.len()];
        *two.first_mut()? = 2;
        subtract(&mut exponent, &two);
        let octets: Vec<u8> = exponent.iter().rev().flat_map(|limb| limb.to_be_bytes()).collect();
        self.power(number, &octets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_numbers_multiply_and_invert() {
        let modulus = Modulus::new(&[1, 0, 1]).unwrap();
        assert_eq!(modulus.bits(), 17);
        let (a, b) = (modulus.number(&[0x12, 0x34]).unwrap(), modulus.number(&[0xab, 0xcd]).unwrap());
        let product = modulus.octets(&modulus.multiply(&a, &b));
        let expected = 0x1234u64 * 0xabcd % 65537;
        assert_eq!(product, expected.to_be_bytes());
        let one = modulus.multiply(&a, &modulus.inverse(&a).unwrap());
        assert_eq!(modulus.octets(&one), 1u64.to_be_bytes());
        let minus = modulus.subtract(&a, &b);
        let expected: u64 = 65537 + 0x1234 - 0xabcd;
        assert_eq!(modulus.octets(&minus), expected.to_be_bytes());
    }

    #[test]
    fn what_is_even_or_too_small_is_no_modulus() {
        for octets in [&[][..], &[0], &[1], &[4]] {
            assert!(Modulus::new(octets).is_none());
        }
        let modulus = Modulus::new(&[7]).unwrap();
        assert!(modulus.number(&[7]).is_none());
        assert!(modulus.number(&[0, 6]).is_some());
    }
}
