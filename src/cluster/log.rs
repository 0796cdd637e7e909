//! What the API server writes down: log lines in klog's form, and audit events
//! (k8s.io/klog, apiserver/pkg/server/httplog, apiserver/pkg/audit).

use std::net::SocketAddr;
use std::time::Duration;

use time::OffsetDateTime;

use crate::access::{Attributes, Json, Target};
use crate::text::quote;
use crate::trust::Sent;

use super::message::{Request, Response};
use super::reviews::user_info;

/// A request that was answered.
#[derive(Debug)]
pub struct Answered<'a> {
    /// The request.
    pub request: &'a Request,
    /// The answer.
    pub response: &'a Response,
    /// Where it came from.
    pub from: SocketAddr,
    /// The certificates that its client presented.
    pub chain: &'a Sent,
    /// Its number, as in the header `Audit-Id`.
    pub audit_id: &'a str,
    /// When it came.
    pub received: OffsetDateTime,
    /// How long it took.
    pub took: Duration,
}

/// What an API server has to tell.
#[derive(Debug)]
pub enum Told<'a> {
    /// A handshake that failed, and in which words.
    Handshake {
        /// Where the client is.
        from: SocketAddr,
        /// Why.
        error: &'a str,
    },
    /// A request that was answered.
    Answered(Answered<'a>),
}

/// The API server is the first process of its container.
const PROCESS: u32 = 1;

impl Told<'_> {
    /// The log's lines about it at a verbosity (`-v`): refused credentials at any, failed
    /// handshakes from 5 on, every request from 3 on.
    #[must_use]
    pub fn lines(&self, verbosity: u8, now: OffsetDateTime) -> Vec<String> {
        let mut lines = Vec::new();
        match self {
            Self::Handshake { from, error } => {
                if verbosity >= 5 {
                    let text = format!("http: TLS handshake error from {from}: {error}");
                    lines.push(line('I', now, PROCESS, "secure_serving.go:303", &text));
                }
            }
            Self::Answered(answered) => {
                if let Some(error) = &answered.response.error {
                    let text = format!("\"Unable to authenticate the request\" err={}", quote(error));
                    lines.push(line('E', now, PROCESS, "authentication.go:75", &text));
                }
                if verbosity >= 3 {
                    lines.push(line('I', now, PROCESS, "httplog.go:134", &answered.http()));
                }
            }
        }
        lines
    }
}

/// A line of kube-apiserver's log, or of another component in a container of its own.
#[must_use]
pub fn klog(severity: char, now: OffsetDateTime, place: &str, text: &str) -> String {
    line(severity, now, PROCESS, place, text)
}

/// A line as klog writes it: severity, time, process, file and line of the source, text.
pub(super) fn line(severity: char, now: OffsetDateTime, process: u32, place: &str, text: &str) -> String {
    let (month, day) = (u8::from(now.month()), now.day());
    let (hour, minute, second, micro) = (now.hour(), now.minute(), now.second(), now.microsecond());
    format!(
        "{severity}{month:02}{day:02} {hour:02}:{minute:02}:{second:02}.{micro:06}{process:>8} {place}] {text}"
    )
}

