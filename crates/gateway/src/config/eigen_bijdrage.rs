//! What a gemeente chose about the eigen bijdrage: the keys of `[gemeente.policy]`, which `iwmo replay --what-if` reads
//! from `[eigen_bijdrage]`.

use std::path::Path;
use std::time::Duration;

use iwmo_toewijzing::cak::{
    Bedenktijd, Brug, EbStartNummer, Keuze, Laag, Lagen, Limiet, RetroMaanden, Standaard, Termijn, Termijnen,
    Trigger, Uitzondering,
};
use iwmo_toewijzing::identity::{Categorie, ProductCode};
use jiff::civil::Date;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::mistake::{Mistake, MistakeKind, said};
use super::reader::{Findings, Found, Part, Section, duration};

/// The longest time that a message may reach back, in months.
const TERUG_MAX: u64 = 120;
/// The longest time that a message may reach ahead, in months.
const VOORUIT_MAX: u64 = 12;
/// The longest time to tell the CAK, in months.
const TERMIJN_MAX: u64 = 24;
/// The same in days.
const TERMIJN_DAGEN_MAX: u16 = 730;
/// The greatest age from which the contribution may be due.
const LEEFTIJD_MAX: u64 = 99;
/// The longest wait for a 305 or a declaration, in days.
const WACHTEN_MAX: u64 = 3650;
/// The longest time that a message is held back for a correction.
const BEDENKTIJD_MAX: Duration = Duration::from_secs(14 * 24 * 60 * 60);
/// The years that a table of amounts may have.
const JAREN: std::ops::RangeInclusive<i16> = 2020..=2100;
/// The greatest amount a month in eurocents, as the messages have it.
const BEDRAG_MAX: u64 = 99_999_999;

/// Reads the keys of a section that are about the eigen bijdrage.
pub(super) fn lagen(section: &mut Section<'_, '_>, findings: &mut Findings<'_>) -> Lagen {
    let mut dated = |name: &'static str, findings: &mut Findings<'_>| {
        let sections = section.sections(name, findings).into_iter();
        let layers = sections.map(|mut section| {
            let from = date(&mut section, "geldig_vanaf", findings);
            let why = ("zeg vanaf welke dag het geldt", "say from which day it holds");
            let from = section.required("geldig_vanaf", from, findings, why);
            let laag = laag(&mut section, findings);
            section.finish(findings);
            Laag { geldig_vanaf: from.map(|found| found.value), ..laag }
        });
        layers.collect::<Vec<_>>()
    };
    let (wijziging, landelijke_regel) = (dated("wijziging", findings), dated("landelijke_regel", findings));
    Lagen { basis: laag(section, findings), wijziging, landelijke_regel }
}

/// Reads every table `eigen_bijdrage` of a policy: that for all, and those by gemeente.
///
/// # Errors
///
/// Everything that is wrong with them. What stands beside them is for another to read.
pub(crate) fn of_policy(text: &str) -> Result<Vec<(Option<String>, Lagen)>, Vec<Mistake>> {
    let (root, _) = DeTable::parse_recoverable(text);
    let parts = vec![Part { file: None, text, base: 0 }];
    let mut findings = Findings::new(parts, Path::new(""));
    let mut found = Vec::new();
    let mut read = |name: Option<String>, table: &DeTable<'_>, findings: &mut Findings<'_>| {
        let Some(value) = table.get("eigen_bijdrage") else { return };
        // Another type is for the reader of the whole to refuse.
        let Some(own) = value.get_ref().as_table() else { return };
        let path = name.as_ref().map_or_else(String::new, |name| format!("gemeente.{name}."));
        let mut section = Section::new(own, 0, value.span(), format!("{path}eigen_bijdrage"));
        found.push((name, lagen(&mut section, findings)));
        section.finish(findings);
    };
    read(None, root.get_ref(), &mut findings);
    let gemeenten = root.get_ref().get("gemeente").map(Spanned::get_ref).and_then(DeValue::as_table);
    for (code, own) in gemeenten.into_iter().flat_map(|gemeenten| gemeenten.iter()) {
        if let Some(own) = own.get_ref().as_table() {
            read(Some(code.get_ref().to_string()), own, &mut findings);
        }
    }
    let mistakes = findings.into_mistakes();
    if mistakes.is_empty() { Ok(found) } else { Err(mistakes) }
}

