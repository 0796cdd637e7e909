//! `cargo bench`: how long things take, beside a peer or a floor measured in the same run,
//! since machines differ and are noisy. Each figure is the median of several runs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "lab/inspector.rs"]
mod inspector;
#[path = "lab/load.rs"]
mod load;
#[path = "lab/serve.rs"]
mod serve;
#[path = "lab/wire.rs"]
mod wire;

use std::fs;
use std::hint::black_box;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use dojang::blueprint::{Authorities, ClusterSpec, KeyAlgorithm, Layout, Plan, plan};
use dojang::clock::Clock;
use dojang::lab::{Cancel, Directory, Lab, LabOptions, Play, Tls};
use dojang::lesson::Action;
use dojang::pki::recipe::{Tool, recipes};
use dojang::text::Language;
use dojang::trust::{Purpose, Question, Roots, SIGNATURE_CHECKS, Sent, verify};
use dojang::ui::{Options, Still};
use dojang::wire::{Recording, Segment, Side};
use dojang::workspace::Selection;
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::pki_types::{ServerName, UnixTime};
use time::OffsetDateTime;

const DOJANG: &str = env!("CARGO_BIN_EXE_dojang");

fn main() {
    // `cargo test --benches` and filters of other harnesses ask for nothing here.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    // `cargo bench -- wire` measures what has that name alone.
    let chosen: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let all: [(&str, fn()); 14] = [
        ("pki", pki_beside_openssl),
        ("workers", workers),
        ("check", check),
        ("judging", judging),
        ("connections", connections),
        ("wire", wire::wire),
        ("serve", serve::serve),
        ("first_frame", first_frame),
        ("frame", frame),
        ("theatre_frame", theatre_frame),
        ("inspector_frame", inspector::inspector_frame),
        ("steps", steps),
        ("walks", walks),
        ("certificates", certificates),
    ];
    println!("{:58} {:>12} {:>12} {:>9}", "figure", "dojang", "beside it", "ratio");
    for (name, measure) in all {
        if chosen.is_empty() || chosen.iter().any(|wanted| wanted == name) {
            measure();
        }
    }
}

fn row(figure: &str, own: &str, beside: &str, ratio: f64) {
    println!("{figure:58} {own:>12} {beside:>12} {ratio:>9.3}");
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn milliseconds(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}

fn timed(work: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    work();
    begun.elapsed()
}

fn quiet(command: &mut Command) {
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
    assert!(status.success(), "{command:?}");
}

/// One control plane of kubeadm's layout.
fn one_control_plane(key: KeyAlgorithm) -> Plan {
    plan(ClusterSpec {
        layout: Layout::Kubeadm,
        authorities: Authorities::Three,
        key,
        workers: Vec::new(),
        ..ClusterSpec::default()
    })
    .unwrap()
}

/// The openssl lines that make the same keys, requests and certificates, one after the
/// other, as a script does. The kubeconfigs, which openssl cannot make, are left out.
fn openssl_script(plan: &Plan) -> String {
    let mut script = String::from("set -e\n");
    let ids = plan
        .authorities
        .iter()
        .map(|a| a.id.clone())
        .chain(plan.certificates.iter().map(dojang::blueprint::Certificate::id))
        .chain(plan.key_pairs.iter().map(|pair| pair.id.clone()));
    for id in ids {
        let recipe = recipes(plan, &id).into_iter().find(|recipe| recipe.tool == Tool::Openssl).unwrap();
        script.push_str(&recipe.lines.join("\n"));
        script.push('\n');
    }
    script
}

fn pki_beside_openssl() {
    for (key, runs) in [(KeyAlgorithm::Rsa2048, 7), (KeyAlgorithm::P256, 9)] {
        let script = openssl_script(&one_control_plane(key));
        let directory = tempfile::tempdir().unwrap();
        let (mut own, mut theirs) = (Vec::new(), Vec::new());
        for run in 0..runs {
            let root = directory.path().join(format!("own{run}"));
            own.push(timed(|| {
                quiet(
                    Command::new(DOJANG)
                        .args(["pki", "create", "--layout", "kubeadm", "--control-plane", "cp1=10.0.0.10"])
                        .args(["--key", key.name()])
                        .arg(&root),
                );
            }));
            let root = directory.path().join(format!("openssl{run}"));
            fs::create_dir(&root).unwrap();
            fs::write(root.join("make.sh"), &script).unwrap();
            theirs.push(timed(|| quiet(Command::new("sh").arg("make.sh").current_dir(&root))));
        }
        let (own, theirs) = (median(own), median(theirs));
        let ratio = own.as_secs_f64() / theirs.as_secs_f64();
        let figure = format!("pki create, one control plane, {key}, beside openssl");
        row(&figure, &milliseconds(own), &milliseconds(theirs), ratio);
    }
}

/// The most memory that a process held, in kB, as the kernel counts it while it runs.
fn peak_memory(command: &mut Command) -> (Duration, u64) {
    let begun = Instant::now();
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let held = line.and_then(|line| line.trim().trim_end_matches(" kB").trim().parse().ok());
        peak = peak.max(held.unwrap_or(0));
        std::thread::sleep(Duration::from_millis(2));
    }
    (begun.elapsed(), peak)
}

