//! The eigen bijdrage of one person: what should stand at the CAK beside what it accepted, why they differ, what is under
//! way and what was said before (ieb-cak 9.7). Nothing in it says who that is.

use iwmo_toewijzing::cak::{
    self, EbBeleid, EbBericht, EbPeriode, EbStaat, EbStartNummer, Grondslag, Keuze, Kostprijs, Maanden,
    Onderdeel, Opdracht, Periode, Plan, Waarover,
};
use iwmo_toewijzing::identity::{Bsn, Gemeente};
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Words, reason};
use crate::clock::Moment;
use crate::engine::{Settings, wanted};
use crate::ledger::{EbMelding, LedgerError, Persoon, Rows, Tellers, gegevens, keys};
use crate::store::Ledger;

/// The eigen bijdrage of a person at one gemeente.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct EigenBijdrageView {
    /// Gemeentecode.
    pub gemeente: String,
    /// What should stand at the CAK beside what it accepted, by date.
    pub perioden: Vec<VergelijkingView>,
    /// Support for which nothing is due, and why.
    pub niet_belast: Vec<NietBelastView>,
    /// The message that waits for the answer of the CAK.
    pub onderweg: Option<MeldingView>,
    /// What would be told, in order, if nothing changed and the CAK accepted each; the first is told next.
    pub stappen: Vec<StapView>,
    /// Why it waits, or needs a person: codes, separated by commas.
    pub wacht: Option<String>,
    /// The same in Dutch.
    pub wacht_tekst: Option<String>,
    /// The same in English.
    pub wacht_text: Option<String>,
    /// When it is looked at again; none: when something comes, or a person acts.
    pub wacht_tot: Option<Moment>,
    /// Every message to the CAK and what it answered, oldest first.
    pub meldingen: Vec<MeldingView>,
}

/// A period that should stand at the CAK, or that stands there, or both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct VergelijkingView {
    /// What should stand there; none: nothing.
    pub gewenst: Option<GewenstView>,
    /// What the CAK accepted; none: nothing.
    pub aanvaard: Option<AanvaardView>,
    /// How they differ: `ontbreekt`, `te_veel`, or which of `start`, `stop` and `kostprijs`; empty: not.
    pub verschil: Vec<&'static str>,
    /// How they differ, in Dutch.
    pub tekst: String,
    /// How they differ, in English.
    pub text: String,
    /// The support from which the wanted period follows.
    pub waarom: Vec<GrondslagView>,
}

/// A period as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct GewenstView {
    /// The first day.
    pub start: String,
    /// The last day; none: it runs.
    pub eind: Option<String>,
    /// KostprijsBedrag in eurocents.
    pub kostprijs_cent: Option<u32>,
    /// KostprijsStartdatum.
    pub kostprijs_vanaf: Option<String>,
    /// By when the CAK must know of it (Uitvoeringsregeling Wmo 2015 art. 2f).
    pub melden_voor: Option<String>,
}

/// A period as the CAK accepted it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct AanvaardView {
    /// EbStartNummer.
    pub nummer: u32,
    /// EbStartdatum.
    pub start: String,
    /// EbStopdatum; none: it runs.
    pub stop: Option<String>,
    /// KostprijsBedrag in eurocents.
    pub kostprijs_cent: Option<u32>,
    /// KostprijsStartdatum.
    pub kostprijs_vanaf: Option<String>,
    /// Where its number stands, as `actief` or `stop_onderweg`.
    pub staat: &'static str,
    /// The code with which the CAK refused the last message about it.
    pub afgekeurd: Option<String>,
}

/// Support from which a period follows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct GrondslagView {
    /// Which: `toewijzing 100101`, `voorziening PGB-17`, `taakgericht 02`.
    pub waarover: String,
    /// `zin`, `pgb` or `algemeen`.
    pub leveringsvorm: &'static str,
    /// The first day.
    pub vanaf: String,
    /// The last day; none: it runs.
    pub tot_en_met: Option<String>,
    /// What says when it begins.
    pub start_trigger: &'static str,
    /// What says when it ends.
    pub stop_trigger: &'static str,
    /// The messages from which it follows, `GEMEENTE:SEQ`; none for what the backoffice stated.
    pub entries: Vec<String>,
}

/// Support for which nothing is due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct NietBelastView {
    /// Which.
    #[serde(flatten)]
    pub hulp: GrondslagView,
    /// Why: `vrij`, `ander_regime` or `handmatig`.
    pub belasting: &'static str,
}

