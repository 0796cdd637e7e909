//! Who sent a request: the authenticators of kube-apiserver, in their order.
//!
//! Request header (front proxy) first, then x509; the first success wins. Errors only
//! matter if nobody succeeds: then the request is refused, and only if there was no
//! error either is it anonymous (pkg/kubeapiserver/authenticator/config.go).

use time::OffsetDateTime;

use super::identity::{Identity, Subject};
use super::respond::Authentication;
use crate::trust::{AttributeValue, Certificate, Purpose, Question, Roots, Sent, Verdict, verify};

/// The subject attribute that carries a user's id
/// (apiserver/pkg/authentication/request/x509, `AllowParsingUserUIDFromCertAuth`).
const UID: &str = "1.3.6.1.4.1.57683.2";

/// What a server authenticates requests with.
#[derive(Debug, Clone, Copy)]
pub struct Authenticators<'a> {
    /// `--client-ca-file`; without it client certificates name nobody.
    pub client_roots: Option<&'a Roots>,
    /// `--requestheader-client-ca-file`, where the server has one.
    pub front_proxy: Option<FrontProxy<'a>>,
    /// The present.
    pub time: OffsetDateTime,
}

/// Who may speak for others in `X-Remote-*` headers.
#[derive(Debug, Clone, Copy)]
pub struct FrontProxy<'a> {
    /// `--requestheader-client-ca-file`.
    pub roots: &'a Roots,
    /// `--requestheader-allowed-names`; empty allows any common name.
    pub allowed_names: &'a [String],
}

/// Who can tell whose request it is, in the order asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authenticator {
    /// The headers of a front proxy (`--requestheader-client-ca-file`).
    FrontProxy,
    /// The client's certificate (`--client-ca-file`).
    Certificate,
    /// A bearer token.
    Token,
    /// Whoever brings no credential that anybody looks at (`--anonymous-auth`).
    Anonymous,
}

impl Authenticator {
    /// Its word, as Kubernetes' own code has it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::FrontProxy => "request header",
            Self::Certificate => "x509",
            Self::Token => "bearer token",
            Self::Anonymous => "anonymous",
        }
    }
}

/// What one authenticator that was asked said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recognition {
    /// Who.
    pub by: Authenticator,
    /// Whom it took the client for.
    pub user: Option<String>,
    /// Why it did not take the credential; without a user and an error it had no opinion.
    pub error: Option<String>,
}

/// How a request was authenticated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authenticated {
    /// The outcome, as [`super::respond`] takes it.
    pub authentication: Authentication,
    /// What was made of the certificate by the authenticator that settled the matter:
    /// the front proxy's if it named the user, otherwise the x509 authenticator's.
    /// `None` if no certificate was looked at.
    pub verdict: Option<Verdict>,
    /// What the log says after `err=`, unquoted, if the request was refused.
    pub error: Option<String>,
    /// What each authenticator said that looked at the certificate, in order.
    pub recognitions: Vec<Recognition>,
}

/// Authenticates a request by the certificates its client presented (empty if none) and by
/// its headers (names in any case).
#[must_use]
pub fn authenticate(
    authenticators: &Authenticators<'_>,
    chain: &Sent,
    headers: &[(String, String)],
) -> Authenticated {
    let judge = |roots| {
        verify(&Question { chain, roots, purpose: Purpose::Client, name: None, time: authenticators.time })
    };
    let mut verdict = None;
    let mut recognitions = Vec::new();
    if let Some(proxy) = authenticators.front_proxy.filter(|_| chain.count() > 0) {
        let judged = judge(proxy.roots);
        let said = request_header(&proxy, &judged, chain.leaf(), headers);
        recognitions.push(Recognition::of(Authenticator::FrontProxy, &said));
        if let Ok(Some(identity)) = said {
            return Authenticated::identified(identity, judged, recognitions);
        }
        verdict = Some(judged);
    }
    if let Some(roots) = authenticators.client_roots.filter(|_| chain.count() > 0) {
        // Where one authority is trusted for both, the answer is known already.
        let is_same = authenticators.front_proxy.is_some_and(|proxy| proxy.roots == roots);
        let judged = verdict.filter(|_| is_same).unwrap_or_else(|| judge(roots));
        let said = x509(&judged, chain.leaf());
        recognitions.push(Recognition::of(Authenticator::Certificate, &said));
        if let Ok(Some(identity)) = said {
            return Authenticated::identified(identity, judged, recognitions);
        }
        verdict = Some(judged);
    }
    let errors: Vec<String> = recognitions.iter().filter_map(|said| said.error.clone()).collect();
    let error = aggregate(&errors);
    Authenticated {
        authentication: match error {
            Some(_) => Authentication::Refused,
            None => Authentication::Anonymous,
        },
        verdict,
        error,
        recognitions,
    }
}

