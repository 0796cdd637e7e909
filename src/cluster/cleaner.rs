//! CSRs that have had their time (pkg/controller/certificates/cleaner).

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use crate::access::Json;
use crate::handshake::ServerLog;
use crate::text::quote;
use crate::trust::Certificate;
use crate::workspace::pem_certificates;

use super::companions::CompanionListener;
use super::failure::Answer;
use super::store::Key;
use super::{Cluster, klog};

/// How often all CSRs are looked at.
const INTERVAL: Duration = Duration::hours(1);
/// The bounds of that by the machine's clock.
const SOONEST: std::time::Duration = std::time::Duration::from_millis(50);
const LATEST: std::time::Duration = std::time::Duration::from_secs(3600);
/// How old a CSR that was issued, denied or refused gets, from then on.
const DECIDED: Duration = Duration::hours(1);
/// How old a CSR that nobody decided about gets, from its beginning.
const PENDING: Duration = Duration::hours(24);
const CSRS: Key = ("certificates.k8s.io", "certificatesigningrequests");

/// Why a CSR goes at this moment, in the controller's words; `None` if it stays. One that is
/// approved and that nobody signs stays.
fn reason(csr: &Json, now: OffsetDateTime) -> Option<&'static str> {
    let moment = |text: &str| OffsetDateTime::parse(text, &Rfc3339).ok();
    let is_older = |since: &str, age: Duration| moment(since).is_some_and(|since| now - since > age);
    let conditions = csr.list("status.conditions");
    let is_decided = |kind: &str| {
        let of_kind = conditions.iter().filter(|own| own.text("type") == kind);
        of_kind.clone().any(|own| is_older(own.text("lastUpdateTime"), DECIDED))
    };
    let is_approved = conditions.iter().any(|own| own.text("type") == "Approved");
    let certificate = STANDARD.decode(csr.text("status.certificate")).unwrap_or_default();
    if !certificate.is_empty() && is_decided("Approved") {
        return Some("Cleaning CSR as it is more than approvedExpiration duration old and approved.");
    }
    if is_decided("Denied") {
        return Some("Cleaning CSR as it is more than deniedExpiration duration old and denied.");
    }
    if is_decided("Failed") {
        return Some("Cleaning CSR as it is more than deniedExpiration duration old and failed.");
    }
    if conditions.is_empty() && is_older(csr.text("metadata.creationTimestamp"), PENDING) {
        return Some("Cleaning CSR as it is more than pendingExpiration duration old and unhandled.");
    }
    let leaf = pem_certificates(&certificate).first().and_then(|der| Certificate::parse(der).ok());
    let is_expired = leaf.is_some_and(|leaf| now > leaf.not_after());
    (is_approved && is_expired).then_some("Cleaning CSR as the associated certificate is expired.")
}

impl Cluster {
    /// Looks for such CSRs at once and then every hour by the cluster's clock, as long as it runs.
    pub async fn keep_clean(self: Arc<Self>, told: CompanionListener) {
        loop {
            let cleaned = tokio::task::block_in_place(|| self.clean()).unwrap_or_default();
            for (name, why) in cleaned {
                let text = format!(
                    "{} logger=\"certificatesigningrequest-cleaner-controller\" csr={}",
                    quote(why),
                    quote(&name)
                );
                let line = klog('I', OffsetDateTime::now_utc(), "cleaner.go:120", &text);
                told("kube-controller-manager", &ServerLog { line, verbosity: 0 });
            }
            let takes = self.settings.clock.takes(INTERVAL);
            tokio::time::sleep(takes.clamp(SOONEST, LATEST)).await;
        }
    }

    /// Takes the CSRs out that have had their time: their names, and why each.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub(super) fn clean(&self) -> Answer<Vec<(String, &'static str)>> {
        let now = self.now();
        let gone: Vec<(String, &'static str)> = {
            let store = self.read();
            let all = store.list(CSRS, "");
            all.filter_map(|csr| Some((csr.text("metadata.name").to_owned(), reason(&csr, now)?))).collect()
        };
        if gone.is_empty() {
            return Ok(gone);
        }
        self.change(|store| {
            for (name, _) in &gone {
                store.delete(CSRS, "", name)?;
            }
            Ok(())
        })?;
        Ok(gone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-11-25 12:00 UTC);

    fn csr(created: OffsetDateTime, conditions: &[(&str, OffsetDateTime)], certificate: &str) -> Json {
        let stamp = |moment: OffsetDateTime| Json::from(crate::clock::rfc3339(moment));
        let conditions: Vec<Json> = conditions
            .iter()
            .map(|(kind, at)| Json::object([("type", (*kind).into()), ("lastUpdateTime", stamp(*at))]))
            .collect();
        let status = Json::object([("conditions", conditions.into()), ("certificate", certificate.into())]);
        Json::object([
            ("metadata", Json::object([("creationTimestamp", stamp(created))])),
            ("status", status),
        ])
    }

    #[test]
    fn a_csr_goes_when_it_has_had_its_time() {
        let ago = |minutes: i64| NOW - Duration::minutes(minutes);
        let issued = STANDARD.encode("something that is no certificate and so never expires");
        let expired = {
            use crate::blueprint::{KeyAlgorithm, Subject};
            use crate::pki::{self, AuthorityRequest, BasicConstraints, PrivateKey};
            let request = AuthorityRequest {
                subject: Subject::named("short"),
                dns_names: Vec::new(),
                basic_constraints: BasicConstraints::Authority,
                may_sign: true,
                version_1: false,
                not_before: ago(15),
                not_after: ago(5),
            };
            let key = PrivateKey::generate(KeyAlgorithm::P256).unwrap();
            let der = pki::authority_certificate(&request, &key).unwrap();
            STANDARD.encode(pki::pem("CERTIFICATE", &der))
        };
        for (what, csr, goes) in [
            ("pending, 24 h", csr(ago(24 * 60), &[], ""), None),
            ("pending, longer", csr(ago(24 * 60 + 1), &[], ""), Some("unhandled")),
            ("approved, nobody signs", csr(ago(9999), &[("Approved", ago(9000))], ""), None),
            ("issued, 1 h", csr(ago(99), &[("Approved", ago(60))], &issued), None),
            ("issued, longer", csr(ago(99), &[("Approved", ago(61))], &issued), Some("approved")),
            ("issued, expired", csr(ago(15), &[("Approved", ago(15))], &expired), Some("expired")),
            ("denied, 1 h", csr(ago(99), &[("Denied", ago(60))], ""), None),
            ("denied, longer", csr(ago(99), &[("Denied", ago(61))], ""), Some("denied")),
            ("failed, 1 h", csr(ago(99), &[("Approved", ago(90)), ("Failed", ago(60))], ""), None),
            (
                "failed, longer",
                csr(ago(99), &[("Approved", ago(90)), ("Failed", ago(61))], ""),
                Some("failed"),
            ),
        ] {
            let why = reason(&csr, NOW);
            assert_eq!(why.is_some(), goes.is_some(), "{what}: {why:?}");
            assert!(goes.is_none_or(|word| why.is_some_and(|why| why.contains(word))), "{what}: {why:?}");
        }
    }
}
