//! What a request asks for, in the terms in which it is authorized.
//!
//! As apiserver/pkg/endpoints/request/requestinfo.go reads a method and a path,
//! and as pkg/registry/authorization/util reads an access review.

use super::fields::FieldRequirement;
use super::json::Json;

/// A request whose path says too little to be authorized.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unable to determine kind and namespace from url, {0}")]
pub struct AttributesError(String);

/// What is asked: a verb, and what it is to be done to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attributes {
    /// A Kubernetes verb for resources (`list`), the HTTP method in lower case
    /// for anything else.
    pub verb: String,
    /// What the verb is about.
    pub target: Target,
}

/// What a request is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A resource of the API.
    Resource(Resource),
    /// Any other path (`/healthz`, `/api`).
    Path(String),
}

/// A resource, or one object of it. Empty strings mean absent, as in Go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resource {
    /// The API group; empty for the core group.
    pub group: String,
    /// The API version (`v1`).
    pub version: String,
    /// The namespace; empty for the whole cluster.
    pub namespace: String,
    /// The plural resource name (`pods`).
    pub resource: String,
    /// The subresource (`log`).
    pub subresource: String,
    /// The object's name.
    pub name: String,
    /// What the fields of the listed objects must be.
    pub fields: Vec<FieldRequirement>,
}

impl Resource {
    /// `pods`, or `pods/log` with a subresource.
    pub fn combined(&self) -> String {
        if self.subresource.is_empty() {
            self.resource.clone()
        } else {
            format!("{}/{}", self.resource, self.subresource)
        }
    }
}

impl Attributes {
    /// A verb on a path outside of the API's resources.
    pub fn path(verb: &str, path: &str) -> Self {
        Self { verb: verb.to_owned(), target: Target::Path(path.to_owned()) }
    }

    /// A verb on a resource.
    pub fn resource(verb: &str, resource: Resource) -> Self {
        Self { verb: verb.to_owned(), target: Target::Resource(resource) }
    }

    /// Reads an HTTP method and request target (path, and query after `?`).
    ///
    /// # Errors
    /// When the path ends right after the old `/api/v1/watch` or `/proxy` prefix.
    pub fn of_request(method: &str, request_target: &str) -> Result<Self, AttributesError> {
        let (raw_path, query) = request_target.split_once('?').unwrap_or((request_target, ""));
        let path = unescape(raw_path, false);
        let other = || Ok(Self::path(&method.to_ascii_lowercase(), &path));

        let trimmed = path.trim_matches('/');
        let mut parts = trimmed.split('/');
        let (group, version) = match parts.next() {
            Some("api") => ("", parts.next()),
            Some("apis") => match parts.next() {
                Some(group) => (group, parts.next()),
                None => return other(),
            },
            _ => return other(),
        };
        let rest: Vec<&str> = parts.collect();
        let (Some(version), [first, after @ ..]) = (version, rest.as_slice()) else {
            return other();
        };

        let mut verb = match method {
            "POST" => "create",
            "GET" | "HEAD" => "get",
            "PUT" => "update",
            "PATCH" => "patch",
            "DELETE" => "delete",
            _ => "",
        };
        let mut parts = rest.as_slice();
        if matches!(*first, "watch" | "proxy") {
            if after.is_empty() {
                return Err(AttributesError(request_target.to_owned()));
            }
            verb = first;
            parts = after;
        }

        let mut resource = Resource { group: group.into(), version: version.into(), ..Resource::default() };
        if let ["namespaces", namespace, below @ ..] = parts {
            (*namespace).clone_into(&mut resource.namespace);
            // `status` and `finalize` belong to the namespace object itself.
            if below.first().is_some_and(|next| !matches!(*next, "status" | "finalize")) {
                parts = below;
            }
        }
        let mut parts = parts.iter();
        let mut next = || parts.next().map(|part| (*part).to_owned()).unwrap_or_default();
        resource.resource = next();
        resource.name = next();
        if verb != "proxy" {
            resource.subresource = next();
        }

        let query: Vec<(String, String)> = query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .map(|(key, value)| (unescape(key, true), unescape(value, true)))
            .collect();
        let parameter =
            |key: &str| query.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str());
        // The authorizer goes by none of a selector that it cannot read.
        let selector = parameter("fieldSelector").unwrap_or_default();
        let fields = FieldRequirement::of_selector(selector).unwrap_or_default();
        if resource.name.is_empty() && verb == "get" {
            // Any value that is neither false nor 0 counts as true.
            let watch =
                parameter("watch").is_some_and(|value| value != "0" && !value.eq_ignore_ascii_case("false"));
            verb = if watch { "watch" } else { "list" };
            let single = fields.iter().find(|term| term.equals && term.field == "metadata.name");
            if let Some(term) = single.filter(|term| is_path_segment(&term.value)) {
                term.value.clone_into(&mut resource.name);
            }
        }
        if resource.name.is_empty() && verb == "delete" {
            verb = "deletecollection";
        }
        if matches!(verb, "list" | "watch" | "deletecollection") {
            resource.fields = fields;
        }
        Ok(Self::resource(verb, resource))
    }

    /// Reads the `spec` of a SubjectAccessReview or SelfSubjectAccessReview:
    /// `resourceAttributes`, or else `nonResourceAttributes`.
    pub fn of_review(spec: &Json) -> Self {
        let Some(asked) = spec.get("resourceAttributes") else {
            let asked = spec.get("nonResourceAttributes").unwrap_or(&Json::Null);
            return Self::path(asked.text("verb"), asked.text("path"));
        };
        let text = |key: &str| asked.text(key).to_owned();
        let required = asked.list("fieldSelector.requirements").iter().filter_map(|term| {
            // The API server keeps terms with exactly one value, and forgets others.
            let equals = match term.text("operator") {
                "In" => true,
                "NotIn" => false,
                _ => return None,
            };
            match term.texts("values").as_slice() {
                [value] => Some(FieldRequirement {
                    field: term.text("key").to_owned(),
                    equals,
                    value: value.clone(),
                }),
                _ => None,
            }
        });
        let mut fields: Vec<FieldRequirement> = required.collect();
        if fields.is_empty() {
            let raw = asked.at("fieldSelector.rawSelector").and_then(Json::as_text).unwrap_or_default();
            fields = FieldRequirement::of_selector(raw).unwrap_or_default();
        }
        let resource = Resource {
            group: text("group"),
            version: text("version"),
            namespace: text("namespace"),
            resource: text("resource"),
            subresource: text("subresource"),
            name: text("name"),
            fields,
        };
        Self::resource(asked.text("verb"), resource)
    }

    /// The namespace asked about; empty for the whole cluster and for paths.
    pub fn namespace(&self) -> &str {
        match &self.target {
            Target::Resource(resource) => &resource.namespace,
            Target::Path(_) => "",
        }
    }
}

