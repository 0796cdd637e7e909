//! The loop: messages in, frames and effects out. It sleeps until something happens.

use std::future::poll_fn;
use std::io::{self, BufWriter, IsTerminal, Stdout, stdin, stdout};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use crossterm::clipboard::CopyToClipboard;
use crossterm::cursor::MoveTo;
use crossterm::event::{Event, EventStream};
use crossterm::style::Print;
use crossterm::terminal::{BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate};
use crossterm::{execute, queue};
use futures_util::StreamExt;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::buffer::{Buffer, CellDiffOption};
use ratatui::layout::Position;
use rustix::process::{Signal, kill_current_process_group};
use tokio::signal::unix::{Signal as UnixSignal, SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{Interval, interval, timeout};

use crate::text::{Language, width};

use super::background::{self, Answer, Background, Taken};
use super::effects::{Report, carry_out, wake};
use super::guard::{self, Guard};
use super::model::{Model, Notice};
use super::theme::Theme;
use super::update::{Effect, Msg, enter, given, show, stop_work, update};
use super::view::{cursor, view};
use super::{Engine, Options, UiError};

/// After so long, the system has not stopped the program although asked to.
const UNSTOPPED: Duration = Duration::from_millis(300);

/// Between two looks at lessons that may change.
const RELOAD: Duration = Duration::from_secs(1);

/// The terminal, and what stands on it.
struct Screen {
    terminal: Terminal<CrosstermBackend<BufWriter<Stdout>>>,
    last: Buffer,
}

impl Screen {
    fn new() -> io::Result<Self> {
        // Room for a whole frame: it reaches the terminal at once.
        let out = BufWriter::with_capacity(1 << 16, stdout());
        Ok(Self { terminal: Terminal::new(CrosstermBackend::new(out))?, last: Buffer::default() })
    }
}

/// Whether there is a terminal to show the screen on.
#[must_use]
pub fn has_terminal() -> bool {
    stdin().is_terminal() && stdout().is_terminal()
}

/// Shows the screen until the user leaves it.
///
/// # Errors
/// [`UiError`]; the terminal has been given back in every case.
pub async fn run<E: Engine>(engine: Arc<E>, options: Options) -> Result<(), UiError> {
    if !has_terminal() {
        return Err(UiError::NoTerminal);
    }
    let mut model = model_of(engine.as_ref(), &options);
    let mut first = Vec::new();
    if let Some(id) = &options.start {
        let Some(lesson) = model.lessons.iter().position(|lesson| lesson.id == *id) else {
            let ids = model.lessons.iter().map(|lesson| lesson.id.as_str());
            let near = crate::text::nearest(id, ids).map(str::to_owned);
            return Err(UiError::NoLesson { id: id.clone(), near });
        };
        let step = model.resume_step(lesson);
        first = enter(&mut model, lesson, step);
    }
    if let Some(play) = &options.play {
        first.extend(show(&mut model, Arc::clone(play)));
    }
    if !options.inspect.is_empty() {
        given(&mut model, options.inspect.clone(), engine.now());
    }
    let (sender, receiver) = unbounded_channel();
    let hook = PanicHook::set(sender.clone());
    // A task of its own, so that a panic in the loop comes back as an error like any other.
    let looped = tokio::spawn(event_loop(engine, model, options.background, first, sender, receiver)).await;
    let said = hook.unset();
    match looped {
        Ok(result) => result,
        Err(_) => Err(UiError::Panicked(said.unwrap_or_default())),
    }
}

/// The model at the start.
pub(super) fn model_of<E: Engine>(engine: &E, options: &Options) -> Model {
    let progress = engine.progress();
    let mut model = Model {
        lessons: engine.lessons().to_vec(),
        language: options.language.or(progress.language).unwrap_or_else(Language::of_machine),
        progress,
        theme: Theme::new(options.color, options.ascii).on(match options.background {
            Background::Auto => std::env::var("COLORFGBG").is_ok_and(|text| background::is_light(&text)),
            known => known == Background::Light,
        }),
        size: (80, 24),
        selected: 0,
        study: None,
        theatre: None,
        live: None,
        browser: None,
        inspector: None,
        help: None,
        overlay: None,
        armed: None,
        notice: options.notice.clone().map(|text| Notice { wrong: true, text }),
        mouse: true,
        run: 0,
        redraw: true,
    };
    model.selected = model.next_lesson().unwrap_or(0);
    model
}

async fn event_loop<E: Engine>(
    engine: Arc<E>,
    mut model: Model,
    background: Background,
    first: Vec<Effect>,
    sender: UnboundedSender<Report>,
    receiver: UnboundedReceiver<Report>,
) -> Result<(), UiError> {
    let result = turn(engine, &mut model, background, first, sender, receiver).await;
    stop_work(&model);
    result
}

async fn turn<E: Engine>(
    engine: Arc<E>,
    model: &mut Model,
    background: Background,
    first: Vec<Effect>,
    sender: UnboundedSender<Report>,
    mut receiver: UnboundedReceiver<Report>,
) -> Result<(), UiError> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut go_on = signal(SignalKind::from_raw(Signal::CONT.as_raw()))?;
    let _guard = Guard::new(model.mouse)?;
    let mut screen = Screen::new()?;
    model.size = screen.terminal.size().map(|size| (size.width, size.height))?;
    draw(&mut screen, model)?;
    for effect in first {
        match effect {
            Effect::Wake { run, after } => wake(&sender, run, after),
            effect => carry_out(&engine, &sender, effect),
        }
    }
    let mut answer = ask(model, background)?;
    let mut ticks = engine.reloads().then(|| interval(RELOAD));
    let mut events = EventStream::new();
    loop {
        draw(&mut screen, model)?;
        let mut msgs = Vec::new();
        tokio::select! {
            event = events.next() => {
                msgs.extend(msgs_of(event, &mut answer)?);
                // What else has come meanwhile (a paste, a window being dragged) is one frame.
                // Polled with this task's own waker: the stream keeps the first it is given.
                while let Poll::Ready(event) = poll_fn(|task| Poll::Ready(events.poll_next_unpin(task))).await {
                    msgs.extend(msgs_of(event, &mut answer)?);
                }
            }
            Some(report) = receiver.recv() => {
                let mut next = Some(report);
                while let Some(report) = next {
                    match report {
                        Report::Msg(msg) => msgs.push(msg),
                        Report::Panicked(said) => return Err(UiError::Panicked(said)),
                    }
                    next = receiver.try_recv().ok();
                }
            }
            () = tick(&mut ticks) => carry_out(&engine, &sender, Effect::Reload),
            _ = go_on.recv() => {
                resume(&mut screen, model)?;
                msgs.push(Msg::Resumed);
            }
            _ = terminate.recv() => return Err(UiError::Signal(Signal::TERM.as_raw())),
            _ = hang_up.recv() => return Err(UiError::Signal(Signal::HUP.as_raw())),
            _ = interrupt.recv() => return Err(UiError::Signal(Signal::INT.as_raw())),
        }
        for msg in msgs {
            for effect in update(model, msg) {
                match effect {
                    Effect::Quit => return Ok(()),
                    Effect::Suspend => suspend(&mut screen, model, &mut go_on).await?,
                    Effect::Copy(text) => {
                        let mut out = stdout();
                        execute!(out, CopyToClipboard::to_clipboard_from(text))?;
                    }
                    Effect::Mouse(on) => guard::set_mouse(on)?,
                    Effect::Record { lesson, step, choice } => {
                        kept(model, engine.record(&lesson, &step, choice));
                    }
                    Effect::Reset(lesson) => kept(model, engine.reset(&lesson)),
                    Effect::SetLanguage(language) => kept(model, engine.set_language(language)),
                    Effect::Wake { run, after } => wake(&sender, run, after),
                    effect => carry_out(&engine, &sender, effect),
                }
            }
        }
    }
}

