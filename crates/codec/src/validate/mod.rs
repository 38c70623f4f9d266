//! Judges documents by XML and by schema.
//!
//! [`Walk`] goes once over the bytes. It hands declared children to a decoder, in the order of the document,
//! and collects every fault on the way; validation without decoding is the same walk without a listener.
//! Nothing is allocated per element, nothing recurses on the document, and what is refused before it can
//! cost anything is listed in [`crate::xml`].

mod attributes;
mod content;
mod findings;
mod frame;
mod leap;
mod locate;
mod order;
mod personal;
mod place;
mod value;
mod walk;
mod words;

pub use locate::locate;
pub(crate) use walk::Walk;

use crate::report::Report;
use crate::schema::Schemas;

impl Schemas {
    /// Judges a document by XML and by schema; the rules of the standard are not looked at.
    #[must_use]
    pub fn validate_schema(&self, xml: &[u8]) -> Report {
        Walk::new(self, xml).finish()
    }
}

#[cfg(test)]
mod tests;
