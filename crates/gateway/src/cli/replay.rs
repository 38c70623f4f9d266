//! `iwmo replay`: the ledger from the journal, now and in the past, and what another policy would have made of it.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use iwmo_codec::Schemas;
use serde_json::json;

use super::change::{ChangeArguments, attend, change, record};
use super::open::{self, StoreArguments};
use super::output::{Failure, Format, Found, Outcome, Terminal, unreadable};
use super::owned::Owned;
use super::progress;
use super::whatif;
use crate::clock::Moment;
use crate::control::{Change, OutboxChange, OutboxVerb};
use crate::engine::check_reason;
use crate::hex::hex;
use crate::journal::{EntryId, FileJournal, Options, Reader};
use crate::ledger::{self, Applier, FORMAT, Horizon, LedgerError, Progress};
use crate::record::Wat;
use crate::store::{Ledger, Opening, StoreError};
use crate::vault::Vault;

/// Rebuild the ledger from the journal, verify that it is what the journal says, or ask what would have been
///
/// The journal is the truth, the ledger is derived from it. Without an option the ledger is dropped and built
/// anew: stop the gateway first, since the store is locked while it runs. With --verify it is built beside the stored
/// one and compared, beside a running gateway or without; the exit code is 1 when they differ.
///
/// With --until the ledger is built in memory as it was at a moment in the past, and its tips and hash are shown;
/// `toewijzing` and `outbox` take the same option. With --what-if every recorded message is judged again under
/// another policy, and what would come out differently is printed; exit code 1 when anything would. Both change
/// nothing and work beside a running gateway.
#[derive(Debug, Args)]
pub(super) struct Replay {
    #[command(flatten)]
    store: StoreArguments,
    /// Compare with the stored ledger instead of replacing it
    #[arg(long, conflicts_with_all = ["until", "what_if"])]
    verify: bool,
    /// Show the ledger as it was: before a moment (2026-03-01, 2026-03-01T14:00 on a Dutch clock,
    /// 2026-03-01T14:00:00+01:00), or just after an entry (GEMEENTE:SEQ)
    #[arg(long, value_name = "TIME|GEMEENTE:SEQ", value_parser = open::horizon, conflicts_with = "what_if")]
    until: Option<Horizon>,
    /// Judge the recorded messages again under this policy: TOML with [beleid] and [eigen_bijdrage] for all
    /// gemeenten, [gemeente.0222.beleid] and [gemeente.0222.eigen_bijdrage] for one; the keys of eigen_bijdrage are
    /// those of [gemeente.policy] in the configuration (docs/eigen-bijdrage.md)
    #[arg(long, value_name = "POLICY.toml")]
    what_if: Option<PathBuf>,
    /// Hold the recorded messages, received and sent, against the schemas of another release: a folder of XSDs, or one with
    /// what it imports beside it. Shows what would be refused at the door, with what was decided then, and what of ours
    /// would not be valid. With --what-if under another policy as well
    #[arg(long, value_name = "DIR", conflicts_with_all = ["verify", "until"])]
    what_if_schemas: Option<PathBuf>,
    /// Queue outgoing messages once more, as they were: of an entry (GEMEENTE:SEQ) or one of them (GEMEENTE:SEQ/N), also
    /// when they were delivered. Shows how many, to whom and of which kind; does it with --yes --reason TEXT, beside a
    /// running gateway or without. One that waits still is not queued twice
    #[arg(long, value_name = "GEMEENTE:SEQ", num_args = 1.., conflicts_with_all = ["verify", "until", "what_if", "what_if_schemas", "accept_loss"])]
    resend: Vec<String>,
    #[command(flatten)]
    change: ChangeArguments,
    /// Rebuild although the stored ledger shows that the journal has lost entries that were acknowledged; with --reason TEXT,
    /// which is recorded with who did it
    #[arg(long, requires = "reason", conflicts_with_all = ["verify", "until", "what_if", "what_if_schemas"])]
    accept_loss: bool,
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What came of a replay.
struct Replayed {
    entries: u64,
    /// SHA-256 over all rows.
    hash: String,
    /// Whether the stored ledger was the same, when it was compared.
    equal: Option<bool>,
    difference: Option<String>,
    /// Whether to rebuild it is what helps.
    rebuild: bool,
}

/// A gateway that is asked for its rows waits no longer than half a minute for a question.
const SIGN_OF_LIFE: Duration = Duration::from_secs(10);

impl Replayed {
    fn found(&self) -> Found {
        if self.equal == Some(false) { Found::Something } else { Found::AllWell }
    }
}

impl Replay {
    pub(super) fn run(self, terminal: &Terminal) -> Outcome {
        if !self.resend.is_empty() {
            let wanted = OutboxChange {
                verb: OutboxVerb::Herhalen,
                berichten: self.resend,
                gemeenten: None,
                partner: None,
                bericht: None,
                stand: None,
            };
            return change(&self.store, &self.change, Change::Uitgaand(wanted), self.format, terminal);
        }
        if self.change.is_given() && !self.accept_loss {
            return Err(Failure::new("--yes and --reason go with --resend and --accept-loss").hint(
                "leave them out: a rebuild and what is only asked change nothing that needs a reason",
            ));
        }
        let folder = self.store.folder()?;
        let _owned = Owned::of(&folder);
        if let Some(schemas) = &self.what_if_schemas {
            return whatif::schemas(&folder, schemas, self.what_if.as_deref(), self.format, terminal);
        }
        if let Some(policy) = &self.what_if {
            return whatif::run(&folder, policy, self.format, terminal);
        }
        if let Some(horizon) = self.until {
            return self.past(&folder, horizon, terminal);
        }
        if self.verify { self.verified(&folder, terminal) } else { self.rebuilt(&folder, terminal) }
    }

