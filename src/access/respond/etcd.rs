//! etcd's HTTP paths (server/etcdserver/api/etcdhttp). Its API proper is gRPC.

use super::{HttpRequest, HttpResponse, JSON};
use crate::access::json::Json;
use crate::access::world::ETCD_VERSION;

/// Port 2379.
pub(super) fn client(request: &HttpRequest<'_>) -> HttpResponse {
    match request.bare_path() {
        "/health" | "/version" if request.method != "GET" => HttpResponse::text(405, "Method Not Allowed\n"),
        "/health" => HttpResponse::text(
            200,
            Json::object([("health", "true".into()), ("reason", "".into())]).compact(),
        ),
        "/version" => version(),
        "/metrics" => HttpResponse::not_played("etcd's metrics"),
        path if path.starts_with("/v3/") => HttpResponse::not_played("etcd's gRPC gateway"),
        _ => HttpResponse::page_not_found(),
    }
}

/// Port 2380. Members speak raft here; `/health` is for clients only.
pub(super) fn peer(request: &HttpRequest<'_>) -> HttpResponse {
    match request.bare_path() {
        "/version" if request.method != "GET" => HttpResponse::text(405, "Method Not Allowed\n"),
        "/version" => version(),
        path if path == "/members" || path.starts_with("/raft") => {
            HttpResponse::not_played("the talk between etcd members")
        }
        _ => HttpResponse::page_not_found(),
    }
}

fn version() -> HttpResponse {
    let (minor, _patch) = ETCD_VERSION.rsplit_once('.').unwrap_or((ETCD_VERSION, ""));
    let body =
        Json::object([("etcdserver", ETCD_VERSION.into()), ("etcdcluster", format!("{minor}.0").into())]);
    HttpResponse { content_type: JSON, ..HttpResponse::text(200, body.compact()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_get_health_and_members_do_not() {
        let health = HttpRequest { method: "GET", path: "/health" };
        assert_eq!(client(&health).body, r#"{"health":"true","reason":""}"#);
        assert_eq!(peer(&health).status, 404);
        let version = HttpRequest { method: "GET", path: "/version" };
        assert_eq!(client(&version).body, r#"{"etcdserver":"3.5.30","etcdcluster":"3.5.0"}"#);
        assert_eq!(peer(&version).body, client(&version).body);
    }
}
