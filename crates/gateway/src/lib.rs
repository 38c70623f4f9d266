//! The gateway: exchange, journal, ledger, backoffice API and the program `iwmo`.

pub mod engine;
pub mod journal;
pub mod store;
