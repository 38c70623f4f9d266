//! Notices that a certificate, key or list was replaced.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::reload::{Reloader, Wanted};
use crate::listener::Stop;

/// How often the files are looked at. What changed is read when it was the same twice, so that a certificate and its key
/// that are replaced one after the other are read together.
const LOOK: Duration = Duration::from_secs(1);

/// What a file looks like from outside; none: it is not there.
type Looks = BTreeMap<PathBuf, Option<(u64, u64, i64, i64)>>;

/// Looks at the files that the configuration names until told to stop, and has them read again when they changed.
pub(super) async fn watch(reloader: Arc<Reloader>, mut stop: Stop) {
    let mut read = look(&reloader).await;
    let mut last = read.clone();
    loop {
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = stop.stopped() => return,
        }
        let now = look(&reloader).await;
        let settled = now == last;
        last.clone_from(&now);
        // Other names are another configuration, and that was read when it was put in force.
        if !now.keys().eq(read.keys()) {
            read = now;
        } else if now != read && settled {
            // What is wrong with them is told once: until they change again.
            let _told = reloader.reload(Wanted { files_only: true, ..Wanted::default() }).await;
            read = now;
        }
    }
}

async fn look(reloader: &Reloader) -> Looks {
    let config = reloader.config();
    let looked = tokio::task::spawn_blocking(move || {
        let one = |path: &PathBuf| {
            let seen = fs::metadata(path).ok();
            seen.map(|seen| (seen.ino(), seen.len(), seen.mtime(), seen.mtime_nsec()))
        };
        config.files.iter().map(|path| (path.clone(), one(path))).collect()
    });
    looked.await.unwrap_or_default()
}
