//! Questions that are asked by creating an object: who am I, may I, may they, is this token
//! good (pkg/registry/authentication, pkg/registry/authorization).

use crate::access::{Attributes, Identity, Json, Rule, aggregate, authorize};

use super::failure::{Answer, Cause, Failure};
use super::handler::Context;
use super::managed::{self, Writer};
use super::message::Response;
use super::{decode, token};

/// Answers a review; `None` if the resource is none.
pub(super) fn serve(context: &Context<'_>) -> Option<Answer> {
    if context.verb != "create" || !context.asked.subresource.is_empty() {
        return None;
    }
    Some(match (context.served.group.name.as_str(), context.served.name()) {
        ("authentication.k8s.io", "selfsubjectreviews") => own_identity(context),
        ("authentication.k8s.io", "tokenreviews") => token_review(context),
        ("authorization.k8s.io", "selfsubjectaccessreviews") => {
            access(context, |_| Ok(context.identity.clone()))
        }
        ("authorization.k8s.io", "subjectaccessreviews") => access(context, subject),
        ("authorization.k8s.io", "localsubjectaccessreviews") => access(context, subject),
        ("authorization.k8s.io", "selfsubjectrulesreviews") => rules(context),
        _ => return None,
    })
}

fn created(body: &Json) -> Answer {
    Ok(Response::json(201, body))
}

/// An identity as `userInfo` has it.
pub(super) fn user_info(identity: &Identity) -> Json {
    let mut user = Json::object([("username", identity.user.as_str().into())]);
    if let Some(uid) = &identity.uid {
        user.set("uid", uid.as_str());
    }
    if !identity.groups.is_empty() {
        user.set("groups", Json::strings(&identity.groups));
    }
    if !identity.extra.is_empty() {
        let extra = identity.extra.iter().map(|(key, values)| (key.clone(), Json::strings(values)));
        user.set("extra", Json::Object(extra.collect()));
    }
    user
}

fn own_identity(context: &Context<'_>) -> Answer {
    decode::object(context.served, context.request)?;
    let metadata = Json::object([("creationTimestamp", context.cluster.stamp().into())]);
    created(&Json::object([
        ("kind", "SelfSubjectReview".into()),
        ("apiVersion", "authentication.k8s.io/v1".into()),
        ("metadata", metadata),
        ("status", Json::object([("userInfo", user_info(context.identity))])),
    ]))
}

fn token_review(context: &Context<'_>) -> Answer {
    let mut review = decode::object(context.served, context.request)?;
    let bearer = review.text("spec.token");
    if bearer.is_empty() {
        return Err(Failure::bad_request("token is required for TokenReview in authentication"));
    }
    let status = match token::identity(context.cluster, bearer) {
        Ok(identity) => {
            let mut status = Json::object([("authenticated", true.into()), ("user", user_info(&identity))]);
            if let Some(key) = &context.cluster.settings.accounts {
                status.set("audiences", Json::strings([key.issuer()]));
            }
            status
        }
        Err(error) => {
            let error = aggregate(&[token::INVALID.to_owned(), error]).unwrap_or_default();
            Json::object([("user", Json::Object(Vec::new())), ("error", error.into())])
        }
    };
    review.set("status", status);
    finish(context, review)
}

/// The review with its metadata, as it goes back.
fn finish(context: &Context<'_>, mut review: Json) -> Answer {
    let status = review.take("status");
    let (manager, time) = (context.request.manager(), context.cluster.stamp());
    let writer = Writer { manager: &manager, operation: "Update", subresource: "", time: &time };
    let metadata = review.path_mut(&["metadata"]);
    if !matches!(metadata, Json::Object(_)) {
        *metadata = Json::Object(Vec::new());
    }
    managed::note(&[], None, &mut review, writer);
    review.set("status", status.unwrap_or_default());
    let order = ["kind", "apiVersion", "metadata", "spec", "status"];
    let fields = order.iter().filter_map(|key| Some(((*key).to_owned(), review.get(key)?.clone())));
    created(&Json::Object(fields.collect()))
}

/// Whom a SubjectAccessReview is about.
fn subject(spec: &Json) -> Answer<Identity> {
    Ok(identity(spec.text("user"), spec))
}

/// The identity that a `userInfo` tells of.
pub(super) fn identity_of(user: &Json) -> Identity {
    identity(user.text("username"), user)
}

fn identity(name: &str, about: &Json) -> Identity {
    let extra = about.get("extra").map(Json::fields).unwrap_or_default();
    let values = |values: &Json| -> Vec<String> {
        let Json::Array(values) = values else { return Vec::new() };
        values.iter().filter_map(Json::as_text).map(str::to_owned).collect()
    };
    Identity {
        user: name.to_owned(),
        groups: about.texts("groups"),
        uid: Some(about.text("uid").to_owned()).filter(|uid| !uid.is_empty()),
        extra: extra.iter().map(|(key, all)| (key.clone(), values(all))).collect(),
    }
}

