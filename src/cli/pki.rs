//! `dojang pki create` and `list`.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::sync::Mutex;

use serde::Serialize;

use super::args::{Global, SpecArgs};
use super::error::CliError;
use super::output::Output;
use crate::blueprint::{Plan, plan};
use crate::clock::Clock;
use crate::pki::KeyStock;
use crate::text::Language;
use crate::workspace::{
    Build, Cancel, Progress, Selection, SetAside, Store, WorkspaceError, pem_certificates, read_spec,
    settle_spec,
};
use crate::x509::{Field, certificate_fields};

#[derive(Serialize)]
struct Created<'a> {
    directory: String,
    written: usize,
    kept: usize,
    set_aside: &'a [SetAside],
    backup: Option<String>,
}

pub(super) fn create(
    output: &Output,
    global: &Global,
    store: &Store,
    args: &SpecArgs,
    force: bool,
) -> Result<u8, CliError> {
    let now = global.now.unwrap_or(Clock::System).now();
    let mut asked = if args.is_empty() { None } else { Some(args.spec()?) };
    let locked = store.lock()?;
    let mut backup = None;
    if force {
        // Made anew without options, it stays the cluster that it was.
        asked = asked.or(read_spec(store).unwrap_or_default());
        backup = locked.back_up(now)?;
    }
    let spec = settle_spec(&locked, asked)?;
    let plan = plan(spec)?;
    let cancel = Cancel::default();
    super::signals::cancel_on_signal(&cancel);
    let bar = Bar::new(output);
    let made = Build {
        locked: &locked,
        plan: &plan,
        stock: &KeyStock::default(),
        now,
        cancel: &cancel,
        progress: &|progress| bar.show(&progress),
    }
    .run(&Selection::All);
    bar.clear();
    let made = made?;
    if output.json {
        return output.document(&Created {
            directory: store.root().display().to_string(),
            written: made.written,
            kept: made.kept,
            set_aside: &made.set_aside,
            backup,
        });
    }
    let lang = output.language;
    let directory = store.root().display();
    let (written, kept) = (made.written, made.kept);
    output.line(&match lang {
        Language::En => format!("{directory}: {written} files made, {kept} kept"),
        Language::Ko => format!("{directory}: 파일 {written}개를 만들고 {kept}개는 그대로 두었어요"),
    })?;
    if let Some(backup) = backup {
        output.line(&match lang {
            Language::En => format!("The old files are in {backup}"),
            Language::Ko => format!("이전 파일은 {backup}에 있어요"),
        })?;
    }
    for SetAside { path, now, why } in &made.set_aside {
        output.line(&match lang {
            Language::En => format!("{path} was set aside as {now}: {why}"),
            Language::Ko => format!("{path}: 쓸 수 없어서 {now}(으)로 옮겨 두었어요 ({why})"),
        })?;
    }
    Ok(0)
}

/// A line of progress on a terminal.
struct Bar {
    shown: Option<Mutex<usize>>,
    language: Language,
}

impl Bar {
    fn new(output: &Output) -> Self {
        let shown = (!output.json && std::io::stderr().is_terminal()).then(|| Mutex::new(0));
        Self { shown, language: output.language }
    }

    fn show(&self, progress: &Progress) {
        let Some(shown) = &self.shown else { return };
        let Ok(mut last) = shown.try_lock() else { return };
        let percent = progress.done * 100 / progress.total.max(1);
        if percent > *last {
            *last = percent;
            let word = self.language.pick("making", "만드는 중");
            let _ = write!(std::io::stderr(), "\r\u{1b}[K{word} {}/{}", progress.done, progress.total);
        }
    }

    fn clear(&self) {
        if self.shown.is_some() {
            let _ = write!(std::io::stderr(), "\r\u{1b}[K");
        }
    }
}

/// The plan of a directory that holds a cluster.
fn plan_of(store: &Store) -> Result<Plan, CliError> {
    let spec = read_spec(store)?.ok_or_else(|| WorkspaceError::Empty(store.root().to_owned()))?;
    Ok(plan(spec)?)
}

