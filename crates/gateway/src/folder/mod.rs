//! The folder route, for systems that only know files.
//!
//! A partner has a folder with `in/`, `out/`, `done/` and `refused/`. What it puts into `in/` is taken as if it had
//! posted it, then moved to `done/` or `refused/`, with a result beside it: `NAME.json`. What is for it is put into
//! `out/`, with a description beside it; for a municipal system that is every message that comes in for its gemeenten.
//!
//! A file appears at once and whole: it is written under a name with a dot before it and then renamed. The partner must
//! do the same, or write it under a name that ends in `.tmp` or `.part` first. What is being dealt with has a hidden name
//! that ends in `.bezig`, so that another file may come under its own name meanwhile. A crash between two steps repeats
//! them: the same bytes are the same message.
//!
//! | file | what |
//! | --- | --- |
//! | `intake.rs` | what is put into `in/` |
//! | `export.rs` | what a municipal system gets |
//! | `route.rs` | what is sent to a partner |
//! | `zip.rs` | several messages in one file |

mod export;
mod files;
mod intake;
mod route;
#[cfg(test)]
mod tests;
mod zip;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

use crate::config::{Partner, PartnerKind, PartnerRoute};
use crate::engine::Engine;
use crate::ggk::PartnersSource;
use crate::listener::Stop;

pub use route::FolderRoute;
pub use zip::{ENTRIES_MAX, ENTRY_BYTES_MAX, ZipProblem, unzip};

/// How often the folders are looked at.
const LOOK: Duration = Duration::from_millis(500);

/// The folders within a partner's folder.
const FOLDERS: [&str; 4] = ["in", "out", "done", "refused"];

/// Looks after the folders of partners.
pub struct Folders {
    engine: Engine,
    partners: PartnersSource,
    message_bytes: Box<dyn Fn() -> usize + Send + Sync>,
    /// Who hands messages in with a token: what they sent need not come back to a folder.
    own: Arc<dyn Fn(&str) -> bool + Send + Sync>,
}

impl std::fmt::Debug for Folders {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Folders").finish_non_exhaustive()
    }
}

impl Folders {
    /// Returns who looks after the folders. `message_bytes` says how large a message may be now, `own` which senders are
    /// municipal systems.
    #[must_use]
    pub fn new(
        engine: Engine,
        partners: PartnersSource,
        message_bytes: Box<dyn Fn() -> usize + Send + Sync>,
        own: Arc<dyn Fn(&str) -> bool + Send + Sync>,
    ) -> Self {
        Self { engine, partners, message_bytes, own }
    }

    /// Looks after the folders until told to stop. It works on files, so it wants a thread of its own; `runtime` is where
    /// the engine's answers are waited for.
    pub fn run(self, runtime: &Handle, stop: &Stop) {
        while !stop.is_stopped() {
            let partners = self.partners.borrow().clone();
            for partner in partners.iter().filter(|partner| partner.route == PartnerRoute::Map) {
                if stop.is_stopped() {
                    return;
                }
                let Some(folder) = &partner.folder else { continue };
                if let Err(error) = self.look(partner, folder, runtime) {
                    tracing::warn!(partner = %partner.id, %error, "A folder cannot be used.");
                }
            }
            std::thread::sleep(LOOK);
        }
    }

    fn look(&self, partner: &Partner, folder: &Path, runtime: &Handle) -> std::io::Result<()> {
        for name in FOLDERS {
            files::make(folder, name)?;
        }
        let intake = intake::FileIntake {
            engine: &self.engine,
            partner: &partner.id,
            folder,
            bytes_max: (self.message_bytes)(),
            runtime,
        };
        intake.take_all()?;
        if partner.kind == PartnerKind::Backoffice {
            export::export(&self.engine, partner, folder, &*self.own)?;
        }
        Ok(())
    }
}
