//! Counts that grow with what happens: the figures that a gemeente steers on, kept up as entries are applied, so that to
//! show them takes no walk through the journal.
//!
//! Limits: a row for each gemeente, month and combination that occurred. Combinations are made of names of the
//! configuration, kinds of message, codes of the standard, AGB codes and product codes; nothing names a person.
//!
//! Layout: the key is the gemeente, the month and the combination, see [`Telling::key`]; the row is a [`Telling`].
//! A message is counted in the month in which it was judged.

use iwmo_codec::messages::Message;
use iwmo_codec::messages::iwmo_3_2::basisschema::DebetCredit;
use iwmo_toewijzing::Dossier;
use iwmo_toewijzing::event::{Event, Inhoud};
use iwmo_toewijzing::identity::{Gemeente, Product, RedenWijziging};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{At, Heenbericht, LedgerError, Rows, Uitgaand, keys, made_on, put_row};
use crate::clock::dutch_date;
use crate::record::{Bericht, BezorgUitkomst, Oordeel, OutgoingId, Uitspraak};
use crate::store::Overlay;
use crate::translate;

/// Upper bounds of the classes of a lead time in days; a last class has everything beyond.
pub const DAGEN: [u32; 8] = [1, 3, 7, 14, 28, 42, 56, 84];

/// Upper bounds of the classes of a lead time in minutes; a last class has everything beyond.
pub const MINUTEN: [u32; 8] = [1, 5, 15, 60, 240, 1440, 4320, 10_080];

/// A count, with a sum where something is measured.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Telling {
    /// How many.
    pub aantal: u64,
    /// What they come to: days, minutes or eurocents.
    pub som: i64,
    /// Of Prestaties: the volume.
    pub volume: i64,
    /// Of a lead time: how many in each class.
    pub verdeling: Vec<u32>,
}

/// What a count is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Soort {
    /// Messages: partner, kind, verdict.
    Bericht,
    /// Refusals: partner, kind, retourcode or rule.
    Afkeuring,
    /// Lead times in days from the first 301 of a toewijzing to its first start: aanbieder, category, product.
    Startduur,
    /// Lead times in days from when a heenbericht of ours was given to send to its retour: partner, kind.
    Antwoordduur,
    /// Lead times in minutes from a message to the delivery of its retour: partner, kind of the retour.
    Retourduur,
    /// What became of products: aanbieder, category, product, what.
    Product,
    /// Prestaties declared: aanbieder, category, product, unit.
    Prestatie,
    /// Declarations settled: aanbieder; the sum is what was granted.
    Toegekend,
}

impl Soort {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Bericht,
        Self::Afkeuring,
        Self::Startduur,
        Self::Antwoordduur,
        Self::Retourduur,
        Self::Product,
        Self::Prestatie,
        Self::Toegekend,
    ];

    /// Returns the letter that stands for it in a key.
    #[must_use]
    pub fn letter(&self) -> char {
        match self {
            Self::Bericht => 'b',
            Self::Afkeuring => 'a',
            Self::Startduur => 's',
            Self::Antwoordduur => 'w',
            Self::Retourduur => 'r',
            Self::Product => 'p',
            Self::Prestatie => 'd',
            Self::Toegekend => 't',
        }
    }

    /// Returns the one that a letter stands for.
    #[must_use]
    pub fn of(letter: char) -> Option<Self> {
        Self::ALL.into_iter().find(|soort| soort.letter() == letter)
    }
}

impl Telling {
    /// Returns the key of a count: `s`, gemeente, month as `202611`, letter, parts each behind a `|`.
    #[must_use]
    pub fn key(gemeente: [u8; 4], maand: [u8; 6], soort: &Soort, parts: &[&str]) -> Vec<u8> {
        let mut key = keys::telling(gemeente, parts.iter().map(|part| part.len() + 1).sum::<usize>() + 7);
        key.extend_from_slice(&maand);
        key.push(soort.letter() as u8);
        for part in parts {
            key.push(b'|');
            // A separator within a part would make another combination of it.
            key.extend(part.bytes().map(|byte| if byte == b'|' { b'/' } else { byte }));
        }
        key
    }
}

