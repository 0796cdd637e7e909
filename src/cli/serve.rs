//! `dojang serve`: an API server for real `kubectl` and `curl`.

use std::net::SocketAddr;
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use super::args::Global;
use super::error::CliError;
use super::lab::{open, tell};
use super::output::{Output, complain};
use super::signals::cancel_on_signal;
use crate::cluster::{Server, ServerError, Serving};
use crate::lab::{Cancel, Lab, LabError, Ready};
use crate::text::escape;

pub(super) const JSON: &str = "\
With --format json one document when it listens: {address, objects: number, bare, kubeconfigs: [{client, path}]}; then it
serves until Ctrl-C (exit status 0). Objects are kept in the workspace: the next run has them again, whatever ended this one.";

/// How often files are looked at, and a signal is.
const TICK: Duration = Duration::from_millis(250);

/// Where and what to serve.
#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// The address and port; port 0 takes any free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:6443")]
    listen: SocketAddr,
    /// An API server alone: no controllers, and no objects but what it makes by itself
    #[arg(long)]
    bare: bool,
}

#[derive(Serialize)]
struct Document<'a> {
    address: String,
    objects: usize,
    bare: bool,
    kubeconfigs: Vec<KubeconfigDocument<'a>>,
}

#[derive(Serialize)]
struct KubeconfigDocument<'a> {
    client: &'a str,
    path: String,
}

impl From<ServerError> for CliError {
    fn from(error: ServerError) -> Self {
        Self::Machine(error.to_string())
    }
}

pub(super) fn run(output: &Output, global: &Global, asked: &ServeArgs) -> Result<u8, CliError> {
    let lab = open(output, global, false, None)?;
    let cancel = Cancel::default();
    cancel_on_signal(&cancel);
    let ready = lab.cluster(asked.bare, &cancel)?;
    tell(&lab);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| CliError::Machine(format!("this machine cannot run a server: {error}")))?;
    runtime.block_on(serve(output, &lab, ready, asked, &cancel))?;
    Ok(0)
}

async fn serve(
    output: &Output,
    lab: &Lab,
    mut ready: Ready,
    asked: &ServeArgs,
    cancel: &Cancel,
) -> Result<(), CliError> {
    let server = Server::bind(asked.listen).await?;
    let address = server.address();
    if !address.ip().is_loopback() {
        complain(&output.language.pick(
            "warning: this address is reached from other machines, and the lab's cluster is for learning; without --listen it is yours alone",
            "주의: 이 주소는 다른 기계에서도 닿아요. 실습용 클러스터이니 --listen 없이 쓰면 이 기계에서만 쓸 수 있어요",
        ));
    }
    announce(output, lab, &ready, address, asked.bare)?;
    let serving = Serving {
        cluster: std::sync::Arc::clone(&ready.cluster),
        presented: std::sync::Arc::clone(&ready.presented),
    };
    let stop = async {
        while !cancel.is_cancelled() {
            tokio::time::sleep(TICK).await;
            match lab.reload(&mut ready) {
                Ok(false) => {}
                Ok(true) => told(output, "certificates read again", "인증서를 다시 읽었어요"),
                Err(error) => complain(&LabError::to_string(&error)),
            }
        }
    };
    server.run(serving, stop).await?;
    told(output, "stopped", "멈췄어요");
    Ok(())
}

fn told(output: &Output, english: &'static str, korean: &'static str) {
    if !output.json {
        // Nobody may be reading any more.
        let _ = output.line(output.language.pick(english, korean));
    }
}

fn announce(
    output: &Output,
    lab: &Lab,
    ready: &Ready,
    address: SocketAddr,
    bare: bool,
) -> Result<(), CliError> {
    let reaching = lab.write_reaching(address)?;
    let objects = ready.cluster.objects();
    if output.json {
        let kubeconfigs = reaching
            .iter()
            .map(|own| KubeconfigDocument { client: &own.client, path: own.path.display().to_string() })
            .collect();
        output.document(&Document { address: address.to_string(), objects, bare, kubeconfigs })?;
        return Ok(());
    }
    let pick = |english, korean| output.language.pick(english, korean);
    output.line(&format!(
        "{} https://{address}, {objects} {}",
        pick("kube-apiserver listens on", "kube-apiserver가 기다리는 주소:"),
        pick("objects", "개 오브젝트")
    ))?;
    output.line("")?;
    let width = reaching.iter().map(|own| own.client.len()).max().unwrap_or_default();
    for own in &reaching {
        let path = own.path.display().to_string();
        output.line(&format!("  {:width$}  export KUBECONFIG={}", own.client, shell(&path)))?;
    }
    output.line("")?;
    output.line(pick(
        "Paste one of these lines in another terminal, then: kubectl get nodes. Ctrl-C stops it.",
        "다른 터미널에 위의 한 줄을 붙여 넣고 kubectl get nodes를 실행해 보세요. Ctrl-C로 멈춰요.",
    ))
}

/// A path as a shell takes it.
fn shell(path: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_' | '@' | '+' | ':');
    let shown = escape(path);
    if shown.chars().all(plain) { shown.into_owned() } else { format!("'{}'", shown.replace('\'', r"'\''")) }
}
