//! `dojang serve` under load, from one load generator with client certificates on the same
//! machine.

use std::fs;
use std::hint::black_box;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use dojang::access::{Attributes, Bootstrap, Identity, Json, Policy, Resource, authorize};
use tokio::runtime::Runtime;

use super::load::{Caller, Line};
use super::{DOJANG, median, milliseconds, quiet, row, timed};

const NODES: usize = 5000;
const PODS: usize = 10_000;

/// A bare API server in a process of its own.
struct Served {
    child: Child,
    caller: Caller,
    /// From the start of the process until it listened.
    start: Duration,
}

impl Served {
    fn on(root: &Path, bare: bool) -> Self {
        let begun = Instant::now();
        let mut command = Command::new(DOJANG);
        command.args(["serve", "--listen", "127.0.0.1:0", "--dir"]).arg(root);
        command.args(["--format", "json"]).args(bare.then_some("--bare"));
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let first = BufReader::new(child.stdout.take().unwrap()).lines().next();
        let start = begun.elapsed();
        first.expect("it ended before it listened").unwrap();
        Self { child, caller: Caller::of(&root.join("serve/admin.kubeconfig")), start }
    }

    fn resident(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap() * 1024
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// So many tasks at once that each do something for a while: how often it was done a second.
fn rate<F>(runtime: &Runtime, tasks: usize, lasts: Duration, work: impl Fn(Instant) -> F) -> f64
where
    F: Future<Output = usize> + Send + 'static,
{
    let begun = Instant::now();
    let until = begun + lasts;
    let all: Vec<_> = (0..tasks).map(|_| runtime.spawn(work(until))).collect();
    let done: usize = all.into_iter().map(|one| runtime.block_on(one).unwrap()).sum();
    done as f64 / begun.elapsed().as_secs_f64()
}

fn per_second(figure: &str, own: f64, least: f64) {
    row(figure, &format!("{own:.0}/s"), &format!("{least:.0}/s"), own / least);
}

/// One request after the other on connections that are kept; connections that each ask once;
/// and writes, each on disk before it is answered. Each beside its budget.
pub(crate) fn serve() {
    let directory = tempfile::tempdir().unwrap();
    for key in ["p256", "rsa-2048"] {
        let root = directory.path().join(key);
        quiet(Command::new(DOJANG).args(["pki", "create", "--key", key]).arg(&root));
        drop(Served::on(&root, false));
        let starts = (0..9).map(|_| Served::on(&root, false).start).collect();
        let (start, budget) = (median(starts), Duration::from_millis(100));
        let ratio = start.as_secs_f64() / budget.as_secs_f64();
        let figure = format!("serve, start until it listens, {key}, beside its budget");
        row(&figure, &milliseconds(start), &milliseconds(budget), ratio);

        let served = Served::on(&root, false);
        let runtime = Runtime::new().unwrap();
        let lasts = Duration::from_secs(4);
        let caller = &served.caller;
        let gets = rate(&runtime, 16, lasts, |until| {
            let caller = caller.clone();
            async move {
                let mut line = caller.line().await.unwrap();
                let mut count = 0;
                while Instant::now() < until {
                    line.get("/api/v1/nodes/node01").await;
                    count += 1;
                }
                count
            }
        });
        per_second(&format!("GETs of a node, mutual TLS, 16 connections kept, {key}"), gets, 2000.0);
        let dials = rate(&runtime, 16, lasts, |until| {
            let caller = caller.clone();
            async move {
                let mut count = 0;
                while Instant::now() < until {
                    caller.line().await.unwrap().get("/api/v1/nodes/node01").await;
                    count += 1;
                }
                count
            }
        });
        per_second(&format!("new connections, mutual TLS and one GET each, {key}"), dials, 500.0);
        if key == "p256" {
            writes(&runtime, caller, directory.path());
            kubectl(&root);
        }
    }
    decision();
    many_objects(directory.path());
}

/// Objects made by 64 clients at once, beside a file that is written and synced as often, one
/// line after the other.
fn writes(runtime: &Runtime, caller: &Caller, directory: &Path) {
    let lasts = Duration::from_secs(3);
    let counter = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let writes = rate(runtime, 64, lasts, |until| {
        let (caller, counter) = (caller.clone(), std::sync::Arc::clone(&counter));
        async move {
            let mut line = caller.line().await.unwrap();
            let mut count = 0;
            while Instant::now() < until {
                let number = counter.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                make(&mut line, "/api/v1/namespaces/default/configmaps", &config_map(number)).await;
                count += 1;
            }
            count
        }
    });
    let mut file = fs::File::create(directory.join("floor")).unwrap();
    let times = (0..100).map(|_| {
        timed(|| {
            std::io::Write::write_all(&mut file, &[b'x'; 400]).unwrap();
            file.sync_data().unwrap();
        })
    });
    let floor = 1.0 / median(times.collect()).as_secs_f64();
    per_second("objects made by 64 clients, beside single synced writes", writes, floor);
}

async fn make(line: &mut Line, path: &str, body: &str) {
    let (status, answer) = line.ask("POST", path, body).await.unwrap();
    assert_eq!(status, 201, "{}", String::from_utf8_lossy(&answer));
}

fn config_map(number: usize) -> String {
    format!(r#"{{"metadata":{{"name":"m{number}"}},"data":{{"key":"value"}}}}"#)
}

/// `kubectl get nodes` beside kubectl that asks nobody, its discovery known already.
fn kubectl(root: &Path) {
    let time = |arguments: &[&str]| {
        let run = || {
            let mut command = Command::new("kubectl");
            command.args(arguments).env("KUBECACHEDIR", root.join("kubecache")).env("HOME", root);
            quiet(command.env("KUBECONFIG", root.join("serve/admin.kubeconfig")));
        };
        run();
        median((0..21).map(|_| timed(run)).collect())
    };
    let (own, floor) = (time(&["get", "nodes"]), time(&["version", "--client"]));
    let ratio = own.as_secs_f64() / floor.as_secs_f64();
    row("kubectl get nodes, beside version --client", &milliseconds(own), &milliseconds(floor), ratio);
}

fn node(number: usize) -> String {
    let name = format!("node{number:04}");
    format!(
        r#"{{"apiVersion":"v1","kind":"Node","metadata":{{"name":"{name}","labels":{{"kubernetes.io/hostname":"{name}","kubernetes.io/os":"linux"}}}},"spec":{{"podCIDR":"10.{}.{}.0/24"}},"status":{{"addresses":[{{"type":"InternalIP","address":"10.0.{}.{}"}},{{"type":"Hostname","address":"{name}"}}],"conditions":[{{"type":"Ready","status":"True","reason":"KubeletReady","message":"kubelet is posting ready status"}}],"nodeInfo":{{"kubeletVersion":"v1.36.2","operatingSystem":"linux","architecture":"amd64"}}}}}}"#,
        number / 250,
        number % 250,
        number / 250,
        number % 250
    )
}

/// A pod that mounts what every pod does, and a secret and a map of its own.
fn pod(number: usize) -> String {
    let node = number % NODES;
    format!(
        r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"web-{number}","namespace":"default","labels":{{"app":"web"}}}},"spec":{{"nodeName":"node{node:04}","serviceAccountName":"default","containers":[{{"name":"web","image":"nginx:1.29","envFrom":[{{"configMapRef":{{"name":"settings-{number}"}}}}],"volumeMounts":[{{"name":"secret","mountPath":"/secret"}},{{"name":"ca","mountPath":"/ca"}}]}}],"volumes":[{{"name":"secret","secret":{{"secretName":"secret-{number}"}}}},{{"name":"ca","configMap":{{"name":"kube-root-ca.crt"}}}}]}}}}"#
    )
}

