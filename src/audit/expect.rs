//! What a certificate is for: by the cluster's own plan where there is one, else by the
//! names that kubeadm and the lecture give their files, and the manifests found.

use std::collections::HashMap;
use std::path::Path;

use super::scan::{Scan, directory, stem};
use crate::blueprint::{HostName, Subject, Usage, plan};
use crate::workspace::{Store, read_spec};

/// What is expected of a certificate.
#[derive(Debug, Clone, Default)]
pub(super) struct Expected {
    /// SANs that must be there.
    pub(super) names: Vec<HostName>,
    /// Usages that must be there.
    pub(super) usages: Vec<Usage>,
    /// The subject that the cluster's plan gives it.
    pub(super) subject: Option<Subject>,
    /// The file of the authority that must have signed it.
    pub(super) authority: Option<String>,
}

/// Names that every API server is called by (kubeadm `GetAPIServerAltNames`).
const SERVICE: [&str; 3] = ["kubernetes", "kubernetes.default", "kubernetes.default.svc"];

/// What is expected of each file.
pub(super) fn expectations(root: &Path, scan: &Scan) -> HashMap<String, Expected> {
    let mut expected = HashMap::new();
    let spec = read_spec(&Store::new(root)).ok().flatten();
    if let Some(plan) = spec.and_then(|spec| plan(spec).ok()) {
        for certificate in &plan.certificates {
            let authority = plan.authority(&certificate.authority).map(|a| a.place.certificate.clone());
            expected.insert(
                certificate.file().to_owned(),
                Expected {
                    names: certificate.names.clone(),
                    usages: certificate.usages.clone(),
                    subject: Some(certificate.subject.clone()),
                    authority,
                },
            );
        }
        for kubeconfig in &plan.kubeconfigs {
            let subject = plan.certificate(&kubeconfig.certificate).map(|leaf| leaf.subject.clone());
            expected.entry(kubeconfig.path.clone()).or_insert_with(|| Expected { subject, ..client() });
        }
    }
    for held in &scan.certificates {
        if expected.contains_key(&held.path) {
            continue;
        }
        if let Some(guess) = by_name(&held.path, held.in_kubeconfig, scan) {
            expected.insert(held.path.clone(), guess);
        }
    }
    expected
}

fn client() -> Expected {
    Expected { usages: vec![Usage::Client], ..Expected::default() }
}

fn by_name(path: &str, in_kubeconfig: bool, scan: &Scan) -> Option<Expected> {
    if in_kubeconfig {
        return Some(client());
    }
    let (stem, directory) = (stem(path), directory(path));
    let beside = |name: &str| {
        let path = format!("{directory}{name}");
        scan.certificates.iter().any(|held| held.path == path).then_some(path)
    };
    let in_etcd = directory.ends_with("etcd/");
    let (usages, names, authority): (&[Usage], _, _) = match stem {
        "apiserver" | "kube-apiserver" => (&[Usage::Server], api_names(path, scan), beside("ca.crt")),
        "apiserver-etcd-client" => (
            &[Usage::Client],
            Vec::new(),
            beside("etcd/ca.crt").or_else(|| beside("etcd-ca.crt")).or_else(|| beside("ca.crt")),
        ),
        "front-proxy-client" => {
            (&[Usage::Client], Vec::new(), beside("front-proxy-ca.crt").or_else(|| beside("ca.crt")))
        }
        "server" | "peer" if in_etcd => (&[Usage::Server, Usage::Client], Vec::new(), beside("ca.crt")),
        "kubelet" => (&[Usage::Server], Vec::new(), None),
        "admin"
        | "super-admin"
        | "scheduler"
        | "kube-scheduler"
        | "controller-manager"
        | "kube-controller-manager"
        | "kube-proxy"
        | "kubelet-client-current" => (&[Usage::Client], Vec::new(), beside("ca.crt")),
        stem if stem.ends_with("-client") => (&[Usage::Client], Vec::new(), beside("ca.crt")),
        stem if stem.starts_with("etcd") && (stem.contains("server") || stem.contains("peer")) => {
            (&[Usage::Server, Usage::Client], Vec::new(), None)
        }
        _ => return None,
    };
    Some(Expected { names, usages: usages.to_vec(), subject: None, authority })
}

/// The names by which the API server of the nearest manifests is called: several nodes may
/// lie in one directory.
fn api_names(path: &str, scan: &Scan) -> Vec<HostName> {
    let mut names: Vec<HostName> = SERVICE.iter().map(|name| HostName::Dns((*name).to_owned())).collect();
    let near = |other: &str| path.split('/').zip(other.split('/')).take_while(|(a, b)| a == b).count();
    let nearest = scan.manifests.iter().map(|(other, _)| near(other)).max();
    for (_, text) in scan.manifests.iter().filter(|(other, _)| Some(near(other)) == nearest) {
        let address = flag(text, "--advertise-address").and_then(|address| address.parse().ok());
        let service = flag(text, "--service-cluster-ip-range")
            .and_then(|ranges| ranges.split(',').next()?.parse::<ipnet::IpNet>().ok())
            .and_then(|range| range.hosts().next());
        for address in [address, service].into_iter().flatten().map(HostName::Ip) {
            if !names.contains(&address) {
                names.push(address);
            }
        }
    }
    names
}

/// The value of a flag in a manifest or unit.
pub(super) fn flag<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let (_, rest) = line.split_once(name)?;
        let value = rest.strip_prefix('=')?.split_whitespace().next()?;
        Some(value.trim_matches(['"', '\'', '\\', ',']))
    })
}
