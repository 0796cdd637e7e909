//! Which key of etcd holds which object: `/registry/RESOURCE[/NAMESPACE]/NAME`
//! (kubernetes pkg/kubeapiserver/default_storage_factory_builder.go, `specialDefaultResourcePrefixes`;
//! apiserver/pkg/registry/generic/registry/store.go, `NamespaceKeyFunc`). A key that holds none
//! is kept as it is.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::store::Key;
use crate::access::{Json, api};

/// `--etcd-prefix`.
const PREFIX: &str = "/registry/";

/// What is kept under another name than its resource's.
const SPECIAL: [(Key, &str); 7] = [
    (("", "endpoints"), "services/endpoints"),
    (("", "nodes"), "minions"),
    (("", "replicationcontrollers"), "controllers"),
    (("", "services"), "services/specs"),
    (("networking.k8s.io", "ingresses"), "ingress"),
    (("apiextensions.k8s.io", "customresourcedefinitions"), "apiextensions.k8s.io/customresourcedefinitions"),
    (("apiregistration.k8s.io", "apiservices"), "apiregistration.k8s.io/apiservices"),
];

/// Where the store keeps what is no object of the API server.
pub(in super::super) const OTHER: Key = ("etcd", "keys");

/// A resource whose objects etcd holds.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) key: Key,
    prefix: &'static str,
    /// Whether its objects are of no namespace.
    is_of_cluster: bool,
    pub(super) kind: &'static str,
}

static KEPT: LazyLock<Vec<Kept>> = LazyLock::new(|| {
    let mut kept = Vec::new();
    for group in api::groups() {
        for resource in &group.resources {
            let key: Key = (&group.name, &resource.name);
            // Subresources and questions are not stored, and these events are those of the core.
            if resource.name.contains('/') || !resource.takes("get") || group.name == "events.k8s.io" {
                continue;
            }
            let special = SPECIAL.iter().find(|(own, _)| *own == key);
            let prefix = special.map_or(resource.name.as_str(), |(_, prefix)| prefix);
            kept.push(Kept { key, prefix, is_of_cluster: resource.cluster, kind: &resource.kind });
        }
    }
    kept
});

/// The key that holds an object of the store.
pub(super) fn key_of(key: Key, namespace: &str, name: &str) -> Vec<u8> {
    if key == OTHER {
        return STANDARD.decode(name).unwrap_or_default();
    }
    let prefix = KEPT.iter().find(|own| own.key == key).map_or(key.1, |own| own.prefix);
    let namespace = if namespace.is_empty() { String::new() } else { format!("{namespace}/") };
    format!("{PREFIX}{prefix}/{namespace}{name}").into_bytes()
}

/// The place of an object: its resource, its namespace, and its name.
pub(super) fn place_of(key: &[u8]) -> Option<(&'static Kept, &str, &str)> {
    let path = std::str::from_utf8(key).ok()?.strip_prefix(PREFIX)?;
    KEPT.iter().find_map(|kept| {
        let rest = path.strip_prefix(kept.prefix)?.strip_prefix('/')?;
        let (namespace, name) = if kept.is_of_cluster { ("", rest) } else { rest.split_once('/')? };
        let is_one = !name.is_empty() && !name.contains('/') && (kept.is_of_cluster || !namespace.is_empty());
        is_one.then_some((kept, namespace, name))
    })
}

/// What is kept of a key that holds no object.
pub(super) fn other(key: &[u8], value: &[u8], lease: i64, ttl: i64) -> Json {
    let mut object = Json::object([
        ("metadata", Json::object([("name", STANDARD.encode(key).into())])),
        ("value", STANDARD.encode(value).into()),
    ]);
    if lease != 0 {
        object.set("lease", Json::integer(lease));
        object.set("ttl", Json::integer(ttl));
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_have_the_keys_of_a_real_cluster() {
        for (key, namespace, name, expected) in [
            (("", "secrets"), "default", "a", "/registry/secrets/default/a"),
            (("", "nodes"), "", "node01", "/registry/minions/node01"),
            (("", "services"), "default", "kubernetes", "/registry/services/specs/default/kubernetes"),
            (("", "endpoints"), "default", "kubernetes", "/registry/services/endpoints/default/kubernetes"),
            (("apps", "deployments"), "web", "x", "/registry/deployments/web/x"),
            (
                ("rbac.authorization.k8s.io", "clusterroles"),
                "",
                "system:node",
                "/registry/clusterroles/system:node",
            ),
        ] {
            let made = key_of(key, namespace, name);
            assert_eq!(String::from_utf8_lossy(&made), expected);
            let (kept, own_namespace, own_name) = place_of(&made).unwrap();
            assert_eq!((kept.key, own_namespace, own_name), (key, namespace, name));
        }
        for none in
            ["foo", "/registry/pods", "/registry/pods/x", "/registry/pods/a/b/c", "/registry/ranges/x"]
        {
            assert!(place_of(none.as_bytes()).is_none(), "{none}");
        }
        let kept = other(b"\xff\0", b"v", 0, 0);
        assert_eq!(key_of(OTHER, "", kept.text("metadata.name")), b"\xff\0");
    }
}
