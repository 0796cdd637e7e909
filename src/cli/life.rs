//! `dojang pki issue`, `sign`, `renew` and `revoke`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::args::Global;
use super::error::CliError;
use super::inspect::bytes;
use super::lab::{open, tell};
use super::output::Output;
use super::signals::cancel_on_signal;
use crate::blueprint::{HostName, Subject, Usage};
use crate::lab::{Cancel, IssueRequest, Issued, Lab};

pub(super) const ISSUED_JSON: &str = "\
With --format json one document: [{id, paths, notAfter}].";

/// One more certificate.
#[derive(Debug, Args)]
pub(super) struct IssueArgs {
    /// The name of its files, and its CN unless --cn is given
    name: String,
    /// The CN: the user
    #[arg(long, value_name = "CN")]
    cn: Option<String>,
    /// An O: a group, any number of times
    #[arg(long, value_name = "O")]
    group: Vec<String>,
    /// A SAN, any number of times
    #[arg(long, value_name = "NAME|IP")]
    san: Vec<HostName>,
    #[command(flatten)]
    how: How,
}

/// A CSR to be signed.
#[derive(Debug, Args)]
pub(super) struct SignArgs {
    /// The CSR, PEM or DER; - reads standard input
    csr: PathBuf,
    #[command(flatten)]
    how: How,
}

/// How it is signed.
#[derive(Debug, Args)]
struct How {
    /// What it is for, any number of times [default: client]
    #[arg(long, value_enum, hide_possible_values = true, value_name = "server|client")]
    usage: Vec<UsageArg>,
    /// The authority
    #[arg(long, value_name = "ID", default_value = "ca")]
    authority: String,
    /// Lifetime in days
    #[arg(long, value_name = "DAYS", default_value_t = 365, value_parser = clap::value_parser!(u32).range(1..=36500))]
    days: u32,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum UsageArg {
    Server,
    Client,
}

impl How {
    fn usages(&self) -> Vec<Usage> {
        if self.usage.is_empty() {
            return vec![Usage::Client];
        }
        let usage = |usage: &UsageArg| match usage {
            UsageArg::Server => Usage::Server,
            UsageArg::Client => Usage::Client,
        };
        self.usage.iter().map(usage).collect()
    }
}

fn begin(output: &Output, global: &Global) -> Result<(Lab, Cancel), CliError> {
    let lab = open(output, global, false, None)?;
    let cancel = Cancel::default();
    cancel_on_signal(&cancel);
    Ok((lab, cancel))
}

pub(super) fn issue(output: &Output, global: &Global, asked: &IssueArgs) -> Result<u8, CliError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if !asked.name.chars().all(plain) || asked.name.starts_with('.') || asked.name.is_empty() {
        return Err(CliError::Usage(
            "a file's name is made of letters, digits, `-`, `_` and `.`: give the user's own with --cn"
                .into(),
        ));
    }
    let (lab, cancel) = begin(output, global)?;
    let request = IssueRequest {
        name: asked.name.clone(),
        subject: Subject {
            common_name: asked.cn.clone().unwrap_or_else(|| asked.name.clone()),
            organizations: asked.group.clone(),
            organizational_units: Vec::new(),
        },
        names: asked.san.clone(),
        usages: asked.how.usages(),
        days: asked.how.days,
    };
    let issued = lab.issue(&asked.how.authority, &request, &cancel)?;
    tell(&lab);
    print(output, &[issued])
}

pub(super) fn sign(output: &Output, global: &Global, asked: &SignArgs) -> Result<u8, CliError> {
    use rustls::pki_types::CertificateSigningRequestDer;
    use rustls::pki_types::pem::PemObject;
    let bytes = bytes(&asked.csr, "name the file of a CSR, for example jane.csr")?;
    let der = CertificateSigningRequestDer::from_pem_slice(&bytes).map_or(bytes, |der| der.to_vec());
    let (lab, cancel) = begin(output, global)?;
    let pem = lab.sign(&asked.how.authority, &der, &asked.how.usages(), asked.how.days, &cancel).map_err(
        |error| match CliError::from(error) {
            CliError::Machine(text) => CliError::Usage(format!("{}: {text}", asked.csr.display())),
            other => other,
        },
    )?;
    tell(&lab);
    if output.json {
        return output.document(&serde_json::json!({ "certificate": pem }));
    }
    output.line(pem.trim_end())?;
    Ok(0)
}

pub(super) fn renew(output: &Output, global: &Global, ids: &[String]) -> Result<u8, CliError> {
    let (lab, cancel) = begin(output, global)?;
    let renewed = lab.renew(ids, &cancel)?;
    tell(&lab);
    print(output, &renewed)?;
    if !output.json {
        output.line(output.language.pick(
            "Subjects, SANs and usages were copied from the old ones, mistakes included. CAs and kubelets' certificates are not touched. What runs in a cluster has the old ones until it is restarted, and your kubeconfig until you copy it.",
            "subject, SAN, 용도는 옛 인증서에서 실수까지 그대로 복사했어요. CA와 kubelet의 인증서는 건드리지 않아요. 클러스터에서 돌고 있는 것은 다시 시작할 때까지, 내 kubeconfig는 복사할 때까지 옛것을 써요.",
        ))?;
    }
    Ok(0)
}

pub(super) fn revoke(output: &Output, global: &Global, id: &str) -> Result<u8, CliError> {
    let (lab, cancel) = begin(output, global)?;
    let path = lab.revoke(id, &cancel)?;
    tell(&lab);
    if output.json {
        return output.document(&serde_json::json!({ "list": path }));
    }
    output.line(&format!("{} {path}", output.mark(true)))?;
    output.line(output.language.pick(
        "Kubernetes never looks at it: Go's verification takes no revocation list. OpenSSL does not take this one either, since a kubeadm CA's keyUsage has no cRLSign. Take the user's rights away with RBAC, wait for the end of the validity, or replace the CA.",
        "쿠버네티스는 이 목록을 보지 않아요. Go의 검증은 폐기 목록을 받지 않거든요. kubeadm식 CA의 keyUsage에는 cRLSign이 없어서 OpenSSL도 이 목록을 받지 않아요. RBAC로 권한을 빼거나, 만료를 기다리거나, CA를 바꾸세요.",
    ))?;
    Ok(0)
}

fn print(output: &Output, issued: &[Issued]) -> Result<u8, CliError> {
    if output.json {
        return output.document(&issued);
    }
    for Issued { id, paths, not_after } in issued {
        let until = output.language.pick("until", "만료");
        output.line(&format!("{} {id}  {until} {not_after}  {}", output.mark(true), paths.join(" ")))?;
    }
    Ok(0)
}
