//! Where the core itself asks the simulation something: for chance, and whether it is to be broken.
//!
//! Both are compiled for tests only, and both hold for one thread: other tests in the process see nothing of them.

use std::cell::{Cell, RefCell};
use std::sync::Once;

use super::random::Random;

/// A way in which the core can be broken on purpose, to show that the simulation sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Canary {
    /// An answer leaves before the entry is on the disk.
    AnswersFirst,
    /// What was decided on top of a batch that was not written is answered as if it had been.
    AnswersTheForlorn,
    /// The outcome of a delivery is applied to the ledger and not written into the journal.
    DeliveryOutsideTheJournal,
    /// What was received before is not recognised.
    ForgetsReceipts,
    /// What is left to a person is not said.
    ForgetsTasks,
    /// What a batch that was not written would have put into the ledger stays.
    KeepsTheForlorn,
    /// The key of a person is not destroyed, although the removal is recorded.
    KeepsTheKey,
    /// A failed attempt to deliver is taken for a success.
    LosesOutgoing,
    /// A start is told without its price.
    LosesThePrice,
    /// A message is sent while an older one with its key is under way.
    OvertakesItsKey,
    /// A retour of the CAK is kept and has no effect.
    IgnoresTheCak,
    /// What a start finds in the journal is taken for durable.
    TrustsWhatItFinds,
    /// Who has another BSN is told of under it while the CAK has them under the wrong one.
    TwoBsns,
}

impl Canary {
    pub(super) const ALL: [Self; 13] = [
        Self::AnswersFirst,
        Self::AnswersTheForlorn,
        Self::DeliveryOutsideTheJournal,
        Self::ForgetsReceipts,
        Self::ForgetsTasks,
        Self::IgnoresTheCak,
        Self::KeepsTheForlorn,
        Self::KeepsTheKey,
        Self::LosesOutgoing,
        Self::LosesThePrice,
        Self::OvertakesItsKey,
        Self::TrustsWhatItFinds,
        Self::TwoBsns,
    ];
}

thread_local! {
    static BROKEN: Cell<Option<Canary>> = const { Cell::new(None) };
    static LOTS: RefCell<Option<Random>> = const { RefCell::new(None) };
    static PANICS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Makes panics known that something catches: the engine's guard around a decision, the runtime around a task.
fn listen_for_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if LOTS.with_borrow(Option::is_some) {
                PANICS.with_borrow_mut(|panics| panics.push(info.to_string()));
            } else {
                before(info);
            }
        }));
    });
}

/// Returns whether the core on this thread is to be broken in this way.
pub(crate) fn is_broken(how: Canary) -> bool {
    BROKEN.get() == Some(how)
}

/// Draws a share from 0 to 1 on a thread that runs a simulation.
pub(crate) fn lot() -> Option<f64> {
    LOTS.with_borrow_mut(|lots| lots.as_mut().map(Random::share))
}

/// Breaks the core on this thread, until it is dropped.
pub(crate) struct Broken(());

impl Broken {
    pub(crate) fn begin(how: Canary) -> Self {
        BROKEN.set(Some(how));
        Self(())
    }
}

impl Drop for Broken {
    fn drop(&mut self) {
        BROKEN.set(None);
    }
}

/// Makes this thread one that runs a simulation, until it is dropped.
pub(super) struct Simulated(());

impl Simulated {
    pub(super) fn begin(seed: u64, broken: Option<Canary>) -> Self {
        listen_for_panics();
        PANICS.take();
        BROKEN.set(broken);
        LOTS.set(Some(Random::new(seed ^ 0x10)));
        Self(())
    }

    /// Returns the panics so far.
    pub(super) fn panics(&self) -> Vec<String> {
        PANICS.take()
    }
}

impl Drop for Simulated {
    fn drop(&mut self) {
        BROKEN.set(None);
        LOTS.set(None);
    }
}
