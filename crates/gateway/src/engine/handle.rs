//! The engine as listeners, outbox, API and commands see it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicU64, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Instant;

use bytes::Bytes;
use iwmo_codec::Schemas;
use iwmo_toewijzing::identity::Gemeente;
use jiff::civil::Date;
use sha2::{Digest, Sha256};
use tokio::sync::{broadcast, oneshot, watch};

use crate::clock::Clock;
use crate::engine::batch::unavailable;
use crate::engine::commit::{Ahead, Committer};
use crate::engine::inbox::{JOBS_MAX, NotTaken, Slot, inbox};
use crate::engine::rounds::{Committed, Going};
use crate::engine::worker::{Job, Worker};
use crate::engine::{
    Aside, EngineError, Health, Inbound, Intake, Noted, Receipt, Refusal, Settings, Unavailable,
};
use crate::journal::{Chain, EntryId, FileJournal, Pipeline, Reader};
use crate::ledger::Applier;
use crate::metrics::{ENGINE_REFUSED_MESSAGES, ENGINE_REPEATED_MESSAGES};
use crate::record::Inzage;
use crate::removal::TERM_YEARS;
use crate::store::Ledger;
use crate::traces;

/// Entries a slow listener to the feed may lag before it misses some.
const FEED_ENTRIES: usize = 4096;

/// From this size on a message is decoded beside the network threads, not on them.
const DECODE_INLINE_BYTES_MAX: usize = 256 * 1024;

/// Said to who comes while the loop ends.
pub(super) const STOPPING: &str = "the gateway is stopping";

/// The gateway's engine; cheap to clone, and stopped by [`Engine::stop`].
#[derive(Clone)]
pub struct Engine {
    pub(super) jobs: Slot,
    pub(super) ledger: Arc<Ledger>,
    pub(super) reader: Reader,
    settings: watch::Receiver<Arc<Settings>>,
    schemas: Schemas,
    pub(super) changed: watch::Receiver<u64>,
    feed: broadcast::Sender<EntryId>,
    thread: Arc<std::sync::Mutex<Option<JoinHandle<()>>>>,
    health: Health,
    pub(super) acts: Arc<AtomicU64>,
    /// Messages that were handed in and have no answer yet.
    coming: Arc<AtomicUsize>,
    /// How many years what is about a person is kept.
    pub(super) term_years: Arc<AtomicU16>,
    /// Held while something is removed.
    pub(super) erasing: Arc<tokio::sync::Mutex<()>>,
}

