//! TLS alerts, by their number, their name and the words Go prints for them.

use std::fmt;

use super::names::NAMES;

/// The number of an alert (RFC 8446, section 6; IANA "TLS Alerts").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AlertNumber(pub u8);

impl AlertNumber {
    /// `close_notify`
    pub const CLOSE_NOTIFY: Self = Self(0);
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
        self.entry().map_or_else(|| format!("alert_{}", self.0), |(_, name, _)| name.clone())
    }

    /// What Go prints for it, without `remote error: tls: `.
    #[must_use]
    pub fn go_name(self) -> String {
        self.entry().map_or_else(|| format!("alert({})", self.0), |(_, _, words)| words.clone())
    }

    fn entry(self) -> Option<&'static (u8, String, String)> {
        NAMES.alerts.iter().find(|(number, ..)| *number == self.0)
    }
}

impl fmt::Display for AlertNumber {
    /// `bad_certificate (42)`
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} ({})", self.name(), self.0)
    }
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
}
