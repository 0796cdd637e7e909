//! `dojang doctor`: what this machine offers, what works without, what to install for more.

use std::collections::BTreeSet;

use serde::Serialize;

use super::args::Global;
use super::error::CliError;
use super::output::{Output, Tone};
use crate::doctor::{
    Surroundings, Terminal, Tool, Works, Workspace, examine_terminal, examine_tools, examine_workspace,
};
use crate::text::{Language, wrap};

/// Columns before what is said of a thing.
const INDENT: usize = 16;
/// Columns of a line.
const COLUMNS: usize = 78;

#[derive(Serialize)]
struct Document {
    version: &'static str,
    terminal: Terminal,
    language: LanguageDocument,
    workspace: Workspace,
    tools: Vec<Tool>,
}

#[derive(Serialize)]
struct LanguageDocument {
    used: Language,
    /// `option`, `machine`, or `default` where the machine has a language that the lab has
    /// not.
    from: &'static str,
}

pub(super) fn run(output: &Output, global: &Global) -> Result<u8, CliError> {
    let language = output.language;
    let directory = global.dir.clone().or_else(|| crate::workspace::default_directory().ok());
    let document = Document {
        version: env!("CARGO_PKG_VERSION"),
        terminal: Surroundings::of_process(|all| examine_terminal(all, language)),
        language: LanguageDocument {
            used: language,
            from: match (global.lang, Language::spoken_by_machine()) {
                (Some(_), _) => "option",
                (None, Some(_)) => "machine",
                (None, None) => "default",
            },
        },
        workspace: examine_workspace(directory.as_deref(), language),
        tools: examine_tools(std::env::var_os("PATH").as_deref(), language),
    };
    if output.json {
        return output.document(&document);
    }
    let page = Page { output, language };
    page.terminal(&document.terminal)?;
    page.language(&document.language)?;
    page.workspace(&document.workspace)?;
    page.tools(&document.tools)?;
    Ok(0)
}

/// The answer for people.
struct Page<'a> {
    output: &'a Output,
    language: Language,
}

