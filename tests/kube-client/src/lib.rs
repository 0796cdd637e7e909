//! The kube crate's client asks `dojang serve`: see `tests/serve.rs`.
