//! Who sent a request: certificates and front proxy first, then bearer tokens, then nobody
//! (pkg/kubeapiserver/authenticator/config.go).

use crate::access::{
    Authentication, Authenticator, Authenticators, FrontProxy, Identity, Recognition, authenticate,
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
    if let Authentication::Identified(identity) = judged.authentication {
        return (Ok(identity), recognitions);
    }
    // Bearer tokens: a good one wins over a bad certificate.
    let bearer = request.values("authorization").find_map(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    let mut say = |by, user: Option<&Identity>, error: Option<&str>| {
        let user = user.map(|identity| identity.user.clone());
        recognitions.push(Recognition { by, user, error: error.map(str::to_owned) });
    };
    let identity = match (bearer.filter(|token| !token.is_empty()), judged.error) {
        (Some(bearer), error) => {
            const INVALID: &str = "invalid bearer token";
            let found = token::identity(cluster, bearer);
            say(Authenticator::Token, found.as_ref(), found.is_none().then_some(INVALID));
            found.ok_or_else(|| {
                // The certificate's errors come first, each by itself.
                let error = error.map(|error| error.trim_matches(['[', ']']).to_owned());
                let all = error.into_iter().chain([INVALID.to_owned()]);
                format!("[{}]", all.collect::<Vec<_>>().join(", "))
            })
        }
        (None, Some(error)) => Err(error),
        (None, None) => {
            let anonymous = Identity::anonymous();
            say(Authenticator::Anonymous, Some(&anonymous), None);
            Ok(anonymous)
        }
    };
    (identity, recognitions)
}
