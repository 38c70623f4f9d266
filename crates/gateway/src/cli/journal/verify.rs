//! `iwmo journal verify`.

use std::io::{self, Write};
use std::path::Path;

use clap::Args;
use serde_json::json;

use crate::cli::open::{self, StoreArguments};
use crate::cli::output::{Format, Found, Outcome, Terminal};
use crate::cli::progress;
use crate::journal::{Damage, Tip, Tips, verify};
use crate::ledger::FORMAT;
use crate::store::{Ledger, Opening};

/// Verify every checksum and the hash chain of every gemeente
#[derive(Debug, Args)]
pub(super) struct Verify {
    #[command(flatten)]
    store: StoreArguments,
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Verify {
    pub(super) fn run(self, terminal: &Terminal) -> Outcome {
        let folder = self.store.folder()?;
        let bar = progress::bar("journal");
        let report = verify(&folder.join("journal"), &mut |progress| {
            bar.set_length(progress.bytes_total);
            bar.set_position(progress.bytes);
        });
        bar.finish_and_clear();
        let report = report.map_err(open::unopened)?;
        let mut faults: Vec<&Damage> = report.faults.iter().collect();
        let mut unfinished = report.torn_tail.as_ref();
        if let Some(torn) = unfinished.filter(|_| lost(&folder, &report.tips)) {
            faults.push(torn);
            unfinished = None;
        }
        let valid = faults.is_empty();
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
                    "unfinished": unfinished.map(ToString::to_string),
                });
                writeln!(out, "{value}")?;
            }
            Format::Text => {
                for fault in &faults {
                    writeln!(out, "{}: {fault}", terminal.style("31", terminal.say("fout", "fault")))?;
                    writeln!(out, "    {}", fault.kind.advice())?;
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
                if valid {
                    writeln!(out, "{}", terminal.say("de keten is heel", "the chain is whole"))?;
                }
            }
        }
        Ok(if valid { Found::AllWell } else { Found::Something })
    }
}

/// Returns whether the ledger stands for entries after the readable end of the journal. Rows are written after their
/// entry is durable, so what is unreadable there was acknowledged once. Otherwise the end is a write that a crash
/// cut short, or one that a running daemon, which holds the ledger, is making now.
fn lost(folder: &Path, tips: &Tips) -> bool {
    let path = folder.join("ledger");
    // Opening a ledger makes one.
    if !path.is_dir() {
        return false;
    }
    match Ledger::open(&path, FORMAT) {
        Ok(Opening::Opened(ledger)) => {
            let known = |tip: &Tip| tips.get(&tip.chain).is_some_and(|has| has.seq >= tip.seq);
            !ledger.tips().values().all(known)
        }
        Ok(_) | Err(_) => false,
    }
}