impl Engine {
    /// Starts the loop on a journal and the ledger that it gives.
    ///
    /// # Errors
    ///
    /// The journal takes no entry, or the system gives no thread.
    pub(super) fn start(
        journal: FileJournal,
        ledger: Arc<Ledger>,
        settings: Settings,
        schemas: Schemas,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, EngineError> {
        let (mut engine, worker) = Self::make(journal, ledger, settings, schemas, clock, true)?;
        engine.run(worker)?;
        Ok(engine)
    }

    /// Writes the first entry, and returns the loop beside its handle: whoever drives it by hand needs no thread.
    ///
    /// # Errors
    ///
    /// The journal takes no entry.
    #[cfg(test)]
    pub(super) fn begin(
        journal: FileJournal,
        ledger: Arc<Ledger>,
        settings: Settings,
        schemas: Schemas,
        clock: Arc<dyn Clock>,
    ) -> Result<(Self, Worker), EngineError> {
        Self::make(journal, ledger, settings, schemas, clock, true)
    }

    pub(super) fn run(&mut self, mut worker: Worker) -> Result<(), EngineError> {
        worker.pipeline.start().map_err(EngineError::Thread)?;
        let thread = std::thread::Builder::new()
            .name("engine".to_owned())
            .spawn(move || worker.run())
            .map_err(EngineError::Thread)?;
        self.thread = Arc::new(std::sync::Mutex::new(Some(thread)));
        Ok(())
    }

    /// Makes the loop and its handle; `begin`: the first entry says that the gateway started.
    pub(super) fn make(
        journal: FileJournal,
        ledger: Arc<Ledger>,
        settings: Settings,
        schemas: Schemas,
        clock: Arc<dyn Clock>,
        begin: bool,
    ) -> Result<(Self, Worker), EngineError> {
        let reader = journal.reader();
        let (jobs, receiver) = inbox();
        let (changed_sender, changed) = watch::channel(0);
        let (feed, _) = broadcast::channel(FEED_ENTRIES);
        let configured = Arc::new(settings);
        let (known, settings) = watch::channel(Arc::clone(&configured));
        let (health, acts) = (Health::default(), Arc::<AtomicU64>::default());
        let committer = Committer {
            ledger: Arc::clone(&ledger),
            changed: changed_sender,
            feed: feed.clone(),
            health: health.clone(),
            acts: Arc::clone(&acts),
        };
        let bell = receiver.bell();
        let mut worker = Worker {
            pipeline: Pipeline::new(journal, committer, move || bell.ring()),
            ahead: Arc::new(Ahead::new(reader.clone())),
            vault: reader.vault().cloned(),
            reader: reader.clone(),
            ledger: Arc::clone(&ledger),
            settings: Arc::clone(&configured),
            configured,
            known,
            applier: Applier::new(schemas.clone()),
            clock,
            jobs: receiver,
            health: health.clone(),
            going: Going::default(),
        };
        if begin {
            match worker.begin() {
                Ok(Committed::Done) => {}
                Ok(_) => return Err(EngineError::Append(health.reason().unwrap_or_default())),
                Err(error) => return Err(EngineError::Append(error.to_string())),
            }
        }
        let thread = Arc::default();
        let (term_years, erasing) = (Arc::new(AtomicU16::new(TERM_YEARS)), Arc::default());
        let coming = Arc::default();
        let engine = Self {
            jobs,
            ledger,
            settings,
            reader,
            schemas,
            changed,
            feed,
            thread,
            health,
            acts,
            coming,
            term_years,
            erasing,
        };
        Ok((engine, worker))
    }

    /// Returns the settings of the configuration.
    #[must_use]
    pub fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.settings.borrow())
    }

    /// Returns the ledger, for reading.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Returns the journal, for reading.
    #[must_use]
    pub fn journal(&self) -> &Reader {
        &self.reader
    }

    /// Returns the schemas messages are read with.
    #[must_use]
    pub fn schemas(&self) -> &Schemas {
        &self.schemas
    }

    /// Returns whether the engine can do its work.
    #[must_use]
    pub fn health(&self) -> &Health {
        &self.health
    }

    /// Tells the name of each entry once it is durable.
    #[must_use]
    pub fn feed(&self) -> broadcast::Receiver<EntryId> {
        self.feed.subscribe()
    }

    /// Plans for everybody: the daily run. Returns whether the loop has taken it up; one that is too busy must be
    /// asked again.
    #[must_use]
    pub fn day(&self, today: Date) -> bool {
        self.jobs.try_send(Job::Day(today)).is_ok()
    }

    /// Plans for everybody whose hold is over.
    pub fn due(&self) {
        // A loop that is too busy is asked again.
        let _ = self.jobs.try_send(Job::Due);
    }

    /// Finishes what has arrived and stops the loop. Blocks until it has.
    pub fn stop(&self) {
        // A loop that has ended already takes no job.
        let _ = self.jobs.send(Job::Stop);
        let thread = self.thread.lock().ok().and_then(|mut thread| thread.take());
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!(code = "EngineThreadPanicked", "The engine's loop ended by a fault of its own.");
        }
    }

    /// Returns when the loop has ended, by [`Engine::stop`] or because it cannot go on: then everything is refused
    /// until the gateway is started again, and whoever runs it should see to that.
    pub async fn ended(&self) {
        let mut changed = self.changed.clone();
        // The loop holds the sender.
        while changed.changed().await.is_ok() {}
    }

    async fn decode(&self, bytes: &Bytes) -> Result<iwmo_codec::messages::Message, Refusal> {
        let result = if bytes.len() <= DECODE_INLINE_BYTES_MAX {
            self.schemas.decode(bytes)
        } else {
            let (schemas, bytes) = (self.schemas.clone(), bytes.clone());
            tokio::task::spawn_blocking(move || schemas.decode(&bytes))
                .await
                .map_err(|_| unavailable("a message could not be read to its end"))?
        };
        result.map_err(|report| Refusal::Invalid(Box::new(report)))
    }
}

