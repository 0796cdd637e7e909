//! Words on a screen: languages, widths, wrapping, escaping, and the nearest right word.

mod escape;
mod language;
mod nearest;
mod quote;
mod wrap;

pub use escape::escape;
pub use language::{Language, particle};
pub use nearest::nearest;
pub use quote::{quote, quote_bytes};
pub use wrap::{truncate, width, wrap};
