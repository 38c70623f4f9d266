//! `iwmo partner test`: the way to a partner, step by step.

use std::io::{self, Write};

use clap::Args;
use serde::Serialize;

use super::super::output::{Failure, Format, Found, Outcome, Terminal};
use super::{ConfigArguments, known, probe};
use crate::clock::Moment;
use crate::config::{Config, Partner, PartnerRoute};
use crate::daemon::Seen;
use crate::view::Words;

/// Try the way to a partner, step by step
///
/// Looks its name up, connects, does the TLS handshake with our certificate, looks at the certificate of its server, and
/// asks something that costs the partner nothing: no message is sent. A partner that fetches is looked up in what was seen of
/// it, and for one with a folder the folder is looked at. Exit code 1 when a step fails; the steps after it are left out.
#[derive(Debug, Args)]
pub(super) struct Test {
    /// The partner
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    config: ConfigArguments,
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What one step came to.
#[derive(Debug, Serialize)]
pub(super) struct Step {
    /// Which step.
    stap: &'static str,
    /// Whether it succeeded.
    pub(super) goed: bool,
    /// What it came to, in Dutch.
    tekst: String,
    /// What it came to, in English.
    text: String,
}

impl Step {
    pub(super) fn good(stap: &'static str, nl: impl Into<String>, en: impl Into<String>) -> Self {
        Self { stap, goed: true, tekst: nl.into(), text: en.into() }
    }

    pub(super) fn bad(stap: &'static str, nl: impl Into<String>, en: impl Into<String>) -> Self {
        Self { goed: false, ..Self::good(stap, nl, en) }
    }

    /// A step that failed by what a program said, in English.
    pub(super) fn failed(stap: &'static str, what: Words, error: &dyn std::fmt::Display) -> Self {
        Self::bad(stap, format!("{}: {error}", what.nl), format!("{}: {error}", what.en))
    }
}

impl Test {
    pub(super) fn run(self, terminal: &Terminal) -> Outcome {
        let config = self.config.read()?;
        let partner = known(&config, &self.name)?;
        let mut out = io::stdout().lock();
        let mut good = true;
        let mut failed = None;
        let mut tell = |step: Step| {
            good &= step.goed;
            if failed.is_none() {
                failed = told(&mut out, &step, self.format, terminal).err();
            }
        };
        match partner.route {
            PartnerRoute::Direct | PartnerRoute::Stuf => {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                runtime.block_on(probe::steps(&config, partner, &mut tell));
            }
            PartnerRoute::Ophalen => tell(seen(&config, partner)),
            PartnerRoute::Map => tell(folder(partner)),
        }
        match failed {
            Some(error) => Err(Failure::from(error)),
            None => Ok(if good { Found::AllWell } else { Found::Something }),
        }
    }
}

fn told(out: &mut impl Write, step: &Step, format: Format, terminal: &Terminal) -> io::Result<()> {
    match format {
        Format::Json => writeln!(out, "{}", serde_json::to_string(step).map_err(io::Error::from)?)?,
        Format::Text => {
            let word = match step.goed {
                true => terminal.style("32", terminal.say("goed", "good")),
                false => terminal.style("1;31", terminal.say("fout", "wrong")),
            };
            writeln!(out, "{word}  {:<12} {}", step.stap, terminal.say(&step.tekst, &step.text))?;
        }
    }
    out.flush()
}

/// A partner that fetches can only be waited for.
fn seen(config: &Config, partner: &Partner) -> Step {
    let seen = Seen::read(&config.data).remove(&partner.id.0).and_then(|seen| seen.certificaat);
    match seen {
        Some(seen) => {
            let (at, until) = (Moment(seen.gezien), Moment(seen.tot));
            Step::good(
                "gezien",
                format!(
                    "de partner haalt op en meldde zich het laatst op {at}; certificaat geldig tot {until}"
                ),
                format!("the partner fetches and was last here on {at}; certificate valid until {until}"),
            )
        }
        None => Step::bad(
            "gezien",
            "de partner haalt op en heeft zich nog niet gemeld",
            "the partner fetches and has not been here yet",
        ),
    }
}

fn folder(partner: &Partner) -> Step {
    let Some(folder) = &partner.folder else {
        return Step::bad("map", "de partner heeft geen map", "the partner has no folder");
    };
    let shown = folder.display();
    match std::fs::read_dir(folder.join("out")) {
        Ok(entries) => {
            let count = entries.count();
            Step::good(
                "map",
                format!("{shown} is er, met {count} bestanden in out/"),
                format!("{shown} is there, with {count} files in out/"),
            )
        }
        Err(error) => {
            let what =
                Words::new(format!("{shown}/out is niet te lezen"), format!("{shown}/out cannot be read"));
            Step::failed("map", what, &error)
        }
    }
}
