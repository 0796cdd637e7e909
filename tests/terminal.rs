//! The program on a real terminal: what its user sees, keeps and gets back.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;
#[path = "terminal/live.rs"]
mod live;
#[path = "common/terminal.rs"]
mod terminal;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use common::sound::{Moments, is_sound};
use common::{DOJANG, argument};
use dojang::fault::Making;
use dojang::lab::{self, Cancel, Holding, Panel, StepReport, Trial, TrialStep};
use dojang::lesson::{Action, Lesson, Progress};
use dojang::text::Language;
use dojang::ui::{self, Engine, ProgressView};
use terminal::{Terminal, USUAL, lessons, signal, squeeze, stands_at, workspace};
use vt100::Screen;

/// A directory that goes with the test, and a workspace with fast keys in it.
fn lab() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().join("lab");
    workspace(&root);
    (directory, root)
}

fn progress(root: &Path) -> Progress {
    let path = root.join(".dojang/progress.toml");
    match fs::read_to_string(path) {
        Ok(text) => Progress::parse(&text).unwrap_or_else(|error| panic!("{error}: {text}")),
        Err(error) => {
            assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
            Progress::default()
        }
    }
}

/// Lesson and step ids that are done.
fn done(root: &Path, lessons: &[Lesson]) -> BTreeSet<(String, String)> {
    let progress = progress(root);
    let all = lessons.iter().flat_map(|lesson| lesson.steps.iter().map(move |step| (lesson, step)));
    all.filter(|(lesson, step)| progress.is_done(&lesson.id, &step.id))
        .map(|(lesson, step)| (lesson.id.clone(), step.id.clone()))
        .collect()
}

/// How the list says how many lessons are done.
fn far(language: Language, done: usize) -> String {
    let count = lessons().len();
    match language {
        Language::En => format!("{done} of {count} lessons done"),
        Language::Ko => format!("레슨 {count}개 중 {done}개 완료"),
    }
}

/// The list's row of a lesson.
fn row_of(screen: &str, lesson: &Lesson, language: Language) -> String {
    let lead = format!("{:>2}  {}", lesson.number, lesson.title.get(language));
    screen
        .lines()
        .find(|line| line.contains(&lead))
        .unwrap_or_else(|| panic!("no row {lead}:\n{screen}"))
        .to_owned()
}

/// Walks everything by keys; the terminal then shows the list.
fn walk_everything(root: &Path, language: Language) -> Terminal {
    let lessons = lessons();
    let mut terminal = Terminal::dojang(root, &["--lang", language.pick("en", "ko")]);
    for (at, lesson) in lessons.iter().enumerate() {
        terminal.until_text(&far(language, at));
        terminal.press("\r");
        terminal.walk(lesson, 0, language == Language::Ko);
        let number = lesson.number;
        terminal.until_text(&match language {
            Language::En => format!("Lesson {number} is done."),
            Language::Ko => format!("레슨 {number}: 마쳤어요."),
        });
    }
    terminal.until_text(&far(language, lessons.len()));
    terminal
}

fn walked(language: Language) {
    let (_directory, root) = lab();
    let mut terminal = walk_everything(&root, language);
    // All rows of the list fit there.
    let tall = (80, 36);
    terminal.resize(tall);
    let first = lessons()[0].title.get(language).clone();
    terminal.until_text(&format!(" 1  {first}"));
    let mark = language.pick("✓ done", "✓ 완료");
    for lesson in &lessons() {
        assert!(row_of(&terminal.text(), lesson, language).contains(mark), "{}", terminal.text());
    }
    terminal.press("q");
    assert_eq!(terminal.status(), 0);
    terminal.is_given_back("q");
    let (lessons, kept) = (lessons(), progress(&root));
    for lesson in &lessons {
        assert_eq!(kept.done_of(lesson), lesson.steps.len());
        for step in &lesson.steps {
            let answer = step.action.question().map(|question| question.answer);
            assert_eq!(kept.choice(&lesson.id, &step.id), answer, "{} {}", lesson.id, step.id);
        }
    }
    is_sound(&root);
    let mut again = Terminal::with(tall, &root, &["--lang", language.pick("en", "ko")], &[]);
    again.until_text(&far(language, lessons.len()));
    for lesson in &lessons {
        assert!(row_of(&again.text(), lesson, language).contains(mark), "{}", again.text());
    }
    again.press("q");
    assert_eq!(again.status(), 0);
}

