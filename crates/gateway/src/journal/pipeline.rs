//! Group commit as a pipeline: while one batch is written and synced, the next is encoded, and the one after that is
//! decided by whoever feeds it.
//!
//! | stage | does | waits for |
//! | --- | --- | --- |
//! | the feeder | decides what is in a batch | room: so many batches may be under way |
//! | encode | [`Load::encode`]: seals, chains, hashes | nothing |
//! | write | one write, one `fdatasync`, then [`Conclude::conclude`]: who waits is answered | the disk |
//!
//! Batches are written in the order in which they were given, one at a time, and concluded in that order. A batch belongs
//! to a generation. When one is not written, no other of its generation is: whatever was decided after it may rest on it.
//! The feeder hears of it when it [looks](Pipeline::look), forgets what it decided, and goes on under the next generation
//! from what is durable.
//!
//! The stages are threads, or are driven by hand, where a seed says which of them does its next batch.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::ops::ControlFlow;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};

use super::encode::{Encoded, Encoder};
use super::error::AppendError;
use super::file::FileJournal;
use super::words::Tip;

/// Batches that may be under way: one is written, one is encoded, and one waits, so that neither stage has to.
const UNDER_WAY_MAX: u64 = 3;

/// So many entries make a batch that is worth waking the disk for: each batch wakes three threads.
const ENTRIES_AT_ONCE: usize = 8;
/// So many make one that is worth encoding while another is written.
const ENTRIES_AHEAD: usize = 32;

/// What is made durable together.
pub trait Load: Send + 'static {
    /// Gives the encoder what there is. Nothing that is not the disk's may fail here.
    ///
    /// # Errors
    ///
    /// The batch cannot be written.
    fn encode(&mut self, encoder: &mut Encoder) -> Result<Encoded, AppendError>;
}

/// What is done with a batch when its fate is known.
pub trait Conclude<L>: Send + 'static {
    /// Tells who waits. On break nothing is written any more, and what still comes is [`Fate::Over`].
    fn conclude(&mut self, load: L, fate: Fate<'_>) -> ControlFlow<()>;
}

/// What became of a batch.
#[derive(Debug)]
pub enum Fate<'a> {
    /// It is durable; these are the new tips of its chains.
    Durable(Vec<Tip>),
    /// It was not written.
    Failed(&'a AppendError),
    /// It was not tried, because one before it, on which it may rest, was not written.
    Forlorn(&'a AppendError),
    /// Nothing is written any more.
    Over,
}

/// How far the writing is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// The last batch that was concluded.
    pub done: u64,
    /// The first batch that failed, of the last generation of which one did.
    pub failed: Option<Failed>,
    /// Nothing is written any more.
    pub over: bool,
}

/// A batch that was not written, and with it all after it of its generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failed {
    /// Its generation.
    pub generation: u64,
    /// Its number.
    pub number: u64,
}

/// The way of batches to the disk, with its feeder at the one end.
pub struct Pipeline<L: Load> {
    stages: Stages<L>,
    shared: Arc<Shared>,
    /// The number of the last batch that was given.
    given: u64,
}

enum Stages<L: Load> {
    ByHand {
        encoding: Box<Encoding>,
        waiting: VecDeque<Item<L>>,
        encoded: VecDeque<Item<L>>,
        writing: Box<Writing<L>>,
    },
    Threads {
        encoding: Arc<Mutex<Encoding>>,
        to_encode: SyncSender<Item<L>>,
        to_write: SyncSender<Item<L>>,
        encodes: JoinHandle<()>,
        writes: JoinHandle<FileJournal>,
    },
    /// On the way from one to the other, or at the end.
    None,
}

/// A batch under way.
struct Item<L> {
    number: u64,
    generation: u64,
    load: L,
    encoded: Option<Result<Encoded, AppendError>>,
}

struct Encoding {
    encoder: Encoder,
    generation: u64,
}

struct Writing<L: Load> {
    journal: FileJournal,
    conclude: Box<dyn Conclude<L>>,
    shared: Arc<Shared>,
    failed: Option<(u64, AppendError)>,
    over: bool,
    wake: Box<dyn Fn() + Send>,
}

#[derive(Default)]
struct Shared {
    seen: Mutex<Seen>,
    changed: Condvar,
}

