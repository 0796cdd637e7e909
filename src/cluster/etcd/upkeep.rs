//! The messages about leases, members and maintenance (etcd api/etcdserverpb/rpc.proto).

use prost::Message;
use prost::bytes::Bytes;

use super::messages::Header;

/// `LeaseGrantRequest`.
#[derive(Clone, PartialEq, Eq, Message)]
pub(super) struct LeaseGrant {
    #[prost(int64, tag = "1")]
    pub(super) ttl: i64,
    #[prost(int64, tag = "2")]
    pub(super) id: i64,
}

#[derive(Clone, PartialEq, Eq, Message)]
pub(super) struct LeaseGranted {
    #[prost(message, optional, tag = "1")]
    pub(super) header: Option<Header>,
    #[prost(int64, tag = "2")]
    pub(super) id: i64,
    #[prost(int64, tag = "3")]
    pub(super) ttl: i64,
}

/// A request about one lease: to revoke it, to keep it, how long it lasts.
#[derive(Clone, PartialEq, Eq, Message)]
pub(super) struct OfLease {
    #[prost(int64, tag = "1")]
    pub(super) id: i64,
    /// Whether its keys are asked for.
    #[prost(bool, tag = "2")]
    pub(super) keys: bool,
}

/// `LeaseTimeToLiveResponse`.
#[derive(Clone, PartialEq, Eq, Message)]
pub(super) struct LeaseLasts {
    #[prost(message, optional, tag = "1")]
    pub(super) header: Option<Header>,
    #[prost(int64, tag = "2")]
    pub(super) id: i64,
    #[prost(int64, tag = "3")]
    pub(super) ttl: i64,
    #[prost(int64, tag = "4")]
    pub(super) granted_ttl: i64,
    #[prost(bytes = "bytes", repeated, tag = "5")]
    pub(super) keys: Vec<Bytes>,
}

#[derive(Clone, PartialEq, Eq, Message)]
pub(super) struct Leases {
    #[prost(message, optional, tag = "1")]
    pub(super) header: Option<Header>,
    #[prost(message, repeated, tag = "2")]
    pub(super) leases: Vec<OfLease>,
}

#[derive(Clone, PartialEq, Eq, Message)]
pub(super) struct MemberMessage {
    #[prost(uint64, tag = "1")]
    pub(super) id: u64,
    #[prost(string, tag = "2")]
    pub(super) name: String,
    #[prost(string, repeated, tag = "3")]
    pub(super) peer_urls: Vec<String>,
    #[prost(string, repeated, tag = "4")]
    pub(super) client_urls: Vec<String>,
}

#[derive(Clone, PartialEq, Eq, Message)]
pub(super) struct Members {
    #[prost(message, optional, tag = "1")]
    pub(super) header: Option<Header>,
    #[prost(message, repeated, tag = "2")]
    pub(super) members: Vec<MemberMessage>,
}

#[derive(Clone, PartialEq, Eq, Message)]
pub(super) struct Status {
    #[prost(message, optional, tag = "1")]
    pub(super) header: Option<Header>,
    #[prost(string, tag = "2")]
    pub(super) version: String,
    #[prost(int64, tag = "3")]
    pub(super) db_size: i64,
    #[prost(uint64, tag = "4")]
    pub(super) leader: u64,
    #[prost(uint64, tag = "5")]
    pub(super) raft_index: u64,
    #[prost(uint64, tag = "6")]
    pub(super) raft_term: u64,
    #[prost(uint64, tag = "7")]
    pub(super) raft_applied_index: u64,
    #[prost(int64, tag = "9")]
    pub(super) db_size_in_use: i64,
}

/// `AlarmRequest`: 0 asks for the alarms, 1 raises one, 2 ends one.
#[derive(Clone, PartialEq, Eq, Message)]
pub(super) struct AlarmRequest {
    #[prost(int32, tag = "1")]
    pub(super) action: i32,
}

#[derive(Clone, PartialEq, Eq, Message)]
pub(super) struct Hash {
    #[prost(message, optional, tag = "1")]
    pub(super) header: Option<Header>,
    #[prost(uint32, tag = "2")]
    pub(super) hash: u32,
    #[prost(int64, tag = "3")]
    pub(super) compact_revision: i64,
}

#[derive(Clone, PartialEq, Eq, Message)]
pub(super) struct SnapshotPart {
    #[prost(message, optional, tag = "1")]
    pub(super) header: Option<Header>,
    #[prost(uint64, tag = "2")]
    pub(super) remaining_bytes: u64,
    #[prost(bytes = "bytes", tag = "3")]
    pub(super) blob: Bytes,
}

/// `AuthStatusResponse`: nobody has switched it on.
#[derive(Clone, PartialEq, Eq, Message)]
pub(super) struct AuthStatus {
    #[prost(message, optional, tag = "1")]
    pub(super) header: Option<Header>,
    #[prost(bool, tag = "2")]
    pub(super) enabled: bool,
}
