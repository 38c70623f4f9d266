//! Parses, validates and writes the messages of the iStandaarden iWmo and iEb.

mod private;
mod report;

pub use private::Private;
pub use report::{Diagnostic, Report, Severity, Stage};
