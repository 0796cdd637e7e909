//! `dojang faults`: the catalogue, and its faults made for real.

use std::net::Ipv4Addr;

use clap::Subcommand;
use serde::Serialize;

use super::args::Global;
use super::error::CliError;
use super::lab::{open, tell};
use super::output::{Output, Tone, complain};
use super::signals::cancel_on_signal;
use crate::blueprint::{ClusterSpec, Connection, Node};
use crate::clock::Clock;
use crate::fault::{Catalogue, CatalogueError, Fault, Making, Said, UnknownFault, Words};
use crate::lab::{Cancel, Directory, Lab, LabOptions, Replaced};
use crate::text::{Language, width};

const LIST_JSON: &str = "\
With --format json one document: [{id, group, frequency: many, several or few, title: {en, ko}, made: whether the
lab can make it}].";
const SHOW_JSON: &str = "\
With --format json one document: {id, group, frequency, title, what, breaks: [\"CLIENT -> SERVER\"], says:
[{who, version, text}], diagnose, mend, make: {client, server, outcome, message} or null}; title, what and mend
are {en, ko}.";
const MAKE_JSON: &str = "\
With --format json one document: {id, directory, replaced: [{path, kept}], client, server}.";

/// What is asked of the catalogue.
#[derive(Debug, Subcommand)]
pub(super) enum FaultsCommand {
    /// Every fault, and whether the lab can make it
    #[command(after_help = LIST_JSON)]
    List,
    /// One fault: what is wrong, who prints what, how to find it and mend it
    #[command(after_help = SHOW_JSON)]
    Show {
        /// F01 … F45
        id: String,
    },
    /// The faults that a printed message belongs to
    #[command(after_help = super::messages::FIND_JSON)]
    Find {
        /// What a program printed, in quotes; `-` reads it from the standard input
        #[arg(required = true)]
        text: Vec<String>,
    },
    /// Make a fault in the workspace; the healthy files are kept beside it
    #[command(after_help = MAKE_JSON)]
    Make {
        /// F01 … F45
        id: String,
    },
}

impl From<CatalogueError> for CliError {
    fn from(error: CatalogueError) -> Self {
        Self::Machine(error.to_string())
    }
}

impl From<UnknownFault> for CliError {
    fn from(error: UnknownFault) -> Self {
        Self::Usage(error.to_string())
    }
}

pub(super) fn run(output: &Output, global: &Global, asked: &FaultsCommand) -> Result<u8, CliError> {
    let catalogue = Catalogue::embedded()?;
    match asked {
        FaultsCommand::List => list(output, &catalogue),
        FaultsCommand::Show { id } => show(output, &catalogue, catalogue.find(id)?),
        FaultsCommand::Find { text } => super::messages::find(output, &catalogue, &text.join(" ")),
        FaultsCommand::Make { id } => make(output, global, id),
    }
}

/// A fault that the lab can make, and how.
pub(super) fn made(id: &str) -> Result<(Fault, Making), CliError> {
    let fault = Catalogue::embedded()?.find(id)?.clone();
    match fault.make.clone() {
        Some(making) => Ok((fault, making)),
        None => Err(CliError::Usage(format!(
            "{} is explained only, since the lab does not play all that it takes: `dojang faults show {0}` tells of it",
            fault.id
        ))),
    }
}

#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    group: &'a str,
    frequency: &'a str,
    title: &'a Words,
    made: bool,
}

impl<'a> From<&'a Fault> for Row<'a> {
    fn from(fault: &'a Fault) -> Self {
        Self {
            id: &fault.id,
            group: &fault.group,
            frequency: &fault.frequency,
            title: &fault.title,
            made: fault.make.is_some(),
        }
    }
}

fn list(output: &Output, catalogue: &Catalogue) -> Result<u8, CliError> {
    if output.json {
        let rows: Vec<Row<'_>> = catalogue.faults.iter().map(Row::from).collect();
        return output.document(&rows);
    }
    let widest = catalogue.faults.iter().map(|fault| width(fault.title.get(output.language))).max();
    let mut group = "";
    for fault in &catalogue.faults {
        if fault.group != group {
            group = &fault.group;
            output.line(&output.tone(Tone::Strong, group_name(output.language, group)))?;
        }
        let title = fault.title.get(output.language);
        let pad = " ".repeat(widest.unwrap_or(0).saturating_sub(width(title)));
        let made = match &fault.make {
            Some(making) => format!("{} -> {}", making.client, making.server),
            None => output.tone(Tone::Quiet, output.language.pick("explained only", "설명만")),
        };
        let often = frequency(output.language, &fault.frequency);
        output.line(&format!(
            "{} {}  {title}{pad}  {often}  {made}",
            output.made(fault.make.is_some()),
            fault.id
        ))?;
    }
    Ok(0)
}