pub(super) fn not_taken(error: NotTaken) -> &'static str {
    match error {
        NotTaken::Full => "too many messages at once",
        NotTaken::Ended => STOPPING,
    }
}

impl Intake for Engine {
    async fn receive(&self, inbound: Inbound) -> Result<Receipt, Refusal> {
        self.coming.fetch_add(1, Ordering::Relaxed);
        let _one = Coming(&self.coming);
        let traced = traces::recorder()
            .map(|recorder| (recorder, inbound.partner.clone(), inbound.route.word(), Instant::now()));
        let answer = self.take(inbound).await;
        if let Some((recorder, partner, route, began)) = traced {
            recorder.received(&partner.0, route, began, &answer);
        }
        match &answer {
            // What was recorded is counted when it is durable.
            Ok(receipt) if receipt.dubbel => ENGINE_REPEATED_MESSAGES.count(&[]),
            Ok(_) => {}
            Err(refusal) => ENGINE_REFUSED_MESSAGES.count(&[refusal.word()]),
        }
        answer
    }

    fn is_busy(&self) -> bool {
        self.coming.load(Ordering::Relaxed) >= JOBS_MAX
    }
}

/// A message that was handed in, until its answer is there or nobody waits for it any more.
struct Coming<'a>(&'a AtomicUsize);

impl Drop for Coming<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Engine {
    /// Returns whether the loop has ended: nothing is taken any more until the gateway is started again.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        // The loop holds the sender.
        self.changed.has_changed().is_err()
    }

    /// Hands a job to the loop, or says why it takes none.
    pub(super) fn submit(&self, job: Job) -> Result<(), &'static str> {
        self.jobs.try_send(job).map_err(not_taken)
    }

    async fn take(&self, inbound: Inbound) -> Result<Receipt, Refusal> {
        let message = Box::new(self.decode(&inbound.bytes).await?);
        let sha256 = Sha256::digest(&inbound.bytes).into();
        let (reply, answer) = oneshot::channel();
        let job = Job::Message { inbound, message, sha256, reply };
        self.jobs.try_send(job).map_err(|error| unavailable(not_taken(error)))?;
        answer.await.unwrap_or_else(|_| Err(unavailable(STOPPING)))
    }
}

impl Engine {
    /// Puts other settings in force. The journal says from which entry on, so that whoever judges again judges by the
    /// policy of the time.
    ///
    /// # Errors
    ///
    /// The store cannot commit now; the settings stay as they were.
    pub async fn set(&self, settings: Settings, what: Noted) -> Result<(), Unavailable> {
        let (reply, answer) = oneshot::channel();
        let refused = |reason: &str| Unavailable { reason: reason.to_owned() };
        let job = Job::Settings { settings: Arc::new(settings), what, reply };
        self.jobs.try_send(job).map_err(|error| refused(not_taken(error)))?;
        answer.await.unwrap_or_else(|_| Err(refused(STOPPING)))
    }

    /// Keeps an envelope whose message cannot be processed; the error that goes back waits to be sent.
    ///
    /// # Errors
    ///
    /// As [`Intake::receive`].
    pub async fn set_aside(
        &self,
        inbound: Inbound,
        gemeente: Gemeente,
        aside: Aside,
    ) -> Result<Receipt, Refusal> {
        let (reply, answer) = oneshot::channel();
        let job = Job::Aside { inbound, gemeente, aside, reply };
        self.jobs.try_send(job).map_err(|error| unavailable(not_taken(error)))?;
        answer.await.unwrap_or_else(|_| Err(unavailable(STOPPING)))
    }

    /// Records a look; durable when it returns.
    ///
    /// # Errors
    ///
    /// [`Unavailable`] when the store cannot commit now: then nothing must be shown.
    pub async fn look(&self, chain: Chain, inzage: Inzage) -> Result<(), Unavailable> {
        let (reply, answer) = oneshot::channel();
        let unavailable = |reason: &str| Unavailable { reason: reason.to_owned() };
        self.submit(Job::Look { chain, inzage, reply }).map_err(unavailable)?;
        answer.await.unwrap_or_else(|_| Err(unavailable(STOPPING)))
    }
}
