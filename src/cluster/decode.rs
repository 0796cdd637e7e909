//! Bodies: JSON, YAML and protobuf, read into objects of the resource they were sent to
//! (apiserver/pkg/endpoints/handlers/create.go, …/rest.go `transformDecodeError`).

use crate::access::{Json, api};
use crate::text::quote;

use super::failure::{Answer, Cause, Failure, Served};
use super::message::Request;
use super::protobuf;
use super::typed::{self, Faults, Words};

/// The media types that bodies may have.
const BODIES: &str = "application/json, application/yaml, application/vnd.kubernetes.protobuf";
/// The deepest nesting that is read, as serde_json's own bound.
const DEPTH: usize = 128;

/// The object in a request's body, of this kind.
pub(super) fn object(served: Served, request: &Request) -> Answer<Json> {
    checked(served, request).map(|(object, _)| object)
}

/// The object in a request's body, of this kind, and the fields that its kind has not where the
/// client is to be warned of them.
pub(super) fn checked(served: Served, request: &Request) -> Answer<(Json, Faults)> {
    let (kind, version) = kind_of(served);
    let mut object = value(&kind, request)?;
    if !matches!(object, Json::Object(_)) {
        let what = match object {
            Json::Array(_) => "array",
            Json::String(_) => "string",
            Json::Number(_) => "number",
            _ => "bool",
        };
        let why = format!(
            "json: cannot unmarshal {what} into Go value of type struct {{ APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }}"
        );
        return Err(unreadable(&kind, &request.body, &why));
    }
    let (own_kind, own_version) = (object.text("kind").to_owned(), object.text("apiVersion").to_owned());
    if own_kind.is_empty() || own_version.is_empty() {
        // What is left out is that of the resource.
        let mut whole = Json::object([
            ("kind", if own_kind.is_empty() { &kind } else { &own_kind }.as_str().into()),
            ("apiVersion", if own_version.is_empty() { &version } else { &own_version }.as_str().into()),
        ]);
        object.take("kind");
        object.take("apiVersion");
        if let (Json::Object(fields), Json::Object(rest)) = (&mut whole, object) {
            fields.extend(rest);
        }
        object = whole;
    }
    check_kind(&kind, &version, &object)?;
    let mut faults = Vec::new();
    typed::settle(&mut object, Words::Decoder, &mut faults).map_err(|why| unfit(&kind, &version, &why))?;
    match validation(request)? {
        Validation::Strict if !faults.is_empty() => {
            Err(unfit(&kind, &version, &format!("strict decoding error: {}", faults.join(", "))))
        }
        Validation::Warn => Ok((object, faults)),
        _ => Ok((object, Vec::new())),
    }
}

/// An object that cannot become one of its kind.
fn unfit(kind: &str, version: &str, why: &str) -> Failure {
    let number = version.rsplit('/').next().unwrap_or_default();
    Failure::bad_request(format!("{kind} in version {} cannot be handled as a {kind}: {why}", quote(number)))
}

/// What happens where an object has fields that its kind has not (`fieldValidation`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Validation {
    Ignore,
    /// The client is warned; so it is where it does not say.
    Warn,
    Strict,
}

/// What a request says of it.
pub(super) fn validation(request: &Request) -> Answer<Validation> {
    match request.query("fieldValidation").as_deref() {
        None | Some("" | "Warn") => Ok(Validation::Warn),
        Some("Ignore") => Ok(Validation::Ignore),
        Some("Strict") => Ok(Validation::Strict),
        Some(other) => Err(Failure::invalid(
            "meta.k8s.io",
            if request.method == "POST" {
                "CreateOptions"
            } else if request.method == "PATCH" {
                "PatchOptions"
            } else {
                "UpdateOptions"
            },
            "",
            &[Cause::unsupported("fieldValidation", other, &["", "Ignore", "Strict", "Warn"])],
        )),
    }
}

/// The kind and apiVersion that a resource takes.
pub(super) fn kind_of(served: Served) -> (String, String) {
    let version = match served.resource.kind_of.as_deref() {
        Some(other) => other.to_owned(),
        None => served.group.group_version(),
    };
    (served.resource.kind.clone(), version)
}

/// The value in a request's body.
pub(super) fn value(kind: &str, request: &Request) -> Answer<Json> {
    let body = request.body.as_slice();
    match request.media_type().as_str() {
        "application/json" => {
            serde_json::from_slice(body).map_err(|error| unreadable(kind, body, &go_json_error(body, &error)))
        }
        "application/yaml" | "application/x-yaml" | "text/yaml" => {
            yaml(body).map_err(|why| unreadable(kind, body, &format!("yaml: {why}")))
        }
        "application/vnd.kubernetes.protobuf" => {
            protobuf::decode(body).map_err(|why| unreadable(kind, body, &why))
        }
        _ => Err(Failure::unsupported_media(BODIES)),
    }
}

