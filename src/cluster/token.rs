//! Bearer tokens: of service accounts (JWT, RFC 7519) and for bootstrapping
//! (pkg/serviceaccount, plugin/pkg/auth/authenticator/token/bootstrap).

use aws_lc_rs::digest;
use aws_lc_rs::signature::{self, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::access::{CREDENTIAL_ID, Identity, Json};
use crate::clock::rfc3339;
use crate::pki::PrivateKey;
use crate::text::quote;

use super::admission::{self, Operation};
use super::failure::{Answer, Cause, Failure};
use super::handler::Context;
use super::message::{JSON, Response};
use super::{Cluster, decode, uid};

/// How long a token lives when its request does not say.
const LIFETIME: i64 = 3600;
/// No token lives shorter than ten minutes or longer than 2^32 seconds.
const SHORTEST: i64 = 600;
const LONGEST: i64 = 1 << 32;

/// The key that service-account tokens are signed with (`--service-account-signing-key-file`),
/// and who they say they are from (`--service-account-issuer`).
#[derive(Debug)]
pub struct AccountKey {
    key: PrivateKey,
    issuer: String,
}

impl AccountKey {
    /// A key and its issuer.
    #[must_use]
    pub fn new(key: PrivateKey, issuer: impl Into<String>) -> Self {
        Self { key, issuer: issuer.into() }
    }

    /// Who the tokens say they are from.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The hash of the public key that tokens name it by.
    fn id(&self) -> String {
        URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, self.key.public_key_info()).as_ref())
    }

    /// The signature algorithm's name in JOSE; `None` for keys that tokens are not signed with.
    fn algorithm(&self) -> Option<&'static str> {
        match self.key.signature_algorithm().oid {
            [1, 2, 840, 113_549, 1, 1, 11] => Some("RS256"),
            [1, 2, 840, 10045, 4, 3, 2] => Some("ES256"),
            _ => None,
        }
    }

    fn sign(&self, claims: &Json) -> Option<String> {
        let header = Json::object([("alg", self.algorithm()?.into()), ("kid", self.id().into())]);
        let part = |json: &Json| URL_SAFE_NO_PAD.encode(json.compact());
        let text = format!("{}.{}", part(&header), part(claims));
        let mut signature = self.key.sign(text.as_bytes()).ok()?;
        if self.algorithm() == Some("ES256") {
            signature = fixed(&signature)?;
        }
        Some(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// The claims of a token that this key signed.
    fn verify(&self, token: &str) -> Option<Json> {
        let (text, signature) = token.rsplit_once('.')?;
        let (header, claims) = text.split_once('.')?;
        let parsed =
            |part: &str| -> Option<Json> { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok() };
        let algorithm = self.algorithm()?;
        if parsed(header)?.text("alg") != algorithm {
            return None;
        }
        let public = public_bits(self.key.public_key_info())?;
        let how: &dyn signature::VerificationAlgorithm = if algorithm == "RS256" {
            &signature::RSA_PKCS1_2048_8192_SHA256
        } else {
            &signature::ECDSA_P256_SHA256_FIXED
        };
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        UnparsedPublicKey::new(how, public).verify(text.as_bytes(), &signature).ok()?;
        parsed(claims)
    }

    /// The public key as a JWK (RFC 7517).
    fn jwk(&self) -> Option<Json> {
        let mut jwk = Json::object([("use", "sig".into()), ("kid", self.id().into())]);
        let public = public_bits(self.key.public_key_info())?;
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match self.algorithm()? {
            "RS256" => {
                let (modulus, exponent) = yasna::parse_der(&public, |reader| {
                    reader.read_sequence(|reader| {
                        let modulus = reader.next().read_bigint_bytes().map(|(bytes, _)| bytes)?;
                        let exponent = reader.next().read_bigint_bytes().map(|(bytes, _)| bytes)?;
                        Ok((modulus, exponent))
                    })
                })
                .ok()?;
                let trimmed = |bytes: &[u8]| encode(bytes.strip_prefix(&[0]).unwrap_or(bytes));
                jwk.set("kty", "RSA");
                jwk.set("alg", "RS256");
                jwk.set("n", trimmed(&modulus));
                jwk.set("e", trimmed(&exponent));
            }
            algorithm => {
                jwk.set("kty", "EC");
                jwk.set("alg", algorithm);
                jwk.set("crv", "P-256");
                jwk.set("x", encode(public.get(1..33)?));
                jwk.set("y", encode(public.get(33..65)?));
            }
        }
        Some(jwk)
    }
}

/// The bits of the key in a SubjectPublicKeyInfo.
fn public_bits(info: &[u8]) -> Option<Vec<u8>> {
    yasna::parse_der(info, |reader| {
        reader.read_sequence(|reader| {
            reader.next().read_tagged_der()?;
            Ok(reader.next().read_bitvec_bytes()?.0)
        })
    })
    .ok()
}

/// An ECDSA signature as JOSE has it: both numbers, 32 bytes each (RFC 7518 section 3.4).
fn fixed(der: &[u8]) -> Option<Vec<u8>> {
    let numbers = yasna::parse_der(der, |reader| {
        reader.read_sequence(|reader| {
            let first = reader.next().read_bigint_bytes()?.0;
            let second = reader.next().read_bigint_bytes()?.0;
            Ok([first, second])
        })
    })
    .ok()?;
    let mut signature = Vec::new();
    for number in numbers {
        let significant = number.iter().position(|byte| *byte != 0).and_then(|at| number.get(at..))?;
        signature.extend(std::iter::repeat_n(0, 32_usize.checked_sub(significant.len())?));
        signature.extend(significant);
    }
    Some(signature)
}

/// What is said of a token that no authenticator knows
/// (apiserver/pkg/authentication/request/bearertoken).
pub(super) const INVALID: &str = "invalid bearer token";

/// Whose token this is.
///
/// # Errors
/// It is nobody's, or no longer good; in the API server's words.
pub(super) fn identity(cluster: &Cluster, token: &str) -> Result<Identity, String> {
    let known = match token.matches('.').count() {
        2 => of_account(cluster, token)?,
        1 => of_bootstrap(cluster, token),
        _ => None,
    };
    known.ok_or_else(|| INVALID.to_owned())
}

/// Whose service account's token it is; `None` if it is no such token of this cluster
/// (pkg/serviceaccount/jwt.go, …/claims.go).
fn of_account(cluster: &Cluster, token: &str) -> Result<Option<Identity>, String> {
    let Some(key) = &cluster.settings.accounts else { return Ok(None) };
    let claims = token.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
    let claims: Option<Json> = claims.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    // Another issuer's token is another authenticator's business.
    if claims.is_none_or(|claims| claims.text("iss") != key.issuer) {
        return Ok(None);
    }
    let claims = key.verify(token).ok_or("go-jose/go-jose: error in cryptographic primitive")?;
    let audiences = claims.texts("aud");
    if !audiences.contains(&key.issuer) {
        let quoted: Vec<String> = audiences.iter().map(|own| quote(own)).collect();
        return Err(format!(
            "token audiences [{}] is invalid for the target audiences [{}]",
            quoted.join(" "),
            quote(&key.issuer)
        ));
    }
    let now = cluster.now().unix_timestamp();
    let seconds = |name: &str| claims.get(name).and_then(Json::as_integer);
    if seconds("nbf").is_some_and(|start| now < start) {
        return Err("service account token is not valid yet".into());
    }
    if seconds("exp").is_none_or(|end| now >= end) {
        return Err("service account token has expired".into());
    }
    let none = Json::Null;
    let own = claims.get("kubernetes.io").unwrap_or(&none);
    let (namespace, name) = (own.text("namespace"), own.text("serviceaccount.name"));
    let store = cluster.read();
    let account = store
        .get(("", "serviceaccounts"), namespace, name)
        .ok_or_else(|| format!("serviceaccounts {} not found", quote(name)))?;
    let (uid, claimed) = (account.text("metadata.uid"), own.text("serviceaccount.uid"));
    if uid != claimed {
        return Err(format!("service account UID ({uid}) does not match claim ({claimed})"));
    }
    let mut extra = vec![(CREDENTIAL_ID.to_owned(), vec![format!("JTI={}", claims.text("jti"))])];
    for (kind, resource) in [("pod", "pods"), ("secret", "secrets"), ("node", "nodes")] {
        let Some(bound) = own.get(kind) else { continue };
        let place = if kind == "node" { "" } else { namespace };
        // A token goes with what it is bound to; a node is only told of with a pod.
        if own.get("pod").is_none() || kind == "pod" {
            let there = store.get(("", resource), place, bound.text("name"));
            let there = there.ok_or("service account token has been invalidated")?;
            let (uid, claimed) = (there.text("metadata.uid"), bound.text("uid"));
            if uid != claimed {
                let words = if kind == "pod" { "pod UID" } else { "UID" };
                return Err(format!(
                    "{words} ({uid}) does not match service account {kind} ref claim ({claimed})"
                ));
            }
        }
        if kind != "secret" {
            let key = |what: &str| format!("authentication.kubernetes.io/{kind}-{what}");
            extra.push((key("name"), vec![bound.text("name").to_owned()]));
            extra.push((key("uid"), vec![bound.text("uid").to_owned()]));
        }
    }
    let groups = ["system:serviceaccounts".to_owned(), format!("system:serviceaccounts:{namespace}")];
    let mut identity = Identity::named(&format!("system:serviceaccount:{namespace}:{name}"), &groups);
    identity.uid = Some(own.text("serviceaccount.uid").to_owned());
    identity.extra = extra;
    Ok(Some(identity))
}

fn of_bootstrap(cluster: &Cluster, token: &str) -> Option<Identity> {
    let (id, secret) = token.split_once('.')?;
    let is_good = |text: &str, length: usize| {
        text.len() == length && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    if !is_good(id, 6) || !is_good(secret, 16) {
        return None;
    }
    let store = cluster.read();
    let own = store.get(("", "secrets"), "kube-system", &format!("bootstrap-token-{id}"))?;
    let data = |key: &str| {
        let encoded = own.get("data")?.get(key)?.as_text()?;
        String::from_utf8(STANDARD.decode(encoded).ok()?).ok()
    };
    if own.text("type") != "bootstrap.kubernetes.io/token"
        || data("token-id").as_deref() != Some(id)
        || data("token-secret").as_deref() != Some(secret)
        || data("usage-bootstrap-authentication").as_deref() != Some("true")
    {
        return None;
    }
    if let Some(end) = data("expiration") {
        let end = OffsetDateTime::parse(&end, &Rfc3339).ok()?;
        if cluster.now() >= end {
            return None;
        }
    }
    let mut groups = vec!["system:bootstrappers".to_owned()];
    let extra = data("auth-extra-groups").unwrap_or_default();
    groups.extend(extra.split(',').map(str::trim).filter(|group| !group.is_empty()).map(str::to_owned));
    Some(Identity::named(&format!("system:bootstrap:{id}"), &groups))
}

/// `POST …/serviceaccounts/NAME/token`: a new token.
pub(super) fn create(context: &Context<'_>) -> Answer {
    let mut request = decode::object(context.served, context.request)?;
    let cluster = context.cluster;
    let key = cluster.settings.accounts.as_ref();
    let key = key.ok_or_else(|| Failure::not_played("tokens without a service account key (sa.key)"))?;
    let seconds = request.at("spec.expirationSeconds").and_then(Json::as_integer).unwrap_or(LIFETIME);
    let why = match seconds {
        ..SHORTEST => Some("may not specify a duration less than 10 minutes"),
        SHORTEST..=LONGEST => None,
        _ => Some("may not specify a duration larger than 2^32 seconds"),
    };
    if let Some(why) = why {
        let cause = Cause::invalid("spec.expirationSeconds", &Json::integer(seconds), why);
        return Err(Failure::invalid("authentication.k8s.io", "TokenRequest", "", &[cause]));
    }
    let store = cluster.read();
    let account = store.get(("", "serviceaccounts"), context.namespace, &context.asked.name);
    let account = account.ok_or_else(|| context.not_found())?;
    let mut object = request.clone();
    admission::admit(context, &store, Operation::Create, None, &mut object)?;
    let reference = |name: &str, uid: &str| Json::object([("name", name.into()), ("uid", uid.into())]);
    let mut own = Json::object([("namespace", context.namespace.into())]);
    let (bound, kind) = (request.at("spec.boundObjectRef"), request.text("spec.boundObjectRef.kind"));
    if let Some(bound) = bound.filter(|bound| !bound.is_nothing()) {
        let (resource, field, namespace) = match kind {
            "Pod" => ("pods", "pod", context.namespace),
            "Secret" => ("secrets", "secret", context.namespace),
            "Node" => ("nodes", "node", ""),
            other => {
                return Err(Failure::bad_request(format!(
                    "cannot bind token for serviceaccount {} to type {} with unrecognized kind",
                    quote(&context.asked.name),
                    quote(other)
                )));
            }
        };
        let there = store.get(("", resource), namespace, bound.text("name"));
        let there = there.ok_or_else(|| Failure::not_found("", resource, bound.text("name")))?;
        let uid = there.text("metadata.uid");
        if !bound.text("uid").is_empty() && bound.text("uid") != uid {
            let why = format!(
                "the UID in the bound object reference ({}) does not match the UID in record. The object might have been deleted and then recreated",
                bound.text("uid")
            );
            return Err(Failure::conflict("", "serviceaccounts", &context.asked.name, &why));
        }
        if kind == "Pod" && there.text("spec.serviceAccountName") != context.asked.name {
            return Err(Failure::bad_request(format!(
                "cannot bind token for serviceaccount {} to pod running with different serviceaccount name.",
                quote(&context.asked.name)
            )));
        }
        if kind == "Pod"
            && let Some(node) = store.get(("", "nodes"), "", there.text("spec.nodeName"))
        {
            own.set("node", reference(node.text("metadata.name"), node.text("metadata.uid")));
        }
        own.set(field, reference(bound.text("name"), uid));
    }
    own.set("serviceaccount", reference(&context.asked.name, account.text("metadata.uid")));
    let mut audiences = request.texts("spec.audiences");
    if audiences.is_empty() {
        audiences.push(key.issuer.clone());
    }
    let start = cluster.now().unix_timestamp();
    let claims = Json::object([
        ("aud", Json::strings(&audiences)),
        ("exp", Json::integer(start + seconds)),
        ("iat", Json::integer(start)),
        ("iss", key.issuer.as_str().into()),
        ("jti", uid().into()),
        ("kubernetes.io", own),
        ("nbf", Json::integer(start)),
        ("sub", format!("system:serviceaccount:{}:{}", context.namespace, context.asked.name).into()),
    ]);
    let token = key.sign(&claims).ok_or_else(|| Failure::internal("the token could not be signed"))?;
    let end = OffsetDateTime::from_unix_timestamp(start + seconds).map(rfc3339).unwrap_or_default();
    let metadata = request.path_mut(&["metadata"]);
    metadata.set("name", context.asked.name.as_str());
    metadata.set("namespace", context.namespace);
    metadata.set("creationTimestamp", cluster.stamp());
    let spec = request.path_mut(&["spec"]);
    spec.set("audiences", Json::strings(&audiences));
    spec.set("expirationSeconds", Json::integer(seconds));
    if spec.get("boundObjectRef").is_none() {
        spec.set("boundObjectRef", Json::Null);
    }
    request.set("status", Json::object([("token", token.into()), ("expirationTimestamp", end.into())]));
    Ok(Response::json(201, &request))
}

/// The documents by which others verify tokens (OpenID discovery).
pub(super) fn serve(cluster: &Cluster, path: &str) -> Option<Response> {
    let key = cluster.settings.accounts.as_ref()?;
    let document = match path.trim_end_matches('/') {
        "/.well-known/openid-configuration" => Json::object([
            ("issuer", key.issuer.as_str().into()),
            ("jwks_uri", format!("https://{}/openid/v1/jwks", cluster.settings.server_address).into()),
            ("response_types_supported", Json::strings(["id_token"])),
            ("subject_types_supported", Json::strings(["public"])),
            ("id_token_signing_alg_values_supported", Json::strings(key.algorithm())),
        ]),
        "/openid/v1/jwks" => {
            let keys: Vec<Json> = key.jwk().into_iter().collect();
            let body = Json::object([("keys", keys.into())]).compact();
            return Some(Response::new(200, "application/jwk-set+json", body));
        }
        _ => return None,
    };
    Some(Response::new(200, JSON, document.compact()))
}
