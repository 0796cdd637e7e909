//! Whom a kubelet serves: client certificates it judges itself, about tokens and permissions it
//! asks the API server with its own certificate (cmd/kubelet/app/auth.go).

use std::collections::HashMap;
use std::sync::PoisonError;

use hyper::Method;
use time::{Duration, OffsetDateTime};

use super::api::Who;
use super::{Kubelet, get};
use crate::access::{
    Attributes, Authentication, Authenticators, HttpRequest, HttpResponse, Identity, Json, Target,
    authenticate, kubelet_answer, kubelet_forbids, kubelet_questions,
};
use crate::cluster::reviews::{identity_of, user_info};
use crate::text::quote;
use crate::trust::Sent;

/// How long a kubelet goes by an answer: `webhook.cacheTTL` and `cacheAuthorizedTTL`,
/// `cacheUnauthorizedTTL` of its configuration (config/v1beta1/defaults.go).
const TOKEN: Duration = Duration::minutes(2);
const ALLOWED: Duration = Duration::minutes(5);
const DENIED: Duration = Duration::seconds(30);
/// How many answers it keeps of a kind.
const MOST: usize = 1024;

/// What a kubelet was told, and until when it goes by that.
#[derive(Debug, Default)]
pub(super) struct Known {
    tokens: HashMap<String, (Option<Identity>, OffsetDateTime)>,
    decisions: HashMap<String, (bool, OffsetDateTime)>,
}

fn remember<T>(
    all: &mut HashMap<String, (T, OffsetDateTime)>,
    key: String,
    value: T,
    until: OffsetDateTime,
    now: OffsetDateTime,
) {
    if all.len() >= MOST {
        all.retain(|_, (_, until)| *until > now);
    }
    if all.len() < MOST {
        all.insert(key, (value, until));
    }
}

impl Kubelet {
    /// Answers a request of a client that presented these certificates (DER, leaf first).
    pub(super) async fn answer(
        &self,
        sent: &Sent,
        headers: &[(String, String)],
        request: &HttpRequest<'_>,
    ) -> HttpResponse {
        let identity = match self.client(sent, headers).await {
            Ok(Some(identity)) => identity,
            Ok(None) => return HttpResponse::text(401, "Unauthorized"),
            Err(error) => {
                let text =
                    format!("\"Unable to authenticate the request due to an error\" err={}", quote(&error));
                self.log('E', "server.go:322", &text);
                return HttpResponse::text(401, "Unauthorized");
            }
        };
        let asked = kubelet_questions(&self.node, request);
        for attributes in &asked {
            match self.may(&identity, attributes).await {
                Ok(true) => {
                    return HttpResponse { identity: Some(identity), ..self.serve(request).await };
                }
                Ok(false) => {}
                Err(why) => {
                    let text = refusal("Authorization error", &identity, attributes);
                    self.log('E', "server.go:346", &format!("{} err={}", quote(&text), quote(&why)));
                    return HttpResponse::text(500, text);
                }
            }
        }
        let answer = kubelet_forbids(&identity, &asked);
        self.log_at(2, "server.go:356", &answer.body);
        HttpResponse { identity: Some(identity), ..answer }
    }

    /// Who the client is, if anybody known; anonymous ones are not served.
    async fn client(&self, sent: &Sent, headers: &[(String, String)]) -> Result<Option<Identity>, String> {
        let roots = get(&self.clients);
        let authenticators =
            Authenticators { client_roots: roots.as_deref(), front_proxy: None, time: self.now() };
        let judged = authenticate(&authenticators, sent, headers);
        if let Authentication::Identified(identity) = judged.authentication {
            return Ok(Some(identity));
        }
        let token = headers.iter().find_map(|(name, value)| {
            let (scheme, token) =
                value.split_once(' ').filter(|_| name.eq_ignore_ascii_case("authorization"))?;
            Some(token.trim()).filter(|token| scheme.eq_ignore_ascii_case("bearer") && !token.is_empty())
        });
        let Some(token) = token else { return judged.error.map_or(Ok(None), Err) };
        let of_token = self.holder(token).await;
        match (of_token, judged.error) {
            (Ok(Some(identity)), _) => Ok(Some(identity)),
            (Ok(None), Some(error)) => Err(error),
            (Ok(None), None) => Ok(None),
            (Err(why), error) => {
                let all: Vec<String> = error.into_iter().chain([why]).collect();
                Err(if let [one] = all.as_slice() { one.clone() } else { format!("[{}]", all.join(", ")) })
            }
        }
    }