fn access(context: &Context<'_>, who: impl FnOnce(&Json) -> Answer<Identity>) -> Answer {
    let mut review = decode::object(context.served, context.request)?;
    let none = Json::Object(Vec::new());
    let spec = review.get("spec").unwrap_or(&none);
    let identity = who(spec)?;
    let kind = context.served.resource.kind.as_str();
    let causes = faults(spec, kind != "SelfSubjectAccessReview");
    if !causes.is_empty() {
        return Err(Failure::invalid("authorization.k8s.io", kind, "", &causes));
    }
    if kind == "LocalSubjectAccessReview" && spec.text("resourceAttributes.namespace") != context.namespace {
        let field = "spec.resourceAttributes.namespace";
        let own = spec.text("resourceAttributes.namespace").into();
        let cause =
            Cause::invalid(field, &own, &format!("must match metadata.namespace: {}", context.namespace));
        return Err(Failure::invalid("authorization.k8s.io", kind, "", &[cause]));
    }
    let decision = authorize(&identity, &Attributes::of_review(spec), &context.cluster.read().policy);
    let mut status = Json::object([("allowed", decision.allowed.into())]);
    if !decision.reason.is_empty() {
        status.set("reason", decision.reason.as_str());
    }
    review.set("status", status);
    finish(context, review)
}

/// What is wrong with a question (pkg/apis/authorization/validation).
fn faults(spec: &Json, names_user: bool) -> Vec<Cause> {
    let mut causes = Vec::new();
    let (resource, path) = (spec.get("resourceAttributes"), spec.get("nonResourceAttributes"));
    match (resource, path) {
        (Some(_), Some(_)) => causes.push(Cause::invalid(
            "spec.nonResourceAttributes",
            path.unwrap_or(&Json::Null),
            "cannot be specified in combination with resourceAttributes",
        )),
        (None, None) => causes.push(Cause::invalid(
            "spec.resourceAttributes",
            &Json::Null,
            "exactly one of nonResourceAttributes or resourceAttributes must be specified",
        )),
        _ => {}
    }
    if names_user && spec.text("user").is_empty() && spec.list("groups").is_empty() {
        causes.push(Cause::invalid(
            "spec.user",
            &"".into(),
            "at least one of user or group must be specified",
        ));
    }
    causes
}

/// All that a user may do in a namespace, as far as it is written down.
fn rules(context: &Context<'_>) -> Answer {
    let review = decode::object(context.served, context.request)?;
    let namespace = review.text("spec.namespace");
    if namespace.is_empty() {
        return Err(Failure::bad_request("no namespace on request"));
    }
    let store = context.cluster.read();
    let (rules, errors) = store.policy.rbac.rules(context.identity, namespace);
    let lists = |rule: &Rule, lists: &[(&str, &[String])]| {
        let mut object = Json::object([("verbs", Json::strings(&rule.verbs))]);
        for (key, list) in lists.iter().filter(|(_, list)| !list.is_empty()) {
            object.set(key, Json::strings(*list));
        }
        object
    };
    let resources: Vec<Json> = rules
        .iter()
        .filter(|rule| !rule.resources.is_empty())
        .map(|rule| {
            let own = [
                ("apiGroups", rule.groups.as_slice()),
                ("resources", &rule.resources),
                ("resourceNames", &rule.names),
            ];
            lists(rule, &own)
        })
        .collect();
    let paths: Vec<Json> = rules
        .iter()
        .filter(|rule| !rule.urls.is_empty())
        .map(|rule| lists(rule, &[("nonResourceURLs", &rule.urls)]))
        .collect();
    // What RBAC does not hold and the API server lists all the same, for whoever asks (1.36.2).
    let known = ["/.well-known", "/.well-known/*"];
    let listed = Json::object([("verbs", Json::strings(["get"])), ("nonResourceURLs", Json::strings(known))]);
    let paths: Vec<Json> = paths.into_iter().chain([listed]).collect();
    let is_node = context.identity.node().is_some();
    let mut status = Json::object([
        ("resourceRules", resources.into()),
        ("nonResourceRules", paths.into()),
        ("incomplete", (is_node || !errors.is_empty()).into()),
    ]);
    let mut errors = errors;
    if is_node {
        errors.insert(0, "node authorizer does not support user rule resolution".into());
    }
    if !errors.is_empty() {
        status.set("evaluationError", errors.join(", "));
    }
    created(&Json::object([
        ("kind", "SelfSubjectRulesReview".into()),
        ("apiVersion", "authorization.k8s.io/v1".into()),
        ("metadata", Json::Object(Vec::new())),
        ("spec", Json::Object(Vec::new())),
        ("status", status),
    ]))
}