/// A decision with thousands of nodes and pods in the graph: a kubelet's about what is its own,
/// what every pod needs and what is another's; a user's by RBAC.
fn decision() {
    let mut policy = Policy::bootstrap(Bootstrap::Kubeadm);
    for number in 0..PODS {
        policy.put(&serde_json::from_str::<Json>(&pod(number)).unwrap()).unwrap();
    }
    let kubelet = Identity::named("system:node:node0042", &["system:nodes"]);
    let scheduler = Identity::named("system:kube-scheduler", &[] as &[&str]);
    let get = |resource: &str, name: &str| {
        let (resource, name, namespace) = (resource.into(), name.into(), "default".into());
        Attributes::resource(
            "get",
            Resource { version: "v1".into(), resource, name, namespace, ..Resource::default() },
        )
    };
    let mut slowest = Duration::ZERO;
    for (identity, attributes, allowed) in [
        (&kubelet, get("secrets", "secret-42"), true),
        (&kubelet, get("configmaps", "kube-root-ca.crt"), true),
        (&kubelet, get("serviceaccounts", "default"), true),
        (&kubelet, get("secrets", "secret-43"), false),
        (&kubelet, get("pods", "web-5042"), true),
        (&scheduler, get("pods", "web-1"), true),
        (&scheduler, get("secrets", "secret-1"), false),
    ] {
        let times = (0..1000).map(|_| {
            timed(|| {
                assert_eq!(
                    black_box(authorize(identity, &attributes, &policy)).allowed,
                    allowed,
                    "{attributes:?}"
                )
            })
        });
        slowest = slowest.max(median(times.collect()));
    }
    let budget = Duration::from_micros(20);
    let micros = |time: Duration| format!("{:.1} us", time.as_secs_f64() * 1e6);
    let ratio = slowest.as_secs_f64() / budget.as_secs_f64();
    row("the slowest decision, 5,000 nodes and 10,000 pods", &micros(slowest), &micros(budget), ratio);
}

