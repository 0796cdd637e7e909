//! What cannot be decoded, and why.

use crate::text::Language;

/// What is wrong with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Problem {
    /// It is encrypted, and the key log has no secret of this connection for it.
    NoSecrets,
    /// It is encrypted, and the key log's secrets do not open it.
    WrongSecrets,
    /// It is encrypted with a cipher that is not read here.
    UnreadableSuite(u16),
    /// It is encrypted, and the ServerHello that would tell how is not there.
    NoServerHello,
    /// The stream ends inside it.
    Truncated {
        /// How many bytes there are.
        have: usize,
        /// How many it would have.
        want: usize,
    },
    /// Packets are missing from the capture here.
    Gap {
        /// How many bytes.
        missing: usize,
    },
    /// These bytes are HTTP without TLS.
    PlainHttp,
    /// These bytes are SSH.
    Ssh,
    /// These bytes are the hello of SSL 2.0.
    Ssl2,
    /// These bytes are no record of TLS.
    NotTls,
    /// The record is longer than any may be.
    TooLong(u16),
    /// The message does not have the form that its kind has, from this byte on.
    Malformed {
        /// Where in the message.
        at: usize,
    },
    /// It has so many fields that not all are shown.
    TooManyFields {
        /// From which byte on.
        at: usize,
    },
    /// The Finished is not the one that this handshake has.
    WrongFinished,
}

impl Problem {
    /// One sentence.
    #[must_use]
    pub fn words(self, language: Language) -> String {
        let pick = |english: &str, korean: &str| language.pick(english, korean).to_owned();
        match self {
            Self::NoSecrets => pick(
                "encrypted; the key log has no secret of this connection for it",
                "암호화돼 있어요. 키 로그에 이 연결의 비밀 값이 없어요",
            ),
            Self::WrongSecrets => pick(
                "encrypted; the key log's secrets do not open it: they are wrong, or it was changed on its way",
                "암호화돼 있어요. 키 로그의 비밀 값으로 열리지 않아요. 값이 틀렸거나 오는 길에 바뀌었어요",
            ),
            Self::UnreadableSuite(suite) => {
                let name = super::suite_name(suite);
                match language {
                    Language::En => format!("encrypted with {name}, which is not read here"),
                    Language::Ko => format!("{name} 암호화는 여기서 읽지 못해요"),
                }
            }
            Self::NoServerHello => pick(
                "encrypted, and no ServerHello came before it to tell how",
                "암호화돼 있는데, 방식을 알려 줄 ServerHello가 앞에 없어요",
            ),
            Self::Truncated { have, want } => match language {
                Language::En => format!("the stream ends after {have} of its {want} bytes"),
                Language::Ko => format!("{want}바이트 중 {have}바이트에서 스트림이 끝나요"),
            },
            Self::Gap { missing } => match language {
                Language::En => format!("{missing} bytes are missing from the capture here"),
                Language::Ko => format!("캡처에서 {missing}바이트가 빠졌어요"),
            },
            Self::PlainHttp => pick(
                "HTTP without TLS: one end does not know that this port speaks TLS",
                "TLS 없는 HTTP예요. 한쪽이 이 포트가 TLS인 줄 몰라요",
            ),
            Self::Ssh => pick("SSH, not TLS", "TLS가 아니라 SSH예요"),
            Self::Ssl2 => pick(
                "a hello of SSL 2.0, which nothing speaks any more",
                "이제 아무도 쓰지 않는 SSL 2.0 hello예요",
            ),
            Self::NotTls => pick("not a record of TLS", "TLS 레코드가 아니에요"),
            Self::TooLong(length) => match language {
                Language::En => format!("a record of {length} bytes, more than TLS allows"),
                Language::Ko => format!("{length}바이트 레코드는 TLS가 허용하는 길이를 넘어요"),
            },
            Self::Malformed { at } => match language {
                Language::En => format!("malformed from byte {at} on"),
                Language::Ko => format!("{at}번째 바이트부터 형식에 맞지 않아요"),
            },
            Self::TooManyFields { at } => match language {
                Language::En => format!("very many fields; from byte {at} on they are shown as bytes"),
                Language::Ko => format!("필드가 너무 많아요. {at}번째 바이트부터는 바이트로 보여 줘요"),
            },
            Self::WrongFinished => pick(
                "the verify_data is not the one of this handshake",
                "verify_data가 이 핸드셰이크의 값이 아니에요",
            ),
        }
    }
}
