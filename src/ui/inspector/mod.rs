//! The inspector: the list of what there is to read, one of them open with its fields, its
//! tree and its bytes, and what lies over those.

mod chain;
mod comparison;
mod kubernetes;
mod offers;
mod page;
mod row;
mod search;

use std::collections::HashMap;

use time::OffsetDateTime;

use crate::lab::Holding;
use crate::text::truncate;
use crate::x509::Kind;

pub(super) use chain::{Link, Note, chain};
pub(super) use comparison::{Comparison, Pair};
pub(super) use kubernetes::ClusterView;
pub(super) use offers::{Act, Menu, copies, exports, stem};
pub(super) use page::{Page, Pane};
pub(super) use row::Row;
pub(super) use search::Search;

/// Longer names are cut.
const LONGEST_TITLE: usize = 120;

/// The inspector.
#[derive(Debug)]
pub(super) struct Inspector {
    /// The run whose holdings it waits for.
    pub(super) run: u64,
    /// The present, once it has been told.
    pub(super) now: Option<OffsetDateTime>,
    /// Everything that is known.
    pub(super) entries: Vec<Entry>,
    /// The one that is pointed at on the list.
    pub(super) chosen: usize,
    /// Whether the list is shown as bars on a time line.
    pub(super) bars: bool,
    /// Whether the list is shown, under which nothing is open.
    pub(super) has_list: bool,
    /// Whether the list is there to choose the other one of a comparison.
    pub(super) picks: bool,
    /// The one that is open.
    pub(super) page: Option<Page>,
    /// Those that were left for their issuers, the last one last.
    pub(super) trail: Vec<usize>,
    /// What is shown of it.
    pub(super) shown: Shown,
    /// What is offered over all of it.
    pub(super) menu: Option<Menu>,
}

/// What is shown of an open one.
#[derive(Debug)]
pub(super) enum Shown {
    /// Its fields, its tree, its bytes.
    Panes,
    /// The words for one field, scrolled by so many lines.
    Words(usize),
    /// The way to its root; the link that is pointed at.
    Chain {
        /// From the leaf up.
        links: Vec<Link>,
        /// The one that is pointed at.
        chosen: usize,
    },
    /// It and its issuers on a time line; the one that is pointed at.
    Bars(usize),
    /// It beside another.
    Comparison(Box<Comparison>),
    /// What a cluster makes of it.
    Kubernetes(Box<ClusterView>),
}

/// Something that can be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// What it is and where it lies.
    pub(super) holding: Holding,
    /// Whose it is, in short. Safe to print.
    pub(super) title: String,
    /// The issuer's name. Safe to print.
    pub(super) issuer_name: String,
    /// When it is valid.
    pub(super) validity: Option<(OffsetDateTime, OffsetDateTime)>,
    /// Whether it is a CA.
    pub(super) is_authority: bool,
    /// The one that issued it by name and key identifier.
    pub(super) issuer: Option<usize>,
    /// The pin of its public key.
    pub(super) pin: Option<String>,
    /// Subject and issuer as they are encoded.
    names: [Vec<u8>; 2],
    /// Its key's identifier, and that of its issuer's key.
    keys: [String; 2],
}

impl Entry {
    /// What is known of it before it is opened.
    pub(super) fn of(holding: Holding) -> Self {
        let document = holding.item.document();
        let bytes = |name| document.field(name).map(|field| document.bytes(field).to_vec());
        let part = |name: &str, part: &str| {
            let field = document.field(name)?;
            Some(field.part(part).unwrap_or(field).value.clone())
        };
        let title = match holding.item.kind {
            Kind::RevocationList => document.value("issuer"),
            Kind::PrivateKey | Kind::PublicKey => document.value("publicKey"),
            _ => document.value("subject"),
        };
        let common = document.field("subject").and_then(|subject| {
            subject.all().filter(|field| field.name == "CN").last().map(|field| field.value.as_str())
        });
        let title = match (common, title) {
            (Some(common), _) if !common.is_empty() => common.strip_prefix("CN=").unwrap_or(common),
            (_, "") => document.value("subjectAltName"),
            (_, title) => title,
        };
        Self {
            title: short(title),
            issuer_name: short(document.value("issuer")),
            validity: document.validity(),
            is_authority: document.value("basicConstraints").contains("CA:TRUE"),
            issuer: None,
            pin: document.pin().map(str::to_owned),
            names: [bytes("subject").unwrap_or_default(), bytes("issuer").unwrap_or_default()],
            keys: [
                part("subjectKeyIdentifier", "subjectKeyIdentifier").unwrap_or_default(),
                part("authorityKeyIdentifier", "keyIdentifier").unwrap_or_default(),
            ],
            holding,
        }
    }

    /// Whether it names itself as its issuer.
    pub(super) fn is_root(&self) -> bool {
        self.holding.item.kind == Kind::Certificate && self.names.first() == self.names.last()
    }

