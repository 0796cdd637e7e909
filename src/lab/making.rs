//! The catalogue's faults on this lab: the connection that shows one, and its files.

use super::connect::{Circumstances, Manner};
use super::engine::Lab;
use super::faulty::Replaced;
use super::{Cancel, ConnectionOutcome, ConnectionView, LabError};
use crate::blueprint::{Connection, HostName, ServerStyle};
use crate::fault::{Edit, Making, Teller};
use crate::pki;
use crate::workspace::{Secrecy, Selection};

/// The server of faults between etcd members.
pub(super) const ETCD_PEER: &str = "etcd-peer";

impl Lab {
    /// Whether the cluster has what a fault takes: etcd members to connect with each other.
    #[must_use]
    pub fn has_stage_for(&self, making: &Making) -> bool {
        making.server != ETCD_PEER || self.peers().is_some()
    }

    fn peers(&self) -> Option<&Connection> {
        self.plan.connections.iter().find(|connection| connection.server.kind == ETCD_PEER)
    }

    /// The connection that shows a fault.
    ///
    /// # Errors
    /// The cluster has no such connection.
    pub fn connection_of(&self, making: &Making) -> Result<Connection, LabError> {
        if making.server != ETCD_PEER {
            let connection = self.plan.connect(&making.client, &making.server)?;
            return Ok(self.at_own_gateway(connection));
        }
        self.peers().cloned().ok_or_else(|| {
            LabError::Request(
                "this fault is between two etcd members, and the cluster has one control plane: make one \
                 with `dojang pki create DIR --control-plane cp1=10.0.0.10 --control-plane cp2=10.0.0.11`"
                    .into(),
            )
        })
    }

    /// Where etcd's connection with etcd is that of two members, the one of a member's gateway
    /// with itself: with its server's certificate, at its clients' port.
    pub(super) fn at_own_gateway(&self, connection: Connection) -> Connection {
        let own = self.plan.servers.iter().find(|server| {
            server.style == ServerStyle::Etcd && Some(&server.node) == connection.client_node.as_ref()
        });
        match own {
            Some(server) if connection.server.kind == ETCD_PEER => Connection {
                credential: Some(server.certificate.clone()),
                trusts: Some(server.client_authority.clone()),
                server_name: HostName::Ip(server.address),
                server: server.clone(),
                ..connection
            },
            _ => connection,
        }
    }

    /// The two ends of that connection, as `dojang handshake` takes them.
    ///
    /// # Errors
    /// As [`Lab::connection_of`].
    pub fn ends_of(&self, making: &Making) -> Result<(String, String), LabError> {
        if making.server != ETCD_PEER {
            return Ok((making.client.clone(), making.server.clone()));
        }
        let connection = self.connection_of(making)?;
        Ok((connection.client_name(), connection.server.id()))
    }

    /// One connection with a fault of the catalogue on a copy: nothing in the workspace is
    /// changed, beyond what is missing being made.
    ///
    /// # Errors
    /// As [`Lab::connect`].
    pub fn connect_made(
        &self,
        connection: &Connection,
        manner: impl Into<Manner>,
        making: &Making,
        cancel: &Cancel,
    ) -> Result<ConnectionView, LabError> {
        let mut connection = connection.clone();
        if making.without_certificate {
            connection.credential = None;
        }
        if making.change.is_some() {
            return self.connect_faulty(&connection, manner, making.change.as_ref(), cancel);
        }
        if making.told_by.is_none() && !making.without_client_authority {
            return self.connect(&connection, manner, cancel);
        }
        self.make_for(&connection, None, cancel)?;
        let circumstances = Circumstances {
            without_client_authority: making.without_client_authority,
            ..Circumstances::default()
        };
        let mut view = self.connect_under(&connection, manner, &circumstances)?;
        if let Some(teller) = making.told_by {
            view.outcome = Some(match self.last_words(teller, making, &connection)? {
                Some(words) => ConnectionOutcome {
                    outcome: making.outcome.clone(),
                    server_logs: Some(words),
                    ..ConnectionOutcome::default()
                },
                None => told(teller, making),
            });
        }
        Ok(view)
    }