impl Answered<'_> {
    pub(super) fn attributes(&self) -> Option<Attributes> {
        Attributes::of_request(&self.request.method, &self.request.target).ok()
    }

    fn http(&self) -> String {
        let verb = match self.attributes() {
            Some(attributes) if matches!(attributes.target, Target::Resource(_)) => {
                attributes.verb.to_uppercase()
            }
            _ => self.request.method.clone(),
        };
        format!(
            "\"HTTP\" verb={} URI={} latency=\"{}\" userAgent={} audit-ID={} srcIP={} resp={}",
            quote(&verb),
            quote(&self.request.target),
            latency(self.took),
            quote(self.request.value("user-agent")),
            quote(self.audit_id),
            quote(&self.from.to_string()),
            self.response.status
        )
    }

    /// The audit event of the request at level Metadata, when its answer is complete.
    #[must_use]
    pub fn audit(&self) -> Json {
        let stamp = |moment: OffsetDateTime| {
            let format = time::macros::format_description!(
                "[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z"
            );
            moment.to_offset(time::UtcOffset::UTC).format(&format).unwrap_or_default()
        };
        let mut event = Json::object([
            ("kind", "Event".into()),
            ("apiVersion", "audit.k8s.io/v1".into()),
            ("level", "Metadata".into()),
            ("auditID", self.audit_id.into()),
            ("stage", "ResponseComplete".into()),
            ("requestURI", self.request.target.as_str().into()),
        ]);
        let attributes = self.attributes();
        event.set("verb", attributes.as_ref().map(|asked| asked.verb.as_str()).unwrap_or_default());
        let (identity, impersonator) = (&self.response.identity, &self.response.impersonator);
        let user = impersonator.as_ref().or(identity.as_ref());
        event.set("user", user.map(user_info).unwrap_or_else(|| Json::Object(Vec::new())));
        if let (Some(_), Some(other)) = (impersonator, identity) {
            event.set("impersonatedUser", user_info(other));
        }
        event.set("sourceIPs", Json::strings([self.from.ip().to_string()]));
        event.set("userAgent", self.request.value("user-agent"));
        if let Some(Attributes { target: Target::Resource(asked), .. }) = &attributes {
            let mut object = Json::Object(Vec::new());
            for (key, value) in [
                ("resource", &asked.resource),
                ("namespace", &asked.namespace),
                ("name", &asked.name),
                ("apiGroup", &asked.group),
                ("apiVersion", &asked.version),
                ("subresource", &asked.subresource),
            ] {
                if !value.is_empty() {
                    object.set(key, value.as_str());
                }
            }
            event.set("objectRef", object);
        }
        let mut status = Json::object([("metadata", Json::Object(Vec::new()))]);
        if self.response.status >= 400
            && let Ok(body) = serde_json::from_str::<Json>(&self.response.text())
        {
            for key in ["status", "message", "reason", "details"] {
                if let Some(value) = body.get(key) {
                    status.set(key, value.clone());
                }
            }
        }
        status.set("code", u64::from(self.response.status));
        event.set("responseStatus", status);
        event.set("requestReceivedTimestamp", stamp(self.received));
        event.set("stageTimestamp", stamp(self.received + self.took));
        if let Some(decision) = &self.response.decision {
            let word = if decision.allowed { "allow" } else { "forbid" };
            event.set(
                "annotations",
                Json::object([
                    ("authorization.k8s.io/decision", word.into()),
                    ("authorization.k8s.io/reason", decision.reason.as_str().into()),
                ]),
            );
        }
        event
    }
}

/// A span as Go prints it, in the unit that fits.
fn latency(took: Duration) -> String {
    let nanos = took.as_nanos();
    let in_unit = |unit: u128, name: &str| {
        let text = format!("{}.{:03}", nanos / unit, nanos % unit * 1000 / unit);
        format!("{}{name}", text.trim_end_matches('0').trim_end_matches('.'))
    };
    match nanos {
        0..1_000_000 => in_unit(1_000, "µs"),
        1_000_000..1_000_000_000 => in_unit(1_000_000, "ms"),
        _ => in_unit(1_000_000_000, "s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_events_read_as_the_api_servers() {
        let request = Request::new("GET", "/api/v1/nodes/node01").header("User-Agent", "curl/7.88.1");
        let mut response =
            Response::new(401, "application/json", r#"{"status":"Failure","reason":"Unauthorized"}"#);
        response.error = Some("x509: certificate signed by unknown authority".into());
        let now = time::macros::datetime!(2026-11-23 18:54:01.5 UTC);
        let answered = Answered {
            request: &request,
            response: &response,
            from: "127.0.0.1:5000".parse().unwrap(),
            chain: &Sent::default(),
            audit_id: "a",
            received: now,
            took: Duration::from_micros(1500),
        };
        let event = answered.audit();
        assert_eq!(event.text("objectRef.name"), "node01");
        assert_eq!(event.text("responseStatus.reason"), "Unauthorized");
        assert_eq!(event.text("stageTimestamp"), "2026-11-23T18:54:01.501500Z");
        let told = Told::Answered(answered);
        assert_eq!(
            told.lines(0, now),
            ["E1123 18:54:01.500000       1 authentication.go:75] \"Unable to authenticate the request\" \
              err=\"x509: certificate signed by unknown authority\""]
        );
        assert_eq!(
            told.lines(3, now)[1],
            "I1123 18:54:01.500000       1 httplog.go:134] \"HTTP\" verb=\"GET\" URI=\"/api/v1/nodes/node01\" latency=\"1.5ms\" \
             userAgent=\"curl/7.88.1\" audit-ID=\"a\" srcIP=\"127.0.0.1:5000\" resp=401"
        );
    }
}
