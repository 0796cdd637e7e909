//! Distinguished names, as Go's `parseName` reads and `pkix.Name.String` prints them.

use std::fmt;

use super::ParseError;
use super::der::{Reader, tag};

/// The value of an attribute.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum AttributeValue {
    /// One of the string types that Go decodes: UTF8, Printable, T61, BMP, IA5, Numeric.
    Text(String),
    /// Any other type, as the DER element it was; Go does not take it for a name.
    Other(Vec<u8>),
}

/// One attribute of a name: its type as a dotted OID, and its value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Attribute {
    /// The type: `2.5.4.3` is the common name.
    pub oid: String,
    /// The value.
    pub value: AttributeValue,
}

impl Attribute {
    /// The value if it is text.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            AttributeValue::Text(text) => Some(text),
            AttributeValue::Other(_) => None,
        }
    }
}

/// A subject's or an issuer's name (RFC 5280, section 4.1.2.4).
///
/// `Display` is Go's `pkix.Name.String`: nearly RFC 2253, the last attribute first.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Name {
    attributes: Vec<Attribute>,
    raw: Vec<u8>,
}

/// The attribute types that Go knows by name, in the order in which it encodes them.
const KNOWN: [(&str, &str); 9] = [
    ("2.5.4.6", "C"),
    ("2.5.4.8", "ST"),
    ("2.5.4.7", "L"),
    ("2.5.4.9", "STREET"),
    ("2.5.4.17", "POSTALCODE"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("2.5.4.3", "CN"),
    ("2.5.4.5", "SERIALNUMBER"),
];

impl Name {
    /// Reads a Name from its DER element.
    ///
    /// # Errors
    /// Go's parser would refuse the bytes; the error is its text.
    pub fn parse(raw: &[u8]) -> Result<Self, ParseError> {
        let sequence_error = || ParseError::new("x509: invalid RDNSequence");
        let mut sequence = Reader::new(raw).inside(tag::SEQUENCE).ok_or_else(sequence_error)?;
        let mut attributes = Vec::new();
        while !sequence.is_empty() {
            let mut set = sequence.inside(tag::SET).ok_or_else(sequence_error)?;
            while !set.is_empty() {
                let mut attribute = set
                    .inside(tag::SEQUENCE)
                    .ok_or_else(|| ParseError::new("x509: invalid RDNSequence: invalid attribute"))?;
                let oid = attribute
                    .oid()
                    .ok_or_else(|| ParseError::new("x509: invalid RDNSequence: invalid attribute type"))?;
                let value = read_value(&mut attribute).map_err(|cause| {
                    ParseError(format!("x509: invalid RDNSequence: invalid attribute value: {cause}"))
                })?;
                attributes.push(Attribute { oid, value });
            }
        }
        Ok(Self { attributes, raw: raw.to_vec() })
    }

    /// The attributes in the order of the certificate.
    #[must_use]
    pub fn attributes(&self) -> &[Attribute] {
        &self.attributes
    }

    /// The DER of the name, which is what issuers and subjects are matched by.
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// The texts of one attribute type, in order.
    pub fn texts<'a>(&'a self, oid: &'a str) -> impl DoubleEndedIterator<Item = &'a str> {
        self.attributes.iter().filter(move |attribute| attribute.oid == oid).filter_map(Attribute::text)
    }

    /// The common name: the last CN, empty if there is none.
    #[must_use]
    pub fn common_name(&self) -> &str {
        self.texts("2.5.4.3").next_back().unwrap_or_default()
    }

    /// Every organization, in order.
    #[must_use]
    pub fn organizations(&self) -> Vec<&str> {
        self.texts("2.5.4.10").collect()
    }
}

impl Name {
    /// The attributes in the order of the certificate, as people read them:
    /// `O=system:masters, CN=kube-admin`. [`Name`]'s `Display` is Go's own form.
    #[must_use]
    pub fn in_order(&self) -> String {
        let mut written = String::with_capacity(self.raw.len());
        for attribute in &self.attributes {
            if !written.is_empty() {
                written.push_str(", ");
            }
            let label = KNOWN.iter().find(|(oid, _)| *oid == attribute.oid).map(|(_, label)| *label);
            let value = attribute.text().unwrap_or("?");
            for part in [label.unwrap_or(&attribute.oid), "=", value] {
                written.push_str(part);
            }
        }
        written
    }
}

impl fmt::Display for Name {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts: Vec<String> = self
            .attributes
            .iter()
            .filter(|attribute| KNOWN.iter().all(|(oid, _)| *oid != attribute.oid))
            .map(unknown_attribute)
            .collect();
        for (oid, label) in KNOWN {
            let values: Vec<&str> = match label {
                // Go keeps one of these, the last.
                "CN" | "SERIALNUMBER" => {
                    self.texts(oid).next_back().filter(|value| !value.is_empty()).into_iter().collect()
                }
                _ => self.texts(oid).collect(),
            };
            if !values.is_empty() {
                let joined: Vec<String> =
                    values.iter().map(|value| format!("{label}={}", escape(value))).collect();
                parts.push(joined.join("+"));
            }
        }
        parts.reverse();
        out.write_str(&parts.join(","))
    }
}