#[test]
fn every_lesson_is_walked_by_keys_in_english() {
    walked(Language::En);
}

#[test]
fn every_lesson_is_walked_by_keys_in_korean() {
    walked(Language::Ko);
}

#[test]
fn a_lesson_goes_on_where_it_was_left() {
    let (_directory, root) = lab();
    let lesson = &lessons()[0];
    let mut terminal = Terminal::dojang(&root, &["--lang", "en"]);
    terminal.until_text(&far(Language::En, 0));
    terminal.press("\r");
    for step in 0..4 {
        terminal.until_at(lesson, step, None);
        terminal.do_step(lesson, step, false);
        terminal.press("\r");
    }
    terminal.until_at(lesson, 4, Some(false));
    terminal.press("\x03");
    assert_eq!(terminal.status(), 0);
    let mut again = Terminal::dojang(&root, &["--lang", "en"]);
    again.until_text(&format!("next 4/{}", lesson.steps.len()));
    again.press("\r");
    again.until_at(lesson, 4, Some(false));
    again.press("qq");
    assert_eq!(again.status(), 0);
}

#[test]
fn the_language_switches_at_once_and_is_remembered() {
    let (_directory, root) = lab();
    let mut terminal = Terminal::dojang(&root, &[]);
    terminal.until_text(&far(Language::En, 0));
    terminal.press("L");
    terminal.until_text(&far(Language::Ko, 0));
    // At once: the choice is kept before it is seen, so leaving at once loses nothing.
    terminal.press("q");
    assert_eq!(terminal.status(), 0);
    assert_eq!(progress(&root).language, Some(Language::Ko));
    let mut again = Terminal::dojang(&root, &[]);
    again.until_text(&far(Language::Ko, 0));
    again.press("\r");
    let lesson = &lessons()[0];
    again.until_at(lesson, 0, None);
    again.until_text(&lesson.steps[0].words.ko.title);
    again.press("L");
    again.until_text(&lesson.steps[0].words.en.title);
    again.press("q");
    again.until_text(&far(Language::En, 0));
    again.press("q");
    assert_eq!(again.status(), 0);
    assert_eq!(progress(&root).language, Some(Language::En));
}

#[test]
fn help_shows_the_keys_and_q_goes_back_one_level_at_a_time() {
    let (_directory, root) = lab();
    let mut terminal = Terminal::dojang(&root, &["--lang", "en"]);
    terminal.until_text(&far(Language::En, 0));
    terminal.press("\r");
    let lesson = &lessons()[0];
    terminal.until_at(lesson, 0, None);
    terminal.press("?");
    terminal.until_text("Here");
    terminal.until_text("Enter");
    terminal.press("G");
    terminal.until_text("Keys work with the Korean input method on, too.");
    terminal.press("q");
    terminal.until("the step without the help", |screen| !screen.contents().contains("Here"));
    terminal.until_at(lesson, 0, None);
    terminal.press("q");
    terminal.until_text(&far(Language::En, 0));
    terminal.press("?");
    terminal.until_text("Here");
    terminal.press("\x1b");
    terminal.until("the list", |screen| !screen.contents().contains("Here"));
    terminal.press("q");
    assert_eq!(terminal.status(), 0);
    terminal.is_given_back("q");
}

