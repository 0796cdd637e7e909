//! Refusals, as `Status` objects (apimachinery/pkg/api/errors, …/util/validation/field).

use crate::access::api::{ApiGroup, ApiResource};
use crate::access::{Json, Resource};
use crate::text::quote;

use super::message::Response;

/// One thing wrong with an object: field, kind of mistake, words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cause {
    field: String,
    reason: &'static str,
    message: String,
}

impl Cause {
    /// A field that must be there.
    pub(super) fn required(field: &str, detail: &str) -> Self {
        let message =
            if detail.is_empty() { "Required value".into() } else { format!("Required value: {detail}") };
        Self { field: field.into(), reason: "FieldValueRequired", message }
    }

    /// A value that does not do; a text is shown in quotes.
    pub(super) fn invalid(field: &str, value: &Json, detail: &str) -> Self {
        let shown = match value {
            Json::String(text) => quote(text),
            other => other.compact(),
        };
        let message = format!("Invalid value: {shown}: {detail}");
        Self { field: field.into(), reason: "FieldValueInvalid", message }
    }

    /// A value that is none of those that are known.
    pub(super) fn unsupported(field: &str, value: &str, known: &[&str]) -> Self {
        let mut known: Vec<String> = known.iter().map(|word| quote(word)).collect();
        known.sort();
        let message = format!("Unsupported value: {}: supported values: {}", quote(value), known.join(", "));
        Self { field: field.into(), reason: "FieldValueNotSupported", message }
    }

    /// What must not be there.
    pub(super) fn forbidden(field: &str, detail: &str) -> Self {
        Self { field: field.into(), reason: "FieldValueForbidden", message: format!("Forbidden: {detail}") }
    }

    /// More than there may be.
    pub(super) fn too_long(field: &str, limit: usize) -> Self {
        let message = format!("Too long: may not be more than {limit} bytes");
        Self { field: field.into(), reason: "FieldValueTooLong", message }
    }

    /// What is named and is not there.
    pub(super) fn not_found(field: &str, value: &str) -> Self {
        Self {
            field: field.into(),
            reason: "FieldValueNotFound",
            message: format!("Not found: {}", quote(value)),
        }
    }

    /// A value that is there twice.
    pub(super) fn duplicate(field: &str, value: &str) -> Self {
        Self {
            field: field.into(),
            reason: "FieldValueDuplicate",
            message: format!("Duplicate value: {}", quote(value)),
        }
    }

    /// Likewise, a value that is no text.
    pub(super) fn duplicate_value(field: &str, value: &Json) -> Self {
        let message = format!("Duplicate value: {}", value.compact());
        Self { field: field.into(), reason: "FieldValueDuplicate", message }
    }

    fn words(&self) -> String {
        format!("{}: {}", self.field, self.message)
    }
}

/// A refusal.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Failure {
    pub(super) code: u16,
    pub(super) reason: &'static str,
    pub(super) message: String,
    details: Option<Json>,
}

/// What a request leads to.
pub(super) type Answer<T = Response> = Result<T, Failure>;

/// `pods`, `deployments.apps`.
pub(super) fn qualified(group: &str, resource: &str) -> String {
    if group.is_empty() { resource.to_owned() } else { format!("{resource}.{group}") }
}

fn details(name: &str, group: &str, kind: &str) -> Json {
    let mut details = Json::Object(Vec::new());
    for (key, value) in [("name", name), ("group", group), ("kind", kind)] {
        if !value.is_empty() {
            details.set(key, value);
        }
    }
    details
}

impl Failure {
    fn new(code: u16, reason: &'static str, message: impl Into<String>, details: Option<Json>) -> Self {
        Self { code, reason, message: message.into(), details }
    }

