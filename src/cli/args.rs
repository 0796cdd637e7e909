//! The command line.

use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::clock::Clock;
use crate::text::Language;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Red.on_default().bold())
    .usage(AnsiColor::Red.on_default().bold())
    .literal(AnsiColor::Cyan.on_default())
    .placeholder(AnsiColor::Green.on_default());

/// 도장: a seal, and a training hall. A terminal lab for how a Kubernetes cluster uses
/// TLS: make every certificate, connect the components, see how each is judged, break
/// things on purpose and mend them. Without a command it opens the lab where you left off.
#[derive(Debug, Parser)]
#[command(name = "dojang", version, styles = STYLES, max_term_width = 100, propagate_version = true)]
#[command(
    after_help = "Exit status: 0 yes, 1 the answer is no (refused, forbidden, failed), 2 the call was wrong, 3 the machine failed."
)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    #[command(flatten)]
    pub(super) global: Global,
}

#[derive(Debug, Clone, Args)]
pub(super) struct Global {
    /// The workspace [default: below the XDG data directory]
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) dir: Option<PathBuf>,
    /// The language [default: the machine's]
    #[arg(long, global = true, value_name = "en|ko")]
    pub(super) lang: Option<Language>,
    /// How to answer
    #[arg(long, global = true, value_enum, default_value_t = Format::Text, hide_possible_values = true, value_name = "text|json")]
    pub(super) format: Format,
    /// When to use colour; NO_COLOR is honoured
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, hide_possible_values = true, value_name = "auto|always|never")]
    pub(super) color: Color,
    /// Draw with ASCII alone
    #[arg(long, global = true)]
    pub(super) ascii: bool,
    /// What lies behind the text; auto asks the terminal
    #[arg(long, global = true, value_enum, default_value_t = Background::Auto, hide_possible_values = true, value_name = "auto|dark|light")]
    pub(super) background: Background,
    /// Take this moment for now (RFC 3339)
    #[arg(long, global = true, value_name = "TIME", value_parser = clock)]
    pub(super) now: Option<Clock>,
    /// Take the lessons from this directory instead of the built-in ones
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) lessons: Option<PathBuf>,
}

pub(super) fn clock(text: &str) -> Result<Clock, String> {
    Clock::fixed(text).map_err(|_| "not an RFC 3339 moment, for example 2026-11-23T18:54:01Z".to_owned())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    Text,
    Json,
    /// For `dojang inspect`: in the manner of `openssl x509 -text`.
    Openssl,
    /// For `dojang inspect`: a line for each thing.
    Short,
}

/// What lies behind the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Background {
    /// What the terminal says.
    Auto,
    /// Dark.
    Dark,
    /// Light.
    Light,
}

