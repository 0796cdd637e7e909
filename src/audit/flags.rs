//! What components are started with: files that are not there or of another kind, swapped
//! authorities, doors left open.

use std::collections::{HashMap, HashSet};

use super::Problem;
use super::authority::is_signed_by_any;
use super::process::{Located, Process};
use super::scan::{Held, Scan, is_authority};
use super::secrets::key_by_name;
use super::table::{self, FileFlag, Holds, Id};

pub(super) fn check(scan: &Scan, problems: &mut Vec<Problem>) {
    // A certificate of the wrong authority is told once, where it lies.
    let told: HashSet<String> = problems
        .iter()
        .filter(|problem| {
            matches!(problem.id, Id::UnknownCa | Id::SameNameCa | Id::WrongCa | Id::EtcdWrongCa)
        })
        .map(|problem| problem.path.clone())
        .collect();
    let mut on_node: HashMap<&str, Vec<&Process>> = HashMap::new();
    for process in &scan.processes {
        if let Some(place) = &process.place {
            on_node.entry(&place.base).or_default().push(process);
        }
    }
    for process in &scan.processes {
        let base = process.place.as_ref().map(|place| place.base.as_str());
        let beside = base.and_then(|base| on_node.get(base)).map_or(&[][..], Vec::as_slice);
        let settings = Settings { process, beside, scan };
        for flag in table::file_flags(&process.component) {
            for value in process.values(&flag.name).filter(|value| !value.is_empty()) {
                file(process, flag, value, scan, problems);
            }
            if flag.holds == Holds::Certificate {
                settings.verified(flag, &told, problems);
            }
        }
        match process.component.as_str() {
            "kube-apiserver" => settings.api_server(problems),
            "etcd" => settings.etcd(problems),
            "kube-controller-manager" => settings.controller_manager(problems),
            "kubelet" => settings.kubelet(problems),
            _ => {}
        }
    }
}

fn file(process: &Process, flag: &FileFlag, value: &str, scan: &Scan, problems: &mut Vec<Problem>) {
    let shown = process.shown_as(&flag.name, value);
    if let Some(mounts) = &process.mounts
        && value.starts_with('/')
        && !mounts.iter().any(|mount| is_below(value, mount))
    {
        problems.push(Problem::new(Id::FlagMount, &process.path, shown.clone()).flag(&flag.name));
    }
    let path = match process.locate(value, &scan.paths) {
        Located::At(path) => path,
        Located::Missing => {
            // Copies of a directory are often made without the keys.
            let is_left_out = matches!(flag.holds, Holds::Key | Holds::Kubeconfig) && scan.keys.is_empty();
            if !is_left_out {
                problems.push(Problem::new(Id::FlagFile, &process.path, shown).flag(&flag.name));
            }
            return;
        }
        Located::Elsewhere => return,
    };
    let certificate = scan.certificate(&path);
    let fits = match flag.holds {
        Holds::Authority => scan.chain(&path).any(is_authority),
        Holds::Certificate => certificate.is_some(),
        Holds::Key => scan.key(&path).is_some(),
        Holds::Public => scan.public(&path).is_some(),
        Holds::Kubeconfig => scan.kubeconfigs.iter().any(|kubeconfig| kubeconfig.path == path),
    };
    if !fits {
        let holds = match certificate {
            Some(held) => held.certificate.subject().in_order(),
            None if scan.key(&path).is_some() => "PRIVATE KEY".to_owned(),
            None => "no such PEM".to_owned(),
        };
        let evidence = format!("{shown} ({holds})");
        problems.push(Problem::new(Id::FlagKind, &process.path, evidence).flag(&flag.name));
        return;
    }
    if flag.holds != Holds::Certificate {
        return;
    }
    if let Some(held) = certificate.filter(|held| held.certificate.is_ca()) {
        let evidence = format!("{shown} ({}, CA:TRUE)", held.certificate.subject().in_order());
        problems.push(Problem::new(Id::CaAsLeaf, &process.path, evidence));
    }
    let Some(key_flag) = &flag.key else { return };
    if let (Some(held), Some(key_path)) = (certificate, process.at(key_flag, scan))
        && let Some(public) = scan.key(&key_path).and_then(|key| key.public.as_ref())
        && public != held.certificate.public_key_info()
        && key_by_name(&path, scan).is_none_or(|key| key.path != key_path)
    {
        let evidence = format!("{shown}, {}", process.shown(key_flag));
        problems.push(
            Problem::new(Id::KeyPair, &process.path, evidence)
                .file("certificate", path)
                .file("key", key_path),
        );
    }
}

