//! Reading: get, list and watch (apiserver/pkg/endpoints/handlers/get.go).

use std::collections::VecDeque;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::access::Json;
use crate::text::quote;

use super::failure::{Answer, Failure};
use super::handler::Context;
use super::message::{Body, JSON, Response};
use super::selector::Selection;
use super::store::Place;
use super::table::Shape;
use super::watch::{Due, Watch, end, event};

/// How many objects a list holds at most when its client does not say.
const LONGEST_LIST: usize = 1_000_000;

/// One object.
pub(super) fn get(context: &Context<'_>, shape: Shape) -> Answer {
    let store = context.cluster.read();
    let object = store.get(context.served.key(), context.namespace, &context.asked.name);
    let object = object.ok_or_else(|| context.not_found())?;
    Ok(Response::json(200, &shape.one(context.served.main(), &object, context.cluster.now())))
}

/// A whole number of the query; `None` without it.
fn number(context: &Context<'_>, key: &str) -> Answer<Option<u64>> {
    let text = context.request.query(key).filter(|text| !text.is_empty());
    let Some(text) = text else { return Ok(None) };
    let is_number = text.strip_prefix(['-', '+']).unwrap_or(&text).chars().all(|c| c.is_ascii_digit());
    match text.parse::<i64>() {
        Ok(number) => Ok(u64::try_from(number).ok()),
        Err(_) => {
            let why = if is_number && text.len() > 1 { "value out of range" } else { "invalid syntax" };
            Err(Failure::bad_request(format!("strconv.ParseInt: parsing {}: {why}", quote(&text))))
        }
    }
}

fn revision(context: &Context<'_>) -> Answer<Option<u64>> {
    let text = context.request.query("resourceVersion").filter(|text| !text.is_empty());
    text.map(|text| {
        text.parse().map_err(|_| {
            Failure::bad_request(format!(
                "invalid resource version {}: strconv.ParseUint: parsing {}: invalid syntax",
                quote(&text),
                quote(&text)
            ))
        })
    })
    .transpose()
}

/// Where a list goes on: behind this namespace and name.
fn continued(context: &Context<'_>) -> Answer<Option<(String, String)>> {
    let token = context.request.query("continue").filter(|token| !token.is_empty());
    let Some(token) = token else { return Ok(None) };
    let decoded = URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let place = decoded.as_deref().and_then(|text| text.split_once('/'));
    match place {
        Some((namespace, name)) => Ok(Some((namespace.to_owned(), name.to_owned()))),
        None => Err(Failure::bad_request("continue key is not valid: illegal base64 data at input byte 0")),
    }
}

/// Many objects.
pub(super) fn list(context: &Context<'_>, shape: Shape) -> Answer {
    let limit = number(context, "limit")?;
    number(context, "timeoutSeconds")?;
    let selection = Selection::of_request(context.served, &context.asked.name, context.request)?;
    revision(context)?;
    let after = continued(context)?;
    let store = context.cluster.read();
    let limit = limit.and_then(|limit| usize::try_from(limit).ok()).filter(|limit| *limit > 0);
    let limit = limit.unwrap_or(LONGEST_LIST);
    let mut places = store
        .places(context.served.key(), context.namespace)
        .filter(|(place, _)| after.as_ref().is_none_or(|after| *place > after));
    let mut shown: Vec<(&Place, Arc<Json>)> = Vec::new();
    while shown.len() < limit
        && let Some((place, object)) = places.next()
    {
        let object = object.open();
        if selection.takes(&object) {
            shown.push((place, object));
        }
    }
    let rest = places.filter(|(_, object)| selection.is_any() || selection.takes(&object.open())).count();
    let mut metadata = Json::object([("resourceVersion", store.revision().to_string().into())]);
    if let (true, Some(((namespace, name), _))) = (rest > 0, shown.last()) {
        metadata.set("continue", URL_SAFE_NO_PAD.encode(format!("{namespace}/{name}")));
        metadata.set("remainingItemCount", u64::try_from(rest).unwrap_or(u64::MAX));
    }
    let objects = shown.iter().map(|(_, object)| &**object);
    Ok(Response::json(200, &shape.list(context.served, objects, metadata, context.cluster.now())))
}

/// What happens to objects from now on, or from a revision on.
pub(super) fn watch(context: &Context<'_>, shape: Shape) -> Answer {
    let seconds = number(context, "timeoutSeconds")?;
    let selection = Selection::of_request(context.served, &context.asked.name, context.request)?;
    let since = revision(context)?.filter(|revision| *revision > 0);
    let from_start = context.request.asks("sendInitialEvents");
    let store = context.cluster.read();
    let mut ready = VecDeque::new();
    if since.is_none() || from_start {
        let all = store.places(context.served.key(), context.namespace).map(|(_, object)| object);
        let all = all.filter(|object| selection.is_any() || selection.takes(&object.open()));
        ready.extend(all.map(|object| Due::Object("ADDED", object.clone())));
    }
    let revision = if from_start { store.revision() } else { since.unwrap_or_else(|| store.revision()) };
    drop(store);
    if from_start {
        let ended = Json::object([("k8s.io/initial-events-end", "true".into())]);
        let metadata =
            Json::object([("resourceVersion", revision.to_string().into()), ("annotations", ended)]);
        let bookmark = Json::object([
            ("kind", context.served.resource.kind.as_str().into()),
            ("apiVersion", context.served.group.group_version().into()),
            ("metadata", metadata),
        ]);
        ready.push_back(Due::Event(event("BOOKMARK", bookmark)));
    }
    let watch = Watch {
        cluster: Arc::clone(context.cluster),
        served: context.served,
        namespace: context.namespace.to_owned(),
        selection,
        shape,
        revision,
        ready,
        until: end(seconds),
        is_over: false,
    };
    let mut response = Response::new(200, JSON, Vec::new());
    response.body = Body::Watch(Box::new(watch));
    Ok(response)
}