/// Returns a month as it stands in a key.
fn maand(dag: Date) -> [u8; 6] {
    let (year, month) = (dag.year().unsigned_abs(), dag.month().unsigned_abs());
    let digit = |value: u16| b'0' + (value % 10) as u8;
    let month = u16::from(month);
    [digit(year / 1000), digit(year / 100), digit(year / 10), digit(year), digit(month / 10), digit(month)]
}

/// Counts for one entry.
struct Counter<'o, 'l> {
    overlay: &'o mut Overlay<'l>,
    gemeente: [u8; 4],
    maand: [u8; 6],
}

impl<'o, 'l> Counter<'o, 'l> {
    fn new(overlay: &'o mut Overlay<'l>, at: &At, dag: Date) -> Self {
        Self { overlay, gemeente: at.chain.code(), maand: maand(dag) }
    }

    fn count(
        &mut self,
        soort: &Soort,
        parts: &[&str],
        change: impl FnOnce(&mut Telling),
    ) -> Result<(), LedgerError> {
        let key = Telling::key(self.gemeente, self.maand, soort, parts);
        let mut row: Telling = self.overlay.row(&key)?.unwrap_or_default();
        row.aantal += 1;
        change(&mut row);
        put_row(self.overlay, key, &row)
    }

    fn time(&mut self, soort: &Soort, parts: &[&str], took: i64, classes: &[u32]) -> Result<(), LedgerError> {
        let took = took.max(0);
        let class = classes.partition_point(|bound| i64::from(*bound) < took);
        let size = classes.len() + 1;
        self.count(soort, parts, |row| {
            row.som = row.som.saturating_add(took);
            row.verdeling.resize(size, 0);
            if let Some(count) = row.verdeling.get_mut(class) {
                *count = count.saturating_add(1);
            }
        })
    }
}

/// Counts a message and what was decided about it.
pub(super) fn bericht(
    overlay: &mut Overlay<'_>,
    at: &At,
    bericht: &Bericht,
    message: &Message,
    dag: Date,
) -> Result<(), LedgerError> {
    let mut counter = Counter::new(overlay, at, dag);
    received(&mut counter, bericht)?;
    if bericht.uitspraak != Uitspraak::Goedgekeurd {
        return Ok(());
    }
    match message {
        Message::Wmo323(m) => {
            let aanbieder = m.header.afzender.as_str();
            for prestatie in m.declaratie.clienten.iter().flat_map(|client| &client.prestaties) {
                let parts = [
                    aanbieder,
                    prestatie.product_categorie.as_str(),
                    prestatie.product_code.trim(),
                    prestatie.eenheid.as_str(),
                ];
                let bedrag = signed(
                    prestatie.ingediend_bedrag.bedrag.value(),
                    &prestatie.ingediend_bedrag.debet_credit,
                );
                let volume =
                    signed(prestatie.geleverd_volume.value(), &prestatie.ingediend_bedrag.debet_credit);
                counter.count(&Soort::Prestatie, &parts, |row| {
                    row.som = row.som.saturating_add(bedrag);
                    row.volume = row.volume.saturating_add(volume);
                })?;
            }
            Ok(())
        }
        Message::Wmo325(m) => {
            let Some(answer) = &m.declaratie_antwoord else { return Ok(()) };
            let granted = &answer.totaal_toegekend_bedrag;
            let bedrag = signed(granted.totaal_bedrag.value(), &granted.debet_credit);
            let aanbieder = translate::sides(message).map(|(_, aanbieder)| aanbieder);
            let aanbieder = aanbieder.as_ref().map_or("", |aanbieder| aanbieder.as_str());
            counter.count(&Soort::Toegekend, &[aanbieder], |row| row.som = row.som.saturating_add(bedrag))
        }
        _ => Ok(()),
    }
}