impl From<Background> for crate::ui::Background {
    fn from(background: Background) -> Self {
        match background {
            Background::Auto => Self::Auto,
            Background::Dark => Self::Dark,
            Background::Light => Self::Light,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Open the lab on the screen, where you left off or at a lesson
    Learn {
        /// The lesson's name or number
        lesson: Option<String>,
    },
    /// Do every step of the lessons without a screen and compare each outcome with what
    /// the lesson declares
    #[command(after_help = WALK_JSON)]
    Walk {
        /// Names or numbers of lessons; all if left out
        #[arg(value_name = "LESSON")]
        chosen: Vec<String>,
        #[command(flatten)]
        spec: SpecArgs,
    },
    /// The curriculum
    #[command(subcommand)]
    Lessons(LessonsCommand),
    /// A cluster's artifacts
    #[command(subcommand)]
    Pki(PkiCommand),
    /// One real TLS connection, message by message: between two components, to a real
    /// server, or from real clients
    #[command(after_help = super::handshake::JSON)]
    Handshake(Box<super::handshake::HandshakeArgs>),
    /// Every connection of the cluster
    #[command(after_help = MATRIX_JSON)]
    Matrix {
        /// The TLS version
        #[arg(long, value_name = "1.2|1.3", default_value = "1.3", value_parser = ["1.2", "1.3"], hide_possible_values = true)]
        tls: String,
    },
    /// What is in certificates, CSRs, revocation lists and keys, wherever they are
    #[command(after_help = super::inspect::JSON)]
    Inspect(super::inspect::InspectArgs),
    /// Two certificates, field by field
    #[command(after_help = super::inspect::DIFF_JSON)]
    Diff(super::inspect::DiffArgs),
    /// The TLS connections of a capture, decrypted with its key log or the secrets inside
    #[command(after_help = super::decode::JSON)]
    Decode(super::decode::DecodeArgs),
    /// What a cluster makes of a certificate, check by check
    #[command(after_help = super::verify::JSON)]
    Verify(Box<super::verify::VerifyArgs>),
    /// A cluster on this machine for real kubectl and curl, on the workspace's certificates
    #[command(after_help = super::serve::JSON)]
    Serve(super::serve::ServeArgs),
    /// Whether an identity may do something, and which authorizer and rule say so
    #[command(after_help = super::can_i::JSON)]
    CanI(super::can_i::CanIArgs),
    /// Everything wrong or risky with a directory of certificates, worst first
    #[command(after_help = super::check::JSON)]
    Check(super::check::CheckArgs),
    /// The faults of real clusters: what each looks like, how to find and mend it
    #[command(subcommand)]
    Faults(super::faults::FaultsCommand),
    /// Start afresh: remove the workspace's artifacts and progress, after asking
    Reset {
        /// Forget only what was done in this lesson, by name or number; artifacts stay
        #[arg(long, value_name = "LESSON")]
        lesson: Option<String>,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
    /// What this machine offers the lab, and what to install for more
    #[command(after_help = DOCTOR_JSON)]
    Doctor,
    /// Shell completions
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// The manual page, in roff
    Man,
}

#[derive(Debug, Subcommand)]
pub(super) enum LessonsCommand {
    /// The lessons, with your progress
    #[command(after_help = LESSONS_JSON)]
    List,
    /// Check lessons: words in both languages, known names, declared outcomes that are real
    #[command(after_help = CHECK_JSON)]
    Check {
        /// A directory of lessons; the built-in ones if left out
        // Not `dir`: that is the workspace's, and clap takes one for the other.
        #[arg(value_name = "DIR")]
        target: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum PkiCommand {
    /// Make a cluster's artifacts; a run that was cut off is completed
    #[command(after_help = CREATE_JSON)]
    Create {
        /// Where to [default: the workspace]
        #[arg(value_name = "DIR")]
        target: Option<PathBuf>,
        #[command(flatten)]
        spec: Box<SpecArgs>,
        /// Replace what is there; the old files are kept as a dated backup
        #[arg(long)]
        force: bool,
    },
    /// The artifacts of the workspace
    #[command(after_help = LIST_JSON)]
    List {
        /// Where [default: the workspace]
        #[arg(value_name = "DIR")]
        target: Option<PathBuf>,
    },
    /// One more certificate, with its key and CSR, for any user or component
    #[command(after_help = super::life::ISSUED_JSON)]
    Issue(super::life::IssueArgs),
    /// Sign a CSR, keeping its subject and SANs as they stand; the certificate is printed
    Sign(super::life::SignArgs),
    /// Renew as `kubeadm certs renew`: all is copied from the old certificate
    #[command(after_help = super::life::ISSUED_JSON)]
    Renew {
        /// The artifacts; those that kubeadm renews if left out
        #[arg(value_name = "ARTIFACT")]
        artifacts: Vec<String>,
    },
    /// Put a certificate on its CA's revocation list, which Kubernetes never looks at
    Revoke {
        /// The artifact: admin, apiserver, …
        artifact: String,
    },
    /// How others make an artifact: the commands with openssl, cfssl, easy-rsa and kubeadm
    Commands {
        /// The artifact: ca, admin, apiserver, kubelet-client@node01, …
        artifact: String,
    },
}

/// What is asked of a cluster. Values are read by the blueprint, so that one place says
/// what is right.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub(super) struct SpecArgs {
    /// The cluster's name [default: dojang]
    #[arg(long, value_name = "NAME", help_heading = "The cluster")]
    pub(super) name: Option<String>,
    /// A control plane, any number of times [default: cp1=10.0.0.10]
    #[arg(long, value_name = "NAME=IP", help_heading = "The cluster")]
    pub(super) control_plane: Vec<String>,
    /// A worker, any number of times [default: node01=10.0.0.21, node02=10.0.0.22]
    #[arg(long, value_name = "NAME=IP", help_heading = "The cluster")]
    pub(super) worker: Vec<String>,
    /// That many workers with generated names and addresses
    #[arg(long, value_name = "N", help_heading = "The cluster")]
    pub(super) workers: Option<usize>,
    /// The address of all API servers together
    #[arg(long, value_name = "HOST[:PORT]", help_heading = "The cluster")]
    pub(super) control_plane_endpoint: Option<String>,
    /// The service network; two of different families with a comma between [default: 10.96.0.0/12]
    #[arg(long, value_name = "CIDR[,CIDR]", help_heading = "The cluster")]
    pub(super) service_cidr: Option<String>,
    /// The cluster's DNS domain [default: cluster.local]
    #[arg(long, value_name = "DOMAIN", help_heading = "The cluster")]
    pub(super) dns_domain: Option<String>,
    /// A further name or address of the API server, any number of times
    #[arg(long, value_name = "NAME|IP", help_heading = "The cluster")]
    pub(super) api_san: Vec<String>,
    /// The keys [default: rsa-2048]
    #[arg(long, value_name = "rsa-2048|rsa-3072|rsa-4096|p256|p384|ed25519", help_heading = "The cluster")]
    pub(super) key: Option<String>,
    /// Lifetime of certificates in days [default: 365]
    #[arg(long, value_name = "DAYS", help_heading = "The cluster")]
    pub(super) days: Option<u32>,
    /// Lifetime of CAs in days [default: 3650]
    #[arg(long, value_name = "DAYS", help_heading = "The cluster")]
    pub(super) ca_days: Option<u32>,
    /// How the files lie, and by whose names [default: lecture]
    #[arg(long, value_name = "lecture|kubeadm", help_heading = "The cluster")]
    pub(super) layout: Option<String>,
    /// One CA or three [default: one for lecture, three for kubeadm]
    #[arg(long, value_name = "one|three", help_heading = "The cluster")]
    pub(super) authorities: Option<String>,
}

const WALK_JSON: &str = "\
With --format json one document: {lessons, steps, artifacts, handshakes, failed, skipped: numbers,
results: [{lesson, step, kind, expected, observed, ok}]}. A temporary directory is used unless --dir is given.";
const MATRIX_JSON: &str = "\
With --format json one document: {connections, refused: numbers, results: [{client, server, port, request,
outcome, user, micros, ok}]}.";
const CREATE_JSON: &str = "\
With --format json one document: {directory, written, kept: numbers, set_aside: [{path, now, why}], backup}.";
const LIST_JSON: &str = "\
With --format json one document: {directory, layout, artifacts: [{id, kind, path, made, subject, issuer, notAfter}]}.";
const LESSONS_JSON: &str = "\
With --format json one document: [{number, id, title, aim, minutes, steps, done}].";
const CHECK_JSON: &str = "\
With --format json one document: [{file, line, message}], empty if nothing is wrong.";
const DOCTOR_JSON: &str = "\
With --format json one document: {version, terminal: {input, output, term, program, multiplexer, columns, rows,
colors, no_color, locale, unicode, clipboard: {works, advice}, advice}, language: {used, from}, workspace:
{directory, exists, writable, free_bytes, problem}, tools: [{name, path, runs, version, says, problem, package, needed_for,
without}]}. works is yes, no, set or unknown; from is option, machine or default. The exit status is 0.";
