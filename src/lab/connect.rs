//! From a connection of the plan to a real one, on the learner's artifacts or a changed
//! copy of them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::change::{AUTHORITY, Changed};
use super::engine::Lab;
use super::{AlertView, ConnectionOutcome, ConnectionView, Judgement, LabError, Trusts, opinions};
use crate::access::World;
use crate::blueprint::{Connection, resolve_certificate};
use crate::fault::Change;
use crate::handshake::{self, ClientSide, Report, RequestHeader, ServerSide, Side};
use crate::lesson::Verify;
use crate::trust::Roots;
use crate::workspace::{Cancel, Credential, Selection, authority_chain, credential};
use crate::x509;

pub use crate::handshake::{Offer, Version as Tls};

/// The front proxy that the API server is told to take (`--requestheader-allowed-names`).
const FRONT_PROXY: &str = "front-proxy-client";
/// No connection on loopback takes longer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The version that `1.2` or `1.3` stands for.
///
/// # Errors
/// It is neither.
pub fn tls_version(text: &str) -> Result<Tls, LabError> {
    match text {
        "1.2" => Ok(Tls::Tls12),
        "1.3" => Ok(Tls::Tls13),
        _ => Err(LabError::Request(format!("`{text}` is no TLS version of a cluster: use 1.2 or 1.3"))),
    }
}

/// How a connection is made.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    /// The version that the client offers.
    pub tls: Tls,
    /// What the ends offer otherwise than usual.
    pub offer: Offer,
}

impl From<Tls> for Manner {
    fn from(tls: Tls) -> Self {
        Self { tls, offer: Offer::default() }
    }
}

/// A credential as it goes into a connection, and its certificate before a change.
struct Presented {
    chain: Vec<Vec<u8>>,
    key: Vec<u8>,
    subject: String,
}

/// What is otherwise than usual about a connection.
#[derive(Clone, Copy, Default)]
pub(super) struct Circumstances<'a> {
    /// A changed artifact.
    pub(super) changed: Option<&'a Changed>,
    /// How the client verifies the server.
    pub(super) verify: Option<Verify>,
    /// Whether the server was given no authority for its clients.
    pub(super) without_client_authority: bool,
}

/// What many connections have in common.
#[derive(Clone, Copy)]
pub(super) struct Common<'a> {
    /// What is offered.
    pub(super) manner: Manner,
    /// What servers answer from.
    pub(super) world: &'a Arc<World>,
    /// Where they run.
    pub(super) runtime: &'a tokio::runtime::Runtime,
    /// Whether the bytes are kept and other verifiers are asked as well: a matrix shows
    /// nothing of either.
    pub(super) is_shown: bool,
}

/// What was read for connections, so that many of them read it once.
#[derive(Default)]
pub(super) struct Cache {
    credentials: HashMap<String, Arc<Presented>>,
    roots: HashMap<String, Arc<Roots>>,
}

impl Lab {
    /// One connection, with what it needs made first.
    ///
    /// # Errors
    /// An artifact cannot be made or read, or the machine cannot run the connection; a
    /// refusal is no error.
    pub fn connect(
        &self,
        connection: &Connection,
        manner: impl Into<Manner>,
        cancel: &Cancel,
    ) -> Result<ConnectionView, LabError> {
        self.make_for(connection, None, cancel)?;
        self.connect_under(connection, manner, &Circumstances::default())
    }

    /// Makes what a connection and a change need and is not there: its ids.
    pub(super) fn make_for(
        &self,
        connection: &Connection,
        change: Option<&Change>,
        cancel: &Cancel,
    ) -> Result<Vec<String>, LabError> {
        let mut needed: Vec<String> = Vec::new();
        let server = &connection.server;
        let instead = |c: &'_ Change| c.instead.clone().filter(|id| id != AUTHORITY);
        let of_change = change.into_iter().flat_map(|c| [Some(c.artifact.clone()), instead(c)]).flatten();
        let of_change =
            of_change.map(|id| resolve_certificate(&self.plan, &id)).collect::<Result<Vec<_>, _>>()?;
        let leaves = connection.credential.iter().chain([&server.certificate]).chain(&of_change);
        for id in leaves {
            let is_leaf = self.plan.certificate(id).is_some();
            if is_leaf && !needed.contains(id) && credential(self.store(), &self.plan, id).is_err() {
                needed.push(id.clone());
            }
        }
        let authorities = [
            connection.trusts.as_ref(),
            Some(&server.client_authority),
            server.request_header_authority.as_ref(),
        ];
        for id in authorities.into_iter().flatten() {
            if !needed.contains(id) && authority_chain(self.store(), &self.plan, id).is_err() {
                needed.push(id.clone());
            }
        }
        if !needed.is_empty() {
            self.make(&Selection::Only(needed.clone()), cancel, &|_| ())?;
        }
        Ok(needed)
    }

