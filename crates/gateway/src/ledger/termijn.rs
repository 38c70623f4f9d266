//! Deadlines that somebody dealt with, because no message shows that they were met.

use iwmo_toewijzing::identity::ToewijzingNummer;

use super::apply::{gemeente, inconsistent};
use super::{Afgehandeld, At, LedgerError, keys, put_row};
use crate::clock::dutch_date;
use crate::record::TermijnPlek;
use crate::store::Overlay;

/// Keeps that these deadlines were dealt with, on the day on which it was said.
pub(super) fn done(overlay: &mut Overlay<'_>, at: &At, termijnen: &[TermijnPlek]) -> Result<(), LedgerError> {
    let gemeente = gemeente(at)?;
    for plek in termijnen {
        let nummer = ToewijzingNummer::new(plek.nummer)
            .map_err(|_| inconsistent(at, "the act names no toewijzing"))?;
        let row = Afgehandeld { seq: at.seq, dag: dutch_date(at.time) };
        put_row(overlay, keys::termijn(gemeente, nummer, &plek.termijn), &row)?;
    }
    Ok(())
}
