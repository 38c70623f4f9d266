//! Journal entries in words: what happened to a toewijzing, by which message, and why.

use iwmo_codec::Schemas;
use iwmo_codec::messages::Message;
use iwmo_codec::retour::RetourView;
use iwmo_toewijzing::identity::{Bsn, Gemeente, ToewijzingNummer};
use iwmo_toewijzing::judge::Regel;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::Words;
use super::handelingen::handeling_words;
use super::inzagen::removal_words;
use super::requests;
use super::words::{
    answer_words, assigned, eb_kind, eb_words, sent_words, started, stopped, with_verdict, with_whole_verdict,
};
use crate::clock::Moment;
use crate::journal::{Entry, Reader};
use crate::ledger::{At, Heenbericht, LedgerError, Rows, Uitgaand, keys};
use crate::record::{Bericht, BezorgUitkomst, Bezorging, OUTGOING_MAX, Record, Retour, Uitspraak};
use crate::store::Ledger;
use crate::translate;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Line {
    /// The journal entry, `GEMEENTE:SEQ`.
    pub entry: String,
    /// When.
    pub tijd: Moment,
    /// The kind of message.
    pub bericht: String,
    /// The toewijzingen it is about; none: the person as a whole.
    pub toewijzingen: Vec<u32>,
    /// What happened, in Dutch.
    pub tekst: String,
    /// What happened, in English.
    pub text: String,
    /// The retourcodes given or received.
    pub retourcodes: Vec<String>,
    /// `goedgekeurd` or `afgekeurd`, of a message that was judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oordeel: Option<&'static str>,
    /// `goedgekeurd` or `afgekeurd`: what a retour to us says of the message that it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retour: Option<&'static str>,
    /// The rules that decided it: those that it breaks, or when it is approved those that it was held against.
    pub regels: Vec<String>,
    /// What was odd about it, though no reason to refuse it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waarschuwingen: Vec<String>,
}

/// Returns the timeline of a toewijzing: its own messages, and what its person's CAK notifications say.
///
/// # Errors
///
/// The store or the journal cannot be read.
pub fn timeline(
    ledger: &Ledger,
    reader: &Reader,
    schemas: &Schemas,
    gemeente: Gemeente,
    bsn: &Bsn,
    nummer: ToewijzingNummer,
) -> Result<Vec<Line>, LedgerError> {
    let about = |line: &Line| line.toewijzingen.is_empty() || line.toewijzingen.contains(&nummer.value());
    of_person(ledger, reader, schemas, gemeente, bsn, about)
}

/// Returns the timeline of a person over all aanbieders.
///
/// # Errors
///
/// The store or the journal cannot be read.
pub(super) fn of_person(
    ledger: &Ledger,
    reader: &Reader,
    schemas: &Schemas,
    gemeente: Gemeente,
    bsn: &Bsn,
    about: impl Fn(&Line) -> bool,
) -> Result<Vec<Line>, LedgerError> {
    let chain = keys::chain(gemeente);
    let mut timeline: Vec<(i64, Line)> = Vec::new();
    for row in ledger.scan(&keys::persoon_entries(gemeente, bsn)) {
        let (key, _) = row?;
        let Some(seq) = key.last_chunk::<8>().map(|bytes| u64::from_be_bytes(*bytes)) else { continue };
        let Some(entry) = reader.get(chain, seq)? else { continue };
        let mut lines = lines_of(ledger, reader, schemas, &entry, Some(bsn))?;
        lines.retain(&about);
        if !lines.is_empty() {
            let moment = entry.time.as_microsecond();
            timeline.extend(lines.into_iter().map(|line| (moment, line)));
            timeline.extend(sent(ledger, &entry)?);
        }
    }
    timeline.sort_by_key(|(moment, _)| *moment);
    Ok(timeline.into_iter().map(|(_, line)| line).collect())
}

/// Where the outgoing messages of an entry stand, as lines.
fn sent(ledger: &Ledger, entry: &Entry) -> Result<Vec<(i64, Line)>, LedgerError> {
    let mut lines = Vec::new();
    let at = At { chain: entry.id.chain, seq: entry.id.seq, time: entry.time };
    for index in 0..OUTGOING_MAX {
        let id = at.outgoing(index);
        let Some(row) = ledger.row::<Uitgaand>(&keys::uitgaand(&id))? else { break };
        let moment = Timestamp::from_microsecond(row.sinds_us).unwrap_or(entry.time);
        let words = sent_words(&row);
        let line = Line {
            entry: id.to_string(),
            tijd: Moment(moment),
            bericht: row.soort.clone(),
            toewijzingen: Vec::new(),
            tekst: words.nl,
            text: words.en,
            retourcodes: Vec::new(),
            oordeel: None,
            retour: None,
            regels: Vec::new(),
            waarschuwingen: Vec::new(),
        };
        lines.push((row.sinds_us, line));
    }
    Ok(lines)
}

