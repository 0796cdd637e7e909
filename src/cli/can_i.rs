//! `dojang can-i`: what the authorizers say of a request, and which rule said it.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

mod matrix;

use super::args::Global;
use super::error::CliError;
use super::inspect::bytes;
use super::output::{Output, Tone};
use crate::access::{
    Attributes, Authentication, Authenticators, Bootstrap, Decision, FieldRequirement, Grant, Identity,
    Policy, Resource, Rule, authenticate, authorize, named_resource, objects_from_yaml,
};
use crate::blueprint::{Plan, plan};
use crate::clock::Clock;
use crate::lab::{Permissions, policy_of};
use crate::text::escape;
use crate::trust::{Roots, Sent};
use crate::workspace::{Store, authority_chain, default_directory, pem_certificates, read_spec};

pub(super) const JSON: &str = "\
With --format json one document: {decision: allow or deny, by: system:masters, node or rbac (null if nobody allowed it,
authentication if the certificate was refused), reason: what the API server says, user, groups, rule: {verbs, apiGroups,
resources, resourceNames, nonResourceURLs} and binding: {kind, namespace, name, role: {kind, name}, subject} (null unless
RBAC decided), also: the other bindings that allow it, opinions: [{authorizer, allowed, reason}]}.
With --matrix: {actions: [{title, verb, path, apiGroup, resource, namespace, name}], identities: [{identity, user, groups,
cells: [{action, decision, by, reason}]}]}.
Exit status: 0 allowed (and with --matrix), 1 denied.";

/// Who asks, and what.
#[derive(Debug, Args)]
pub(super) struct CanIArgs {
    /// get, list, watch, create, update, patch, delete, deletecollection, … or *
    #[arg(value_name = "VERB", required_unless_present = "matrix")]
    verb: Option<String>,
    /// pods, po, deployments.apps, nodes/node01, or a path such as /healthz
    #[arg(value_name = "RESOURCE[/NAME]", required_unless_present = "matrix")]
    resource: Option<String>,
    /// A part of the resource: status, log, proxy, …
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    subresource: String,
    /// In this namespace [default: the whole cluster]
    #[arg(long, short, value_name = "NS", default_value = "", hide_default_value = true)]
    namespace: String,
    /// Only objects with these fields, for list and watch: spec.nodeName=node01
    #[arg(
        long,
        value_name = "SELECTOR",
        default_value = "",
        hide_default_value = true,
        value_parser = FieldSelector::read
    )]
    field_selector: FieldSelector,
    /// As whom this certificate names, judged by the workspace's CA
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["user", "groups"],
        required_unless_present_any = ["user", "matrix"]
    )]
    cert: Option<PathBuf>,
    /// Judge --cert by the CAs in this file instead of the workspace's
    #[arg(long, value_name = "FILE", requires = "cert")]
    ca: Option<PathBuf>,
    /// As this user
    #[arg(long = "as", value_name = "USER")]
    user: Option<String>,
    /// In this group, any number of times; system:authenticated is added
    #[arg(long = "as-group", value_name = "GROUP", requires = "user")]
    groups: Vec<String>,
    /// The objects of the cluster (YAML, as for kubectl apply), besides those that an API server
    /// makes by itself [default: the workspace's cluster, as `dojang serve` keeps it]
    #[arg(long, value_name = "FILE")]
    objects: Option<PathBuf>,
    /// Show what every authorizer said
    #[arg(long)]
    explain: bool,
    /// Every identity of the lecture by every action of it, instead of one request; with --explain
    /// the reason of each
    #[arg(long, conflicts_with_all = ["verb", "cert", "user"])]
    matrix: bool,
}

/// A field selector that reads.
#[derive(Debug, Clone)]
struct FieldSelector(Vec<FieldRequirement>);

impl FieldSelector {
    fn read(text: &str) -> Result<Self, String> {
        FieldRequirement::of_selector(text).map(Self)
    }
}

#[derive(Serialize)]
struct Document<'a> {
    decision: &'static str,
    by: Option<&'static str>,
    reason: &'a str,
    user: Option<&'a str>,
    groups: &'a [String],
    rule: Option<RuleDocument<'a>>,
    binding: Option<BindingDocument<'a>>,
    also: Vec<BindingDocument<'a>>,
    opinions: Vec<OpinionDocument<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RuleDocument<'a> {
    verbs: &'a [String],
    api_groups: &'a [String],
    resources: &'a [String],
    resource_names: &'a [String],
    #[serde(rename = "nonResourceURLs")]
    non_resource_urls: &'a [String],
}