fn workers() {
    let directory = tempfile::tempdir().unwrap();
    let create = |count: usize, run: usize| {
        let root = directory.path().join(format!("{count}-{run}"));
        let mut command = Command::new(DOJANG);
        command.args(["pki", "create", "--key", "p256", "--workers", &count.to_string()]).arg(&root);
        // All is removed at the end: ext4 passes over inodes that were freed a moment ago,
        // one by one, and files made right after a removal pay for that.
        peak_memory(&mut command)
    };
    let small: Vec<_> = (0..5).map(|run| create(1000, run)).collect();
    let large: Vec<_> = (0..3).map(|run| create(5000, run)).collect();
    let peak = large.iter().map(|(_, peak)| *peak).max().unwrap();
    let (small, large) = (
        median(small.into_iter().map(|(time, _)| time).collect()),
        median(large.into_iter().map(|(time, _)| time).collect()),
    );
    let ratio = large.as_secs_f64() / small.as_secs_f64();
    row("5,000 workers, p256, beside 1,000", &milliseconds(large), &milliseconds(small), ratio);
    row(
        "memory at 5,000 workers, MB, beside 200",
        &format!("{} MB", peak / 1024),
        "200 MB",
        peak as f64 / 1024.0 / 200.0,
    );
}

/// `dojang check` of a cluster with 10,000 certificates, beside reading every file and
/// parsing the certificates among them, and beside its budget.
fn check() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().join("cluster");
    // Of each worker: two certificates in files, one in a kubeconfig.
    quiet(Command::new(DOJANG).args(["pki", "create", "--key", "p256", "--workers", "3330"]).arg(&root));
    let bare = || {
        timed(|| {
            for entry in fs::read_dir(&root).unwrap() {
                let path = entry.unwrap().path();
                if path.is_file() {
                    let bytes = fs::read(&path).unwrap();
                    for der in dojang::trust::pem_certificates(&bytes) {
                        black_box(dojang::trust::Certificate::parse(&der).unwrap());
                    }
                }
            }
        })
    };
    bare();
    let floor = median((0..5).map(|_| bare()).collect());
    let runs: Vec<_> = (0..5)
        .map(|_| peak_memory(Command::new(DOJANG).args(["check", "--lang", "en"]).arg(&root)))
        .collect();
    let peak = runs.iter().map(|(_, peak)| *peak).max().unwrap();
    let own = median(runs.into_iter().map(|(time, _)| time).collect());
    let ratio = own.as_secs_f64() / floor.as_secs_f64();
    row("check, 10,000 certificates, beside reading them", &milliseconds(own), &milliseconds(floor), ratio);
    let budget = Duration::from_secs(2);
    let ratio = own.as_secs_f64() / budget.as_secs_f64();
    row("check, 10,000 certificates, beside its budget", &milliseconds(own), &milliseconds(budget), ratio);
    row(
        "memory of that, MB, beside 200",
        &format!("{} MB", peak / 1024),
        "200 MB",
        peak as f64 / 1024.0 / 200.0,
    );
}

fn lab(directory: &Path, key: KeyAlgorithm) -> Lab {
    Lab::open(LabOptions {
        directory: Directory::At(directory.to_owned()),
        spec: Some(ClusterSpec { key, ..ClusterSpec::default() }),
        clock: Clock::System,
        lessons: None,
    })
    .unwrap()
}