/// Returns an entry in words; several lines when it did several things.
///
/// # Errors
///
/// The store or the journal cannot be read.
pub fn lines(
    rows: &impl Rows,
    reader: &Reader,
    schemas: &Schemas,
    entry: &Entry,
) -> Result<Vec<Line>, LedgerError> {
    lines_of(rows, reader, schemas, entry, None)
}

/// As [`lines`]; for one person only, of a declaration what it says of them.
pub(super) fn lines_of(
    rows: &impl Rows,
    reader: &Reader,
    schemas: &Schemas,
    entry: &Entry,
    person: Option<&Bsn>,
) -> Result<Vec<Line>, LedgerError> {
    let record = Record::decode(entry.kind, entry.version, &entry.payload)
        .map_err(|source| LedgerError::Entry { entry: entry.id.to_string(), source })?;
    let new = |bericht: &str, words: Words| Line {
        entry: entry.id.to_string(),
        tijd: Moment(entry.time),
        bericht: bericht.to_owned(),
        toewijzingen: Vec::new(),
        tekst: words.nl,
        text: words.en,
        retourcodes: Vec::new(),
        oordeel: None,
        retour: None,
        regels: Vec::new(),
        waarschuwingen: Vec::new(),
    };
    Ok(match &record {
        Record::Bericht(bericht) => {
            let Ok(message) = schemas.decode(&bericht.bytes) else {
                return Ok(if entry.gone { vec![new(&bericht.soort, gone())] } else { Vec::new() });
            };
            let mut lines = message_lines(rows, bericht, &message, person, &new)?;
            if let Some(words) = bericht.eb.as_ref().and_then(eb_words) {
                lines.push(new(eb_kind(bericht.eb.as_ref()), words));
            }
            lines
        }
        Record::Planning(planning) => {
            eb_words(&planning.eb).map(|words| new(eb_kind(Some(&planning.eb)), words)).into_iter().collect()
        }
        Record::Bezorging(bezorging) => delivery_line(reader, entry, bezorging, &new)?.into_iter().collect(),
        Record::Oordeel(oordeel) => {
            let Some(made) = reader.get(entry.id.chain, oordeel.seq)? else { return Ok(Vec::new()) };
            let record = Record::decode(made.kind, made.version, &made.payload)
                .map_err(|source| LedgerError::Entry { entry: made.id.to_string(), source })?;
            let Record::Bericht(mut bericht) = record else { return Ok(Vec::new()) };
            let Ok(message) = schemas.decode(&bericht.bytes) else {
                return Ok(if made.gone { vec![new(&bericht.soort, gone())] } else { Vec::new() });
            };
            bericht.uitspraak = oordeel.uitspraak.clone();
            bericht.regels.clone_from(&oordeel.regels);
            bericht.waarschuwingen.clone_from(&oordeel.waarschuwingen);
            let mut lines = message_lines(rows, &bericht, &message, person, &new)?;
            for line in &mut lines {
                let waited = judged_late(oordeel.tijd_om);
                line.tekst = format!("{} ({})", line.tekst, waited.nl);
                line.text = format!("{} ({})", line.text, waited.en);
            }
            if let Some(words) = oordeel.eb.as_ref().and_then(eb_words) {
                lines.push(new(eb_kind(oordeel.eb.as_ref()), words));
            }
            lines
        }
        // No person is known of an envelope that could not be read.
        Record::Instelling(_) | Record::Terzijde(_) => Vec::new(),
        Record::Start(start) => {
            let version = &start.versie;
            vec![new(
                "",
                Words::new(format!("gateway {version} gestart"), format!("gateway {version} started")),
            )]
        }
        Record::Inzage(_) | Record::Verwijderverzoek(_) => Vec::new(),
        Record::Verwijdering(verwijdering) => vec![new("", removal_words(verwijdering))],
        Record::Handeling(handeling) => vec![new("", handeling_words(handeling))],
    })
}

/// Says that what was there is removed.
fn gone() -> Words {
    Words::new("verwijderd", "removed")
}

