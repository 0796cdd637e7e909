//! How an answer is written: for people where people ask, in YAML where that is asked for
//! (apiserver/pkg/endpoints/handlers/negotiation, `isPrettyPrint`).

use crate::access::Json;

use super::message::{Body, JSON, Request, Response};

const YAML: &str = "application/yaml";

/// Writes a JSON answer as its client wants it: indented for curl and browsers, else on one
/// line, or as YAML.
pub(super) fn settle(request: &Request, response: &mut Response) {
    let Body::Whole(bytes) = &response.body else { return };
    let yaml = response.content_type == JSON && wants_yaml(request);
    if !response.content_type.starts_with(JSON) || !(yaml || wants_pretty(request)) {
        return;
    }
    let Ok(value) = serde_json::from_slice::<Json>(bytes) else { return };
    if !yaml {
        response.body = Body::Whole(value.pretty().into_bytes());
    } else if let Ok(text) = serde_saphyr::to_string(&value) {
        response.body = Body::Whole(text.into_bytes());
        response.content_type = YAML.to_owned();
    }
}

fn wants_yaml(request: &Request) -> bool {
    let first = request.value("accept").split([',', ';']).next().unwrap_or_default().trim();
    first == YAML
}

fn wants_pretty(request: &Request) -> bool {
    if request.query("pretty").is_some() {
        return request.asks("pretty");
    }
    let agent = request.value("user-agent");
    ["curl", "Wget", "Mozilla/5.0"].iter().any(|program| agent.starts_with(program))
}

/// The fields of an object in the order in which Go writes them: what is known of every object
/// first, the rest as it was sent.
pub(super) fn order(object: &mut Json) {
    sort(object, &["kind", "apiVersion", "metadata", "spec", "status"]);
    if let Some(metadata) = object.get_mut("metadata") {
        sort(
            metadata,
            &[
                "name",
                "generateName",
                "namespace",
                "uid",
                "resourceVersion",
                "generation",
                "creationTimestamp",
                "deletionTimestamp",
                "deletionGracePeriodSeconds",
                "labels",
                "annotations",
                "ownerReferences",
                "finalizers",
                "managedFields",
            ],
        );
        for map in ["labels", "annotations"] {
            // Go writes maps by their keys.
            if let Some(Json::Object(fields)) = metadata.get_mut(map) {
                fields.sort_by(|(one, _), (other, _)| one.cmp(other));
            }
        }
    }
}

fn sort(object: &mut Json, order: &[&str]) {
    let Json::Object(fields) = object else { return };
    // The sort is stable: what is not named keeps its order, at the end.
    fields.sort_by_key(|(key, _)| order.iter().position(|known| known == key).unwrap_or(order.len()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_get_lines_and_programs_get_one() {
        let body = Json::object([("kind", "Status".into()), ("code", Json::integer(200))]);
        let text = |request: Request| {
            let mut response = Response::json(200, &body);
            settle(&request, &mut response);
            (response.content_type.clone(), response.text())
        };
        let plain = Request::new("GET", "/");
        assert_eq!(text(plain.clone()).1, "{\"kind\":\"Status\",\"code\":200}\n");
        assert_eq!(
            text(plain.clone().header("User-Agent", "curl/8")).1,
            "{\n  \"kind\": \"Status\",\n  \"code\": 200\n}"
        );
        assert_eq!(
            text(Request::new("GET", "/?pretty=false").header("User-Agent", "curl/8")).1.lines().count(),
            1
        );
        let (media, yaml) = text(plain.header("Accept", "application/yaml"));
        assert_eq!((media.as_str(), yaml.as_str()), (YAML, "kind: Status\ncode: 200\n"));
    }

    #[test]
    fn fields_come_in_gos_order() {
        let mut object: Json = serde_json::from_str(
            r#"{"data":{},"metadata":{"uid":"u","labels":{"b":"1","a":"2"},"name":"n"},"kind":"X"}"#,
        )
        .unwrap();
        order(&mut object);
        assert_eq!(
            object.compact(),
            r#"{"kind":"X","metadata":{"name":"n","uid":"u","labels":{"a":"2","b":"1"}},"data":{}}"#
        );
    }
}
