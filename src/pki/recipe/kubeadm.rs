//! kubeadm's phases, with a v1beta4 configuration that follows from the spec. kubeadm has
//! names, places and authorities of its own, so in the lecture's layout it makes only what
//! bears the same file name, and kubeconfigs.

use crate::blueprint::{
    API_SERVER_PORT, Authority, Certificate, Endpoint, HostName, KeyAlgorithm, KeyPair, Kubeconfig, Layout,
    Node, Places, Plan, Usage,
};

use super::shell::{command, literal, make_directories, quote, write_file_with_directory};
use super::{Notes, Recipe, Tool, cannot, copies_note, pair_copies_note};

pub(super) fn authority(plan: &Plan, authority: &Authority) -> Recipe {
    if let Some(recipe) = no_such_key(plan) {
        return recipe;
    }
    let Some(node) = plan.spec.control_planes.first() else {
        return no_such_place();
    };
    if plan.spec.layout == Layout::Lecture && authority.id != "ca" {
        return no_such_place();
    }
    let mut notes = Notes::default();
    if plan.spec.layout == Layout::Lecture {
        let name = &authority.subject.common_name;
        notes.add(
            format!("kubeadm names its CA `kubernetes`, not `{name}`, and writes that name as a SAN too."),
            format!("kubeadm은 CA의 이름을 `kubernetes`로 정하고(계획: `{name}`), 그 이름을 SAN에도 적어요."),
        );
    }
    notes.add(
        "If certificate and key are there already, kubeadm takes those.",
        "인증서와 키가 이미 있으면 kubeadm은 새로 만들지 않고 그것을 써요.",
    );
    common_notes(plan, &mut notes);
    copies_note(authority, &mut notes);
    notes.recipe(Tool::Kubeadm, certificate_phase(plan, node, &authority.id))
}

pub(super) fn key_pair(plan: &Plan, pair: &KeyPair) -> Recipe {
    if let Some(recipe) = no_such_key(plan) {
        return recipe;
    }
    let Some(node) = plan.spec.control_planes.first() else {
        return no_such_place();
    };
    let mut notes = Notes::default();
    version_notes(plan, &mut notes);
    pair_copies_note(pair, &mut notes);
    notes.recipe(Tool::Kubeadm, certificate_phase(plan, node, &pair.id))
}

pub(super) fn certificate(plan: &Plan, certificate: &Certificate) -> Recipe {
    if let Some(recipe) = no_such_key(plan) {
        return recipe;
    }
    let Some(first) = plan.spec.control_planes.first() else {
        return no_such_place();
    };
    let own = plan.spec.control_planes.iter().find(|node| certificate.node.as_ref() == Some(&node.name));
    let node = own.unwrap_or(first);
    let id = certificate.id();
    let kubeconfig = plan.kubeconfigs.iter().find(|k| k.certificate == id);
    let kind = certificate.kind.as_str();
    if kind == "kubelet-server" {
        return cannot(
            Tool::Kubeadm,
            "kubeadm makes no serving certificate for kubelets: each kubelet signs its own, or asks for one with serverTLSBootstrap: true, to be approved with `kubectl certificate approve`.",
            "kubeadm은 kubelet의 서버 인증서를 만들지 않아요. kubelet이 스스로 서명한 인증서를 쓰거나, serverTLSBootstrap: true로 요청하고 `kubectl certificate approve`로 승인받아요.",
        );
    }
    let kubeadm_layout = plan.spec.layout == Layout::Kubeadm;
    let phase = kubeconfig_phase(certificate).filter(|_| kubeadm_layout && own.is_some());
    match (kubeconfig, phase) {
        (Some(kubeconfig), Some(phase)) => by_kubeconfig_phase(plan, node, kubeconfig, phase),
        (Some(kubeconfig), None) => by_user(plan, first, certificate, kubeconfig),
        (None, _) => {
            let signed_by_own = certificate.authority == signer(kind);
            let lies_there = kubeadm_layout || matches!(kind, "apiserver" | "apiserver-kubelet-client");
            if !(signed_by_own && lies_there && matches!(certificate.places, Places::Files(_))) {
                return no_such_place();
            }
            let mut notes = Notes::default();
            if kind == "apiserver-kubelet-client" {
                notes.add(
                    "Before 1.36.1 (1.35.5, 1.34.8, 1.33.12) kubeadm writes O=kubeadm:cluster-admins into it, up to 1.28 O=system:masters.",
                    "1.36.1(1.35.5, 1.34.8, 1.33.12) 이전의 kubeadm은 여기에 O=kubeadm:cluster-admins를 적어요. 1.28까지는 O=system:masters예요.",
                );
            }
            common_notes(plan, &mut notes);
            notes.recipe(Tool::Kubeadm, certificate_phase(plan, node, kind))
        }
    }
}

