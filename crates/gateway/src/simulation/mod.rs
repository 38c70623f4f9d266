//! The gateway's core in a world that is made of one seed.
//!
//! What runs is what the daemon runs: the journal, the ledger, the engine's rounds, the outbox's tasks and the
//! daily run. What is made up is what lies around it: the disk, the clock, the network, the aanbieders, the CAK and
//! the backoffice. Everything happens on one thread in driven time, and everything that happens by chance comes
//! from the seed, so the same seed gives the same run. `docs/proofs.md` says what this shows and what it does not.
//!
//! | file | what |
//! | --- | --- |
//! | `random.rs`, `clock.rs`, `hooks.rs` | chance, time, and where the core asks for them |
//! | `messages.rs` | what partners write |
//! | `world.rs` | the shared state of a run, and its trace |
//! | `gateway.rs` | the gateway: started, killed, started again |
//! | `network.rs` | what becomes of a message on its way, both ways |
//! | `peers.rs`, `cak.rs` | what partners do with what they get |
//! | `script.rs` | what gemeente and aanbieders set out to do |
//! | `asked.rs` | requests, answers and declarations |
//! | `operator.rs`, `removal.rs` | what operators do: hold, release, send again; remove a person |
//! | `stated.rs` | what the backoffice states about persons |
//! | `faults.rs` | what goes wrong, and when |
//! | `check.rs`, `contribution.rs` | what must hold at the end |
//! | `expected.rs`, `prices.rs` | what the CAK must hold, reckoned slowly |
//! | `lists.rs` | the lists of deadlines and work |
//! | `run.rs` | one seed from beginning to end |

mod asked;
mod cak;
mod check;
mod clock;
mod contribution;
mod expected;
mod faults;
mod gateway;
mod hooks;
mod lists;
mod messages;
mod network;
mod operator;
mod peers;
mod prices;
mod random;
mod removal;
mod run;
mod script;
mod stated;
mod tests;
mod world;

pub(crate) use hooks::{Broken, Canary, is_broken, lot};
pub(crate) use random::Random;