    fn rebuilt(&self, folder: &Path, terminal: &Terminal) -> Outcome {
        let journal = held(folder)?;
        let (reader, path) = (journal.reader(), folder.join("ledger"));
        let lost = match lost(&path, &reader) {
            // Of a ledger that cannot be read nobody knows; it is built anew.
            Err(_) if self.accept_loss => Vec::new(),
            lost => lost?,
        };
        let reason = self.change.reason().unwrap_or_default();
        match lost.first() {
            Some(_) if self.accept_loss => {
                check_reason(reason).map_err(|error| Failure::new(error.to_string()))?;
            }
            Some(first) => return Err(failed(LedgerError::Ahead { entry: first.clone() })),
            None => {}
        }
        let bar = progress::bar("replay");
        let mut show = |progress: Progress| {
            bar.set_length(progress.entries);
            bar.set_position(progress.applied);
        };
        let applier = Applier::new(Schemas::bundled());
        let (ledger, entries) = ledger::rebuild(&path, &reader, &applier, &mut show).map_err(failed)?;
        bar.finish_and_clear();
        let replayed =
            Replayed { entries, hash: hash(&ledger)?, equal: None, difference: None, rebuild: false };
        drop((ledger, reader, journal));
        if !lost.is_empty() {
            // Only now is there a ledger that takes an entry.
            let engine = attend(folder)?;
            let wat = Wat::VerliesAanvaard { ontbreekt: lost };
            let recorded = record(&engine, wat, reason, "the ledger was rebuilt without what is lost");
            engine.stop();
            recorded?;
        }
        self.say(terminal, &replayed)?;
        Ok(Found::AllWell)
    }

