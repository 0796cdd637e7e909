//! Kubeconfigs beside the rest of the directory: the files that they name, the authorities
//! that they trust, the server that they call.

use std::collections::{HashMap, HashSet};

use super::authority::is_signed_by_any;
use super::certificate;
use super::certificate::holds;
use super::expect::{Expectations, host};
use super::kubeconfig::{Cluster, Kubeconfig};
use super::process::{Located, Place};
use super::scan::{Held, Scan};
use super::secrets::key_by_name;
use super::table::Id;
use super::{Problem, Window};
use crate::trust::Certificate;

pub(super) fn check(scan: &Scan, known: &Expectations, window: Window, problems: &mut Vec<Problem>) {
    let mut servers: Vec<&Held> = known.api_servers().filter_map(|path| scan.certificate(path)).collect();
    servers.sort_by(|a, b| a.path.cmp(&b.path));
    servers.dedup_by(|a, b| a.certificate == b.certificate);
    let mut authorities = Authorities::default();
    let mut distinct: Vec<&Held> = Vec::new();
    for held in scan.authorities() {
        if authorities.keys.insert(held.certificate.public_key_info()) {
            authorities.names.entry(held.certificate.subject().in_order()).or_insert(&held.path);
            distinct.push(held);
        }
    }
    // A server's certificate that no authority here signed is not the kubeconfigs' fault.
    servers.retain(|server| is_signed_by_any(&server.certificate, &distinct));
    for kubeconfig in &scan.kubeconfigs {
        Looking { scan, kubeconfig, servers: &servers, authorities: &authorities, window }.look(problems);
    }
}

impl Kubeconfig {
    fn locate(&self, file: &str, scan: &Scan) -> Located {
        let files: Vec<String> = self.files().collect();
        let place = Place::of(&self.path, files.iter().map(String::as_str), &scan.paths);
        match Place::locate(place.as_ref(), &self.path, file, &scan.paths) {
            Located::Elsewhere if scan.is_alone => Located::Missing,
            located => located,
        }
    }

    /// The authorities that it trusts, in itself and in files.
    pub(super) fn trusted<'a>(&'a self, scan: &'a Scan) -> Vec<&'a Certificate> {
        self.clusters.iter().flat_map(|cluster| self.trusted_by(cluster, scan)).collect()
    }

    fn trusted_by<'a>(&'a self, cluster: &'a Cluster, scan: &'a Scan) -> Vec<&'a Certificate> {
        let mut trusted: Vec<&Certificate> = cluster.trusted.iter().collect();
        if let Some(Located::At(path)) = cluster.authority_file.as_deref().map(|file| self.locate(file, scan))
        {
            trusted.extend(scan.chain(&path).map(|held| &held.certificate));
        }
        trusted
    }
}

/// The authorities here, by key and by name.
#[derive(Default)]
struct Authorities<'a> {
    keys: HashSet<&'a [u8]>,
    names: HashMap<String, &'a str>,
}

struct Looking<'a> {
    scan: &'a Scan,
    kubeconfig: &'a Kubeconfig,
    servers: &'a [&'a Held],
    authorities: &'a Authorities<'a>,
    window: Window,
}

