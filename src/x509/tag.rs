//! Universal tag numbers (X.680, section 8.4) and their names.

pub(super) const END: u32 = 0;
pub(super) const BOOLEAN: u32 = 1;
pub(super) const INTEGER: u32 = 2;
pub(super) const BIT_STRING: u32 = 3;
pub(super) const OCTET_STRING: u32 = 4;
pub(super) const NULL: u32 = 5;
pub(super) const OID: u32 = 6;
pub(super) const ENUMERATED: u32 = 10;
pub(super) const UTF8_STRING: u32 = 12;
pub(super) const SEQUENCE: u32 = 16;
pub(super) const SET: u32 = 17;
pub(super) const NUMERIC_STRING: u32 = 18;
pub(super) const PRINTABLE_STRING: u32 = 19;
pub(super) const T61_STRING: u32 = 20;
pub(super) const IA5_STRING: u32 = 22;
pub(super) const UTC_TIME: u32 = 23;
pub(super) const GENERALIZED_TIME: u32 = 24;
pub(super) const VISIBLE_STRING: u32 = 26;
pub(super) const UNIVERSAL_STRING: u32 = 28;
pub(super) const BMP_STRING: u32 = 30;

/// The names of the universal types in the words of `openssl asn1parse`.
pub(super) fn universal_name(number: u32) -> Option<&'static str> {
    const NAMES: [&str; 31] = [
        "EOC",
        "BOOLEAN",
        "INTEGER",
        "BIT STRING",
        "OCTET STRING",
        "NULL",
        "OBJECT",
        "OBJECT DESCRIPTOR",
        "EXTERNAL",
        "REAL",
        "ENUMERATED",
        "<ASN1 11>",
        "UTF8STRING",
        "<ASN1 13>",
        "<ASN1 14>",
        "<ASN1 15>",
        "SEQUENCE",
        "SET",
        "NUMERICSTRING",
        "PRINTABLESTRING",
        "T61STRING",
        "VIDEOTEXSTRING",
        "IA5STRING",
        "UTCTIME",
        "GENERALIZEDTIME",
        "GRAPHICSTRING",
        "VISIBLESTRING",
        "GENERALSTRING",
        "UNIVERSALSTRING",
        "<ASN1 29>",
        "BMPSTRING",
    ];
    NAMES.get(usize::try_from(number).ok()?).copied()
}
