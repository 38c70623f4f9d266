//! What the CAK must hear of a person now (ieb-cak section 9.1): the planner's answer as a journal record.

use std::time::Duration;

use iwmo_toewijzing::Dossier;
use iwmo_toewijzing::cak::{self, EbStartNummer, Handmatig, Onderdeel, Plan, Taak, Wachtreden};
use iwmo_toewijzing::event::DossierKey;
use iwmo_toewijzing::identity::{Bsn, Gemeente};
use jiff::civil::Date;

use crate::clock::dutch_midnight;
use crate::engine::answer;
use crate::engine::decide::{Decider, order};
use crate::engine::judged::dossier;
use crate::engine::record::{EbBesluit, EbUitkomst, Uitgaand};
use crate::engine::worker::entry_name;
use crate::ledger::{At, LedgerError, Persoon, Rows, Tellers, keys};
use crate::store::Overlay;

/// Why a notification is held back.
pub(super) const BEDENKTIJD: &str = "bedenktijd";

/// Whether a new notification may be held back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hold {
    /// For the bedenktijd of the gemeente.
    Begin,
    /// No more: the time has come, or the CAK answered.
    Over,
}

impl Decider<'_> {
    /// Plans for a person.
    ///
    /// Returns nothing when the decision is the one already on record.
    pub(super) fn plan(
        &self,
        gemeente: Gemeente,
        bsn: &Bsn,
        today: Date,
        at: &At,
        hold: Hold,
        overlay: &Overlay<'_>,
    ) -> Result<Option<(EbBesluit, Option<Uitgaand>)>, LedgerError> {
        let Some(settings) = self.settings.gemeenten.get(&gemeente) else { return Ok(None) };
        let Some(partner) = &settings.cak else { return Ok(None) };
        let Some(persoon) = overlay.row::<Persoon>(&keys::persoon(gemeente, bsn))? else { return Ok(None) };
        let now = at.time.as_microsecond();
        // The daily run leaves alone whose hold is not over.
        if hold == Hold::Over && persoon.plan_op_us.is_some_and(|moment| moment > now) {
            return Ok(None);
        }
        let mut dossiers: Vec<Dossier> = Vec::with_capacity(persoon.aanbieders.len());
        for aanbieder in &persoon.aanbieders {
            let key = DossierKey { gemeente, aanbieder: *aanbieder, bsn: *bsn };
            dossiers.push(dossier(overlay, &key)?);
        }
        let dossiers: Vec<&Dossier> = dossiers.iter().collect();
        let gewenst = cak::wanted(&dossiers, persoon.geboortedatum, &settings.eb, today);
        let tellers: Tellers = overlay.row(&keys::tellers(gemeente))?.unwrap_or_default();
        let next = settings.eb.eb_startnummer_vanaf.max(tellers.eb_start_nummer.saturating_add(1));
        let plan = match EbStartNummer::new(next) {
            Ok(next) => cak::plan(&persoon.eb, &gewenst.perioden, &settings.eb, today, next),
            Err(_) => Plan::Handmatig(Handmatig::NummersOp),
        };
        let tomorrow = today.tomorrow().ok().and_then(dutch_midnight).unwrap_or(at.time).as_microsecond();
        let wait = |tot: i64, reden: &str| EbUitkomst::Wacht { tot, reden: reden.to_owned() };
        let outcome = match plan {
            Plan::Niets | Plan::Wachten(Wachtreden::Onderweg) => tasks(&gewenst.taken),
            Plan::Wachten(Wachtreden::EenWijzigingPerDag) => wait(tomorrow, "een wijziging per dag (OP325)"),
            Plan::Wachten(Wachtreden::TeVroeg) => wait(tomorrow, "te vroeg voor het CAK (9115)"),
            Plan::Handmatig(reason) => EbUitkomst::Handmatig { reden: manual_words(reason).to_owned() },
            Plan::Sturen { .. } if hold == Hold::Begin && settings.bedenktijd != Some(Duration::ZERO) => {
                // A hold that has begun is not lengthened by what comes meanwhile.
                let until = persoon.plan_op_us.unwrap_or(match settings.bedenktijd {
                    Some(time) => now.saturating_add(i64::try_from(time.as_micros()).unwrap_or(i64::MAX)),
                    None => tomorrow,
                });
                wait(until, BEDENKTIJD)
            }
            Plan::Sturen { stappen, .. } => match stappen.first() {
                None => EbUitkomst::Niets,
                Some(stap) => {
                    let identificatie = answer::eb_identificatie(at);
                    let message = answer::eb_melding(gemeente, bsn, &stap.opdracht, &identificatie, today)
                        .map_err(|error| LedgerError::Inconsistent {
                            entry: entry_name(at),
                            what: error.to_string(),
                        })?;
                    let kostprijs = stap.opdracht.kostprijs();
                    let uitkomst = EbUitkomst::Melding {
                        soort: u8::from(stap.opdracht.onderdeel() == Onderdeel::Stop),
                        status: stap.opdracht.status_aanlevering(),
                        nummer: stap.opdracht.nummer().value(),
                        datum: stap.opdracht.datum().to_string(),
                        identificatie,
                        dagtekening: today.to_string(),
                        kostprijs_cent: kostprijs.map(|kostprijs| kostprijs.bedrag_cent),
                        kostprijs_vanaf: kostprijs.map(|kostprijs| kostprijs.startdatum.to_string()),
                    };
                    let uitgaand = Uitgaand {
                        partner: partner.0.clone(),
                        volgorde: order(overlay, at, gemeente, bsn)?,
                        soort: message.kind().name().to_owned(),
                        bytes: message.encode(),
                    };
                    let besluit = EbBesluit { bsn: bsn.expose().to_owned(), uitkomst };
                    return Ok(Some((besluit, Some(uitgaand))));
                }
            },
        };
        if persoon.says(&outcome) {
            return Ok(None);
        }
        Ok(Some((EbBesluit { bsn: bsn.expose().to_owned(), uitkomst: outcome }, None)))
    }
}

