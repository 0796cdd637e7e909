//! Which answer a method of the API gets.

use std::sync::Arc;

use futures_util::stream;
use hyper::body::Incoming;
use hyper::{Request, Response};
use prost::Message;

use super::frame::{self, HttpBody, LARGEST_REQUEST, Messages};
use super::messages::{
    AtRevision, DeleteRangeRequest, DeleteRangeResponse, Done, Header, Nothing, PutRequest, PutResponse,
    RangeRequest, RangeResponse, TxnRequest, TxnResponse,
};
use super::status::Status;
use super::upkeep::{AlarmRequest, AuthStatus, LeaseGrant, LeaseGranted, LeaseLasts, Leases, OfLease};
use super::{Etcd, kv, watch};

/// One member as its clients meet it.
#[derive(Debug, Clone)]
pub(super) struct Service {
    pub(super) etcd: Arc<Etcd>,
    /// Which of the members.
    pub(super) member: usize,
}

/// What a real one changes and this one does not.
const NOT_PLAYED: [&str; 6] = [
    "Cluster/MemberAdd",
    "Cluster/MemberRemove",
    "Cluster/MemberUpdate",
    "Cluster/MemberPromote",
    "Maintenance/MoveLeader",
    "Maintenance/Downgrade",
];

impl Service {
    /// Answers a request.
    pub(super) async fn answer(self, request: Request<Incoming>) -> Response<HttpBody> {
        let path = request.uri().path().to_owned();
        let mut body = Messages::new(request.into_body());
        let Some(method) = path.strip_prefix("/etcdserverpb.") else {
            return frame::refusal(&Status::unknown_method(&path));
        };
        let messages = &mut body;
        match method {
            "KV/Range" => unary(messages, |asked| self.range(&asked)).await,
            "KV/Put" => unary(messages, |asked| self.put(&asked)).await,
            "KV/DeleteRange" => unary(messages, |asked| self.delete(&asked)).await,
            "KV/Txn" => unary(messages, |asked| self.transact(&asked)).await,
            "KV/Compact" => unary(messages, |asked| self.compact(&asked)).await,
            "Watch/Watch" => frame::many(watch::responses(self, body)),
            "Lease/LeaseGrant" => unary(messages, |asked| self.grant(&asked)).await,
            "Lease/LeaseRevoke" => unary(messages, |asked| self.revoke(&asked)).await,
            "Lease/LeaseTimeToLive" => unary(messages, |asked| self.lasts(&asked)).await,
            "Lease/LeaseLeases" => unary(messages, |asked: Nothing| self.leases(asked)).await,
            "Lease/LeaseKeepAlive" => self.keep_alive(body),
            "Cluster/MemberList" => unary(messages, |asked: Nothing| self.members(asked)).await,
            "Maintenance/Status" => unary(messages, |asked: Nothing| self.status(asked)).await,
            "Maintenance/Alarm" => unary(messages, |asked: AlarmRequest| self.alarms(asked)).await,
            "Maintenance/Hash" => unary(messages, |_: Nothing| self.hash(&AtRevision::default())).await,
            "Maintenance/HashKV" => unary(messages, |asked| self.hash(&asked)).await,
            "Maintenance/Defragment" => unary(messages, |_: Nothing| Ok(self.done(None))).await,
            "Maintenance/Snapshot" => self.snapshot(),
            "Auth/AuthStatus" => unary(messages, |_: Nothing| Ok(self.authentication())).await,
            "Auth/Authenticate" => frame::refusal(&Status::no_authentication()),
            // Nobody has made any; the answers are lists with nothing in them.
            "Auth/UserList" | "Auth/RoleList" => unary(messages, |_: Nothing| Ok(self.done(None))).await,
            _ if NOT_PLAYED.contains(&method) || method.starts_with("Auth/") => {
                let name = method.rsplit('/').next().unwrap_or_default();
                frame::refusal(&Status::not_played(name))
            }
            _ => frame::refusal(&Status::unknown_method(&path)),
        }
    }

    pub(super) fn header(&self, revision: u64) -> Option<Header> {
        Some(self.etcd.header(self.member, revision))
    }

    /// `Done`, at a revision or at this moment's.
    fn done(&self, revision: Option<u64>) -> Done {
        let revision = revision.unwrap_or_else(|| self.etcd.read(|keyspace| keyspace.revision()));
        Done { header: self.header(revision) }
    }

