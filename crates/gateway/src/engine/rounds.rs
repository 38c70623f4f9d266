//! The one ordered loop.
//!
//! It decides batch upon batch and hands each over as soon as one is wanted; until then it goes on filling the one it has.
//! What it decided and handed over it goes on from ([`Ahead`](super::commit::Ahead)). When a batch fails, all after it fail, and it goes on from
//! what is durable. What must see the ledger as it is, or changes what the loop judges by, is done alone: with nothing under
//! way before it, and nothing after it until its fate is known.

use std::sync::Arc;
use std::time::Duration;

use crate::engine::batch::{Batch, Open};
use crate::engine::daily::Day;
use crate::engine::in_force::in_force;
use crate::engine::inbox::Found;
use crate::engine::worker::{Job, Worker};
use crate::journal::{Chain, Failed};
use crate::ledger::LedgerError;
use crate::record::{Record, Start};
#[cfg(test)]
use crate::simulation::{Canary, is_broken};

/// How long the daily run waits before it goes on after the journal took nothing.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// Said to who waits for what was decided on top of a batch that was not written.
const NOT_TAKEN: &str = "the journal does not take entries";

/// What became of a batch.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Committed {
    /// Everything is durable and in the ledger.
    Done,
    /// The journal took nothing, and nothing has changed.
    Refused,
    /// The journal has it and the ledger does not: there is no going on.
    Broken,
}

/// What the loop carries from one round to the next.
#[derive(Default)]
pub(super) struct Going {
    day: Option<Day>,
    /// The journal took nothing: the daily run waits a little before it goes on.
    pause: bool,
    /// What is decided and not handed over.
    open: Open,
    /// Counts how often a batch failed: what was decided before that is not what is decided after.
    generation: u64,
}

impl Going {
    /// Returns whether the daily run has work.
    pub(super) fn is_busy(&self) -> bool {
        self.day.is_some()
    }

    /// The wait is over.
    pub(super) fn go_on(&mut self) {
        self.pause = false;
    }

    /// Returns whether the daily run waits before it goes on.
    pub(super) fn pauses(&self) -> bool {
        self.day.is_some() && self.pause
    }
}

impl Worker {
    /// Writes that the gateway started, or went on; the policy it judges under stands in the entry. Nothing is under way.
    pub(super) fn begin(&mut self) -> Result<Committed, LedgerError> {
        let (settings, voorgesteld) = in_force(&self.configured, &*self.ledger, &self.ledger)?;
        self.settings = settings;
        let start = Record::Start(Start {
            versie: env!("CARGO_PKG_VERSION").to_owned(),
            beleid: self.settings.policy_text(),
            voorgesteld,
        });
        self.decide(|worker, batch| {
            let at = batch.next(Chain::NONE, worker.clock.now());
            worker.applier.apply(&mut batch.overlay, &at, &start, None)?;
            batch.push(&at, start)
        })?;
        Ok(self.flush())
    }

    /// Runs until told to stop, until nobody can ask anything any more, or until the ledger fails.
    pub(super) fn run(mut self) {
        if !self.enter() {
            return self.refuse_waiting();
        }
        while let Some(first) = self.next() {
            if self.round(first) {
                return;
            }
        }
        self.flush();
    }

    /// Looks at what waited when the process before this one ended. False when the loop cannot go on.
    pub(super) fn enter(&mut self) -> bool {
        self.settle_all() != Committed::Broken
    }

    /// Does one round: a job and what else has arrived. True when it was the last.
    pub(super) fn round(&mut self, first: Option<Job>) -> bool {
        if self.look() {
            self.refuse_waiting();
            return true;
        }
        if matches!(first, Some(Job::Due)) && self.health.reason().is_some() && self.resume() {
            self.refuse_waiting();
            return true;
        }
        let mut day = self.going.day.take();
        let (mut stop, mut alone, mut before) = (false, None, None);
        self.decide(|worker, batch| {
            let mut job = first;
            loop {
                match job.take() {
                    Some(job) if job.is_alone() => alone = Some(job),
                    Some(job) => stop = worker.take(job, batch, &mut day),
                    None => {}
                }
                if stop || alone.is_some() || batch.is_full() || worker.pipeline.wants(batch.len()) {
                    break;
                }
                let Found::Job(next) = worker.jobs.look() else { break };
                job = Some(next);
            }
            before.clone_from(&day);
            // The run goes on with a batch that is handed over at once.
            if !stop && !worker.going.pause && worker.pipeline.has_room() {
                let Some(run) = day.take() else { return };
                day = worker.day(&run, batch);
            }
        });
        self.going.day = day;
        self.hand_over(before);
        if let Some(job) = alone
            && self.alone(job)
        {
            self.refuse_waiting();
            return true;
        }
        stop && {
            if self.flush() == Committed::Broken {
                self.refuse_waiting();
            }
            true
        }
    }

    /// Does a job with nothing under way, and waits for what becomes of it. True when the loop cannot go on.
    fn alone(&mut self, job: Job) -> bool {
        if self.flush() == Committed::Broken {
            return true;
        }
        if let Job::Erase(prepared) = job {
            return self.erase(*prepared);
        }
        let before = (Arc::clone(&self.settings), Arc::clone(&self.configured));
        let mut day = self.going.day.take();
        self.decide(|worker, batch| worker.take(job, batch, &mut day));
        self.going.day = day;
        let committed = self.flush();
        if committed == Committed::Refused {
            // The journal does not say that they changed.
            (self.settings, self.configured) = before;
        }
        committed == Committed::Broken
    }

