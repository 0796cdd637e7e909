//! Lessons are content: `lessons/NN-slug/lesson.toml` holds the mechanism, `en.md` and
//! `ko.md` hold the words, one `## step-id: Heading` section a step, the same ids in both.
//! `lessons/README.md` says how they are written; [`Curriculum`] reads and checks them.

mod check;
mod command;
mod curriculum;
mod files;
mod glossary;
mod layout;
pub mod markdown;
mod mechanism;
mod progress;
mod request;
mod setting;
mod words;

pub use check::OUTCOMES;
pub use command::command_words;
pub use curriculum::{Curriculum, Problem, UnknownLesson};
pub use files::Stamp;
pub use glossary::{Glossary, Term};
pub use progress::{PROGRESS_VERSION, Progress, ProgressError};
pub use request::{Asked, Request};
pub use setting::{PANE_COLUMNS, PANE_ROWS};

use serde::Deserialize;

use crate::fault::Change;
use crate::text::Language;

/// One lesson, mechanism and words.
#[derive(Debug, Clone)]
pub struct Lesson {
    /// Its folder's name without the number: `the-admin`.
    pub id: String,
    /// Its place in the curriculum, from 1.
    pub number: usize,
    /// How long it takes a learner.
    pub minutes: u32,
    /// Titles, by language.
    pub title: Words<String>,
    /// The aim in one sentence, by language.
    pub aim: Words<String>,
    /// The steps.
    pub steps: Vec<Step>,
}

/// The same thing in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Words<T> {
    /// English.
    pub en: T,
    /// Korean.
    pub ko: T,
}

impl<T> Words<T> {
    /// The one in this language.
    pub fn get(&self, language: Language) -> &T {
        match language {
            Language::En => &self.en,
            Language::Ko => &self.ko,
        }
    }
}

/// One step: a screenful, one idea.
#[derive(Debug, Clone)]
pub struct Step {
    /// Its id: the section's heading.
    pub id: String,
    /// Where it stands in `lesson.toml`, from 1.
    pub line: usize,
    /// What the learner does.
    pub action: Action,
    /// What stands beside the text.
    pub show: Vec<Show>,
    /// The words, by language.
    pub words: Words<StepWords>,
}

/// The words of a step.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StepWords {
    /// The step's heading.
    pub title: String,
    /// The text before the learner acts, as Markdown.
    pub text: String,
    /// The choices of a question, in order, each a line of Markdown.
    pub choices: Vec<String>,
    /// What is said once it is done: the explanation, as Markdown.
    pub after: String,
}

/// What a step asks of the learner or the lab: the step's `kind` in `lesson.toml`, in
/// kebab case, and the fields beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Read.
    Read,
    /// Say what will happen. With `of`, the right choice is the one whose outcome that
    /// later step really has.
    Predict(Question),
    /// Be asked again.
    Recall(Question),
    /// Make artifacts: authorities, certificates, kubeconfigs, by id.
    Make {
        /// Their ids: `ca`, `admin`.
        artifacts: Vec<String>,
    },
    /// Look at fields of an artifact; what they must hold is declared.
    Look {
        /// Its id.
        artifact: String,
        /// Field name to value, as [`crate::x509`] names and writes them.
        expect: std::collections::BTreeMap<String, String>,
    },
    /// Connect two components.
    Connect(Connect),
    /// Change something on a copy, then connect.
    Break(Break),
    /// Run the machine's openssl in an empty directory.
    Run(Run),
    /// Ask the API server of the lesson's own cluster.
    Request(Request),
}

impl Action {
    /// The word for it in `lesson.toml`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Predict(_) => "predict",
            Self::Recall(_) => "recall",
            Self::Make { .. } => "make",
            Self::Look { .. } => "look",
            Self::Connect(_) => "connect",
            Self::Break(_) => "break",
            Self::Run(_) => "run",
            Self::Request(_) => "request",
        }
    }

    /// The question, where the step asks one.
    #[must_use]
    pub const fn question(&self) -> Option<&Question> {
        match self {
            Self::Predict(question) | Self::Recall(question) => Some(question),
            _ => None,
        }
    }

    /// The connection that the step makes, if it makes one.
    #[must_use]
    pub const fn connection(&self) -> Option<&Connect> {
        match self {
            Self::Connect(connect) | Self::Break(Break { connect, .. }) => Some(connect),
            _ => None,
        }
    }

    /// What the step's connection or request is declared to come to, where it makes one.
    #[must_use]
    pub const fn expected(&self) -> Option<&Expect> {
        match self {
            Self::Connect(connect) | Self::Break(Break { connect, .. }) => Some(&connect.expect),
            Self::Request(request) => Some(&request.expect),
            _ => None,
        }
    }
}

