//! The recipes are run as they are shown, and what they make is compared with the plan.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![cfg(unix)]
mod common {
    pub(crate) mod describe;
    pub(crate) mod tools;
}

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use common::describe::{self, Fields, describe, expected_authority, expected_certificate};
use common::tools::{path, require};
use dojang::blueprint::{
    Authorities, Authority, Certificate, ClusterSpec, KeyAlgorithm, Layout, Places, Plan, Usage, plan,
};
use dojang::pki::recipe::{Recipe, Tool, recipes};
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::extensions::ParsedExtension;
use x509_parser::pem::parse_x509_pem;
use x509_parser::prelude::FromDer;

fn cluster(layout: Layout, authorities: Authorities, key: KeyAlgorithm) -> Plan {
    let mut spec =
        ClusterSpec { layout, authorities, key, days: 300, ca_days: 3000, ..ClusterSpec::default() };
    spec.workers.truncate(1);
    spec.control_plane_endpoint = Some("lb.example.com:7443".parse().unwrap());
    spec.api_sans = vec!["*.api.example.com".parse().unwrap(), "fd00::1".parse().unwrap()];
    spec.check().unwrap();
    plan(spec).unwrap()
}

fn lecture(key: KeyAlgorithm) -> Plan {
    cluster(Layout::Lecture, Authorities::One, key)
}

fn recipe(plan: &Plan, id: &str, tool: Tool) -> Recipe {
    recipes(plan, id)
        .into_iter()
        .find(|recipe| recipe.tool == tool)
        .unwrap_or_else(|| panic!("{tool:?} for {id}"))
}

fn ids(plan: &Plan) -> Vec<String> {
    let authorities = plan.authorities.iter().map(|a| a.id.clone());
    let pairs = plan.key_pairs.iter().map(|p| p.id.clone());
    let certificates = plan.certificates.iter().map(Certificate::id);
    let kubeconfigs = plan.kubeconfigs.iter().map(|k| k.path.clone());
    authorities.chain(pairs).chain(certificates).chain(kubeconfigs).collect()
}

/// Runs the lines in `directory`; every command must succeed.
fn run(directory: &Path, lines: &[String]) -> String {
    let script = directory.join(".recipe.sh");
    std::fs::write(&script, lines.join("\n") + "\n").unwrap();
    let output = Command::new("sh")
        .args(["-eu", ".recipe.sh"])
        .current_dir(directory)
        .env("PATH", path())
        .output()
        .unwrap();
    std::fs::remove_file(script).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{}\n{errors}", lines.join("\n"));
    String::from_utf8(output.stdout).unwrap()
}

