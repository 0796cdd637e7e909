//! The cluster alive, on happenings that were made up once by the real authorizers: what keys
//! and mouse do, how it looks, and what it does not let through.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use time::macros::datetime;

use super::*;
use crate::access::{
    Attributes, Authenticator, Bootstrap, Identity, Policy, Recognition, authorize, forbidden_message,
};
use crate::blueprint::{ClusterSpec, plan};
use crate::cluster::{API_SERVER, Exchange, Happening, What};
use crate::lab::{AskView, LiveStep, Opened, Permissions};
use crate::lesson::Words;
use crate::ui::live::{BEATS, Live, Pane};

const NODES: [&str; 1] = ["system:nodes"];

fn opened() -> Opened {
    let client = |name: &str, user: &str, groups: &[&str]| (name.to_owned(), Identity::named(user, groups));
    let clients = vec![
        client("admin", "kube-admin", &["system:masters"]),
        client("kube-scheduler", "system:kube-scheduler", &[]),
        client("kube-controller-manager", "system:kube-controller-manager", &[]),
        client("kube-proxy", "system:kube-proxy", &[]),
        client("kubelet@node01", "system:node:node01", &NODES),
        client("kubelet@node02", "system:node:node02", &NODES),
    ];
    let line =
        |name: &String| (name.clone(), format!("export KUBECONFIG=/home/kim/lab/serve/{name}.kubeconfig"));
    let ask = |id: &str, by: &str, request: &str, en: &str, ko: &str| AskView {
        id: id.into(),
        by: by.into(),
        request: request.into(),
        words: Words { en: en.into(), ko: ko.into() },
    };
    Opened {
        address: "127.0.0.1:6443".parse().unwrap(),
        is_elsewhere: false,
        lines: clients.iter().map(|(name, _)| line(name)).collect(),
        clients,
        servers: vec![
            ("kubelet@node01".into(), "127.0.0.1:10250".parse().unwrap()),
            ("etcd@cp1".into(), "127.0.0.1:2379".parse().unwrap()),
        ],
        asks: vec![
            ask("admin", "admin", "GET /api/v1/pods", "the admin lists pods", "관리자가 파드 목록을 봐요"),
            ask(
                "secrets",
                "kube-scheduler",
                "GET /api/v1/secrets",
                "the scheduler lists secrets",
                "스케줄러가 시크릿 목록을 봐요",
            ),
            ask(
                "node",
                "kubelet@node01",
                "GET /api/v1/nodes/node02",
                "a kubelet reads another node's Node",
                "kubelet이 다른 노드의 Node를 읽어요",
            ),
            ask(
                "anonymous",
                "anonymous",
                "GET /api/v1/pods",
                "somebody without a certificate lists pods",
                "인증서 없는 누군가가 파드 목록을 봐요",
            ),
            ask(
                "forged",
                "forged admin",
                "GET /api/v1/pods",
                "an admin's certificate of another CA",
                "다른 CA가 서명한 관리자 인증서로 접속해요",
            ),
            ask(
                "wrong-ca",
                "wrong CA",
                "GET /api/v1/pods",
                "an admin who trusts another CA",
                "다른 CA를 신뢰하는 관리자가 접속해요",
            ),
            ask(
                "etcd",
                "anonymous",
                "GET /version",
                "somebody without a certificate dials etcd",
                "인증서 없는 누군가가 etcd에 접속해요",
            ),
        ],
    }
}

