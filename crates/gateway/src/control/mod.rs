//! The control socket: how commands reach the daemon that holds the store.
//!
//! `DATA/control.sock` is a Unix socket of mode 0600. Who connects is who the system says (`SO_PEERCRED`), and must be
//! the gateway's own user or root.
//!
//! Limits: [`CONNECTIONS_MAX`] connections, [`LINE_BYTES_MAX`] bytes a line, [`IDLE`] of silence.
//!
//! Layout: each line is a JSON object. The client sends a [`Request`] a line; the answer is any number of lines
//! `{"rij":…}` and then one line `{"klaar":…}` or `{"fout":{"melding":…,"advies":…}}`. Requests of one connection are
//! answered in order.
//!
//! A change is planned from the rows as they are ([`Change::plan`]), which is its preview, and performed act by act
//! ([`perform`]), each of which the engine judges again. A command does the same without a daemon, on the store that it
//! then opens itself.

mod client;
mod opgave;
mod outbox;
mod partner;
mod rows;
mod server;
mod who;
mod work;

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::engine::{Act, ActError, Engine, Settings};
use crate::journal::Chain;
use crate::ledger::LedgerError;
use crate::record::{Blik, Wat, Wie};
use crate::removal::Opdracht;
use crate::store::Ledger;
use crate::view::Words;

pub use client::{Client, ClientError};
pub use opgave::{CakChange, CakVerb, OpgaveChange};
pub use outbox::{OutboxChange, OutboxVerb};
pub use partner::{PartnerChange, PartnerVerb};
pub use server::Control;
pub use who::{operator, operator_of, own_uid};
pub use work::{WorkChange, WorkVerb};

/// Name of the socket in the data folder.
pub const SOCKET: &str = "control.sock";

/// Most bytes of a line, either way.
pub const LINE_BYTES_MAX: usize = 1 << 20;

/// Most connections at once.
pub const CONNECTIONS_MAX: usize = 16;

/// Silence after which a connection is closed.
pub const IDLE: Duration = Duration::from_secs(30);

/// What a command asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verzoek", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// What would this change? Answered with a [`Report`].
    Plan {
        /// The change.
        wijziging: Change,
    },
    /// Change it. Answered with a [`Report`].
    Perform {
        /// The change.
        wijziging: Change,
        /// Why.
        reden: String,
        /// Who became this user with sudo, by what sudo says.
        namens: Option<String>,
    },
    /// What would this removal come to? Answered with a [`crate::removal::Verslag`].
    PlanRemoval {
        /// What is asked.
        opdracht: Opdracht,
    },
    /// Remove it. Answered with a [`crate::removal::Verslag`], and before that a row every few seconds.
    PerformRemoval {
        /// What is asked.
        opdracht: Opdracht,
        /// Why.
        reden: String,
        /// Who became this user with sudo, by what sudo says.
        namens: Option<String>,
    },
    /// Read the configuration again and put it in force. Each mistake is a row, a
    /// [`crate::config::MistakeView`]; answered with a [`ReloadReport`].
    Reload {
        /// Only say what would change.
        proef: bool,
        /// The file that is meant, if one is; another than the gateway reads is refused.
        #[serde(default)]
        bestand: Option<PathBuf>,
        /// Why.
        reden: Option<String>,
        /// Who became this user with sudo, by what sudo says.
        namens: Option<String>,
    },
    /// Let me read the rows of the ledger as they are now. Answered with their format, and from there on the connection
    /// carries questions of [`Ledger::beside`](crate::store::Ledger::beside) and answers to them, each with its length (u32,
    /// little-endian) before it.
    Rows,
    /// This is about to be shown. Answered with how many were recorded.
    Look {
        /// What.
        blikken: Vec<Look>,
        /// Who became this user with sudo, by what sudo says.
        namens: Option<String>,
    },
}

/// A look that a command tells of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Look {
    /// The chain it belongs in, as `0222`.
    pub keten: String,
    /// At what.
    pub wat: Blik,
}

/// Something to be changed, as it was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Change {
    /// Outgoing messages.
    Uitgaand(OutboxChange),
    /// Sending to a partner as a whole.
    Partner(PartnerChange),
    /// Work.
    Werk(WorkChange),
    /// What the backoffice states about a person.
    Opgave(Box<OpgaveChange>),
    /// Whether the CAK is told about a gemeente.
    Cak(CakChange),
}

/// The acts that a change comes to, and what they would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The acts with their chains, in order.
    pub acts: Vec<(Chain, Wat)>,
    /// What they do.
    pub summary: Summary,
}

