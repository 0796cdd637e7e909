//! The terminal: size, colours, characters, and whether it gives the clipboard.

use std::io::IsTerminal;

use serde::Serialize;

use super::data::{TerminalData, Works, data};
use crate::text::{Language, escape};

/// The smallest screen that the lab is made for: columns and rows.
const SMALLEST: (u16, u16) = (60, 20);

/// What a program can know of where it runs, injected so that it can be tried.
pub struct Surroundings<'a> {
    /// The environment.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// Whether standard input is a terminal.
    pub input: bool,
    /// Whether standard output is a terminal.
    pub output: bool,
    /// Columns and rows of the terminal, if there is one.
    pub size: Option<(u16, u16)>,
}

/// A terminal. Texts are safe to print.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Terminal {
    /// Whether standard input is a terminal.
    pub input: bool,
    /// Whether standard output is a terminal.
    pub output: bool,
    /// `TERM`.
    pub term: Option<String>,
    /// Which program it is, if that shows.
    pub program: Option<&'static str>,
    /// `tmux` or `screen`, if it is within one.
    pub multiplexer: Option<&'static str>,
    /// Its width.
    pub columns: Option<u16>,
    /// Its height.
    pub rows: Option<u16>,
    /// How many colours it has; the lab uses 16.
    pub colors: u32,
    /// Whether `NO_COLOR` asks for none.
    pub no_color: bool,
    /// The locale for characters: `LC_ALL`, `LC_CTYPE`, `LANG`, the first that is set.
    pub locale: Option<String>,
    /// Whether that is UTF-8.
    pub unicode: bool,
    /// The clipboard.
    pub clipboard: Clipboard,
    /// What to do for a better screen, one sentence each.
    pub advice: Vec<String>,
}

/// Whether what the lab copies arrives on the clipboard (by OSC 52).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Clipboard {
    /// Whether it does.
    pub works: Works,
    /// What to do for it.
    pub advice: Option<String>,
}

impl Surroundings<'_> {
    /// Runs `with` in the surroundings of this process.
    pub fn of_process<T>(with: impl FnOnce(&Surroundings<'_>) -> T) -> T {
        let window = crossterm::terminal::window_size().ok();
        with(&Surroundings {
            variable: &|name| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()),
            input: std::io::stdin().is_terminal(),
            output: std::io::stdout().is_terminal(),
            size: window.map(|window| (window.columns, window.rows)),
        })
    }

    /// A variable that is set to something.
    fn set(&self, name: &str) -> Option<String> {
        (self.variable)(name).filter(|value| !value.is_empty())
    }

    fn is(&self, terminal: &TerminalData) -> bool {
        self.set(&terminal.variable).is_some_and(|value| {
            let begins = terminal.begins.as_ref().is_none_or(|begin| value.starts_with(begin.as_str()));
            let reaches = |least: u64| value.parse().is_ok_and(|number: u64| number >= least);
            begins && terminal.at_least.is_none_or(reaches)
        })
    }
}

/// Looks at the terminal.
#[must_use]
pub fn examine(surroundings: &Surroundings<'_>, language: Language) -> Terminal {
    let set = |name: &str| surroundings.set(name);
    let mut known = data().terminals.iter().filter(|terminal| surroundings.is(terminal));
    let first = known.next();
    let is_within = |name: &str| first.is_some_and(|terminal| terminal.name == name);
    let multiplexer = ["tmux", "screen"].into_iter().find(|name| is_within(name));
    let program = if multiplexer.is_some() { known.next() } else { first };
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set);
    let unicode = locale.as_ref().is_some_and(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    });
    let mut terminal = Terminal {
        input: surroundings.input,
        output: surroundings.output,
        term: set("TERM").map(|term| escape(&term).into_owned()),
        program: program.map(|terminal| terminal.name.as_str()),
        multiplexer,
        columns: surroundings.size.map(|size| size.0),
        rows: surroundings.size.map(|size| size.1),
        colors: colors(set("TERM").as_deref(), set("COLORTERM").as_deref()),
        no_color: set("NO_COLOR").is_some(),
        locale: locale.map(|locale| escape(&locale).into_owned()),
        unicode,
        clipboard: clipboard(first, language),
        advice: Vec::new(),
    };
    terminal.advice = advice(&terminal, language);
    terminal
}

/// How many colours a terminal of this name has.
fn colors(term: Option<&str>, color_term: Option<&str>) -> u32 {
    match (term, color_term) {
        (None | Some("dumb"), _) => 0,
        (_, Some("truecolor" | "24bit")) => 1 << 24,
        (Some(term), _) if term.contains("-direct") => 1 << 24,
        (Some(term), _) if term.contains("256color") => 256,
        (Some(term), _) if term.starts_with("vt") => 0,
        _ => 16,
    }
}

