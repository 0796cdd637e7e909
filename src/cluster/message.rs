//! A request as it came over the wire, and an answer as it goes back.

use crate::access::{Decision, Identity, Json, Recognition, unescape};

use super::watch::Watch;

/// An HTTP request, whole.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// `GET`, `POST`, …
    pub method: String,
    /// Path, and query after `?`.
    pub target: String,
    /// The headers: names in any case, values as text.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    /// A request without headers or body.
    #[must_use]
    pub fn new(method: &str, target: &str) -> Self {
        Self { method: method.to_owned(), target: target.to_owned(), ..Self::default() }
    }

    /// This request with one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// This request with a body of this media type.
    #[must_use]
    pub fn with_body(mut self, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.header("Content-Type", media_type)
    }

    /// The values of a header, in order.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers
            .iter()
            .filter(move |(own, _)| own.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The first value of a header; empty without one.
    #[must_use]
    pub fn value<'a>(&'a self, name: &'a str) -> &'a str {
        self.values(name).next().unwrap_or_default()
    }

    /// The media type of the body, in lower case and without parameters; JSON if none is said.
    #[must_use]
    pub fn media_type(&self) -> String {
        let full = self.value("content-type");
        let kind = full.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if kind.is_empty() { "application/json".to_owned() } else { kind }
    }

    /// The first value of a key of the query; `None` without one.
    #[must_use]
    pub fn query(&self, key: &str) -> Option<String> {
        self.query_values(key).next()
    }

    /// Every value of a key of the query.
    pub fn query_values<'a>(&'a self, key: &'a str) -> impl Iterator<Item = String> + 'a {
        let query = self.target.split_once('?').map_or("", |(_, query)| query);
        query
            .split('&')
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .filter(move |(name, _)| unescape(name, true) == key)
            .map(|(_, value)| unescape(value, true))
    }

    /// Whether a key of the query says yes: there, and neither `0` nor `false`.
    #[must_use]
    pub fn asks(&self, key: &str) -> bool {
        self.query(key).is_some_and(|value| value != "0" && !value.eq_ignore_ascii_case("false"))
    }

    /// The manager that the fields of this request belong to: the program's name in
    /// `User-Agent`, or what `fieldManager` says.
    #[must_use]
    pub fn manager(&self) -> String {
        let agent = self.value("user-agent").split('/').next().unwrap_or_default();
        let named = self.query("fieldManager").filter(|name| !name.is_empty());
        named.unwrap_or_else(|| if agent.is_empty() { "unknown".into() } else { agent.into() })
    }
}

/// What stands in an answer.
#[derive(Debug)]
pub enum Body {
    /// Everything at once.
    Whole(Vec<u8>),
    /// Events as they come.
    Watch(Box<Watch>),
}

/// An answer, and how it came about.
#[derive(Debug)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The media type.
    pub content_type: String,
    /// Further headers.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Body,
    /// What each authenticator that was asked said.
    pub recognitions: Vec<Recognition>,
    /// Who the server took the client for; `None` when it was refused.
    pub identity: Option<Identity>,
    /// Who asked to be taken for that one (`Impersonate-User`), where somebody did.
    pub impersonator: Option<Identity>,
    /// How the request was authorized, where it came to that.
    pub decision: Option<Decision>,
    /// What the log says of the credentials, where they were refused.
    pub error: Option<String>,
}

/// The media type of JSON.
pub(super) const JSON: &str = "application/json";

impl Response {
    /// A whole body.
    pub(super) fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            content_type: content_type.to_owned(),
            headers: Vec::new(),
            body: Body::Whole(body.into()),
            recognitions: Vec::new(),
            identity: None,
            impersonator: None,
            decision: None,
            error: None,
        }
    }

    /// JSON, on one line with a newline behind it, as clients of kube-apiserver get it.
    pub(super) fn json(status: u16, body: &Json) -> Self {
        Self::new(status, JSON, body.compact() + "\n")
    }

    /// This answer with a warning for each of these (RFC 7234, section 5.5; code 299).
    pub(super) fn warn(mut self, warnings: &[String]) -> Self {
        for warning in warnings {
            let escaped = warning.replace('\\', "\\\\").replace('"', "\\\"");
            self.headers.push(("Warning", format!("299 - \"{escaped}\"")));
        }
        self
    }

    /// The body's text, if it is whole.
    #[must_use]
    pub fn text(&self) -> String {
        match &self.body {
            Body::Whole(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Body::Watch(_) => String::new(),
        }
    }
}