/// The plan of a directory that holds a cluster, else the lab's own.
pub(super) fn plan_or_default(store: &Store) -> Result<Plan, CliError> {
    Ok(plan(read_spec(store)?.unwrap_or_default())?)
}

#[derive(Serialize)]
struct Listed {
    directory: String,
    layout: &'static str,
    artifacts: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    id: String,
    kind: &'static str,
    path: String,
    made: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer: Option<String>,
    #[serde(rename = "notAfter", skip_serializing_if = "Option::is_none")]
    not_after: Option<String>,
}

pub(super) fn list(output: &Output, store: &Store) -> Result<u8, CliError> {
    let plan = plan_of(store)?;
    let mut artifacts = Vec::new();
    for authority in &plan.authorities {
        artifacts.push(row(store, authority.id.clone(), "authority", &authority.place.certificate)?);
    }
    for certificate in &plan.certificates {
        artifacts.push(row(store, certificate.id(), "certificate", certificate.file())?);
    }
    for pair in &plan.key_pairs {
        if let Some(place) = pair.places.first() {
            artifacts.push(row(store, pair.id.clone(), "key-pair", &place.public)?);
        }
    }
    for kubeconfig in &plan.kubeconfigs {
        let id = kubeconfig
            .node
            .as_deref()
            .map_or_else(|| kubeconfig.kind.clone(), |node| format!("{}@{node}", kubeconfig.kind));
        artifacts.push(row(store, id, "kubeconfig", &kubeconfig.path)?);
    }
    for file in &plan.files {
        let id = file.node.as_deref().map_or_else(|| file.kind.clone(), |n| format!("{}@{n}", file.kind));
        artifacts.push(row(store, id, "file", &file.path)?);
    }
    let listed =
        Listed { directory: store.root().display().to_string(), layout: plan.spec.layout.name(), artifacts };
    if output.json {
        return output.document(&listed);
    }
    let id_width = listed.artifacts.iter().map(|row| row.id.len()).max().unwrap_or(0);
    let path_width = listed.artifacts.iter().map(|row| row.path.len()).max().unwrap_or(0).min(60);
    for row in &listed.artifacts {
        let glyph = output.made(row.made);
        let facts = match (&row.subject, &row.not_after) {
            (Some(subject), Some(not_after)) => {
                format!("{subject}, {} {not_after}", output.language.pick("until", "만료"))
            }
            _ if row.made => String::new(),
            _ => output.language.pick("not made yet", "아직 없어요").to_owned(),
        };
        let line = format!("{glyph} {:id_width$}  {:path_width$}  {facts}", row.id, row.path);
        output.line(line.trim_end())?;
    }
    Ok(0)
}

fn row(store: &Store, id: String, kind: &'static str, path: &str) -> Result<Row, CliError> {
    let bytes = store.read(path)?;
    let mut row = Row {
        id,
        kind,
        path: path.to_owned(),
        made: bytes.is_some(),
        subject: None,
        issuer: None,
        not_after: None,
    };
    let fields = bytes.as_deref().and_then(first_certificate).unwrap_or_default();
    let value = |name: &str| fields.iter().find(|f| f.name == name).map(|f| f.value.clone());
    if kind == "authority" || kind == "certificate" {
        (row.subject, row.issuer, row.not_after) = (value("subject"), value("issuer"), value("notAfter"));
    }
    Ok(row)
}

/// The fields of the first certificate in a PEM file or kubeconfig.
fn first_certificate(bytes: &[u8]) -> Option<Vec<Field>> {
    let pem = match crate::x509::read_kubeconfig(&String::from_utf8_lossy(bytes)) {
        Ok((certificate, _)) => certificate,
        Err(_) => bytes.to_vec(),
    };
    certificate_fields(pem_certificates(&pem).first()?).ok()
}

/// The workspace that a command works on.
pub(super) fn store(global: &Global, target: Option<&Path>) -> Result<Store, CliError> {
    let directory = match target.or(global.dir.as_deref()) {
        Some(directory) => directory.to_owned(),
        None => crate::workspace::default_directory()?,
    };
    Ok(Store::new(directory))
}
