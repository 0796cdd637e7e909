//! What is too large, too deep or too many is answered in words and in time.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(unreachable_pub, missing_docs, dead_code)]

#[path = "fuzz/src/forge.rs"]
mod forge;

use std::process::{Command, Output};
use std::time::{Duration, Instant};

use dojang::lesson::{Curriculum, markdown};
use dojang::trust::{Certificate, Purpose, Question, Roots, Rule, Sent, Verdict, verify};
use dojang::x509;
use forge::{Order, element, extension, name, sequence};
use time::OffsetDateTime;

/// So long may anything take, in a build without optimization on a busy machine.
const SECONDS: Duration = Duration::from_secs(10);

fn in_time<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let out = work();
    let taken = begun.elapsed();
    println!("{what}: {taken:?}");
    assert!(taken < SECONDS, "{what} took {taken:?}");
    out
}

fn judged(chain: &[Vec<u8>], roots: &Roots, name: Option<&str>) -> Verdict {
    let time = OffsetDateTime::from_unix_timestamp(1_780_000_000).unwrap();
    let chain = &Sent::parse(chain);
    verify(&Question { chain, roots, purpose: Purpose::Server, name, time })
}

fn dojang(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dojang")).args(arguments).env("LC_ALL", "C.UTF-8").output().unwrap()
}

/// Ten megabytes that look like PEM and are none.
fn junk() -> Vec<(&'static str, Vec<u8>)> {
    const SIZE: usize = 10 << 20;
    let repeated = |part: &str| part.repeat(SIZE / part.len()).into_bytes();
    let block = |label: &str, body: &str| format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n");
    let line = "QUJD".repeat(16);
    vec![
        ("lines of base64", repeated(&format!("{line}\n"))),
        ("begin lines", repeated("-----BEGIN CERTIFICATE-----\n")),
        ("end lines", repeated("\n-----END CERTIFICATE-----\n")),
        ("begin and end without line ends", repeated("-----BEGIN CERTIFICATE----------END CERTIFICATE-----")),
        ("blocks of nothing", repeated(&block("CERTIFICATE", ""))),
        ("blocks of base64 that is no DER", repeated(&block("CERTIFICATE", &line))),
        ("blocks that are no base64", repeated(&block("CERTIFICATE", "!?"))),
        ("private keys that are none", repeated(&block("PRIVATE KEY", &line))),
        ("one block", block("CERTIFICATE", &format!("{line}\n").repeat(SIZE / 65)).into_bytes()),
        ("zeros", vec![0; SIZE]),
    ]
}

#[test]
fn ten_megabytes_of_junk_are_refused_in_words() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("junk");
    let file = path.to_str().unwrap();
    for (what, bytes) in junk() {
        let roots = in_time(&format!("roots of {what}"), || Roots::from_pem(&bytes));
        assert!(roots.is_empty(), "{what}");
        match in_time(&format!("fields of {what}"), || x509::inspect(&bytes)) {
            Err(error) => assert!(error.to_string().len() < 300, "{what}: {error}"),
            // Of private keys nothing is shown but their public halves.
            Ok(items) => {
                assert_eq!(what, "private keys that are none");
                assert!(items.iter().all(|item| item.document().fields[0].value == "unknown"));
                continue;
            }
        }
        std::fs::write(&path, &bytes).unwrap();
        for arguments in [vec!["inspect", file], vec!["verify", "--ca", file, file]] {
            let output = in_time(&format!("dojang {} of {what}", arguments[0]), || dojang(&arguments));
            let words = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
            assert!(matches!(output.status.code(), Some(1..=3)), "{what}: {:?} {words}", output.status);
            assert!(!words.is_empty() && words.len() < 2_000, "{what}: {words}");
        }
    }
}

#[test]
fn ten_thousand_names_are_read_and_judged() {
    let names: Vec<Vec<u8>> =
        (0..10_000).map(|n| element(0x82, format!("n{n}.example.com").as_bytes())).collect();
    let leaf = Order::new("leaf", 1, "root", 0).with(extension(17, false, &sequence(&names)));
    let subtrees: Vec<Vec<u8>> = names.iter().map(|name| sequence(std::slice::from_ref(name))).collect();
    let constraints = sequence(&[element(0xa0, &subtrees.concat())]);
    let root = Order::new("root", 0, "root", 0).authority().with(extension(30, true, &constraints));
    let roots = Roots::from_der([root.der()]);
    let chain = [leaf.der()];
    let verdict = in_time("10,000 names", || judged(&chain, &roots, Some("n9999.example.com")));
    assert!(verdict.is_accepted(), "{:?}", verdict.refusal);
    let verdict = in_time("10,000 names, none right", || judged(&chain, &roots, Some("other")));
    let message = verdict.refusal.unwrap().message;
    assert_eq!(message, "x509: certificate is valid for 10000 names, but none matched other");
    let fields = in_time("10,000 names as fields", || x509::certificate_fields(&chain[0]).unwrap());
    assert!(fields.iter().any(|field| field.value.contains("DNS:n9999.example.com")));
}

