//! `iwmo journal verify`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::evidence;
use crate::cli::open::{self, StoreArguments};
use crate::cli::output::{Format, Found, Outcome, Terminal};
use crate::cli::progress;
use crate::cli::store::no_entry;
use crate::journal::{Damage, Tip, Tips, verify};
use crate::ledger::{FORMAT, LedgerError};
use crate::store::{Ledger, Opening};

/// Verify every checksum and the hash chain of every gemeente; or a bundle of evidence, without a store
///
/// A bundle (`iwmo journal export --evidence`) is right when no byte of it was changed, the hash of each entry is that of
/// its content and stands at its place in the chain, and it is signed with the key that it names. Compare that key, and
/// the hash of the tip, with what the gemeente made known. Exit code 1 when something is wrong; each fault is named.
#[derive(Debug, Args)]
pub(super) struct Verify {
    /// Folder of the store
    #[arg(long, value_name = "DIR", required_unless_present_any = ["config", "evidence"], conflicts_with_all = ["config", "evidence"])]
    data: Option<PathBuf>,
    /// Configuration of the gateway, which names the folder
    #[arg(long, value_name = "FILE", conflicts_with = "evidence")]
    config: Option<PathBuf>,
    /// A bundle of evidence
    #[arg(long, value_name = "FILE")]
    evidence: Option<PathBuf>,
    /// The public key that the bundle must be signed with (64 hexadecimal digits)
    #[arg(long, value_name = "KEY", requires = "evidence", conflicts_with_all = ["data", "config"], value_parser = public_key)]
    key: Option<String>,
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Verify {
    pub(super) fn run(self, terminal: &Terminal) -> Outcome {
        if let Some(file) = &self.evidence {
            return evidence::check(file, self.key.as_deref(), self.format, terminal);
        }
        let folder = StoreArguments::either(self.data, self.config).folder()?;
        let bar = progress::bar("journal");
        let report = verify(&folder.join("journal"), &mut |progress| {
            bar.set_length(progress.bytes_total);
            bar.set_position(progress.bytes);
        });
        bar.finish_and_clear();
        let report = report.map_err(open::unopened)?;
        let mut faults: Vec<&Damage> = report.faults.iter().collect();
        let mut unfinished = report.torn_tail.as_ref();
        let lost = lost(&folder, &report.tips);
        if let Some(torn) = unfinished.filter(|_| lost.is_some()) {
            faults.push(torn);
            unfinished = None;
        }
        // Where it ends between two entries, nothing in the journal itself says so.
        let lost = lost.filter(|_| faults.is_empty());
        let empty = report.entries == 0 && faults.is_empty();
        let valid = faults.is_empty() && !empty && lost.is_none();
        let mut out = io::stdout().lock();
        match self.format {
            Format::Json => {
                let faults: Vec<_> = faults
                    .iter()
                    .map(|fault| {
                        json!({
                            "file": fault.file.display().to_string(),
                            "offset": fault.offset,
                            "entry": fault.entry.map(|entry| entry.to_string()),
                            "fault": fault.to_string(),
                            "advice": fault.kind.advice(),
                        })
                    })
                    .collect();
                let tips: Vec<_> = report
                    .tips
                    .values()
                    .map(|tip| json!({ "gemeente": tip.chain.to_string(), "seq": tip.seq, "hash": tip.hash.to_string() }))
                    .collect();
                let value = json!({
                    "valid": valid, "entries": report.entries, "bytes": report.bytes,
                    "tips": tips, "faults": faults, "truncated": report.truncated,
                    "unfinished": unfinished.map(ToString::to_string), "lost": lost.map(|lost| lost.to_string()),
                });
                writeln!(out, "{value}")?;
            }
            Format::Text => {
                for fault in &faults {
                    writeln!(out, "{}: {fault}", terminal.style("31", terminal.say("fout", "fault")))?;
                    writeln!(out, "    {}", fault.kind.advice())?;
                }
                if let Some(lost) = &lost {
                    writeln!(out, "{}: {lost}", terminal.style("31", terminal.say("fout", "fault")))?;
                }
                let (entries, bytes) = (report.entries, report.bytes);
                writeln!(
                    out,
                    "{}",
                    terminal.say(
                        &format!("{entries} regels, {bytes} bytes, {} ketens", report.tips.len()),
                        &format!("{entries} entries, {bytes} bytes, {} chains", report.tips.len()),
                    )
                )?;
                for tip in report.tips.values() {
                    writeln!(out, "  {}:{}  {}", tip.chain, tip.seq, tip.hash)?;
                }
                if let Some(torn) = unfinished {
                    let words = terminal.say(
                        "de laatste schrijfactie is niet af en nooit bevestigd; de volgende start ruimt haar op",
                        "the last write is incomplete and was never acknowledged; the next start removes it",
                    );
                    writeln!(out, "{words}: {torn}")?;
                }
                if empty {
                    writeln!(out, "{}", no_entry(terminal))?;
                }
                if valid {
                    writeln!(out, "{}", terminal.say("de keten is heel", "the chain is whole"))?;
                }
            }
        }
        Ok(if valid { Found::AllWell } else { Found::Something })
    }
}

/// Reads a public key that is an argument.
fn public_key(text: &str) -> Result<String, String> {
    let key = text.trim().to_lowercase();
    match key.len() == 64 && key.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        true => Ok(key),
        false => Err("a public key has 64 hexadecimal digits, as `iwmo keys evidence` prints it".to_owned()),
    }
}

/// Returns what the ledger stands for after the readable end of the journal. Rows are written after their entry is durable,
/// so what is unreadable or missing there was acknowledged once. Otherwise the end is a write that a crash cut short, or one
/// that a running daemon, which holds the ledger, is making now.
fn lost(folder: &Path, tips: &Tips) -> Option<LedgerError> {
    let path = folder.join("ledger");
    // Opening a ledger makes one.
    if !path.is_dir() {
        return None;
    }
    let Ok(Opening::Opened(ledger)) = Ledger::open(&path, FORMAT) else { return None };
    let known = |tip: &Tip| tips.get(&tip.chain).is_some_and(|has| has.seq >= tip.seq);
    // The gateway may have written both since the journal was read.
    if ledger.tips().values().all(known) { None } else { open::lost(folder, &ledger).ok()? }
}
