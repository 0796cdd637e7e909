//! The handshake theatre, on connections that were recorded once: what keys and mouse do,
//! how it looks, and what it does not let through.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::lab::{Judgement, Moment, PlayRequest, Scene, Variant};
use crate::text::Language;
use crate::ui::theatre::{Beat, Mark, Page, Pairing, Pane, Show};
use crate::wire::{Kind, Side};

mod fields;
mod recorded;

use recorded::every_kind;
pub(super) use recorded::recorded;

impl Lab {
    /// The theatre with the API server's connection to etcd, before it has been played.
    fn in_theatre(language: Language, size: (u16, u16)) -> Self {
        let mut lab = Self::new(language, size);
        lab.keys("pjjjjj\n");
        lab
    }

    fn show(&self) -> &Show {
        self.model.theatre.as_ref().unwrap().show.as_ref().unwrap()
    }

    /// The next so many beats.
    fn beats(&mut self, count: usize) -> &mut Self {
        for _ in 0..count {
            let clock = self.show().clock.unwrap();
            self.send(Msg::Beat(clock));
        }
        self
    }

    /// Points at the message of this kind, from the beginning.
    fn at(&mut self, kind: Kind) -> &mut Self {
        self.keys(">");
        self.keys("<");
        while self.show().message().is_none_or(|(_, message)| message.kind != kind) {
            self.keys("j");
        }
        self
    }
}

/// The keys that lead to a screen.
type Go = fn(&mut Lab);

/// The screens that are looked at, and how they are come to.
fn screens() -> Vec<(&'static str, Go)> {
    vec![
        ("list", |lab| {
            lab.keys("q");
        }),
        ("playing", |lab| {
            lab.beats(8);
        }),
        ("whole", |lab| {
            lab.keys(">");
        }),
        ("verdict", |lab| {
            lab.at(Kind::CERTIFICATE).keys("j\n");
        }),
        ("fields", |lab| {
            lab.at(Kind::CLIENT_HELLO).keys("\njjjjjj");
        }),
        ("bytes", |lab| {
            lab.at(Kind::CERTIFICATE_REQUEST).keys("\njjjjjjjj\n");
        }),
        ("outside", |lab| {
            lab.at(Kind::CERTIFICATE).keys("e");
        }),
        ("ciphertext", |lab| {
            lab.at(Kind::CERTIFICATE).keys("e\n\n");
        }),
        ("keys", |lab| {
            lab.keys(">sj");
        }),
        ("versions", |lab| {
            lab.keys(">v>");
        }),
        ("pick", |lab| {
            lab.keys(">d");
        }),
        ("compared", |lab| {
            lab.keys(">d\n>");
        }),
        ("difference", |lab| {
            lab.keys(">d\n<");
            while lab.show().differs.is_empty() {
                lab.keys("j");
            }
            lab.keys("\t\n");
        }),
        ("help", |lab| {
            lab.keys(">?");
        }),
    ]
}

#[test]
fn the_theatre_looks_as_it_did() {
    for (name, go) in screens() {
        for language in Language::ALL {
            for size in SIZES {
                let mut lab = Lab::in_theatre(language, size);
                go(&mut lab);
                let file = format!("theatre-{name}_{}x{}_{language}", size.0, size.1);
                insta::assert_snapshot!(file, lab.text());
            }
        }
    }
}

#[test]
fn it_plays_by_itself_and_then_rests() {
    let mut lab = Lab::in_theatre(Language::En, (80, 24));
    let all = lab.show().rows.len();
    assert_eq!(lab.show().shown, 1);
    assert!(lab.effects.last().unwrap().starts_with("Wake"));
    lab.beats(all - 1);
    assert_eq!((lab.show().shown, lab.show().clock), (all, None), "at the end nothing is due");
    lab.model.redraw = false;
    for stale in 0..lab.model.run + 2 {
        lab.send(Msg::Beat(stale));
    }
    assert!(!lab.model.redraw, "what is not due draws nothing");
    // Again from the beginning; a key stops it.
    lab.keys(" ");
    assert_eq!(lab.show().shown, 1);
    let clock = lab.show().clock.unwrap();
    lab.keys("  ");
    assert_ne!(lab.show().clock, Some(clock), "an older beat is not the one that is waited for");
    lab.keys("j");
    assert_eq!(lab.show().clock, None);
}

