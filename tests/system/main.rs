//! The whole system: the real program as processes of its own, real TLS, real certificates, ports that the
//! system chooses. Few tests, each about what only the whole can show; the rest is tested in the crates.
//!
//! | file | what |
//! | --- | --- |
//! | `harness/` | folders, certificates, the daemon, callers, partners that receive, messages |
//! | `demo.rs` | `iwmo demo`, and that the other commands agree with it |
//! | `official.rs` | the official samples, through the commands and through a running daemon |
//! | `asked.rs` | requests, declarations and messages that come too early |
//! | `refused.rs`, `tls.rs`, `repeated.rs` | bad input to a running daemon: a clear answer, nothing changed |
//! | `odd_callers.rs`, `odd_peers.rs` | callers and partners that break off, reset, trickle and stall |
//! | `confined.rs` | with the system calls of the systemd unit, and as a user of its own |
//! | `startup.rs` | what keeps a daemon from starting, and configurations with mistakes |
//! | `durability.rs` | `kill -9` in a burst, and partners that are down |
//! | `monitoring.rs` | what dashboard and alerts ask for is exposed |
//! | `full_disk.rs` | a disk that is full for a while |
//! | `stuf.rs` | envelopes of the GGk, and `kill -9` around their acknowledgement |
//! | `privacy.rs` | no personal data in logs, errors and names |
//! | `reading.rs` | reading commands beside a running daemon |
//! | `reload.rs` | a new configuration for a running daemon |
//! | `partner.rs`, `region.rs` | partners by command; several gemeenten in one gateway |
//! | `revoked.rs`, `systems.rs` | certificates that were taken back, and those that open the backoffice |
//! | `removal.rs` | removing what is about a person, evidence, and sending again, beside a running daemon |
//! | `acts.rs`, `audit.rs` | the operator changes what waits; who did and saw what |
//! | `traces.rs` | what a collector of traces gets |
//! | `walkthrough.rs` | the pages that begin from nothing, run as they stand |
//! | `cli.rs`, `reference.rs` | exit codes and forms of output; the reference text of the commands |
#![allow(clippy::unwrap_used, clippy::print_stderr, missing_docs, reason = "test code")]

mod acts;
mod asked;
mod audit;
mod cli;
mod confined;
mod demo;
mod durability;
mod full_disk;
mod harness;
mod lost;
mod monitoring;
mod odd_callers;
mod odd_peers;
mod official;
mod partner;
mod privacy;
mod reading;
mod reference;
mod refused;
mod region;
mod reload;
mod removal;
mod repeated;
mod revoked;
mod startup;
mod stuf;
mod systems;
mod tls;
mod traces;
mod walkthrough;