impl Page<'_> {
    /// The word of this language.
    fn say(&self, english: &'static str, korean: &'static str) -> &'static str {
        self.language.pick(english, korean)
    }

    fn heading(&self, text: &str) -> Result<(), CliError> {
        self.output.line(&self.output.tone(Tone::Strong, text))
    }

    /// A thing and what is said of it, behind a glyph: good, bad, or neither.
    fn row(&self, good: Option<bool>, name: &str, says: &str) -> Result<(), CliError> {
        let glyph = good.map_or_else(|| self.output.made(false), |good| self.output.mark(good));
        let room = INDENT.saturating_sub(4 + crate::text::width(name)).max(1);
        for (index, line) in wrap(says, COLUMNS - INDENT).into_iter().enumerate() {
            match index {
                0 => self.output.line(format!("  {glyph} {name}{}{line}", " ".repeat(room)).trim_end())?,
                _ => self.further(&line)?,
            }
        }
        Ok(())
    }

    /// More about the thing above.
    fn more(&self, text: &str) -> Result<(), CliError> {
        wrap(text, COLUMNS - INDENT).iter().try_for_each(|line| self.further(line))
    }

    fn further(&self, line: &str) -> Result<(), CliError> {
        self.output.line(&format!("{}{}", " ".repeat(INDENT), self.output.tone(Tone::Quiet, line)))
    }

    fn terminal(&self, terminal: &Terminal) -> Result<(), CliError> {
        self.heading(self.say("Terminal", "터미널"))?;
        let is_one = terminal.input && terminal.output;
        let mut says: Vec<String> = terminal.term.iter().cloned().collect();
        says.extend(terminal.program.map(str::to_owned));
        says.extend(terminal.multiplexer.map(|name| match self.language {
            Language::En => format!("within {name}"),
            Language::Ko => format!("{name} 안"),
        }));
        if let (Some(columns), Some(rows)) = (terminal.columns, terminal.rows) {
            says.push(format!("{columns}x{rows}"));
        }
        if !is_one {
            says.push(self.say("input or output is none", "입력이나 출력이 터미널이 아님").to_owned());
        }
        self.row(Some(is_one), self.say("terminal", "터미널"), &says.join(", "))?;
        let colors = match (terminal.no_color, terminal.colors) {
            (true, _) => self.say("none, as NO_COLOR asks", "NO_COLOR 설정에 따라 끔").to_owned(),
            (false, 0) => self.say("none", "없음").to_owned(),
            (false, count) => count.to_string(),
        };
        self.row(Some(terminal.colors > 0), self.say("colours", "색"), &colors)?;
        let locale = terminal.locale.as_deref().unwrap_or("-");
        self.row(Some(terminal.unicode), self.say("Unicode", "유니코드"), locale)?;
        let (good, clipboard) = match terminal.clipboard.works {
            Works::Yes => (Some(true), self.say("works", "돼요")),
            Works::No => (Some(false), self.say("does not work here", "여기서는 안 돼요")),
            Works::Set => (None, self.say("a setting decides", "설정에 따라 달라요")),
            Works::Unknown => (None, self.say("only trying tells", "써 봐야 알 수 있어요")),
        };
        self.row(good, self.say("clipboard", "클립보드"), &format!("{clipboard} (OSC 52)"))?;
        terminal.clipboard.advice.iter().try_for_each(|advice| self.more(advice))?;
        terminal.advice.iter().try_for_each(|advice| self.row(None, self.say("advice", "조언"), advice))
    }

    fn language(&self, language: &LanguageDocument) -> Result<(), CliError> {
        self.heading(self.say("Language", "언어"))?;
        let from = match language.from {
            "option" => self.say("as --lang says", "--lang으로 정함"),
            "machine" => self.say("as the machine's locale says", "시스템 로캘"),
            _ => self.say(
                "the machine's locale is neither English nor Korean",
                "시스템 로캘이 한국어도 영어도 아님",
            ),
        };
        self.row(Some(true), self.say("English", "한국어"), from)?;
        self.more(self.say(
            "`--lang ko`, or `L` on the screen, for Korean",
            "영어로 보려면 `--lang en`, 화면에서는 `L`",
        ))
    }

    fn workspace(&self, workspace: &Workspace) -> Result<(), CliError> {
        self.heading(self.say("Workspace", "작업 디렉터리"))?;
        let name = self.say("directory", "위치");
        self.row(Some(workspace.writable), name, workspace.directory.as_deref().unwrap_or("-"))?;
        if let Some(problem) = &workspace.problem {
            return self.more(problem);
        }
        let state = match workspace.exists {
            true => self.say("writable", "쓸 수 있어요"),
            false => self.say("made when it is needed", "필요할 때 만들어요"),
        };
        let free = workspace.free_bytes.map(|bytes| match self.language {
            Language::En => format!("{state}, {} free", size(bytes)),
            Language::Ko => format!("{state}. 남은 공간 {}", size(bytes)),
        });
        self.more(free.as_deref().unwrap_or(state))
    }

    fn tools(&self, tools: &[Tool]) -> Result<(), CliError> {
        self.heading(self.say("Tools", "도구"))?;
        for tool in tools {
            match (&tool.path, &tool.version, &tool.problem) {
                (Some(path), Some(version), _) => {
                    self.row(Some(true), tool.name, &format!("{version}  {path}"))?
                }
                (Some(path), None, problem) => {
                    let problem = problem.as_deref().unwrap_or_default();
                    self.row(Some(tool.runs), tool.name, &format!("{path}: {problem}"))?;
                }
                (None, ..) => {
                    self.row(None, tool.name, self.say("not there", "없음"))?;
                    self.more(&match self.language {
                        Language::En => format!("for {}; without it {}", tool.needed_for, tool.without),
                        Language::Ko => format!("{} 필요해요. 없어도 {}.", tool.needed_for, tool.without),
                    })?;
                }
            }
        }
        self.output.line("")?;
        let works = self.say(
            "Every lesson works without any of these tools: dojang makes, connects and judges by itself.",
            "이 도구가 하나도 없어도 모든 레슨을 할 수 있어요. 만들고 연결하고 판정하는 일은 dojang이 해요.",
        );
        wrap(works, COLUMNS).iter().try_for_each(|line| self.output.line(line))?;
        let missing: BTreeSet<&str> =
            tools.iter().filter(|tool| tool.path.is_none()).map(|tool| tool.package).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let packages = missing.into_iter().collect::<Vec<_>>().join(" ");
        self.output.line(self.say("For more, on Debian:", "더 해 보려면 Debian에서는 이렇게 설치하세요."))?;
        self.output.line(&format!("  apt-get install {packages}"))
    }
}

/// Bytes for people.
fn size(bytes: u64) -> String {
    let mut value = bytes as f64;
    for unit in ["B", "KB", "MB", "GB"] {
        if value < 1000.0 {
            return format!("{value:.0} {unit}");
        }
        value /= 1000.0;
    }
    format!("{value:.1} TB")
}
