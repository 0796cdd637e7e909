//! A copy of all keys in the form that etcd keeps them in, so that a real `etcdctl snapshot
//! restore` and a real etcd take it up (etcd server/storage/mvcc/kvstore.go, revision.go).

use aws_lc_rs::digest;
use prost::Message as _;

use super::bolt;
use super::keyspace::{Interval, Keyspace};
use super::messages::KeyValue;
use super::status::Status;

/// The database: the keys as they are now, and nothing of their past.
pub(super) fn of(keyspace: &Keyspace) -> Vec<u8> {
    let mut values: Vec<KeyValue> = keyspace.all().map(|(key, record)| record.whole(key, true)).collect();
    let mut keys = entries(&mut values);
    let now = keyspace.revision();
    if values.last().is_none_or(|last| last.mod_revision.cast_unsigned() < now) {
        // The last change was a deletion: its mark says which revision this is.
        let gone = KeyValue { key: vec![0].into(), ..KeyValue::default() };
        keys.push(([revision(now, 0), b"t".to_vec()].concat(), gone.encode_to_vec()));
    }
    let meta = [
        (&b"consistent_index"[..], now.to_be_bytes().to_vec()),
        (b"finishedCompactRev", revision(now, 0)),
        (b"scheduledCompactRev", revision(now, 0)),
    ];
    let meta = meta.map(|(key, value)| (key.to_vec(), value)).to_vec();
    bolt::file(vec![("key", keys), ("meta", meta)])
}

/// What stands behind a copy.
pub(super) fn checksum(copy: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA256, copy).as_ref().to_vec()
}

/// The same for the same keys at a revision, on every member; 0 is now.
pub(super) fn hash(keyspace: &Keyspace, at: i64) -> Result<u32, Status> {
    let all = Interval::new(&vec![0].into(), &vec![0].into())?;
    let found = keyspace.select(&all, at)?;
    let mut values: Vec<KeyValue> = found.iter().map(|(key, record)| record.whole(key, true)).collect();
    let entries = entries(&mut values);
    let parts = entries.iter().flat_map(|(key, value)| [key, value]).flatten();
    Ok(castagnoli(b"key".iter().chain(parts)))
}

/// Each key under its revision; those of one revision are told apart by a second number.
fn entries(values: &mut [KeyValue]) -> Vec<(Vec<u8>, Vec<u8>)> {
    values.sort_by(|one, other| one.mod_revision.cmp(&other.mod_revision).then(one.key.cmp(&other.key)));
    let (mut last, mut sub) = (0, 0);
    let mut entry = |value: &KeyValue| {
        let main = value.mod_revision.cast_unsigned();
        sub = if main == last { sub + 1 } else { 0 };
        last = main;
        (revision(main, sub), value.encode_to_vec())
    };
    values.iter().map(&mut entry).collect()
}

/// `revToBytes`.
fn revision(main: u64, sub: u64) -> Vec<u8> {
    [&main.to_be_bytes()[..], b"_", &sub.to_be_bytes()].concat()
}

/// CRC-32C (RFC 3720, appendix B.4), bit by bit.
fn castagnoli<'a>(bytes: impl Iterator<Item = &'a u8>) -> u32 {
    const POLYNOMIAL: u32 = 0x82f6_3b78;
    !bytes.fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| sum >> 1 ^ if sum & 1 == 1 { POLYNOMIAL } else { 0 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_the_rfc() {
        assert_eq!(castagnoli([0_u8; 32].iter()), 0x8a91_36aa);
        assert_eq!(castagnoli(b"123456789".iter()), 0xe306_9283);
    }
}