    fn verified(&self, folder: &Path, terminal: &Terminal) -> Outcome {
        if let Some(found) = self.verify_beside(folder, terminal)? {
            return Ok(found);
        }
        let journal = held(folder)?;
        let stored = Ledger::open(&folder.join("ledger"), FORMAT).map_err(|error| failed(error.into()))?;
        let replayed = match stored {
            Opening::Opened(stored) => match ledger::not_ahead(&stored.tips(), &journal.reader()) {
                // The journal is what differs then, and a rebuild would wipe out what shows it.
                Err(lost @ LedgerError::Ahead { .. }) => Replayed {
                    entries: journal.reader().entries(),
                    hash: String::new(),
                    equal: Some(false),
                    difference: Some(lost.to_string()),
                    rebuild: false,
                },
                other => {
                    other.map_err(failed)?;
                    compare(&stored, &journal.reader())?
                }
            },
            Opening::NeedsRebuild(reason) => {
                let difference = Some(format!("the stored ledger cannot be read: {reason}"));
                Replayed { entries: 0, hash: String::new(), equal: Some(false), difference, rebuild: true }
            }
        };
        self.say(terminal, &replayed)?;
        Ok(replayed.found())
    }

    /// Compares with the rows of the gateway that runs on the folder; nothing when none does.
    fn verify_beside(&self, folder: &Path, terminal: &Terminal) -> Result<Option<Found>, Failure> {
        let mut last = None;
        // Rows that a removal took away while the journal was read are no difference: a second look tells.
        for _ in 0..2 {
            // The rows come first: the journal then has every entry that they stand for.
            let Some(stored) = open::beside(folder) else { break };
            let journal = open::journal(folder)?;
            let replayed = compare(&stored, journal.reader())?;
            let found = replayed.found();
            last = Some(replayed);
            if found == Found::AllWell {
                break;
            }
        }
        let Some(replayed) = last else { return Ok(None) };
        self.say(terminal, &replayed)?;
        Ok(Some(replayed.found()))
    }

    fn past(&self, folder: &Path, horizon: Horizon, terminal: &Terminal) -> Outcome {
        let journal = open::journal(folder)?;
        let applier = Applier::new(Schemas::bundled());
        let bar = progress::bar("replay");
        let mut show = |progress: Progress| {
            bar.set_length(progress.entries);
            bar.set_position(progress.applied);
        };
        let (ledger, moment) =
            ledger::temporary_until(horizon, journal.reader(), &applier, &mut show).map_err(failed)?;
        bar.finish_and_clear();
        let (tips, hash) = (ledger.tips(), hash(&ledger)?);
        let entries: u64 = tips.values().map(|tip| tip.seq).sum();
        let mut out = io::stdout().lock();
        if self.format == Format::Json {
            let tips: Vec<_> = tips
                .values()
                .map(|tip| json!({ "gemeente": tip.chain.to_string(), "seq": tip.seq, "hash": tip.hash.to_string() }))
                .collect();
            writeln!(
                out,
                "{}",
                json!({ "until": Moment(moment), "entries": entries, "ledger_sha256": hash, "tips": tips })
            )?;
            return Ok(Found::AllWell);
        }
        let time = Moment(moment);
        writeln!(
            out,
            "{}",
            terminal.say(
                &format!("het grootboek op {time}: {entries} regels"),
                &format!("the ledger at {time}: {entries} entries")
            )
        )?;
        for tip in tips.values() {
            writeln!(out, "  {}:{}  {}", tip.chain, tip.seq, tip.hash)?;
        }
        writeln!(out, "  sha256 {hash}")?;
        Ok(Found::AllWell)
    }

