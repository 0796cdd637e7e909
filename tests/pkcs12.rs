//! PKCS #12 as openssl and keytool write it, today and before: opened with its password from a
//! file or the environment, and told where it does not open.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;
#[path = "common/sources.rs"]
mod sources;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use common::{argument, command, text};
use dojang::x509::{Item, Kind, contents};
use sources::{CA, WEB, days, pair, shell, short};

/// Stores of a certificate, its key and its CA, under the password `secret`.
fn stores() -> tempfile::TempDir {
    let directory = pair();
    shell(
        directory.path(),
        r#"
make() { openssl pkcs12 -export -in web.crt -inkey web.key -name web -passout pass:secret "$@"; }
make -certfile ca.crt -out modern.p12
make -certfile ca.crt -legacy -out legacy.p12
make -legacy -certpbe PBE-SHA1-RC2-128 -keypbe PBE-SHA1-2DES -macalg sha512 -out odd.p12
make -certpbe des-ede3-cbc -keypbe aes-192-cbc -out mixed.p12
make -legacy -certpbe PBE-SHA1-RC4-128 -out stream.p12
make -certpbe NONE -out open.p12
make -certpbe NONE -keypbe NONE -out bare.p12
openssl pkcs12 -export -in web.crt -inkey web.key -legacy -passout pass: -out empty.p12
openssl pkcs12 -export -in web.crt -inkey web.key -legacy -passout pass:비밀 -out korean.p12
printf 'secret\n' > right; printf 'wrong\n' > wrong; printf '비밀' > korean
"#,
    );
    directory
}

/// The report on a store, opened with the password in this file.
fn told(directory: &Path, password: &str, store: &str) -> String {
    let arguments = ["inspect", "--password-file", password, store];
    let output = command(&arguments).current_dir(directory).output().unwrap();
    text(&output.stdout) + &text(&output.stderr)
}

#[test]
fn stores_of_openssl() {
    let directory = stores();
    let opened = |store: &str| short(directory.path(), &["--password-file", "right", store]);
    let key = "private key, ECDSA P-256";
    for store in ["modern.p12", "legacy.p12"] {
        let expected = format!("{store} web: {WEB}\n{store}: {CA}\n{store} web: {key}\n");
        assert_eq!(opened(store), expected);
    }
    for store in ["odd.p12", "mixed.p12", "open.p12", "bare.p12"] {
        assert_eq!(opened(store), format!("{store} web: {WEB}\n{store} web: {key}\n"));
    }
    let by_environment = command(&["inspect", "--format", "short", "legacy.p12"])
        .env("DOJANG_PASSWORD", "secret")
        .current_dir(directory.path())
        .output()
        .unwrap();
    assert_eq!(days(&text(&by_environment.stdout)), opened("legacy.p12"));
    let korean = short(directory.path(), &["--password-file", "korean", "korean.p12"]);
    assert_eq!(korean, format!("korean.p12: {WEB}\nkorean.p12: {key}\n"));
    let empty = short(directory.path(), &["empty.p12"]);
    assert_eq!(empty, format!("empty.p12: {WEB}\nempty.p12: {key}\n"));
    // Without the password what is open is read, and of the rest it is said what is missing.
    let open = short(directory.path(), &["open.p12"]);
    assert_eq!(open, format!("open.p12 web: {WEB}\nopen.p12 web: private key, unknown\n"));
    for store in ["modern.p12", "legacy.p12"] {
        let refused = told(directory.path(), "wrong", store);
        assert!(refused.contains("this is not its password") && !refused.contains("CN=web"), "{refused}");
        let output = command(&["inspect", store]).current_dir(directory.path()).output().unwrap();
        let locked = text(&output.stdout) + &text(&output.stderr);
        assert!(locked.contains("it is encrypted: give its password in a file"), "{locked}");
    }
    let stream = told(directory.path(), "right", "stream.p12");
    assert!(stream.contains("pbeWithSHAAnd128BitRC4") && stream.contains("-legacy -nokeys"), "{stream}");
}

#[test]
fn a_store_that_was_changed_is_told_by_its_mac() {
    let directory = stores();
    let said = |store: &str| told(directory.path(), "right", store);
    for store in ["modern.p12", "legacy.p12", "odd.p12", "bare.p12"] {
        assert!(!said(store).contains("its MAC does not fit"), "{store}");
    }
    // The name of the server, in a store whose contents are not encrypted.
    let mut bytes = fs::read(directory.path().join("bare.p12")).unwrap();
    let at = bytes.windows(4).position(|window| window == b"web0").unwrap();
    bytes[at] = b'W';
    fs::write(directory.path().join("bare.p12"), bytes).unwrap();
    assert!(said("bare.p12").contains("its MAC does not fit: what it holds was changed"));
}

/// keytool 17 wrote them once, as it does today and as Java 8 did.
#[test]
fn stores_of_keytool() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/keytool");
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("right"), "secret").unwrap();
    let right = directory.path().join("right");
    for (store, certificates) in [("legacy.p12", &["web"][..]), ("modern.p12", &["web", "trusted"])] {
        let output =
            command(&["inspect", "--fields", "kind,subject,key", "--password-file", argument(&right), store])
                .current_dir(&fixtures)
                .output()
                .unwrap();
        let said = text(&output.stdout);
        assert!(output.status.success(), "{}", text(&output.stderr));
        for name in certificates {
            let expected = format!("{store} {name}\n  kind     certificate\n  subject  O=dev, CN=web\n");
            assert!(said.contains(&expected), "{said}");
        }
        let key = format!("{store} web\n  kind     private-key\n  subject\n  key      ECDSA P-256\n");
        assert!(said.contains(&key), "{said}");
    }
}

/// Every byte of stores, changed or the last that is left: nothing panics, nothing takes long.
#[test]
fn broken_stores_are_read_as_far_as_they_go() {
    let directory = pair();
    shell(
        directory.path(),
        r#"
make() { openssl pkcs12 -export -in web.crt -inkey web.key -passout pass:secret -iter 1 "$@"; }
make -out modern.p12
make -legacy -out legacy.p12
"#,
    );
    for store in ["modern.p12", "legacy.p12"] {
        let whole = fs::read(directory.path().join(store)).unwrap();
        assert_eq!(contents(&whole, Some("secret")).problems, []);
        let begun = Instant::now();
        for at in 0..whole.len() {
            let mut broken = whole.clone();
            broken[at] ^= 1 << (at % 8);
            for bytes in [&broken[..], &whole[..at]] {
                let found = contents(bytes, Some("secret"));
                let is_kept = |item: &Item| item.kind == Kind::PrivateKey && !item.der.is_empty();
                assert!(!found.items.iter().any(is_kept), "a secret is kept: {at}");
            }
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
    }
}
