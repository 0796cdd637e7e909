//! A real etcd beside the API server: its members started, waited for, watched, and ended.

use std::fs::{self, OpenOptions};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde::Serialize;

use super::error::CliError;
use super::hold::held;
use super::output::Output;
use crate::cluster::is_healthy;
use crate::doctor::place_of;
use crate::handshake::Caller;
use crate::lab::{Cancel, Lab, RealMember, shell_word};
use crate::text::escape;

/// The ports of the first member; each further one has its own a hundred higher.
const CLIENT_PORT: u16 = 2379;
const PEER_PORT: u16 = 2380;
/// How long they may take to agree on a leader.
const START: Duration = Duration::from_secs(60);
/// How long one may take to end.
const PARTING: Duration = Duration::from_secs(5);
const TICK: Duration = Duration::from_millis(100);

/// Members that run, and end with this.
pub(super) struct RealEtcd {
    program: PathBuf,
    members: Vec<(RealMember, Child)>,
    /// Who has been told to have ended.
    ended: Vec<String>,
}

/// A member in JSON.
#[derive(Serialize)]
pub(super) struct MemberDocument {
    name: String,
    address: String,
    process: u32,
    command: String,
    data: String,
    log: String,
}

impl RealEtcd {
    /// Starts the members on the ports of etcd where these are free, else on any.
    ///
    /// It must be called by the thread that lives as long as the program: the members end with
    /// the thread that started them.
    pub(super) fn start(lab: &Lab, any_port: bool) -> Result<Self, CliError> {
        let program = place_of("etcd").ok_or_else(|| {
            CliError::Machine(
                "there is no etcd on the PATH of this machine; install it (Debian: apt install etcd-server), or leave out --etcd real for the lab's own".into(),
            )
        })?;
        let addresses = free_addresses(lab.real_members(), any_port)
            .map_err(|error| CliError::Machine(format!("no ports on 127.0.0.1 for etcd: {error}")))?;
        let mut own = Self { program, members: Vec::new(), ended: Vec::new() };
        for member in lab.real_etcd(&addresses)? {
            let child = own.spawn(&member).map_err(|error| {
                CliError::Machine(format!(
                    "cannot start etcd {} ({}): {error}",
                    member.name,
                    member.log.display()
                ))
            })?;
            own.members.push((member, child));
        }
        Ok(own)
    }

