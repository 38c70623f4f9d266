//! What tests share: the reference files outside the repository, and a count of work that no clock can blur.

use std::cell::Cell;
use std::path::{Path, PathBuf};

thread_local! {
    static WORK: Cell<u64> = const { Cell::new(0) };
}

/// Adds to the work counted on this thread.
pub(crate) fn add_work(steps: usize) {
    WORK.with(|work| work.set(work.get() + steps as u64));
}

/// Counts the work that something takes: bytes looked at, and everything that is searched.
pub(crate) fn counted<T>(run: impl FnOnce() -> T) -> (T, u64) {
    WORK.with(|work| work.set(0));
    let result = run();
    (result, WORK.with(Cell::get))
}

/// Returns the folder with the official schemas and samples, or none after saying that the test skips.
///
/// # Panics
///
/// In CI, where nothing may skip.
pub(crate) fn shared(test: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let folder = std::env::var_os("IWMO_SHARED").map_or(beside, PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    skip(test, "the shared reference folder is not here");
    None
}

/// Says that a test skips, or fails in CI.
#[expect(clippy::print_stderr, reason = "a skipped test must be seen")]
pub(crate) fn skip(test: &str, why: &str) {
    assert!(std::env::var_os("CI").is_none(), "{test} may not skip in CI: {why}");
    eprintln!("SKIPPED {test}: {why}");
}
