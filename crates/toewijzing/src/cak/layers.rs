//! Which choices hold when: layers by date, and the national rules over them (section 10 of the iEb description).
//!
//! What holds for a fact is what held on the day of that fact: a stop on 31 December falls under the rules of that day,
//! whatever changed on 1 January. What holds for a message is what holds on its Dagtekening.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Serialize, Serializer};

use super::policy::{
    Brug, DienstErnaast, EbRegels, KostprijsBeleid, Maandregel, Melding, Minderjarig, Pauze, Regime,
    RetroBeleid, Standaard, StartDatumBron, Trigger, Uitzondering, Vensters,
};
use super::tijd::{Bedenktijd, MeldingTermijn, Termijn};

/// A limit in months, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limiet(pub Option<u8>);

impl Serialize for Limiet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Some(months) => serializer.serialize_u8(months),
            None => serializer.serialize_str("geen"),
        }
    }
}

/// How far back a message may reach, as far as a layer says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RetroMaanden {
    /// First delivery of a start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_eerste: Option<Limiet>,
    /// First delivery of a stop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_eerste: Option<Limiet>,
    /// Change of a start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_wijziging: Option<Limiet>,
    /// Change of a stop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_wijziging: Option<Limiet>,
    /// What a revision charges.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heffen: Option<Limiet>,
    /// What is no longer charged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub terugbetalen: Option<Limiet>,
}

/// In which time the CAK must know, as far as a layer says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Termijnen {
    /// Of a toewijzing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zin: Option<Termijn>,
    /// Of a pgb.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pgb: Option<Termijn>,
    /// Of an algemene voorziening.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub algemeen: Option<Termijn>,
}

