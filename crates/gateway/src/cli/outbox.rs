//! `iwmo outbox`: what waits to be sent, why, and the operator's hand on it.

use std::io::{self, Write};

use clap::{Args, Subcommand};
use iwmo_toewijzing::identity::Gemeente;

use super::change::{ChangeArguments, change};
use super::open::{self, PastArguments, StoreArguments};
use super::output::{Failure, Format, Found, Outcome, Terminal};
use crate::control::{Change, OutboxChange, OutboxVerb};
use crate::view::{self, OutgoingFilter};

/// Show what waits to be sent, and why; send it again, hold, release or cancel it
#[derive(Debug, Args)]
pub(super) struct OutboxCommand {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    List(List),
    /// Send messages again at once
    ///
    /// Parked messages, and messages that wait for their next attempt. They get all the time that new messages have, and
    /// a partner whose sending pauses is tried at once. By filter only messages whose sending failed are meant.
    Retry(Act),
    /// Hold messages back until they are released
    ///
    /// Younger messages with the same order key, those about the same person, wait behind them.
    Hold(Act),
    /// Send held messages again
    Release(Act),
    /// Cancel messages: they are never sent
    Cancel(Act),
}

/// Which messages, and whether to do it.
#[derive(Debug, Args)]
#[group(id = "selection", required = true, multiple = true, args = ["messages", "partner", "kind", "gemeente", "state", "everything"])]
struct Act {
    /// Messages, as `iwmo outbox list` names them (GEMEENTE:SEQ/N)
    #[arg(value_name = "ID")]
    messages: Vec<String>,
    #[command(flatten)]
    store: StoreArguments,
    /// Only to this partner
    #[arg(long, value_name = "PARTNER")]
    partner: Option<String>,
    /// Only of this kind, as WMO306
    #[arg(long = "message", value_name = "KIND", value_parser = view::soort_bericht)]
    kind: Option<String>,
    /// Only of this gemeente (CBS code)
    #[arg(long, value_name = "CODE")]
    gemeente: Option<String>,
    /// Only those that stand so
    #[arg(long, value_name = "STATE", value_parser = ["wacht", "doorgegeven", "geparkeerd", "vastgehouden"])]
    state: Option<String>,
    /// All messages
    #[arg(long = "all", conflicts_with_all = ["messages", "partner", "kind", "gemeente", "state"])]
    everything: bool,
    #[command(flatten)]
    change: ChangeArguments,
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Act {
    fn run(self, verb: OutboxVerb, terminal: &Terminal) -> Outcome {
        let wanted = OutboxChange {
            verb,
            berichten: self.messages,
            gemeenten: self.gemeente.map(|gemeente| vec![gemeente]),
            partner: self.partner,
            bericht: self.kind,
            stand: self.state,
        };
        change(&self.store, &self.change, Change::Uitgaand(wanted), self.format, terminal)
    }
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
    /// Only of this kind, as WMO306
    #[arg(long = "message", value_name = "KIND", value_parser = view::soort_bericht)]
    kind: Option<String>,
    /// Only of this gemeente (CBS code)
    #[arg(long, value_name = "CODE")]
    gemeente: Option<String>,
    /// Only those that stand so: wacht, doorgegeven, bezorgd, geparkeerd, vastgehouden or geannuleerd
    #[arg(long, value_name = "STATE", value_parser = view::stand)]
    state: Option<String>,
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
        match self.verb {
            Verb::List(list) => list.run(terminal),
            Verb::Retry(act) => act.run(OutboxVerb::Opnieuw, terminal),
            Verb::Hold(act) => act.run(OutboxVerb::Vasthouden, terminal),
            Verb::Release(act) => act.run(OutboxVerb::Vrijgeven, terminal),
            Verb::Cancel(act) => act.run(OutboxVerb::Annuleren, terminal),
        }
    }
}

impl List {
    fn run(self, terminal: &Terminal) -> Outcome {
        let store = open::read(&self.store, &self.past, terminal)?;
        let gemeente = self.gemeente.as_deref().map(Gemeente::new).transpose();
        let gemeente = gemeente.map_err(|error| Failure::new(format!("--gemeente: {error}")))?;
        let filter = OutgoingFilter {
            gemeenten: gemeente.map(|gemeente| vec![gemeente]),
            partner: self.partner,
            bericht: self.kind,
            stand: self.state,
            all: self.all,
            limit: self.limit.saturating_add(1),
            ..OutgoingFilter::default()
        };
        let mut found = view::outgoing_by(&store.ledger, &filter)?;
        let more = found.len() > self.limit;
        found.truncate(self.limit);
        let config = self.store.configuration()?;
        let partners = config.as_ref().map(|config| config.partners.as_slice());
        let mut still = view::held(&store.ledger, partners.unwrap_or_default())?;
        if !self.past.is_given() {
            still.extend(view::frozen(partners.unwrap_or_default(), store.now));
        }
        view::say_still(&mut found, &still, partners.filter(|_| !self.past.is_given()));
        let mut out = io::stdout().lock();
        for message in &found {
            match self.format {
                Format::Json => {
                    writeln!(out, "{}", serde_json::to_string(message).map_err(io::Error::from)?)?
                }
                Format::Text => {
                    let reason = message.reden.as_deref().unwrap_or("");
                    let next = message.volgende.map(|moment| moment.to_string()).unwrap_or_default();
                    let tries = message.pogingen;
                    writeln!(
                        out,
                        "{:<14} {} {:<20} {:<12} {tries:>3}x  {:<19}  {next:<19}  {reason}",
                        message.id, message.bericht, message.partner, message.stand, message.sinds
                    )?;
                }
            }
        }
        if more {
            terminal.there_is_more()?;
        } else if found.is_empty() && self.format == Format::Text {
            writeln!(out, "{}", terminal.say("niets wacht op verzending", "nothing waits to be sent"))?;
        }
        Ok(Found::AllWell)
    }
}
