//! `dojang serve`: an API server for real `kubectl` and `curl`.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use serde::Serialize;
use time::OffsetDateTime;
use tokio::task::JoinHandle;

use super::args::Global;
use super::error::CliError;
use super::etcd::{MemberDocument, RealEtcd};
use super::lab::{options, tell};
use super::output::{Output, complain};
use super::signals::cancel_on_signal;
use super::signing::duration;
use crate::cluster::{
    CONNECTIONS, CompanionListener, Complaints, Etcd, Listener, Server, ServerError, Told, klog,
};
use crate::handshake::ServerLog;
use crate::lab::{Bound, Cancel, Controllers, Joining, Lab, LabError, LogFile, NotStarted, Ready, Reread};
use crate::text::{Language, escape};

pub(super) const JSON: &str = "\
With --format json one document when it listens: {address, objects: number, bare, servers: [{name, address}] (kubelets and etcd
members, none if bare), etcd: [{name, address, process, command, data, log}] (members of a real etcd), kubeconfigs: [{client, path}]}; then it
serves until Ctrl-C (exit status 0; 1 if the API server does not start on the workspace's files, as its log says). Objects are kept in the workspace: the next run has them again, whatever ended this one.";

/// How often it is looked whether a real etcd still runs.
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
    /// The etcd: the lab's own, or members of the real etcd of this machine on the workspace's
    /// certificates, which hold what the API server stores and end with it
    #[arg(long, value_enum, value_name = "own|real", default_value_t = EtcdKind::Own, hide_possible_values = true)]
    etcd: EtcdKind,
    /// Let a node join, any number of times: its kubelet asks for its certificates with a
    /// bootstrap token, and renews them
    #[arg(long, value_name = "NAME[=IP]", conflicts_with = "bare")]
    join: Vec<Joining>,
    /// How long certificates live at most that are asked for through the Certificates API: 10m,
    /// 8h; a year unless said otherwise
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    cluster_signing_duration: Option<time::Duration>,
    /// How many seconds pass in the cluster in one: its certificates age as much faster
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pace: u32,
    /// How much the API server's log says, on standard error: from 3 on every request, from 5 on
    /// failed handshakes, too
    #[arg(long, short, value_name = "N", default_value_t = 0)]
    verbosity: u8,
    /// How many clients are connected to the API server at a time; where another one comes, one
    /// that does nothing leaves
    #[arg(long, value_name = "N", default_value_t = CONNECTIONS, value_parser = at_least_one)]
    max_connections: usize,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    let number: usize = text.parse().map_err(|_| "it is not a whole number".to_owned())?;
    if number > 0 { Ok(number) } else { Err("nobody could be served".into()) }
}

/// Which etcd stands beside the API server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum EtcdKind {
    Own,
    Real,
}

#[derive(Serialize)]
struct Document<'a> {
    address: String,
    objects: usize,
    bare: bool,
    servers: Vec<ServerDocument>,
    /// The members of a real etcd.
    etcd: Vec<MemberDocument>,
    kubeconfigs: Vec<KubeconfigDocument<'a>>,
}

#[derive(Serialize)]
struct ServerDocument {
    name: String,
    address: String,
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
    let mut options = options(global, false, None)?;
    if asked.pace > 1 {
        options.clock = options.clock.paced(asked.pace);
    }
    let lab = Lab::open_to_serve(options)?;
    let cancel = Cancel::default();
    cancel_on_signal(&cancel);
    let connections = places(output, asked.max_connections);
    let behind = Controllers {
        bare: asked.bare,
        signing: asked.cluster_signing_duration,
        joining: asked.join.clone(),
    };
    let ready = match lab.cluster(behind, &cancel) {
        Ok(ready) => ready,
        Err(LabError::NotStarted(why)) => return Ok(not_started(&why)),
        Err(error) => return Err(error.into()),
    };
    tell(&lab);
    of_others(&ready.logs);
    // By this thread: they would end with another.
    let real = match asked.etcd {
        EtcdKind::Own => None,
        EtcdKind::Real => Some(RealEtcd::start(&lab, asked.listen.port() == 0)?),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| CliError::Machine(format!("this machine cannot run a server: {error}")))?;
    runtime.block_on(serve(output, &lab, ready, real, asked, connections, &cancel))?;
    Ok(0)
}

