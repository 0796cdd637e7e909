//! Every file of `cryptography_vectors` below `x509`, read here and by `openssl`: the same
//! tree, the same fields. The package is fetched by name with pip, once, into the directory
//! of the build.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(unreachable_pub, dead_code)]

#[path = "fuzz/src/sound.rs"]
mod sound;
#[path = "common/tools.rs"]
mod tools;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use dojang::x509::{Broken, Document, Field, Kind, blocks, contents};

const PACKAGE: &str = "cryptography_vectors";

/// The directory of the vectors; they are fetched where they are not there yet.
fn vectors() -> PathBuf {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join(PACKAGE);
    let unpacked = cache.join("unpacked");
    let files = unpacked.join(PACKAGE).join("x509");
    if files.is_dir() {
        return files;
    }
    fs::create_dir_all(&cache).unwrap();
    // Another test may be fetching them too: each has a directory of its own, and the first
    // one there is kept.
    let own = tempfile::tempdir_in(&cache).unwrap();
    let arguments = ["-m", "pip", "download", "--quiet", "--no-deps", "--dest"];
    let fetched = Command::new("python3").args(arguments).arg(own.path()).arg(PACKAGE).output().unwrap();
    assert!(fetched.status.success(), "pip: {}", String::from_utf8_lossy(&fetched.stderr));
    let mut wheels = fs::read_dir(own.path()).unwrap().map(|entry| entry.unwrap().path());
    let wheel = wheels.find(|path| path.extension().is_some_and(|ending| ending == "whl")).unwrap();
    let fresh = own.path().join("unpacked");
    let done =
        Command::new("python3").args(["-m", "zipfile", "-e"]).arg(&wheel).arg(&fresh).status().unwrap();
    assert!(done.success());
    let kept = fs::rename(&fresh, &unpacked);
    assert!(kept.is_ok() || files.is_dir(), "{kept:?}");
    files
}

