//! `iwmo store`: is it whole, a copy of it, and putting a copy back.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;

use super::open::{self, StoreArguments};
use super::output::{Failure, Format, Found, Outcome, Terminal};
use super::owned::Owned;
use super::progress;
use super::replay::failed;
use crate::backup::{self, BackupError, Copied, LedgerStand};
use crate::journal::{Position, ReadError, ReadOnlyJournal, VerifyReport, verify};
use crate::ledger::LedgerError;
use crate::vault::{Vault, VaultError};

/// Check, back up and restore a store
#[derive(Debug, Args)]
pub(super) struct StoreCommand {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Check(Check),
    Backup(Backup),
    Restore(Restore),
}

/// Check every byte of the journal, that the keys open it, and how the ledger stands to it; changes nothing
///
/// Works beside a running gateway. Also checks a backup, given as --backup, which has no keys. Exit code 1 when anything is
/// wrong.
#[derive(Debug, Args)]
struct Check {
    #[command(flatten)]
    store: CheckedArguments,
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What to check.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct CheckedArguments {
    /// Folder of the store
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Configuration of the gateway, which names the folder
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Folder of a backup
    #[arg(long, value_name = "FOLDER")]
    backup: Option<PathBuf>,
}

/// Copy the journal into a folder, while the gateway runs, and verify the copy
///
/// Into a folder with an earlier backup of the same store only what is new is copied. The ledger is not copied: it is
/// derived from the journal. Nor are the keys, without which a backup cannot be read: copy the folder `keys` apart.
#[derive(Debug, Args)]
struct Backup {
    #[command(flatten)]
    store: StoreArguments,
    /// Folder of the backup; made if it is not there
    #[arg(long, value_name = "FOLDER")]
    to: PathBuf,
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Put a backup into a folder that has no journal, after verifying it
///
/// The ledger is built anew at the next start. What was received after the backup was made is not in it.
/// Put the folder `keys` back beside it by hand, from its own copy: a backup has no keys.
#[derive(Debug, Args)]
struct Restore {
    /// Folder of the backup
    #[arg(long, value_name = "FOLDER")]
    from: PathBuf,
    /// Folder of the store; made if it is not there
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl StoreCommand {
    pub(super) fn run(self, terminal: &Terminal) -> Outcome {
        match self.verb {
            Verb::Check(check) => check.run(terminal),
            Verb::Backup(Backup { store, to, format }) => {
                let folder = store.folder()?;
                let copied = backup::backup(&folder, &to).map_err(refused)?;
                // A backup of what is left is worth having, and is no reason to think that all is well.
                let lost = match backup::ledger_stand(&folder) {
                    Ok(stand @ LedgerStand::Ahead(_)) => Some(stand),
                    _ => None,
                };
                say(&copied, &to, format, terminal, ("in de reservekopie", "in the backup"), lost)
            }
            Verb::Restore(Restore { from, data, format }) => {
                let _owned = Owned::of(&data);
                let copied = backup::restore(&from, &data).map_err(refused)?;
                say(&copied, &data, format, terminal, ("teruggezet", "restored"), None)
            }
        }
    }
}

fn refused(error: BackupError) -> Failure {
    Failure::new(open::words(&error)).hint(error.advice())
}

fn say(
    copied: &Copied,
    dir: &Path,
    format: Format,
    terminal: &Terminal,
    (nl, en): (&str, &str),
    lost: Option<LedgerStand>,
) -> Outcome {
    let found = if lost.is_some() { Found::Something } else { Found::AllWell };
    let mut out = io::stdout().lock();
    let (entries, files, bytes) = (copied.report.entries, copied.files, copied.bytes);
    if format == Format::Json {
        let tips = tips(&copied.report);
        writeln!(
            out,
            "{}",
            json!({
                "folder": dir.display().to_string(), "entries": entries, "files": files, "bytes": bytes, "tips": tips,
                "ledger": lost.as_ref().map(stand_json),
            })
        )?;
        return Ok(found);
    }
    let dir = dir.display();
    writeln!(
        out,
        "{}",
        terminal.say(
            &format!(
                "{dir}: {entries} regels {nl} en nagekeken (bestanden: {files}, bytes gekopieerd: {bytes})"
            ),
            &format!("{dir}: {entries} entries {en} and verified (files: {files}, bytes copied: {bytes})")
        )
    )?;
    for tip in copied.report.tips.values() {
        writeln!(out, "  {}:{}  {}", tip.chain, tip.seq, tip.hash)?;
    }
    if let Some(lost) = lost {
        writeln!(out, "{}", terminal.style("31", &stand_words(&lost, terminal)))?;
    }
    Ok(found)
}

fn tips(report: &VerifyReport) -> Vec<serde_json::Value> {
    let tips = report.tips.values();
    tips.map(|tip| json!({ "gemeente": tip.chain.to_string(), "seq": tip.seq, "hash": tip.hash.to_string() }))
        .collect()
}

impl Check {
    fn run(self, terminal: &Terminal) -> Outcome {
        let CheckedArguments { data, config, backup } = self.store;
        let (journal, folder) = match backup {
            Some(backup) => (backup, None),
            None => {
                let folder = StoreArguments::either(data, config).folder()?;
                let journal = folder.join("journal");
                (journal, Some(folder))
            }
        };
        let _owned = folder.as_deref().map(Owned::of);
        let bar = progress::bar("journal");
        let report = verify(&journal, &mut |progress| {
            bar.set_length(progress.bytes_total);
            bar.set_position(progress.bytes);
        });
        bar.finish_and_clear();
        let report = report.map_err(open::unopened)?;
        // Beside a running gateway the last append may be incomplete for a moment; so may it be after a crash, and
        // the next start cuts it off. Of a backup everything must be complete.
        let whole = report.faults.is_empty()
            && report.entries > 0
            && (folder.is_some() || report.torn_tail.is_none());
        let ledger = match &folder {
            Some(folder) if report.faults.is_empty() => Some(backup::ledger_stand(folder).map_err(failed)?),
            _ => None,
        };
        let keys = match &folder {
            Some(folder) if report.faults.is_empty() => Some(keys_stand(folder)?),
            _ => None,
        };
        let good = whole
            && !matches!(ledger, Some(LedgerStand::Ahead(_) | LedgerStand::NeedsRebuild(_)))
            && !matches!(keys, Some(KeysStand::Fault { .. }));
        match self.format {
            Format::Json => json_line(&report, ledger.as_ref(), keys.as_ref(), good)?,
            Format::Text => text(&report, ledger.as_ref(), keys.as_ref(), good, terminal)?,
        }
        Ok(if good { Found::AllWell } else { Found::Something })
    }
}

/// How the keys stand to a journal.
enum KeysStand {
    /// Nothing in it is sealed.
    Unneeded,
    /// They open every entry.
    Right,
    /// This user may not read them.
    NotReadable,
    /// They are missing, damaged, or do not open every entry.
    Fault { fault: String, advice: &'static str },
}

/// Opens every entry with the keys of a store: a copy of them that was put back may be older than the journal.
fn keys_stand(folder: &Path) -> Result<KeysStand, Failure> {
    let journal = ReadOnlyJournal::open(&folder.join("journal")).map_err(open::unopened)?;
    // After the journal, so that the keys of all its entries are there.
    let vault = match Vault::read(folder, journal.reader()) {
        Ok(Some(vault)) => vault,
        Ok(None) => return Ok(KeysStand::Unneeded),
        Err(VaultError::Io { source, .. }) if source.kind() == io::ErrorKind::PermissionDenied => {
            return Ok(KeysStand::NotReadable);
        }
        Err(error @ VaultError::Journal(_)) => return Err(open::locked(error)),
        Err(error) => return Ok(KeysStand::Fault { fault: open::words(&error), advice: error.advice() }),
    };
    let mut reader = journal.reader().clone();
    reader.set_vault(vault);
    let bar = progress::bar("keys");
    bar.set_length(reader.entries());
    for entry in reader.read_all(Position::START) {
        match entry {
            Ok(_) => bar.inc(1),
            Err(ReadError::Sealed { entry, why }) => {
                bar.finish_and_clear();
                let advice = why.advice();
                let fault = ReadError::Sealed { entry, why }.to_string();
                return Ok(KeysStand::Fault { fault, advice });
            }
            Err(error) => return Err(LedgerError::from(error).into()),
        }
    }
    bar.finish_and_clear();
    Ok(KeysStand::Right)
}

/// Said of a journal without an entry: the first start of a gateway writes one.
pub(super) fn no_entry(terminal: &Terminal) -> &'static str {
    terminal.say(
        "er staat geen enkele regel: ga na of de map de juiste is en de schijf gekoppeld is",
        "there is not one entry: check that the folder is the right one and the disk is mounted",
    )
}

fn stand_json(stand: &LedgerStand) -> serde_json::Value {
    match stand {
        LedgerStand::InStep => json!({ "state": "in step" }),
        LedgerStand::Lags(entries) => json!({ "state": "lags", "entries": entries }),
        LedgerStand::NeedsRebuild(reason) => json!({ "state": "needs rebuild", "reason": reason }),
        LedgerStand::InUse => json!({ "state": "in use" }),
        LedgerStand::NotWritable => json!({ "state": "not looked at" }),
        LedgerStand::Ahead(entry) => json!({ "state": "ahead", "entry": entry }),
    }
}

fn stand_words(stand: &LedgerStand, terminal: &Terminal) -> String {
    let (nl, en) = match stand {
        LedgerStand::InStep => ("gelijk met het journaal".to_owned(), "in step with the journal".to_owned()),
        LedgerStand::Lags(lag) => (
            format!("loopt {lag} regels achter; de volgende start werkt het bij"),
            format!("lags by {lag} entries; the next start applies them"),
        ),
        LedgerStand::NeedsRebuild(reason) => (
            format!("moet opnieuw worden opgebouwd ({reason}); de volgende start doet dat, of `iwmo replay`"),
            format!("must be rebuilt ({reason}); the next start does that, or `iwmo replay`"),
        ),
        LedgerStand::InUse => ("in gebruik door de gateway".to_owned(), "in use by the gateway".to_owned()),
        LedgerStand::NotWritable => (
            "niet bekeken: deze gebruiker mag daar niet schrijven".to_owned(),
            "not looked at: this user may not write there".to_owned(),
        ),
        LedgerStand::Ahead(entry) => (
            format!(
                "staat voor {entry}, dat het journaal niet heeft: bevestigde regels zijn weg. Zet het journaal terug uit een reservekopie"
            ),
            format!(
                "stands for {entry}, which the journal does not have: acknowledged entries are gone. Restore the journal from a backup"
            ),
        ),
    };
    terminal.say(&format!("grootboek: {nl}"), &format!("ledger: {en}")).to_owned()
}

fn json_line(
    report: &VerifyReport,
    ledger: Option<&LedgerStand>,
    keys: Option<&KeysStand>,
    good: bool,
) -> io::Result<()> {
    let ledger = ledger.map(stand_json);
    let keys = keys.map(|keys| match keys {
        KeysStand::Unneeded => json!({ "state": "not needed" }),
        KeysStand::Right => json!({ "state": "right" }),
        KeysStand::NotReadable => json!({ "state": "not looked at" }),
        KeysStand::Fault { fault, advice } => json!({ "state": "wrong", "fault": fault, "advice": advice }),
    });
    let faults: Vec<_> = report
        .faults
        .iter()
        .map(|fault| json!({ "fault": fault.to_string(), "advice": fault.kind.advice() }))
        .collect();
    let torn = report.torn_tail.as_ref().map(ToString::to_string);
    let value = json!({
        "good": good, "entries": report.entries, "bytes": report.bytes, "faults": faults, "torn_tail": torn,
        "keys": keys, "ledger": ledger, "tips": tips(report),
    });
    writeln!(io::stdout().lock(), "{value}")
}

fn text(
    report: &VerifyReport,
    ledger: Option<&LedgerStand>,
    keys: Option<&KeysStand>,
    good: bool,
    terminal: &Terminal,
) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for fault in &report.faults {
        writeln!(out, "{}: {fault}", terminal.style("31", terminal.say("fout", "fault")))?;
        writeln!(out, "    {}", fault.kind.advice())?;
    }
    let (entries, bytes) = (report.entries, report.bytes);
    writeln!(
        out,
        "{}",
        terminal.say(
            &format!("journaal: {entries} regels, {bytes} bytes"),
            &format!("journal: {entries} entries, {bytes} bytes")
        )
    )?;
    if entries == 0 && report.faults.is_empty() {
        writeln!(out, "  {}", no_entry(terminal))?;
    }
    if report.torn_tail.is_some() {
        writeln!(
            out,
            "  {}",
            terminal.say(
                "de laatste schrijfactie is niet af en nooit bevestigd; de volgende start snijdt haar af",
                "the last append is incomplete and was never acknowledged; the next start cuts it off"
            )
        )?;
    }
    match keys {
        None | Some(KeysStand::Unneeded) => {}
        Some(KeysStand::Right) => {
            writeln!(out, "{}", terminal.say("sleutels: openen elke regel", "keys: they open every entry"))?
        }
        Some(KeysStand::NotReadable) => writeln!(
            out,
            "{}",
            terminal.say(
                "sleutels: niet bekeken: deze gebruiker mag ze niet lezen",
                "keys: not looked at: this user may not read them"
            )
        )?,
        Some(KeysStand::Fault { fault, advice }) => {
            writeln!(out, "{}: {fault}", terminal.style("31", terminal.say("sleutels", "keys")))?;
            writeln!(out, "    {advice}")?;
        }
    }
    if let Some(ledger) = ledger {
        writeln!(out, "{}", stand_words(ledger, terminal))?;
    }
    let verdict = match good {
        true => terminal.style("32", terminal.say("alles is heel", "all is whole")),
        false => terminal.style("31", terminal.say("er is iets mis", "something is wrong")),
    };
    writeln!(out, "{verdict}")
}
