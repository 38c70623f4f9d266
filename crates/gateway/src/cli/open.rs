//! Where a command finds its store, and how it reads it beside a running daemon.

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use iwmo_codec::Schemas;
use jiff::Timestamp;
use jiff::civil::Date;

use super::output::{Failure, Terminal, unreadable};
use super::owned::Owned;
use super::progress;
use crate::backup::is_unwritable;
use crate::clock::{Clock, SystemClock, dutch_date, dutch_moment};
use crate::config;
use crate::control::Client;
use crate::daemon::settings;
use crate::engine::Settings;
use crate::journal::{Browser, OpenError, ReadError, ReadOnlyJournal, Reader};
use crate::ledger::{self, Applier, FORMAT, Horizon, LedgerError, Progress};
use crate::store::{Ledger, Opening, StoreError};
use crate::vault::{Vault, VaultError};

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
    /// The store in a folder, or that of a configuration.
    pub(super) fn either(data: Option<PathBuf>, config: Option<PathBuf>) -> Self {
        Self { data, config }
    }

    /// Returns the file of the configuration, when one was named.
    pub(super) fn config_file(&self) -> Option<&Path> {
        self.config.as_deref()
    }

    /// Returns the configuration, when one was named.
    pub(super) fn configuration(&self) -> Result<Option<config::Config>, Failure> {
        self.config.as_deref().map(read_configuration).transpose()
    }

    /// Returns the policy of the configuration; without one, that of a gateway without settings.
    pub(super) fn settings(&self) -> Result<Settings, Failure> {
        Ok(self.configuration()?.map(|config| settings(&config)).unwrap_or_default())
    }

    /// Returns the folder of the store as it is named. A configuration that has mistakes names it too: the gateway
    /// whose configuration it is has one without.
    pub(super) fn folder_as_named(&self) -> Result<PathBuf, Failure> {
        match (&self.data, &self.config) {
            (None, Some(file)) => {
                let text = std::fs::read_to_string(file).map_err(|error| unreadable(file, &error))?;
                let named = config::data_folder(&text);
                let named = named.ok_or_else(|| {
                    Failure::new(format!("{} names no data folder", file.display())).hint(format!(
                        "give it a line `data = \"FOLDER\"`; iwmo check-config {}",
                        file.display()
                    ))
                })?;
                Ok(file.parent().unwrap_or_else(|| Path::new("")).join(named))
            }
            _ => self.folder(),
        }
    }

    /// Returns the folder of the store.
    pub(super) fn folder(&self) -> Result<PathBuf, Failure> {
        let folder = match (&self.data, &self.config) {
            (Some(data), _) => data.clone(),
            (None, Some(file)) => configured(file)?,
            // The argument group demands one of them.
            (None, None) => return Err(Failure::new("give --data DIR or --config FILE")),
        };
        let journal = folder.join("journal");
        let there = match std::fs::metadata(&journal) {
            Ok(there) => there.is_dir(),
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                return Err(unreadable(&journal, &error));
            }
            Err(_) => false,
        };
        if !there {
            return Err(Failure::new(format!("{}: there is no store here", folder.display()))
                .hint("a store has a folder `journal`; `iwmo demo` and `iwmo serve` make one"));
        }
        Ok(folder)
    }
}

fn configured(file: &Path) -> Result<PathBuf, Failure> {
    read_configuration(file).map(|config| config.data)
}

fn read_configuration(file: &Path) -> Result<config::Config, Failure> {
    let checked = config::check(file)?;
    match checked.config {
        Some(config) => Ok(config),
        None => Err(Failure::new(format!("{}: the configuration has mistakes", file.display()))
            .hint(format!("iwmo check-config {}", file.display()))),
    }
}

/// Which moment a reading command shows.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct PastArguments {
    /// Show it as it was: before a moment (2026-03-01, 2026-03-01T14:00 on a Dutch clock,
    /// 2026-03-01T14:00:00+01:00), or just after an entry (GEMEENTE:SEQ)
    #[arg(long, value_name = "TIME|GEMEENTE:SEQ", value_parser = horizon)]
    until: Option<Horizon>,
}