/// A message to the CAK.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct MeldingView {
    /// The outgoing message, `GEMEENTE:SEQ/N`; none: what it said was removed.
    pub entry: Option<String>,
    /// Identificatie.
    pub identificatie: String,
    /// Dagtekening.
    pub dagtekening: String,
    /// What it says.
    #[serde(flatten)]
    pub stap: StapView,
    /// `onderweg`, `aanvaard`, `geweigerd` or `niet_aangenomen`.
    pub uitkomst: &'static str,
    /// The retourcodes.
    pub codes: Vec<String>,
    /// The day of the answer.
    pub beantwoord_op: Option<String>,
}

/// What a message tells the CAK.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct StapView {
    /// `WMO401` or `WMO403`.
    pub bericht: &'static str,
    /// StatusAanlevering.
    pub status: u8,
    /// EbStartNummer.
    pub nummer: u32,
    /// EbStartdatum or EbStopdatum.
    pub datum: String,
    /// KostprijsBedrag in eurocents.
    pub kostprijs_cent: Option<u32>,
    /// KostprijsStartdatum.
    pub kostprijs_vanaf: Option<String>,
}

/// Returns the eigen bijdrage of a person; nothing when the gateway does not know them.
///
/// # Errors
///
/// The store cannot be read.
pub fn eigen_bijdrage(
    ledger: &Ledger,
    settings: &Settings,
    gemeente: Gemeente,
    bsn: &Bsn,
    today: Date,
) -> Result<Option<EigenBijdrageView>, LedgerError> {
    let Some(persoon) = ledger.row::<Persoon>(&keys::persoon(gemeente, bsn))? else { return Ok(None) };
    let standard = EbBeleid::default();
    let beleid = settings.gemeenten.get(&gemeente).map_or(&standard, |own| &own.eb);
    let gewenst = wanted(&gegevens(ledger, gemeente, bsn, &persoon)?, beleid, today);
    let tellers: Tellers = ledger.row(&keys::tellers(gemeente))?.unwrap_or_default();
    let next = beleid.op(today).eb_startnummer_vanaf.max(tellers.eb_start_nummer.saturating_add(1));
    let plan = EbStartNummer::new(next)
        .ok()
        .map(|next| cak::plan(&persoon.eb, &gewenst.perioden, beleid, today, next));
    let stappen = match plan {
        Some(Plan::Sturen { stappen, .. }) => {
            stappen.iter().map(|stap| StapView::from(&stap.opdracht)).collect()
        }
        _ => Vec::new(),
    };
    let mut meldingen = Vec::with_capacity(persoon.eb.berichten().len());
    for bericht in persoon.eb.berichten() {
        let key = keys::eb_melding(gemeente, bericht.identificatie.as_str());
        meldingen.push(melding(gemeente, bericht, ledger.row::<EbMelding>(&key)?.as_ref()));
    }
    let words = persoon.eb_reden.as_deref().map(reason);
    let aanvaard = persoon.eb.aanvaard();
    let perioden = pairs(&gewenst.perioden, &aanvaard).into_iter().map(|(wish, known)| {
        let period = wish.and_then(|index| gewenst.perioden.get(index));
        let accepted = known.and_then(|index| aanvaard.get(index)).copied();
        let (verschil, words) = difference(beleid, today, period, accepted);
        let grounds = wish.and_then(|index| gewenst.gronden.get(index));
        VergelijkingView {
            gewenst: period.map(|period| GewenstView {
                start: period.start.to_string(),
                eind: period.eind.map(|eind| eind.to_string()),
                kostprijs_cent: period.kostprijs.map(|price| price.bedrag_cent),
                kostprijs_vanaf: period.kostprijs.map(|price| price.startdatum.to_string()),
                melden_voor: gewenst.melden_voor(period.start).map(|day| day.to_string()),
            }),
            aanvaard: accepted.map(|accepted| AanvaardView {
                nummer: accepted.nummer.value(),
                start: accepted.start.datum.to_string(),
                stop: accepted.stop.map(|stop| stop.to_string()),
                kostprijs_cent: accepted.start.kostprijs.map(|price| price.bedrag_cent),
                kostprijs_vanaf: accepted.start.kostprijs.map(|price| price.startdatum.to_string()),
                staat: staat(persoon.eb.staat(accepted.nummer)),
                afgekeurd: accepted.afgekeurd.map(|code| code.as_str().to_owned()),
            }),
            verschil,
            tekst: words.nl,
            text: words.en,
            waarom: grounds.into_iter().flatten().map(|ground| grondslag(gemeente, ground)).collect(),
        }
    });
    Ok(Some(EigenBijdrageView {
        gemeente: gemeente.to_string(),
        perioden: perioden.collect(),
        niet_belast: gewenst
            .buiten
            .iter()
            .map(|(hulp, why)| NietBelastView { hulp: grondslag(gemeente, hulp), belasting: word(*why) })
            .collect(),
        onderweg: meldingen.last().filter(|last| last.uitkomst == "onderweg").cloned(),
        stappen,
        wacht_tekst: words.as_ref().map(|words| words.nl.clone()),
        wacht_text: words.map(|words| words.en),
        wacht: persoon.eb_reden,
        wacht_tot: persoon.plan_op_us.map(Moment::of_us),
        meldingen,
    }))
}

