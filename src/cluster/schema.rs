//! The types of the API (`assets/schema.toml`): what fields each has, and how its lists and
//! maps are merged.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

/// The types as they are written.
pub(super) const SOURCE: &str = include_str!("../../assets/schema.toml");

/// A type with fields.
#[derive(Debug)]
pub(super) struct Message {
    /// Group and version, `core.v1`.
    pub(super) package: String,
    /// `PodSpec`.
    pub(super) name: String,
    /// Whether it belongs to one manager as a whole.
    pub(super) is_atomic: bool,
    /// In the order in which Go writes them.
    pub(super) fields: Vec<Field>,
}

/// How many values a field has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Single,
    List,
    Map,
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    /// Base64 in JSON.
    Bytes,
    Int32,
    Int64,
    Bool,
    Double,
    Time,
    MicroTime,
    Quantity,
    IntOrString,
    /// A list of texts, as a value of a map.
    Texts,
    /// Whatever there is.
    Any,
    /// The message at this place of the schema.
    Message(usize),
}

/// A field of a type.
#[derive(Debug)]
pub(super) struct Field {
    /// Its number in protobuf, behind those of the messages that it stands inline of.
    pub(super) numbers: Vec<u64>,
    pub(super) name: String,
    pub(super) shape: Shape,
    pub(super) kind: Kind,
    pub(super) is_required: bool,
    /// Whether zero, false and the empty text are something else than nothing.
    pub(super) is_pointer: bool,
    /// What tells the items of a list apart (`listMapKey`).
    pub(super) keys: Vec<String>,
    /// Whether the items of a list are a set.
    pub(super) is_set: bool,
    /// What a strategic merge patch merges a list by; empty for lists of plain values.
    pub(super) merge: Option<String>,
    /// Whether a strategic merge patch tells which keys stay.
    pub(super) retains_keys: bool,
    /// Whether it belongs to one manager as a whole.
    pub(super) is_atomic: bool,
}

struct Schema {
    messages: Vec<Message>,
    places: HashMap<String, usize>,
}

type File = BTreeMap<String, BTreeMap<String, Vec<String>>>;

/// The file is part of the program, and a test reads it: it always parses.
static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
    let file: File = toml::from_str(SOURCE).unwrap_or_default();
    let all =
        || file.iter().flat_map(|(package, own)| own.iter().map(move |(name, rows)| (package, name, rows)));
    let names = all().map(|(package, name, _)| format!("{package}.{name}"));
    let places: HashMap<String, usize> = names.enumerate().map(|(place, name)| (name, place)).collect();
    let messages = all()
        .map(|(package, name, rows)| Message {
            package: package.clone(),
            name: name.clone(),
            is_atomic: rows.first().is_some_and(|row| row == "atomic"),
            fields: rows.iter().filter_map(|row| field(row, package, &places)).collect(),
        })
        .collect();
    Schema { messages, places }
});

fn field(row: &str, package: &str, places: &HashMap<String, usize>) -> Option<Field> {
    let mut words = row.split(' ');
    let numbers = words.next()?.split('.').map(str::parse).collect::<Result<Vec<u64>, _>>().ok()?;
    let name = words.next()?;
    let (name, is_required) = name.strip_suffix('!').map_or((name, false), |name| (name, true));
    let kind = words.next()?;
    let (kind, is_pointer) = kind.strip_suffix('?').map_or((kind, false), |kind| (kind, true));
    let (shape, kind) = match (kind.strip_prefix('*'), kind.strip_prefix("map:")) {
        (Some(kind), _) => (Shape::List, kind),
        (_, Some(kind)) => (Shape::Map, kind),
        _ => (Shape::Single, kind),
    };
    let kind = match kind {
        "string" => Kind::Text,
        "bytes" => Kind::Bytes,
        "int32" => Kind::Int32,
        "int64" => Kind::Int64,
        "bool" => Kind::Bool,
        "double" => Kind::Double,
        "time" => Kind::Time,
        "microtime" => Kind::MicroTime,
        "Quantity" => Kind::Quantity,
        "IntOrString" => Kind::IntOrString,
        "strings" => Kind::Texts,
        "any" => Kind::Any,
        other => {
            let whole = if other.contains('.') { other.to_owned() } else { format!("{package}.{other}") };
            Kind::Message(*places.get(&whole)?)
        }
    };
    let mut field = Field {
        numbers,
        name: name.to_owned(),
        shape,
        kind,
        is_required,
        is_pointer,
        keys: Vec::new(),
        is_set: false,
        merge: None,
        retains_keys: false,
        is_atomic: false,
    };
    for word in words {
        match word.split_once(':').unwrap_or((word, "")) {
            ("keys", keys) => field.keys = keys.split(',').map(str::to_owned).collect(),
            ("merge", key) => field.merge = Some(key.to_owned()),
            ("set", _) => field.is_set = true,
            ("retain", _) => field.retains_keys = true,
            ("atomic", _) => field.is_atomic = true,
            _ => return None,
        }
    }
    Some(field)
}