/// The authority that kubeadm signs this kind with (phases/certs/certlist.go).
fn signer(kind: &str) -> &'static str {
    match kind {
        "front-proxy-client" => "front-proxy-ca",
        "apiserver-etcd-client" => "etcd-ca",
        kind if kind.starts_with("etcd-") => "etcd-ca",
        _ => "ca",
    }
}

/// kubeadm's phase for the kubeconfig of this certificate (phases/kubeconfig).
fn kubeconfig_phase(certificate: &Certificate) -> Option<&'static str> {
    Some(match certificate.kind.as_str() {
        "admin" => "admin",
        "super-admin" => "super-admin",
        "controller-manager" => "controller-manager",
        "scheduler" => "scheduler",
        "kubelet-client" => "kubelet",
        _ => return None,
    })
}

fn by_kubeconfig_phase(plan: &Plan, node: &Node, kubeconfig: &Kubeconfig, phase: &str) -> Recipe {
    let mut lines = write_config(plan, node, Some(&kubeconfig.path));
    let directory = kubeconfig.path.rsplit_once('/').map_or(".", |(directory, _)| directory);
    lines.extend(command(&[
        format!("kubeadm init phase kubeconfig {phase}"),
        format!("--config={}", quote(&config_path(plan, node))),
        format!("--kubeconfig-dir={}", quote(directory)),
    ]));
    let mut notes = Notes::default();
    notes
        .add("Key and certificate lie in the kubeconfig alone.", "키와 인증서는 kubeconfig 안에만 들어가요.");
    match phase {
        "admin" => {
            notes.add(
                "Up to kubeadm 1.28 its group is system:masters.",
                "kubeadm 1.28까지는 그룹이 system:masters예요.",
            );
        }
        "super-admin" => {
            notes.add("kubeadm has this one since 1.29.", "kubeadm 1.29부터 있는 파일이에요.");
        }
        _ => {}
    }
    let local = matches!(phase, "controller-manager" | "scheduler");
    server_note(plan, node, kubeconfig, local, &mut notes);
    common_notes(plan, &mut notes);
    notes.recipe(Tool::Kubeadm, lines)
}

fn by_user(plan: &Plan, node: &Node, certificate: &Certificate, kubeconfig: &Kubeconfig) -> Recipe {
    let mut lines = write_config(plan, node, Some(&kubeconfig.path));
    let path = quote(&kubeconfig.path);
    let mut parts = vec![
        "kubeadm kubeconfig user".to_owned(),
        format!("--config={}", quote(&config_path(plan, node))),
        format!("--client-name={}", quote(&certificate.subject.common_name)),
    ];
    parts.extend(certificate.subject.organizations.iter().map(|o| format!("--org={}", quote(o))));
    parts.push(format!("--validity-period={}", hours(certificate.days)));
    parts.push(format!("> {path}"));
    lines.extend(command(&parts));
    lines.extend(command(&["chmod 600".to_owned(), path]));
    let mut notes = Notes::default();
    notes.add(
        "kubeadm writes key and certificate into the kubeconfig alone, signed with the CA in certificatesDir.",
        "kubeadm은 certificatesDir에 있는 CA로 서명하고, 키와 인증서를 kubeconfig 안에만 적어요.",
    );
    match certificate.kind.as_str() {
        "kube-proxy" => {
            notes.add(
                "A kubeadm cluster has no such certificate: its kube-proxy uses a ServiceAccount's token.",
                "kubeadm 클러스터에는 이 인증서가 없어요. kube-proxy는 ServiceAccount 토큰을 써요.",
            );
        }
        "kubelet-client" => {
            notes.add(
                "In a cluster `kubeadm join` lets the kubelet ask for this certificate with a bootstrap token.",
                "실제 클러스터에서는 `kubeadm join`을 하면 kubelet이 부트스트랩 토큰으로 이 인증서를 요청해요.",
            );
        }
        _ => {}
    }
    server_note(plan, node, kubeconfig, false, &mut notes);
    common_notes(plan, &mut notes);
    notes.recipe(Tool::Kubeadm, lines)
}

