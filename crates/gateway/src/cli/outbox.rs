//! `iwmo outbox`: what waits to be sent, and why.

use std::io::{self, Write};

use clap::{Args, Subcommand};

use super::open::{self, PastArguments, StoreArguments};
use super::output::{Failure, Format, Found, Outcome, Terminal};
use crate::view;

/// Show what waits to be sent, and why
#[derive(Debug, Args)]
pub(super) struct OutboxCommand {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    List(List),
}

/// List outgoing messages that are not delivered, with the reason, the attempts and the next one
#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    store: StoreArguments,
    #[command(flatten)]
    past: PastArguments,
    /// Only to this partner
    #[arg(long, value_name = "PARTNER")]
    partner: Option<String>,
    /// Delivered messages too
    #[arg(long)]
    all: bool,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 1000)]
    limit: usize,
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl OutboxCommand {
    pub(super) fn run(self, terminal: &Terminal) -> Outcome {
        let Verb::List(list) = self.verb;
        list.run(terminal)
    }
}

impl List {
    fn run(self, terminal: &Terminal) -> Outcome {
        let store = open::read(&self.store, &self.past)?;
        let found = view::outgoing(&store.ledger, self.partner.as_deref(), self.all, self.limit)
            .map_err(|error| Failure::new(error.to_string()))?;
        let mut out = io::stdout().lock();
        for message in &found {
            match self.format {
                Format::Json => {
                    writeln!(out, "{}", serde_json::to_string(message).map_err(io::Error::from)?)?
                }
                Format::Text => {
                    let reason = message.reden.as_deref().unwrap_or("");
                    let next = message.volgende.as_deref().unwrap_or("");
                    let tries = message.pogingen;
                    writeln!(
                        out,
                        "{:<14} {} {:<20} {:<12} {tries:>3}x  {:<19}  {next:<19}  {reason}",
                        message.id, message.bericht, message.partner, message.stand, message.sinds
                    )?;
                }
            }
        }
        if found.is_empty() && self.format == Format::Text {
            writeln!(out, "{}", terminal.say("niets wacht op verzending", "nothing waits to be sent"))?;
        }
        Ok(Found::AllWell)
    }
}
