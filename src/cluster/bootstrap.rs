//! Bootstrap tokens, as `kubeadm token create` makes them
//! (cluster-bootstrap/token/api, kubeadm bootstraptoken/v1).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use time::Duration;

use super::{Cluster, seed, stamp};
use crate::access::Json;

use super::server::ServerError;
use super::store::Key;

/// How long a token is good.
const LIFETIME: Duration = Duration::hours(24);
/// The group of those who hold kubeadm's tokens.
const GROUP: &str = "system:bootstrappers:kubeadm:default-node-token";
const SECRETS: Key = ("", "secrets");

/// Letters and digits by chance.
fn random(length: usize) -> String {
    const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let mut text = String::new();
    while text.len() < length {
        let mut byte = [0_u8; 1];
        // Without randomness no key could have been made, and nothing would be served.
        let _ = aws_lc_rs::rand::fill(&mut byte);
        // Bytes that would make some letters likelier are passed over.
        let [byte] = byte;
        if byte < 252
            && let Some(letter) = LETTERS.get(usize::from(byte % 36))
        {
            text.push(char::from(*letter));
        }
    }
    text
}

impl Cluster {
    /// Makes a token that a kubelet can join with: its Secret in `kube-system`.
    ///
    /// # Errors
    /// It could not be stored.
    pub fn create_bootstrap_token(&self) -> Result<String, ServerError> {
        let (id, secret) = (random(6), random(16));
        let name = format!("bootstrap-token-{id}");
        let now = self.stamp();
        let data = [
            ("auth-extra-groups", GROUP.to_owned()),
            ("expiration", stamp(self.now() + LIFETIME)),
            ("token-id", id.clone()),
            ("token-secret", secret.clone()),
            ("usage-bootstrap-authentication", "true".to_owned()),
            ("usage-bootstrap-signing", "true".to_owned()),
        ];
        let data = data.map(|(key, value)| (key.to_owned(), STANDARD.encode(value).into()));
        let object = seed::object("Secret", "v1", "kube-system", &name, &now)
            .with("data", Json::Object(data.into()))
            .with("type", "bootstrap.kubernetes.io/token");
        self.change(|store| Ok(store.put(SECRETS, object)?))
            .map_err(|failure| ServerError::Token(failure.message))?;
        Ok(format!("{id}.{secret}"))
    }
}
