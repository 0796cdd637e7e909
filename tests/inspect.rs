//! `dojang inspect` and `dojang diff` on what real tools make: every kind of source, every
//! way of answering, hostile strings, sizes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;
#[path = "common/sources.rs"]
mod sources;

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::tools::require;
use common::{answer, argument, command, dojang, text};
use sources::{CA, WEB, days, pair, shell, short};

#[test]
fn files_of_openssl() {
    let directory = pair();
    shell(
        directory.path(),
        r#"
openssl x509 -in web.crt -outform DER -out web.der
(echo junk; openssl x509 -in web.crt -text; echo more junk; cat ca.crt) > bundle.pem
openssl pkey -in web.key -pubout -out web.pub
openssl ec -in web.key -out sec1.key 2>/dev/null
openssl ec -in web.key -aes128 -passout pass:secret -out old.key 2>/dev/null
openssl pkcs8 -topk8 -in web.key -passout pass:secret -out new.key
openssl genrsa -traditional -out rsa.key 2048 2>/dev/null || openssl genrsa -out rsa.key 2048 2>/dev/null
openssl rsa -in rsa.key -RSAPublicKey_out -out rsa.pub 2>/dev/null
printf '[ca]\ndefault_ca=a\n[a]\ndatabase=index\nserial=serial\ncrlnumber=number\ndefault_md=sha256\ndefault_crl_days=30\n' > ca.cnf
: > index; echo 01 > number
openssl ca -config ca.cnf -keyfile ca.key -cert ca.crt -revoke web.crt 2>/dev/null
openssl ca -config ca.cnf -keyfile ca.key -cert ca.crt -gencrl -out ca.crl 2>/dev/null
openssl crl2pkcs7 -in ca.crl -certfile bundle.pem -out all.p7b
openssl crl2pkcs7 -nocrl -certfile ca.crt -outform DER -out ca.p7
"#,
    );
    let said = |files: &[&str]| short(directory.path(), files);
    assert_eq!(said(&["web.der"]), format!("web.der: {WEB}\n"));
    assert_eq!(said(&["bundle.pem"]), format!("bundle.pem: {WEB}\nbundle.pem: {CA}\n"));
    assert_eq!(said(&["web.csr"]), "web.csr: O=dev, CN=web; CSR; ECDSA P-256\n");
    assert_eq!(said(&["ca.crl"]), "ca.crl: CN=test-ca; CRL, 1 revoked; 29 days left\n");
    let list = "all.p7b: CN=test-ca; CRL, 1 revoked; 29 days left\n";
    let certificates = format!("all.p7b: {WEB}\nall.p7b: {CA}\n");
    assert_eq!(said(&["all.p7b"]), format!("{certificates}{list}"));
    assert_eq!(said(&["ca.p7"]), format!("ca.p7: {CA}\n"));
    assert_eq!(said(&["web.pub"]), "web.pub: public key, ECDSA P-256\n");
    assert_eq!(said(&["rsa.key"]), "rsa.key: private key, RSA 2048 bits\n");
    assert_eq!(said(&["rsa.pub"]), "rsa.pub: public key, RSA 2048 bits\n");
    assert_eq!(said(&["sec1.key"]), "sec1.key: private key, ECDSA P-256\n");
    for encrypted in ["old.key", "new.key"] {
        assert_eq!(said(&[encrypted]), format!("{encrypted}: private key, unknown\n"));
    }

    // Keys tell whose they are, and nothing of themselves.
    let in_text = |files: &[&str]| {
        let output = command(&[&["inspect"], files].concat()).current_dir(directory.path()).output().unwrap();
        text(&output.stdout)
    };
    let told = in_text(&["web.key", "rsa.key", "web.pub", "web.crt"]);
    assert_eq!(told.matches("it belongs to: web.crt").count(), 2, "{told}");
    assert_eq!(told.matches("it belongs to: none of the certificates here").count(), 1, "{told}");
    let secret = secret_digits(&directory.path().join("web.key")).to_uppercase();
    for form in ["--format=json", "--explain", "--tree", "--format=openssl"] {
        let output = command(&["inspect", form, "web.key"]).current_dir(directory.path()).output().unwrap();
        let shown = text(&output.stdout).to_uppercase().replace([':', ' ', '\n'], "");
        assert!(output.status.success() && !shown.contains(&secret), "{form}");
    }

    // Standard input, and a directory.
    let piped = command(&["inspect", "--format", "short", "-"])
        .stdin(fs::File::open(directory.path().join("web.crt")).unwrap())
        .output()
        .unwrap();
    assert_eq!(days(&text(&piped.stdout)), format!("-: {WEB}\n"));
    let whole = said(&["."]);
    assert!(whole.contains(&format!("./web.crt: {WEB}\n")) && whole.contains("./ca.crl: "), "{whole}");
}