/// What a change does or did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// How many things it changes.
    pub aantal: u64,
    /// How many were so already.
    pub ongewijzigd: u64,
    /// What it changes, grouped.
    pub groepen: Vec<Groep>,
    /// What to know before.
    pub waarschuwingen: Vec<Words>,
}

/// Things of one sort.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Groep {
    /// To or of which partner.
    pub partner: String,
    /// Of which kind, as `WMO306`; none: the partner as a whole.
    pub bericht: Option<String>,
    /// Where they stand now.
    pub stand: String,
    /// How many.
    pub aantal: u64,
}

/// The answer to a change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Whether it was done, and not only shown.
    pub uitgevoerd: bool,
    /// What it does or did.
    #[serde(flatten)]
    pub summary: Summary,
    /// The journal entries that record it.
    pub handelingen: Vec<String>,
}

/// What a new configuration changes or changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReloadReport {
    /// Whether it is in force, and not only checked.
    pub uitgevoerd: bool,
    /// What changes, a line each.
    pub wat: Vec<String>,
    /// What to know about it.
    pub let_op: Vec<String>,
}

/// Why a request was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{melding}")]
pub struct Refused {
    /// One line, without personal data.
    pub melding: String,
    /// What to do about it.
    pub advies: Option<String>,
}

impl Refused {
    /// A refusal without advice.
    pub fn new(melding: impl Into<String>) -> Self {
        Self { melding: melding.into(), advies: None }
    }

    /// Adds what to do.
    #[must_use]
    pub fn advice(mut self, advies: impl Into<String>) -> Self {
        self.advies = Some(advies.into());
        self
    }
}

impl From<ActError> for Refused {
    fn from(error: ActError) -> Self {
        let refused = Self::new(error.to_string());
        match error {
            ActError::Unfit { .. } | ActError::NoMessage(_) => {
                refused.advice("nothing was changed; `iwmo outbox list --all` shows how each message stands")
            }
            ActError::Answered(_) => refused.advice(
                "nothing was changed; name the others apart, as GEMEENTE:SEQ/N. `iwmo cak show` says what the CAK has",
            ),
            _ => refused,
        }
    }
}

impl From<LedgerError> for Refused {
    fn from(error: LedgerError) -> Self {
        Self::new(error.to_string())
    }
}

impl Change {
    /// Plans the change on the rows as they are, under these settings, changing nothing.
    ///
    /// # Errors
    ///
    /// It cannot be done, or the store cannot be read.
    pub fn plan(&self, ledger: &Ledger, settings: &Settings) -> Result<Plan, Refused> {
        match self {
            Self::Uitgaand(change) => change.plan(ledger),
            Self::Partner(change) => change.plan(ledger),
            Self::Werk(change) => change.plan(ledger, settings),
            Self::Opgave(change) => change.plan(ledger, settings),
            Self::Cak(change) => change.plan(ledger, settings),
        }
    }
}

/// Plans a change and makes its acts, in order. Each act is judged again and durable before the next.
///
/// # Errors
///
/// The change cannot be done; when some of its acts were done before one failed, the refusal names their entries.
pub async fn perform(engine: &Engine, wie: &Wie, reden: &str, change: &Change) -> Result<Report, Refused> {
    let gekozen = matches!(change, Change::Uitgaand(change) if change.berichten.is_empty());
    let (planner, change) = (engine.clone(), change.clone());
    let Plan { acts, mut summary } =
        tokio::task::spawn_blocking(move || change.plan(planner.ledger(), &planner.settings()))
            .await
            .map_err(|_| Refused::new("a fault of the gateway: the change could not be planned"))??;
    let mut handelingen: Vec<String> = Vec::new();
    let mut aantal = 0;
    for (chain, wat) in acts {
        let act = Act { chain, wie: wie.clone(), wat, reden: reden.to_owned(), gekozen, sleutel: None };
        match engine.act(act).await {
            Ok(acted) => {
                aantal += acted.gewijzigd;
                summary.ongewijzigd += acted.ongewijzigd;
                handelingen.extend(acted.entry.map(|entry| entry.to_string()));
            }
            Err(error) if handelingen.is_empty() => return Err(error.into()),
            Err(error) => {
                return Err(Refused::new(format!("{error}; done before that: {}", handelingen.join(", "))));
            }
        }
    }
    summary.aantal = aantal;
    Ok(Report { uitgevoerd: true, summary, handelingen })
}

#[cfg(test)]
mod tests;
