//! What the backoffice stated about a person: row `k`, and what it does to what the CAK knows.

use std::sync::Arc;

use iwmo_toewijzing::Dossier;
use iwmo_toewijzing::cak::{EbBeleid, Maanden, Opgave, Opgaven, Soort};
use iwmo_toewijzing::event::DossierKey;
use iwmo_toewijzing::identity::{Bsn, Gemeente};
use jiff::civil::Date;

use super::apply::{Gevolg, gemeente, inconsistent, persoon};
use super::{At, LedgerError, Persoon, Rows, Tellers, cak, keys, put_row, te_doen};
use crate::record::Verklaring;
use crate::store::Overlay;

/// Applies a statement. Returns the persons for whom something may have changed that the CAK must hear.
pub(super) fn apply(
    overlay: &mut Overlay<'_>,
    at: &At,
    verklaring: &Verklaring,
) -> Result<Vec<Gevolg>, LedgerError> {
    let gemeente = gemeente(at)?;
    let bsn = Bsn::new(&verklaring.bsn).map_err(|error| inconsistent(at, &error.to_string()))?;
    let opgave = verklaring.opgave().map_err(|_| inconsistent(at, "the statement cannot be read"))?;
    let mut opgaven: Opgaven = overlay.row(&keys::opgaven(gemeente, &bsn))?.unwrap_or_default();
    let intakes = te_doen::intakes(overlay, gemeente, &bsn, &opgaven, None)?;
    let zei = opgaven.juiste_bsn;
    opgaven.apply(&opgave).map_err(|error| inconsistent(at, &error.to_string()))?;
    put_row(overlay, keys::opgaven(gemeente, &bsn), &opgaven)?;
    let mut who = persoon(overlay, at, gemeente, &bsn)?;
    who.opgaven = true;
    let before = cak::numbers(&who);
    let waited = te_doen::persoon_wacht(&who);
    match &opgave {
        Opgave::Vasthouden {} => who.eb.vasthouden(),
        Opgave::Vrijgeven {} => who.eb.vrijgeven(),
        Opgave::Kostprijs(_) => who.eb.kostprijs_opnieuw(),
        Opgave::BekendBijCak(known) => {
            who.eb.bekend_bij_cak(known).map_err(|error| inconsistent(at, &error.to_string()))?;
            // OP290: a number that the CAK knows is never given out.
            let mut tellers: Tellers = overlay.row(&keys::tellers(gemeente))?.unwrap_or_default();
            let highest = known.iter().map(|period| period.nummer.value()).max().unwrap_or_default();
            tellers.eb_start_nummer = tellers.eb_start_nummer.max(highest);
            put_row(overlay, keys::tellers(gemeente), &tellers)?;
        }
        _ => {}
    }
    if matches!(opgave, Opgave::Vrijgeven {} | Opgave::Herplannen {})
        && let Some(moment) = who.plan_op_us.take()
    {
        // What was held back for a correction is not held back any longer.
        overlay.delete(keys::planning(moment, gemeente, &bsn));
        who.eb_reden = None;
    }
    cak::index(overlay, gemeente, &bsn, &before, &who);
    let geboortedatum = who.geboortedatum;
    te_doen::put_persoon(overlay, gemeente, &bsn, waited, who)?;
    let after = te_doen::intakes(overlay, gemeente, &bsn, &opgaven, None)?;
    te_doen::bring(overlay, &intakes, after);
    overlay.put(keys::persoon_entry(gemeente, &bsn, at.seq), Vec::new());
    let mut gevolgen = vec![Gevolg { gemeente, bsn, aanbieder: None }];
    if let Opgave::Bsn(juist) = opgave {
        let mut correctie = Correctie { overlay, at, gemeente, gevolgen };
        if let Some(eerst) = zei.filter(|eerst| *eerst != juist) {
            correctie.give_back(&eerst, &bsn)?;
        }
        correctie.is_right(&juist)?;
        correctie.take_over(&juist, &bsn, geboortedatum)?;
        gevolgen = correctie.gevolgen;
    }
    Ok(gevolgen)
}

/// A BSN is corrected (P13). What is on record under a wrong one is of one right one: a BSN that is right is not wrong, and who is
/// corrected to one that turns out wrong is corrected to the one that is right in its place.
struct Correctie<'o, 'l, 'a> {
    overlay: &'o mut Overlay<'l>,
    at: &'a At,
    gemeente: Gemeente,
    gevolgen: Vec<Gevolg>,
}

