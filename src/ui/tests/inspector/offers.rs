//! What is copied and exported.

use super::super::*;
use super::{apiserver, holdings};
use crate::ui::inspector::{Inspector, Page};
use crate::x509::Document;

#[test]
fn what_is_pointed_at_is_copied_and_exported() {
    let mut lab = Lab::new(Language::En, (80, 24));
    lab.keys("i\n/notAfter\nc");
    assert!(lab.text().contains("the value of notAfter"), "{}", lab.text());
    let copied = |lab: &mut Lab| match lab.press(KeyCode::Enter).pop() {
        Some(Effect::Copy(text)) => text,
        other => panic!("{other:?}"),
    };
    assert_eq!(copied(&mut lab), "2027-11-23T19:51:21Z");
    lab.keys("cj");
    assert_eq!(copied(&mut lab), "170d3237313132333139353132315a");
    lab.keys("cjj");
    assert!(copied(&mut lab).starts_with("-----BEGIN CERTIFICATE-----\n"));
    lab.keys("cjjj");
    let command = copied(&mut lab);
    assert!(command.starts_with("openssl x509 -noout -enddate <<'EOF'\n-----BEGIN"), "{command}");
    let said = std::process::Command::new("sh").arg("-c").arg(&command).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&said.stdout), "notAfter=Nov 23 19:51:21 2027 GMT\n");
    lab.keys("ej");
    let effects = lab.press(KeyCode::Enter);
    let Some(Effect::Export { stem, extension, bytes }) = effects.first() else { panic!("{effects:?}") };
    assert_eq!((stem.as_str(), *extension, bytes.as_slice()), ("apiserver", "der", apiserver().as_slice()));
    lab.send(Msg::Exported(Ok("/home/learner/apiserver.der".into())));
    assert!(lab.text().contains("Written to /home/learner/apiserver.der"));
    lab.keys("ejj");
    let effects = lab.press(KeyCode::Enter);
    let Some(Effect::Export { bytes, .. }) = effects.first() else { panic!("{effects:?}") };
    let json: serde_json::Value = serde_json::from_slice(bytes).unwrap();
    assert_eq!(json["fields"][0]["name"], "version");
}

/// Commands that are offered for every field are such as openssl takes.
#[test]
fn every_command_that_is_offered_runs() {
    let holding = holdings().swap_remove(0);
    let inspector = Inspector::of(0, vec![holding]).unwrap();
    let entry = &inspector.entries[0];
    let mut page = Page::of(0, Document::read(&apiserver()));
    for at in (0..page.rows.len()).filter(|at| page_depth(&inspector, *at) < 2) {
        page.select_field(at);
        let menu = crate::ui::inspector::copies(entry, &page, Language::En);
        let Some((_, crate::ui::inspector::Act::Copy(command))) = menu.offers.last() else { panic!() };
        let said = std::process::Command::new("sh").arg("-c").arg(command).output().unwrap();
        let name = &page.rows[at].field.name;
        assert!(said.status.success() && !said.stdout.is_empty(), "{name}: {command} {said:?}");
    }
}

fn page_depth(inspector: &Inspector, at: usize) -> usize {
    inspector.page.as_ref().unwrap().rows[at].depth
}
