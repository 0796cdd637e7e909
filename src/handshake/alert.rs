//! TLS alerts, by their number, their name and the words Go prints for them.

use std::fmt;

use rustls::{AlertDescription, CertificateError};

use super::Side;

/// The number of an alert (RFC 8446, section 6; IANA "TLS Alerts").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AlertNumber(pub u8);

/// Number, name (RFC 8446, section 6) and Go's words (`crypto/tls/alert.go`).
const ALERTS: [(u8, &str, &str); 34] = [
    (0, "close_notify", "close notify"),
    (10, "unexpected_message", "unexpected message"),
    (20, "bad_record_mac", "bad record MAC"),
    (21, "decryption_failed", "decryption failed"),
    (22, "record_overflow", "record overflow"),
    (30, "decompression_failure", "decompression failure"),
    (40, "handshake_failure", "handshake failure"),
    (42, "bad_certificate", "bad certificate"),
    (43, "unsupported_certificate", "unsupported certificate"),
    (44, "certificate_revoked", "revoked certificate"),
    (45, "certificate_expired", "expired certificate"),
    (46, "certificate_unknown", "unknown certificate"),
    (47, "illegal_parameter", "illegal parameter"),
    (48, "unknown_ca", "unknown certificate authority"),
    (49, "access_denied", "access denied"),
    (50, "decode_error", "error decoding message"),
    (51, "decrypt_error", "error decrypting message"),
    (60, "export_restriction", "export restriction"),
    (70, "protocol_version", "protocol version not supported"),
    (71, "insufficient_security", "insufficient security level"),
    (80, "internal_error", "internal error"),
    (86, "inappropriate_fallback", "inappropriate fallback"),
    (90, "user_canceled", "user canceled"),
    (100, "no_renegotiation", "no renegotiation"),
    (109, "missing_extension", "missing extension"),
    (110, "unsupported_extension", "unsupported extension"),
    (111, "certificate_unobtainable", "certificate unobtainable"),
    (112, "unrecognized_name", "unrecognized name"),
    (113, "bad_certificate_status_response", "bad certificate status response"),
    (114, "bad_certificate_hash_value", "bad certificate hash value"),
    (115, "unknown_psk_identity", "unknown PSK identity"),
    (116, "certificate_required", "certificate required"),
    (120, "no_application_protocol", "no application protocol"),
    (121, "ech_required", "encrypted client hello required"),
];

impl AlertNumber {
    /// `handshake_failure`
    pub const HANDSHAKE_FAILURE: Self = Self(40);
    /// `bad_certificate`
    pub const BAD_CERTIFICATE: Self = Self(42);
    /// `unsupported_certificate`
    pub const UNSUPPORTED_CERTIFICATE: Self = Self(43);
    /// `certificate_expired`
    pub const CERTIFICATE_EXPIRED: Self = Self(45);
    /// `illegal_parameter`
    pub const ILLEGAL_PARAMETER: Self = Self(47);
    /// `unknown_ca`
    pub const UNKNOWN_CA: Self = Self(48);
    /// `decode_error`
    pub const DECODE_ERROR: Self = Self(50);
    /// `decrypt_error`
    pub const DECRYPT_ERROR: Self = Self(51);
    /// `certificate_required`
    pub const CERTIFICATE_REQUIRED: Self = Self(116);

    /// The name, as RFC 8446 writes it.
    #[must_use]
    pub fn name(self) -> String {
        self.entry().map_or_else(|| format!("alert_{}", self.0), |(_, name, _)| name.to_owned())
    }

    /// What Go prints for it, without `remote error: tls: `.
    #[must_use]
    pub fn go_name(self) -> String {
        self.entry().map_or_else(|| format!("alert({})", self.0), |(_, _, words)| words.to_owned())
    }

    fn entry(self) -> Option<(u8, &'static str, &'static str)> {
        ALERTS.into_iter().find(|(number, ..)| *number == self.0)
    }

    /// The verifier's error that makes rustls send this alert, or the nearest that it
    /// can send: `bad_certificate` where it cannot.
    pub(super) fn certificate_error(self) -> CertificateError {
        match self {
            Self::UNSUPPORTED_CERTIFICATE => CertificateError::InvalidPurpose,
            Self::CERTIFICATE_EXPIRED => CertificateError::Expired,
            Self::UNKNOWN_CA => CertificateError::UnknownIssuer,
            Self::DECRYPT_ERROR | Self::ILLEGAL_PARAMETER => CertificateError::BadSignature,
            _ => CertificateError::BadEncoding,
        }
    }

    /// The alert that rustls sends for an error of its own, where that is known.
    pub(super) fn of_error(error: &rustls::Error) -> Option<Self> {
        let description = match error {
            rustls::Error::InvalidCertificate(error) => AlertDescription::from(error.clone()),
            rustls::Error::NoCertificatesPresented => AlertDescription::CertificateRequired,
            rustls::Error::PeerIncompatible(_) => AlertDescription::HandshakeFailure,
            _ => return None,
        };
        Some(description.into())
    }
}

impl From<AlertDescription> for AlertNumber {
    fn from(description: AlertDescription) -> Self {
        Self(description.into())
    }
}

impl fmt::Display for AlertNumber {
    /// `bad_certificate (42)`
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} ({})", self.name(), self.0)
    }
}

/// An alert that ended a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alert {
    /// Who sent it.
    pub from: Side,
    /// The alert that went over the wire.
    pub sent: AlertNumber,
    /// The alert that a Go program sends in its place, so what a real cluster shows.
    /// rustls cannot send `decode_error` for a certificate, `handshake_failure` for a
    /// missing one in TLS 1.2, nor `illegal_parameter` for a server's bad signature.
    pub go: AlertNumber,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_are_named_as_the_rfc_and_as_go() {
        assert_eq!(AlertNumber::UNKNOWN_CA.to_string(), "unknown_ca (48)");
        assert_eq!(AlertNumber::UNKNOWN_CA.go_name(), "unknown certificate authority");
        assert_eq!(AlertNumber(200).go_name(), "alert(200)");
    }

    #[test]
    fn the_nearest_is_sent_where_rustls_cannot() {
        for (asked, nearest) in [
            (AlertNumber::DECODE_ERROR, AlertNumber::BAD_CERTIFICATE),
            (AlertNumber::HANDSHAKE_FAILURE, AlertNumber::BAD_CERTIFICATE),
            (AlertNumber::ILLEGAL_PARAMETER, AlertNumber::DECRYPT_ERROR),
        ] {
            let error = rustls::Error::InvalidCertificate(asked.certificate_error());
            assert_eq!(AlertNumber::of_error(&error), Some(nearest), "{asked}");
        }
    }

    #[test]
    fn rustls_sends_what_is_asked_where_it_can() {
        for number in [42, 43, 45, 48, 51].map(AlertNumber) {
            let error = rustls::Error::InvalidCertificate(number.certificate_error());
            assert_eq!(AlertNumber::of_error(&error), Some(number));
        }
    }
}
