//! The one registry of commands: what can be done, by which keys, in which situation, and
//! what it is called. Key map, footer and help all come from it.

use crate::text::Language;

use super::keys::Key;
use super::live;
use super::model::{Mode, Model};
use super::theatre::Act;
use super::theme::Theme;

mod conditions;
mod inspected;

use conditions::*;
use inspected::*;

/// What can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Command {
    /// Open the chosen lesson.
    Open,
    /// Answer with the choice that is pointed at.
    Answer,
    /// Answer with this choice, from 0.
    Choose(usize),
    /// Do the step.
    Do,
    /// Go on to the next step, or back to the list after the last.
    GoOn,
    /// Point or scroll: this many lines down.
    Move(isize),
    /// Scroll by halves of a screen down.
    Half(isize),
    /// To the beginning.
    Top,
    /// To the end.
    Bottom,
    /// The step before.
    Previous,
    /// The step after.
    Next,
    /// The next pane, or with `false` the one before.
    Pane(bool),
    /// The next tool's commands.
    Tool,
    /// Copy what is shown.
    Copy,
    /// The other language.
    Language,
    /// Listen to the mouse, or leave it to the terminal.
    Mouse,
    /// What can be done in the theatre alone.
    Theatre(Act),
    /// What can be done with the cluster that is alive alone.
    Live(live::Act),
    /// Go to the check that decided.
    Decisive,
    /// Open the fault browser.
    Faults,
    /// Open the fault that is pointed at.
    OpenFault,
    /// Type a filter of the faults.
    Filter,
    /// The fault so many further.
    NextFault(isize),
    /// Break what is whole, mend what is broken.
    Turn,
    /// Open the inspector: the list, or the certificate that is shown.
    Inspect,
    /// Take what is pointed at in the inspector: open it, fold it, do it.
    Take,
    /// Inwards in the inspector, or with `false` outwards.
    Inwards(bool),
    /// Look for something in a certificate: type what.
    Seek,
    /// The next that holds what was looked for, or with `false` the one before.
    NextHit(bool),
    /// Open its issuer.
    Issuer,
    /// Its way to its root.
    Chain,
    /// Bars on a time line.
    Bars,
    /// Put it beside another.
    Compare,
    /// All words for a field.
    Words,
    /// What a cluster makes of it.
    Kubernetes,
    /// Write it into a file.
    Export,
    /// Show the bytes of what is compared, or not.
    Bytes,
    /// Show only what differs, or all.
    OnlyChanged,
    /// Look for something: type what.
    Find,
    /// Open the list of all lessons and steps.
    Jump,
    /// Go to what is pointed at in either.
    GoThere,
    /// A letter of what is looked for.
    Type(char),
    /// Take the last letter back.
    Erase,
    /// Take all letters back.
    EraseAll,
    /// Open or close the glossary.
    Glossary,
    /// Forget what was done in the chosen lesson; the second time it is meant.
    Reset,
    /// Open or close the help.
    Help,
    /// Stop the work.
    Cancel,
    /// Close the help, then what lies over the rest, then the lesson.
    Back,
    /// Back, then quit.
    Leave,
    /// Quit.
    Quit,
    /// Give the terminal back to the shell for a while.
    Suspend,
}

/// A command with its keys and words.
pub(super) struct Entry {
    /// What is done.
    pub(super) command: Command,
    /// By which keys.
    pub(super) keys: &'static [Key],
    /// The keys as they are written; `{arrows}` and `{sides}` are the theme's.
    pub(super) shown: &'static str,
    /// Its name in English and Korean.
    label: (&'static str, &'static str),
    /// In which situations; empty is all.
    modes: &'static [Mode],
    /// What else must hold.
    when: fn(&Model) -> bool,
    /// Its place in the footer; 0 is none.
    pub(super) footer: u8,
}