/// Tells what could not be kept. Keeping is quick, and is done before the next frame: what
/// the screen shows as done is on the disk, whatever comes then.
fn kept(model: &mut Model, result: Result<(), String>) {
    if let Err(error) = result {
        update(model, Msg::NotKept(error));
    }
}

/// Draws if something changed.
fn draw(screen: &mut Screen, model: &mut Model) -> io::Result<()> {
    if !std::mem::take(&mut model.redraw) {
        return Ok(());
    }
    let Screen { terminal, last } = screen;
    terminal.autoresize()?;
    view(model, &mut terminal.get_frame());
    let rows = renew_rows(last, terminal.current_buffer_mut());
    queue!(terminal.backend_mut(), BeginSynchronizedUpdate)?;
    for row in rows {
        queue!(terminal.backend_mut(), MoveTo(0, row), Clear(ClearType::CurrentLine))?;
    }
    terminal.flush()?;
    // Where a text is typed, an input method shows what it composes.
    match cursor(model) {
        Some(at) => {
            terminal.set_cursor_position(at)?;
            terminal.show_cursor()?;
        }
        None => terminal.hide_cursor()?,
    }
    terminal.swap_buffers();
    queue!(terminal.backend_mut(), EndSynchronizedUpdate)?;
    io::Write::flush(terminal.backend_mut())
}

