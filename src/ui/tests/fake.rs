//! An engine that only pretends, with the kind of content that the real one gives.

use std::collections::BTreeMap;

use crate::fault::{Change, Making};
use time::OffsetDateTime;

use crate::lab::{
    ArtifactView, Cancel, Case, ConnectionOutcome, ConnectionView, Difference, Edge, FieldDifference,
    FieldView, Holding, LiveStep, MatrixRow, Opinions, Panel, Permissions, Play, PlayRequest, Progress,
    StepReport, ToolCommands, Trial, TrialStep,
};
use crate::lesson::{Action, Break, Connect, Expect, Lesson, Question, Show, Step, StepWords, Words};
use crate::text::Language;
use crate::trust::opinion::Opinion;
use crate::trust::{
    BrokenAt, Check, Dropped, Outcome, Path, PathCertificate, Purpose, Refusal, RefusalKind, Rule, Verdict,
};
use crate::ui::{Engine, ProgressView};

/// The engine.
pub(crate) struct Fake {
    lessons: Vec<Lesson>,
}

fn words(en: &str, ko: &str) -> Words<String> {
    Words { en: en.into(), ko: ko.into() }
}

const LESSONS: [(&str, u32, &str, &str, &str, &str); 10] = [
    (
        "two-kinds",
        6,
        "Two kinds of certificates",
        "두 종류의 인증서",
        "Tell server certificates from client certificates, and say who shows which to whom.",
        "서버 인증서와 클라이언트 인증서를 구분하고, 누가 누구에게 무엇을 제시하는지 설명해요.",
    ),
    (
        "the-ca",
        10,
        "The certificate authority",
        "인증 기관(CA)",
        "Make the cluster's own authority and see what its certificate is for.",
        "클러스터의 인증 기관을 직접 만들고, 그 인증서가 무엇을 위한 것인지 알아봐요.",
    ),
    (
        "the-admin",
        12,
        "A client certificate: the admin",
        "클라이언트 인증서: 관리자",
        "Make the admin's certificate, use it, and find out which field makes an admin of you.",
        "관리자 인증서를 만들어 써 보고, 어느 필드가 관리자로 만들어 주는지 찾아봐요.",
    ),
    (
        "system-components",
        9,
        "Scheduler, controller manager, kube-proxy",
        "스케줄러, 컨트롤러 매니저, kube-proxy",
        "Give each component the exact name that the cluster expects.",
        "각 컴포넌트에 클러스터가 기대하는 정확한 이름을 줘요.",
    ),
    (
        "kubeconfig",
        8,
        "Certificates in a kubeconfig",
        "kubeconfig 속의 인증서",
        "Put the pieces where kubectl looks for them.",
        "kubectl이 찾는 자리에 인증서를 넣어요.",
    ),
    (
        "etcd",
        11,
        "etcd and its peers",
        "etcd와 피어",
        "Two members, two directions, and a server that refuses inside TLS.",
        "두 멤버, 두 방향, 그리고 TLS 안에서 거부하는 서버를 살펴봐요.",
    ),
    (
        "the-api-server",
        14,
        "The API server's many names",
        "API 서버의 여러 이름",
        "Everyone calls it by another name: each must be in the certificate.",
        "모두가 다른 이름으로 불러요. 그 이름이 모두 인증서에 있어야 해요.",
    ),
    (
        "the-kubelet",
        10,
        "Kubelets, one for each node",
        "노드마다 하나, kubelet",
        "Name the node, join the group, and see what the Node authorizer allows.",
        "노드 이름과 그룹을 정하고, Node 인가자가 무엇을 허용하는지 봐요.",
    ),
    (
        "expiry",
        7,
        "When certificates run out",
        "인증서가 만료될 때",
        "See an expired certificate from both sides.",
        "만료된 인증서를 양쪽에서 살펴봐요.",
    ),
    (
        "who-am-i",
        9,
        "Who am I, and what may I do",
        "나는 누구이고 무엇을 할 수 있나",
        "From subject to user, from user to permission.",
        "주체에서 사용자로, 사용자에서 권한으로 이어지는 길을 따라가요.",
    ),
];