/// The private number of a key, as openssl prints it.
fn secret_digits(key: &Path) -> String {
    let output = Command::new("openssl").args(["pkey", "-text", "-noout", "-in"]).arg(key).output();
    let said = text(&output.unwrap().stdout);
    let digits = said.split("priv:").nth(1).unwrap().split("pub:").next().unwrap();
    let digits: String = digits.chars().filter(char::is_ascii_hexdigit).collect();
    assert!(digits.len() >= 60, "{said}");
    // Without a leading zero octet, which only one of the forms has.
    digits.trim_start_matches("00").to_owned()
}

#[test]
fn kubernetes_objects_of_kubectl() {
    require("kubectl", "kubernetes-client");
    let directory = pair();
    shell(
        directory.path(),
        r#"
kubectl create secret tls web -n prod --cert=web.crt --key=web.key --dry-run=client -o yaml > secret.yaml
kubectl create configmap trust --from-file=ca.crt=ca.crt --from-literal=note=hello --dry-run=client -o json > map.json
(cat secret.yaml; echo ---; kubectl create configmap trust --from-file=ca.crt --dry-run=client -o yaml) > both.yaml
kubectl config --kubeconfig=embedded set-cluster c --server=https://x --certificate-authority=ca.crt --embed-certs >/dev/null
kubectl config --kubeconfig=embedded set-credentials u --client-certificate=web.crt --client-key=web.key --embed-certs >/dev/null
kubectl config --kubeconfig=named set-cluster c --server=https://x --certificate-authority=ca.crt >/dev/null
kubectl config --kubeconfig=named set-credentials u --client-certificate=web.crt --client-key=web.key >/dev/null
printf 'apiVersion: certificates.k8s.io/v1\nkind: CertificateSigningRequest\nmetadata: {name: web}\nspec:\n  request: %s\nstatus:\n  certificate: %s\n' \
  "$(base64 -w0 web.csr)" "$(base64 -w0 web.crt)" > csr.yaml
printf 'apiVersion: v1\nkind: List\nitems:\n- %s\n- {apiVersion: v1, kind: Secret, metadata: {name: token}, data: {token: c2VjcmV0LXRva2Vu}}\n' \
  "$(cat map.json | tr -d '\n')" > list.yaml
printf 'apiVersion: apiregistration.k8s.io/v1\nkind: APIService\nmetadata: {name: v1.x}\nspec: {caBundle: %s}\n' "$(base64 -w0 ca.crt)" > service.yaml
"#,
    );
    let said = |file: &str| short(directory.path(), &[file]);
    let key = "private key, ECDSA P-256";
    let secret = format!("Secret prod/web tls.crt: {WEB}\nFILE Secret prod/web tls.key: {key}\n");
    let secret = |file: &str| format!("{file} {}", secret.replace("FILE", file));
    assert_eq!(said("secret.yaml"), secret("secret.yaml"));
    assert_eq!(said("map.json"), format!("map.json ConfigMap trust ca.crt: {CA}\n"));
    let map = format!("both.yaml ConfigMap trust ca.crt: {CA}\n");
    assert_eq!(said("both.yaml"), secret("both.yaml") + &map);
    let request = "csr.yaml CertificateSigningRequest web spec.request: O=dev, CN=web; CSR; ECDSA P-256\n";
    let issued = format!("csr.yaml CertificateSigningRequest web status.certificate: {WEB}\n");
    assert_eq!(said("csr.yaml"), format!("{request}{issued}"));
    assert_eq!(said("list.yaml"), format!("list.yaml ConfigMap trust ca.crt: {CA}\n"));
    assert_eq!(said("service.yaml"), format!("service.yaml APIService v1.x caBundle: {CA}\n"));
    let embedded = said("embedded");
    assert!(
        embedded.contains(&format!("embedded clusters[c].certificate-authority-data: {CA}\n")),
        "{embedded}"
    );
    assert!(embedded.contains(&format!("embedded users[u].client-key-data: {key}\n")), "{embedded}");
    let named = said("named");
    assert!(named.contains(&format!("clusters[c].certificate-authority ca.crt: {CA}\n")), "{named}");
    assert!(named.contains(&format!("users[u].client-certificate web.crt: {WEB}\n")), "{named}");
    // Other secrets are nobody's business.
    for form in ["--format=json", "--explain"] {
        let shown = text(&dojang(&["inspect", form, argument(&directory.path().join("list.yaml"))]).stdout);
        assert!(!shown.contains("secret-token") && !shown.contains("c2VjcmV0"), "{shown}");
    }
}

