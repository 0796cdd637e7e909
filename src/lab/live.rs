//! The cluster alive: it serves while somebody watches, and tells what happens.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use super::engine::Lab;
use super::reload::Reread;
use super::requests::Requests;
use super::{Cancel, Controllers, LabError, Progress};
use crate::access::Identity;
use crate::cluster::{Cluster, Happening, Server, ServerError};
use crate::lesson::Words;
use crate::workspace::{Selection, WorkspaceError};

/// Where the API server of a cluster listens, if nothing else does.
const USUAL: u16 = 6443;
/// What happens within this time is told at once, so that many requests cost few frames.
const TOGETHER: Duration = Duration::from_millis(40);
/// How many happenings are told at once.
const MOST: usize = 256;

/// Something to tell of the cluster that is alive.
#[derive(Debug, Clone)]
pub enum LiveStep {
    /// How far what it needs is made.
    Making(Progress),
    /// It listens.
    Opened(Box<Opened>),
    /// What happened, in order, and how much was missed before.
    Happened(Vec<Arc<Happening>>, u64),
    /// A file has changed: what the component that uses it did.
    Reread(Reread),
}

/// A cluster that listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The API server's address.
    pub address: SocketAddr,
    /// Whether its usual port was taken by something else.
    pub is_elsewhere: bool,
    /// Who reaches it: what they are called, and the line to paste.
    pub lines: Vec<(String, String)>,
    /// Who calls the API server by a certificate of the cluster's, and whom it sees then.
    pub clients: Vec<(String, Identity)>,
    /// What listens beside it: name and address.
    pub servers: Vec<(String, SocketAddr)>,
    /// What can be played.
    pub asks: Vec<AskView>,
}

/// A request that can be played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskView {
    /// Its id.
    pub id: String,
    /// Who asks.
    pub by: String,
    /// `GET /api/v1/pods`; the first, where there are several.
    pub request: String,
    /// What it is about.
    pub words: Words<String>,
}

/// What a played request needs of the cluster that serves.
#[derive(Debug, Clone)]
pub(super) struct Live {
    pub(super) cluster: Arc<Cluster>,
    pub(super) address: SocketAddr,
    pub(super) servers: Vec<(String, SocketAddr)>,
}

impl Lab {
    /// Opens the cluster on loopback and serves until it is cancelled; tells what happens.
    /// One at a time: another waits until the one before has ended.
    ///
    /// # Errors
    /// An artifact cannot be made or read, no port can be listened on, or it was cancelled
    /// before it listened.
    pub fn serve_live(&self, cancel: &Cancel, tell: &(dyn Fn(LiveStep) + Sync)) -> Result<(), LabError> {
        let _alone = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        if cancel.is_cancelled() {
            return Err(WorkspaceError::Cancelled.into());
        }
        self.make(&Selection::All, cancel, &|progress| tell(LiveStep::Making(progress)))?;
        let ready = self.cluster(Controllers::default(), cancel)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let served = runtime.block_on(async {
            let (server, is_elsewhere) = listen().await?;
            let bound = self.bind(ready, server, is_elsewhere, false).await?;
            let mut feed = bound.cluster().feed().watch();
            let live = Live {
                cluster: Arc::clone(bound.cluster()),
                address: bound.address(),
                servers: bound.beside().collect(),
            };
            tell(LiveStep::Opened(Box::new(self.opened(&live, is_elsewhere)?)));
            *self.live() = Some(live);
            let reread = |one: &Reread| tell(LiveStep::Reread(one.clone()));
            let serving =
                self.serve(bound, Arc::new(|_: &_| ()), Arc::new(|_: &_, _: &_| ()), cancel, reread);
            tokio::select! {
                served = serving => served,
                () = watch(&mut feed, tell) => Ok(()),
            }
        });
        *self.live() = None;
        runtime.shutdown_background();
        self.serve_no_more();
        served
    }

