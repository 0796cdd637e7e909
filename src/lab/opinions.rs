//! What other verifiers make of a chain that Go has judged. webpki is asked at once, since
//! it takes microseconds; OpenSSL is a process, and is asked when somebody wants to know.

use std::sync::Arc;

use time::OffsetDateTime;

use crate::handshake::{ClientSide, Report, ServerSide};
use crate::trust::opinion::{Inquiry, Opinion, openssl, webpki};
use crate::trust::{Certificate, PathCertificate, Purpose, Question, Roots, Sent, Verdict, verify};

/// A chain as one side judged it, kept so that others can be asked of the same.
#[derive(Debug)]
pub struct Case {
    /// The DER certificates as the peer sent them, leaf first.
    pub chain: Vec<Vec<u8>>,
    /// The trusted certificates as DER.
    pub roots: Vec<Vec<u8>>,
    /// What for.
    pub purpose: Purpose,
    /// The name that was asked for, if one was.
    pub name: Option<String>,
    /// When.
    pub time: OffsetDateTime,
}

impl Case {
    fn inquiry(&self) -> Inquiry<'_> {
        Inquiry {
            chain: &self.chain,
            roots: &self.roots,
            purpose: self.purpose,
            name: self.name.as_deref(),
            time: self.time,
        }
    }

    /// Whether a client judged a server, else a server a client.
    #[must_use]
    pub fn is_of_server(&self) -> bool {
        self.purpose == Purpose::Server
    }

    /// What the machine's `openssl verify` says: starts a process, so call it off the
    /// screen's thread.
    #[must_use]
    pub fn ask_openssl(&self) -> Opinion {
        openssl(&self.inquiry())
    }
}

/// What others make of a chain that Go has judged.
#[derive(Debug, Clone)]
pub struct Opinions {
    /// The leaf, for where no path was tried; none if it does not parse.
    pub leaf: Option<PathCertificate>,
    /// webpki's, through rustls.
    pub webpki: Opinion,
    /// OpenSSL's; none until it is asked.
    pub openssl: Option<Opinion>,
    /// What they are asked.
    pub case: Arc<Case>,
}

impl Opinions {
    fn of(case: Case) -> Self {
        let leaf = case.chain.first().and_then(|der| Certificate::parse(der).ok());
        Self {
            leaf: leaf.as_ref().map(PathCertificate::of),
            webpki: webpki(&case.inquiry()),
            openssl: None,
            case: Arc::new(case),
        }
    }

    /// OpenSSL's opinion, asked now if it has not been yet.
    pub fn settle(&mut self) -> &Opinion {
        self.openssl.get_or_insert_with(|| self.case.ask_openssl())
    }
}

/// Of the server's chain, where the client verified it.
pub(super) fn of_server(
    report: &Report,
    client: &ClientSide,
    server: &ServerSide,
    time: OffsetDateTime,
) -> Option<Opinions> {
    report.server_verdict.as_ref()?;
    Some(Opinions::of(Case {
        chain: server.credential.chain.clone(),
        roots: ders(client.roots.as_deref()?),
        purpose: Purpose::Server,
        name: Some(client.server_name.to_string()),
        time,
    }))
}

/// Of the client's chain, where the server verified it: by the front proxies' authority if
/// that is the one that took it, else by the clients'.
pub(super) fn of_client(
    report: &Report,
    client: &ClientSide,
    server: &ServerSide,
    time: OffsetDateTime,
) -> Option<Opinions> {
    let verdict = report.client_verdict.as_ref()?;
    let proxies = server.request_header.as_ref().map(|header| &header.roots);
    let roots = proxies.filter(|roots| is_root_of(verdict, roots)).or(server.client_roots.as_ref())?;
    Some(Opinions::of(Case {
        chain: client.credential.as_ref()?.chain.clone(),
        roots: ders(roots),
        purpose: Purpose::Client,
        name: None,
        time,
    }))
}

/// Whether an accepted path ends at one of these.
fn is_root_of(verdict: &Verdict, roots: &Roots) -> bool {
    let last = verdict.path.last();
    last.is_some_and(|last| roots.certificates().iter().any(|root| root.subject().in_order() == *last))
}

fn ders(roots: &Roots) -> Vec<Vec<u8>> {
    roots.certificates().iter().map(|root| root.der().to_vec()).collect()
}

/// A verdict on a chain by no name, with what others make of it.
pub(super) fn judged(
    chain: Vec<Vec<u8>>,
    roots: &Roots,
    purpose: Purpose,
    time: OffsetDateTime,
) -> (Verdict, Opinions) {
    let verdict = verify(&Question { chain: &Sent::parse(&chain), roots, purpose, name: None, time });
    (verdict, Opinions::of(Case { chain, roots: ders(roots), purpose, name: None, time }))
}