    /// Both sides of a connection on artifacts that are there.
    pub(super) fn sides_under(
        &self,
        connection: &Connection,
        circumstances: &Circumstances<'_>,
    ) -> Result<(ClientSide, ServerSide), LabError> {
        let world = Arc::new(self.world());
        let (client, server, _) = self.sides(connection, circumstances, &mut Cache::default(), &world)?;
        Ok((client, server))
    }

    /// One connection on artifacts that are there, under these circumstances.
    pub(super) fn connect_under(
        &self,
        connection: &Connection,
        manner: impl Into<Manner>,
        circumstances: &Circumstances<'_>,
    ) -> Result<ConnectionView, LabError> {
        let mut cache = Cache::default();
        let world = Arc::new(self.world());
        let runtime = runtime()?;
        let common = Common { manner: manner.into(), world: &world, runtime: &runtime, is_shown: true };
        let (view, _) = self.exchange(connection, circumstances, &mut cache, &common)?;
        Ok(view)
    }

    /// One connection with what was read for others.
    pub(super) fn exchange(
        &self,
        connection: &Connection,
        circumstances: &Circumstances<'_>,
        cache: &mut Cache,
        common: &Common<'_>,
    ) -> Result<(ConnectionView, Report), LabError> {
        let Common { manner, world, runtime, is_shown } = *common;
        let (client, server, mut view) = self.sides(connection, circumstances, cache, world)?;
        let options = handshake::Options {
            version: manner.tls,
            now: self.now(),
            timeout: TIMEOUT,
            offer: manner.offer,
            record: is_shown,
        };
        let report = runtime.block_on(handshake::connect(&client, &server, &options))?;
        let mut outcome = outcome(&report, &server);
        if is_shown && report.mismatched_key.is_none() {
            outcome.server_opinions = opinions::of_server(&report, &client, &server, options.now);
            outcome.client_opinions = opinions::of_client(&report, &client, &server, options.now);
        }
        view.outcome = Some(outcome);
        Ok((view, report))
    }

    /// Both sides as they are run, and as they are shown.
    fn sides(
        &self,
        connection: &Connection,
        circumstances: &Circumstances<'_>,
        cache: &mut Cache,
        world: &Arc<World>,
    ) -> Result<(ClientSide, ServerSide, ConnectionView), LabError> {
        let server = &connection.server;
        let Circumstances { changed, verify, without_client_authority } = *circumstances;
        let shown =
            connection.credential.as_deref().map(|id| self.presented(cache, id, changed)).transpose()?;
        let serving = self.presented(cache, &server.certificate, changed)?;
        let (trusts, client_trusts) = match (verify, connection.trusts.as_deref()) {
            (Some(Verify::Off), _) | (None, None) => (None, Trusts::Unchecked),
            (Some(Verify::WithoutCa), _) => (Some(Arc::default()), Trusts::Nobody),
            (None, Some(id)) => {
                (Some(self.roots(cache, id, changed, true)?), Trusts::Authority(self.authority_name(id)))
            }
        };
        let client_roots = match without_client_authority {
            true => None,
            false => Some(self.roots(cache, &server.client_authority, changed, false)?),
        };
        let proxies = server.request_header_authority.as_deref();
        let request_header = proxies
            .filter(|_| !without_client_authority)
            .map(|id| self.roots(cache, id, changed, false))
            .transpose()?
            .map(|roots| RequestHeader { roots, allowed_names: vec![FRONT_PROXY.into()] });
        let credential = |presented: &Arc<Presented>| handshake::Credential {
            chain: presented.chain.clone(),
            key: presented.key.clone(),
        };
        let client = ClientSide {
            name: connection.client_name(),
            address: connection.client_address,
            credential: shown.as_ref().map(credential),
            roots: trusts,
            server_name: connection.server_name.clone(),
            request: connection.request.clone(),
            headers: Vec::new(),
        };
        let to = ServerSide {
            name: server.id(),
            style: server.style,
            port: server.port,
            credential: credential(&serving),
            client_roots,
            request_header,
            world: Arc::clone(world),
        };
        let view = ConnectionView {
            client: connection.client_name(),
            server: server.id(),
            port: server.port,
            client_subject: shown.map(|presented| presented.subject.clone()),
            server_subject: serving.subject.clone(),
            server_name: connection.server_name.to_string(),
            client_trusts,
            server_trusts: match without_client_authority {
                true => Trusts::Unchecked,
                false => Trusts::Authority(self.authority_name(&server.client_authority)),
            },
            request: connection.request.clone(),
            outcome: None,
        };
        Ok((client, to, view))
    }

    fn authority_name(&self, id: &str) -> String {
        self.plan
            .authority(id)
            .map_or_else(|| id.to_owned(), |authority| authority.subject.common_name.clone())
    }

