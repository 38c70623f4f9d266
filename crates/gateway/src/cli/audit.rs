//! `iwmo audit`: who did or saw what.

use std::io::{self, Write};

use clap::{Args, ValueEnum};
use jiff::Timestamp;

use super::open::{self, StoreArguments};
use super::output::{Failure, Format, Found, Outcome, Terminal, period};
use crate::journal::{CLOCK_SLACK, Chain};
use crate::ledger::LedgerError;
use crate::view::{self, AuditView};

/// Show who did or saw what
///
/// Every change that a person or a system made by hand, with the reason, and every look at what is about a person: a
/// message, a toewijzing with its timeline, a person found by BSN, an export. Persons are named by the entry that first
/// concerned them, as GEMEENTE:SEQ.
#[derive(Debug, Args)]
pub(super) struct Audit {
    #[command(flatten)]
    store: StoreArguments,
    /// Only by whom this text names: a part of a user, token or partner
    #[arg(long, value_name = "TEXT")]
    who: Option<String>,
    /// Only acts, or only looks
    #[arg(long, value_enum, value_name = "KIND")]
    only: Option<Kind>,
    /// Only about this: a toewijzing (0222/100101), an entry (0222:17) or an outgoing message (0222:17/0)
    #[arg(long, value_name = "NAME")]
    about: Option<String>,
    /// Only of this gemeente (CBS code; 0000: of none)
    #[arg(long, value_name = "CODE")]
    gemeente: Option<Chain>,
    /// Only from this moment on, as 2026-11-25, 2026-11-25T14:00 (on a Dutch clock) or 2026-11-25T14:00:00+01:00
    #[arg(long, value_name = "TIME", value_parser = open::argument_moment)]
    from: Option<Timestamp>,
    /// Only before this moment
    #[arg(long, value_name = "TIME", value_parser = open::argument_moment)]
    until: Option<Timestamp>,
    /// At most so many, the latest
    #[arg(long, value_name = "N", default_value_t = 1000)]
    limit: usize,
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What kind of entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// What was changed.
    Acts,
    /// What was looked at.
    Looks,
}

impl Audit {
    pub(super) fn run(self, terminal: &Terminal) -> Outcome {
        period(self.from.as_ref(), self.until.as_ref(), ("--from", "--until"))?;
        let (found, more) = self.find()?;
        let mut out = io::BufWriter::new(io::stdout().lock());
        for view in &found {
            match self.format {
                Format::Json => writeln!(out, "{}", serde_json::to_string(view).map_err(io::Error::from)?)?,
                Format::Text => {
                    let what = terminal.say(&view.tekst, &view.text);
                    let why = view.reden.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
                    writeln!(out, "{:<12} {}  {:<28} {what}{why}", view.entry, view.tijd, view.wie)?;
                }
            }
        }
        out.flush()?;
        if more {
            terminal.there_is_more()?;
        } else if found.is_empty() {
            terminal.nothing_found()?;
        }
        Ok(Found::AllWell)
    }

    /// The latest, and whether there are earlier ones.
    fn find(&self) -> Result<(Vec<AuditView>, bool), Failure> {
        let browser = open::browser(&self.store.folder()?)?;
        let (mut found, mut more) = (std::collections::VecDeque::new(), false);
        for entry in browser.select(self.gemeente, self.from) {
            let entry = entry.map_err(LedgerError::from)?;
            let end = self.until.and_then(|until| until.checked_add(CLOCK_SLACK).ok());
            if end.is_some_and(|end| entry.time >= end) {
                break;
            }
            let view = view::audit(&entry).map_err(|error| Failure::new(format!("{}: {error}", entry.id)))?;
            let Some(view) = view.filter(|view| self.wants(entry.id.chain, view)) else { continue };
            found.push_back(view);
            if found.len() > self.limit {
                more |= found.pop_front().is_some();
            }
        }
        Ok((found.into(), more))
    }

    fn wants(&self, chain: Chain, view: &AuditView) -> bool {
        let kind = match self.only {
            None => true,
            Some(Kind::Acts) => view.soort != "inzage",
            Some(Kind::Looks) => view.soort == "inzage",
        };
        kind && self.gemeente.is_none_or(|wanted| wanted == chain)
            && self.from.is_none_or(|from| view.moment >= from)
            && self.until.is_none_or(|until| view.moment < until)
            && self.who.as_ref().is_none_or(|who| view.wie.contains(who))
            && self
                .about
                .as_ref()
                .is_none_or(|about| view.over.as_ref() == Some(about) || view.berichten.contains(about))
    }
}