/// One YAML document.
pub(super) fn yaml(body: &[u8]) -> Result<Json, String> {
    let text = std::str::from_utf8(body).map_err(|_| "control characters are not allowed".to_owned())?;
    if text.lines().any(|line| line.len() - line.trim_start().len() > 4 * DEPTH) {
        return Err("exceeded max depth".to_owned());
    }
    serde_saphyr::from_str(text).map_err(|error| error.to_string())
}

fn unreadable(kind: &str, body: &[u8], why: &str) -> Failure {
    let why = format!("couldn't get version/kind; json parse error: {why}");
    let summary = summary(body);
    Failure::bad_request(format!(
        "the object provided is unrecognized (must be of type {kind}): {why} ({summary})"
    ))
}

/// The beginning of a body, as the API server quotes it: text of JSON, else in hexadecimal.
fn summary(body: &[u8]) -> String {
    const LENGTH: usize = 30;
    let end = if body.len() > LENGTH { " ..." } else { "" };
    let start = body.get(..LENGTH).unwrap_or(body);
    match body.first() {
        None => "<empty>".to_owned(),
        Some(b'{') => format!("{}{end}", String::from_utf8_lossy(start)),
        Some(_) => {
            let hexadecimal: String = start.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("{hexadecimal}{end}")
        }
    }
}

/// The error of Go's encoding/json for what serde_json refused.
pub(super) fn go_json_error(body: &[u8], error: &serde_json::Error) -> String {
    use serde_json::error::Category;
    if error.classify() == Category::Eof || body.is_empty() {
        return "unexpected end of JSON input".to_owned();
    }
    let lines = body.split(|byte| *byte == b'\n');
    let before: usize = lines.take(error.line().saturating_sub(1)).map(|line| line.len() + 1).sum();
    let at = (before + error.column()).saturating_sub(1);
    let Some(&byte) = body.get(at) else { return "unexpected end of JSON input".to_owned() };
    let shown = match byte {
        b'\'' => r"'\''".to_owned(),
        b'"' => "'\"'".to_owned(),
        0x20..0x7f => format!("'{}'", char::from(byte)),
        b'\n' => r"'\n'".to_owned(),
        b'\t' => r"'\t'".to_owned(),
        other => format!("'\\x{other:02x}'"),
    };
    let text = error.to_string();
    let place = match () {
        () if text.starts_with("trailing characters") => "after top-level value",
        () if text.starts_with("key must be a string") || text.starts_with("trailing comma") => {
            "looking for beginning of object key string"
        }
        () if text.starts_with("expected `:`") => "after object key",
        () if text.starts_with("expected `,` or `}`") => "after object key:value pair",
        () if text.starts_with("expected `,` or `]`") => "after array element",
        () if text.starts_with("control character") => "in string literal",
        () if text.starts_with("invalid escape") => "in string escape code",
        () if text.starts_with("invalid number") => "in numeric literal",
        () => "looking for beginning of value",
    };
    format!("invalid character {shown} {place}")
}

/// Whether an object is of the kind that a resource takes.
fn check_kind(kind: &str, version: &str, object: &Json) -> Answer<()> {
    let (own_kind, own_version) = (object.text("kind"), object.text("apiVersion"));
    if own_kind == kind && own_version == version {
        return Ok(());
    }
    let (own_group, own_number) = own_version.rsplit_once('/').unwrap_or(("", own_version));
    let (group, _) = version.rsplit_once('/').unwrap_or(("", version));
    let known = api::groups().iter().any(|served| {
        served.group_version() == own_version && served.resources.iter().any(|own| own.kind == own_kind)
    });
    if !known {
        return Err(Failure::bad_request(format!(
            "{own_kind} in version {} cannot be handled as a {kind}: no kind {} is registered for version {} in scheme \"k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30\"",
            quote(own_number),
            quote(own_kind),
            quote(own_version)
        )));
    }
    let conversion = |internal: &str| {
        Failure::bad_request(format!(
            "{own_kind} in version {} cannot be handled as a {kind}: converting ({}) to ({internal}): unknown conversion",
            quote(own_number),
            go_type(own_group, own_number, own_kind)
        ))
    };
    Err(conversion(&internal_type(group, kind)))
}

/// The Go type of a kind, `v1.Pod`.
fn go_type(_group: &str, version: &str, kind: &str) -> String {
    format!("{version}.{kind}")
}

/// The Go type of the unversioned form of a kind, `core.Pod`.
fn internal_type(group: &str, kind: &str) -> String {
    let package = if group.is_empty() { "core" } else { group.split('.').next().unwrap_or_default() };
    format!("{package}.{kind}")
}
