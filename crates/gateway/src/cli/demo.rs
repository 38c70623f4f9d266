//! `iwmo demo`: the whole process on this machine.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use super::output::{Failure, Found, Outcome, Terminal, unwritable};
use crate::demo::{self, DemoError, Narrator, Report, Told};
use crate::view::Line;

/// Play the whole process on this machine: gateway, aanbieders and CAK over mutual TLS
///
/// Starts a real gateway with a configuration of its own, two simulated aanbieders and a simulated CAK, each a TLS
/// endpoint on loopback with certificates made on the spot. Plays six stories in three gemeenten and prints the
/// timeline of every toewijzing as it happens. The store stays, for the other commands.
///
/// Exit code 0 only if every step came out as it should.
#[derive(Debug, Args)]
pub(super) struct Demo {
    /// Folder for the store, the configuration and the certificates; an earlier demonstration in it is replaced
    #[arg(long, value_name = "DIR", default_value = "data/demo")]
    data: PathBuf,
    /// Do not pause between the steps
    #[arg(long)]
    fast: bool,
}

impl Demo {
    pub(super) fn run(self, terminal: &Terminal) -> Outcome {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let screen = *terminal;
        let narrator = Narrator::new(move |told| {
            // A closed pipe ends the program at the report; nothing is lost by a line less.
            let _ = tell(&mut io::stdout().lock(), &told, &screen);
        });
        let report = runtime.block_on(demo::play(&self.data, self.fast, narrator)).map_err(failure)?;
        finish(&mut io::stdout().lock(), &self.data, &report, terminal)?;
        Ok(if report.is_good() { Found::AllWell } else { Found::Something })
    }
}

fn failure(error: DemoError) -> Failure {
    match error {
        DemoError::File { path, source } => unwritable(&path, &source),
        DemoError::Occupied(_) => {
            Failure::new(error.to_string()).hint("choose another folder with --data DIR")
        }
        DemoError::InUse(_) => Failure::new(error.to_string())
            .hint("stop the gateway that runs on it, or choose another folder with --data DIR"),
        error => Failure::new(error.to_string()),
    }
}

fn tell(out: &mut impl Write, told: &Told, terminal: &Terminal) -> io::Result<()> {
    match told {
        Told::Story(title) => writeln!(out, "\n{}", terminal.style("1", title))?,
        Told::Line(line) => self::line(out, line, terminal)?,
        Told::Good(what) => {
            writeln!(out, "    {} {}", terminal.style("32", "ok"), terminal.style("2", what))?
        }
        Told::Bad(what) => {
            writeln!(out, "    {} {what}", terminal.style("1;31", terminal.say("FOUT", "WRONG")))?
        }
    }
    out.flush()
}

fn line(out: &mut impl Write, line: &Line, terminal: &Terminal) -> io::Result<()> {
    let time = line.tijd.to_string();
    let time = time.get(11..).unwrap_or_default();
    let numbers: Vec<String> = line.toewijzingen.iter().map(u32::to_string).collect();
    let numbers = if numbers.is_empty() { "-".to_owned() } else { numbers.join(",") };
    let text = terminal.say(&line.tekst, &line.text);
    let kind = line.bericht.trim_start_matches("WMO");
    writeln!(out, "  {} {:<9} {:<7} {kind:<4} {text}", terminal.style("2", time), line.entry, numbers)
}

fn finish(out: &mut impl Write, data: &Path, report: &Report, terminal: &Terminal) -> io::Result<()> {
    let data = data.display();
    let (all, wrong) =
        (report.steps.len(), report.steps.iter().filter(|step| step.failure.is_some()).count());
    writeln!(out)?;
    if wrong == 0 {
        let nl = format!("Alle {all} stappen kwamen uit zoals het hoort.");
        let en = format!("All {all} steps came out as they should.");
        writeln!(out, "{}", terminal.style("1;32", terminal.say(&nl, &en)))?;
    } else {
        let nl = format!("{wrong} van {all} stappen gingen mis:");
        let en = format!("{wrong} of {all} steps went wrong:");
        writeln!(out, "{}", terminal.style("1;31", terminal.say(&nl, &en)))?;
        for step in &report.steps {
            if let Some(failure) = &step.failure {
                writeln!(out, "  {}: {failure}", step.what)?;
            }
        }
    }
    writeln!(out, "\n{}", terminal.say("Kijk verder met:", "Look further with:"))?;
    writeln!(out, "  iwmo toewijzing list --data {data}")?;
    for toewijzing in &report.toewijzingen {
        writeln!(out, "  iwmo toewijzing show {toewijzing} --data {data}")?;
    }
    writeln!(out, "  iwmo journal list --data {data}")?;
    writeln!(out, "  iwmo journal verify --data {data}")?;
    writeln!(out, "  iwmo replay --verify --data {data}")
}
