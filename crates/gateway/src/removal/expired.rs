//! About whom the term for keeping is over.

use iwmo_toewijzing::identity::{Bsn, Gemeente};
use jiff::ToSpan;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::bsns::bsns;
use super::held::{Held, held};
use crate::clock::dutch_midnight;
use crate::journal::Reader;
use crate::ledger::{LedgerError, keys};
use crate::record::REMOVAL_PERSONS_MAX;
use crate::store::Ledger;

/// About how many persons the term is over at a gemeente.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verlopen {
    /// Gemeentecode.
    pub gemeente: Gemeente,
    /// Persons that can be removed.
    pub personen: u64,
    /// Entries about them.
    pub entries: u64,
    /// Persons of whom the term is over, and something else stands against removing them.
    pub tegengehouden: u64,
    /// There are more: at most so many are removed in one go.
    pub meer: bool,
}

/// Returns the persons of a gemeente about whom the term is over and whom nothing else holds, and how many are held.
///
/// # Errors
///
/// The store or the journal cannot be read.
pub fn expired(
    ledger: &Ledger,
    reader: &Reader,
    gemeente: Gemeente,
    today: Date,
    term_years: u16,
) -> Result<(Verlopen, Vec<(Bsn, Held)>), LedgerError> {
    let chain = keys::chain(gemeente);
    let mut verlopen = Verlopen { gemeente, personen: 0, entries: 0, tegengehouden: 0, meer: false };
    let mut found = Vec::new();
    let tip = reader.tips().get(&chain).map_or(0, |tip| tip.seq);
    let Some(limit) = today.checked_sub(i64::from(term_years).years()).ok().and_then(dutch_midnight) else {
        return Ok((verlopen, found));
    };
    // In a store that is younger than the term nobody need be looked at.
    let last = reader.first_at(chain, tip, limit)?.saturating_sub(1);
    if last == 0 {
        return Ok((verlopen, found));
    }
    let mut consider = |bsn: &str, seq: u64| -> Result<bool, LedgerError> {
        let Some(bsn) = Bsn::new(bsn).ok().filter(|_| seq <= last) else { return Ok(true) };
        let mut person = Vec::new();
        for one in bsns(ledger, gemeente, &bsn)? {
            if found.iter().any(|(taken, _)| *taken == one) {
                continue;
            }
            person.extend(held(ledger, reader, gemeente, &one, today, term_years)?.map(|held| (one, held)));
        }
        if person.is_empty() {
            return Ok(true);
        }
        if person.iter().any(|(_, held)| !held.gehouden.hindernissen.is_empty()) {
            verlopen.tegengehouden += 1;
            return Ok(true);
        }
        if found.len() + person.len() > REMOVAL_PERSONS_MAX {
            verlopen.meer = true;
            return Ok(false);
        }
        verlopen.personen += 1;
        verlopen.entries += person.iter().map(|(_, held)| held.gehouden.entries).sum::<u64>();
        found.append(&mut person);
        Ok(true)
    };
    // The rows of a person stand together, the latest entry last.
    let mut current: Option<(String, u64)> = None;
    for row in ledger.scan(&keys::persoon_entries_van(chain.code())) {
        let (key, _) = row?;
        let Some((bsn, seq)) = keys::persoon_entry_delen(&key) else { continue };
        match &mut current {
            Some((person, latest)) if person == bsn => *latest = seq,
            _ => {
                if let Some((person, latest)) = current.replace((bsn.to_owned(), seq))
                    && !consider(&person, latest)?
                {
                    return Ok((verlopen, found));
                }
            }
        }
    }
    if let Some((person, latest)) = current {
        consider(&person, latest)?;
    }
    Ok((verlopen, found))
}
