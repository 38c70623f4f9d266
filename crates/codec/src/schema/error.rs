//! Why a schema cannot be used; always the fault of whoever supplied the schema.

use thiserror::Error;

/// A schema that is refused, and where.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{source_name}:{line}: {problem}")]
pub struct SchemaError {
    /// The name of the [`super::SchemaSource`].
    pub source_name: String,
    /// Line, from 1.
    pub line: u32,
    /// What is wrong.
    pub problem: SchemaProblem,
}

/// What is wrong with a schema.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum SchemaProblem {
    /// The text is not a well-formed document.
    #[error("not well-formed XML: {0}")]
    Xml(String),
    /// A construct that this reader does not know. It never ignores what it does not understand.
    #[error("construct not supported: {0}")]
    Unsupported(String),
    /// A construct that XML Schema itself does not allow.
    #[error("not a valid schema: {0}")]
    Invalid(String),
    /// A name, import or include that leads nowhere.
    #[error("cannot be resolved: {0}")]
    Unresolved(String),
    /// A pattern that is not a regular expression of XML Schema.
    #[error("pattern {pattern:?}: {reason}")]
    Pattern {
        /// The pattern as written.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A schema that would cost too much to use.
    #[error("over a limit: {0}")]
    Limit(String),
}