/// The type of an object, by its `apiVersion` and `kind`.
pub(super) fn of(version: &str, kind: &str) -> Option<&'static Message> {
    let (group, number) = version.split_once('/').unwrap_or(("core", version));
    let group = group.split('.').next().unwrap_or_default();
    // Options of requests are of every group.
    [format!("{group}.{number}.{kind}"), format!("meta.v1.{kind}")]
        .iter()
        .find_map(|name| SCHEMA.messages.get(*SCHEMA.places.get(name)?))
}

impl Message {
    /// The field of this name.
    pub(super) fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

impl Field {
    /// The type of its values, if that has fields.
    pub(super) fn message(&self) -> Option<&'static Message> {
        match self.kind {
            Kind::Message(place) => SCHEMA.messages.get(place),
            _ => None,
        }
    }

    /// The Go type of its values, as messages about them name it.
    pub(super) fn go_type(&self) -> String {
        let one = match self.kind {
            Kind::Text | Kind::Quantity | Kind::IntOrString | Kind::Time | Kind::MicroTime | Kind::Any => {
                "string".to_owned()
            }
            Kind::Bytes => "[]uint8".to_owned(),
            Kind::Int32 => "int32".to_owned(),
            Kind::Int64 => "int64".to_owned(),
            Kind::Bool => "bool".to_owned(),
            Kind::Double => "float64".to_owned(),
            Kind::Texts => "[]string".to_owned(),
            Kind::Message(_) => self.message().map(Message::go_type).unwrap_or_default(),
        };
        match self.shape {
            Shape::Single => one,
            Shape::List => format!("[]{one}"),
            Shape::Map => format!("map[string]{one}"),
        }
    }
}

impl Message {
    /// `v1.PodSpec`.
    pub(super) fn go_type(&self) -> String {
        format!("{}.{}", self.package.rsplit('.').next().unwrap_or_default(), self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::api;

    #[test]
    fn every_row_reads_and_every_served_kind_has_a_type() {
        let file: File = toml::from_str(SOURCE).unwrap();
        for (package, messages) in &file {
            for (name, rows) in messages {
                let rows = rows.iter().filter(|row| *row != "atomic");
                for row in rows {
                    assert!(field(row, package, &SCHEMA.places).is_some(), "{package}.{name}: {row}");
                }
            }
        }
        for group in api::groups() {
            for resource in &group.resources {
                let version = resource.kind_of.clone().unwrap_or_else(|| group.group_version());
                let has_type = of(&version, &resource.kind).is_some();
                // The options of streams are read from the query.
                assert!(has_type || resource.kind.ends_with("Options"), "{version} {}", resource.kind);
            }
        }
    }

    #[test]
    fn lists_know_their_keys() {
        let container = of("v1", "Pod").unwrap().field("spec").unwrap().message().unwrap();
        let container = container.field("containers").unwrap();
        assert_eq!(
            (container.keys.as_slice(), container.merge.as_deref()),
            (&["name".to_owned()][..], Some("name"))
        );
        let ports = container.message().unwrap().field("ports").unwrap();
        assert_eq!(ports.keys, ["containerPort", "protocol"]);
        assert_eq!(ports.go_type(), "[]v1.ContainerPort");
    }
}