/// Puts wanted periods beside accepted ones that share a day with them, by date; each of them is in one pair.
fn pairs(wanted: &[Periode], accepted: &[&EbPeriode]) -> Vec<(Option<usize>, Option<usize>)> {
    let mut free: Vec<bool> = vec![true; accepted.len()];
    let mut found = Vec::new();
    for (index, period) in wanted.iter().enumerate() {
        let shares = |known: &EbPeriode| {
            period.eind.is_none_or(|eind| known.start.datum <= eind)
                && known.stop.is_none_or(|stop| period.start <= stop)
        };
        let known =
            accepted.iter().enumerate().find(|(at, known)| free[*at] && shares(known)).map(|(at, _)| at);
        if let Some(at) = known {
            free[at] = false;
        }
        found.push((Some(index), known));
    }
    found.extend(free.iter().enumerate().filter(|(_, free)| **free).map(|(at, _)| (None, Some(at))));
    let day = |pair: &(Option<usize>, Option<usize>)| match *pair {
        (Some(index), _) => wanted[index].start,
        (None, Some(at)) => accepted[at].start.datum,
        (None, None) => Date::MAX,
    };
    found.sort_by_key(day);
    found
}

fn difference(
    beleid: &EbBeleid,
    today: Date,
    wanted: Option<&Periode>,
    accepted: Option<&EbPeriode>,
) -> (Vec<&'static str>, Words) {
    let (wanted, accepted) = match (wanted, accepted) {
        (Some(wanted), Some(accepted)) => (wanted, accepted),
        (Some(wanted), None)
            if !beleid.op(wanted.start).nulmaanden_melden
                && Maanden::under(beleid, [(wanted.start, wanted.eind)]).is_empty() =>
        {
            let words = Words::new(
                "telt geen maand: het CAK hoort er niet van",
                "charges no month: the CAK is not told",
            );
            return (Vec::new(), words);
        }
        (Some(wanted), None) if cak::is_told_later(beleid, today, wanted.start) => {
            let words = Words::new(
                "begint te ver vooruit om nu te melden: het CAK hoort het zodra het mag",
                "begins too far ahead to be told now: the CAK hears it as soon as it may",
            );
            return (vec!["ontbreekt"], words);
        }
        (Some(_), None) => {
            return (
                vec!["ontbreekt"],
                Words::new("het CAK heeft deze periode nog niet", "the CAK does not have it yet"),
            );
        }
        (None, Some(accepted))
            if Maanden::under(beleid, [(accepted.start.datum, accepted.stop)]).is_empty() =>
        {
            let words = Words::new(
                "hoort er niet te staan, maar telt geen maand en kan blijven",
                "should not stand there, but charges no month and may stay",
            );
            return (Vec::new(), words);
        }
        (None, _) => {
            return (vec!["te_veel"], Words::new("hoort er niet te staan", "should not stand there"));
        }
    };
    let mut found = Vec::new();
    let mut words = (Vec::new(), Vec::new());
    let mut differs = |what, nl: String, en: String| {
        found.push(what);
        words.0.push(nl);
        words.1.push(en);
    };
    if wanted.start != accepted.start.datum {
        let (is, should) = (accepted.start.datum, wanted.start);
        differs("start", format!("start {is} moet {should} zijn"), format!("start {is} should be {should}"));
    }
    if wanted.eind != accepted.stop {
        let (nl, en) = match (accepted.stop, wanted.eind) {
            (Some(is), Some(should)) => {
                (format!("stop {is} moet {should} zijn"), format!("stop {is} should be {should}"))
            }
            (Some(is), None) => {
                (format!("stop {is} moet weg: het loopt door"), format!("stop {is} must go: it runs on"))
            }
            (None, Some(should)) => (format!("moet stoppen op {should}"), format!("should stop on {should}")),
            (None, None) => (String::new(), String::new()),
        };
        differs("stop", nl, en);
    }
    if wanted.kostprijs != accepted.start.kostprijs {
        let (is, should) = (accepted.start.kostprijs, wanted.kostprijs);
        differs(
            "kostprijs",
            format!("kostprijs {} moet {} zijn", price(is, "geen"), price(should, "geen")),
            format!("price {} should be {}", price(is, "none"), price(should, "none")),
        );
    }
    if found.is_empty() {
        return (found, Words::new("zoals het moet zijn", "as it should be"));
    }
    (found, Words::new(words.0.join("; "), words.1.join("; ")))
}

