//! `dojang serve` under load and under attack: clients that stop midway, dribble, flood and do
//! not read leave it serving the others within bounds, and whatever ends it, no acknowledged
//! write is lost.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;
#[path = "../benches/lab/load.rs"]
mod load;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use common::{argument, command, text};
use dojang::blueprint::{ClusterSpec, KeyAlgorithm};
use dojang::clock::Clock;
use dojang::cluster::{Patience, Server, Serving};
use dojang::lab::{Cancel, Directory, Lab, LabOptions};
use load::Caller;
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::runtime::Runtime;

const MAPS: &str = "/api/v1/namespaces/default/configmaps";

/// A bare API server in a process of its own.
struct Served {
    child: Child,
    caller: Caller,
    /// What it says on standard error, as far as it has.
    told: PathBuf,
}

impl Served {
    fn on(directory: &Path, more: &[&str]) -> Self {
        let mut arguments = vec!["serve", "--bare", "--listen", "127.0.0.1:0", "--format", "json", "--dir"];
        arguments.push(argument(directory));
        arguments.extend(more);
        let told = directory.join("told");
        let log = fs::File::create(&told).unwrap();
        let mut child = command(&arguments).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut announced = String::new();
        while serde_json::from_str::<Value>(&announced).is_err() {
            announced += &lines.next().expect("it ended before it listened").unwrap();
        }
        let caller = Caller::of(&directory.join("serve/admin.kubeconfig"));
        Self { child, caller, told }
    }

    /// A line of `/proc/PID/status`, in kB.
    fn memory(&self, line: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let found = status.lines().find_map(|own| own.strip_prefix(line)).unwrap();
        found.trim_matches([':', ' ', '\t', 'k', 'B']).parse().unwrap()
    }

    fn files(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.child.id())).unwrap().count()
    }

    /// Ends it with Ctrl-C, and gives how long that took.
    fn interrupt(mut self) -> Duration {
        let begun = Instant::now();
        let process = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &process]).status().unwrap().success());
        assert_eq!(self.child.wait().unwrap().code(), Some(0), "{}", fs::read_to_string(&self.told).unwrap());
        begun.elapsed()
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn workspace() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    common::answer(&["pki", "create", argument(directory.path()), "--key", "p256"]);
    directory
}

/// As many open files as this machine lets a program have.
fn files() -> usize {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap();
    limit.current.map_or(usize::MAX, |own| usize::try_from(own).unwrap())
}

/// Bytes without any order, the same in every run.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..length).map(|_| next()).collect()
}

/// What a client sends first.
fn client_hello() -> Vec<u8> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    let config = builder.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth();
    let name = "kubernetes".try_into().unwrap();
    let mut client = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    let mut bytes = Vec::new();
    client.write_tls(&mut bytes).unwrap();
    bytes
}

#[test]
fn ten_thousand_clients_that_stop_midway_leave_it_serving() {
    const LIMIT: usize = 1000;
    let directory = workspace();
    let served = Served::on(directory.path(), &["--max-connections", "1000"]);
    let runtime = Runtime::new().unwrap();
    let mut kept = runtime.block_on(served.caller.line()).unwrap();
    runtime.block_on(kept.get("/version"));

    let number = 10_000.min(files().saturating_sub(200));
    if number < 10_000 {
        eprintln!(
            "{number} connections instead of 10,000: this machine lets a program have no more open files"
        );
    }
    let hello = client_hello();
    let address: SocketAddr = served.caller.address;
    let mut stuck = Vec::new();
    let mut slowest = Duration::ZERO;
    for index in 0..number {
        let mut stream = TcpStream::connect(address).unwrap();
        let sent: Vec<u8> = match index % 5 {
            // It waits for the server's flight, and says no more.
            0 => hello.clone(),
            1 => hello[..hello.len() / 2].to_vec(),
            2 => Vec::new(),
            3 => noise(index as u64, 200),
            _ => [&[0x16, 3, 1, 0xff, 0xff][..], &noise(index as u64, 50)].concat(),
        };
        // It may have been turned away already.
        let _ = stream.write_all(&sent);
        stuck.push(stream);
        if index % 250 == 249 {
            let begun = Instant::now();
            runtime.block_on(async {
                kept.get("/api/v1/namespaces/default").await;
                let mut line = served.caller.line().await.unwrap();
                line.get("/version").await;
            });
            slowest = slowest.max(begun.elapsed());
        }
    }
    assert!(slowest < Duration::from_secs(5), "a good client waited for {slowest:?}");
    assert!(served.files() < LIMIT + 100, "{} open files", served.files());
    let peak = served.memory("VmHWM");
    assert!(peak < 150_000, "it held {peak} kB");
    let took = served.interrupt();
    assert!(took < Duration::from_secs(5), "Ctrl-C took {took:?}");
    drop(stuck);
}