#[test]
fn a_window_of_any_size_keeps_the_place() {
    let (_directory, root) = lab();
    let lesson = &lessons()[0];
    let asking = 1;
    assert!(lesson.steps[asking].action.question().is_some());
    let mut terminal = Terminal::dojang(&root, &["--lang", "en"]);
    terminal.until_text(&far(Language::En, 0));
    terminal.press("\r");
    terminal.until_at(lesson, 0, None);
    terminal.press("\r");
    terminal.until_at(lesson, asking, Some(false));
    terminal.press("j");
    let points_at_second = |screen: &Screen| screen.contents().contains("▸ 2  ");
    terminal.until("a pointer at the second choice", points_at_second);
    for size in [(120, 36), (59, 20), (60, 20), (60, 19), (200, 60), (20, 5), (1, 1), (101, 33), USUAL] {
        terminal.resize(size);
        if size.0 < 60 || size.1 < 20 {
            let (now, needed) = (format!("now {}×{}", size.0, size.1), "needed 60×20");
            if size.0 >= 40 {
                terminal.until_text(&now);
                terminal.until_text(needed);
            }
            terminal.settle();
            assert!(!terminal.text().contains(&lesson.steps[asking].words.en.title), "{size:?}");
            continue;
        }
        terminal.until_at(lesson, asking, Some(false));
        if size.1 >= 24 {
            terminal.until(&format!("the pointer at {size:?}"), points_at_second);
        }
    }
    terminal.press("\r");
    terminal.until_at(lesson, asking, Some(true));
    terminal.press("\x03");
    assert_eq!(terminal.status(), 0);
    assert_eq!(progress(&root).choice(&lesson.id, &lesson.steps[asking].id), Some(2));
}

/// A lesson is open; what is pressed or sent ends the program.
fn ends(why: &str, status: u32, end: impl FnOnce(&mut Terminal)) {
    let (_directory, root) = lab();
    let mut terminal = Terminal::dojang(&root, &["learn", "1", "--lang", "ko"]);
    terminal.until_at(&lessons()[0], 0, None);
    terminal.settle();
    terminal.is_taken();
    end(&mut terminal);
    assert_eq!(terminal.status(), status, "{why}: {}", terminal.text());
    terminal.is_given_back(why);
}

#[test]
fn the_terminal_is_given_back_on_every_way_out() {
    ends("q", 0, |terminal| terminal.press("qq"));
    ends("Ctrl-C", 0, |terminal| terminal.press("\x03"));
    ends("F10", 0, |terminal| terminal.press("\x1b[21~"));
    ends("SIGTERM", 143, |terminal| terminal.signal("TERM"));
    ends("SIGHUP", 129, |terminal| terminal.signal("HUP"));
    ends("SIGINT", 130, |terminal| terminal.signal("INT"));
    ends("a mouse that was off already", 0, |terminal| {
        terminal.press("M");
        terminal.until("a mouse that is off", |screen| {
            screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None
        });
        terminal.press("qq");
    });
}

#[test]
fn the_terminal_is_given_back_while_work_is_under_way() {
    let (_directory, root) = lab();
    // Slow keys, so that there is time to leave.
    fs::remove_file(root.join("cluster.toml")).unwrap();
    let create = common::command(&["pki", "create", argument(&root), "--key", "rsa-4096"]).spawn();
    let mut create = create.unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while !root.join("cluster.toml").exists() {
        assert!(Instant::now() < deadline);
        sleep(Duration::from_millis(1));
    }
    create.kill().unwrap();
    create.wait().unwrap();
    let lesson = &lessons()[0];
    let making = lesson.steps.iter().position(|step| matches!(step.action, Action::Make { .. })).unwrap();
    let mut terminal = Terminal::dojang(&root, &["learn", "1", "--lang", "en"]);
    terminal.until_at(lesson, 0, None);
    for step in 1..=making {
        terminal.press("\x1b[C");
        terminal.until_at(lesson, step, None);
    }
    terminal.press("\r");
    terminal.until("work under way", |screen| screen.contents().contains("Esc cancel"));
    terminal.press("\x03");
    assert_eq!(terminal.status(), 0);
    terminal.is_given_back("Ctrl-C during work");
    is_sound(&root);
}

#[test]
fn a_closed_window_ends_the_program() {
    let (_directory, root) = lab();
    let mut terminal = Terminal::dojang(&root, &[]);
    terminal.until_text(&far(Language::En, 0));
    terminal.close();
    assert_ne!(terminal.status(), 0);
}

