//! Deletion (apiserver/pkg/endpoints/handlers/delete.go, …/registry/generic/registry/store.go).

use std::sync::Arc;

use crate::access::Json;

use super::admission::{self, Operation};
use super::failure::Answer;
use super::handler::Context;
use super::message::Response;
use super::store::Store;
use super::table::Shape;
use super::{decode, kinds, write};

/// What an object's deletion led to.
enum Outcome {
    /// It is gone.
    Gone(Arc<Json>),
    /// It goes when whoever still has to do something about it is done.
    Going(Arc<Json>),
}

/// The options of a deletion, from the body or the query.
fn options(context: &Context<'_>) -> Answer<Json> {
    if context.request.body.is_empty() {
        let mut options = Json::Object(Vec::new());
        if let Some(seconds) = context.request.query("gracePeriodSeconds").and_then(|text| text.parse().ok())
        {
            options.set("gracePeriodSeconds", Json::integer(seconds));
        }
        return Ok(options);
    }
    decode::value("DeleteOptions", context.request)
}

/// `DELETE` of one object.
pub(super) fn one(context: &Context<'_>, shape: Shape) -> Answer {
    let options = options(context)?;
    let served = context.served;
    let outcome = context.cluster.change(|store| {
        let old = store.get(served.key(), context.namespace, &context.asked.name);
        let old = old.ok_or_else(|| context.not_found())?;
        write::check_preconditions(context, &old, &options)?;
        delete(context, store, &old, &options)
    })?;
    let object = match outcome {
        Outcome::Gone(object) if !kinds::returns_deleted(served) => {
            let mut details = Json::object([("name", object.text("metadata.name").into())]);
            if !served.group.name.is_empty() {
                details.set("group", served.group.name.as_str());
            }
            details.set("kind", served.name());
            details.set("uid", object.text("metadata.uid"));
            let status = Json::object([
                ("kind", "Status".into()),
                ("apiVersion", "v1".into()),
                ("metadata", Json::Object(Vec::new())),
                ("status", "Success".into()),
                ("details", details),
            ]);
            return Ok(Response::json(200, &status));
        }
        Outcome::Gone(object) | Outcome::Going(object) => object,
    };
    Ok(Response::json(200, &shape.one(served, &object, context.cluster.now())))
}

/// `DELETE` of a list.
pub(super) fn all(context: &Context<'_>) -> Answer {
    let options = options(context)?;
    let served = context.served;
    let selection = super::selector::Selection::of_request(served, &context.asked.name, context.request)?;
    let (objects, revision) = context.cluster.change(|store| {
        let all = store.list(served.key(), context.namespace);
        let all: Vec<_> = all.filter(|object| selection.takes(object)).collect();
        for object in &all {
            delete(context, store, object, &options)?;
        }
        Ok((all, store.revision()))
    })?;
    let metadata = Json::object([("resourceVersion", revision.to_string().into())]);
    let objects = objects.iter().map(|object| &**object);
    let list = Shape::Whole.list(served, objects, metadata, context.cluster.now());
    Ok(Response::json(200, &list))
}

fn delete(context: &Context<'_>, store: &mut Store, old: &Arc<Json>, options: &Json) -> Answer<Outcome> {
    let served = context.served;
    let mut object = (**old).clone();
    admission::admit(context, store, Operation::Delete, Some(old), &mut object)?;
    let name = old.text("metadata.name");
    let grace = grace(context, old, options);
    let waits = grace > 0
        || !old.list("metadata.finalizers").is_empty()
        || (served.name() == "namespaces" && !old.list("spec.finalizers").is_empty());
    if context.is_dry_run(Some(options)) {
        return Ok(Outcome::Gone(Arc::clone(old)));
    }
    if waits {
        if old.text("metadata.deletionTimestamp").is_empty() {
            let metadata = object.path_mut(&["metadata"]);
            metadata.set("deletionTimestamp", context.cluster.stamp());
            if served.name() == "pods" || !old.list("metadata.finalizers").is_empty() {
                metadata.set("deletionGracePeriodSeconds", Json::integer(grace));
            }
            if served.name() == "namespaces" {
                object.path_mut(&["status"]).set("phase", "Terminating");
            }
            return Ok(Outcome::Going(store.put(served.key(), object)?));
        }
        return Ok(Outcome::Going(Arc::clone(old)));
    }
    let namespace = old.text("metadata.namespace");
    store.delete(served.key(), namespace, name)?;
    Ok(Outcome::Gone(Arc::clone(old)))
}

/// How many seconds a pod has to end: it is its kubelet that ends it, and one that is on no
/// node ends at once. The lab's own kubelets end pods at once as well.
fn grace(context: &Context<'_>, old: &Json, options: &Json) -> i64 {
    let is_running = context.served.name() == "pods" && !old.text("spec.nodeName").is_empty();
    if !is_running || !context.cluster.settings.bare {
        return 0;
    }
    let own = || old.at("spec.terminationGracePeriodSeconds").and_then(Json::as_integer);
    options.get("gracePeriodSeconds").and_then(Json::as_integer).or_else(own).unwrap_or(30)
}