/// What the components' logs say, on standard error, with their names.
fn of_others(logs: &[(String, String)]) {
    for (who, line) in logs {
        let _ = writeln!(io::stderr(), "{}: {}", escape(who), escape(line));
    }
}

/// The API server's last words, as its container's log keeps them.
fn not_started(why: &NotStarted) -> u8 {
    of_others(&why.logs);
    let last = klog('E', OffsetDateTime::now_utc(), "run.go:72", &why.last_words());
    let _ = writeln!(io::stderr(), "{}", escape(&last));
    complain(why);
    1
}

/// For how many clients there is room: every connection is an open file, and this program has as
/// many as this machine lets it.
fn places(output: &Output, asked: usize) -> usize {
    use rustix::process::{Resource, getrlimit, setrlimit};
    /// For the workspace's files, and the servers beside the API server.
    const OTHERS: usize = 256;
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Otherwise the limit stays as it is.
    let _ = setrlimit(Resource::Nofile, limit);
    let files = getrlimit(Resource::Nofile)
        .current
        .map_or(usize::MAX, |own| usize::try_from(own).unwrap_or(usize::MAX));
    let most = files.saturating_sub(OTHERS).max(1);
    if most < asked {
        complain(&match output.language {
            Language::En => format!(
                "warning: this machine lets a program have {files} open files, so {most} clients are connected at a time; raise it with ulimit -n"
            ),
            Language::Ko => format!(
                "주의: 이 기계에서는 프로그램 하나가 파일을 {files}개까지 열 수 있어서, 한 번에 클라이언트 {most}개까지만 연결돼요. ulimit -n으로 늘릴 수 있어요"
            ),
        });
    }
    most.min(asked)
}

async fn serve(
    output: &Output,
    lab: &Lab,
    ready: Ready,
    mut real: Option<RealEtcd>,
    asked: &ServeArgs,
    connections: usize,
    cancel: &Cancel,
) -> Result<(), CliError> {
    let server = Server::bind(asked.listen).await?.at_most(connections);
    let address = server.address();
    if !address.ip().is_loopback() {
        complain(&output.language.pick(
            "warning: this address is reached from other machines, and the lab's cluster is for learning; without --listen it is yours alone",
            "주의: 이 주소는 다른 기계에서도 닿아요. 실습용 클러스터이니 --listen 없이 쓰면 이 기계에서만 쓸 수 있어요",
        ));
    }
    let mut serving = lab.bind(ready, server, asked.listen.port() == 0, asked.bare).await?;
    let mut mirror = None;
    if let Some(real) = &mut real {
        serving = serving.without_etcd();
        mirror = Some(keep_the_same(output, lab, real, serving.etcd(), cancel).await?);
    }
    announce(output, lab, &serving, real.as_ref(), asked.bare)?;
    let verbosity = asked.verbosity;
    let file = LogFile::open(&lab.log_file());
    let write = Arc::new(move |line: &str| {
        let line = escape(line);
        let _ = writeln!(io::stderr(), "{line}");
        file.write(&line);
    });
    let lines = Arc::clone(&write);
    let listener: Listener = Arc::new(move |told: &Told<'_>| {
        for line in told.lines(verbosity, OffsetDateTime::now_utc()) {
            lines(&line);
        }
    });
    let lines = Arc::clone(&write);
    let beside: CompanionListener = Arc::new(move |name: &str, log: &ServerLog| {
        if log.verbosity <= verbosity {
            lines(&format!("{name}: {}", log.line));
        }
    });
    let reread = |one: &Reread| {
        write(&format!("{}: {}", one.component, one.line(OffsetDateTime::now_utc())));
        if !output.json {
            // Nobody may be reading any more.
            let _ = output.line(&one.sentence(output.language));
        }
    };
    let watching = async {
        loop {
            tokio::time::sleep(TICK).await;
            if let Some(problem) = real.as_mut().and_then(RealEtcd::problem) {
                complain(&problem);
            }
        }
    };
    let served = tokio::select! {
        served = lab.serve(serving, listener, beside, cancel, reread) => served,
        () = watching => Ok(()),
    };
    mirror.iter().for_each(JoinHandle::abort);
    drop(real);
    served?;
    told(output, "stopped", "멈췄어요");
    Ok(())
}

