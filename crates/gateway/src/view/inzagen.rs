//! The audit: acts and looks, who and what.

use jiff::Timestamp;
use serde::Serialize;

use super::Words;
use super::handelingen::act_words;
use crate::clock::Moment;
use crate::journal::Entry;
use crate::record::{Blik, Instelling, Inzage, Record, RecordError, Verwijdering, VerzoekStap, Wie};

/// An act or a look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditView {
    /// The journal entry, `GEMEENTE:SEQ`.
    pub entry: String,
    /// When.
    pub tijd: Moment,
    /// `handeling`, `inzage`, `instelling` or `verwijdering`.
    pub soort: &'static str,
    /// Who, in words.
    pub wie: String,
    /// Who, for programs.
    pub door: Wie,
    /// What was done or looked at, as a word: `uitgaand_annuleren`, `toewijzing`.
    pub wat: &'static str,
    /// What was done or looked at, in Dutch.
    pub tekst: String,
    /// What was done or looked at, in English.
    pub text: String,
    /// Of an act: why.
    pub reden: Option<String>,
    /// The toewijzing, entry or message it is about, when it is about one.
    pub over: Option<String>,
    /// Of an act: the outgoing messages that it names.
    pub berichten: Vec<String>,
    /// When, for sorting.
    #[serde(skip)]
    pub moment: Timestamp,
}

/// Returns the act or look that an entry records; nothing when it is neither.
///
/// # Errors
///
/// The entry was written by a later release, or is damaged.
pub fn audit(entry: &Entry) -> Result<Option<AuditView>, RecordError> {
    // Nothing else is decoded: messages may be large.
    if !Record::is_audit(entry.kind) {
        return Ok(None);
    }
    let chain = entry.id.chain;
    let new = |soort, wie: Wie, wat, words: Words| AuditView {
        entry: entry.id.to_string(),
        tijd: Moment(entry.time),
        soort,
        wie: wie.to_string(),
        door: wie,
        wat,
        tekst: words.nl,
        text: words.en,
        reden: None,
        over: None,
        berichten: Vec::new(),
        moment: entry.time,
    };
    Ok(match Record::decode(entry.kind, entry.version, &entry.payload)? {
        Record::Handeling(handeling) => {
            let names =
                handeling.wat.berichten().iter().map(|plek| format!("{chain}:{}/{}", plek.seq, plek.index));
            let berichten: Vec<String> = names.collect();
            let words = act_words(&handeling.wat);
            let mut view = new("handeling", handeling.wie, handeling.wat.word(), words);
            view.over = (berichten.len() == 1).then(|| berichten[0].clone());
            view.reden = Some(handeling.reden);
            view.berichten = berichten;
            Some(view)
        }
        Record::Inzage(Inzage { wie, wat }) => {
            let over = match &wat {
                Blik::Bericht { seq, .. } | Blik::Persoon { sinds: Some(seq) } => {
                    Some(format!("{chain}:{seq}"))
                }
                Blik::Uitgaand { bericht } => Some(format!("{chain}:{}/{}", bericht.seq, bericht.index)),
                Blik::Toewijzing { nummer } => Some(format!("{chain}/{nummer}")),
                Blik::Persoon { sinds: None } | Blik::Uitvoer { .. } => None,
            };
            let mut view = new("inzage", wie, look_word(&wat), look_words(&wat, over.as_deref()));
            view.over = over;
            Some(view)
        }
        Record::Verwijdering(verwijdering) => {
            let words = removal_words(&verwijdering);
            let mut view = new("verwijdering", verwijdering.wie, verwijdering.grond.word(), words);
            view.reden = Some(verwijdering.reden);
            Some(view)
        }
        Record::Verwijderverzoek(verzoek) => {
            let (wat, words, over) = match &verzoek.stap {
                VerzoekStap::Ontvangen { ontvangen, .. } => (
                    "verwijderverzoek_ontvangen",
                    Words::new(
                        format!("verzoek om verwijdering vastgelegd, ontvangen {ontvangen}"),
                        format!("request for removal recorded, received {ontvangen}"),
                    ),
                    None,
                ),
                VerzoekStap::Afgewezen { verzoek } => (
                    "verwijderverzoek_afgewezen",
                    Words::new(
                        format!("verzoek om verwijdering {chain}:{verzoek} afgewezen"),
                        format!("request for removal {chain}:{verzoek} refused"),
                    ),
                    Some(format!("{chain}:{verzoek}")),
                ),
            };
            let mut view = new("verwijdering", verzoek.wie, wat, words);
            view.over = over;
            view.reden = Some(verzoek.reden);
            Some(view)
        }
        Record::Instelling(Instelling { wat, wie, reden, .. }) => {
            let what = wat.join("; ");
            let words = Words::new(format!("configuratie: {what}"), format!("configuration: {what}"));
            let mut view = new("instelling", wie.unwrap_or(Wie::Gateway), "instelling", words);
            view.reden = reden;
            Some(view)
        }
        _ => None,
    })
}

/// Says what was removed, and not about whom.
pub(super) fn removal_words(verwijdering: &Verwijdering) -> Words {
    let (persons, entries) = (verwijdering.sleutels.len(), verwijdering.entries);
    let nl = if persons == 1 { "persoon" } else { "personen" };
    let en = if persons == 1 { "person" } else { "persons" };
    Words::new(
        format!("gegevens van {persons} {nl} verwijderd uit {entries} regels"),
        format!("data of {persons} {en} removed from {entries} entries"),
    )
}

fn look_word(wat: &Blik) -> &'static str {
    match wat {
        Blik::Bericht { inhoud: true, .. } => "bericht_inhoud",
        Blik::Bericht { inhoud: false, .. } => "bericht",
        Blik::Uitgaand { .. } => "uitgaand_inhoud",
        Blik::Toewijzing { .. } => "toewijzing",
        Blik::Persoon { .. } => "persoon",
        Blik::Uitvoer { .. } => "uitvoer",
    }
}

fn look_words(wat: &Blik, over: Option<&str>) -> Words {
    let over = over.unwrap_or_default();
    match wat {
        Blik::Bericht { inhoud: true, .. } => {
            Words::new(format!("bericht {over} bekeken"), format!("message {over} read"))
        }
        Blik::Bericht { inhoud: false, .. } => {
            Words::new(format!("regel {over} bekeken"), format!("entry {over} looked at"))
        }
        Blik::Uitgaand { .. } => {
            Words::new(format!("uitgaand bericht {over} bekeken"), format!("outgoing message {over} read"))
        }
        Blik::Toewijzing { .. } => {
            Words::new(format!("toewijzing {over} bekeken"), format!("toewijzing {over} looked at"))
        }
        Blik::Persoon { sinds: Some(_) } => Words::new(
            format!("een persoon opgezocht op BSN, bekend sinds {over}"),
            format!("a person looked up by BSN, known since {over}"),
        ),
        Blik::Persoon { sinds: None } => Words::new(
            "een persoon opgezocht op BSN, niet gevonden",
            "a person looked up by BSN and not found",
        ),
        Blik::Uitvoer { entries } => Words::new(
            format!("{entries} regels met hun berichten uitgevoerd"),
            format!("{entries} entries exported with their messages"),
        ),
    }
}
