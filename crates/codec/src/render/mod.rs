//! Reports as people and programs read them: text with source lines, JSON, SARIF.
//!
//! Pure functions from a report to a string. What may be personal is masked unless the caller asks for it:
//! the text of source lines as much as offending values.

mod json;
mod mask;
mod sarif;
mod text;

pub use json::json;
pub use sarif::sarif;
pub use text::text;

use crate::report::Lang;

/// How a report is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// The language of what people read.
    pub lang: Lang,
    /// Colours, for a terminal.
    pub color: bool,
    /// Shows values and text that may be personal.
    pub personal_data: bool,
}

/// A document that was judged.
#[derive(Clone, Copy, Debug)]
pub struct Source<'t> {
    /// Its name, as the reader knows it.
    pub file: &'t str,
    /// Its bytes.
    pub xml: &'t [u8],
}