fn step(id: &str, action: Action, show: Vec<Show>, en: (&str, &str, &str), ko: (&str, &str, &str)) -> Step {
    let one = |(title, text, after): (&str, &str, &str)| StepWords {
        title: title.into(),
        text: text.into(),
        choices: Vec::new(),
        after: after.into(),
    };
    Step { id: id.into(), line: 1, action, show, words: Words { en: one(en), ko: one(ko) } }
}

fn connect() -> Connect {
    Connect {
        name: None,
        verify: None,
        client_auth: true,
        client: "admin".into(),
        server: "kube-apiserver@cp1".into(),
        request: None,
        tls: None,
        expect: Expect { outcome: "200".into(), ..Expect::default() },
    }
}

fn steps() -> Vec<Step> {
    let read = step(
        "account",
        Action::Read,
        vec![Show::Cluster],
        (
            "The certificate is the account",
            "Kubernetes keeps no user objects. Who you are stands in your **client certificate**:\n\n- `CN` (common name) is the user\n- each `O` (organization) is a group\n\nThe API server believes it because the cluster's authority signed it. Nothing else is looked up, so nothing else can be deleted to lock you out.\n\n```\nSubject: O = system:masters, CN = kube-admin\n```\n\nIn this lesson you make that certificate, use it, and break it.",
            "",
        ),
        (
            "인증서가 곧 계정이에요",
            "쿠버네티스에는 사용자 오브젝트가 없어요. 내가 누구인지는 **클라이언트 인증서**(client certificate)에 적혀 있어요.\n\n- `CN`(일반 이름)이 사용자 이름이에요\n- `O`(조직)가 하나씩 그룹이 돼요\n\nAPI 서버는 클러스터의 인증 기관(CA)이 서명했기 때문에 이 내용을 믿어요. 다른 곳을 찾아보지 않으니, 지워서 막을 수 있는 계정도 없어요.\n\n```\nSubject: O = system:masters, CN = kube-admin\n```\n\n이번 강에서는 이 인증서를 만들고, 써 보고, 고장 내 봐요.",
            "",
        ),
    );
    let mut predict = step(
        "predict",
        Action::Predict(Question { answer: 2, of: None, outcomes: Vec::new() }),
        Vec::new(),
        (
            "What if the group is in OU?",
            "The lecture's command writes `/CN=kube-admin/OU=system:masters`. The authority signs it without complaint. What does the API server answer to `GET /api/v1/nodes`?",
            "The certificate is **valid**: TLS succeeds and the user is `kube-admin`. But groups come from `O` alone; `OU` (organizational unit) is never read. Without a group nobody has given this user any rights.",
        ),
        (
            "그룹을 OU에 적으면 어떻게 될까요?",
            "강의의 명령은 `/CN=kube-admin/OU=system:masters`라고 적어요. 인증 기관은 아무 말 없이 서명해요. API 서버는 `GET /api/v1/nodes`에 뭐라고 답할까요?",
            "인증서는 **유효해요**. TLS는 성공하고 사용자는 `kube-admin`이에요. 하지만 그룹은 `O`에서만 가져와요. `OU`(조직 단위)는 아무도 읽지 않아요. 그룹이 없으니 이 사용자에게는 아무 권한이 없어요.",
        ),
    );
    predict.words.en.choices = vec![
        "`200`: it lists the nodes".into(),
        "`403 Forbidden`: known, but not allowed".into(),
        "`401 Unauthorized`: not known at all".into(),
        "TLS fails before any HTTP".into(),
    ];
    predict.words.ko.choices = vec![
        "`200`: 노드 목록을 보여 줘요".into(),
        "`403 Forbidden`: 누구인지는 알지만 권한이 없어요".into(),
        "`401 Unauthorized`: 누구인지 모르겠다고 해요".into(),
        "HTTP까지 가지 못하고 TLS에서 실패해요".into(),
    ];
    let make = step(
        "make",
        Action::Make { artifacts: vec!["admin".into()] },
        vec![
            Show::Commands("admin".into()),
            Show::Artifact { id: "admin".into(), focus: vec!["subject".into()] },
        ],
        (
            "Make the admin's certificate",
            "A key, a request (CSR), and the authority's signature: the same three moves as ever. The subject carries user **and** group.\n\nBeside you see how each tool does it.",
            "Three files: `admin.key` stays with you, `admin.csr` has done its work, `admin.crt` is what you show.",
        ),
        (
            "관리자 인증서를 만들어요",
            "개인 키, 인증서 서명 요청(CSR), 인증 기관의 서명. 늘 같은 세 단계예요. 주체(subject)에 사용자와 **그룹**이 함께 들어가요.\n\n옆에서 도구마다 어떻게 하는지 볼 수 있어요.",
            "파일이 세 개 생겼어요. `admin.key`는 나만 갖고, `admin.csr`은 할 일을 마쳤고, `admin.crt`를 상대에게 제시해요.",
        ),
    );
    let look = step(
        "look",
        Action::Look { artifact: "kube-apiserver".into(), expect: BTreeMap::new() },
        vec![Show::Artifact { id: "kube-apiserver".into(), focus: vec!["subjectAltName".into()] }],
        (
            "All the names of the API server",
            "Look at the **subject alternative names**. Every name and address that any client uses must be here.",
            "All of them are there.",
        ),
        (
            "API 서버의 모든 이름",
            "**주체 대체 이름**(SAN)을 보세요. 클라이언트가 쓰는 모든 이름과 주소가 여기 있어야 해요.",
            "모두 들어 있어요.",
        ),
    );
    let show = vec![Show::Connection { client: "admin".into(), server: "kube-apiserver@cp1".into() }];
    let works = step(
        "connect",
        Action::Connect(connect()),
        show.clone(),
        (
            "Use it",
            "The admin asks the API server for its nodes. Both sides show a certificate, and both check.",
            "`system:masters` is allowed everything by the API server itself; no role was looked at.",
        ),
        (
            "써 봐요",
            "관리자가 API 서버에 노드 목록을 요청해요. 양쪽이 인증서를 제시하고, 양쪽이 확인해요.",
            "`system:masters`는 API 서버가 스스로 모두 허용해요. 역할(role)은 보지도 않았어요.",
        ),
    );
    let broken = step(
        "break",
        Action::Break(Break {
            change: Change { artifact: "kube-apiserver".into(), ..Change::default() },
            connect: connect(),
        }),
        show,
        (
            "Another authority of the same name",
            "Someone makes a new `KUBERNETES-CA` and signs the API server's certificate anew. The name is the same. The key is not.",
            "The client found an authority of the right **name** and tried its **key**: the signature does not fit. Hence the part in brackets.\n\nTo mend it: sign with the authority that the clients trust, or give the clients the new `ca.crt`.",
        ),
        (
            "이름만 같은 다른 인증 기관",
            "누군가 `KUBERNETES-CA`를 새로 만들어 API 서버 인증서에 다시 서명했어요. 이름은 같지만 키가 달라요.",
            "클라이언트는 **이름**이 맞는 인증 기관을 찾아 그 **키**로 확인해 봤고, 서명이 맞지 않았어요. 괄호 안의 말이 바로 그 뜻이에요.\n\n고치려면 클라이언트가 믿는 인증 기관으로 다시 서명하거나, 클라이언트에 새 `ca.crt`를 줘야 해요.",
        ),
    );
    let kinds = step(
        "kinds",
        Action::Read,
        vec![Show::Kinds],
        ("What you have now", "All certificates of the cluster, by what they are for.", ""),
        ("지금까지 만든 것", "클러스터의 모든 인증서를 쓰임새에 따라 나눴어요.", ""),
    );
    vec![read, predict, make, look, works, broken, kinds]
}

