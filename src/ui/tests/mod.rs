//! The screen as a whole, with an engine that only pretends: what keys do, what it looks
//! like, and that nothing is ever cut at a border.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;

use crate::lab::{Panel, Progress, StepReport};
use crate::text::{Language, width};

use super::inspector::Entry;
use super::model::{Focus, Model, State};
use super::run::model_of;
use super::update::{Effect, Msg, update};
use super::view::view;
use super::{Engine, Options};

mod fake;
mod faults;
mod inspector;
mod live;
mod over;
mod theatre;
use fake::Fake;

/// A model and the engine behind it; effects are carried out at once.
struct Lab {
    engine: Fake,
    model: Model,
    effects: Vec<String>,
}

impl Lab {
    fn new(language: Language, size: (u16, u16)) -> Self {
        let engine = Fake::new();
        let options = Options { language: Some(language), color: true, ..Options::default() };
        let mut model = model_of(&engine, &options);
        model.size = size;
        Self { engine, model, effects: Vec::new() }
    }

    fn send(&mut self, msg: Msg) -> &mut Self {
        for effect in update(&mut self.model, msg) {
            self.effects.push(format!("{effect:?}"));
            match effect {
                Effect::Panels { run, lesson, step } => {
                    let panels = self.engine.panels(&lesson, &step);
                    self.send(Msg::Panels(run, panels));
                }
                Effect::Try { run, making, is_broken, cancel } => {
                    let steps = std::sync::Mutex::new(Vec::new());
                    let tell = |step| steps.lock().unwrap().push(step);
                    let result = self.engine.trial(&making, is_broken, &cancel, &tell);
                    for step in steps.into_inner().unwrap() {
                        self.send(Msg::TrialStep(run, Box::new(step)));
                    }
                    self.send(Msg::Tried(run, result.map(Box::new)));
                }
                Effect::Perform { run, lesson, step, cancel } => {
                    let result = self.engine.perform(&lesson, &step, &cancel, &|_| {});
                    self.send(Msg::Performed(run, result));
                }
                Effect::Gather { run } => {
                    let entries = self.engine.holdings().into_iter().map(Entry::of).collect();
                    self.send(Msg::Gathered(run, self.engine.now(), entries));
                }
                Effect::Check { run, file, name, certificates } => {
                    let certificates: Vec<&[u8]> = certificates.iter().map(Vec::as_slice).collect();
                    let now = self.engine.now();
                    let findings = crate::lab::findings(&name, file.as_deref(), &certificates, now);
                    self.send(Msg::Checked(run, findings));
                }
                Effect::Edges(run) => {
                    let edges = self.engine.edges();
                    self.send(Msg::Edges(run, edges));
                }
                Effect::Ask { run, id } => {
                    let happened = vec![std::sync::Arc::new(live::happening(&id))];
                    let step = crate::lab::LiveStep::Happened(happened, 0);
                    self.send(Msg::Live(run, Box::new(step)));
                }
                Effect::Permissions(run) => {
                    let permissions = self.engine.permissions();
                    self.send(Msg::Permissions(run, Box::new(permissions)));
                }
                Effect::Play { run, request, cancel } => {
                    let result = self.engine.play(&request, &cancel).map(Box::new);
                    self.send(Msg::Played(run, result));
                }
                _ => {}
            }
        }
        self
    }

    fn key(&mut self, code: KeyCode) -> &mut Self {
        self.send(Msg::Key(KeyEvent::new(code, KeyModifiers::NONE)))
    }

    /// Characters; `\n` is Enter, `\t` is Tab.
    fn keys(&mut self, keys: &str) -> &mut Self {
        for c in keys.chars() {
            match c {
                '\n' => self.key(KeyCode::Enter),
                '\t' => self.key(KeyCode::Tab),
                c => self.key(KeyCode::Char(c)),
            };
        }
        self
    }

    /// Presses a key without carrying out what follows.
    fn press(&mut self, code: KeyCode) -> Vec<Effect> {
        update(&mut self.model, Msg::Key(KeyEvent::new(code, KeyModifiers::NONE)))
    }

    fn click(&mut self, column: u16, row: u16) -> &mut Self {
        let kind = MouseEventKind::Down(MouseButton::Left);
        self.send(Msg::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }))
    }

    fn buffer(&self) -> Buffer {
        let mut terminal = Terminal::new(TestBackend::new(self.model.size.0, self.model.size.1)).unwrap();
        terminal.draw(|frame| view(&self.model, frame)).unwrap();
        terminal.backend().buffer().clone()
    }

    fn text(&self) -> String {
        text_of(&self.buffer())
    }

    fn step(&self) -> usize {
        self.model.study.as_ref().unwrap().step
    }

    fn find(&self, what: &str) -> (u16, u16) {
        let text = self.text();
        let (row, line) = text.lines().enumerate().find(|(_, line)| line.contains(what)).unwrap();
        let column = width(line.split(what).next().unwrap());
        (u16::try_from(column).unwrap(), u16::try_from(row).unwrap())
    }
}

