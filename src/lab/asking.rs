//! A ready-made request, played on the cluster that serves as one of the lecture's identities.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration as Span;

use time::Duration;
use tokio::net::TcpStream;

use super::connect::runtime;
use super::engine::Lab;
use super::live::Live;
use super::requests::{Ask, Asker, Request, Requests};
use super::{Cancel, LabError};
use crate::access::Json;
use crate::blueprint::{HostName, KeyAlgorithm, Server, ServerStyle, Subject, Usage};
use crate::cluster;
use crate::handshake::{self, Asked, ClientSide, Credential, Options};
use crate::pki::{self, AuthorityRequest, BasicConstraints, Issuer, LeafRequest, PrivateKey};
use crate::trust::{Roots, Sent};
use crate::workspace::{authority_chain, credential};
use crate::x509;

/// No request on loopback takes longer.
const TIMEOUT: Span = Span::from_secs(5);
/// The allowance for clocks that are behind, as kubeadm's.
const BACKDATE: Duration = Duration::minutes(5);
/// How long what is signed for a demonstration is good.
const LIFETIME: Duration = Duration::hours(1);
/// The CA of the cluster's clients.
const AUTHORITY: &str = "ca";

impl Lab {
    /// Plays a request, and first what it needs and is not there. Gives what the client prints
    /// where it came to no answer.
    ///
    /// # Errors
    /// No cluster serves, there is no such request, or the machine cannot run it.
    pub fn ask(&self, id: &str) -> Result<Option<String>, LabError> {
        let idle = || LabError::Request("no cluster serves: open the live cluster first".into());
        let live = self.live().clone().ok_or_else(idle)?;
        let requests = Requests::of(&self.plan);
        let unknown = || LabError::Request(format!("there is no request `{id}`"));
        let ask = requests.ask.iter().find(|ask| ask.id == id).ok_or_else(unknown)?;
        let needed = ask.needs.as_ref().and_then(|need| requests.ask.iter().find(|own| own.id == *need));
        let runtime = runtime()?;
        let mut printed = None;
        for ask in needed.into_iter().chain([ask]) {
            let Some(asker) = requests.asker(&ask.by) else { continue };
            let (server, address) = self.asked_of(&live, ask)?;
            let client = self.client(&live, asker, server)?;
            for step in &ask.steps {
                if self.is_there(&live, step)? {
                    continue;
                }
                let side = ClientSide { request: format!("{} {}", step.method, step.path), ..client.clone() };
                let asked = runtime.block_on(async {
                    let stream = TcpStream::connect(address).await?;
                    let options = Options { timeout: TIMEOUT, ..Options::at(self.now()) };
                    handshake::ask(stream, &side, step.body.as_deref(), &options).await
                })?;
                printed = match asked {
                    Asked::Answered(_) => None,
                    Asked::RefusedByClient(why) | Asked::RefusedByServer(why) | Asked::Broken(why) => {
                        Some(why)
                    }
                };
            }
        }
        Ok(printed)
    }

    /// The server that is asked, and where it listens.
    fn asked_of(&self, live: &Live, ask: &Ask) -> Result<(&Server, SocketAddr), LabError> {
        let Some(kind) = &ask.server else { return Ok((self.api_server()?, live.address)) };
        let server = self.plan.servers.iter().find(|server| server.kind == *kind);
        let name = |server: &Server| format!("{}@{}", server.kind, server.node);
        let found = server.and_then(|server| {
            let (_, address) = live.servers.iter().find(|(own, _)| *own == name(server))?;
            Some((server, *address))
        });
        found.ok_or_else(|| LabError::Request(format!("no {kind} listens beside the API server")))
    }

    /// Whether what a request makes is there.
    fn is_there(&self, live: &Live, step: &Request) -> Result<bool, LabError> {
        let Some(path) = step.made() else { return Ok(false) };
        let master = self
            .signed(&Subject { organizations: vec!["system:masters".into()], ..Subject::named("dojang") })?;
        let found = live.cluster.handle(&Sent::parse(&master.chain), &cluster::Request::new("GET", &path));
        Ok(found.status == 200)
    }