/// `1.2.3=text`, or `1.2.3=#…` where the value is no text: the DER in hexadecimal.
fn unknown_attribute(attribute: &Attribute) -> String {
    let oid = &attribute.oid;
    match &attribute.value {
        AttributeValue::Text(text) => format!("{oid}={}", escape(text)),
        AttributeValue::Other(der) if der.first() == Some(&tag::NULL) => format!("{oid}=\\<nil\\>"),
        AttributeValue::Other(der) => {
            let hex: String = der.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("{oid}=#{hex}")
        }
    }
}

/// Backslashes where RFC 2253 wants them.
fn escape(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for (position, character) in value.char_indices() {
        let escape = match character {
            ',' | '+' | '"' | '\\' | '<' | '>' | ';' => true,
            ' ' => position == 0 || position + 1 == value.len(),
            '#' => position == 0,
            _ => false,
        };
        if escape {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// The value of an attribute; the error is Go's cause.
fn read_value(attribute: &mut Reader<'_>) -> Result<AttributeValue, &'static str> {
    let element = attribute.any().ok_or("invalid ASN.1 element")?;
    let mut reader = Reader::new(element.full);
    let valid = |is_valid: bool, cause| is_valid.then_some(()).ok_or(cause);
    match element.tag {
        tag::T61_STRING
        | tag::PRINTABLE_STRING
        | tag::UTF8_STRING
        | tag::BMP_STRING
        | tag::IA5_STRING
        | tag::NUMERIC_STRING => {
            return read_text(element.tag, element.contents).map(AttributeValue::Text);
        }
        tag::INTEGER => valid(reader.int64().is_some(), "invalid ASN.1 integer")?,
        tag::BIT_STRING => valid(reader.bit_string().is_some(), "invalid ASN.1 BIT STRING")?,
        tag::OID => valid(reader.oid().is_some(), "invalid ASN.1 OBJECT IDENTIFIER")?,
        tag::UTC_TIME => valid(reader.utc_time().is_some(), "x509: malformed UTCTime")?,
        tag::GENERALIZED_TIME => {
            valid(reader.generalized_time().is_some(), "x509: malformed GeneralizedTime")?
        }
        tag::BOOLEAN => valid(reader.boolean().is_some(), "invalid ASN.1 BOOLEAN")?,
        _ => {}
    }
    Ok(AttributeValue::Other(element.full.to_vec()))
}

/// PrintableString as Go takes it, with `*` and `&`.
fn is_printable(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b" '()+,-./:=?*&".contains(&byte)
}

fn read_text(kind: u8, value: &[u8]) -> Result<String, &'static str> {
    let ascii = |is_valid: bool, cause| {
        if is_valid { Ok(value.iter().map(|&byte| char::from(byte)).collect()) } else { Err(cause) }
    };
    match kind {
        // Taken for Latin-1, as most do.
        tag::T61_STRING => ascii(true, ""),
        tag::PRINTABLE_STRING => {
            ascii(value.iter().all(|&byte| is_printable(byte)), "invalid PrintableString")
        }
        tag::IA5_STRING => ascii(value.is_ascii(), "invalid IA5String"),
        tag::NUMERIC_STRING => {
            ascii(value.iter().all(|byte| byte.is_ascii_digit() || *byte == b' '), "invalid NumericString")
        }
        tag::BMP_STRING => read_bmp(value).ok_or("invalid BMPString"),
        _ => String::from_utf8(value.to_vec()).map_err(|_| "invalid UTF-8 string"),
    }
}

/// UCS-2 without surrogates and noncharacters; one terminator is cut.
fn read_bmp(value: &[u8]) -> Option<String> {
    if !value.len().is_multiple_of(2) {
        return None;
    }
    let value = value.strip_suffix(&[0, 0]).unwrap_or(value);
    value
        .chunks_exact(2)
        .map(|pair| {
            let unit = pair.iter().fold(0u32, |unit, &byte| unit << 8 | u32::from(byte));
            match unit {
                0xfffe | 0xffff | 0xfdd0..=0xfdef => None,
                _ => char::from_u32(unit),
            }
        })
        .collect()
}
