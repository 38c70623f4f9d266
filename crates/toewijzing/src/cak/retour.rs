//! What a WMO402 or WMO404 does to the record (sections 6.1 and 6.2 of the iEb description).

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::command::{EbStartNummer, Onderdeel, Opdracht};
use super::record::{EbBericht, EbDossier, EbPeriode, EbStart, Uitkomst};
use crate::identity::{Identificatie, Retourcode};

/// Every code that release 1.0 knows.
const CODES: &[&str] = &[
    "0001", "0200", "0233", "8848", "9056", "9071", "9102", "9103", "9104", "9114", "9115", "9328", "9329",
    "9330", "S300", "S333",
];

/// What a retour led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Gevolg {
    /// The command was accepted and is on record.
    Aanvaard,
    /// It was refused; the record keeps the values accepted last, and planning goes on.
    Geweigerd(Actie),
    /// It was refused, or cannot be understood: the planner leaves this person alone until someone looked.
    Handmatig(Handmatig),
    /// The same retour came before.
    Genegeerd,
}

/// What the next plan does about a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Actie {
    /// The same command goes again with a new Identificatie and Dagtekening, once.
    Opnieuw,
    /// The start goes again under a new number (9102, 9104).
    NieuwNummer,
    /// The start or stop goes again as a first delivery (9103, 9104).
    AlsEerste,
    /// It goes again without EbKostprijs; somebody must look at the price (S333).
    KostprijsWeglaten,
    /// It waits until its date is within the window (9115).
    Wachten,
    /// The plan is made again (9328, 9330).
    Herplannen,
    /// The stop cannot be taken back: a new period follows it (9071 on a WMO403).
    NieuwePeriode,
    /// The stop that stands at the CAK is deleted before the start (9071 on a WMO401).
    StopEerst,
    /// The same command goes again once the gemeente goes on: the CAK does not know it, so that nothing about anybody in it
    /// may be told (S300).
    GemeenteStil,
}

/// Why the planner leaves a person alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Handmatig {
    /// 0001: our own check missed something; never repeated blindly.
    Defect,
    /// 9329 or 9071 on a start: the CAK has another record than we have.
    Afwijkend,
    /// 9102, and an earlier start of ours with that number was never answered: it may stand at the CAK.
    MogelijkAanvaard,
    /// The start lies too far back: the CAK said so (9114), or a first delivery cannot reach it (P17).
    TeVerTerug,
    /// 0233, or codes that contradict each other.
    OorzaakOnbekend,
    /// A code that the release does not know.
    SchemaOngeldig,
    /// A second, different retour on the same message.
    TegenstrijdigeRetour,
    /// A retour that belongs to no message.
    OnbekendeRetour,
    /// The transport refused the message for good.
    Transport,
    /// The same command was refused twice.
    TweemaalGeweigerd,
    /// No row of commands within the rules leads from what the CAK has to what it should have.
    GeenPlan,
    /// More periods than the planner compares.
    TeVeelPerioden,
    /// No EbStartNummer is left.
    NummersOp,
}

impl EbDossier {
    /// Puts a retour on record.
    ///
    /// `op` is the Identificatie of our message, which the retour repeats; `codes` are all RetourCodes in it, of
    /// header and classes together.
    pub fn retour(&mut self, op: &Identificatie, codes: &[Retourcode]) -> Gevolg {
        let mut codes = codes.to_vec();
        codes.sort();
        codes.dedup();
        let Some(index) = self.berichten.iter().rposition(|bericht| bericht.identificatie == *op) else {
            return self.manual(Handmatig::OnbekendeRetour);
        };
        // 6.1: accepted when nothing but 0200 came back.
        let aanvaard = codes.iter().all(|code| *code == Retourcode::GEEN_OPMERKINGEN);
        if let Some(known) = &self.berichten[index].uitkomst {
            // 6.1: a repeat is ignored, a second opinion is not.
            if known.codes == codes && known.aanvaard == aanvaard {
                return Gevolg::Genegeerd;
            }
            return self.manual(Handmatig::TegenstrijdigeRetour);
        }
        let opdracht = self.berichten[index].opdracht;
        let known = codes.iter().all(|code| CODES.contains(&code.as_str()));
        let causes: Vec<Retourcode> =
            codes.iter().copied().filter(|code| *code != Retourcode::GEEN_OPMERKINGEN).collect();
        self.berichten[index].uitkomst = Some(Uitkomst { codes, aanvaard });
        if aanvaard {
            self.accept(&opdracht);
            return Gevolg::Aanvaard;
        }
        if !known {
            return self.manual(Handmatig::SchemaOngeldig);
        }
        if let Some(period) = self.perioden.iter_mut().find(|period| period.nummer == opdracht.nummer()) {
            period.afgekeurd = causes.first().copied();
        }
        // 0233 tells nothing beside a code that does.
        let named: Vec<Retourcode> =
            causes.into_iter().filter(|code| *code != Retourcode::NIET_BEOORDEELD).collect();
        let Some(cause) = named.first() else { return self.manual(Handmatig::OorzaakOnbekend) };
        match self.refuse(&opdracht, *cause) {
            Ok(action) => Gevolg::Geweigerd(action),
            Err(reason) => self.manual(reason),
        }
    }

    /// Puts on record that a message will get no retour: the transport refused it for good (Fo01, 6.3).
    ///
    /// Nothing was received, so nothing changes but that somebody must look.
    pub fn niet_aangenomen(&mut self, op: &Identificatie) -> Gevolg {
        let waiting = self
            .berichten
            .iter_mut()
            .rfind(|bericht| bericht.identificatie == *op && bericht.uitkomst.is_none());
        let Some(bericht) = waiting else { return Gevolg::Genegeerd };
        bericht.uitkomst = Some(Uitkomst { codes: Vec::new(), aanvaard: false });
        self.manual(Handmatig::Transport)
    }

