//! Outgoing messages: where each stands and why it waits.

use serde::Serialize;

use crate::clock::dutch_time;
use crate::ledger::{LedgerError, Stand, Uitgaand, decode_row, keys};
use crate::store::Ledger;

/// An outgoing message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OutgoingView {
    /// Its name, `GEMEENTE:SEQ/N`.
    pub id: String,
    /// The kind of message, as `WMO306`.
    pub bericht: String,
    /// To whom.
    pub partner: String,
    /// `wacht`, `doorgegeven`, `bezorgd` or `geparkeerd`.
    pub stand: &'static str,
    /// Why it waits or is parked.
    pub reden: Option<String>,
    /// How often it was tried.
    pub pogingen: u32,
    /// When it was made.
    pub gemaakt: String,
    /// Since when it stands so.
    pub sinds: String,
    /// When the next attempt is due.
    pub volgende: Option<String>,
    /// The receipt of who has it.
    pub ontvangst: Option<String>,
}

/// Returns outgoing messages in order of gemeente and entry; of one partner if given; without those delivered
/// unless `all`.
///
/// # Errors
///
/// The store cannot be read.
pub fn outgoing(
    ledger: &Ledger,
    partner: Option<&str>,
    all: bool,
    limit: usize,
) -> Result<Vec<OutgoingView>, LedgerError> {
    let mut found = Vec::new();
    for row in ledger.scan(&keys::alle_uitgaand()) {
        if found.len() >= limit {
            break;
        }
        let (key, value) = row?;
        let Some(id) = keys::uitgaand_id(&key) else { continue };
        let row: Uitgaand = decode_row(&key, &value)?;
        if partner.is_some_and(|partner| partner != row.partner) || (!all && row.stand == Stand::Bezorgd) {
            continue;
        }
        let time = |micros| jiff::Timestamp::from_microsecond(micros).map(dutch_time).unwrap_or_default();
        found.push(OutgoingView {
            id: id.to_string(),
            bericht: row.soort,
            partner: row.partner,
            stand: match row.stand {
                Stand::Wacht => "wacht",
                Stand::Doorgegeven => "doorgegeven",
                Stand::Bezorgd => "bezorgd",
                Stand::Geparkeerd => "geparkeerd",
            },
            reden: row.reden,
            pogingen: row.pogingen,
            gemaakt: time(row.gemaakt_us),
            sinds: time(row.sinds_us),
            volgende: (row.stand == Stand::Wacht).then(|| time(row.niet_voor_us)),
            ontvangst: row.ontvangst,
        });
    }
    Ok(found)
}
