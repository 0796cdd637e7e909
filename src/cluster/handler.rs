//! The way of a request: who sent it, whether it may, what it leads to
//! (apiserver/pkg/server/config.go, `DefaultBuildHandlerChain`).

use std::sync::Arc;

use crate::access::{
    Attributes, HttpRequest, Identity, Resource, Target, api, authorize, extra_key, forbidden_message,
    serve_path, service_account,
};
use crate::text::quote;
use crate::trust::Sent;

use super::failure::{Answer, Failure, Served};
use super::message::{Body, Request, Response};
use super::table::Shape;
use super::{Cluster, authenticate, delete, discovery, encode, read, reviews, subresource, token, write};

/// The largest body that is read, in bytes (`MaxRequestBodyBytes`).
pub(super) const LARGEST_BODY: usize = 3 * 1024 * 1024;

/// A request to a resource, with all that is known of it.
pub(super) struct Context<'a> {
    pub(super) cluster: &'a Arc<Cluster>,
    pub(super) request: &'a Request,
    pub(super) identity: &'a Identity,
    pub(super) verb: &'a str,
    pub(super) asked: &'a Resource,
    pub(super) served: Served,
    /// The namespace of the objects; empty for those of the whole cluster.
    pub(super) namespace: &'a str,
}

impl Context<'_> {
    /// Whether the request is only to be tried.
    pub(super) fn is_dry_run(&self, options: Option<&crate::access::Json>) -> bool {
        self.request.query_values("dryRun").any(|value| value == "All")
            || options.is_some_and(|options| options.texts("dryRun").iter().any(|value| value == "All"))
    }

    pub(super) fn not_found(&self) -> Failure {
        Failure::not_found(&self.asked.group, self.served.name(), &self.asked.name)
    }

    pub(super) fn forbidden(&self, name: &str, why: &str) -> Failure {
        Failure::forbidden(&self.asked.group, self.served.name(), name, why)
    }
}

impl Cluster {
    /// Answers a request of a client that presented these certificates.
    #[must_use]
    pub fn handle(self: &Arc<Self>, chain: &Sent, request: &Request) -> Response {
        let mut response = self.judge(chain, request);
        encode::settle(request, &mut response);
        response
    }

    fn judge(self: &Arc<Self>, chain: &Sent, request: &Request) -> Response {
        let attributes = match Attributes::of_request(&request.method, &request.target) {
            Ok(attributes) => attributes,
            Err(error) => {
                let body = format!("Internal Server Error: {}: {error}\n", quote(&request.target));
                return Response::new(500, "text/plain; charset=utf-8", body);
            }
        };
        let (identity, recognitions) = authenticate::identity(self, chain, request);
        let mut response = match identity {
            Ok(identity) => self.answered(identity, &attributes, request),
            Err(error) => {
                let mut response = Failure::unauthorized().response();
                response.error = Some(error);
                response
            }
        };
        response.recognitions = recognitions;
        response
    }

    /// The answer to whom the authenticators named.
    fn answered(self: &Arc<Self>, caller: Identity, attributes: &Attributes, request: &Request) -> Response {
        let identity = match self.impersonated(&caller, request) {
            Ok(identity) => identity,
            Err(failure) => {
                let mut response = failure.response();
                response.identity = Some(caller);
                return response;
            }
        };
        let (identity, impersonator) = match identity {
            Some(other) => (other, Some(caller)),
            None => (caller, None),
        };
        let decision = authorize(&identity, attributes, &self.read().policy);
        let answer = if decision.allowed {
            self.answer(&identity, attributes, request)
        } else {
            let message = forbidden_message(&identity, attributes, &decision.reason);
            let resource = match &attributes.target {
                Target::Resource(resource) => Some(resource),
                Target::Path(_) => None,
            };
            let mut response = Failure::forbidden_request(resource, message).response();
            response.headers.push(("X-Content-Type-Options", "nosniff".into()));
            Ok(response)
        };
        let mut response = answer.unwrap_or_else(|failure| failure.response());
        if request.method == "HEAD" {
            response.body = Body::Whole(Vec::new());
        }
        response.identity = Some(identity);
        response.impersonator = impersonator;
        response.decision = Some(decision);
        response
    }

    fn answer(self: &Arc<Self>, identity: &Identity, attributes: &Attributes, request: &Request) -> Answer {
        if request.body.len() > LARGEST_BODY {
            return Err(Failure::too_large(LARGEST_BODY));
        }
        match &attributes.target {
            Target::Path(path) => Ok(self.path(path, request)),
            Target::Resource(resource) => self.resource(identity, &attributes.verb, resource, request),
        }
    }

    fn path(&self, path: &str, request: &Request) -> Response {
        if let Some(response) = discovery::serve(path, request) {
            return response;
        }
        if let Some(response) = token::serve(self, path) {
            return response;
        }
        let read = HttpRequest { method: &request.method, path: &request.target };
        let answer = serve_path(&read, path, &self.settings.server_address);
        let body = if answer.content_type == super::message::JSON { answer.body + "\n" } else { answer.body };
        let mut response = Response::new(answer.status, answer.content_type, body);
        if answer.content_type.starts_with("text/plain") {
            response.headers.push(("X-Content-Type-Options", "nosniff".into()));
        }
        response
    }

