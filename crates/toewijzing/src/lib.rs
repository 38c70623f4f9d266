//! The life of a Wmo toewijzing and what the CAK must hear of it: pure state machine.
//!
//! A [`Dossier`] holds what one gemeente and one aanbieder have on record about one client. [`judge()`] holds a
//! message ([`Event`]) against it and gives a [`Judgement`]; [`Dossier::apply`] puts a judged message on record,
//! now or in a replay. [`cak`] plans what the CAK must hear. [`deadline`] says what is due from whom, [`calendar`] knows the Dutch working days.
//!
//! Invariant: no clock, randomness, I/O or `async` in this crate; dates, lists and policies come in as values.
//!
//! Invariant: states are derived from records, never stored.
//!
//! Invariant: a message that is not fully approved changes nothing.

pub mod cak;
pub mod calendar;
pub mod compact;
pub mod deadline;
pub mod dossier;
pub mod event;
pub mod identity;
pub mod judge;
pub mod tables;

pub use dossier::Dossier;
pub use event::Event;
pub use judge::{Judgement, Verdict, judge};