/// The program's process below a shell.
fn child_of(shell: u32) -> u32 {
    let children = fs::read_to_string(format!("/proc/{shell}/task/{shell}/children")).unwrap();
    children.split_whitespace().next().unwrap().parse().unwrap()
}

/// The fields of a process's state behind its name: the first is the state's letter.
fn stat(id: u32) -> Vec<String> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
    let (_, fields) = stat.rsplit_once(") ").unwrap();
    fields.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn a_stopped_program_leaves_the_terminal_and_takes_it_again() {
    let (_directory, root) = lab();
    // A shell with job control: it gets the terminal whenever its job stops.
    let script = r#"set -m; "$@"; echo "stopped with $?"; read go; fg >/dev/null; echo "again with $?"
        read go; fg >/dev/null; echo "ended with $?""#;
    let line = ["sh", "-c", script, "sh", DOJANG, "learn", "1", "--lang", "en", "--dir", argument(&root)];
    let mut terminal = Terminal::of(USUAL, &line, &[]);
    let lesson = &lessons()[0];
    terminal.until_at(lesson, 0, None);
    terminal.press("\r");
    terminal.until_at(lesson, 1, Some(false));
    terminal.settle();
    terminal.is_taken();
    // As it is seen: blanks at a row's end are as good as none.
    let seen = |terminal: &Terminal| {
        terminal.text().lines().map(|row| row.trim_end().to_owned()).collect::<Vec<_>>()
    };
    let drawn = seen(&terminal);
    let id = child_of(terminal.id());
    terminal.press("\x1a");
    // 128 + SIGTSTP.
    terminal.until_text("stopped with 148");
    assert_eq!(stat(id)[0], "T");
    sleep(Duration::from_millis(100));
    terminal.is_given_back("Ctrl-Z");
    terminal.press("\n");
    terminal.until_at(lesson, 1, Some(false));
    terminal.settle();
    terminal.is_taken();
    assert_eq!(seen(&terminal), drawn, "not drawn as it was");
    terminal.press("j");
    terminal.until("a pointer that moves", |screen| screen.contents().contains("▸ 2  "));
    // Stopped by another it cannot give the terminal back, yet draws anew what was written over.
    signal(id, "STOP");
    // 128 + SIGSTOP.
    terminal.until_text("again with 147");
    assert_eq!(stat(id)[0], "T");
    terminal.press("\n");
    terminal.until_at(lesson, 1, Some(false));
    terminal.until("what was written over drawn anew", |screen| !screen.contents().contains("again with"));
    terminal.settle();
    terminal.is_taken();
    terminal.press("q");
    terminal.until_text(&far(Language::En, 0));
    terminal.press("q");
    terminal.until_text("ended with 0");
    terminal.is_given_back("Ctrl-Z and q");
}

/// Presses what goes on with the lesson on the screen, and says which steps it showed as done.
fn drive(terminal: &mut Terminal, lesson: &Lesson, seen: &mut BTreeSet<(String, String)>) {
    let Some(screen) = terminal.frame() else { return };
    for (at, step) in lesson.steps.iter().enumerate() {
        match (stands_at(&screen, lesson, at), &step.action) {
            (Some(true), _) => {
                seen.insert((lesson.id.clone(), step.id.clone()));
                terminal.try_press("\r");
            }
            (Some(false), Action::Predict(question) | Action::Recall(question)) => {
                terminal.try_press(&question.answer.to_string());
            }
            (Some(false), _) => terminal.try_press("\r"),
            (None, _) => {}
        }
    }
}

