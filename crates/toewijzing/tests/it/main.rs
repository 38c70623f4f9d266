//! Tests of the machine from outside.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs, reason = "test code")]

mod assignment;
mod cak;
mod cak_histories;
mod cak_rows;
mod deadline_rows;
mod deadlines;
mod decisions;
mod delivery;
mod eb_rows;
mod eb_statements;
mod guards;
mod model;
mod own_contribution;
mod policy;
mod records;
mod reference;
mod requests;
mod rules;
mod support;
mod tables;
mod warnings;
mod whole;
mod whole_requests;
