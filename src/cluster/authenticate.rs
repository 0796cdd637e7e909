//! Who sent a request: certificates and front proxy first, then bearer tokens, then nobody
//! (pkg/kubeapiserver/authenticator/config.go).

use crate::access::{Authentication, Authenticators, FrontProxy, Identity, authenticate};

use super::failure::{Answer, Failure};
use super::message::Request;
use super::{Cluster, token};

/// Who sent a request, or 401.
pub(super) fn identity(cluster: &Cluster, chain: &[Vec<u8>], request: &Request) -> Answer<Identity> {
    let anchors = cluster.anchors();
    let authenticators = Authenticators {
        client_roots: anchors.clients.as_deref(),
        front_proxy: anchors
            .front_proxies
            .as_deref()
            .map(|roots| FrontProxy { roots, allowed_names: &anchors.allowed_names }),
        time: cluster.now(),
    };
    let by_certificate = authenticate(&authenticators, chain, &request.headers).authentication;
    if let Authentication::Identified(identity) = by_certificate {
        return Ok(identity);
    }
    // Bearer tokens: a good one wins over a bad certificate, and errors are 401.
    let bearer = request.values("authorization").find_map(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    match bearer.filter(|token| !token.is_empty()) {
        Some(bearer) => token::identity(cluster, bearer).ok_or_else(Failure::unauthorized),
        None if by_certificate == Authentication::Refused => Err(Failure::unauthorized()),
        None => Ok(Identity::anonymous()),
    }
}
