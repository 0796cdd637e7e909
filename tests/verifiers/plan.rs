//! Authorities and leaves to be, healthy until told otherwise.

use dojang::blueprint::{HostName, KeyAlgorithm, Subject, Usage};
use dojang::pki::{Extension, Flaws, PrivateKey, Template, extension, name, sign_with_flaws};
use time::{Duration, OffsetDateTime};

use super::{NOW, Side};

pub(crate) const DAY: Duration = Duration::DAY;
pub(crate) const SERVER: &str = "kube-apiserver";

/// An authority or leaf to be.
#[derive(Clone)]
pub(crate) struct Plan {
    pub(crate) template: Template,
    flaws: Flaws,
}

pub(crate) fn key() -> PrivateKey {
    PrivateKey::generate(KeyAlgorithm::P256).unwrap()
}

pub(crate) fn dns(names: &[&str]) -> Extension {
    let names: Vec<HostName> = names.iter().map(|name| HostName::Dns((*name).to_owned())).collect();
    extension::subject_alt_name(&names)
}

pub(crate) fn addresses(addresses: &[&str]) -> Extension {
    let names: Vec<HostName> = addresses.iter().map(|name| HostName::Ip(name.parse().unwrap())).collect();
    extension::subject_alt_name(&names)
}

pub(crate) fn raw(last: u64, critical: bool, value: &[u8]) -> Extension {
    Extension { oid: vec![2, 5, 29, last], critical, value: value.to_vec() }
}

/// nameConstraints (RFC 5280 section 4.2.1.10) of one DNS name: 0 permits, 1 excludes.
pub(crate) fn constraint(kind: u8, name: &str) -> Extension {
    let length = u8::try_from(name.len()).unwrap();
    let mut value = vec![0x30, length + 6, 0xa0 | kind, length + 4, 0x30, length + 2, 0x82, length];
    value.extend_from_slice(name.as_bytes());
    raw(30, true, &value)
}

pub(crate) const KEY_USAGE: u64 = 15;
pub(crate) const BASIC_CONSTRAINTS: u64 = 19;
pub(crate) const EXTENDED_KEY_USAGE: u64 = 37;
pub(crate) const ALTERNATIVE_NAMES: u64 = 17;
pub(crate) const AUTHORITY_KEY: u64 = 35;

impl Plan {
    pub(crate) fn new(subject: &str, issuer: &str, of: &PrivateKey, extensions: Vec<Extension>) -> Self {
        Self {
            template: Template {
                version: Some(2),
                serial: vec![0x2a],
                issuer: name(&Subject::named(issuer)),
                not_before: NOW - DAY * 10,
                not_after: NOW + DAY * 10,
                subject: name(&Subject::named(subject)),
                public_key_info: of.public_key_info().to_vec(),
                extensions,
            },
            flaws: Flaws::default(),
        }
    }

    pub(crate) fn authority(subject: &str, issuer: &str, of: &PrivateKey, by: &PrivateKey) -> Self {
        let extensions = vec![
            extension::key_usage(&[5]),
            extension::basic_constraints(true),
            extension::subject_key_identifier(&of.identifier()),
            extension::authority_key_identifier(&by.identifier()),
        ];
        Self::new(subject, issuer, of, extensions)
    }

    pub(crate) fn leaf(issuer: &str, side: Side, of: &PrivateKey, by: &PrivateKey) -> Self {
        let extensions = vec![
            extension::key_usage(&[0]),
            usage(side),
            extension::basic_constraints(false),
            extension::authority_key_identifier(&by.identifier()),
            dns(&[SERVER]),
        ];
        Self::new("leaf", issuer, of, extensions)
    }

    /// Another extension of that kind in its place.
    pub(crate) fn with(mut self, extension: Extension) -> Self {
        self = self.without(*extension.oid.last().unwrap());
        self.template.extensions.push(extension);
        self
    }

    pub(crate) fn without(mut self, kind: u64) -> Self {
        self.template.extensions.retain(|extension| extension.oid != [2, 5, 29, kind]);
        self
    }

    pub(crate) fn bare(mut self) -> Self {
        self.template.extensions.clear();
        self
    }

    pub(crate) fn version_1(mut self) -> Self {
        self.template.version = None;
        self.bare()
    }

    pub(crate) fn between(mut self, from: OffsetDateTime, to: OffsetDateTime) -> Self {
        (self.template.not_before, self.template.not_after) = (from, to);
        self
    }

    pub(crate) fn expired(self) -> Self {
        self.between(NOW - DAY * 10, NOW - DAY)
    }

    pub(crate) fn called(mut self, subject: &str) -> Self {
        self.template.subject = name(&Subject::named(subject));
        self
    }

    pub(crate) fn serial(mut self, serial: &[u8]) -> Self {
        self.template.serial = serial.to_vec();
        self
    }

    pub(crate) fn flawed(mut self, flaws: Flaws) -> Self {
        self.flaws = flaws;
        self
    }

    pub(crate) fn by(&self, key: &PrivateKey) -> Vec<u8> {
        sign_with_flaws(&self.template, key, &self.flaws).unwrap()
    }
}

pub(crate) fn usage(side: Side) -> Extension {
    extension::extended_key_usage(&[match side {
        Side::S => Usage::Server,
        Side::C => Usage::Client,
    }])
}

pub(crate) fn other_usage(side: Side) -> Extension {
    usage(match side {
        Side::S => Side::C,
        Side::C => Side::S,
    })
}
