//! What the CAK must hear of a person now (ieb-cak section 9.1): the planner's answer as a journal record.

use std::time::Duration;

use iwmo_toewijzing::Dossier;
use iwmo_toewijzing::cak::{
    self, EbBeleid, EbStartNummer, Gewenst, Handmatig, Onderdeel, Opdracht, Plan, Stap, Taak, Wachtreden,
};
use iwmo_toewijzing::identity::{Bsn, Gemeente};
use jiff::Timestamp;
use jiff::civil::Date;

use crate::clock::{dutch_date, dutch_midnight};
use crate::engine::Settings;
use crate::engine::answer;
use crate::engine::judged::order;
use crate::ledger::{self, At, Gegevens, LedgerError, Persoon, Rows, Tellers, keys};
use crate::record::{EbBesluit, EbUitkomst, Uitgaand};
#[cfg(test)]
use crate::simulation::{Canary, is_broken};
use crate::store::Overlay;

/// Why a notification is held back.
pub(super) const BEDENKTIJD: &str = "BEDENKTIJD";

/// Why a notification is held back: nothing is told about anybody in the gemeente. Work of the gemeente, not of the person.
pub(crate) const GEMEENTE_STIL: &str = "GEMEENTE_STIL";

/// Why nothing is told: a message about this BSN would break CS002, which iEb reads stricter than iWmo.
const BSN_ONGELDIG: &str = "BSN_ONGELDIG";

/// Returns whether a message to the CAK may be about this BSN: it passes the 11-proef, and is not 000000000.
pub(super) fn may_be_told(bsn: &Bsn) -> bool {
    let passes = |bsn: iwmo_codec::value::Bsn| bsn.passes_eleven_test();
    *bsn != Bsn::NIEMAND && bsn.expose().parse().is_ok_and(passes)
}

/// Whether a new notification may be held back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hold {
    /// For the bedenktijd of the gemeente.
    Begin,
    /// No more: the time has come, or the CAK answered.
    Over,
    /// No more, although a moment to look again is set: what it waited for has come.
    Freed,
}

/// Asks the CAK planner.
pub(super) struct Planner<'a> {
    pub(super) settings: &'a Settings,
}