    fn resource(
        self: &Arc<Self>,
        identity: &Identity,
        verb: &str,
        asked: &Resource,
        request: &Request,
    ) -> Answer {
        let Some(group) = api::group(&asked.group, &asked.version) else {
            let mut response = Response::new(404, "text/plain; charset=utf-8", "404 page not found\n");
            response.headers.push(("X-Content-Type-Options", "nosniff".into()));
            return Ok(response);
        };
        let resource = group.resource(&asked.combined()).ok_or_else(Failure::no_resource)?;
        let served = Served { group, resource };
        // Namespaces carry their own name as the namespace of the request.
        let namespace = if asked.resource == "namespaces" { "" } else { asked.namespace.as_str() };
        let named = !asked.name.is_empty();
        // A list may have a name too, from its field selector.
        let of_one = named && !matches!(verb, "list" | "watch" | "deletecollection");
        let everywhere = !resource.cluster && namespace.is_empty();
        if (resource.cluster && !namespace.is_empty()) || (everywhere && of_one) {
            return Err(Failure::no_resource());
        }
        // A method on a path that the resource does not have it for: PUT on a list.
        let fits = match verb {
            "list" | "watch" => true,
            "deletecollection" => !everywhere,
            "create" => !everywhere && named != asked.subresource.is_empty(),
            _ => named,
        };
        let takes = resource.takes(verb);
        if !fits || !takes {
            return Err(Failure::method_not_allowed());
        }
        let context = Context { cluster: self, request, identity, verb, asked, served, namespace };
        if let Some(answer) = reviews::serve(&context) {
            return answer;
        }
        if let Some(answer) = subresource::serve(&context) {
            return answer;
        }
        let shape = Shape::of_request(request)?;
        match verb {
            "get" => read::get(&context, shape),
            "list" => read::list(&context, shape),
            "watch" => read::watch(&context, shape),
            "create" => write::create(&context, shape),
            "update" => write::update(&context, shape),
            "patch" => write::patch(&context, shape),
            "delete" => delete::one(&context, shape),
            "deletecollection" => delete::all(&context),
            _ => Err(Failure::method_not_allowed()),
        }
    }

    /// Whom the client speaks for if not for itself, if it may (apiserver/pkg/endpoints/filters/impersonation).
    fn impersonated(&self, identity: &Identity, request: &Request) -> Answer<Option<Identity>> {
        const EXTRA: &str = "impersonate-extra-";
        let user = request.value("impersonate-user");
        let groups: Vec<String> = request.values("impersonate-group").map(str::to_owned).collect();
        let uid = request.value("impersonate-uid");
        let mut extra: Vec<(String, Vec<String>)> = Vec::new();
        for (name, value) in &request.headers {
            let Some(key) = extra_key(name, EXTRA) else { continue };
            match extra.iter_mut().find(|(own, _)| *own == key) {
                Some((_, values)) => values.push(value.clone()),
                None => extra.push((key, vec![value.clone()])),
            }
        }
        if user.is_empty() {
            if groups.is_empty() && uid.is_empty() && extra.is_empty() {
                return Ok(None);
            }
            // As Go prints the structure (apiserver/pkg/endpoints/filters/impersonation).
            let list = |own: &[String]| {
                let quoted: Vec<String> = own.iter().map(|own| quote(own)).collect();
                format!("[]string{{{}}}", quoted.join(", "))
            };
            let none = |name: &str| format!("{name}(nil)");
            let groups = if groups.is_empty() { none("[]string") } else { list(&groups) };
            let extra = if extra.is_empty() {
                none("map[string][]string")
            } else {
                let pairs: Vec<String> =
                    extra.iter().map(|(key, values)| format!("{}:{}", quote(key), list(values))).collect();
                format!("map[string][]string{{{}}}", pairs.join(", "))
            };
            return Err(Failure::bad_request(format!(
                "requested &user.DefaultInfo{{Name:\"\", UID:{}, Groups:{groups}, Extra:{extra}}} without impersonating a user name",
                quote(uid)
            )));
        }
        let mut wanted: Vec<(&str, &str, &str, &str, &str)> = Vec::new();
        wanted.push(match service_account(user) {
            Some((namespace, name)) => ("", "serviceaccounts", namespace, name, ""),
            None => ("", "users", "", user, ""),
        });
        wanted.extend(groups.iter().map(|group| ("", "groups", "", group.as_str(), "")));
        for (key, values) in &extra {
            wanted.extend(
                values
                    .iter()
                    .map(|value| ("authentication.k8s.io", "userextras", "", value.as_str(), key.as_str())),
            );
        }
        if !uid.is_empty() {
            wanted.push(("authentication.k8s.io", "uids", "", uid, ""));
        }
        let store = self.read();
        for (group, resource, namespace, name, subresource) in wanted {
            let resource = Resource {
                group: group.into(),
                version: if group.is_empty() { String::new() } else { "v1".into() },
                resource: resource.into(),
                namespace: namespace.into(),
                name: name.into(),
                subresource: subresource.into(),
                ..Resource::default()
            };
            let attributes = Attributes::resource("impersonate", resource);
            let decision = authorize(identity, &attributes, &store.policy);
            if !decision.allowed {
                let message = forbidden_message(identity, &attributes, &decision.reason);
                let Target::Resource(resource) = &attributes.target else { continue };
                return Err(Failure::forbidden_request(Some(resource), message));
            }
        }
        let mut other = Identity::impersonated(user, &groups);
        other.uid = Some(uid.to_owned()).filter(|uid| !uid.is_empty());
        other.extra = extra;
        Ok(Some(other))
    }
}