impl Looking<'_> {
    fn problem(&self, id: Id, evidence: impl Into<String>) -> Problem {
        Problem::new(id, &self.kubeconfig.path, evidence)
    }

    fn look(&self, problems: &mut Vec<Problem>) {
        for cluster in &self.kubeconfig.clusters {
            self.file("certificate-authority", cluster.authority_file.as_deref(), problems);
            for ca in &cluster.trusted {
                // One that lies here in a file is told there.
                if !self.authorities.keys.contains(ca.public_key_info()) {
                    certificate::authority(ca, &self.kubeconfig.path, self.window, problems);
                }
            }
            let is_judged = cluster.has_authority && !cluster.is_insecure;
            if is_judged {
                self.cluster(cluster, problems);
            }
        }
        for user in &self.kubeconfig.users {
            let certificate = self.file("client-certificate", user.certificate_file.as_deref(), problems);
            let key = self.file("client-key", user.key_file.as_deref(), problems);
            if let (Some(certificate), Some(key)) = (certificate, key) {
                self.pair(&certificate, &key, problems);
            }
        }
    }

    /// The path of a file that is named and there.
    fn file(&self, field: &str, file: Option<&str>, problems: &mut Vec<Problem>) -> Option<String> {
        let file = file?;
        let path = match self.kubeconfig.locate(file, self.scan) {
            Located::At(path) => path,
            Located::Missing => {
                problems.push(self.problem(Id::KubeconfigFile, format!("{field}: {file}")));
                return None;
            }
            Located::Elsewhere => return None,
        };
        let (has_certificate, has_key) =
            (self.scan.certificate(&path).is_some(), self.scan.key(&path).is_some());
        let (is_right, other) = match field {
            "client-key" => (has_key, has_certificate.then_some("CERTIFICATE")),
            _ => (has_certificate, has_key.then_some("PRIVATE KEY")),
        };
        if let Some(other) = other.filter(|_| !is_right) {
            problems.push(self.problem(Id::KubeconfigSwitched, format!("{field}: {file} ({other})")));
        }
        is_right.then_some(path)
    }

    fn pair(&self, certificate: &str, key: &str, problems: &mut Vec<Problem>) {
        let public = self.scan.key(key).and_then(|key| key.public.as_deref());
        let held = self.scan.certificate(certificate);
        let is_told = key_by_name(certificate, self.scan).is_some_and(|beside| beside.path == key);
        if let (Some(public), Some(held)) = (public, held)
            && public != held.certificate.public_key_info()
            && !is_told
        {
            let problem =
                self.problem(Id::KeyPair, format!("client-certificate: {certificate}, client-key: {key}"));
            problems.push(problem.file("certificate", certificate).file("key", key));
        }
    }

    fn cluster(&self, cluster: &Cluster, problems: &mut Vec<Problem>) {
        let trusted = self.kubeconfig.trusted_by(cluster, self.scan);
        if trusted.is_empty() {
            return;
        }
        let subjects: Vec<String> = trusted.iter().take(3).map(|ca| ca.subject().in_order()).collect();
        let subjects = subjects.join("; ");
        let is_known = trusted.iter().any(|ca| self.authorities.keys.contains(ca.public_key_info()));
        if !self.authorities.keys.is_empty() && !is_known {
            let same_name =
                trusted.iter().find_map(|ca| self.authorities.names.get(&ca.subject().in_order()));
            problems.push(match same_name {
                Some(path) => {
                    self.problem(Id::KubeconfigStaleCa, format!("{subjects}: another key than {path}"))
                }
                None => self.problem(Id::KubeconfigWrongCa, subjects),
            });
            return;
        }
        let roots: Vec<Held> = trusted
            .iter()
            .map(|ca| Held {
                path: String::new(),
                certificate: (*ca).clone(),
                index: 0,
                in_kubeconfig: false,
            })
            .collect();
        let roots: Vec<&Held> = roots.iter().collect();
        let verified: Vec<&&Held> =
            self.servers.iter().filter(|server| is_signed_by_any(&server.certificate, &roots)).collect();
        let Some(first) = verified.first() else {
            if let Some(server) = self.servers.first() {
                let issuer = server.certificate.issuer().in_order();
                let evidence = format!("{subjects}; {} was signed by {issuer}", server.path);
                problems.push(self.problem(Id::KubeconfigWrongCa, evidence));
            }
            return;
        };
        let called = match &cluster.tls_server_name {
            Some(name) => host(name),
            None => cluster.server.strip_prefix("https://").and_then(host),
        };
        let Some(called) = called else { return };
        if !verified.iter().any(|server| holds(&server.certificate, &called)) {
            let evidence = format!("server: {} ({called} is no SAN of {})", cluster.server, first.path);
            problems.push(self.problem(Id::KubeconfigServerName, evidence));
        }
    }
}
