//! What lies over the rest, resetting, the seal, two panels at once, and every kind of panel
//! at every size.

use super::*;
use crate::lab::{ChainView, FileView, Holder, Rung, TerminalLine, TerminalView};
use crate::ui::overlay::Overlay;
use crate::ui::theme::Theme;

fn found(lab: &Lab) -> Vec<(usize, Option<usize>)> {
    match &lab.model.overlay {
        Some(Overlay::Find(find)) => find.found.iter().map(|found| (found.lesson, found.step)).collect(),
        other => panic!("no search: {other:?}"),
    }
}

#[test]
fn a_search_finds_titles_first_and_goes_there() {
    let mut lab = Lab::new(Language::En, (80, 24));
    lab.keys("/KUBELETS");
    assert_eq!(found(&lab), [(7, None)]);
    lab.keys("\n");
    let study = lab.model.study.as_ref().unwrap();
    assert_eq!((study.lesson, study.step), (7, 0));
    assert!(lab.model.overlay.is_none());
    // In the text only: every lesson of the fake has the same steps.
    lab.keys("/ou creates");
    assert!(found(&lab).is_empty());
    lab.key(KeyCode::Esc);
    lab.keys("/lecture's command");
    assert_eq!(found(&lab).len(), 10);
    assert!(lab.text().contains("The lecture's command writes /CN=kube-admin"), "{}", lab.text());
    lab.key(KeyCode::Down).key(KeyCode::Down).keys("\n");
    let study = lab.model.study.as_ref().unwrap();
    assert_eq!((study.lesson, study.step), (2, 1));
}

#[test]
fn what_is_typed_into_the_search_stays_what_it_is() {
    let mut lab = Lab::new(Language::Ko, (60, 20));
    lab.keys("/인증 기관");
    let text = lab.text();
    assert!(text.contains("/ 인증 기관") && text.contains("인증 기관(CA)"), "{text}");
    assert_eq!(found(&lab)[0], (1, None));
    // Letters that are commands elsewhere; then taken back.
    lab.key(KeyCode::Backspace).keys("qo?LgㅂR");
    assert!(lab.text().contains("/ 인증 기qo?LgㅂR"), "{}", lab.text());
    assert!(lab.model.help.is_none() && lab.model.language == Language::Ko);
    let clear = KeyEvent::new(KeyCode::Char('u'), KeyModifiers::CONTROL);
    lab.send(Msg::Key(clear));
    assert_eq!(found(&lab).len(), 80, "all lessons and steps");
    // A syllable in its parts, and what is pasted.
    lab.send(Msg::Pasted("\u{110f}\u{116e}\u{1107}\u{1165}\u{1b}[2J".into()));
    assert!(lab.text().contains("/ 쿠버[2J"), "{}", lab.text());
    lab.key(KeyCode::F(2));
    assert_eq!(lab.model.language, Language::En);
    lab.send(Msg::Pasted("가".repeat(5000)));
    assert_whole(&lab);
    lab.key(KeyCode::Esc);
    assert!(lab.model.overlay.is_none());
}

#[test]
fn the_cursor_stands_where_the_next_letter_goes() {
    let mut lab = Lab::new(Language::Ko, (80, 24));
    assert_eq!(crate::ui::view::cursor(&lab.model), None);
    lab.keys("/인증");
    let (column, row) = lab.find("/ 인증");
    let cursor = crate::ui::view::cursor(&lab.model).unwrap();
    assert_eq!((cursor.x, cursor.y), (column + 6, row));
}

#[test]
fn the_list_of_all_steps_shows_where_one_is_and_what_is_done() {
    let mut lab = Lab::new(Language::En, (120, 36));
    lab.keys("\nllo");
    let text = lab.text();
    assert!(text.contains("▸     3 · Make the admin's certificate"), "{text}");
    assert!(text.contains("2 ✓ What if the group is in OU?"), "{text}");
    lab.keys("jj\n");
    assert_eq!(lab.step(), 4);
    lab.keys("oo");
    assert!(lab.model.overlay.is_none());
    // From the list into the search.
    lab.keys("o/etcd");
    assert_eq!(found(&lab)[0], (5, None));
}