    /// A rebuild would wipe out the one witness that the journal lost something, so it is refused then.
    fn say(&self, terminal: &Terminal, replayed: &Replayed) -> Result<(), Failure> {
        let Replayed { entries, hash, equal, difference, rebuild } = replayed;
        let mut out = io::stdout().lock();
        if self.format == Format::Json {
            let value = json!({ "entries": entries, "ledger_sha256": hash, "equal": equal, "difference": difference });
            writeln!(out, "{value}")?;
            return Ok(());
        }
        match (equal, difference) {
            (None, _) => writeln!(
                out,
                "{}",
                terminal.say(
                    &format!("grootboek opnieuw opgebouwd uit {entries} regels"),
                    &format!("ledger rebuilt from {entries} entries")
                )
            )?,
            (Some(_), None) => writeln!(
                out,
                "{}",
                terminal.say(
                    &format!("het grootboek is wat het journaal zegt ({entries} regels)"),
                    &format!("the ledger is what the journal says ({entries} entries)")
                )
            )?,
            (Some(_), Some(difference)) => {
                let words = terminal.say("het grootboek wijkt af", "the ledger differs");
                writeln!(out, "{}: {difference}", terminal.style("31", words))?;
                if *rebuild {
                    writeln!(out, "    iwmo replay --data DIR")?;
                }
            }
        }
        if !hash.is_empty() {
            writeln!(out, "  sha256 {hash}")?;
        }
        Ok(())
    }
}

/// Returns the last entry of each chain that the stored ledger stands for and the journal does not have.
fn lost(path: &Path, reader: &Reader) -> Result<Vec<String>, Failure> {
    if !path.is_dir() {
        return Ok(Vec::new());
    }
    let stored = match Ledger::open(path, FORMAT).map_err(|error| failed(error.into()))? {
        Opening::Opened(stored) => stored,
        // It bears no witness, and is built anew.
        Opening::NeedsRebuild(_) => return Ok(Vec::new()),
    };
    let mut lost = Vec::new();
    for (chain, tip) in stored.tips() {
        if !reader.had(&tip).map_err(LedgerError::from)? {
            lost.push(EntryId { chain, seq: tip.seq }.to_string());
        }
    }
    Ok(lost)
}

/// Reads the text of a file that the operator named.
pub(super) fn read_text(file: &Path) -> Result<String, Failure> {
    fs::read_to_string(file).map_err(|error| unreadable(file, &error))
}

/// Opens the journal of a store, which keeps a gateway from starting meanwhile.
fn held(folder: &Path) -> Result<FileJournal, Failure> {
    let mut journal =
        FileJournal::open(&folder.join("journal"), Options::default()).map_err(open::unopened)?;
    if let Some(vault) = Vault::read(folder, &journal.reader()).map_err(open::locked)? {
        journal.set_vault(vault);
    }
    Ok(journal)
}

/// Compares a ledger with what the journal makes of it. A crash may have kept the last entries from being applied, and beside
/// a gateway there are more by now: what is compared is the ledger as it should be at the place it stands for.
fn compare(stored: &Ledger, reader: &Reader) -> Result<Replayed, Failure> {
    let tips = stored.tips();
    let bar = progress::bar("replay");
    let mut asked = Instant::now();
    let mut show = |progress: Progress| {
        bar.set_length(progress.entries);
        bar.set_position(progress.applied);
        if asked.elapsed() > SIGN_OF_LIFE {
            asked = Instant::now();
            // Should it not answer, the comparison says so.
            drop(stored.get(b"n"));
        }
    };
    let applier = Applier::new(Schemas::bundled());
    let fresh = ledger::temporary_at(&tips, reader, &applier, &mut show).map_err(failed)?;
    bar.finish_and_clear();
    let difference = match stored.first_difference(&fresh) {
        Ok(difference) => difference.map(|difference| ledger::row_words(&difference.key)),
        Err(error @ StoreError::Damaged(_)) => Some(error.to_string()),
        Err(error) => return Err(failed(error.into())),
    };
    let equal = Some(difference.is_none());
    let entries = tips.values().map(|tip| tip.seq).sum();
    Ok(Replayed { entries, hash: hash(&fresh)?, equal, difference, rebuild: true })
}

fn hash(ledger: &Ledger) -> Result<String, Failure> {
    let hash = ledger.content_hash().map_err(|error| failed(error.into()))?;
    Ok(hex(&hash))
}

pub(super) fn failed(error: LedgerError) -> Failure {
    error.into()
}
