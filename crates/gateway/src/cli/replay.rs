//! `iwmo replay`: the ledger from the journal.

use std::io::{self, Write};

use clap::Args;
use iwmo_codec::Schemas;
use serde_json::json;

use super::open::StoreArguments;
use super::output::{Failure, Format, Found, Outcome, Terminal};
use super::progress;
use crate::journal::{FileJournal, Options};
use crate::ledger::{self, Applier, FORMAT, Progress};
use crate::store::{Ledger, Opening};

/// Rebuild the ledger from the journal, or verify that it is what the journal says
///
/// The journal is the truth, the ledger is derived from it. Without an option the ledger is dropped and built
/// anew. With --verify it is built beside the stored one and compared; nothing is changed, and the exit code is
/// 1 when they differ. Stop the gateway first: the store is locked while it runs.
#[derive(Debug, Args)]
pub(super) struct Replay {
    #[command(flatten)]
    store: StoreArguments,
    /// Compare with the stored ledger instead of replacing it
    #[arg(long)]
    verify: bool,
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Replay {
    pub(super) fn run(self, terminal: &Terminal) -> Outcome {
        let folder = self.store.folder()?;
        // Holding the journal keeps a daemon from starting meanwhile.
        let journal = FileJournal::open(&folder.join("journal"), Options::default()).map_err(|error| {
            let advice = error.advice().to_owned();
            Failure::new(error.to_string()).hint(advice)
        })?;
        let reader = journal.reader();
        let applier = Applier::new(Schemas::bundled());
        let bar = progress::bar("replay");
        let mut show = |progress: Progress| {
            bar.set_length(progress.entries);
            bar.set_position(progress.applied);
        };
        let fail = |error: ledger::LedgerError| Failure::new(error.to_string());
        let path = folder.join("ledger");
        if !self.verify {
            let (_, applied) = ledger::rebuild(&path, &reader, &applier, &mut show).map_err(fail)?;
            bar.finish_and_clear();
            self.say(terminal, applied, None)?;
            return Ok(Found::AllWell);
        }
        let stored = match Ledger::open(&path, FORMAT).map_err(|error| Failure::new(error.to_string()))? {
            Opening::Opened(ledger) => ledger,
            Opening::NeedsRebuild(reason) => {
                let reason = format!("the stored ledger cannot be read: {reason}");
                self.say(terminal, 0, Some(&reason))?;
                return Ok(Found::Something);
            }
        };
        // A crash may have kept the last entries from being applied; the next start does that. What is compared
        // is the ledger as it should be at the place it stands for.
        let tips = stored.tips();
        let fresh = ledger::temporary_at(&tips, &reader, &applier, &mut show).map_err(fail)?;
        bar.finish_and_clear();
        let difference = stored.first_difference(&fresh).map_err(|error| fail(error.into()))?;
        let difference = difference.map(|difference| ledger::row_words(&difference.key));
        let applied = tips.values().map(|tip| tip.seq).sum();
        self.say(terminal, applied, difference.as_deref())?;
        Ok(if difference.is_some() { Found::Something } else { Found::AllWell })
    }

    fn say(&self, terminal: &Terminal, entries: u64, difference: Option<&str>) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        if self.format == Format::Json {
            let equal = self.verify.then_some(difference.is_none());
            writeln!(out, "{}", json!({ "entries": entries, "equal": equal, "difference": difference }))?;
            return Ok(());
        }
        match (self.verify, difference) {
            (false, _) => writeln!(
                out,
                "{}",
                terminal.say(
                    &format!("grootboek opnieuw opgebouwd uit {entries} regels"),
                    &format!("ledger rebuilt from {entries} entries")
                )
            )?,
            (true, None) => writeln!(
                out,
                "{}",
                terminal.say(
                    &format!("het grootboek is wat het journaal zegt ({entries} regels)"),
                    &format!("the ledger is what the journal says ({entries} entries)")
                )
            )?,
            (true, Some(difference)) => {
                let words = terminal.say("het grootboek wijkt af", "the ledger differs");
                writeln!(out, "{}: {difference}", terminal.style("31", words))?;
                writeln!(out, "    iwmo replay --data DIR")?;
            }
        }
        Ok(())
    }
}
