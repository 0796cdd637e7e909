//! What there is to see: plain data, ready to be drawn or written as JSON.

use std::sync::Arc;

use serde::Serialize;

use super::{Judgement, Opinions, Play, RequestView};
use crate::lesson::Words;
use crate::trust::Verdict;
use crate::wire::Recording;

/// What a step came to.
#[derive(Debug, Clone)]
pub struct StepReport {
    /// What the step declares: `200`, `made 3`, `answer 2`.
    pub expected: String,
    /// What really happened, in the same words.
    pub observed: String,
    /// Whether they agree.
    pub ok: bool,
    /// How many artifacts were made.
    pub artifacts: usize,
    /// What an earlier lesson would have made, and was made for this step: ids.
    pub made_first: Vec<String>,
    /// What there is to look at now.
    pub panels: Vec<Panel>,
}

/// One thing to look at, ready to be drawn.
#[derive(Debug, Clone)]
pub enum Panel {
    /// Commands of the tools that make an artifact.
    Commands(Vec<ToolCommands>),
    /// An artifact's fields.
    Artifact(ArtifactView),
    /// A connection, drawn and judged. Before it has happened `outcome` is none.
    Connection(Box<ConnectionView>),
    /// Who talks to whom.
    Cluster(Vec<Edge>),
    /// The certificates of the cluster by kind: heading and ids.
    Kinds(Vec<(String, Vec<String>)>),
    /// Certificates from a leaf up to its root.
    Chain(ChainView),
    /// A file as text.
    File(FileView),
    /// Who holds which authority's certificate and key.
    Trust(Vec<Holder>),
    /// Commands and what they printed.
    Terminal(TerminalView),
    /// A request to the lesson's cluster.
    Request(Box<RequestView>),
}

/// A chain of artifacts, and the verdict on it once all of it is made.
#[derive(Debug, Clone)]
pub struct ChainView {
    /// From the leaf up to its root.
    pub rungs: Vec<Rung>,
    /// What Go and the others make of it: for its first usage, by no name.
    pub judged: Option<(Verdict, Opinions)>,
}

/// One certificate of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rung {
    /// The artifact's id.
    pub id: String,
    /// Whether it has been made.
    pub made: bool,
    /// Whether it is an authority.
    pub authority: bool,
    /// Its subject.
    pub subject: String,
    /// Its issuer: the subject of the next rung; its own for a root.
    pub issuer: String,
    /// The end of its validity, where it has been made.
    pub not_after: Option<String>,
}

/// A file of the workspace as it is shown: without secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileView {
    /// Where it lies, relative to the workspace.
    pub path: String,
    /// Its lines, and whether each is in focus.
    pub lines: Vec<(String, bool)>,
}

/// A component and the authorities that it has copies of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// `kubelet@node01`.
    pub component: String,
    /// Ids of the authorities whose certificate it holds.
    pub certificates: Vec<String>,
    /// Ids of the authorities whose key it holds.
    pub keys: Vec<String>,
}

/// Commands of one tool and what they printed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TerminalView {
    /// The tool's version here: `OpenSSL 3.0.19`; none where it is not installed.
    pub version: Option<String>,
    /// The files that were put there first, by name.
    pub files: Vec<String>,
    /// The commands in order; nothing is printed where the tool is absent or the step has
    /// not been done.
    pub lines: Vec<TerminalLine>,
    /// What versions of the tool print of the last one: version and words.
    pub recorded: Vec<(String, String)>,
}

/// One command.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TerminalLine {
    /// The command as it is typed.
    pub command: String,
    /// What it printed, both streams.
    pub output: String,
    /// Its exit status, if it ran.
    pub status: Option<i32>,
}

/// How one tool makes an artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolCommands {
    /// `openssl`, `cfssl`, `easy-rsa`, `kubeadm`.
    pub tool: String,
    /// Copyable lines, files they need written by a here-document.
    pub lines: Vec<String>,
    /// What depends on the tool's version, if anything; by language.
    pub note: Words<String>,
}

/// An artifact as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArtifactView {
    /// Its id.
    pub id: String,
    /// Where it lies, relative to the workspace.
    pub path: String,
    /// Whether it has been made.
    pub made: bool,
    /// Its bytes, where it has been made.
    pub der: Option<Vec<u8>>,
    /// Its fields in order.
    pub fields: Vec<FieldView>,
}

