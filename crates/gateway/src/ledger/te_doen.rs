//! The index of what waits for somebody: rows `T`, one for each thing that a deadline or work follows from, beside the
//! rows that say so. A row is written when something begins to wait and removed when it waits no more.

use iwmo_toewijzing::cak::Opgaven;
use iwmo_toewijzing::calendar::Kalender;
use iwmo_toewijzing::deadline::{self, Open};
use iwmo_toewijzing::dossier::{Dossier, VerzoekSoort};
use iwmo_toewijzing::event::{DossierKey, Event, Inhoud};
use iwmo_toewijzing::identity::{Aanbieder, Bsn, Gemeente};

use super::keys::{self, Plaats, Soort};
use super::{
    Declaratie, EbMelding, Geparkeerd, LedgerError, Opmerking, Persoon, Rows, Verzoek, keep_row, put_row,
};
use crate::record::OutgoingId;
use crate::store::Overlay;

/// Brings the index from what waited in a dossier to what waits.
pub(super) fn dossier(
    overlay: &mut Overlay<'_>,
    owner: &DossierKey,
    before: &[Open],
    after: &[Open],
) -> Result<(), LedgerError> {
    // A message changes little, and what is beside it stays.
    let same = before.iter().zip(after).take_while(|(was, is)| was == is).count();
    let (before, after) = (&before[same..], &after[same..]);
    let same = before.iter().rev().zip(after.iter().rev()).take_while(|(was, is)| was == is).count();
    let (before, after) = (&before[..before.len() - same], &after[..after.len() - same]);
    for gone in before.iter().filter(|one| !after.contains(one)) {
        for (soort, plaats, rest) in places(owner, gone) {
            overlay.delete(plaats.key(soort, &rest));
        }
    }
    for new in after.iter().filter(|one| !before.contains(one)) {
        for (soort, plaats, rest) in places(owner, new) {
            let key = plaats.key(soort, &rest);
            match new {
                Open::Start(open) => put_row(overlay, key, open)?,
                Open::Verzoek(open) => put_row(overlay, key, open.as_ref())?,
                _ => overlay.put(key, Vec::new()),
            }
        }
    }
    Ok(())
}

/// The rows of one thing.
fn places(owner: &DossierKey, open: &Open) -> Vec<(Soort, Plaats, Vec<u8>)> {
    let own = Plaats { aanbieder: Some(owner.aanbieder), ..Plaats::of(owner.gemeente) };
    let one = |soort, plaats| vec![(soort, plaats, Vec::new())];
    match open {
        Open::Retour { entry, dag } => one(Soort::Retour, Plaats { dag: Some(*dag), seq: *entry, ..own }),
        Open::Verzoek(open) => {
            let soort = match (open.soort, open.in_onderzoek) {
                (VerzoekSoort::Toewijzing, false) => Soort::Aanvraag,
                (VerzoekSoort::Toewijzing, true) => Soort::AanvraagInOnderzoek,
                (VerzoekSoort::Wijziging, false) => Soort::Wijziging,
                (VerzoekSoort::Wijziging, true) => Soort::WijzigingInOnderzoek,
            };
            // One message may ask for several things.
            let plaats = Plaats { dag: Some(open.vanaf), seq: open.entry, ..own };
            vec![(soort, plaats, open.referentie.as_str().as_bytes().to_vec())]
        }
        Open::Stop { nummer, vanaf } => {
            one(Soort::Stop, Plaats { dag: Some(*vanaf), nummer: Some(*nummer), ..own })
        }
        Open::Start(open) => {
            let plaats = Plaats { dag: Some(open.vanaf), nummer: Some(open.nummer), ..own };
            let mut rows = one(Soort::Start, plaats);
            if open.verzonden != open.vanaf {
                rows.push((Soort::Contact, Plaats { dag: Some(open.verzonden), ..plaats }, Vec::new()));
            }
            rows
        }
        Open::Afgekeurd { nummer, entry } => {
            one(Soort::Afgekeurd, Plaats { nummer: Some(*nummer), seq: *entry, ..own })
        }
        Open::Anomalie { nummer, soort } => {
            vec![(Soort::Anomalie, Plaats { nummer: *nummer, ..own }, keys::anomalie(*soort, &owner.bsn))]
        }
    }
}

/// Returns whether the CAK does not have all that it should about a person, or somebody must decide.
pub(crate) fn persoon_wacht(persoon: &Persoon) -> bool {
    persoon.eb_reden.is_some() || persoon.eb.onderweg().is_some()
}

/// Writes a person; `wachtte` says whether they waited before.
pub(super) fn put_persoon(
    overlay: &mut Overlay<'_>,
    gemeente: Gemeente,
    bsn: &Bsn,
    wachtte: bool,
    persoon: Persoon,
) -> Result<(), LedgerError> {
    let key = || Plaats::of(gemeente).key(Soort::Persoon, bsn.expose().as_bytes());
    match (wachtte, persoon_wacht(&persoon)) {
        (false, true) => overlay.put(key(), Vec::new()),
        (true, false) => overlay.delete(key()),
        (false, false) | (true, true) => {}
    }
    keep_row(overlay, keys::persoon(gemeente, bsn), persoon).map(drop)
}