/// The rows where a wide glyph makes way for something else: they are cleared and written
/// anew. What is left of a glyph that is overwritten by halves, terminals do not agree on.
fn renew_rows(last: &mut Buffer, next: &mut Buffer) -> Vec<u16> {
    let mut rows = Vec::new();
    if last.area == next.area {
        let columns = usize::from(next.area.width).max(1);
        let both = last.content.chunks(columns).zip(next.content.chunks_mut(columns));
        for ((was, is), row) in both.zip(0..) {
            if was
                .iter()
                .zip(is.iter())
                .any(|(was, is)| was.symbol() != is.symbol() && width(was.symbol()) > 1)
            {
                rows.push(row);
                for cell in is {
                    cell.set_diff_option(CellDiffOption::AlwaysUpdate);
                }
            }
        }
    }
    last.clone_from(next);
    rows
}

/// Asks the terminal what lies behind the text, where that matters and it can tell.
fn ask(model: &Model, background: Background) -> io::Result<Answer> {
    let is_plain = std::env::var("TERM").is_ok_and(|term| matches!(term.as_str(), "linux" | "dumb"));
    if background != Background::Auto || !model.theme.has_color() || is_plain {
        return Ok(Answer::none());
    }
    execute!(stdout(), Print(background::QUESTION))?;
    Ok(Answer::default())
}

/// The next look at lessons that may change; never, where they cannot.
async fn tick(ticks: &mut Option<Interval>) {
    match ticks {
        Some(ticks) => drop(ticks.tick().await),
        None => std::future::pending().await,
    }
}

fn msgs_of(event: Option<io::Result<Event>>, answer: &mut Answer) -> io::Result<Vec<Msg>> {
    Ok(match event {
        None => return Err(io::ErrorKind::UnexpectedEof.into()),
        Some(Err(error)) => return Err(error),
        Some(Ok(Event::Key(key))) => match answer.take(key) {
            Taken::Keys(keys) => keys.into_iter().map(Msg::Key).collect(),
            Taken::Light(light) => vec![Msg::Background(light)],
            Taken::Part => Vec::new(),
        },
        Some(Ok(Event::Mouse(mouse))) => vec![Msg::Mouse(mouse)],
        Some(Ok(Event::Resize(columns, rows))) => vec![Msg::Resized(columns, rows)],
        // Pasted text is no command; it is taken where something is typed.
        Some(Ok(Event::Paste(text))) => vec![Msg::Pasted(text)],
        Some(Ok(_)) => Vec::new(),
    })
}

/// Gives the terminal back and stops, as a shell's job does; returns when it goes on.
async fn suspend(screen: &mut Screen, model: &mut Model, go_on: &mut UnixSignal) -> io::Result<()> {
    guard::give_back();
    kill_current_process_group(Signal::TSTP)?;
    // This thread may run on for a moment before all are stopped: it must not take the
    // terminal before it is told to go on. Where nobody could tell it to, the system does not
    // stop it either.
    let _ = timeout(UNSTOPPED, go_on.recv()).await;
    resume(screen, model)
}

/// Takes the terminal again and draws everything anew.
fn resume(screen: &mut Screen, model: &mut Model) -> io::Result<()> {
    guard::take(model.mouse)?;
    let size = screen.terminal.size()?;
    model.size = (size.width, size.height);
    // Clears the screen and forgets what stood there; the terminal's own `clear` would first
    // ask where the cursor is, and wait for the answer among the keys.
    screen.terminal.resize((Position::ORIGIN, size).into())?;
    screen.last = Buffer::default();
    model.redraw = true;
    Ok(())
}

type Hook = Box<dyn Fn(&std::panic::PanicHookInfo<'_>) + Sync + Send + 'static>;

/// While the screen is shown, a panic in any thread gives the terminal back at once and ends
/// the loop; its words are told afterwards, by whoever called [`run`].
struct PanicHook {
    said: Arc<Mutex<Option<String>>>,
    before: Hook,
}

impl PanicHook {
    fn set(sender: UnboundedSender<Report>) -> Self {
        let before = std::panic::take_hook();
        let said = Arc::new(Mutex::new(None));
        let kept = Arc::clone(&said);
        std::panic::set_hook(Box::new(move |info| {
            guard::give_back();
            let what = info.payload_as_str().unwrap_or("no reason given");
            let place = info.location().map(|place| format!(" ({}:{})", place.file(), place.line()));
            let text = format!("{what}{}", place.unwrap_or_default());
            kept.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(text.clone());
            drop(sender.send(Report::Panicked(text)));
        }));
        Self { said, before }
    }

    fn unset(self) -> Option<String> {
        std::panic::set_hook(self.before);
        self.said.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
