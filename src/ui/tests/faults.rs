//! The fault browser, and where the eye is led to in a verdict.

use super::*;
use crate::ui::browser::TrialState;

#[test]
fn a_fault_turns_the_map_from_green_to_red_and_back() {
    let mut lab = Lab::new(Language::En, (120, 36));
    lab.keys("fjj");
    assert!(lab.text().contains("▸ F03"));
    lab.keys("\n");
    let text = lab.text();
    assert!(text.contains("✓ 8 work   ✗ 0 broken") && text.contains("▸ Enter break it"), "{text}");
    lab.keys("\n");
    let text = lab.text();
    assert!(text.contains("✓ 3 work   ✗ 5 broken") && text.contains("← ✗1-5"), "{text}");
    lab.keys("\t");
    let text = lab.text();
    assert!(text.contains("~ authorityKeyIdentifier  changed") && text.contains("✗ after"), "{text}");
    lab.keys("\n");
    assert!(lab.text().contains("all is well"), "{}", lab.text());
    let tries = lab.effects.iter().filter(|effect| effect.starts_with("Try")).count();
    assert_eq!(tries, 3, "healthy, broken, healthy");
    lab.keys("qqq");
    assert!(lab.model.browser.is_none());
}

#[test]
fn what_belongs_to_an_older_trial_is_dropped_and_its_work_is_stopped() {
    let mut lab = Lab::new(Language::En, (80, 24));
    lab.keys("f");
    let effects = lab.press(KeyCode::Enter);
    let Some(Effect::Try { run, cancel, .. }) = effects.first() else { panic!("{effects:?}") };
    lab.press(KeyCode::Right);
    assert!(cancel.is_cancelled(), "the page was left");
    lab.model.redraw = false;
    lab.send(Msg::Tried(*run, Err("late".into())));
    assert!(!lab.model.redraw);
    let page = lab.model.browser.as_ref().unwrap().page.as_ref().unwrap();
    assert!(matches!(page.state, TrialState::Working { .. }), "{page:?}");
}

#[test]
fn a_filter_finds_by_message_and_esc_takes_it_back() {
    let mut lab = Lab::new(Language::En, (80, 24));
    lab.keys("f/invalid CA certificate");
    assert!(lab.text().contains("F01") && !lab.text().contains("F13"), "{}", lab.text());
    lab.key(KeyCode::Esc);
    assert!(lab.text().contains("F02"));
    lab.keys("/nothing has these words");
    assert!(lab.text().contains("No fault fits."));
    // With nothing to open, Enter does nothing.
    lab.keys("\n");
    assert!(lab.model.browser.as_ref().unwrap().page.is_none());
    // F09 speaks of F13, which is the one that is asked for.
    lab.key(KeyCode::Esc).keys("/f13");
    assert!(lab.text().contains("F09"), "{}", lab.text());
    lab.keys("\n\n");
    assert!(lab.text().contains("F13  An expired server certificate"), "{}", lab.text());
}

#[test]
fn a_click_opens_a_fault_and_a_tab() {
    let mut lab = Lab::new(Language::En, (80, 24));
    lab.keys("f");
    let (column, row) = lab.find("F04");
    lab.click(column, row).click(column, row);
    assert!(lab.text().contains("F04  OU instead of O"));
    let (column, row) = lab.find("Connection");
    lab.click(column, row);
    assert!(lab.text().contains("200: the server answered"), "{}", lab.text());
}

#[test]
fn a_fault_that_is_only_explained_runs_nothing() {
    let mut lab = Lab::new(Language::Ko, (60, 20));
    lab.keys("f/f06\n");
    assert!(lab.text().contains("설명만"));
    assert!(lab.effects.iter().all(|effect| !effect.starts_with("Try")));
}

#[test]
fn the_check_that_decided_is_in_view_and_a_key_leads_back_to_it() {
    for size in SIZES {
        let mut lab = Lab::new(Language::En, size);
        lab.keys("\nlllll\n\t");
        assert!(lab.text().contains("this decided"), "{size:?}\n{}", lab.text());
        lab.keys("<");
        let hidden = !lab.text().contains("this decided");
        lab.keys("d");
        assert!(lab.text().contains("this decided"), "{size:?}");
        assert!(hidden || size.1 > 24, "there is no room for all at {size:?}");
    }
}

#[test]
fn verifiers_that_differ_are_told_in_full_and_those_that_agree_in_a_line() {
    let mut lab = Lab::new(Language::En, (200, 60));
    lab.keys("\nlllll\n\tjjjjjjjj");
    let text = lab.text();
    assert!(text.contains("Three verifiers, and they differ"), "{text}");
    assert!(text.contains("webpki alone says otherwise"), "{text}");
    lab.keys("h\n\t>");
    let text = lab.text();
    assert!(text.contains("Go, webpki, OpenSSL accept it"), "{text}");
}

#[test]
fn openssl_is_asked_in_the_background_and_a_stale_answer_is_dropped() {
    let mut lab = Lab::new(Language::En, (120, 36));
    lab.keys("\nlllll\n");
    let run = lab.model.study.as_ref().unwrap().run;
    lab.model.redraw = false;
    lab.send(Msg::Opinions(run + 9, vec![crate::trust::opinion::Opinion::Absent]));
    assert!(!lab.model.redraw);
}
