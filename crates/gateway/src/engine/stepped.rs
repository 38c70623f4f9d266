//! The engine without its thread: whoever holds it decides when a round is done, and when the process dies.

use std::sync::Arc;
use std::sync::mpsc::TryRecvError;

use iwmo_codec::Schemas;

use super::worker::Worker;
use super::{Engine, EngineError, Settings};
use crate::clock::Clock;
use crate::journal::FileJournal;
use crate::store::Ledger;

/// The loop, driven by hand; the rounds are those of the thread. Dropping it is what `kill -9` does.
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
        let first = match self.0.jobs.try_recv() {
            Ok(job) => Some(job),
            Err(_) if self.0.going.is_busy() => None,
            Err(TryRecvError::Empty) => return Turn::Idle,
            Err(TryRecvError::Disconnected) => return Turn::Ended,
        };
        if self.0.round(first) { Turn::Ended } else { Turn::Done }
    }

    /// Returns whether the thread would now wait before it goes on with the daily run.
    pub(crate) fn pauses(&self) -> bool {
        self.0.going.pauses()
    }
}
