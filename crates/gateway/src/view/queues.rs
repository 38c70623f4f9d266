//! What is not delivered, by partner.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::OutgoingView;
use crate::clock::Moment;
use crate::config::{Partner, stilte_at};
use crate::ledger::{LedgerError, Rows, Stand, Uitgaand, Verzending, decode_row, keys};
use crate::store::Ledger;

/// What is not delivered to one partner.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct QueueView {
    /// To whom.
    pub partner: String,
    /// Messages that wait to be sent, for the first time or again.
    pub wacht: u64,
    /// Messages that the next hop has, unconfirmed.
    pub doorgegeven: u64,
    /// Messages that were refused or given up: work for an operator.
    pub geparkeerd: u64,
    /// Messages that an operator keeps back.
    pub vastgehouden: u64,
    /// When the oldest of them was made.
    pub oudste: Option<Moment>,
    /// How old it is.
    pub oudste_seconden: Option<i64>,
    /// Why the oldest waits or is parked.
    pub reden: Option<String>,
}

/// A partner to which nothing is sent: an operator holds it, or there is a freeze.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct HeldView {
    /// The partner.
    pub partner: String,
    /// Since when.
    pub sinds: Moment,
    /// Why: in the operator's words, or the freeze as the configuration has it.
    pub reden: String,
    /// Until when, where that is known.
    pub tot: Option<Moment>,
}

/// Returns the partners to which nothing is sent now because of a freeze (C-43).
#[must_use]
pub fn frozen(partners: &[Partner], now: Timestamp) -> Vec<HeldView> {
    let frozen = partners.iter().filter_map(|partner| Some((partner, stilte_at(&partner.stilte, now)?)));
    frozen
        .map(|(partner, (from, until))| HeldView {
            partner: partner.id.0.clone(),
            sinds: Moment(from),
            reden: format!(
                "stilte {}",
                partner.stilte.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
            ),
            tot: Some(Moment(until)),
        })
        .collect()
}

/// Says of messages that wait for a partner to which nothing is sent why they do, and when they leave at the earliest, if
/// that is known. `partners`: those of the configuration, where there is one.
pub fn say_still(rows: &mut [OutgoingView], still: &[HeldView], partners: Option<&[Partner]>) {
    let wait = Stand::Wacht.word();
    for row in rows.iter_mut().filter(|row| row.stand == wait) {
        let of_row = || still.iter().filter(|held| held.partner == row.partner);
        if partners.is_some_and(|all| all.iter().all(|partner| partner.id.0 != row.partner)) {
            row.reden = Some("the partner is not in the configuration".to_owned());
            row.volgende = None;
        } else if let Some(held) = of_row().find(|held| held.tot.is_none()) {
            row.reden = Some(format!("the partner is held: {}", held.reden));
            row.volgende = None;
        } else if let Some(held) = of_row().next() {
            row.reden = Some(held.reden.clone());
            row.volgende = row.volgende.max(held.tot);
        }
    }
}

/// Returns the partners to which nothing is sent because an operator holds them, or the hub that they are behind.
///
/// # Errors
///
/// The store cannot be read.
pub fn held(ledger: &Ledger, partners: &[Partner]) -> Result<Vec<HeldView>, LedgerError> {
    let mut found: Vec<HeldView> = Vec::new();
    for row in ledger.scan(&keys::verzendingen()) {
        let (key, value) = row?;
        let sending: Verzending = decode_row(&key, &value)?;
        let (Some(partner), Some(held)) = (keys::verzending_partner(&key), sending.vastgehouden) else {
            continue;
        };
        let since = Moment::of_us(held.sinds_us);
        found.push(HeldView { partner: partner.to_owned(), sinds: since, reden: held.reden, tot: None });
    }
    let behind: Vec<HeldView> = partners
        .iter()
        .filter(|partner| !found.iter().any(|held| held.partner == partner.id.0))
        .filter_map(|partner| {
            let hub = partner.via.as_ref()?;
            let held = found.iter().find(|held| held.partner == hub.0)?;
            Some(HeldView { partner: partner.id.0.clone(), ..held.clone() })
        })
        .collect();
    found.extend(behind);
    Ok(found)
}

/// Returns what is not delivered, by partner.
///
/// # Errors
///
/// The store cannot be read.
pub fn queues(ledger: &Ledger, now: Timestamp) -> Result<Vec<QueueView>, LedgerError> {
    let mut queues: BTreeMap<String, (i64, QueueView)> = BTreeMap::new();
    for row in ledger.scan(&keys::uitgaand_open_van(None)) {
        let (key, _) = row?;
        let Some(id) = keys::uitgaand_open_id(&key) else { continue };
        // Delivered between the scan and the read.
        let Some(row) = ledger.row::<Uitgaand>(&keys::uitgaand(&id))? else { continue };
        let (oldest, queue) = queues.entry(row.partner.clone()).or_insert_with(|| {
            (i64::MAX, QueueView { partner: row.partner.clone(), ..QueueView::default() })
        });
        match row.stand {
            Stand::Wacht => queue.wacht += 1,
            Stand::Doorgegeven => queue.doorgegeven += 1,
            Stand::Geparkeerd => queue.geparkeerd += 1,
            Stand::Vastgehouden => queue.vastgehouden += 1,
            Stand::Bezorgd | Stand::Geannuleerd => continue,
        }
        if row.gemaakt_us < *oldest {
            *oldest = row.gemaakt_us;
            let made = Timestamp::from_microsecond(row.gemaakt_us).unwrap_or(now);
            queue.oudste = Some(Moment(made));
            queue.oudste_seconden = Some(now.duration_since(made).as_secs());
            queue.reden = row.reden;
        }
    }
    Ok(queues.into_values().map(|(_, queue)| queue).collect())
}