fn price(price: Option<Kostprijs>, none: &str) -> String {
    match price {
        Some(Kostprijs { bedrag_cent, startdatum }) => {
            format!("€ {},{:02} vanaf {startdatum}", bedrag_cent / 100, bedrag_cent % 100)
        }
        None => none.to_owned(),
    }
}

fn melding(gemeente: Gemeente, bericht: &EbBericht, row: Option<&EbMelding>) -> MeldingView {
    let outcome = bericht.uitkomst.as_ref();
    MeldingView {
        entry: row.map(|row| format!("{gemeente}:{}/{}", row.seq, row.plaats)),
        identificatie: bericht.identificatie.as_str().to_owned(),
        dagtekening: bericht.dagtekening.to_string(),
        stap: StapView::from(&bericht.opdracht),
        uitkomst: match outcome {
            None => "onderweg",
            Some(outcome) if outcome.aanvaard => "aanvaard",
            // Nothing answered: the other side did not take the message (6.3).
            Some(outcome) if outcome.codes.is_empty() => "niet_aangenomen",
            Some(_) => "geweigerd",
        },
        codes: outcome
            .iter()
            .flat_map(|outcome| &outcome.codes)
            .map(|code| code.as_str().to_owned())
            .collect(),
        beantwoord_op: row.and_then(|row| row.beantwoord_op).map(|day| day.to_string()),
    }
}

fn grondslag(gemeente: Gemeente, ground: &Grondslag) -> GrondslagView {
    GrondslagView {
        waarover: match &ground.waarover {
            Waarover::Toewijzing(nummer) => format!("toewijzing {nummer}"),
            Waarover::Voorziening(naam) => format!("voorziening {}", naam.as_str()),
            Waarover::Taakgericht(None) => "taakgericht".to_owned(),
            Waarover::Taakgericht(Some(product)) => match &product.code {
                Some(code) => format!("taakgericht {}/{}", product.categorie, code.as_str()),
                None => format!("taakgericht {}", product.categorie),
            },
        },
        leveringsvorm: word(ground.leveringsvorm),
        vanaf: ground.vanaf.to_string(),
        tot_en_met: ground.tot_en_met.map(|last| last.to_string()),
        start_trigger: word(ground.start_trigger),
        stop_trigger: word(ground.stop_trigger),
        entries: ground.entries.iter().map(|seq| format!("{gemeente}:{seq}")).collect(),
    }
}

impl From<&Opdracht> for StapView {
    fn from(opdracht: &Opdracht) -> Self {
        let price = opdracht.kostprijs();
        Self {
            bericht: if opdracht.onderdeel() == Onderdeel::Start { "WMO401" } else { "WMO403" },
            status: opdracht.status_aanlevering(),
            nummer: opdracht.nummer().value(),
            datum: opdracht.datum().to_string(),
            kostprijs_cent: price.map(|price| price.bedrag_cent),
            kostprijs_vanaf: price.map(|price| price.startdatum.to_string()),
        }
    }
}

/// The word of a choice, as the configuration has it.
fn word<T: Keuze + PartialEq>(choice: T) -> &'static str {
    T::WOORDEN.iter().find(|(_, known)| *known == choice).map_or("", |(word, _)| word)
}

fn staat(staat: EbStaat) -> &'static str {
    match staat {
        EbStaat::Geen => "geen",
        EbStaat::StartOnderweg => "start_onderweg",
        EbStaat::Actief => "actief",
        EbStaat::WijzigingOnderweg => "wijziging_onderweg",
        EbStaat::StopOnderweg => "stop_onderweg",
        EbStaat::Gestopt => "gestopt",
        EbStaat::StopWijzigingOnderweg => "stop_wijziging_onderweg",
        EbStaat::StopIntrekkingOnderweg => "stop_intrekking_onderweg",
        EbStaat::VerwijderingOnderweg => "verwijdering_onderweg",
        EbStaat::Verwijderd => "verwijderd",
        EbStaat::Afgekeurd => "afgekeurd",
    }
}
