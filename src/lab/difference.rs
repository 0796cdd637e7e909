//! A certificate before and after a change, field by field.

use super::LabError;
use super::change::Changed;
use super::engine::Lab;
use super::panels::within_minutes;
use crate::x509::certificate_fields;

/// A certificate before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The artifact's id.
    pub id: String,
    /// Where it lies, relative to the workspace.
    pub path: String,
    /// Its fields: those that there are afterwards in their order, then those that are gone.
    pub fields: Vec<FieldDifference>,
}

/// One field before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldDifference {
    /// Its name: [`crate::x509`]'s.
    pub name: String,
    /// Its value before, if it was there.
    pub before: Option<String>,
    /// Its value after, if it is there.
    pub after: Option<String>,
    /// Whether it differs only as in every certificate that is issued anew: its serial
    /// number, and times that are a little later.
    pub is_of_any_reissue: bool,
}

impl FieldDifference {
    /// Whether it differs at all.
    #[must_use]
    pub fn differs(&self) -> bool {
        self.before != self.after
    }
}

impl Lab {
    /// What a change changed.
    pub(super) fn difference(&self, changed: &Changed) -> Result<Difference, LabError> {
        let before = certificate_fields(&changed.before)?;
        let after = certificate_fields(&changed.after)?;
        let mut fields = Vec::with_capacity(after.len());
        for field in &after {
            let was = before.iter().find(|old| old.name == field.name).map(|old| old.value.clone());
            let is_later = was.as_ref().is_some_and(|was| within_minutes(&field.name, was, &field.value));
            let differs = was.as_ref() != Some(&field.value);
            fields.push(FieldDifference {
                name: field.name.clone().into_owned(),
                is_of_any_reissue: differs && (field.name == "serialNumber" || is_later),
                before: was,
                after: Some(field.value.clone()),
            });
        }
        let gone = before.into_iter().filter(|old| !after.iter().any(|new| new.name == old.name));
        fields.extend(gone.map(|old| FieldDifference {
            name: old.name.into_owned(),
            before: Some(old.value),
            after: None,
            is_of_any_reissue: false,
        }));
        let path = match self.plan.certificate(&changed.id) {
            Some(leaf) => leaf.file().to_owned(),
            None => self.plan.authority(&changed.id).map(|a| a.place.certificate.clone()).unwrap_or_default(),
        };
        Ok(Difference { id: changed.id.clone(), path, fields })
    }
}