fn clipboard(terminal: Option<&TerminalData>, language: Language) -> Clipboard {
    let Some(terminal) = terminal else {
        let advice = language.pick(
            "Press `c` in the lab, then paste: if nothing arrives, select with the mouse while holding Shift.",
            "랩에서 `c`를 누르고 붙여 넣어 보세요. 아무것도 없으면 Shift를 누른 채 마우스로 선택하세요.",
        );
        return Clipboard { works: Works::Unknown, advice: Some(advice.to_owned()) };
    };
    let advice = terminal.advice.as_ref().map(|words| words.get(language).to_owned());
    Clipboard { works: terminal.works, advice }
}

fn advice(terminal: &Terminal, language: Language) -> Vec<String> {
    let mut advice = Vec::new();
    let mut say = |english: String, korean: String| {
        advice.push(match language {
            Language::En => english,
            Language::Ko => korean,
        });
    };
    if !(terminal.input && terminal.output) {
        say(
            "The screen needs a terminal on standard input and output; every other command works without."
                .into(),
            "화면은 표준 입력과 출력이 모두 터미널이어야 해요. 다른 명령은 터미널 없이도 돼요.".into(),
        );
    }
    let (columns, rows) = SMALLEST;
    if terminal.columns.is_some_and(|has| has < columns) || terminal.rows.is_some_and(|has| has < rows) {
        say(
            format!("Make the window larger: the screen wants {columns}x{rows} or more."),
            format!("창을 키우세요. 화면에는 {columns}x{rows} 이상이 필요해요."),
        );
    }
    if terminal.colors == 0 {
        say(
            "No colours: `export TERM=xterm-256color`, if the terminal has them. Words and glyphs say the same."
                .into(),
            "색이 없어요. 터미널이 색을 낸다면 `export TERM=xterm-256color`를 쓰세요. 색이 없어도 기호와 글로 알 수 있어요."
                .into(),
        );
    }
    if !terminal.unicode {
        say(
            "The locale is not UTF-8: `export LANG=C.UTF-8`, or start with `--ascii`.".into(),
            "로캘이 UTF-8이 아니에요. `export LANG=C.UTF-8`을 쓰거나 `--ascii`로 실행하세요.".into(),
        );
    }
    advice
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(variables: &[(&str, &str)], size: Option<(u16, u16)>) -> Terminal {
        let variable = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        let all = Surroundings { variable: &variable, input: true, output: true, size };
        examine(&all, Language::En)
    }

    #[test]
    fn a_good_terminal_needs_no_advice() {
        let terminal = seen(
            &[("TERM", "xterm-kitty"), ("COLORTERM", "truecolor"), ("LANG", "ko_KR.UTF-8")],
            Some((120, 36)),
        );
        assert_eq!((terminal.program, terminal.multiplexer), (Some("kitty"), None));
        assert_eq!((terminal.colors, terminal.unicode), (1 << 24, true));
        assert_eq!(terminal.clipboard, Clipboard { works: Works::Yes, advice: None });
        assert_eq!(terminal.advice, Vec::<String>::new());
    }

    #[test]
    fn the_clipboard_by_terminal_and_version() {
        for (variables, works) in [
            (vec![("TMUX", "/tmp/tmux-0/default,1,0"), ("TERM", "tmux-256color")], Works::Set),
            (vec![("STY", "1.pts"), ("TERM", "screen")], Works::No),
            (vec![("TERM", "xterm-256color"), ("KONSOLE_VERSION", "230805")], Works::No),
            (vec![("TERM", "xterm-256color"), ("KONSOLE_VERSION", "241200")], Works::Yes),
            (vec![("TERM", "xterm-256color"), ("TERM_PROGRAM", "iTerm.app")], Works::Set),
            (vec![("TERM", "linux")], Works::No),
            (vec![("TERM", "xterm-256color")], Works::Unknown),
            (vec![], Works::Unknown),
        ] {
            let clipboard = seen(&variables, None).clipboard;
            assert_eq!(clipboard.works, works, "{variables:?}");
            assert_eq!(clipboard.advice.is_some(), works != Works::Yes, "{variables:?}");
        }
        let within = seen(&[("TMUX", "x"), ("TERM_PROGRAM", "WezTerm")], None);
        assert_eq!((within.multiplexer, within.program), (Some("tmux"), Some("WezTerm")));
    }

    #[test]
    fn a_poor_terminal_is_told_what_to_do() {
        let terminal = seen(&[("TERM", "dumb\u{1b}[2J"), ("LANG", "C"), ("NO_COLOR", "1")], Some((40, 10)));
        assert_eq!(terminal.term.as_deref(), Some("dumb\\u{1b}[2J"));
        assert!(terminal.no_color && !terminal.unicode);
        let said = terminal.advice.join("\n");
        assert!(said.contains("60x20") && said.contains("--ascii"), "{said}");
        assert_eq!(seen(&[("TERM", "dumb")], None).colors, 0);
    }
}
