//! Opening a store: the journal, the keys, and the ledger brought up to the journal.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use iwmo_codec::Schemas;

use crate::clock::Clock;
use crate::engine::{Engine, Settings};
use crate::journal::{FileJournal, OpenError, Options, Reader};
use crate::ledger::{self, Applier, CatchUp, LedgerError, Progress};
use crate::store::{Ledger, StoreError};
use crate::vault::{Vault, VaultError};

/// How long a start waits for a reading command that has the ledger open.
const LEDGER_WAIT: Duration = Duration::from_secs(10);
const LEDGER_LOOK: Duration = Duration::from_millis(50);

/// Why the engine did not start.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The journal could not be opened.
    #[error("the journal cannot be opened: {0}")]
    Journal(#[from] OpenError),
    /// The ledger could not be opened or brought up to the journal.
    #[error("the ledger cannot be opened: {0}")]
    Ledger(#[from] LedgerError),
    /// The keys cannot be used.
    #[error("the keys cannot be opened: {0}")]
    Vault(#[from] VaultError),
    /// The first entry could not be written.
    #[error("the journal does not take entries: {0}")]
    Append(String),
    /// The system has no thread for the loop.
    #[error("the system gives no thread: {0}")]
    Thread(std::io::Error),
}

/// What opening the store brought.
#[derive(Clone, Debug)]
pub struct Opened {
    /// What the ledger lacked.
    pub catch_up: CatchUp,
}

impl Engine {
    /// Opens the store in a data folder, brings the ledger up to the journal and starts the loop.
    ///
    /// # Errors
    ///
    /// The store is locked by another process, is damaged, or cannot be written.
    pub fn open(
        data: &Path,
        settings: Settings,
        clock: Arc<dyn Clock>,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(Self, Opened), EngineError> {
        let mut journal = FileJournal::open(&data.join("journal"), Options::default())?;
        journal.set_vault(Vault::open(data, &journal.reader())?);
        let reader = journal.reader();
        let schemas = Schemas::bundled();
        let applier = Applier::new(schemas.clone());
        let (ledger, catch_up) = open_ledger(&data.join("ledger"), &reader, &applier, progress)?;
        // Only now: a ledger that knows more would have said so, and the journal would be as it was.
        if let Some(torn) = &journal.recovered().torn_tail {
            tracing::warn!(code = "JournalTailCut", %torn, "The last write was incomplete and never acknowledged; it is cut off.");
        }
        let engine = Self::start(journal, Arc::new(ledger), settings, schemas, clock)?;
        Ok((engine, Opened { catch_up }))
    }

    /// Opens the store in a data folder for an operator's acts, while no gateway runs on it. Nothing is recorded but
    /// those: no start, no policy; and no message must be handed to it.
    ///
    /// # Errors
    ///
    /// As [`Engine::open`].
    pub fn attend(
        data: &Path,
        clock: Arc<dyn Clock>,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Self, EngineError> {
        let mut journal = FileJournal::open(&data.join("journal"), Options::default())?;
        journal.set_vault(Vault::open(data, &journal.reader())?);
        let reader = journal.reader();
        let schemas = Schemas::bundled();
        let applier = Applier::new(schemas.clone());
        let (ledger, _) = open_ledger(&data.join("ledger"), &reader, &applier, progress)?;
        let (mut engine, worker) =
            Self::make(journal, Arc::new(ledger), Settings::default(), schemas, clock, false)?;
        engine.run(worker)?;
        Ok(engine)
    }
}

/// Opens the ledger, and waits for a reading command to be done with it: whoever holds the journal is the only one
/// that writes, so it cannot be another gateway.
fn open_ledger(
    dir: &Path,
    reader: &Reader,
    applier: &Applier,
    progress: &mut dyn FnMut(Progress),
) -> Result<(Ledger, CatchUp), LedgerError> {
    let start = Instant::now();
    loop {
        match ledger::open(dir, reader, applier, progress) {
            Err(LedgerError::Store(StoreError::Locked { .. })) if start.elapsed() < LEDGER_WAIT => {
                std::thread::sleep(LEDGER_LOOK);
            }
            opened => return opened,
        }
    }
}
