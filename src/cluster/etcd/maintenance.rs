//! The Cluster and Maintenance services: who the members are, how they do, and a copy of all
//! (etcd server/etcdserver/api/v3rpc/maintenance.go).

use futures_util::stream;
use hyper::Response;
use prost::bytes::Bytes;

use super::frame::{self, HttpBody};
use super::messages::{AtRevision, Done, Nothing};
use super::service::Service;
use super::snapshot;
use super::status::Status;
use super::upkeep::{AlarmRequest, Hash, Members, SnapshotPart, Status as MemberStatus};
use super::{Member, TERM};
use crate::access::ETCD_VERSION;

/// A copy goes over the wire in pieces of this size (`snapshotSendBufferSize`).
const PIECE: usize = 32 << 10;

impl Service {
    pub(super) fn members(&self, _: Nothing) -> Result<Members, Status> {
        let revision = self.etcd.read(|keyspace| keyspace.revision());
        let members = self.etcd.members.iter().map(Member::message).collect();
        Ok(Members { header: self.header(revision), members })
    }

    /// How a member does. Without raft each change counts as one entry of it.
    pub(super) fn status(&self, _: Nothing) -> Result<MemberStatus, Status> {
        let (size, revision) = self.etcd.read(|keyspace| (snapshot::of(keyspace).len(), keyspace.revision()));
        let size = i64::try_from(size).unwrap_or(i64::MAX);
        Ok(MemberStatus {
            header: self.header(revision),
            version: ETCD_VERSION.to_owned(),
            db_size: size,
            leader: self.etcd.members.first().map_or(0, Member::id),
            raft_index: revision,
            raft_term: TERM,
            raft_applied_index: revision,
            db_size_in_use: size,
        })
    }

    /// There are no alarms.
    pub(super) fn alarms(&self, asked: AlarmRequest) -> Result<Done, Status> {
        if asked.action == 1 {
            return Err(Status::not_played("Alarm"));
        }
        let revision = self.etcd.read(|keyspace| keyspace.revision());
        Ok(Done { header: self.header(revision) })
    }

    pub(super) fn hash(&self, asked: &AtRevision) -> Result<Hash, Status> {
        let (hash, revision, compacted) = self.etcd.read(|keyspace| {
            (snapshot::hash(keyspace, asked.revision), keyspace.revision(), keyspace.compacted())
        });
        Ok(Hash { header: self.header(revision), hash: hash?, compact_revision: compacted.cast_signed() })
    }

    /// A copy of all keys, and its checksum behind it.
    pub(super) fn snapshot(&self) -> Response<HttpBody> {
        let (copy, revision) = self.etcd.read(|keyspace| (snapshot::of(keyspace), keyspace.revision()));
        let sum = Bytes::from(snapshot::checksum(&copy));
        let header = self.header(revision);
        let copy = Bytes::from(copy);
        let length = copy.len();
        let starts: Vec<usize> = (0..length).step_by(PIECE).collect();
        let pieces = starts.into_iter().map(move |start| {
            let end = (start + PIECE).min(length);
            (copy.slice(start..end), length - end)
        });
        let parts = pieces.chain(std::iter::once((sum, 0))).map(move |(blob, left)| {
            let remaining_bytes = u64::try_from(left).unwrap_or_default();
            Ok(frame::framed(&SnapshotPart { header: header.clone(), remaining_bytes, blob }))
        });
        frame::many(stream::iter(parts))
    }
}
