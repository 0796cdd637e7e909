//! What etcd refuses with: gRPC's codes and etcd's own sentences
//! (etcd api/v3rpc/rpctypes/error.go).

use std::fmt::Display;

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Status {
    /// gRPC's number (grpc doc/statuscodes.md).
    pub(super) code: u8,
    pub(super) message: String,
}

const INVALID_ARGUMENT: u8 = 3;
const NOT_FOUND: u8 = 5;
const RESOURCE_EXHAUSTED: u8 = 8;
const FAILED_PRECONDITION: u8 = 9;
const OUT_OF_RANGE: u8 = 11;
const UNIMPLEMENTED: u8 = 12;
const INTERNAL: u8 = 13;

impl Status {
    fn new(code: u8, message: impl Display) -> Self {
        Self { code, message: message.to_string() }
    }

    fn own(code: u8, message: &str) -> Self {
        Self::new(code, format_args!("etcdserver: {message}"))
    }

    pub(super) fn empty_key() -> Self {
        Self::own(INVALID_ARGUMENT, "key is not provided")
    }

    pub(super) fn key_not_found() -> Self {
        Self::own(INVALID_ARGUMENT, "key not found")
    }

    pub(super) fn value_provided() -> Self {
        Self::own(INVALID_ARGUMENT, "value is provided")
    }

    pub(super) fn lease_provided() -> Self {
        Self::own(INVALID_ARGUMENT, "lease is provided")
    }

    pub(super) fn too_many_operations() -> Self {
        Self::own(INVALID_ARGUMENT, "too many operations in txn request")
    }

    pub(super) fn duplicate_key() -> Self {
        Self::own(INVALID_ARGUMENT, "duplicate key given in txn request")
    }

    pub(super) fn invalid_sort() -> Self {
        Self::own(INVALID_ARGUMENT, "invalid sort option")
    }

    pub(super) fn too_large() -> Self {
        Self::own(INVALID_ARGUMENT, "request is too large")
    }

    pub(super) fn compacted() -> Self {
        Self::own(OUT_OF_RANGE, "mvcc: required revision has been compacted")
    }

    pub(super) fn future_revision() -> Self {
        Self::own(OUT_OF_RANGE, "mvcc: required revision is a future revision")
    }

    pub(super) fn lease_not_found() -> Self {
        Self::own(NOT_FOUND, "requested lease not found")
    }

    pub(super) fn lease_exists() -> Self {
        Self::own(FAILED_PRECONDITION, "lease already exists")
    }

    pub(super) fn lease_too_long() -> Self {
        Self::own(OUT_OF_RANGE, "too large lease TTL")
    }

    pub(super) fn too_many_requests() -> Self {
        Self::own(RESOURCE_EXHAUSTED, "too many requests")
    }

    pub(super) fn no_authentication() -> Self {
        Self::own(FAILED_PRECONDITION, "authentication is not enabled")
    }

    /// A value that a real etcd would take and its API server could not read.
    pub(super) fn unreadable(why: impl Display) -> Self {
        Self::new(
            FAILED_PRECONDITION,
            format_args!(
                "dojang: the API server could not read this value ({why}); a real etcd would store it all the same, and the API server would fail on it"
            ),
        )
    }

    /// What a simulated etcd does not do.
    pub(super) fn not_played(method: &str) -> Self {
        Self::new(
            UNIMPLEMENTED,
            format_args!("dojang: {method} is not played here; `dojang serve --etcd real` runs a real etcd"),
        )
    }

    /// grpc-go's words for a method that nobody has.
    pub(super) fn unknown_method(path: &str) -> Self {
        let path = path.strip_prefix('/').unwrap_or(path);
        let (service, method) = path.rsplit_once('/').unwrap_or((path, ""));
        let message = match service.strip_prefix("etcdserverpb.") {
            Some(_) => format!("unknown method {method} for service {service}"),
            None => format!("unknown service {service}"),
        };
        Self::new(UNIMPLEMENTED, message)
    }

    pub(super) fn too_long_message(length: usize, most: usize) -> Self {
        Self::new(
            RESOURCE_EXHAUSTED,
            format_args!("grpc: received message larger than max ({length} vs. {most})"),
        )
    }

    pub(super) fn compressed() -> Self {
        Self::new(
            UNIMPLEMENTED,
            "grpc: Decompressor is not installed for grpc-encoding of a compressed message",
        )
    }

    pub(super) fn internal(why: impl Display) -> Self {
        Self::new(INTERNAL, why)
    }
}