    fn presented(
        &self,
        cache: &mut Cache,
        id: &str,
        changed: Option<&Changed>,
    ) -> Result<Arc<Presented>, LabError> {
        if let Some(known) = cache.credentials.get(id) {
            return Ok(Arc::clone(known));
        }
        let Credential { mut chain, key } = credential(self.store(), &self.plan, id)?;
        let mut key = key.der().to_vec();
        if let Some(changed) = changed.filter(|c| c.id == id) {
            if let Some(leaf) = chain.first_mut() {
                leaf.clone_from(&changed.after);
            }
            if let Some(other) = &changed.key {
                key.clone_from(other);
            }
        }
        let subject = chain.first().map(|leaf| x509::subject(leaf)).transpose()?.unwrap_or_default();
        let presented = Arc::new(Presented { chain, key, subject });
        cache.credentials.insert(id.to_owned(), Arc::clone(&presented));
        Ok(presented)
    }

    fn roots(
        &self,
        cache: &mut Cache,
        id: &str,
        changed: Option<&Changed>,
        client: bool,
    ) -> Result<Arc<Roots>, LabError> {
        if let Some(changed) = changed.filter(|c| c.id == id && (client || !c.client_only)) {
            return Ok(Arc::new(Roots::from_der([&changed.after])));
        }
        if let Some(known) = cache.roots.get(id) {
            return Ok(Arc::clone(known));
        }
        let roots = Arc::new(Roots::from_der(authority_chain(self.store(), &self.plan, id)?));
        cache.roots.insert(id.to_owned(), Arc::clone(&roots));
        Ok(roots)
    }

    /// What servers answer from.
    pub(super) fn world(&self) -> World {
        World::of_plan(&self.plan, self.now())
    }
}

pub(super) fn micros(elapsed: Duration) -> u64 {
    u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX)
}

pub(super) fn runtime() -> Result<tokio::runtime::Runtime, std::io::Error> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

/// The word for how a connection ended.
fn word(outcome: handshake::Outcome) -> String {
    match outcome {
        handshake::Outcome::Answered(status) => status.to_string(),
        handshake::Outcome::RefusedByClient => "refused-by-client".into(),
        handshake::Outcome::RefusedByServer => "refused-by-server".into(),
    }
}

/// The outcome of a pair of files that its own program does not load.
const NOT_STARTED: &str = "not-started";

/// What a program says of a pair that it does not load (`tls.X509KeyPair`), and what the
/// client then meets. The server's words are those of kube-apiserver 1.36 and etcd 3.5.
fn not_started(side: Side, report: &Report, server: &ServerSide) -> ConnectionOutcome {
    let (client_prints, server_logs) = match side {
        Side::Client => (report.client_prints.clone(), None),
        Side::Server => (None, Some(handshake::does_not_start(server.style))),
    };
    ConnectionOutcome {
        outcome: NOT_STARTED.into(),
        version: None,
        server_verdict: None,
        client_verdict: None,
        server_opinions: None,
        client_opinions: None,
        events: Vec::new(),
        alert: None,
        identity: None,
        decision: None,
        response: None,
        client_prints,
        server_logs,
        micros: micros(report.elapsed),
        recording: None,
        judgements: Vec::new(),
    }
}

/// A report as it is shown.
fn outcome(report: &Report, server: &ServerSide) -> ConnectionOutcome {
    if let Some(side) = report.mismatched_key {
        return not_started(side, report, server);
    }
    let log = report.server_log.as_ref().map(|log| match log.verbosity {
        0 => log.line.clone(),
        verbosity => format!("(-v={verbosity}) {}", log.line),
    });
    let decision = report.decision().map(|decision| match decision.reason.as_str() {
        "" => decision.by.to_string(),
        reason => format!("{}: {reason}", decision.by),
    });
    ConnectionOutcome {
        outcome: word(report.outcome),
        version: report.version.map(|version| version.to_string()),
        server_verdict: report.server_verdict.clone(),
        client_verdict: report.client_verdict.clone(),
        server_opinions: None,
        client_opinions: None,
        events: report.events.iter().map(|e| (e.side.to_string(), e.step.to_string())).collect(),
        alert: report.alert.as_ref().map(|alert| AlertView {
            from: alert.from.to_string(),
            sent: alert.sent.name(),
            go: alert.go.name(),
            go_prints: alert.go.go_name(),
        }),
        identity: report.identity().map(|i| (i.user.clone(), i.groups.clone())),
        decision,
        response: report.response.as_ref().map(|response| (response.status, response.body.clone())),
        client_prints: report.client_prints.clone(),
        server_logs: log,
        micros: micros(report.elapsed),
        recording: report.recording.clone().map(Arc::new),
        judgements: Judgement::all_of(report),
    }
}
