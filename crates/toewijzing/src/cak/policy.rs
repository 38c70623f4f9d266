//! The choices a gemeente makes about the own contribution (section 10 of the iEb description), as they hold at one time.
//!
//! [`super::EbBeleid`] says which hold when. Every choice has a name in TOML, which is also its name here.

use std::collections::BTreeMap;
use std::fmt;

use jiff::civil::Date;
use serde::{Serialize, Serializer};

use super::tijd::{Bedenktijd, MeldingTermijn};
use crate::identity::{Categorie, Product, ProductCode};

/// A choice among words.
pub trait Keuze: Copy + 'static {
    /// Every word with what it stands for, in the order of the iEb description.
    const WOORDEN: &'static [(&'static str, Self)];

    /// Returns what a word stands for.
    fn of(word: &str) -> Option<Self> {
        Self::WOORDEN.iter().find(|(text, _)| *text == word).map(|(_, choice)| *choice)
    }
}

macro_rules! keuze {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $word)] $variant,)+
        }

        impl Keuze for $name {
            const WOORDEN: &'static [(&'static str, Self)] = &[$(($word, Self::$variant),)+];
        }
    };
}

keuze! {
    /// Which days a period charges (sections 2.2 and 11): the functions that the law gives, chosen by date.
    Maandregel {
        /// Whole months: a start on day 1 counts from that month, any other from the next (UVB 3.5).
        VolgendeMaand = "volgende_maand",
        /// Whole months: the month of the start counts.
        ZelfdeMaand = "zelfde_maand",
        /// The days themselves.
        Dag = "dag",
    }
}

keuze! {
    /// Which contribution there is.
    Regime {
        /// One amount a month for everyone.
        Abonnementstarief = "abonnementstarief",
        /// By income (section 11): periods go on, but no remaining price can be computed.
        Inkomensafhankelijk = "inkomensafhankelijk",
        /// None.
        Geen = "geen",
    }
}

keuze! {
    /// What starts or ends the contribution (section 2.5).
    Trigger {
        /// The toewijzing: Ingangsdatum and Einddatum of the 301 that was approved.
        Toewijzing = "toewijzing",
        /// Support itself: Begindatum of the 305, Einddatum of the 307.
        Levering = "levering",
        /// The first and the last day declared in 323 messages that the gemeente granted.
        Declaratie = "declaratie",
        /// What the backoffice states.
        Backoffice = "backoffice",
    }
}

keuze! {
    /// From which day a period counts (section 8.3).
    StartDatumBron {
        /// The day that the trigger gives.
        Begindatum = "begindatum",
        /// Ingangsdatum of the toewijzing.
        Ingangsdatum = "ingangsdatum",
        /// The day on which the toewijzing was decided.
        Beschikkingsdatum = "beschikkingsdatum",
        /// The first day of the month after the one that the trigger gives.
        VolgendeMaand = "volgende_maand",
    }
}

keuze! {
    /// Whether a product is chargeable.
    Belasting {
        /// The contribution is due.
        Belast = "belast",
        /// Nothing is due.
        Vrij = "vrij",
        /// Another contribution is due: beschermd wonen.
        AnderRegime = "ander_regime",
        /// Nobody decided yet: a person must.
        Handmatig = "handmatig",
    }
}

keuze! {
    /// What a temporary stop does (section 8.4).
    Pauze {
        /// It ends the period once a whole calendar month without support has passed.
        NaVolleMaand = "na_volle_maand",
        /// It ends the period at once.
        Direct = "direct",
        /// Nothing.
        Nooit = "nooit",
    }
}

keuze! {
    /// Whether a stop is reported that the CAK may know of itself.
    Melding {
        /// It is.
        Stop = "stop",
        /// It is not.
        Niets = "niets",
    }
}

keuze! {
    /// What to do about clients under the age from which the contribution is due (UVB 3.8).
    Minderjarig {
        /// Periods begin at that birthday; the word is of the law as it is, where the age is 18.
        KnipOp18 = "knip_op_18",
        /// Periods are reported as they are.
        Melden = "melden",
    }
}

keuze! {
    /// What to do about a start that lies further back than a first delivery may (P17).
    RetroBeleid {
        /// A person decides.
        Handmatig = "handmatig",
        /// The start is moved to the limit.
        Knip = "knip",
    }
}

keuze! {
    /// Whether the CAK guards the price of a hulpmiddel or woningaanpassing (section 2.6).
    KostprijsBeleid {
        /// The gemeente guards it.
        Niet = "niet",
        /// The CAK does, with what the gemeente delivers.
        Aanleveren = "aanleveren",
    }
}

keuze! {
    /// Whether a price is guarded while a chargeable service runs beside the hulpmiddel (section 2.6).
    DienstErnaast {
        /// It is not: the service has no end by its price.
        ZonderKostprijs = "zonder_kostprijs",
        /// It is.
        MetKostprijs = "met_kostprijs",
    }
}