/// One field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldView {
    /// `subject`, `issuer`, `subjectAltName`…: [`crate::x509`]'s names.
    pub name: String,
    /// Its value, safe to print.
    pub value: String,
    /// Whether the step is about it.
    pub focus: bool,
    /// The value before a break, where it differs.
    pub before: Option<String>,
}

/// Whom a side trusts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trusts {
    /// The authority of this name.
    Authority(String),
    /// No authority of this cluster: it was given none.
    Nobody,
    /// It does not check: a client takes any server, a server asks for no certificate.
    Unchecked,
}

/// A connection as it is shown.
#[derive(Debug, Clone)]
pub struct ConnectionView {
    /// `admin`.
    pub client: String,
    /// `kube-apiserver@cp1`.
    pub server: String,
    /// The server's port in a cluster.
    pub port: u16,
    /// The client's certificate: its subject; none if it shows none.
    pub client_subject: Option<String>,
    /// The server's certificate: its subject.
    pub server_subject: String,
    /// The name that the client asks for.
    pub server_name: String,
    /// Whom the client trusts for servers.
    pub client_trusts: Trusts,
    /// Whom the server trusts for clients.
    pub server_trusts: Trusts,
    /// `GET /api/v1/nodes`.
    pub request: String,
    /// What happened.
    pub outcome: Option<ConnectionOutcome>,
}

/// An alert as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AlertView {
    /// `client` or `server`.
    pub from: String,
    /// Its name on the wire: `unknown_ca`.
    pub sent: String,
    /// The one that a Go program sends: the same, but where this lab's TLS library cannot
    /// send that.
    pub go: String,
    /// What a Go peer prints of it: `unknown certificate authority`.
    pub go_prints: String,
}

/// What a connection came to.
#[derive(Debug, Clone, Default)]
pub struct ConnectionOutcome {
    /// `200`, `401`, `403`, `refused-by-client`, `refused-by-server`.
    pub outcome: String,
    /// The TLS version, where one was agreed: `TLS 1.3`.
    pub version: Option<String>,
    /// The client's verdict on the server; none if it does not verify.
    pub server_verdict: Option<Verdict>,
    /// The server's verdict on the client; none if no certificate was shown.
    pub client_verdict: Option<Verdict>,
    /// What others make of the server's chain, where the client verified it.
    pub server_opinions: Option<Opinions>,
    /// What others make of the client's chain, where the server verified it.
    pub client_opinions: Option<Opinions>,
    /// What happened, in order: who, and what in the field's words (`ClientHello sent`,
    /// `handshake finished`, `alert unknown_ca received`).
    pub events: Vec<(String, String)>,
    /// The alert that ended it, if one did.
    pub alert: Option<AlertView>,
    /// The user and groups that the server saw.
    pub identity: Option<(String, Vec<String>)>,
    /// Which authorizer decided, and its reason.
    pub decision: Option<String>,
    /// The HTTP status and body.
    pub response: Option<(u16, String)>,
    /// What the client prints, to the letter, where it was refused.
    pub client_prints: Option<String>,
    /// What the server logs, to the letter, where it refuses.
    pub server_logs: Option<String>,
    /// Time of the whole exchange, in microseconds.
    pub micros: u64,
    /// Every byte of it, if it came to a connection.
    pub recording: Option<Arc<Recording>>,
    /// What each side made of the other, and when.
    pub judgements: Vec<Judgement>,
}

impl ConnectionOutcome {
    /// Both sides' opinions, the one of the server's chain first.
    pub fn opinions_mut(&mut self) -> impl Iterator<Item = &mut Opinions> {
        [&mut self.server_opinions, &mut self.client_opinions].into_iter().flatten()
    }
}

impl ConnectionView {
    /// Whether it can be shown message by message.
    #[must_use]
    pub fn has_recording(&self) -> bool {
        self.outcome.as_ref().is_some_and(|outcome| outcome.recording.is_some())
    }

    /// The connection as it can be shown message by message, if it has been made.
    #[must_use]
    pub fn play(&self) -> Option<Play> {
        let outcome = self.outcome.as_ref()?;
        Some(Play {
            client: self.client.clone(),
            server: self.server.clone(),
            recording: Arc::clone(outcome.recording.as_ref()?),
            judgements: outcome.judgements.clone(),
        })
    }
}

/// One edge of the cluster's map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    /// The client.
    pub client: String,
    /// The server.
    pub server: String,
    /// The server's port.
    pub port: u16,
    /// The client's certificate.
    pub credential: String,
    /// The server's certificate.
    pub presented: String,
}