fn laag(section: &mut Section<'_, '_>, findings: &mut Findings<'_>) -> Laag {
    Laag {
        geldig_vanaf: None,
        standaard: standaard(section, findings),
        regime: keuze(section, "regime", findings),
        start_trigger: trigger(section, "start_trigger", findings),
        stop_trigger: trigger(section, "stop_trigger", findings),
        start_datum_bron: keuze(section, "start_datum_bron", findings),
        brug_regel: brug(section, findings),
        pauze_beleid: keuze(section, "pauze_beleid", findings),
        overlijden_beleid: keuze(section, "overlijden_beleid", findings),
        wlz_beleid: keuze(section, "wlz_beleid", findings),
        bw_beleid: keuze(section, "bw_beleid", findings),
        nulmaanden_melden: ja_nee(section, "nulmaanden_melden", findings),
        minderjarig: keuze(section, "minderjarig", findings),
        leeftijd: small(section, "leeftijd", findings, LEEFTIJD_MAX),
        toekomst_maanden: small(section, "toekomst_maanden", findings, VOORUIT_MAX),
        retro_beleid: keuze(section, "retro_beleid", findings),
        kostprijs: keuze(section, "kostprijs", findings),
        dienst_ernaast: keuze(section, "dienst_ernaast", findings),
        wachttijd_305: days(section, "wachttijd_305", findings),
        declaratie_stilte: days(section, "declaratie_stilte", findings),
        einde_bij_toewijzing: ja_nee(section, "einde_bij_toewijzing", findings),
        maand_regel: keuze(section, "maand_regel", findings),
        bedenktijd: bedenktijd(section, findings),
        eb_startnummer_vanaf: section
            .number("eb_startnummer_vanaf", findings, 1..=u64::from(EbStartNummer::MAX))
            .and_then(|first| u32::try_from(first).ok()),
        tarief: section.by_year("tarief", findings, &JAREN, 1..=BEDRAG_MAX),
        retro_maanden: retro(section, findings),
        melding_termijn: termijnen(section, findings),
        categorie: exceptions(section, "categorie", findings),
        product: exceptions(section, "product", findings),
    }
}

/// Reads a choice among words.
fn keuze<T: Keuze>(
    section: &mut Section<'_, '_>,
    name: &'static str,
    findings: &mut Findings<'_>,
) -> Option<T> {
    let words: Vec<String> = T::WOORDEN.iter().map(|(word, _)| format!("\"{word}\"")).collect();
    let (last, rest) = words.split_last()?;
    let wanted = |or: &str| match rest {
        [] => last.clone(),
        rest => format!("{} {or} {last}", rest.join(", ")),
    };
    let found = section.parsed(name, findings, (&wanted("of"), &wanted("or")), T::of);
    found.map(|found| found.value)
}

fn ja_nee(section: &mut Section<'_, '_>, name: &'static str, findings: &mut Findings<'_>) -> Option<bool> {
    let wanted = ("\"ja\" of \"nee\"", "\"ja\" or \"nee\"");
    let found = section.parsed(name, findings, wanted, |text| match text {
        "ja" => Some(true),
        "nee" => Some(false),
        _ => None,
    });
    found.map(|found| found.value)
}

/// Only a release whose schema is here can be sent.
fn standaard(section: &mut Section<'_, '_>, findings: &mut Findings<'_>) -> Option<Standaard> {
    let found = section.text("standaard", findings)?;
    if found.value == "ieb-4.0" {
        let message = said(
            format!("`{}`: iEb 4.0 kan niet worden verzonden", found.key),
            format!("`{}`: iEb 4.0 cannot be sent", found.key),
        );
        let hint = said(
            "de officiële schema's van iEb 4.0 zijn hier niet, dus wat ervan bekend is, is niet geverifieerd (`iwmo encode \
             --unverified-ieb-4.0` laat het zien); kies \"ieb-1.0\", of laat `cak` weg",
            "the official schemas of iEb 4.0 are not here, so what is known of it is not verified (`iwmo encode \
             --unverified-ieb-4.0` shows it); choose \"ieb-1.0\", or leave out `cak`",
        );
        findings.about(MistakeKind::UnusableValue, &found, message, hint);
        return None;
    }
    keuze(section, "standaard", findings)
}

