//! `dojang serve` asked by the kube crate's client, as a controller written in Rust would:
//! with mutual TLS, from the kubeconfig that `serve` writes.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use futures_util::StreamExt as _;
use k8s_openapi::api::authentication::v1::SelfSubjectReview;
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use k8s_openapi::api::core::v1::{ConfigMap, Node, Pod, Secret};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{Api, DeleteParams, ListParams, ObjectList, Patch, PatchParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::WatchEvent;
use kube::runtime::watcher;
use kube::{Client, Config, Error};
use tempfile::TempDir;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(20);

/// A serving cluster, which ends with it.
struct Served {
    directory: TempDir,
    child: Child,
}

impl Served {
    fn new() -> Self {
        let program = std::env::var("DOJANG").map_or_else(
            |_| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/release/dojang"),
            PathBuf::from,
        );
        let directory = tempfile::tempdir().unwrap();
        let run = |arguments: &[&str]| {
            let mut command = Command::new(&program);
            command.args(arguments).arg("--dir").arg(directory.path()).args(["--format", "json"]);
            command.stdout(Stdio::piped()).spawn().unwrap()
        };
        assert!(run(&["pki", "create", "--key", "p256"]).wait().unwrap().success());
        let mut child = run(&["serve", "--listen", "127.0.0.1:0"]);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut announced = String::new();
        while serde_json::from_str::<serde_json::Value>(&announced).is_err() {
            announced += &lines.next().expect("it ended before it listened").unwrap();
        }
        Self { directory, child }
    }

    async fn client(&self, identity: &str) -> Client {
        let path = self.directory.path().join(format!("serve/{identity}.kubeconfig"));
        let kubeconfig = Kubeconfig::read_from(path).unwrap();
        let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
        Client::try_from(config).unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn map(name: &str, value: &str) -> ConfigMap {
    ConfigMap {
        metadata: ObjectMeta { name: Some(name.into()), ..ObjectMeta::default() },
        data: Some(BTreeMap::from([("k".into(), value.into())])),
        ..ConfigMap::default()
    }
}

#[tokio::test]
async fn it_lists_watches_and_creates() {
    let served = Served::new();
    let client = served.client("admin").await;
    let version = client.apiserver_version().await.unwrap();
    assert_eq!(version.git_version, "v1.36.2");
    let me: SelfSubjectReview =
        Api::all(client.clone()).create(&PostParams::default(), &SelfSubjectReview::default()).await.unwrap();
    assert_eq!(me.status.unwrap().user_info.unwrap().username.unwrap(), "kube-admin");

    // Listing, in pages too.
    let nodes: ObjectList<Node> = Api::all(client.clone()).list(&ListParams::default()).await.unwrap();
    let names: Vec<&str> = nodes.items.iter().filter_map(|node| node.metadata.name.as_deref()).collect();
    assert_eq!(names, ["cp1", "node01", "node02"]);
    let pods: Api<Pod> = Api::namespaced(client.clone(), "kube-system");
    let all = pods.list(&ListParams::default()).await.unwrap().items.len();
    let page = pods.list(&ListParams::default().limit(2)).await.unwrap();
    let next = ListParams::default().limit(100).continue_token(&page.metadata.continue_.unwrap());
    assert_eq!(pods.list(&next).await.unwrap().items.len() + 2, all);

    // A watcher that is told of everything, and what is created, changed and deleted meanwhile.
    let maps: Api<ConfigMap> = Api::default_namespaced(client.clone());
    let mut told = std::pin::pin!(watcher(maps.clone(), watcher::Config::default().labels("app=x")));
    let labelled = |value: &str| {
        let mut own = map("m", value);
        own.metadata.labels = Some(BTreeMap::from([("app".into(), "x".into())]));
        own
    };
    let mut seen = Vec::new();
    while let Ok(Some(event)) = timeout(PATIENCE, told.next()).await {
        match event.unwrap() {
            watcher::Event::Init => {}
            watcher::Event::InitApply(own) => panic!("{own:?} was not there before"),
            watcher::Event::InitDone => {
                maps.create(&PostParams::default(), &map("other", "1")).await.unwrap();
                maps.create(&PostParams::default(), &labelled("1")).await.unwrap();
            }
            watcher::Event::Apply(own) => {
                let value = own.data.unwrap()["k"].clone();
                if value == "1" {
                    let change = Patch::Merge(serde_json::json!({"data": {"k": "2"}}));
                    maps.patch("m", &PatchParams::default(), &change).await.unwrap();
                } else {
                    maps.delete("m", &DeleteParams::default()).await.unwrap();
                }
                seen.push(value);
            }
            watcher::Event::Delete(own) => {
                seen.push(own.metadata.name.unwrap());
                break;
            }
        }
    }
    assert_eq!(seen, ["1", "2", "m"]);

    // A bare watch from a revision on.
    let since = maps.list(&ListParams::default()).await.unwrap().metadata.resource_version.unwrap();
    maps.create(&PostParams::default(), &map("later", "1")).await.unwrap();
    let mut events = std::pin::pin!(maps.watch(&kube::api::WatchParams::default(), &since).await.unwrap());
    let first = timeout(PATIENCE, events.next()).await.unwrap().unwrap().unwrap();
    assert!(matches!(first, WatchEvent::Added(own) if own.metadata.name.as_deref() == Some("later")));

    // Refusals are the API's own: taken already, changed meanwhile, not there.
    let code = |error: Error| match error {
        Error::Api(status) => (status.code, status.reason.clone()),
        other => panic!("{other}"),
    };
    let taken = maps.create(&PostParams::default(), &map("other", "1")).await.unwrap_err();
    assert_eq!(code(taken), (409, "AlreadyExists".into()));
    let mut old = maps.get("other").await.unwrap();
    maps.replace("other", &PostParams::default(), &old).await.unwrap();
    old.metadata.resource_version = Some("1".into());
    let conflict = maps.replace("other", &PostParams::default(), &old).await.unwrap_err();
    assert_eq!(code(conflict), (409, "Conflict".into()));
    assert_eq!(code(maps.get("nothing").await.unwrap_err()), (404, "NotFound".into()));
}

#[tokio::test]
async fn each_identity_may_do_what_is_its_own() {
    let served = Served::new();
    let kubelet = served.client("kubelet@node01").await;
    let nodes: Api<Node> = Api::all(kubelet.clone());
    assert_eq!(nodes.get("node01").await.unwrap().metadata.name.unwrap(), "node01");
    let Error::Api(refused) = nodes.get("node02").await.unwrap_err() else { panic!("no answer") };
    assert_eq!(
        refused.message,
        "nodes \"node02\" is forbidden: User \"system:node:node01\" cannot get resource \"nodes\" in API group \"\" at the cluster scope: \
         node 'node01' cannot read 'node02', only its own Node object"
    );
    let scheduler = served.client("kube-scheduler").await;
    let secrets: Api<Secret> = Api::namespaced(scheduler.clone(), "kube-system");
    let Error::Api(refused) = secrets.list(&ListParams::default()).await.unwrap_err() else {
        panic!("no answer")
    };
    assert_eq!((refused.code, refused.reason.as_str()), (403, "Forbidden"));
    let review = SelfSubjectAccessReview {
        spec: SelfSubjectAccessReviewSpec {
            resource_attributes: Some(ResourceAttributes {
                verb: Some("create".into()),
                resource: Some("pods".into()),
                subresource: Some("binding".into()),
                namespace: Some("default".into()),
                ..ResourceAttributes::default()
            }),
            ..SelfSubjectAccessReviewSpec::default()
        },
        ..SelfSubjectAccessReview::default()
    };
    let answer = Api::all(scheduler).create(&PostParams::default(), &review).await.unwrap();
    assert!(answer.status.unwrap().allowed);
}
