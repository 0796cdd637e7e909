//! What a cluster makes of one certificate: who it names, which component of the blueprint
//! has one like it, in which files and behind which flags.

use std::sync::LazyLock;

use serde::Serialize;

use crate::access::{CREDENTIAL_ID, Identity, identity_from_certificate};
use crate::blueprint::{Authorities, ClusterSpec, Layout, Places, Plan, Usage, plan};
use crate::text::escape;
use crate::trust;
use crate::x509::{Document, Field, Kind};

/// The attribute of a subject that carries a user's UID
/// (apiserver/pkg/authentication/request/x509).
const UID: &str = "1.3.6.1.4.1.57683.2";
const SERVER: &str = "1.3.6.1.5.5.7.3.1";
const CLIENT: &str = "1.3.6.1.5.5.7.3.2";
const ANY: &str = "2.5.29.37.0";

/// What a cluster makes of a certificate or a request. Texts are safe to print.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Meaning {
    /// Why Go does not even read it, or the API server takes nobody from it, in their words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// Whom the API server takes the client for that presents it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<Named>,
    /// Whether Go lets a client present it, a server, and whether it signs others.
    pub client: bool,
    /// See `client`.
    pub server: bool,
    /// See `client`.
    pub authority: bool,
    /// Those of the blueprint that are like it; several where they are alike.
    pub roles: Vec<Role>,
}

/// A user as the API server derives it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Named {
    /// The user name.
    pub user: String,
    /// The groups, in order.
    pub groups: Vec<String>,
    /// The UID, if the subject has one.
    pub uid: Option<String>,
    /// The node that it is to the Node authorizer.
    pub node: Option<String>,
    /// `authentication.kubernetes.io/credential-id`.
    pub credential_id: Option<String>,
}

impl Named {
    fn of(identity: &Identity) -> Self {
        let safe = |text: &str| escape(text).into_owned();
        let credential = identity.extra.iter().find(|(key, _)| key == CREDENTIAL_ID);
        Self {
            user: safe(&identity.user),
            groups: identity.groups.iter().map(|group| safe(group)).collect(),
            uid: identity.uid.as_deref().map(safe),
            node: identity.node().map(safe),
            credential_id: credential.and_then(|(_, values)| values.first().cloned()),
        }
    }
}

/// A place in the blueprint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Role {
    /// The artifact: `apiserver`, `ca`.
    pub artifact: String,
    /// The component that holds it.
    pub component: String,
    /// `lecture` or `kubeadm`.
    pub layout: &'static str,
    /// Where it lies.
    pub file: String,
    /// The lines of configuration files that name that file.
    pub flags: Vec<String>,
}

/// An artifact of the blueprint, with the node's name cut out.
struct Pattern {
    role: Role,
    common_name: String,
    organizations: Vec<String>,
    /// Server, client; none for an authority.
    usages: Option<[bool; 2]>,
    issuer: String,
}

/// Stands for the node's name in a pattern.
const NODE: &str = "{node}";

static PATTERNS: LazyLock<Vec<Pattern>> = LazyLock::new(|| {
    let mut patterns = Vec::new();
    for (layout, name) in [(Layout::Kubeadm, "kubeadm"), (Layout::Lecture, "lecture")] {
        let authorities = match layout {
            Layout::Kubeadm => Authorities::Three,
            Layout::Lecture => Authorities::One,
        };
        let spec = ClusterSpec { layout, authorities, ..ClusterSpec::default() };
        // The default cluster always has a plan.
        if let Ok(plan) = plan(spec) {
            collect(&plan, name, &mut patterns);
        }
    }
    patterns
});

fn collect(plan: &Plan, layout: &'static str, patterns: &mut Vec<Pattern>) {
    let role = |artifact: &str, component: &str, path: &str, node: Option<&str>| {
        let local = local(path);
        Role {
            artifact: artifact.to_owned(),
            component: component.to_owned(),
            layout,
            file: replaced(local, node),
            flags: flags(plan, local, node),
        }
    };
    for authority in &plan.authorities {
        patterns.push(Pattern {
            role: role(&authority.id, "CA", &authority.place.certificate, None),
            common_name: authority.subject.common_name.clone(),
            organizations: authority.subject.organizations.clone(),
            usages: None,
            issuer: authority.subject.common_name.clone(),
        });
    }
    let mut seen: Vec<&str> = Vec::new();
    for leaf in &plan.certificates {
        // One of each kind: the nodes differ by name alone.
        if seen.contains(&leaf.kind.as_str()) {
            continue;
        }
        seen.push(&leaf.kind);
        // Where the plan has one for the whole cluster, its name may still be a node's.
        let first = plan.spec.control_planes.first().map(|node| node.name.as_str());
        let node = leaf.node.as_deref().or(first);
        let path = match &leaf.places {
            Places::Files(place) => &place.certificate,
            Places::Kubeconfig(path) => path,
        };
        let issuer = plan.authority(&leaf.authority).map(|a| a.subject.common_name.clone());
        patterns.push(Pattern {
            role: role(&leaf.kind, &leaf.holder, path, leaf.node.as_deref()),
            common_name: replaced(&leaf.subject.common_name, node),
            organizations: leaf.subject.organizations.clone(),
            usages: Some([Usage::Server, Usage::Client].map(|usage| leaf.usages.contains(&usage))),
            issuer: issuer.unwrap_or_default(),
        });
    }
}

