//! That each field of each message and its bytes find each other.

use std::collections::BTreeSet;
use std::sync::Arc;

use ratatui::style::Modifier;

use super::super::*;
use super::{every_kind, recorded};
use crate::lab::{PlayRequest, Scene, Tls, Variant};
use crate::ui::theatre::Pane;
use crate::ui::view::{self, Spot, Target};

impl Lab {
    /// The bytes that stand out.
    fn highlighted(&self) -> BTreeSet<usize> {
        let buffer = self.buffer();
        let columns = usize::from(buffer.area.width);
        let mut found = BTreeSet::new();
        for (at, cell) in buffer.content.iter().enumerate() {
            if cell.modifier.contains(Modifier::REVERSED) {
                let (x, y) = (u16::try_from(at % columns).unwrap(), u16::try_from(at / columns).unwrap());
                if let Target::Theatre(Spot::Byte(byte)) = view::hit(&self.model, x, y) {
                    found.insert(byte);
                }
            }
        }
        found
    }

    /// The bytes that are seen.
    fn seen(&self) -> std::ops::Range<usize> {
        let in_row = view::theatre_bytes_in_row(&self.model);
        let [.., sight] = view::theatre_sights(&self.model).unwrap();
        let first = self.show().scrolls[2];
        first * in_row..(first + sight.rows) * in_row
    }
}

#[test]
fn every_field_and_its_bytes_find_each_other() {
    let mut plays = vec![every_kind()];
    for (tls, variant) in [
        (Tls::Tls13, Variant::Plain),
        (Tls::Tls12, Variant::Plain),
        (Tls::Tls13, Variant::Fault("F22".into())),
    ] {
        let scene = Scene::Edge { client: "a".into(), server: "b".into() };
        plays.push(recorded(&PlayRequest { scene, tls: Some(tls), variant }));
    }
    let mut kinds = BTreeSet::new();
    for play in plays {
        let play = Arc::new(play);
        for outside in [false, true] {
            let mut lab = Lab::new(Language::En, (80, 24));
            crate::ui::update::show(&mut lab.model, Arc::clone(&play));
            lab.keys(if outside { ">e>" } else { ">" });
            let rows = lab.show().rows.len();
            for row in 0..rows {
                lab.keys("<");
                for _ in 0..row {
                    lab.keys("j");
                }
                let Some((_, message)) = lab.show().message() else { continue };
                let (kind, length, count) =
                    (message.kind.name(), message.bytes.len(), message.outline().len());
                let leaves = message.outline().into_iter().filter(|(_, field)| field.children.is_empty());
                let covered: Vec<usize> = leaves.flat_map(|(_, field)| field.range.clone()).collect();
                assert_eq!(covered, (0..length).collect::<Vec<_>>(), "{kind}");
                if !kinds.insert((kind, outside, length)) {
                    continue;
                }
                lab.keys("\n\n\t\t");
                if lab.show().pane == Pane::Bytes {
                    lab.keys("\t");
                }
                assert_eq!(lab.show().pane, Pane::Fields);
                lab.keys("<");
                for field in 0..count {
                    assert_eq!(lab.show().field, field, "{kind}");
                    let range = lab.show().field().unwrap().range.clone();
                    let seen = lab.seen();
                    let expected: BTreeSet<usize> = range.filter(|byte| seen.contains(byte)).collect();
                    assert!(!expected.is_empty(), "{kind}: field {field} is out of sight");
                    assert_eq!(lab.highlighted(), expected, "{kind}: field {field}\n{}", lab.text());
                    lab.keys("j");
                }
                lab.keys("\t<");
                assert_eq!(lab.show().pane, Pane::Bytes);
                for byte in 0..length {
                    let show = lab.show();
                    assert_eq!(show.byte, byte);
                    let field = show.field().unwrap();
                    assert!(field.range.contains(&byte) && field.children.is_empty(), "{kind}: byte {byte}");
                    assert!(lab.seen().contains(&byte));
                    lab.keys("l");
                }
                lab.keys("qq");
            }
        }
    }
    let kinds: BTreeSet<&str> = kinds.into_iter().map(|(kind, ..)| kind).collect();
    for kind in ["client_hello", "key_update", "certificate_status", "alert", "application_data", "not_tls"] {
        assert!(kinds.contains(kind), "{kinds:?}");
    }
    assert!(kinds.len() >= 25, "{kinds:?}");
}

#[test]
fn a_certificate_on_the_wire_is_opened_in_the_inspector() {
    let mut lab = Lab::in_theatre(Language::En, (120, 36));
    lab.keys(">").at(crate::wire::Kind::CLIENT_HELLO).keys("i");
    assert!(lab.model.inspector.is_none(), "there is no certificate in a ClientHello");
    lab.at(crate::wire::Kind::CERTIFICATE);
    let sent = lab.show().certificate().map(|(_, der)| der.to_vec()).unwrap();
    lab.keys("i");
    let page = lab.model.inspector.as_ref().and_then(|inspector| inspector.page.as_ref()).unwrap();
    assert_eq!(page.document.der, sent);
    assert!(lab.text().contains("etcd-server"), "{}", lab.text());
    lab.keys("q");
    assert!(lab.model.inspector.is_none());
    assert_eq!(lab.show().certificate().map(|(_, der)| der.to_vec()), Some(sent));
}
