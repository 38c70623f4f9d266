//! `iwmo journal tail`.

use std::io::{self, Write};
use std::thread;
use std::time::Duration;

use clap::Args;

use super::{summary, write_line};
use crate::cli::open::{self, StoreArguments};
use crate::cli::output::{Failure, Format, Found, Outcome};
use crate::journal::ReadError;
use crate::ledger::LedgerError;

/// How often a journal that is followed is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(300);

/// Show the last entries, and with --follow those that come
#[derive(Debug, Args)]
pub(super) struct Tail {
    #[command(flatten)]
    store: StoreArguments,
    /// So many of the last
    #[arg(long, short = 'n', value_name = "N", default_value_t = 20)]
    lines: usize,
    /// Go on with what is written from now on, until interrupted
    #[arg(long, short = 'f')]
    follow: bool,
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Tail {
    pub(super) fn run(self) -> Outcome {
        let unread = |error: ReadError| Failure::from(LedgerError::from(error));
        let browser = open::browser(&self.store.folder()?)?;
        let mut end = browser.end();
        let mut out = io::stdout().lock();
        let last = browser.last(self.lines).map_err(unread)?;
        for entry in &last {
            write_line(&mut out, &summary(entry)?, self.format)?;
        }
        if !self.follow {
            return Ok(Found::AllWell);
        }
        loop {
            out.flush()?;
            thread::sleep(LOOK_EVERY);
            for entry in browser.since(end).map_err(open::unopened)? {
                write_line(&mut out, &summary(&entry.map_err(unread)?)?, self.format)?;
            }
            end = browser.end();
        }
    }
}