/// A server in this process that has little patience.
struct Impatient {
    caller: Caller,
    runtime: Runtime,
    _directory: TempDir,
}

impl Impatient {
    fn new() -> Self {
        let directory = workspace();
        let lab = Lab::open(LabOptions {
            directory: Directory::At(directory.path().to_owned()),
            spec: Some(ClusterSpec { key: KeyAlgorithm::P256, ..ClusterSpec::default() }),
            clock: Clock::System,
            lessons: None,
        });
        let lab = lab.unwrap();
        let ready = lab
            .cluster(dojang::lab::Controllers { bare: true, ..Default::default() }, &Cancel::default())
            .unwrap();
        let runtime = Runtime::new().unwrap();
        let server = runtime.block_on(Server::bind("127.0.0.1:0".parse().unwrap())).unwrap();
        lab.write_reaching(server.address()).unwrap();
        let short = Duration::from_millis(500);
        let patience = Patience { handshake: short, head: short, body: short, request: 8 * short };
        let server = server.at_most(100).patient(patience);
        let serving =
            Serving { cluster: ready.cluster, presented: ready.presented, listener: Arc::new(|_| ()) };
        runtime.spawn(server.run(serving, std::future::pending()));
        let caller = Caller::of(&directory.path().join("serve/admin.kubeconfig"));
        Self { caller, runtime, _directory: directory }
    }
}

