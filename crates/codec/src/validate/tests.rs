//! The official samples, and every kind of bad input.

mod conformance;
mod differential;
mod faults;
mod hostile;
mod leap;
mod xml;

use std::fs;

use super::*;
use crate::report::{DIAGNOSTICS_MAX, Lang, Stage};
use crate::testing::shared;

fn show(report: &Report) -> String {
    let mut lines = Vec::new();
    for d in &report.diagnostics {
        lines.push(format!("{}:{} {} {} {}", d.line, d.column, d.rule, d.path, d.message.get(Lang::En)));
    }
    lines.join("\n")
}

#[test]
fn the_official_samples_are_valid() {
    let Some(shared) = shared("the_official_samples_are_valid") else { return };
    let schemas = Schemas::bundled();
    let mut count = 0;
    for (folder, release) in [("iwmo-3.2", "iWmo 3.2"), ("ieb-1.0", "iEb 1.0")] {
        for entry in fs::read_dir(shared.join("reference").join(folder).join("xml")).unwrap() {
            let path = entry.unwrap().path();
            let report = schemas.validate_schema(&fs::read(&path).unwrap());
            assert!(report.is_valid(), "{}:\n{}", path.display(), show(&report));
            assert_eq!(report.message, path.file_stem().unwrap().to_str());
            assert_eq!(report.release, Some(release));
            count += 1;
        }
    }
    assert_eq!(count, 11);
}

/// A valid 305 on lines of its own; tests change one thing in it.
const WMO305: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<w:Bericht xmlns:w="http://www.istandaarden.nl/iwmo/3_2/wmo305/schema" xmlns:i="http://www.istandaarden.nl/iwmo/3_2/basisschema/schema">
  <w:Header>
    <w:BerichtCode>418</w:BerichtCode>
    <w:BerichtVersie>3</w:BerichtVersie>
    <w:BerichtSubversie>2</w:BerichtSubversie>
    <w:Afzender>12345678</w:Afzender>
    <w:Ontvanger>0222</w:Ontvanger>
    <w:BerichtIdentificatie>
      <i:Identificatie>A1</i:Identificatie>
      <i:Dagtekening>2025-04-05</i:Dagtekening>
    </w:BerichtIdentificatie>
    <w:XsdVersie>
      <i:BasisschemaXsdVersie>1.0.0</i:BasisschemaXsdVersie>
      <i:BerichtXsdVersie>1.0.0</i:BerichtXsdVersie>
    </w:XsdVersie>
  </w:Header>
  <w:Client>
    <w:Bsn>999900006</w:Bsn>
    <w:Geboortedatum><i:Datum>1967-08-13</i:Datum></w:Geboortedatum>
    <w:Geslacht>1</w:Geslacht>
    <w:Naam><i:Geslachtsnaam><i:Achternaam>Wit</i:Achternaam></i:Geslachtsnaam></w:Naam>
    <w:StartProducten>
      <w:StartProduct>
        <w:ToewijzingNummer>300201</w:ToewijzingNummer>
        <w:Begindatum>2025-04-03</w:Begindatum>
        <w:StatusAanlevering>1</w:StatusAanlevering>
      </w:StartProduct>
      <w:StartProduct>
        <w:ToewijzingNummer>300202</w:ToewijzingNummer>
        <w:Begindatum>2025-04-03</w:Begindatum>
        <w:StatusAanlevering>1</w:StatusAanlevering>
      </w:StartProduct>
    </w:StartProducten>
  </w:Client>
</w:Bericht>
"#;

/// Validates [`WMO305`] with one thing changed.
fn changed(from: &str, to: &str) -> Report {
    let document = WMO305.replacen(from, to, 1);
    assert_ne!(document, WMO305, "{from} is not in the document");
    Schemas::bundled().validate_schema(document.as_bytes())
}

/// `line:column rule path` of each finding.
fn places(report: &Report) -> Vec<String> {
    report.diagnostics.iter().map(|d| format!("{}:{} {} {}", d.line, d.column, d.rule, d.path)).collect()
}

#[test]
fn the_document_that_tests_change_is_valid() {
    let report = Schemas::bundled().validate_schema(WMO305.as_bytes());
    assert!(report.is_valid(), "{}", show(&report));
    assert_eq!((report.message, report.release), (Some("WMO305"), Some("iWmo 3.2")));
}

/// The way a decoder walks: children by index, values as text, nothing misplaced.
#[test]
fn a_decoder_sees_declared_children_and_normalised_values() {
    let document = WMO305
        .replace("<w:Bsn>", "<w:Unknown><w:Bsn>1</w:Bsn></w:Unknown><w:Bsn>")
        .replace("Wit", "W<!-- x -->i&#116;")
        .replace("1967-08-13", " 1967-08-13\n");
    let schemas = Schemas::bundled();
    let mut walk = Walk::new(&schemas, document.as_bytes());
    assert_eq!(walk.root(), Some(("http://www.istandaarden.nl/iwmo/3_2/wmo305/schema", "Bericht")));
    assert_eq!(walk.child(), Some(0));
    assert_eq!(walk.child(), Some(0));
    assert_eq!(walk.text(), "418");
    while let Some(index) = walk.child() {
        match index {
            5 | 6 => {
                while walk.child().is_some() {
                    walk.text();
                }
            }
            _ => drop(walk.text().len()),
        }
    }
    assert_eq!(walk.child(), Some(1), "Client");
    assert_eq!(walk.child(), Some(0), "Bsn, the unknown element is skipped");
    assert_eq!(walk.text(), "999900006");
    assert_eq!(walk.child(), Some(1));
    assert_eq!(walk.child(), Some(0));
    assert_eq!(walk.text(), "1967-08-13");
    assert_eq!(walk.child(), None);
    assert_eq!(walk.child(), Some(2));
    assert_eq!(walk.text(), "1");
    assert_eq!((walk.child(), walk.child(), walk.child()), (Some(3), Some(0), Some(0)));
    assert_eq!(walk.text(), "Wit");
    assert_eq!((walk.child(), walk.child()), (None, None));
    assert_eq!((walk.child(), walk.child(), walk.child()), (Some(4), Some(0), Some(0)));
    assert_eq!(walk.text(), "300201");
    let report = walk.finish();
    assert_eq!(report.diagnostics.len(), 1, "{}", show(&report));
}

#[test]
fn the_envelopes_of_the_ggk_validate() {
    let Some(shared) = shared("the_envelopes_of_the_ggk_validate") else { return };
    let folder = shared.join("reference/ggk-0210/resolved");
    let texts: Vec<(String, String)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read_to_string(path).unwrap())
        })
        .collect();
    let sources: Vec<crate::SchemaSource<'_>> =
        texts.iter().map(|(name, text)| crate::SchemaSource { name, text }).collect();
    let schemas = Schemas::load(&sources).unwrap();
    for entry in fs::read_dir(shared.join("reference/ggk-0210/voorbeeldberichten")).unwrap() {
        let path = entry.unwrap().path();
        let report = schemas.validate_schema(&fs::read(&path).unwrap());
        assert!(report.is_valid(), "{}:\n{}", path.display(), show(&report));
    }
    // A fixed value, an attribute that must be there, and base64 of which nothing is copied.
    let envelope = fs::read_to_string(shared.join("reference/ggk-0210/voorbeeldberichten/Fo01.xml")).unwrap();
    let broken = envelope.replace("Fo01</", "Fo02</");
    let rules: Vec<&str> =
        schemas.validate_schema(broken.as_bytes()).diagnostics.iter().map(|d| d.rule).collect();
    assert_eq!(rules, ["cvc-elt.5.2.2.2"]);
}
