//! Parses, validates and writes the messages of the iStandaarden iWmo and iEb.

mod report;

pub use report::{Diagnostic, Report, Severity, Stage};
