//! What waits for the loop: jobs from any thread, and the news that a batch is on the disk.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::worker::Job;

/// Jobs that may wait for the loop; more are told to come back later.
pub(super) const JOBS_MAX: usize = 1024;

/// Why a job is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotTaken {
    /// Too many wait already.
    Full,
    /// The loop has ended.
    Ended,
}

/// Where jobs are handed in. When the last clone is gone, nobody can ask anything any more.
pub(super) struct Slot(Arc<Shared>);

/// Where the loop takes them.
pub(super) struct Inbox(Arc<Shared>);

/// Wakes the loop if it waits for a batch; does not count among who can ask something.
pub(super) struct Bell(Arc<Shared>);

/// What the loop finds.
#[expect(clippy::large_enum_variant, reason = "it is taken apart where it is found")]
pub(super) enum Found {
    /// A job.
    Job(Job),
    /// Nothing, but the bell has rung, or the time is over.
    Nothing,
    /// Nothing, and nothing will come.
    End,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    arrived: Condvar,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    slots: usize,
    ended: bool,
    /// The loop waits.
    waits: bool,
    /// It waits for the bell too, and whether that has rung.
    listens: bool,
    rung: bool,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it changes it half.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns both ends.
pub(super) fn inbox() -> (Slot, Inbox) {
    let shared = Arc::<Shared>::default();
    shared.state().slots = 1;
    (Slot(Arc::clone(&shared)), Inbox(shared))
}

impl Slot {
    /// Hands a job in.
    pub(super) fn try_send(&self, job: Job) -> Result<(), NotTaken> {
        self.send_up_to(JOBS_MAX, job)
    }

    /// Hands a job in, however many there are.
    pub(super) fn send(&self, job: Job) -> Result<(), NotTaken> {
        self.send_up_to(usize::MAX, job)
    }

    fn send_up_to(&self, most: usize, job: Job) -> Result<(), NotTaken> {
        let mut state = self.0.state();
        if state.ended {
            return Err(NotTaken::Ended);
        }
        if state.jobs.len() >= most {
            return Err(NotTaken::Full);
        }
        state.jobs.push_back(job);
        let waits = std::mem::take(&mut state.waits);
        drop(state);
        if waits {
            self.0.arrived.notify_one();
        }
        Ok(())
    }
}

impl Clone for Slot {
    fn clone(&self) -> Self {
        self.0.state().slots += 1;
        Self(Arc::clone(&self.0))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.slots -= 1;
        let last = state.slots == 0;
        drop(state);
        if last {
            self.0.arrived.notify_one();
        }
    }
}

impl Inbox {
    pub(super) fn bell(&self) -> Bell {
        Bell(Arc::clone(&self.0))
    }

    /// From now on the bell is heard, until the next look that finds something.
    pub(super) fn listen(&self) {
        self.0.state().listens = true;
    }

    /// Returns what is there now.
    pub(super) fn look(&self) -> Found {
        self.0.state().take().unwrap_or(Found::Nothing)
    }

    /// Waits for a job, for the bell if that is listened to, or until a time is over.
    pub(super) fn wait(&self, most: Option<Duration>) -> Found {
        let end = most.and_then(|most| Instant::now().checked_add(most));
        let mut state = self.0.state();
        loop {
            if let Some(found) = state.take() {
                return found;
            }
            let left = end.map(|end| end.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                state.listens = false;
                return Found::Nothing;
            }
            state.waits = true;
            state = match left {
                None => self.0.arrived.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(left) => {
                    self.0.arrived.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }
}

impl State {
    fn take(&mut self) -> Option<Found> {
        let found = match self.jobs.pop_front() {
            Some(job) => Found::Job(job),
            None if std::mem::take(&mut self.rung) => Found::Nothing,
            None if self.slots == 0 => Found::End,
            None => return None,
        };
        (self.listens, self.rung, self.waits) = (false, false, false);
        Some(found)
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.ended = true;
        // Whoever waits for an answer hears that there will be none.
        let jobs = std::mem::take(&mut state.jobs);
        drop(state);
        drop(jobs);
    }
}

impl Bell {
    pub(super) fn ring(&self) {
        let mut state = self.0.state();
        if !std::mem::take(&mut state.listens) {
            return;
        }
        state.rung = true;
        let waits = std::mem::take(&mut state.waits);
        drop(state);
        if waits {
            self.0.arrived.notify_one();
        }
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_inbox_takes_only_a_stop_and_one_that_ended_nothing() {
        let (slot, inbox) = inbox();
        for _ in 0..JOBS_MAX {
            slot.try_send(Job::Due).unwrap();
        }
        assert_eq!(slot.try_send(Job::Due), Err(NotTaken::Full));
        slot.send(Job::Stop).unwrap();
        for _ in 0..JOBS_MAX {
            assert!(matches!(inbox.look(), Found::Job(Job::Due)));
        }
        assert!(matches!(inbox.wait(None), Found::Job(Job::Stop)));
        assert!(matches!(inbox.look(), Found::Nothing));
        drop(inbox);
        assert_eq!(slot.try_send(Job::Due), Err(NotTaken::Ended));
        assert_eq!(slot.send(Job::Stop), Err(NotTaken::Ended));
    }

    #[test]
    fn the_bell_is_heard_by_who_listens_and_the_last_slot_ends_the_wait() {
        let (slot, inbox) = inbox();
        let bell = inbox.bell();
        bell.ring();
        assert!(matches!(inbox.wait(Some(Duration::from_millis(1))), Found::Nothing), "nobody listened");
        inbox.listen();
        bell.ring();
        assert!(matches!(inbox.wait(None), Found::Nothing), "it has rung");
        let other = slot.clone();
        drop(slot);
        std::thread::scope(|scope| {
            let waits = scope.spawn(|| inbox.wait(None));
            drop(other);
            assert!(matches!(waits.join().unwrap(), Found::End));
        });
    }
}
