//! The screen as a whole, with an engine that only pretends.

use crate as dojang;

mod fake;
