//! Our authorizers against those of kube-apiserver 1.36.2: every access review
//! that was recorded from it, and every role and binding it starts with.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use dojang::access::{
    Attributes, BindingSubject, Bootstrap, Identity, Json, Policy, RoleRef, authorize, objects_from_yaml,
};

const REVIEWS: &str = include_str!("fixtures/kube-apiserver/access-reviews.jsonl");
const OBJECTS: &str = include_str!("fixtures/kube-apiserver/objects.yaml");
const BOOTSTRAP: &str = include_str!("fixtures/kube-apiserver/bootstrap-rbac.json");

#[test]
fn every_recorded_review_is_answered_alike() {
    let mut policy = Policy::bootstrap(Bootstrap::ApiServer);
    policy.load(&objects_from_yaml(OBJECTS).unwrap()).unwrap();

    let (mut rows, mut allowed, mut reason, mut ties, mut chosen) = (0, 0, 0, 0, 0);
    let mut differing = Vec::new();
    for line in REVIEWS.lines() {
        let row: Json = serde_json::from_str(line).unwrap();
        let identity = Identity {
            user: row.text("user").to_owned(),
            groups: row.texts("groups"),
            uid: None,
            extra: Vec::new(),
        };
        let decision = authorize(&identity, &Attributes::of_review(&row), &policy);
        rows += 1;
        let same_answer = row.get("allowed") == Some(&Json::Bool(decision.allowed));
        // Where several bindings grant the same, the API server names one of
        // them at random: any of them is right.
        let expected = row.text("reason");
        let first = decision.reason == expected;
        let tied = decision.grants.len() > 1;
        let same_reason =
            first || decision.grants.iter().any(|grant| format!("RBAC: allowed by {grant}") == expected);
        allowed += usize::from(same_answer);
        reason += usize::from(same_reason);
        ties += usize::from(tied);
        chosen += usize::from(tied && first);
        if !same_answer || !same_reason {
            differing.push(format!("{line}\n  ours: {} {}", decision.allowed, decision.reason));
        }
    }
    println!("{rows} reviews: allowed agrees in {allowed}, reason in {reason}");
    println!("of {ties} that several bindings grant, ours named the recorded one in {chosen}");
    assert_eq!(rows, 2997);
    assert!(differing.is_empty(), "{}\n{} differ", differing.join("\n"), differing.len());
}

#[test]
fn the_bootstrap_data_is_the_api_servers() {
    let recorded: Json = serde_json::from_str(BOOTSTRAP).unwrap();
    let Json::Array(recorded) = recorded else { panic!("a list of objects") };
    let mut theirs = Policy::default();
    theirs.load(&recorded).unwrap();
    let ours = Policy::bootstrap(Bootstrap::ApiServer);

    let (our_roles, their_roles) = (ours.rbac.roles(), theirs.rbac.roles());
    for (our, their) in our_roles.zip(their_roles) {
        assert_eq!(our, their);
    }
    assert_eq!(ours.rbac.roles().count(), theirs.rbac.roles().count());

    for their in theirs.rbac.bindings() {
        let ours = ours.rbac.bindings();
        assert!(ours.contains(their), "{their:?}");
    }
    assert_eq!(ours.rbac.bindings().len(), theirs.rbac.bindings().len());
    assert_eq!(recorded.len(), ours.rbac.roles().count() + ours.rbac.bindings().len());
}

#[test]
fn a_controller_manager_fills_aggregated_roles() {
    let binding = r#"
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: edits, namespace: dev}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit}
subjects: [{kind: User, name: jane}]
"#;
    let jane = Identity::named("jane", &["dev"]);
    let may = |bootstrap: Bootstrap, method: &str, path: &str| {
        let mut policy = Policy::bootstrap(bootstrap);
        policy.load(&objects_from_yaml(binding).unwrap()).unwrap();
        authorize(&jane, &Attributes::of_request(method, path).unwrap(), &policy).allowed
    };
    let pods = "/api/v1/namespaces/dev/pods";
    assert!(may(Bootstrap::Kubeadm, "POST", pods));
    // `edit` takes `view` in, which has its rules from elsewhere again.
    assert!(may(Bootstrap::Kubeadm, "GET", pods));
    assert!(!may(Bootstrap::Kubeadm, "GET", "/api/v1/namespaces/other/pods"));
    assert!(!may(Bootstrap::ApiServer, "GET", pods));
}

#[test]
fn kubeadm_adds_its_bindings() {
    let policy = Policy::bootstrap(Bootstrap::Kubeadm);
    let admins = policy.rbac.bindings().iter().find(|b| b.name == "kubeadm:cluster-admins").unwrap();
    assert_eq!(admins.role, RoleRef::ClusterRole("cluster-admin".to_owned()));
    assert_eq!(admins.subjects, [BindingSubject::Group("kubeadm:cluster-admins".to_owned())]);
    let mut policy = policy.clone();
    let admin = Identity::named("kubernetes-admin", &["kubeadm:cluster-admins"]);
    let list = Attributes::of_request("GET", "/api/v1/nodes").unwrap();
    assert!(authorize(&admin, &list, &policy).allowed);
    assert!(policy.rbac.remove_binding(None, "kubeadm:cluster-admins"));
    assert!(!authorize(&admin, &list, &policy).allowed);
}
