//! The engine without its thread: whoever holds it decides when a round is done, and when the process dies.

use std::sync::Arc;

use iwmo_codec::Schemas;

use super::inbox::Found;
use super::worker::Worker;
use super::{Engine, EngineError, Settings};
use crate::clock::Clock;
use crate::journal::FileJournal;
use crate::store::Ledger;

/// The loop and the stages beside it, driven by hand; the rounds are those of the thread. Dropping it is what `kill -9` does.
pub(crate) struct Stepped(Worker);

/// What came of a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// There was nothing to do.
    Idle,
    /// A round was done.
    Done,
    /// The loop has ended, by a stop or because it cannot go on.
    Ended,
}

impl Stepped {
    /// Begins on a journal and the ledger that it gives.
    pub(crate) fn begin(
        journal: FileJournal,
        ledger: Arc<Ledger>,
        settings: Settings,
        schemas: Schemas,
        clock: Arc<dyn Clock>,
    ) -> Result<(Engine, Self), EngineError> {
        let (engine, mut worker) = Engine::begin(journal, ledger, settings, schemas, clock)?;
        match worker.enter() {
            true => Ok((engine, Self(worker))),
            false => Err(EngineError::Append("the ledger does not take rows".to_owned())),
        }
    }

    /// Does the round that the thread would do now.
    pub(crate) fn turn(&mut self) -> Turn {
        let first = match self.0.jobs.look() {
            Found::Job(job) => Some(job),
            Found::End => return Turn::Ended,
            Found::Nothing if self.0.waits_for_room() || !self.0.has_more() => return Turn::Idle,
            Found::Nothing => {
                self.0.going.go_on();
                None
            }
        };
        if self.0.round(first) { Turn::Ended } else { Turn::Done }
    }

    /// Lets a batch that was handed over be encoded, as the thread beside the loop does. Returns whether there was one.
    pub(crate) fn encode(&mut self) -> bool {
        self.0.pipeline.encode_next()
    }

    /// Lets a batch that is encoded be written and answered, as another thread does. Returns whether there was one.
    pub(crate) fn write(&mut self) -> bool {
        self.0.pipeline.write_next()
    }

    /// Returns how many batches were handed over whose fate is not known.
    pub(crate) fn under_way(&self) -> u64 {
        self.0.pipeline.under_way()
    }

    /// Returns whether the thread would now wait before it goes on with the daily run.
    pub(crate) fn pauses(&self) -> bool {
        self.0.going.pauses()
    }
}