#[test]
fn files_of_cfssl_and_easy_rsa() {
    require("cfssl", "golang-cfssl");
    require("easyrsa", "easy-rsa");
    let directory = tempfile::tempdir().unwrap();
    shell(
        directory.path(),
        r#"
echo '{"CN": "cfssl-ca", "key": {"algo": "ecdsa", "size": 256}, "names": [{"O": "Kubernetes"}]}' > ca.json
cfssl gencert -initca ca.json 2>/dev/null | cfssljson -bare ca
export EASYRSA_BATCH=1 EASYRSA_PKI="$PWD/pki" EASYRSA_ALGO=ec
easyrsa init-pki >/dev/null 2>&1
EASYRSA_REQ_CN=easy-ca easyrsa build-ca nopass >/dev/null 2>&1
easyrsa --subject-alt-name=DNS:web build-server-full web nopass >/dev/null 2>&1
"#,
    );
    let cfssl = short(directory.path(), &["ca.pem", "ca.csr", "ca-key.pem"]);
    assert!(cfssl.contains("ca.pem: O=Kubernetes, CN=cfssl-ca; issuer self; "), "{cfssl}");
    assert!(cfssl.contains("ca.csr: O=Kubernetes, CN=cfssl-ca; CSR; ECDSA P-256\n"), "{cfssl}");
    assert!(cfssl.contains("ca-key.pem: private key, ECDSA P-256\n"), "{cfssl}");
    // easy-rsa writes the text of the certificate before it.
    let easy = short(directory.path(), &["pki/issued/web.crt", "pki/private/web.key"]);
    assert!(easy.contains("pki/issued/web.crt: CN=web; issuer CN=easy-ca; "), "{easy}");
    assert!(easy.contains("serverAuth\n") && easy.contains("private key, ECDSA P-384\n"), "{easy}");
}

/// A process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `openssl s_server` on a port of its own, as soon as it listens.
fn served(directory: &Path, more: &[&str]) -> (Running, String) {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let mut server = Command::new("openssl");
    server.args(["s_server", "-quiet", "-accept", &format!("127.0.0.1:{port}")]);
    server.args(["-cert", "web.crt", "-key", "web.key", "-cert_chain", "ca.crt"]).args(more);
    let quiet = server.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let running = Running(quiet.current_dir(directory).spawn().unwrap());
    let begun = Instant::now();
    let address = format!("127.0.0.1:{port}");
    while std::net::TcpStream::connect(&address).is_err() {
        assert!(begun.elapsed() < Duration::from_secs(20), "s_server does not listen");
        std::thread::sleep(Duration::from_millis(20));
    }
    (running, address)
}