fn der(directory: &Path, file: &str) -> Vec<u8> {
    let pem = std::fs::read(directory.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
    parse_x509_pem(&pem).unwrap().1.contents
}

/// A leaf's files; one that lives in a kubeconfig is first made beside its CSR.
fn certificate_file(certificate: &Certificate) -> String {
    match &certificate.places {
        Places::Files(place) => place.certificate.clone(),
        Places::Kubeconfig(_) => certificate.csr.replace(".csr", ".crt"),
    }
}

fn verify(directory: &Path, authority: &Authority, certificate: &Certificate) {
    for usage in &certificate.usages {
        let purpose = match usage {
            Usage::Server => "sslserver",
            Usage::Client => "sslclient",
        };
        let status = Command::new("openssl")
            .args(["verify", "-x509_strict", "-purpose", purpose, "-CAfile", &authority.place.certificate])
            .arg(certificate_file(certificate))
            .current_dir(directory)
            .output()
            .unwrap();
        assert!(status.status.success(), "{}: {}", certificate.id(), String::from_utf8_lossy(&status.stderr));
    }
}

fn check_request(directory: &Path, file: &str, subject: &str, names: &str) {
    let der = der(directory, file);
    let (_, request) = X509CertificationRequest::from_der(&der).unwrap();
    request.verify_signature().unwrap();
    assert_eq!(describe::name(&request.certification_request_info.subject), subject, "{file}");
    let asked: Vec<String> = request
        .requested_extensions()
        .into_iter()
        .flatten()
        .filter_map(|extension| match extension {
            ParsedExtension::SubjectAlternativeName(san) => Some(&san.general_names),
            _ => None,
        })
        .flatten()
        .map(describe::general)
        .collect();
    assert_eq!(asked.join(","), names, "{file}");
}

/// The openssl recipes of everything in the plan that `wanted` names, in order.
fn make_with_openssl(plan: &Plan, wanted: impl Fn(&str) -> bool) {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    for authority in plan.authorities.iter().filter(|a| wanted(&a.id)) {
        run(directory, &recipe(plan, &authority.id, Tool::Openssl).lines);
        let made = der(directory, &authority.place.certificate);
        assert_eq!(describe(&made), expected_authority(authority), "{}", authority.id);
        let names: Vec<String> = authority.dns_names.iter().map(|name| format!("DNS:{name}")).collect();
        check_request(directory, &authority.csr, &describe::subject(&authority.subject), &names.join(","));
        private(&directory.join(&authority.place.key));
    }
    for certificate in plan.certificates.iter().filter(|c| wanted(&c.id())) {
        run(directory, &recipe(plan, &certificate.id(), Tool::Openssl).lines);
        let authority = plan.authority(&certificate.authority).unwrap();
        let made = der(directory, &certificate_file(certificate));
        assert_eq!(describe(&made), expected_certificate(authority, certificate), "{}", certificate.id());
        verify(directory, authority, certificate);
        let subject = describe::subject(&certificate.subject);
        check_request(directory, &certificate.csr, &subject, &describe::names(&certificate.names));
        private(&directory.join(certificate_file(certificate).replace(".crt", ".key")));
    }
    for pair in plan.key_pairs.iter().filter(|p| wanted(&p.id)) {
        run(directory, &recipe(plan, &pair.id, Tool::Openssl).lines);
        let place = &pair.places[0];
        let public = run(directory, &[format!("openssl pkey -pubout -in {}", place.private)]);
        assert_eq!(public, std::fs::read_to_string(directory.join(&place.public)).unwrap());
    }
    for kubeconfig in plan.kubeconfigs.iter().filter(|k| wanted(&k.path)) {
        require("kubectl", "kubernetes-client");
        run(directory, &recipe(plan, &kubeconfig.path, Tool::Kubectl).lines);
        let view = |path: &str| {
            run(
                directory,
                &[format!(
                    "kubectl config view --raw --kubeconfig={} -o jsonpath='{{{path}}}'",
                    kubeconfig.path
                )],
            )
        };
        assert_eq!(view(".current-context"), format!("{}@{}", kubeconfig.user, plan.spec.name));
        assert_eq!(view(".clusters[0].cluster.server"), kubeconfig.server);
        assert_eq!(view(".users[0].name"), kubeconfig.user);
        assert_eq!(view(".contexts[0].context.user"), kubeconfig.user);
        let certificate = plan.certificate(&kubeconfig.certificate).unwrap();
        let embedded = |path: &str| {
            use base64::Engine;
            base64::engine::general_purpose::STANDARD.decode(view(path)).unwrap()
        };
        let file = |name: &str| std::fs::read(directory.join(name)).unwrap();
        assert_eq!(embedded(".users[0].user.client-certificate-data"), file(&certificate_file(certificate)));
        assert_eq!(
            embedded(".clusters[0].cluster.certificate-authority-data"),
            file(&plan.authorities[0].place.certificate)
        );
        private(&directory.join(&kubeconfig.path));
    }
}

fn private(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o077, 0, "{}", path.display());
}

#[test]
fn openssl_makes_the_whole_lecture() {
    require("openssl", "openssl");
    make_with_openssl(&lecture(KeyAlgorithm::P256), |_| true);
}

#[test]
fn openssl_makes_the_whole_kubeadm_layout() {
    require("openssl", "openssl");
    make_with_openssl(&cluster(Layout::Kubeadm, Authorities::Three, KeyAlgorithm::P256), |_| true);
}

#[test]
fn openssl_makes_every_kind_of_key() {
    require("openssl", "openssl");
    for key in [KeyAlgorithm::Rsa2048, KeyAlgorithm::P384, KeyAlgorithm::Ed25519] {
        make_with_openssl(&lecture(key), |id| ["ca", "admin", "apiserver", "sa"].contains(&id));
    }
}

#[test]
fn openssl_takes_any_name() {
    require("openssl", "openssl");
    let mut plan = lecture(KeyAlgorithm::P256);
    let certificate = plan.certificates.iter_mut().find(|c| c.kind == "admin").unwrap();
    certificate.subject.common_name = "it's $HOME/a+b \\ \"김\" `id`".into();
    certificate.subject.organizations = vec!["b, c".into(), "a=1".into()];
    certificate.names = vec![dojang::blueprint::HostName::Dns("$x'#\"y`".into())];
    make_with_openssl(&plan, |id| ["ca", "admin"].contains(&id));
}

/// The fields that differ, apart from the order of extensions.
fn differences(left: &Fields, right: &Fields) -> BTreeSet<String> {
    let has = |fields: &Fields, pair: &(String, String)| fields.contains(pair);
    let left_only = left.iter().filter(|pair| !has(right, pair));
    let right_only = right.iter().filter(|pair| !has(left, pair));
    left_only.chain(right_only).map(|(field, _)| field.clone()).filter(|field| field != "order").collect()
}

