//! Which choices about the eigen bijdrage are in force (ieb-cak E13): row `E` `b`, from the entries that tell of the policy.
//!
//! What the configuration says about the eigen bijdrage comes into force for a gemeente with clients when somebody has looked at
//! what it does. Until then the entries tell of both.

use iwmo_toewijzing::identity::Gemeente;

use super::apply::gemeente as of_chain;
use super::{At, EbKeuzes, LedgerError, Rows, keys, put_row};
use crate::engine::Policy;
use crate::store::Overlay;

/// Applies what an entry says is in force, and what waits.
pub(super) fn stated(
    overlay: &mut Overlay<'_>,
    at: &At,
    beleid: &str,
    voorgesteld: Option<&str>,
) -> Result<(), LedgerError> {
    // An entry of a release whose policy has another form says nothing here.
    let Ok(policy) = Policy::read(beleid) else { return Ok(()) };
    let proposed = voorgesteld.and_then(|text| Policy::read(text).ok());
    for (code, own) in &policy.gemeente {
        let Ok(gemeente) = Gemeente::new(code) else { continue };
        let Some(in_kracht) = own.eigen_bijdrage.as_ref().map(crate::engine::choices_text) else { continue };
        let wanted = proposed.as_ref().and_then(|policy| policy.gemeente.get(code));
        let wanted = wanted.and_then(|own| own.eigen_bijdrage.as_ref()).map(crate::engine::choices_text);
        let voorgesteld = wanted.filter(|wanted| *wanted != in_kracht);
        let key = keys::eb_beleid(gemeente);
        let before: Option<EbKeuzes> = overlay.row(&key)?;
        let same = |before: &EbKeuzes| before.in_kracht == in_kracht && before.voorgesteld == voorgesteld;
        if !before.as_ref().is_some_and(same) {
            let row = EbKeuzes { in_kracht, voorgesteld, seq: at.seq, sinds_us: at.time.as_microsecond() };
            put_row(overlay, key, &row)?;
        }
    }
    Ok(())
}

/// What waited is in force.
pub(super) fn approved(overlay: &mut Overlay<'_>, at: &At) -> Result<(), LedgerError> {
    let key = keys::eb_beleid(of_chain(at)?);
    let Some(row) = overlay.row::<EbKeuzes>(&key)? else { return Ok(()) };
    let Some(in_kracht) = row.voorgesteld else { return Ok(()) };
    let row = EbKeuzes { in_kracht, voorgesteld: None, seq: at.seq, sinds_us: at.time.as_microsecond() };
    put_row(overlay, key, &row)
}