impl PastArguments {
    /// Shows it as it was then.
    pub(super) fn at(until: Option<Horizon>) -> Self {
        Self { until }
    }

    /// Returns whether the past is asked for.
    pub(super) fn is_given(&self) -> bool {
        self.until.is_some()
    }
}

/// Reads a point in the past.
pub(super) fn horizon(text: &str) -> Result<Horizon, String> {
    if let Ok(entry) = text.parse() {
        return Ok(Horizon::Through(entry));
    }
    dutch_moment(text).map(Horizon::Before).ok_or_else(|| {
        format!(
            "{text:?} is neither a moment (2026-03-01, 2026-03-01T14:00 on a Dutch clock, 2026-03-01T14:00:00+01:00) nor an entry (0222:17)"
        )
    })
}

/// Reads a moment that is an argument.
pub(super) fn argument_moment(text: &str) -> Result<Timestamp, String> {
    dutch_moment(text).ok_or_else(|| {
        format!("{text:?} is not a moment; write 2026-11-25, 2026-11-25T14:00 (on a Dutch clock) or 2026-11-25T14:00:00+01:00")
    })
}

/// A store that is only read.
pub(super) struct ReadStore {
    /// The rows.
    pub(super) ledger: Ledger,
    /// The entries.
    pub(super) reader: Reader,
    /// What recorded messages are read with.
    pub(super) schemas: Schemas,
    /// The calendar date that the rows are looked at on.
    pub(super) today: Date,
    /// The moment that the rows are looked at.
    pub(super) now: Timestamp,
    /// That the journal has lost what the stored rows stand for.
    pub(super) lost: Option<LedgerError>,
    _journal: ReadOnlyJournal,
    /// After the rows.
    _owned: Owned,
}

/// Opens the journal of a store for reading; works beside a running daemon.
pub(super) fn journal(folder: &Path) -> Result<ReadOnlyJournal, Failure> {
    let mut journal = ReadOnlyJournal::open_last(&folder.join("journal")).map_err(unopened)?;
    if let Some(vault) = Vault::read(folder, journal.reader()).map_err(locked)? {
        journal.set_vault(vault);
    }
    Ok(journal)
}

/// Opens the journal of a store for browsing; works beside a running daemon.
pub(super) fn browser(folder: &Path) -> Result<Browser, Failure> {
    let mut browser = Browser::open(&folder.join("journal")).map_err(unopened)?;
    if let Some(vault) = Vault::read(folder, browser.reader()).map_err(locked)? {
        browser.set_vault(vault);
    }
    Ok(browser)
}

/// Says that the keys cannot be used, and what to do.
pub(super) fn locked(error: VaultError) -> Failure {
    let advice = error.advice();
    Failure::new(words(&error)).hint(advice)
}

/// Says that a journal could not be opened, and what to do.
pub(super) fn unopened(error: OpenError) -> Failure {
    let advice = error.advice();
    Failure::new(words(&error)).hint(advice)
}

/// Says what to do about a ledger that cannot be opened or read.
pub(super) fn ledger_advice(error: &LedgerError) -> &'static str {
    match error {
        LedgerError::Store(error) => error.advice(),
        LedgerError::Open(error) => error.advice(),
        LedgerError::Journal(ReadError::Damaged(damage)) => damage.kind.advice(),
        LedgerError::Journal(ReadError::Sealed { why, .. }) => why.advice(),
        LedgerError::Journal(_) => "Check that the disk is there, and that this user may read it.",
        LedgerError::Entry { .. } => {
            "Use the release that wrote it, or a later one; if that says the same, report it."
        }
        LedgerError::Inconsistent { .. } => "Nothing on the disk is damaged: report it.",
        LedgerError::Ahead { .. } => "Copy the whole folder first, and throw nothing away.",
        LedgerError::Unfinished { .. } => "Start the gateway on this folder, or wait until it has started.",
        LedgerError::NoEntry { .. } => "iwmo journal list shows which there are.",
        LedgerError::BeforeRemoval | LedgerError::Row { .. } => {
            "Stop the gateway and run iwmo replay: the ledger is derived."
        }
    }
}

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Self {
        let advice = ledger_advice(&error);
        Self::new(words(&error)).hint(advice)
    }
}

