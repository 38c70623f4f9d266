//! Parses, validates and writes the messages of the iStandaarden iWmo and iEb.
//!
//! Everything starts with [`Schemas`]: those of iWmo 3.2 (fourteen messages) and iEb 1.0 (four) are part of the
//! crate, others can be loaded. The crate touches no files, no network and no clock: texts come in as arguments.
//!
//! # Is it right?
//!
//! [`Schemas::validate`] judges by XML, by schema and by the rules that need the message alone. A [`Report`] holds
//! everything that is wrong, in the order of the document, each with its line, its path and what was expected.
//!
//! ```
//! use iwmo_codec::{Lang, Schemas, Stage};
//!
//! let xml = include_str!("../../../fixtures/valid/WMO305.xml");
//! let schemas = Schemas::bundled();
//! assert!(schemas.validate(xml.as_bytes()).is_valid());
//!
//! let wrong = xml.replace("<iwmo:Identificatie>D305-0001", "<iwmo:Identificatie>D305-20260310-1");
//! let report = schemas.validate(wrong.as_bytes());
//! assert_eq!((report.message, report.stage()), (Some("WMO305"), Some(Stage::Schema)));
//! let finding = &report.diagnostics[0];
//! assert_eq!(finding.path, "/Bericht/Header/BerichtIdentificatie/Identificatie");
//! assert_eq!(finding.line, 10);
//! assert_eq!(finding.message.get(Lang::En), "Identificatie has more than 12 characters");
//! ```
//!
//! [`render`] turns a report into text with source lines, into JSON, or into SARIF. Values that may be personal are
//! [`Private`]: nothing shows them by accident.
//!
//! # What does it say?
//!
//! [`Schemas::decode`] gives a [`Message`], an enum over the kinds with a struct for each class of the standard, by the
//! standard's own names. [`Message::encode`] writes it back; [`Message::to_json`] and [`Message::from_json`] do the
//! same for JSON.
//!
//! ```
//! use iwmo_codec::{Message, Schemas};
//!
//! let xml = include_bytes!("../../../fixtures/valid/WMO305.xml");
//! let message = Schemas::bundled().decode(xml).expect("the fixture is valid");
//! let Message::Wmo305(bericht) = &message else { panic!("a 305") };
//! let product = &bericht.client.start_producten[0];
//! assert_eq!(product.begindatum.to_string(), "2026-03-10");
//! assert_eq!(message.header().identificatie, "D305-0001");
//! // A BSN prints as a mask, and is shown only where the code says so.
//! assert_eq!(format!("{:?}", bericht.client.bsn), "***");
//!
//! let again = Schemas::bundled().decode(&message.encode()).expect("what is written is valid");
//! assert_eq!(again, message);
//! ```
//!
//! # What is the answer?
//!
//! [`rules::check`] names the rules that a message breaks, each with its retourcode; [`retour`] makes the message that
//! answers it. [`stuf`] holds the envelopes in which messages travel over the GGk.
//!
//! # By other schemas
//!
//! ```
//! use iwmo_codec::{SchemaSource, Schemas};
//!
//! let text = r#"<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
//!   <xs:element name="Dag" type="xs:date"/>
//! </xs:schema>"#;
//! let schemas = Schemas::load(&[SchemaSource { name: "dag.xsd", text }])?;
//! assert!(schemas.validate_schema(b"<Dag>2024-02-29</Dag>").is_valid());
//! assert!(!schemas.validate_schema(b"<Dag>2025-02-29</Dag>").is_valid());
//!
//! // What is not understood is refused by name and line, never ignored.
//! let unknown = text.replace("element name", "notation name");
//! assert!(Schemas::load(&[SchemaSource { name: "dag.xsd", text: &unknown }]).is_err());
//! # Ok::<(), iwmo_codec::SchemaError>(())
//! ```
//!
//! # What it costs
//!
//! One pass over the bytes, linear in their number, with no recursion on the document and no allocation per element.
//! Documents over a limit (32 MiB, 64 elements deep, 32 attributes, 128 namespace declarations) are refused, DOCTYPE
//! always. `cargo bench -p iwmo-codec` compares with libxml2 and quick-xml on your machine.

pub mod ieb_4_0;
pub mod messages;
mod private;
pub mod render;
mod report;
pub mod retour;
pub mod rules;
mod schema;
pub mod show;
pub mod soap;
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
