//! The KV service: what is asked of the keys (etcd server/etcdserver/api/v3rpc/key.go,
//! server/etcdserver/apply.go).

use std::cmp::Ordering;
use std::collections::BTreeSet;

use prost::bytes::Bytes;

use super::super::store::Store;
use super::keys::{self, Kept, OTHER};
use super::keyspace::{Interval, Keyspace, Record};
use super::messages::{
    Compare, Compared, DeleteRangeRequest, DeleteRangeResponse, Header, Operation, Outcome, PutRequest,
    PutResponse, RangeRequest, RangeResponse, RequestOp, ResponseOp, TxnRequest, TxnResponse,
};
use super::status::Status;
use super::value;
use crate::access::Json;
use crate::text::quote;

/// How much one transaction may do (`--max-txn-ops`).
const MOST_OPERATIONS: usize = 128;
/// How deep transactions may stand in transactions.
const DEPTH: usize = 8;

/// Some keys.
pub(super) fn range(keyspace: &Keyspace, request: &RangeRequest) -> Result<RangeResponse, Status> {
    if !(0..=2).contains(&request.sort_order) || !(0..=4).contains(&request.sort_target) {
        return Err(Status::invalid_sort());
    }
    let interval = Interval::new(&request.key, &request.range_end)?;
    let mut found = keyspace.select(&interval, request.revision)?;
    let count = i64::try_from(found.len()).unwrap_or(i64::MAX);
    if request.count_only {
        return Ok(RangeResponse { count, ..RangeResponse::default() });
    }
    let within = |own: u64, least: i64, most: i64| {
        let own = own.cast_signed();
        (least == 0 || own >= least) && (most == 0 || own <= most)
    };
    found.retain(|(_, record)| {
        within(record.modified, request.min_mod_revision, request.max_mod_revision)
            && within(record.created, request.min_create_revision, request.max_create_revision)
    });
    match request.sort_target {
        1 => found.sort_by_key(|(_, record)| record.version),
        2 => found.sort_by_key(|(_, record)| record.created),
        3 => found.sort_by_key(|(_, record)| record.modified),
        4 => found.sort_by_cached_key(|(_, record)| record.value()),
        _ => {}
    }
    if request.sort_order == 2 {
        found.reverse();
    }
    let limit = usize::try_from(request.limit).ok().filter(|limit| *limit > 0);
    let more = limit.is_some_and(|limit| found.len() > limit);
    found.truncate(limit.unwrap_or(usize::MAX));
    let kvs = found.iter().map(|(key, record)| record.whole(key, !request.keys_only)).collect();
    Ok(RangeResponse { header: None, kvs, more, count })
}

/// Checks what can be told from a put alone.
fn check_put(request: &PutRequest) -> Result<(), Status> {
    if request.key.is_empty() {
        return Err(Status::empty_key());
    }
    if request.ignore_value && !request.value.is_empty() {
        return Err(Status::value_provided());
    }
    if request.ignore_lease && request.lease != 0 {
        return Err(Status::lease_provided());
    }
    Ok(())
}

