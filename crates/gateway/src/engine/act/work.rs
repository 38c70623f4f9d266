//! Acts on work: a person whose notifications go on, messages whose oddities were dealt with, deadlines that were.

use std::collections::BTreeSet;

use iwmo_toewijzing::Dossier;
use iwmo_toewijzing::cak::EbBericht;
use iwmo_toewijzing::deadline::{self, Deadline, Subject};
use iwmo_toewijzing::dossier::Onderwerp;
use iwmo_toewijzing::event::DossierKey;
use iwmo_toewijzing::identity::{Gemeente, ToewijzingNummer};

use super::{ActError, Narrowed};
use crate::engine::{OutgoingId, Settings};
use crate::journal::{Chain, EntryId};
use crate::ledger::{Afgehandeld, EbMelding, LedgerError, Opmerking, Persoon, Rows, Uitgaand, keys};
use crate::record::{ACT_MESSAGES_MAX, Plek, TermijnPlek, Wat};

/// The persons of notifications for whom the planner goes on.
pub(super) fn released(rows: &impl Rows, chain: Chain, meldingen: &[Plek]) -> Result<Narrowed, ActError> {
    let asked = counted(chain, meldingen)?;
    let mut left = Vec::new();
    for plek in &asked {
        let id = OutgoingId { gemeente: chain.code(), seq: plek.seq, index: plek.index };
        let row: Option<Uitgaand> = rows.row(&keys::uitgaand(&id))?;
        let Some(row) = row else { return Err(ActError::NoMessage(id)) };
        let Some(persoon) = person(rows, &id, &row)? else { return Err(ActError::NoNotification(id)) };
        if persoon.eb.handmatig().is_some() || persoon.eb.is_oud_ingetrokken() {
            left.push(*plek);
        }
    }
    Ok(narrowed(left, asked.len(), |meldingen| Wat::CakVrijgeven { meldingen }))
}

/// The entries about which something odd is still open. One about which nothing ever was is refused.
pub(super) fn done(rows: &impl Rows, chain: Chain, entries: &[u64]) -> Result<Narrowed, ActError> {
    let asked = counted(chain, entries)?;
    let gemeente = gemeente(chain).ok_or(ActError::WrongChain(chain))?;
    let mut left = Vec::new();
    for seq in &asked {
        let row: Option<Opmerking> = rows.row(&keys::opmerking(gemeente, *seq))?;
        match row {
            Some(row) if !row.afgehandeld => left.push(*seq),
            Some(_) => {}
            None => return Err(ActError::NothingOdd(EntryId { chain, seq: *seq })),
        }
    }
    Ok(narrowed(left, asked.len(), |entries| Wat::WerkAfgehandeld { entries }))
}

/// The deadlines that are not said to be dealt with yet.
pub(super) fn met(rows: &impl Rows, chain: Chain, termijnen: &[TermijnPlek]) -> Result<Narrowed, ActError> {
    if termijnen.is_empty() || termijnen.len() > ACT_MESSAGES_MAX {
        return Err(ActError::Count(termijnen.len()));
    }
    let gemeente = gemeente(chain).ok_or(ActError::WrongChain(chain))?;
    let asked: BTreeSet<&TermijnPlek> = termijnen.iter().collect();
    let mut left = Vec::new();
    for plek in &asked {
        let name = || ActError::NoDeadline(format!("{gemeente}/{}/{}", plek.nummer, plek.termijn));
        let nummer = ToewijzingNummer::new(plek.nummer).map_err(|_| name())?;
        let known: Option<DossierKey> = rows.row(&keys::toewijzing(gemeente, nummer))?;
        if known.is_none() || !keys::TERMIJNEN.contains(&plek.termijn.as_str()) {
            return Err(name());
        }
        let row: Option<Afgehandeld> = rows.row(&keys::termijn(gemeente, nummer, &plek.termijn))?;
        if row.is_none() {
            left.push((*plek).clone());
        }
    }
    Ok(narrowed(left, asked.len(), |termijnen| Wat::TermijnAfgehandeld { termijnen }))
}