/// The screen as text: a wide glyph stands for its two columns.
fn text_of(buffer: &Buffer) -> String {
    let mut text = String::new();
    for row in buffer.content.chunks(usize::from(buffer.area.width)) {
        let mut line = String::new();
        let mut covered = 0;
        for cell in row {
            if covered > 0 {
                covered -= 1;
                continue;
            }
            line.push_str(cell.symbol());
            covered = width(cell.symbol()).saturating_sub(1);
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

const SIZES: [(u16, u16); 4] = [(60, 20), (80, 24), (120, 36), (200, 60)];
/// The screens that are looked at, and the keys that lead there from the list.
const SCREENS: [(&str, &str); 15] = [
    ("home", ""),
    ("find", "/cert"),
    ("jump", "\nlo"),
    ("glossary", "\ng"),
    ("read", "\n"),
    ("question", "\nl1"),
    ("make", "\nll"),
    ("refused", "\nlllll\n"),
    ("refused-panel", "\nlllll\n\t"),
    ("help", "\nl?"),
    ("faults", "fjj"),
    ("filter", "f/alert"),
    ("fault-map", "fjj\n\n"),
    ("fault-diff", "fjj\n\n\t"),
    ("fault-explained", "f/f06\n"),
];

#[test]
fn every_screen_looks_as_it_did() {
    for (name, keys) in SCREENS {
        for language in Language::ALL {
            for size in SIZES {
                let mut lab = Lab::new(language, size);
                lab.keys(keys);
                insta::assert_snapshot!(format!("{name}_{}x{}_{language}", size.0, size.1), lab.text());
            }
        }
    }
}

#[test]
fn too_small_a_screen_says_so_in_both_languages() {
    for size in [(50, 15), (59, 20), (60, 19), (20, 3), (1, 1)] {
        let mut lab = Lab::new(Language::En, size);
        lab.keys("\n?jG\t");
        let text = lab.text();
        assert_eq!(text.lines().filter(|line| !line.is_empty()).count(), 1);
        if size.0 >= 40 {
            assert!(text.contains(&format!("지금 now {}×{} / 필요 needed 60×20", size.0, size.1)), "{text}");
        }
    }
}

#[test]
fn ascii_draws_nothing_but_ascii_and_hangul() {
    for (_, keys) in SCREENS {
        let mut lab = Lab::new(Language::Ko, (80, 24));
        lab.model.theme = super::theme::Theme::new(true, true);
        let text = lab.keys(keys).text();
        let odd: String = text.chars().filter(|c| !c.is_ascii() && !('가'..='힣').contains(c)).collect();
        assert_eq!(odd, "");
    }
}

#[test]
fn without_colour_no_cell_has_one() {
    let mut lab = Lab::new(Language::En, (120, 36));
    lab.model.theme = super::theme::Theme::new(false, false);
    lab.keys("\nlllll\n");
    assert!(
        lab.buffer().content.iter().all(|cell| {
            cell.fg == ratatui::style::Color::Reset && cell.bg == ratatui::style::Color::Reset
        })
    );
}

#[test]
fn a_question_is_answered_by_digit_or_by_pointing() {
    let mut lab = Lab::new(Language::En, (80, 24));
    lab.keys("\nl2");
    assert!(lab.text().contains("✓ Right."));
    let recorded = "Record { lesson: \"the-admin\", step: \"predict\", choice: Some(2) }";
    assert_eq!(lab.effects.last().unwrap(), recorded);
    lab.keys("hljj\n");
    assert!(lab.text().contains("✗ Not so: it is 2."));
    assert!(lab.effects.last().unwrap().contains("choice: Some(3)"));
    lab.keys("hl9");
    assert!(matches!(lab.model.study.as_ref().unwrap().state, State::Ready), "there is no ninth choice");
}

#[test]
fn enter_does_a_step_and_then_goes_on() {
    let mut lab = Lab::new(Language::En, (80, 24));
    lab.keys("\nll");
    assert!(lab.text().contains("▸ Enter make it"));
    lab.keys("\n");
    assert!(lab.text().contains("✓ Made: 1"));
    assert!(lab.model.progress.done.contains(&("the-admin".into(), "make".into())));
    lab.keys("\n");
    assert_eq!(lab.step(), 3);
    lab.keys("lll\n");
    assert!(lab.model.study.is_none(), "the last step leads back to the list");
    assert!(
        lab.text().contains("steps of lesson 3 are left") || lab.text().contains("step of lesson 3 is left")
    );
}

#[test]
fn what_belongs_to_an_older_run_is_dropped() {
    let mut lab = Lab::new(Language::En, (80, 24));
    lab.press(KeyCode::Enter);
    lab.press(KeyCode::Right);
    let stale = lab.engine.panels("the-admin", "account");
    lab.model.redraw = false;
    lab.send(Msg::Panels(1, stale));
    assert!(lab.model.study.as_ref().unwrap().panels.is_empty());
    let progress = Progress { done: 1, total: 2, what: "x".into() };
    lab.send(Msg::Progressed(1, progress)).send(Msg::Performed(1, Err("late".into())));
    assert!(!lab.model.redraw, "nothing changed, so nothing is drawn");
}

#[test]
fn long_work_shows_how_far_it_is_and_can_be_cancelled() {
    let mut lab = Lab::new(Language::En, (80, 24));
    lab.keys("\nll");
    let effects = lab.press(KeyCode::Enter);
    let Some(Effect::Perform { run, cancel, .. }) = effects.first() else { panic!("{effects:?}") };
    lab.send(Msg::Progressed(*run, Progress { done: 1, total: 3, what: "RSA-2048 admin.key".into() }));
    assert!(lab.text().contains("1/3  RSA-2048 admin.key"));
    lab.keys("l\n");
    assert_eq!(lab.step(), 2, "other keys do not disturb it");
    lab.key(KeyCode::Esc);
    assert!(cancel.is_cancelled());
    lab.send(Msg::Performed(*run, Err("cancelled".into())));
    assert!(lab.text().contains("Cancelled"));
    assert!(matches!(lab.model.study.as_ref().unwrap().state, State::Ready));
}

#[test]
fn leaving_stops_the_work() {
    for code in [KeyCode::Char('q'), KeyCode::F(10)] {
        let mut lab = Lab::new(Language::En, (80, 24));
        lab.keys("\nll");
        let effects = lab.press(KeyCode::Enter);
        let Some(Effect::Perform { cancel, .. }) = effects.first() else { panic!("{effects:?}") };
        lab.press(code);
        assert!(cancel.is_cancelled());
    }
}

#[test]
fn a_step_that_fails_says_why_and_can_be_tried_again() {
    let mut lab = Lab::new(Language::En, (80, 24));
    lab.keys("\nll");
    lab.press(KeyCode::Enter);
    let run = lab.model.run;
    lab.send(Msg::Performed(run, Err("no space left\u{1b}[2J".into())));
    let text = lab.text();
    assert!(text.contains("✗ This could not be done: no") && text.contains("Enter try again"), "{text}");
    assert!(!text.contains('\u{1b}'));
    assert!(!lab.model.progress.done.contains(&("the-admin".into(), "make".into())));
}

#[test]
fn an_outcome_that_was_not_declared_is_said_and_not_recorded() {
    let mut lab = Lab::new(Language::En, (80, 24));
    lab.keys("\nll");
    lab.press(KeyCode::Enter);
    let report = StepReport {
        made_first: Vec::new(),
        expected: "200".into(),
        observed: "403".into(),
        ok: false,
        artifacts: 0,
        panels: Vec::new(),
    };
    let run = lab.model.run;
    assert!(update(&mut lab.model, Msg::Performed(run, Ok(report))).is_empty());
    assert!(lab.text().contains("✗ The lesson expects 200"));
}

#[test]
fn the_language_changes_at_once_even_with_the_input_method_on() {
    let mut lab = Lab::new(Language::En, (80, 24));
    lab.keys("L");
    assert!(lab.text().contains("쿠버네티스 클러스터의 TLS"));
    lab.key(KeyCode::F(2));
    assert!(lab.text().contains("How a Kubernetes cluster uses TLS"));
    lab.keys("ㅓ");
    assert_eq!(lab.model.selected, 3, "ㅓ is typed with j");
    lab.keys("\nㅣㅗ");
    assert_eq!(lab.step(), 0, "ㅣ goes on, ㅗ goes back");
    lab.keys("ㅂ");
    assert!(lab.model.study.is_none(), "ㅂ is q");
}

#[test]
fn q_and_escape_go_back_and_only_q_quits() {
    let mut lab = Lab::new(Language::En, (80, 24));
    lab.keys("\n?");
    assert!(lab.model.help.is_some());
    lab.key(KeyCode::Esc);
    assert!(lab.model.help.is_none() && lab.model.study.is_some());
    lab.key(KeyCode::Esc);
    assert!(lab.model.study.is_none());
    assert!(lab.press(KeyCode::Esc).is_empty());
    assert!(matches!(lab.press(KeyCode::Char('q'))[..], [Effect::Quit]));
    lab.keys("\n?");
    let event = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert!(matches!(update(&mut lab.model, Msg::Key(event))[..], [Effect::Quit]));
}

#[test]
fn tab_goes_round_text_and_panels() {
    for size in [(60, 20), (80, 24)] {
        let mut lab = Lab::new(Language::En, size);
        lab.keys("\nll");
        let mut seen = Vec::new();
        for _ in 0..4 {
            let study = lab.model.study.as_ref().unwrap();
            seen.push((study.focus == Focus::Text, study.panel));
            lab.keys("\t");
        }
        assert_eq!(seen, [(true, 0), (false, 0), (false, 1), (true, 1)]);
        lab.key(KeyCode::BackTab);
        assert_eq!(lab.model.study.as_ref().unwrap().focus, Focus::Text);
    }
}

#[test]
fn commands_are_copied_to_the_letter() {
    let mut lab = Lab::new(Language::Ko, (80, 24));
    lab.keys("\nllt");
    let effects = lab.press(KeyCode::Char('c'));
    let [Effect::Copy(text)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(
        text,
        "cfssl gencert -ca=ca.crt -ca-key=ca.key -profile=client admin.json | cfssljson -bare admin\n"
    );
    assert!(lab.text().contains("cfssl 명령을 복사했어요"));
}

#[test]
fn the_mouse_opens_chooses_and_scrolls() {
    let mut lab = Lab::new(Language::En, (80, 24));
    let (column, row) = lab.find("etcd and its peers");
    lab.click(column, row);
    assert_eq!(lab.model.selected, 5);
    lab.click(column, row);
    assert!(lab.model.study.is_some());
    lab.keys("<l");
    let (column, row) = lab.find("401 Unauthorized");
    lab.click(column, row).click(column, row);
    assert!(matches!(lab.model.study.as_ref().unwrap().state, State::Answered(2)));
    lab.keys("l");
    let (column, row) = lab.find("cfssl");
    lab.click(column, row);
    assert_eq!(lab.model.study.as_ref().unwrap().tool, 1);
    lab.keys("ll");
    lab.keys("l\n");
    let before = lab.model.study.as_ref().unwrap().panel_scroll;
    let (column, row) = lab.find("not reached");
    let kind = MouseEventKind::ScrollDown;
    lab.send(Msg::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
    assert_eq!(lab.model.study.as_ref().unwrap().panel_scroll, before + 3);
}

#[test]
fn scrolling_ends_where_the_text_ends() {
    let mut lab = Lab::new(Language::En, (60, 20));
    lab.keys("\nlllll\n\tGG");
    let end = lab.model.study.as_ref().unwrap().panel_scroll;
    assert!(end > 0);
    lab.keys("jjj");
    assert_eq!(lab.model.study.as_ref().unwrap().panel_scroll, end);
    // Wide and high, and still one panel at a time.
    lab.send(Msg::Resized(139, 110));
    assert_eq!(lab.model.study.as_ref().unwrap().panel_scroll, 0);
}

#[test]
fn a_key_without_meaning_draws_nothing() {
    let mut lab = Lab::new(Language::En, (80, 24));
    lab.model.redraw = false;
    lab.keys("zX5");
    assert!(!lab.model.redraw);
}

#[test]
fn no_key_has_two_meanings_in_one_situation() {
    let walk = ["", "/", "o", "g", "\ng", "\n", "\nl", "\nl1", "\nll", "\nlllll", "\nlllll\n\t", "\n?", "?"];
    for keys in walk {
        let mut lab = Lab::new(Language::En, (60, 20));
        lab.keys(keys);
        let mut seen: Vec<(super::keys::Key, super::commands::Command)> = Vec::new();
        for entry in super::commands::REGISTRY.iter().filter(|entry| entry.is_available(&lab.model)) {
            for key in entry.keys {
                if let Some((_, other)) = seen.iter().find(|(seen, _)| seen == key) {
                    assert_eq!(*other, entry.command, "{key:?} after {keys:?}");
                }
                seen.push((*key, entry.command));
            }
        }
    }
}

/// Every border and wide glyph stands whole: no glyph lies over the last column of its pane,
/// and each line of the rule between the panes is there.
fn assert_whole(lab: &Lab) {
    let buffer = lab.buffer();
    let columns = usize::from(buffer.area.width);
    let rule = super::view::rule(&lab.model);
    for (y, row) in buffer.content.chunks(columns).enumerate() {
        for (x, cell) in row.iter().enumerate() {
            if width(cell.symbol()) > 1 {
                assert!(x + 1 < columns, "a glyph hangs over the edge in row {y}\n{}", lab.text());
                assert_eq!(row[x + 1].symbol(), " ", "a glyph is cut in row {y}\n{}", lab.text());
            }
        }
        assert_eq!(
            row[columns - 1].symbol().trim_matches(['│', '┃', '╮', '╯', ' ', '─']),
            "",
            "row {y} reaches the edge\n{}",
            lab.text()
        );
        if let Some((x, rows)) = &rule
            && rows.contains(&u16::try_from(y).unwrap())
        {
            let symbol = row[usize::from(*x)].symbol();
            assert!(matches!(symbol, "│" | "┃"), "the rule is broken in row {y}: {symbol}\n{}", lab.text());
        }
    }
}

/// The help's border has no gap, whatever lies under it.
fn assert_popup_whole(lab: &Lab) {
    let buffer = lab.buffer();
    let columns = usize::from(buffer.area.width);
    let symbol = |x: usize, y: usize| buffer.content.get(y * columns + x).map_or("", |cell| cell.symbol());
    let titles = ["Help", "도움말", "Find", "찾기", "All", "모든", "Glossary", "용어집"];
    let is_title = |x: usize, y: usize| {
        let text: String =
            (x + 3..x + 14).map(|x| symbol(x, y)).collect::<String>().chars().filter(|c| *c != ' ').collect();
        symbol(x, y) == "╭" && titles.iter().any(|title| text.starts_with(title))
    };
    let places = || (0..usize::from(buffer.area.height)).flat_map(|y| (0..columns).map(move |x| (x, y)));
    let (left, top) = places().find(|(x, y)| is_title(*x, *y)).unwrap_or_else(|| panic!("{}", lab.text()));
    let right = (left..columns).find(|x| symbol(*x, top) == "╮").unwrap_or_else(|| panic!("{}", lab.text()));
    let bottom = (top..usize::from(buffer.area.height))
        .find(|y| symbol(left, *y) == "╰")
        .unwrap_or_else(|| panic!("{}", lab.text()));
    assert_eq!(symbol(right, bottom), "╯", "{}", lab.text());
    for row in top + 1..bottom {
        for column in [left, right] {
            let symbol = buffer.content[row * columns + column].symbol();
            assert!(
                matches!(symbol, "│" | "┃"),
                "the border is broken in row {row}: {symbol}\n{}",
                lab.text()
            );
        }
        if left > 0 {
            assert!(width(buffer.content[row * columns + left - 1].symbol()) <= 1);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 160, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn nothing_is_cut_at_a_border(
        columns in 60u16..=220,
        rows in 20u16..=70,
        screen in "\n?(l){0,6}\n?\t{0,2}j{0,9}(PLACE)?",
        korean: bool,
        then in (40u16..=220, 10u16..=70),
    ) {
        let mut lab = Lab::new(if korean { Language::Ko } else { Language::En }, (columns, rows));
        lab.keys(&screen.replace("PLACE", "?"));
        if lab.model.help.is_none() {
            assert_whole(&lab);
        } else {
            assert_popup_whole(&lab);
        }
        lab.send(Msg::Resized(then.0, then.1));
        let _ = lab.buffer();
    }
}

#[test]
fn foreign_words_cannot_touch_the_terminal() {
    let mut lab = Lab::new(Language::En, (120, 36));
    lab.keys("\nllll");
    let Panel::Connection(mut connection) = fake::connection(Some(false)) else { unreachable!() };
    connection.server_subject = "CN=evil\u{1b}]52;c;AAAA\u{7}\u{202e}".into();
    if let Some(outcome) = &mut connection.outcome {
        outcome.client_prints = Some("a\u{1b}[2Jb\r\n\tc".into());
    }
    let run = lab.model.study.as_ref().unwrap().run;
    lab.send(Msg::Panels(run, vec![Panel::Connection(connection)]));
    let text = lab.text();
    assert!(text.contains("CN=evil\\u{1b}"), "{text}");
    assert!(text.chars().all(|c| c == '\n' || !c.is_control() && c != '\u{202e}'));
}
