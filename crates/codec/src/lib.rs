//! Parses, validates and writes the messages of the iStandaarden iWmo and iEb.

pub mod render;
mod report;
mod schema;
mod validate;
mod xml;

pub use report::{DIAGNOSTICS_MAX, Diagnostic, Lang, Position, Private, Report, Severity, Stage, Text};
pub use schema::{SchemaError, SchemaProblem, SchemaSource, Schemas};
pub use validate::locate;

#[cfg(test)]
mod testing;
