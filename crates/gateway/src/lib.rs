//! The gateway: exchange, journal, ledger, backoffice API and the program `iwmo`.

pub mod backoffice;
pub mod config;
pub mod engine;
pub mod exchange;
pub mod journal;
pub mod listener;
pub mod ops;
pub mod outbox;
pub mod pki;
pub mod problem;
pub mod store;
