//! The resources that an API server serves, and how it lists them
//! (`assets/api.toml`).

use std::sync::LazyLock;

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::json::Json;

const SOURCE: &str = include_str!("../../assets/api.toml");
const ALL_VERBS: &str = "create delete deletecollection get list patch update watch";

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    group: Vec<ApiGroup>,
}

/// One version of an API group.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiGroup {
    /// Its name; empty for the core group.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its resources and their subresources, in the order of discovery.
    pub resources: Vec<ApiResource>,
}

/// A resource, or a subresource (`pods/log`).
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ApiResource {
    /// The plural name; with a subresource, `pods/log`.
    pub name: String,
    /// The kind of its objects.
    pub kind: String,
    /// Group and version of the kind, where they are not the resource's: `autoscaling/v1`.
    pub kind_of: Option<String>,
    /// Whether its objects belong to no namespace.
    #[serde(default)]
    pub cluster: bool,
    /// Short names, with a space between.
    pub short: Option<String>,
    /// Categories (`all`), with a space between.
    pub categories: Option<String>,
    verbs: Option<String>,
}

impl ApiResource {
    /// Its verbs, in the order of discovery.
    pub fn verbs(&self) -> impl Iterator<Item = &str> {
        self.verbs.as_deref().unwrap_or(ALL_VERBS).split(' ')
    }

    /// Whether the resource takes this verb.
    pub fn takes(&self, verb: &str) -> bool {
        self.verbs().any(|own| own == verb)
    }

    /// Its line in discovery (apimachinery `APIResource`).
    fn discovery(&self, group: &ApiGroup) -> Json {
        let top = !self.name.contains('/');
        let singular = if top { self.kind.to_ascii_lowercase() } else { String::new() };
        let mut line = Json::object([
            ("name", self.name.as_str().into()),
            ("singularName", singular.into()),
            ("namespaced", (!self.cluster).into()),
        ]);
        if let Some((group, version)) = self.kind_of.as_deref().and_then(|of| of.split_once('/')) {
            line = line.with("group", group).with("version", version);
        }
        line = line.with("kind", self.kind.as_str()).with("verbs", Json::strings(self.verbs()));
        for (key, words) in [("shortNames", &self.short), ("categories", &self.categories)] {
            if let Some(words) = words {
                line = line.with(key, Json::strings(words.split(' ')));
            }
        }
        // Only what is stored can be watched.
        if top && self.takes("watch") {
            line = line.with("storageVersionHash", group.storage_hash(&self.kind));
        }
        line
    }
}

impl ApiGroup {
    /// `v1`, `apps/v1`.
    pub fn group_version(&self) -> String {
        match self.name.as_str() {
            "" => self.version.clone(),
            name => format!("{name}/{}", self.version),
        }
    }

    /// A resource of this group, with its subresource if it has one.
    pub fn resource(&self, combined: &str) -> Option<&ApiResource> {
        self.resources.iter().find(|resource| resource.name == combined)
    }

    /// The first eight bytes of the SHA-256 of group, version and kind in which
    /// objects are stored (apiserver/pkg/endpoints/discovery/storageversionhash.go).
    fn storage_hash(&self, kind: &str) -> String {
        // Events have been stored in the core group's form since before they had
        // their own, and autoscalers in the preferred version.
        let (group, version) = match (self.name.as_str(), kind) {
            ("events.k8s.io", "Event") => ("", "v1"),
            ("autoscaling", _) => ("autoscaling", "v2"),
            (group, _) => (group, self.version.as_str()),
        };
        let hash = digest::digest(&digest::SHA256, format!("{group}/{version}/{kind}").as_bytes());
        STANDARD.encode(hash.as_ref().get(..8).unwrap_or_default())
    }

    /// `GET /api/v1`, `GET /apis/GROUP/VERSION`. The core group's list is of an
    /// older make and has no `apiVersion`.
    pub fn resource_list(&self) -> Json {
        let mut list = Json::object([("kind", "APIResourceList".into())]);
        if !self.name.is_empty() {
            list = list.with("apiVersion", "v1");
        }
        let resources: Vec<Json> = self.resources.iter().map(|own| own.discovery(self)).collect();
        list.with("groupVersion", self.group_version()).with("resources", resources)
    }
}

/// The file is part of the program, and a test reads it: it always parses.
static FILE: LazyLock<File> = LazyLock::new(|| toml::from_str(SOURCE).unwrap_or_default());

/// All groups and versions, in the order of discovery.
pub fn groups() -> &'static [ApiGroup] {
    &FILE.group
}

/// One version of a group.
pub fn group(name: &str, version: &str) -> Option<&'static ApiGroup> {
    groups().iter().find(|group| group.name == name && group.version == version)
}

/// The resource that a user means: a plural, a singular or a short name, with the group behind
/// a dot where the name alone is not enough (`pods`, `po`, `deployments.apps`). The group and
/// the plural name.
#[must_use]
pub fn named_resource(text: &str) -> Option<(&'static str, &'static str)> {
    let (name, group) = text.split_once('.').unwrap_or((text, ""));
    let name = name.to_ascii_lowercase();
    let of_group = groups().iter().filter(|own| group.is_empty() || own.name == group);
    of_group.flat_map(|group| group.resources.iter().map(move |own| (group, own))).find_map(|(group, own)| {
        let is_meant = own.name == name
            || (!own.name.contains('/')
                && (own.kind.to_ascii_lowercase() == name
                    || own.short.iter().any(|short| short.split(' ').any(|short| short == name))));
        is_meant.then_some((group.name.as_str(), own.name.as_str()))
    })
}

/// The description of a named group, `GET /apis/GROUP`, without its kind.
fn api_group(name: &str) -> Json {
    let versions: Vec<Json> = groups()
        .iter()
        .filter(|group| group.name == name)
        .map(|group| {
            Json::object([
                ("groupVersion", group.group_version().into()),
                ("version", group.version.as_str().into()),
            ])
        })
        .collect();
    let preferred = versions.first().cloned().unwrap_or_default();
    Json::object([("name", name.into()), ("versions", versions.into()), ("preferredVersion", preferred)])
}

/// `GET /apis`.
pub fn group_list() -> Json {
    let mut names: Vec<&str> = groups().iter().map(|group| group.name.as_str()).collect();
    names.dedup();
    let list: Vec<Json> = names.into_iter().filter(|name| !name.is_empty()).map(api_group).collect();
    Json::object([("kind", "APIGroupList".into()), ("apiVersion", "v1".into()), ("groups", list.into())])
}

/// `GET /apis/GROUP`; `None` for a group that is not served.
pub fn named_group(name: &str) -> Option<Json> {
    if name.is_empty() || !groups().iter().any(|group| group.name == name) {
        return None;
    }
    let mut fields = vec![("kind".to_owned(), "APIGroup".into()), ("apiVersion".to_owned(), "v1".into())];
    fields.extend(api_group(name).fields().iter().cloned());
    Some(Json::Object(fields))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_reads() {
        let file: File = toml::from_str(SOURCE).unwrap();
        assert_eq!(file.group.len(), 22);
    }
}
