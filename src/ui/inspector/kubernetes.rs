//! What a cluster makes of an open thing, and what `dojang check` finds wrong with it.

use super::Inspector;
use crate::audit::Finding;
use crate::lab::{Meaning, meaning};
use crate::x509::Kind;

/// What a cluster makes of it.
#[derive(Debug)]
pub(in crate::ui) struct ClusterView {
    /// The run whose findings it waits for.
    pub(in crate::ui) run: u64,
    /// Of a certificate or a request.
    pub(in crate::ui) meaning: Option<Meaning>,
    /// Those of the same key, by their places.
    pub(in crate::ui) pairs: Vec<usize>,
    /// What is wrong with its file, once that has been looked at.
    pub(in crate::ui) findings: Option<Vec<Finding>>,
    /// Lines that it is scrolled by.
    pub(in crate::ui) scroll: usize,
}

impl ClusterView {
    /// That of the open one, which waits for the findings of this run.
    pub(in crate::ui) fn of(inspector: &Inspector, run: u64) -> Option<Self> {
        let page = inspector.page.as_ref()?;
        let is_identity = matches!(page.document.kind, Kind::Certificate | Kind::CertificateRequest);
        let own = inspector.entry()?.pin.as_ref();
        let others = inspector.entries.iter().enumerate();
        let pairs =
            others.filter(|(at, other)| *at != page.entry && own.is_some() && other.pin.as_ref() == own);
        Some(Self {
            run,
            meaning: is_identity.then(|| meaning(&page.document)),
            pairs: pairs.map(|(at, _)| at).collect(),
            findings: None,
            scroll: 0,
        })
    }
}