#[derive(Serialize)]
struct BindingDocument<'a> {
    kind: &'static str,
    namespace: Option<&'a str>,
    name: &'a str,
    role: RoleDocument<'a>,
    subject: String,
}

#[derive(Serialize)]
struct RoleDocument<'a> {
    kind: &'static str,
    name: &'a str,
}

#[derive(Serialize)]
struct OpinionDocument<'a> {
    authorizer: Option<&'static str>,
    allowed: bool,
    reason: &'a str,
}

impl<'a> From<&'a Rule> for RuleDocument<'a> {
    fn from(rule: &'a Rule) -> Self {
        Self {
            verbs: &rule.verbs,
            api_groups: &rule.groups,
            resources: &rule.resources,
            resource_names: &rule.names,
            non_resource_urls: &rule.urls,
        }
    }
}

impl<'a> From<&'a Grant> for BindingDocument<'a> {
    fn from(grant: &'a Grant) -> Self {
        let binding = &grant.binding;
        let (kind, name) = binding.role.parts();
        Self {
            kind: if binding.namespace.is_some() { "RoleBinding" } else { "ClusterRoleBinding" },
            namespace: binding.namespace.as_deref(),
            name: &binding.name,
            role: RoleDocument { kind, name },
            subject: grant.subject_words(),
        }
    }
}

pub(super) fn run(output: &Output, global: &Global, asked: &CanIArgs) -> Result<u8, CliError> {
    let policy = asked.policy(global)?;
    if asked.matrix {
        let plan = cluster(global)?.plan;
        return matrix::tell(output, &Permissions::of(&plan, &policy), asked.explain);
    }
    let identity = match asked.identity(global)? {
        Ok(identity) => identity,
        Err(error) => return refused(output, &error),
    };
    let decision = authorize(&identity, &asked.attributes(), &policy);
    if output.json {
        output.document(&document(&identity, &decision))?;
    } else {
        print(output, &identity, &decision, asked.explain)?;
    }
    Ok(u8::from(!decision.allowed))
}

impl CanIArgs {
    /// What the authorizers go by.
    fn policy(&self, global: &Global) -> Result<Policy, CliError> {
        let Some(path) = &self.objects else {
            let Cluster { store, plan } = cluster(global)?;
            return Ok(policy_of(&store, &plan, global.now.unwrap_or(Clock::System)));
        };
        let text = bytes(path, "name a file of Kubernetes objects in YAML")?;
        let objects = objects_from_yaml(&String::from_utf8_lossy(&text));
        let mut policy = Policy::bootstrap(Bootstrap::ApiServer);
        objects
            .and_then(|objects| policy.load(&objects))
            .map_err(|error| CliError::Usage(format!("{}: {error}", path.display())))?;
        Ok(policy)
    }

    /// Who asks; or why the certificate names nobody.
    fn identity(&self, global: &Global) -> Result<Result<Identity, String>, CliError> {
        let Some(certificate) = &self.cert else {
            return Ok(Ok(Identity::impersonated(self.user.as_deref().unwrap_or_default(), &self.groups)));
        };
        let roots = client_roots(global, self.ca.as_ref())?;
        let time = global.now.unwrap_or(Clock::System).now();
        let authenticators = Authenticators { client_roots: Some(&roots), front_proxy: None, time };
        let hint = "name the file of a client certificate, for example admin.crt";
        let chain = pem_certificates(&bytes(certificate, hint)?);
        if chain.is_empty() {
            return Err(CliError::Usage(format!(
                "{} holds no certificate in PEM: name the file of a client certificate, for example admin.crt",
                certificate.display()
            )));
        }
        let authenticated = authenticate(&authenticators, &Sent::parse(&chain), &[]);
        let error = authenticated.error.unwrap_or_default();
        Ok(match authenticated.authentication {
            Authentication::Identified(identity) => Ok(identity),
            Authentication::Anonymous => Ok(Identity::anonymous()),
            Authentication::Refused => Err(error),
        })
    }