/// Counts a message of which only the decision is left.
pub(super) fn zonder_bericht(
    overlay: &mut Overlay<'_>,
    at: &At,
    bericht: &Bericht,
    dag: Date,
) -> Result<(), LedgerError> {
    let mut counter = Counter::new(overlay, at, dag);
    received(&mut counter, bericht)
}

/// Counts the judgement on a message that waited.
pub(super) fn oordeel(
    overlay: &mut Overlay<'_>,
    at: &At,
    oordeel: &Oordeel,
    dag: Date,
) -> Result<(), LedgerError> {
    let mut counter = Counter::new(overlay, at, dag);
    verdict(&mut counter, &oordeel.partner, &oordeel.soort, &oordeel.uitspraak, &oordeel.regels)
}

/// A retour counts by what it says: its codes are the other side's refusals of what we sent.
fn received(counter: &mut Counter<'_, '_>, bericht: &Bericht) -> Result<(), LedgerError> {
    match (&bericht.uitspraak, &bericht.retour) {
        (Uitspraak::Goedgekeurd, Some(retour)) if !retour.goedgekeurd => {
            let refused = Uitspraak::Kop { codes: retour.codes.clone() };
            verdict(counter, &bericht.partner, &bericht.soort, &refused, &[])
        }
        (uitspraak, _) => verdict(counter, &bericht.partner, &bericht.soort, uitspraak, &bericht.regels),
    }
}

fn verdict(
    counter: &mut Counter<'_, '_>,
    partner: &str,
    soort: &str,
    uitspraak: &Uitspraak,
    regels: &[String],
) -> Result<(), LedgerError> {
    let mut codes: Vec<&String> = match uitspraak {
        Uitspraak::Kop { codes } => codes.iter().collect(),
        Uitspraak::Klassen { codes } => codes.iter().flatten().collect(),
        _ => Vec::new(),
    };
    let word = match uitspraak {
        Uitspraak::Goedgekeurd => "goedgekeurd",
        Uitspraak::Kop { .. } | Uitspraak::Klassen { .. } => "afgekeurd",
        Uitspraak::ZonderGevolg => "zonder_gevolg",
        Uitspraak::Geparkeerd { .. } => "geparkeerd",
    };
    counter.count(&Soort::Bericht, &[partner, soort, word], |_| {})?;
    if word != "afgekeurd" {
        return Ok(());
    }
    codes.extend(regels);
    codes.sort_unstable();
    codes.dedup();
    codes.into_iter().try_for_each(|code| counter.count(&Soort::Afkeuring, &[partner, soort, code], |_| {}))
}