/// The rules that decided about a class of a message. One class that fails refuses all (IV028, IV032, OP286), so
/// one without a code of its own is refused by those.
fn deciding(bericht: &Bericht, class: Option<usize>) -> Vec<String> {
    let (Uitspraak::Klassen { codes }, Some(class)) = (&bericht.uitspraak, class) else {
        return bericht.regels.clone();
    };
    let own = codes.get(class).map(Vec::as_slice).unwrap_or_default();
    if own.is_empty() {
        return ["IV028", "IV032", "OP286"].map(str::to_owned).to_vec();
    }
    let gives = |rule: &&String| {
        Regel::of(rule).is_none_or(|rule| own.iter().any(|code| code == rule.retourcode().as_str()))
    };
    bericht.regels.iter().filter(gives).cloned().collect()
}

fn message_lines(
    rows: &impl Rows,
    bericht: &Bericht,
    message: &Message,
    person: Option<&Bsn>,
    new: &impl Fn(&str, Words) -> Line,
) -> Result<Vec<Line>, LedgerError> {
    let partner = &bericht.partner;
    let to = bericht.uitgaand.first().map_or("", |uitgaand| uitgaand.partner.as_str());
    let is = |bsn: &str| person.is_some_and(|person| person.expose() == bsn);
    let mut lines = Vec::new();
    let mut say = |nummers: Vec<u32>, class: Option<usize>, words: Words| {
        let mut line = new(&bericht.soort, words);
        line.toewijzingen = nummers;
        line.oordeel = match &bericht.uitspraak {
            Uitspraak::Goedgekeurd => Some("goedgekeurd"),
            Uitspraak::Kop { .. } | Uitspraak::Klassen { .. } => Some("afgekeurd"),
            Uitspraak::ZonderGevolg | Uitspraak::Geparkeerd { .. } => None,
        };
        line.regels = deciding(bericht, class);
        line.waarschuwingen = bericht.waarschuwingen.clone();
        line.retourcodes = match (&bericht.uitspraak, class) {
            (Uitspraak::Kop { codes }, _) => codes.clone(),
            (Uitspraak::Klassen { codes }, Some(class)) => codes.get(class).cloned().unwrap_or_default(),
            (Uitspraak::Klassen { codes }, None) => faults(codes),
            _ => Vec::new(),
        };
        lines.push(line);
    };
    match message {
        Message::Wmo301(m) => {
            for product in &m.client.toegewezen_producten {
                say(number(Some(product.toewijzing_nummer.value())), None, assigned(product, to));
            }
        }
        Message::Wmo305(m) => {
            for (class, start) in m.client.start_producten.iter().enumerate() {
                let words = with_verdict(started(start, partner), bericht, class, "306");
                say(number(start.toewijzing_nummer.as_ref().map(|n| n.value())), Some(class), words);
            }
        }
        Message::Wmo307(m) => {
            for (class, stop) in m.client.stop_producten.iter().enumerate() {
                let words = with_verdict(stopped(stop, partner), bericht, class, "308");
                say(number(stop.toewijzing_nummer.as_ref().map(|n| n.value())), Some(class), words);
            }
        }
        Message::Wmo315(m) => {
            for (class, product) in m.client.aangevraagde_producten.iter().enumerate() {
                let words = with_verdict(requests::requested(product, partner), bericht, class, "316");
                say(Vec::new(), Some(class), words);
            }
        }
        Message::Wmo317(m) => {
            let nummers = translate::nummers(message).iter().map(|nummer| nummer.value()).collect();
            let words = requests::change_requested(&m.client.verzoek, partner);
            say(nummers, None, with_whole_verdict(words, bericht, "318"));
        }
        Message::Wmo319(m) => say(Vec::new(), None, requests::answered(&m.antwoord, to)),
        Message::Wmo323(m) if person.is_some() && bericht.uitspraak == Uitspraak::Goedgekeurd => {
            for client in m.declaratie.clienten.iter().filter(|client| is(client.bsn.expose().as_str())) {
                for (nummer, words) in requests::declared_for(client, partner) {
                    say(number(Some(nummer)), None, words);
                }
            }
        }
        Message::Wmo323(m) => {
            let words = requests::declared(&m.declaratie, partner);
            say(Vec::new(), None, with_whole_verdict(words, bericht, "325"));
        }
        Message::Wmo325(m) => {
            let clients = m.declaratie_antwoord.iter().flat_map(|antwoord| &antwoord.clienten);
            let mut said = false;
            for client in clients.filter(|client| is(client.bsn.expose().as_str())) {
                for (nummer, words) in requests::settled_for(client) {
                    say(number(Some(nummer)), None, words);
                    said = true;
                }
            }
            if !said {
                let whole = if person.is_some() { requests::settled_in_full(m) } else { None };
                say(Vec::new(), None, whole.unwrap_or_else(|| requests::settled(m, to)));
            }
        }
        _ => {
            let retour = RetourView::of(message).as_ref().map(Retour::from);
            let codes = retour.as_ref().map(|retour| retour.codes.clone()).unwrap_or_default();
            let words = answer_words(bericht, message, partner, &codes);
            let mut line = new(&bericht.soort, words);
            line.toewijzingen = answered_nummers(rows, message)?;
            line.retourcodes = codes;
            line.retour = retour.as_ref().map(Retour::word);
            line.regels = bericht.regels.clone();
            line.waarschuwingen = bericht.waarschuwingen.clone();
            lines.push(line);
        }
    }
    Ok(lines)
}