#[test]
fn speed_changes_how_long_a_beat_takes() {
    let mut lab = Lab::in_theatre(Language::En, (80, 24));
    let gap = lab.show().gap().unwrap();
    lab.keys("+");
    assert!(lab.show().gap().unwrap() < gap && lab.text().contains("1 ms = 500 ms"));
    lab.keys("---");
    assert!(lab.show().gap().unwrap() > gap && lab.text().contains("1 ms = 4 s"));
    lab.keys("----");
    assert!(lab.text().contains("1 ms = 4 s"));
}

#[test]
fn it_is_walked_by_keys_alone() {
    let mut lab = Lab::in_theatre(Language::En, (80, 24));
    lab.keys(" ll");
    assert_eq!(lab.show().shown, 3, "right goes a step further");
    lab.keys("h");
    assert_eq!((lab.show().shown, lab.show().chosen), (2, 1), "left takes it back");
    lab.keys("j");
    assert_eq!((lab.show().shown, lab.show().chosen), (3, 2), "down goes beyond what was played");
    lab.keys("kk\n");
    assert_eq!((lab.show().open, lab.show().pane), (Pane::Fields, Pane::Fields));
    assert!(lab.text().contains("msg_type  client_hello (1)"), "{}", lab.text());
    lab.keys("jj\n");
    assert_eq!((lab.show().open, lab.show().pane), (Pane::Bytes, Pane::Bytes));
    assert_eq!(lab.show().field().unwrap().name, "legacy_version");
    assert_eq!(lab.show().byte, 4);
    lab.keys("ll");
    assert_eq!((lab.show().byte, lab.show().field().unwrap().name), (6, "random"));
    lab.keys("\t\t");
    assert_eq!(lab.show().pane, Pane::Fields);
    lab.key(KeyCode::Esc);
    assert_eq!(lab.show().open, Pane::Fields);
    lab.keys("h");
    assert_eq!((lab.show().open, lab.show().pane), (Pane::Fields, Pane::Ladder));
    lab.keys("q");
    assert_eq!(lab.show().open, Pane::Ladder);
    lab.keys("s");
    assert_eq!(lab.show().page, Page::Keys(0));
    assert!(lab.text().contains("SERVER_HANDSHAKE_TRAFFIC_SECRET"), "{}", lab.text());
    lab.keys("jjjjjjj");
    assert_eq!(lab.show().page, Page::Keys(3));
    lab.keys("sqq");
    assert!(lab.model.theatre.is_none(), "out of the show, then of the list");
}

#[test]
fn the_mouse_chooses_opens_and_scrolls() {
    let mut lab = Lab::in_theatre(Language::En, (120, 36));
    lab.keys(">");
    let (column, row) = lab.find("CertificateRequest");
    lab.click(column, row);
    assert_eq!(lab.show().message().unwrap().1.kind, Kind::CERTIFICATE_REQUEST);
    lab.click(column, row);
    assert_eq!(lab.show().pane, Pane::Fields);
    let (column, row) = lab.find("  certificate_request_context");
    lab.click(column, row);
    let chosen = lab.show().field;
    assert_eq!(lab.show().field().unwrap().name, "certificate_request_context");
    lab.click(column, row);
    assert_eq!(lab.show().open, Pane::Bytes);
    let (column, row) = lab.find("0000  0d");
    lab.click(column + 6, row);
    assert_eq!((lab.show().byte, lab.show().field().unwrap().name), (0, "msg_type"));
    let (column, row) = lab.find("  certificate_request_context");
    let wheel = |kind| Msg::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE });
    lab.send(wheel(MouseEventKind::ScrollDown));
    assert_eq!((lab.show().pane, lab.show().field), (Pane::Fields, 1));
    assert!(chosen > 1);
    // The list of connections and the list of faults.
    lab.keys("qqd");
    let (column, row) = lab.find("F22");
    lab.click(column, row).click(column, row);
    assert_eq!(lab.show().pairing, Some(Pairing::Runs));
    lab.keys("qq");
    let mut lab = Lab::new(Language::En, (80, 24));
    lab.keys("p");
    let (column, row) = lab.find("etcd-healthcheck");
    lab.click(column, row).click(column, row);
    assert_eq!(lab.show().stages[0].play.client, "etcd-healthcheck");
}

