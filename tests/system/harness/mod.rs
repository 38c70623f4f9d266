//! What the tests share.

mod asked;
mod caller;
mod endpoint;
mod messages;
mod odd;
mod program;
mod raw;
mod site;
mod store;

pub(crate) use asked::{approval, with, wmo315, wmo319, wmo323, wmo325};
pub(crate) use caller::{Answer, Caller, GGK};
pub(crate) use endpoint::{Endpoint, Mood};
pub(crate) use messages::{Envelope, Klant, Order, Stop, day, personal, wmo301, wmo305, wmo307};
pub(crate) use odd::{Odd, OddPeer};
pub(crate) use program::{Run, iwmo, iwmo_in, json_lines};
pub(crate) use raw::{Raw, head, head_to, plain, rest as raw_rest};
pub(crate) use site::{AMSTEL, CAK, Daemon, HVB, LINDE, SAMPLE, Site};
pub(crate) use store::{kept, snapshot};

use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};

/// How long anything may take that must come about.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The reference files outside the repository, or none after saying that the test skips. In CI nothing may skip.
pub(crate) fn shared(test: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("IWMO_SHARED").map_or(root().join("../shared"), PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(std::env::var_os("CI").is_none(), "{test} may not skip in CI: the reference folder is not here");
    eprintln!("SKIPPED {test}: the reference folder is not here");
    None
}

/// Where the partners of a test live. A test waits in its own thread for a command or for a daemon that stops; a partner that
/// lived there would not answer meanwhile.
static PARTNERS: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap());

/// Looks again and again until something is there, and returns it.
pub(crate) async fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "in vain: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
