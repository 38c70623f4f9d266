//! `iwmo journal verify`.

use std::io::{self, Write};

use clap::Args;
use serde_json::json;

use crate::cli::open::{self, StoreArguments};
use crate::cli::output::{Format, Found, Outcome, Terminal};
use crate::cli::progress;
use crate::journal::verify;

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
        let mut out = io::stdout().lock();
        match self.format {
            Format::Json => {
                let faults: Vec<_> = report
                    .faults
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
                    "valid": report.is_clean(), "entries": report.entries, "bytes": report.bytes,
                    "tips": tips, "faults": faults,
                });
                writeln!(out, "{value}")?;
            }
            Format::Text => {
                for fault in &report.faults {
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
                if report.is_clean() {
                    writeln!(out, "{}", terminal.say("de keten is heel", "the chain is whole"))?;
                }
            }
        }
        Ok(if report.is_clean() { Found::AllWell } else { Found::Something })
    }
}