/// What a put is to write.
struct Writing {
    /// The object, if the key holds one.
    object: Option<(&'static Kept, Json)>,
    value: Bytes,
    lease: i64,
    /// How long the lease lasts, in seconds.
    ttl: i64,
}

/// What a put would write; nothing is written.
fn writing(keyspace: &Keyspace, request: &PutRequest) -> Result<Writing, Status> {
    check_put(request)?;
    let before = || keyspace.get(&request.key).ok_or_else(Status::key_not_found);
    let value = if request.ignore_value { before()?.value() } else { request.value.clone() };
    let lease = if request.ignore_lease { before()?.lease } else { request.lease };
    let ttl = if lease == 0 { 0 } else { keyspace.leases.get(lease)?.ttl };
    Ok(Writing { object: object(&request.key, &value)?, value, lease, ttl })
}

/// The object that a value is, where its key holds objects.
fn object(key: &[u8], value: &[u8]) -> Result<Option<(&'static Kept, Json)>, Status> {
    let Some((kept, namespace, name)) = keys::place_of(key) else { return Ok(None) };
    let object = value::decode(value).map_err(Status::unreadable)?;
    for (field, wanted) in [("kind", kept.kind), ("metadata.namespace", namespace), ("metadata.name", name)] {
        let own = object.text(field);
        if own != wanted {
            return Err(Status::unreadable(format_args!(
                "its {field} is {}, and the key is that of {}",
                quote(own),
                quote(wanted)
            )));
        }
    }
    Ok(Some((kept, object)))
}

/// Writes a key.
pub(super) fn put(
    keyspace: &mut Keyspace,
    store: &mut Store,
    request: &PutRequest,
) -> Result<PutResponse, Status> {
    let Writing { object, value, lease, ttl } = writing(keyspace, request)?;
    let before = keyspace.get(&request.key).filter(|_| request.prev_kv);
    let prev_kv = before.map(|before| before.whole(&request.key, true));
    let written = match object {
        Some((kept, object)) => store.put(kept.key, object),
        None => store.put(OTHER, keys::other(&request.key, &value, lease, ttl)),
    };
    written.map_err(Status::internal)?;
    keyspace.follow(store, lease);
    Ok(PutResponse { header: None, prev_kv })
}

/// Deletes keys.
pub(super) fn delete(
    keyspace: &mut Keyspace,
    store: &mut Store,
    request: &DeleteRangeRequest,
) -> Result<DeleteRangeResponse, Status> {
    let interval = Interval::new(&request.key, &request.range_end)?;
    let found = keyspace.select(&interval, 0)?;
    for (_, record) in &found {
        let object = record.object();
        let (namespace, name) = (object.text("metadata.namespace"), object.text("metadata.name"));
        store.delete(record.kind, namespace, name).map_err(Status::internal)?;
    }
    keyspace.follow(store, 0);
    let deleted = i64::try_from(found.len()).unwrap_or(i64::MAX);
    let gone = found.iter().filter(|_| request.prev_kv);
    let prev_kvs = gone.map(|(key, record)| record.whole(key, true)).collect();
    Ok(DeleteRangeResponse { header: None, deleted, prev_kvs })
}

/// Does one thing or another, all of it or nothing.
pub(super) fn transact(
    keyspace: &mut Keyspace,
    store: &mut Store,
    request: &TxnRequest,
) -> Result<TxnResponse, Status> {
    check(request, 0)?;
    // What is to be done is settled before anything is.
    let plan = choose(keyspace, request);
    try_out(keyspace, &plan.steps)?;
    carry_out(keyspace, store, &plan)
}

/// A transaction whose conditions have been looked at.
struct Chosen<'a> {
    succeeded: bool,
    steps: Vec<Step<'a>>,
}

enum Step<'a> {
    Range(&'a RangeRequest),
    Put(&'a PutRequest),
    Delete(&'a DeleteRangeRequest),
    Txn(Chosen<'a>),
}

fn choose<'a>(keyspace: &Keyspace, request: &'a TxnRequest) -> Chosen<'a> {
    let succeeded = request.compare.iter().all(|compare| is_met(keyspace, compare));
    let chosen = if succeeded { &request.success } else { &request.failure };
    let step = |operation: &'a RequestOp| {
        Some(match operation.request.as_ref()? {
            Operation::Range(range) => Step::Range(range),
            Operation::Put(put) => Step::Put(put),
            Operation::Delete(delete) => Step::Delete(delete),
            Operation::Txn(inner) => Step::Txn(choose(keyspace, inner)),
        })
    };
    Chosen { succeeded, steps: chosen.iter().filter_map(step).collect() }
}

