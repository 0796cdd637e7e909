//! The kinds of messages.

use std::fmt;

/// What a message is, by the RFCs' names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A handshake message (RFC 8446, section 4; RFC 5246, section 7.4) by its number;
    /// HelloRetryRequest has ServerHello's.
    Handshake(u8),
    /// A ServerHello with which the server asks for another ClientHello.
    HelloRetryRequest,
    /// An alert.
    Alert,
    /// A change_cipher_spec: what follows is encrypted in TLS 1.2; in 1.3 it says nothing.
    ChangeCipherSpec,
    /// The application's bytes.
    ApplicationData,
    /// A record of a content type that is none of these.
    OtherRecord(u8),
    /// An encrypted record that could not be read.
    Encrypted,
    /// A part of a record, the rest of which is missing.
    Fragment,
    /// Bytes that are no record.
    NotTls,
}

/// The numbers of the handshake messages (IANA "TLS HandshakeType").
const HANDSHAKE: [(u8, &str); 20] = [
    (0, "hello_request"),
    (1, "client_hello"),
    (2, "server_hello"),
    (3, "hello_verify_request"),
    (4, "new_session_ticket"),
    (5, "end_of_early_data"),
    (8, "encrypted_extensions"),
    (9, "request_connection_id"),
    (10, "new_connection_id"),
    (11, "certificate"),
    (12, "server_key_exchange"),
    (13, "certificate_request"),
    (14, "server_hello_done"),
    (15, "certificate_verify"),
    (16, "client_key_exchange"),
    (20, "finished"),
    (22, "certificate_status"),
    (24, "key_update"),
    (25, "compressed_certificate"),
    (254, "message_hash"),
];

impl Kind {
    /// hello_request
    pub const HELLO_REQUEST: Self = Self::Handshake(0);
    /// client_hello
    pub const CLIENT_HELLO: Self = Self::Handshake(1);
    /// server_hello
    pub const SERVER_HELLO: Self = Self::Handshake(2);
    /// new_session_ticket
    pub const NEW_SESSION_TICKET: Self = Self::Handshake(4);
    /// end_of_early_data
    pub const END_OF_EARLY_DATA: Self = Self::Handshake(5);
    /// encrypted_extensions
    pub const ENCRYPTED_EXTENSIONS: Self = Self::Handshake(8);
    /// certificate
    pub const CERTIFICATE: Self = Self::Handshake(11);
    /// server_key_exchange
    pub const SERVER_KEY_EXCHANGE: Self = Self::Handshake(12);
    /// certificate_request
    pub const CERTIFICATE_REQUEST: Self = Self::Handshake(13);
    /// server_hello_done
    pub const SERVER_HELLO_DONE: Self = Self::Handshake(14);
    /// certificate_verify
    pub const CERTIFICATE_VERIFY: Self = Self::Handshake(15);
    /// client_key_exchange
    pub const CLIENT_KEY_EXCHANGE: Self = Self::Handshake(16);
    /// finished
    pub const FINISHED: Self = Self::Handshake(20);
    /// certificate_status
    pub const CERTIFICATE_STATUS: Self = Self::Handshake(22);
    /// key_update
    pub const KEY_UPDATE: Self = Self::Handshake(24);
    /// compressed_certificate
    pub const COMPRESSED_CERTIFICATE: Self = Self::Handshake(25);

    /// The name in snake case: `client_hello`. What has none is `unknown_handshake`,
    /// `unknown_record`, `encrypted`, `fragment` or `not_tls`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Handshake(number) => {
                let known = HANDSHAKE.iter().find(|(known, _)| *known == number);
                known.map_or("unknown_handshake", |(_, name)| name)
            }
            Self::HelloRetryRequest => "hello_retry_request",
            Self::Alert => "alert",
            Self::ChangeCipherSpec => "change_cipher_spec",
            Self::ApplicationData => "application_data",
            Self::OtherRecord(24) => "heartbeat",
            Self::OtherRecord(_) => "unknown_record",
            Self::Encrypted => "encrypted",
            Self::Fragment => "fragment",
            Self::NotTls => "not_tls",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}
