//! Rules on declarations (323) and their answers (325).

use std::collections::{HashMap, HashSet};

use super::{Findings, Place};
use crate::Private;
use crate::messages::Message;
use crate::messages::iwmo_3_2::basisschema::{
    BedragMetDC, DebetCredit, Eenheid, GeslotenPeriode, ProductCategorie, Referentie, TotaalBedragMetDC,
};
use crate::value::{Bsn, Datum, Nummer, RetourCode};

pub(super) const DECLARATIE_CLIENT: Place = Place::new("/Bericht/Declaratie/Clienten/Client[#]");
pub(super) const ANTWOORD_CLIENT: Place = Place::new("/Bericht/DeclaratieAntwoord/Clienten/Client[#]");
const DECLARATIE_PRESTATIE: Place =
    Place::new("/Bericht/Declaratie/Clienten/Client[#]/Prestaties/Prestatie[#]");
const ANTWOORD_PRESTATIE: Place =
    Place::new("/Bericht/DeclaratieAntwoord/Clienten/Client[#]/Prestaties/Prestatie[#]");
const DECLARATIE_PERIODE: Place = Place::new("/Bericht/Declaratie/DeclaratiePeriode");

/// The first day of what can be declared with this release (CS100): year, month, day.
const FIRST_DAY: (i32, u8, u8) = (2021, 1, 1);
/// How long after a period it can be declared (TR335).
const DECLARE_YEARS_MAX: i32 = 5;

/// A Prestatie of a 323 or 325.
pub(super) struct Prestatie<'a> {
    pub(super) place: Place,
    pub(super) bsn: &'a Private<Bsn>,
    pub(super) referentie: &'a Referentie,
    pub(super) periode: &'a GeslotenPeriode,
    nummer: &'a Nummer,
    product: (ProductCategorie, &'a str),
    volume: &'a Nummer,
    eenheid: Eenheid,
    tarief: Option<&'a Nummer>,
    bedrag: &'a BedragMetDC,
    /// None in a 323.
    retour_codes: &'a [RetourCode],
}

/// Every Prestatie.
pub(super) fn prestaties(message: &Message) -> Vec<Prestatie<'_>> {
    macro_rules! prestaties {
        ($clienten:expr, $place:expr, $item:ident => $codes:expr) => {{
            let clienten = $clienten.iter().enumerate();
            clienten
                .flat_map(|(outer, client)| {
                    client.prestaties.iter().enumerate().map(move |(inner, $item)| Prestatie {
                        place: $place.item(outer).item(inner),
                        bsn: &client.bsn,
                        referentie: &$item.product_referentie,
                        periode: &$item.product_periode,
                        nummer: &$item.toewijzing_nummer,
                        product: ($item.product_categorie, $item.product_code.as_str()),
                        volume: &$item.geleverd_volume,
                        eenheid: $item.eenheid,
                        tarief: $item.product_tarief.as_ref(),
                        bedrag: &$item.ingediend_bedrag,
                        retour_codes: $codes,
                    })
                })
                .collect()
        }};
    }
    match message {
        Message::Wmo323(bericht) => {
            prestaties!(bericht.declaratie.clienten, DECLARATIE_PRESTATIE, item => &[])
        }
        Message::Wmo325(bericht) => {
            let clienten = bericht.declaratie_antwoord.as_ref().map(|antwoord| antwoord.clienten.as_slice());
            prestaties!(clienten.unwrap_or_default(), ANTWOORD_PRESTATIE, item => &item.retour_codes)
        }
        _ => Vec::new(),
    }
}

fn signed(value: &Nummer, side: DebetCredit) -> i128 {
    let value = i128::from(value.value());
    if side == DebetCredit::C { -value } else { value }
}

fn signed_total(bedrag: &TotaalBedragMetDC) -> i128 {
    signed(&bedrag.totaal_bedrag, bedrag.debet_credit)
}

fn sum<'a>(prestaties: impl Iterator<Item = &'a Prestatie<'a>>) -> i128 {
    prestaties.map(|prestatie| signed(&prestatie.bedrag.bedrag, prestatie.bedrag.debet_credit)).sum()
}

fn day(datum: Datum) -> (i32, u8, u8) {
    (datum.year(), datum.month(), datum.day())
}

fn month(datum: Datum) -> (i32, u8) {
    (datum.year(), datum.month())
}

