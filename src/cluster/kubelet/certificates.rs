//! The certificate manager of a kubelet: it asks for a certificate through the API, waits until
//! it is signed, keeps it, and asks anew at 70 to 90 % of its life
//! (client-go/util/certificate/certificate_manager.go, …/csr/csr.go).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::Method;
use time::{Duration, OffsetDateTime};
use tokio::time::{sleep, timeout};

use super::api::Who;
use super::files::{Files, Pair, pair};
use super::{Kubelet, get};
use crate::access::Json;
use crate::blueprint::{HostName, KeyAlgorithm, Subject};
use crate::cluster::certificates::{KUBELET_CLIENT, KUBELET_SERVING};
use crate::pki::{self, PrivateKey};
use crate::text::quote;

/// How long a signature is waited for, each time (`certificateWaitTimeout`).
const PATIENCE: Duration = Duration::minutes(15);
/// How soon it is tried again: five times, each wait twice the one before, then always the last.
const FIRST_RETRY: Duration = Duration::seconds(2);
const RETRIES: u32 = 5;
const LAST_RETRY: Duration = Duration::seconds(32);
const CSRS: &str = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
/// Where client-go logs from.
const PLACE: &str = "certificate_manager.go:356";

/// What a certificate is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// To speak with the API server.
    Client,
    /// To be spoken with.
    Serving,
}

impl Use {
    const fn signer(self) -> &'static str {
        match self {
            Self::Client => KUBELET_CLIENT,
            Self::Serving => KUBELET_SERVING,
        }
    }

    pub(super) const fn prefix(self) -> &'static str {
        match self {
            Self::Client => "kubelet-client",
            Self::Serving => "kubelet-server",
        }
    }

    const fn usage(self) -> &'static str {
        match self {
            Self::Client => "client auth",
            Self::Serving => "server auth",
        }
    }
}

/// One certificate of a kubelet, and where it is kept.
pub(super) struct Manager<'a> {
    pub(super) kubelet: &'a Kubelet,
    pub(super) files: &'a Files,
    pub(super) of: Use,
    /// Who asks for the first one.
    pub(super) token: Option<&'a str>,
}

