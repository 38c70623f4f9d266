//! What the backoffice states about a person (events E8 to E10 of the iEb description, and section 9.7).
//!
//! A statement replaces the one before it about the same thing, so that stating twice is stating once.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::command::{EbStartNummer, Kostprijs};
use super::policy::{Belasting, Leveringsvorm};
use crate::dossier::Onderwerp;
use crate::identity::{Aanbieder, Bsn, Categorie, Product, ProductCode, ToewijzingNummer, VoorzieningNaam};

/// Most statements of one kind about a person.
pub const OPGAVEN_MAX: usize = 200;

/// Most periods in one statement.
pub const OPGAVE_PERIODEN_MAX: usize = 24;

/// Support that a statement is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Waarover {
    /// A toewijzing.
    Toewijzing(ToewijzingNummer),
    /// A voorziening of the backoffice, by its name.
    Voorziening(VoorzieningNaam),
    /// A product under a taakgericht contract.
    Taakgericht(Option<Product>),
}

impl From<&Onderwerp> for Waarover {
    fn from(onderwerp: &Onderwerp) -> Self {
        match onderwerp {
            Onderwerp::Toewijzing(nummer) => Self::Toewijzing(*nummer),
            Onderwerp::Taakgericht(product) => Self::Taakgericht(product.clone()),
        }
    }
}

/// Support without a 305: a pgb, an algemene voorziening, or the dates that the backoffice has of a toewijzing (E8).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Voorziening {
    /// What the backoffice calls it.
    pub naam: VoorzieningNaam,
    /// How it is provided.
    pub leveringsvorm: Leveringsvorm,
    /// The toewijzing whose dates these are; only for zorg in natura.
    #[serde(default)]
    pub toewijzing: Option<ToewijzingNummer>,
    /// The category of the product.
    #[serde(default)]
    pub categorie: Option<Categorie>,
    /// The product.
    #[serde(default)]
    pub code: Option<ProductCode>,
    /// The day on which it was decided.
    #[serde(default)]
    pub beschikkingsdatum: Option<Date>,
    /// The first day.
    pub ingangsdatum: Date,
    /// The last day; absent while it runs.
    #[serde(default)]
    pub einddatum: Option<Date>,
}

impl Voorziening {
    pub(super) fn product(&self) -> Option<Product> {
        self.categorie.map(|categorie| Product { categorie, code: self.code.clone() })
    }
}

/// What is known of a person besides messages (E9).
#[derive(Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Clientfeiten {
    /// Date of birth, in place of that of the messages.
    pub geboortedatum: Option<Date>,
    /// The day of death.
    pub overleden_op: Option<Date>,
    /// The last day on which the gemeente is responsible.
    pub verhuisd_na: Option<Date>,
    /// The first day of Wlz care.
    pub wlz_vanaf: Option<Date>,
    /// Its last day.
    pub wlz_tot_en_met: Option<Date>,
    /// The first day of beschermd wonen.
    pub bw_vanaf: Option<Date>,
    /// Its last day.
    pub bw_tot_en_met: Option<Date>,
}

impl std::fmt::Debug for Clientfeiten {
    /// Dates of birth and death are personal.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clientfeiten(…)")
    }
}

/// Somebody decided whether support is chargeable (E10).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BelastingBesluit {
    /// What it is about.
    pub waarover: Waarover,
    /// Whether it is chargeable; absent: the decision is taken back.
    #[serde(default)]
    pub belasting: Option<Belasting>,
    /// From this day.
    #[serde(default)]
    pub geldig_vanaf: Option<Date>,
    /// Until the day before this one.
    #[serde(default)]
    pub geldig_tot: Option<Date>,
}

/// The price of a hulpmiddel or woningaanpassing (E10, section 2.6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KostprijsOpgave {
    /// What has the price.
    pub waarover: Waarover,
    /// The price in eurocents; absent: it has none after all.
    #[serde(default)]
    pub bedrag_cent: Option<u32>,
    /// From when on it is paid off; absent: from the beginning of the support.
    #[serde(default)]
    pub startdatum: Option<Date>,
    /// The CAK, or the gemeente, found it paid off: the month of this day is the last (P15).
    #[serde(default)]
    pub bereikt_op: Option<Date>,
}

/// On which ground of UVB 3.8 lid 3 a person is exempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grond {
    /// The safety of a child.
    C,
    /// Insufficient means.
    G,
    /// An integral approach.
    H,
}

/// An exemption, which no message can tell the CAK: a task for a person (E10, section 2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vrijstelling {
    /// On which ground.
    pub grond: Grond,
    /// The first month of it, by a day in it.
    pub vanaf: Date,
    /// For how many months; 0: it is taken back.
    pub maanden: u8,
    /// The CAK was told.
    #[serde(default)]
    pub gemeld: bool,
}