#[test]
fn a_refused_client_of_tls_1_3_finishes_first_and_is_told_later() {
    let scene = Scene::Edge { client: "kube-apiserver@cp1".into(), server: "etcd@cp1".into() };
    let request = PlayRequest { scene, tls: None, variant: Variant::Fault("F22".into()) };
    let mut lab = Lab::new(Language::En, (80, 24));
    crate::ui::update::show(&mut lab.model, Arc::new(recorded(&request)));
    lab.keys(">");
    let beats = &lab.show().stages[0].beats;
    let place = |beat: Beat| beats.iter().position(|known| *known == beat).unwrap();
    let (finished, told) = (place(Beat::Finished(Side::Client)), place(Beat::Told));
    assert!(finished < told);
    assert!(!beats.contains(&Beat::Finished(Side::Server)), "a server that refuses never finishes");
    let refused = place(Beat::Judged(1));
    let messages = &lab.show().stages[0].transcript.messages;
    let Beat::Message(at) = beats[refused - 1] else { panic!("the verdict falls at a message") };
    assert_eq!((messages[at].kind, messages[at].from), (Kind::CERTIFICATE, Side::Client));
    let text = lab.text();
    assert!(text.contains("✗ refuses: trusted issuer") && text.contains("✗ only now it learns"), "{text}");
}

#[test]
fn an_eavesdropper_sees_sizes_and_no_content() {
    let mut lab = Lab::in_theatre(Language::En, (120, 36));
    lab.keys(">");
    assert!(lab.text().contains("CN=kube-apiserver-etcd-client"));
    lab.keys("e");
    let text = lab.text();
    assert!(!text.contains("CN="), "{text}");
    assert!(text.contains("application_data") && text.contains("ClientHello"), "{text}");
    let records = lab.show().stages[0].transcript.records.len();
    assert_eq!(lab.show().rows.len(), records);
    // In TLS 1.2 both certificates go over the wire for all to read.
    lab.keys("ev>e");
    let [new, old] = [0, 1].map(|stage| &lab.show().stages[stage].outside);
    let tells = |messages: &[crate::wire::Message]| {
        messages.iter().any(|message| message.summary.contains("CN=kube-apiserver-etcd-client"))
    };
    assert!(!tells(new) && tells(old));
}

#[test]
fn differences_of_two_runs_are_marked_and_nothing_else() {
    let mut lab = Lab::in_theatre(Language::En, (200, 60));
    lab.keys(">d\n>");
    let show = lab.show();
    assert_eq!(show.pairing, Some(Pairing::Runs));
    let marked: Vec<String> = show
        .rows
        .iter()
        .filter(|row| row.mark == Mark::Differs)
        .map(|row| match show.stages[0].beats[row.beats[0].unwrap()] {
            Beat::Message(at) => show.stages[0].transcript.messages[at].kind.to_string(),
            beat => format!("{beat:?}"),
        })
        .collect();
    assert_eq!(marked, ["certificate", "Judged(1)", "alert"]);
    assert!(show.rows.iter().any(|row| row.mark == Mark::Alone));
    let text = lab.text();
    assert!(
        text.contains("healthy") && text.contains("faulty") && text.contains("not in this run"),
        "{text}"
    );
    lab.keys("d");
    assert_eq!((lab.show().pairing, lab.show().stages.len()), (None, 1));
}

#[test]
fn two_versions_stand_beside_each_other_where_there_is_room() {
    let mut wide = Lab::in_theatre(Language::En, (120, 36));
    wide.keys(">v>");
    let text = wide.text();
    assert!(text.contains("ServerHelloDone") && text.contains("EncryptedExtensions"), "{text}");
    wide.keys("\t");
    assert_eq!(wide.show().front, 1);
    wide.keys("v");
    assert_eq!(wide.show().pairing, None);
    let mut narrow = Lab::in_theatre(Language::En, (80, 24));
    narrow.keys(">v<");
    let text = narrow.text();
    assert!(text.contains("ServerHelloDone") && !text.contains("EncryptedExtensions"), "{text}");
    narrow.keys("v<");
    assert!(narrow.text().contains("EncryptedExtensions"), "{}", narrow.text());
}