    /// Adds decisions to the batch that is open.
    pub(super) fn decide<T>(&mut self, decide: impl FnOnce(&mut Self, &mut Batch<'_>) -> T) -> T {
        let (ledger, vault) = (Arc::clone(&self.ledger), self.vault.clone());
        let (ahead, open) = (Arc::clone(&self.ahead), std::mem::take(&mut self.going.open));
        let mut batch = Batch::resume(&ledger, &ahead, vault.as_deref(), open);
        let decided = decide(self, &mut batch);
        self.going.open = batch.suspend();
        decided
    }

    /// Throws away what was decided and not handed over; nobody waits for it.
    pub(super) fn forget(&mut self) {
        self.going.open = Open::default();
    }

    /// Hands the open batch over, if it is taken now; `day` is how far the daily run was before it.
    fn hand_over(&mut self, day: Option<Day>) {
        if !self.pipeline.has_room() {
            return;
        }
        let open = std::mem::take(&mut self.going.open);
        if open.is_empty() {
            return;
        }
        #[cfg(test)]
        let open = open.broken();
        let (pipeline, generation) = (&mut self.pipeline, self.going.generation);
        Arc::make_mut(&mut self.ahead).add(
            open,
            Arc::clone(&self.ledger),
            self.vault.clone(),
            day,
            |decided| pipeline.give(generation, decided),
        );
    }

    /// Makes everything durable that is decided, and waits for it.
    pub(super) fn flush(&mut self) -> Committed {
        let generation = self.going.generation;
        self.pipeline.wait_for_room();
        let day = self.going.day.clone();
        self.hand_over(day);
        self.pipeline.drain();
        match self.look() {
            true => Committed::Broken,
            false if self.going.generation != generation => Committed::Refused,
            false => Committed::Done,
        }
    }

    /// Looks at what became of what was handed over. True when the loop cannot go on.
    fn look(&mut self) -> bool {
        let seen = self.pipeline.look();
        if let Some(failed) = seen.failed.filter(|failed| failed.generation == self.going.generation) {
            self.begin_anew(failed);
        }
        if Arc::make_mut(&mut self.ahead).done(seen.done) {
            self.going.pause = false;
        }
        seen.over
    }

    /// Returns whether a batch was not written that was decided since this was asked last.
    fn has_failed(&self) -> bool {
        self.pipeline.look().failed.is_some_and(|failed| failed.generation == self.going.generation)
    }

    /// A batch was not written: what was decided after it may rest on it.
    fn begin_anew(&mut self, failed: Failed) {
        let Going { day, pause, open, generation } = &mut self.going;
        *generation += 1;
        #[cfg(test)]
        if is_broken(Canary::KeepsTheForlorn) {
            open.writes = self.ahead.forlorn(failed.number);
            Arc::make_mut(&mut self.ahead).fail(failed.number);
            return;
        }
        std::mem::take(open).fail(&self.health.reason().unwrap_or_else(|| NOT_TAKEN.to_owned()));
        // The persons of these batches were not planned for: the run goes back to them.
        *day = Day::before(Arc::make_mut(&mut self.ahead).fail(failed.number), day.take());
        *pause = true;
    }

    /// Waits for something to do, unless the daily run has work. Nothing: nobody can ask anything any more.
    fn next(&mut self) -> Option<Option<Job>> {
        let waits = self.waits_for_room();
        // The daily run goes back to whom it planned for in a batch that fails.
        if waits || self.ahead.has_run() {
            self.jobs.listen();
            // What was concluded before this was not heard.
            if (waits && self.pipeline.has_room()) || self.has_failed() {
                return Some(None);
            }
        }
        if waits && self.going.open.is_full() {
            self.pipeline.wait_for_room();
            return Some(None);
        }
        let found = match self.going.is_busy() && !waits {
            false => self.jobs.wait(None),
            true => self.jobs.wait(Some(if self.going.pauses() { RETRY_PAUSE } else { Duration::ZERO })),
        };
        match found {
            Found::Job(job) => Some(Some(job)),
            Found::Nothing => {
                self.going.go_on();
                Some(None)
            }
            Found::End => None,
        }
    }

    /// Returns whether there is something that can go on once a batch is taken.
    pub(super) fn waits_for_room(&self) -> bool {
        (!self.going.open.is_empty() || self.going.is_busy()) && !self.pipeline.has_room()
    }

    /// Returns whether there is something to do without a job.
    #[cfg(test)]
    pub(super) fn has_more(&self) -> bool {
        !self.going.open.is_empty() || self.going.is_busy()
    }

    /// Looks whether the journal takes entries again. The entry that shows it tells when the gateway went on. True when
    /// the loop cannot go on.
    fn resume(&mut self) -> bool {
        if self.flush() == Committed::Broken {
            return true;
        }
        match self.begin() {
            Ok(Committed::Done) => {
                self.health.set(None);
                tracing::info!(code = "JournalResumed", "The journal takes entries again.");
                false
            }
            Ok(committed) => committed == Committed::Broken,
            Err(_) => {
                self.forget();
                false
            }
        }
    }
}