/// An aanbieder held its intake: the 315 is due (FAQ on reaction times). No message tells of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Intake {
    /// The aanbieder.
    pub aanbieder: Aanbieder,
    /// The day of the intake; absent: there was none after all.
    #[serde(default)]
    pub gehouden_op: Option<Date>,
}

/// A period as the CAK has it, whatever this gateway thinks (section 9.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BekendePeriode {
    /// EbStartNummer.
    pub nummer: EbStartNummer,
    /// EbStartdatum.
    pub start: Date,
    /// EbStopdatum.
    #[serde(default)]
    pub stop: Option<Date>,
    /// EbKostprijs.
    #[serde(default)]
    pub kostprijs: Option<Kostprijs>,
}

/// A period in the words of a person, in place of what the gateway works out (section 9.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EigenPeriode {
    /// The first day.
    pub start: Date,
    /// The last day; absent while it runs.
    #[serde(default)]
    pub eind: Option<Date>,
}

/// One statement about a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Opgave {
    /// A voorziening was granted, changed or ended.
    Voorziening(Voorziening),
    /// A voorziening never was.
    VoorzieningIngetrokken(VoorzieningNaam),
    /// Facts about the person; they replace all that were stated before.
    Client(Clientfeiten),
    /// Whether support is chargeable.
    Belasting(BelastingBesluit),
    /// A price was set, changed or reached.
    Kostprijs(KostprijsOpgave),
    /// An exemption.
    Vrijstelling(Vrijstelling),
    /// An aanbieder held its intake.
    Intake(Intake),
    /// The person's BSN is another one (P13).
    Bsn(Bsn),
    /// The periods that the CAK has: a take-over, or a resynchronisation.
    BekendBijCak(Vec<BekendePeriode>),
    /// Own dates in place of what the gateway works out.
    EigenDatums(Vec<EigenPeriode>),
    /// What the gateway works out counts again.
    GeenEigenDatums {},
    /// Nothing is told until it is released.
    Vasthouden {},
    /// What is held back is told, and the planner goes on after a refusal.
    Vrijgeven {},
    /// The planner runs at once, without the bedenktijd.
    Herplannen {},
}

/// Why a statement cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpgaveFout {
    /// A period ends before it begins.
    #[error("a period ends before it begins")]
    EindVoorBegin,
    /// Periods overlap, are not in order of date, or one without an end is not the last (OP291).
    #[error("periods overlap, are not in order of date, or one without an end is not the last")]
    Overlap,
    /// A number stands there twice.
    #[error("an EbStartNummer stands there twice")]
    NummerDubbel,
    /// There are more than [`OPGAVE_PERIODEN_MAX`], or [`OPGAVEN_MAX`] statements of its kind.
    #[error("there are more of them than are kept")]
    TeVeel,
    /// A toewijzing, which has its own product, or none that is of zorg in natura.
    #[error("only support of leveringsvorm zin has a toewijzing, and only other support has a category")]
    ToewijzingEnVorm,
    /// A code without its category.
    #[error("a product code needs its category")]
    CodeZonderCategorie,
    /// What is said to have happened lies ahead.
    #[error("a birth, a death or an intake is on a day that is yet to come")]
    NogNietGebeurd,
    /// A message about the person waits for the answer of the CAK (OP080).
    #[error("a notification about this person waits for the answer of the CAK")]
    Onderweg,
    /// The BSN is the one that it should replace.
    #[error("the BSN is the one that it should replace")]
    ZelfdeBsn,
}

