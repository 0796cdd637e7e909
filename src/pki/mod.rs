//! (to be furnished)

pub mod recipe;