macro_rules! laag {
    ($($(#[$doc:meta])* $key:ident: $type:ty,)+) => {
        /// Choices, as far as they are made, under the names of the iEb description.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
        pub struct Laag {
            /// From this day; absent: always.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub geldig_vanaf: Option<Date>,
            $($(#[$doc])* #[serde(skip_serializing_if = "Option::is_none")] pub $key: Option<$type>,)+
            /// The amount a month in eurocents, from that year on.
            #[serde(skip_serializing_if = "BTreeMap::is_empty", serialize_with = "by_year")]
            pub tarief: BTreeMap<i16, u32>,
            /// How far back a message may reach.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub retro_maanden: Option<RetroMaanden>,
            /// In which time the CAK must know.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub melding_termijn: Option<Termijnen>,
            /// Categories for which something differs.
            #[serde(skip_serializing_if = "Vec::is_empty")]
            pub categorie: Vec<Uitzondering>,
            /// Products for which something differs.
            #[serde(skip_serializing_if = "Vec::is_empty")]
            pub product: Vec<Uitzondering>,
        }
    };
}

laag! {
    /// The release that the CAK is told in.
    standaard: Standaard,
    /// Which contribution there is.
    regime: Regime,
    /// What starts the contribution.
    start_trigger: Trigger,
    /// What ends it.
    stop_trigger: Trigger,
    /// From which day a period counts.
    start_datum_bron: StartDatumBron,
    /// When a gap is no gap.
    brug_regel: Brug,
    /// What a temporary stop does.
    pauze_beleid: Pauze,
    /// Whether a death is reported.
    overlijden_beleid: Melding,
    /// Whether the start of Wlz care is reported as a stop.
    wlz_beleid: Melding,
    /// Whether the start of beschermd wonen is reported as a stop.
    bw_beleid: Melding,
    /// Whether a period that charges no month is reported.
    #[serde(serialize_with = "ja_nee")]
    nulmaanden_melden: bool,
    /// What to do about clients under the age from which it is due.
    minderjarig: Minderjarig,
    /// The age from which it is due.
    leeftijd: u8,
    /// How far ahead a message may reach.
    toekomst_maanden: u8,
    /// What to do about a start that lies too far back.
    retro_beleid: RetroBeleid,
    /// Whether the CAK guards prices.
    kostprijs: KostprijsBeleid,
    /// Whether it does beside a service.
    dienst_ernaast: DienstErnaast,
    /// Days until a toewijzing without a 305 counts as started; 0: never.
    #[serde(serialize_with = "days")]
    wachttijd_305: u16,
    /// Days of silence until the last declared day is the end; 0: never.
    #[serde(serialize_with = "days")]
    declaratie_stilte: u16,
    /// A toewijzing that nothing else ended ends at its Einddatum.
    #[serde(serialize_with = "ja_nee")]
    einde_bij_toewijzing: bool,
    /// Which days a period charges.
    maand_regel: Maandregel,
    /// How long a new message is held back for a correction.
    bedenktijd: Bedenktijd,
    /// The first EbStartNummer of this gateway.
    eb_startnummer_vanaf: u32,
}

// As the file of a policy has them; what is absent is left out before.
fn ja_nee<S: Serializer>(choice: &Option<bool>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(if *choice == Some(true) { "ja" } else { "nee" })
}

fn days<S: Serializer>(days: &Option<u16>, serializer: S) -> Result<S::Ok, S::Error> {
    match days.unwrap_or_default() {
        0 => serializer.serialize_str("uit"),
        days => serializer.collect_str(&format_args!("{days}d")),
    }
}

fn by_year<S: Serializer>(years: &BTreeMap<i16, u32>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(years.iter().map(|(year, cents)| (year.to_string(), cents)))
}

/// The choices of one gemeente: what always holds, what changed from a day on, and what the law says from a day on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lagen {
    /// What holds until something else is said.
    pub basis: Laag,
    /// Changes of the gemeente, in any order.
    pub wijziging: Vec<Laag>,
    /// National rules, in any order.
    pub landelijke_regel: Vec<Laag>,
}

/// The choices of one gemeente, by date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EbBeleid {
    lagen: Lagen,
    /// What holds from a day on, ascending; the first always did.
    versies: Vec<(Date, EbRegels)>,
}

impl EbBeleid {
    /// Works out what holds when.
    #[must_use]
    pub fn new(lagen: Lagen) -> Self {
        let from = |laag: &Laag| laag.geldig_vanaf.unwrap_or(Date::MIN);
        let mut days = vec![Date::MIN];
        days.extend(lagen.wijziging.iter().chain(&lagen.landelijke_regel).map(from));
        days.sort();
        days.dedup();
        let regels = |day: Date| {
            let mut regels = EbRegels::default();
            lagen.basis.put_on(&mut regels, false);
            for (layers, national) in [(&lagen.wijziging, false), (&lagen.landelijke_regel, true)] {
                let mut begun: Vec<&Laag> = layers.iter().filter(|laag| from(laag) <= day).collect();
                begun.sort_by_key(|laag| from(laag));
                begun.into_iter().for_each(|laag| laag.put_on(&mut regels, national));
            }
            regels
        };
        let versies = days.into_iter().map(|day| (day, regels(day))).collect();
        Self { lagen, versies }
    }

    /// Returns what it was made of.
    #[must_use]
    pub fn lagen(&self) -> &Lagen {
        &self.lagen
    }

    /// Returns what holds on a day.
    #[must_use]
    pub fn op(&self, day: Date) -> &EbRegels {
        let begun = self.versies.partition_point(|(from, _)| *from <= day);
        // The first version always held.
        &self.versies[begun.max(1) - 1].1
    }

    /// Returns the days on which something may change, for a category as well.
    pub(super) fn dagen(&self) -> impl Iterator<Item = Date> + '_ {
        let rules =
            self.versies.iter().flat_map(|(_, rules)| rules.uitzonderingen.iter().chain(&rules.landelijk));
        let of_rules = rules.flat_map(|rule| [rule.geldig_vanaf, rule.geldig_tot]).flatten();
        self.versies.iter().map(|(from, _)| *from).chain(of_rules)
    }
}

impl Default for EbBeleid {
    fn default() -> Self {
        Self::new(Lagen::default())
    }
}

impl From<Laag> for EbBeleid {
    fn from(basis: Laag) -> Self {
        Self::new(Lagen { basis, ..Lagen::default() })
    }
}

impl Laag {
    /// Puts the choices made over others.
    fn put_on(&self, regels: &mut EbRegels, national: bool) {
        fn set<T: Copy>(to: &mut T, choice: Option<T>) {
            *to = choice.unwrap_or(*to);
        }
        set(&mut regels.regime, self.regime);
        set(&mut regels.start_trigger, self.start_trigger);
        set(&mut regels.stop_trigger, self.stop_trigger);
        set(&mut regels.start_datum_bron, self.start_datum_bron);
        set(&mut regels.brug, self.brug_regel);
        set(&mut regels.pauze, self.pauze_beleid);
        set(&mut regels.overlijden, self.overlijden_beleid);
        set(&mut regels.wlz, self.wlz_beleid);
        set(&mut regels.bw, self.bw_beleid);
        set(&mut regels.nulmaanden_melden, self.nulmaanden_melden);
        set(&mut regels.minderjarig, self.minderjarig);
        set(&mut regels.leeftijd, self.leeftijd);
        set(&mut regels.vensters.toekomst, self.toekomst_maanden);
        set(&mut regels.retro, self.retro_beleid);
        set(&mut regels.kostprijs, self.kostprijs);
        set(&mut regels.dienst_ernaast, self.dienst_ernaast);
        set(&mut regels.wachttijd_305, self.wachttijd_305);
        set(&mut regels.declaratie_stilte, self.declaratie_stilte);
        set(&mut regels.einde_bij_toewijzing, self.einde_bij_toewijzing);
        set(&mut regels.maandregel, self.maand_regel);
        set(&mut regels.bedenktijd, self.bedenktijd);
        set(&mut regels.eb_startnummer_vanaf, self.eb_startnummer_vanaf);
        regels.tarief.extend(&self.tarief);
        self.retro_maanden.unwrap_or_default().put_on(&mut regels.vensters);
        self.melding_termijn.unwrap_or_default().put_on(&mut regels.melding_termijn);
        let exceptions = self.categorie.iter().chain(&self.product).cloned();
        if national {
            // A choice that the law takes away is no longer made for a category either.
            for exception in &mut regels.uitzonderingen {
                exception.start_trigger = exception.start_trigger.filter(|_| self.start_trigger.is_none());
                exception.stop_trigger = exception.stop_trigger.filter(|_| self.stop_trigger.is_none());
            }
            regels.landelijk.extend(exceptions);
        } else {
            regels.uitzonderingen.extend(exceptions);
        }
    }
}

impl RetroMaanden {
    fn put_on(self, vensters: &mut Vensters) {
        let set = |to: &mut Option<u8>, limit: Option<Limiet>| {
            if let Some(Limiet(months)) = limit {
                *to = months;
            }
        };
        set(&mut vensters.start_eerste, self.start_eerste);
        set(&mut vensters.stop_eerste, self.stop_eerste);
        set(&mut vensters.start_wijziging, self.start_wijziging);
        set(&mut vensters.stop_wijziging, self.stop_wijziging);
        set(&mut vensters.heffen, self.heffen);
        set(&mut vensters.terugbetalen, self.terugbetalen);
    }
}

impl Termijnen {
    fn put_on(self, termijn: &mut MeldingTermijn) {
        termijn.zin = self.zin.unwrap_or(termijn.zin);
        termijn.pgb = self.pgb.unwrap_or(termijn.pgb);
        termijn.algemeen = self.algemeen.unwrap_or(termijn.algemeen);
    }

    /// Returns the same time whatever the leveringsvorm.
    #[must_use]
    pub fn same(termijn: Termijn) -> Self {
        Self { zin: Some(termijn), pgb: Some(termijn), algemeen: Some(termijn) }
    }

    /// Returns the same months whatever the leveringsvorm.
    #[must_use]
    pub fn all(months: u8) -> Self {
        Self::same(Termijn::Maanden(months))
    }
}
