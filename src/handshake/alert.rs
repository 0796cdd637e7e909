//! Alerts and rustls: which error of a verifier sends which alert, and what was sent.

use rustls::{AlertDescription, CertificateError};

use super::{AlertNumber, Side};

/// The verifier's error that makes rustls send this alert, or the nearest that it
/// can send: `bad_certificate` where it cannot.
pub(super) fn certificate_error(alert: AlertNumber) -> CertificateError {
    match alert {
        AlertNumber::UNSUPPORTED_CERTIFICATE => CertificateError::InvalidPurpose,
        AlertNumber::CERTIFICATE_EXPIRED => CertificateError::Expired,
        AlertNumber::UNKNOWN_CA => CertificateError::UnknownIssuer,
        AlertNumber::DECRYPT_ERROR | AlertNumber::ILLEGAL_PARAMETER => CertificateError::BadSignature,
        _ => CertificateError::BadEncoding,
    }
}

/// The alert that rustls sends for an error of its own, where that is known.
pub(super) fn alert_of(error: &rustls::Error) -> Option<AlertNumber> {
    let description = match error {
        rustls::Error::InvalidCertificate(error) => AlertDescription::from(error.clone()),
        rustls::Error::NoCertificatesPresented => AlertDescription::CertificateRequired,
        rustls::Error::PeerIncompatible(_) => AlertDescription::HandshakeFailure,
        _ => return None,
    };
    Some(description.into())
}

/// What a Go server's log says of a handshake that failed with this error.
#[must_use]
pub fn in_gos_words(error: &std::io::Error) -> String {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::AlertReceived(alert)) => {
            format!("remote error: tls: {}", AlertNumber::from(*alert).go_name())
        }
        Some(rustls::Error::InvalidMessage(_)) => {
            "tls: first record does not look like a TLS handshake".to_owned()
        }
        _ if error.kind() == std::io::ErrorKind::UnexpectedEof => "EOF".to_owned(),
        _ => error.to_string(),
    }
}

impl From<AlertDescription> for AlertNumber {
    fn from(description: AlertDescription) -> Self {
        Self(description.into())
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
    fn the_nearest_is_sent_where_rustls_cannot() {
        for (asked, nearest) in [
            (AlertNumber::DECODE_ERROR, AlertNumber::BAD_CERTIFICATE),
            (AlertNumber::HANDSHAKE_FAILURE, AlertNumber::BAD_CERTIFICATE),
            (AlertNumber::ILLEGAL_PARAMETER, AlertNumber::DECRYPT_ERROR),
        ] {
            let error = rustls::Error::InvalidCertificate(certificate_error(asked));
            assert_eq!(alert_of(&error), Some(nearest), "{asked}");
        }
    }

    #[test]
    fn rustls_sends_what_is_asked_where_it_can() {
        for number in [42, 43, 45, 48, 51].map(AlertNumber) {
            let error = rustls::Error::InvalidCertificate(certificate_error(number));
            assert_eq!(alert_of(&error), Some(number));
        }
    }
}