impl Entry {
    /// Its name.
    pub(super) fn label(&self, language: Language, theme: Theme) -> &'static str {
        let label = language.pick(self.label.0, self.label.1);
        // A language is called as it calls itself, where the terminal has the letters.
        if theme.is_ascii() && self.command == Command::Language {
            language.pick("Korean", label)
        } else {
            label
        }
    }

    /// Whether it can be done now.
    pub(super) fn is_available(&self, model: &Model) -> bool {
        self.is_in(model, model.mode())
    }

    /// Whether it could be done in this situation.
    pub(super) fn is_in(&self, model: &Model, mode: Mode) -> bool {
        (self.modes.is_empty() || self.modes.contains(&mode)) && (self.when)(model)
    }
}

/// The command of a key in the present situation.
pub(super) fn find(model: &Model, key: Key) -> Option<Command> {
    if let (Key::Char(digit @ '1'..='9'), Mode::Question) = (key, model.mode()) {
        return Some(Command::Choose((digit as usize).saturating_sub('1' as usize)));
    }
    if let (Key::Char(letter), true) = (key, model.mode().is_typing()) {
        return Some(Command::Type(letter));
    }
    REGISTRY
        .iter()
        .find(|entry| entry.keys.contains(&key) && entry.is_available(model))
        .map(|entry| entry.command)
}

/// The commands for the footer now, the most important first.
pub(super) fn footer(model: &Model) -> Vec<&'static Entry> {
    // What a letter would do elsewhere it does not do while letters are typed.
    let typing = model.mode().is_typing();
    let is_meant =
        |entry: &&Entry| entry.footer > 0 && entry.is_available(model) && !(typing && entry.modes.is_empty());
    let mut entries: Vec<_> = REGISTRY.iter().filter(is_meant).collect();
    entries.sort_by_key(|entry| entry.footer);
    entries
}

/// What Enter does now.
pub(super) fn primary(model: &Model) -> Option<&'static Entry> {
    REGISTRY.iter().find(|entry| entry.keys.contains(&Key::Enter) && entry.is_available(model))
}

use Key::{Char, Ctrl};
use Mode::{
    After, Bars, Chain, Compare, Fault, Faults, Filter, Find, Glossary, Help, Home, Inspect, Jump, Offers,
    Pick, Programme, Question, Ready, Seek, Shelf, Words, Working,
};

const STEPS: &[Mode] = &[Question, Ready, After];
const LESSON: &[Mode] = &[Question, Ready, Working, After];
const PAGE: &[Mode] = &[Inspect, Words, Chain, Bars, Mode::Kubernetes];
const PLACES: &[Mode] = &[Shelf, Inspect, Home, Faults, Fault, Question, Ready, Working, After];
const LESSON_OR_FAULT: &[Mode] = &[Question, Ready, Working, After, Fault];
const THEATRE: &[Mode] = &[Mode::Theatre];
const LIVE: &[Mode] = &[Mode::Live];
const MATRIX: &[Mode] = &[Mode::Matrix];
#[rustfmt::skip]
const UNTYPED: &[Mode] = &[
    Shelf, Inspect, Words, Chain, Bars, Compare, Mode::Kubernetes, Mode::Live, Mode::Asks, Mode::Matrix,
    Programme, Mode::Theatre, Pick, Faults, Fault, Home, Question, Ready, Working, After, Jump, Glossary, Help,
];
const ANY: &[Mode] = &[];

/// A row of the registry.
const fn row(
    command: Command,
    keys: &'static [Key],
    shown: &'static str,
    label: (&'static str, &'static str),
    modes: &'static [Mode],
    when: fn(&Model) -> bool,
    footer: u8,
) -> Entry {
    Entry { command, keys, shown, label, modes, when, footer }
}