    fn manual(&mut self, reason: Handmatig) -> Gevolg {
        self.handmatig = Some(reason);
        Gevolg::Handmatig(reason)
    }

    fn accept(&mut self, opdracht: &Opdracht) {
        let nummer = opdracht.nummer();
        if let Opdracht::MeldStart { datum, kostprijs, .. } = *opdracht {
            self.take_over(nummer, EbStart { datum, kostprijs }, None);
            return;
        }
        let Some(period) = self.perioden.iter_mut().find(|period| period.nummer == nummer) else { return };
        period.afgekeurd = None;
        match *opdracht {
            Opdracht::MeldStart { .. } => {}
            Opdracht::WijzigStart { datum, kostprijs, .. } => period.start = EbStart { datum, kostprijs },
            // OP326: a deletion removes the original and its changes together.
            Opdracht::VerwijderStart { .. } => period.verwijderd = true,
            Opdracht::MeldStop { datum, .. } | Opdracht::WijzigStop { datum, .. } => {
                period.stop = Some(datum);
                period.stop_blijft = false;
            }
            Opdracht::VerwijderStop { .. } => {
                period.stop = None;
                period.stop_ooit_verwijderd = true;
            }
        }
    }

    /// Section 6.2, one arm each: what the code teaches about the CAK's record, and what comes next.
    fn refuse(&mut self, opdracht: &Opdracht, code: Retourcode) -> Result<Actie, Handmatig> {
        let start = opdracht.onderdeel() == Onderdeel::Start;
        match code.as_str() {
            "0001" => Err(Handmatig::Defect),
            "S300" => Ok(Actie::GemeenteStil),
            "8848" | "9056" => Ok(Actie::Opnieuw),
            "S333" => {
                self.zonder_kostprijs = true;
                Ok(Actie::KostprijsWeglaten)
            }
            "9071" if !start => {
                self.with_period(opdracht, |period| period.stop_blijft = true);
                Ok(Actie::NieuwePeriode)
            }
            "9071" => match self.stop_never_accepted(opdracht) {
                // The CAK has a stop of which we never heard that it took it: that goes first.
                Some(stop) => {
                    self.with_period(opdracht, |period| period.stop = Some(stop));
                    Ok(Actie::StopEerst)
                }
                None => Err(Handmatig::Afwijkend),
            },
            // The number may be used by a message of ours that nobody answered: a second start must not follow it.
            "9102" if self.is_unanswered(opdracht.nummer()) => Err(Handmatig::MogelijkAanvaard),
            "9102" => Ok(Actie::NieuwNummer),
            "9103" => {
                // The CAK has no such start: what we hold is not there.
                self.perioden.retain(|period| period.nummer != opdracht.nummer());
                Ok(Actie::AlsEerste)
            }
            "9104" if start => {
                self.with_period(opdracht, |period| period.verwijderd = true);
                Ok(Actie::NieuwNummer)
            }
            "9104" => {
                self.with_period(opdracht, |period| {
                    period.stop = None;
                    period.stop_ooit_verwijderd = true;
                });
                Ok(Actie::AlsEerste)
            }
            "9114" => Err(Handmatig::TeVerTerug),
            "9115" => Ok(Actie::Wachten),
            "9328" | "9330" => Ok(Actie::Herplannen),
            // What goes again is the deletion with the values on record; when it had those, the records differ.
            "9329" if !self.is_as_accepted(opdracht) => Ok(Actie::Opnieuw),
            _ => Err(Handmatig::Afwijkend),
        }
    }

    /// True when a start with this number was sent of which no retour ever said anything.
    fn is_unanswered(&self, nummer: EbStartNummer) -> bool {
        self.berichten.iter().any(|bericht| {
            matches!(bericht.opdracht, Opdracht::MeldStart { nummer: sent, .. } if sent == nummer)
                && bericht
                    .uitkomst
                    .as_ref()
                    .is_some_and(|outcome| !outcome.aanvaard && outcome.codes.is_empty())
        })
    }

    /// The stop of a number that was sent last, when no retour ever said that it was accepted.
    fn stop_never_accepted(&self, opdracht: &Opdracht) -> Option<Date> {
        let of_stop = |bericht: &&EbBericht| {
            bericht.opdracht.nummer() == opdracht.nummer() && bericht.opdracht.onderdeel() == Onderdeel::Stop
        };
        let last = self.berichten.iter().rev().find(of_stop)?;
        let refused = last.uitkomst.as_ref().is_some_and(|outcome| !outcome.aanvaard);
        (refused && last.opdracht.status_aanlevering() != 3).then(|| last.opdracht.datum())
    }

    /// True when a deletion names exactly what was accepted last (TR329).
    fn is_as_accepted(&self, opdracht: &Opdracht) -> bool {
        let Some(period) = self.perioden.iter().find(|period| period.nummer == opdracht.nummer()) else {
            return true;
        };
        match opdracht.onderdeel() {
            Onderdeel::Start => {
                (period.start.datum, period.start.kostprijs) == (opdracht.datum(), opdracht.kostprijs())
            }
            Onderdeel::Stop => period.stop == Some(opdracht.datum()),
        }
    }

    fn with_period(&mut self, opdracht: &Opdracht, change: impl FnOnce(&mut EbPeriode)) {
        if let Some(period) = self.perioden.iter_mut().find(|period| period.nummer == opdracht.nummer()) {
            change(period);
        }
    }
}