/// Says so where kubeadm would write another server than planned.
fn server_note(plan: &Plan, node: &Node, kubeconfig: &Kubeconfig, local: bool, notes: &mut Notes) {
    let own = Endpoint { host: HostName::Ip(node.address), port: API_SERVER_PORT };
    let endpoint = plan.spec.control_plane_endpoint.clone().filter(|_| !local).unwrap_or(own);
    let written = format!("https://{endpoint}");
    let planned = &kubeconfig.server;
    if written != *planned {
        notes.add(
            format!("kubeadm writes {written} as the server here, not {planned}."),
            format!("여기서는 서버 주소가 달라져요(계획: {planned}, kubeadm: {written})."),
        );
    }
}

fn common_notes(plan: &Plan, notes: &mut Notes) {
    notes.add("kubeadm leaves no CSR.", "kubeadm은 CSR을 남기지 않아요.");
    version_notes(plan, notes);
}

fn version_notes(plan: &Plan, notes: &mut Notes) {
    notes.add(
        "The configuration's v1beta4 needs kubeadm 1.31.",
        "설정 파일의 v1beta4는 kubeadm 1.31부터 쓸 수 있어요.",
    );
    if plan.spec.key == KeyAlgorithm::P384 {
        notes.add("ECDSA-P384 came to v1beta4 only later.", "ECDSA-P384는 v1beta4에 나중에 추가되었어요.");
    }
}

fn no_such_key(plan: &Plan) -> Option<Recipe> {
    (plan.spec.key == KeyAlgorithm::Ed25519).then(|| {
        cannot(
            Tool::Kubeadm,
            "kubeadm's encryptionAlgorithm knows RSA-2048, RSA-3072, RSA-4096, ECDSA-P256 and ECDSA-P384, not Ed25519.",
            "kubeadm의 encryptionAlgorithm은 RSA-2048, RSA-3072, RSA-4096, ECDSA-P256, ECDSA-P384만 알고 Ed25519는 몰라요.",
        )
    })
}

fn no_such_place() -> Recipe {
    cannot(
        Tool::Kubeadm,
        "kubeadm makes it only with three CAs and with names and places of its own: choose three authorities and the kubeadm layout.",
        "kubeadm은 CA 세 개와 자기만의 이름, 위치로만 이것을 만들어요. 인증 기관 셋과 kubeadm 배치를 고르세요.",
    )
}

fn certificate_phase(plan: &Plan, node: &Node, phase: &str) -> Vec<String> {
    let mut lines = write_config(plan, node, None);
    lines.extend(command(&[
        format!("kubeadm init phase certs {phase}"),
        format!("--config={}", quote(&config_path(plan, node))),
    ]));
    lines
}

fn config_path(plan: &Plan, node: &Node) -> String {
    match plan.spec.layout {
        Layout::Lecture => "kubeadm.yaml".to_owned(),
        Layout::Kubeadm => format!("extra/{}/kubeadm.yaml", node.name),
    }
}

