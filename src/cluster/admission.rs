//! What is looked at after a request was authorized: admission
//! (plugin/pkg/admission, apiserver/pkg/admission/plugin/namespace/lifecycle).

use crate::access::{Attributes, Identity, Json, Resource, authorize};
use crate::text::quote;

use super::failure::{Answer, Failure};
use super::handler::Context;
use super::store::Store;
use super::{node_restriction, suffix};

/// What is done to the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Create,
    Update,
    Delete,
}

const CSRS: (&str, &str) = ("certificates.k8s.io", "certificatesigningrequests");

/// Lets an object in, completed, or says why not.
pub(super) fn admit(
    context: &Context<'_>,
    store: &Store,
    operation: Operation,
    old: Option<&Json>,
    object: &mut Json,
) -> Answer<()> {
    lifecycle(context, store, operation)?;
    node_restriction::admit(context, store, operation, old, object)?;
    let subresource = context.asked.subresource.as_str();
    match (context.served.key(), operation, subresource) {
        (("", "pods"), Operation::Create, "") => {
            service_account(context, store, object)?;
            tolerations(object);
        }
        (("", "nodes"), Operation::Create, "") => taint_new_node(object),
        (CSRS, Operation::Create, "") => restrict_subject(context, object)?,
        (CSRS, Operation::Update, "approval") => {
            let signer = old.map(|old| old.text("spec.signerName")).unwrap_or_default();
            may_use_signer(context, store, "approve", signer)?;
        }
        (CSRS, Operation::Update, "status") => {
            let signer = old.map(|old| old.text("spec.signerName")).unwrap_or_default();
            let certificate = |object: &Json| object.at("status.certificate").cloned();
            if old.is_some_and(|old| certificate(old) != certificate(object)) {
                may_use_signer(context, store, "sign", signer)?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// Nothing new in namespaces that are not there or are going, and some are never deleted.
fn lifecycle(context: &Context<'_>, store: &Store, operation: Operation) -> Answer<()> {
    const IMMORTAL: [&str; 3] = ["default", "kube-system", "kube-public"];
    let name = context.asked.name.as_str();
    if operation == Operation::Delete
        && context.served.key() == ("", "namespaces")
        && IMMORTAL.contains(&name)
    {
        return Err(context.forbidden(name, "this namespace may not be deleted"));
    }
    if operation != Operation::Create || context.namespace.is_empty() {
        return Ok(());
    }
    let Some(namespace) = store.get(("", "namespaces"), "", context.namespace) else {
        return Err(Failure::not_found("", "namespaces", context.namespace));
    };
    if namespace.text("status.phase") == "Terminating" {
        let why = format!(
            "unable to create new content in namespace {} because it is being terminated",
            context.namespace
        );
        return Err(context.forbidden(name, &why));
    }
    Ok(())
}

/// Every pod has a service account, which must be there (plugin/pkg/admission/serviceaccount).
fn service_account(context: &Context<'_>, store: &Store, pod: &mut Json) -> Answer<()> {
    let annotations = pod.at("metadata.annotations").map(Json::fields).unwrap_or_default();
    if annotations.iter().any(|(key, _)| key == "kubernetes.io/config.mirror") {
        return Ok(());
    }
    let spec = pod.path_mut(&["spec"]);
    if spec.text("serviceAccountName").is_empty() {
        spec.set("serviceAccountName", "default");
        spec.set("serviceAccount", "default");
    }
    let name = spec.text("serviceAccountName").to_owned();
    let Some(account) = store.get(("", "serviceaccounts"), context.namespace, &name) else {
        let why = format!(
            "error looking up service account {}/{name}: serviceaccount {} not found",
            context.namespace,
            quote(&name)
        );
        let pod = pod.text("metadata.name").to_owned();
        return Err(context.forbidden(&pod, &why));
    };
    if spec.list("imagePullSecrets").is_empty() && !account.list("imagePullSecrets").is_empty() {
        spec.set("imagePullSecrets", account.list("imagePullSecrets").to_vec());
    }
    let said =
        spec.get("automountServiceAccountToken").or_else(|| account.get("automountServiceAccountToken"));
    if said != Some(&Json::Bool(false)) {
        mount_token(spec);
    }
    Ok(())
}

fn mount_token(spec: &mut Json) {
    const PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
    let name = format!("kube-api-access-{}", suffix());
    let mount =
        Json::object([("name", name.as_str().into()), ("readOnly", true.into()), ("mountPath", PATH.into())]);
    let mut mounted = false;
    for list in ["initContainers", "containers"] {
        for container in spec.get_mut(list).and_then(Json::items_mut).into_iter().flatten() {
            if container.list("volumeMounts").iter().any(|own| own.text("mountPath") == PATH) {
                continue;
            }
            let mut mounts = container.list("volumeMounts").to_vec();
            mounts.push(mount.clone());
            container.set("volumeMounts", mounts);
            mounted = true;
        }
    }
    if !mounted {
        return;
    }
    let item = |key: &str, path: &str| Json::object([("key", key.into()), ("path", path.into())]);
    let token = Json::object([("expirationSeconds", Json::integer(3607)), ("path", "token".into())]);
    let authority =
        Json::object([("name", "kube-root-ca.crt".into()), ("items", vec![item("ca.crt", "ca.crt")].into())]);
    let field = Json::object([("apiVersion", "v1".into()), ("fieldPath", "metadata.namespace".into())]);
    let namespace = Json::object([(
        "items",
        vec![Json::object([("path", "namespace".into()), ("fieldRef", field)])].into(),
    )]);
    let sources = vec![
        Json::object([("serviceAccountToken", token)]),
        Json::object([("configMap", authority)]),
        Json::object([("downwardAPI", namespace)]),
    ];
    let projected = Json::object([("sources", sources.into()), ("defaultMode", Json::integer(420))]);
    let mut volumes = spec.list("volumes").to_vec();
    volumes.push(Json::object([("name", name.into()), ("projected", projected)]));
    spec.set("volumes", volumes);
}

/// A pod stays five minutes on a node that is lost (plugin/pkg/admission/defaulttolerationseconds).
fn tolerations(pod: &mut Json) {
    let spec = pod.path_mut(&["spec"]);
    let mut all = spec.list("tolerations").to_vec();
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        let covers = |own: &Json| {
            (own.text("key") == key || own.text("key").is_empty())
                && matches!(own.text("effect"), "NoExecute" | "")
        };
        if !all.iter().any(covers) {
            all.push(Json::object([
                ("key", key.into()),
                ("operator", "Exists".into()),
                ("effect", "NoExecute".into()),
                ("tolerationSeconds", Json::integer(300)),
            ]));
        }
    }
    spec.set("tolerations", all);
}

/// A node is not ready before it says so (plugin/pkg/admission/nodetaint).
fn taint_new_node(node: &mut Json) {
    const KEY: &str = "node.kubernetes.io/not-ready";
    let spec = node.path_mut(&["spec"]);
    let mut taints = spec.list("taints").to_vec();
    if !taints.iter().any(|own| own.text("key") == KEY && own.text("effect") == "NoSchedule") {
        taints.push(Json::object([("key", KEY.into()), ("effect", "NoSchedule".into())]));
    }
    spec.set("taints", taints);
}

/// Nobody asks for a certificate of `system:masters`
/// (plugin/pkg/admission/certificates/subjectrestriction).
fn restrict_subject(context: &Context<'_>, csr: &Json) -> Answer<()> {
    if csr.text("spec.signerName") != "kubernetes.io/kube-apiserver-client" {
        return Ok(());
    }
    // What does not parse is refused by validation.
    let organizations = super::certificates::organizations(csr.text("spec.request"));
    if organizations.iter().any(|own| own == "system:masters") {
        return Err(context.forbidden(
            csr.text("metadata.name"),
            "use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed",
        ));
    }
    Ok(())
}

/// Approving and signing take a permission for the signer, or all of its domain
/// (plugin/pkg/admission/certificates).
fn may_use_signer(context: &Context<'_>, store: &Store, verb: &str, signer: &str) -> Answer<()> {
    let domain = signer.split('/').next().unwrap_or_default();
    let names = [signer.to_owned(), format!("{domain}/*")];
    if names
        .iter()
        .any(|name| may(context.identity, store, verb, ("certificates.k8s.io", "signers"), "", name))
    {
        return Ok(());
    }
    let why = format!("user not permitted to {verb} requests with signerName {}", quote(signer));
    Err(context.forbidden(&context.asked.name, &why))
}

/// Whether a user may do something to an object.
pub(super) fn may(
    identity: &Identity,
    store: &Store,
    verb: &str,
    (group, resource): (&str, &str),
    namespace: &str,
    name: &str,
) -> bool {
    let resource = Resource {
        group: group.into(),
        version: "v1".into(),
        resource: resource.into(),
        namespace: namespace.into(),
        name: name.into(),
        ..Resource::default()
    };
    authorize(identity, &Attributes::resource(verb, resource), &store.policy).allowed
}