keuze! {
    /// The release that the CAK is told in.
    Standaard {
        /// iEb 1.0.
        Ieb10 = "ieb-1.0",
    }
}

keuze! {
    /// How support is provided.
    Leveringsvorm {
        /// Zorg in natura: by a toewijzing.
        Zin = "zin",
        /// A persoonsgebonden budget.
        Pgb = "pgb",
        /// An algemene voorziening.
        Algemeen = "algemeen",
    }
}

/// When two periods count as one (section 8.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Brug {
    /// Unless a whole calendar month lies between them.
    VolleKalendermaand,
    /// When at most this many days lie between them.
    Dagen(u16),
    /// Only when they touch.
    Geen,
}

impl Brug {
    /// Returns what `volle_kalendermaand`, `dagen(14)` or `geen` stands for.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        match text {
            "volle_kalendermaand" => Some(Self::VolleKalendermaand),
            "geen" => Some(Self::Geen),
            _ => {
                let days = text.strip_prefix("dagen(")?.strip_suffix(')')?;
                let plain = !days.is_empty() && days.bytes().all(|byte| byte.is_ascii_digit());
                days.parse().ok().filter(|_| plain).map(Self::Dagen)
            }
        }
    }
}

impl fmt::Display for Brug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::VolleKalendermaand => f.write_str("volle_kalendermaand"),
            Self::Dagen(days) => write!(f, "dagen({days})"),
            Self::Geen => f.write_str("geen"),
        }
    }
}

impl Serialize for Brug {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What differs for a category, or for one product of it. The most specific wins: a code before its category, of equals
/// the last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Uitzondering {
    /// The category; absent for toewijzingen without a product.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub categorie: Option<Categorie>,
    /// The product; absent for the whole category.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<ProductCode>,
    /// From this day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub geldig_vanaf: Option<Date>,
    /// Until the day before this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub geldig_tot: Option<Date>,
    /// Whether it is chargeable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub belasting: Option<Belasting>,
    /// What starts the contribution.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_trigger: Option<Trigger>,
    /// What ends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_trigger: Option<Trigger>,
}

/// How many months back and ahead of Dagtekening a date may lie; `None`: no limit. TR112 to TR117.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vensters {
    /// First delivery of a start.
    pub start_eerste: Option<u8>,
    /// First delivery of a stop.
    pub stop_eerste: Option<u8>,
    /// Change of a start.
    pub start_wijziging: Option<u8>,
    /// Change of a stop.
    pub stop_wijziging: Option<u8>,
    /// How many months before that of Dagtekening a revision may charge (UVB 3.6).
    pub heffen: Option<u8>,
    /// The same for what is no longer charged, by a first stop as well.
    pub terugbetalen: Option<u8>,
    /// How far ahead any date may lie.
    pub toekomst: u8,
}

impl Vensters {
    /// Release 1.0.3, in force since 19 July 2021.
    pub const IEB_1_0_3: Self = Self {
        start_eerste: Some(12),
        stop_eerste: None,
        start_wijziging: Some(36),
        stop_wijziging: Some(36),
        heffen: None,
        terugbetalen: None,
        toekomst: 1,
    };
}

impl Default for Vensters {
    fn default() -> Self {
        Self::IEB_1_0_3
    }
}

/// The choices of one gemeente that hold at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EbRegels {
    /// Which contribution there is.
    pub regime: Regime,
    /// What starts the contribution, where no exception says otherwise.
    pub start_trigger: Trigger,
    /// What ends it, where no exception says otherwise.
    pub stop_trigger: Trigger,
    /// From which day a period counts.
    pub start_datum_bron: StartDatumBron,
    /// Categories and products for which something differs.
    pub uitzonderingen: Vec<Uitzondering>,
    /// The same by national rule, which goes before.
    pub landelijk: Vec<Uitzondering>,
    /// When a gap between two periods is no gap.
    pub brug: Brug,
    /// What a temporary stop does.
    pub pauze: Pauze,
    /// Whether a death is reported (OP035x1: allowed, not required).
    pub overlijden: Melding,
    /// Whether the start of Wlz care is reported as a stop.
    pub wlz: Melding,
    /// Whether the start of beschermd wonen is reported as a stop.
    pub bw: Melding,
    /// Whether a period that charges no month is reported.
    pub nulmaanden_melden: bool,
    /// What to do about clients under the age from which it is due.
    pub minderjarig: Minderjarig,
    /// The age from which it is due.
    pub leeftijd: u8,
    /// How far back and ahead a message may reach.
    pub vensters: Vensters,
    /// What to do about a start that lies too far back.
    pub retro: RetroBeleid,
    /// How long after the start the CAK must know.
    pub melding_termijn: MeldingTermijn,
    /// Whether the CAK guards prices.
    pub kostprijs: KostprijsBeleid,
    /// Whether it does beside a service.
    pub dienst_ernaast: DienstErnaast,
    /// The amount a month in eurocents, from that year on.
    pub tarief: BTreeMap<i16, u32>,
    /// Days after Ingangsdatum from which on a toewijzing without a 305 counts as started; 0: never.
    pub wachttijd_305: u16,
    /// Days without a declaration after the end of a toewijzing, from which on the last declared day is its end; 0: never.
    pub declaratie_stilte: u16,
    /// A toewijzing that nothing else ended ends at its Einddatum, once that is over.
    pub einde_bij_toewijzing: bool,
    /// Which days a period charges.
    pub maandregel: Maandregel,
    /// How long a new message is held back for a correction.
    pub bedenktijd: Bedenktijd,
    /// The first EbStartNummer of this gateway; above every number an earlier system used.
    pub eb_startnummer_vanaf: u32,
}