#[test]
fn going_elsewhere_stops_the_work() {
    let mut lab = Lab::new(Language::En, (80, 24));
    lab.keys("\nll");
    let effects = lab.press(KeyCode::Enter);
    let Some(Effect::Perform { cancel, .. }) = effects.first() else { panic!("{effects:?}") };
    lab.keys("okk\n");
    assert!(cancel.is_cancelled());
    assert_eq!(lab.step(), 0);
}

#[test]
fn the_glossary_tells_the_terms_of_the_step_first() {
    for (language, here, rest) in
        [(Language::En, "In this step", "Other terms"), (Language::Ko, "이 단계에 나오는 용어", "다른 용어")]
    {
        let mut lab = Lab::new(language, (200, 60));
        lab.keys("\ng");
        let text = lab.text();
        let (first, _) = text.split_once(rest).unwrap();
        assert!(first.contains(here) && first.contains("client certificate"), "{text}");
        lab.keys("G");
        let end = lab.text();
        assert_ne!(end, text);
        lab.keys("jj");
        assert_eq!(lab.text(), end, "it ends where it ends");
        lab.keys("gg");
        assert!(lab.text().contains(here));
        lab.key(KeyCode::Esc);
        assert!(lab.model.overlay.is_none() && lab.model.study.is_some());
    }
    let mut lab = Lab::new(Language::En, (60, 20));
    lab.keys("g");
    assert!(lab.text().contains("All terms"));
}

#[test]
fn a_lesson_is_reset_when_it_is_asked_twice() {
    let mut lab = Lab::new(Language::En, (80, 24));
    lab.keys("R");
    assert!(lab.text().contains("R again resets lesson 3"));
    // Another key between: it is asked anew.
    lab.keys("kR");
    assert!(lab.text().contains("R again resets lesson 2"));
    assert!(lab.effects.is_empty());
    lab.keys("R");
    assert_eq!(lab.effects, ["Reset(\"the-ca\")"]);
    let row = lab.text().lines().find(|line| line.contains("The certificate authority")).unwrap().to_owned();
    assert!(row.contains("new"), "{row}");
    assert!(lab.text().contains("1 of 10 lessons done"));
    lab.keys("R");
    assert!(lab.text().contains("R again resets"), "once more is asked again");
}

#[test]
fn the_seal_is_pressed_when_something_is_signed() {
    let mut lab = Lab::new(Language::En, (80, 24));
    lab.keys("\nll");
    assert!(!lab.text().contains("┃ 도장 ┃"));
    lab.keys("\n");
    assert!(lab.text().contains("┃ 도장 ┃  ✓ Made: 1"), "{}", lab.text());
    let buffer = lab.buffer();
    let side = buffer.content.iter().filter(|cell| cell.symbol() == "┏").collect::<Vec<_>>();
    assert!(side.iter().all(|cell| cell.fg == ratatui::style::Color::Red) && !side.is_empty());
    lab.model.theme = Theme::new(false, true);
    assert!(lab.text().contains("[SEAL]  + Made: 1"), "{}", lab.text());
    // Not for what was there already, nor for a connection.
    lab.keys("ll\n");
    assert!(!lab.text().contains("[SEAL]"));
}

fn report(artifacts: usize, made_first: &[&str], panels: Vec<Panel>) -> StepReport {
    StepReport {
        made_first: made_first.iter().map(|id| (*id).to_owned()).collect(),
        expected: "made 1".into(),
        observed: "made 1".into(),
        ok: true,
        artifacts,
        panels,
    }
}

#[test]
fn what_was_made_first_is_said() {
    for (language, says) in
        [(Language::En, "Made first for this step: ca, admin"), (Language::Ko, "먼저 만들었어요: ca, admin")]
    {
        let mut lab = Lab::new(language, (120, 36));
        lab.keys("\nll");
        lab.press(KeyCode::Enter);
        let run = lab.model.run;
        lab.send(Msg::Performed(run, Ok(report(3, &["ca", "admin"], Vec::new()))));
        assert!(lab.text().contains(says), "{}", lab.text());
    }
}

