//! # dojang: a seal, and a training hall
//!
//! A terminal lab for how a Kubernetes cluster uses TLS. Read this map first; the
//! house is built so that a room imports only from rooms above it in this list
//! (`tests/layering.rs` holds it to that).
//!
//! | room | is given | gives back |
//! |---|---|---|
//! | [`clock`], [`text`] | | time that can be injected; languages, widths, wrapping, escaping |
//! | [`blueprint`] | `assets/blueprint.toml` and a [`blueprint::ClusterSpec`] | a [`blueprint::Plan`]: every authority, certificate, key pair, kubeconfig, file and connection of that cluster |
//! | [`x509`] | bytes of any file | a lossless tree, named fields with their places and explanations, for showing |
//! | [`pki`] | a plan's entry, or one request | keys, CSRs, certificates, kubeconfigs, by one encoder |
//! | [`fault`] | `assets/faults.toml`; a healthy request and a change | the catalogue; a faulty request |
//! | [`trust`] | chain, roots, purpose, name, time | a [`trust::Verdict`]: the ordered checks by Go's rules, in Go's words |
//! | [`access`] | a verified client certificate, a request | the identity; the decision of `system:masters`, the Node authorizer and RBAC |
//! | [`wire`] | the bytes of a TLS connection and its secrets | every record and message of it, field by field |
//! | [`capture`] | recordings and who made them; a capture file | a pcapng that decrypts itself; the TLS connections of anybody's capture |
//! | [`handshake`] | two endpoints | one real rustls connection over TCP, judged on both sides, with the HTTP answer |
//! | [`workspace`] | a directory | artifacts on disk: atomic, private, resumable, one writer at a time |
//! | [`doctor`] | this machine | what it offers: terminal, clipboard, room, tools |
//! | [`audit`] | any directory | everything wrong or risky in it, worst first, with the fix |
//! | [`cluster`] | objects, and requests of real clients | an API server's answers: a store, discovery, authorization, CSRs |
//! | [`lesson`] | `lessons/` | lessons, steps, their words in both languages, progress |
//! | [`lab`] | all of the above | the one engine that both faces use |
//! | [`ui`] | the lab | the terminal screen |
//! | [`cli`] | the lab | the same without a screen, as text or JSON |

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

pub mod access;
pub mod audit;
pub mod blueprint;
pub mod capture;
pub mod cli;
pub mod clock;
pub mod cluster;
pub mod doctor;
pub mod fault;
pub mod handshake;
pub mod lab;
pub mod lesson;
pub mod pki;
pub mod text;
pub mod trust;
pub mod ui;
pub mod wire;
pub mod workspace;
pub mod x509;
