//! Lists whose items are told apart by a key (`patchMergeKey`, `listMapKey` of the types in
//! k8s.io/api), by the field that holds them.

use crate::access::Json;

/// The key of the items of a list, by its field's name; `None` for lists that are replaced as
/// a whole.
pub(super) fn merge_key(field: &str, items: &[Json]) -> Option<&'static str> {
    Some(match field {
        "containers"
        | "initContainers"
        | "ephemeralContainers"
        | "env"
        | "volumes"
        | "imagePullSecrets"
        | "secrets"
        | "resourceClaims" => "name",
        "volumeMounts" => "mountPath",
        "volumeDevices" => "devicePath",
        "hostAliases" => "ip",
        "conditions" => "type",
        "addresses" if items.iter().any(|item| item.get("type").is_some()) => "type",
        "topologySpreadConstraints" => "topologyKey",
        "ownerReferences" => "uid",
        "taints" => "key",
        "ports" if items.iter().any(|item| item.get("containerPort").is_some()) => "containerPort",
        "ports" if items.iter().any(|item| item.get("port").is_some()) => "port",
        _ => return None,
    })
}

/// Lists of plain values that are merged.
pub(super) fn is_set(field: &str) -> bool {
    field == "finalizers"
}
