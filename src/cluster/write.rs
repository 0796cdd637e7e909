//! Writing: create, update and patch (apiserver/pkg/endpoints/handlers, …/registry/generic).

use std::sync::Arc;

use crate::access::Json;

use super::admission::{self, Operation};
use super::failure::{Answer, Cause, Failure};
use super::handler::Context;
use super::managed::{self, Writer};
use super::message::Response;
use super::store::Store;
use super::table::Shape;
use super::{certificates, decode, escalation, kinds, patch as patches, strategy, suffix, uid, validate};

/// `POST`: a new object.
pub(super) fn create(context: &Context<'_>, shape: Shape) -> Answer {
    let object = decode::object(context.served, context.request)?;
    let object = create_object(context, object, "Update")?;
    Ok(Response::json(201, &shape.one(context.served, &object, context.cluster.now())))
}

/// Makes a new object of one that a client sent.
fn create_object(context: &Context<'_>, mut object: Json, operation: &'static str) -> Answer<Arc<Json>> {
    settle_place(context, &mut object)?;
    let served = context.served;
    let kind = served.resource.kind.as_str();
    let group = served.group.name.as_str();
    let metadata = object.path_mut(&["metadata"]);
    if metadata.text("name").is_empty() && !metadata.text("generateName").is_empty() {
        let name = format!("{}{}", metadata.text("generateName"), suffix());
        metadata.set("name", name);
    }
    for key in [
        "uid",
        "resourceVersion",
        "creationTimestamp",
        "deletionTimestamp",
        "selfLink",
        "generation",
        "managedFields",
    ] {
        metadata.take(key);
    }
    metadata.set("uid", uid());
    if kinds::has_generation(served) {
        metadata.set("generation", 1_u64);
    }
    metadata.set("creationTimestamp", context.cluster.stamp());
    strategy::complete(context, &mut object);
    if kinds::is_managed(served) {
        note(context, None, &mut object, operation);
    }
    strategy::prepare(context, &mut object);
    let name = object.text("metadata.name").to_owned();
    context.cluster.change(|store| {
        admission::admit(context, store, Operation::Create, None, &mut object)?;
        let causes = validate::object(served, None, &object);
        if !causes.is_empty() {
            return Err(Failure::invalid(group, kind, &name, &causes));
        }
        escalation::check(context, store, None, &object)?;
        if store.has(served.key(), context.namespace, &name) {
            return Err(Failure::already_exists(group, served.name(), &name));
        }
        strategy::allocate(context, store, &mut object);
        if context.is_dry_run(None) {
            return Ok(Arc::new(object));
        }
        Ok(store.put(served.key(), object)?)
    })
}