fn files(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// What openssl prints, and whether it was content.
fn openssl(arguments: &[&str], input: &Path) -> (String, bool) {
    let mut command = Command::new("openssl");
    let output = command.args(arguments).arg("-in").arg(input).stdin(Stdio::null()).output().unwrap();
    (String::from_utf8_lossy(&output.stdout).into_owned(), output.status.success())
}

/// The tree as `openssl asn1parse` writes it: offset, depth, header, length and tag. The
/// values behind are its own.
fn tree(document: &Document) -> String {
    let mut text = String::new();
    for node in document.tree.plain() {
        let kind = if node.constructed { "cons" } else { "prim" };
        let length = if node.indefinite { "inf ".into() } else { format!("{:4}", node.length) };
        let name = node.tag_name();
        writeln!(text, "{:5}:d={:<2} hl={} l={length} {kind}: {name}", node.offset, node.depth, node.header)
            .unwrap();
    }
    text
}

/// A line of `openssl asn1parse` without the value.
fn bare(line: &str) -> String {
    let Some((start, rest)) = line.split_once("cons: ").or_else(|| line.split_once("prim: ")) else {
        return line.into();
    };
    // The name is filled up to 18 columns; a value stands behind `:` or in brackets.
    let name = rest.get(..18).unwrap_or(rest).trim_end();
    let name = if let Some(end) = name.find(" ]") { &name[..end + 2] } else { name };
    let kind = if line.contains("cons: ") { "cons" } else { "prim" };
    format!("{start}{kind}: {name}")
}

fn same_tree(path: &Path, der: &Path, document: &Document) -> Result<(), String> {
    let (said, content) = openssl(&["asn1parse", "-inform", "DER"], der);
    let said: Vec<String> = said.lines().map(bare).collect();
    let own = tree(document);
    let own: Vec<&str> = own.lines().map(str::trim_end).collect();
    // What openssl does not read it does not print; the part before is the same.
    let broken = document.tree.nodes.iter().any(|node| node.broken.is_some());
    if content == broken && !(content && document.tree.nodes.iter().all(|n| n.broken != Some(Broken::Short)))
    {
        return Err(format!("{}: openssl is content: {content}", path.display()));
    }
    let compared =
        if broken { said.len().min(own.len()).saturating_sub(1) } else { said.len().max(own.len()) };
    for at in 0..compared {
        let (a, b) = (said.get(at).map(String::as_str), own.get(at).copied());
        if a.map(str::trim_end) != b {
            return Err(format!("{}: openssl {a:?}, here {b:?}", path.display()));
        }
    }
    Ok(())
}

/// A field's value in openssl's words where those are others.
fn words(name: &str, document: &Document) -> String {
    const WORDS: [(&str, &str); 9] = [
        ("digitalSignature", "Digital Signature"),
        ("nonRepudiation", "Non Repudiation"),
        ("keyEncipherment", "Key Encipherment"),
        ("dataEncipherment", "Data Encipherment"),
        ("keyAgreement", "Key Agreement"),
        ("keyCertSign", "Certificate Sign"),
        ("cRLSign", "CRL Sign"),
        ("encipherOnly", "Encipher Only"),
        ("decipherOnly", "Decipher Only"),
    ];
    let value = document.value(name);
    let value = value.strip_prefix("critical, ").unwrap_or(value);
    match name {
        "keyUsage" => {
            let word =
                |one: &str| WORDS.iter().find(|(own, _)| *own == one).map_or(one, |(_, w)| *w).to_owned();
            value.split(", ").map(word).collect::<Vec<_>>().join(", ")
        }
        "basicConstraints" => value.replace("pathLen", "pathlen"),
        "subjectAltName" => {
            let names = document.field(name).and_then(|field| field.part("value"));
            names
                .map(|names| names.parts.iter().map(general_name).collect::<Vec<_>>())
                .unwrap_or_default()
                .join(", ")
        }
        _ => value.to_owned(),
    }
}

/// A GeneralName in openssl's words.
fn general_name(field: &Field) -> String {
    let (kind, value) = field.value.split_once(':').unwrap();
    match kind {
        "IP" => match value.parse::<IpAddr>() {
            Ok(IpAddr::V6(address)) => {
                let groups = address.segments().map(|group| format!("{group:X}"));
                format!("IP Address:{}", groups.join(":"))
            }
            _ => format!("IP Address:{value}"),
        },
        "RID" => format!("Registered ID:{value}"),
        "DirName" => {
            let attributes = field.parts[0].parts.iter().map(|part| format!("/{}", part.value));
            format!("DirName:{}", attributes.collect::<String>())
        }
        "otherName" => format!("othername: {}", value.replacen(':', "::", 1)),
        "x400Address" => "X400Name:<unsupported>".to_owned(),
        _ => field.value.clone(),
    }
}

/// A name as openssl writes it with `oid` and `show_type`.
fn name(field: &Field) -> String {
    let attribute = |part: &Field| {
        let (kind, value) = (part.part("type").unwrap(), part.parts.last().unwrap());
        // The bytes of what is no string are written as if they were.
        let text = if value.name == "BIT STRING" { "" } else { &value.value };
        format!("{}={}:{text}", kind.value, value.name.to_uppercase())
    };
    field.parts.iter().map(attribute).collect::<Vec<_>>().join(", ")
}

fn same_fields(path: &Path, der: &Path, document: &Document) -> Result<(), String> {
    let options = "oid,show_type,utf8,sep_comma_plus_space,esc_ctrl";
    let (said, content) = openssl(
        &[
            "x509",
            "-inform",
            "DER",
            "-noout",
            "-serial",
            "-subject",
            "-issuer",
            "-startdate",
            "-enddate",
            "-dateopt",
            "iso_8601",
            "-nameopt",
            options,
            "-ext",
            "basicConstraints,keyUsage,subjectAltName",
        ],
        der,
    );
    if !content {
        // What openssl refuses is shown all the same.
        return Ok(());
    }
    let mut facts: HashMap<&str, String> = HashMap::new();
    let mut lines = said.lines().peekable();
    while let Some(line) = lines.next() {
        if let Some((key, value)) = line.split_once('=').filter(|_| !line.starts_with(['X', ' '])) {
            facts.insert(key.trim(), value.to_owned());
        } else if line.starts_with("X509v3") {
            let value = lines.next().unwrap_or_default().trim().to_owned();
            // What openssl does not read it dumps.
            let value = if value.starts_with("0.") { "not read".to_owned() } else { value };
            facts.entry(line.split(':').next().unwrap()).or_insert(value);
        }
    }
    // The same number, however many digits it is written with.
    let digits = |value: &str| value.replace([':', '-'], "").trim_start_matches('0').to_owned();
    let serial = document.field("serialNumber").unwrap();
    let mut own = vec![
        ("serial", digits(&serial.part("hexadecimal").unwrap().value)),
        ("subject", name(document.field("subject").unwrap())),
        ("issuer", name(document.field("issuer").unwrap())),
        ("notBefore", document.value("notBefore").replace('T', " ")),
        ("notAfter", document.value("notAfter").replace('T', " ")),
        ("X509v3 Basic Constraints", words("basicConstraints", document)),
        ("X509v3 Key Usage", words("keyUsage", document)),
        ("X509v3 Subject Alternative Name", words("subjectAltName", document)),
    ];
    facts.entry("serial").and_modify(|serial| *serial = digits(serial));
    if serial.value.starts_with('-') {
        // openssl writes the magnitude with a sign, the bytes are the two's complement.
        own.remove(0);
    }
    for (key, own) in own {
        let theirs = facts.remove(key).unwrap_or_default().replace(" + ", ", ");
        let theirs = theirs.split_inclusive("BIT STRING:").next().unwrap_or_default();
        let unread = ["Bad time value", "not read"].contains(&theirs);
        if theirs != own && !unread {
            return Err(format!("{}: {key}: openssl {theirs:?}, here {own:?}", path.display()));
        }
    }
    Ok(())
}

#[test]
fn every_vector_is_read_as_openssl_reads_it() {
    tools::require("openssl", "openssl");
    tools::require("pip3", "python3-pip");
    let mut all = Vec::new();
    files(&vectors(), &mut all);
    all.sort();
    assert!(all.len() > 1500, "{} files", all.len());
    let directory = tempfile::tempdir().unwrap();
    let (next, certificates) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let wrong = Mutex::new(Vec::new());
    let work = || {
        while let Some(path) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
            let bytes = fs::read(path).unwrap();
            let ders = match blocks(&bytes) {
                blocks if blocks.is_empty() => vec![bytes],
                blocks => blocks.into_iter().filter_map(|block| block.der.ok()).collect(),
            };
            let what = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
            for (index, der) in ders.iter().enumerate() {
                let document = Document::read(der);
                if document.kind == Kind::PrivateKey {
                    continue;
                }
                sound::partitioned(&document);
                sound::decoded(&document);
                // Mails, and the bundles of the other tests, are read but not compared.
                if !matches!(what, "crt" | "pem" | "der" | "crl") || index > 0 || der.first() != Some(&0x30) {
                    continue;
                }
                let file = directory.path().join(format!("{}.der", next_name(path)));
                fs::write(&file, der).unwrap();
                wrong.lock().unwrap().extend(same_tree(path, &file, &document).err());
                if document.kind == Kind::Certificate {
                    certificates.fetch_add(1, Ordering::Relaxed);
                    wrong.lock().unwrap().extend(same_fields(path, &file, &document).err());
                }
                fs::remove_file(&file).unwrap();
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(work);
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
    let certificates = certificates.into_inner();
    assert!(certificates >= 500, "only {certificates} certificates were compared");
}

/// A name that no other file has.
fn next_name(path: &Path) -> String {
    path.to_string_lossy().chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect()
}

#[test]
fn what_is_wrong_is_marked_where_it_stands() {
    tools::require("pip3", "python3-pip");
    let directory = vectors();
    for (file, name, flaw) in [
        ("badasn1time.pem", "notAfter", "bad-time"),
        ("utf8-dnsname.pem", "DNS", "bad-characters"),
        ("e-trust.ru.der", "signatureAlgorithm", "unknown-algorithm"),
        ("cryptography.io.precert.pem", "precertificatePoison", "unknown-critical"),
        ("custom/two_basic_constraints.pem", "basicConstraints", "doubled"),
        ("custom/invalid_utf8_common_name.pem", "UTF8String", "bad-characters"),
        ("custom/negative_serial.pem", "serialNumber", "negative"),
        ("custom/mismatch_inner_outer_sig_algorithm.der", "signatureAlgorithm", "other-algorithm"),
        ("custom/empty-eku.pem", "value", "empty"),
        ("custom/invalid_version.pem", "version", "other-version"),
        ("custom/nc_ip_invalid_length.pem", "permitted", "bad-address"),
        ("custom/crl_inval_date_fractional_seconds.der", "value", "odd-time"),
        ("custom/invalid-sct-length.der", "value", "not-read"),
    ] {
        let bytes = fs::read(directory.join(file)).unwrap();
        let item = contents(&bytes, None).items.remove(0);
        let document = item.document();
        let marked: Vec<_> =
            document.flaws().map(|(field, flaw)| (field.name.as_ref(), flaw.name())).collect();
        assert!(marked.contains(&(name, flaw)), "{file}: {marked:?}");
    }
    // A good one has none.
    let bytes = fs::read(directory.join("cryptography.io.pem")).unwrap();
    assert_eq!(contents(&bytes, None).items.remove(0).document().flaws().count(), 0);
}
