//! What the fixtures of the repository offer to begin with.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use base64::Engine as _;

/// The repository: the nearest directory upwards that has the fixtures.
pub fn repository() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().find(|path| path.join("tests/fixtures/go-verify").is_dir()).unwrap().to_owned()
}

/// The bytes of PEM blocks, whatever is in them.
fn blocks(pem: &str) -> impl Iterator<Item = Vec<u8>> {
    pem.split("-----BEGIN CERTIFICATE-----").skip(1).filter_map(|block| {
        let body: String = block.split("-----END").next()?.split_whitespace().collect();
        base64::engine::general_purpose::STANDARD.decode(body).ok()
    })
}

/// One recorded question: what was sent, who was trusted, what was asked.
pub struct Case {
    /// The chain, leaf first, DER.
    pub chain: Vec<Vec<u8>>,
    /// The roots, DER.
    pub roots: Vec<Vec<u8>>,
    /// The roots as they came.
    pub pem: String,
    /// The name that was asked for.
    pub name: Option<String>,
}

/// Every recorded question.
pub fn cases() -> &'static [Case] {
    static CASES: OnceLock<Vec<Case>> = OnceLock::new();
    CASES.get_or_init(|| {
        let directory = repository().join("tests/fixtures/go-verify");
        let texts = ["cases.jsonl", "mutants.jsonl"]
            .map(|name| std::fs::read_to_string(directory.join(name)).unwrap());
        texts.iter().flat_map(|text| text.lines()).map(case).collect()
    })
}

fn case(line: &str) -> Case {
    let value: serde_json::Value = serde_json::from_str(line).unwrap();
    let text = |key: &str| value.get(key).and_then(|value| value.as_str()).unwrap_or_default().to_owned();
    Case {
        chain: blocks(&text("leaf")).chain(blocks(&text("intermediates"))).collect(),
        roots: blocks(&text("roots")).collect(),
        pem: text("roots"),
        name: value.get("name").and_then(|name| name.as_str()).map(str::to_owned),
    }
}

/// Every file below a directory of the repository with this ending.
pub fn files(directory: &str, ending: &str) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut open = vec![repository().join(directory)];
    while let Some(path) = open.pop() {
        let mut entries: Vec<PathBuf> =
            std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        for entry in entries {
            if entry.is_dir() {
                open.push(entry);
            } else if entry.to_string_lossy().ends_with(ending) {
                found.push(std::fs::read(entry).unwrap());
            }
        }
    }
    found
}

/// Inputs to begin with, by target.
pub fn seeds(target: &str) -> Vec<Vec<u8>> {
    match target {
        "parse" => {
            let ders = cases().iter().flat_map(|case| case.chain.iter().chain(&case.roots).cloned());
            let pems = cases().iter().step_by(20).map(|case| case.pem.clone().into_bytes());
            let real = files("tests/fixtures", ".crt").into_iter().chain(files("tests/fixtures", ".conf"));
            ders.chain(pems).chain(real).collect()
        }
        "inspect" => {
            let ders = cases().iter().step_by(4).flat_map(|case| case.chain.iter().cloned());
            let endings = [".crt", ".csr", ".key", ".pub", ".conf", ".yaml"];
            ders.chain(endings.into_iter().flat_map(|ending| files("tests/fixtures", ending))).collect()
        }
        "chain" => super::chain::seeds(),
        "names" => super::names::seeds(),
        "capture" => super::capture::seeds(),
        "wire" => super::wire::seeds(),
        _ => lessons(),
    }
}

/// A lesson of every kind of step, as short as can be.
const SHORT: [&str; 3] = [
    r#"minutes = 1
[[step]]
id = "a"
kind = "predict"
of = "d"
outcomes = ["200", "401"]
answer = 2
[[step]]
id = "b"
kind = "make"
artifacts = ["ca"]
show = ["cluster", { artifact = { id = "ca", focus = ["subject"] } }]
[[step]]
id = "c"
kind = "look"
artifact = "ca"
expect = { subject = "CN=a" }
[[step]]
id = "d"
kind = "break"
client = "admin"
server = "etcd"
tls = "1.2"
change = { artifact = "admin", signer = "self" }
expect = { outcome = "401", message = "x509" }
"#,
    "# T\n\nAim.\n\n## a: A `b`\n\nWhat?\n\n1. One\n2. **Two**\n\n---\n\nSo.\n\n## b: B\n\n- x\n  - y\n\n\
     ## c: C\n\n```\nx\n```\n\n## d: D\n\n> *z*\n",
    "# 가\n\n나.\n\n## a: 다\n\n라?\n\n1. 마\n2. 바\n\n---\n\n사.\n\n## b: 아\n\n자\n\n\
     ## c: 차\n\n카\n\n## d: 타\n\n파\n",
];

/// The lessons of the repository, each as one input, after a short one.
fn lessons() -> Vec<Vec<u8>> {
    let all = ["lesson.toml", "en.md", "ko.md"].map(|ending| files("lessons", ending));
    let [mechanisms, english, korean] = all;
    let triples = mechanisms.into_iter().zip(english).zip(korean);
    let real = triples.map(|((toml, en), ko)| [toml, en, ko].join(super::lesson::SEPARATOR.as_bytes()));
    std::iter::once(SHORT.join(super::lesson::SEPARATOR).into_bytes()).chain(real).collect()
}