    /// What an API server says that is started with the faulty lines.
    fn last_words(
        &self,
        teller: Teller,
        making: &Making,
        connection: &Connection,
    ) -> Result<Option<String>, LabError> {
        let is_its = teller == Teller::Server && connection.server.style == ServerStyle::KubeApiserver;
        let edits: Vec<Edit> = making.edits.iter().filter(|_| is_its).cloned().collect();
        if edits.is_empty() { Ok(None) } else { self.start_edited(&connection.server, &edits) }
    }

    /// Makes a fault of the catalogue in the workspace's files, and says which were replaced.
    /// The healthy ones are kept beside them under another name.
    ///
    /// # Errors
    /// An artifact cannot be made, read or written, or nothing here can be made faulty so.
    pub fn make_in_files(&self, making: &Making, cancel: &Cancel) -> Result<Vec<Replaced>, LabError> {
        let mut replaced = Vec::new();
        if let Some(change) = &making.change {
            let mut change = change.clone();
            if making.server == ETCD_PEER
                && let Some(credential) = self.connection_of(making)?.credential
            {
                change.artifact = credential;
            }
            replaced.extend(self.make_fault(&change, cancel)?);
        }
        for id in &making.other_keys {
            replaced.extend(self.replace_key(id, cancel)?);
        }
        // One file may be changed by several edits, and is kept once.
        let mut texts: Vec<(String, String, Secrecy)> = Vec::new();
        for edit in &making.edits {
            for (path, secrecy) in self.files_of_edit(edit, cancel)? {
                let text = match texts.iter().position(|(known, ..)| *known == path) {
                    Some(at) => texts.swap_remove(at).1,
                    None => String::from_utf8_lossy(&self.store().read(&path)?.unwrap_or_default()).into(),
                };
                texts.push((path, edit.apply(&text).unwrap_or(text), secrecy));
            }
        }
        for (path, text, secrecy) in texts {
            if self.store().read(&path)?.as_deref() != Some(text.as_bytes()) {
                replaced.extend(self.replace(&path, text.as_bytes(), secrecy)?);
            }
        }
        if replaced.is_empty() {
            return Err(LabError::Request(
                "no file here can be made faulty so: see it with `dojang handshake … --fault`".into(),
            ));
        }
        Ok(replaced)
    }

    /// Puts another private key in the place of an authority's or of a bare pair's.
    fn replace_key(&self, id: &str, cancel: &Cancel) -> Result<Option<Replaced>, LabError> {
        let authority = self.plan.authority(id).map(|authority| (&authority.place.key, authority.key));
        let pair = self.plan.key_pairs.iter().find(|pair| pair.id == id);
        let pair = pair.and_then(|pair| Some((&pair.places.first()?.private, pair.key)));
        let Some((path, algorithm)) = authority.or(pair) else { return Ok(None) };
        self.make(&Selection::Only(vec![id.to_owned()]), cancel, &|_| ())?;
        let other = self.stock.take(algorithm)?;
        Ok(self.replace(path, pki::pem("PRIVATE KEY", other.der()).as_bytes(), Secrecy::Private)?)
    }

    /// The files that an edit is about, made if they are not there: of the first node.
    fn files_of_edit(&self, edit: &Edit, cancel: &Cancel) -> Result<Vec<(String, Secrecy)>, LabError> {
        if let Some(kubeconfig) = self.plan.kubeconfig(&edit.of) {
            self.make(&Selection::Only(vec![kubeconfig.certificate.clone()]), cancel, &|_| ())?;
            return Ok(vec![(kubeconfig.path.clone(), Secrecy::Private)]);
        }
        let kinds = ["manifest", "unit"].map(|format| format!("{}-{format}", edit.of));
        let kinds = kinds.into_iter().filter(|kind| self.plan.file(kind).is_some()).collect::<Vec<_>>();
        self.make(&Selection::Only(kinds.clone()), cancel, &|_| ())?;
        let files = kinds.iter().filter_map(|kind| self.plan.file(kind));
        Ok(files.map(|file| (file.path.clone(), Secrecy::Public)).collect())
    }
}

/// What a program says that does not get as far as a connection.
fn told(teller: Teller, making: &Making) -> ConnectionOutcome {
    let words = |who| (teller == who).then(|| making.message.clone());
    ConnectionOutcome {
        outcome: making.outcome.clone(),
        client_prints: words(Teller::Client),
        server_logs: words(Teller::Server),
        ..ConnectionOutcome::default()
    }
}