impl Planner<'_> {
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
        let Some(persoon) = overlay.kept::<Persoon>(keys::persoon(gemeente, bsn))? else { return Ok(None) };
        let now = at.time.as_microsecond();
        // The daily run leaves alone whose hold is not over.
        if hold == Hold::Over && persoon.plan_op_us.is_some_and(|moment| moment > now) {
            return Ok(None);
        }
        let gegevens = ledger::gegevens(overlay, gemeente, bsn, &persoon)?;
        let eerst_de_eerdere = gegevens.wacht_op_eerdere_bsn(&settings.eb);
        #[cfg(test)]
        let eerst_de_eerdere = eerst_de_eerdere && !is_broken(Canary::TwoBsns);
        let gewenst = wanted(&gegevens, &settings.eb, today);
        let tellers: Tellers = overlay.row(&keys::tellers(gemeente))?.unwrap_or_default();
        let next = settings.eb.op(today).eb_startnummer_vanaf.max(tellers.eb_start_nummer.saturating_add(1));
        let tomorrow = today.tomorrow().ok().and_then(dutch_midnight).unwrap_or(at.time).as_microsecond();
        // A hold that has begun is not lengthened by what comes meanwhile.
        let bedenktijd = settings.bedenktijd_op(today);
        let until = persoon.plan_op_us.unwrap_or(match bedenktijd {
            Some(time) => now.saturating_add(i64::try_from(time.as_micros()).unwrap_or(i64::MAX)),
            None => tomorrow,
        });
        let plan = match EbStartNummer::new(next) {
            // P13: nothing is told under the right BSN while the CAK holds it under a wrong one.
            Ok(_) if eerst_de_eerdere => Plan::Niets,
            Ok(next) => cak::plan(&persoon.eb, &gewenst.perioden, &settings.eb, today, next),
            Err(_) => Plan::Handmatig(Handmatig::NummersOp),
        };
        let wait = |tot: i64, reden: &str| EbUitkomst::Wacht { tot, reden: reden.to_owned() };
        let outcome = match plan {
            Plan::Niets if eerst_de_eerdere => wait(tomorrow, "EERDERE_BSN"),
            Plan::Niets | Plan::Wachten(Wachtreden::Onderweg) => tasks(&gewenst, &persoon),
            Plan::Wachten(Wachtreden::Vastgehouden) => {
                EbUitkomst::Handmatig { reden: "VASTGEHOUDEN".to_owned() }
            }
            Plan::Wachten(Wachtreden::EenWijzigingPerDag) => wait(tomorrow, "EEN_WIJZIGING_PER_DAG"),
            Plan::Wachten(Wachtreden::TeVroeg) => wait(tomorrow, "TE_VROEG"),
            Plan::Handmatig(reason) => EbUitkomst::Handmatig { reden: manual_code(reason).to_owned() },
            Plan::Sturen { .. } if !may_be_told(bsn) => {
                EbUitkomst::Handmatig { reden: BSN_ONGELDIG.to_owned() }
            }
            Plan::Sturen { .. } if tellers.cak_stil => {
                EbUitkomst::Handmatig { reden: GEMEENTE_STIL.to_owned() }
            }
            Plan::Sturen { ref stappen, .. }
                if hold == Hold::Begin && may_wait(stappen, until, bedenktijd, &gewenst) =>
            {
                wait(until, BEDENKTIJD)
            }
            Plan::Sturen { stappen, .. } => match stappen.first() {
                None => EbUitkomst::Niets,
                Some(stap) => {
                    let identificatie = answer::eb_identificatie(at);
                    let opdracht = stap.opdracht;
                    #[cfg(test)]
                    let opdracht = match opdracht {
                        Opdracht::MeldStart { nummer, datum, .. } if is_broken(Canary::LosesThePrice) => {
                            Opdracht::MeldStart { nummer, datum, kostprijs: None }
                        }
                        opdracht => opdracht,
                    };
                    let message =
                        answer::eb_melding(gemeente, bsn, &opdracht, &identificatie, today).map_err(
                            |error| LedgerError::Inconsistent { entry: at.name(), what: error.to_string() },
                        )?;
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
                        envelop: None,
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

/// Returns whether a notification may be held until then: there is a bedenktijd, and the CAK still gets a start
/// within the month that the law gives (Uitvoeringsregeling Wmo 2015 art. 2f; ieb-cak 8.5).
fn may_wait(stappen: &[Stap], until_us: i64, bedenktijd: Option<Duration>, gewenst: &Gewenst) -> bool {
    if bedenktijd == Some(Duration::ZERO) {
        return false;
    }
    let until = Timestamp::from_microsecond(until_us).map(dutch_date).unwrap_or(Date::MAX);
    let in_time = |stap: &Stap| match stap.opdracht {
        Opdracht::MeldStart { datum, .. } => {
            // A start that was moved to the limit is late already.
            gewenst.melden_voor(datum).is_some_and(|due| until <= due)
        }
        _ => true,
    };
    stappen.first().is_none_or(in_time)
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

/// Works out what a person owes.
pub(crate) fn wanted(gegevens: &Gegevens, beleid: &EbBeleid, today: Date) -> Gewenst {
    let dossiers: Vec<&Dossier> = gegevens.dossiers.iter().map(|dossier| &**dossier).collect();
    cak::wanted(&dossiers, gegevens.geboortedatum, &gegevens.opgaven, beleid, today)
}

/// What the planner cannot decide is work for a person.
fn tasks(gewenst: &Gewenst, persoon: &Persoon) -> EbUitkomst {
    // S333: the CAK does not take the price, and somebody must look at it.
    let refused =
        persoon.eb.is_zonder_kostprijs() && gewenst.perioden.iter().any(|period| period.kostprijs.is_some());
    let mut codes: Vec<&str> = gewenst.taken.iter().map(task_code).collect();
    codes.extend(refused.then_some("KOSTPRIJS_GEWEIGERD"));
    codes.extend(persoon.eb.is_oud_ingetrokken().then_some("STOP_OUD"));
    codes.dedup();
    #[cfg(test)]
    codes.retain(|_| !is_broken(Canary::ForgetsTasks));
    if codes.is_empty() {
        return EbUitkomst::Niets;
    }
    EbUitkomst::Handmatig { reden: codes.join(",") }
}

/// The names under which tasks stand in the journal; `view::reason` has the words.
fn task_code(task: &Taak) -> &'static str {
    match task {
        Taak::BeschermdWonen(_) => "BESCHERMD_WONEN",
        Taak::BelastingOnbekend(_) => "BELASTING_ONBEKEND",
        Taak::WoonvoorzieningMinderjarige(_) => "WOONVOORZIENING_MINDERJARIGE",
        Taak::Vrijstelling(..) => "VRIJSTELLING",
        Taak::KostprijsOp(_) => "KOSTPRIJS_OP",
        Taak::TariefOnbekend(_) => "TARIEF_ONBEKEND",
        _ => "ANDERS",
    }
}

/// The names under which reasons stand in the journal; `view::reason` has the words.
fn manual_code(reason: Handmatig) -> &'static str {
    match reason {
        Handmatig::Defect => "DEFECT",
        Handmatig::Afwijkend => "AFWIJKEND",
        Handmatig::MogelijkAanvaard => "MOGELIJK_AANVAARD",
        Handmatig::TeVerTerug => "TE_VER_TERUG",
        Handmatig::OorzaakOnbekend => "OORZAAK_ONBEKEND",
        Handmatig::SchemaOngeldig => "SCHEMA_ONGELDIG",
        Handmatig::TegenstrijdigeRetour => "TEGENSTRIJDIGE_RETOUR",
        Handmatig::OnbekendeRetour => "ONBEKENDE_RETOUR",
        Handmatig::Transport => "TRANSPORT",
        Handmatig::TweemaalGeweigerd => "TWEEMAAL_GEWEIGERD",
        Handmatig::GeenPlan => "GEEN_PLAN",
        Handmatig::TeVeelPerioden => "TE_VEEL_PERIODEN",
        Handmatig::NummersOp => "NUMMERS_OP",
        _ => "ANDERS",
    }
}
