//! Where a command finds its store, and how it reads it beside a running daemon.

use std::path::PathBuf;

use clap::Args;
use iwmo_codec::Schemas;

use super::output::{Failure, Terminal};
use crate::config;
use crate::journal::{ReadOnlyJournal, Reader};
use crate::ledger::{self, Applier, FORMAT};
use crate::store::{Ledger, Opening, StoreError};

/// Where the store is.
#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = false)]
pub(super) struct StoreArguments {
    /// Folder of the store
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Configuration of the gateway, which names the folder
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl StoreArguments {
    /// The store in a folder.
    pub(super) fn data(folder: PathBuf) -> Self {
        Self { data: Some(folder), config: None }
    }

    /// Returns the folder of the store.
    pub(super) fn folder(&self) -> Result<PathBuf, Failure> {
        let folder = match (&self.data, &self.config) {
            (Some(data), _) => data.clone(),
            (None, Some(file)) => configured(file)?,
            // The argument group demands one of them.
            (None, None) => return Err(Failure::new("give --data DIR or --config FILE")),
        };
        if !folder.join("journal").is_dir() {
            return Err(Failure::new(format!("{}: there is no store here", folder.display()))
                .hint("a store has a folder `journal`; `iwmo demo` and `iwmo serve` make one"));
        }
        Ok(folder)
    }
}

fn configured(file: &std::path::Path) -> Result<PathBuf, Failure> {
    let checked = config::check(file).map_err(|error| Failure::new(error.to_string()))?;
    match checked.config {
        Some(config) => Ok(config.data),
        None => Err(Failure::new(format!("{}: the configuration has mistakes", file.display()))
            .hint(format!("iwmo check-config {}", file.display()))),
    }
}

/// A store that is only read.
pub(super) struct ReadStore {
    /// The rows.
    pub(super) ledger: Ledger,
    /// The entries.
    pub(super) reader: Reader,
    /// What recorded messages are read with.
    pub(super) schemas: Schemas,
    _journal: ReadOnlyJournal,
}

/// Opens the journal of a store for reading; works beside a running daemon.
pub(super) fn journal(arguments: &StoreArguments) -> Result<ReadOnlyJournal, Failure> {
    let folder = arguments.folder()?;
    ReadOnlyJournal::open(&folder.join("journal")).map_err(|error| {
        let advice = error.advice().to_owned();
        Failure::new(error.to_string()).hint(advice)
    })
}

/// Opens a store for reading. The rows of a store that a daemon holds, or that lag behind the journal, are
/// built anew in memory from the journal: a reading command changes nothing.
pub(super) fn read(arguments: &StoreArguments, _terminal: &Terminal) -> Result<ReadStore, Failure> {
    let folder = arguments.folder()?;
    let journal = journal(arguments)?;
    let reader = journal.reader().clone();
    let schemas = Schemas::bundled();
    let stored = match Ledger::open(&folder.join("ledger"), FORMAT) {
        Ok(Opening::Opened(ledger)) if ledger.tips() == reader.tips() => Some(ledger),
        Ok(_) | Err(StoreError::Locked { .. }) => None,
        Err(error) => return Err(Failure::new(error.to_string())),
    };
    let ledger = match stored {
        Some(ledger) => ledger,
        None => ledger::temporary(&reader, &Applier::new(schemas.clone()), &mut |_| {})
            .map_err(|error| Failure::new(error.to_string()))?,
    };
    Ok(ReadStore { ledger, reader, schemas, _journal: journal })
}