/// Returns an error with its causes, in one line; what an error says of its cause itself is not said twice.
pub(super) fn words(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let more = cause.to_string();
        if !text.ends_with(&more) {
            text.push_str(&format!(": {more}"));
        }
        source = cause.source();
    }
    text
}

/// Returns the rows of the gateway that runs on a folder; nothing, when none does or it does not give them.
pub(super) fn beside(folder: &Path) -> Option<Ledger> {
    let ask = Client::connect(folder).ok()??.rows().ok()?;
    Ledger::beside(ask, FORMAT).ok()?
}

/// Opens a store for reading. The gateway that runs on it is asked for its rows. Those of a store that cannot be had so, or
/// that lag behind the journal, are built anew in memory from the journal, and so are those of the past: a reading command
/// changes nothing. When the journal has lost entries, what is left is shown, and standard error says so.
pub(super) fn read(
    arguments: &StoreArguments,
    past: &PastArguments,
    terminal: &Terminal,
) -> Result<ReadStore, Failure> {
    let store = read_what_is_left(arguments, past)?;
    if let Some(lost) = &store.lost {
        // Standard error may be closed; there is nowhere left to say so.
        let _ = writeln!(std::io::stderr().lock(), "{}: {lost}", terminal.say("let op", "note"));
    }
    Ok(store)
}

/// Opens a store for reading, for who says themselves that something is lost.
pub(super) fn read_what_is_left(
    arguments: &StoreArguments,
    past: &PastArguments,
) -> Result<ReadStore, Failure> {
    let folder = arguments.folder()?;
    let owned = Owned::of(&folder);
    // They take some milliseconds to compile, and are wanted last.
    std::thread::spawn(Schemas::bundled);
    // Before the journal, which then has every entry that these rows stand for.
    let beside = if past.until.is_none() { beside(&folder) } else { None };
    let journal = journal(&folder)?;
    let reader = journal.reader().clone();
    let schemas = Schemas::bundled();
    let applier = Applier::new(schemas.clone());
    let bar = progress::bar("ledger");
    let mut show = |progress: Progress| {
        bar.set_length(progress.entries);
        bar.set_position(progress.applied);
    };
    let mut lost = None;
    let (ledger, today, now) = if let Some(horizon) = past.until {
        let (ledger, moment) = ledger::temporary_until(horizon, &reader, &applier, &mut show)?;
        (ledger, dutch_date(moment), moment)
    } else if let Some(ledger) = beside {
        (ledger, SystemClock.today(), SystemClock.now())
    } else {
        let stored = match Ledger::open(&folder.join("ledger"), FORMAT) {
            Ok(Opening::Opened(ledger)) if ledger.tips() == reader.tips() => Some(ledger),
            Ok(Opening::Opened(ledger)) => {
                lost = self::lost(&folder, &ledger)?;
                None
            }
            Ok(Opening::NeedsRebuild(_)) | Err(StoreError::Locked { .. }) => None,
            // A store that may only be read, as a copy on another machine.
            Err(error) if is_unwritable(&error) => None,
            Err(error) => return Err(Failure::new(words(&error)).hint(error.advice())),
        };
        let ledger = match stored {
            Some(ledger) => ledger,
            None => ledger::temporary(&reader, &applier, &mut show)?,
        };
        (ledger, SystemClock.today(), SystemClock.now())
    };
    bar.finish_and_clear();
    Ok(ReadStore { ledger, reader, schemas, today, now, lost, _journal: journal, _owned: owned })
}

/// Returns what the journal has lost, when the stored rows stand for more than it has. It is read after them: a gateway may
/// have written both before it stopped.
pub(super) fn lost(folder: &Path, ledger: &Ledger) -> Result<Option<LedgerError>, Failure> {
    let journal = ReadOnlyJournal::open_last(&folder.join("journal")).map_err(unopened)?;
    match ledger::not_ahead(&ledger.tips(), journal.reader()) {
        Err(lost @ LedgerError::Ahead { .. }) => Ok(Some(lost)),
        other => other.map(|()| None).map_err(Failure::from),
    }
}
