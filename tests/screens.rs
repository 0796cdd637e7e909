//! How every step of every lesson looks once it is done, styles included: at 80×24 in both
//! languages, and one step of each kind at four sizes. What differs from run to run (keys,
//! ports, timings, the machine's openssl) is masked.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::fmt::Write as _;

use dojang::blueprint::{ClusterSpec, KeyAlgorithm};
use dojang::clock::Clock;
use dojang::fault::Making;
use dojang::lab::{
    Cancel, Directory, Edge, Holding, Lab, LabOptions, LiveStep, Opinions, Panel, Permissions, Play,
    PlayRequest, Progress, StepReport, Trial, TrialStep,
};
use dojang::lesson::Lesson;
use dojang::text::Language;
use dojang::trust::opinion::Opinion;
use dojang::ui::{Background, Engine, Options, ProgressView, Still};
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier};
use time::OffsetDateTime;
use unicode_width::UnicodeWidthStr;

/// A lab whose reports are the same on each run.
struct Fixed(Lab);

impl Fixed {
    fn new() -> Self {
        let spec = ClusterSpec { key: KeyAlgorithm::P256, ..ClusterSpec::default() };
        let clock = Clock::fixed("2026-11-23T18:54:01Z").unwrap();
        let options = LabOptions { directory: Directory::Temporary, spec: Some(spec), clock, lessons: None };
        Self(Lab::open(options).unwrap())
    }
}

impl Engine for Fixed {
    fn lessons(&self) -> &[Lesson] {
        self.0.lessons()
    }
    fn progress(&self) -> ProgressView {
        Engine::progress(&self.0)
    }
    fn panels(&self, lesson: &str, step: &str) -> Vec<Panel> {
        let mut panels = Engine::panels(&self.0, lesson, step);
        panels.iter_mut().for_each(mask);
        panels
    }
    fn perform(
        &self,
        lesson: &str,
        step: &str,
        cancel: &Cancel,
        on_progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<StepReport, String> {
        let mut report = Engine::perform(&self.0, lesson, step, cancel, on_progress)?;
        assert!(report.ok, "{lesson}/{step}: {} is {}", report.expected, report.observed);
        report.panels.iter_mut().for_each(mask);
        // Which step makes what depends on which was asked for first.
        report.made_first.clear();
        report.artifacts = report.artifacts.min(1);
        Ok(report)
    }
    fn edges(&self) -> Vec<Edge> {
        self.0.edges()
    }
    fn play(&self, request: &PlayRequest, cancel: &Cancel) -> Result<Play, String> {
        Engine::play(&self.0, request, cancel)
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
    fn live(&self, _: &Cancel, _: &(dyn Fn(LiveStep) + Sync)) -> Result<(), String> {
        Err("no cluster serves here".into())
    }
    fn ask(&self, _: &str) -> Result<Option<String>, String> {
        Err("no cluster serves here".into())
    }
    fn permissions(&self) -> Permissions {
        self.0.permissions()
    }
    fn holdings(&self) -> Vec<Holding> {
        self.0.holdings()
    }
    fn now(&self) -> OffsetDateTime {
        self.0.now()
    }
    fn export(&self, _: &str, _: &str, _: &[u8]) -> Result<String, String> {
        Err("nothing is exported here".into())
    }
    fn record(&self, _: &str, _: &str, _: Option<usize>) -> Result<(), String> {
        Ok(())
    }
    fn reset(&self, _: &str) -> Result<(), String> {
        Ok(())
    }
    fn set_language(&self, _: Language) -> Result<(), String> {
        Ok(())
    }
}

/// Zeros for the digits of long numbers and ports.
fn digits(text: &str) -> String {
    let hex = |c: char| c.is_ascii_hexdigit() || c == ':';
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(hex) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|c| !hex(c)).unwrap_or(from.len());
        let (run, after) = from.split_at(end);
        out.push_str(before);
        // Serial numbers, key identifiers, and ports that the system chose.
        let is_long = run.len() >= 16 && run.chars().any(|c| c.is_ascii_digit());
        let is_port = before.ends_with("0.0.") && run.len() >= 6 && run.contains(':');
        match is_long || is_port {
            true => out.extend(run.chars().map(|c| if c.is_ascii_hexdigit() { '0' } else { c })),
            false => out.push_str(run),
        }
        rest = after;
    }
    out + rest
}

fn zeros(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect()
}

/// What OpenSSL says here, without the words, which vary with its version.
fn mask_openssl(opinions: &mut Opinions) {
    if matches!(opinions.settle(), Opinion::Refused(_)) {
        opinions.openssl = Some(Opinion::Refused("error 0 at 0 depth lookup".into()));
    }
}