/// Reads a trigger: one, or one per leveringsvorm, of which only zorg in natura has a choice.
fn trigger(
    section: &mut Section<'_, '_>,
    name: &'static str,
    findings: &mut Findings<'_>,
) -> Option<Trigger> {
    if !section.is_table(name) {
        return keuze(section, name, findings);
    }
    let mut own = section.section(name, findings)?;
    for vorm in ["pgb", "algemeen"] {
        let wanted = (
            "\"backoffice\": van wat geen toewijzing is, kent alleen de backoffice de dagen",
            "\"backoffice\": of what has no toewijzing only the backoffice knows the days",
        );
        own.parsed(vorm, findings, wanted, |text| (text == "backoffice").then_some(()));
    }
    let zin = keuze(&mut own, "zin", findings);
    own.finish(findings);
    zin
}

fn brug(section: &mut Section<'_, '_>, findings: &mut Findings<'_>) -> Option<Brug> {
    let wanted = (
        "\"volle_kalendermaand\", \"dagen(14)\" of \"geen\"",
        "\"volle_kalendermaand\", \"dagen(14)\" or \"geen\"",
    );
    section.parsed("brug_regel", findings, wanted, Brug::of).map(|found| found.value)
}

fn small(
    section: &mut Section<'_, '_>,
    name: &'static str,
    findings: &mut Findings<'_>,
    most: u64,
) -> Option<u8> {
    section.number(name, findings, 0..=most).and_then(|number| u8::try_from(number).ok())
}

/// Reads whole days, or that there are none: `uit`.
fn days(section: &mut Section<'_, '_>, name: &'static str, findings: &mut Findings<'_>) -> Option<u16> {
    let wanted = (
        format!("\"uit\", of hele dagen als \"42d\", hoogstens {WACHTEN_MAX}d"),
        format!("\"uit\", or whole days as \"42d\", at most {WACHTEN_MAX}d"),
    );
    let found = section.parsed(name, findings, (&wanted.0, &wanted.1), |text| {
        if text == "uit" {
            return Some(0);
        }
        let seconds = duration(text)?.as_secs();
        let days = seconds / (24 * 60 * 60);
        let whole = seconds % (24 * 60 * 60) == 0 && (1..=WACHTEN_MAX).contains(&days);
        u16::try_from(days).ok().filter(|_| whole)
    });
    found.map(|found| found.value)
}

/// Reads how long a message is held back: a length of time, or until the next daily run.
fn bedenktijd(section: &mut Section<'_, '_>, findings: &mut Findings<'_>) -> Option<Bedenktijd> {
    let wanted = (
        "een duur als \"4h\", hoogstens \"14d\", of \"dagelijkse_run\"",
        "a length of time as \"4h\", at most \"14d\", or \"dagelijkse_run\"",
    );
    let found = section.parsed("bedenktijd", findings, wanted, |text| {
        if text == "dagelijkse_run" {
            return Some(Bedenktijd::DagelijkseRun);
        }
        let time = duration(text).filter(|time| *time <= BEDENKTIJD_MAX)?;
        // Rounded up, so that a time that is not nothing never becomes nothing.
        let seconds = time.as_secs() + u64::from(time.subsec_nanos() > 0);
        u32::try_from(seconds).ok().map(Bedenktijd::Seconden)
    });
    found.map(|found| found.value)
}

fn retro(section: &mut Section<'_, '_>, findings: &mut Findings<'_>) -> Option<RetroMaanden> {
    let mut own = section.section("retro_maanden", findings)?;
    let mut limit = |name: &'static str, findings: &mut Findings<'_>| {
        if own.is_text(name) {
            let wanted = ("een aantal maanden, of \"geen\"", "a number of months, or \"geen\"");
            let found = own.parsed(name, findings, wanted, |text| (text == "geen").then_some(()));
            return found.map(|_| Limiet(None));
        }
        small(&mut own, name, findings, TERUG_MAX).map(|months| Limiet(Some(months)))
    };
    let limits = RetroMaanden {
        start_eerste: limit("start_eerste", findings),
        stop_eerste: limit("stop_eerste", findings),
        start_wijziging: limit("start_wijziging", findings),
        stop_wijziging: limit("stop_wijziging", findings),
    };
    own.finish(findings);
    Some(limits)
}

fn termijnen(section: &mut Section<'_, '_>, findings: &mut Findings<'_>) -> Option<Termijnen> {
    if !section.is_table("melding_termijn") {
        return termijn(section, "melding_termijn", findings).map(Termijnen::same);
    }
    let mut own = section.section("melding_termijn", findings)?;
    let found = Termijnen {
        zin: termijn(&mut own, "zin", findings),
        pgb: termijn(&mut own, "pgb", findings),
        algemeen: termijn(&mut own, "algemeen", findings),
    };
    own.finish(findings);
    Some(found)
}

