//! The NIST curves (SEC 2, FIPS 186-4) that Go takes in certificates.

use std::sync::OnceLock;

use super::ParseError;
use super::der::{Reader, tag};
use super::modular::{Modulus, Number};

/// A NIST curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Curve {
    /// secp224r1.
    P224,
    /// secp256r1, prime256v1.
    P256,
    /// secp384r1.
    P384,
    /// secp521r1.
    P521,
}

/// y² = x³ - 3x + b modulo p; the numbers in hexadecimal.
struct Domain {
    name: &'static str,
    p: &'static str,
    b: &'static str,
}

/// A curve's equation, ready to be computed with.
struct Equation {
    field: Modulus,
    b: Number,
    /// How many octets a coordinate has.
    length: usize,
}

impl Equation {
    fn new(domain: &Domain) -> Option<Self> {
        let p = hex(domain.p);
        let field = Modulus::new(&p)?;
        Some(Self { b: field.number(&hex(domain.b))?, length: p.len(), field })
    }
}

impl Curve {
    /// The curve of a named-curve OID (RFC 5480, section 2.1.1.1).
    pub(super) fn from_oid(oid: &str) -> Option<Self> {
        match oid {
            "1.3.132.0.33" => Some(Self::P224),
            "1.2.840.10045.3.1.7" => Some(Self::P256),
            "1.3.132.0.34" => Some(Self::P384),
            "1.3.132.0.35" => Some(Self::P521),
            _ => None,
        }
    }

    fn domain(self) -> Domain {
        match self {
            Self::P224 => Domain {
                name: "P224",
                p: "ffffffffffffffffffffffffffffffff000000000000000000000001",
                b: "b4050a850c04b3abf54132565044b0b7d7bfd8ba270b39432355ffb4",
            },
            Self::P256 => Domain {
                name: "P256",
                p: "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
                b: "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b",
            },
            Self::P384 => Domain {
                name: "P384",
                p: "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe\
                    ffffffff0000000000000000ffffffff",
                b: "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875a\
                    c656398d8a2ed19d2a85c8edd3ec2aef",
            },
            Self::P521 => Domain {
                name: "P521",
                p: "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\
                    ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
                b: "0051953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109\
                    e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00",
            },
        }
    }

    /// The curve's equation, prepared once per process.
    fn equation(self) -> Option<&'static Equation> {
        static EQUATIONS: [OnceLock<Option<Equation>>; 4] = [const { OnceLock::new() }; 4];
        EQUATIONS.get(self as usize)?.get_or_init(|| Equation::new(&self.domain())).as_ref()
    }

    /// Checks an uncompressed point as `ecdsa.ParseUncompressedPublicKey` does.
    pub(super) fn check_point(self, point: &[u8]) -> Result<(), ParseError> {
        let name = self.domain().name;
        let Some((&4, coordinates)) = point.split_first() else {
            return Err(ParseError::new("ecdsa: invalid uncompressed public key"));
        };
        let misshapen = || ParseError(format!("invalid {name} point encoding"));
        // Go's P-256 is written in assembly and has its own words.
        let outside = || match self {
            Self::P256 => ParseError::new("invalid P256 element encoding"),
            _ => ParseError(format!("invalid {name}Element encoding")),
        };
        let equation = self.equation().ok_or_else(misshapen)?;
        if coordinates.len() != 2 * equation.length {
            return Err(misshapen());
        }
        let (x, y) = coordinates.split_at(equation.length);
        let field = &equation.field;
        let x = field.number(x).ok_or_else(outside)?;
        let y = field.number(y).ok_or_else(outside)?;
        if field.multiply(&y, &y) == right_side(field, &x, &equation.b) {
            Ok(())
        } else {
            Err(ParseError(format!("{name} point not on curve")))
        }
    }
}

/// x³ - 3x + b.
fn right_side(modulus: &Modulus, x: &Number, b: &Number) -> Number {
    let cube = modulus.multiply(&modulus.multiply(x, x), x);
    let thrice = modulus.add(&modulus.add(x, x), x);
    modulus.add(&modulus.subtract(&cube, &thrice), b)
}

/// The octets of hexadecimal digits.
fn hex(digits: &str) -> Vec<u8> {
    digits
        .as_bytes()
        .chunks(2)
        .map(|pair| {
            pair.iter().fold(0u8, |octet, &digit| {
                octet << 4 | char::from(digit).to_digit(16).unwrap_or_default() as u8
            })
        })
        .collect()
}

/// A point in Jacobian coordinates; z = 0 is the point at infinity.
#[derive(Clone)]
struct Point {
    x: Number,
    y: Number,
    z: Number,
}

impl Point {
    fn is_infinite(&self) -> bool {
        self.z.iter().all(|&limb| limb == 0)
    }