impl Fake {
    /// An engine with ten lessons.
    pub(crate) fn new() -> Self {
        let lessons = LESSONS
            .iter()
            .enumerate()
            .map(|(at, (id, minutes, en, ko, aim_en, aim_ko))| Lesson {
                id: (*id).into(),
                number: at + 1,
                minutes: *minutes,
                title: words(en, ko),
                aim: words(aim_en, aim_ko),
                steps: steps(),
            })
            .collect();
        Self { lessons }
    }
}

fn field(name: &str, value: &str, focus: bool) -> FieldView {
    FieldView { name: name.into(), value: value.into(), focus, before: None }
}

fn commands() -> Panel {
    let tool = |tool: &str, lines: &[&str], en: &str, ko: &str| ToolCommands {
        tool: tool.into(),
        lines: lines.iter().map(|line| (*line).into()).collect(),
        note: words(en, ko),
    };
    Panel::Commands(vec![
        tool(
            "openssl",
            &[
                "openssl genrsa -out admin.key 2048",
                "openssl req -new -key admin.key -subj \"/O=system:masters/CN=kube-admin\" -out admin.csr",
                "cat > client.ext <<'EOF'",
                "basicConstraints=critical,CA:FALSE",
                "keyUsage=critical,digitalSignature,keyEncipherment",
                "extendedKeyUsage=clientAuth",
                "EOF",
                "openssl x509 -req -in admin.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 365 -extfile client.ext -out admin.crt",
            ],
            "Without `-extfile`, OpenSSL before 3.2 makes a version 1 certificate.",
            "`-extfile`이 없으면 OpenSSL 3.2 이전 버전은 버전 1 인증서를 만들어요.",
        ),
        tool(
            "cfssl",
            &["cfssl gencert -ca=ca.crt -ca-key=ca.key -profile=client admin.json | cfssljson -bare admin"],
            "",
            "",
        ),
        tool("easy-rsa", &["./easyrsa --batch build-client-full kube-admin nopass"], "", ""),
        tool("kubeadm", &["kubeadm init phase kubeconfig admin"], "", ""),
    ])
}