/// Counts what an approved message does to products; `dossier` is as it is after that.
pub(super) fn effect(
    overlay: &mut Overlay<'_>,
    at: &At,
    event: &Event,
    dossier: &Dossier,
) -> Result<(), LedgerError> {
    let dag = event.bericht.dag;
    let aanbieder = event.dossier.aanbieder.as_str();
    let mut counter = Counter::new(overlay, at, dag);
    let product = |counter: &mut Counter<'_, '_>, product: Option<&Product>, what: &str| {
        let (categorie, code) = names(product);
        counter.count(&Soort::Product, &[aanbieder, categorie, code, what], |_| {})
    };
    match &event.inhoud {
        Inhoud::Toewijzen(products) => {
            for toegewezen in products {
                let versies = dossier.versies(toegewezen.nummer);
                let what = match toegewezen.reden_wijziging {
                    Some(RedenWijziging::VERWIJDERD) => "verwijderd",
                    _ if versies.len() > 1 => "gewijzigd",
                    _ => "toegewezen",
                };
                // The same version sent again is nothing new.
                if versies.last().is_some_and(|last| last.bericht.entry == event.bericht.entry) {
                    product(&mut counter, toegewezen.product.as_ref(), what)?;
                }
            }
            Ok(())
        }
        Inhoud::Starten(starts) => {
            for start in starts {
                let onderwerp = start.key.onderwerp();
                let made = dossier.levering(&onderwerp).is_some_and(|levering| {
                    levering
                        .live_starts()
                        .any(|one| one.bericht.entry == event.bericht.entry && one.key == start.key)
                });
                if !made {
                    continue;
                }
                product(&mut counter, start.key.product.as_ref(), "gestart")?;
                let first = start.key.nummer.and_then(|nummer| dossier.versies(nummer).first());
                let starts = dossier.levering(&onderwerp).map_or(0, |found| found.live_starts().count());
                if let Some(first) = first.filter(|_| starts == 1) {
                    let took = i64::from((dag - first.bericht.dag).get_days());
                    let (categorie, code) = names(first.inhoud.product.as_ref());
                    counter.time(&Soort::Startduur, &[aanbieder, categorie, code], took, &DAGEN)?;
                }
            }
            Ok(())
        }
        Inhoud::Stoppen(stops) => {
            for stop in stops {
                let made = dossier.levering(&stop.key.start.onderwerp()).is_some_and(|levering| {
                    levering
                        .live_stops()
                        .any(|one| one.bericht.entry == event.bericht.entry && one.key == stop.key)
                });
                if made {
                    product(&mut counter, stop.key.start.product.as_ref(), "beeindigd")?;
                }
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Counts how long the other side took for its retour, from the day on which it was given to send: a Dagtekening may lie long
/// before that.
pub(super) fn retour(
    overlay: &mut Overlay<'_>,
    at: &At,
    bericht: &Bericht,
    heen: &Heenbericht,
    dag: Date,
) -> Result<(), LedgerError> {
    let id = OutgoingId { gemeente: at.chain.code(), seq: heen.seq, index: 0 };
    let sent: Option<Uitgaand> = overlay.row(&keys::uitgaand(&id))?;
    let Some(sent) = sent.as_ref().map(made_on) else { return Ok(()) };
    let took = i64::from((dag - sent).get_days());
    let mut counter = Counter::new(overlay, at, dag);
    counter.time(&Soort::Antwoordduur, &[&bericht.partner, &bericht.soort], took, &DAGEN)
}

/// Counts how long it took to deliver a retour of ours, which was made when its message came in.
pub(super) fn delivered(
    overlay: &mut Overlay<'_>,
    at: &At,
    row: &Uitgaand,
    uitkomst: &BezorgUitkomst,
) -> Result<(), LedgerError> {
    let retour = matches!(row.soort.as_str(), "WMO306" | "WMO308" | "WMO316" | "WMO318");
    if !retour || !matches!(uitkomst, BezorgUitkomst::Bezorgd { .. }) {
        return Ok(());
    }
    let took = at.time.as_microsecond().saturating_sub(row.gemaakt_us) / 60_000_000;
    let mut counter = Counter::new(overlay, at, dutch_date(at.time));
    counter.time(&Soort::Retourduur, &[&row.partner, &row.soort], took, &MINUTEN)
}

fn names(product: Option<&Product>) -> (&str, &str) {
    let code = product.and_then(|product| product.code.as_ref());
    (product.map_or("", |product| product.categorie.as_str()), code.map_or("", |code| code.as_str()))
}

/// Amounts and volumes of a credit count against those of its debit.
fn signed(value: u64, debet_credit: &DebetCredit) -> i64 {
    let value = i64::try_from(value).unwrap_or(i64::MAX);
    if debet_credit.as_str() == "C" { -value } else { value }
}

/// Reads back month, kind and parts from the part of a key behind the gemeente.
#[must_use]
pub fn telling_delen(rest: &str) -> Option<(&str, Soort, Vec<&str>)> {
    let (maand, rest) = rest.split_at_checked(6)?;
    let mut parts = rest.split('|');
    let mut letters = parts.next()?.chars();
    let soort = Soort::of(letters.next()?)?;
    letters.next().is_none().then(|| (maand, soort, parts.collect()))
}

/// Returns the prefix of the counts of a gemeente.
#[must_use]
pub fn tellingen_van(gemeente: Gemeente) -> Vec<u8> {
    keys::tellingen(gemeente)
}
