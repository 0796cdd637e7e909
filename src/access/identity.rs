//! Who a client is, by the name in its certificate.

use aws_lc_rs::digest;

/// The group that every authenticated user is in.
pub const AUTHENTICATED: &str = "system:authenticated";
/// The group of requests that no authenticator had an opinion on.
pub const UNAUTHENTICATED: &str = "system:unauthenticated";
/// The user name of such requests.
pub const ANONYMOUS: &str = "system:anonymous";
/// The key of `extra` that names the credential a client came with.
pub const CREDENTIAL_ID: &str = "authentication.kubernetes.io/credential-id";

/// The namespace and the name in a user name `system:serviceaccount:NAMESPACE:NAME`; `None` if it is no
/// service account's (apiserver/pkg/authentication/serviceaccount, `SplitUsername`).
#[must_use]
pub fn service_account(user: &str) -> Option<(&str, &str)> {
    let (namespace, name) = user.strip_prefix("system:serviceaccount:")?.split_once(':')?;
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let is_label = |text: &str| {
        text.starts_with(good) && text.ends_with(good) && text.chars().all(|c| good(c) || c == '-')
    };
    let is_account = namespace.len() <= 63 && is_label(namespace);
    (is_account && name.len() <= 253 && name.split('.').all(is_label)).then_some((namespace, name))
}

/// What the x509 authenticator reads of a verified leaf certificate.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The last common name (CN); empty when there is none.
    pub common_name: &'a str,
    /// Every organization (O), in the order of the subject.
    pub organizations: &'a [String],
    /// The value of attribute 1.3.6.1.4.1.57683.2, if the subject has it.
    pub uid: Option<&'a str>,
    /// The whole certificate, DER.
    pub der: &'a [u8],
}

/// A user as the API server knows it (`user.Info`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The user name.
    pub user: String,
    /// The groups, in the order in which the API server reports them.
    pub groups: Vec<String>,
    /// The user's id, where the certificate gives one.
    pub uid: Option<String>,
    /// What else is known of the user: keys and their values.
    pub extra: Vec<(String, Vec<String>)>,
}

impl Identity {
    /// The user that a certificate's subject names: CN is the user, every O a
    /// group. `None` when there is no CN: then the authenticator has no opinion
    /// (apiserver/pkg/authentication/request/x509, `CommonNameUserConversion`).
    pub fn from_subject(subject: &Subject<'_>) -> Option<Self> {
        if subject.common_name.is_empty() {
            return None;
        }
        let hash = digest::digest(&digest::SHA256, subject.der);
        let hexadecimal: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let mut identity = Self::named(subject.common_name, subject.organizations);
        identity.uid = subject.uid.map(str::to_owned);
        identity.extra = vec![(CREDENTIAL_ID.to_owned(), vec![format!("X509SHA256={hexadecimal}")])];
        Some(identity)
    }

    /// A user of this name in these groups, and in `system:authenticated`
    /// unless the name or the groups already settle that
    /// (apiserver/pkg/authentication/group, `AuthenticatedGroupAdder`).
    pub fn named<S: AsRef<str>>(user: &str, groups: &[S]) -> Self {
        let mut groups: Vec<String> = groups.iter().map(|group| group.as_ref().to_owned()).collect();
        let settled = user == ANONYMOUS
            || groups.iter().any(|group| group == AUTHENTICATED || group == UNAUTHENTICATED);
        if !settled {
            groups.push(AUTHENTICATED.to_owned());
        }
        Self { user: user.to_owned(), groups, uid: None, extra: Vec::new() }
    }