impl Authenticated {
    const fn identified(identity: Identity, verdict: Verdict, recognitions: Vec<Recognition>) -> Self {
        Self {
            authentication: Authentication::Identified(identity),
            verdict: Some(verdict),
            error: None,
            recognitions,
        }
    }
}

impl Recognition {
    fn of(by: Authenticator, said: &Result<Option<Identity>, String>) -> Self {
        let user = said.as_ref().ok().and_then(Option::as_ref).map(|identity| identity.user.clone());
        Self { by, user, error: said.as_ref().err().cloned() }
    }
}

/// Several errors as one: each text once, in brackets if there are several
/// (apimachinery/pkg/util/errors, `aggregate`).
#[must_use]
pub fn aggregate(errors: &[String]) -> Option<String> {
    let mut distinct: Vec<&str> = Vec::new();
    for error in errors {
        if !distinct.contains(&error.as_str()) {
            distinct.push(error);
        }
    }
    match distinct.as_slice() {
        [] => None,
        [one] => Some((*one).to_owned()),
        several => Some(format!("[{}]", several.join(", "))),
    }
}

/// The front proxy: its certificate speaks for the proxy, the headers for the user
/// (apiserver/pkg/authentication/request/x509 `Verifier`, …/headerrequest).
fn request_header(
    proxy: &FrontProxy<'_>,
    verdict: &Verdict,
    leaf: Option<&Certificate>,
    headers: &[(String, String)],
) -> Result<Option<Identity>, String> {
    if let Some(refusal) = &verdict.refusal {
        return Err(refusal.message.clone());
    }
    let Some(leaf) = leaf else { return Ok(None) };
    let name = leaf.subject().common_name();
    if proxy.allowed_names.is_empty() || proxy.allowed_names.iter().any(|allowed| allowed == name) {
        Ok(identity_from_headers(headers))
    } else {
        Err(format!("x509: subject with cn={name} is not in the allowed list"))
    }
}

/// The user that a front proxy names, if it names one.
fn identity_from_headers(headers: &[(String, String)]) -> Option<Identity> {
    const EXTRA: &str = "x-remote-extra-";
    let values = |wanted: &'static str| {
        headers
            .iter()
            .filter(move |(name, value)| name.eq_ignore_ascii_case(wanted) && !value.is_empty())
            .map(|(_, value)| value.as_str())
    };
    let user = values("x-remote-user").next()?;
    let groups: Vec<&str> = values("x-remote-group").collect();
    let mut identity = Identity::named(user, &groups);
    for (name, value) in headers {
        let Some(key) = extra_key(name, EXTRA) else { continue };
        match identity.extra.iter_mut().find(|(known, _)| *known == key) {
            Some((_, values)) => values.push(value.clone()),
            None => identity.extra.push((key, vec![value.clone()])),
        }
    }
    Some(identity)
}

/// The key of `extra` that a header's name carries behind this prefix (in lower case).
#[must_use]
pub fn extra_key(header: &str, prefix: &str) -> Option<String> {
    header.to_ascii_lowercase().strip_prefix(prefix).map(unescape)
}

/// A percent-encoded text decoded; as it stands if it is not a good one, as Go's
/// `url.PathUnescape` is used there.
fn unescape(text: &str) -> String {
    let decode = || {
        let mut decoded = Vec::with_capacity(text.len());
        let mut rest = text.as_bytes();
        while let Some((&first, after)) = rest.split_first() {
            if first == b'%' {
                let (digits, after) = after.split_at_checked(2)?;
                if !digits.iter().all(u8::is_ascii_hexdigit) {
                    return None;
                }
                let digits = std::str::from_utf8(digits).ok()?;
                decoded.push(u8::from_str_radix(digits, 16).ok()?);
                rest = after;
            } else {
                decoded.push(first);
                rest = after;
            }
        }
        String::from_utf8(decoded).ok()
    };
    decode().unwrap_or_else(|| text.to_owned())
}

/// The x509 authenticator (apiserver/pkg/authentication/request/x509).
fn x509(verdict: &Verdict, leaf: Option<&Certificate>) -> Result<Option<Identity>, String> {
    match (&verdict.refusal, leaf) {
        (Some(refusal), Some(leaf)) => {
            Err(format!("verifying certificate {} failed: {}", certificate_identifier(leaf), refusal.message))
        }
        (Some(refusal), None) => Err(refusal.message.clone()),
        (None, None) => Ok(None),
        (None, Some(leaf)) => identity_from_certificate(leaf),
    }
}