    /// The cluster that serves now.
    pub(super) fn live(&self) -> MutexGuard<'_, Option<Live>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn opened(&self, live: &Live, is_elsewhere: bool) -> Result<Opened, LabError> {
        let reaching = self.write_reaching(live.address)?;
        let lines: Vec<(String, String)> =
            reaching.iter().map(|own| (own.client.clone(), own.line())).collect();
        let requests = Requests::of(&self.plan);
        let asks = requests.ask.iter().map(|ask| AskView {
            id: ask.id.clone(),
            by: ask.by.clone(),
            request: ask.steps.first().map(|one| format!("{} {}", one.method, one.path)).unwrap_or_default(),
            words: ask.words(),
        });
        let connections = self.plan.connections.iter();
        let user = |client: &String| {
            let own = connections.clone().find(|one| one.client_name() == *client)?;
            let certificate = self.plan.certificate(own.credential.as_deref()?)?;
            let subject = &certificate.subject;
            Some((client.clone(), Identity::named(&subject.common_name, &subject.organizations)))
        };
        Ok(Opened {
            address: live.address,
            is_elsewhere,
            clients: reaching.iter().filter_map(|own| user(&own.client)).collect(),
            lines,
            servers: live.servers.clone(),
            asks: asks.collect(),
        })
    }
}

/// The API server's port, or any free one if that is taken.
async fn listen() -> Result<(Server, bool), LabError> {
    let at = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    match Server::bind(at(USUAL)).await {
        Ok(server) => Ok((server, false)),
        Err(ServerError::Listen { source, .. }) if source.kind() == std::io::ErrorKind::AddrInUse => {
            Ok((Server::bind(at(0)).await?, true))
        }
        Err(error) => Err(error.into()),
    }
}

