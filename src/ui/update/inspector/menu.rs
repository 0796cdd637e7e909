//! What of an open thing is copied and exported.

use super::super::Effect;
use crate::text::Language;
use crate::ui::inspector::{Act, Entry, Menu, Page, stem};
use crate::ui::model::{Model, Notice};

/// Offers what can be copied or exported.
pub(in crate::ui::update) fn offer(model: &mut Model, offers: fn(&Entry, &Page, Language) -> Menu) {
    let language = model.language;
    let Some(inspector) = &mut model.inspector else { return };
    let found = inspector.entry().zip(inspector.page.as_ref());
    inspector.menu = found.map(|(entry, page)| offers(entry, page, language));
}

/// Does what is pointed at, or this one.
pub(super) fn take(model: &mut Model, which: Option<usize>) -> Vec<Effect> {
    let language = model.language;
    let Some(inspector) = &mut model.inspector else { return Vec::new() };
    let Some(mut menu) = inspector.menu.take() else { return Vec::new() };
    let at = which.unwrap_or(menu.chosen);
    if at >= menu.offers.len() {
        return Vec::new();
    }
    let (name, act) = menu.offers.swap_remove(at);
    match act {
        Act::Copy(text) => {
            let said = match language {
                Language::En => format!("Copied {name} (if the terminal allows it)."),
                Language::Ko => {
                    let particle = crate::text::particle(&name, "을", "를");
                    format!("{name}{particle} 복사했어요. (터미널이 허용할 때)")
                }
            };
            super::super::tell(model, said);
            vec![Effect::Copy(text)]
        }
        Act::Export(extension, bytes) => {
            let stem = inspector.entry().map(stem).unwrap_or_default();
            vec![Effect::Export { stem, extension, bytes }]
        }
    }
}

/// Tells what an export came to.
pub(in crate::ui::update) fn exported(model: &mut Model, result: Result<String, String>) {
    let (wrong, text) = match (result, model.language) {
        (Ok(path), Language::En) => (false, format!("Written to {path}")),
        (Ok(path), Language::Ko) => (false, format!("{path}에 저장했어요.")),
        (Err(error), _) => (true, error),
    };
    model.notice = Some(Notice { wrong, text });
}
