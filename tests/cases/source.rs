//! Where the cases are.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// A file of cases.
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    pub(crate) file: Value,
    /// It is the file of the shared specification, to which `exceptions.json` belongs.
    pub(crate) standard: bool,
}

/// Reads the file that `IWMO_CASES` names, or the one of the shared specification. Without one the test is skipped,
/// but not in CI.
pub(crate) fn find() -> Option<Source> {
    if let Some(path) = std::env::var_os("IWMO_CASES") {
        return Some(read(PathBuf::from(path), false));
    }
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let path = std::env::var_os("IWMO_SHARED").map_or(beside, PathBuf::from).join("spec/cases.json");
    if path.exists() {
        return Some(read(path, true));
    }
    assert!(std::env::var_os("CI").is_none(), "the shared specification is missing: set IWMO_SHARED");
    println!("skipped: no shared specification; set IWMO_SHARED or IWMO_CASES");
    None
}

fn read(path: PathBuf, standard: bool) -> Source {
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let file = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Source { path, file, standard }
}
