//! JSON that keeps the order of its keys, printed as Go prints it.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

/// A JSON value whose objects keep their keys in the order they were given, as
/// the API server's answers do (Go writes struct fields in declaration order).
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Json {
    /// `null`.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(serde_json::Number),
    /// A string.
    String(String),
    /// An array.
    Array(Vec<Json>),
    /// An object, in order.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// An object of the given fields, in their order.
    pub fn object<const N: usize>(fields: [(&str, Json); N]) -> Self {
        Self::Object(fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }

    /// A whole number.
    pub fn integer(value: i64) -> Self {
        Self::Number(value.into())
    }

    /// An array of strings.
    pub fn strings<S: AsRef<str>>(items: impl IntoIterator<Item = S>) -> Self {
        Self::Array(items.into_iter().map(|item| item.as_ref().into()).collect())
    }

    /// This object with one more field at its end; anything else stays as it is.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Json>) -> Self {
        if let Self::Object(fields) = &mut self {
            fields.push((key.to_owned(), value.into()));
        }
        self
    }

    /// The value at a dotted path (`spec.nodeName`), if every step is there.
    pub fn at(&self, path: &str) -> Option<&Json> {
        path.split('.').try_fold(self, |value, key| value.get(key))
    }

    /// One field of an object.
    pub fn get(&self, key: &str) -> Option<&Json> {
        self.fields().iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// The string at a dotted path; empty where there is none, as Go's zero value.
    pub fn text(&self, path: &str) -> &str {
        match self.at(path) {
            Some(Self::String(text)) => text,
            _ => "",
        }
    }

    /// The items of the array at a dotted path; none where there is no array.
    pub fn list(&self, path: &str) -> &[Json] {
        match self.at(path) {
            Some(Self::Array(items)) => items,
            _ => &[],
        }
    }

    /// The strings of the array at a dotted path.
    pub fn texts(&self, path: &str) -> Vec<String> {
        self.list(path)
            .iter()
            .filter_map(|item| match item {
                Self::String(text) => Some(text.clone()),
                _ => None,
            })
            .collect()
    }

    /// The fields of an object; none for anything else.
    pub fn fields(&self) -> &[(String, Json)] {
        match self {
            Self::Object(fields) => fields,
            _ => &[],
        }
    }

    /// One field of an object, to change.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Json> {
        match self {
            Self::Object(fields) => fields.iter_mut().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// Sets a field of an object, in its place if it is there, else at the end. What is no
    /// object becomes one.
    pub fn set(&mut self, key: &str, value: impl Into<Json>) {
        *self.entry(key) = value.into();
    }

    /// A field of an object, made if it is not there. What is no object becomes one.
    #[expect(clippy::indexing_slicing, reason = "the field was found, or has just been put there")]
    pub fn entry(&mut self, key: &str) -> &mut Json {
        if !matches!(self, Self::Object(_)) {
            *self = Self::Object(Vec::new());
        }
        let missing = self.get(key).is_none();
        if let (true, Self::Object(fields)) = (missing, &mut *self) {
            fields.push((key.to_owned(), Self::Null));
        }
        match self {
            Self::Object(fields) => {
                let place = fields.iter().position(|(name, _)| name == key).unwrap_or_default();
                &mut fields[place].1
            }
            other => other,
        }
    }

    /// The value at the end of these keys, made on the way.
    pub fn path_mut(&mut self, keys: &[&str]) -> &mut Json {
        keys.iter().fold(self, |value, key| value.entry(key))
    }

    /// Takes a field out of an object.
    pub fn take(&mut self, key: &str) -> Option<Json> {
        let Self::Object(fields) = self else { return None };
        let place = fields.iter().position(|(name, _)| name == key)?;
        Some(fields.remove(place).1)
    }

    /// The items of an array, to change; `None` if it is none.
    pub fn items_mut(&mut self) -> Option<&mut Vec<Json>> {
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The string that this is.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The integer that this is.
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Number(number) => number.as_i64(),
            _ => None,
        }
    }

    /// Whether this is null, or an object, array or string without anything in it.
    pub fn is_nothing(&self) -> bool {
        match self {
            Self::Null => true,
            Self::String(text) => text.is_empty(),
            Self::Array(items) => items.is_empty(),
            Self::Object(fields) => fields.is_empty(),
            Self::Bool(_) | Self::Number(_) => false,
        }
    }

    /// Whether both say the same, whatever the order of their keys.
    pub fn same_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Object(own), Self::Object(others)) => {
                own.len() == others.len()
                    && own.iter().all(|(key, value)| other.get(key).is_some_and(|there| value.same_as(there)))
            }
            (Self::Array(own), Self::Array(others)) => {
                own.len() == others.len() && own.iter().zip(others).all(|(one, two)| one.same_as(two))
            }
            _ => self == other,
        }
    }

    /// Indented by two spaces, without a newline at the end: what the API server
    /// sends to curl.
    pub fn pretty(&self) -> String {
        escape_as_go(serde_json::to_string_pretty(self).unwrap_or_default())
    }

    /// On one line: what Go's `json.Marshal` gives.
    pub fn compact(&self) -> String {
        escape_as_go(serde_json::to_string(self).unwrap_or_default())
    }
}

/// Go's encoder writes five characters of strings as `\u` escapes (`encoding/json`,
/// `HTMLEscape`); in JSON none of them stands anywhere but in a string.
fn escape_as_go(text: String) -> String {
    if !text.contains(['&', '<', '>', '\u{2028}', '\u{2029}']) {
        return text;
    }
    text.replace('&', "\\u0026")
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<bool> for Json {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<u64> for Json {
    fn from(value: u64) -> Self {
        Self::Number(value.into())
    }
}

impl From<Vec<Json>> for Json {
    fn from(items: Vec<Json>) -> Self {
        Self::Array(items)
    }
}

impl From<serde_json::Value> for Json {
    fn from(value: serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(value) => Self::Bool(value),
            serde_json::Value::Number(number) => Self::Number(number),
            serde_json::Value::String(text) => Self::String(text),
            serde_json::Value::Array(items) => Self::Array(items.into_iter().map(Self::from).collect()),
            serde_json::Value::Object(fields) => {
                Self::Object(fields.into_iter().map(|(k, v)| (k, v.into())).collect())
            }
        }
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(number) => number.serialize(serializer),
            Self::String(text) => serializer.serialize_str(text),
            Self::Array(items) => items.serialize(serializer),
            Self::Object(fields) => {
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                for (key, value) in fields {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON or YAML value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(serde_json::Number::from_f64(value).map_or(Json::Null, Json::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Json, E> {
        Ok(Json::String(value))
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_none<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        Json::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element()? {
            array.push(item);
        }
        Ok(Json::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json, A::Error> {
        let mut object = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            object.push(entry);
        }
        Ok(Json::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_escapes_are_gos() {
        let json: Json = serde_json::from_str(r#"{"z":1,"a":["<&>"],"e":{},"n":null}"#).unwrap();
        assert_eq!(json.compact(), r#"{"z":1,"a":["\u003c\u0026\u003e"],"e":{},"n":null}"#);
        assert_eq!(Json::object([("e", Json::Object(vec![]))]).pretty(), "{\n  \"e\": {}\n}");
    }
}
