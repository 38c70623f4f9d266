//! What a journal entry is like, as the indexes of the journal have it: what lists can be asked for.

use serde::{Deserialize, Serialize};

use super::entry::{EntryView, summarize};
use crate::journal::Entry;
use crate::vault;

/// What lists of entries can be asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryLabel {
    /// The kind of message.
    bericht: Option<String>,
    /// The partner it came from.
    partner: Option<String>,
    /// What a retour says.
    retour: Option<String>,
    /// Retourcodes, findings, and the rules that refused it.
    codes: Vec<String>,
}

/// What a list of entries is asked for.
#[derive(Clone, Debug, Default)]
pub struct EntryFilter {
    /// Only this kind of message, as `WMO305`.
    pub bericht: Option<String>,
    /// Only from this partner.
    pub partner: Option<String>,
    /// Only retours that say this: `goedgekeurd` or `afgekeurd`.
    pub retour: Option<String>,
    /// Only with this retourcode, this finding, or refused under this rule.
    pub code: Option<String>,
}

impl EntryLabel {
    fn of(view: EntryView) -> Self {
        let mut codes = view.retourcodes;
        codes.extend(view.waarschuwingen);
        // An approval names every rule that it keeps; who asks for a rule wants what it refused.
        if !["goedgekeurd", "verwerkt"].contains(&view.uitkomst.as_str()) {
            codes.extend(view.regels);
        }
        codes.sort_unstable();
        codes.dedup();
        Self { bericht: view.bericht, partner: view.partner, retour: view.retour.map(str::to_owned), codes }
    }
}

impl EntryFilter {
    /// Returns whether everything is wanted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bericht.is_none() && self.partner.is_none() && self.retour.is_none() && self.code.is_none()
    }

    /// Returns whether an entry is wanted.
    #[must_use]
    pub fn wants(&self, view: &EntryView) -> bool {
        self.is_empty() || self.takes(&EntryLabel::of(view.clone()))
    }

    /// Returns whether an entry with this label may be wanted. What cannot be read may be.
    #[must_use]
    pub fn wants_label(&self, label: &[u8]) -> bool {
        postcard::from_bytes(label).map_or(true, |label| self.takes(&label))
    }

    fn takes(&self, label: &EntryLabel) -> bool {
        let same = |wanted: &Option<String>, has: &Option<String>| wanted.is_none() || wanted == has;
        same(&self.bericht, &label.bericht)
            && same(&self.partner, &label.partner)
            && same(&self.retour, &label.retour)
            && self.code.as_ref().is_none_or(|code| label.codes.contains(code))
    }
}

/// Returns the label of an entry, which needs no key: what stands in it under keys is not looked at. Empty when the entry
/// cannot be read.
#[must_use]
pub fn label(entry: &Entry) -> Vec<u8> {
    let outline = vault::outline(entry);
    let view = outline.and_then(|outline| summarize(&outline).ok());
    view.and_then(|view| postcard::to_allocvec(&EntryLabel::of(view)).ok()).unwrap_or_default()
}