impl<L: Load> Pipeline<L> {
    /// Returns a pipeline that is driven by hand. `wake` is called after each batch that was concluded.
    pub fn new(journal: FileJournal, conclude: impl Conclude<L>, wake: impl Fn() + Send + 'static) -> Self {
        let shared = Arc::<Shared>::default();
        let encoding = Box::new(Encoding { encoder: journal.encoder(), generation: 0 });
        let writing = Box::new(Writing {
            journal,
            conclude: Box::new(conclude),
            shared: Arc::clone(&shared),
            failed: None,
            over: false,
            wake: Box::new(wake),
        });
        let stages = Stages::ByHand { encoding, waiting: VecDeque::new(), encoded: VecDeque::new(), writing };
        Self { stages, shared, given: 0 }
    }

    /// Gives each stage a thread, once what is under way is done.
    ///
    /// # Errors
    ///
    /// The system gives no thread; then nothing is written any more.
    pub fn start(&mut self) -> io::Result<()> {
        self.drain();
        let Stages::ByHand { encoding, mut writing, .. } = std::mem::replace(&mut self.stages, Stages::None)
        else {
            return Ok(());
        };
        let encoding = Arc::new(Mutex::new(*encoding));
        let (to_encode, given) = sync_channel::<Item<L>>(UNDER_WAY_MAX as usize);
        let (to_write, encoded) = sync_channel::<Item<L>>(UNDER_WAY_MAX as usize);
        let (encodes, on) = (Arc::clone(&encoding), to_write.clone());
        let ends = Ends(Arc::clone(&self.shared));
        let encodes = Builder::new().name("journal-encode".to_owned()).spawn(move || {
            let _ends = ends;
            for mut item in given {
                lock(&encodes).step(&mut item);
                // Only a writer that ended by a fault of its own takes nothing.
                if on.send(item).is_err() {
                    return;
                }
            }
        })?;
        let ends = Ends(Arc::clone(&self.shared));
        let writes = Builder::new().name("journal-write".to_owned()).spawn(move || {
            let _ends = ends;
            for item in encoded {
                writing.step(item);
            }
            writing.journal
        })?;
        self.stages = Stages::Threads { encoding, to_encode, to_write, encodes, writes };
        Ok(())
    }

    /// Returns whether another batch is taken now.
    pub fn has_room(&self) -> bool {
        self.under_way() < UNDER_WAY_MAX
    }

    /// Returns whether a batch of so many entries is better given now than filled on, although more is there: soon while the
    /// disk has nothing to do, and in good time to be encoded before what is written now is done. Who waits until nothing
    /// more comes has everybody wait for the disk at the same moment, and then nobody.
    pub fn wants(&self, entries: usize) -> bool {
        match self.under_way() {
            0 => entries >= ENTRIES_AT_ONCE,
            1 => entries >= ENTRIES_AHEAD,
            _ => false,
        }
    }

    /// Returns how many batches were given and are not concluded.
    pub fn under_way(&self) -> u64 {
        self.given - self.look().done.min(self.given)
    }

    /// Returns how far the writing is.
    pub fn look(&self) -> Seen {
        *lock(&self.shared.seen)
    }

    /// Gives a batch, and waits until there is room for it. Returns its number; the first has 1.
    pub fn give(&mut self, generation: u64, load: L) -> u64 {
        self.wait_until(|seen, given| given - seen.done < UNDER_WAY_MAX);
        let idle = self.under_way() == 0;
        self.given += 1;
        let mut item = Item { number: self.given, generation, load, encoded: None };
        match &mut self.stages {
            Stages::ByHand { waiting, .. } => waiting.push_back(item),
            // Who is over takes nothing; `look` says so.
            Stages::Threads { encoding, to_write, .. } if idle => {
                // Nothing is in the other stages, and what comes next cannot overtake it: this saves a thread its waking.
                lock(encoding).step(&mut item);
                drop(to_write.send(item));
            }
            Stages::Threads { to_encode, .. } => drop(to_encode.send(item)),
            Stages::None => {}
        }
        self.given
    }

    /// Waits until another batch is taken.
    pub fn wait_for_room(&mut self) {
        self.wait_until(|seen, given| given - seen.done < UNDER_WAY_MAX);
    }