fn artifact(id: &str, made: bool, broken: bool) -> Panel {
    let sans = "DNS:kube-apiserver, DNS:kubernetes, DNS:kubernetes.default, DNS:kubernetes.default.svc, DNS:kubernetes.default.svc.cluster.local, DNS:a-very-long-load-balancer-name.internal.example.company.co.kr, IP:10.0.0.10, IP:10.96.0.1, IP:127.0.0.1";
    let subject = if id == "admin" { "O=system:masters, CN=kube-admin" } else { "CN=kube-apiserver" };
    let mut fields = vec![
        field("version", "3", false),
        field("serialNumber", "5E:0A:77:41:1B:0C:9D:22", false),
        field("signature", "sha256WithRSAEncryption", false),
        field("issuer", "CN=KUBERNETES-CA", false),
        field("notBefore", "2026-11-23T19:51:21Z", false),
        field("notAfter", "2027-11-23T19:51:21Z", false),
        field("subject", subject, id == "admin"),
        field("publicKey", "RSA 2048", false),
        field("basicConstraints", "CA:FALSE (critical)", false),
        field("extendedKeyUsage", if id == "admin" { "clientAuth" } else { "serverAuth" }, false),
    ];
    if id != "admin" {
        fields.push(field("subjectAltName", sans, true));
    }
    fields.push(field(
        "authorityKeyIdentifier",
        "2C:91:4F:66:0B:11:A8:D0:5E:9A:34:C7:18:FB:EE:02:71:B3:40:9C",
        broken,
    ));
    if broken && let Some(last) = fields.last_mut() {
        last.before = Some("9F:10:B7:3A:52:6D:E4:08:C1:77:25:AA:90:3B:5F:D6:12:84:EB:49".into());
    }
    Panel::Artifact(ArtifactView {
        id: id.into(),
        path: format!("{id}.crt"),
        made,
        der: made.then(super::inspector::apiserver),
        fields,
    })
}