/// The toewijzingen of the 301 that a 302 answers.
fn answered_nummers(rows: &impl Rows, message: &Message) -> Result<Vec<u32>, LedgerError> {
    let Message::Wmo302(_) = message else { return Ok(Vec::new()) };
    let header = message.header();
    let Ok(gemeente) = Gemeente::new(header.afzender) else { return Ok(Vec::new()) };
    let code = message.kind().heenbericht().map_or(0, |kind| kind.bericht_code());
    let key = keys::heenbericht(gemeente, header.afzender, code, header.identificatie);
    let heen: Option<Heenbericht> = rows.row(&key)?;
    Ok(heen.map_or_else(Vec::new, |heen| heen.nummers.iter().map(|nummer| nummer.value()).collect()))
}

/// The codes of all classes that say that something is wrong, ascending and once each.
pub(super) fn faults(classes: &[Vec<String>]) -> Vec<String> {
    let remarks = |code: &&String| *code != "0200" && *code != "0233";
    let mut codes: Vec<String> = classes.iter().flatten().filter(remarks).cloned().collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

fn judged_late(tijd_om: bool) -> Words {
    if tijd_om {
        Words::new("beoordeeld omdat de wachttijd om was", "judged because the time to wait was over")
    } else {
        Words::new("beoordeeld na wachten", "judged after waiting")
    }
}

fn number(nummer: Option<u64>) -> Vec<u32> {
    nummer.and_then(|nummer| u32::try_from(nummer).ok()).into_iter().collect()
}

fn delivery_line(
    reader: &Reader,
    entry: &Entry,
    bezorging: &Bezorging,
    new: &impl Fn(&str, Words) -> Line,
) -> Result<Option<Line>, LedgerError> {
    let Some(made) = reader.get(entry.id.chain, bezorging.seq)? else { return Ok(None) };
    let record = Record::decode(made.kind, made.version, &made.payload)
        .map_err(|source| LedgerError::Entry { entry: made.id.to_string(), source })?;
    let uitgaand = record.into_uitgaand();
    let Some(uitgaand) = uitgaand.get(usize::from(bezorging.index)) else { return Ok(None) };
    let partner = &uitgaand.partner;
    let words = match &bezorging.uitkomst {
        BezorgUitkomst::Bezorgd { .. } => {
            Words::new(format!("bezorgd bij {partner}"), format!("delivered to {partner}"))
        }
        BezorgUitkomst::Doorgegeven { .. } => {
            Words::new(format!("doorgegeven voor {partner}"), format!("handed over for {partner}"))
        }
        BezorgUitkomst::Opnieuw { reden, .. } => Words::new(
            format!("niet bezorgd bij {partner}, nieuwe poging volgt: {reden}"),
            format!("not delivered to {partner}, to be tried again: {reden}"),
        ),
        BezorgUitkomst::Opgegeven { reden } => Words::new(
            format!("niet bezorgd bij {partner}, een medewerker moet kijken: {reden}"),
            format!("not delivered to {partner}, someone must look: {reden}"),
        ),
        BezorgUitkomst::Geweigerd { reden } => Words::new(
            format!("geweigerd door {partner}, een medewerker moet kijken: {reden}"),
            format!("refused by {partner}, someone must look: {reden}"),
        ),
    };
    Ok(Some(new(&uitgaand.soort, words)))
}