/// The user that a verified certificate names, if it names one.
///
/// # Errors
/// Its UID is none; the words are the API server's.
pub fn identity_from_certificate(leaf: &Certificate) -> Result<Option<Identity>, String> {
    let subject = leaf.subject();
    // Without a name the id is not looked at.
    if subject.common_name().is_empty() {
        return Ok(None);
    }
    let uids = subject
        .attributes()
        .iter()
        .filter(|attribute| attribute.oid == UID)
        .map(|attribute| match &attribute.value {
            AttributeValue::Text(text) => Ok(text.as_str()),
            _ => Err("unable to parse UID into a string".to_owned()),
        })
        .collect::<Result<Vec<&str>, String>>()?;
    let uid = match uids.as_slice() {
        [] => None,
        [""] => return Err("UID cannot be an empty string".to_owned()),
        [uid] => Some(*uid),
        several => {
            let several = several.join(" ");
            return Err(format!("expected 1 UID, but found multiple: [{several}]"));
        }
    };
    let organizations: Vec<String> = subject.organizations().into_iter().map(str::to_owned).collect();
    Ok(Identity::from_subject(&Subject {
        common_name: subject.common_name(),
        organizations: &organizations,
        uid,
        der: leaf.der(),
    }))
}

/// `SN=…, SKID=AA:BB…, AKID=…`: how the log names a certificate.
fn certificate_identifier(certificate: &Certificate) -> String {
    let hexadecimal = |octets: &[u8]| {
        let pairs: Vec<String> = octets.iter().map(|octet| format!("{octet:02X}")).collect();
        pairs.join(":")
    };
    format!(
        "SN={}, SKID={}, AKID={}",
        certificate.serial(),
        hexadecimal(certificate.subject_key_id()),
        hexadecimal(certificate.authority_key_id())
    )
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, KeyPair};

    use super::*;

    const UID_TYPE: [u64; 8] = [1, 3, 6, 1, 4, 1, 57683, 2];

    /// A certificate that is its own authority, with this name and id.
    fn certificate(name: &str, uid: Option<&str>) -> Vec<u8> {
        let mut params = CertificateParams::default();
        params.distinguished_name.remove(DnType::CommonName);
        params.distinguished_name.push(DnType::CommonName, name);
        if let Some(uid) = uid {
            params.distinguished_name.push(DnType::CustomDnType(UID_TYPE.to_vec()), uid);
        }
        let key = KeyPair::generate().unwrap();
        params.self_signed(&key).unwrap().der().to_vec()
    }

    fn ask(roots: Option<&Roots>, chain: &[Vec<u8>]) -> Authenticated {
        let authenticators = Authenticators {
            client_roots: roots,
            front_proxy: None,
            time: time::macros::datetime!(2026-11-23 18:54:01 UTC),
        };
        authenticate(&authenticators, &Sent::parse(chain), &[])
    }

    #[test]
    fn the_subject_names_the_user_and_its_id() {
        let der = certificate("jane", Some("u-1"));
        let roots = Roots::from_der([&der]);
        let authenticated = ask(Some(&roots), &[der]);
        let Authentication::Identified(identity) = authenticated.authentication else {
            panic!("{authenticated:?}");
        };
        assert_eq!(identity.user, "jane");
        assert_eq!(identity.uid.as_deref(), Some("u-1"));
        assert!(authenticated.verdict.unwrap().is_accepted());
    }

    #[test]
    fn an_empty_id_is_an_error() {
        let der = certificate("jane", Some(""));
        let roots = Roots::from_der([&der]);
        let authenticated = ask(Some(&roots), &[der]);
        assert_eq!(authenticated.authentication, Authentication::Refused);
        assert_eq!(authenticated.error.as_deref(), Some("UID cannot be an empty string"));
    }

    #[test]
    fn a_refusal_names_the_certificate() {
        let der = certificate("jane", None);
        let leaf = Certificate::parse(&der).unwrap();
        let authenticated = ask(Some(&Roots::default()), &[der]);
        assert_eq!(
            authenticated.error,
            Some(format!(
                "verifying certificate SN={}, SKID=, AKID= failed: \
                 x509: certificate signed by unknown authority",
                leaf.serial()
            ))
        );
    }

    #[test]
    fn nothing_to_look_at_is_anonymous() {
        let der = certificate("jane", None);
        let anonymous = Authenticated {
            authentication: Authentication::Anonymous,
            verdict: None,
            error: None,
            recognitions: Vec::new(),
        };
        assert_eq!(ask(None, &[der]), anonymous);
        assert_eq!(ask(Some(&Roots::default()), &[]), anonymous);
    }

    #[test]
    fn errors_are_listed_once_each() {
        let errors = |texts: &[&str]| aggregate(&texts.iter().map(|text| (*text).into()).collect::<Vec<_>>());
        assert_eq!(errors(&[]), None);
        assert_eq!(errors(&["a", "a"]).as_deref(), Some("a"));
        assert_eq!(errors(&["a", "b"]).as_deref(), Some("[a, b]"));
    }

    #[test]
    fn keys_of_extra_are_decoded() {
        assert_eq!(unescape("acme.com%2fproject"), "acme.com/project");
        assert_eq!(unescape("100%"), "100%");
        assert_eq!(unescape("%+1"), "%+1");
    }
}
