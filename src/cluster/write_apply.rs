//! Server-side apply, as a request (apiserver/pkg/endpoints/handlers/patch.go, `applyPatcher`).

use crate::access::Json;

use super::failure::{Answer, Cause, Failure};
use super::handler::Context;
use super::message::Response;
use super::table::Shape;
use super::typed::{self, Faults, Words};
use super::write::{create_object, existing, replace, with_writer};
use super::{apply, decode, managed};

/// `PATCH` of `application/apply-patch+yaml`.
pub(super) fn apply_patch(context: &Context<'_>, shape: Shape) -> Answer {
    let mut configuration = configuration(context)?;
    let is_there = existing(context, &context.cluster.read()).is_ok();
    if !is_there && context.asked.subresource.is_empty() {
        if configuration.text("metadata.name").is_empty() {
            configuration.path_mut(&["metadata"]).set("name", context.asked.name.as_str());
        }
        if !configuration.text("metadata.uid").is_empty() {
            let why =
                "uid mismatch: the provided object specified uid {uid}, and no existing object was found";
            let why = why.replace("{uid}", configuration.text("metadata.uid"));
            return Err(Failure::conflict(
                &context.asked.group,
                context.served.name(),
                &context.asked.name,
                &why,
            ));
        }
        let object = create_object(context, configuration, true)?;
        return Ok(Response::json(201, &shape.one(context.served, &object, context.cluster.now())));
    }
    let is_forced = context.request.asks("force");
    let object = context.cluster.change(|store| {
        let old = existing(context, store)?;
        let (object, entries) =
            with_writer(context, "Apply", |writer| apply::merged(&old, &configuration, writer, is_forced))?;
        replace(context, store, &old, object, Some(entries))
    })?;
    Ok(Response::json(200, &shape.one(context.served.main(), &object, context.cluster.now())))
}

/// What a client applies: an object that its type can hold.
fn configuration(context: &Context<'_>) -> Answer<Json> {
    if context.request.query("fieldManager").is_none_or(|manager| manager.is_empty()) {
        return Err(Failure::invalid(
            "meta.k8s.io",
            "PatchOptions",
            "",
            &[Cause::required("fieldManager", "is required for apply patch")],
        ));
    }
    let body = context.request.body.as_slice();
    let mut object =
        decode::yaml(body).map_err(|why| Failure::bad_request(format!("error decoding YAML: {why}")))?;
    let (kind, version) = decode::kind_of(context.served.main());
    let (own_kind, own_version) = (object.text("kind").to_owned(), object.text("apiVersion").to_owned());
    if own_kind.is_empty() {
        return Err(Failure::unknown(format!("Object 'Kind' is missing in '{}'", object.compact())));
    }
    if own_kind != kind || own_version != version {
        let group_version = |version: &str| {
            if version.contains('/') { version.to_owned() } else { format!("/{version}") }
        };
        return Err(Failure::bad_request(format!(
            "invalid object type: {}, Kind={own_kind}",
            group_version(&own_version)
        )));
    }
    if !object.at("metadata.managedFields").is_none_or(Json::is_nothing) {
        return Err(Failure::bad_request("metadata.managedFields must be nil"));
    }
    let name = object.text("metadata.name");
    if !name.is_empty() && name != context.asked.name {
        return Err(Failure::bad_request(format!(
            "the name of the object ({name}) does not match the name on the URL ({})",
            context.asked.name
        )));
    }
    let mut faults: Faults = Vec::new();
    let version = if version.contains('/') { version } else { format!("/{version}") };
    let place = match context.namespace {
        "" => format!("/{}", context.asked.name),
        namespace => format!("{namespace}/{}", context.asked.name),
    };
    let unfit = |why: &str| {
        Failure::unknown(format!(
            "failed to create typed patch object ({place}; {version}, Kind={kind}): {why}"
        ))
    };
    if let Some(known) = managed::type_of(&object) {
        apply::check_keys(known, &object, "").map_err(|why| unfit(&why))?;
    }
    typed::settle(&mut object, Words::Decoder, &mut faults).map_err(|why| unfit(&why))?;
    let undeclared: Vec<String> = faults
        .iter()
        .filter_map(|fault| fault.strip_prefix("unknown field \""))
        .map(|path| format!(".{}: field not declared in schema", path.trim_end_matches('"')))
        .collect();
    match undeclared.as_slice() {
        [] => Ok(object),
        [one] => Err(unfit(one)),
        several => Err(unfit(&format!("errors:\n  {}", several.join("\n  ")))),
    }
}