/// TR137: a period ends on or after its begin, and on or before Dagtekening.
pub(super) fn tr137(message: &Message, findings: &mut Findings<'_>) {
    let dagtekening = message.header().dagtekening;
    let fits = |periode: &GeslotenPeriode| {
        periode.begindatum <= periode.einddatum && periode.einddatum <= dagtekening
    };
    if let Message::Wmo323(bericht) = message {
        let place = DECLARATIE_PERIODE.below("Einddatum");
        findings.require(fits(&bericht.declaratie.declaratie_periode), place);
    }
    for prestatie in prestaties(message) {
        findings.require(fits(prestatie.periode), prestatie.place.below("ProductPeriode/Einddatum"));
    }
}

/// TR315: a VorigReferentieNummer occurs once.
pub(super) fn tr315(message: &Message, findings: &mut Findings<'_>) {
    let mut seen = HashSet::new();
    for prestatie in prestaties(message) {
        if let Some(vorig) = &prestatie.referentie.vorig_referentie_nummer {
            findings.require(
                seen.insert(vorig),
                prestatie.place.below("ProductReferentie/VorigReferentieNummer"),
            );
        }
    }
}

/// TR316: what is credited is not in the same message.
pub(super) fn tr316(message: &Message, findings: &mut Findings<'_>) {
    let prestaties = prestaties(message);
    let numbers: HashSet<&str> =
        prestaties.iter().map(|prestatie| prestatie.referentie.referentie_nummer.as_str()).collect();
    for prestatie in &prestaties {
        if let Some(vorig) = &prestatie.referentie.vorig_referentie_nummer {
            let place = prestatie.place.below("ProductReferentie/VorigReferentieNummer");
            findings.require(!numbers.contains(vorig.as_str()), place);
        }
    }
}

/// TR335: a period is declared within five years of its end.
pub(super) fn tr335(message: &Message, findings: &mut Findings<'_>) {
    let Message::Wmo323(bericht) = message else { return };
    let dagtekening = bericht.declaratie.declaratie_dagtekening;
    for prestatie in prestaties(message) {
        let holds = prestatie.periode.einddatum.add_years(DECLARE_YEARS_MAX) >= dagtekening;
        findings.require(holds, prestatie.place.below("ProductPeriode/Einddatum"));
    }
}

/// TR342: what is granted is what was declared less what is refused; nothing when the declaration is.
pub(super) fn tr342(message: &Message, findings: &mut Findings<'_>) {
    const ANTWOORD: Place = Place::new("/Bericht/DeclaratieAntwoord");
    let Message::Wmo325(bericht) = message else { return };
    let Some(antwoord) = &bericht.declaratie_antwoord else { return };
    let holds = if is_refused(&antwoord.retour_codes) {
        antwoord.totaal_toegekend_bedrag.totaal_bedrag.value() == 0 && antwoord.clienten.is_empty()
    } else {
        let prestaties = prestaties(message);
        let refused = sum(prestaties.iter().filter(|prestatie| is_refused(prestatie.retour_codes)));
        let total = signed_total(&antwoord.totaal_ingediend_bedrag);
        refused == total - signed_total(&antwoord.totaal_toegekend_bedrag)
    };
    findings.require(holds, ANTWOORD);
}

/// 0200 has nothing to remark, 0233 was not judged, 8001 grants a declaration in full; any other code refuses.
fn is_refused(codes: &[RetourCode]) -> bool {
    codes.iter().any(|code| !["0200", "0233", "8001"].contains(&code.as_str()))
}

/// TR358: the total of a declaration is the sum of its lines.
pub(super) fn tr358(message: &Message, findings: &mut Findings<'_>) {
    const TOTAAL: Place = Place::new("/Bericht/Declaratie/TotaalIngediendBedrag");
    let Message::Wmo323(bericht) = message else { return };
    let holds = signed_total(&bericht.declaratie.totaal_ingediend_bedrag) == sum(prestaties(message).iter());
    findings.require(holds, TOTAAL);
}

/// TR416: one debit for a toewijzing, period and product.
pub(super) fn tr416(message: &Message, findings: &mut Findings<'_>) {
    let mut seen = HashMap::new();
    for prestatie in prestaties(message) {
        if prestatie.bedrag.debet_credit == DebetCredit::D {
            let periode = (prestatie.periode.begindatum, prestatie.periode.einddatum);
            let earlier = seen.insert((prestatie.nummer, periode, prestatie.product), ());
            findings.require(earlier.is_none(), prestatie.place);
        }
    }
}

