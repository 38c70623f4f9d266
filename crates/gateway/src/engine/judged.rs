//! What the machine says of a message, with what it must know of the ledger.

use std::sync::Arc;

use iwmo_codec::messages::{Message, MessageKind};
use iwmo_codec::rules;
use iwmo_toewijzing::Dossier;
use iwmo_toewijzing::dossier::{LeveringStatus, Onderwerp};
use iwmo_toewijzing::event::{DossierKey, Event, Inhoud};
use iwmo_toewijzing::identity::{Bsn, Gemeente, ReferentieAanbieder, ToewijzingNummer};
use iwmo_toewijzing::judge::{Context, Judgement, Rol, judge};
use jiff::Timestamp;
use jiff::civil::Date;

use crate::clock::dutch_date;
use crate::engine::{GemeenteSettings, Settings};
use crate::journal::Reader;
use crate::ledger::{self, At, Heenbericht, LedgerError, Persoon, Rows, keys};
use crate::record::{Record, Uitspraak};
use crate::translate;

/// What a judgement is made of, besides the message and the rows.
pub(super) struct Bench<'a> {
    pub(super) settings: &'a Settings,
    pub(super) gemeente: &'a GemeenteSettings,
    pub(super) today: Date,
    pub(super) rol: Rol,
}

impl Bench<'_> {
    /// Judges a heenbericht that passed level 2: its verdict for each dossier that it concerns.
    ///
    /// Only a 323 and a 325 concern several; their dossiers are judged by the header alone, so that one of them says
    /// what all say, but for the dates that TR378 may look at.
    pub(super) fn judge(
        &self,
        message: &Message,
        at: &At,
        rows: &impl Rows,
    ) -> Result<Vec<Judgement>, LedgerError> {
        // TR056
        let used = heenbericht(rows, self.gemeente_of(message, at)?, message)?.is_some();
        self.judge_used(message, used, at, rows)
    }

    fn judge_used(
        &self,
        message: &Message,
        used: bool,
        at: &At,
        rows: &impl Rows,
    ) -> Result<Vec<Judgement>, LedgerError> {
        let events = ledger::events(rows, message, at, self.today)?;
        events.iter().map(|event| self.event(event, used, at, rows)).collect()
    }

    fn gemeente_of(&self, message: &Message, at: &At) -> Result<Gemeente, LedgerError> {
        let sides = translate::sides(message).map_err(|error| inconsistent(at, error.to_string()))?;
        Ok(sides.0)
    }

    /// Judges what a message says to one dossier. `used`: an earlier message had its Identificatie (TR056).
    pub(super) fn event(
        &self,
        event: &Event,
        used: bool,
        at: &At,
        rows: &impl Rows,
    ) -> Result<Judgement, LedgerError> {
        let DossierKey { gemeente, aanbieder, bsn } = &event.dossier;
        let mut context = Context::new(self.today, &self.gemeente.beleid);
        context.rol = self.rol;
        context.gemeenten = self.settings.gemeentelijst.as_ref();
        context.producten = self.gemeente.producten.as_ref();
        context.identificatie_gebruikt = used;
        // TR332 and TR304: whose the toewijzingen are that the message names.
        let named = match &event.inhoud {
            Inhoud::Toewijzen(_) | Inhoud::Wijzigen(_) => event.inhoud.nummers(),
            _ => Vec::new(),
        };
        for nummer in named {
            let owner: Option<DossierKey> = rows.row(&keys::toewijzing(*gemeente, nummer))?;
            let Some(owner) = owner.filter(|owner| *owner != event.dossier) else { continue };
            if !uses(rows, &owner, nummer)? {
                continue;
            }
            context.nummers_elders.insert(nummer);
            if owner.aanbieder == *aanbieder {
                context.nummers_andere_client.insert(nummer);
            }
        }
        // TR347: of this gemeente, since what an aanbieder asked of another it need not know (OP095).
        for referentie in asked(&event.inhoud) {
            let owner: Option<Bsn> = rows.row(&keys::referentie(*gemeente, *aanbieder, referentie))?;
            if owner.is_some_and(|owner| owner != *bsn) {
                context.referenties_gebruikt.insert(referentie.clone());
            }
        }
        let dossier = dossier(rows, &event.dossier)?;
        judge(&dossier, event, &context).map_err(|error| inconsistent(at, error.to_string()))
    }
}

