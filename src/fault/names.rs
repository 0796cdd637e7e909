//! What the catalogue's own words are called on the screen, and what a change changes.

use super::{BasicConstraints, Change, Fault, KeyChange, Making, Signer, Validity};
use crate::blueprint::Usage;
use crate::text::Language;

impl Fault {
    /// The name of its group.
    #[must_use]
    pub fn group_name(&self, language: Language) -> &str {
        match self.group.as_str() {
            "making" => language.pick("Making the certificates", "인증서 만들기"),
            "server-certificate" => language
                .pick("Server certificates that a client refuses", "클라이언트가 거부하는 서버 인증서"),
            "client-certificate" => language
                .pick("Client certificates that a server refuses", "서버가 거부하는 클라이언트 인증서"),
            "permission" => language.pick("Right identity, wrong permission", "신원은 맞고 권한은 틀림"),
            "csr-and-bootstrap" => language.pick("CSRs, bootstrap and renewal", "CSR, 부트스트랩, 갱신"),
            other => other,
        }
    }

    /// How often it is met.
    #[must_use]
    pub fn frequency_name(&self, language: Language) -> &'static str {
        match self.frequency.as_str() {
            "many" => language.pick("often", "자주"),
            "several" => language.pick("sometimes", "가끔"),
            _ => language.pick("seldom", "드물게"),
        }
    }
}

impl Making {
    /// What is different, and where: an artifact's id, a component.
    #[must_use]
    pub fn facts(&self, language: Language) -> Vec<(&str, String)> {
        let mut facts = Vec::new();
        if let Some(change) = &self.change {
            facts.extend(change.facts(language).into_iter().map(|fact| (change.artifact.as_str(), fact)));
        }
        for edit in &self.edits {
            let find = edit.find.as_deref().unwrap_or(&edit.line);
            let fact = match &edit.with {
                Some(with) => format!("{find} -> {with}"),
                None => format!("{} {}", edit.line, language.pick("left out", "빠짐")),
            };
            facts.push((edit.of.as_str(), fact));
        }
        let other = language.pick("the private key of another pair", "다른 쌍의 개인 키");
        facts.extend(self.other_keys.iter().map(|id| (id.as_str(), other.to_owned())));
        if self.without_certificate {
            let fact = language.pick("shows no certificate", "인증서를 내지 않음");
            facts.push((self.client.as_str(), fact.to_owned()));
        }
        if self.without_client_authority {
            let fact = language.pick("is given no CA for its clients", "클라이언트용 CA를 받지 않음");
            facts.push((self.server.as_str(), fact.to_owned()));
        }
        facts
    }
}

impl Change {
    /// What is different about the artifact, one fact each.
    #[must_use]
    pub fn facts(&self, language: Language) -> Vec<String> {
        let mut facts = Vec::new();
        if let Some(subject) = &self.subject {
            let parts: Vec<String> =
                subject.attributes().map(|(name, value)| format!("{name}={value}")).collect();
            facts.push(format!("subject {}", parts.join(", ")));
        }
        if let Some(usages) = &self.usages {
            let names: Vec<&str> = usages
                .iter()
                .map(|usage| match usage {
                    Usage::Server => "serverAuth",
                    Usage::Client => "clientAuth",
                })
                .collect();
            facts.push(format!("extendedKeyUsage {}", listed(&names)));
        }
        if let Some(names) = &self.names {
            facts.push(format!("subjectAltName {}", listed(names)));
        }
        let mut say = |en: &str, ko: &str| {
            facts.push(match language {
                Language::En => en.to_owned(),
                Language::Ko => ko.to_owned(),
            })
        };
        match self.signer {
            Some(Signer::SameName) => {
                say("signed by another CA of the same name", "이름이 같은 다른 CA가 서명");
            }
            Some(Signer::OtherName) => say("signed by a CA of another name", "이름이 다른 CA가 서명"),
            Some(Signer::Itself) => say("signed by itself", "스스로 서명"),
            None => {}
        }
        match self.validity {
            Some(Validity::Expired) => say("notAfter yesterday", "notAfter가 어제"),
            Some(Validity::Month) => say("valid for 30 days", "유효 기간 30일"),
            Some(Validity::NotYetValid) => say("notBefore tomorrow", "notBefore가 내일"),
            None => {}
        }
        match self.basic_constraints {
            Some(BasicConstraints::Absent) => say("no basicConstraints", "basicConstraints 없음"),
            Some(BasicConstraints::False) => say("basicConstraints CA:FALSE", "basicConstraints CA:FALSE"),
            None => {}
        }
        if self.version_1 {
            say("X.509 version 1, no extensions", "X.509 버전 1, 확장 없음");
        }
        if self.no_cert_sign {
            say("keyUsage without keyCertSign", "keyUsage에 keyCertSign 없음");
        }
        if let Some(KeyChange::Other) = self.key {
            say("the key of another pair", "다른 쌍의 키");
        }
        if let Some(instead) = &self.instead {
            say(
                &format!("the certificate and key of {instead} in its place"),
                &format!("그 자리에 {instead}의 인증서와 키"),
            );
        }
        facts
    }
}

fn listed(names: &[impl AsRef<str>]) -> String {
    match names {
        [] => "-".to_owned(),
        names => names.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", "),
    }
}
