//! Kubeconfigs, in the shape that kubeadm writes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What a kubeconfig is to hold.
#[derive(Debug, Clone, Copy)]
pub struct KubeconfigContent<'a> {
    /// The cluster's name.
    pub cluster: &'a str,
    /// `https://HOST:PORT`.
    pub server: &'a str,
    /// The name to verify the server by where it is not the host's (`tls-server-name`).
    pub server_name: Option<&'a str>,
    /// The user's name.
    pub user: &'a str,
    /// The authority's certificate, PEM.
    pub authority: &'a [u8],
    /// The user's certificate, PEM.
    pub certificate: &'a [u8],
    /// The user's key, PEM.
    pub key: &'a [u8],
}

/// The text of a kubeconfig: certificate, key and CA embedded.
#[must_use]
pub fn write_kubeconfig(content: &KubeconfigContent<'_>) -> String {
    let KubeconfigContent { cluster, server, user, .. } = content;
    let server_name =
        content.server_name.map(|name| format!("    tls-server-name: {name}\n")).unwrap_or_default();
    let encode = |data: &[u8]| STANDARD.encode(data);
    format!(
        "apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: {authority}\n    server: {server}\n{server_name}  name: {cluster}\n\
         contexts:\n- context:\n    cluster: {cluster}\n    user: {user}\n  name: {user}@{cluster}\ncurrent-context: {user}@{cluster}\n\
         kind: Config\nusers:\n- name: {user}\n  user:\n    client-certificate-data: {certificate}\n    client-key-data: {key}\n",
        authority = encode(content.authority),
        certificate = encode(content.certificate),
        key = encode(content.key),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::read_kubeconfig;

    #[test]
    fn a_kubeconfig_gives_back_what_it_holds() {
        let text = write_kubeconfig(&KubeconfigContent {
            cluster: "dojang",
            server: "https://10.0.0.10:6443",
            server_name: None,
            user: "system:node:cp1",
            authority: b"ca",
            certificate: b"certificate",
            key: b"key",
        });
        assert_eq!(read_kubeconfig(&text).unwrap(), (b"certificate".to_vec(), b"key".to_vec()));
    }
}
