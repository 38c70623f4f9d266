//! Reads XML Schema 1.0 into tables that the validator walks over.
//!
//! Known constructs: `schema`, `import`, `include`, `annotation`, global `element`, named and inline
//! `complexType` with `sequence` and `choice` (nested, with occurs) and `attribute`, `element` by reference,
//! `simpleType` with `restriction` and all facets, `simpleContent` with an `extension` that adds attributes,
//! and `any`. Any other is refused with its name and line: what is not understood is never ignored.
//!
//! Texts come in as arguments; nothing is read from files or fetched.

mod blocks;
mod builtin;
mod bundled;
mod compile;
mod complex;
mod content;
mod document;
mod error;
mod expected;
mod moment;
mod number;
mod particles;
mod pattern;
mod quick;
mod references;
mod restrict;
mod simple;
mod tables;

use std::sync::{Arc, OnceLock};

pub(crate) use builtin::Builtin;
pub(crate) use bundled::known_message;
pub(crate) use content::{Allowed, Label, Model, Process};
pub use error::{SchemaError, SchemaProblem};
pub(crate) use expected::{Expected, Kind, Word};
pub(crate) use moment::{Calendar, Moment};
pub(crate) use simple::{Bound, FacetFault, SimpleType, normalise};
pub(crate) use tables::{Content, NO_NAMESPACE, Tables, TypeRef, UNKNOWN_NAMESPACE, ValueConstraint};

use crate::xml::Limits;

/// The text of one schema document.
#[derive(Clone, Copy, Debug)]
pub struct SchemaSource<'t> {
    /// Its name, with the folders by which other documents refer to it.
    pub name: &'t str,
    /// Its text.
    pub text: &'t str,
}

/// Compiled schemas, cheap to clone and to share between threads.
#[derive(Clone, Debug)]
pub struct Schemas {
    tables: Arc<Tables>,
    bundled: bool,
    limits: Limits,
}

impl Schemas {
    /// Returns the schemas of iWmo 3.2 and iEb 1.0, compiled on first use.
    ///
    /// # Panics
    ///
    /// Never: a test compiles the same texts.
    #[must_use]
    pub fn bundled() -> Self {
        static BUNDLED: OnceLock<Arc<Tables>> = OnceLock::new();
        let tables = BUNDLED.get_or_init(|| match compile::compile(bundled::SOURCES) {
            Ok(tables) => Arc::new(tables),
            Err(error) => unreachable!("the bundled schemas compile: {error}"),
        });
        Self { tables: Arc::clone(tables), bundled: true, limits: Limits::default() }
    }

    /// Compiles other schemas. Imports and includes are found among the sources by their names.
    ///
    /// # Errors
    ///
    /// The first construct that is not supported, wrong, or leads nowhere, with its place.
    pub fn load(sources: &[SchemaSource<'_>]) -> Result<Self, SchemaError> {
        let tables = compile::compile(sources)?;
        Ok(Self { tables: Arc::new(tables), bundled: false, limits: Limits::default() })
    }

    /// Compiles one schema with those that it imports and includes among the sources; the others are left out.
    ///
    /// # Errors
    ///
    /// As [`Schemas::load`]; also when no source has that name.
    pub fn load_file(name: &str, sources: &[SchemaSource<'_>]) -> Result<Self, SchemaError> {
        let tables = compile::compile_from(name, sources)?;
        Ok(Self { tables: Arc::new(tables), bundled: false, limits: Limits::default() })
    }

    /// Sets how many bytes a message may have; 32 MiB unless told otherwise.
    #[must_use]
    pub fn with_bytes_max(mut self, bytes: usize) -> Self {
        self.limits.bytes = bytes;
        self
    }

    /// Returns whether these are the schemas of [`Self::bundled`], those the typed messages are made from.
    #[must_use]
    pub fn is_bundled(&self) -> bool {
        self.bundled
    }

    /// Returns whether one of these is the schema of a kind of message, as WMO301, of whatever release: the namespace of such
    /// a schema names the kind.
    #[must_use]
    pub fn have(&self, kind: &str) -> bool {
        let namespaces =
            self.tables.globals.keys().filter_map(|at| self.tables.namespaces.get(usize::from(*at)));
        namespaces.into_iter().any(|name| name.split('/').any(|part| part.eq_ignore_ascii_case(kind)))
    }

    pub(crate) fn tables(&self) -> &Tables {
        &self.tables
    }

    pub(crate) fn limits(&self) -> Limits {
        self.limits
    }
}

#[cfg(test)]
mod tests;