#[test]
fn a_serial_number_of_a_megabyte_is_told_by_its_beginning() {
    let mut order = Order::new("", 1, "root", 0);
    order.serial = vec![0x55; 1 << 20];
    let der = order.der();
    let roots = Roots::from_der([Order::new("root", 0, "root", 0).authority().der()]);
    let verdict = in_time("a serial number as a name", || judged(std::slice::from_ref(&der), &roots, None));
    assert!(verdict.is_accepted(), "{:?}", verdict.refusal);
    let serial = in_time("a serial number", || Certificate::parse(&der).unwrap().serial());
    assert_eq!(serial, format!("0x{}... (1048576 octets)", "55".repeat(20)));
    let fields = in_time("a serial number as a field", || x509::certificate_fields(&der).unwrap());
    assert!(fields.iter().any(|field| field.name == "serialNumber" && field.value == serial));
}

/// Boxes in boxes, this deep.
fn nested(tag: u8, depth: usize) -> Vec<u8> {
    let mut heads = Vec::new();
    let mut length = 0usize;
    for _ in 0..depth {
        let head = element(tag, &vec![0; length]);
        let head = head[..head.len() - length].to_vec();
        length += head.len();
        heads.push(head);
    }
    heads.reverse();
    heads.concat()
}

#[test]
fn boxes_a_thousand_deep_are_refused() {
    for tag in [0x30, 0x31, 0xa0, 0xa4] {
        let deep = nested(tag, 1_000);
        in_time("nested DER", || {
            assert!(Certificate::parse(&deep).is_err());
            assert!(x509::inspect(&deep).is_err());
        });
        // The same where anything may stand: in a name, an extension, a directory name.
        let mut order = Order::new("leaf", 1, "root", 0)
            .with(extension(17, false, &sequence(&[element(0xa4, &deep)])))
            .with(extension(30, false, &deep))
            .with(extension(99, false, &deep));
        let attribute = sequence(&[vec![0x06, 3, 0x55, 0x04, 3], deep.clone()]);
        order.subject = sequence(&[element(0x31, &attribute)]);
        let der = order.der();
        in_time("a certificate of nested DER", || {
            let _ = Certificate::parse(&der);
            let _ = x509::certificate_fields(&der);
            let _ = x509::inspect(&der);
        });
    }
}

#[test]
fn text_a_thousand_deep_is_read_or_refused() {
    let config = |open: &str, close: &str| {
        format!("kind: Config\nusers: {}{}", open.repeat(1_000), close.repeat(1_000)).into_bytes()
    };
    for yaml in [config("[", "]"), config("{a: ", "}"), config("- ", "")] {
        assert!(in_time("a nested kubeconfig", || x509::inspect(&yaml)).is_err());
    }
    let bomb: String = (1..30).map(|n| format!("a{n}: &a{n} [*a{0}, *a{0}]\n", n - 1)).collect();
    let bomb = format!("kind: Config\na0: &a0 [x]\n{bomb}users: *a29\n");
    assert!(in_time("a kubeconfig of aliases", || x509::inspect(bomb.as_bytes())).is_err());
    for part in ["> ", "- ", "*", "[", "`", "![", "1. ", "<", "  - "] {
        let text = format!("{}x", part.repeat(1_000));
        in_time("nested Markdown", || markdown::plain(&markdown::parse(&text), 40));
    }
}

/// A lesson of these three files.
fn lesson(toml: &str, en: &str, ko: &str) -> Curriculum {
    let directory = tempfile::tempdir().unwrap();
    let folder = directory.path().join("01-large");
    std::fs::create_dir(&folder).unwrap();
    for (name, text) in [("lesson.toml", toml), ("en.md", en), ("ko.md", ko)] {
        std::fs::write(folder.join(name), text).unwrap();
    }
    Curriculum::from_dir(directory.path())
}