pub(super) fn uitgaand(id: &OutgoingId) -> Vec<u8> {
    let code = String::from_utf8_lossy(&id.gemeente);
    let Ok(gemeente) = Gemeente::new(&code) else { return Vec::new() };
    let plaats = Plaats { seq: id.seq, ..Plaats::of(gemeente) };
    plaats.key(Soort::Uitgaand, &id.index.to_be_bytes())
}

pub(super) fn declaratie(gemeente: Gemeente, aanbieder: Aanbieder, row: &Declaratie) -> Vec<u8> {
    let own = Plaats::of(gemeente);
    let plaats = Plaats { dag: Some(row.dag), aanbieder: Some(aanbieder), seq: row.seq, ..own };
    plaats.key(Soort::Declaratie, &[])
}

pub(super) fn melding(gemeente: Gemeente, row: &EbMelding) -> Vec<u8> {
    let plaats = Plaats { dag: Some(row.dagtekening), seq: row.seq, ..Plaats::of(gemeente) };
    plaats.key(Soort::Melding, &[])
}

pub(super) fn verwijdering(gemeente: Gemeente, seq: u64, row: &Verzoek) -> Vec<u8> {
    let plaats = Plaats { dag: Some(row.ontvangen), seq, ..Plaats::of(gemeente) };
    plaats.key(Soort::Verwijdering, &[])
}

pub(super) fn geparkeerd(row: &Geparkeerd) -> Vec<u8> {
    let (dossier, bericht) = (&row.event.dossier, &row.event.bericht);
    let plaats = Plaats {
        gemeente: dossier.gemeente,
        dag: Some(bericht.dag),
        aanbieder: Some(dossier.aanbieder),
        nummer: row.event.inhoud.nummers().first().copied(),
        seq: bericht.entry,
    };
    plaats.key(Soort::Geparkeerd, &[])
}

pub(super) fn opmerking(gemeente: Gemeente, seq: u64, row: &Opmerking) -> Vec<u8> {
    let nummer = row.nummers.first().copied();
    let plaats = Plaats { aanbieder: row.aanbieder, nummer, seq, ..Plaats::of(gemeente) };
    plaats.key(Soort::Opmerking, &[])
}

/// The rows of the intakes of a person that no request followed, of one aanbieder if given.
pub(super) fn intakes(
    overlay: &Overlay<'_>,
    gemeente: Gemeente,
    bsn: &Bsn,
    opgaven: &Opgaven,
    only: Option<Aanbieder>,
) -> Result<Vec<Vec<u8>>, LedgerError> {
    let mut found = Vec::new();
    if opgaven.intakes.is_empty() {
        return Ok(found);
    }
    let persoon: Option<Persoon> = overlay.row(&keys::persoon(gemeente, bsn))?;
    let Some(seq) = persoon.map(|persoon| persoon.sinds) else { return Ok(found) };
    for intake in opgaven.intakes.iter().filter(|intake| only.is_none_or(|one| one == intake.aanbieder)) {
        let Some(day) = intake.gehouden_op else { continue };
        let dossier: Option<Dossier> = overlay.row(&keys::dossier(gemeente, intake.aanbieder, bsn))?;
        let key = DossierKey { gemeente, aanbieder: intake.aanbieder, bsn: *bsn };
        let dossier = dossier.unwrap_or_else(|| Dossier::new(key));
        // Whether it is met does not hang on the calendar.
        if deadline::intake(&dossier, day, &Kalender::default()).voldaan.is_none() {
            let own = Plaats::of(gemeente);
            let plaats = Plaats { dag: Some(day), aanbieder: Some(intake.aanbieder), seq, ..own };
            found.push(plaats.key(Soort::Intake, bsn.expose().as_bytes()));
        }
    }
    Ok(found)
}

/// The rows of the intakes that a request may follow: this one, when it is one.
pub(super) fn intakes_of(overlay: &Overlay<'_>, event: &Event) -> Result<Vec<Vec<u8>>, LedgerError> {
    if !matches!(event.inhoud, Inhoud::Aanvragen(_)) {
        return Ok(Vec::new());
    }
    let DossierKey { gemeente, aanbieder, bsn } = &event.dossier;
    let opgaven: Option<Opgaven> = overlay.row(&keys::opgaven(*gemeente, bsn))?;
    intakes(overlay, *gemeente, bsn, &opgaven.unwrap_or_default(), Some(*aanbieder))
}

/// Brings these rows from what they were to what they are.
pub(super) fn bring(overlay: &mut Overlay<'_>, before: &[Vec<u8>], after: Vec<Vec<u8>>) {
    for gone in before.iter().filter(|key| !after.contains(key)) {
        overlay.delete(gone.as_slice());
    }
    for new in after {
        if !before.contains(&new) {
            overlay.put(new, Vec::new());
        }
    }
}