impl Persoon {
    /// Returns whether this decision is the one on record.
    fn says(&self, outcome: &EbUitkomst) -> bool {
        match outcome {
            EbUitkomst::Niets => self.plan_op_us.is_none() && self.eb_reden.is_none(),
            EbUitkomst::Melding { .. } => false,
            EbUitkomst::Wacht { tot, reden } => {
                self.plan_op_us == Some(*tot) && self.eb_reden.as_ref() == Some(reden)
            }
            EbUitkomst::Handmatig { reden } => {
                self.plan_op_us.is_none() && self.eb_reden.as_ref() == Some(reden)
            }
        }
    }
}

/// What the planner cannot decide is work for a person.
fn tasks(tasks: &[Taak]) -> EbUitkomst {
    if tasks.is_empty() {
        return EbUitkomst::Niets;
    }
    let mut words: Vec<&str> = tasks
        .iter()
        .map(|task| match task {
            Taak::BeschermdWonen(_) => "beschermd wonen heeft een eigen bijdrage met eigen berichten",
            Taak::BelastingOnbekend(_) => "niet bekend of voor dit product een eigen bijdrage geldt",
            Taak::WoonvoorzieningMinderjarige(_) => {
                "woonvoorziening van een minderjarige: een ouder is mogelijk de eigen bijdrage verschuldigd"
            }
        })
        .collect();
    words.dedup();
    EbUitkomst::Handmatig { reden: words.join("; ") }
}

fn manual_words(reason: Handmatig) -> &'static str {
    match reason {
        Handmatig::Defect => "het CAK vond een technische fout (0001)",
        Handmatig::GemeenteOnbekend => "het CAK kent de gemeente niet (S300)",
        Handmatig::Afwijkend => "het CAK heeft andere gegevens dan wij",
        Handmatig::TeVerTerug => "de start ligt te ver terug (9114)",
        Handmatig::OorzaakOnbekend => "het CAK keurde af zonder reden die wij kennen",
        Handmatig::SchemaOngeldig => "het CAK gaf een code die de release niet kent",
        Handmatig::TegenstrijdigeRetour => "een tweede, andere retour op hetzelfde bericht",
        Handmatig::OnbekendeRetour => "een retour die bij geen bericht hoort",
        Handmatig::TweemaalGeweigerd => "tweemaal om dezelfde reden geweigerd",
        Handmatig::GeenPlan => "geen rij meldingen binnen de regels leidt naar wat het CAK moet weten",
        Handmatig::TeVeelPerioden => "meer perioden dan de planner vergelijkt",
        Handmatig::NummersOp => "er is geen EbStartNummer meer",
        _ => "een mens moet kijken",
    }
}