/// Names that may stand in a path (apimachinery/pkg/api/validation/path).
fn is_path_segment(name: &str) -> bool {
    !name.is_empty() && name != "." && name != ".." && !name.contains(['/', '%'])
}

/// Undoes percent encoding; `+` is a space in a query only. What is no valid
/// escape stays as it is, and bytes that are no UTF-8 become U+FFFD.
#[must_use]
pub fn unescape(text: &str, query: bool) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let mut ahead = rest.clone();
        let mut digit = || ahead.next().and_then(|byte| char::from(byte).to_digit(16));
        let escaped = if byte == b'%' { digit().zip(digit()) } else { None };
        match escaped.and_then(|(high, low)| u8::try_from(high * 16 + low).ok()) {
            Some(value) => {
                bytes.push(value);
                rest.nth(1);
            }
            None if query && byte == b'+' => bytes.push(b' '),
            None => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(method: &str, path: &str) -> String {
        let attributes = Attributes::of_request(method, path).unwrap();
        match attributes.target {
            Target::Path(path) => format!("{} {path}", attributes.verb),
            Target::Resource(r) => format!(
                "{} {}/{} {} ns={} name={}",
                attributes.verb,
                r.group,
                r.version,
                r.combined(),
                r.namespace,
                r.name
            ),
        }
    }

    #[test]
    fn reads_requests_as_the_api_server_does() {
        for (method, path, expected) in [
            ("GET", "/", "get /"),
            ("GET", "/api", "get /api"),
            ("GET", "/api/v1", "get /api/v1"),
            ("GET", "/apis/apps", "get /apis/apps"),
            ("GET", "/apis/apps/v1", "get /apis/apps/v1"),
            ("HEAD", "/healthz", "head /healthz"),
            ("GET", "/api/v1/nodes", "list /v1 nodes ns= name="),
            ("GET", "/api/v1/nodes?watch=1", "watch /v1 nodes ns= name="),
            ("GET", "/api/v1/nodes?watch=False", "list /v1 nodes ns= name="),
            ("GET", "/api/v1/watch/nodes", "watch /v1 nodes ns= name="),
            ("GET", "/api/v1/nodes/node01", "get /v1 nodes ns= name=node01"),
            ("GET", "/api/v1/namespaces", "list /v1 namespaces ns= name="),
            ("GET", "/api/v1/namespaces/dev", "get /v1 namespaces ns=dev name=dev"),
            ("PUT", "/api/v1/namespaces/dev/finalize", "update /v1 namespaces/finalize ns=dev name=dev"),
            ("GET", "/api/v1/namespaces/dev/pods", "list /v1 pods ns=dev name="),
            ("GET", "/api/v1/namespaces/dev/pods/web/log", "get /v1 pods/log ns=dev name=web"),
            ("DELETE", "/api/v1/namespaces/dev/pods", "deletecollection /v1 pods ns=dev name="),
            (
                "PATCH",
                "/apis/apps/v1/namespaces/dev/deployments/web/scale",
                "patch apps/v1 deployments/scale ns=dev name=web",
            ),
            (
                "POST",
                "/apis/authentication.k8s.io/v1/selfsubjectreviews",
                "create authentication.k8s.io/v1 selfsubjectreviews ns= name=",
            ),
            ("GET", "/api/v1/secrets?fieldSelector=metadata.name%3Dapp", "list /v1 secrets ns= name=app"),
            ("OPTIONS", "/api/v1/nodes", " /v1 nodes ns= name="),
        ] {
            assert_eq!(of(method, path), expected, "{method} {path}");
        }
        assert_eq!(
            Attributes::of_request("GET", "/api/v1/watch").unwrap_err().to_string(),
            "unable to determine kind and namespace from url, /api/v1/watch"
        );
    }

    proptest::proptest! {
        #[test]
        fn any_request_reads_or_is_refused(method in ".{0,8}", path in "(/|api|apis|v1|watch|namespaces|[?]|=|,|%|[^/]{0,4}){0,12}") {
            let _ = Attributes::of_request(&method, &path);
        }
    }
}
