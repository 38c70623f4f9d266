//! What happens to a message: decide, append, apply, answer.
//!
//! The listeners hand messages to an [`Intake`]; the outbox takes what waits from an [`Outgoing`] and
//! reports how each attempt ended. [`Engine`] implements both. Behind it stands one thread, the only one that
//! judges, so the order in the journal is the order of effects. It takes what has arrived meanwhile as one batch, and one
//! `fdatasync` serves them all; what it decides next builds on that batch, which two other threads encode, write, put into
//! the ledger and answer ([`crate::journal::Pipeline`]).
//!
//! | file | what |
//! | --- | --- |
//! | `api.rs` | the words between listeners, engine and outbox |
//! | `settings.rs`, `policy.rs`, `in_force.rs` | what the engine needs of the configuration, the policy as text, and what of a new one is in force |
//! | `decide/`, `judged.rs`, `answer.rs`, `plan.rs` | from a message to a record: judgement, retour, CAK |
//! | `act.rs` | what somebody decided to change: whether it may be |
//! | `whatif.rs`, `whatif_schemas.rs` | the same decisions under another policy or release, changing nothing |
//! | `inbox.rs`, `rounds.rs`, `worker.rs`, `batch.rs`, `commit.rs` | from jobs to records, from records to the disk and to answers |
//! | `daily.rs`, `settle.rs` | what time asks for, what waited |
//! | `handle.rs`, `outgoing.rs`, `pickup.rs`, `health.rs` | the engine as others see it |
//! | `erase.rs` | removing what is about persons |
//! | `open.rs` | opening a store |

mod act;
mod answer;
mod api;
mod batch;
mod commit;
mod daily;
mod decide;
mod erase;
mod handle;
mod health;
mod in_force;
mod inbox;
mod judged;
mod open;
mod outgoing;
mod pickup;
mod plan;
mod policy;
mod rounds;
mod settings;
mod settle;
#[cfg(test)]
pub(crate) mod stepped;
#[cfg(test)]
pub(crate) mod tests;
mod whatif;
mod whatif_schemas;
mod worker;
mod xsd_versie;

pub use act::{Act, ActError, Acted, Narrowed, narrow};
pub(crate) use act::{Fit, agreed_upon, check_reason, fit, settled};
pub use api::*;
pub(crate) use decide::terzijde::FO01;
pub use erase::{Erase, ErasePersons};
pub use handle::Engine;
pub use health::Health;
pub use judged::{answered, would_answer};
pub use open::{EngineError, Opened};
pub use pickup::{Confirmed, FetchPage, Fetchable, Place};
pub(crate) use plan::{GEMEENTE_STIL, wanted};
pub use policy::{GemeentePolicy, Policy};
pub(crate) use policy::{choices, choices_text};
pub use settings::{GemeenteSettings, Noted, PartnerKind, PartnerSettings, Settings};
pub use whatif::{Different, Looked, What, what_if};
pub use whatif_schemas::what_if_schemas;