/// Refuses deadlines that nothing agreed on, or that a message showed to be met: they stand in no queue. Of a gemeente that is
/// not configured here nobody knows what was agreed.
pub(crate) fn agreed_upon(
    rows: &impl Rows,
    settings: &Settings,
    chain: Chain,
    termijnen: &[TermijnPlek],
) -> Result<(), ActError> {
    let Some(gemeente) = gemeente(chain) else { return Ok(()) };
    let Some(own) = settings.gemeenten.get(&gemeente) else { return Ok(()) };
    for plek in termijnen {
        let name = || ActError::NoDeadline(format!("{gemeente}/{}/{}", plek.nummer, plek.termijn));
        let nummer = ToewijzingNummer::new(plek.nummer).map_err(|_| name())?;
        let owner: Option<DossierKey> = rows.row(&keys::toewijzing(gemeente, nummer))?;
        let owner = owner.ok_or_else(name)?;
        let dossier: Option<Dossier> = rows.row(&keys::dossier(gemeente, owner.aanbieder, &owner.bsn))?;
        let subject = Subject::Onderwerp(Onderwerp::Toewijzing(nummer));
        let waits = |one: &Deadline| {
            one.timer.as_str() == plek.termijn && one.subject == subject && one.voldaan.is_none()
        };
        if !dossier.is_some_and(|dossier| deadline::agreed(&dossier, &own.beleid).iter().any(waits)) {
            return Err(name());
        }
    }
    Ok(())
}

/// How it ended with a notification to the CAK of which nothing is under way any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settled {
    /// The CAK took it.
    Answered,
    /// It did not, or nothing says that it did.
    Refused,
}

/// Returns how it ended with a message, if it is a notification of which nothing is under way.
pub(crate) fn settled(
    rows: &impl Rows,
    id: &OutgoingId,
    row: &Uitgaand,
) -> Result<Option<Settled>, LedgerError> {
    let Some(identificatie) = &row.melding else { return Ok(None) };
    let Some(persoon) = person(rows, id, row)? else { return Ok(None) };
    let is_it = |bericht: &&EbBericht| bericht.identificatie.as_str() == identificatie;
    if persoon.eb.onderweg().filter(is_it).is_some() {
        return Ok(None);
    }
    let said = persoon.eb.berichten().iter().rev().find(is_it).and_then(|found| found.uitkomst.as_ref());
    Ok(Some(if said.is_some_and(|said| said.aanvaard) { Settled::Answered } else { Settled::Refused }))
}

fn person(rows: &impl Rows, id: &OutgoingId, row: &Uitgaand) -> Result<Option<Persoon>, LedgerError> {
    let Some(identificatie) = &row.melding else { return Ok(None) };
    let Some(gemeente) = Chain::new(id.gemeente).and_then(gemeente) else { return Ok(None) };
    let melding: Option<EbMelding> = rows.row(&keys::eb_melding(gemeente, identificatie))?;
    match melding {
        Some(melding) => rows.row(&keys::persoon(gemeente, &melding.bsn)),
        None => Ok(None),
    }
}

fn gemeente(chain: Chain) -> Option<Gemeente> {
    Gemeente::new(&chain.to_string()).ok().filter(|_| chain != Chain::NONE)
}

fn counted<T: Copy + Ord>(chain: Chain, named: &[T]) -> Result<BTreeSet<T>, ActError> {
    if named.is_empty() || named.len() > ACT_MESSAGES_MAX {
        return Err(ActError::Count(named.len()));
    }
    if chain == Chain::NONE {
        return Err(ActError::WrongChain(chain));
    }
    Ok(named.iter().copied().collect())
}

fn narrowed<T>(left: Vec<T>, asked: usize, wat: impl FnOnce(Vec<T>) -> Wat) -> Narrowed {
    let (gewijzigd, ongewijzigd) = (left.len() as u64, (asked - left.len()) as u64);
    Narrowed { wat: (!left.is_empty()).then(|| wat(left)), gewijzigd, ongewijzigd }
}