#[test]
fn a_kill_at_any_moment_of_a_lesson_loses_nothing() {
    let lessons = lessons();
    let mut moments = Moments(23_112_026);
    let mut kept = BTreeSet::new();
    let mut cut_in_work = 0;
    let (mut directory, mut root) = lab();
    for round in 0..50 {
        if round % 10 == 0 {
            (directory, root) = lab();
            kept = BTreeSet::new();
        }
        let lesson = &lessons[round / 2 % lessons.len()];
        let mut terminal = Terminal::dojang(&root, &["learn", &lesson.id, "--lang", "en"]);
        let mut seen = BTreeSet::new();
        // Half of the rounds from the first frame on, the others from the start of the process.
        if round % 2 == 0 {
            terminal.until("a step", |screen| {
                (0..lesson.steps.len()).any(|at| stands_at(&screen.contents(), lesson, at).is_some())
            });
        }
        let end = Instant::now() + Duration::from_micros(moments.next(700_000));
        while Instant::now() < end {
            drive(&mut terminal, lesson, &mut seen);
            sleep(Duration::from_millis(1));
        }
        terminal.kill();
        // What the screen said before the end.
        if let Some(screen) = terminal.frame() {
            for (at, step) in lesson.steps.iter().enumerate() {
                if stands_at(&screen, lesson, at) == Some(true) {
                    seen.insert((lesson.id.clone(), step.id.clone()));
                }
            }
        }
        let now = done(&root, &lessons);
        let lost: Vec<_> = kept.union(&seen).filter(|step| !now.contains(step)).collect();
        assert!(lost.is_empty(), "round {round}: lost {lost:?}");
        cut_in_work += usize::from(now.len() > kept.len());
        kept = now;
        is_sound(&root);
    }
    assert!(
        cut_in_work >= 25,
        "only {cut_in_work} of 50 rounds came to anything: the moments are badly spread"
    );
    // And the lesson goes on to its end.
    let lesson = &lessons[0];
    let mut terminal = Terminal::dojang(&root, &["learn", "1", "--lang", "en"]);
    let mut seen = BTreeSet::new();
    terminal.until("a step", |screen| {
        (0..lesson.steps.len()).any(|at| stands_at(&screen.contents(), lesson, at).is_some())
    });
    let deadline = Instant::now() + Duration::from_secs(20);
    while done(&root, &lessons).iter().filter(|(id, _)| *id == lesson.id).count() < lesson.steps.len() {
        assert!(Instant::now() < deadline, "{}", terminal.text());
        if terminal.text().contains(&far(Language::En, 0)[1..]) {
            terminal.press("<l");
        }
        drive(&mut terminal, lesson, &mut seen);
        sleep(Duration::from_millis(5));
    }
    terminal.press("\x03");
    assert_eq!(terminal.status(), 0, "{}", terminal.text());
    is_sound(&root);
    drop(directory);
}

/// A screen whose engine panics when a step is done.
struct Panics(Vec<Lesson>);

impl Engine for Panics {
    fn live(&self, _: &Cancel, _: &(dyn Fn(lab::LiveStep) + Sync)) -> Result<(), String> {
        Err("no cluster serves here".into())
    }
    fn ask(&self, _: &str) -> Result<Option<String>, String> {
        Err("no cluster serves here".into())
    }
    fn permissions(&self) -> lab::Permissions {
        lab::Permissions { identities: Vec::new(), actions: Vec::new(), cells: Vec::new() }
    }
    fn holdings(&self) -> Vec<Holding> {
        Vec::new()
    }
    fn now(&self) -> time::OffsetDateTime {
        time::OffsetDateTime::UNIX_EPOCH
    }
    fn export(&self, _: &str, _: &str, _: &[u8]) -> Result<String, String> {
        Err("nothing is exported here".into())
    }
    fn lessons(&self) -> &[Lesson] {
        &self.0
    }

    fn progress(&self) -> ProgressView {
        ProgressView::default()
    }

    fn panels(&self, _lesson: &str, _step: &str) -> Vec<Panel> {
        Vec::new()
    }

    fn perform(
        &self,
        _lesson: &str,
        _step: &str,
        _cancel: &Cancel,
        _on_progress: &(dyn Fn(lab::Progress) + Sync),
    ) -> Result<StepReport, String> {
        panic!("the roof falls in")
    }

    fn trial(
        &self,
        _: &Making,
        _: bool,
        _: &Cancel,
        _: &(dyn Fn(TrialStep) + Sync),
    ) -> Result<Trial, String> {
        Err("no fault is tried here".into())
    }
    fn edges(&self) -> Vec<lab::Edge> {
        Vec::new()
    }