#[test]
fn lessons_of_thousands_of_steps_are_answered() {
    let steps: String = (0..8_000).map(|n| format!("[[step]]\nid = \"s{n}\"\nkind = \"read\"\n")).collect();
    let words: String = (0..8_000).map(|n| format!("## s{n}: T\n\nx\n\n")).collect();
    let toml = format!("minutes = 1\n{steps}");
    let words = format!("# T\n\nx\n\n{words}");
    let _ = in_time("8,000 steps", || lesson(&toml, &words, &words));
    let others: String = (0..8_000).map(|n| format!("## t{n}: T\n\nx\n\n")).collect();
    let read = in_time("8,000 sections that are no steps", || lesson(&toml, &others, &others));
    assert!(!read.problems.is_empty());
    let long = "a".repeat(500_000);
    let toml = format!("minutes = 1\n[[step]]\nid = \"{long}\"\nkind = \"read\"\n");
    let words = format!("# T\n\nx\n\n## {long}b: T\n\nx\n");
    let read = in_time("an id of 500,000 letters", || lesson(&toml, &words, &words));
    assert!(!read.problems.is_empty());
    let deep = format!("minutes = {}1{}\n", "[".repeat(1_000), "]".repeat(1_000));
    let read = in_time("nested TOML", || lesson(&deep, "# T\n", "# T\n"));
    assert!(!read.problems.is_empty());
}

/// Roots of the leaf's issuer's name; the right one stands behind `wrong` others.
fn crowd(wrong: usize) -> Roots {
    let other = |n: usize| {
        let mut order = Order::new("root", 7, "root", 7).authority();
        order.serial = vec![1, (n >> 8) as u8, n as u8];
        order.der()
    };
    Roots::from_der((0..wrong).map(other).chain([Order::new("root", 0, "root", 0).authority().der()]))
}

#[test]
fn a_hundred_signatures_are_checked_and_no_more() {
    let chain = [Order::new("leaf", 1, "root", 0).der()];
    let verdict = in_time("100 roots of one name", || judged(&chain, &crowd(99), None));
    assert!(verdict.is_accepted(), "{:?}", verdict.refusal);
    let verdict = in_time("101 roots of one name", || judged(&chain, &crowd(100), None));
    let limit = "x509: signature check attempts limit reached while verifying certificate chain";
    assert_eq!(verdict.failed().unwrap().evidence, "signature checks 100");
    assert_eq!(verdict.refusal.unwrap().message, limit);
    let verdict = in_time("5,000 roots of one name", || judged(&chain, &crowd(5_000), None));
    assert_eq!(verdict.refusal.unwrap().message, limit);
}

#[test]
fn a_thousand_intermediates_that_sign_each_other_end() {
    let limit = "x509: signature check attempts limit reached while verifying certificate chain";
    let roots = Roots::from_der([Order::new("nobody", 0, "nobody", 0).authority().der()]);
    // All of one name and one key, told apart by their serial numbers and names.
    let same = |n: usize| {
        let other = sequence(&[element(0x82, format!("n{n}").as_bytes())]);
        let mut order = Order::new("middle", 2, "middle", 2).authority().with(extension(17, false, &other));
        order.serial = vec![1, (n >> 8) as u8, n as u8];
        order.der()
    };
    let leaf = Order::new("leaf", 1, "middle", 2).der();
    let chain: Vec<Vec<u8>> = std::iter::once(leaf).chain((0..1_000).map(same)).collect();
    let verdict = in_time("1,000 intermediates of one name", || judged(&chain, &roots, None));
    assert_eq!(verdict.failed().unwrap().evidence, "signature checks 100");
    assert_eq!(verdict.refusal.unwrap().message, limit);
    assert!(verdict.paths.len() <= 200);
    // Forty authorities, each cross-signed by twenty-five others.
    let authority = |n: usize| format!("ca{n}");
    let cross = |n: usize| {
        let (subject, issuer) = (n / 25, (n / 25 + n % 25 + 1) % 40);
        Order::new(&authority(subject), subject as u8, &authority(issuer), issuer as u8).authority().der()
    };
    let leaf = Order::new("leaf", 77, &authority(0), 0).der();
    let chain: Vec<Vec<u8>> = std::iter::once(leaf).chain((0..1_000).map(cross)).collect();
    let verdict = in_time("1,000 cross-signed intermediates", || judged(&chain, &roots, None));
    assert_eq!(verdict.failed().unwrap().rule, Rule::Issuer);
    assert_eq!(verdict.refusal.unwrap().message, limit);
    // The subject's name decides who is asked: none has this one.
    let stranger = [Order::new("leaf", 1, "stranger", 0).der()];
    let verdict = judged(&[stranger.as_slice(), &chain[1..]].concat(), &roots, None);
    assert_eq!(verdict.refusal.unwrap().message, "x509: certificate signed by unknown authority");
    assert_eq!(name("").len(), 2);
}
