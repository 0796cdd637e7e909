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
use super::typed::{self, Words};
use super::{
    apply, certificates, decode, escalation, kinds, patch as patches, strategy, suffix, uid, validate,
    write_apply,
};

/// `POST`: a new object.
pub(super) fn create(context: &Context<'_>, shape: Shape) -> Answer {
    let (object, faults) = decode::checked(context.served, context.request)?;
    let object = create_object(context, object, false)?;
    let response = Response::json(201, &shape.one(context.served, &object, context.cluster.now()));
    Ok(response.warn(&faults))
}

/// Makes a new object of one that a client sent.
pub(super) fn create_object(context: &Context<'_>, mut object: Json, is_applied: bool) -> Answer<Arc<Json>> {
    settle_place(context, &mut object)?;
    let said = is_applied.then(|| apply::said(&object));
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
        match said {
            Some(fields) => with_writer(context, "Apply", |writer| {
                let entry = writer.entry(object.text("apiVersion"), &fields);
                managed::set_entries(&mut object, vec![entry]);
            }),
            None => with_writer(context, "Update", |writer| managed::note(&[], None, &mut object, writer)),
        }
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

/// Does something in the name of the manager that a request is from.
pub(super) fn with_writer<T>(
    context: &Context<'_>,
    operation: &'static str,
    work: impl FnOnce(Writer<'_>) -> T,
) -> T {
    let (manager, time) = (context.request.manager(), context.cluster.stamp());
    let subresource = context.asked.subresource.as_str();
    work(Writer { manager: &manager, operation, subresource, time: &time })
}

/// `PUT`: the whole object.
pub(super) fn update(context: &Context<'_>, shape: Shape) -> Answer {
    let (mut object, faults) = decode::checked(context.served, context.request)?;
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
        replace(context, store, &old, object, None)
    })?;
    let response = Response::json(200, &shape.one(context.served.main(), &object, context.cluster.now()));
    Ok(response.warn(&faults))
}

/// The object that a request is about.
pub(super) fn existing(context: &Context<'_>, store: &Store) -> Answer<Arc<Json>> {
    let object = store.get(context.served.key(), context.namespace, &context.asked.name);
    object.ok_or_else(|| context.not_found())
}

const PATCHES: &str = "application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml, application/apply-patch+cbor";

/// `PATCH`: what is to be otherwise.
pub(super) fn patch(context: &Context<'_>, shape: Shape) -> Answer {
    let media = context.request.media_type();
    let body = context.request.body.as_slice();
    if media == "application/apply-patch+yaml" {
        return write_apply::apply_patch(context, shape);
    }
    if !PATCHES.split(", ").take(3).any(|known| known == media) {
        return Err(Failure::unsupported_media(PATCHES));
    }
    let validation = decode::validation(context.request)?;
    let change: Json = serde_json::from_slice(body).map_err(|error| {
        Failure::bad_request(format!("error decoding patch: {}", decode::go_json_error(body, &error)))
    })?;
    let is_strategic = media == "application/strategic-merge-patch+json";
    let is_merge = is_strategic || media == "application/merge-patch+json";
    if is_merge && !matches!(change, Json::Object(_)) {
        let what = patches::go_kind(&change);
        let why = format!("json: cannot unmarshal {what} into Go value of type map[string]interface {{}}");
        return Err(Failure::bad_request(format!("error decoding patch: {why}")));
    }
    let words = if is_strategic { Words::Unstructured } else { Words::Decoder };
    let mut faults = Vec::new();
    let object = context.cluster.change(|store| {
        let old = existing(context, store)?;
        let mut object = (*old).clone();
        let (version, kind) = (old.text("apiVersion").to_owned(), old.text("kind").to_owned());
        match media.as_str() {
            "application/json-patch+json" => patches::json(&mut object, &change)?,
            "application/merge-patch+json" => patches::merge(&mut object, &change),
            _ => patches::strategic(&mut object, &change, managed::type_of(&old))?,
        }
        object.set("apiVersion", version);
        object.set("kind", kind);
        let unfit = |why: String, object: &Json| {
            // The whole object is shown, or for a strategic patch the patch alone.
            let shown = if is_strategic { patches::go_value(&change) } else { object.compact() };
            Failure::invalid("", "", "", &[Cause::invalid("patch", &shown.into(), &why)])
        };
        let before = object.clone();
        typed::settle(&mut object, words, &mut faults).map_err(|why| unfit(why, &before))?;
        if !faults.is_empty() && validation == decode::Validation::Strict {
            return Err(unfit(format!("strict decoding error: {}", faults.join(", ")), &before));
        }
        if object.text("metadata.name") != context.asked.name {
            let value = object.at("metadata.name").cloned().unwrap_or_default();
            let cause = Cause::invalid("metadata.name", &value, "field is immutable");
            let served = context.served;
            let kind = &served.main().resource.kind;
            return Err(Failure::invalid(&served.group.name, kind, &context.asked.name, &[cause]));
        }
        replace(context, store, &old, object, None)
    })?;
    if validation == decode::Validation::Ignore {
        faults.clear();
    }
    let response = Response::json(200, &shape.one(context.served.main(), &object, context.cluster.now()));
    Ok(response.warn(&faults))
}

/// Puts an object in the place of an older one; `applied` are the entries of its managers, where
/// it was applied.
pub(super) fn replace(
    context: &Context<'_>,
    store: &mut Store,
    old: &Arc<Json>,
    mut object: Json,
    applied: Option<Vec<Json>>,
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
    let entries = managers(old, &object);
    keep_servers(old, &mut object);
    strategy::restrict(context, old, &mut object);
    kinds::fill_in(served, &mut object);
    if kinds::is_managed(served) {
        managed::set_entries(&mut object, entries);
        match applied {
            Some(entries) => managed::set_entries(&mut object, entries),
            None if object.same_as(old) => {}
            None => with_writer(context, "Update", |writer| {
                let entries = object.list("metadata.managedFields").to_vec();
                managed::note(&entries, Some(old), &mut object, writer);
            }),
        }
    }
    let is_changed = !object.same_as(old);
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

/// The entries of an object's managers, which a client may set: as they were, unless it says
/// others; `[{}]` takes all away.
fn managers(old: &Json, object: &Json) -> Vec<Json> {
    let given = object.list("metadata.managedFields");
    if given.is_empty() {
        return old.list("metadata.managedFields").to_vec();
    }
    given.iter().filter(|entry| !entry.text("operation").is_empty()).cloned().collect()
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
