//! `iwmo reload`: a new configuration for a running gateway.

use std::io::{self, Write};
use std::path::Path;

use clap::Args;
use serde_json::json;

use super::change::{ChangeArguments, unanswered};
use super::check::mistake_text;
use super::open::StoreArguments;
use super::output::{Failure, Format, Found, Outcome, Terminal};
use crate::config::MistakeView;
use crate::control::{Client, ClientError, Refused, ReloadReport, Request};

/// Put the configuration in force in a running gateway
///
/// The gateway reads its configuration file and everything that it names again and checks all of it first. With a
/// mistake the configuration before stays in force, and every mistake is told. Partners, gemeenten, policies, tokens,
/// certificates, lists and limits change at once, and nothing in flight is lost; where the data is and which addresses are
/// listened on change with a restart only.
///
/// Without --yes it only says what would change. A signal HUP does the same as --yes; a certificate, key or list that is
/// replaced is noticed without being told.
#[derive(Debug, Args)]
pub(super) struct Reload {
    #[command(flatten)]
    store: StoreArguments,
    #[command(flatten)]
    change: ChangeArguments,
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Reload {
    pub(super) fn run(self, terminal: &Terminal) -> Outcome {
        let folder = self.store.folder_as_named()?;
        let client = Client::connect(&folder).map_err(unanswered)?;
        let Some(client) = client else {
            return Err(Failure::new(format!("no gateway runs on {}, or it cannot be reached", folder.display()))
                .hint("what is in the configuration counts when it starts; one that runs is reached by control.sock in that folder"));
        };
        let answer = ask(client, self.store.config_file(), self.change.wanted())?;
        let mut out = io::stdout().lock();
        match self.format {
            Format::Json => answer.json(&mut out)?,
            Format::Text => answer.text(&mut out, terminal)?,
        }
        Ok(if answer.report.is_ok() { Found::AllWell } else { Found::Something })
    }
}

/// What the gateway answered.
pub(super) struct Answer {
    mistakes: Vec<MistakeView>,
    /// What changed, or why nothing did.
    pub(super) report: Result<ReloadReport, Refused>,
}

/// Asks a gateway to read its configuration again, which is to be this file; without a reason, what that would change.
pub(super) fn ask(mut client: Client, file: Option<&Path>, reason: Option<&str>) -> Result<Answer, Failure> {
    let request = Request::Reload {
        proef: reason.is_none(),
        bestand: file.map(|file| file.canonicalize().unwrap_or_else(|_| file.to_owned())),
        reden: reason.map(str::to_owned),
        namens: std::env::var("SUDO_USER").ok(),
    };
    let mut mistakes = Vec::new();
    let report = client.ask(&request, &mut |row| mistakes.extend(serde_json::from_value(row).ok()));
    let report = match report {
        Ok(report) => Ok(report),
        Err(ClientError::Refused(refused)) => Err(refused),
        Err(error) => return Err(unanswered(error)),
    };
    Ok(Answer { mistakes, report })
}

impl Answer {
    pub(super) fn json(&self, out: &mut impl Write) -> io::Result<()> {
        for mistake in &self.mistakes {
            writeln!(out, "{}", serde_json::to_string(mistake).map_err(io::Error::from)?)?;
        }
        let line = match &self.report {
            Ok(report) => serde_json::to_value(report).map_err(io::Error::from)?,
            Err(refused) => json!({ "uitgevoerd": false, "wat": [], "geweigerd": refused.melding }),
        };
        writeln!(out, "{line}")
    }

    pub(super) fn text(&self, out: &mut impl Write, terminal: &Terminal) -> io::Result<()> {
        for mistake in &self.mistakes {
            mistake_text(out, mistake, terminal)?;
        }
        let report = match &self.report {
            Ok(report) => report,
            Err(refused) => {
                let word = terminal.style("31", terminal.say("geweigerd", "refused"));
                writeln!(out, "{word}: {}", refused.melding)?;
                let stays = terminal.say(
                    "er is niets gewijzigd: de configuratie van daarvoor geldt",
                    "nothing changed: the configuration before is in force",
                );
                return writeln!(out, "{stays}");
            }
        };
        for line in &report.wat {
            writeln!(out, "  {line}")?;
        }
        for line in &report.let_op {
            writeln!(out, "{}: {line}", terminal.style("33", terminal.say("let op", "note")))?;
        }
        let last = match (report.uitgevoerd, report.wat.is_empty()) {
            (_, true) => terminal.say("er verandert niets", "nothing changes"),
            (true, _) => {
                terminal.say("van kracht, en vastgelegd in het journaal", "in force, and in the journal")
            }
            (false, _) => terminal.say(
                "nog niet van kracht; doe het met --yes --reason TEKST",
                "not in force yet; do it with --yes --reason TEXT",
            ),
        };
        writeln!(out, "{last}")
    }
}
