//! Requests of a lesson to a cluster of its own: an API server in memory, on the workspace's
//! CA, with the objects of a new cluster and what the lesson's earlier requests have made.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::engine::Lab;
use super::panels::view;
use super::{ArtifactView, Cancel, LabError, Panel, StepReport};
use crate::access::Json;
use crate::blueprint::KeyAlgorithm;
use crate::cluster::{self, Body, Cluster};
use crate::lesson::{Action, Lesson, Request, Step};
use crate::pki::{self, PrivateKey};
use crate::trust::Sent;
use crate::workspace::{Selection, authority_chain, credential};
use crate::x509::certificate_fields;

/// The server of such requests.
const SERVER: &str = "kube-apiserver";
/// Values longer than this are cut where an answer is shown; certificates have a panel.
const LONGEST: usize = 48;

/// What stands for a CSR in the body of a lesson's request.
const PLACEHOLDER: &str = "{csr}";
/// How every PEM file of a CSR begins in base64.
const ENCODED: &str = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNU…";

/// A request as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestView {
    /// Who asks: `admin`, `csr/jane`, `token/…`.
    pub client: String,
    /// The command that a learner would type.
    pub command: String,
    /// Method and path.
    pub request: String,
    /// The object that is sent.
    pub body: Option<String>,
    /// What came of it; none before it is sent.
    pub outcome: Option<RequestOutcome>,
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestOutcome {
    /// The HTTP status.
    pub status: u16,
    /// Whom the server saw: user and groups; none if it knows nobody.
    pub identity: Option<(String, Vec<String>)>,
    /// Which authorizer decided, and its reason.
    pub decision: Option<String>,
    /// Why it was refused, in the server's words.
    pub message: Option<String>,
    /// The parts of the answer that the step shows, as YAML.
    pub answer: String,
}

impl RequestView {
    /// A request before it is sent.
    #[must_use]
    pub fn planned(request: &Request) -> Self {
        Self {
            client: request.client.clone(),
            command: request.command.clone(),
            request: request.request.clone(),
            body: request.body.as_ref().map(|body| body.replace(PLACEHOLDER, ENCODED)),
            outcome: None,
        }
    }
}

