//! What the CAK was told about a person, and what it accepted (section 9.2 of the iEb description).

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::command::{EbStartNummer, Kostprijs, Onderdeel, Opdracht};
use super::months::shift_months;
use super::opgave::BekendePeriode;
use super::retour::Handmatig;
use crate::identity::{Identificatie, Retourcode};

/// Months that a revision charges or refunds (UVB 3.6).
const HERZIENING_MAANDEN: i32 = 36;

/// What the CAK accepted as the start of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EbStart {
    /// EbStartdatum.
    #[serde(with = "crate::compact::date")]
    pub datum: Date,
    /// EbKostprijs.
    pub kostprijs: Option<Kostprijs>,
}

/// Which contribution a period is of. There may be several at once (section 11); each has its own periods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Soort {
    /// The abonnementstarief: WMO401 and WMO403. The one that is planned for.
    #[default]
    Abonnementstarief,
    /// Another one, which is on record and left alone.
    Anders,
}

/// A period as the CAK accepted it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EbPeriode {
    /// EbStartNummer.
    pub nummer: EbStartNummer,
    /// Of which contribution.
    pub soort: Soort,
    /// The start accepted last.
    pub start: EbStart,
    /// The stop accepted last and not deleted.
    #[serde(with = "crate::compact::optional_date")]
    pub stop: Option<Date>,
    /// The start was deleted. Final: the number is burnt.
    pub verwijderd: bool,
    /// A stop was deleted before, so that the next is a first delivery (TR104).
    pub stop_ooit_verwijderd: bool,
    /// The CAK refuses to delete this stop (9071 on a WMO403): a later period must follow it.
    pub stop_blijft: bool,
    /// The code with which the last command about this period was refused, until another is accepted.
    pub afgekeurd: Option<Retourcode>,
}

/// State of one EbStartNummer (section 9.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EbStaat {
    /// Never sent.
    Geen,
    /// First start sent, no retour yet.
    StartOnderweg,
    /// Start accepted, no stop.
    Actief,
    /// Changed start sent.
    WijzigingOnderweg,
    /// First stop sent.
    StopOnderweg,
    /// Stop accepted.
    Gestopt,
    /// Changed stop sent.
    StopWijzigingOnderweg,
    /// Deletion of the stop sent.
    StopIntrekkingOnderweg,
    /// Deletion of the start sent.
    VerwijderingOnderweg,
    /// Deleted. Final.
    Verwijderd,
    /// First start refused: unknown to the CAK.
    Afgekeurd,
}

/// A message to the CAK with its outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EbBericht {
    /// What it says.
    pub opdracht: Opdracht,
    /// Identificatie.
    pub identificatie: Identificatie,
    /// Dagtekening.
    #[serde(with = "crate::compact::date")]
    pub dagtekening: Date,
    /// What the retour said; absent while it is under way.
    pub uitkomst: Option<Uitkomst>,
}

/// What a retour said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uitkomst {
    /// All codes in the retour, ascending and once each.
    pub codes: Vec<Retourcode>,
    /// The message was accepted.
    pub aanvaard: bool,
}

/// Everything a gemeente told the CAK about a person; at first nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EbDossier {
    pub(super) perioden: Vec<EbPeriode>,
    pub(super) berichten: Vec<EbBericht>,
    pub(super) handmatig: Option<Handmatig>,
    pub(super) zonder_kostprijs: bool,
    /// Refusals before this message no longer count: an operator released the client.
    pub(super) vrijgegeven_vanaf: usize,
    /// A person holds back what the CAK is to be told.
    pub(super) vastgehouden: bool,
}

/// The command cannot be recorded. A fault of the caller; nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EbFout {
    /// Another message about this person is under way.
    #[error("another message about this person is under way")]
    NogOnderweg,
}

impl EbDossier {
    /// Takes over a period that the CAK knows from an earlier system.
    pub fn take_over(&mut self, nummer: EbStartNummer, start: EbStart, stop: Option<Date>) {
        self.take_over_of(Soort::Abonnementstarief, nummer, start, stop);
    }

    /// Takes over a period of one of several contributions.
    pub fn take_over_of(&mut self, soort: Soort, nummer: EbStartNummer, start: EbStart, stop: Option<Date>) {
        self.perioden.push(EbPeriode {
            nummer,
            soort,
            start,
            stop,
            verwijderd: false,
            stop_ooit_verwijderd: false,
            stop_blijft: false,
            afgekeurd: None,
        });
        self.perioden.sort_by_key(|period| period.nummer);
    }

    /// Returns every period the CAK ever accepted, deleted ones included, in order of number.
    #[must_use]
    pub fn perioden(&self) -> &[EbPeriode] {
        &self.perioden
    }

    /// Returns the periods that stand at the CAK, by date.
    #[must_use]
    pub fn aanvaard(&self) -> Vec<&EbPeriode> {
        let mut standing: Vec<&EbPeriode> =
            self.perioden.iter().filter(|period| !period.verwijderd).collect();
        standing.sort_by_key(|period| (period.start.datum, period.stop.unwrap_or(Date::MAX), period.nummer));
        standing
    }

    /// Returns every message sent, in order.
    #[must_use]
    pub fn berichten(&self) -> &[EbBericht] {
        &self.berichten
    }

    /// Returns the message that waits for its retour.
    #[must_use]
    pub fn onderweg(&self) -> Option<&EbBericht> {
        self.berichten.last().filter(|bericht| bericht.uitkomst.is_none())
    }