/// A chain of two P-256 certificates by Go's rules, beside webpki on the same chain; and how
/// long what is bounded by the number of signature checks takes.
fn judging() {
    let authority = |key: &KeyPair, name: &str| {
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let der = params.self_signed(key).unwrap().der().to_vec();
        (params, der)
    };
    let key = KeyPair::generate().unwrap();
    let (params, root) = authority(&key, "ca");
    let mut leaf = CertificateParams::new(vec!["kube-apiserver".to_owned()]).unwrap();
    leaf.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    let leaf = leaf.signed_by(&KeyPair::generate().unwrap(), &Issuer::new(params, &key)).unwrap();
    let now = Clock::System.now();
    let judge = |chain: &[Vec<u8>], roots: &Roots| {
        let name = Some("kube-apiserver");
        let chain = &Sent::parse(chain);
        verify(&Question { chain, roots, purpose: Purpose::Server, name, time: now })
    };
    let (chain, roots) = (vec![leaf.der().to_vec()], Roots::from_der([&root]));
    assert!(judge(&chain, &roots).is_accepted());

    let mut anchors = rustls::RootCertStore::empty();
    anchors.add(root.into()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let webpki = WebPkiServerVerifier::builder_with_provider(anchors.into(), provider).build().unwrap();
    let name = ServerName::try_from("kube-apiserver").unwrap();
    let time = UnixTime::since_unix_epoch(Duration::from_secs(now.unix_timestamp().unsigned_abs()));
    let one = |work: &mut dyn FnMut()| median((0..2000).map(|_| timed(&mut *work)).collect());
    let own = one(&mut || assert!(black_box(judge(&chain, &roots)).is_accepted()));
    let beside = one(&mut || {
        black_box(webpki.verify_server_cert(leaf.der(), &[], &name, &[], time)).unwrap();
    });
    let micros = |time: Duration| format!("{:.1} us", time.as_secs_f64() * 1e6);
    let ratio = own.as_secs_f64() / beside.as_secs_f64();
    row("a verification of two, p256, beside webpki", &micros(own), &micros(beside), ratio);

    // No more signatures are checked, whatever was sent: the floor is what so many cost.
    let keys: Vec<KeyPair> = (0..100).map(|_| KeyPair::generate().unwrap()).collect();
    let same: Vec<Vec<u8>> = keys.iter().map(|key| authority(key, "ca").1).collect();
    let many_roots = Roots::from_der(&same);
    let mut crossed = chain.clone();
    for number in 0..1000 {
        let mut params = authority(&key, "ca").0;
        params.subject_alt_names = vec![rcgen::SanType::DnsName(format!("n{number}").try_into().unwrap())];
        let issuer = Issuer::new(authority(&keys[number % 100], "ca").0, &keys[number % 100]);
        crossed.push(params.signed_by(&keys[(number + 1) % 100], &issuer).unwrap().der().to_vec());
    }
    let floor = own * u32::try_from(SIGNATURE_CHECKS).unwrap();
    for (figure, chain, roots) in [
        ("100 roots of one name: 100 signatures at the most", &chain, &many_roots),
        ("1,000 crossed intermediates: 100 signatures at the most", &crossed, &Roots::default()),
    ] {
        let own = median((0..20).map(|_| timed(|| drop(black_box(judge(chain, roots))))).collect());
        let ratio = own.as_secs_f64() / floor.as_secs_f64();
        row(figure, &milliseconds(own), &milliseconds(floor), ratio);
    }
}

/// A TCP connection over loopback with a byte each way: what no connection can do without.
fn bare_connection(listener: &TcpListener) -> Duration {
    timed(|| {
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut server, _) = listener.accept().unwrap();
        let mut byte = [1];
        client.write_all(&byte).unwrap();
        server.read_exact(&mut byte).unwrap();
        server.write_all(&byte).unwrap();
        client.read_exact(&mut byte).unwrap();
    })
}

