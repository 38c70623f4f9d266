//! The official samples, and every kind of bad input.

use std::fs;

use super::*;
use crate::report::Lang;
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