impl Manager<'_> {
    /// Keeps the certificate alive, for as long as this runs. `on_new` is given each new one.
    pub(super) async fn run(&self, on_new: impl Fn(&Pair)) {
        self.log("Certificate rotation is enabled");
        loop {
            self.wait_for_deadline().await;
            let mut retry = FIRST_RETRY;
            let mut tries = 0;
            let new = loop {
                self.log("Rotating certificates");
                match self.rotate().await {
                    Ok(new) => break new,
                    Err(why) => self.complain(&why),
                }
                tries += 1;
                if tries == RETRIES {
                    self.complain("Reached backoff limit, still unable to rotate certs: timed out waiting for the condition");
                }
                self.rest(if tries < RETRIES { retry } else { LAST_RETRY }).await;
                retry *= 2;
            };
            on_new(&new);
            // However short the certificate lives (`wait.Until` with one second).
            sleep(std::time::Duration::from_secs(1).min(self.kubelet.clock.takes(Duration::minutes(1))))
                .await;
        }
    }

    fn log(&self, text: &str) {
        self.kubelet.log_at(2, PLACE, &format!("{}: {text}", self.of.signer()));
    }

    fn complain(&self, why: &str) {
        let text = format!("{}: {why}", self.of.signer());
        self.kubelet.log(
            'E',
            "certificate_manager.go:562",
            &format!("\"Unhandled Error\" err={}", quote(&text)),
        );
    }

    /// Rests for this long by the cluster's clock, up to a day by the machine's.
    async fn rest(&self, span: Duration) {
        let takes = self.kubelet.clock.takes(span);
        sleep(takes.clamp(std::time::Duration::from_millis(20), std::time::Duration::from_secs(86_400)))
            .await;
    }

    /// Waits until it is time for another certificate; not at all where there is none.
    async fn wait_for_deadline(&self) {
        let Some(current) = self.files.current(self.of.prefix()) else { return };
        let deadline = deadline(&current, chance());
        self.log(&format!(
            "Certificate expiration is {}, rotation deadline is {}",
            go(current.not_after),
            go(deadline)
        ));
        let left = deadline - self.kubelet.now();
        if left.is_positive() {
            self.log(&format!("Waiting {} for next certificate rotation", go_span(left)));
        }
        while self.kubelet.now() < deadline {
            self.rest((deadline - self.kubelet.now()).max(Duration::SECOND)).await;
        }
    }

    /// Who asks: the kubelet itself if its certificate is still good, else its bootstrap token.
    fn who(&self) -> Result<Who, String> {
        let now = self.kubelet.now();
        let current = self.files.current(Use::Client.prefix()).filter(|own| now <= own.not_after);
        match (current, self.token, get(&self.kubelet.own)) {
            (Some(own), _, _) => Ok(Who::Certificate(own.credential)),
            (None, Some(token), _) => Ok(Who::Token(token.to_owned())),
            (None, None, Some(own)) => Ok(Who::Certificate(own)),
            (None, None, None) => {
                Err("Unable to load a client to request certificates: no client certificate".into())
            }
        }
    }

    async fn rotate(&self) -> Result<Pair, String> {
        let Kubelet { node, address, .. } = self.kubelet;
        let key = PrivateKey::generate(KeyAlgorithm::P256)
            .map_err(|error| format!("Unable to generate a certificate signing request: {error}"))?;
        let mut subject = Subject::named(format!("system:node:{node}"));
        subject.organizations = vec!["system:nodes".into()];
        let names = match self.of {
            Use::Client => Vec::new(),
            Use::Serving => vec![HostName::Dns(node.clone()), HostName::Ip(*address)],
        };
        let csr = pki::leaf_csr(&subject, &names, &key)
            .map_err(|error| format!("Unable to generate a certificate signing request: {error}"))?;
        let who = self.who()?;
        let name = self.request(&who, &csr).await.map_err(|why| {
            format!("Failed while requesting a signed certificate from the control plane: cannot create certificate signing request: {why}")
        })?;
        let not_signed = |why: String| format!("certificate request was not signed: {why}");
        let takes = self.kubelet.clock.takes(PATIENCE);
        let signed = timeout(takes, self.wait(&who, &name)).await;
        let pem = signed
            .unwrap_or_else(|_| Err("timed out waiting for the condition".into()))
            .map_err(not_signed)?;
        let unable = |why: String| format!("Unable to store the new cert/key pair: {why}");
        let kept = self.files.update(self.of.prefix(), &pem, &key, self.kubelet.now());
        kept.map_err(|error| unable(error.to_string()))?;
        pair(format!("{pem}{}", key.to_pem()).as_bytes()).ok_or_else(|| unable("it does not read".into()))
    }

    /// Sends the CSR, and gives the name that it got.
    async fn request(&self, who: &Who, csr: &[u8]) -> Result<String, String> {
        let pem = pki::pem("CERTIFICATE REQUEST", csr);
        let spec = Json::object([
            ("request", STANDARD.encode(pem).into()),
            ("signerName", self.of.signer().into()),
            // Without an RSA key nothing is enciphered with it.
            ("usages", Json::strings(["digital signature", self.of.usage()])),
        ]);
        let object = Json::object([
            ("kind", "CertificateSigningRequest".into()),
            ("apiVersion", "certificates.k8s.io/v1".into()),
            ("metadata", Json::object([("generateName", "csr-".into())])),
            ("spec", spec),
        ]);
        let reply =
            self.kubelet.api.ask(who, self.kubelet.now(), (&Method::POST, CSRS), Some(&object)).await?;
        Ok(reply.object()?.text("metadata.name").to_owned())
    }

    /// Waits for the certificate in a CSR's status.
    async fn wait(&self, who: &Who, name: &str) -> Result<String, String> {
        let mut was_approved = false;
        let mut look = |csr: &Json| self.outcome(csr, &mut was_approved);
        loop {
            // A watch begins with the object as it is.
            let path = format!("{CSRS}?fieldSelector=metadata.name%3D{name}&watch=true&timeoutSeconds=300");
            match self.kubelet.api.watch(who, self.kubelet.now(), &path, &mut look).await {
                Ok(Some(outcome)) => return outcome,
                Ok(None) => {}
                Err(why) => self.complain(&format!("failed to watch the certificate signing request: {why}")),
            }
            self.rest(Duration::SECOND).await;
        }
    }

    /// What has become of a CSR; none if nothing yet.
    fn outcome(&self, csr: &Json, was_approved: &mut bool) -> Option<Result<String, String>> {
        let name = csr.text("metadata.name");
        let log = |text: &str, place: &str| {
            self.kubelet.log_at(2, place, &format!("{} csr={}", quote(text), quote(name)))
        };
        for condition in csr.list("status.conditions") {
            let (reason, message) = (condition.text("reason"), condition.text("message"));
            let refused = |what: &str| {
                format!(
                    "certificate signing request {what}, reason: {}, message: {}",
                    quote(reason),
                    quote(message)
                )
            };
            match condition.text("type") {
                "Denied" => return Some(Err(refused("is denied"))),
                "Failed" => return Some(Err(refused("failed"))),
                "Approved" if csr.text("status.certificate").is_empty() && !*was_approved => {
                    *was_approved = true;
                    log("Certificate signing request is approved, waiting to be issued", "csr.go:274");
                }
                _ => {}
            }
        }
        let certificate = STANDARD.decode(csr.text("status.certificate")).ok()?;
        if certificate.is_empty() {
            return None;
        }
        log("Certificate signing request is issued", "csr.go:270");
        Some(String::from_utf8(certificate).map_err(|error| error.to_string()))
    }
}