/// Who asks.
enum Client<'a> {
    /// A component, with the certificate of this id, if it has one.
    Component(Option<String>),
    /// Whoever the CSR of this name was signed for.
    Signed(&'a str),
    /// Whoever holds this token.
    Token(&'a str),
}

impl Lab {
    /// What is wrong with the name of a request's client.
    pub(super) fn unknown_client(&self, client: &str) -> Option<String> {
        self.client_of(client).err().map(|error| error.to_string())
    }

    fn client_of<'a>(&self, name: &'a str) -> Result<Client<'a>, LabError> {
        if let Some(signed) = name.strip_prefix("csr/") {
            return Ok(Client::Signed(signed));
        }
        if let Some(token) = name.strip_prefix("token/") {
            return Ok(Client::Token(token));
        }
        Ok(Client::Component(self.plan.connect(name, SERVER)?.credential))
    }

    /// Does a request step.
    pub(super) fn request_step(
        &self,
        lesson: &Lesson,
        step: &Step,
        request: &Request,
        cancel: &Cancel,
    ) -> Result<StepReport, LabError> {
        let made_first = self.make_for_requests(lesson, step, cancel)?;
        let (outcome, certificate) = self.asked(lesson, step, request)?;
        let (expected, observed) = compare(request, &outcome, certificate.as_ref());
        let view = RequestView { outcome: Some(outcome), ..RequestView::planned(request) };
        let mut panels = vec![Panel::Request(Box::new(view))];
        panels.extend(certificate.map(Panel::Artifact));
        let panels = self.around(step, panels)?;
        Ok(StepReport { ok: expected == observed, expected, observed, artifacts: 0, made_first, panels })
    }

    /// The status that a request step comes to.
    pub(super) fn status_of(
        &self,
        lesson: &Lesson,
        step: &Step,
        cancel: &Cancel,
    ) -> Result<String, LabError> {
        let Action::Request(request) = &step.action else { return Ok(String::new()) };
        self.make_for_requests(lesson, step, cancel)?;
        Ok(self.asked(lesson, step, request)?.0.status.to_string())
    }

    /// Makes what the requests up to this step need and is not there: its ids.
    fn make_for_requests(
        &self,
        lesson: &Lesson,
        step: &Step,
        cancel: &Cancel,
    ) -> Result<Vec<String>, LabError> {
        let authority = &self.plan.connect("admin", SERVER)?.server.client_authority;
        let mut needed = Vec::new();
        if authority_chain(self.store(), &self.plan, authority).is_err() {
            needed.push(authority.clone());
        }
        for request in requests(lesson, step).into_iter().map(|(_, request)| request) {
            let Client::Component(Some(id)) = self.client_of(&request.client)? else { continue };
            if !needed.contains(&id) && credential(self.store(), &self.plan, &id).is_err() {
                needed.push(id);
            }
        }
        if !needed.is_empty() {
            self.make(&Selection::Only(needed.clone()), cancel, &|_| ())?;
        }
        Ok(needed)
    }

    /// Sends a step's request to a cluster to which the lesson's earlier ones were sent.
    fn asked(
        &self,
        lesson: &Lesson,
        step: &Step,
        request: &Request,
    ) -> Result<(RequestOutcome, Option<ArtifactView>), LabError> {
        let (cluster, _) = Cluster::open(self.cluster_settings(false, None)?, None)?;
        for (earlier, request) in requests(lesson, step) {
            if earlier.id != step.id {
                self.send(&cluster, request)?;
            }
        }
        let (response, answer) = self.send(&cluster, request)?;
        let certificate =
            cluster::certificate_of(&answer).map(|der| self.signed_view(&answer, der)).transpose()?;
        let is_refusal = response.status >= 400;
        let outcome = RequestOutcome {
            status: response.status,
            identity: response.identity.map(|identity| (identity.user, identity.groups)),
            decision: response.decision.map(|decision| match decision.reason.as_str() {
                "" => decision.by.to_string(),
                reason => format!("{}: {reason}", decision.by),
            }),
            message: is_refusal.then(|| answer.text("message").to_owned()),
            answer: if is_refusal { String::new() } else { parts(&answer, &request.shows) },
        };
        Ok((outcome, certificate))
    }

    /// Sends one request; the answer with its body apart.
    fn send(&self, cluster: &Arc<Cluster>, request: &Request) -> Result<(cluster::Response, Json), LabError> {
        let (method, path) = request.line();
        let mut sent = cluster::Request::new(method, path).header("User-Agent", "kubectl");
        if let Some(body) = &request.body {
            let mut body = body.clone();
            if let Some(asked) = &request.csr {
                let key = PrivateKey::generate(KeyAlgorithm::P256)?;
                let der = pki::leaf_csr(&asked.subject, &asked.names, &key)?;
                body = body.replace(PLACEHOLDER, &STANDARD.encode(pki::pem("CERTIFICATE REQUEST", &der)));
            }
            sent = match method {
                "PATCH" => sent.with_body("application/merge-patch+json", as_json(&body)?),
                _ => sent.with_body("application/yaml", body),
            };
        }
        let chain = match self.client_of(&request.client)? {
            Client::Component(None) => Vec::new(),
            Client::Component(Some(id)) => credential(self.store(), &self.plan, &id)?.chain,
            Client::Signed(name) => cluster.signed(name).into_iter().collect(),
            Client::Token(token) => {
                sent = sent.header("Authorization", &format!("Bearer {token}"));
                Vec::new()
            }
        };
        let mut response = cluster.handle(&Sent::parse(chain), &sent);
        let body = std::mem::replace(&mut response.body, Body::Whole(Vec::new()));
        let answer = match &body {
            Body::Whole(bytes) => serde_json::from_slice(bytes).unwrap_or_default(),
            Body::Watch(_) => Json::Null,
        };
        Ok((response, answer))
    }

    /// The certificate that stands in an answer.
    fn signed_view(&self, answer: &Json, der: Vec<u8>) -> Result<ArtifactView, LabError> {
        let focus = ["issuer", "subject", "extendedKeyUsage", "notAfter"].map(str::to_owned);
        let fields = certificate_fields(&der)?.into_iter().map(|field| view(field, &focus, None)).collect();
        let id = format!("csr/{}", answer.text("metadata.name"));
        Ok(ArtifactView { id, path: "status.certificate".into(), made: true, der: Some(der), fields })
    }
}