    /// Whose token this is, by the API server's word.
    async fn holder(&self, token: &str) -> Result<Option<Identity>, String> {
        let now = self.now();
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).tokens.get(token).cloned();
        if let Some((identity, _)) = known.filter(|(_, until)| now < *until) {
            return Ok(identity);
        }
        let spec = Json::object([("token", token.into())]);
        let review = self.review("authentication.k8s.io", "TokenReview", "tokenreviews", spec).await?;
        let is_good = review.at("status.authenticated") == Some(&Json::Bool(true));
        let identity = is_good.then(|| review.at("status.user").map(identity_of)).flatten();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        remember(&mut known.tokens, token.to_owned(), identity.clone(), now + TOKEN, now);
        Ok(identity)
    }

    /// Whether somebody may do this, by the API server's word.
    async fn may(&self, identity: &Identity, attributes: &Attributes) -> Result<bool, String> {
        let Target::Resource(asked) = &attributes.target else { return Ok(false) };
        let mut resource = Json::object([("verb", attributes.verb.as_str().into())]);
        for (key, value) in [
            ("version", &asked.version),
            ("resource", &asked.resource),
            ("subresource", &asked.subresource),
            ("name", &asked.name),
        ] {
            resource.set(key, value.as_str());
        }
        let mut spec = Json::object([("resourceAttributes", resource)]);
        if let Json::Object(fields) = user_info(identity) {
            for (key, value) in fields {
                spec.set(if key == "username" { "user" } else { &key }, value);
            }
        }
        let (key, now) = (spec.compact(), self.now());
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).decisions.get(&key).copied();
        if let Some((allowed, _)) = known.filter(|(_, until)| now < *until) {
            return Ok(allowed);
        }
        let review =
            self.review("authorization.k8s.io", "SubjectAccessReview", "subjectaccessreviews", spec).await?;
        let allowed = review.at("status.allowed") == Some(&Json::Bool(true));
        let until = now + if allowed { ALLOWED } else { DENIED };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        remember(&mut known.decisions, key, allowed, until, now);
        Ok(allowed)
    }

    async fn review(&self, group: &str, kind: &str, plural: &str, spec: Json) -> Result<Json, String> {
        let version = format!("{group}/v1");
        let path = format!("/apis/{version}/{plural}");
        let metadata = Json::Object(Vec::new());
        let body = Json::object([("kind", kind.into()), ("apiVersion", version.as_str().into())])
            .with("metadata", metadata)
            .with("spec", spec);
        self.own_request((&Method::POST, &path), Some(&body)).await
    }

    /// A request as itself.
    pub(super) async fn own_request(
        &self,
        asked: (&Method, &str),
        body: Option<&Json>,
    ) -> Result<Json, String> {
        let own = get(&self.own).ok_or("the kubelet has no client certificate yet")?;
        self.api.ask(&Who::Certificate(own), self.now(), asked, body).await?.object()
    }

    /// The answer to a client that may have it: of the pods that the API server says are here.
    async fn serve(&self, request: &HttpRequest<'_>) -> HttpResponse {
        let path = format!("/api/v1/pods?fieldSelector=spec.nodeName%3D{}&limit=500", self.node);
        let needs_pods = ["/pods", "/containerLogs", "/exec", "/run", "/attach"]
            .iter()
            .any(|base| request.path.starts_with(base));
        let list =
            if needs_pods { self.own_request((&Method::GET, &path), None).await } else { Ok(Json::Null) };
        match list {
            Ok(list) => {
                let pods: Vec<&Json> = list.list("items").iter().collect();
                kubelet_answer(&self.node, request, &pods)
            }
            Err(why) => HttpResponse::text(500, why),
        }
    }
}

fn refusal(what: &str, identity: &Identity, attributes: &Attributes) -> String {
    let subresource = match &attributes.target {
        Target::Resource(asked) => asked.subresource.as_str(),
        Target::Path(_) => "",
    };
    format!(
        "{what} (user={}, verb={}, resource=nodes, subresource={subresource})",
        identity.user, attributes.verb
    )
}