/// Returns whether a number still stands for the toewijzing that had it. What was refused counts as never sent (OP286), so that the
/// gemeente may give the number to another client or aanbieder; not while something is delivered under it (D9).
fn uses(rows: &impl Rows, owner: &DossierKey, nummer: ToewijzingNummer) -> Result<bool, LedgerError> {
    let dossier = dossier(rows, owner)?;
    let levering = dossier.levering_staat(&Onderwerp::Toewijzing(nummer)).status;
    Ok(dossier.effectief(nummer).is_some() || levering != LeveringStatus::NietGestart)
}

/// The references under which a 315 or 317 asks.
fn asked(inhoud: &Inhoud) -> Vec<&ReferentieAanbieder> {
    match inhoud {
        Inhoud::Aanvragen(products) => products.iter().map(|product| &product.referentie).collect(),
        Inhoud::Wijzigen(verzoek) => vec![&verzoek.referentie],
        _ => Vec::new(),
    }
}

fn inconsistent(at: &At, what: String) -> LedgerError {
    LedgerError::Inconsistent { entry: at.name(), what }
}

/// Returns the retour that a message got when it came in, and the entry that has it (D19: the same bytes are not judged again).
/// None: these bytes never came in, or their retour is not made here or not yet.
///
/// # Errors
///
/// The store cannot be read.
pub fn answered(
    rows: &impl Rows,
    reader: &Reader,
    message: &Message,
    sha256: &[u8; 32],
) -> Result<Option<(String, Vec<u8>)>, LedgerError> {
    let Ok((gemeente, _)) = translate::sides(message) else { return Ok(None) };
    let row = heenbericht(rows, gemeente, message)?;
    let Some(row) = row.filter(|row| same_bytes(row, sha256)) else { return Ok(None) };
    let chain = keys::chain(gemeente);
    let Some(entry) = reader.get(chain, row.seq)? else { return Ok(None) };
    let at = At { chain, seq: row.seq, time: entry.time };
    let record = Record::decode(entry.kind, entry.version, &entry.payload)
        .map_err(|error| inconsistent(&at, error.to_string()))?;
    let soort = message.kind().retour().map(MessageKind::name);
    let retour = record.into_uitgaand().into_iter().find(|sent| Some(sent.soort.as_str()) == soort);
    Ok(retour.filter(|_| !entry.gone).map(|sent| (at.name(), sent.bytes)))
}

fn same_bytes(row: &Heenbericht, sha256: &[u8; 32]) -> bool {
    row.ontvangst.as_ref().is_some_and(|(_, bytes)| bytes == sha256)
}

/// Says what would be answered to a message with these bytes, without storing anything.
///
/// # Errors
///
/// The message is no heenbericht of iWmo, or the rows cannot be read.
pub fn would_answer(
    rows: &impl Rows,
    settings: &Settings,
    message: &Message,
    sha256: &[u8; 32],
    now: Timestamp,
) -> Result<Uitspraak, LedgerError> {
    let (gemeente, _) = translate::sides(message).map_err(|error| LedgerError::Inconsistent {
        entry: message.kind().name().to_owned(),
        what: error.to_string(),
    })?;
    if let Some((refused, _)) = level_2(message) {
        return Ok(refused);
    }
    let defaults = GemeenteSettings::default();
    let at = At { chain: keys::chain(gemeente), seq: 0, time: now };
    // TR056, D19
    let used = heenbericht(rows, gemeente, message)?.is_some_and(|row| !same_bytes(&row, sha256));
    let gemeente = settings.gemeenten.get(&gemeente).unwrap_or(&defaults);
    let bench = Bench { settings, gemeente, today: dutch_date(now), rol: Rol::Ontvanger };
    Ok(Uitspraak::of(&bench.judge_used(message, used, &at, rows)?))
}

