//! The certificate and key inside a kubeconfig.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::text::escape;

/// A kubeconfig that does not serve.
#[derive(Debug, thiserror::Error)]
pub enum KubeconfigError {
    /// Not a kubeconfig in YAML.
    #[error("it does not read as a kubeconfig: {0}")]
    Yaml(String),
    /// No certificate and key inside.
    #[error("its user has no client-certificate-data and client-key-data")]
    NoCredential,
    /// Data that is not base64.
    #[error("its {0} is not base64")]
    Base64(&'static str),
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    users: Vec<NamedUser>,
    #[serde(default)]
    clusters: Vec<NamedCluster>,
}

#[derive(Deserialize)]
struct NamedCluster {
    #[serde(default)]
    cluster: Cluster,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
struct Cluster {
    certificate_authority_data: Option<String>,
}

#[derive(Deserialize)]
struct NamedUser {
    #[serde(default)]
    user: User,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
struct User {
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
}

/// The first user's certificate and key, as PEM, out of a kubeconfig.
///
/// # Errors
/// It is no kubeconfig, or its user has none embedded.
pub fn read_kubeconfig(text: &str) -> Result<(Vec<u8>, Vec<u8>), KubeconfigError> {
    let file: File = serde_saphyr::from_str(text)
        .map_err(|error| KubeconfigError::Yaml(first_line(&error.to_string())))?;
    let user = file.users.into_iter().next().ok_or(KubeconfigError::NoCredential)?.user;
    let (Some(certificate), Some(key)) = (user.client_certificate_data, user.client_key_data) else {
        return Err(KubeconfigError::NoCredential);
    };
    let decode = |text: String, what| STANDARD.decode(text.trim()).map_err(|_| KubeconfigError::Base64(what));
    Ok((decode(certificate, "client-certificate-data")?, decode(key, "client-key-data")?))
}

/// The certificates that the first cluster of a kubeconfig is trusted by, as PEM; none if
/// there are none embedded.
#[must_use]
pub fn kubeconfig_authority(text: &str) -> Option<Vec<u8>> {
    let file: File = serde_saphyr::from_str(text).ok()?;
    let cluster = file.clusters.into_iter().next()?.cluster;
    STANDARD.decode(cluster.certificate_authority_data?.trim()).ok()
}

/// The first line, safe to print: the error names keys as they stand in the file.
pub(super) fn first_line(text: &str) -> String {
    const MOST: usize = 200;
    let line: String = text.lines().next().unwrap_or_default().chars().take(MOST).collect();
    escape(&line).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_kubeconfig_says_why() {
        assert!(matches!(read_kubeconfig("users: ["), Err(KubeconfigError::Yaml(_))));
        assert!(matches!(read_kubeconfig("users: []"), Err(KubeconfigError::NoCredential)));
        let text = "users:\n- user: {client-certificate-data: '!', client-key-data: '!'}";
        assert!(matches!(read_kubeconfig(text), Err(KubeconfigError::Base64(_))));
    }

    #[test]
    fn keys_of_the_file_reach_no_terminal_as_commands() {
        for key in ["a\u{feff}", "a\u{1b}[2J", "a\u{202e}", &"a".repeat(1 << 20)] {
            let error = read_kubeconfig(&format!("{key}: 1\n{key}: 2\n")).unwrap_err().to_string();
            assert!(error.len() < 500 && escape(&error) == error, "{error}");
        }
    }
}
