//! `dojang inspect`: the fields of files.

use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::error::CliError;
use super::output::{Output, Tone};
use crate::x509::{Item, Kind, inspect};

/// No certificate file is larger; more is a mistake.
const MOST: u64 = 16 << 20;

#[derive(Serialize)]
struct Source {
    source: String,
    items: Vec<Item>,
}

pub(super) fn run(output: &Output, sources: &[PathBuf]) -> Result<u8, CliError> {
    let mut read = Vec::new();
    for path in sources {
        let source = path.display().to_string();
        let bytes = bytes(path)?;
        let items = inspect(&bytes).map_err(|error| CliError::Usage(format!("{source}: {error}")))?;
        read.push(Source { source, items });
    }
    if output.json {
        return output.document(&read);
    }
    for (index, Source { source, items }) in read.iter().enumerate() {
        for (number, item) in items.iter().enumerate() {
            if index + number > 0 {
                output.line("")?;
            }
            let what = match item.kind {
                Kind::Certificate => output.language.pick("certificate", "인증서"),
                Kind::CertificateRequest => {
                    output.language.pick("certificate signing request", "인증서 서명 요청(CSR)")
                }
                Kind::PrivateKey => output.language.pick("private key", "개인 키"),
                Kind::PublicKey => output.language.pick("public key", "공개 키"),
            };
            let at = item.at.as_deref().map(|at| format!(" ({at})")).unwrap_or_default();
            output.line(&output.tone(Tone::Strong, &format!("{source}{at}: {what}")))?;
            let width = item.fields.iter().map(|field| field.name.len()).max().unwrap_or(0);
            for field in &item.fields {
                output.line(&format!("  {:width$}  {}", field.name, field.value))?;
            }
        }
    }
    Ok(0)
}

/// The bytes of a file or, for `-`, of standard input, up to a bound.
pub(super) fn bytes(path: &Path) -> Result<Vec<u8>, CliError> {
    let shown = path.display();
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        std::io::stdin().take(MOST + 1).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(MOST + 1).read_to_end(&mut bytes))
    };
    match read {
        Ok(_) if bytes.len() as u64 > MOST => {
            Err(CliError::Usage(format!("{shown} is larger than 16 MiB: that is no certificate")))
        }
        Ok(_) => Ok(bytes),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(CliError::Usage(format!(
            "{shown} does not exist: name a certificate, CSR, key or kubeconfig"
        ))),
        Err(error) => Err(CliError::Machine(format!("cannot read {shown}: {error}"))),
    }
}