/// Reads months as a number, days as `30d` or working days as `10wd`.
fn termijn(
    section: &mut Section<'_, '_>,
    name: &'static str,
    findings: &mut Findings<'_>,
) -> Option<Termijn> {
    if !section.is_text(name) {
        return small(section, name, findings, TERMIJN_MAX).map(Termijn::Maanden);
    }
    let wanted = (
        "een aantal maanden, dagen als \"30d\" of werkdagen als \"10wd\", hoogstens twee jaar",
        "a number of months, days as \"30d\" or working days as \"10wd\", two years at most",
    );
    let found = section.parsed(name, findings, wanted, |text| {
        Termijn::of(text).filter(|termijn| match termijn {
            Termijn::Maanden(_) => false,
            Termijn::Dagen(days) | Termijn::Werkdagen(days) => *days <= TERMIJN_DAGEN_MAX,
        })
    });
    found.map(|found| found.value)
}

/// Reads `[[categorie]]` or `[[product]]`, which is of one code within a category.
fn exceptions(
    section: &mut Section<'_, '_>,
    name: &'static str,
    findings: &mut Findings<'_>,
) -> Vec<Uitzondering> {
    let sections = section.sections(name, findings).into_iter();
    sections.filter_map(|section| exception(section, name == "product", findings)).collect()
}

fn exception(
    mut section: Section<'_, '_>,
    of_product: bool,
    findings: &mut Findings<'_>,
) -> Option<Uitzondering> {
    let wanted = (
        "twee cijfers tussen aanhalingstekens, of \"geen\" voor toewijzingen zonder product",
        "two digits in quotes, or \"geen\" for toewijzingen without a product",
    );
    let categorie = section.parsed("categorie", findings, wanted, |text| match text {
        "geen" if !of_product => Some(None),
        _ => Categorie::new(text).ok().map(Some),
    });
    let why = ("noem de categorie, als \"08\"", "name the category, as \"08\"");
    let categorie = section.required("categorie", categorie, findings, why);
    let code = if of_product {
        let wanted =
            ("een productcode van hoogstens vijf tekens", "a product code of at most five characters");
        let code = section.parsed("code", findings, wanted, |text| ProductCode::new(text).ok());
        let why = ("noem de productcode, als \"08A01\"", "name the product code, as \"08A01\"");
        Some(section.required("code", code, findings, why)?.value)
    } else {
        None
    };
    let (from, until) =
        (date(&mut section, "geldig_vanaf", findings), date(&mut section, "geldig_tot", findings));
    if let (Some(from), Some(until)) = (&from, &until)
        && from.value >= until.value
    {
        let message = said(
            format!("`{}` ligt niet na `geldig_vanaf`", until.key),
            format!("`{}` does not lie after `geldig_vanaf`", until.key),
        );
        let hint = said(
            "geldig_tot is de eerste dag waarop het niet meer geldt",
            "geldig_tot is the first day on which it no longer holds",
        );
        findings.about(MistakeKind::Conflict, until, message, hint);
    }
    let found = Uitzondering {
        categorie: categorie.and_then(|found| found.value),
        code,
        geldig_vanaf: from.map(|found| found.value),
        geldig_tot: until.map(|found| found.value),
        belasting: keuze(&mut section, "belasting", findings),
        start_trigger: keuze(&mut section, "start_trigger", findings),
        stop_trigger: keuze(&mut section, "stop_trigger", findings),
    };
    section.finish(findings);
    Some(found)
}

/// Reads a day, as TOML has it or in quotes.
fn date(
    section: &mut Section<'_, '_>,
    name: &'static str,
    findings: &mut Findings<'_>,
) -> Option<Found<Date>> {
    let wanted = ("een dag als 2027-01-01", "a day as 2027-01-01");
    if section.is_text(name) {
        return section.parsed(name, findings, wanted, |text| text.parse().ok());
    }
    section.typed(name, findings, wanted, |value| {
        let DeValue::Datetime(moment) = value else { return None };
        let day = moment.date.filter(|_| moment.time.is_none())?;
        let (year, month, day) = (day.year, day.month, day.day);
        Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
    })
}

#[cfg(test)]
mod tests;