/// The namespace of an object is that of the request.
fn settle_place(context: &Context<'_>, object: &mut Json) -> Answer<()> {
    let metadata = object.path_mut(&["metadata"]);
    let own = metadata.text("namespace").to_owned();
    if !own.is_empty() && own != context.namespace {
        return Err(Failure::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    if !context.namespace.is_empty() {
        metadata.set("namespace", context.namespace);
    }
    Ok(())
}

fn note(context: &Context<'_>, before: Option<&Json>, object: &mut Json, operation: &'static str) {
    let (manager, time) = (context.request.manager(), context.cluster.stamp());
    let subresource = context.asked.subresource.as_str();
    managed::note(before, object, Writer { manager: &manager, operation, subresource, time: &time });
}

/// `PUT`: the whole object.
pub(super) fn update(context: &Context<'_>, shape: Shape) -> Answer {
    let mut object = decode::object(context.served, context.request)?;
    settle_place(context, &mut object)?;
    let own = object.text("metadata.name");
    if own != context.asked.name {
        return Err(Failure::bad_request(format!(
            "the name of the object ({own}) does not match the name on the URL ({})",
            context.asked.name
        )));
    }
    let object = context.cluster.change(|store| {
        let old = existing(context, store)?;
        replace(context, store, &old, object, "Update")
    })?;
    Ok(Response::json(200, &shape.one(context.served.main(), &object, context.cluster.now())))
}

fn existing(context: &Context<'_>, store: &Store) -> Answer<Arc<Json>> {
    let object = store.get(context.served.key(), context.namespace, &context.asked.name);
    object.ok_or_else(|| context.not_found())
}

const PATCHES: &str = "application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml, application/apply-patch+cbor";

/// `PATCH`: what is to be otherwise.
pub(super) fn patch(context: &Context<'_>, shape: Shape) -> Answer {
    let media = context.request.media_type();
    let body = context.request.body.as_slice();
    let is_apply = media == "application/apply-patch+yaml";
    if !is_apply && !PATCHES.split(", ").take(3).any(|known| known == media) {
        return Err(Failure::unsupported_media(PATCHES));
    }
    let change: Json = if is_apply {
        decode::yaml(body).map_err(|why| Failure::bad_request(format!("error decoding YAML: {why}")))?
    } else {
        serde_json::from_slice(body)
            .map_err(|error| Failure::bad_request(format!("error decoding patch: {error}")))?
    };
    if is_apply {
        if context.request.query("fieldManager").is_none_or(|manager| manager.is_empty()) {
            return Err(Failure::invalid(
                "meta.k8s.io",
                "PatchOptions",
                "",
                &[Cause::required("fieldManager", "is required for apply patch")],
            ));
        }
        let is_there = existing(context, &context.cluster.read()).is_ok();
        if !is_there && context.asked.subresource.is_empty() {
            let mut object = change;
            if object.text("metadata.name").is_empty() {
                object.path_mut(&["metadata"]).set("name", context.asked.name.as_str());
            }
            let object = create_object(context, object, "Apply")?;
            return Ok(Response::json(201, &shape.one(context.served, &object, context.cluster.now())));
        }
    }
    let object = context.cluster.change(|store| {
        let old = existing(context, store)?;
        let mut object = (*old).clone();
        let version = object.get("apiVersion").cloned().unwrap_or_default();
        match media.as_str() {
            "application/json-patch+json" => patches::json(&mut object, &change)?,
            "application/merge-patch+json" => patches::merge(&mut object, &change),
            "application/strategic-merge-patch+json" => patches::strategic(&mut object, &change),
            _ => patches::apply(&mut object, &change),
        }
        object.set("apiVersion", version);
        if object.text("metadata.name") != context.asked.name {
            let value = object.at("metadata.name").cloned().unwrap_or_default();
            let cause = Cause::invalid("metadata.name", &value, "field is immutable");
            let served = context.served;
            return Err(Failure::invalid(
                &served.group.name,
                &served.main().resource.kind,
                &context.asked.name,
                &[cause],
            ));
        }
        replace(context, store, &old, object, if is_apply { "Apply" } else { "Update" })
    })?;
    Ok(Response::json(200, &shape.one(context.served.main(), &object, context.cluster.now())))
}

/// Puts an object in the place of an older one.
pub(super) fn replace(
    context: &Context<'_>,
    store: &mut Store,
    old: &Arc<Json>,
    mut object: Json,
    operation: &'static str,
) -> Answer<Arc<Json>> {
    let served = context.served.main();
    let (group, kind) = (served.group.name.as_str(), served.resource.kind.as_str());
    let name = context.asked.name.as_str();
    let revision = object.text("metadata.resourceVersion");
    if !revision.is_empty() && revision != old.text("metadata.resourceVersion") {
        return Err(Failure::conflict(
            group,
            served.name(),
            name,
            "the object has been modified; please apply your changes to the latest version and try again",
        ));
    }
    let (given, own) = (object.text("metadata.uid"), old.text("metadata.uid"));
    if !given.is_empty() && given != own {
        return Err(Failure::conflict(
            group,
            served.name(),
            name,
            &format!("Precondition failed: UID in precondition: {given}, UID in object meta: {own}"),
        ));
    }
    keep_servers(old, &mut object);
    strategy::restrict(context, old, &mut object);
    kinds::fill_in(served, &mut object);
    let is_changed = !object.same_as(old);
    if is_changed && kinds::is_managed(served) {
        note(context, Some(old), &mut object, operation);
    }
    admission::admit(context, store, Operation::Update, Some(old), &mut object)?;
    let mut causes = validate::object(served, Some(old), &object);
    if served.key() == ("certificates.k8s.io", "certificatesigningrequests") {
        certificates::validate_change(&mut causes, &context.asked.subresource, old, &object);
    }
    if !causes.is_empty() {
        return Err(Failure::invalid(group, kind, name, &causes));
    }
    escalation::check(context, store, Some(old), &object)?;
    if kinds::has_generation(served) && !same(old.get("spec"), object.get("spec")) {
        let generation = old.at("metadata.generation").and_then(Json::as_integer).unwrap_or_default();
        object.path_mut(&["metadata"]).set("generation", Json::integer(generation + 1));
    }
    if !is_changed {
        return Ok(Arc::clone(old));
    }
    if context.is_dry_run(None) {
        return Ok(Arc::new(object));
    }
    let is_going = !object.text("metadata.deletionTimestamp").is_empty();
    if is_going && object.list("metadata.finalizers").is_empty() && object.list("spec.finalizers").is_empty()
    {
        store.delete(served.key(), context.namespace, name)?;
        return Ok(Arc::new(object));
    }
    Ok(store.put(served.key(), object)?)
}

fn same(one: Option<&Json>, other: Option<&Json>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.same_as(other),
        (None, None) => true,
        _ => false,
    }
}

/// What of the metadata is the server's stays as it was.
fn keep_servers(old: &Json, object: &mut Json) {
    let metadata = object.path_mut(&["metadata"]);
    for key in [
        "name",
        "namespace",
        "uid",
        "resourceVersion",
        "creationTimestamp",
        "generation",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "generateName",
        "managedFields",
    ] {
        match old.get("metadata").and_then(|own| own.get(key)) {
            Some(value) => metadata.set(key, value.clone()),
            None => {
                metadata.take(key);
            }
        }
    }
    for key in ["labels", "annotations", "finalizers", "ownerReferences"] {
        // Nothing is written where nothing is left, as Go leaves it out.
        if metadata.get(key).is_some_and(Json::is_nothing) {
            metadata.take(key);
        }
    }
}

/// `Precondition failed: …` for what a deletion expects of an object.
pub(super) fn check_preconditions(context: &Context<'_>, old: &Json, options: &Json) -> Answer<()> {
    for (key, field, what) in
        [("uid", "metadata.uid", "UID"), ("resourceVersion", "metadata.resourceVersion", "ResourceVersion")]
    {
        let wanted = options.text(&format!("preconditions.{key}"));
        let own = old.text(field);
        if !wanted.is_empty() && wanted != own {
            let why = format!(
                "Precondition failed: {what} in precondition: {wanted}, {what} in object meta: {own}"
            );
            return Err(Failure::conflict(
                &context.asked.group,
                context.served.name(),
                &context.asked.name,
                &why,
            ));
        }
    }
    Ok(())
}
