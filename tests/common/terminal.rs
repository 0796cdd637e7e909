//! The program in a real terminal: a pseudo-terminal, and what a terminal makes of its bytes.

use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use dojang::lesson::{Action, Curriculum, Lesson};
use dojang::text::Language;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, SlavePty, native_pty_system};
use vt100::{MouseProtocolMode, Parser, Screen};

use crate::common::{DOJANG, argument, command};

/// How long anything may take to appear.
const PATIENCE: Duration = Duration::from_secs(20);
/// The usual size: columns and rows.
pub(crate) const USUAL: (u16, u16) = (80, 24);

/// What came from the program.
struct Output {
    parser: Parser,
    raw: Vec<u8>,
    /// When the last bytes came.
    last: Instant,
    /// Whether the window is being closed: nobody reads any more.
    closing: bool,
}

impl Output {
    /// Whether a frame has begun and not ended: what stands there is half of two.
    fn is_mid_frame(&self) -> bool {
        let mark = b"\x1b[?2026";
        let last = self.raw.windows(mark.len()).rposition(|bytes| bytes == mark);
        last.is_some_and(|at| self.raw.get(at + mark.len()) == Some(&b'h'))
    }
}

/// A terminal with the program in it. The program ends with it.
pub(crate) struct Terminal {
    output: Arc<(Mutex<Output>, Condvar)>,
    input: Box<dyn Write + Send>,
    /// Both ends of the pseudo-terminal: none once the window was closed.
    pty: Option<(Box<dyn MasterPty + Send>, Box<dyn SlavePty + Send>)>,
    child: Box<dyn Child + Send + Sync>,
    is_over: bool,
    /// The terminal's settings before the program began.
    before: String,
}

fn size((columns, rows): (u16, u16)) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

fn some(count: u16) -> NonZeroU16 {
    NonZeroU16::new(count).unwrap()
}

impl Terminal {
    /// The program with these arguments, at the usual size.
    pub(crate) fn dojang(root: &Path, arguments: &[&str]) -> Self {
        Self::with(USUAL, root, arguments, &[])
    }