fn try_out(keyspace: &Keyspace, steps: &[Step<'_>]) -> Result<(), Status> {
    for step in steps {
        match step {
            Step::Range(request) => {
                range(keyspace, &RangeRequest { count_only: true, ..(*request).clone() })?;
            }
            Step::Put(request) => {
                writing(keyspace, request)?;
            }
            Step::Delete(_) => {}
            Step::Txn(inner) => try_out(keyspace, &inner.steps)?,
        }
    }
    Ok(())
}

fn carry_out(keyspace: &mut Keyspace, store: &mut Store, plan: &Chosen<'_>) -> Result<TxnResponse, Status> {
    let mut responses = Vec::new();
    for step in &plan.steps {
        let outcome = match step {
            Step::Range(request) => Outcome::Range(range(keyspace, request)?),
            Step::Put(request) => Outcome::Put(put(keyspace, store, request)?),
            Step::Delete(request) => Outcome::Delete(delete(keyspace, store, request)?),
            Step::Txn(inner) => Outcome::Txn(carry_out(keyspace, store, inner)?),
        };
        let header = Some(Header { revision: keyspace.revision().cast_signed(), ..Header::default() });
        let outcome = match outcome {
            Outcome::Range(own) => Outcome::Range(RangeResponse { header, ..own }),
            Outcome::Put(own) => Outcome::Put(PutResponse { header, ..own }),
            Outcome::Delete(own) => Outcome::Delete(DeleteRangeResponse { header, ..own }),
            Outcome::Txn(own) => Outcome::Txn(TxnResponse { header, ..own }),
        };
        responses.push(ResponseOp { response: Some(outcome) });
    }
    Ok(TxnResponse { header: None, succeeded: plan.succeeded, responses })
}

/// What can be told from a transaction alone: its size, its keys, and that no key is written
/// twice (`checkTxnRequest`, `checkIntervals`).
fn check(request: &TxnRequest, depth: usize) -> Result<(), Status> {
    let sizes = [request.compare.len(), request.success.len(), request.failure.len()];
    if depth > DEPTH || sizes.iter().any(|size| *size > MOST_OPERATIONS) {
        return Err(Status::too_many_operations());
    }
    if request.compare.iter().any(|compare| compare.key.is_empty()) {
        return Err(Status::empty_key());
    }
    for branch in [&request.success, &request.failure] {
        for operation in branch.iter().filter_map(|operation| operation.request.as_ref()) {
            match operation {
                Operation::Range(range) => drop(Interval::new(&range.key, &range.range_end)?),
                Operation::Put(put) => check_put(put)?,
                Operation::Delete(delete) => drop(Interval::new(&delete.key, &delete.range_end)?),
                Operation::Txn(inner) => check(inner, depth + 1)?,
            }
        }
        written(branch)?;
    }
    Ok(())
}

/// The keys that a branch puts and deletes.
fn written(branch: &[RequestOp]) -> Result<(BTreeSet<Bytes>, Vec<Interval>), Status> {
    let (mut puts, mut deletions) = (BTreeSet::new(), Vec::new());
    for operation in branch.iter().filter_map(|operation| operation.request.as_ref()) {
        let (more, gone) = match operation {
            Operation::Range(_) => continue,
            Operation::Put(put) => (BTreeSet::from([put.key.clone()]), Vec::new()),
            Operation::Delete(delete) => {
                (BTreeSet::new(), vec![Interval::new(&delete.key, &delete.range_end)?])
            }
            Operation::Txn(inner) => {
                // Only one of the two happens.
                let (mut puts, mut gone) = written(&inner.success)?;
                let (others, deleted) = written(&inner.failure)?;
                puts.extend(others);
                gone.extend(deleted);
                (puts, gone)
            }
        };
        let is_gone = |puts: &BTreeSet<Bytes>, gone: &[Interval]| {
            puts.iter().any(|key| gone.iter().any(|interval| interval.holds(key)))
        };
        if !puts.is_disjoint(&more) || is_gone(&puts, &gone) || is_gone(&more, &deletions) {
            return Err(Status::duplicate_key());
        }
        puts.extend(more);
        deletions.extend(gone);
    }
    Ok((puts, deletions))
}

/// Whether a condition holds, for every key that it is about (`applyCompares`).
fn is_met(keyspace: &Keyspace, compare: &Compare) -> bool {
    let found = Interval::new(&compare.key, &compare.range_end)
        .and_then(|interval| keyspace.select(&interval, 0))
        .unwrap_or_default();
    if found.is_empty() {
        // A key that is not there has zeroes, but no value.
        return holds(compare, None).unwrap_or_default();
    }
    found.iter().all(|(_, record)| holds(compare, Some(record)).unwrap_or_default())
}

fn holds(compare: &Compare, record: Option<&Record>) -> Option<bool> {
    let number = |own: fn(&Record) -> u64| record.map_or(0, own).cast_signed();
    let wanted =
        |pick: fn(&Compared) -> Option<i64>| compare.with.as_ref().and_then(pick).unwrap_or_default();
    let ordering = match compare.target {
        0 => number(|own| own.version).cmp(&wanted(|with| match with {
            Compared::Version(number) => Some(*number),
            _ => None,
        })),
        1 => number(|own| own.created).cmp(&wanted(|with| match with {
            Compared::CreateRevision(number) => Some(*number),
            _ => None,
        })),
        2 => number(|own| own.modified).cmp(&wanted(|with| match with {
            Compared::ModRevision(number) => Some(*number),
            _ => None,
        })),
        3 => {
            let Some(Compared::Value(wanted)) = &compare.with else { return None };
            record?.value().cmp(wanted)
        }
        4 => record.map_or(0, |own| own.lease).cmp(&wanted(|with| match with {
            Compared::Lease(number) => Some(*number),
            _ => None,
        })),
        _ => return None,
    };
    Some(match compare.result {
        0 => ordering == Ordering::Equal,
        1 => ordering == Ordering::Greater,
        2 => ordering == Ordering::Less,
        3 => ordering != Ordering::Equal,
        _ => false,
    })
}
