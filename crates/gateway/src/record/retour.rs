//! What a retour says, beside what was done with it.

use iwmo_codec::retour::RetourView;
use minicbor::{Decode, Encode};

/// What a retour says of the message that it answers.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Retour {
    /// Whether it approves.
    #[n(0)]
    pub goedgekeurd: bool,
    /// The codes that say what is wrong, ascending and once each.
    #[n(1)]
    pub codes: Vec<String>,
}

impl Retour {
    /// Returns the word for what it says.
    #[must_use]
    pub fn word(&self) -> &'static str {
        if self.goedgekeurd { "goedgekeurd" } else { "afgekeurd" }
    }
}

impl From<&RetourView<'_>> for Retour {
    fn from(view: &RetourView<'_>) -> Self {
        Self { goedgekeurd: view.is_approved(), codes: fault_codes(view) }
    }
}

/// The codes that say that something is wrong, ascending and once each; of a refusal that has none, those that it has.
fn fault_codes(view: &RetourView<'_>) -> Vec<String> {
    let remarks = |code: &String| code != "0200" && code != "0233";
    let mut codes: Vec<String> = view.codes().map(|code| code.to_string()).collect();
    if view.is_approved() || codes.iter().any(remarks) {
        codes.retain(remarks);
    }
    codes.sort_unstable();
    codes.dedup();
    codes
}