pub(super) fn verdict(fails: Option<(Rule, &str, &str)>) -> Verdict {
    let rules = [
        (Rule::Parse, "version 3"),
        (Rule::CriticalExtensions, "none unknown"),
        (Rule::Validity, "now 2026-11-23T20:00:00Z, notAfter 2027-11-23T19:51:21Z"),
        (Rule::Name, "kube-apiserver is in DNS:kube-apiserver"),
        (Rule::Issuer, "CN=KUBERNETES-CA signed it"),
        (Rule::Authority, "CA:TRUE, keyCertSign"),
        (Rule::Usage, "serverAuth is among serverAuth"),
    ];
    let mut failed = false;
    let checks = rules
        .into_iter()
        .map(|(rule, evidence)| match fails {
            Some((bad, evidence, _)) if bad == rule => {
                failed = true;
                Check { rule, outcome: Outcome::Fail, evidence: evidence.into() }
            }
            _ if failed => Check { rule, outcome: Outcome::NotReached, evidence: String::new() },
            _ => Check { rule, outcome: Outcome::Pass, evidence: evidence.into() },
        })
        .collect();
    Verdict {
        checks,
        refusal: fails
            .map(|(.., message)| Refusal { kind: RefusalKind::UnknownAuthority, message: message.into() }),
        path: Vec::new(),
        paths: vec![path(fails.map(|(rule, _, message)| Dropped {
            at: BrokenAt::Issuer,
            rule,
            reason: message.into(),
        }))],
    }
}

fn path(dropped: Option<Dropped>) -> Path {
    let certificate = |name: &str, is_root| PathCertificate {
        name: name.into(),
        version: 3,
        authority: Some(is_root),
        is_self_issued: is_root,
        not_after: time::macros::datetime!(2027-11-23 19:51:21 UTC),
    };
    Path {
        certificates: vec![certificate("CN=kube-apiserver", false), certificate("CN=KUBERNETES-CA", true)],
        dropped,
    }
}

/// webpki takes anything here; OpenSSL refuses what Go refuses.
fn opinions(purpose: Purpose, works: bool) -> Opinions {
    let openssl = match works {
        true => Opinion::Accepted,
        false => Opinion::Refused("error 7 at 0 depth lookup: certificate signature failure".into()),
    };
    Opinions {
        leaf: None,
        webpki: Opinion::Accepted,
        openssl: Some(openssl),
        case: std::sync::Arc::new(Case {
            chain: Vec::new(),
            roots: Vec::new(),
            purpose,
            name: None,
            time: time::macros::datetime!(2026-11-23 20:00:00 UTC),
        }),
    }
}

pub(super) const UNKNOWN: &str = "x509: certificate signed by unknown authority (possibly because of \"crypto/rsa: verification error\" while trying to verify candidate authority certificate \"KUBERNETES-CA\")";

/// The admin's connection: before, answered, or refused.
pub(crate) fn connection(outcome: Option<bool>) -> Panel {
    let event = |who: &str, what: &str| (who.to_owned(), what.to_owned());
    Panel::Connection(Box::new(ConnectionView {
        client: "admin".into(),
        server: "kube-apiserver@cp1".into(),
        port: 6443,
        client_subject: Some("O=system:masters, CN=kube-admin".into()),
        server_subject: "CN=kube-apiserver".into(),
        server_name: "kube-apiserver".into(),
        client_trusts: crate::lab::Trusts::Authority("CN=KUBERNETES-CA".into()),
        server_trusts: crate::lab::Trusts::Authority("CN=KUBERNETES-CA".into()),
        request: "GET /api/v1/nodes".into(),
        outcome: outcome.map(|works| ConnectionOutcome {
            outcome: if works { "200" } else { "refused-by-client" }.into(),
            version: Some("TLS 1.3".into()),
            server_verdict: Some(verdict((!works).then_some((Rule::Issuer, "CN=KUBERNETES-CA has the name, its key did not sign", UNKNOWN)))),
            client_verdict: works.then(|| verdict(None)),
            server_opinions: Some(opinions(Purpose::Server, works)),
            client_opinions: works.then(|| opinions(Purpose::Client, true)),
            events: if works {
                vec![event("admin", "ClientHello sent"), event("kube-apiserver@cp1", "ServerHello, Certificate, CertificateRequest sent"), event("admin", "handshake finished"), event("kube-apiserver@cp1", "handshake finished"), event("admin", "GET /api/v1/nodes sent")]
            } else {
                vec![event("admin", "ClientHello sent"), event("kube-apiserver@cp1", "ServerHello, Certificate, CertificateRequest sent"), event("admin", "alert bad_certificate sent"), event("kube-apiserver@cp1", "alert bad_certificate received")]
            },
            alert: None,
            identity: works.then(|| ("kube-admin".into(), vec!["system:masters".into(), "system:authenticated".into()])),
            decision: works.then(|| "system:masters: allowed without asking an authorizer".into()),
            response: works.then(|| (200, "{\"kind\":\"NodeList\",\"apiVersion\":\"v1\",\"items\":[{\"metadata\":{\"name\":\"cp1\"}}]}".into())),
            client_prints: (!works).then(|| format!("Unable to connect to the server: tls: failed to verify certificate: {UNKNOWN}")),
            server_logs: (!works).then(|| "http: TLS handshake error from 10.0.0.21:41822: remote error: tls: bad certificate".into()),
            micros: 1840,
            recording: None,
            judgements: Vec::new(),
        }),
    }))
}

