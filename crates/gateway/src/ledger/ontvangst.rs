//! Which messages came in before: the same bytes from the same partner get the receipt that they had.
//!
//! The row of a heenbericht is its receipt, so that most messages need no other: two that are the same have the same
//! Identificatie. What has no such row of its own has one for the receipt alone: a retour, a second message under one
//! Identificatie, and a message that is gone.

use iwmo_codec::messages::Message;

use super::apply::gemeente;
use super::{At, Heenbericht, LedgerError, Rows, Tellers, keys, put_row};
use crate::record::Bericht;
use crate::store::Overlay;
use crate::translate;

/// Returns the entry that recorded these bytes from this partner, if there is one.
///
/// # Errors
///
/// The store failed.
pub(crate) fn bekend(
    rows: &impl Rows,
    message: &Message,
    partner: &str,
    sha256: &[u8; 32],
) -> Result<Option<([u8; 4], u64)>, LedgerError> {
    let sides = translate::sides(message).ok().filter(|_| is_heenbericht(message));
    if let Some((gemeente, _)) = sides {
        let header = message.header();
        let code = message.kind().bericht_code();
        let key = keys::heenbericht(gemeente, header.afzender, code, header.identificatie);
        match rows.kept::<Heenbericht>(key)? {
            Some(row) => {
                let same = |(from, bytes): &(String, [u8; 32])| from == partner && bytes == sha256;
                if row.ontvangst.as_ref().is_some_and(same) {
                    return Ok(Some((keys::chain(gemeente).code(), row.seq)));
                }
            }
            // Nothing came under this Identificatie, or it is gone.
            None => {
                let tellers: Option<Tellers> = rows.row(&keys::tellers(gemeente))?;
                if !tellers.is_some_and(|tellers| tellers.weg) {
                    return Ok(None);
                }
            }
        }
    }
    rows.row(&keys::ontvangst(partner, sha256))
}

/// Keeps the receipt of a message that has no row of a heenbericht of its own.
pub(super) fn own(overlay: &mut Overlay<'_>, at: &At, bericht: &Bericht) -> Result<(), LedgerError> {
    put_row(overlay, keys::ontvangst(&bericht.partner, &bericht.sha256), &(at.chain.code(), at.seq))
}

/// Keeps the receipt of a message that is gone.
pub(super) fn gone(overlay: &mut Overlay<'_>, at: &At, bericht: &Bericht) -> Result<(), LedgerError> {
    own(overlay, at, bericht)?;
    let key = keys::tellers(gemeente(at)?);
    let tellers: Tellers = overlay.row(&key)?.unwrap_or_default();
    put_row(overlay, key, &Tellers { weg: true, ..tellers })
}

/// Whether a message is one of those of which a row says that its Identificatie was used.
pub(super) fn is_heenbericht(message: &Message) -> bool {
    matches!(
        message,
        Message::Wmo301(_)
            | Message::Wmo305(_)
            | Message::Wmo307(_)
            | Message::Wmo315(_)
            | Message::Wmo317(_)
            | Message::Wmo319(_)
            | Message::Wmo323(_)
            | Message::Wmo325(_)
    )
}
