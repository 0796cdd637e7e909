//! The kubelets and etcd members beside the API server: each on a port of its own, with its own
//! certificate, meeting clients as the real one does. A kubelet asks the cluster whether its
//! client may do what it asks for.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use super::Cluster;
use super::etcd::Etcd;
use super::feed::Happening;
use super::server::ServerError;
use crate::access::{Bootstrap, Policy, World};
use crate::blueprint::ServerStyle;
use crate::handshake::{self, Options, ServerLog, ServerSide};

/// How many clients of one server are served at a time.
const CONNECTIONS: usize = 256;
/// How long a client has for its handshake and its request.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A server beside the API server.
#[derive(Debug)]
pub struct Companion {
    listener: TcpListener,
    address: SocketAddr,
    side: Arc<RwLock<ServerSide>>,
}

/// Who is told what a companion's log says, with the companion's name.
pub type CompanionListener = Arc<dyn Fn(&str, &ServerLog) + Send + Sync>;

impl Companion {
    /// Listens on the port that the server has in a cluster, or on any free one if that is taken
    /// or `any_port` is asked for.
    ///
    /// # Errors
    /// The address cannot be listened on.
    pub async fn bind(host: IpAddr, any_port: bool, side: ServerSide) -> Result<Self, ServerError> {
        let address = |port| SocketAddr::new(host, port);
        let error = |source| ServerError::Listen { address: address(0), source };
        let usual = if any_port { None } else { TcpListener::bind(address(side.port)).await.ok() };
        let listener = match usual {
            Some(listener) => listener,
            None => TcpListener::bind(address(0)).await.map_err(error)?,
        };
        let address = listener.local_addr().map_err(error)?;
        Ok(Self { listener, address, side: Arc::new(RwLock::new(side)) })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it is called: `kubelet@node01`.
    #[must_use]
    pub fn name(&self) -> String {
        self.side.read().unwrap_or_else(PoisonError::into_inner).name.clone()
    }

    /// The node that it is on.
    #[must_use]
    pub fn node(&self) -> String {
        self.name().split_once('@').map_or_else(String::new, |(_, node)| node.to_owned())
    }

    /// How it meets clients.
    #[must_use]
    pub fn style(&self) -> ServerStyle {
        self.side.read().unwrap_or_else(PoisonError::into_inner).style
    }

    /// What it serves with, to be replaced while it serves.
    #[must_use]
    pub fn side(&self) -> Arc<RwLock<ServerSide>> {
        Arc::clone(&self.side)
    }

    /// Serves until it is dropped.
    pub async fn run(self, cluster: Arc<Cluster>, etcd: Arc<Etcd>, told: CompanionListener) {
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            let Ok((stream, from)) = self.listener.accept().await else {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            let mut side = self.side.read().unwrap_or_else(PoisonError::into_inner).clone();
            let (cluster, etcd, told) = (Arc::clone(&cluster), Arc::clone(&etcd), Arc::clone(&told));
            tokio::spawn(async move {
                if side.style == ServerStyle::Kubelet {
                    side.world = Arc::new(cluster.world());
                }
                match side.style {
                    ServerStyle::Etcd => etcd.answer(stream, &side, &told).await,
                    _ => answer(stream, from, &side, &cluster, &told).await,
                }
                drop(place);
            });
        }
    }
}

async fn answer(
    stream: TcpStream,
    from: SocketAddr,
    side: &ServerSide,
    cluster: &Cluster,
    told: &CompanionListener,
) {
    let options = Options { timeout: TIMEOUT, ..Options::at(cluster.now()) };
    // An error is the client's hanging up, or its taking too long.
    let Ok(served) = handshake::serve(stream, side, &options).await else { return };
    if let Some(log) = &served.server_log {
        told(&side.name, log);
    }
    cluster.feed().tell(|| Happening::of_companion(&side.name, from, &served));
}

impl Cluster {
    /// What a kubelet answers from: the pods, and what the API server's authorizers go by.
    #[must_use]
    pub fn world(&self) -> World {
        let store = self.read();
        World {
            server_address: self.settings.server_address.clone(),
            now: self.stamp(),
            objects: store.list(("", "pods"), "").map(Arc::unwrap_or_clone).collect(),
            policy: store.policy.clone(),
            api_server_anonymous: true,
            kubelet_anonymous: false,
        }
    }
}

/// The world of a server that answers from none.
#[must_use]
pub fn empty_world() -> World {
    World {
        server_address: String::new(),
        now: String::new(),
        objects: Vec::new(),
        policy: Policy::bootstrap(Bootstrap::ApiServer),
        api_server_anonymous: true,
        kubelet_anonymous: false,
    }
}