fn cluster() -> Panel {
    let edge = |client: &str, server: &str, port, credential: &str| Edge {
        client: client.into(),
        server: server.into(),
        port,
        credential: credential.into(),
        presented: server.split('@').next().unwrap_or_default().into(),
    };
    Panel::Cluster(vec![
        edge("admin", "kube-apiserver@cp1", 6443, "admin"),
        edge("kube-scheduler", "kube-apiserver@cp1", 6443, "scheduler"),
        edge("kube-controller-manager", "kube-apiserver@cp1", 6443, "controller-manager"),
        edge("kube-proxy@node01", "kube-apiserver@cp1", 6443, "kube-proxy"),
        edge("kubelet@node01", "kube-apiserver@cp1", 6443, "kubelet-client-node01"),
        edge("kube-apiserver@cp1", "etcd@cp1", 2379, "apiserver-etcd-client"),
        edge("etcd-healthcheck", "etcd@cp1", 2379, "etcd-healthcheck"),
        edge("kube-apiserver@cp1", "kubelet@node01", 10250, "apiserver-kubelet-client"),
    ])
}

fn kinds() -> Panel {
    let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
    Panel::Kinds(vec![
        ("authority".into(), ids(&["ca"])),
        ("server".into(), ids(&["kube-apiserver", "etcdserver", "node01", "node02"])),
        (
            "client".into(),
            ids(&[
                "admin",
                "scheduler",
                "controller-manager",
                "kube-proxy",
                "apiserver-etcd-client",
                "apiserver-kubelet-client",
                "kubelet-client-node01",
            ]),
        ),
        ("both".into(), ids(&["etcdpeer1"])),
    ])
}

impl Engine for Fake {
    fn lessons(&self) -> &[Lesson] {
        &self.lessons
    }

    fn progress(&self) -> ProgressView {
        let pairs = |lesson: &str, steps: &[&str]| {
            steps.iter().map(|step| (lesson.to_owned(), (*step).to_owned())).collect::<Vec<_>>()
        };
        let all = ["account", "predict", "make", "look", "connect", "break", "kinds"];
        let done =
            [pairs("two-kinds", &all), pairs("the-ca", &all), pairs("the-admin", &["account", "predict"])]
                .concat();
        ProgressView {
            done: done.into_iter().collect(),
            resume: Some(("the-admin".into(), "account".into())),
            language: None,
        }
    }

    fn live(&self, _: &Cancel, _: &(dyn Fn(LiveStep) + Sync)) -> Result<(), String> {
        Ok(())
    }

    fn ask(&self, _: &str) -> Result<Option<String>, String> {
        Ok(None)
    }

    fn permissions(&self) -> Permissions {
        super::live::permissions()
    }

    fn holdings(&self) -> Vec<Holding> {
        super::inspector::holdings()
    }

    fn now(&self) -> OffsetDateTime {
        super::inspector::NOW
    }

