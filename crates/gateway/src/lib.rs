//! The gateway: exchange, journal, ledger, backoffice API and the program `iwmo`.

pub mod backoffice;
pub mod backup;
pub mod cli;
pub mod clock;
pub mod config;
pub mod control;
pub mod daemon;
pub mod demo;
pub mod engine;
pub mod evidence;
pub mod exchange;
pub mod folder;
pub mod ggk;
mod hex;
pub mod journal;
pub mod ledger;
pub mod listener;
pub mod lists;
pub mod metrics;
pub mod ops;
pub mod outbox;
pub mod pki;
pub mod problem;
pub mod record;
pub mod removal;
#[cfg(test)]
mod simulation;
pub mod store;
pub mod traces;
pub mod translate;
pub mod vault;
pub mod view;

/// As in the program.
#[cfg(test)]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