    /// The program with these arguments and variables.
    pub(crate) fn with(
        size: (u16, u16),
        root: &Path,
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> Self {
        let mut line = vec![DOJANG];
        line.extend(arguments);
        line.extend(["--dir", argument(root)]);
        Self::of(size, &line, variables)
    }

    /// Any program.
    pub(crate) fn of(columns_and_rows: (u16, u16), line: &[&str], variables: &[(&str, &str)]) -> Self {
        let pair = native_pty_system().openpty(size(columns_and_rows)).unwrap();
        let before = settings(pair.master.as_ref());
        let mut builder = CommandBuilder::from_argv(line.iter().map(Into::into).collect());
        builder.env_clear();
        builder.cwd("/");
        let path = std::env::var("PATH").unwrap();
        let usual = [
            ("PATH", path.as_str()),
            ("TERM", "xterm-256color"),
            ("LANG", "C.UTF-8"),
            ("XDG_DATA_HOME", "/proc/nowhere"),
        ];
        for (name, value) in usual.iter().chain(variables) {
            builder.env(name, value);
        }
        let child = pair.slave.spawn_command(builder).unwrap();
        let mut reader = pair.master.try_clone_reader().unwrap();
        let input = pair.master.take_writer().unwrap();
        let (columns, rows) = columns_and_rows;
        let output = Output {
            parser: Parser::new(some(rows), some(columns), 0),
            raw: Vec::new(),
            last: Instant::now(),
            closing: false,
        };
        let output = Arc::new((Mutex::new(output), Condvar::new()));
        let shared = Arc::clone(&output);
        std::thread::spawn(move || {
            let mut bytes = [0; 1 << 16];
            loop {
                let count = reader.read(&mut bytes).unwrap_or(0);
                let mut output = shared.0.lock().unwrap_or_else(PoisonError::into_inner);
                output.parser.process(&bytes[..count]);
                output.raw.extend(&bytes[..count]);
                output.last = Instant::now();
                shared.1.notify_all();
                if count == 0 || output.closing {
                    return;
                }
            }
        });
        Self { output, input, pty: Some((pair.master, pair.slave)), child, is_over: false, before }
    }

    fn output(&self) -> MutexGuard<'_, Output> {
        self.output.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn master(&self) -> &dyn MasterPty {
        self.pty.as_ref().unwrap().0.as_ref()
    }

    /// The process's number.
    pub(crate) fn id(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    /// Presses keys.
    pub(crate) fn press(&mut self, keys: &str) {
        self.input.write_all(keys.as_bytes()).unwrap();
        self.input.flush().unwrap();
    }

    /// Presses keys of a program that may be gone.
    pub(crate) fn try_press(&mut self, keys: &str) {
        let _ = self.input.write_all(keys.as_bytes()).and_then(|()| self.input.flush());
    }

    /// Makes the window another size.
    pub(crate) fn resize(&mut self, (columns, rows): (u16, u16)) {
        // First the terminal: what the program then draws fits it.
        self.output().parser.set_size(some(rows), some(columns));
        self.master().resize(size((columns, rows))).unwrap();
    }

    /// Waits until a whole frame is as wanted.
    pub(crate) fn until(&self, what: &str, wanted: impl Fn(&Screen) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        let mut output = self.output();
        loop {
            if !output.is_mid_frame() && wanted(output.parser.screen()) {
                return;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(
                !left.is_zero(),
                "no {what} after {PATIENCE:?}; the screen:\n{}",
                output.parser.screen().contents()
            );
            output = self.output.1.wait_timeout(output, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits until the text stands on the screen.
    pub(crate) fn until_text(&self, text: &str) {
        self.until(&format!("{text:?}"), |screen| squeeze(&screen.contents()).contains(&squeeze(text)));
    }

    /// Waits until the program has set the terminal otherwise than it was.
    #[allow(dead_code, reason = "not every user of this asks for passwords")]
    pub(crate) fn until_set(&self) {
        let deadline = Instant::now() + PATIENCE;
        while settings(self.master()) == self.before {
            assert!(Instant::now() < deadline, "the terminal stays as it was:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until nothing has been drawn for a moment.
    pub(crate) fn settle(&self) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let calm = {
                let output = self.output();
                if output.is_mid_frame() { Duration::ZERO } else { output.last.elapsed() }
            };
            if calm > Duration::from_millis(150) {
                return;
            }
            assert!(Instant::now() < deadline, "the screen never comes to rest:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// What stands on the screen.
    pub(crate) fn text(&self) -> String {
        self.output().parser.screen().contents()
    }

    /// The screen.
    pub(crate) fn screen(&self) -> Screen {
        self.output().parser.screen().clone()
    }

    /// Everything that the program ever wrote.
    pub(crate) fn raw(&self) -> Vec<u8> {
        self.output().raw.clone()
    }

    /// Whether a whole frame stands there; none in between.
    pub(crate) fn frame(&self) -> Option<String> {
        let output = self.output();
        (!output.is_mid_frame()).then(|| output.parser.screen().contents())
    }

    /// Sends the program a signal.
    pub(crate) fn signal(&self, name: &str) {
        signal(self.id(), name);
    }

    /// Kills the program.
    pub(crate) fn kill(&mut self) {
        self.signal("KILL");
        self.child.wait().unwrap();
        self.is_over = true;
    }

    /// Closes the window.
    pub(crate) fn close(&mut self) {
        // Its side is closed only with the writer and the reader gone as well; something to
        // read, the other language, wakes the reader.
        self.output().closing = true;
        self.press("L");
        let deadline = Instant::now() + PATIENCE;
        while Arc::strong_count(&self.output) > 1 {
            assert!(Instant::now() < deadline, "the reader does not end");
            std::thread::sleep(Duration::from_millis(2));
        }
        self.input = Box::new(std::io::sink());
        self.pty = None;
    }

    /// Waits for the end, and says with which status.
    pub(crate) fn status(&mut self) -> u32 {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                self.is_over = true;
                // What was written last is still on its way.
                std::thread::sleep(Duration::from_millis(50));
                return status.exit_code();
            }
            assert!(Instant::now() < deadline, "the program does not end; the screen:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// That the terminal is the program's: it draws on the alternate screen, raw.
    pub(crate) fn is_taken(&self) {
        let screen = self.screen();
        assert!(screen.alternate_screen() && screen.hide_cursor() && screen.bracketed_paste());
        assert_ne!(screen.mouse_protocol_mode(), MouseProtocolMode::None);
        assert_ne!(settings(self.master()), self.before, "not raw");
    }

    /// That the terminal is as it was before.
    pub(crate) fn is_given_back(&self, why: &str) {
        let screen = self.screen();
        let mut wrong = String::new();
        for (what, holds) in [
            ("the alternate screen is left", !screen.alternate_screen()),
            ("the cursor is shown", !screen.hide_cursor()),
            ("paste is not bracketed", !screen.bracketed_paste()),
            ("the mouse is off", screen.mouse_protocol_mode() == MouseProtocolMode::None),
            (
                "colours are reset",
                screen.fgcolor() == vt100::Color::Default && !screen.bold() && !screen.inverse(),
            ),
            ("no frame is open", !self.output().is_mid_frame()),
            ("the settings are the old ones", settings(self.master()) == self.before),
        ] {
            if !holds {
                let _ = writeln!(wrong, "after {why}: not so that {what}");
            }
        }
        assert!(wrong.is_empty(), "{wrong}{}\n{}", self.before, settings(self.master()));
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if !self.is_over {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// The settings of the terminal line: what raw mode changes.
fn settings(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios().unwrap())
}

/// Sends a process a signal.
pub(crate) fn signal(id: u32, name: &str) {
    let sent =
        std::process::Command::new("kill").args([&format!("-{name}"), &id.to_string()]).status().unwrap();
    assert!(sent.success());
}

/// A text without its blanks and line ends: as it reads wherever it was broken.
pub(crate) fn squeeze(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '│' | '┃')).collect()
}

/// A new workspace whose keys take no time to make; nothing in it but the cluster's spec.
pub(crate) fn workspace(root: &Path) {
    let whole = root.with_extension("whole");
    assert!(
        command(&["pki", "create", argument(&whole), "--key", "p256"]).output().unwrap().status.success()
    );
    fs::create_dir(root).unwrap();
    fs::copy(whole.join("cluster.toml"), root.join("cluster.toml")).unwrap();
    fs::remove_dir_all(whole).unwrap();
}

/// The lessons.
pub(crate) fn lessons() -> Vec<Lesson> {
    Curriculum::embedded().lessons
}

/// How the program says that a lesson's step, counted from 0, is open.
pub(crate) fn place(lesson: &Lesson, step: usize) -> String {
    format!("  {}/{}", step + 1, lesson.steps.len())
}

/// Whether a step is open, and whether it is marked as done.
pub(crate) fn stands_at(screen: &str, lesson: &Lesson, step: usize) -> Option<bool> {
    let header = screen.lines().find(|line| !line.trim().is_empty())?;
    let title =
        |language| header.contains(&format!("{}  {}", lesson.number, head(lesson.title.get(language))));
    let is_here = title(Language::En) || title(Language::Ko);
    let (_, behind) = header.split_once(&place(lesson, step)).filter(|_| is_here)?;
    Some(behind.contains(Language::En.pick("done", "")) || behind.contains("완료"))
}

/// As much of a title as no header cuts off.
fn head(title: &str) -> String {
    title.chars().take(8).collect()
}

impl Terminal {
    /// Waits until this step is open.
    pub(crate) fn until_at(&self, lesson: &Lesson, step: usize, done: Option<bool>) {
        let what = format!("step {} of {} (done: {done:?})", lesson.steps[step].id, lesson.id);
        self.until(&what, |screen| {
            stands_at(&screen.contents(), lesson, step).is_some_and(|is| done.is_none_or(|done| done == is))
        });
    }

    /// Does the open step by keys, the right answer to a question.
    pub(crate) fn do_step(&mut self, lesson: &Lesson, step: usize, by_arrows: bool) {
        match &lesson.steps[step].action {
            Action::Read => return,
            Action::Predict(question) | Action::Recall(question) => {
                if by_arrows {
                    for _ in 1..question.answer {
                        self.press("\x1b[B");
                    }
                    self.press("\r");
                } else {
                    self.press(&question.answer.to_string());
                }
            }
            _ => self.press("\r"),
        }
        self.until_at(lesson, step, Some(true));
    }

    /// Walks the open lesson from this step to its end.
    pub(crate) fn walk(&mut self, lesson: &Lesson, from: usize, by_arrows: bool) {
        for step in from..lesson.steps.len() {
            self.until_at(lesson, step, None);
            self.do_step(lesson, step, by_arrows);
            self.press("\r");
        }
    }
}