impl Opgave {
    /// Returns the word for it, for programs and people.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Voorziening(_) => "voorziening",
            Self::VoorzieningIngetrokken(_) => "voorziening_ingetrokken",
            Self::Client(_) => "client",
            Self::Belasting(_) => "belasting",
            Self::Kostprijs(_) => "kostprijs",
            Self::Vrijstelling(_) => "vrijstelling",
            Self::Intake(_) => "intake",
            Self::Bsn(_) => "bsn",
            Self::BekendBijCak(_) => "bekend_bij_cak",
            Self::EigenDatums(_) => "eigen_datums",
            Self::GeenEigenDatums {} => "geen_eigen_datums",
            Self::Vasthouden {} => "vasthouden",
            Self::Vrijgeven {} => "vrijgeven",
            Self::Herplannen {} => "herplannen",
        }
    }

    /// Checks what can be seen from the statement itself.
    ///
    /// # Errors
    ///
    /// [`OpgaveFout`] says what is wrong with it.
    pub fn check(&self) -> Result<(), OpgaveFout> {
        let ordered = |first: Date, last: Option<Date>| last.is_none_or(|last| first <= last);
        match self {
            Self::Voorziening(voorziening) => {
                if !ordered(voorziening.ingangsdatum, voorziening.einddatum) {
                    return Err(OpgaveFout::EindVoorBegin);
                }
                if voorziening.code.is_some() && voorziening.categorie.is_none() {
                    return Err(OpgaveFout::CodeZonderCategorie);
                }
                let zin = voorziening.leveringsvorm == Leveringsvorm::Zin;
                let (assigned, named) = (voorziening.toewijzing.is_some(), voorziening.categorie.is_some());
                // A toewijzing says what its product is.
                if assigned && (!zin || named) {
                    return Err(OpgaveFout::ToewijzingEnVorm);
                }
                Ok(())
            }
            Self::BekendBijCak(known) => {
                let mut numbers: Vec<EbStartNummer> = known.iter().map(|period| period.nummer).collect();
                numbers.sort();
                numbers.dedup();
                if numbers.len() != known.len() {
                    return Err(OpgaveFout::NummerDubbel);
                }
                disjoint(known.iter().map(|period| (period.start, period.stop)))
            }
            Self::EigenDatums(own) => disjoint(own.iter().map(|period| (period.start, period.eind))),
            Self::Belasting(besluit) => {
                let whole = match (besluit.geldig_vanaf, besluit.geldig_tot) {
                    (Some(from), Some(until)) => from < until,
                    _ => true,
                };
                whole.then_some(()).ok_or(OpgaveFout::EindVoorBegin)
            }
            Self::Client(feiten) => {
                let wlz = feiten.wlz_vanaf.is_none_or(|from| ordered(from, feiten.wlz_tot_en_met));
                let bw = feiten.bw_vanaf.is_none_or(|from| ordered(from, feiten.bw_tot_en_met));
                let life = feiten.geboortedatum.is_none_or(|from| ordered(from, feiten.overleden_op));
                (wlz && bw && life).then_some(()).ok_or(OpgaveFout::EindVoorBegin)
            }
            _ => Ok(()),
        }
    }
}

impl Opgave {
    /// Checks that what is said to have happened lies not ahead of the day on which it is said.
    ///
    /// # Errors
    ///
    /// [`OpgaveFout::NogNietGebeurd`].
    pub fn check_on(&self, today: Date) -> Result<(), OpgaveFout> {
        let days = match self {
            Self::Client(feiten) => [feiten.geboortedatum, feiten.overleden_op],
            Self::Intake(intake) => [intake.gehouden_op, None],
            _ => [None, None],
        };
        let ahead = days.into_iter().flatten().any(|day| day > today);
        if ahead { Err(OpgaveFout::NogNietGebeurd) } else { Ok(()) }
    }
}

/// OP291.
fn disjoint(periods: impl Iterator<Item = (Date, Option<Date>)>) -> Result<(), OpgaveFout> {
    let mut before: Option<(Date, Option<Date>)> = None;
    for (count, (start, eind)) in periods.enumerate() {
        if count >= OPGAVE_PERIODEN_MAX {
            return Err(OpgaveFout::TeVeel);
        }
        if eind.is_some_and(|eind| eind < start) {
            return Err(OpgaveFout::EindVoorBegin);
        }
        if before.is_some_and(|(_, last)| last.is_none_or(|last| last >= start)) {
            return Err(OpgaveFout::Overlap);
        }
        before = Some((start, eind));
    }
    Ok(())
}

/// All that the backoffice stated about a person and that still counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opgaven {
    /// Support without a 305, by name.
    pub voorzieningen: Vec<Voorziening>,
    /// Facts about the person.
    pub client: Clientfeiten,
    /// Decisions about chargeability; of several that hold the last counts.
    pub belasting: Vec<BelastingBesluit>,
    /// Prices, by what has them.
    pub kostprijzen: Vec<KostprijsOpgave>,
    /// Exemptions.
    pub vrijstellingen: Vec<Vrijstelling>,
    /// Intakes, by aanbieder; the last of each counts.
    pub intakes: Vec<Intake>,
    /// Periods in place of what the gateway works out.
    pub eigen_datums: Option<Vec<EigenPeriode>>,
    /// The BSN that this person really has: nothing is due under this one.
    pub juiste_bsn: Option<Bsn>,
    /// BSNs under which this person was known wrongly: what is on record there is of this person.
    pub eerdere_bsns: Vec<Bsn>,
}

