//! Certificates and keys in Kubernetes objects: kubeconfigs, Secrets, ConfigMaps,
//! CertificateSigningRequests, whatever carries a `caBundle`, and lists of them.

use serde_json::Value;

use super::pem::base64;
use super::source::{Reading, Reference};
use crate::text::escape;

/// Whether a file is to be read as YAML or JSON of Kubernetes.
pub(super) fn looks_like_objects(bytes: &[u8]) -> bool {
    const MARKS: [&str; 3] = ["apiVersion", "kind: Config", "client-certificate-data"];
    // What marks it stands at the beginning, comments aside.
    const ENOUGH: usize = 1 << 16;
    let start = bytes.get(..ENOUGH).unwrap_or(bytes);
    let text = String::from_utf8_lossy(start);
    MARKS.iter().any(|mark| text.contains(mark))
}

/// The objects of a file.
pub(super) fn objects(bytes: &[u8]) -> Result<Vec<Value>, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is no text in UTF-8".to_owned())?;
    if let Ok(object) = serde_json::from_str(text) {
        return Ok(vec![object]);
    }
    serde_saphyr::from_multiple(text).map_err(|error| {
        format!("it does not read as YAML: {}", super::kubeconfig::first_line(&error.to_string()))
    })
}

/// The string at a path of keys.
fn text<'a>(value: &'a Value, path: &[&str]) -> Option<&'a str> {
    path.iter().try_fold(value, |value, key| value.get(key))?.as_str()
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// `Secret default/web`.
fn title(object: &Value, kind: &str) -> String {
    let name = text(object, &["metadata", "name"]).unwrap_or("?");
    let title = match text(object, &["metadata", "namespace"]) {
        Some(namespace) => format!("{kind} {namespace}/{name}"),
        None => format!("{kind} {name}"),
    };
    escape(&title).into_owned()
}

impl Reading<'_> {
    /// Everything that one object holds.
    pub(super) fn object(&mut self, object: &Value) {
        let kind = text(object, &["kind"]).unwrap_or("Config");
        if kind.ends_with("List") {
            for item in list(object, "items") {
                self.object(item);
            }
            return;
        }
        let title = title(object, kind);
        match kind {
            "Config" => self.kubeconfig(object),
            "Secret" => {
                self.data(object, "data", &title, true);
                self.data(object, "stringData", &title, false);
            }
            "ConfigMap" => {
                self.data(object, "data", &title, false);
                self.data(object, "binaryData", &title, true);
            }
            "CertificateSigningRequest" => {
                for path in [["spec", "request"], ["status", "certificate"]] {
                    self.encoded(text(object, &path), &format!("{title} {}", path.join(".")), true);
                }
            }
            "ClusterTrustBundle" => {
                let bundle = text(object, &["spec", "trustBundle"]).unwrap_or_default();
                self.bytes(bundle.as_bytes(), Some(&format!("{title} spec.trustBundle")), 1);
            }
            _ => {}
        }
        self.bundles(object, &title);
    }

    /// `caBundle` wherever it stands: webhooks, API services, conversions.
    fn bundles(&mut self, object: &Value, title: &str) {
        let mut stack = vec![object];
        while let Some(value) = stack.pop() {
            match value {
                Value::Object(map) => {
                    if let Some(bundle) = map.get("caBundle") {
                        self.encoded(bundle.as_str(), &format!("{title} caBundle"), true);
                    }
                    stack.extend(map.values().rev());
                }
                Value::Array(values) => stack.extend(values.iter().rev()),
                _ => {}
            }
        }
    }

    /// Every entry of `data` that holds something known; of the others nothing is shown.
    fn data(&mut self, object: &Value, key: &str, title: &str, is_encoded: bool) {
        for (name, value) in object.get(key).and_then(Value::as_object).into_iter().flatten() {
            let at = format!("{title} {}", escape(name));
            let wanted = [".crt", ".key", ".pem", ".csr"].iter().any(|end| name.ends_with(end));
            if is_encoded {
                self.encoded(value.as_str(), &at, wanted);
            } else {
                self.bytes(value.as_str().unwrap_or_default().as_bytes(), Some(&at), 1);
            }
        }
    }

    /// Base64 of something; where that is `wanted`, it is a problem if it is none.
    fn encoded(&mut self, value: Option<&str>, at: &str, wanted: bool) {
        match value.map(|value| base64(value.as_bytes())) {
            Some(Some(bytes)) => self.bytes(&bytes, Some(at), 1),
            Some(None) if wanted => self.problem(Some(at), "it is not base64"),
            _ => {}
        }
    }

    /// The authorities, certificates and keys of a kubeconfig: embedded, or files.
    fn kubeconfig(&mut self, object: &Value) {
        const ENTRIES: [(&str, &str, &[&str]); 2] = [
            ("clusters", "cluster", &["certificate-authority"]),
            ("users", "user", &["client-certificate", "client-key"]),
        ];
        let before = (self.found.items.len(), self.found.problems.len(), self.found.references.len());
        for (entries, inner, keys) in ENTRIES {
            for entry in list(object, entries) {
                let name = escape(text(entry, &["name"]).unwrap_or("?")).into_owned();
                for key in keys {
                    let embedded = format!("{key}-data");
                    let at = format!("{entries}[{name}].{embedded}");
                    if let Some(data) = text(entry, &[inner, &embedded]) {
                        self.encoded(Some(data), &at, true);
                    } else if let Some(path) = text(entry, &[inner, key]) {
                        let at = format!("{entries}[{name}].{key}");
                        self.found.references.push(Reference { at, path: path.to_owned() });
                    }
                }
            }
        }
        if before == (self.found.items.len(), self.found.problems.len(), self.found.references.len()) {
            self.problem(None, "it does not read as a kubeconfig: it has neither certificates nor keys");
        }
    }
}