/// Every command. The first row whose key and situation fit is the one that is meant.
// One row a line: it is read as a table.
#[rustfmt::skip]
pub(super) const REGISTRY: &[Entry] = &[
    row(Command::Open, &[Key::Enter, Char('l'), Key::Right], "Enter", ("open", "열기"), &[Home], always, 1),
    row(Command::Answer, &[Key::Enter], "Enter", ("answer", "답하기"), &[Question], always, 1),
    row(Command::Do, &[Key::Enter], "Enter", ("make it", "만들기"), &[Ready], makes, 1),
    row(Command::Do, &[Key::Enter], "Enter", ("check it", "확인하기"), &[Ready], looks, 1),
    row(Command::Do, &[Key::Enter], "Enter", ("connect", "연결하기"), &[Ready], connects, 1),
    row(Command::Do, &[Key::Enter], "Enter", ("break it", "고장 내기"), &[Ready], breaks, 1),
    row(Command::Do, &[Key::Enter], "Enter", ("run it", "실행하기"), &[Ready], runs, 1),
    row(Command::Do, &[Key::Enter], "Enter", ("send it", "요청하기"), &[Ready], asks, 1),
    row(Command::Do, &[Key::Enter], "Enter", ("try again", "다시 하기"), &[Ready], failed, 1),
    row(Command::GoOn, &[Key::Enter, Char(' ')], "Enter", ("go on", "다음으로"), &[After], not_last, 1),
    row(Command::GoOn, &[Key::Enter, Char(' ')], "Enter", ("finish", "마치기"), &[After], is_last, 1),
    row(Command::Cancel, &[Key::Esc], "Esc", ("cancel", "취소"), &[Working], always, 1),
    row(Command::Move(-1), &[Key::Up, Char('k')], "{arrows}", ("choose", "고르기"), &[Home, Faults], always, 2),
    row(Command::Move(1), &[Key::Down, Char('j')], "", ("choose", "고르기"), &[Home, Faults], always, 0),
    row(Command::Move(-1), &[Key::Up, Char('k')], "{arrows} 1-9", ("choose", "고르기"), &[Question], points, 2),
    row(Command::Move(1), &[Key::Down, Char('j')], "", ("choose", "고르기"), &[Question], points, 0),
    row(Command::Move(-1), &[Key::Up, Char('k')], "j/k", ("scroll", "스크롤"), &[Ready, Working, After, Fault], scrolls, 5),
    row(Command::Move(-1), &[Key::Up, Char('k')], "j/k", ("scroll", "스크롤"), &[Question], scrolls_panel, 5),
    row(Command::Move(-1), &[Key::Up, Char('k')], "j/k {arrows}", ("scroll", "스크롤"), &[Help, Glossary], always, 1),
    row(Command::Move(1), &[Key::Down, Char('j')], "", ("scroll", "스크롤"), &[Help, Glossary, Question, Ready, Working, After, Fault], always, 0),
    row(Command::GoThere, &[Key::Enter], "Enter", ("go there", "이동"), &[Find, Jump], always, 1),
    row(Command::Move(-1), &[Key::Up, Ctrl('p')], "{arrows}", ("choose", "고르기"), &[Find, Filter], always, 2),
    row(Command::Move(1), &[Key::Down, Ctrl('n')], "", ("choose", "고르기"), &[Find, Filter], always, 0),
    row(Command::Move(-1), &[Key::Up, Char('k')], "{arrows}", ("choose", "고르기"), &[Jump], always, 2),
    row(Command::Move(1), &[Key::Down, Char('j')], "", ("choose", "고르기"), &[Jump], always, 0),
    row(Command::EraseAll, &[Ctrl('u')], "Ctrl-u", ("clear", "지우기"), &[Find, Filter, Seek], always, 4),
    row(Command::Erase, &[Key::Backspace], "", ("erase", "한 글자 지우기"), &[Find, Filter, Seek], always, 0),
    row(Command::Back, &[Key::Esc], "Esc", ("close", "닫기"), &[Find, Filter, Seek, Offers], always, 3),
    row(Command::Previous, &[Key::Left, Char('h')], "{sides}", ("step", "단계"), STEPS, always, 4),
    row(Command::Next, &[Key::Right, Char('l')], "", ("next step", "다음 단계"), STEPS, always, 0),
    row(Command::Pane(true), &[Key::Tab], "Tab", ("panel", "패널"), LESSON, has_panels, 3),
    row(Command::Pane(false), &[Key::BackTab], "", ("panel before", "이전 패널"), LESSON, has_panels, 0),
    row(Command::Pane(true), &[Key::Tab], "Tab", ("panel", "패널"), &[Fault], has_trial, 3),
    row(Command::Pane(false), &[Key::BackTab], "", ("panel before", "이전 패널"), &[Fault], has_trial, 0),
    row(Command::Decisive, &[Char('d')], "d", ("what decided", "결정적 확인"), LESSON_OR_FAULT, has_decisive, 6),
    row(Command::Tool, &[Char('t'), Key::F(3)], "t", ("next tool", "다음 도구"), LESSON, has_tools, 6),
    row(Command::Copy, &[Char('c'), Char('y'), Key::F(4)], "c", ("copy", "복사"), LESSON_OR_FAULT, can_copy, 7),
    row(Command::Half(1), &[Ctrl('d')], "Ctrl-d/u", ("half a screen", "반 화면 이동"), UNTYPED, always, 0),
    row(Command::Half(-1), &[Ctrl('u')], "", ("half a screen up", "반 화면 위로"), UNTYPED, always, 0),
    row(Command::Half(2), &[Key::PageDown, Ctrl('f')], "PgUp/PgDn", ("a screen", "한 화면 이동"), ANY, always, 0),
    row(Command::Half(-2), &[Key::PageUp, Ctrl('b')], "", ("a screen up", "한 화면 위로"), ANY, always, 0),
    row(Command::Top, &[Char('<'), Key::Home], "< >", ("first, last (Home, End)", "처음, 끝 (Home, End)"), ANY, always, 0),
    row(Command::Bottom, &[Char('>'), Char('G'), Key::End], "", ("last", "끝"), ANY, always, 0),
    row(Command::Inspect, &[Char('i')], "i", ("certificates", "인증서 목록"), &[Home], always, 4),
    row(Command::Inspect, &[Char('i')], "i", ("inspect", "들여다보기"), LESSON, points_at_certificate, 3),
    row(Command::Inspect, &[Char('i')], "i", ("inspect", "들여다보기"), LESSON, has_certificate, 0),
    row(Command::Inspect, &[Char('i')], "i", ("inspect", "들여다보기"), THEATRE, plays_certificate, 4),
    row(Command::Take, &[Key::Enter, Char('l'), Key::Right], "Enter", ("open", "열기"), &[Shelf, Chain, Bars], always, 1),
    row(Command::Take, &[Key::Enter], "Enter", ("do it", "하기"), &[Offers], always, 1),
    row(Command::Take, &[Key::Enter], "Enter", ("done", "마치기"), &[Seek], always, 1),
    row(Command::Take, &[Key::Enter, Char(' ')], "Enter", ("unfold", "펼치기"), &[Inspect], leads_fields, 1),
    row(Command::Move(-1), &[Key::Up, Char('k')], "{arrows}", ("choose", "고르기"), &[Shelf, Chain, Bars, Compare, Offers], always, 2),
    row(Command::Move(1), &[Key::Down, Char('j')], "", ("choose", "고르기"), &[Shelf, Chain, Bars, Compare, Offers], always, 0),
    row(Command::Move(-1), &[Key::Up, Char('k')], "{arrows}{sides}", ("move", "이동"), &[Inspect], always, 2),
    row(Command::Move(1), &[Key::Down, Char('j')], "", ("move", "이동"), &[Inspect], always, 0),
    row(Command::Move(-1), &[Key::Up, Char('k')], "j/k", ("scroll", "스크롤"), &[Words, Mode::Kubernetes], always, 2),
    row(Command::Move(1), &[Key::Down, Char('j')], "", ("scroll", "스크롤"), &[Words, Mode::Kubernetes], always, 0),
    row(Command::Inwards(true), &[Key::Right, Char('l')], "", ("inwards", "안으로"), &[Inspect], always, 0),
    row(Command::Inwards(false), &[Key::Left, Char('h')], "", ("outwards", "밖으로"), &[Inspect], always, 0),
    row(Command::Pane(true), &[Key::Tab], "Tab", ("pane", "창"), &[Inspect], always, 3),
    row(Command::Pane(false), &[Key::BackTab], "", ("pane before", "이전 창"), &[Inspect], always, 0),
    row(Command::Seek, &[Char('/')], "/", ("search", "검색"), &[Inspect], always, 4),
    row(Command::NextHit(true), &[Char('n')], "n/N", ("next, previous", "다음, 이전"), &[Inspect], has_hits, 4),
    row(Command::NextHit(false), &[Char('N')], "", ("previous hit", "이전 결과"), &[Inspect], has_hits, 0),
    row(Command::NextHit(false), &[Key::Up, Ctrl('p')], "{arrows}", ("next, previous", "다음, 이전"), &[Seek], has_hits, 2),
    row(Command::NextHit(true), &[Key::Down, Ctrl('n')], "", ("next hit", "다음 결과"), &[Seek], has_hits, 0),
    row(Command::Words, &[Char('x')], "x", ("explain", "설명"), PAGE, has_field, 5),
    row(Command::Kubernetes, &[Char('v')], "v", ("Kubernetes", "Kubernetes"), PAGE, always, 5),
    row(Command::Issuer, &[Char('i')], "i", ("issuer", "발급자"), &[Inspect], has_issuer, 6),
    row(Command::Chain, &[Char('s')], "s", ("chain", "체인"), PAGE, always, 7),
    row(Command::Bars, &[Char('t')], "t", ("time line", "시간선"), &[Shelf, Inspect, Words, Chain, Bars, Mode::Kubernetes], always, 7),
    row(Command::Compare, &[Char('d')], "d", ("compare", "비교"), &[Inspect], always, 7),
    row(Command::Export, &[Char('e')], "e", ("export", "내보내기"), PAGE, always, 7),
    row(Command::Copy, &[Char('c'), Char('y'), Key::F(4)], "c", ("copy", "복사"), PAGE, always, 6),
    row(Command::Bytes, &[Char('b')], "b", ("bytes", "바이트"), &[Compare], always, 3),
    row(Command::OnlyChanged, &[Char('a')], "a", ("all, differences", "전체, 차이만"), &[Compare], always, 4),
    row(Command::OpenFault, &[Key::Enter, Char('l'), Key::Right], "Enter", ("open", "열기"), &[Faults], always, 1),
    row(Command::OpenFault, &[Key::Enter], "Enter", ("open", "열기"), &[Filter], always, 1),
    row(Command::Filter, &[Char('/')], "/", ("filter", "거르기"), &[Faults], always, 3),
    row(Command::Turn, &[Key::Enter], "Enter", ("break it", "고장 내기"), &[Fault], is_whole, 1),
    row(Command::Turn, &[Key::Enter], "Enter", ("mend it", "고치기"), &[Fault], is_broken, 1),
    row(Command::Turn, &[Key::Enter], "Enter", ("try again", "다시 하기"), &[Fault], trial_failed, 1),
    row(Command::NextFault(-1), &[Key::Left, Char('h')], "{sides}", ("fault", "고장"), &[Fault], always, 4),
    row(Command::NextFault(1), &[Key::Right, Char('l')], "", ("next fault", "다음 고장"), &[Fault], always, 0),
    row(Command::Faults, &[Char('f')], "f", ("faults", "고장 목록"), &[Home], always, 5),
    row(Command::Faults, &[Char('f')], "f", ("faults", "고장 목록"), LESSON, always, 0),
    row(Command::Find, &[Char('/')], "/", ("find", "찾기"), &[Home, Question, Ready, Working, After, Jump, Glossary], always, 6),
    row(Command::Jump, &[Char('o')], "o", ("all steps", "전체 목록"), &[Home, Question, Ready, Working, After, Glossary], always, 8),
    row(Command::Jump, &[Char('o')], "o", ("close", "닫기"), &[Jump], always, 3),
    row(Command::Glossary, &[Char('g')], "g", ("glossary", "용어"), PLACES, always, 7),
    row(Command::Glossary, &[Char('g')], "g", ("close", "닫기"), &[Glossary], always, 3),
    row(Command::Reset, &[Char('R')], "R", ("reset the lesson", "레슨 초기화"), &[Home], always, 8),
    row(Command::Theatre(Act::Open), &[Char('p')], "p", ("handshakes", "핸드셰이크"), &[Home], always, 6),
    row(Command::Theatre(Act::Open), &[Char('p')], "p", ("play it", "연결 보기"), LESSON_OR_FAULT, can_play, 3),
    row(Command::Theatre(Act::Open), &[Char('p')], "p", ("handshakes", "핸드셰이크"), LESSON, always, 0),
    row(Command::Theatre(Act::Choose), &[Key::Enter, Char('l'), Key::Right], "Enter", ("play", "보기"), &[Programme], always, 1),
    row(Command::Theatre(Act::Choose), &[Key::Enter], "Enter", ("compare", "비교하기"), &[Pick], always, 1),
    row(Command::Theatre(Act::Play), &[Char(' ')], "Space", ("pause", "멈추기"), THEATRE, is_playing, 2),
    row(Command::Theatre(Act::Play), &[Char(' ')], "Space", ("play", "재생"), THEATRE, is_still, 2),
    row(Command::Theatre(Act::Deeper), &[Key::Enter], "Enter", ("fields", "필드"), THEATRE, on_ladder, 1),
    row(Command::Theatre(Act::Deeper), &[Key::Enter], "Enter", ("bytes", "바이트"), THEATRE, in_fields, 1),
    row(Command::Theatre(Act::Step(-1)), &[Key::Left, Char('h'), Char(',')], "{sides}", ("back, step", "뒤로, 한 단계"), THEATRE, on_ladder, 3),
    row(Command::Theatre(Act::Step(1)), &[Key::Right, Char('l'), Char('.')], "", ("a step further", "한 단계 앞으로"), THEATRE, on_ladder, 0),
    row(Command::Theatre(Act::Aside(-1)), &[Key::Left, Char('h')], "{sides}", ("byte", "바이트 이동"), THEATRE, in_bytes, 3),
    row(Command::Theatre(Act::Aside(-1)), &[Key::Left, Char('h')], "{sides}", ("pane", "옆 칸"), THEATRE, beside_fields, 6),
    row(Command::Theatre(Act::Aside(1)), &[Key::Right, Char('l')], "", ("pane", "옆 칸"), THEATRE, on_page, 0),
    row(Command::Move(-1), &[Key::Up, Char('k')], "{arrows}", ("choose", "고르기"), &[Programme, Mode::Theatre, Pick], always, 6),
    row(Command::Move(1), &[Key::Down, Char('j')], "", ("choose", "고르기"), &[Programme, Mode::Theatre, Pick], always, 0),
    row(Command::Pane(true), &[Key::Tab], "Tab", ("other side", "다른 쪽"), THEATRE, has_two, 5),
    row(Command::Pane(false), &[Key::BackTab], "", ("pane before", "이전 칸"), THEATRE, has_two, 0),
    row(Command::Theatre(Act::Outside), &[Char('e')], "e", ("eavesdrop", "엿듣기"), THEATRE, on_page, 4),
    row(Command::Theatre(Act::Versions), &[Char('v')], "v", ("1.2/1.3", "1.2/1.3"), THEATRE, on_page, 5),
    row(Command::Theatre(Act::Compare), &[Char('d')], "d", ("compare", "비교"), THEATRE, on_page, 5),
    row(Command::Theatre(Act::Compare), &[Char('d')], "d", ("close", "닫기"), &[Pick], always, 3),
    row(Command::Theatre(Act::Keys), &[Char('s')], "s", ("secrets", "키"), THEATRE, on_page, 7),
    row(Command::Theatre(Act::Keys), &[Char('s')], "s", ("messages", "메시지"), THEATRE, on_keys, 3),
    row(Command::Theatre(Act::Speed(1)), &[Char('+'), Char('=')], "+ -", ("speed", "속도"), THEATRE, on_page, 8),
    row(Command::Theatre(Act::Speed(-1)), &[Char('-')], "", ("slower", "느리게"), THEATRE, on_page, 0),
    row(Command::Live(live::Act::Open), &[Char('s')], "s", ("live cluster", "살아 있는 클러스터"), &[Home], always, 6),
    row(Command::Live(live::Act::Open), &[Char('s')], "s", ("live cluster", "살아 있는 클러스터"), LESSON, always, 0),
    row(Command::Live(live::Act::Open), &[Key::Enter], "Enter", ("try again", "다시 하기"), &[Mode::Unserved], always, 1),
    row(Command::Live(live::Act::Asks), &[Key::Enter, Char('a')], "Enter", ("requests", "요청 고르기"), LIVE, serves, 1),
    row(Command::Live(live::Act::Play), &[Key::Enter], "Enter", ("play", "보내기"), &[Mode::Asks], always, 1),
    row(Command::Live(live::Act::Next), &[Char(' '), Char('n')], "Space", ("next", "다음 요청"), LIVE, serves, 2),
    row(Command::Live(live::Act::Asks), &[Char('a')], "a", ("close", "닫기"), &[Mode::Asks], always, 3),
    row(Command::Live(live::Act::Line(-1)), &[Key::Left, Char('h')], "{sides}", ("whose line", "누구의 줄"), LIVE, serves, 5),
    row(Command::Live(live::Act::Line(1)), &[Key::Right, Char('l')], "", ("whose line", "누구의 줄"), LIVE, serves, 0),
    row(Command::Live(live::Act::CopyLine), &[Char('c'), Char('y'), Key::F(4)], "c", ("copy the line", "줄 복사"), LIVE, serves, 5),
    row(Command::Live(live::Act::Matrix), &[Char('m')], "m", ("permissions", "권한 표"), LIVE, serves, 3),
    row(Command::Live(live::Act::Matrix), &[Char('m'), Key::Enter], "m", ("back to the cluster", "클러스터로"), MATRIX, always, 1),
    row(Command::Live(live::Act::Aside(-1)), &[Key::Left, Char('h')], "", ("the action before", "앞 행동"), MATRIX, always, 0),
    row(Command::Live(live::Act::Aside(1)), &[Key::Right, Char('l')], "", ("the next action", "다음 행동"), MATRIX, always, 0),
    row(Command::Move(-1), &[Key::Up, Char('k')], "{arrows}{sides}", ("choose", "고르기"), MATRIX, always, 2),
    row(Command::Move(1), &[Key::Down, Char('j')], "", ("choose", "고르기"), MATRIX, always, 0),
    row(Command::Move(-1), &[Key::Up, Char('k')], "{arrows}", ("choose", "고르기"), &[Mode::Live, Mode::Asks], serves, 4),
    row(Command::Move(1), &[Key::Down, Char('j')], "", ("choose", "고르기"), &[Mode::Live, Mode::Asks], serves, 0),
    row(Command::Pane(true), &[Key::Tab], "Tab", ("pane", "창"), LIVE, serves, 3),
    row(Command::Pane(false), &[Key::BackTab], "", ("pane before", "이전 창"), LIVE, serves, 0),
    row(Command::Language, &[Char('L'), Key::F(2)], "L", ("한국어", "English"), ANY, always, 8),
    row(Command::Mouse, &[Char('M')], "M", ("mouse on or off", "마우스 켜기/끄기"), ANY, always, 0),
    row(Command::Help, &[Char('?'), Key::F(1)], "?", ("help", "도움말"), ANY, always, 9),
    row(Command::Back, &[Key::Esc], "Esc", ("back", "뒤로"), &[Mode::Live, Mode::Asks, Mode::Matrix, Mode::Unserved, Shelf, Inspect, Words, Chain, Bars, Compare, Mode::Kubernetes, Programme, Mode::Theatre, Pick, Faults, Fault, Help, Jump, Glossary, Question, Ready, After], always, 0),
    row(Command::Leave, &[Char('q')], "q", ("quit", "종료"), &[Home], always, 10),
    row(Command::Leave, &[Char('q')], "q", ("back", "뒤로"), &[Mode::Live, Mode::Asks, Mode::Matrix, Mode::Unserved, Offers, Shelf, Inspect, Words, Chain, Bars, Compare, Mode::Kubernetes, Programme, Mode::Theatre, Pick, Faults, Fault, Help, Jump, Glossary, Question, Ready, Working, After], always, 10),
    row(Command::Quit, &[Ctrl('c'), Key::F(10)], "Ctrl-C", ("quit at once", "바로 종료"), ANY, always, 0),
    row(Command::Suspend, &[Ctrl('z')], "Ctrl-Z", ("suspend", "잠시 멈춤"), ANY, always, 0),
];