    fn spawn(&self, member: &RealMember) -> std::io::Result<Child> {
        // What it held is in the API server's store, and comes from there again.
        if let Err(error) = fs::remove_dir_all(&member.data)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            return Err(error);
        }
        for directory in [member.data.parent(), member.log.parent()].into_iter().flatten() {
            fs::create_dir_all(directory)?;
        }
        let log = OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&member.log)?;
        held(&self.program)?
            .args(&member.arguments)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            // Ctrl-C is for this program, which then ends them in good order.
            .process_group(0)
            .spawn()
    }

    /// What was started, for people.
    pub(super) fn announce(&self, output: &Output) -> Result<(), CliError> {
        for (member, child) in &self.members {
            output.line(&format!(
                "etcd {} ({} {})\n  {}\n  {} {}\n  {} {}",
                member.name,
                output.language.pick("process", "프로세스"),
                child.id(),
                self.command(member),
                output.language.pick("data", "데이터:"),
                shell_word(&member.data.display().to_string()),
                output.language.pick("log", "로그:"),
                shell_word(&member.log.display().to_string()),
            ))?;
        }
        Ok(())
    }

    /// What was started, in JSON.
    pub(super) fn documents(&self) -> Vec<MemberDocument> {
        let document = |(member, child): &(RealMember, Child)| MemberDocument {
            name: member.name.clone(),
            address: member.client.to_string(),
            process: child.id(),
            command: self.command(member),
            data: member.data.display().to_string(),
            log: member.log.display().to_string(),
        };
        self.members.iter().map(document).collect()
    }

    fn command(&self, member: &RealMember) -> String {
        let program = self.program.display().to_string();
        let words = std::iter::once(&program).chain(&member.arguments);
        words.map(|word| shell_word(word)).collect::<Vec<_>>().join(" ")
    }

    /// Where clients reach the members, by name.
    pub(super) fn addresses(&self) -> Vec<(String, SocketAddr)> {
        self.members.iter().map(|(member, _)| (member.name.clone(), member.client)).collect()
    }

    /// Waits until every member answers, and says so of each.
    pub(super) async fn wait(
        &mut self,
        output: &Output,
        caller: &Arc<Caller>,
        cancel: &Cancel,
    ) -> Result<(), CliError> {
        let began = Instant::now();
        for (place, (name, address)) in self.addresses().into_iter().enumerate() {
            loop {
                if let Some(problem) = self.problem() {
                    return Err(CliError::Machine(problem));
                }
                let why = match is_healthy(address, Arc::clone(caller)).await {
                    Ok(()) => break,
                    Err(why) => why,
                };
                if cancel.is_cancelled() {
                    return Ok(());
                }
                if began.elapsed() > START {
                    let log = self.log_of(&name);
                    return Err(CliError::Machine(format!(
                        "etcd {name} does not answer after {} s ({}); its log: {}",
                        START.as_secs(),
                        escape(&why),
                        log.display()
                    )));
                }
                tokio::time::sleep(TICK).await;
            }
            if !output.json {
                let healthy = output.language.pick("healthy", "정상이에요");
                output.line(&format!(
                    "etcd {name}: {healthy} ({}/{}, {:.1} s)",
                    place + 1,
                    self.members.len(),
                    began.elapsed().as_secs_f64()
                ))?;
            }
        }
        Ok(())
    }

    fn log_of(&self, name: &str) -> PathBuf {
        let found = self.members.iter().find(|(member, _)| member.name == name);
        found.map(|(member, _)| member.log.clone()).unwrap_or_default()
    }

    /// A member that has ended by itself, told once: what its log says last.
    pub(super) fn problem(&mut self) -> Option<String> {
        let ended = &mut self.ended;
        self.members.iter_mut().find_map(|(member, child)| {
            let status = child.try_wait().ok().flatten()?;
            if ended.contains(&member.name) {
                return None;
            }
            ended.push(member.name.clone());
            Some(format!(
                "etcd {} has ended ({status}); its log, {}, ends with: {}",
                member.name,
                member.log.display(),
                last_line(&member.log)
            ))
        })
    }
}

impl Drop for RealEtcd {
    /// Ends the members, each by its number: in good order, and by force who takes too long.
    fn drop(&mut self) {
        for (_, child) in &self.members {
            if let Some(process) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
                // It may have ended by itself.
                let _ = kill_process(process, Signal::TERM);
            }
        }
        let until = Instant::now() + PARTING;
        for (_, child) in &mut self.members {
            while matches!(child.try_wait(), Ok(None)) && Instant::now() < until {
                std::thread::sleep(TICK);
            }
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The end of a log, safe to print.
fn last_line(log: &Path) -> String {
    const LONGEST: usize = 600;
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let line = text.trim_end().lines().last().unwrap_or_default();
    escape(&line.chars().take(LONGEST).collect::<String>()).into_owned()
}

/// Two ports for each member, for clients and for the other members. They are held until all
/// are found, and may in theory be taken by somebody else before etcd listens.
fn free_addresses(count: usize, any_port: bool) -> std::io::Result<Vec<(SocketAddr, SocketAddr)>> {
    let mut held = Vec::new();
    let mut take = |usual: u16| {
        let on = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
        let listener = if any_port { on(0) } else { on(usual).or_else(|_| on(0)) }?;
        let address = listener.local_addr()?;
        held.push(listener);
        Ok::<_, std::io::Error>(address)
    };
    let steps = (0..u16::try_from(count).unwrap_or(u16::MAX)).map(|place| place.saturating_mul(100));
    steps
        .map(|step| Ok((take(CLIENT_PORT.saturating_add(step))?, take(PEER_PORT.saturating_add(step))?)))
        .collect()
}