    fn export(&self, stem: &str, extension: &str, _bytes: &[u8]) -> Result<String, String> {
        Ok(format!("/home/learner/{stem}.{extension}"))
    }

    fn panels(&self, _lesson: &str, step: &str) -> Vec<Panel> {
        match step {
            "account" => vec![cluster()],
            "make" => vec![commands(), artifact("admin", false, false)],
            "look" => vec![artifact("kube-apiserver", true, false)],
            "connect" | "break" => vec![connection(None), artifact("kube-apiserver", true, false)],
            "kinds" => vec![kinds()],
            _ => Vec::new(),
        }
    }

    fn perform(
        &self,
        _lesson: &str,
        step: &str,
        cancel: &Cancel,
        on_progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<StepReport, String> {
        if step == "make" {
            for done in 0..3 {
                on_progress(Progress {
                    done,
                    total: 3,
                    what: ["RSA-2048 admin.key", "admin.csr", "admin.crt"][done].into(),
                });
                if cancel.is_cancelled() {
                    return Err("cancelled".into());
                }
            }
        }
        let (said, panels) = match step {
            "make" => ("made 1", vec![commands(), artifact("admin", true, false)]),
            "connect" => ("200", vec![connection(Some(true)), artifact("kube-apiserver", true, false)]),
            "break" => {
                ("refused-by-client", vec![connection(Some(false)), artifact("kube-apiserver", true, true)])
            }
            "fail" => return Err(
                "admin.key could not be written: no space left on device; make room, then press Enter again."
                    .into(),
            ),
            "panic" => panic!("a mistake in the engine"),
            _ => ("as declared", Vec::new()),
        };
        Ok(StepReport {
            made_first: Vec::new(),
            expected: said.into(),
            observed: said.into(),
            ok: true,
            artifacts: usize::from(step == "make"),
            panels,
        })
    }

    fn edges(&self) -> Vec<Edge> {
        match cluster() {
            Panel::Cluster(edges) => edges,
            _ => Vec::new(),
        }
    }

    fn play(&self, request: &PlayRequest, _: &Cancel) -> Result<Play, String> {
        Ok(super::theatre::recorded(request))
    }

    fn trial(
        &self,
        _making: &Making,
        is_broken: bool,
        _cancel: &Cancel,
        tell: &(dyn Fn(TrialStep) + Sync),
    ) -> Result<Trial, String> {
        tell(TrialStep::Making(Progress { done: 1, total: 2, what: "RSA-2048 ca.key".into() }));
        let (Panel::Cluster(edges), Panel::Connection(connection), Panel::Artifact(artifact)) =
            (cluster(), connection(Some(!is_broken)), artifact("kube-apiserver", true, true))
        else {
            return Err("the fake is broken".into());
        };
        tell(TrialStep::Edges(edges.clone()));
        for (at, edge) in edges.into_iter().enumerate() {
            let ok = !is_broken || edge.port != 6443;
            let row = MatrixRow {
                client: edge.client,
                server: edge.server,
                port: edge.port,
                request: "GET /".into(),
                outcome: if ok { "200" } else { "refused-by-client" }.into(),
                user: None,
                micros: 900,
                ok,
            };
            tell(TrialStep::Connected(at, row));
        }
        let field = |field: FieldView| FieldDifference {
            is_of_any_reissue: field.name == "serialNumber",
            before: match field.name.as_str() {
                "serialNumber" => Some("1F:00".into()),
                "subjectAltName" => None,
                _ => field.before.or_else(|| Some(field.value.clone())),
            },
            name: field.name,
            after: Some(field.value),
        };
        let fields = artifact.fields.into_iter().map(field).collect();
        let changed = Difference { id: artifact.id, path: artifact.path, fields };
        Ok(Trial { connection: *connection, changed: is_broken.then_some(changed), other_key: false })
    }

    fn record(&self, _lesson: &str, _step: &str, _choice: Option<usize>) -> Result<(), String> {
        Ok(())
    }

    fn set_language(&self, _language: Language) -> Result<(), String> {
        Ok(())
    }

    fn reset(&self, _lesson: &str) -> Result<(), String> {
        Ok(())
    }
}