#[test]
fn a_connection_that_was_just_made_is_shown_and_one_from_elsewhere_too() {
    let mut lab = Lab::new(Language::Ko, (80, 24));
    lab.keys("\nllll\n");
    let run = lab.model.study.as_ref().unwrap().run;
    let Panel::Connection(mut connection) = fake::connection(Some(true)) else { unreachable!() };
    let scene = Scene::Step { lesson: "the-admin".into(), step: "connect".into() };
    let play = recorded(&PlayRequest { scene, tls: None, variant: Variant::Plain });
    let outcome = connection.outcome.as_mut().unwrap();
    (outcome.recording, outcome.judgements) = (Some(Arc::clone(&play.recording)), play.judgements.clone());
    lab.send(Msg::Panels(run, vec![Panel::Connection(connection)]));
    assert!(lab.text().contains("p 연결 보기"), "{}", lab.text());
    lab.keys("p>");
    assert!(lab.text().contains("admin → kube-apiserver@cp1"), "{}", lab.text());
    lab.keys("q");
    assert!(lab.model.theatre.is_none() && lab.model.study.is_some(), "back in the lesson");
    crate::ui::update::show(&mut lab.model, Arc::new(play));
    lab.keys(">v");
    assert!(lab.text().contains("다시 만들 수 없어요"), "{}", lab.text());
}

#[test]
fn what_is_waited_for_can_be_left_and_comes_too_late() {
    let mut lab = Lab::new(Language::En, (80, 24));
    lab.keys("p");
    let effects = lab.press(KeyCode::Enter);
    let Some(Effect::Play { run, request, cancel }) = effects.first() else { panic!("{effects:?}") };
    assert!(lab.text().contains("Connecting…"));
    lab.key(KeyCode::Esc);
    assert!(cancel.is_cancelled());
    lab.send(Msg::Played(*run, Ok(Box::new(recorded(request)))));
    assert!(lab.model.theatre.as_ref().unwrap().show.is_none());
    let effects = lab.press(KeyCode::Enter);
    let Some(Effect::Play { run, .. }) = effects.first() else { panic!("{effects:?}") };
    lab.send(Msg::Played(*run, Err("no loopback\u{1b}[2J".into())));
    let text = lab.text();
    assert!(text.contains("no loopback") && !text.contains('\u{1b}'), "{text}");
}

#[test]
fn ascii_and_no_colour_hold_in_the_theatre_too() {
    for (_, go) in screens() {
        let mut lab = Lab::in_theatre(Language::Ko, (120, 36));
        lab.model.theme = crate::ui::theme::Theme::new(false, true);
        go(&mut lab);
        let odd: String =
            lab.text().chars().filter(|c| !c.is_ascii() && !('가'..='힣').contains(c)).collect();
        assert_eq!(odd, "");
        let has_none = |cell: &ratatui::buffer::Cell| cell.fg == ratatui::style::Color::Reset;
        assert!(lab.buffer().content.iter().all(has_none));
    }
}

#[test]
fn names_from_elsewhere_cannot_touch_the_terminal() {
    let mut play = every_kind();
    play.client = "evil\u{1b}]52;c;AAAA\u{7}\u{202e}".into();
    play.judgements.push(Judgement {
        by: Side::Client,
        at: Moment::Certificate,
        verdict: None,
        refusal: Some("a\u{1b}[2Jb".into()),
    });
    let play = Arc::new(play);
    for keys in [">", ">k\n", ">s", ">e"] {
        let mut lab = Lab::new(Language::En, (120, 36));
        crate::ui::update::show(&mut lab.model, Arc::clone(&play));
        let text = lab.keys(keys).text();
        assert!(text.chars().all(|c| c == '\n' || !c.is_control() && c != '\u{202e}'), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn nothing_is_cut_in_the_theatre(
        columns in 60u16..=220,
        rows in 20u16..=70,
        which in 0usize..14,
        korean: bool,
        more in "[jklehvds>< \n\t]{0,8}",
        then in (40u16..=220, 10u16..=70),
    ) {
        let mut lab = Lab::in_theatre(if korean { Language::Ko } else { Language::En }, (columns, rows));
        screens()[which].1(&mut lab);
        if lab.model.help.is_none() && !matches!(lab.model.mode(), crate::ui::model::Mode::Pick) {
            lab.keys(&more);
            if !matches!(lab.model.mode(), crate::ui::model::Mode::Pick) {
                assert_whole(&lab);
            }
        }
        lab.send(Msg::Resized(then.0, then.1));
        let _ = lab.buffer();
    }
}
