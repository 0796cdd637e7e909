//! How a Kubernetes server turns a client certificate and an HTTP request into
//! an identity and an answer.
//!
//! [`Identity`] is who the certificate names, [`Attributes`] what is asked,
//! [`Policy`] what the cluster's authorizers go by, [`authorize`] the decision,
//! and [`respond`] the whole answer of kube-apiserver, a kubelet or etcd.

pub mod api;
mod attributes;
mod authenticate;
mod bootstrap;
mod decision;
mod fields;
mod graph;
mod identity;
mod json;
mod node;
mod policy;
mod rbac;
mod relations;
mod respond;
mod world;

pub use api::named_resource;
pub use attributes::{Attributes, AttributesError, Resource, Target, unescape};
pub use authenticate::{
    Authenticated, Authenticator, Authenticators, FrontProxy, Recognition, aggregate, authenticate,
    extra_key, identity_from_certificate,
};
pub use bootstrap::Bootstrap;
pub use decision::{Authorizer, Decision, Opinion, authorize, forbidden_message};
pub use fields::FieldRequirement;
pub use identity::{
    ANONYMOUS, AUTHENTICATED, CREDENTIAL_ID, Identity, Subject, UNAUTHENTICATED, service_account,
};
pub use json::Json;
pub use policy::{Policy, PolicyError, objects_from_yaml};
pub use rbac::{Binding, BindingSubject, Grant, Rbac, Role, RoleRef, Rule};
pub use relations::secrets_and_config_maps;
pub use respond::{
    Authentication, HttpRequest, HttpResponse, ServerKind, kubelet_answer, kubelet_forbids,
    kubelet_questions, respond, serve_path,
};
pub use world::{ETCD_VERSION, KUBERNETES_VERSION, World, WorldNode};