/// Says what is answered to a message that breaks rules of level 2, which need nothing but the message: it is refused as a whole
/// and nothing else is judged. None: it breaks none. With the rules, ascending.
pub(super) fn level_2(message: &Message) -> Option<(Uitspraak, Vec<String>)> {
    let violations = rules::check(message);
    let regels = ascending(violations.iter().map(|violation| violation.rule));
    let uitspraak = || Uitspraak::Kop { codes: vec!["0001".to_owned()] };
    (!regels.is_empty()).then(|| (uitspraak(), regels))
}

/// Returns the dossier on record, or an empty one.
pub(super) fn dossier(rows: &impl Rows, key: &DossierKey) -> Result<Arc<Dossier>, LedgerError> {
    let row = rows.kept(keys::dossier(key.gemeente, key.aanbieder, &key.bsn))?;
    Ok(row.unwrap_or_else(|| Arc::new(Dossier::new(key.clone()))))
}

/// Returns the heenbericht with the parties, kind and Identificatie of this message, or of the one that this
/// retour answers.
pub(super) fn heenbericht(
    rows: &impl Rows,
    gemeente: Gemeente,
    message: &Message,
) -> Result<Option<Arc<Heenbericht>>, LedgerError> {
    let kind = message.kind();
    let header = message.header();
    let code = kind.heenbericht().unwrap_or(kind).bericht_code();
    let key = keys::heenbericht(gemeente, header.afzender, code, header.identificatie);
    let heen: Option<Arc<Heenbericht>> = rows.kept(key)?;
    if kind.heenbericht().is_none() {
        return Ok(heen);
    }
    // A retour is matched by Dagtekening too (header-and-identification 4.1).
    let dagtekening = translate::date(header.dagtekening).ok();
    Ok(heen.filter(|heen| dagtekening.is_some() && dagtekening == heen.dagtekening))
}

/// Returns the key under which what concerns this person leaves in order. It holds no personal data.
pub(super) fn order(rows: &impl Rows, at: &At, gemeente: Gemeente, bsn: &Bsn) -> Result<String, LedgerError> {
    let persoon: Option<Arc<Persoon>> = rows.kept(keys::persoon(gemeente, bsn))?;
    Ok(format!("{gemeente}:{}", persoon.map_or(at.seq, |persoon| persoon.sinds)))
}

/// Returns the rules that decided what is said of a message as a whole, ascending: those that it breaks, or when it is
/// approved those that it was held against.
pub(super) fn regels(judgements: &[Judgement]) -> Vec<String> {
    let approved = judgements.iter().any(|judgement| judgement.verdict.is_goedgekeurd());
    let deciding = judgements.iter().filter(|judgement| judgement.verdict.is_goedgekeurd() == approved);
    ascending(deciding.flat_map(Judgement::regels))
}

/// Returns the rules that a message breaks, ascending.
pub(super) fn gebroken(judgements: &[Judgement]) -> Vec<String> {
    let findings = judgements.iter().flat_map(|judgement| &judgement.bevindingen);
    ascending(findings.map(|finding| finding.regel.id()))
}

fn ascending(rules: impl Iterator<Item = &'static str>) -> Vec<String> {
    let mut rules: Vec<String> = rules.map(str::to_owned).collect();
    rules.sort_unstable();
    rules.dedup();
    rules
}

/// Returns what is odd about a message, for people: its warnings and the anomalies it brings.
pub(super) fn opmerkingen(judgements: &[Judgement]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for judgement in judgements {
        found.extend(judgement.waarschuwingen.iter().map(|warning| warning.soort.as_str().to_owned()));
        found.extend(judgement.anomalieen.iter().map(|anomaly| anomaly.soort.as_str().to_owned()));
    }
    found.dedup();
    found
}