impl Correctie<'_, '_, '_> {
    fn opgaven(&self, bsn: &Bsn) -> Result<Opgaven, LedgerError> {
        Ok(self.overlay.row(&keys::opgaven(self.gemeente, bsn))?.unwrap_or_default())
    }

    /// Writes what is stated about a person, with what follows from it, and keeps that the entry concerns them.
    fn put(
        &mut self,
        bsn: &Bsn,
        before: &Opgaven,
        after: &Opgaven,
        geboortedatum: Option<Date>,
    ) -> Result<(), LedgerError> {
        let Self { overlay, at, gemeente, gevolgen } = self;
        let intakes = te_doen::intakes(overlay, *gemeente, bsn, before, None)?;
        put_row(overlay, keys::opgaven(*gemeente, bsn), after)?;
        let mut who = persoon(overlay, at, *gemeente, bsn)?;
        let waited = te_doen::persoon_wacht(&who);
        who.opgaven = true;
        who.geboortedatum = who.geboortedatum.or(geboortedatum);
        te_doen::put_persoon(overlay, *gemeente, bsn, waited, who)?;
        let after = te_doen::intakes(overlay, *gemeente, bsn, after, None)?;
        te_doen::bring(overlay, &intakes, after);
        overlay.put(keys::persoon_entry(*gemeente, bsn, at.seq), Vec::new());
        gevolgen.push(Gevolg { gemeente: *gemeente, bsn: *bsn, aanbieder: None });
        Ok(())
    }

    /// What is on record under a BSN is not of this person after all.
    fn give_back(&mut self, person: &Bsn, bsn: &Bsn) -> Result<(), LedgerError> {
        let (before, stated) = (self.opgaven(person)?, self.opgaven(bsn)?);
        let mut after = before.clone();
        after.give_back(*bsn, &stated);
        self.put(person, &before, &after, None)
    }

    /// A BSN that was corrected is right after all.
    fn is_right(&mut self, bsn: &Bsn) -> Result<(), LedgerError> {
        let before = self.opgaven(bsn)?;
        let Some(instead) = before.juiste_bsn else { return Ok(()) };
        self.give_back(&instead, bsn)?;
        let after = Opgaven { juiste_bsn: None, ..before.clone() };
        self.put(bsn, &before, &after, None)
    }

    /// What is on record under a BSN, and under those that were corrected to it, is of this person.
    fn take_over(&mut self, person: &Bsn, bsn: &Bsn, born: Option<Date>) -> Result<(), LedgerError> {
        let (before, mut stated) = (self.opgaven(person)?, self.opgaven(bsn)?);
        let mut after = before.clone();
        after.take_over(*bsn, &stated);
        for earlier in std::mem::take(&mut stated.eerdere_bsns) {
            let before = self.opgaven(&earlier)?;
            let corrected = Opgaven { juiste_bsn: Some(*person), ..before.clone() };
            self.put(&earlier, &before, &corrected, None)?;
            if !after.eerdere_bsns.contains(&earlier) {
                after.eerdere_bsns.push(earlier);
            }
        }
        put_row(self.overlay, keys::opgaven(self.gemeente, bsn), &stated)?;
        self.put(person, &before, &after, born)
    }
}

/// All that a gemeente has on record from which the eigen bijdrage of a person follows.
#[derive(Clone, Debug, PartialEq)]
pub struct Gegevens {
    /// Date of birth, as the latest message gave it.
    pub geboortedatum: Option<Date>,
    /// The dossiers with all aanbieders, those under a wrong BSN included (P13).
    pub dossiers: Vec<Arc<Dossier>>,
    /// What the backoffice stated.
    pub opgaven: Opgaven,
    /// A notification under a wrong BSN of this person waits for its answer.
    pub eerdere_onderweg: bool,
    /// The periods that the CAK holds under a wrong BSN of this person.
    pub eerdere_perioden: Vec<(Date, Option<Date>)>,
}

impl Gegevens {
    /// Returns whether something must go under a wrong BSN before anything is told under this one (P13). A period that charges
    /// nothing stays where it is.
    #[must_use]
    pub fn wacht_op_eerdere_bsn(&self, beleid: &EbBeleid) -> bool {
        let charges = || !Maanden::under(beleid, self.eerdere_perioden.iter().copied()).is_empty();
        self.eerdere_onderweg || charges()
    }
}

/// Collects from what the eigen bijdrage of a person follows.
///
/// # Errors
///
/// The store cannot be read.
pub fn gegevens(
    rows: &impl Rows,
    gemeente: Gemeente,
    bsn: &Bsn,
    persoon: &Persoon,
) -> Result<Gegevens, LedgerError> {
    let opgaven = match persoon.opgaven {
        true => rows.row(&keys::opgaven(gemeente, bsn))?.unwrap_or_default(),
        false => Opgaven::default(),
    };
    let mut found = Gegevens {
        geboortedatum: persoon.geboortedatum,
        dossiers: Vec::with_capacity(persoon.aanbieders.len()),
        opgaven,
        eerdere_onderweg: false,
        eerdere_perioden: Vec::new(),
    };
    of(rows, gemeente, bsn, persoon, &mut found.dossiers)?;
    for eerder in found.opgaven.eerdere_bsns.clone() {
        let Some(before) = rows.row::<Persoon>(&keys::persoon(gemeente, &eerder))? else { continue };
        found.eerdere_onderweg |= before.eb.onderweg().is_some();
        let planned = before.eb.aanvaard().into_iter().filter(|period| period.soort == Soort::default());
        found.eerdere_perioden.extend(planned.map(|period| (period.start.datum, period.stop)));
        found.geboortedatum = found.geboortedatum.or(before.geboortedatum);
        of(rows, gemeente, &eerder, &before, &mut found.dossiers)?;
    }
    Ok(found)
}

fn of(
    rows: &impl Rows,
    gemeente: Gemeente,
    bsn: &Bsn,
    persoon: &Persoon,
    dossiers: &mut Vec<Arc<Dossier>>,
) -> Result<(), LedgerError> {
    for aanbieder in &persoon.aanbieders {
        let key = DossierKey { gemeente, aanbieder: *aanbieder, bsn: *bsn };
        let row = rows.kept(keys::dossier(gemeente, *aanbieder, bsn))?;
        dossiers.push(row.unwrap_or_else(|| Arc::new(Dossier::new(key))));
    }
    Ok(())
}

/// Returns the BSN that a person really has, when this one is wrong (P13).
///
/// # Errors
///
/// The store cannot be read.
pub fn juiste_bsn(rows: &impl Rows, gemeente: Gemeente, bsn: &Bsn) -> Result<Option<Bsn>, LedgerError> {
    let persoon = rows.kept::<Persoon>(keys::persoon(gemeente, bsn))?;
    if persoon.is_none_or(|persoon| !persoon.opgaven) {
        return Ok(None);
    }
    let opgaven: Option<Opgaven> = rows.row(&keys::opgaven(gemeente, bsn))?;
    Ok(opgaven.and_then(|opgaven| opgaven.juiste_bsn))
}