fn group_name(language: Language, group: &str) -> &str {
    match group {
        "making" => language.pick("Making the certificates", "인증서 만들기"),
        "server-certificate" => {
            language.pick("Server certificates that a client refuses", "클라이언트가 거부하는 서버 인증서")
        }
        "client-certificate" => {
            language.pick("Client certificates that a server refuses", "서버가 거부하는 클라이언트 인증서")
        }
        "permission" => language.pick("Right identity, wrong permission", "신원은 맞고 권한은 틀림"),
        "csr-and-bootstrap" => language.pick("CSRs, bootstrap and renewal", "CSR, 부트스트랩, 갱신"),
        other => other,
    }
}

fn frequency(language: Language, frequency: &str) -> &str {
    match frequency {
        "many" => language.pick("often    ", "자주  "),
        "several" => language.pick("sometimes", "가끔  "),
        _ => language.pick("seldom   ", "드물게"),
    }
}

#[derive(Serialize)]
struct Shown<'a> {
    id: &'a str,
    group: &'a str,
    frequency: &'a str,
    title: &'a Words,
    what: &'a Words,
    breaks: &'a [String],
    says: Vec<&'a Said>,
    diagnose: &'a [String],
    mend: &'a Words,
    make: Option<Made<'a>>,
}

#[derive(Serialize)]
struct Made<'a> {
    client: &'a str,
    server: &'a str,
    outcome: &'a str,
    message: &'a str,
}

impl<'a> From<&'a Making> for Made<'a> {
    fn from(making: &'a Making) -> Self {
        Self {
            client: &making.client,
            server: &making.server,
            outcome: &making.outcome,
            message: &making.message,
        }
    }
}

fn show(output: &Output, catalogue: &Catalogue, fault: &Fault) -> Result<u8, CliError> {
    let said = said_of(catalogue, fault);
    if output.json {
        return output.document(&Shown {
            id: &fault.id,
            group: &fault.group,
            frequency: &fault.frequency,
            title: &fault.title,
            what: &fault.what,
            breaks: &fault.breaks,
            says: said.into_iter().map(|(said, _)| said).collect(),
            diagnose: &fault.diagnose,
            mend: &fault.mend,
            make: fault.make.as_ref().map(Made::from),
        });
    }
    let language = output.language;
    let heading = |english, korean| output.tone(Tone::Strong, language.pick(english, korean));
    output.line(&output.tone(Tone::Strong, &format!("{} {}", fault.id, fault.title.get(language))))?;
    output.line(fault.what.get(language))?;
    if !fault.breaks.is_empty() {
        output.line(&format!("\n{}", heading("breaks", "끊기는 연결")))?;
        for edge in &fault.breaks {
            output.line(&format!("  {edge}"))?;
        }
    }
    if !said.is_empty() {
        output.line(&format!("\n{}", heading("who prints what", "누가 무엇을 출력하나")))?;
        for (Said { who, version, text }, meaning) in said {
            let version = match version.as_str() {
                "reported" => language.pick("reported", "보고됨"),
                version => version,
            };
            output.line(&format!("  {who} ({version})"))?;
            output.line(&format!("    {}", output.tone(Tone::Bad, text)))?;
            if let Some(meaning) = meaning {
                output.line(&format!("    {}", output.tone(Tone::Quiet, meaning.get(language))))?;
            }
        }
    }
    if !fault.diagnose.is_empty() {
        output.line(&format!("\n{}", heading("find it", "찾기")))?;
        for command in &fault.diagnose {
            output.line(&format!("  {command}"))?;
        }
    }
    output.line(&format!("\n{}", heading("mend it", "고치기")))?;
    output.line(&format!("  {}", fault.mend.get(language)))?;
    output.line(&format!("\n{}", heading("see it here", "여기서 보기")))?;
    match &fault.make {
        Some(making) => output.line(&format!(
            "  dojang handshake {} {} --fault {}   ({})",
            making.client, making.server, fault.id, making.outcome
        ))?,
        None => output.line(&format!("  {}", language.pick("explained only", "설명만 있어요")))?,
    }
    Ok(0)
}