#[test]
fn chains_that_servers_present() {
    let directory = pair();
    shell(
        directory.path(),
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout o.key -out o.crt -days 5 -subj /CN=other 2>/dev/null",
    );
    for more in [&["-tls1_2"][..], &["-tls1_3", "-Verify", "1"]] {
        let (_running, address) = served(directory.path(), more);
        let expected = format!("{address}: {WEB}\n{address}: {CA}\n");
        assert_eq!(short(directory.path(), &[&address]), expected, "{more:?}");
    }
    let names = ["-servername", "other.example", "-cert2", "o.crt", "-key2", "o.key"];
    let (_running, address) = served(directory.path(), &names);
    let other = short(directory.path(), &["--servername", "other.example", &address]);
    assert!(other.starts_with(&format!("{address}: CN=other; ")), "{other}");
    // Nobody there.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let output = dojang(&["inspect", &format!("127.0.0.1:{port}")]);
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stderr).contains("cannot reach 127.0.0.1:"), "{}", text(&output.stderr));
}

#[test]
fn fields_times_and_comparisons_answer_scripts() {
    let directory = pair();
    let run = |arguments: &[&str]| {
        let output = command(arguments).current_dir(directory.path()).output().unwrap();
        (output.status.code().unwrap(), text(&output.stdout) + &text(&output.stderr))
    };
    let chosen = run(&["inspect", "--fields", "subject,sans,user,days_left", "web.crt"]);
    let expected = "  subject    O=dev, CN=web\n  sans       DNS:web, IP:10.0.0.1\n  user\n  days_left  ";
    let left = chosen.1.strip_prefix(expected);
    assert!(chosen.0 == 0 && matches!(left, Some("9\n" | "10\n")), "{}", chosen.1);
    assert_eq!(run(&["inspect", "--fields", "sans", "web.crt"]), (0, "DNS:web, IP:10.0.0.1\n".into()));
    let (status, said) = run(&["inspect", "--fields", "subjct", "web.crt"]);
    assert!(status == 2 && said.contains("did you mean `subject`?"), "{said}");
    for (within, status) in [("30d", 1), ("1w", 0), ("200h", 0), ("2w", 1)] {
        let arguments = ["inspect", "--format", "short", "--expires-within", within, "web.crt", "ca.crt"];
        assert_eq!(run(&arguments).0, status, "{within}");
    }
    let (status, said) = run(&["faults", "list", "--format", "short"]);
    assert!(status == 2 && said.contains("for `dojang inspect`"), "{said}");
    // The pin is the one that kubeadm's documentation has openssl make.
    shell(
        directory.path(),
        "openssl x509 -pubkey -noout -in ca.crt | openssl pkey -pubin -outform DER | openssl dgst -sha256 | sed 's/.* /sha256:/' > pin",
    );
    let pin = fs::read_to_string(directory.path().join("pin")).unwrap();
    assert_eq!(run(&["inspect", "--fields", "pin", "ca.crt"]), (0, pin));

    assert_eq!(run(&["diff", "web.crt", "web.crt"]).0, 0);
    let (status, said) = run(&["diff", "--changed", "web.crt", "ca.crt"]);
    assert_eq!(status, 1);
    for line in [
        "~ subject\n  < O=dev, CN=web\n  > CN=test-ca\n",
        "< extendedKeyUsage: serverAuth\n",
        "~ publicKey\n  ~ point\n    < 04:",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    assert!(!said.contains("= version"), "{said}");
    assert!(run(&["diff", "--bytes", "web.crt", "ca.crt"]).1.contains("    30 "), "bytes on demand");
}

#[test]
fn openssl_s_manner_is_openssl_s() {
    let directory = pair();
    let arguments = ["x509", "-text", "-in", "web.crt"];
    let theirs = Command::new("openssl").args(arguments).current_dir(directory.path()).output();
    let theirs = text(&theirs.unwrap().stdout);
    let own = command(&["inspect", "--format", "openssl", "web.crt"]).current_dir(directory.path()).output();
    let own = text(&own.unwrap().stdout);
    let lines = |text: &str| text.lines().map(|line| line.trim().to_owned()).collect::<Vec<_>>();
    let (theirs, own) = (lines(&theirs), lines(&own));
    // Its words for curves and its own order of identifiers aside.
    let apart = |line: &&String| {
        ["Public-Key:", "ASN1 OID:", "NIST CURVE:", "Version:"].iter().any(|start| line.starts_with(start))
    };
    let missing: Vec<_> = theirs.iter().filter(|line| !own.contains(line) && !apart(line)).collect();
    assert!(missing.is_empty(), "{missing:#?}\n{own:#?}");
}

#[test]
fn the_report_says_what_kubernetes_makes_of_it() {
    require("openssl", "openssl");
    let directory = tempfile::tempdir().unwrap();
    let root = argument(directory.path());
    answer(&["pki", "create", root, "--layout", "kubeadm", "--key", "p256"]);
    let pki = directory.path().join("cp1/etc/kubernetes/pki");
    let said = |arguments: &[&str]| answer(arguments);
    let server = said(&["inspect", argument(&pki.join("apiserver.crt"))]);
    assert!(
        server.contains("apiserver (kube-apiserver), kubeadm: etc/kubernetes/pki/apiserver.crt"),
        "{server}"
    );
    assert!(server.contains("--tls-cert-file=/etc/kubernetes/pki/apiserver.crt"), "{server}");
    let etcd = said(&["inspect", argument(&pki.join("etcd/server.crt"))]);
    assert!(etcd.contains("etcd-server (etcd)") && etcd.contains("etcd-peer (etcd)"), "{etcd}");
    assert!(etcd.contains("--cert-file=/etc/kubernetes/pki/etcd/server.crt"), "{etcd}");
    let kubelet = directory.path().join("node01/etc/kubernetes/kubelet.conf");
    let kubelet = said(&["inspect", argument(&kubelet)]);
    assert!(
        kubelet.contains("user system:node:node01, groups system:nodes, system:authenticated"),
        "{kubelet}"
    );
    assert!(kubelet.contains("to the Node authorizer: node node01"), "{kubelet}");
    assert!(kubelet.contains("  credential-id X509SHA256="), "{kubelet}");
    assert!(kubelet.contains("it may serve as: a client\n"), "{kubelet}");
    assert!(server.contains("it may serve as: a server\n"), "{server}");
    for (language, word) in [("en", "what goes wrong"), ("ko", "잘못되면")] {
        let explained = said(&["inspect", "--explain", "--lang", language, argument(&pki.join("ca.crt"))]);
        assert!(explained.contains(word) && explained.contains("F01"), "{explained}");
    }
    // A user's UID.
    shell(
        directory.path(),
        r#"
printf 'oid_section=oids\n[oids]\nkubernetesUID=1.3.6.1.4.1.57683.2\n[req]\ndistinguished_name=dn\n[dn]\n' > u.cnf
openssl req -x509 -config u.cnf -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout u.key -out u.crt \
  -subj /O=dev/CN=jane/kubernetesUID=u-1 -addext basicConstraints=CA:FALSE 2>/dev/null
"#,
    );
    let user = said(&["inspect", argument(&directory.path().join("u.crt"))]);
    assert!(user.contains("user jane, groups dev, system:authenticated"), "{user}");
    assert!(user.contains("uid u-1"), "{user}");
    // The lints of `dojang check`.
    let later = said(&["inspect", "--now", "2099-01-01T00:00:00Z", argument(&pki.join("apiserver.crt"))]);
    assert!(later.contains("expired"), "{later}");
}

#[test]
fn nothing_hostile_reaches_the_terminal() {
    require("openssl", "openssl");
    let directory = tempfile::tempdir().unwrap();
    shell(
        directory.path(),
        r#"
bad="$(printf 'a\033[2Jb\342\200\256c\007')"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k -out c.crt -utf8 -subj "/O=$bad/CN=$bad" \
  -addext "subjectAltName=DNS:$bad,email:$bad,URI:$bad,otherName:1.2.3;UTF8:$bad" \
  -addext "nsComment=$bad" -addext "1.2.3.4=ASN1:UTF8String:$bad" \
  -addext "certificatePolicies=1.2.3" -addext "nameConstraints=permitted;DNS:$bad" 2>/dev/null
openssl req -new -key k -out c.csr -utf8 -subj "/CN=$bad" -addext "nsComment=$bad" 2>/dev/null
printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: "%s", namespace: "%s"}\ndata:\n  "%s": |\n%s\n' \
  'a\x1b[2J' 'b\u202e' 'c\x07.crt' "$(sed 's/^/    /' c.crt)" > map.yaml
cp c.crt "$bad.crt"
"#,
    );
    let all = ["c.crt", "c.csr", "map.yaml", "."];
    let forms: [&[&str]; 8] = [
        &["inspect"],
        &["inspect", "--explain"],
        &["inspect", "--tree"],
        &["inspect", "--format", "openssl"],
        &["inspect", "--format", "short"],
        &["inspect", "--format", "json"],
        &["inspect", "--tree", "--format", "json"],
        &["inspect", "--fields", "subject,sans,matches,user,groups"],
    ];
    for language in ["en", "ko"] {
        for form in forms {
            for file in all {
                let arguments = [form, &["--lang", language, file]].concat();
                clean(&directory, &arguments, Some(0));
            }
        }
        for arguments in [
            &["diff", "c.crt", "c.csr", "--lang", language][..],
            &["diff", "--bytes", "c.crt", "map.yaml", "--lang", language],
            &["diff", "--format", "json", "c.crt", "c.csr"],
        ] {
            clean(&directory, arguments, None);
        }
    }
}

/// What is said has no control character but the ends of lines, and names what was escaped.
fn clean(directory: &tempfile::TempDir, arguments: &[&str], status: Option<i32>) {
    let output = command(arguments).current_dir(directory.path()).output().unwrap();
    if status.is_some() {
        assert_eq!(output.status.code(), status, "{arguments:?}: {}", text(&output.stderr));
    }
    for said in [output.stdout, output.stderr] {
        let said = String::from_utf8(said).unwrap();
        let raw =
            said.chars().find(|c| c.is_control() && *c != '\n' || ('\u{202a}'..='\u{202e}').contains(c));
        assert_eq!(raw, None, "{arguments:?}: {said:?}");
    }
}

#[test]
fn ten_megabytes_are_read_or_refused_in_a_hundred() {
    let directory = tempfile::tempdir().unwrap();
    const SIZE: usize = 10 << 20;
    let sized = |tag: u8, contents: Vec<u8>| {
        let length = u32::try_from(contents.len()).unwrap().to_be_bytes();
        [vec![tag, 0x84], length.to_vec(), contents].concat()
    };
    let nulls = sized(0x30, [5, 0].repeat(SIZE / 2));
    // A revocation list with as many entries as fit.
    let entry = [&[0x30, 18, 2, 1, 5, 0x17, 13][..], b"260101000000Z"].concat();
    let algorithm = [0x30, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
    let time = [&[0x17, 13][..], b"260101000000Z"].concat();
    let entries = sized(0x30, entry.repeat(SIZE / entry.len()));
    let signed = sized(0x30, [&algorithm[..], &[0x30, 0], &time, &entries].concat());
    let list = sized(0x30, [&signed[..], &algorithm, &[3, 2, 0, 1]].concat());
    let made = pair();
    let certificate = fs::read_to_string(made.path().join("web.crt")).unwrap();
    let many = certificate.repeat(SIZE / certificate.len());
    for (name, bytes) in [("nulls", nulls), ("list", list), ("many", many.into_bytes())] {
        fs::write(directory.path().join(name), bytes).unwrap();
        for form in [&["--format", "short"][..], &["--format", "json"], &["--tree"]] {
            let arguments = [&["inspect"], form, &[name]].concat();
            let mut child = command(&arguments)
                .current_dir(directory.path())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let status = format!("/proc/{}/status", child.id());
            let mut most = 0;
            let ended = loop {
                let line = fs::read_to_string(&status).unwrap_or_default();
                let held = line.lines().find_map(|line| line.strip_prefix("VmHWM:"));
                let held = held.and_then(|held| held.trim().trim_end_matches(" kB").parse::<u64>().ok());
                most = most.max(held.unwrap_or(0));
                if let Some(ended) = child.try_wait().unwrap() {
                    break ended;
                }
                std::thread::sleep(Duration::from_millis(5));
            };
            assert!(matches!(ended.code(), Some(0 | 2)), "{arguments:?}: {ended}");
            assert!(most > 0 && most < 100 << 10, "{arguments:?} held {} MB", most >> 10);
        }
    }
}