/// Tells what happens, as it happens.
async fn watch(feed: &mut Receiver<Arc<Happening>>, tell: &(dyn Fn(LiveStep) + Sync)) {
    let mut missed = 0;
    loop {
        let mut happened = match feed.recv().await {
            Ok(first) => vec![first],
            Err(RecvError::Lagged(count)) => {
                missed += count;
                Vec::new()
            }
            Err(RecvError::Closed) => return,
        };
        while happened.len() < MOST {
            match feed.try_recv() {
                Ok(next) => happened.push(next),
                Err(TryRecvError::Lagged(count)) => missed += count,
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        tell(LiveStep::Happened(happened, std::mem::take(&mut missed)));
        tokio::time::sleep(TOGETHER).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::access::Authenticator;
    use crate::blueprint::{ClusterSpec, KeyAlgorithm};
    use crate::clock::Clock;
    use crate::cluster::{Exchange, What};
    use crate::lab::{Directory, LabOptions};

    /// What every request of the lecture comes to: status (0 for a handshake that failed), who
    /// was seen, and who decided.
    const OUTCOMES: [(&str, u16, Option<&str>); 21] = [
        ("admin-pods", 200, Some("kube-admin")),
        ("ou-pods", 403, Some("kube-admin")),
        ("scheduler-pods", 200, Some("system:kube-scheduler")),
        ("scheduler-secrets", 403, Some("system:kube-scheduler")),
        ("own-node", 200, Some("system:node:node01")),
        ("other-node", 403, Some("system:node:node01")),
        ("run-web", 201, Some("kube-admin")),
        ("own-secret", 200, Some("system:node:node01")),
        ("other-secret", 403, Some("system:node:node02")),
        ("jane-pods", 403, Some("jane")),
        ("give-role", 201, Some("kube-admin")),
        ("jane-pods-with-role", 200, Some("jane")),
        ("jane-elsewhere", 403, Some("jane")),
        ("take-role", 200, Some("kube-admin")),
        ("account-pods", 403, Some("system:serviceaccount:default:default")),
        ("anonymous-pods", 403, Some("system:anonymous")),
        ("anonymous-version", 200, Some("system:anonymous")),
        ("forged", 401, None),
        ("wrong-token", 401, None),
        ("wrong-ca", 0, None),
        ("etcd-nobody", 0, None),
    ];

    fn exchange(happening: &Happening) -> Option<&Exchange> {
        if let What::Answered(exchange) = &happening.what { Some(exchange) } else { None }
    }

    #[test]
    fn every_request_of_the_lecture_comes_to_what_the_lecture_says() {
        let lab = Lab::open(LabOptions {
            directory: Directory::Temporary,
            spec: Some(ClusterSpec { key: KeyAlgorithm::P256, ..ClusterSpec::default() }),
            clock: Clock::System,
            lessons: None,
        });
        let lab = lab.unwrap();
        let (cancel, happened) = (Cancel::default(), Mutex::new(Vec::new()));
        let opened = Mutex::new(None);
        std::thread::scope(|scope| {
            let serving = scope.spawn(|| {
                lab.serve_live(&cancel, &|step| match step {
                    LiveStep::Opened(now) => *opened.lock().unwrap() = Some(now),
                    LiveStep::Happened(now, missed) => {
                        assert_eq!(missed, 0);
                        happened.lock().unwrap().extend(now);
                    }
                    LiveStep::Making(_) | LiveStep::Reread(_) => {}
                })
            });
            let tried = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                let wait = |what: &dyn Fn() -> bool| {
                    for _ in 0..1000 {
                        if what() {
                            return;
                        }
                        assert!(!serving.is_finished(), "it does not serve");
                        std::thread::sleep(Duration::from_millis(10));
                    }
                    panic!("nothing came");
                };
                wait(&|| lab.live().is_some());
                let ids: Vec<String> =
                    opened.lock().unwrap().as_ref().unwrap().asks.iter().map(|ask| ask.id.clone()).collect();
                assert_eq!(ids, OUTCOMES.map(|(id, ..)| id));
                for (id, status, user) in OUTCOMES {
                    let before = happened.lock().unwrap().len();
                    let printed = lab.ask(id).unwrap();
                    wait(&|| happened.lock().unwrap().len() > before);
                    // What two steps make is told in two happenings.
                    std::thread::sleep(Duration::from_millis(60));
                    let last = Arc::clone(happened.lock().unwrap().last().unwrap());
                    let seen = exchange(&last);
                    assert_eq!(seen.map_or(0, |seen| seen.status), status, "{id}: {last:?}");
                    assert_eq!(printed.is_some(), status == 0, "{id}: {printed:?}");
                    let identity = seen.and_then(|seen| seen.identity.as_ref());
                    assert_eq!(identity.map(|identity| identity.user.as_str()), user, "{id}");
                }
                let happened = happened.lock().unwrap();
                let told: Vec<&Exchange> = happened.iter().filter_map(|own| exchange(own)).collect();
                let of = |user: &str| {
                    told.iter().find(|own| own.identity.as_ref().is_some_and(|own| own.user == user)).unwrap()
                };
                let account = of("system:serviceaccount:default:default");
                assert_eq!(account.recognitions.last().unwrap().by, Authenticator::Token);
                assert_eq!(account.certificate, None);
                assert_eq!(of("jane").certificate.as_deref(), Some("O=dev, CN=jane"));
                assert_eq!(of("system:anonymous").recognitions.last().unwrap().by, Authenticator::Anonymous);
                let logged: Vec<&String> = happened.iter().flat_map(|own| &own.log).collect();
                assert!(logged.iter().any(|line| line.contains("TLS handshake error")), "{logged:?}");
                let master = lab.permissions();
                assert!(master.identities.iter().any(|(name, _)| name == "jane"));
            }));
            cancel.cancel();
            serving.join().unwrap().unwrap();
            tried.unwrap();
        });
        assert!(lab.live().is_none() && lab.ask("admin-pods").is_err());
    }
}
