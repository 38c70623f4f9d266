//! What the machine says of a message, with what it must know of the ledger.

use iwmo_codec::messages::Message;
use iwmo_codec::rules;
use iwmo_toewijzing::Dossier;
use iwmo_toewijzing::event::{DossierKey, Inhoud};
use iwmo_toewijzing::identity::{Bsn, Gemeente};
use iwmo_toewijzing::judge::{Context, Judgement, Rol, judge};
use jiff::Timestamp;
use jiff::civil::Date;

use crate::clock::dutch_date;
use crate::engine::record::Uitspraak;
use crate::engine::{GemeenteSettings, Settings};
use crate::ledger::{At, Heenbericht, LedgerError, Persoon, Rows, keys};
use crate::translate::{self, Parties};

/// What a judgement is made of, besides the message and the rows.
pub(super) struct Bench<'a> {
    pub(super) settings: &'a Settings,
    pub(super) gemeente: &'a GemeenteSettings,
    pub(super) today: Date,
    pub(super) rol: Rol,
}

impl Bench<'_> {
    /// Judges a 301, 305 or 307 that passed level 2.
    pub(super) fn judge(
        &self,
        message: &Message,
        parties: &Parties,
        at: &At,
        rows: &impl Rows,
    ) -> Result<Judgement, LedgerError> {
        let inconsistent = |what: String| LedgerError::Inconsistent { entry: at.name(), what };
        let event =
            translate::event(message, at.seq, self.today).map_err(|error| inconsistent(error.to_string()))?;
        let dossier = dossier(rows, &event.dossier)?;
        let mut context = Context::new(self.today, &self.gemeente.beleid);
        context.rol = self.rol;
        context.gemeenten = self.settings.gemeentelijst.as_ref();
        context.producten = self.gemeente.producten.as_ref();
        // TR056
        context.identificatie_gebruikt = heenbericht(rows, parties.gemeente, message)?.is_some();
        if let Inhoud::Toewijzen(products) = &event.inhoud {
            for product in products {
                // TR332
                let owner: Option<DossierKey> =
                    rows.row(&keys::toewijzing(parties.gemeente, product.nummer))?;
                if owner.is_some_and(|owner| owner != event.dossier) {
                    context.nummers_elders.insert(product.nummer);
                }
            }
        }
        judge(&dossier, &event, &context).map_err(|error| inconsistent(error.to_string()))
    }
}

/// Says what would be answered to a message, without storing anything.
///
/// # Errors
///
/// The message is no 301, 305 or 307, or the rows cannot be read.
pub fn would_answer(
    rows: &impl Rows,
    settings: &Settings,
    message: &Message,
    now: Timestamp,
) -> Result<Uitspraak, LedgerError> {
    let parties = translate::parties(message).map_err(|error| LedgerError::Inconsistent {
        entry: message.kind().name().to_owned(),
        what: error.to_string(),
    })?;
    if !rules::check(message).is_empty() {
        return Ok(Uitspraak::Kop { codes: vec!["0001".to_owned()] });
    }
    let defaults = GemeenteSettings::default();
    let gemeente = settings.gemeenten.get(&parties.gemeente).unwrap_or(&defaults);
    let bench = Bench { settings, gemeente, today: dutch_date(now), rol: Rol::Ontvanger };
    let at = At { chain: keys::chain(parties.gemeente), seq: 0, time: now };
    Ok(Uitspraak::from(&bench.judge(message, &parties, &at, rows)?.verdict))
}

/// Returns the dossier on record, or an empty one.
pub(super) fn dossier(rows: &impl Rows, key: &DossierKey) -> Result<Dossier, LedgerError> {
    let row = rows.row(&keys::dossier(key.gemeente, key.aanbieder, &key.bsn))?;
    Ok(row.unwrap_or_else(|| Dossier::new(key.clone())))
}

/// Returns the heenbericht with the parties, kind and Identificatie of this message, or of the one that this
/// retour answers.
pub(super) fn heenbericht(
    rows: &impl Rows,
    gemeente: Gemeente,
    message: &Message,
) -> Result<Option<Heenbericht>, LedgerError> {
    let kind = message.kind();
    let header = message.header();
    let code = kind.heenbericht().unwrap_or(kind).bericht_code();
    let key = keys::heenbericht(gemeente, header.afzender, code, header.identificatie);
    let heen: Option<Heenbericht> = rows.row(&key)?;
    if kind.heenbericht().is_none() {
        return Ok(heen);
    }
    // A retour is matched by Dagtekening too (header-and-identification 4.1).
    let dagtekening = translate::date(header.dagtekening).ok();
    Ok(heen.filter(|heen| dagtekening.is_some() && dagtekening == heen.dagtekening))
}

/// Returns the key under which what concerns this person leaves in order. It holds no personal data.
pub(super) fn order(rows: &impl Rows, at: &At, gemeente: Gemeente, bsn: &Bsn) -> Result<String, LedgerError> {
    let persoon: Option<Persoon> = rows.row(&keys::persoon(gemeente, bsn))?;
    Ok(format!("{gemeente}:{}", persoon.map_or(at.seq, |persoon| persoon.sinds)))
}

/// Returns the rules that decided a judgement, ascending.
pub(super) fn regels(judgement: &Judgement) -> Vec<String> {
    let mut regels: Vec<String> =
        judgement.bevindingen.iter().map(|finding| finding.regel.id().to_owned()).collect();
    regels.sort_unstable();
    regels.dedup();
    regels
}
