//! Tests of the machine from outside.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs, reason = "test code")]

mod assignment;
mod cak;
mod cak_histories;
mod cak_rows;
mod deadlines;
mod delivery;
mod eb_statements;
mod model;
mod own_contribution;
mod policy;
mod requests;
mod rules;
mod support;
mod tables;
