//! What is planted: the id of its finding, the file that it is found at, and a part of the
//! evidence.

mod certificates;
mod files;
mod flags;
mod kubeconfigs;
mod names;
mod usages;

use std::path::Path;

use crate::made::Layout;

pub(crate) use certificates::PLANTED as CERTIFICATES;
pub(crate) use files::PLANTED as FILES;
pub(crate) use flags::PLANTED as FLAGS;
pub(crate) use kubeconfigs::PLANTED as KUBECONFIGS;
pub(crate) use names::PLANTED as NAMES;
pub(crate) use usages::PLANTED as USAGES;

pub(crate) struct Plant {
    pub(crate) id: &'static str,
    pub(crate) layout: Layout,
    pub(crate) path: &'static str,
    pub(crate) evidence: &'static str,
    pub(crate) plant: fn(&Path),
}

const fn plant(
    id: &'static str,
    layout: Layout,
    path: &'static str,
    evidence: &'static str,
    plant: fn(&Path),
) -> Plant {
    Plant { id, layout, path, evidence, plant }
}

/// Everything.
pub(crate) fn planted() -> impl Iterator<Item = &'static Plant> {
    [CERTIFICATES, FILES, FLAGS, KUBECONFIGS, NAMES, USAGES].into_iter().flatten()
}