/// The configuration of this control plane (kubeadm.k8s.io/v1beta4). certificatesDir has
/// to be absolute (apis/kubeadm/validation). The directory of `result` is made with the
/// configuration's own.
fn write_config(plan: &Plan, node: &Node, result: Option<&String>) -> Vec<String> {
    let spec = &plan.spec;
    let path = config_path(plan, node);
    let certificates = match spec.layout {
        Layout::Lecture => "$PWD".to_owned(),
        Layout::Kubeadm => format!("$PWD/{}/etc/kubernetes/pki", literal(&node.name)),
    };
    let cidrs: Vec<String> = spec.service_cidrs.iter().map(ToString::to_string).collect();
    let mut body = vec![
        "apiVersion: kubeadm.k8s.io/v1beta4".to_owned(),
        "kind: InitConfiguration".to_owned(),
        "localAPIEndpoint:".to_owned(),
        format!("  advertiseAddress: {}", scalar(&node.address.to_string())),
        format!("  bindPort: {API_SERVER_PORT}"),
        "nodeRegistration:".to_owned(),
        format!("  name: {}", scalar(&node.name)),
        "---".to_owned(),
        "apiVersion: kubeadm.k8s.io/v1beta4".to_owned(),
        "kind: ClusterConfiguration".to_owned(),
    ];
    // Without it kubeadm asks the network for the newest.
    body.extend(version(plan).map(|version| format!("kubernetesVersion: {}", literal(version))));
    body.push(format!("clusterName: {}", scalar(&spec.name)));
    body.push(format!("certificatesDir: \"{certificates}\""));
    if let Some(endpoint) = &spec.control_plane_endpoint {
        body.push(format!("controlPlaneEndpoint: {}", scalar(&endpoint.to_string())));
    }
    body.extend(algorithm(spec.key).map(|name| format!("encryptionAlgorithm: {name}")));
    body.push(format!("certificateValidityPeriod: {}", hours(spec.days)));
    body.push(format!("caCertificateValidityPeriod: {}", hours(spec.ca_days)));
    let names = further_names(plan, node);
    if !names.is_empty() {
        body.extend(["apiServer:".to_owned(), "  certSANs:".to_owned()]);
        body.extend(names.iter().map(|name| format!("  - {}", scalar(&name.to_string()))));
    }
    body.push("networking:".to_owned());
    body.push(format!("  serviceSubnet: {}", scalar(&cidrs.join(","))));
    body.push(format!("  dnsDomain: {}", scalar(&spec.dns_domain)));

    let mut lines = make_directories(result.into_iter().chain([&path]));
    lines.extend(write_file_with_directory(&path, body));
    lines
}

/// The API server's planned names that kubeadm does not write by itself
/// (pki_helpers.go GetAPIServerAltNames).
fn further_names(plan: &Plan, node: &Node) -> Vec<HostName> {
    let spec = &plan.spec;
    let own = plan
        .certificates
        .iter()
        .find(|c| c.kind == "apiserver" && (c.node.is_none() || c.node.as_ref() == Some(&node.name)));
    let by_itself = |name: &HostName| match name {
        HostName::Dns(name) => {
            *name == node.name
                || matches!(name.as_str(), "kubernetes" | "kubernetes.default" | "kubernetes.default.svc")
                || name.strip_prefix("kubernetes.default.svc.") == Some(&spec.dns_domain)
        }
        HostName::Ip(address) => *address == node.address || spec.service_address() == Some(*address),
    };
    let endpoint = spec.control_plane_endpoint.as_ref().map(|endpoint| &endpoint.host);
    let names = own.iter().filter(|c| c.usages.contains(&Usage::Server)).flat_map(|c| &c.names);
    names.filter(|name| !by_itself(name) && Some(*name) != endpoint).cloned().collect()
}

/// The Kubernetes version of the plan, as its static pods' images have it.
fn version(plan: &Plan) -> Option<&str> {
    let (_, rest) = plan.file("kube-apiserver-manifest")?.text.split_once("/kube-apiserver:")?;
    rest.split_whitespace().next()
}

fn algorithm(key: KeyAlgorithm) -> Option<&'static str> {
    Some(match key {
        KeyAlgorithm::Rsa2048 => "RSA-2048",
        KeyAlgorithm::Rsa3072 => "RSA-3072",
        KeyAlgorithm::Rsa4096 => "RSA-4096",
        KeyAlgorithm::P256 => "ECDSA-P256",
        KeyAlgorithm::P384 => "ECDSA-P384",
        KeyAlgorithm::Ed25519 => return None,
    })
}

fn hours(days: u32) -> String {
    format!("{}h", u64::from(days) * 24)
}

/// A YAML string in double quotes (JSON's are YAML's), as an unquoted here-document takes it.
fn scalar(text: &str) -> String {
    literal(&serde_json::Value::from(text).to_string())
}
