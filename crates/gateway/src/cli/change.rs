//! How every command that changes a store goes about it: a preview without `--yes`, a reason with it, through the daemon
//! when one runs.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use clap::Args;

use super::open::{self, PastArguments, StoreArguments};
use super::output::{Failure, Format, Found, Outcome, Terminal};
use super::progress;
use crate::clock::SystemClock;
use crate::control::{Change, Client, ClientError, Plan, Refused, Report, Request, operator, perform};
use crate::engine::{Act, Engine, EngineError, Settings};
use crate::journal::{Chain, OpenError};
use crate::ledger::Progress;
use crate::record::Wat;

/// Whether to do it, and why.
#[derive(Debug, Clone, Args)]
pub(super) struct ChangeArguments {
    /// Do it; without this the command only shows what it would do
    #[arg(long, requires = "reason")]
    yes: bool,
    /// Why; it is recorded with who did it
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// Shows what a change would do, or does it.
pub(super) fn change(
    store: &StoreArguments,
    arguments: &ChangeArguments,
    change: Change,
    format: Format,
    terminal: &Terminal,
) -> Outcome {
    let folder = store.folder()?;
    let reason = arguments.wanted();
    let report = match Client::connect(&folder).map_err(unanswered)? {
        Some(client) => through(client, change, reason)?,
        None => match reason {
            Some(reason) => alone(&folder, &change, reason)?,
            None => {
                let store = open::read(store, &PastArguments::default(), terminal)?;
                let Plan { summary, .. } =
                    change.plan(&store.ledger, &Settings::default()).map_err(refused)?;
                Report { uitgevoerd: false, summary, handelingen: Vec::new() }
            }
        },
    };
    let mut out = io::stdout().lock();
    match format {
        Format::Json => writeln!(out, "{}", serde_json::to_string(&report).map_err(io::Error::from)?)?,
        Format::Text => text(&mut out, &report, terminal)?,
    }
    Ok(Found::AllWell)
}

fn through(mut client: Client, change: Change, reason: Option<&str>) -> Result<Report, Failure> {
    let request = match reason {
        None => Request::Plan { wijziging: change },
        Some(reason) => Request::Perform {
            wijziging: change,
            reden: reason.to_owned(),
            namens: std::env::var("SUDO_USER").ok(),
        },
    };
    client.ask(&request, &mut |_| {}).map_err(unanswered)
}

/// Does it on a store that no daemon holds.
fn alone(folder: &Path, change: &Change, reason: &str) -> Result<Report, Failure> {
    let wie = operator()?;
    let engine = attend(folder)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let report = runtime.block_on(perform(&engine, &wie, reason, change));
    engine.stop();
    report.map_err(refused)
}

/// Records what is done beside the rows of a store that no daemon holds; `what` says it, should that fail.
pub(super) fn record(engine: &Engine, wat: Wat, reason: &str, what: &str) -> Result<(), Failure> {
    let act = Act {
        chain: Chain::NONE,
        wie: operator()?,
        wat,
        reden: reason.to_owned(),
        gekozen: false,
        sleutel: None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match runtime.block_on(engine.act(act)) {
        Ok(_) => Ok(()),
        Err(error) => Err(Failure::new(format!("{what}, and that is not on record: {error}"))
            .hint("write down who did it, when and why")),
    }
}

/// Opens a store that no daemon holds, to change something in it.
pub(super) fn attend(folder: &Path) -> Result<Engine, Failure> {
    let bar = progress::bar("ledger");
    let mut show = |progress: Progress| {
        bar.set_length(progress.entries);
        bar.set_position(progress.applied);
    };
    let engine = Engine::attend(folder, Arc::new(SystemClock), &mut show);
    bar.finish_and_clear();
    engine.map_err(|error| match error {
        EngineError::Journal(OpenError::Locked { .. }) => Failure::new(open::words(&error))
            .hint("another process holds the store and has no control socket; stop it, or try again when it is done"),
        EngineError::Journal(error) => open::unopened(error),
        EngineError::Vault(error) => open::locked(error),
        EngineError::Ledger(error) => error.into(),
        error => Failure::new(open::words(&error)),
    })
}

impl ChangeArguments {
    /// Returns whether any of them was given.
    pub(super) fn is_given(&self) -> bool {
        self.yes || self.reason.is_some()
    }

    /// Returns the reason, of a command that shows nothing first.
    pub(super) fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// Returns the reason when it is to be done.
    pub(super) fn wanted(&self) -> Option<&str> {
        self.reason.as_deref().filter(|_| self.yes)
    }
}

pub(super) fn unanswered(error: ClientError) -> Failure {
    match error {
        ClientError::Refused(error) => refused(error),
        ClientError::Forbidden => Failure::new(error.to_string())
            .hint("run this as the gateway's user, for example with sudo -u iwmo"),
        ClientError::Unknown => Failure::new(error.to_string()).hint("use the iwmo of the running gateway"),
        ClientError::Io(_) => Failure::new(error.to_string()).hint("look whether the gateway still runs"),
    }
}

pub(super) fn refused(refused: Refused) -> Failure {
    let failure = Failure::new(refused.melding);
    match refused.advies {
        Some(advice) => failure.hint(advice),
        None => failure,
    }
}

fn text(out: &mut impl Write, report: &Report, terminal: &Terminal) -> io::Result<()> {
    let summary = &report.summary;
    for group in &summary.groepen {
        let kind = group.bericht.as_deref().unwrap_or("");
        writeln!(out, "{:>7}  {:<20} {kind:<8} {}", group.aantal, group.partner, group.stand)?;
    }
    for warning in &summary.waarschuwingen {
        let label = terminal.style("33", terminal.say("let op", "note"));
        writeln!(out, "{label}: {}", terminal.say(&warning.nl, &warning.en))?;
    }
    if summary.ongewijzigd > 0 {
        let so = terminal.say("zo al, blijft ongewijzigd", "so already, left alone");
        writeln!(out, "{:>7}  {so}", summary.ongewijzigd)?;
    }
    let line = match (report.uitgevoerd, summary.aantal) {
        (_, 0) => terminal.say("niets te doen", "nothing to do").to_owned(),
        (false, _) => terminal
            .say(
                "niets gewijzigd; doe het met --yes --reason TEKST",
                "nothing was changed; do it with --yes --reason TEXT",
            )
            .to_owned(),
        (true, _) => {
            let done = terminal.say("gedaan, vastgelegd als", "done, recorded as");
            format!("{done} {}", report.handelingen.join(", "))
        }
    };
    writeln!(out, "{line}")
}