/// What is printed of a fault, and what that means where it is recorded: what the fault
/// lists, then the messages, each text once.
fn said_of<'a>(catalogue: &'a Catalogue, fault: &'a Fault) -> Vec<(&'a Said, Option<&'a Words>)> {
    let mut all: Vec<(&Said, Option<&Words>)> = fault.says.iter().map(|said| (said, None)).collect();
    for message in catalogue.messages_of(fault) {
        let said = &message.said;
        match all.iter_mut().find(|(known, _)| known.who == said.who && known.text == said.text) {
            Some((_, meaning)) => *meaning = Some(&message.meaning),
            None => all.push((said, Some(&message.meaning))),
        }
    }
    all
}

/// The lab on which a fault is shown, and the connection. What is between two etcd members
/// is shown on a temporary cluster where the learner's own has one.
pub(super) fn stage(
    output: &Output,
    global: &Global,
    ends: (&str, &str),
    making: Option<&Making>,
) -> Result<(Lab, Connection), CliError> {
    let lab = open(output, global, false, None)?;
    let Some(between_members) = making.filter(|making| making.server == "etcd-peer") else {
        let connection = match making {
            Some(making) if ends == (&making.client, &making.server) => lab.connection_of(making)?,
            _ => lab.plan().connect(ends.0, ends.1)?,
        };
        return Ok((lab, connection));
    };
    if lab.has_stage_for(between_members) {
        let connection = lab.connection_of(between_members)?;
        return Ok((lab, connection));
    }
    complain(&output.language.pick(
        "This fault is between two etcd members, and the cluster has one: it is shown on a temporary cluster of two control planes.",
        "이 결함은 etcd 멤버 둘 사이의 것인데 클러스터에는 하나뿐이라, 컨트롤 플레인이 둘인 임시 클러스터에서 보여 줘요.",
    ));
    // The name and address of the second are those of no machine that the default has.
    let second = Node { name: "cp2".into(), address: Ipv4Addr::new(10, 0, 0, 11).into() };
    let usual = ClusterSpec::default();
    let control_planes = usual.control_planes.into_iter().chain([second]).collect();
    let own = (*lab.plan().spec).clone();
    let spec = ClusterSpec { control_planes, workers: usual.workers, control_plane_endpoint: None, ..own };
    let lab = Lab::open(LabOptions {
        directory: Directory::Temporary,
        spec: Some(spec),
        clock: global.now.unwrap_or(Clock::System),
        lessons: None,
    })?;
    let connection = lab.connection_of(between_members)?;
    Ok((lab, connection))
}

#[derive(Serialize)]
struct MadeDocument<'a> {
    id: &'a str,
    directory: String,
    replaced: &'a [Replaced],
    client: &'a str,
    server: &'a str,
}

fn make(output: &Output, global: &Global, id: &str) -> Result<u8, CliError> {
    let (fault, making) = made(id)?;
    if making.change.is_none() && making.edits.is_empty() && making.other_keys.is_empty() {
        return Err(CliError::Usage(format!(
            "{} is in no file: see it with `dojang handshake {} {} --fault {0}`",
            fault.id, making.client, making.server
        )));
    }
    let lab = open(output, global, false, None)?;
    let cancel = Cancel::default();
    cancel_on_signal(&cancel);
    let replaced = lab.make_in_files(&making, &cancel)?;
    let (client, server) = lab.ends_of(&making)?;
    tell(&lab);
    if output.json {
        return output.document(&MadeDocument {
            id: &fault.id,
            directory: lab.store().root().display().to_string(),
            replaced: &replaced,
            client: &client,
            server: &server,
        });
    }
    let language = output.language;
    output.line(&format!("{} {}", fault.id, fault.title.get(language)))?;
    for Replaced { path, kept } in &replaced {
        let kept_as = language.pick("the healthy one is kept as", "정상 파일은 여기 있어요:");
        output.line(&format!("{} {path}  ({kept_as} {kept})", output.mark(false)))?;
    }
    let see = language.pick("see it:", "확인:");
    output.line(&format!("{see} dojang handshake {client} {server}"))?;
    Ok(0)
}