fn connections() {
    let directory = tempfile::tempdir().unwrap();
    let lab = lab(directory.path(), KeyAlgorithm::P256);
    let cancel = Cancel::default();
    let mut times = Vec::new();
    for _ in 0..20 {
        let rows = lab.matrix(Tls::Tls13, &cancel, |_| ()).unwrap();
        assert!(rows.iter().all(|row| row.ok));
        times.extend(rows.iter().map(|row| Duration::from_micros(row.micros)));
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let floor = median((0..500).map(|_| bare_connection(&listener)).collect());
    let own = median(times);
    let ratio = own.as_secs_f64() / floor.as_secs_f64();
    row("a connection of matrix, p256, beside bare TCP", &milliseconds(own), &milliseconds(floor), ratio);
}

/// From the start of a program on a pseudo-terminal until `mark` has arrived.
fn until(mark: &str, program: &str, arguments: &[&str]) -> Duration {
    let size = PtySize { rows: 60, cols: 200, pixel_width: 0, pixel_height: 0 };
    let pair = native_pty_system().openpty(size).unwrap();
    let mut command = CommandBuilder::new(program);
    command.args(arguments);
    command.env("TERM", "xterm-256color");
    let mut reader = pair.master.try_clone_reader().unwrap();
    let begun = Instant::now();
    let mut child = pair.slave.spawn_command(command).unwrap();
    let mut seen = Vec::new();
    let mut buffer = [0; 65536];
    while !String::from_utf8_lossy(&seen).contains(mark) {
        let count = reader.read(&mut buffer).unwrap();
        assert!(count > 0, "{program} ended before `{mark}`");
        seen.extend_from_slice(&buffer[..count]);
    }
    let time = begun.elapsed();
    child.kill().unwrap();
    child.wait().unwrap();
    time
}

fn first_frame() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().join("lab");
    let root = root.to_str().unwrap();
    // The footer is the last of a frame.
    let arguments = ["--lang", "en", "--dir", root];
    until("quit", DOJANG, &arguments);
    let own = median((0..15).map(|_| until("quit", DOJANG, &arguments)).collect());
    let floor = median((0..15).map(|_| until("quit", "/bin/sh", &["-c", "echo quit; sleep 1"])).collect());
    let ratio = own.as_secs_f64() / floor.as_secs_f64();
    row("first frame at 200x60, beside `sh -c echo`", &milliseconds(own), &milliseconds(floor), ratio);
}

fn frame() {
    let directory = tempfile::tempdir().unwrap();
    let lab = lab(directory.path(), KeyAlgorithm::P256);
    let options = Options { language: Some(Language::Ko), color: true, ..Options::default() };
    let mut still = Still::of(&lab, &options, "groups", "break-ou", (200, 60)).unwrap();
    let mut draw = || {
        timed(|| {
            black_box(still.draw().unwrap());
        })
    };
    let own = median((0..200).map(|_| draw()).collect());
    let budget = Duration::from_micros(1200);
    let ratio = own.as_secs_f64() / budget.as_secs_f64();
    row(
        "a full frame at 200x60 in Korean, beside its budget",
        &milliseconds(own),
        &milliseconds(budget),
        ratio,
    );
}

/// The theatre with a message of 1 MB open down to its bytes.
fn theatre_frame() {
    let directory = tempfile::tempdir().unwrap();
    let lab = lab(directory.path(), KeyAlgorithm::P256);
    let options = Options { language: Some(Language::Ko), color: true, ..Options::default() };
    let mut still = Still::of_play(&lab, &options, long_message(), (200, 60));
    let own = median((0..200).map(|_| timed(|| drop(black_box(still.draw().unwrap().clone())))).collect());
    let budget = Duration::from_micros(1200);
    let ratio = own.as_secs_f64() / budget.as_secs_f64();
    let figure = "a frame of the theatre with a message of 1 MB, beside its budget";
    row(figure, &milliseconds(own), &milliseconds(budget), ratio);
}

/// A Certificate of 1 MB in records of 16 KB.
fn long_message() -> Play {
    let length = 1_u32 << 20;
    let mut message = vec![11];
    message.extend(&length.to_be_bytes()[1..]);
    message.extend((0..length).map(|at| at.to_le_bytes()[0]));
    let mut recording = Recording {
        started: OffsetDateTime::UNIX_EPOCH,
        client: Vec::new(),
        server: Vec::new(),
        segments: Vec::new(),
        gaps: Vec::new(),
        key_log: String::new(),
    };
    for content in message.chunks(1 << 14) {
        recording.client.extend([22, 3, 3]);
        recording.client.extend(u16::try_from(content.len()).unwrap().to_be_bytes());
        recording.client.extend(content);
    }
    let length = recording.client.len();
    recording.segments.push(Segment { from: Side::Client, offset: 0, length, at: Duration::ZERO });
    let recording = Arc::new(recording);
    Play { client: "admin".into(), server: "kube-apiserver".into(), recording, judgements: Vec::new() }
}