/// Waits for the members of a real etcd, and then keeps them and the API server's store the same.
async fn keep_the_same(
    output: &Output,
    lab: &Lab,
    real: &mut RealEtcd,
    etcd: &Arc<Etcd>,
    cancel: &Cancel,
) -> Result<JoinHandle<()>, CliError> {
    if !output.json {
        real.announce(output)?;
    }
    let caller = Arc::new(lab.etcd_caller()?);
    real.wait(output, &caller, cancel).await?;
    let members = real.addresses().into_iter().map(|(_, address)| address).collect();
    let complaints: Complaints = Arc::new(|line: &str| complain(&escape(line)));
    Ok(tokio::spawn(Arc::clone(etcd).mirror(members, caller, complaints)))
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
    serving: &Bound,
    real: Option<&RealEtcd>,
    bare: bool,
) -> Result<(), CliError> {
    let address = serving.address();
    let beside: Vec<(String, SocketAddr)> = serving.beside().collect();
    let reaching = lab.write_reaching(address)?;
    let objects = serving.cluster().objects();
    if output.json {
        let kubeconfigs = reaching
            .iter()
            .map(|own| KubeconfigDocument { client: &own.client, path: own.path.display().to_string() })
            .collect();
        let servers =
            beside.iter().map(|(name, own)| ServerDocument { name: name.clone(), address: own.to_string() });
        let servers = servers.collect();
        let etcd = real.map(RealEtcd::documents).unwrap_or_default();
        let address = address.to_string();
        output.document(&Document { address, objects, bare, servers, etcd, kubeconfigs })?;
        return Ok(());
    }
    let pick = |english, korean| output.language.pick(english, korean);
    output.line(&format!(
        "{} https://{address}, {objects} {}",
        pick("kube-apiserver listens on", "kube-apiserver가 기다리는 주소:"),
        pick("objects", "개 오브젝트")
    ))?;
    let width = beside.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    for (name, own) in &beside {
        output.line(&format!("  {name:width$}  https://{own}"))?;
    }
    output.line("")?;
    let width = reaching.iter().map(|own| own.client.len()).max().unwrap_or_default();
    for own in &reaching {
        output.line(&format!("  {:width$}  {}", own.client, own.line()))?;
    }
    output.line("")?;
    let of_etcd = beside.iter().filter(|(name, _)| name.starts_with("etcd@")).map(|(_, address)| *address);
    let of_real = real.map(RealEtcd::addresses).unwrap_or_default().into_iter().map(|(_, address)| address);
    let members: Vec<SocketAddr> = of_etcd.chain(of_real).collect();
    if let Some(line) = lab.etcdctl(&members).filter(|_| !members.is_empty()) {
        output.line(&format!("  {line} get /registry/ --prefix --keys-only\n"))?;
    }
    output.line(pick(
        "Paste one of these lines in another terminal, then: kubectl get nodes. Ctrl-C stops it.",
        "다른 터미널에 위의 한 줄을 붙여 넣고 kubectl get nodes를 실행해 보세요. Ctrl-C로 멈춰요.",
    ))
}
