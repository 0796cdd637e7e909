//! The configuration files of a node: flags as a static pod's manifest and as a systemd
//! unit, the kubelet's configuration, and `openssl.cnf`.

use std::fmt::Write;

use super::source::{Blueprint, BlueprintError, FileEntry, FlagsEntry};
use super::values::{PKI, on_node, url_host, values};
use super::{FileFormat, HostName, Layout, Node, Places, Plan};

/// The whole text of one file of one node.
pub(super) fn render(
    blueprint: &Blueprint,
    entry: &FileEntry,
    plan: &Plan,
    node: &Node,
) -> Result<String, BlueprintError> {
    let flags = || {
        let name = entry.flags.as_deref().unwrap_or_default();
        blueprint
            .flags
            .iter()
            .find(|flags| flags.component == name)
            .ok_or_else(|| BlueprintError::Unknown(format!("flags of `{name}`")))
    };
    Ok(match entry.format {
        FileFormat::Manifest => manifest(blueprint, flags()?, plan, node),
        FileFormat::Unit => unit(blueprint, flags()?, plan, node),
        FileFormat::Kubelet => kubelet(plan, node),
        FileFormat::Openssl => openssl(plan, node),
    })
}

fn arguments(blueprint: &Blueprint, flags: &FlagsEntry, plan: &Plan, node: &Node) -> Vec<String> {
    let values = values(blueprint, plan, node);
    let left_out = |argument: &str| {
        plan.spec.layout == Layout::Kubeadm
            && flags.not_in_kubeadm.iter().any(|flag| argument.starts_with(flag.as_str()))
    };
    flags
        .arguments
        .iter()
        .filter(|argument| !left_out(argument))
        .map(|argument| {
            values
                .iter()
                .fold(argument.clone(), |text, (key, value)| text.replace(&format!("{{{key}}}"), value))
        })
        .collect()
}

fn manifest(blueprint: &Blueprint, flags: &FlagsEntry, plan: &Plan, node: &Node) -> String {
    let component = &flags.component;
    let (endpoint, port) = match component.as_str() {
        "etcd" => ("etcd.advertise-client-urls", 2379),
        _ => ("kube-apiserver.advertise-address.endpoint", 6443),
    };
    let host = url_host(node.address);
    let advertised =
        if component == "etcd" { format!("https://{host}:{port}") } else { format!("{host}:{port}") };
    let mut text = format!(
        "apiVersion: v1\nkind: Pod\nmetadata:\n  annotations:\n    kubeadm.kubernetes.io/{endpoint}: {advertised}\n  \
         labels:\n    component: {component}\n    tier: control-plane\n  name: {component}\n  namespace: kube-system\n\
         spec:\n  containers:\n  - command:\n    - {component}\n"
    );
    for argument in arguments(blueprint, flags, plan, node) {
        let _ = writeln!(text, "    - {argument}");
    }
    let pki = match (plan.spec.layout, component.as_str()) {
        (Layout::Kubeadm, "etcd") => "/etc/kubernetes/pki/etcd",
        _ => PKI,
    };
    let mut volumes = vec![("pki", pki, true)];
    if component == "etcd" {
        volumes.push(("data", "/var/lib/etcd", false));
    }
    let _ = write!(
        text,
        "    image: {}\n    imagePullPolicy: IfNotPresent\n    name: {component}\n    volumeMounts:\n",
        flags.image
    );
    for (name, path, read_only) in &volumes {
        let _ = writeln!(text, "    - mountPath: {path}\n      name: {name}");
        if *read_only {
            text.push_str("      readOnly: true\n");
        }
    }
    text.push_str("  hostNetwork: true\n  priorityClassName: system-node-critical\n  volumes:\n");
    for (name, path, _) in &volumes {
        let _ = writeln!(
            text,
            "  - hostPath:\n      path: {path}\n      type: DirectoryOrCreate\n    name: {name}"
        );
    }
    text
}

fn unit(blueprint: &Blueprint, flags: &FlagsEntry, plan: &Plan, node: &Node) -> String {
    let component = &flags.component;
    let command = arguments(blueprint, flags, plan, node)
        .iter()
        .fold(format!("/usr/local/bin/{component}"), |text, argument| format!("{text} \\\n  {argument}"));
    format!(
        "[Unit]\nDescription={component}\nAfter=network-online.target\nWants=network-online.target\n\n\
         [Service]\nExecStart={command}\nRestart=on-failure\nRestartSec=5\n\n[Install]\nWantedBy=multi-user.target\n"
    )
}

fn kubelet(plan: &Plan, node: &Node) -> String {
    let path = |path: &str| on_node(plan, node, path);
    let authority = match plan.spec.layout {
        Layout::Lecture => plan.authority("ca").map(|a| path(&a.place.certificate)).unwrap_or_default(),
        Layout::Kubeadm => format!("{PKI}/ca.crt"),
    };
    let serving = plan.certificate(&super::plan::at("kubelet-server", Some(&node.name)));
    let (certificate, key) = match serving.map(|c| &c.places) {
        Some(Places::Files(place)) => (path(&place.certificate), path(&place.key)),
        _ => Default::default(),
    };
    // The DNS service has the tenth address of the service network.
    let dns = plan.spec.service_cidrs.first().and_then(|cidr| cidr.hosts().nth(9));
    let dns = dns.map(|address| format!("clusterDNS:\n- {address}\n")).unwrap_or_default();
    format!(
        "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n\
         authentication:\n  anonymous:\n    enabled: false\n  webhook:\n    cacheTTL: 0s\n    enabled: true\n  x509:\n    clientCAFile: {authority}\n\
         authorization:\n  mode: Webhook\n  webhook:\n    cacheAuthorizedTTL: 0s\n    cacheUnauthorizedTTL: 0s\n\
         {dns}clusterDomain: {domain}\nhealthzBindAddress: 127.0.0.1\nhealthzPort: 10248\n\
         rotateCertificates: true\nserverTLSBootstrap: false\nstaticPodPath: /etc/kubernetes/manifests\n\
         tlsCertFile: {certificate}\ntlsPrivateKeyFile: {key}\n",
        domain = plan.spec.dns_domain,
    )
}

fn openssl(plan: &Plan, node: &Node) -> String {
    let certificate = plan.certificate(&super::plan::at("apiserver", Some(&node.name)));
    let names = certificate.map(|c| c.names.as_slice()).unwrap_or_default();
    let mut text = String::from(
        "[req]\ndistinguished_name = req_distinguished_name\nreq_extensions = v3_req\nprompt = no\n\n\
         [req_distinguished_name]\nCN = kube-apiserver\n\n\
         [v3_req]\nkeyUsage = critical, digitalSignature, keyEncipherment\nextendedKeyUsage = serverAuth\n\
         basicConstraints = critical, CA:FALSE\nsubjectAltName = @alt_names\n\n[alt_names]\n",
    );
    let (mut dns, mut ip) = (0, 0);
    for name in names {
        let _ = match name {
            HostName::Dns(name) => {
                dns += 1;
                writeln!(text, "DNS.{dns} = {name}")
            }
            HostName::Ip(address) => {
                ip += 1;
                writeln!(text, "IP.{ip} = {address}")
            }
        };
    }
    text
}