/// Every step of every lesson, done once on artifacts that are there, but for those that run
/// another program: the slowest answer beside what a learner takes for at once; then making
/// one certificate with an RSA key made ahead.
fn steps() {
    let directory = tempfile::tempdir().unwrap();
    let quick = lab(directory.path(), KeyAlgorithm::P256);
    let cancel = Cancel::default();
    let mut times = Vec::new();
    for lesson in &quick.curriculum().lessons {
        for step in lesson.steps.iter().filter(|step| !matches!(step.action, Action::Run(_))) {
            quick.perform(lesson, step, &cancel, &|_| ()).unwrap();
            times.push(timed(|| drop(quick.perform(lesson, step, &cancel, &|_| ()).unwrap())));
        }
    }
    let slowest = times.into_iter().max().unwrap_or_default();
    let budget = Duration::from_millis(50);
    let ratio = slowest.as_secs_f64() / budget.as_secs_f64();
    row("the slowest step, beside its budget", &milliseconds(slowest), &milliseconds(budget), ratio);
    let mut made = Vec::new();
    for _ in 0..7 {
        let directory = tempfile::tempdir().unwrap();
        let slow = lab(directory.path(), KeyAlgorithm::Rsa2048);
        slow.make(&Selection::Only(vec!["ca".into()]), &cancel, &|_| ()).unwrap();
        slow.make_keys_ahead();
        // A learner reads a step for longer than that.
        std::thread::sleep(Duration::from_secs(1));
        let one = Selection::Only(vec!["admin".into()]);
        made.push(timed(|| drop(slow.make(&one, &cancel, &|_| ()).unwrap())));
    }
    let (made, budget) = (median(made), Duration::from_millis(200));
    let ratio = made.as_secs_f64() / budget.as_secs_f64();
    row("a certificate with an RSA-2048 key made ahead", &milliseconds(made), &milliseconds(budget), ratio);
}

/// Reading certificates: one, as the screen does; a directory of ten thousand, and one file,
/// as a script does, each beside its budget.
fn certificates() {
    let directory = tempfile::tempdir().unwrap();
    let lab = lab(directory.path(), KeyAlgorithm::P256);
    lab.make(&Selection::All, &Cancel::default(), &|_| ()).unwrap();
    let file = directory.path().join("apiserver.crt");
    let pem = fs::read(&file).unwrap();
    let der = dojang::x509::blocks(&pem).remove(0).der.unwrap();
    let read = || {
        timed(|| {
            for _ in 0..100 {
                let document = dojang::x509::Document::read(&der);
                let known: usize = document
                    .all()
                    .filter_map(dojang::x509::explanation)
                    .map(|words| words.faults.len())
                    .sum();
                black_box((document, known));
            }
        }) / 100
    };
    let own = median((0..50).map(|_| read()).collect());
    let budget = Duration::from_micros(50);
    let micros = |time: Duration| format!("{:.1} us", time.as_secs_f64() * 1e6);
    let ratio = own.as_secs_f64() / budget.as_secs_f64();
    row("a certificate read and explained, beside its budget", &micros(own), &micros(budget), ratio);

    let many = directory.path().join("many");
    fs::create_dir(&many).unwrap();
    for number in 0..10_000 {
        fs::write(many.join(format!("{number}.crt")), &pem).unwrap();
    }
    let many = many.to_str().unwrap();
    let inspect = |arguments: &[&str]| timed(|| quiet(Command::new(DOJANG).arg("inspect").args(arguments)));
    let budget = Duration::from_secs(1);
    let own = median((0..5).map(|_| inspect(&["--format", "short", many])).collect());
    let ratio = own.as_secs_f64() / budget.as_secs_f64();
    row("a directory of 10,000 certificates", &milliseconds(own), &milliseconds(budget), ratio);
    let budget = Duration::from_millis(10);
    let own = median((0..21).map(|_| inspect(&[file.to_str().unwrap()])).collect());
    let ratio = own.as_secs_f64() / budget.as_secs_f64();
    row("inspect, start to output", &milliseconds(own), &milliseconds(budget), ratio);
}

fn walks() {
    let walk = |key: &str| {
        median(
            (0..5)
                .map(|_| {
                    timed(|| quiet(Command::new(DOJANG).args(["walk", "--format", "json", "--key", key])))
                })
                .collect(),
        )
    };
    let (rsa, p256) = (walk("rsa-2048"), walk("p256"));
    let ratio = rsa.as_secs_f64() / p256.as_secs_f64();
    row("all lessons walked, rsa-2048, beside p256", &milliseconds(rsa), &milliseconds(p256), ratio);
}