/// The requests of a lesson up to this step, this one included.
fn requests<'a>(lesson: &'a Lesson, step: &Step) -> Vec<(&'a Step, &'a Request)> {
    let place = lesson.steps.iter().position(|own| own.id == step.id).map_or(0, |place| place + 1);
    let upto = lesson.steps.iter().take(place);
    upto.filter_map(|step| match &step.action {
        Action::Request(request) => Some((step, request)),
        _ => None,
    })
    .collect()
}

fn as_json(yaml: &str) -> Result<Vec<u8>, LabError> {
    let value: Json = serde_saphyr::from_str(yaml)
        .map_err(|error| LabError::Request(format!("the `body` is no YAML: {error}")))?;
    Ok(value.compact().into_bytes())
}

/// The parts of an object, as YAML below their paths; long values are cut.
fn parts(answer: &Json, paths: &[String]) -> String {
    let part = |path: &String| {
        let value = shortened(answer.at(path)?);
        let name = path.rsplit('.').next().unwrap_or(path);
        serde_saphyr::to_string(&Json::Object(vec![(name.to_owned(), value)])).ok()
    };
    paths.iter().filter_map(part).collect()
}

fn shortened(value: &Json) -> Json {
    match value {
        Json::String(text) if text.chars().count() > LONGEST && !text.contains(' ') => {
            let beginning: String = text.chars().take(LONGEST - 8).collect();
            Json::String(format!("{beginning}…"))
        }
        Json::Array(items) => Json::Array(items.iter().map(shortened).collect()),
        Json::Object(fields) => {
            Json::Object(fields.iter().map(|(key, value)| (key.clone(), shortened(value))).collect())
        }
        other => other.clone(),
    }
}

/// What was declared and what happened, in the same words: equal if they agree.
fn compare(
    request: &Request,
    outcome: &RequestOutcome,
    certificate: Option<&ArtifactView>,
) -> (String, String) {
    let expect = &request.expect;
    let mut expected = vec![expect.outcome.clone()];
    let mut observed = vec![outcome.status.to_string()];
    if let Some(user) = &expect.user {
        expected.push(format!("user {user}"));
        observed.push(format!("user {}", outcome.identity.as_ref().map_or("nobody", |(user, _)| user)));
    }
    if let Some(groups) = &expect.groups {
        let seen = outcome.identity.as_ref().map(|(_, groups)| groups.join(" ")).unwrap_or_default();
        expected.push(format!("groups {}", groups.join(" ")));
        observed.push(format!("groups {seen}"));
    }
    if let Some(message) = &expect.message {
        let words = [outcome.message.as_deref(), outcome.decision.as_deref(), Some(&outcome.answer)];
        let words: Vec<&str> = words.into_iter().flatten().filter(|text| !text.is_empty()).collect();
        let heard = words.iter().any(|text| text.contains(message.as_str()));
        expected.push(format!("saying {message:?}"));
        observed.push(match heard {
            true => format!("saying {message:?}"),
            false => format!("saying {:?}", words.join(" | ")),
        });
    }
    for (name, wanted) in &request.certificate {
        let field = certificate.and_then(|view| view.fields.iter().find(|field| field.name == *name));
        expected.push(format!("{name}={wanted}"));
        observed.push(format!("{name}={}", field.map_or("-", |field| field.value.as_str())));
    }
    (expected.join(", "), observed.join(", "))
}
