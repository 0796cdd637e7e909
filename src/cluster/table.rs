//! How objects are shown: whole, as metadata alone, or as the table that `kubectl get` prints
//! (apiserver/pkg/endpoints/handlers/response.go).

use time::OffsetDateTime;

use crate::access::Json;

use super::cells::cell;
use super::failure::{Answer, Failure, Served};
use super::message::Request;
use super::{kinds, strategy};

/// What a client wants to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Whole objects.
    Whole,
    /// A `Table`, with this much of each object in its rows.
    Table(Include),
    /// `PartialObjectMetadata`.
    Metadata,
}

/// How much of an object stands in a table's row (`includeObject`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Include {
    Nothing,
    Metadata,
    Whole,
}

const KNOWN: &str = "application/json, application/yaml, application/vnd.kubernetes.protobuf";

impl Shape {
    /// The first that a client accepts and the server has.
    pub(super) fn of_request(request: &Request) -> Answer<Self> {
        let accept: Vec<&str> = request.values("accept").collect();
        if accept.is_empty() {
            return Ok(Self::Whole);
        }
        for clause in accept.iter().flat_map(|value| value.split(',')) {
            let mut parts = clause.split(';').map(str::trim);
            let media = parts.next().unwrap_or_default();
            if !matches!(media, "application/json" | "application/yaml" | "*/*" | "application/*" | "") {
                continue;
            }
            let kind = parts.find_map(|part| part.strip_prefix("as="));
            match kind {
                None | Some("") => return Ok(Self::Whole),
                Some("Table") => {
                    let include = match request.query("includeObject").as_deref() {
                        Some("None") => Include::Nothing,
                        Some("Object") => Include::Whole,
                        _ => Include::Metadata,
                    };
                    return Ok(Self::Table(include));
                }
                Some("PartialObjectMetadata" | "PartialObjectMetadataList") => return Ok(Self::Metadata),
                Some(_) => {}
            }
        }
        Err(Failure::not_acceptable(KNOWN))
    }

    /// One object, as an answer by itself or as an event.
    pub(super) fn one(self, served: Served, object: &Json, now: OffsetDateTime) -> Json {
        match self {
            Self::Whole => strategy::in_version(served, object),
            Self::Metadata => metadata(object),
            Self::Table(include) => {
                let list =
                    Json::object([("resourceVersion", object.text("metadata.resourceVersion").into())]);
                table(served, std::iter::once(object), list, include, now)
            }
        }
    }

    /// A list, with the metadata that it has as a whole.
    pub(super) fn list<'a>(
        self,
        served: Served,
        objects: impl Iterator<Item = &'a Json>,
        list: Json,
        now: OffsetDateTime,
    ) -> Json {
        let (kind, version, items): (String, String, Vec<Json>) = match self {
            Self::Table(include) => return table(served, objects, list, include, now),
            Self::Whole => {
                let items =
                    objects.map(|object| without_kind(&strategy::in_version(served, object))).collect();
                (format!("{}List", served.resource.kind), served.group.group_version(), items)
            }
            Self::Metadata => {
                let items = objects.map(|object| without_kind(&metadata(object))).collect();
                ("PartialObjectMetadataList".into(), "meta.k8s.io/v1".into(), items)
            }
        };
        Json::object([
            ("kind", kind.into()),
            ("apiVersion", version.into()),
            ("metadata", list),
            ("items", items.into()),
        ])
    }
}

/// An object as it stands in a list: the list says the kind for all.
fn without_kind(object: &Json) -> Json {
    let own = |(key, _): &&(String, Json)| key != "kind" && key != "apiVersion";
    Json::Object(object.fields().iter().filter(own).cloned().collect())
}

fn metadata(object: &Json) -> Json {
    Json::object([
        ("kind", "PartialObjectMetadata".into()),
        ("apiVersion", "meta.k8s.io/v1".into()),
        ("metadata", object.get("metadata").cloned().unwrap_or_default()),
    ])
}

fn table<'a>(
    served: Served,
    objects: impl Iterator<Item = &'a Json>,
    list: Json,
    include: Include,
    now: OffsetDateTime,
) -> Json {
    let columns = kinds::columns(served);
    let is_integer = |source: &str| {
        source.starts_with('#')
            || matches!(source, "@data" | "@active" | "@drivers" | "@webhooks" | "@validations")
    };
    let definitions: Vec<Json> = columns
        .iter()
        .map(|column| {
            Json::object([
                ("name", column.title.into()),
                ("type", if is_integer(column.source) { "integer" } else { "string" }.into()),
                ("format", if column.title == "Name" { "name" } else { "" }.into()),
                ("description", describe(column.source).into()),
                ("priority", Json::integer(i64::from(column.wide))),
            ])
        })
        .collect();
    let rows: Vec<Json> = objects
        .map(|object| {
            let cells: Vec<Json> = columns.iter().map(|column| cell(object, column.source, now)).collect();
            let row = Json::object([("cells", cells.into())]);
            match include {
                Include::Nothing => row,
                Include::Metadata => row.with("object", metadata(object)),
                Include::Whole => row.with("object", object.clone()),
            }
        })
        .collect();
    Json::object([
        ("kind", "Table".into()),
        ("apiVersion", "meta.k8s.io/v1".into()),
        ("metadata", list),
        ("columnDefinitions", definitions.into()),
        ("rows", rows.into()),
    ])
}

/// Where a column's cells come from, in short.
fn describe(source: &str) -> String {
    match source.strip_prefix('@') {
        Some("age") => "The time since metadata.creationTimestamp.".to_owned(),
        Some(_) => "Worked out from several fields of the object.".to_owned(),
        None => {
            let path = source.trim_start_matches('#').split('|').next().unwrap_or_default();
            format!("The field {path}.")
        }
    }
}