/// A request of an identity, decided by the real authorizers.
fn request(identity: Option<Identity>, certificate: Option<&str>, target: &str) -> Happening {
    let attributes = Attributes::of_request("GET", target).unwrap();
    let decision =
        identity.as_ref().map(|own| authorize(own, &attributes, &Policy::bootstrap(Bootstrap::Kubeadm)));
    let by = if certificate.is_some() { Authenticator::Certificate } else { Authenticator::Anonymous };
    let refused =
        "verifying certificate SN=7, SKID=, AKID= failed: x509: certificate signed by unknown authority";
    let error = identity.is_none().then(|| refused.to_owned());
    let user = identity.as_ref().map(|own| own.user.clone());
    let (status, message) = match (&identity, &decision) {
        (Some(own), Some(decision)) if !decision.allowed => {
            (403, Some(forbidden_message(own, &attributes, &decision.reason)))
        }
        (None, _) => (401, Some("Unauthorized".to_owned())),
        _ => (200, None),
    };
    let at = datetime!(2026-11-23 18:54:01 UTC);
    let exchange = Exchange {
        from: "127.0.0.1:50312".parse().unwrap(),
        method: "GET".into(),
        target: target.into(),
        user_agent: "kubectl/v1.32.0 (linux/amd64)".into(),
        attributes: Some(attributes),
        certificate: certificate.map(str::to_owned),
        recognitions: vec![Recognition { by, user, error }],
        identity,
        impersonator: None,
        decision,
        status,
        message,
        audit: format!(r#"{{"kind":"Event","stage":"ResponseComplete","requestURI":"{target}"}}"#),
        took: Duration::from_micros(700),
    };
    let log = format!(
        "I1123 18:54:01.000000       1 httplog.go:134] \"HTTP\" verb=\"GET\" URI=\"{target}\" resp={status}"
    );
    Happening {
        at,
        component: API_SERVER.to_owned(),
        what: What::Answered(Box::new(exchange)),
        log: vec![log],
    }
}

fn refused(component: &str, why: &str) -> Happening {
    let from = "127.0.0.1:50320".parse().unwrap();
    Happening {
        at: datetime!(2026-11-23 18:54:02 UTC),
        component: component.to_owned(),
        what: What::Refused { from, why: why.to_owned() },
        log: vec![format!("http: TLS handshake error from {from}: {why}")],
    }
}

/// What a request of these tests' list comes to.
pub(super) fn happening(id: &str) -> Happening {
    let named = |user: &str, groups: &[&str]| Some(Identity::named(user, groups));
    match id {
        "admin" => {
            let who = named("kube-admin", &["system:masters"]);
            request(who, Some("O=system:masters, CN=kube-admin"), "/api/v1/pods")
        }
        "secrets" => {
            let who = named("system:kube-scheduler", &[]);
            request(who, Some("CN=system:kube-scheduler"), "/api/v1/secrets")
        }
        "node" => {
            let who = named("system:node:node01", &NODES);
            request(who, Some("O=system:nodes, CN=system:node:node01"), "/api/v1/nodes/node02")
        }
        "anonymous" => request(Some(Identity::anonymous()), None, "/api/v1/pods"),
        "forged" => request(None, Some("O=system:masters, CN=kube-admin"), "/api/v1/pods"),
        "wrong-ca" => refused(API_SERVER, "remote error: tls: unknown certificate authority"),
        _ => refused("etcd@cp1", "tls: client didn't provide a certificate"),
    }
}

pub(super) fn permissions() -> Permissions {
    Permissions::of(&plan(ClusterSpec::default()).unwrap(), &Policy::bootstrap(Bootstrap::Kubeadm))
}

impl Lab {
    /// The cluster alive, before anything has happened.
    fn alive(language: Language, size: (u16, u16)) -> Self {
        let mut lab = Self::new(language, size);
        lab.keys("s");
        let run = lab.live().run;
        lab.send(Msg::Live(run, Box::new(LiveStep::Opened(Box::new(opened())))));
        lab
    }

    fn live(&self) -> &Live {
        self.model.live.as_ref().unwrap()
    }

    /// Until nothing travels any more.
    fn arrive(&mut self) -> &mut Self {
        while let Some(clock) = self.live().clock {
            self.send(Msg::Beat(clock));
        }
        self
    }

    fn happens(&mut self, happenings: Vec<Happening>) -> &mut Self {
        let run = self.live().run;
        let happened = happenings.into_iter().map(Arc::new).collect();
        self.send(Msg::Live(run, Box::new(LiveStep::Happened(happened, 0))))
    }
}

/// The keys that lead to a screen.
type Go = fn(&mut Lab);

const SCREENS: [(&str, Go); 10] = [
    ("empty", |_| {}),
    ("travelling", |lab| {
        lab.keys(" ");
        for _ in 0..2 {
            let clock = lab.live().clock.unwrap();
            lab.send(Msg::Beat(clock));
        }
    }),
    ("map", |lab| {
        lab.keys("       ").arrive();
    }),
    ("list", |lab| {
        lab.keys("       \tkkk").arrive();
    }),
    ("why", |lab| {
        lab.keys("  \t\t").arrive();
    }),
    ("forged", |lab| {
        lab.keys("     \t\t").arrive();
    }),
    ("handshake", |lab| {
        lab.keys("      \t\t").arrive();
    }),
    ("log", |lab| {
        lab.keys("   \t\t\t").arrive();
    }),
    ("asks", |lab| {
        lab.keys("\njj");
    }),
    ("permissions", |lab| {
        lab.keys("mjjljjj");
    }),
];

#[test]
fn the_live_cluster_looks_as_it_did() {
    for (name, go) in SCREENS {
        for language in Language::ALL {
            for size in SIZES {
                let mut lab = Lab::alive(language, size);
                go(&mut lab);
                insta::assert_snapshot!(format!("live-{name}_{}x{}_{language}", size.0, size.1), lab.text());
            }
        }
    }
}

#[test]
fn a_request_travels_and_then_nothing_moves() {
    let mut lab = Lab::alive(Language::En, (120, 36));
    assert_eq!(lab.live().clock, None, "nothing has happened, so nothing is due");
    lab.keys(" ");
    assert!(lab.effects.iter().any(|effect| effect.contains("Ask") && effect.contains("admin")));
    assert!(!lab.text().contains("▸│ ✓ 200"), "what it came to is seen when it arrives:\n{}", lab.text());
    for beat in 0..BEATS {
        let clock = lab.live().clock.unwrap_or_else(|| panic!("{beat} beats"));
        lab.send(Msg::Beat(clock));
    }
    assert_eq!(lab.live().clock, None, "it has arrived");
    assert!(lab.text().contains("list pods ▸│ ✓ 200"), "{}", lab.text());
    lab.model.redraw = false;
    for stale in 0..lab.model.run + 2 {
        lab.send(Msg::Beat(stale));
    }
    assert!(!lab.model.redraw, "what is not due draws nothing");
}

#[test]
fn each_outcome_is_told_with_who_said_so() {
    let mut lab = Lab::alive(Language::En, (90, 60));
    lab.keys("\t\t");
    let seen = [
        (
            "admin",
            vec![
                "O=system:masters, CN=kube-admin",
                "✓ system:masters  allows it",
                "not asked: Node authorizer, RBAC",
            ],
        ),
        (
            "secrets",
            vec!["✗ 403", "system:masters  not in that group", "Nobody allows it", "secrets is forbidden"],
        ),
        ("node", vec!["only its own Node object"]),
        ("anonymous", vec!["no credential", "anonymous  system:anonymous", "system:unauthenticated"]),
        (
            "forged",
            vec!["✗ 401", "x509: certificate signed by unknown authority", "nobody: no authorizer is asked"],
        ),
        ("wrong-ca", vec!["The handshake failed", "unknown certificate authority", "No request came"]),
        ("etcd", vec!["client didn't provide a certificate"]),
    ];
    for (id, words) in seen {
        lab.happens(vec![happening(id)]).arrive();
        // Lines are broken where the pane ends.
        let text: Vec<String> = lab.text().split_whitespace().map(str::to_owned).collect();
        let text = text.join(" ");
        for word in words {
            let word = word.replace("  ", " ");
            assert!(text.contains(&word), "{id}: no {word}:\n{text}");
        }
    }
}

#[test]
fn who_only_has_a_client_s_name_is_not_that_client() {
    let mut lab = Lab::alive(Language::En, (120, 36));
    let who = Some(Identity::named::<&str>("kube-admin", &[]));
    lab.happens(vec![request(who, Some("OU=system:masters, CN=kube-admin"), "/api/v1/pods")]).arrive();
    let text = lab.text();
    let row = text.lines().find(|line| line.contains("anyone else")).unwrap();
    assert!(row.contains("kube-admin: list pods"), "{text}");
}

#[test]
fn what_is_pointed_at_stays_while_more_happens() {
    let mut lab = Lab::alive(Language::En, (120, 36));
    let admin = happening("admin");
    lab.happens(vec![admin.clone(); 5]);
    assert_eq!(lab.live().chosen, 4, "the newest is looked at");
    lab.keys("\tk");
    lab.happens(vec![happening("secrets"); 3]);
    assert_eq!(lab.live().chosen, 3);
    lab.happens(vec![admin; 600]);
    assert_eq!((lab.live().entries.len(), lab.live().chosen), (500, 0), "the oldest go");
    lab.keys(">");
    assert_eq!(lab.live().chosen, 499);
}

#[test]
fn keys_and_mouse_play_choose_and_leave() {
    let mut lab = Lab::alive(Language::En, (80, 24));
    lab.keys("\nj\n");
    assert!(lab.effects.iter().any(|effect| effect.contains("id: \"secrets\"")));
    assert!(lab.live().asks.is_none());
    lab.arrive();
    let (column, row) = lab.find("Log, audit");
    lab.click(column, row);
    assert_eq!(lab.live().pane, Pane::Log);
    assert!(lab.text().contains("httplog.go:134"), "{}", lab.text());
    lab.keys("a");
    let (column, row) = lab.find("dials etcd");
    lab.click(column, row).click(column, row);
    assert!(lab.effects.iter().any(|effect| effect.contains("id: \"etcd\"")));
    let effects = lab.press(KeyCode::Char('c'));
    let [Effect::Copy(text)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(text, "export KUBECONFIG=/home/kim/lab/serve/admin.kubeconfig\n");
    lab.keys("l");
    let effects = lab.press(KeyCode::Char('c'));
    assert!(matches!(&effects[..], [Effect::Copy(text)] if text.contains("kube-scheduler")), "{effects:?}");
    lab.keys("mljj");
    assert!(
        lab.text().contains("may not  bind pods") || lab.text().contains("may bind pods"),
        "{}",
        lab.text()
    );
    let (column, row) = lab.find("kube-proxy");
    lab.click(column + 25, row);
    assert_eq!(lab.live().matrix.as_ref().unwrap().row, 4);
    let cancel = lab.live().cancel.clone();
    lab.keys("q");
    assert!(lab.live().matrix.is_none() && !cancel.is_cancelled());
    lab.keys("q");
    assert!(lab.model.live.is_none() && cancel.is_cancelled(), "leaving stops the cluster");
}

#[test]
fn quitting_stops_the_cluster_and_what_comes_late_is_dropped() {
    let mut lab = Lab::alive(Language::En, (80, 24));
    let (cancel, run) = (lab.live().cancel.clone(), lab.live().run);
    assert!(matches!(lab.press(KeyCode::F(10))[..], [Effect::Quit]));
    assert!(cancel.is_cancelled());
    lab.keys("qs");
    lab.model.redraw = false;
    lab.send(Msg::Live(run, Box::new(LiveStep::Happened(vec![Arc::new(happening("admin"))], 0))));
    lab.send(Msg::LiveEnded(run, Err("late".into()))).send(Msg::Asked(run, Err("late".into())));
    assert!(!lab.model.redraw && lab.live().entries.is_empty());
}

#[test]
fn what_went_wrong_is_told_in_a_sentence() {
    let mut lab = Lab::alive(Language::En, (80, 24));
    let run = lab.live().run;
    lab.send(Msg::Asked(run, Ok(Some("tls: failed to verify certificate: x509: \u{1b}[2J".into()))));
    assert!(lab.text().contains("The client prints: tls: failed to verify certificate"), "{}", lab.text());
    assert!(!lab.text().contains('\u{1b}'));
    let mut elsewhere = opened();
    (elsewhere.is_elsewhere, elsewhere.address) = (true, "127.0.0.1:40001".parse().unwrap());
    lab.send(Msg::Live(run, Box::new(LiveStep::Opened(Box::new(elsewhere)))));
    assert!(lab.text().contains("port 6443, so this API server takes 40001"), "{}", lab.text());
    lab.send(Msg::LiveEnded(run, Err("cannot listen on 127.0.0.1:0: permission denied".into())));
    assert!(
        lab.text().contains("✗ cannot listen on") && lab.text().contains("Enter try again"),
        "{}",
        lab.text()
    );
    lab.keys("\n");
    assert!(lab.text().contains("The cluster is being opened"));
}

#[test]
fn nothing_hostile_reaches_the_terminal_from_a_request() {
    let mut lab = Lab::alive(Language::En, (120, 36));
    let hostile = "a\u{1b}[2J\u{202e}b";
    let who = Some(Identity::named(hostile, &[hostile]));
    let mut happening = request(who, Some(hostile), "/api/v1/pods");
    happening.log.push(hostile.into());
    lab.happens(vec![happening, refused(hostile, hostile)]).arrive();
    for _ in 0..2 {
        let text = lab.text();
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
        lab.keys("k");
    }
}

#[test]
fn without_colour_and_in_ascii_it_says_the_same() {
    for (_, go) in SCREENS {
        let mut lab = Lab::alive(Language::En, (120, 36));
        lab.model.theme = crate::ui::theme::Theme::new(false, true);
        go(&mut lab);
        assert!(lab.text().is_ascii(), "{}", lab.text());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_keys_at_any_size_keep_it_whole(
        keys in "[ \n\tjkhlmacq<>?]{0,24}",
        columns in 60u16..221,
        rows in 20u16..71,
        korean in any::<bool>(),
    ) {
        let language = if korean { Language::Ko } else { Language::En };
        let mut lab = Lab::alive(language, (columns, rows));
        lab.keys(&keys);
        lab.buffer();
        lab.send(Msg::Resized(220 - columns / 2, 90 - rows));
        lab.buffer();
    }
}