/// The same objects in a serving cluster, made through its API.
fn many_objects(directory: &Path) {
    let root = directory.join("many");
    quiet(Command::new(DOJANG).args(["pki", "create", "--key", "p256"]).arg(&root));
    let runtime = Runtime::new().unwrap();
    let served = Served::on(&root, true);
    let all: Vec<_> = (0..32)
        .map(|task| {
            let caller = served.caller.clone();
            runtime.spawn(async move {
                let mut line = caller.line().await.unwrap();
                make_account(&mut line).await;
                for number in (task..NODES).step_by(32) {
                    make(&mut line, "/api/v1/nodes", &node(number)).await;
                }
                for number in (task..PODS).step_by(32) {
                    make(&mut line, "/api/v1/namespaces/default/pods", &pod(number)).await;
                }
            })
        })
        .collect();
    all.into_iter().for_each(|task| runtime.block_on(task).unwrap());
    let megabytes = |bytes: u64| format!("{:.1} MB", bytes as f64 / 1e6);
    let budget = 60_000_000;
    let memory = |figure: &str, own: u64| {
        row(figure, &megabytes(own), &megabytes(budget), own as f64 / budget as f64);
    };
    memory("memory with 15,000 objects, just made", served.resident());
    drop(served);
    let served = Served::on(&root, true);
    memory("memory with 15,000 objects, after a restart", served.resident());
    let budget = Duration::from_millis(100);
    let ratio = served.start.as_secs_f64() / budget.as_secs_f64();
    row("start with 15,000 objects", &milliseconds(served.start), &milliseconds(budget), ratio);
    runtime.block_on(async {
        let mut line = served.caller.line().await.unwrap();
        let begun = Instant::now();
        line.get("/api/v1/pods").await;
        let own = begun.elapsed();
        let ratio = own.as_secs_f64() / budget.as_secs_f64() / 10.0;
        row("a list of 10,000 pods, beside a second", &milliseconds(own), "1000.00 ms", ratio);
    });
}

/// Pods of a bare cluster need an account that no controller makes.
async fn make_account(line: &mut Line) {
    let body = r#"{"metadata":{"name":"default"}}"#;
    let path = "/api/v1/namespaces/default/serviceaccounts";
    let (status, _) = line.ask("POST", path, body).await.unwrap();
    assert!(matches!(status, 201 | 409));
}
