//! Who sent a request: certificates and front proxy first, then bearer tokens, then nobody
//! (pkg/kubeapiserver/authenticator/config.go).

use crate::access::{
    Authentication, Authenticator, Authenticators, FrontProxy, Identity, Recognition, aggregate, authenticate,
};
use crate::trust::Sent;

use super::message::Request;
use super::{Cluster, token};

/// Who sent a request, and what each authenticator that was asked said.
///
/// # Errors
/// What the log says of credentials that are nobody's: the answer is 401.
pub(super) fn identity(
    cluster: &Cluster,
    chain: &Sent,
    request: &Request,
) -> (Result<Identity, String>, Vec<Recognition>) {
    let anchors = cluster.anchors();
    let authenticators = Authenticators {
        client_roots: anchors.clients.as_deref(),
        front_proxy: anchors
            .front_proxies
            .as_deref()
            .map(|roots| FrontProxy { roots, allowed_names: &anchors.allowed_names }),
        time: cluster.now(),
    };
    let judged = authenticate(&authenticators, chain, &request.headers);
    let mut recognitions = judged.recognitions;
    let errors: Vec<String> = recognitions.iter().filter_map(|said| said.error.clone()).collect();
    if let Authentication::Identified(identity) = judged.authentication {
        return (Ok(identity), recognitions);
    }
    // A good token wins over a bad certificate.
    let bearer = request.values("authorization").find_map(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    let mut say = |by, user: Option<&Identity>, error: Option<&str>| {
        let user = user.map(|identity| identity.user.clone());
        recognitions.push(Recognition { by, user, error: error.map(str::to_owned) });
    };
    let identity = match bearer.filter(|token| !token.is_empty()) {
        Some(bearer) => {
            let found = token::identity(cluster, bearer);
            let error = found.as_ref().err();
            say(Authenticator::Token, found.as_ref().ok(), error.map(String::as_str));
            found.map_err(|error| {
                // The first to be asked is the authenticator of the server's own loopback token, and it
                // knows no other (apiserver/pkg/server/config.go, `AuthorizeClientBearerToken`).
                let first = std::iter::once(token::INVALID.to_owned());
                let all: Vec<String> = first.chain(errors).chain([error]).collect();
                aggregate(&all).unwrap_or_default()
            })
        }
        None if errors.is_empty() => {
            let anonymous = Identity::anonymous();
            say(Authenticator::Anonymous, Some(&anonymous), None);
            Ok(anonymous)
        }
        None => Err(aggregate(&errors).unwrap_or_default()),
    };
    (identity, recognitions)
}
