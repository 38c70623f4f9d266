//! The daily run: what is about persons of whom the term is over is removed.

use jiff::civil::Date;

use super::{Opdracht, perform};
use crate::engine::Engine;
use crate::metrics::REMOVAL_REMOVED_PERSONS;
use crate::record::Wie;

/// Why the gateway removes by itself.
const REASON: &str = "bewaartermijn verstreken (Wmo 2015 art. 5.3.4)";

/// Most goes of a day; what is left over then is for the next.
const GOES_MAX: usize = 100;

/// Removes what is about everybody of whom the term is over.
pub(crate) async fn day(engine: &Engine, today: Date) {
    let order = Opdracht::Verlopen { gemeenten: None };
    for _ in 0..GOES_MAX {
        match perform(engine, &Wie::Gateway, REASON, &order, today).await {
            Ok(report) => {
                let persons: u64 = report.verlopen.iter().map(|one| one.personen).sum();
                if persons == 0 {
                    return;
                }
                REMOVAL_REMOVED_PERSONS.add(&["termijn"], persons);
                tracing::info!(
                    code = "RemovalTermEnded",
                    persons,
                    entries = report.handelingen.join(" "),
                    "The term for keeping is over: what was about persons was removed."
                );
                if !report.verlopen.iter().any(|one| one.meer) {
                    return;
                }
            }
            Err(error) => {
                tracing::error!(code = "RemovalDailyError", %error, "What is to be removed because the term is over was not; it is tried again tomorrow.");
                return;
            }
        }
    }
}
