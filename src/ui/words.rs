//! The screen's own words that stand in more than one place, in both languages.

use crate::lab::{Panel, StepReport};
use crate::lesson::Action;
use crate::text::Language;
use crate::trust::{Outcome, Rule};

/// What kind of step this is.
pub(super) fn kind(action: &Action, language: Language) -> &'static str {
    match action {
        Action::Read => language.pick("Read", "읽기"),
        Action::Predict(_) => language.pick("Predict", "예상하기"),
        Action::Recall(_) => language.pick("Recall", "떠올리기"),
        Action::Make { .. } => language.pick("Make", "만들기"),
        Action::Look { .. } => language.pick("Look", "살펴보기"),
        Action::Connect(_) => language.pick("Connect", "연결하기"),
        Action::Break(_) => language.pick("Break", "고장 내기"),
        Action::Run(_) => language.pick("Run", "실행하기"),
        Action::Request(_) => language.pick("Ask", "요청하기"),
    }
}

/// What a panel is about.
pub(super) fn panel(panel: &Panel, language: Language) -> String {
    match panel {
        Panel::Commands(_) => language.pick("Commands", "명령").to_owned(),
        Panel::Artifact(artifact) => crate::text::escape(&artifact.id).into_owned(),
        Panel::Connection(_) => language.pick("Connection", "연결").to_owned(),
        Panel::Cluster(_) => language.pick("Cluster", "클러스터").to_owned(),
        Panel::Kinds(_) => language.pick("Kinds", "종류").to_owned(),
        Panel::Chain(_) => language.pick("Chain", "체인").to_owned(),
        Panel::File(view) => {
            crate::text::escape(view.path.rsplit('/').next().unwrap_or_default()).into_owned()
        }
        Panel::Trust(_) => language.pick("Trust", "신뢰").to_owned(),
        Panel::Terminal(_) => "openssl".to_owned(),
        Panel::Request(_) => language.pick("Request", "요청").to_owned(),
    }
}

/// What a rule looks at.
pub(super) fn rule(rule: Rule, language: Language) -> &'static str {
    match rule {
        Rule::Parse => language.pick("format", "형식"),
        Rule::CriticalExtensions => language.pick("critical extensions", "필수(critical) 확장"),
        Rule::Validity => language.pick("validity", "유효 기간"),
        Rule::Name => language.pick("name (SAN)", "이름(SAN)"),
        Rule::Issuer => language.pick("trusted issuer", "신뢰하는 발급자"),
        Rule::Authority => language.pick("issuer is a CA", "발급자의 CA 자격"),
        Rule::IssuerExtensions => {
            language.pick("issuer's critical extensions", "발급자의 필수(critical) 확장")
        }
        Rule::IssuerValidity => language.pick("issuer's validity", "발급자의 유효 기간"),
        Rule::PathLength => language.pick("path length", "경로 길이"),
        Rule::Policies => language.pick("policies", "정책"),
        Rule::Usage => language.pick("usage (EKU)", "용도(EKU)"),
        Rule::NameConstraints => language.pick("name constraints", "이름 제약"),
    }
}

/// How a check ended.
pub(super) fn outcome(outcome: Outcome, language: Language) -> &'static str {
    match outcome {
        Outcome::Pass => language.pick("passed", "통과"),
        Outcome::Fail => language.pick("failed", "실패"),
        Outcome::NotReached => language.pick("not reached", "확인 안 함"),
    }
}

/// What a connection came to, in a sentence; `None` for a word that is not known.
pub(super) fn connection(outcome: &str, language: Language) -> Option<&'static str> {
    Some(match outcome {
        "200" => language.pick("the server answered", "서버가 요청에 답했어요"),
        "201" => language.pick("the server made the object", "서버가 오브젝트를 만들었어요"),
        "404" => language.pick("there is no such object", "그런 오브젝트가 없어요"),
        "409" => language.pick("it is there already, or has changed", "이미 있거나 그사이에 바뀌었어요"),
        "422" => language.pick("the object is not valid", "오브젝트의 내용이 맞지 않아요"),
        "401" => language.pick("the server does not know who asks", "서버가 누구의 요청인지 몰라요"),
        "403" => language
            .pick("the server knows who asks, and does not allow it", "누구인지는 알지만, 권한이 없어요"),
        "refused-by-client" => language
            .pick("the client refuses the server's certificate", "클라이언트가 서버 인증서를 거부했어요"),
        "refused-by-server" => language.pick(
            "the server ends the handshake with an alert",
            "서버가 경고(alert)로 핸드셰이크를 끝냈어요",
        ),
        "not-started" => language
            .pick("this pair of files is not loaded at all", "짝이 맞지 않는 파일이라 시작하지 못해요"),
        _ => return None,
    })
}

/// Whether a step did as its lesson says: a sentence.
pub(super) fn report(report: &StepReport, language: Language) -> String {
    if report.ok {
        // A step that makes nothing new finds all of it there.
        let already = report.observed.strip_prefix("made ").filter(|_| report.artifacts == 0);
        if let Some(already) = already {
            return format!("{}: {already}", language.pick("Already there", "이미 있어요"));
        }
        return match language {
            Language::En if report.artifacts > 0 => format!("Made: {}", report.artifacts),
            Language::Ko if report.artifacts > 0 => format!("{}개를 만들었어요", report.artifacts),
            // What came of it stands beside.
            Language::En => "As the lesson says".to_owned(),
            Language::Ko => "레슨에서 말한 대로예요".to_owned(),
        };
    }
    match language {
        Language::En => format!("The lesson expects {}, and it came to {}", report.expected, report.observed),
        Language::Ko => {
            format!("예상한 결과는 {}, 실제 결과는 {}", report.expected, report.observed)
        }
    }
}

/// The headings of the kinds of certificate: the word, then what stands in the field.
pub(super) fn kinds_heading(heading: &str, language: Language) -> String {
    let words = match heading {
        "serverAuth" => Some(("Server (serverAuth)", "서버 (serverAuth)")),
        "clientAuth" => Some(("Client (clientAuth)", "클라이언트 (clientAuth)")),
        "serverAuth, clientAuth" => Some(("Both (serverAuth, clientAuth)", "둘 다 (serverAuth, clientAuth)")),
        "CA:TRUE" => Some(("Authority (CA:TRUE)", "인증 기관 (CA:TRUE)")),
        _ => None,
    };
    words.map_or_else(
        || crate::text::escape(heading).into_owned(),
        |(en, ko)| language.pick(en, ko).to_owned(),
    )
}
