//! What `dojang handshake` is asked.

use std::path::PathBuf;

use clap::Args;

use crate::cli::error::CliError;

/// What `--help` says of the documents.
pub(in crate::cli) const JSON: &str = "\
With --format json one document: {client, server, request, outcome, tls, cipher_suite, group, server_name, alpn,
server_verdict, client_verdict: {accepted, message, checks: [{rule, outcome, evidence}], webpki and openssl: {verdict:
accepted, refused, absent or silent, message} or null} or null, events: [{who, what}],
alert: {from, sent, go, go_prints} or null, identity: {user, groups} or null, fault: its id if one was asked for, decision,
response and http: {status, body} or null, client_prints, server_logs, micros, messages: as dojang decode gives them}.
outcome is an HTTP status, refused-by-client or refused-by-server. For HOST:PORT it is {address, server_name, outcome:
finished, refused-by-client, refused-by-server, broken or timed-out, problem, server_verdict, events, alert, …, messages};
with --listen a list of {number, from, server, outcome: an HTTP status, refused, finished (no request came), broken or timed-out, client_verdict,
identity, http, events, alert, server_logs, …, messages}.";

/// Who connects to whom, and how.
#[derive(Debug, Args)]
pub(in crate::cli) struct HandshakeArgs {
    /// The client: admin, kubelet@node01, …, or anonymous; or a real server's HOST:PORT; or,
    /// with --listen, the server
    #[arg(value_name = "CLIENT|HOST:PORT")]
    pub(super) first: String,
    /// The server: kube-apiserver, etcd, kubelet@node01
    #[arg(value_name = "SERVER")]
    pub(super) second: Option<String>,
    /// The TLS version [default: 1.3; a real server chooses]
    #[arg(long, value_name = "1.2|1.3", value_parser = ["1.2", "1.3"], hide_possible_values = true)]
    pub(super) tls: Option<String>,
    /// Another request than the usual one, for example "GET /api/v1/secrets"
    #[arg(long, value_name = "METHOD PATH")]
    pub(super) request: Option<String>,
    /// With this fault of the catalogue, on a copy: see `dojang faults list`
    #[arg(long, value_name = "ID")]
    pub(super) fault: Option<String>,
    /// The one cipher suite that the client offers: TLS13_CHACHA20_POLY1305_SHA256
    #[arg(long, value_name = "NAME")]
    pub(super) suite: Option<String>,
    /// The one group that the client offers: x25519, secp256r1, secp384r1, X25519MLKEM768
    #[arg(long, value_name = "NAME")]
    pub(super) group: Option<String>,
    /// The server refuses the client's first key share: HelloRetryRequest
    #[arg(long)]
    pub(super) retry: bool,
    /// Add the session's secrets to this file, as NSS key log lines
    #[arg(long, value_name = "FILE")]
    pub(super) keylog: Option<PathBuf>,
    /// Write the packets to this file, with the secrets that Wireshark reads them by
    #[arg(long, value_name = "FILE")]
    pub(super) pcapng: Option<PathBuf>,
    #[command(flatten)]
    pub(super) real: RealServerArgs,
    #[command(flatten)]
    pub(super) listen: ListenArgs,
}

/// How a real server is met.
#[derive(Debug, Args)]
pub(super) struct RealServerArgs {
    /// A file of authorities to judge the server by; without it nobody is verified
    #[arg(long, value_name = "FILE", help_heading = "With a real server (HOST:PORT)")]
    pub(super) ca: Vec<PathBuf>,
    /// The client's certificate, PEM, intermediates behind it
    #[arg(long, value_name = "FILE", requires = "key", help_heading = "With a real server (HOST:PORT)")]
    pub(super) cert: Option<PathBuf>,
    /// The client's private key, PEM
    #[arg(long, value_name = "FILE", requires = "cert", help_heading = "With a real server (HOST:PORT)")]
    pub(super) key: Option<PathBuf>,
    /// The name to ask for and to judge by [default: HOST]
    #[arg(long, value_name = "NAME", help_heading = "With a real server (HOST:PORT)")]
    pub(super) servername: Option<String>,
    /// How long it may take
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600), help_heading = "With a real server (HOST:PORT)")]
    pub(super) timeout: u64,
    /// Protocols to offer (ALPN), the dearest first: h2,http/1.1
    #[arg(
        long,
        value_name = "PROTOCOLS",
        value_delimiter = ',',
        help_heading = "With a real server (HOST:PORT)"
    )]
    pub(super) alpn: Vec<String>,
}

/// How real clients are met.
#[derive(Debug, Args)]
pub(super) struct ListenArgs {
    /// Be this server for real clients, and record each: [ADDRESS:]PORT, loopback unless told
    #[arg(long, value_name = "ADDRESS", conflicts_with_all = ["second", "fault", "request"], help_heading = "With real clients")]
    pub(super) listen: Option<String>,
    /// End after so many connections [default: at Ctrl-C]
    #[arg(long, value_name = "N", requires = "listen", help_heading = "With real clients")]
    pub(super) count: Option<usize>,
}

impl HandshakeArgs {
    /// Says which of a real server's options were given where there is none.
    pub(super) fn without_real_server(&self) -> Result<(), CliError> {
        let RealServerArgs { ca, cert, key, servername, alpn, timeout: _ } = &self.real;
        let given = [
            ("--ca", !ca.is_empty()),
            ("--cert", cert.is_some()),
            ("--key", key.is_some()),
            ("--servername", servername.is_some()),
            ("--alpn", !alpn.is_empty()),
        ];
        self.refuse(&given, "is for a real server: name one by HOST:PORT")
    }

    /// Says which options were given that a real server's handshake does not have.
    pub(super) fn without_component(&self) -> Result<(), CliError> {
        let given = [
            ("--request", self.request.is_some()),
            ("--fault", self.fault.is_some()),
            ("--suite", self.suite.is_some()),
            ("--group", self.group.is_some()),
            ("--retry", self.retry),
        ];
        self.refuse(&given, "is for two components of the cluster, not for a real server")
    }

    fn refuse(&self, given: &[(&str, bool)], why: &str) -> Result<(), CliError> {
        match given.iter().find(|(_, is_given)| *is_given) {
            Some((option, _)) => Err(CliError::Usage(format!("{option} {why}"))),
            None => Ok(()),
        }
    }
}