    /// Returns why the planner leaves this person alone.
    #[must_use]
    pub fn handmatig(&self) -> Option<Handmatig> {
        self.handmatig
    }

    /// Lets the planner go on after a person dealt with what was wrong, or no longer holds it back.
    pub fn vrijgeven(&mut self) {
        self.handmatig = None;
        self.vrijgegeven_vanaf = self.berichten.len();
        self.vastgehouden = false;
    }

    /// Holds back what the CAK is to be told, until it is released (9.7).
    pub fn vasthouden(&mut self) {
        self.vastgehouden = true;
    }

    /// Returns whether a person holds back what the CAK is to be told.
    #[must_use]
    pub fn is_vastgehouden(&self) -> bool {
        self.vastgehouden
    }

    /// Returns whether the CAK refused a price, so that none is sent any more (S333).
    #[must_use]
    pub fn is_zonder_kostprijs(&self) -> bool {
        self.zonder_kostprijs
    }

    /// A price was stated anew: it may be sent again.
    pub fn kostprijs_opnieuw(&mut self) {
        self.zonder_kostprijs = false;
    }

    /// Takes as known at the CAK exactly these periods: a take-over, or a resynchronisation after the records of the two
    /// sides went apart (9.7). The planner goes on from there.
    ///
    /// # Errors
    ///
    /// A message about this person is under way, whose answer would speak of the record as it was.
    pub fn bekend_bij_cak(&mut self, known: &[BekendePeriode]) -> Result<(), EbFout> {
        if self.onderweg().is_some() {
            return Err(EbFout::NogOnderweg);
        }
        for period in &mut self.perioden {
            // What is not named does not stand there, and its number is never used again (OP290).
            period.verwijderd = true;
        }
        for BekendePeriode { nummer, start, stop, kostprijs } in known {
            self.perioden.retain(|period| period.nummer != *nummer);
            self.take_over(*nummer, EbStart { datum: *start, kostprijs: *kostprijs }, *stop);
        }
        self.vrijgegeven_vanaf = self.berichten.len();
        self.handmatig = None;
        Ok(())
    }

    /// Returns whether a stop was taken back that lies further back than a revision charges (UVB 3.6), and nobody has looked
    /// at it since (9.6).
    #[must_use]
    pub fn is_oud_ingetrokken(&self) -> bool {
        self.berichten.iter().skip(self.vrijgegeven_vanaf).any(|bericht| {
            let accepted = bericht.uitkomst.as_ref().is_some_and(|outcome| outcome.aanvaard);
            accepted
                && matches!(bericht.opdracht, Opdracht::VerwijderStop { .. })
                && bericht.opdracht.datum() < shift_months(bericht.dagtekening, -HERZIENING_MAANDEN)
        })
    }

    /// Records that a command was sent.
    ///
    /// # Errors
    ///
    /// Another message about this person is under way.
    pub fn sent(
        &mut self,
        opdracht: Opdracht,
        identificatie: Identificatie,
        dagtekening: Date,
    ) -> Result<(), EbFout> {
        if self.onderweg().is_some() {
            return Err(EbFout::NogOnderweg);
        }
        self.berichten.push(EbBericht { opdracht, identificatie, dagtekening, uitkomst: None });
        Ok(())
    }

    /// Returns the state of a number.
    #[must_use]
    pub fn staat(&self, nummer: EbStartNummer) -> EbStaat {
        if let Some(bericht) = self.onderweg().filter(|bericht| bericht.opdracht.nummer() == nummer) {
            return match bericht.opdracht {
                Opdracht::MeldStart { .. } => EbStaat::StartOnderweg,
                Opdracht::WijzigStart { .. } => EbStaat::WijzigingOnderweg,
                Opdracht::VerwijderStart { .. } => EbStaat::VerwijderingOnderweg,
                Opdracht::MeldStop { .. } => EbStaat::StopOnderweg,
                Opdracht::WijzigStop { .. } => EbStaat::StopWijzigingOnderweg,
                Opdracht::VerwijderStop { .. } => EbStaat::StopIntrekkingOnderweg,
            };
        }
        let known = self.perioden.iter().find(|period| period.nummer == nummer);
        match known {
            Some(period) if period.verwijderd => EbStaat::Verwijderd,
            Some(period) if period.stop.is_some() => EbStaat::Gestopt,
            Some(_) => EbStaat::Actief,
            None if self.berichten.iter().any(|b| b.opdracht.nummer() == nummer) => EbStaat::Afgekeurd,
            None => EbStaat::Geen,
        }
    }

    /// Returns the numbers that were taken for a start the CAK never received (6.2), ascending.
    pub(super) fn herbruikbaar(&self) -> Vec<EbStartNummer> {
        let mut numbers: Vec<EbStartNummer> = self
            .berichten
            .iter()
            .map(|bericht| bericht.opdracht.nummer())
            .filter(|nummer| self.staat(*nummer) == EbStaat::Afgekeurd && !self.is_burnt(*nummer))
            .collect();
        numbers.sort();
        numbers.dedup();
        numbers
    }

    /// True when the CAK said that the number was used (9102), or that it was deleted (9104).
    fn is_burnt(&self, nummer: EbStartNummer) -> bool {
        let burnt = |code: &Retourcode| matches!(code.as_str(), "9102" | "9104");
        self.berichten.iter().any(|bericht| {
            bericht.opdracht.nummer() == nummer
                && bericht.opdracht.onderdeel() == Onderdeel::Start
                && bericht.uitkomst.as_ref().is_some_and(|outcome| outcome.codes.iter().any(burnt))
        })
    }
}
