//! Which settings are in force when the configuration is new.

use std::sync::Arc;

use iwmo_toewijzing::identity::Gemeente;

use crate::engine::Settings;
use crate::engine::policy::{choices, choices_text};
use crate::ledger::{EbKeuzes, LedgerError, Rows, keys};
use crate::store::Ledger;

/// Returns the settings that are in force: those of the configuration, but for choices about the eigen bijdrage that are new to
/// a gemeente with clients. They change what the CAK is told of many at once, so a person looks first (E13). With them, if
/// there are such choices, comes the policy of the configuration.
pub(super) fn in_force(
    configured: &Arc<Settings>,
    rows: &impl Rows,
    ledger: &Ledger,
) -> Result<(Arc<Settings>, Option<String>), LedgerError> {
    let mut settings = None;
    for (gemeente, own) in configured.gemeenten.iter().filter(|(_, own)| own.cak.is_some()) {
        let Some(row) = rows.row::<EbKeuzes>(&keys::eb_beleid(*gemeente))? else { continue };
        if row.in_kracht == choices_text(&own.eb) || !has_clients(ledger, *gemeente)? {
            continue;
        }
        // What an earlier release wrote and this one cannot read is not held on to.
        let Some(before) = choices(&row.in_kracht) else { continue };
        let settings = settings.get_or_insert_with(|| Settings::clone(configured));
        if let Some(held) = settings.gemeenten.get_mut(gemeente) {
            held.eb = before;
        }
    }
    Ok(match settings {
        Some(settings) => (Arc::new(settings), Some(configured.policy_text())),
        None => (Arc::clone(configured), None),
    })
}

fn has_clients(ledger: &Ledger, gemeente: Gemeente) -> Result<bool, LedgerError> {
    Ok(ledger.scan(&keys::personen_van(gemeente)).next().transpose()?.is_some())
}