fn mask(panel: &mut Panel) {
    match panel {
        Panel::Artifact(view) => {
            for field in &mut view.fields {
                if field.name == "serialNumber" {
                    field.value = "123456789012345678".into();
                }
                field.value = digits(&field.value);
                field.before = field.before.as_deref().map(digits);
            }
        }
        Panel::Connection(view) => {
            let Some(outcome) = &mut view.outcome else { return };
            outcome.micros = 1500;
            for text in [&mut outcome.client_prints, &mut outcome.server_logs].into_iter().flatten() {
                *text = digits(text);
            }
            for verdict in [&mut outcome.server_verdict, &mut outcome.client_verdict].into_iter().flatten() {
                for check in &mut verdict.checks {
                    check.evidence = digits(&check.evidence);
                }
            }
            outcome.opinions_mut().for_each(mask_openssl);
            for (_, what) in &mut outcome.events {
                *what = digits(what);
            }
        }
        Panel::Chain(chain) => {
            if let Some((verdict, opinions)) = &mut chain.judged {
                for check in &mut verdict.checks {
                    check.evidence = digits(&check.evidence);
                }
                mask_openssl(opinions);
            }
        }
        Panel::File(view) => view
            .lines
            .iter_mut()
            .filter(|(line, _)| line.contains(" bytes)"))
            .for_each(|(line, _)| *line = zeros(line)),
        Panel::Request(view) => {
            if let Some(outcome) = &mut view.outcome {
                outcome.answer = digits(&outcome.answer);
            }
        }
        Panel::Terminal(view) => {
            view.version = view.version.as_ref().map(|_| "OpenSSL 0.0.0".into());
            for line in &mut view.lines {
                // What other versions print is held by the walk.
                line.output = format!("({} output)", line.command.split(' ').nth(1).unwrap_or_default());
            }
        }
        _ => {}
    }
}

/// The screen as text, and under it the styles that are not plain: columns and style.
fn styled(buffer: &Buffer) -> String {
    let mut text = String::new();
    for row in buffer.content.chunks(usize::from(buffer.area.width)) {
        let (mut line, mut styles, mut covered) = (String::new(), String::new(), 0);
        let mut last: Option<(usize, String)> = None;
        for (column, cell) in row.iter().enumerate() {
            if covered > 0 {
                covered -= 1;
                continue;
            }
            line.push_str(cell.symbol());
            covered = cell.symbol().width().saturating_sub(1);
            let style = name(cell.fg, cell.bg, cell.modifier);
            if last.as_ref().is_none_or(|(_, before)| *before != style) {
                if let Some((from, before)) = last.take().filter(|(_, before)| !before.is_empty()) {
                    write!(styles, " {from}-{} {before}", column - 1).unwrap();
                }
                last = Some((column, style));
            }
        }
        if let Some((from, before)) = last.filter(|(_, before)| !before.is_empty()) {
            write!(styles, " {from}- {before}").unwrap();
        }
        writeln!(text, "{}", format!("{:<80}|{styles}", line.trim_end()).trim_end_matches('|').trim_end())
            .unwrap();
    }
    text
}

fn name(foreground: Color, background: Color, modifier: Modifier) -> String {
    let mut name = String::new();
    for (is_set, letter) in [
        (modifier.contains(Modifier::BOLD), "b"),
        (modifier.contains(Modifier::DIM), "d"),
        (modifier.contains(Modifier::REVERSED), "r"),
        (modifier.contains(Modifier::UNDERLINED), "u"),
    ] {
        if is_set {
            name.push_str(letter);
        }
    }
    if foreground != Color::Reset {
        write!(name, "{foreground}").unwrap();
    }
    if background != Color::Reset {
        write!(name, "/{background}").unwrap();
    }
    name
}

const BACKGROUNDS: [(Background, &str); 2] = [(Background::Dark, "dark"), (Background::Light, "light")];

fn options(language: Language) -> Options {
    Options { language: Some(language), color: true, ..Options::default() }
}

#[test]
fn every_step_looks_as_it_did() {
    let engine = Fixed::new();
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        for lesson in engine.lessons() {
            for language in Language::ALL {
                let mut text = String::new();
                for step in &lesson.steps {
                    let mut still = Still::of(&engine, &options(language), &lesson.id, &step.id, (80, 24))
                        .unwrap_or_else(|| panic!("{}/{}", lesson.id, step.id));
                    write!(text, "== {} ({})\n{}", step.id, step.action.kind(), styled(still.draw().unwrap())).unwrap();
                }
                insta::assert_snapshot!(format!("{}_{language}", lesson.id), text);
            }
        }
    });
}

#[test]
fn one_step_of_each_kind_looks_as_it_did_at_every_size() {
    let engine = Fixed::new();
    let mut kinds = BTreeMap::new();
    for lesson in engine.lessons() {
        for step in &lesson.steps {
            kinds.entry(step.action.kind()).or_insert((lesson.id.clone(), step.id.clone()));
        }
    }
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        for (kind, (lesson, step)) in kinds {
            for (language, (background, shade)) in Language::ALL.into_iter().flat_map(|language| BACKGROUNDS.map(|b| (language, b))) {
                for size in [(60, 20), (80, 24), (120, 36), (200, 60)] {
                    let options = Options { background, ..options(language) };
                    let mut still = Still::of(&engine, &options, &lesson, &step, size).unwrap();
                    let name = format!("kind_{kind}_{}x{}_{language}_{shade}", size.0, size.1);
                    insta::assert_snapshot!(name, styled(still.draw().unwrap()));
                }
            }
        }
    });
}