#[test]
fn who_is_slow_is_not_waited_for() {
    let impatient = Impatient::new();
    let caller = &impatient.caller;
    let most = Duration::from_secs(10);
    impatient.runtime.block_on(async {
        // Sends a piece now and then, and gives all that it is answered.
        let dribble = async |sent: &str| {
            let (mut from, mut to) = tokio::io::split(caller.dial().await.unwrap());
            let sent = sent.to_owned();
            let writing = tokio::spawn(async move {
                for byte in sent.into_bytes() {
                    if to.write_all(&[byte]).await.is_err() || to.flush().await.is_err() {
                        break;
                    }
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                // It would wait for more.
                tokio::time::sleep(Duration::from_secs(60)).await;
            });
            let mut answer = Vec::new();
            // That it ends is what counts, not how.
            let _ =
                tokio::time::timeout(most, from.read_to_end(&mut answer)).await.expect("it is waited for");
            writing.abort();
            text(&answer)
        };
        let head =
            dribble("GET /version HTTP/1.1\r\nHost: kubernetes\r\nX-Nothing: aaaaaaaaaaaaaaaaaaaaaaaaa")
                .await;
        assert!(!head.contains("200 OK"), "{head}");
        let whole_head = format!("POST {MAPS} HTTP/1.1\r\nHost: kubernetes\r\nContent-Length: 400\r\n\r\n{{");
        let mut stream = caller.dial().await.unwrap();
        stream.write_all(whole_head.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let _ = tokio::time::timeout(most, stream.read_to_end(&mut answer)).await.expect("it is waited for");
        assert!(
            text(&answer).contains("the body of the request did not arrive in time"),
            "{}",
            text(&answer)
        );

        // A handshake that does not go on.
        let mut stream = tokio::net::TcpStream::connect(caller.address).await.unwrap();
        stream.write_all(&client_hello()[..100]).await.unwrap();
        let ended = tokio::time::timeout(most, stream.read_to_end(&mut Vec::new())).await;
        assert!(ended.is_ok(), "a handshake is waited for");

        // An answer that is not read: more than what lies on the way.
        let mut line = caller.line().await.unwrap();
        for number in 0..20 {
            let body =
                format!(r#"{{"metadata":{{"name":"m{number}"}},"data":{{"k":"{}"}}}}"#, "v".repeat(300_000));
            assert_eq!(line.ask("POST", MAPS, &body).await.unwrap().0, 201);
        }
        let mut stream = caller.dial().await.unwrap();
        let ask = format!("GET {MAPS} HTTP/1.1\r\nHost: kubernetes\r\n\r\n");
        stream.write_all(ask.as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_secs(5)).await;
        let mut answer = Vec::new();
        let _ = tokio::time::timeout(most, stream.read_to_end(&mut answer)).await.expect("it is waited for");
        assert!(answer.len() < 6_000_000, "all {} bytes were still sent", answer.len());

        // Whoever reads gets it all, and a body that is too large is refused in words.
        let mut line = caller.line().await.unwrap();
        assert!(line.get(&format!("{MAPS}/m7")).await.len() > 300_000);
        let body = " ".repeat(4 * 1024 * 1024);
        let (status, answer) = line.ask("POST", MAPS, &body).await.unwrap();
        assert_eq!(status, 413);
        assert!(text(&answer).contains("Request entity too large: limit is 3145728"), "{}", text(&answer));
        // So is a head that is too large.
        let mut stream = caller.dial().await.unwrap();
        let ask = format!("GET /version HTTP/1.1\r\nHost: kubernetes\r\nX: {}\r\n\r\n", "a".repeat(200_000));
        let _ = stream.write_all(ask.as_bytes()).await;
        let mut answer = Vec::new();
        let _ = tokio::time::timeout(most, stream.read_to_end(&mut answer)).await.expect("it is waited for");
        assert!(!text(&answer).contains("200 OK"));
        caller.line().await.unwrap().get("/version").await;
    });
}

#[test]
fn a_flood_of_streams_and_noise_inside_tls_leave_it_serving() {
    let impatient = Impatient::new();
    let caller = &impatient.caller;
    impatient.runtime.block_on(async {
        let mut noisy = Vec::new();
        for seed in 0..100 {
            let mut stream = caller.dial().await.unwrap();
            // HTTP/2 without ALPN, HTTP/1.1 and neither.
            let start: &[u8] =
                [&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], b"GET / HTTP/1.1\r\n", b""][seed % 3];
            let _ = stream.write_all(start).await;
            let _ = stream.write_all(&noise(seed as u64, 5000)).await;
            noisy.push(stream);
        }
        let mut line = caller.line().await.unwrap();
        line.get("/version").await;
        // Watches without end, each on a connection of its own, more than there are places.
        let watch = format!("GET {MAPS}?watch=true HTTP/1.1\r\nHost: kubernetes\r\n\r\n");
        for _ in 0..150 {
            let mut stream = caller.dial().await.unwrap();
            stream.write_all(watch.as_bytes()).await.unwrap();
            noisy.push(stream);
        }
        let mut line = caller.line().await.unwrap();
        line.get("/version").await;
    });
}

/// What one writer knows of its objects: the last value that was acknowledged (`None`: that it
/// is gone), and whether something was asked for and not answered.
type Known = BTreeMap<String, (Option<String>, bool)>;

/// Makes, changes and deletes objects until the server is gone.
async fn write(caller: Caller, writer: usize, round: usize, known: Arc<Mutex<Known>>) {
    let Ok(mut line) = caller.line().await else { return };
    for number in 0.. {
        let name = format!("w{round}-{writer}-{number}");
        let object = |value: &str| format!(r#"{{"metadata":{{"name":"{name}"}},"data":{{"k":"{value}"}}}}"#);
        let one = format!("{MAPS}/{name}");
        let mut steps =
            vec![("POST", MAPS, object("1"), Some("1")), ("PUT", one.as_str(), object("2"), Some("2"))];
        if number % 3 == 0 {
            steps.push(("DELETE", one.as_str(), String::new(), None));
        }
        for (method, path, body, after) in steps {
            known.lock().unwrap().entry(name.clone()).or_default().1 = true;
            let Ok((status, answer)) = line.ask(method, path, &body).await else { return };
            assert!(status < 300, "{method} {path}: {}", text(&answer));
            known.lock().unwrap().insert(name.clone(), (after.map(str::to_owned), false));
        }
    }
}

#[test]
fn a_kill_under_load_loses_no_acknowledged_write() {
    let directory = workspace();
    let runtime = Runtime::new().unwrap();
    let known: Arc<Mutex<Known>> = Arc::default();
    for round in 0..5 {
        let served = Served::on(directory.path(), &[]);
        let writers: Vec<_> = (0..16)
            .map(|writer| runtime.spawn(write(served.caller.clone(), writer, round, Arc::clone(&known))))
            .collect();
        // Until enough has been acknowledged, and then at some moment.
        let begun = Instant::now();
        let of_round = |known: &Known| {
            let prefix = format!("w{round}-");
            known.iter().filter(|(name, (_, is_open))| name.starts_with(&prefix) && !is_open).count()
        };
        while of_round(&known.lock().unwrap()) < 50 {
            assert!(begun.elapsed() < Duration::from_secs(60), "nothing is written in round {round}");
            std::thread::sleep(Duration::from_millis(10));
        }
        std::thread::sleep(Duration::from_millis(37 * round as u64));
        served.kill();
        for writer in writers {
            runtime.block_on(writer).unwrap();
        }
        let served = Served::on(directory.path(), &[]);
        let list = runtime.block_on(async { served.caller.line().await.unwrap().get(MAPS).await });
        let list: Value = serde_json::from_slice(&list).unwrap();
        let found: BTreeMap<&str, &str> = list["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|own| (own["metadata"]["name"].as_str().unwrap(), own["data"]["k"].as_str().unwrap()))
            .collect();
        let known = known.lock().unwrap();
        for (name, (value, is_open)) in known.iter().filter(|(_, (_, is_open))| !is_open) {
            assert_eq!(found.get(name.as_str()).copied(), value.as_deref(), "{name} {is_open}");
        }
        assert_eq!(fs::read_to_string(&served.told).unwrap(), "");
        served.interrupt();
    }
    assert!(known.lock().unwrap().values().any(|(_, is_open)| *is_open), "no write was cut off");
}

#[test]
fn what_is_damaged_is_set_aside_and_the_rest_kept() {
    let directory = workspace();
    let runtime = Runtime::new().unwrap();
    let served = Served::on(directory.path(), &[]);
    runtime.block_on(async {
        let mut line = served.caller.line().await.unwrap();
        for number in 0..10 {
            let body = format!(r#"{{"metadata":{{"name":"m{number}"}},"data":{{"k":"{number}"}}}}"#);
            assert_eq!(line.ask("POST", MAPS, &body).await.unwrap().0, 201);
        }
    });
    served.interrupt();
    let journal = directory.path().join(".dojang/bare-cluster.log");
    let good = fs::read(&journal).unwrap();
    let end_of = |name: &str| {
        let name = format!("\"name\":\"{name}\"");
        let at = good.windows(name.len()).position(|window| window == name.as_bytes()).unwrap();
        at + good[at..].iter().position(|byte| *byte == b'\n').unwrap() + 1
    };
    let (fifth, last) = (end_of("m4"), good.len());
    let changed = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        bytes
    };
    let cases: [(&str, Vec<u8>, usize, &[usize]); 6] = [
        ("a write that did not end", good[..last - 5].to_vec(), 0, &[9]),
        ("cut off in the middle", good[..fifth + 20].to_vec(), 0, &[5, 6, 7, 8, 9]),
        ("a checksum that is wrong", changed(fifth + 2, b'x'), 1, &[5]),
        ("an object that was changed", changed(fifth + 150, b'#'), 1, &[5]),
        ("noise between", [&good[..fifth], &noise(7, 900), b"\n", &good[fifth..]].concat(), 1, &[]),
        ("zeros at the end", [&good[..], &[0; 4096][..], b"\n"].concat(), 1, &[]),
    ];
    for (what, bytes, bad, missing) in cases {
        // Noise may have ends of lines in it.
        let lines = if what == "noise between" {
            noise(7, 900).iter().filter(|byte| **byte == b'\n').count() + bad
        } else {
            bad
        };
        fs::write(&journal, &bytes).unwrap();
        let served = Served::on(directory.path(), &[]);
        let list = runtime.block_on(async { served.caller.line().await.unwrap().get(MAPS).await });
        let list = text(&list);
        for number in 0..10 {
            let is_there = list.contains(&format!("\"name\":\"m{number}\""));
            assert_eq!(is_there, !missing.contains(&number), "{what}: m{number}");
        }
        let told = fs::read_to_string(&served.told).unwrap();
        if bad == 0 {
            assert_eq!(told, "", "{what}");
        } else {
            assert!(
                told.contains(&format!("{lines} lines of")) && told.contains("was set aside as"),
                "{what}: {told}"
            );
            let aside = told.split("was set aside as ").nth(1).unwrap().split(',').next().unwrap();
            assert_eq!(fs::read(aside).unwrap(), bytes, "{what}");
        }
        served.interrupt();
    }
}