    fn play(&self, _request: &lab::PlayRequest, _cancel: &Cancel) -> Result<lab::Play, String> {
        panic!("the curtain falls")
    }

    fn record(&self, _lesson: &str, _step: &str, _choice: Option<usize>) -> Result<(), String> {
        panic!("the floor gives way")
    }

    fn set_language(&self, _language: Language) -> Result<(), String> {
        Ok(())
    }

    fn reset(&self, _lesson: &str) -> Result<(), String> {
        Ok(())
    }
}

/// Not a test: what the next one runs in a terminal.
#[test]
#[ignore = "another test runs it in a terminal"]
fn a_screen_whose_engine_panics() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let options = ui::Options { language: Some(Language::En), ..ui::Options::default() };
    let mut lessons = lessons();
    // The first lesson begins with a step of this kind.
    let kind = std::env::var("FIRST_STEP").unwrap();
    let first = lessons[0].steps.iter().position(|step| step.action.kind() == kind).unwrap();
    lessons[0].steps.drain(..first);
    let ended = runtime.block_on(ui::run(Arc::new(Panics(lessons)), options));
    println!("ended: {}", ended.unwrap_err());
}

#[test]
fn the_terminal_is_given_back_after_a_panic() {
    let itself = std::env::current_exe().unwrap();
    let line = [argument(&itself), "--exact", "a_screen_whose_engine_panics", "--ignored", "--nocapture"];
    // In the loop itself, when a step that was read is kept; then in a thread of the engine.
    for (kind, words) in [("read", "the floor gives way"), ("make", "the roof falls in")] {
        let mut terminal = Terminal::of(USUAL, &line, &[("FIRST_STEP", kind)]);
        terminal.until_text(&far(Language::En, 0));
        terminal.settle();
        terminal.is_taken();
        terminal.press("\r");
        terminal.until_text("1/");
        terminal.press("\r");
        terminal.until_text(words);
        assert_eq!(terminal.status(), 0, "{}", terminal.text());
        terminal.is_given_back(words);
    }
}