    /// An identity as a client of a server.
    fn client(&self, live: &Live, asker: &Asker, server: &Server) -> Result<ClientSide, LabError> {
        let of_plan = |id: &String| -> Result<Credential, LabError> {
            let own = credential(self.store(), &self.plan, id)?;
            Ok(Credential { chain: own.chain, key: own.key.der().to_vec() })
        };
        let shown = match (&asker.credential, &asker.subject, &asker.forged) {
            (Some(id), ..) => Some(of_plan(id)?),
            (_, Some(subject), _) => Some(self.signed(subject)?),
            (.., Some(subject)) => Some(self.forged(subject)?),
            _ => None,
        };
        let token = match &asker.account {
            Some(account) => self.token(live, account)?,
            None => asker.token.clone(),
        };
        let headers = token.map(|token| ("Authorization".to_owned(), format!("Bearer {token}")));
        let roots = match asker.trusts_other {
            true => Roots::from_der([self.other_authority()?.0]),
            false => Roots::from_der(authority_chain(self.store(), &self.plan, &server.client_authority)?),
        };
        let name = match server.style {
            ServerStyle::KubeApiserver => self.verified_name(server, live.address)?,
            _ => None,
        };
        let name =
            name.map_or_else(|| HostName::Ip(live.address.ip()), |name| HostName::Dns(name.to_string()));
        Ok(ClientSide {
            name: asker.id.clone(),
            address: None,
            credential: shown,
            roots: Some(Arc::new(roots)),
            server_name: name,
            request: String::new(),
            headers: headers.into_iter().collect(),
        })
    }

    /// A client certificate of the cluster's CA for a short while; nothing is written.
    fn signed(&self, subject: &Subject) -> Result<Credential, LabError> {
        self.with_issuer(AUTHORITY, &Cancel::default(), |issuer| self.leaf(subject, issuer))
    }

    fn leaf(&self, subject: &Subject, issuer: &Issuer<'_>) -> Result<Credential, LabError> {
        let key = PrivateKey::generate(KeyAlgorithm::P256)?;
        let request = LeafRequest {
            subject: subject.clone(),
            names: Vec::new(),
            usages: vec![Usage::Client],
            not_before: self.now() - BACKDATE,
            not_after: self.now() + LIFETIME,
            version_1: false,
        };
        let leaf = pki::leaf_certificate(&request, key.public_key_info(), issuer)?;
        Ok(Credential { chain: vec![leaf], key: key.der().to_vec() })
    }

    /// A CA that nobody here trusts.
    fn other_authority(&self) -> Result<(Vec<u8>, PrivateKey), LabError> {
        let key = PrivateKey::generate(KeyAlgorithm::P256)?;
        let request = AuthorityRequest {
            subject: Subject::named("other-ca"),
            dns_names: Vec::new(),
            not_before: self.now() - BACKDATE,
            not_after: self.now() + LIFETIME,
            version_1: false,
            basic_constraints: BasicConstraints::Authority,
            may_sign: true,
        };
        Ok((pki::authority_certificate(&request, &key)?, key))
    }

    /// A certificate of a CA that nobody here trusts.
    fn forged(&self, subject: &Subject) -> Result<Credential, LabError> {
        let (certificate, key) = self.other_authority()?;
        let fields = x509::issuer_fields(&certificate)?;
        let issuer = Issuer { subject: fields.subject, key_identifier: fields.key_identifier, key: &key };
        self.leaf(subject, &issuer)
    }

    /// A token of a service account, as `kubectl create token` gets it.
    fn token(&self, live: &Live, account: &str) -> Result<Option<String>, LabError> {
        let master = self
            .signed(&Subject { organizations: vec!["system:masters".into()], ..Subject::named("dojang") })?;
        let path = format!("/api/v1/namespaces/default/serviceaccounts/{account}/token");
        let request = cluster::Request::new("POST", &path).with_body(
            "application/json",
            r#"{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{"expirationSeconds":3600}}"#,
        );
        let answer = live.cluster.handle(&Sent::parse(&master.chain), &request);
        let status = serde_json::from_str::<Json>(&answer.text()).ok();
        Ok(status.map(|status| status.text("status.token").to_owned()).filter(|token| !token.is_empty()))
    }
}