impl Lesson {
    /// The step of this id and its place, from 0.
    #[must_use]
    pub fn step(&self, id: &str) -> Option<(usize, &Step)> {
        self.steps.iter().enumerate().find(|(_, step)| step.id == id)
    }
}

/// A question.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The right choice, from 1.
    pub answer: usize,
    /// The later connect or break step whose outcome the choices are about.
    #[serde(default)]
    pub of: Option<String>,
    /// With `of`: the outcome that each choice stands for.
    #[serde(default)]
    pub outcomes: Vec<String>,
}

/// A connection and what it is declared to come to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Connect {
    /// The client: `admin`, `kubelet@node01`, `anonymous`.
    pub client: String,
    /// The server.
    pub server: String,
    /// Method and path; the blueprint's own if left out.
    #[serde(default)]
    pub request: Option<String>,
    /// `1.2` or `1.3` (default).
    #[serde(default)]
    pub tls: Option<String>,
    /// The name or address that the client asks for; its usual one if left out.
    #[serde(default)]
    pub name: Option<String>,
    /// How the client verifies the server otherwise than usual.
    #[serde(default)]
    pub verify: Option<Verify>,
    /// Whether the server is started with an authority for its clients: `--client-ca-file`,
    /// etcd's `--trusted-ca-file`, the kubelet's `clientCAFile`.
    #[serde(default = "yes", rename = "client-auth")]
    pub client_auth: bool,
    /// What it comes to.
    pub expect: Expect,
}

const fn yes() -> bool {
    true
}

/// How a client verifies a server otherwise than usual.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verify {
    /// It was not given the authority's certificate, and knows public ones alone.
    WithoutCa,
    /// Not at all: `curl -k`, kube-apiserver without `--kubelet-certificate-authority`.
    Off,
}

/// Commands of openssl, run without a shell in a directory of their own.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// Files of the workspace that are copied in first, by their names.
    #[serde(default)]
    pub files: Vec<String>,
    /// Small files that are written first: name to text.
    #[serde(default)]
    pub write: std::collections::BTreeMap<String, String>,
    /// The commands, `openssl …` each. All but the last must succeed.
    pub lines: Vec<String>,
    /// What they come to.
    pub expect: RunExpect,
}

/// What commands come to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunExpect {
    /// The exit status of the last one.
    pub status: i32,
    /// A part of what the last one prints, by the version from which it holds.
    #[serde(default)]
    pub says: Vec<Said>,
    /// Files that are there afterwards.
    #[serde(default)]
    pub makes: Vec<String>,
    /// Files that are not.
    #[serde(default)]
    pub lacks: Vec<String>,
}

/// What a tool prints from one of its versions on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Said {
    /// `3.0`: major and minor version.
    pub from: String,
    /// A part of its output, to the letter.
    pub text: String,
}

/// A change on a copy, and the connection it breaks. In `lesson.toml`: a connection's
/// fields and `change`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Break {
    /// What is changed.
    pub change: Change,
    /// The connection.
    pub connect: Connect,
}

/// What a connection comes to. Only what is declared is compared.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// `200`, `401`, `403` (the HTTP answer; of a request any status that there is), `refused-by-client` (the client refuses the
    /// server's certificate), `refused-by-server` (a TLS alert from the server),
    /// `not-started` (a pair of files that its own program does not load).
    pub outcome: String,
    /// The user that the server sees.
    #[serde(default)]
    pub user: Option<String>,
    /// The groups that the server sees.
    #[serde(default)]
    pub groups: Option<Vec<String>>,
    /// A part of what Go prints, or of the API server's answer, to the letter.
    #[serde(default)]
    pub message: Option<String>,
}

/// What stands beside a step's text.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Show {
    /// The commands by which others make this artifact.
    Commands(String),
    /// The fields of this artifact; those named first are in focus.
    Artifact {
        /// Its id.
        id: String,
        /// Field names in focus.
        #[serde(default)]
        focus: Vec<String>,
    },
    /// The connection between two components as a drawing.
    Connection {
        /// The client.
        client: String,
        /// The server.
        server: String,
    },
    /// The certificates from this one up to its root.
    Chain(String),
    /// The fields of this artifact's CSR.
    Request(String),
    /// A file of the workspace as text; lines that hold one of `focus` are marked.
    File {
        /// Its name: `openssl.cnf`, `kube-apiserver.service`, `admin.kubeconfig`.
        name: String,
        /// Parts of the lines in focus.
        #[serde(default)]
        focus: Vec<String>,
    },
    /// Who holds which authority's certificate and key.
    Trust,
    /// All components and who talks to whom.
    Cluster,
    /// All certificates by kind: server, client, both, authorities.
    Kinds,
}