    /// 401: nobody that is known.
    pub(super) fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized", None)
    }

    /// 403 of the authorizers: the whole message is theirs.
    pub(super) fn forbidden_request(resource: Option<&Resource>, message: String) -> Self {
        let details = resource.map_or_else(
            || Json::Object(Vec::new()),
            |asked| details(&asked.name, &asked.group, &asked.resource),
        );
        Self::new(403, "Forbidden", message, Some(details))
    }

    /// 403 of admission: `pods "x" is forbidden: WHY`.
    pub(super) fn forbidden(group: &str, resource: &str, name: &str, why: &str) -> Self {
        let what = qualified(group, resource);
        let what = if name.is_empty() { what } else { format!("{what} {}", quote(name)) };
        Self::new(
            403,
            "Forbidden",
            format!("{what} is forbidden: {why}"),
            Some(details(name, group, resource)),
        )
    }

    /// 404 of one object.
    pub(super) fn not_found(group: &str, resource: &str, name: &str) -> Self {
        let message = format!("{} {} not found", qualified(group, resource), quote(name));
        Self::new(404, "NotFound", message, Some(details(name, group, resource)))
    }

    /// 404 of a resource that is not served.
    pub(super) fn no_resource() -> Self {
        let message = "the server could not find the requested resource";
        Self::new(404, "NotFound", message, Some(Json::Object(Vec::new())))
    }

    /// 405.
    pub(super) fn method_not_allowed() -> Self {
        let message = "the server does not allow this method on the requested resource";
        Self::new(405, "MethodNotAllowed", message, Some(Json::Object(Vec::new())))
    }

    /// 400.
    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message, None)
    }

    /// 409: the name is taken.
    pub(super) fn already_exists(group: &str, resource: &str, name: &str) -> Self {
        let message = format!("{} {} already exists", qualified(group, resource), quote(name));
        Self::new(409, "AlreadyExists", message, Some(details(name, group, resource)))
    }

    /// 409: someone else was faster.
    pub(super) fn conflict(group: &str, resource: &str, name: &str, why: &str) -> Self {
        let what = qualified(group, resource);
        let message = format!("Operation cannot be fulfilled on {what} {}: {why}", quote(name));
        Self::new(409, "Conflict", message, Some(details(name, group, resource)))
    }

    /// 409: others want the same fields otherwise.
    pub(super) fn apply_conflict(message: String, causes: Vec<Json>) -> Self {
        Self::new(409, "Conflict", message, Some(Json::object([("causes", causes.into())])))
    }

    /// 410: the events asked for are gone.
    pub(super) fn expired(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message, None)
    }

    /// 504: a revision that is still to come (apiserver/pkg/storage/errors.go,
    /// `NewTooLargeResourceVersionError`).
    pub(super) fn too_large_revision(wanted: u64, own: u64) -> Self {
        let cause = Json::object([
            ("reason", "ResourceVersionTooLarge".into()),
            ("message", "Too large resource version".into()),
        ]);
        let details = Json::object([("causes", vec![cause].into()), ("retryAfterSeconds", Json::integer(1))]);
        let message = format!("Timeout: Too large resource version: {wanted}, current: {own}");
        Self::new(504, "Timeout", message, Some(details))
    }

    /// 406.
    pub(super) fn not_acceptable(known: &str) -> Self {
        let message = format!("only the following media types are accepted: {known}");
        Self::new(406, "NotAcceptable", message, None)
    }

    /// 413.
    pub(super) fn too_large(limit: usize) -> Self {
        let message = format!("Request entity too large: limit is {limit}");
        Self::new(413, "RequestEntityTooLarge", message, None)
    }

    /// 415.
    pub(super) fn unsupported_media(known: &str) -> Self {
        let message = format!(
            "the body of the request was in an unknown format - accepted media types include: {known}"
        );
        Self::new(415, "UnsupportedMediaType", message, None)
    }

    /// 422 without causes: a patch that cannot be applied.
    pub(super) fn unprocessable(message: impl Into<String>) -> Self {
        Self::new(422, "Invalid", message, Some(Json::Object(Vec::new())))
    }

    /// 422: the object makes no sense.
    pub(super) fn invalid(group: &str, kind: &str, name: &str, causes: &[Cause]) -> Self {
        let mut words: Vec<String> = Vec::new();
        for cause in causes.iter().map(Cause::words) {
            if !words.contains(&cause) {
                words.push(cause);
            }
        }
        let words = match words.as_slice() {
            [one] => one.clone(),
            several => format!("[{}]", several.join(", ")),
        };
        let message = format!("{} {} is invalid: {words}", qualified(group, kind), quote(name));
        let list: Vec<Json> = causes
            .iter()
            .map(|cause| {
                Json::object([
                    ("reason", cause.reason.into()),
                    ("message", cause.message.as_str().into()),
                    ("field", cause.field.as_str().into()),
                ])
            })
            .collect();
        Self::new(422, "Invalid", message, Some(details(name, group, kind).with("causes", list)))
    }

    /// 500: the machine failed.
    pub(super) fn internal(message: impl Into<String>) -> Self {
        let message = message.into();
        let cause = Json::object([("message", message.as_str().into())]);
        let details = Json::object([("causes", vec![cause].into())]);
        let message = format!("Internal error occurred: {message}");
        Self::new(500, "InternalError", message, Some(details))
    }

    /// 500: an error of Go's that says no more than its words.
    pub(super) fn unknown(message: impl Into<String>) -> Self {
        Self::new(500, "", message, None)
    }

    /// What another server answered, as the API server passes it on
    /// (apimachinery/pkg/api/errors, `NewGenericServerResponse`).
    pub(super) fn of_server(status: u16, text: &str) -> Self {
        let (reason, message) = match status {
            401 => ("Unauthorized", "the server has asked for the client to provide credentials"),
            403 => ("Forbidden", text),
            404 => ("NotFound", "the server could not find the requested resource"),
            _ => ("InternalError", "an error on the server has prevented the request from succeeding"),
        };
        let cause = Json::object([("reason", "UnexpectedServerResponse".into()), ("message", text.into())]);
        Self::new(status, reason, message, Some(Json::object([("causes", vec![cause].into())])))
    }

    /// 501: what this lab does not play.
    pub(super) fn not_played(what: &str) -> Self {
        Self::not_implemented(format!("this lab does not play {what}; a real cluster does"))
    }

    /// 501.
    pub(super) fn not_implemented(message: impl Into<String>) -> Self {
        Self::new(501, "NotImplemented", message, None)
    }

    /// The `Status` object.
    pub(super) fn status(&self) -> Json {
        let mut status = Json::object([
            ("kind", "Status".into()),
            ("apiVersion", "v1".into()),
            ("metadata", Json::Object(Vec::new())),
            ("status", "Failure".into()),
            ("message", self.message.as_str().into()),
        ]);
        if !self.reason.is_empty() {
            status.set("reason", self.reason);
        }
        if let Some(details) = &self.details {
            status.set("details", details.clone());
        }
        status.with("code", u64::from(self.code))
    }

    /// The answer.
    pub(super) fn response(&self) -> Response {
        Response::json(self.code, &self.status())
    }
}

/// A resource as a refusal and a handler need it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Served {
    pub(super) group: &'static ApiGroup,
    pub(super) resource: &'static ApiResource,
}
