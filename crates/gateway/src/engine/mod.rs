//! What the listeners, the outbox and the store say to each other.
//!
//! The listeners hand messages to an [`Intake`]; the outbox takes what waits from an [`Outgoing`] and
//! reports how each attempt ended. The gateway's own engine implements both; the simulated partners of
//! `iwmo demo` implement [`Intake`] with the behaviour of an aanbieder and of the CAK.

mod api;
pub mod record;

pub use api::*;
