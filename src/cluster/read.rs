//! Reading: get, list and watch (apiserver/pkg/endpoints/handlers/get.go).

use std::collections::VecDeque;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::access::Json;
use crate::text::quote;

use super::decode;
use super::failure::{Answer, Cause, Failure};
use super::handler::Context;
use super::message::{Body, JSON, Response};
use super::selector::Selection;
use super::store::Place;
use super::table::Shape;
use super::watch::{Due, Watch, bookmark, end};

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

/// A revision of the query.
fn revision(context: &Context<'_>) -> Answer<Option<u64>> {
    let text = context.request.query("resourceVersion").filter(|text| !text.is_empty());
    let Some(text) = text else { return Ok(None) };
    text.parse().map(Some).map_err(|_| {
        let why = format!("strconv.ParseUint: parsing {}: invalid syntax", quote(&text));
        let cause = Cause::invalid("resourceVersion", &text.as_str().into(), &why);
        Failure::invalid(&context.served.group.name, context.served.name(), "", &[cause])
    })
}

/// How the revision of a list is meant (meta/internalversion/validation,
/// `ValidateListOptions`).
fn check_match(context: &Context<'_>, is_watch: bool) -> Answer<bool> {
    const FIELD: &str = "resourceVersionMatch";
    let of = |key: &str| context.request.query(key).filter(|text| !text.is_empty());
    let (kind, from, initial) = (of(FIELD), of("resourceVersion"), of("sendInitialEvents"));
    let mut causes = Vec::new();
    match (kind.as_deref(), is_watch) {
        (None, true) if initial.is_some() => causes.push(Cause::forbidden(
            FIELD,
            "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
        )),
        (Some(_), true) if initial.is_none() => causes.push(Cause::forbidden(
            FIELD,
            "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
        )),
        (Some(kind), true) if kind != "NotOlderThan" => {
            causes.push(Cause::unsupported(FIELD, kind, &["NotOlderThan"]))
        }
        (_, false) if initial.is_some() => {
            causes.push(Cause::forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"));
        }
        (Some(_), false) if from.is_none() => causes.push(Cause::forbidden(
            FIELD,
            "resourceVersionMatch is forbidden unless resourceVersion is provided",
        )),
        (Some(_), false) if of("continue").is_some() => causes
            .push(Cause::forbidden(FIELD, "resourceVersionMatch is forbidden when continue is provided")),
        (Some("Exact"), false) if from.as_deref() == Some("0") => causes.push(Cause::forbidden(
            FIELD,
            "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"",
        )),
        (Some(kind), false) if !matches!(kind, "Exact" | "NotOlderThan") => {
            causes.push(Cause::unsupported(FIELD, kind, &["Exact", "NotOlderThan", ""]));
        }
        _ => {}
    }
    if !causes.is_empty() {
        return Err(Failure::invalid("meta.k8s.io", "ListOptions", "", &causes));
    }
    Ok(kind.as_deref() == Some("Exact"))
}

/// Where a list goes on: at this revision, behind this namespace and name
/// (apiserver/pkg/storage/continue.go).
struct Continued {
    revision: u64,
    place: (String, String),
}

fn continued(context: &Context<'_>) -> Answer<Option<Continued>> {
    let token = context.request.query("continue").filter(|token| !token.is_empty());
    let Some(token) = token else { return Ok(None) };
    let wrong =
        |why: &str| Failure::bad_request(format!("invalid continue token: continue key is not valid: {why}"));
    let bytes = URL_SAFE_NO_PAD.decode(&token).map_err(|error| {
        let at = match error {
            base64::DecodeError::InvalidByte(at, _) | base64::DecodeError::InvalidLastSymbol(at, _) => at,
            _ => token.len() / 4 * 4,
        };
        wrong(&format!("illegal base64 data at input byte {at}"))
    })?;
    let token: Json =
        serde_json::from_slice(&bytes).map_err(|error| wrong(&decode::go_json_error(&bytes, &error)))?;
    if token.text("v") != "meta.k8s.io/v1" {
        return Err(wrong(&format!(
            "server does not recognize this encoded version {}",
            quote(token.text("v"))
        )));
    }
    let revision =
        token.get("rv").and_then(Json::as_integer).and_then(|revision| u64::try_from(revision).ok());
    let place = token.text("start").trim_end_matches('\0').split_once('/');
    match (revision.filter(|revision| *revision > 0), place) {
        (Some(revision), Some((namespace, name))) => {
            Ok(Some(Continued { revision, place: (namespace.to_owned(), name.to_owned()) }))
        }
        (None, _) => Err(wrong("incorrect encoded start resourceVersion 0 (version meta.k8s.io/v1)")),
        (_, None) => Err(wrong("encoded start key empty (version meta.k8s.io/v1)")),
    }
}

/// What a client reads that comes back too late for the rest of a list.
const TOO_LATE: &str = "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.";

/// Many objects.
pub(super) fn list(context: &Context<'_>, shape: Shape) -> Answer {
    let limit = number(context, "limit")?;
    number(context, "timeoutSeconds")?;
    let selection = Selection::of_request(context.served, &context.asked.name, context.request)?;
    let is_exact = check_match(context, false)?;
    let after = continued(context)?;
    let store = context.cluster.read();
    let wanted = match &after {
        Some(after) => Some(after.revision),
        None => revision(context)?,
    };
    if let Some(wanted) = wanted.filter(|wanted| *wanted > store.revision()) {
        return Err(Failure::too_large_revision(wanted, store.revision()));
    }
    // A list of long ago is asked for by its rest, or with `Exact`.
    let then = wanted.filter(|wanted| (is_exact || after.is_some()) && *wanted < store.revision());
    let at = then.unwrap_or_else(|| store.revision());
    let past = match then {
        None => None,
        Some(then) => match store.places_at(context.served.key(), context.namespace, then) {
            Some(past) => Some(past),
            None if after.is_some() => return Err(Failure::expired(TOO_LATE)),
            None => {
                let why = format!("The resourceVersion for the provided list is too old. ({at})");
                return Err(Failure::expired(why));
            }
        },
    };
    let limit = limit.and_then(|limit| usize::try_from(limit).ok()).filter(|limit| *limit > 0);
    let limit = limit.unwrap_or(LONGEST_LIST);
    let current = store.places(context.served.key(), context.namespace).filter(|_| past.is_none());
    let mut places = past
        .iter()
        .flatten()
        .chain(current)
        .filter(|(place, _)| after.as_ref().is_none_or(|after| **place > after.place));
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
    let mut metadata = Json::object([("resourceVersion", at.to_string().into())]);
    if let (true, Some(((namespace, name), _))) = (rest > 0, shown.last()) {
        let token = Json::object([
            ("v", "meta.k8s.io/v1".into()),
            ("rv", at.into()),
            ("start", format!("{namespace}/{name}\0").into()),
        ]);
        metadata.set("continue", URL_SAFE_NO_PAD.encode(token.compact()));
        if selection.is_any() {
            metadata.set("remainingItemCount", u64::try_from(rest).unwrap_or(u64::MAX));
        }
    }
    let objects = shown.iter().map(|(_, object)| &**object);
    Ok(Response::json(200, &shape.list(context.served, objects, metadata, context.cluster.now())))
}

/// What happens to objects from now on, or from a revision on.
pub(super) fn watch(context: &Context<'_>, shape: Shape) -> Answer {
    let seconds = number(context, "timeoutSeconds")?;
    check_match(context, true)?;
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
        ready.push_back(Due::Event(bookmark(context.served, revision, true)));
    }
    let watch = Watch {
        cluster: Arc::clone(context.cluster),
        served: context.served,
        namespace: context.namespace.to_owned(),
        selection,
        shape,
        revision,
        ready,
        bookmarks: context.request.asks("allowWatchBookmarks"),
        until: end(seconds),
        is_over: false,
    };
    let mut response = Response::new(200, JSON, Vec::new());
    response.body = Body::Watch(Box::new(watch));
    Ok(response)
}
