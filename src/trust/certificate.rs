//! (to be furnished)
/// A certificate as Go's parser takes it.
#[derive(Debug, Clone)]
pub struct Certificate;
