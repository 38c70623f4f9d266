//! Retour messages: making one, reading one, and finding the heenbericht it answers
//! (header-and-identification.md, sections 4 and 5).

mod build;
mod copy;
mod view;

pub use build::{RetourError, Uitspraak, Verdict, XsdVersies, retour};
pub use view::{HeenKey, Klasse, Oordeel, RetourView, judged_classes};

#[cfg(test)]
mod tests;