/// The extensions that a note speaks of.
fn named(recipe: &Recipe) -> BTreeSet<String> {
    let note = recipe.note_en.as_deref().unwrap_or_default();
    let flat = note.to_lowercase().replace(' ', "");
    let fields = ["keyUsage", "basicConstraints", "subjectKeyIdentifier", "authorityKeyIdentifier"];
    let mut named: BTreeSet<String> =
        fields.into_iter().filter(|field| flat.contains(&field.to_lowercase())).map(str::to_owned).collect();
    if note.contains("SAN") {
        named.insert("subjectAltName".to_owned());
    }
    named
}

fn make_with(tool: Tool, plan: &Plan) {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    for authority in &plan.authorities {
        let recipe = recipe(plan, &authority.id, tool);
        run(directory, &recipe.lines);
        let made = describe(&der(directory, &authority.place.certificate));
        assert_eq!(differences(&made, &expected_authority(authority)), named(&recipe), "{made:#?}");
        assert_eq!(authority_flag(&made), "true");
        private(&directory.join(&authority.place.key));
    }
    for id in ["admin", "apiserver", "etcd-server"] {
        let certificate = plan.certificate(id).unwrap();
        let authority = plan.authority(&certificate.authority).unwrap();
        let recipe = recipe(plan, id, tool);
        run(directory, &recipe.lines);
        let made = describe(&der(directory, &certificate_file(certificate)));
        let expected = expected_certificate(authority, certificate);
        assert_eq!(differences(&made, &expected), named(&recipe), "{id}: {made:#?}");
        assert_eq!(authority_flag(&made), "false");
        verify_loosely(directory, authority, certificate);
        let names = describe::names(&certificate.names);
        check_request(directory, &certificate.csr, &describe::subject(&certificate.subject), &names);
        private(&directory.join(certificate_file(certificate).replace(".crt", ".key")));
    }
}

fn authority_flag(fields: &Fields) -> &str {
    let (_, value) = fields.iter().find(|(field, _)| field == "basicConstraints").unwrap();
    value.split("CA:").nth(1).unwrap()
}

/// Without -x509_strict: easy-rsa 3.1 leaves a CA's basicConstraints not critical.
fn verify_loosely(directory: &Path, authority: &Authority, certificate: &Certificate) {
    let line =
        format!("openssl verify -CAfile {} {}", authority.place.certificate, certificate_file(certificate));
    run(directory, &[line]);
}

#[test]
fn cfssl_differs_only_as_its_notes_say() {
    require("cfssl", "golang-cfssl");
    require("cfssljson", "golang-cfssl");
    for key in [KeyAlgorithm::P256, KeyAlgorithm::Rsa2048] {
        make_with(Tool::Cfssl, &lecture(key));
    }
    make_with(Tool::Cfssl, &cluster(Layout::Kubeadm, Authorities::Three, KeyAlgorithm::P384));
}

#[test]
fn easy_rsa_differs_only_as_its_notes_say() {
    require("easyrsa", "easy-rsa");
    for key in [KeyAlgorithm::P256, KeyAlgorithm::Rsa2048] {
        make_with(Tool::EasyRsa, &lecture(key));
    }
    for key in [KeyAlgorithm::P384, KeyAlgorithm::Ed25519] {
        make_with(Tool::EasyRsa, &cluster(Layout::Kubeadm, Authorities::Three, key));
    }
}

#[test]
fn what_a_tool_cannot_do_has_no_commands_but_a_reason() {
    let ed25519 = lecture(KeyAlgorithm::Ed25519);
    let mut several = lecture(KeyAlgorithm::P256);
    several.certificates.iter_mut().for_each(|c| c.subject.organizations = vec!["a".into(), "b".into()]);
    let cases = [
        (&ed25519, "admin", Tool::Cfssl),
        (&ed25519, "ca", Tool::Cfssl),
        (&ed25519, "apiserver", Tool::Kubeadm),
        (&several, "admin", Tool::EasyRsa),
        (&several, "sa", Tool::EasyRsa),
        (&several, "sa", Tool::Cfssl),
        (&several, "etcd-server", Tool::Kubeadm),
        (&several, "kubelet-server@node01", Tool::Kubeadm),
    ];
    for (plan, id, tool) in cases {
        let recipe = recipe(plan, id, tool);
        assert!(recipe.lines.is_empty(), "{id} {tool:?}");
        assert!(recipe.note_en.is_some() && recipe.note_ko.is_some());
    }
    assert!(recipes(&several, "no-such").is_empty());
}

/// The calls of a `kubeadm` that only writes down how it was called.
fn kubeadm_calls(plan: &Plan, directory: &Path) -> Vec<String> {
    let made = ids(plan).into_iter().filter_map(|id| {
        let recipe = recipes(plan, &id).into_iter().find(|recipe| recipe.tool == Tool::Kubeadm)?;
        let mut lines = vec!["exec 3>&1".to_owned(), "kubeadm() { echo \"$@\" >&3; }".to_owned()];
        lines.extend(recipe.lines);
        (lines.len() > 2).then(|| run(directory, &lines).trim().to_owned())
    });
    made.collect()
}

