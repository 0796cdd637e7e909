//! `/healthz`, `/livez` and `/readyz` (apiserver/pkg/server/healthz).

use super::super::{HttpRequest, HttpResponse};

/// The checks of `/livez`, in the order in which 1.36 lists them.
const LIVEZ: [&str; 36] = [
    "ping",
    "log",
    "loopback-serving-certificate",
    "etcd",
    "poststarthook/start-apiserver-admission-initializer",
    "poststarthook/generic-apiserver-start-informers",
    "poststarthook/priority-and-fairness-config-consumer",
    "poststarthook/priority-and-fairness-filter",
    "poststarthook/storage-object-count-tracker-hook",
    "poststarthook/start-apiextensions-informers",
    "poststarthook/start-apiextensions-controllers",
    "poststarthook/crd-informer-synced",
    "poststarthook/start-system-namespaces-controller",
    "poststarthook/peer-endpoint-reconciler-controller",
    "poststarthook/start-cluster-authentication-info-controller",
    "poststarthook/start-kube-apiserver-identity-lease-controller",
    "poststarthook/start-kube-apiserver-identity-lease-garbage-collector",
    "poststarthook/storage-readiness",
    "poststarthook/start-legacy-token-tracking-controller",
    "poststarthook/start-service-ip-repair-controllers",
    "poststarthook/rbac/bootstrap-roles",
    "poststarthook/scheduling/bootstrap-system-priority-classes",
    "poststarthook/priority-and-fairness-config-producer",
    "poststarthook/bootstrap-controller",
    "poststarthook/start-kubernetes-service-cidr-controller",
    "poststarthook/aggregator-reload-proxy-client-cert",
    "poststarthook/start-kube-aggregator-informers",
    "poststarthook/apiservice-status-local-available-controller",
    "poststarthook/apiservice-status-remote-available-controller",
    "poststarthook/apiservice-registration-controller",
    "poststarthook/apiservice-wait-for-first-sync",
    "poststarthook/apiservice-discovery-controller",
    "poststarthook/kube-apiserver-autoregistration",
    "autoregister-completion",
    "poststarthook/apiservice-openapi-controller",
    "poststarthook/apiservice-openapiv3-controller",
];

/// All is well: `ok`, or with `?verbose` each check by name.
pub(super) fn serve(request: &HttpRequest<'_>, path: &str) -> HttpResponse {
    match path.trim_matches('/') {
        "livez" if request.asks("verbose") => {
            let checks: String = LIVEZ.iter().map(|check| format!("[+]{check} ok\n")).collect();
            HttpResponse::text(200, checks + "livez check passed\n")
        }
        _ if request.asks("verbose") => HttpResponse::not_played("the details of this check"),
        "healthz" | "livez" | "readyz" => HttpResponse::text(200, "ok"),
        single => match single.split_once('/') {
            Some((_, check)) if LIVEZ.contains(&check) => HttpResponse::text(200, "ok"),
            _ => HttpResponse::page_not_found(),
        },
    }
}
