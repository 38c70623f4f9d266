//! Journal entries, a line each.

use iwmo_codec::messages::MessageKind;
use serde::Serialize;
use utoipa::ToSchema;

use super::handelingen::handeling_words;
use super::inzagen::audit;
use crate::clock::Moment;
use crate::journal::Entry;
use crate::record::{BezorgUitkomst, EbUitkomst, Record, RecordError, Retour, Uitspraak};

/// A journal entry without the message in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct EntryView {
    /// `GEMEENTE:SEQ`.
    pub entry: String,
    /// When.
    pub tijd: Moment,
    /// `bericht`, `bezorging`, `planning`, `oordeel`, `handeling`, `inzage`, `verwijdering` or `start`.
    pub soort: &'static str,
    /// The kind of message.
    pub bericht: Option<String>,
    /// The partner it came from.
    pub partner: Option<String>,
    /// What was decided; `verwerkt` of a retour that was taken into account, whatever it says.
    pub uitkomst: String,
    /// What a retour says of the message that it answers: `goedgekeurd` or `afgekeurd`; none of anything else, and of
    /// retours that a gateway before 0.3.0 recorded.
    pub retour: Option<&'static str>,
    /// Retourcodes given, or of a retour those that it gives; ascending and once each.
    pub retourcodes: Vec<String>,
    /// The rules that decided it.
    pub regels: Vec<String>,
    /// Findings without a retourcode.
    pub waarschuwingen: Vec<String>,
    /// The kinds of message to be sent because of it.
    pub uitgaand: Vec<String>,
    /// The hash that chains it to the entry before.
    pub hash: String,
    /// Something that it said about a person was removed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub verwijderd: bool,
}

/// Returns an entry without the message in it.
///
/// # Errors
///
/// The entry was written by a later release, or is damaged.
pub fn summarize(entry: &Entry) -> Result<EntryView, RecordError> {
    let record = Record::decode(entry.kind, entry.version, &entry.payload)?;
    let mut view = EntryView {
        entry: entry.id.to_string(),
        tijd: Moment(entry.time),
        soort: "start",
        bericht: None,
        partner: None,
        uitkomst: String::new(),
        retour: None,
        retourcodes: Vec::new(),
        regels: Vec::new(),
        waarschuwingen: Vec::new(),
        uitgaand: Vec::new(),
        hash: entry.hash.to_string(),
        verwijderd: entry.gone,
    };
    match record {
        Record::Bericht(bericht) => {
            view.soort = "bericht";
            let is_retour = bericht.soort.parse().is_ok_and(MessageKind::is_retour);
            view.bericht = Some(bericht.soort);
            view.partner = Some(bericht.partner);
            view.uitkomst = match &bericht.uitspraak {
                // The retour may refuse: what was done with it is not what it says.
                Uitspraak::Goedgekeurd if is_retour => "verwerkt",
                Uitspraak::Goedgekeurd => "goedgekeurd",
                Uitspraak::Kop { .. } | Uitspraak::Klassen { .. } => "afgekeurd",
                Uitspraak::ZonderGevolg => "zonder gevolg",
                Uitspraak::Geparkeerd { .. } => "geparkeerd",
            }
            .to_owned();
            view.retour = bericht.retour.as_ref().map(Retour::word);
            view.retourcodes = codes(bericht.uitspraak);
            view.retourcodes.extend(bericht.retour.into_iter().flat_map(|retour| retour.codes));
            view.regels = bericht.regels;
            view.waarschuwingen = bericht.waarschuwingen;
            view.uitgaand = bericht.uitgaand.into_iter().map(|uitgaand| uitgaand.soort).collect();
        }
        Record::Bezorging(bezorging) => {
            view.soort = "bezorging";
            let id = format!("{}:{}/{}", entry.id.chain, bezorging.seq, bezorging.index);
            view.uitkomst = match bezorging.uitkomst {
                BezorgUitkomst::Bezorgd { .. } => format!("{id} bezorgd"),
                BezorgUitkomst::Doorgegeven { .. } => format!("{id} doorgegeven"),
                BezorgUitkomst::Opnieuw { reden, .. } => format!("{id} opnieuw: {reden}"),
                BezorgUitkomst::Geweigerd { reden } | BezorgUitkomst::Opgegeven { reden } => {
                    format!("{id} geparkeerd: {reden}")
                }
            };
        }
        Record::Planning(planning) => {
            view.soort = "planning";
            view.uitkomst = match planning.eb.uitkomst {
                EbUitkomst::Niets => "niets te melden".to_owned(),
                EbUitkomst::Melding { nummer, .. } => format!("melding, EbStartNummer {nummer}"),
                EbUitkomst::Wacht { tot, reden } => {
                    format!("wacht tot {}: {reden}", Moment::of_us(tot))
                }
                EbUitkomst::Handmatig { reden } => format!("een medewerker moet kijken: {reden}"),
            };
            view.uitgaand = planning.uitgaand.into_iter().map(|uitgaand| uitgaand.soort).collect();
        }
        Record::Oordeel(oordeel) => {
            view.soort = "oordeel";
            view.bericht = Some(oordeel.soort);
            view.partner = Some(oordeel.partner);
            let verdict = match &oordeel.uitspraak {
                Uitspraak::Goedgekeurd => "goedgekeurd",
                _ => "afgekeurd",
            };
            view.uitkomst = format!("{}:{} {verdict}", entry.id.chain, oordeel.seq);
            view.retourcodes = codes(oordeel.uitspraak);
            view.regels = oordeel.regels;
            view.waarschuwingen = oordeel.waarschuwingen;
            view.uitgaand = oordeel.uitgaand.into_iter().map(|uitgaand| uitgaand.soort).collect();
        }
        Record::Start(start) => view.uitkomst = format!("versie {}", start.versie),
        Record::Inzage(_) => {
            view.soort = "inzage";
            view.uitkomst =
                audit(entry)?.map(|look| format!("{}, door {}", look.tekst, look.wie)).unwrap_or_default();
        }
        Record::Instelling(instelling) => {
            view.soort = "instelling";
            let by = instelling.wie.map(|wie| format!(", door {wie}")).unwrap_or_default();
            let why = instelling.reden.map(|why| format!(": {why}")).unwrap_or_default();
            view.uitkomst = format!("{}{by}{why}", instelling.wat.join("; "));
        }
        Record::Terzijde(terzijde) => {
            view.soort = "terzijde";
            view.partner = Some(terzijde.partner);
            view.uitkomst = terzijde.reden;
            view.uitgaand = terzijde.uitgaand.into_iter().map(|uitgaand| uitgaand.soort).collect();
        }
        Record::Verwijdering(_) | Record::Verwijderverzoek(_) => {
            if let Some(act) = audit(entry)? {
                let why = act.reden.unwrap_or_default();
                view.soort = act.soort;
                view.uitkomst = format!("{}, door {}: {why}", act.tekst, act.wie);
            }
        }
        Record::Handeling(handeling) => {
            view.soort = "handeling";
            view.uitkomst = handeling_words(&handeling).nl;
        }
    }
    Ok(view)
}

/// The codes given, ascending and once each.
fn codes(uitspraak: Uitspraak) -> Vec<String> {
    let mut codes: Vec<String> = match uitspraak {
        Uitspraak::Kop { codes } => codes,
        Uitspraak::Klassen { codes } => codes.into_iter().flatten().collect(),
        Uitspraak::Goedgekeurd | Uitspraak::ZonderGevolg | Uitspraak::Geparkeerd { .. } => Vec::new(),
    };
    codes.sort_unstable();
    codes.dedup();
    codes
}
