//! Under which BSNs a person is on record: their own, and those under which they were known wrongly (P13).

use iwmo_toewijzing::cak::Opgaven;
use iwmo_toewijzing::identity::{Bsn, Gemeente};

use crate::ledger::{LedgerError, Rows, keys};
use crate::store::Ledger;

/// Returns all BSNs under which a gemeente has this person on record, the given one first.
///
/// What is on record under a BSN that was stated to be wrong is of the person who has the right one. So who is removed is
/// removed under both, or it would come alive again as of somebody else.
///
/// # Errors
///
/// The store cannot be read.
pub(super) fn bsns(ledger: &Ledger, gemeente: Gemeente, bsn: &Bsn) -> Result<Vec<Bsn>, LedgerError> {
    let mut found = vec![*bsn];
    let mut at = 0;
    while let Some(one) = found.get(at).copied() {
        let opgaven: Option<Opgaven> = ledger.row(&keys::opgaven(gemeente, &one))?;
        for eerder in opgaven.into_iter().flat_map(|opgaven| opgaven.eerdere_bsns) {
            if !found.contains(&eerder) {
                found.push(eerder);
            }
        }
        at += 1;
    }
    Ok(found)
}