    /// Whether it is a certificate of the name that the other one has for its issuer.
    pub(super) fn may_issue(&self, other: &Self) -> bool {
        self.holding.item.kind == Kind::Certificate && self.names.first() == other.names.last()
    }
}

fn short(text: &str) -> String {
    // Cut twice: measuring a long text takes long.
    truncate(text.get(..text.floor_char_boundary(4 * LONGEST_TITLE)).unwrap_or_default(), LONGEST_TITLE)
}

/// Sets the issuer of each: of the certificates with its issuer's name, the one whose key
/// identifier fits, else the first.
fn set_issuers(entries: &mut [Entry]) {
    let mut by_name: HashMap<Vec<u8>, Vec<usize>> = HashMap::new();
    for (index, entry) in entries.iter().enumerate() {
        if entry.holding.item.kind == Kind::Certificate && entry.is_authority {
            let [subject, _] = &entry.names;
            by_name.entry(subject.clone()).or_default().push(index);
        }
    }
    let issuers: Vec<Option<usize>> = entries
        .iter()
        .map(|entry| {
            let [_, issuer] = &entry.names;
            let [_, wanted] = &entry.keys;
            let found = by_name.get(issuer)?;
            let fits = |index: &&usize| {
                let key = entries.get(**index).map(|other| &other.keys);
                matches!(key, Some([key, _]) if key == wanted && !key.is_empty())
            };
            found.iter().find(fits).or(found.first()).copied()
        })
        .collect();
    for (entry, issuer) in entries.iter_mut().zip(issuers) {
        entry.issuer = issuer;
    }
}

impl Inspector {
    /// The list, before anything is known.
    pub(super) fn list(run: u64) -> Self {
        Self {
            run,
            now: None,
            entries: Vec::new(),
            chosen: 0,
            bars: false,
            has_list: true,
            picks: false,
            page: None,
            trail: Vec::new(),
            shown: Shown::Panes,
            menu: None,
        }
    }

    /// One thing at once; none if the bytes hold nothing that can be shown.
    pub(super) fn of(run: u64, holdings: Vec<Holding>) -> Option<Self> {
        let mut inspector = Self { has_list: false, ..Self::list(run) };
        inspector.entries = holdings.into_iter().map(Entry::of).collect();
        set_issuers(&mut inspector.entries);
        inspector.open(0).then_some(inspector)
    }

    /// What was named by the user, and nothing else; the only one at once.
    pub(super) fn given(run: u64, holdings: Vec<Holding>, now: OffsetDateTime) -> Self {
        let mut inspector = Self::list(run);
        inspector.now = Some(now);
        inspector.entries = holdings.into_iter().map(Entry::of).collect();
        set_issuers(&mut inspector.entries);
        if inspector.entries.len() == 1 {
            inspector.open(0);
        }
        inspector
    }

    /// Takes what the workspace holds, beside what is known already.
    pub(super) fn gathered(&mut self, now: OffsetDateTime, entries: Vec<Entry>) {
        self.now = Some(now);
        // What was given before stays where it is: a page may be open on it.
        let known = self.entries.len();
        let is_new = |entry: &Entry| {
            let given = self.entries.get(..known).unwrap_or_default();
            !given.iter().any(|other| other.holding.item.der == entry.holding.item.der)
        };
        let mut fresh: Vec<Entry> = entries.into_iter().filter(is_new).collect();
        // What has no validity comes last: the time line does without it.
        fresh.sort_by_key(|entry| entry.validity.is_none());
        self.entries.extend(fresh);
        set_issuers(&mut self.entries);
    }

    /// Opens one; whether there is such a one.
    pub(super) fn open(&mut self, entry: usize) -> bool {
        let Some(found) = self.entries.get(entry) else { return false };
        let document = found.holding.item.document();
        self.page = Some(Page::of(entry, document));
        self.shown = Shown::Panes;
        self.picks = false;
        true
    }

    /// The one that is open.
    pub(super) fn entry(&self) -> Option<&Entry> {
        self.entries.get(self.page.as_ref()?.entry)
    }

    /// How many the list shows; on a time line those behind the last that has a validity do
    /// not count.
    pub(super) fn count(&self) -> usize {
        let last = self.entries.iter().rposition(|entry| entry.validity.is_some());
        if self.bars { last.map_or(0, |last| last + 1) } else { self.entries.len() }
    }

    /// Whether the list is what is seen.
    pub(super) fn is_list(&self) -> bool {
        self.picks || self.page.is_none()
    }

    /// The open one and its issuers, by their places, for the time line.
    pub(super) fn line(&self) -> Vec<usize> {
        let mut line = Vec::new();
        let mut next = self.page.as_ref().map(|page| page.entry);
        while let Some(at) = next.filter(|at| !line.contains(at) && line.len() < 16) {
            line.push(at);
            next = self.entries.get(at).and_then(|entry| entry.issuer);
        }
        line
    }
}
