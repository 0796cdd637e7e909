//! What a certificate is for: by the cluster's own plan where there is one, by the flags
//! that name its file, else by the names that kubeadm and the lecture give their files.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::process::Process;
use super::scan::{Scan, directory, stem};
use super::table::{self, Holds};
use crate::blueprint::{HostName, Subject, Usage, plan};
use crate::workspace::{Store, read_spec};

/// What is expected of a certificate.
#[derive(Debug, Clone, Default)]
pub(super) struct Expected {
    /// SANs that must be there, and who says so if it is a flag.
    pub(super) names: Vec<(HostName, Option<String>)>,
    /// Usages that must be there.
    pub(super) usages: Vec<Usage>,
    /// The subject that the cluster's plan gives it.
    pub(super) subject: Option<Subject>,
    /// The file of the authority that must have signed it.
    pub(super) authority: Option<String>,
    /// Its request, where it does not lie beside it.
    pub(super) request: Option<String>,
    /// Whether the API server shows it to its clients.
    pub(super) is_api_server: bool,
    /// The node whose kubelet holds it, by its etcd's name.
    pub(super) node: Option<String>,
}

/// What is known of all files.
#[derive(Debug, Default)]
pub(super) struct Expectations {
    of: HashMap<String, Expected>,
    /// What the plan calls the artifact in a file.
    pub(super) artifacts: HashMap<String, String>,
    /// Where the plan has the keys of authorities; empty without one.
    pub(super) authority_keys: HashSet<String>,
}

impl Expectations {
    pub(super) fn get(&self, path: &str) -> Option<&Expected> {
        self.of.get(path)
    }

    /// The files that API servers show to their clients.
    pub(super) fn api_servers(&self) -> impl Iterator<Item = &str> {
        self.of.iter().filter(|(_, expected)| expected.is_api_server).map(|(path, _)| path.as_str())
    }
}

/// Names that every API server is called by (kubeadm `GetAPIServerAltNames`).
const SERVICE: [&str; 3] = ["kubernetes", "kubernetes.default", "kubernetes.default.svc"];

/// What is expected of each file, by the plan too where they lie below a root.
pub(super) fn expectations(root: Option<&Path>, scan: &Scan) -> Expectations {
    let mut known = Expectations::default();
    if let Some(root) = root {
        planned(root, &mut known);
    }
    let client_authority = client_authority(scan);
    for held in &scan.certificates {
        if known.of.contains_key(&held.path) {
            continue;
        }
        let guess = if held.in_kubeconfig {
            Some(Expected { authority: client_authority.clone(), ..client() })
        } else {
            by_name(&held.path, scan)
        };
        if let Some(guess) = guess {
            known.of.insert(held.path.clone(), guess);
        }
    }
    for process in &scan.processes {
        by_flags(process, scan, &mut known);
        node(process, &mut known);
    }
    known
}

fn planned(root: &Path, known: &mut Expectations) {
    let spec = read_spec(&Store::new(root)).ok().flatten();
    let Some(plan) = spec.and_then(|spec| plan(spec).ok()) else { return };
    for authority in &plan.authorities {
        let copies = authority.copies.iter().filter_map(|copy| copy.key.clone());
        known.authority_keys.extend(copies.chain([authority.place.key.clone()]));
    }
    let authority = |id: &str| plan.authority(id).map(|authority| authority.place.certificate.clone());
    for certificate in &plan.certificates {
        known.artifacts.insert(certificate.file().to_owned(), certificate.id());
        known.of.insert(
            certificate.file().to_owned(),
            Expected {
                names: certificate.names.iter().map(|name| (name.clone(), None)).collect(),
                usages: certificate.usages.clone(),
                subject: Some(certificate.subject.clone()),
                authority: authority(&certificate.authority),
                request: Some(certificate.csr.clone()),
                is_api_server: certificate.kind == "apiserver",
                node: None,
            },
        );
    }
    for kubeconfig in &plan.kubeconfigs {
        let Some(leaf) = plan.certificate(&kubeconfig.certificate) else { continue };
        known.artifacts.entry(kubeconfig.path.clone()).or_insert_with(|| leaf.id());
        known.of.entry(kubeconfig.path.clone()).or_insert_with(|| Expected {
            subject: Some(leaf.subject.clone()),
            authority: authority(&leaf.authority),
            ..client()
        });
    }
}

fn client() -> Expected {
    Expected { usages: vec![Usage::Client], ..Expected::default() }
}

/// The file of the authority whose clients the API server takes.
fn client_authority(scan: &Scan) -> Option<String> {
    let mut servers = scan.processes.iter().filter(|process| process.component == "kube-apiserver");
    servers.find_map(|process| process.at("--client-ca-file", scan))
}