#[test]
fn kubeadm_makes_kubeconfigs_in_the_lecture_s_layout() {
    let directory = tempfile::tempdir().unwrap();
    let calls = kubeadm_calls(&lecture(KeyAlgorithm::Rsa2048), directory.path());
    for call in [
        "init phase certs apiserver --config=kubeadm.yaml",
        "kubeconfig user --config=kubeadm.yaml --client-name=kube-admin --org=system:masters --validity-period=7200h",
    ] {
        assert!(calls.iter().any(|made| made == call), "{call}\n{calls:#?}");
    }
    assert!(!calls.iter().any(|call| call.contains("etcd")), "{calls:#?}");
    private(&directory.path().join("admin.kubeconfig"));
}

#[test]
fn kubeadm_is_called_with_a_configuration_that_follows_from_the_spec() {
    let plan = cluster(Layout::Kubeadm, Authorities::Three, KeyAlgorithm::P384);
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let calls = kubeadm_calls(&plan, directory);
    // All but the serving certificates of two kubelets.
    assert_eq!(calls.len(), ids(&plan).len() - 2);
    for call in [
        "init phase certs ca --config=extra/cp1/kubeadm.yaml",
        "init phase certs etcd-server --config=extra/cp1/kubeadm.yaml",
        "init phase certs sa --config=extra/cp1/kubeadm.yaml",
        "init phase kubeconfig super-admin --config=extra/cp1/kubeadm.yaml --kubeconfig-dir=cp1/etc/kubernetes",
        "kubeconfig user --config=extra/cp1/kubeadm.yaml --client-name=system:node:node01 --org=system:nodes --validity-period=7200h",
    ] {
        assert!(calls.iter().any(|made| made == call), "{call}\n{calls:#?}");
    }
    let text = std::fs::read_to_string(directory.join("extra/cp1/kubeadm.yaml")).unwrap();
    let documents: Vec<serde_json::Value> =
        text.split("---\n").map(|document| serde_saphyr::from_str(document).unwrap()).collect();
    let pki = directory.canonicalize().unwrap().join("cp1/etc/kubernetes/pki");
    let expected = [
        serde_json::json!({
            "apiVersion": "kubeadm.k8s.io/v1beta4",
            "kind": "InitConfiguration",
            "localAPIEndpoint": { "advertiseAddress": "10.0.0.10", "bindPort": 6443 },
            "nodeRegistration": { "name": "cp1" },
        }),
        serde_json::json!({
            "apiVersion": "kubeadm.k8s.io/v1beta4",
            "kind": "ClusterConfiguration",
            "kubernetesVersion": "v1.36.2",
            "clusterName": "dojang",
            "certificatesDir": pki,
            "controlPlaneEndpoint": "lb.example.com:7443",
            "encryptionAlgorithm": "ECDSA-P384",
            "certificateValidityPeriod": "7200h",
            "caCertificateValidityPeriod": "72000h",
            "apiServer": { "certSANs": ["*.api.example.com", "fd00::1"] },
            "networking": { "serviceSubnet": "10.96.0.0/12", "dnsDomain": "cluster.local" },
        }),
    ];
    assert_eq!(documents, expected);
}

#[test]
fn every_recipe_is_shell_with_short_lines_and_both_languages() {
    for layout in [Layout::Lecture, Layout::Kubeadm] {
        for authorities in [Authorities::One, Authorities::Three] {
            for key in [KeyAlgorithm::Rsa2048, KeyAlgorithm::Ed25519] {
                let mut plan = cluster(layout, authorities, key);
                let mut spec = (*plan.spec).clone();
                spec.control_planes.push("cp2=10.0.0.11".parse().unwrap());
                plan = dojang::blueprint::plan(spec).unwrap();
                let mut script = Vec::new();
                for id in ids(&plan) {
                    let recipes = recipes(&plan, &id);
                    assert!(recipes.len() >= 2, "{id}");
                    for recipe in recipes {
                        assert_eq!(recipe.note_en.is_some(), recipe.note_ko.is_some());
                        assert!(!recipe.lines.is_empty() || recipe.note_en.is_some());
                        for line in &recipe.lines {
                            assert!(line.chars().count() <= 78, "{line}");
                        }
                        script.extend(recipe.lines);
                    }
                }
                let directory = tempfile::tempdir().unwrap();
                std::fs::write(directory.path().join("all.sh"), script.join("\n") + "\n").unwrap();
                run(directory.path(), &["sh -n all.sh".to_owned()]);
            }
        }
    }
}
