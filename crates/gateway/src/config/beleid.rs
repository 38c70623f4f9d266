//! The choices of a gemeente on how messages are judged and when things are due: part of `[gemeente.policy]`.
//!
//! Each setting is a field of [`Beleid`] and has its default; a test keeps both together.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use iwmo_toewijzing::deadline::Afspraak;
use iwmo_toewijzing::identity::Categorie;
use iwmo_toewijzing::judge::{Beleid, Taakgericht};
use jiff::civil::Date;

use super::AgbCode;
use super::mistake::{MistakeKind, said};
use super::reader::{Findings, Found, Section, parsed};

/// Days of an agreement, or of the report on toewijzingen without a start.
const DAYS: RangeInclusive<u64> = 1..=366;

const DAY_WANTED: (&str, &str) =
    ("een dag als \"2026-05-15\", tussen aanhalingstekens", "a day as \"2026-05-15\", in quotes");
const AGB_WANTED: (&str, &str) =
    ("de AGB-code: acht cijfers tussen aanhalingstekens", "the AGB code: eight digits in quotes");

/// Reads the choices; what is not there has its default.
pub(super) fn read(section: &mut Section<'_, '_>, findings: &mut Findings<'_>) -> Beleid {
    let mut beleid = Beleid::default();
    let flags: [(&'static str, &mut bool); 10] = [
        ("nummer_volstaat", &mut beleid.nummer_volstaat),
        ("strikt_product", &mut beleid.strikt_product),
        ("stops_na_verwijdering", &mut beleid.stops_na_verwijdering),
        ("stop_op_elke_start", &mut beleid.stop_op_elke_start),
        ("wacht_op_bevestiging", &mut beleid.wacht_op_bevestiging),
        ("strikt_verzenden", &mut beleid.strikt_verzenden),
        ("bevestig_verzenden", &mut beleid.bevestig_verzenden),
        ("alleen_eerste_code", &mut beleid.alleen_eerste_code),
        ("goede_vrijdag_vrij", &mut beleid.kalender.goede_vrijdag_vrij),
        ("bevrijdingsdag_vrij", &mut beleid.kalender.bevrijdingsdag_vrij),
    ];
    for (name, setting) in flags {
        if let Some(value) = section.flag(name, findings) {
            *setting = value;
        }
    }
    beleid.kalender.sluitingsdagen = closed(section, findings);
    beleid.geen_start_dagen = days(section, "geen_start_dagen", findings);
    beleid.cak_vergelijking_vanaf = day(section, "cak_vergelijking_vanaf", findings).map(|found| found.value);
    let contracts = section.sections("taakgericht", findings);
    beleid.taakgericht = contracts.into_iter().filter_map(|section| taakgericht(section, findings)).collect();
    let agreements = section.sections("afspraak", findings);
    beleid.afspraken = agreements.into_iter().filter_map(|section| afspraak(section, findings)).collect();
    beleid
}

fn closed(section: &mut Section<'_, '_>, findings: &mut Findings<'_>) -> BTreeSet<Date> {
    let found = section.texts("sluitingsdagen", findings);
    let read = |found| parsed(found, findings, DAY_WANTED, |text| text.parse().ok());
    found.into_iter().filter_map(read).map(|found| found.value).collect()
}

fn days(section: &mut Section<'_, '_>, name: &'static str, findings: &mut Findings<'_>) -> Option<u16> {
    section.number(name, findings, DAYS).and_then(|days| u16::try_from(days).ok())
}

fn day(
    section: &mut Section<'_, '_>,
    name: &'static str,
    findings: &mut Findings<'_>,
) -> Option<Found<Date>> {
    section.parsed(name, findings, DAY_WANTED, |text| text.parse().ok())
}

/// Reads a `[[gemeente.policy.taakgericht]]`.
fn taakgericht(mut section: Section<'_, '_>, findings: &mut Findings<'_>) -> Option<Taakgericht> {
    let aanbieder = section.parsed("aanbieder", findings, AGB_WANTED, |text| text.parse::<AgbCode>().ok());
    let why = ("zeg van wie het contract is: de AGB-code", "say whose contract it is: the AGB code");
    let aanbieder = section.required("aanbieder", aanbieder, findings, why);
    let wanted = ("de productcategorie: twee cijfers, als \"02\"", "the category: two digits, as \"02\"");
    let categorie = section.parsed("categorie", findings, wanted, |text| Categorie::new(text).ok());
    let why = ("noem de productcategorie, als \"02\"", "name the category, as \"02\"");
    let categorie = section.required("categorie", categorie, findings, why);
    section.finish(findings);
    Some(Taakgericht { aanbieder: aanbieder?.value, categorie: categorie?.value })
}

/// Reads a `[[gemeente.policy.afspraak]]`.
fn afspraak(mut section: Section<'_, '_>, findings: &mut Findings<'_>) -> Option<Afspraak> {
    let here = section.here();
    let aanbieder = section.parsed("aanbieder", findings, AGB_WANTED, |text| text.parse().ok());
    let (vanaf, tot) = (day(&mut section, "vanaf", findings), day(&mut section, "tot", findings));
    if let (Some(from), Some(until)) = (&vanaf, &tot)
        && from.value > until.value
    {
        let message = said(
            format!("`{}` ligt voor `vanaf`: de afspraak geldt nooit", until.key),
            format!("`{}` lies before `vanaf`: the agreement never holds", until.key),
        );
        let hint = said("draai de dagen om, of haal er een weg", "swap the days, or remove one");
        findings.about(MistakeKind::Conflict, until, message, hint);
    }
    let contact_dagen = days(&mut section, "contact_dagen", findings);
    let start_werkdagen = days(&mut section, "start_werkdagen", findings);
    if !section.has("contact_dagen") && !section.has("start_werkdagen") {
        let message =
            said(format!("`{}` spreekt niets af", here.key), format!("`{}` agrees on nothing", here.key));
        let hint = said(
            "geef contact_dagen, start_werkdagen of beide",
            "give contact_dagen, start_werkdagen or both",
        );
        findings.about(MistakeKind::MissingKey, &here, message, hint);
    }
    section.finish(findings);
    Some(Afspraak {
        aanbieder: aanbieder.map(|found| found.value),
        vanaf: vanaf.map(|found| found.value),
        tot: tot.map(|found| found.value),
        contact_dagen,
        start_werkdagen,
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::{Checked, check_text};
    use super::*;

    /// Checks a policy under a gemeente; the rest of the file is not sound, so that only its own mistakes count.
    fn check(policy: &str) -> (Checked, Vec<String>) {
        let text =
            format!("[[gemeente]]\ncode = \"0222\"\nname = \"Doetinchem\"\n[gemeente.policy]\n{policy}");
        let checked = check_text(&text, Path::new(""));
        let own = checked.mistakes.iter().filter(|mistake| mistake.key.starts_with("gemeente[1].policy"));
        let found = own.map(|mistake| format!("{}: {}", mistake.key, mistake.message.en)).collect();
        (checked, found)
    }

    #[test]
    fn agreements_are_checked() {
        assert_eq!(check("[[gemeente.policy.afspraak]]\ncontact_dagen = 7").1, Vec::<String>::new());
        for (policy, wanted) in [
            ("[[gemeente.policy.afspraak]]\naanbieder = \"98000001\"", "agrees on nothing"),
            ("[[gemeente.policy.afspraak]]\ncontact_dagen = 0", "out of bounds"),
            ("[[gemeente.policy.afspraak]]\ncontact_dagen = 367", "out of bounds"),
            (
                "[[gemeente.policy.afspraak]]\ncontact_dagen = 7\nvanaf = \"2026-02-01\"\ntot = \"2026-01-31\"",
                "never holds",
            ),
            ("[[gemeente.policy.afspraak]]\ncontact_dagen = 7\naanbieder = \"1\"", "afspraak[1].aanbieder"),
            ("[[gemeente.policy.taakgericht]]\naanbieder = \"98000001\"", "categorie"),
            ("sluitingsdagen = [\"15 mei\"]", "sluitingsdagen"),
            ("geen_start_dagen = 0", "out of bounds"),
            ("strikt_product = \"ja\"", "of type"),
            ("strikt_produkt = true", "strikt_produkt"),
        ] {
            let found = check(policy).1;
            assert!(found.len() == 1 && found[0].contains(wanted), "{policy}: {found:?}");
        }
        for days in [1, 366] {
            assert_eq!(check(&format!("geen_start_dagen = {days}")).1, Vec::<String>::new());
        }
        let same =
            "[[gemeente.policy.afspraak]]\ncontact_dagen = 7\nvanaf = \"2026-02-01\"\ntot = \"2026-02-01\"";
        assert_eq!(check(same).1, Vec::<String>::new());
    }

    /// Every field of the policy can be set, but for the time of parking, which has a setting of its own.
    #[test]
    fn every_choice_has_a_setting() {
        let Ok(serde_json::Value::Object(fields)) = serde_json::to_value(Beleid::default()) else {
            panic!("a policy is a table");
        };
        let names = fields.keys().flat_map(|name| match name.as_str() {
            "kalender" => vec!["goede_vrijdag_vrij", "bevrijdingsdag_vrij", "sluitingsdagen"],
            "afspraken" => vec!["afspraak"],
            "parkeertijd_minuten" => vec!["parkeertijd"],
            other => vec![other],
        });
        let source = include_str!("beleid.rs").split("#[cfg(test)]").next().unwrap_or_default();
        let own = include_str!("parties.rs");
        for name in names {
            let quoted = format!("\"{name}\"");
            assert!(source.contains(&quoted) || own.contains(&quoted), "{name} cannot be set");
        }
    }
}