    /// Whom `--as` and `--as-group` name (`Impersonate-User`, `Impersonate-Group`). A service
    /// account without groups gets those of its namespace; everybody gets the group of the
    /// authenticated, anonymous that of the unauthenticated
    /// (apiserver/pkg/endpoints/filters/impersonation.go).
    pub fn impersonated(user: &str, groups: &[String]) -> Self {
        let mut groups = groups.to_vec();
        if let (true, Some((namespace, _))) = (groups.is_empty(), service_account(user)) {
            groups = vec!["system:serviceaccounts".to_owned(), format!("system:serviceaccounts:{namespace}")];
        }
        if user == ANONYMOUS && !groups.iter().any(|group| group == UNAUTHENTICATED) {
            groups.push(UNAUTHENTICATED.to_owned());
        }
        Self::named(user, &groups)
    }

    /// A request for which no authenticator had an opinion.
    pub fn anonymous() -> Self {
        Self::named(ANONYMOUS, &[UNAUTHENTICATED])
    }

    /// Whether the user is in a group.
    pub fn in_group(&self, group: &str) -> bool {
        self.groups.iter().any(|own| own == group)
    }

    /// The node that this identity is: `system:node:NAME` in `system:nodes`
    /// (pkg/auth/nodeidentifier). The name may be empty, which the Node
    /// authorizer then refuses.
    pub fn node(&self) -> Option<&str> {
        self.user.strip_prefix("system:node:").filter(|_| self.in_group("system:nodes"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject<'a>(common_name: &'a str, organizations: &'a [String]) -> Subject<'a> {
        Subject { common_name, organizations, uid: None, der: b"der" }
    }

    #[test]
    fn organizations_become_groups_in_order() {
        let organizations = ["b".to_owned(), "a".to_owned()];
        let identity = Identity::from_subject(&subject("jane", &organizations)).unwrap();
        assert_eq!(identity.user, "jane");
        assert_eq!(identity.groups, ["b", "a", AUTHENTICATED]);
        assert_eq!(
            identity.extra,
            [(
                CREDENTIAL_ID.to_owned(),
                vec![
                    "X509SHA256=5050d80d22ecd471ea55df7034042c1e041341ff4066e7f6ff38e20b720df8ea".to_owned()
                ]
            )]
        );
    }

    #[test]
    fn no_common_name_is_no_opinion() {
        assert_eq!(Identity::from_subject(&subject("", &["system:masters".to_owned()])), None);
    }

    #[test]
    fn authenticated_is_added_once_and_never_to_anonymous() {
        assert_eq!(Identity::anonymous().groups, [UNAUTHENTICATED]);
        assert_eq!(Identity::named("x", &[AUTHENTICATED]).groups, [AUTHENTICATED]);
        assert_eq!(Identity::named(ANONYMOUS, &["dev"]).groups, ["dev"]);
    }

    #[test]
    fn service_accounts_are_told_by_their_names() {
        for (user, expected) in [
            ("system:serviceaccount:dev:app", Some(("dev", "app"))),
            ("system:serviceaccount:dev:a.b", Some(("dev", "a.b"))),
            ("system:serviceaccount:dev:app:x", None),
            ("system:serviceaccount:Dev:app", None),
            ("system:serviceaccount:dev:", None),
            ("system:serviceaccount:dev", None),
            ("system:serviceaccounts:dev:app", None),
        ] {
            assert_eq!(service_account(user), expected, "{user}");
        }
        let groups = |user: &str| Identity::impersonated(user, &[]).groups.join(" ");
        assert_eq!(
            groups("system:serviceaccount:dev:app"),
            "system:serviceaccounts system:serviceaccounts:dev system:authenticated"
        );
        assert_eq!(groups("system:serviceaccount:dev:app:x"), "system:authenticated");
    }

    #[test]
    fn a_node_needs_prefix_and_group() {
        assert_eq!(Identity::named("system:node:node01", &["system:nodes"]).node(), Some("node01"));
        assert_eq!(Identity::named("system:node:", &["system:nodes"]).node(), Some(""));
        assert_eq!(Identity::named("system:node:node01", &["dev"]).node(), None);
        assert_eq!(Identity::named("system:node", &["system:nodes"]).node(), None);
    }
}
