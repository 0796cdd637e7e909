//! What was wrong with a capture, in words.

use super::{Flaw, Skip};
use crate::text::Language;
use crate::wire::Side;

impl Flaw {
    /// One sentence.
    #[must_use]
    pub fn words(self, language: Language) -> String {
        let pick = |english: &str, korean: &str| language.pick(english, korean).to_owned();
        let end = |from: Side| match from {
            Side::Client => language.pick("client", "클라이언트"),
            Side::Server => language.pick("server", "서버"),
        };
        match self {
            Self::Begun => {
                pick("the capture began in the middle of the connection", "연결 도중부터 캡처했어요")
            }
            Self::Missing { from, bytes, holes } => {
                let from = end(from);
                match language {
                    Language::En => format!(
                        "{} of the {from} are missing, in {}",
                        count(bytes, "byte"),
                        count(holes, "place")
                    ),
                    Language::Ko => format!("{from}가 보낸 {bytes}바이트가 {holes}군데에서 빠졌어요"),
                }
            }
            Self::Conflict { from, packets } => {
                let from = end(from);
                match language {
                    Language::En => format!(
                        "{} of the {from} repeat earlier ones with other bytes; the earlier ones were taken",
                        count(packets, "packet")
                    ),
                    Language::Ko => format!(
                        "{from}의 패킷 {packets}개가 앞서 온 것과 다른 바이트로 되풀이돼요. 앞의 것을 썼어요"
                    ),
                }
            }
            Self::Cut { packets } => match language {
                Language::En => format!(
                    "{} were captured without their end: capture again with tcpdump -s 0",
                    count(packets, "packet")
                ),
                Language::Ko => {
                    format!("패킷 {packets}개가 뒤가 잘린 채 캡처됐어요. tcpdump -s 0으로 다시 캡처하세요")
                }
            },
            Self::Stray { packets } => match language {
                Language::En => format!(
                    "{} with sequence numbers far from the others were left out",
                    count(packets, "packet")
                ),
                Language::Ko => format!("순서 번호가 동떨어진 패킷 {packets}개는 뺐어요"),
            },
            Self::Reset { from } => {
                let from = end(from);
                match language {
                    Language::En => format!("the {from} broke the connection off (RST)"),
                    Language::Ko => format!("{from}가 연결을 끊었어요(RST)"),
                }
            }
            Self::Unfinished => {
                pick("the capture ends before the connection does", "연결이 끝나기 전에 캡처가 끝났어요")
            }
        }
    }
}

impl Skip {
    /// What they are, behind their number: `3 × UDP`.
    #[must_use]
    pub fn words(self, language: Language) -> String {
        let pick = |english: &str, korean: &str| language.pick(english, korean).to_owned();
        match self {
            Self::Link(link) => match language {
                Language::En => format!("packets of link type {link}, which is not read"),
                Language::Ko => format!("읽지 못하는 링크 종류({link})의 패킷"),
            },
            Self::Interface => pick(
                "packets of an interface that the file does not describe",
                "파일에 설명이 없는 인터페이스의 패킷",
            ),
            Self::NotIp => pick("packets that are not IP", "IP가 아닌 패킷"),
            Self::Protocol(number) => {
                let name = PROTOCOLS.iter().find(|(known, _)| *known == number).map(|(_, name)| *name);
                match (name, language) {
                    (Some(name), Language::En) => format!("packets of {name}"),
                    (Some(name), Language::Ko) => format!("{name} 패킷"),
                    (None, Language::En) => format!("packets of IP protocol {number}"),
                    (None, Language::Ko) => format!("IP 프로토콜 {number} 패킷"),
                }
            }
            Self::Fragment => pick(
                "fragments of IP packets, which are not put together",
                "IP 조각(fragment) 패킷, 다시 합치지 않아요",
            ),
            Self::Malformed => pick("packets with broken headers", "헤더가 깨진 패킷"),
            Self::Connections => pick("packets of one connection too many", "연결이 너무 많아 뺀 패킷"),
            Self::Block => pick("blocks that cannot be read", "읽을 수 없는 블록"),
        }
    }
}

/// IP protocols that stand beside TCP in most captures
/// (<https://www.iana.org/assignments/protocol-numbers>).
const PROTOCOLS: [(u8, &str); 7] =
    [(1, "ICMP"), (2, "IGMP"), (4, "IP in IP"), (17, "UDP"), (47, "GRE"), (58, "ICMPv6"), (132, "SCTP")];

fn count(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}
