//! The inspector on a certificate of ten thousand names: a step and the frame that shows it.

use std::hint::black_box;
use std::time::Duration;

use crossterm::event::KeyCode;
use dojang::blueprint::KeyAlgorithm;
use dojang::lab::holdings_of;
use dojang::text::Language;
use dojang::ui::{Options, Still};
use rcgen::{CertificateParams, KeyPair};

use super::{lab, median, milliseconds, row, timed};

/// Scrolls through the names, in the fields and in the tree.
pub(crate) fn inspector_frame() {
    let directory = tempfile::tempdir().unwrap();
    let lab = lab(directory.path(), KeyAlgorithm::P256);
    let names: Vec<String> = (0..10_000).map(|at| format!("host-{at}.example.svc.cluster.local")).collect();
    let certificate =
        CertificateParams::new(names).unwrap().self_signed(&KeyPair::generate().unwrap()).unwrap();
    let options = Options { language: Some(Language::Ko), color: true, ..Options::default() };
    let holdings = holdings_of("many.crt", certificate.der(), None);
    let mut still = Still::of_holdings(&lab, &options, holdings, (200, 60));
    for key in "/host-5000".chars() {
        still.press(KeyCode::Char(key));
    }
    still.press(KeyCode::Enter);
    let budget = Duration::from_millis(2);
    for pane in ["fields", "tree"] {
        let step = || {
            timed(|| {
                still.press(KeyCode::Down);
                drop(black_box(still.draw().unwrap().clone()));
            })
        };
        let own = median(std::iter::repeat_with(step).take(200).collect());
        let ratio = own.as_secs_f64() / budget.as_secs_f64();
        let figure = format!("a step in the {pane} of 10,000 names, beside its budget");
        row(&figure, &milliseconds(own), &milliseconds(budget), ratio);
        still.press(KeyCode::Tab);
    }
}
