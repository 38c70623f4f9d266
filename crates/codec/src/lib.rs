//! Parses, validates and writes the messages of the iStandaarden iWmo and iEb.

pub mod messages;
mod private;
pub mod render;
mod report;
pub mod retour;
pub mod rules;
mod schema;
pub mod show;
pub mod stuf;
mod validate;
pub mod value;
mod xml;

pub use messages::{Header, JsonError, Message, MessageKind, Release, RetourHeader};
pub use private::Private;
pub use report::{DIAGNOSTICS_MAX, Diagnostic, Lang, Position, Report, Severity, Stage, Text};
pub use schema::{SchemaError, SchemaProblem, SchemaSource, Schemas};
pub use validate::locate;

#[cfg(test)]
mod testing;