    /// Doubling where a = -3.
    fn double(&self, m: &Modulus) -> Self {
        let delta = m.multiply(&self.z, &self.z);
        let gamma = m.multiply(&self.y, &self.y);
        let beta = m.multiply(&self.x, &gamma);
        let product = m.multiply(&m.subtract(&self.x, &delta), &m.add(&self.x, &delta));
        let alpha = m.add(&m.add(&product, &product), &product);
        let beta4 = twice(m, &twice(m, &beta));
        let x = m.subtract(&m.multiply(&alpha, &alpha), &twice(m, &beta4));
        let sum = m.add(&self.y, &self.z);
        let z = m.subtract(&m.subtract(&m.multiply(&sum, &sum), &gamma), &delta);
        let gamma8 = twice(m, &twice(m, &twice(m, &m.multiply(&gamma, &gamma))));
        let y = m.subtract(&m.multiply(&alpha, &m.subtract(&beta4, &x)), &gamma8);
        Self { x, y, z }
    }

    fn add(&self, other: &Self, m: &Modulus) -> Self {
        if self.is_infinite() {
            return other.clone();
        }
        if other.is_infinite() {
            return self.clone();
        }
        let (z1, z2) = (m.multiply(&self.z, &self.z), m.multiply(&other.z, &other.z));
        let (u1, u2) = (m.multiply(&self.x, &z2), m.multiply(&other.x, &z1));
        let s1 = m.multiply(&self.y, &m.multiply(&other.z, &z2));
        let s2 = m.multiply(&other.y, &m.multiply(&self.z, &z1));
        if u1 == u2 && s1 == s2 {
            return self.double(m);
        }
        let (h, r) = (m.subtract(&u2, &u1), m.subtract(&s2, &s1));
        let h2 = m.multiply(&h, &h);
        let h3 = m.multiply(&h, &h2);
        let v = m.multiply(&u1, &h2);
        let x = m.subtract(&m.subtract(&m.multiply(&r, &r), &h3), &twice(m, &v));
        let y = m.subtract(&m.multiply(&r, &m.subtract(&v, &x)), &m.multiply(&s1, &h3));
        let z = m.multiply(&h, &m.multiply(&self.z, &other.z));
        Self { x, y, z }
    }
}

fn twice(m: &Modulus, number: &Number) -> Number {
    m.add(number, number)
}

const P224_ORDER: &str = "ffffffffffffffffffffffffffff16a2e0b8f03e13dd29455c5c2a3d";
const P224_BASE: &str = "b70e0cbd6bb4bf7f321390b94a03c1d356c21122343280d6115c1d21\
                         bd376388b5f723fb4c22dfe6cd4375a05a07476444d5819985007e34";

/// Whether an ECDSA signature over `digest` is good under a P-224 point that lies on the
/// curve (FIPS 186-4, section 6.4).
pub(super) fn verify_p224(point: &[u8], digest: &[u8], signature: &[u8]) -> bool {
    try_verify_p224(point, digest, signature).unwrap_or(false)
}

fn try_verify_p224(point: &[u8], digest: &[u8], signature: &[u8]) -> Option<bool> {
    let mut outer = Reader::new(signature);
    let mut sequence = outer.inside(tag::SEQUENCE)?;
    let (r, s) = (sequence.integer()?, sequence.integer()?);
    let is_positive = |octets: &[u8]| octets.first().is_some_and(|first| first & 0x80 == 0);
    if !outer.is_empty() || !sequence.is_empty() || !is_positive(r) || !is_positive(s) {
        return None;
    }
    let order = Modulus::new(&hex(P224_ORDER))?;
    let field = &Curve::P224.equation()?.field;
    let is_zero = |number: &Number| number.iter().all(|&limb| limb == 0);
    let (r, s) = (order.number(r)?, order.number(s)?);
    if is_zero(&r) || is_zero(&s) {
        return None;
    }
    let e = order.reduced(digest.get(..28)?)?;
    let w = order.inverse(&s)?;
    let u1 = order.octets(&order.multiply(&e, &w));
    let u2 = order.octets(&order.multiply(&r, &w));

    let at = |coordinates: &[u8]| {
        let (x, y) = coordinates.split_at_checked(28)?;
        Some(Point { x: field.number(x)?, y: field.number(y)?, z: field.number(&[1])? })
    };
    let base = at(&hex(P224_BASE))?;
    let key = at(point.get(1..)?)?;
    let both = base.add(&key, field);
    let zero = field.number(&[])?;
    let mut sum = Point { x: zero.clone(), y: zero.clone(), z: zero };
    for (first, second) in u1.iter().zip(&u2) {
        for bit in (0..8).rev() {
            sum = sum.double(field);
            let summand = match (first >> bit & 1, second >> bit & 1) {
                (0, 0) => continue,
                (1, 0) => &base,
                (0, _) => &key,
                _ => &both,
            };
            sum = sum.add(summand, field);
        }
    }
    if sum.is_infinite() {
        return None;
    }
    let inverse = field.inverse(&sum.z)?;
    let x = field.multiply(&sum.x, &field.multiply(&inverse, &inverse));
    Some(order.reduced(&field.octets(&x))? == r)
}