impl Opgaven {
    /// Puts a statement on record, as far as it is kept here and not with what the CAK knows.
    ///
    /// # Errors
    ///
    /// There are too many of its kind already; nothing has changed.
    pub fn apply(&mut self, opgave: &Opgave) -> Result<(), OpgaveFout> {
        match opgave {
            Opgave::Voorziening(new) => replace(&mut self.voorzieningen, new, |old| old.naam == new.naam)?,
            Opgave::VoorzieningIngetrokken(naam) => self.voorzieningen.retain(|old| old.naam != *naam),
            Opgave::Client(feiten) => self.client = *feiten,
            Opgave::Belasting(new) => {
                let same = |old: &BelastingBesluit| {
                    old.waarover == new.waarover && old.geldig_vanaf == new.geldig_vanaf
                };
                replace(&mut self.belasting, new, same)?;
                self.belasting.retain(|besluit| besluit.belasting.is_some());
            }
            Opgave::Kostprijs(new) => {
                let mut new = new.clone();
                let old = self.kostprijzen.iter().find(|old| old.waarover == new.waarover);
                // That a price is reached does not say that there was none: the CAK guards it until the stop (P15).
                if let Some(old) = old.filter(|_| new.bedrag_cent.is_none() && new.bereikt_op.is_some()) {
                    new.bedrag_cent = old.bedrag_cent;
                    new.startdatum = new.startdatum.or(old.startdatum);
                }
                replace(&mut self.kostprijzen, &new, |old| old.waarover == new.waarover)?;
                self.kostprijzen.retain(|price| price.bedrag_cent.is_some() || price.bereikt_op.is_some());
            }
            Opgave::Vrijstelling(new) => {
                let same = |old: &Vrijstelling| old.grond == new.grond && old.vanaf == new.vanaf;
                replace(&mut self.vrijstellingen, new, same)?;
                self.vrijstellingen.retain(|vrijstelling| vrijstelling.maanden > 0);
            }
            Opgave::Intake(new) => {
                replace(&mut self.intakes, new, |old| old.aanbieder == new.aanbieder)?;
                self.intakes.retain(|intake| intake.gehouden_op.is_some());
            }
            Opgave::EigenDatums(own) => self.eigen_datums = Some(own.clone()),
            Opgave::GeenEigenDatums {} => self.eigen_datums = None,
            Opgave::Bsn(juist) => self.juiste_bsn = Some(*juist),
            Opgave::BekendBijCak(_)
            | Opgave::Vasthouden {}
            | Opgave::Vrijgeven {}
            | Opgave::Herplannen {} => {}
        }
        Ok(())
    }

    /// Takes over what was stated about this person under a wrong BSN (P13).
    pub fn take_over(&mut self, eerder: Bsn, stated: &Self) {
        if !self.eerdere_bsns.contains(&eerder) {
            self.eerdere_bsns.push(eerder);
        }
        let known = |naam: &VoorzieningNaam, all: &[Voorziening]| all.iter().any(|one| one.naam == *naam);
        for voorziening in &stated.voorzieningen {
            if !known(&voorziening.naam, &self.voorzieningen) && self.voorzieningen.len() < OPGAVEN_MAX {
                self.voorzieningen.push(voorziening.clone());
            }
        }
        if self.client == Clientfeiten::default() {
            self.client = stated.client;
        }
        self.belasting.splice(0..0, others(&stated.belasting, &self.belasting));
        self.kostprijzen.splice(0..0, others(&stated.kostprijzen, &self.kostprijzen));
        self.vrijstellingen.splice(0..0, others(&stated.vrijstellingen, &self.vrijstellingen));
        self.intakes.splice(0..0, others(&stated.intakes, &self.intakes));
    }

    /// Takes back that what is on record under a BSN is of this person, and what was stated there and taken over.
    pub fn give_back(&mut self, bsn: Bsn, stated: &Self) {
        self.eerdere_bsns.retain(|one| *one != bsn);
        self.voorzieningen.retain(|one| !stated.voorzieningen.contains(one));
        if self.client == stated.client {
            self.client = Clientfeiten::default();
        }
        self.belasting.retain(|one| !stated.belasting.contains(one));
        self.kostprijzen.retain(|one| !stated.kostprijzen.contains(one));
        self.vrijstellingen.retain(|one| !stated.vrijstellingen.contains(one));
        self.intakes.retain(|one| !stated.intakes.contains(one));
    }
}

/// What stands in the first and not in the second.
fn others<T: Clone + PartialEq>(all: &[T], known: &[T]) -> Vec<T> {
    all.iter().filter(|one| !known.contains(one)).cloned().collect()
}

fn replace<T: Clone>(all: &mut Vec<T>, new: &T, same: impl Fn(&T) -> bool) -> Result<(), OpgaveFout> {
    all.retain(|old| !same(old));
    if all.len() >= OPGAVEN_MAX {
        return Err(OpgaveFout::TeVeel);
    }
    all.push(new.clone());
    Ok(())
}