    fn attributes(&self) -> Attributes {
        let verb = self.verb.as_deref().unwrap_or_default();
        let asked = self.resource.as_deref().unwrap_or_default();
        if asked.starts_with('/') {
            return Attributes::path(verb, asked);
        }
        let (resource, name) = asked.split_once('/').unwrap_or((asked, ""));
        // What the API server does not serve may be in a role all the same.
        let (group, resource) = named_resource(resource).unwrap_or_else(|| {
            let (name, group) = resource.split_once('.').unwrap_or((resource, ""));
            (group, name)
        });
        Attributes::resource(
            verb,
            Resource {
                group: group.to_owned(),
                resource: resource.to_owned(),
                name: name.to_owned(),
                namespace: self.namespace.clone(),
                subresource: self.subresource.clone(),
                fields: self.field_selector.0.clone(),
                ..Resource::default()
            },
        )
    }
}

/// The workspace, as far as this command needs it: without taking its lock.
struct Cluster {
    store: Store,
    plan: Plan,
}

fn cluster(global: &Global) -> Result<Cluster, CliError> {
    let directory = match &global.dir {
        Some(directory) => directory.clone(),
        None => default_directory()?,
    };
    let store = Store::new(directory);
    let spec = read_spec(&store)?.unwrap_or_default();
    Ok(Cluster { store, plan: plan(spec)? })
}

/// Whom the API server has client certificates verified by.
fn client_roots(global: &Global, file: Option<&PathBuf>) -> Result<Roots, CliError> {
    if let Some(path) = file {
        return Ok(Roots::from_pem(&bytes(path, "name the file of a CA certificate, for example ca.crt")?));
    }
    let Cluster { store, plan } = cluster(global)?;
    Ok(Roots::from_der(authority_chain(&store, &plan, "ca")?))
}

/// The certificate names nobody: 401, before any authorizer.
fn refused(output: &Output, error: &str) -> Result<u8, CliError> {
    if output.json {
        output.document(&Document {
            decision: "deny",
            by: Some("authentication"),
            reason: error,
            user: None,
            groups: &[],
            rule: None,
            binding: None,
            also: Vec::new(),
            opinions: Vec::new(),
        })?;
    } else {
        let words = output.language.pick("no: 401 Unauthorized", "아니요: 401 Unauthorized");
        output.line(&format!("{} {words}: {}", output.mark(false), escape(error)))?;
    }
    Ok(1)
}

fn document<'a>(identity: &'a Identity, decision: &'a Decision) -> Document<'a> {
    let grant = decision.grants.first();
    Document {
        decision: if decision.allowed { "allow" } else { "deny" },
        by: decision.by.word(),
        reason: &decision.reason,
        user: Some(&identity.user),
        groups: &identity.groups,
        rule: grant.map(|grant| (&grant.rule).into()),
        binding: grant.map(Into::into),
        also: decision.grants.iter().skip(1).map(Into::into).collect(),
        opinions: decision
            .opinions
            .iter()
            .map(|opinion| OpinionDocument {
                authorizer: opinion.authorizer.word(),
                allowed: opinion.allowed,
                reason: &opinion.reason,
            })
            .collect(),
    }
}

fn print(output: &Output, identity: &Identity, decision: &Decision, explain: bool) -> Result<(), CliError> {
    let pick = |english, korean| output.language.pick(english, korean);
    let word = if decision.allowed { pick("yes", "네") } else { pick("no", "아니요") };
    let mut line = format!("{} {word}", output.mark(decision.allowed));
    // RBAC's reason begins with its name; who gives none is named.
    if !decision.reason.is_empty() {
        line += &format!(": {}", escape(&decision.reason));
    } else if decision.allowed {
        line += &format!(": {}", decision.by);
    }
    output.line(&line)?;
    if let Some(grant) = decision.grants.first() {
        output.line(&format!("  {} {}", pick("rule", "규칙"), escape(&grant.rule.to_string())))?;
    }
    if !explain {
        return Ok(());
    }
    let groups = identity.groups.join(" ");
    output.line("")?;
    output.line(&format!(
        "{} {} [{}]",
        output.tone(Tone::Quiet, pick("identity", "신원")),
        escape(&identity.user),
        escape(&groups)
    ))?;
    for opinion in &decision.opinions {
        let says = match (opinion.allowed, opinion.reason.as_str()) {
            (true, "") => pick("allows it", "허용해요").to_owned(),
            (false, "") => pick("has no opinion", "의견이 없어요").to_owned(),
            (_, reason) => escape(reason).into_owned(),
        };
        output.line(&format!(
            "{} {:15} {says}",
            output.mark(opinion.allowed),
            opinion.authorizer.to_string()
        ))?;
    }
    for grant in decision.grants.iter().skip(1) {
        output.line(&format!("  {} {}", pick("also", "또한"), escape(&grant.to_string())))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