fn by_name(path: &str, scan: &Scan) -> Option<Expected> {
    let (stem, directory) = (stem(path), directory(path));
    let beside = |name: &str| {
        let path = format!("{directory}{name}");
        scan.certificate(&path).is_some().then_some(path)
    };
    let in_etcd = directory.ends_with("etcd/");
    let is_api_server = matches!(stem, "apiserver" | "kube-apiserver");
    let (usages, names, authority): (&[Usage], _, _) = match stem {
        _ if is_api_server => (&[Usage::Server], api_names(path, scan), beside("ca.crt")),
        "apiserver-etcd-client" => (
            &[Usage::Client],
            Vec::new(),
            beside("etcd/ca.crt").or_else(|| beside("etcd-ca.crt")).or_else(|| beside("ca.crt")),
        ),
        "front-proxy-client" => {
            (&[Usage::Client], Vec::new(), beside("front-proxy-ca.crt").or_else(|| beside("ca.crt")))
        }
        "server" | "peer" if in_etcd => (&[Usage::Server, Usage::Client], Vec::new(), beside("ca.crt")),
        "kubelet" if directory.ends_with("pki/") => (&[Usage::Server], Vec::new(), None),
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
    let names = names.into_iter().map(|name| (name, None)).collect();
    Some(Expected { names, usages: usages.to_vec(), authority, is_api_server, ..Expected::default() })
}

/// The names by which the API server of the nearest manifests is called: several nodes may
/// lie in one directory.
fn api_names(path: &str, scan: &Scan) -> Vec<HostName> {
    let mut names: Vec<HostName> = SERVICE.iter().map(|name| HostName::Dns((*name).to_owned())).collect();
    let near = |other: &str| path.split('/').zip(other.split('/')).take_while(|(a, b)| a == b).count();
    let servers = || scan.processes.iter().filter(|process| process.component == "kube-apiserver");
    let nearest = servers().map(|process| near(&process.path)).max();
    for process in servers().filter(|process| Some(near(&process.path)) == nearest) {
        for (name, _) in api_server_names(process) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}

/// What flags say of the files that they name.
fn by_flags(process: &Process, scan: &Scan, known: &mut Expectations) {
    for flag in table::file_flags(&process.component).filter(|flag| flag.holds == Holds::Certificate) {
        let Some(path) = process.at(&flag.name, scan) else { continue };
        let names = match (process.component.as_str(), flag.name.as_str()) {
            ("kube-apiserver", "--tls-cert-file") => api_server_names(process),
            ("etcd", "--cert-file") => etcd_names(process, scan),
            ("etcd", "--peer-cert-file") => hosts(process, "--initial-advertise-peer-urls"),
            _ => Vec::new(),
        };
        let expected = known.of.entry(path).or_default();
        expected.is_api_server |= flag.name == "--tls-cert-file" && process.component == "kube-apiserver";
        for usage in &flag.usages {
            if !expected.usages.contains(usage) {
                expected.usages.push(*usage);
            }
        }
        for (name, why) in names {
            if !expected.names.iter().any(|(known, _)| *known == name) {
                expected.names.push((name, Some(why)));
            }
        }
    }
}

/// Where a kubelet's identity lies, from a node's root or from /etc/kubernetes.
const KUBELET: [&str; 3] =
    ["etc/kubernetes/kubelet.conf", "kubelet.conf", "var/lib/kubelet/pki/kubelet-client-current.pem"];

/// kubeadm calls a node's etcd by the node's name.
fn node(process: &Process, known: &mut Expectations) {
    let (Some(name), Some(place)) = (process.flag("--name"), &process.place) else { return };
    if process.component == "etcd" {
        for tail in KUBELET {
            if let Some(expected) = known.of.get_mut(&format!("{}{tail}", place.base)) {
                expected.node = Some(name.to_owned());
            }
        }
    }
}

type Named = Vec<(HostName, String)>;

fn api_server_names(process: &Process) -> Named {
    let mut names: Named =
        SERVICE.iter().map(|name| (HostName::Dns((*name).to_owned()), "the service".into())).collect();
    let mut add = |flag: &str, name: Option<HostName>| names.extend(name.map(|name| (name, flag.to_owned())));
    let address = process.flag("--advertise-address").and_then(|address| address.parse().ok());
    add("--advertise-address", address.map(HostName::Ip));
    let service = process
        .flag("--service-cluster-ip-range")
        .and_then(|ranges| ranges.split(',').next()?.parse::<ipnet::IpNet>().ok())
        .and_then(|range| range.hosts().next());
    add("--service-cluster-ip-range", service.map(HostName::Ip));
    let issuer = process.flag("--service-account-issuer").and_then(|issuer| {
        let host = issuer.strip_prefix("https://")?.split('/').next()?;
        host.starts_with("kubernetes.default.svc.").then(|| HostName::Dns(host.to_owned()))
    });
    add("--service-account-issuer", issuer);
    names
}

fn etcd_names(process: &Process, scan: &Scan) -> Named {
    let mut names = hosts(process, "--advertise-client-urls");
    let servers = scan.processes.iter().filter(|other| other.component == "kube-apiserver");
    for server in servers.filter(|other| other.is_beside(process)) {
        // Of several etcds each API server knows all; its own is called by its own names.
        let urls = hosts(server, "--etcd-servers");
        if urls.len() == 1 {
            names.extend(urls.into_iter().map(|(name, flag)| (name, format!("kube-apiserver {flag}"))));
        }
    }
    names
}

/// The hosts of the URLs that a flag lists.
fn hosts(process: &Process, flag: &str) -> Named {
    let urls = process.flag(flag).unwrap_or_default().split(',');
    urls.filter_map(|url| Some((host(url.strip_prefix("https://")?)?, flag.to_owned()))).collect()
}

/// The host in `host:port/path`.
pub(super) fn host(rest: &str) -> Option<HostName> {
    let rest = rest.split(['/', '?']).next()?;
    let name = match rest.strip_prefix('[') {
        Some(inner) => inner.split(']').next()?,
        None => rest.rsplit_once(':').map_or(rest, |(host, _)| host),
    };
    if name.is_empty() {
        return None;
    }
    Some(name.parse().map_or_else(|_| HostName::Dns(name.to_owned()), HostName::Ip))
}