    /// Waits until everything that was given is concluded.
    pub fn drain(&mut self) {
        self.wait_until(|seen, given| seen.done >= given);
    }

    fn wait_until(&mut self, enough: impl Fn(&Seen, u64) -> bool) {
        if matches!(self.stages, Stages::ByHand { .. }) {
            while !enough(&self.look(), self.given) && (self.encode_next() || self.write_next()) {}
            return;
        }
        let mut seen = lock(&self.shared.seen);
        while !seen.over && !enough(&seen, self.given) {
            seen = self.shared.changed.wait(seen).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Driven by hand: encodes the next batch. Returns whether there was one.
    pub fn encode_next(&mut self) -> bool {
        let Stages::ByHand { encoding, waiting, encoded, .. } = &mut self.stages else { return false };
        let Some(mut item) = waiting.pop_front() else { return false };
        encoding.step(&mut item);
        encoded.push_back(item);
        true
    }

    /// Driven by hand: writes the next batch that is encoded, and concludes it. Returns whether there was one.
    pub fn write_next(&mut self) -> bool {
        let Stages::ByHand { encoded, writing, .. } = &mut self.stages else { return false };
        let Some(item) = encoded.pop_front() else { return false };
        writing.step(item);
        true
    }

    /// Concludes what is under way, and gives the journal back; nothing, when a stage panicked.
    pub fn stop(mut self) -> Option<FileJournal> {
        self.drain();
        match std::mem::replace(&mut self.stages, Stages::None) {
            Stages::ByHand { writing, .. } => Some(writing.journal),
            threads => threads.join(),
        }
    }
}

impl<L: Load> Stages<L> {
    fn join(self) -> Option<FileJournal> {
        let Self::Threads { encoding, to_encode, to_write, encodes, writes } = self else { return None };
        // Each stage ends when nothing comes any more.
        drop((encoding, to_encode, to_write));
        // One that panicked has said that it is over.
        drop(encodes.join());
        writes.join().ok()
    }
}

impl<L: Load> Drop for Pipeline<L> {
    /// What is under way in threads is concluded; what waits to be driven by hand is gone.
    fn drop(&mut self) {
        drop(std::mem::replace(&mut self.stages, Stages::None).join());
    }
}

impl<L: Load> fmt::Debug for Pipeline<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipeline")
            .field("given", &self.given)
            .field("seen", &self.look())
            .finish_non_exhaustive()
    }
}

impl Encoding {
    fn step<L: Load>(&mut self, item: &mut Item<L>) {
        if item.generation != self.generation {
            // The feeder has seen that one of those before failed: nothing is written until this one is.
            self.encoder.begin_anew();
            self.generation = item.generation;
        }
        item.encoded = Some(item.load.encode(&mut self.encoder));
    }
}

impl<L: Load> Writing<L> {
    fn step(&mut self, item: Item<L>) {
        let Item { number, generation, load, encoded } = item;
        let forlorn = self.failed.as_ref().is_some_and(|(failed, _)| *failed == generation);
        let written = match encoded {
            Some(encoded) if !self.over && !forlorn => {
                Some(encoded.and_then(|encoded| self.journal.write(encoded)))
            }
            _ => None,
        };
        if let Some(Err(_)) = written {
            // Before anybody is told: what they ask next is decided under the next generation.
            lock(&self.shared.seen).failed = Some(Failed { generation, number });
        }
        let fate = match (written, &self.failed) {
            (Some(Ok(tips)), _) => Fate::Durable(tips),
            (Some(Err(error)), _) => Fate::Failed(&self.failed.insert((generation, error)).1),
            (None, Some((_, error))) if forlorn && !self.over => Fate::Forlorn(error),
            (None, _) => Fate::Over,
        };
        self.over |= self.conclude.conclude(load, fate).is_break();
        let mut seen = lock(&self.shared.seen);
        seen.done = number;
        seen.over |= self.over;
        drop(seen);
        self.shared.changed.notify_all();
        (self.wake)();
    }
}

/// Says that nothing is written any more when a stage ends, also by a panic.
struct Ends(Arc<Shared>);

impl Drop for Ends {
    fn drop(&mut self) {
        lock(&self.0.seen).over = true;
        self.0.changed.notify_all();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is in there is whole at every moment.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