/// Kibibytes of a process that are in memory.
fn resident(id: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Clock ticks that a process has used.
fn ticks(id: u32) -> u64 {
    let fields = stat(id);
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

#[test]
fn doing_nothing_costs_nothing() {
    let (_directory, root) = lab();
    let mut terminal = Terminal::dojang(&root, &["--lang", "en"]);
    terminal.until_text(&far(Language::En, 0));
    for (keys, shown) in [("", "next"), ("\r", "kube-apiserver"), ("?", "Here")] {
        terminal.press(keys);
        terminal.until_text(shown);
        terminal.settle();
        let (before, written) = (ticks(terminal.id()), terminal.raw().len());
        sleep(Duration::from_secs(2));
        let used = ticks(terminal.id()) - before;
        assert!(used <= 1, "{used} ticks in two seconds of nothing after {keys:?}");
        assert_eq!(terminal.raw().len(), written, "something was drawn after {keys:?}");
    }
    terminal.press("\x03");
    assert_eq!(terminal.status(), 0);
}

#[test]
fn keys_of_the_korean_input_method_are_the_keys_they_are_typed_with() {
    let (_directory, root) = lab();
    let mut terminal = Terminal::dojang(&root, &["--lang", "ko"]);
    let lessons = lessons();
    let points_at = |lesson: &Lesson| {
        let lead = format!("▸ {:>2}  ", lesson.number);
        move |screen: &Screen| screen.contents().contains(&lead)
    };
    terminal.until("a pointer at lesson 1", points_at(&lessons[0]));
    terminal.press("ㅓ");
    terminal.until("a pointer at lesson 2", points_at(&lessons[1]));
    // A syllable is two keys: ㅓ + ㅏ (down, up) do not make one; 마 (ak) is none, up.
    terminal.press("ㅓㅏ");
    terminal.until("a pointer at lesson 2 again", points_at(&lessons[1]));
    terminal.press("마");
    terminal.until("a pointer at lesson 1", points_at(&lessons[0]));
    terminal.press("ㅣ");
    terminal.until_at(&lessons[0], 0, None);
    terminal.press("ㅂ");
    terminal.until_text(&far(Language::Ko, 0));
    terminal.press("ㅂ");
    assert_eq!(terminal.status(), 0);
    terminal.is_given_back("ㅂ");
}

/// The parameters of every SGR sequence.
fn attributes(raw: &[u8]) -> Vec<Vec<u16>> {
    let text = String::from_utf8_lossy(raw).into_owned();
    let sequences = text.split("\u{1b}[").skip(1).filter_map(|sequence| {
        let end = sequence.find(|c: char| !c.is_ascii_digit() && c != ';' && c != ':')?;
        sequence[end..].starts_with('m').then(|| &sequence[..end])
    });
    sequences
        .map(|sequence| sequence.split([';', ':']).map(|number| number.parse().unwrap_or(0)).collect())
        .collect()
}

/// Colours that a whole lesson and the list are drawn with.
fn colors(variables: &[(&str, &str)], arguments: &[&str]) -> usize {
    let (_directory, root) = lab();
    let mut line = vec!["learn", "1", "--lang", "en"];
    line.extend(arguments);
    let mut terminal = Terminal::with(USUAL, &root, &line, variables);
    let lesson = &lessons()[0];
    terminal.walk(lesson, 0, false);
    terminal.until_text(&far(Language::En, 1));
    terminal.press("?q\x1aq");
    terminal.status();
    let sets = attributes(&terminal.raw());
    assert!(sets.iter().any(|set| set.contains(&1)), "nothing is bold");
    sets.iter().filter(|set| set.iter().any(|n| matches!(n, 30..=38 | 40..=48 | 90..=107))).count()
}

#[test]
fn no_color_is_honoured() {
    assert_eq!(colors(&[("NO_COLOR", "1")], &[]), 0);
    assert_eq!(colors(&[], &["--color", "never"]), 0);
    assert!(colors(&[], &[]) > 0, "no colour at all: the test sees nothing");
}

/// Characters beyond ASCII on a screen.
fn beyond_ascii(terminal: &Terminal) -> String {
    terminal.text().chars().filter(|c| !c.is_ascii()).collect()
}

#[test]
fn ascii_is_ascii() {
    let (_directory, root) = lab();
    let mut terminal = Terminal::with((120, 36), &root, &["--lang", "en", "--ascii"], &[]);
    terminal.until_text(&far(Language::En, 0));
    terminal.settle();
    assert_eq!(beyond_ascii(&terminal), "", "{}", terminal.text());
    terminal.press("?");
    terminal.until_text("Elsewhere");
    terminal.settle();
    assert_eq!(beyond_ascii(&terminal), "", "{}", terminal.text());
    terminal.press("q\r");
    let lesson = &lessons()[0];
    for step in 0..lesson.steps.len() {
        terminal.until_at(lesson, step, None);
        terminal.settle();
        assert_eq!(beyond_ascii(&terminal), "", "{}", terminal.text());
        terminal.do_step(lesson, step, false);
        terminal.settle();
        assert_eq!(beyond_ascii(&terminal), "", "{}", terminal.text());
        terminal.press("\r");
    }
    terminal.until_text(&far(Language::En, 1));
    terminal.resize((59, 19));
    terminal.until_text("now 59x19");
    assert_eq!(beyond_ascii(&terminal), "", "{}", terminal.text());
    terminal.press("q");
    assert_eq!(terminal.status(), 0);
}

/// Whether the screen holds together: every wide glyph has its two columns, every row ends
/// at the edge, and a column of the separator has nothing else in it.
fn holds_together(screen: &Screen, (columns, rows): (u16, u16), has_separator: bool, what: &str) {
    let glyph = |row, column| screen.cell(row, column).unwrap();
    let text = screen.contents();
    for row in 0..rows {
        for column in 0..columns {
            let cell = glyph(row, column);
            let place = format!("{what} at {columns}×{rows}, row {row}, column {column}:\n{text}");
            if cell.is_wide() {
                assert!(column + 1 < columns, "half a glyph at the edge: {place}");
                assert!(
                    glyph(row, column + 1).is_wide_continuation(),
                    "a glyph without its second half: {place}"
                );
            }
            if cell.is_wide_continuation() {
                assert!(
                    column > 0 && glyph(row, column - 1).is_wide(),
                    "the second half of nothing: {place}"
                );
            }
        }
        assert!(!screen.row_wrapped(row), "{what} at {columns}×{rows}: row {row} runs over");
    }
    if !has_separator {
        return;
    }
    // The separator: from the first to the last bar of the column that has most of them.
    let is_bar = |row, column| matches!(glyph(row, column).contents(), "│" | "┃");
    let count = |column: &u16| (0..rows).filter(|row| is_bar(*row, *column)).count();
    let column = (0..columns).max_by_key(count).unwrap();
    let found: Vec<u16> = (0..rows).filter(|row| is_bar(*row, column)).collect();
    let (first, last) = (*found.first().unwrap(), *found.last().unwrap());
    assert_eq!(
        found.len(),
        usize::from(last - first) + 1,
        "{what} at {columns}×{rows}: a broken separator in column {column}:\n{text}"
    );
    assert!(last - first + 1 >= rows / 3, "{what} at {columns}×{rows}: a short separator:\n{text}");
}

#[test]
fn wide_glyphs_never_stand_on_a_border() {
    for size in [(60, 20), (80, 24), (101, 33), (120, 36)] {
        let (_directory, root) = lab();
        let lessons = lessons();
        let lesson = &lessons[0];
        let mut terminal = Terminal::with(size, &root, &["--lang", "ko"], &[]);
        terminal.until_text(&far(Language::Ko, 0));
        for lesson in &lessons {
            terminal.settle();
            holds_together(
                &terminal.screen(),
                size,
                size.0 >= 100,
                &format!("the list at lesson {}", lesson.number),
            );
            terminal.press("j");
        }
        terminal.press("<\r");
        for (at, step) in lesson.steps.iter().enumerate() {
            terminal.until_at(lesson, at, None);
            let check = |terminal: &Terminal, what: &str| {
                terminal.settle();
                let what = format!("{} {what}", step.id);
                // A step that shows nothing beside its text has no separator.
                let beside = size.0 >= 80 && !step.show.is_empty();
                holds_together(&terminal.screen(), size, beside, &what);
            };
            check(&terminal, "as it opens");
            terminal.press("L");
            terminal.press("L");
            check(&terminal, "after the language went there and back");
            terminal.do_step(lesson, at, true);
            check(&terminal, "done");
            // Every panel, scrolled.
            for panel in 0..4 {
                terminal.press("\tjj");
                check(&terminal, &format!("in pane {panel}"));
            }
            terminal.press("\r");
        }
        terminal.until_text(&far(Language::Ko, 1));
        terminal.press("q");
        assert_eq!(terminal.status(), 0);
    }
}

/// Every lesson, on the program as it is delivered: pages of an unoptimised one would count.
#[test]
fn the_released_program_stays_small() {
    // Beside the directory of the program under test.
    let released = Path::new(DOJANG).ancestors().nth(2).unwrap().join("release/dojang");
    assert!(released.exists(), "build it first: cargo build --release");
    let (_directory, root) = lab();
    let line = [argument(&released), "--lang", "en", "--dir", argument(&root)];
    let mut terminal = Terminal::of(USUAL, &line, &[]);
    for (at, lesson) in lessons().iter().enumerate() {
        terminal.until_text(&far(Language::En, at));
        terminal.press("\r");
        terminal.walk(lesson, 0, false);
    }
    terminal.until_text(&far(Language::En, lessons().len()));
    let kibibytes = resident(terminal.id());
    println!("{kibibytes} KiB are resident");
    assert!(kibibytes <= 32_000_000 / 1024, "{kibibytes} KiB are resident after all lessons");
    terminal.press("q");
    assert_eq!(terminal.status(), 0);
    assert!(squeeze(&terminal.text()).is_empty());
}