    fn range(&self, asked: &RangeRequest) -> Result<RangeResponse, Status> {
        let (found, revision) = self.etcd.read(|keyspace| (kv::range(keyspace, asked), keyspace.revision()));
        Ok(RangeResponse { header: self.header(revision), ..found? })
    }

    fn put(&self, asked: &PutRequest) -> Result<PutResponse, Status> {
        check_size(asked)?;
        let (done, revision) = self.etcd.change(|keyspace, store| kv::put(keyspace, store, asked))?;
        Ok(PutResponse { header: self.header(revision), ..done })
    }

    fn delete(&self, asked: &DeleteRangeRequest) -> Result<DeleteRangeResponse, Status> {
        let (done, revision) = self.etcd.change(|keyspace, store| kv::delete(keyspace, store, asked))?;
        Ok(DeleteRangeResponse { header: self.header(revision), ..done })
    }

    fn transact(&self, asked: &TxnRequest) -> Result<TxnResponse, Status> {
        check_size(asked)?;
        let (done, revision) = self.etcd.change(|keyspace, store| kv::transact(keyspace, store, asked))?;
        Ok(TxnResponse { header: self.header(revision), ..done })
    }

    fn compact(&self, asked: &AtRevision) -> Result<Done, Status> {
        let revision = self.etcd.read(|keyspace| {
            keyspace.compact(asked.revision)?;
            Ok(keyspace.revision())
        })?;
        Ok(self.done(Some(revision)))
    }

    fn grant(&self, asked: &LeaseGrant) -> Result<LeaseGranted, Status> {
        let (granted, revision) =
            self.etcd.read(|keyspace| (keyspace.leases.grant(asked.id, asked.ttl), keyspace.revision()));
        let (id, ttl) = granted?;
        self.etcd.attend(id);
        Ok(LeaseGranted { header: self.header(revision), id, ttl })
    }

    fn revoke(&self, asked: &OfLease) -> Result<Done, Status> {
        let revision = self.etcd.revoke(asked.id)?;
        Ok(self.done(Some(revision)))
    }

    /// What is left of a lease; of one that is gone, -1 second.
    fn lasts(&self, asked: &OfLease) -> Result<LeaseLasts, Status> {
        let found = self.etcd.read(|keyspace| {
            let lease = keyspace.leases.get(asked.id).ok();
            let lasts = lease.map(|lease| LeaseLasts {
                header: None,
                id: asked.id,
                ttl: lease.left(),
                granted_ttl: lease.ttl,
                keys: lease.keys.iter().filter(|_| asked.keys).cloned().collect(),
            });
            (lasts, keyspace.revision())
        });
        let (lasts, revision) = found;
        let lasts = lasts.unwrap_or(LeaseLasts { id: asked.id, ttl: -1, ..LeaseLasts::default() });
        Ok(LeaseLasts { header: self.header(revision), ..lasts })
    }

    fn leases(&self, _: Nothing) -> Result<Leases, Status> {
        let (ids, revision) =
            self.etcd.read(|keyspace| (keyspace.leases.ids().collect::<Vec<_>>(), keyspace.revision()));
        let leases = ids.into_iter().map(|id| OfLease { id, keys: false }).collect();
        Ok(Leases { header: self.header(revision), leases })
    }

    /// Each request begins its lease anew; of one that is gone, the answer says 0 seconds.
    fn keep_alive(self, body: Messages<Incoming>) -> Response<HttpBody> {
        frame::many(stream::unfold((self, body), |(service, mut body)| async move {
            let asked: OfLease = match body.next().await {
                Ok(asked) => asked?,
                Err(status) => return Some((Err(status), (service, body))),
            };
            let (ttl, revision) =
                service.etcd.read(|keyspace| (keyspace.leases.keep(asked.id), keyspace.revision()));
            let answer =
                LeaseGranted { header: service.header(revision), id: asked.id, ttl: ttl.unwrap_or_default() };
            Some((Ok(frame::framed(&answer)), (service, body)))
        }))
    }

    fn authentication(&self) -> AuthStatus {
        AuthStatus { header: self.done(None).header, enabled: false }
    }
}

async fn unary<A: Message + Default, B: Message>(
    body: &mut Messages<Incoming>,
    answer: impl FnOnce(A) -> Result<B, Status>,
) -> Response<HttpBody> {
    frame::one(match body.only().await {
        Ok(asked) => answer(asked),
        Err(status) => Err(status),
    })
}

fn check_size(message: &impl Message) -> Result<(), Status> {
    if message.encoded_len() > LARGEST_REQUEST { Err(Status::too_large()) } else { Ok(()) }
}
