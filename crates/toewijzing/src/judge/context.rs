//! What a judgement depends on besides the dossier and the message. All of it comes in as values.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::calendar::Kalender;
use crate::deadline::Afspraak;
use crate::identity::{
    Aanbieder, Categorie, Gemeente, Product, ProductCode, ReferentieAanbieder, ToewijzingNummer,
};

/// What a judgement depends on besides the dossier and the message.
#[derive(Clone, Debug)]
pub struct Context<'a> {
    /// Today in Amsterdam.
    pub vandaag: Date,
    /// Which side of the message we are on.
    pub rol: Rol,
    /// The choices of the gemeente.
    pub beleid: &'a Beleid,
    /// Known gemeentecodes; `None`: TR378 is not checked.
    pub gemeenten: Option<&'a Gemeentelijst>,
    /// The product codes agreed between gemeente and aanbieder; `None`: TR381 is not checked.
    pub producten: Option<&'a Productlijst>,
    /// The message breaks a rule of level 2, as the codec found. It is refused with 0001 and nothing else is judged.
    pub level2_faalt: bool,
    /// An earlier message of this sender and type had the same Identificatie (TR056).
    pub identificatie_gebruikt: bool,
    /// Numbers in this message that the gemeente gave to another client or aanbieder (TR332).
    pub nummers_elders: BTreeSet<ToewijzingNummer>,
    /// Numbers in this message that belong to another client of this aanbieder (TR304).
    pub nummers_andere_client: BTreeSet<ToewijzingNummer>,
    /// References in this message that the aanbieder used for another client (TR347).
    pub referenties_gebruikt: BTreeSet<ReferentieAanbieder>,
    /// Requests of this aanbieder for this client that wait for an answer and that the dossier does not know, because
    /// another system took them in (TR355, TR379).
    pub open_verzoeken: BTreeSet<ReferentieAanbieder>,
    /// Numbers in this message with an approved Prestatie that was not credited and that the dossier does not know,
    /// because another system settled it (TR385).
    pub prestaties: BTreeSet<ToewijzingNummer>,
}

impl<'a> Context<'a> {
    /// A receiver's context with nothing known but the day and the policy.
    #[must_use]
    pub fn new(vandaag: Date, beleid: &'a Beleid) -> Self {
        Self {
            vandaag,
            rol: Rol::Ontvanger,
            beleid,
            gemeenten: None,
            producten: None,
            level2_faalt: false,
            identificatie_gebruikt: false,
            nummers_elders: BTreeSet::new(),
            nummers_andere_client: BTreeSet::new(),
            referenties_gebruikt: BTreeSet::new(),
            open_verzoeken: BTreeSet::new(),
            prestaties: BTreeSet::new(),
        }
    }
}

/// Which side of a message we are on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Rol {
    /// We received it and give the retour.
    Ontvanger,
    /// We are about to send it: the same guards, and stricter where D11 to D13 say so.
    Verzender,
}

/// The open points of the lifecycle (section 13) on which a gemeente may choose otherwise.
///
/// The default of each field is the choice the lifecycle makes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Beleid {
    /// D1: for TR019 the number alone is enough, whoever it was given to.
    pub nummer_volstaat: bool,
    /// D2: another Product or ToewijzingIngangsdatum than the 301 has gets 9019 instead of a warning.
    pub strikt_product: bool,
    /// D4: after a delete of the toewijzing stops are still taken, so that deliveries can be closed.
    pub stops_na_verwijdering: bool,
    /// D6: a stop may refer to any live start, not only to the latest or an open one.
    pub stop_op_elke_start: bool,
    /// D8: for how many minutes a start or stop that came before what it builds on waits to be judged again; 0: it is
    /// judged at once.
    pub parkeertijd_minuten: u32,
    /// D9: a start or stop is refused with 9019 until the 302 approved the toewijzing.
    pub wacht_op_bevestiging: bool,
    /// D11 to D13: when sending, refuse what a receiver may only warn about.
    pub strikt_verzenden: bool,
    /// D4: when sending, ask a person to confirm what is allowed and may harm, as deleting a toewijzing under a delivery.
    pub bevestig_verzenden: bool,
    /// D17: contracts under which deliveries have no toewijzing.
    pub taakgericht: Vec<Taakgericht>,
    /// D18: report only the first violated rule of a class.
    pub alleen_eerste_code: bool,
    /// D14: which days are working days.
    pub kalender: Kalender,
    /// D26: in how many days after the 301, or after Ingangsdatum if that comes later, a start is to be reported; absent:
    /// nothing is said about it.
    pub geen_start_dagen: Option<u16>,
    /// The day from which gemeente and CAK compare their administrations of sheltered housing each two months
    /// (Uitvoeringsregeling Wmo 2015 art. 2h); absent: nothing is said about it.
    pub cak_vergelijking_vanaf: Option<Date>,
    /// What was agreed with aanbieders beyond the standard.
    pub afspraken: Vec<Afspraak>,
}

impl Default for Beleid {
    fn default() -> Self {
        Self {
            nummer_volstaat: false,
            strikt_product: false,
            stops_na_verwijdering: false,
            stop_op_elke_start: false,
            parkeertijd_minuten: 0,
            wacht_op_bevestiging: false,
            strikt_verzenden: true,
            bevestig_verzenden: true,
            taakgericht: Vec::new(),
            alleen_eerste_code: false,
            kalender: Kalender::default(),
            geen_start_dagen: None,
            cak_vergelijking_vanaf: None,
            afspraken: Vec::new(),
        }
    }
}

impl Beleid {
    /// True when this aanbieder delivers this product under a taakgericht contract.
    #[must_use]
    pub fn is_taakgericht(&self, aanbieder: Aanbieder, product: Option<&Product>) -> bool {
        product.is_some_and(|product| {
            self.taakgericht
                .iter()
                .any(|contract| contract.aanbieder == aanbieder && contract.categorie == product.categorie)
        })
    }
}

/// A contract under which an aanbieder delivers without toewijzingen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Taakgericht {
    /// Whose contract.
    pub aanbieder: Aanbieder,
    /// For which category.
    pub categorie: Categorie,
}

/// Gemeentecodes with the days on which they exist (CBS list, TR378).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gemeentelijst(BTreeMap<Gemeente, Vec<(Date, Option<Date>)>>);

impl Gemeentelijst {
    /// Starts an empty list.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a code that exists from a day on, up to and including another.
    pub fn add(&mut self, code: Gemeente, van: Date, tot_en_met: Option<Date>) {
        self.0.entry(code).or_default().push((van, tot_en_met));
    }

    /// True when the code exists on that day.
    #[must_use]
    pub fn contains(&self, code: Gemeente, day: Date) -> bool {
        self.0.get(&code).is_some_and(|periods| {
            periods.iter().any(|(from, until)| *from <= day && until.is_none_or(|until| day <= until))
        })
    }
}

/// Product codes by category (TR381).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Productlijst(BTreeSet<(Categorie, ProductCode)>);

impl Productlijst {
    /// Starts an empty list.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a code to a category.
    pub fn add(&mut self, categorie: Categorie, code: ProductCode) {
        self.0.insert((categorie, code));
    }

    /// True when the product has no code, or its code is agreed for its category.
    #[must_use]
    pub fn allows(&self, product: &Product) -> bool {
        match &product.code {
            Some(code) => self.0.contains(&(product.categorie, code.clone())),
            None => true,
        }
    }
}