/// When another certificate is asked for: at 70 to 90 % of this one's life, by chance from 0 to 1.
fn deadline(pair: &Pair, chance: f64) -> OffsetDateTime {
    let life = (pair.not_after - pair.not_before).as_seconds_f64();
    pair.not_before + Duration::seconds_f64(life * 0.2f64.mul_add(chance, 0.7))
}

/// A number from 0 to 1, so that nodes do not rotate all at once.
fn chance() -> f64 {
    let mut bytes = [0_u8; 4];
    // Without randomness no key could have been made.
    let _ = aws_lc_rs::rand::fill(&mut bytes);
    f64::from(u32::from_be_bytes(bytes)) / f64::from(u32::MAX)
}

/// A moment as Go prints it.
pub(super) fn go(moment: OffsetDateTime) -> String {
    let format = time::macros::format_description!("[year]-[month]-[day] [hour]:[minute]:[second] +0000 UTC");
    moment.to_offset(time::UtcOffset::UTC).format(&format).unwrap_or_default()
}

/// A span as Go prints it, in whole seconds: `7h15m0s`.
fn go_span(span: Duration) -> String {
    let seconds = span.whole_seconds();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds}s"),
        (0, _) => format!("{minutes}m{seconds}s"),
        _ => format!("{hours}h{minutes}m{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handshake::Credential;
    use time::macros::datetime;

    #[test]
    fn the_deadline_lies_between_70_and_90_percent() {
        let credential = Credential { chain: Vec::new(), key: Vec::new() };
        let not_before = datetime!(2026-01-01 00:00 UTC);
        let pair = Pair { credential, not_before, not_after: not_before + Duration::minutes(100) };
        for (chance, minutes) in [(0.0, 70), (0.5, 80), (1.0, 90)] {
            assert_eq!(deadline(&pair, chance), not_before + Duration::minutes(minutes));
        }
        for _ in 0..100 {
            let at = deadline(&pair, chance()) - not_before;
            assert!((Duration::minutes(70)..=Duration::minutes(90)).contains(&at), "{at}");
        }
    }

    #[test]
    fn times_read_as_go_prints_them() {
        assert_eq!(go(datetime!(2025-06-30 02:55:19 UTC)), "2025-06-30 02:55:19 +0000 UTC");
        for (seconds, text) in [(27, "27s"), (450, "7m30s"), (26_100, "7h15m0s")] {
            assert_eq!(go_span(Duration::seconds(seconds)), text);
        }
    }
}