#[test]
fn the_seal_is_pressed_when_openssl_signs_too() {
    for (command, status, signed) in [
        ("openssl x509 -req -in a.csr -CA ca.crt -CAkey ca.key", 0, true),
        ("openssl x509 -in a.crt -noout -text", 0, false),
        ("openssl x509 -req -in a.csr -CA ca.crt -CAkey ca.key", 1, false),
        ("openssl req -new -key a.key", 0, false),
    ] {
        let mut lab = Lab::new(Language::En, (120, 36));
        lab.keys("\nll");
        lab.press(KeyCode::Enter);
        let line = TerminalLine { command: command.into(), output: String::new(), status: Some(status) };
        let view = TerminalView { lines: vec![line], ..TerminalView::default() };
        let run = lab.model.run;
        lab.send(Msg::Performed(run, Ok(report(0, &[], vec![Panel::Terminal(view)]))));
        assert_eq!(lab.text().contains("┃ 도장 ┃"), signed, "{command}");
    }
}

#[test]
fn two_panels_are_seen_at_once_where_there_is_room() {
    let mut lab = Lab::new(Language::En, (200, 60));
    lab.keys("\nlllll\n");
    let text = lab.text();
    assert!(text.contains("· Connection ─") && text.contains("· kube-apiserver ─"), "{text}");
    lab.keys("\t\t");
    let text = lab.text();
    assert!(text.contains("· Connection ─") && text.contains("▸ kube-apiserver ━"), "{text}");
    let (column, row) = lab.find("· Connection");
    lab.click(column, row);
    assert_eq!(lab.model.study.as_ref().unwrap().panel, 0);
    // The wheel scrolls what is under it, not what has the focus.
    lab.send(Msg::Resized(150, 42));
    let before = lab.model.study.as_ref().unwrap().panel_scroll;
    let (column, row) = lab.find("authorityKeyIdentifier");
    let kind = MouseEventKind::ScrollDown;
    lab.send(Msg::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
    let study = lab.model.study.as_ref().unwrap();
    assert_eq!((study.panel, study.panel_scroll), (0, before));
}

#[test]
fn the_footer_and_what_lies_over_the_rest_can_be_clicked() {
    let mut lab = Lab::new(Language::En, (80, 24));
    let (column, row) = lab.find("/ find");
    lab.click(column, row);
    assert!(matches!(lab.model.overlay, Some(Overlay::Find(_))));
    lab.keys("peers");
    let (column, row) = lab.find("etcd and its peers");
    lab.click(column, row);
    assert_eq!(lab.model.study.as_ref().unwrap().lesson, 5);
    lab.keys("g").click(0, 0);
    assert!(lab.model.overlay.is_none(), "a click beside it closes it");
    let (column, row) = lab.find("q back");
    lab.click(column, row);
    assert!(lab.model.study.is_none());
}

#[test]
fn on_a_light_background_pale_colours_give_way() {
    use ratatui::style::Color;
    let mut lab = Lab::new(Language::En, (120, 36));
    lab.model.theme = Theme::new(true, false);
    lab.keys("\nlllll\n");
    let pale = [Color::Cyan, Color::Green, Color::Magenta, Color::Yellow, Color::Red];
    let count = |lab: &Lab| lab.buffer().content.iter().filter(|cell| pale.contains(&cell.fg)).count();
    assert!(count(&lab) > 0);
    lab.send(Msg::Background(true));
    assert_eq!(count(&lab), 0);
    lab.model.redraw = false;
    lab.send(Msg::Background(true));
    assert!(!lab.model.redraw);
}

#[test]
fn changed_lessons_keep_the_place() {
    let mut lab = Lab::new(Language::En, (80, 24));
    lab.keys("\nll");
    let mut lessons = lab.model.lessons.clone();
    lessons.remove(0);
    lessons[1].steps.remove(0);
    let progress = lab.engine.progress();
    let problem = "02-two/en.md:7: there is no `---`".to_owned();
    lab.send(Msg::Lessons(lessons.clone(), progress.clone(), vec![problem]));
    assert!(lab.text().contains("02-two/en.md:7"), "{}", lab.text());
    lab.send(Msg::Lessons(lessons, progress.clone(), Vec::new()));
    let study = lab.model.study.as_ref().unwrap();
    assert_eq!((study.lesson, study.step), (1, 1));
    assert!(lab.text().contains("Make the admin's certificate"));
    lab.send(Msg::Lessons(Vec::new(), progress, Vec::new()));
    assert!(lab.model.study.is_none());
    lab.keys("/x\n").key(KeyCode::Esc).keys("oRgq");
    let _ = lab.buffer();
}

/// Every kind of panel, with words of this kind in it.
fn panels(word: &str) -> Vec<Panel> {
    let long = format!("{word} ").repeat(9);
    let rung = |id: &str, authority| Rung {
        id: id.into(),
        made: authority,
        authority,
        subject: format!("O={word}, CN={id}"),
        issuer: "CN=root".into(),
        not_after: Some("2027-11-23T19:51:21Z".into()),
    };
    let line =
        TerminalLine { command: format!("openssl x509 -in {word}"), output: long.clone(), status: Some(1) };
    let engine = Fake::new();
    let of = |step: &str| engine.panels("", step);
    let mut panels = vec![
        Panel::Chain(ChainView { rungs: vec![rung(word, false), rung("root", true)], judged: None }),
        Panel::File(FileView {
            path: format!("{word}.cnf"),
            lines: vec![(long, true), (word.into(), false)],
        }),
        Panel::Trust(vec![Holder {
            component: word.into(),
            certificates: vec!["ca".into(), word.into()],
            keys: vec!["ca".into()],
        }]),
        Panel::Terminal(TerminalView {
            version: None,
            files: vec![word.into()],
            lines: vec![line],
            recorded: vec![("3.0".into(), word.into())],
        }),
        fake::connection(Some(false)),
    ];
    for step in ["account", "make", "look", "kinds"] {
        panels.extend(of(step));
    }
    panels
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn every_kind_of_panel_stands_whole_at_every_size(
        columns in 60u16..=220,
        rows in 20u16..=70,
        word in "[가-힣a-z:/]{1,30}",
        from in 0usize..9,
        scrolled in 0usize..30,
        korean: bool,
    ) {
        let mut lab = Lab::new(if korean { Language::Ko } else { Language::En }, (columns, rows));
        lab.keys("\n");
        let run = lab.model.run;
        let shown: Vec<Panel> = panels(&word).into_iter().skip(from).collect();
        lab.send(Msg::Panels(run, shown)).keys("\t").keys(&"j".repeat(scrolled));
        assert_whole(&lab);
        lab.keys("\t");
        assert_whole(&lab);
        for keys in ["/", "o", "g"] {
            lab.keys(keys).keys(&word);
            let _ = lab.text();
            lab.key(KeyCode::Esc);
        }
    }

    #[test]
    fn what_lies_over_the_rest_has_no_gap_in_its_border(
        columns in 60u16..=220,
        rows in 20u16..=70,
        word in "[가-힣a-z]{0,12}",
        over in "[/og]",
        korean: bool,
    ) {
        let mut lab = Lab::new(if korean { Language::Ko } else { Language::En }, (columns, rows));
        lab.keys("\nl").keys(&over);
        if over == "/" {
            lab.keys(&word);
        } else {
            lab.keys("jjjj");
        }
        assert_popup_whole(&lab);
    }
}

#[test]
fn the_cluster_is_a_map_where_there_is_room() {
    for (language, control) in [(Language::En, "control plane cp1"), (Language::Ko, "컨트롤 플레인 cp1")]
    {
        let mut lab = Lab::new(language, (200, 60));
        lab.keys("\n");
        let text = lab.text();
        assert!(text.contains(control) && text.contains("│ kube-apiserver :6443 │"), "{text}");
        assert!(text.contains("← 1-5  → 6 8"), "{text}");
        assert!(text.contains("6  kube-apiserver@cp1 [apiserver-etcd-client] → etcd@cp1 [etcd]"), "{text}");
        lab.model.theme = Theme::new(true, true);
        let odd: String =
            lab.text().chars().filter(|c| !c.is_ascii() && !('가'..='힣').contains(c)).collect();
        assert_eq!(odd, "");
        // Else the list.
        lab.send(Msg::Resized(80, 24));
        assert!(!lab.text().contains(control));
    }
}
