//! The W3C XML Schema test cases that use our constructs, with a list of reasoned exceptions.
//!
//! With `IWMO_XSTS_WRITE` set to a file name, the cases that differ are also written there.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::schema::{SchemaProblem, SchemaSource, Schemas};
use crate::testing::shared;

/// schema, instance, expected, actual, reason. Names of cases are not unique; these two are.
const EXCEPTIONS: &str = include_str!("xsts-exceptions.tsv");

#[test]
fn w3c_cases_come_out_as_expected() {
    let Some(shared) = shared("w3c_cases_come_out_as_expected") else { return };
    let folder = shared.join("conformance/xsts");
    let cases = fs::read_to_string(folder.join("cases.tsv")).unwrap();
    let exceptions: BTreeMap<(&str, &str), (&str, &str)> = EXCEPTIONS
        .lines()
        .skip(1)
        .map(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            let [schema, instance, expected, actual, reason] = fields[..] else {
                panic!("exception: {line}")
            };
            assert!(!reason.trim().is_empty(), "{instance} has no reason");
            ((schema, instance), (expected, actual))
        })
        .collect();
    let (mut agree, mut excepted, mut wrong) = (0, 0, Vec::new());
    for line in cases.lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [case, schema, instance, expected, _, libxml2] = fields[..] else { panic!("case: {line}") };
        let (actual, why) = judge(&folder.join(schema), &folder.join(instance));
        match exceptions.get(&(schema, instance)) {
            None if actual == expected => agree += 1,
            Some((listed, was)) if *listed == expected && *was == actual => excepted += 1,
            _ => wrong.push(format!("{case}\t{expected}\t{actual}\t{why}\t{libxml2}\t{schema}\t{instance}")),
        }
    }
    if let Some(file) = std::env::var_os("IWMO_XSTS_WRITE") {
        fs::write(file, wrong.join("\n")).unwrap();
    }
    let cases = cases.lines().count() - 1;
    assert!(
        wrong.is_empty(),
        "{} of {cases} differ from cases and exceptions:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(20)].join("\n")
    );
    assert_eq!(excepted, exceptions.len(), "exceptions for cases that no longer exist");
    assert_eq!(agree + excepted, cases);
}

/// Our verdict, and a word on why.
fn judge(schema: &Path, instance: &Path) -> (&'static str, String) {
    let mut sources = Vec::new();
    collect(schema, &mut sources);
    let sources: Vec<SchemaSource<'_>> =
        sources.iter().map(|(name, text)| SchemaSource { name, text }).collect();
    match Schemas::load(&sources) {
        Ok(schemas) => {
            let report = schemas.validate_schema(&fs::read(instance).unwrap());
            let why = report
                .diagnostics
                .first()
                .map(|d| format!("{} {}:{}", d.rule, d.line, d.column))
                .unwrap_or_default();
            (if report.is_valid() { "valid" } else { "invalid" }, why)
        }
        Err(error) => {
            let kind = match &error.problem {
                SchemaProblem::Unsupported(_) => "unsupported",
                _ => "refused",
            };
            (kind, error.problem.to_string())
        }
    }
}

/// A schema document with what it imports and includes.
fn collect(path: &Path, into: &mut Vec<(String, String)>) {
    let name = path.to_string_lossy().into_owned();
    if into.iter().any(|(known, _)| *known == name) {
        return;
    }
    let bytes = fs::read(path).unwrap();
    let text = String::from_utf8(bytes).unwrap_or_default();
    into.push((name, text.clone()));
    for part in text.split("schemaLocation").skip(1) {
        let Some(location) = part.split(['"', '\'']).nth(1) else { continue };
        let beside: PathBuf = path.with_file_name(location);
        if beside.is_file() {
            collect(&beside, into);
        }
    }
}