impl Default for EbRegels {
    fn default() -> Self {
        Self {
            regime: Regime::Abonnementstarief,
            start_trigger: Trigger::Levering,
            stop_trigger: Trigger::Levering,
            start_datum_bron: StartDatumBron::Begindatum,
            uitzonderingen: Vec::new(),
            landelijk: Vec::new(),
            brug: Brug::VolleKalendermaand,
            pauze: Pauze::NaVolleMaand,
            overlijden: Melding::Stop,
            wlz: Melding::Niets,
            bw: Melding::Niets,
            nulmaanden_melden: false,
            minderjarig: Minderjarig::KnipOp18,
            leeftijd: 18,
            vensters: Vensters::default(),
            retro: RetroBeleid::Handmatig,
            melding_termijn: MeldingTermijn::default(),
            kostprijs: KostprijsBeleid::Niet,
            dienst_ernaast: DienstErnaast::ZonderKostprijs,
            tarief: [(2020, 1900), (2024, 2060), (2025, 2100)].into(),
            wachttijd_305: 0,
            declaratie_stilte: 0,
            einde_bij_toewijzing: true,
            maandregel: Maandregel::VolgendeMaand,
            bedenktijd: Bedenktijd::DagelijkseRun,
            eb_startnummer_vanaf: 1,
        }
    }
}

impl EbRegels {
    /// Returns what starts the contribution for a product of which support begins on a day.
    #[must_use]
    pub fn start_trigger_of(&self, product: Option<&Product>, day: Date) -> Trigger {
        self.exception(product, day, |rule| rule.start_trigger).unwrap_or(self.start_trigger)
    }

    /// Returns what ends the contribution for a product of which support began on a day.
    #[must_use]
    pub fn stop_trigger_of(&self, product: Option<&Product>, day: Date) -> Trigger {
        self.exception(product, day, |rule| rule.stop_trigger).unwrap_or(self.stop_trigger)
    }

    /// Returns whether a product is chargeable on a day.
    #[must_use]
    pub fn belasting_of(&self, product: Option<&Product>, day: Date) -> Belasting {
        let found = self.exception(product, day, |rule| rule.belasting);
        found.unwrap_or_else(|| default_belasting(product.map(|product| product.categorie)))
    }

    /// Returns the amount a month in a year, and whether the table says so of that year or a later one.
    #[must_use]
    pub fn tarief_in(&self, year: i16) -> Option<(u32, bool)> {
        let (_, cents) = self.tarief.range(..=year).next_back()?;
        let known = self.tarief.last_key_value().is_some_and(|(last, _)| *last >= year);
        Some((*cents, known))
    }

    fn exception<T>(
        &self,
        product: Option<&Product>,
        day: Date,
        what: impl Fn(&Uitzondering) -> Option<T>,
    ) -> Option<T> {
        most_specific(&self.landelijk, product, day, &what)
            .or_else(|| most_specific(&self.uitzonderingen, product, day, &what))
    }
}

fn most_specific<T>(
    rules: &[Uitzondering],
    product: Option<&Product>,
    day: Date,
    what: &impl Fn(&Uitzondering) -> Option<T>,
) -> Option<T> {
    let categorie = product.map(|product| product.categorie);
    let code = product.and_then(|product| product.code.as_ref());
    let holds = |rule: &&Uitzondering| {
        rule.categorie == categorie
            && rule.geldig_vanaf.is_none_or(|from| from <= day)
            && rule.geldig_tot.is_none_or(|until| day < until)
    };
    let find = |by_code: bool| {
        let rules = rules.iter().rev().filter(holds);
        let mut rules = rules.filter(|rule| match &rule.code {
            Some(named) => by_code && Some(named) == code,
            None => !by_code,
        });
        rules.find_map(what)
    };
    find(true).or_else(|| find(false))
}

/// Section 2.4.
fn default_belasting(categorie: Option<Categorie>) -> Belasting {
    match categorie.as_ref().map_or("", Categorie::as_str) {
        "01" | "02" | "03" | "04" | "05" | "06" | "07" | "08" | "09" | "10" | "12" | "13" | "14" => {
            Belasting::Belast
        }
        // Wheelchairs by law (UVB 3.8), shelter by UVB 3.1.
        "11" | "16" | "17" => Belasting::Vrij,
        "15" => Belasting::AnderRegime,
        _ => Belasting::Handmatig,
    }
}