fn is_below(file: &str, directory: &str) -> bool {
    let directory = directory.trim_end_matches('/');
    file.strip_prefix(directory).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

struct Settings<'a> {
    process: &'a Process,
    /// Those on the same node, as far as the files tell, itself included.
    beside: &'a [&'a Process],
    scan: &'a Scan,
}

impl Settings<'_> {
    fn problem(&self, id: Id, evidence: impl Into<String>) -> Problem {
        Problem::new(id, &self.process.path, evidence)
    }

    fn is(&self, flag: &str, value: &str) -> bool {
        self.process.flag(flag).is_some_and(|given| given.eq_ignore_ascii_case(value))
    }

    fn lacks(&self, flag: &str) -> bool {
        self.process.flag(flag).is_none_or(str::is_empty)
    }

    fn beside(&self, component: &str) -> impl Iterator<Item = &Process> {
        self.beside.iter().copied().filter(move |other| other.component == component)
    }

    /// Those who verify a certificate on its node must trust who signed it.
    fn verified(&self, flag: &FileFlag, told: &HashSet<String>, problems: &mut Vec<Problem>) {
        let held = self.process.at(&flag.name, self.scan).and_then(|path| self.scan.certificate(&path));
        let Some(held) = held.filter(|held| !told.contains(&held.path) && !held.certificate.is_ca()) else {
            return;
        };
        for verifier in &flag.verified {
            for other in self.beside(&verifier.component) {
                let Some(authority) = other.at(&verifier.flag, self.scan) else { continue };
                let trusted: Vec<&Held> =
                    self.scan.chain(&authority).filter(|held| is_authority(held)).collect();
                if trusted.is_empty() || is_signed_by_any(&held.certificate, &trusted) {
                    continue;
                }
                let evidence = format!(
                    "{}: {}, {} {}",
                    self.process.shown(&flag.name),
                    held.certificate.issuer().in_order(),
                    other.component,
                    other.shown(&verifier.flag)
                );
                problems.push(Problem::new(verifier.id, &other.path, evidence));
            }
        }
    }

    /// The public keys of the authorities in a flag's file.
    fn authorities(&self, process: &Process, flag: &str) -> Vec<&[u8]> {
        let Some(path) = process.at(flag, self.scan) else { return Vec::new() };
        self.scan.chain(&path).map(|held| held.certificate.public_key_info()).collect()
    }

    fn api_server(&self, problems: &mut Vec<Problem>) {
        if self.lacks("--client-ca-file") {
            problems.push(self.problem(Id::NoClientCa, "no --client-ca-file"));
        }
        if self.lacks("--kubelet-certificate-authority") {
            problems.push(self.problem(Id::KubeletUnverified, "no --kubelet-certificate-authority"));
        }
        let modes = self.process.flag("--authorization-mode");
        let is_in_file = !self.lacks("--authorization-config");
        if !is_in_file && modes.is_none_or(|modes| modes.split(',').any(|mode| mode == "AlwaysAllow")) {
            let shown = modes.map_or_else(
                || "no --authorization-mode".into(),
                |_| self.process.shown("--authorization-mode"),
            );
            problems.push(self.problem(Id::AlwaysAllow, shown));
        } else if modes.is_some_and(|modes| modes.split(',').any(|mode| mode == "Node"))
            && !self.process.values("--enable-admission-plugins").any(|list| list.contains("NodeRestriction"))
        {
            problems.push(self.problem(Id::NodeRestriction, "--authorization-mode=Node, no NodeRestriction"));
        }
        if self.process.flag("--etcd-servers").is_some_and(|urls| urls.contains("http://")) {
            problems.push(self.problem(Id::PlainEtcd, self.process.shown("--etcd-servers")));
        }
        self.old_tls("--tls-min-version", problems);
        self.front_proxy(problems);
        let keys: Vec<_> = self.publics("--service-account-key-file").collect();
        let signing = self.process.at("--service-account-signing-key-file", self.scan);
        let signing = signing.and_then(|path| self.scan.key(&path)?.public.clone());
        if signing.is_some_and(|signing| !keys.is_empty() && !keys.contains(&signing)) {
            let evidence = format!(
                "{}, {}",
                self.process.shown("--service-account-key-file"),
                self.process.shown("--service-account-signing-key-file")
            );
            problems.push(self.problem(Id::ServiceAccountPair, evidence));
        }
        for manager in self.beside("kube-controller-manager") {
            let private = manager.at("--service-account-private-key-file", self.scan);
            let private = private.and_then(|path| self.scan.key(&path)?.public.clone());
            if private.is_some_and(|private| !keys.is_empty() && !keys.contains(&private)) {
                let evidence = format!(
                    "{}, kube-apiserver {}",
                    manager.shown("--service-account-private-key-file"),
                    self.process.shown("--service-account-key-file")
                );
                problems.push(Problem::new(Id::ServiceAccountPair, &manager.path, evidence));
            }
        }
    }

    /// The public keys in the files of a flag that may be given several times.
    fn publics(&self, flag: &str) -> impl Iterator<Item = Vec<u8>> {
        let process = self.process;
        let values: Vec<String> = process.values(flag).map(str::to_owned).collect();
        values.into_iter().filter_map(move |value| {
            let paths = &self.scan.paths;
            match process.locate(&value, paths) {
                Located::At(path) => self.scan.public(&path).map(<[u8]>::to_vec),
                Located::Missing | Located::Elsewhere => None,
            }
        })
    }

    /// One authority for clients and for the front proxy lets any client speak for others,
    /// unless names are given (kube-apiserver 1.35 refuses to start without).
    fn front_proxy(&self, problems: &mut Vec<Problem>) {
        const PROXY: &str = "--requestheader-client-ca-file";
        const CLIENTS: &str = "--client-ca-file";
        const NAMES: &str = "--requestheader-allowed-names";
        if self.lacks(PROXY) {
            return;
        }
        let names = self.process.flag(NAMES).unwrap_or_default();
        let clients = self.authorities(self.process, CLIENTS);
        let is_same = self.process.flag(PROXY) == self.process.flag(CLIENTS)
            || self.authorities(self.process, PROXY).iter().any(|key| clients.contains(key));
        if is_same {
            let id = if names.is_empty() { Id::FrontProxyOpen } else { Id::FrontProxyNames };
            let evidence = format!("{}, {}", self.process.shown(CLIENTS), self.process.shown(PROXY));
            problems.push(self.problem(id, evidence));
        }
        let proxy = self.process.at("--proxy-client-cert-file", self.scan);
        let proxy = proxy.and_then(|path| self.scan.certificate(&path));
        if let Some(held) = proxy.filter(|_| !names.is_empty()) {
            let name = held.certificate.subject().common_name();
            if !names.split(',').any(|allowed| allowed == name) {
                let evidence = format!("{NAMES}={names}, CN={name} ({})", held.path);
                problems.push(self.problem(Id::FrontProxyCn, evidence));
            }
        }
    }

    fn old_tls(&self, flag: &str, problems: &mut Vec<Problem>) {
        if self.is(flag, "VersionTLS10") || self.is(flag, "VersionTLS11") {
            problems.push(self.problem(Id::OldTls, self.process.shown(flag)));
        }
    }

    /// `--trusted-ca-file` alone makes etcd ask for certificates and verify them; without
    /// it, `--client-cert-auth` has nothing to verify by (etcd
    /// `client/pkg/transport/listener.go`).
    fn etcd(&self, problems: &mut Vec<Problem>) {
        if !self.lacks("--config-file") {
            return;
        }
        for prefix in ["--", "--peer-"] {
            let named = |flag: &str| format!("{prefix}{flag}");
            let (auth, trusted) = (named("client-cert-auth"), named("trusted-ca-file"));
            let asks = self.is(&auth, "true");
            if self.lacks(&named("cert-file")) {
                continue;
            }
            match (asks, !self.lacks(&trusted)) {
                (false, false) => {
                    problems.push(self.problem(Id::EtcdOpen, format!("no {auth}, no {trusted}")))
                }
                (true, false) => {
                    problems.push(self.problem(Id::EtcdNoCa, format!("{auth}=true, no {trusted}")))
                }
                (false, true) => {
                    let given = self
                        .process
                        .flag(&auth)
                        .map_or_else(|| format!("no {auth}"), |_| self.process.shown(&auth));
                    problems.push(self.problem(Id::EtcdClientAuthOff, given));
                }
                (true, true) => {}
            }
        }
        for flag in ["--listen-client-urls", "--listen-peer-urls", "--advertise-client-urls"] {
            let urls = self.process.flag(flag).unwrap_or_default();
            if urls.split(',').any(|url| {
                url.strip_prefix("http://")
                    .is_some_and(|host| !host.starts_with("127.") && !host.starts_with("localhost"))
            }) {
                problems.push(self.problem(Id::PlainEtcd, self.process.shown(flag)));
            }
        }
    }

    fn controller_manager(&self, problems: &mut Vec<Problem>) {
        let signing = self.authorities(self.process, "--cluster-signing-cert-file");
        let root = self.process.at("--root-ca-file", self.scan);
        let roots: Vec<&Held> = root.iter().flat_map(|path| self.scan.chain(path)).collect();
        for api_server in self.beside("kube-apiserver") {
            let clients = self.authorities(api_server, "--client-ca-file");
            if !signing.is_empty() && !clients.is_empty() && !signing.iter().any(|key| clients.contains(key))
            {
                let evidence = format!(
                    "{}, kube-apiserver {}",
                    self.process.shown("--cluster-signing-cert-file"),
                    api_server.shown("--client-ca-file")
                );
                problems.push(self.problem(Id::SigningCa, evidence));
            }
            let serving = api_server.at("--tls-cert-file", self.scan);
            let Some(held) = serving.and_then(|path| self.scan.certificate(&path)) else { continue };
            if !roots.is_empty() && !is_signed_by_any(&held.certificate, &roots) {
                let evidence = format!("{}, {}", self.process.shown("--root-ca-file"), held.path);
                problems.push(self.problem(Id::RootCa, evidence));
            }
        }
    }

    /// The defaults are those of the configuration file, which are safer than the flags'.
    fn kubelet(&self, problems: &mut Vec<Problem>) {
        let is_unit = self.process.path.ends_with(".service");
        if is_unit && !self.lacks("--config") {
            return;
        }
        let field = |field: &'static str, flag: &'static str| if is_unit { flag } else { field };
        let anonymous = field("authentication.anonymous.enabled", "--anonymous-auth");
        let mode = field("authorization.mode", "--authorization-mode");
        let authority = field("authentication.x509.clientCAFile", "--client-ca-file");
        let port = field("readOnlyPort", "--read-only-port");
        if self.is(anonymous, "true") {
            problems.push(self.problem(Id::KubeletAnonymous, self.process.shown(anonymous)));
        }
        if self.is(mode, "AlwaysAllow") {
            problems.push(self.problem(Id::AlwaysAllow, self.process.shown(mode)));
        }
        if self.lacks(authority) {
            problems.push(self.problem(Id::KubeletNoClientCa, format!("no {authority}")));
        }
        if self.process.flag(port).is_some_and(|port| port != "0") {
            problems.push(self.problem(Id::KubeletReadOnlyPort, self.process.shown(port)));
        }
        self.old_tls(field("tlsMinVersion", "--tls-min-version"), problems);
    }
}