/// CD060: a credit, and only a credit, has a VorigReferentieNummer.
pub(super) fn cd060(message: &Message, findings: &mut Findings<'_>) {
    for prestatie in prestaties(message) {
        let refers = prestatie.referentie.vorig_referentie_nummer.is_some();
        let credit = prestatie.bedrag.debet_credit == DebetCredit::C;
        findings.require(refers == credit, prestatie.place.below("ProductReferentie/VorigReferentieNummer"));
    }
}

/// CD087: there is a ProductTarief unless the Eenheid is euros.
pub(super) fn cd087(message: &Message, findings: &mut Findings<'_>) {
    for prestatie in prestaties(message) {
        let euros = prestatie.eenheid == Eenheid::C83;
        findings.require(prestatie.tarief.is_some() != euros, prestatie.place.below("ProductTarief"));
    }
}

/// CS100: periods lie in 2021 or later.
pub(super) fn cs100(message: &Message, findings: &mut Findings<'_>) {
    let holds = |periode: &GeslotenPeriode| {
        day(periode.begindatum) >= FIRST_DAY && day(periode.einddatum) >= FIRST_DAY
    };
    let Message::Wmo323(bericht) = message else { return };
    findings.require(holds(&bericht.declaratie.declaratie_periode), DECLARATIE_PERIODE);
    for prestatie in prestaties(message) {
        findings.require(holds(prestatie.periode), prestatie.place.below("ProductPeriode"));
    }
}

/// CS325: an amount of nothing is a debit.
pub(super) fn cs325(message: &Message, findings: &mut Findings<'_>) {
    let total = |bedrag: &TotaalBedragMetDC| {
        bedrag.totaal_bedrag.value() != 0 || bedrag.debet_credit == DebetCredit::D
    };
    match message {
        Message::Wmo323(bericht) => {
            const PLACE: Place = Place::new("/Bericht/Declaratie/TotaalIngediendBedrag/DebetCredit");
            findings.require(total(&bericht.declaratie.totaal_ingediend_bedrag), PLACE);
        }
        Message::Wmo325(bericht) => {
            const INGEDIEND: Place =
                Place::new("/Bericht/DeclaratieAntwoord/TotaalIngediendBedrag/DebetCredit");
            const TOEGEKEND: Place =
                Place::new("/Bericht/DeclaratieAntwoord/TotaalToegekendBedrag/DebetCredit");
            if let Some(antwoord) = &bericht.declaratie_antwoord {
                findings.require(total(&antwoord.totaal_ingediend_bedrag), INGEDIEND);
                findings.require(total(&antwoord.totaal_toegekend_bedrag), TOEGEKEND);
            }
        }
        _ => {}
    }
    for prestatie in prestaties(message) {
        let holds = prestatie.bedrag.bedrag.value() != 0 || prestatie.bedrag.debet_credit == DebetCredit::D;
        findings.require(holds, prestatie.place.below("IngediendBedrag/DebetCredit"));
    }
}

/// CS337: a ProductPeriode lies in one month.
pub(super) fn cs337(message: &Message, findings: &mut Findings<'_>) {
    for prestatie in prestaties(message) {
        let holds = month(prestatie.periode.begindatum) == month(prestatie.periode.einddatum);
        findings.require(holds, prestatie.place.below("ProductPeriode"));
    }
}

/// CS339: in euros the amount is the volume.
pub(super) fn cs339(message: &Message, findings: &mut Findings<'_>) {
    for prestatie in prestaties(message) {
        let holds = prestatie.eenheid != Eenheid::C83 || prestatie.bedrag.bedrag == *prestatie.volume;
        findings.require(holds, prestatie.place.below("IngediendBedrag"));
    }
}

/// CS340: a DeclaratiePeriode is one whole calendar month.
pub(super) fn cs340(message: &Message, findings: &mut Findings<'_>) {
    let Message::Wmo323(bericht) = message else { return };
    let GeslotenPeriode { begindatum, einddatum } = bericht.declaratie.declaratie_periode;
    let whole = begindatum.day() == 1 && einddatum.is_last_of_month();
    findings.require(whole && month(begindatum) == month(einddatum), DECLARATIE_PERIODE);
}