/// A path as the machine knows it: without the directory of its node.
fn local(path: &str) -> &str {
    path.split_once('/')
        .filter(|(_, rest)| rest.starts_with("etc/") || rest.starts_with("var/"))
        .map_or(path, |(_, rest)| rest)
}

/// A text with the name of the node cut out, where it stands as a word of its own.
fn replaced(text: &str, node: Option<&str>) -> String {
    match node {
        Some(node) => text.replace(node, NODE),
        None => text.to_owned(),
    }
}

/// The lines of configuration files that name a file.
fn flags(plan: &Plan, file: &str, node: Option<&str>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let ends = [format!("/{file}"), format!("={file}"), format!(": {file}")];
    for config in &plan.files {
        for line in config.text.lines() {
            let line = line.trim().trim_start_matches("- ").trim_end_matches([' ', '\\', '"', '\'']);
            let flag = replaced(line, node);
            if ends.iter().any(|end| line.ends_with(end))
                && !line.starts_with("path:")
                && !found.contains(&flag)
            {
                found.push(flag);
            }
        }
    }
    found
}

/// What a cluster makes of a certificate, or would of what a request asks for.
#[must_use]
pub fn meaning(document: &Document) -> Meaning {
    let subject = document.field("subject");
    let texts = |name: &str| -> Vec<String> {
        let parts = subject.map(|subject| subject.parts.as_slice()).unwrap_or_default();
        let of_name = parts.iter().filter(|part| part.name == name || kind(part) == Some(name));
        of_name.filter_map(|part| Some(part.parts.last()?.value.clone())).collect()
    };
    let (names, organizations, uids) = (texts("CN"), texts("O"), texts(UID));
    let usages = usages(document);
    let authority = document.value("basicConstraints").contains("CA:TRUE")
        || document.value("version") == "1" && document.value("subject") == document.value("issuer");
    let common_name = names.last().map(String::as_str).unwrap_or_default();
    let mut meaning = Meaning {
        client: usages.is_none_or(|[_, client]| client),
        server: usages.is_none_or(|[server, _]| server),
        authority,
        ..Meaning::default()
    };
    let presents = meaning.client && !authority;
    let identity = match document.kind {
        Kind::Certificate => match trust::Certificate::parse(&document.der) {
            Ok(certificate) if presents => identity_from_certificate(&certificate),
            Ok(_) => Ok(None),
            Err(error) => Err(error.to_string()),
        },
        // A request is no credential yet: whom it would name.
        _ if presents && !common_name.is_empty() => {
            let uid = uids.first().cloned();
            Ok(Some(Identity { uid, ..Identity::named(common_name, &organizations) }))
        }
        _ => Ok(None),
    };
    match identity {
        Ok(identity) => meaning.identity = identity.as_ref().map(Named::of),
        Err(why) => meaning.refused = Some(escape(&why).into_owned()),
    }
    meaning.roles = roles(document, common_name, &organizations, usages, authority);
    meaning
}

/// The identifier of an attribute's type.
fn kind(attribute: &Field) -> Option<&str> {
    attribute.part("type").map(|kind| kind.value.as_str())
}

/// Whether the extendedKeyUsage allows a server and a client; none if there is none.
fn usages(document: &Document) -> Option<[bool; 2]> {
    let list = document.field("extendedKeyUsage")?.part("value")?;
    let has = |oid: &str, name: &str| list.parts.iter().any(|one| one.value == name || one.value == oid);
    let any = has(ANY, "anyExtendedKeyUsage");
    Some([any || has(SERVER, "serverAuth"), any || has(CLIENT, "clientAuth")])
}

fn roles(
    document: &Document,
    common_name: &str,
    organizations: &[String],
    usages: Option<[bool; 2]>,
    authority: bool,
) -> Vec<Role> {
    let issuer = document
        .field("issuer")
        .and_then(|issuer| issuer.parts.iter().rev().find(|part| part.name == "CN")?.parts.last())
        .map(|name| name.value.as_str());
    let likeness = |pattern: &Pattern| -> Option<(u8, Option<String>)> {
        let fits = match pattern.usages {
            None => authority,
            Some(wanted) => !authority && usages.is_none_or(|usages| usages == wanted),
        };
        if !fits || pattern.organizations != organizations {
            return None;
        }
        let same_issuer = issuer.is_some_and(|issuer| issuer == pattern.issuer);
        match pattern.common_name.split_once(NODE) {
            None => (common_name == pattern.common_name).then_some((2 + u8::from(same_issuer), None)),
            Some((before, after)) => {
                let node = common_name.strip_prefix(before)?.strip_suffix(after)?;
                // A name that may be anything needs the issuer to say more.
                let told = !before.is_empty() || same_issuer && usages.is_some();
                (told && !node.is_empty())
                    .then(|| (u8::from(!before.is_empty()) + u8::from(same_issuer), Some(node.to_owned())))
            }
        }
    };
    let found: Vec<_> =
        PATTERNS.iter().filter_map(|pattern| Some((likeness(pattern)?, &pattern.role))).collect();
    let best = found.iter().map(|((likeness, _), _)| *likeness).max();
    let alike = found.into_iter().filter(|((likeness, _), _)| Some(*likeness) == best);
    alike
        .map(|((_, node), role)| {
            let named = |text: &String| text.replace(NODE, node.as_deref().unwrap_or("NODE"));
            Role { file: named(&role.file), flags: role.flags.iter().map(named).collect(), ..role.clone() }
        })
        .collect()
}
