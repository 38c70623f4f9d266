//! The engine as listeners, outbox, API and commands see it.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bytes::Bytes;
use iwmo_codec::Schemas;
use iwmo_toewijzing::identity::Gemeente;
use jiff::Timestamp;
use jiff::civil::Date;
use sha2::{Digest, Sha256};
use tokio::sync::{broadcast, oneshot, watch};

use crate::clock::Clock;
use crate::engine::batch::unavailable;
use crate::engine::record::Record;
use crate::engine::worker::{Going, Job, Worker};
use crate::engine::{
    Aside, Health, Inbound, Intake, Outcome, Outgoing, OutgoingId, PartnerId, Receipt, Refusal, Settings,
    Standing, Unavailable, Waiting,
};
use crate::journal::{Chain, EntryId, FileJournal, OpenError, Options, Reader};
use crate::ledger::envelop::Envelop;
use crate::ledger::{self, Applier, CatchUp, LedgerError, Progress, Rows, Verzending, keys};
use crate::metrics::{ENGINE_REFUSED_MESSAGES, ENGINE_REPEATED_MESSAGES};
use crate::store::{Ledger, StoreError};
use crate::vault::{Vault, VaultError};

/// Jobs that may wait for the loop; more are told to come back later.
const JOBS_MAX: usize = 1024;

/// Entries a slow listener to the feed may lag before it misses some.
const FEED_ENTRIES: usize = 4096;

/// From this size on a message is decoded beside the network threads, not on them.
const DECODE_INLINE_BYTES_MAX: usize = 256 * 1024;

/// How long a start waits for a reading command that has the ledger open.
const LEDGER_WAIT: Duration = Duration::from_secs(10);
const LEDGER_LOOK: Duration = Duration::from_millis(50);

/// Messages that wait behind held ones and are passed over in one look at a queue.
const BEHIND_MAX: usize = 10_000;

/// Said to who comes while the loop ends.
const STOPPING: &str = "the gateway is stopping";

/// Why the engine did not start.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The journal could not be opened.
    #[error("the journal cannot be opened: {0}")]
    Journal(#[from] OpenError),
    /// The ledger could not be opened or brought up to the journal.
    #[error("the ledger cannot be opened: {0}")]
    Ledger(#[from] LedgerError),
    /// The keys cannot be used.
    #[error("the keys cannot be opened: {0}")]
    Vault(#[from] VaultError),
    /// The first entry could not be written.
    #[error("the journal does not take entries: {0}")]
    Append(String),
    /// The system has no thread for the loop.
    #[error("the system gives no thread: {0}")]
    Thread(std::io::Error),
}

/// What opening the store brought.
#[derive(Clone, Debug)]
pub struct Opened {
    /// What the ledger lacked.
    pub catch_up: CatchUp,
}

/// The gateway's engine; cheap to clone, and stopped by [`Engine::stop`].
#[derive(Clone)]
pub struct Engine {
    jobs: SyncSender<Job>,
    ledger: Arc<Ledger>,
    reader: Reader,
    schemas: Schemas,
    changed: watch::Receiver<u64>,
    feed: broadcast::Sender<EntryId>,
    thread: Arc<std::sync::Mutex<Option<JoinHandle<()>>>>,
    health: Health,
    acts: Arc<AtomicU64>,
}

impl Engine {
    /// Opens the store in a data folder, brings the ledger up to the journal and starts the loop.
    ///
    /// # Errors
    ///
    /// The store is locked by another process, is damaged, or cannot be written.
    pub fn open(
        data: &Path,
        settings: Settings,
        clock: Arc<dyn Clock>,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(Self, Opened), EngineError> {
        let mut journal = FileJournal::open(&data.join("journal"), Options::default())?;
        journal.set_vault(Vault::open(data, &journal.reader())?);
        let reader = journal.reader();
        let schemas = Schemas::bundled();
        let applier = Applier::new(schemas.clone());
        let (ledger, catch_up) = open_ledger(&data.join("ledger"), &reader, &applier, progress)?;
        // Only now: a ledger that knows more would have said so, and the journal would be as it was.
        if let Some(torn) = &journal.recovered().torn_tail {
            tracing::warn!(code = "JournalTailCut", %torn, "The last write was incomplete and never acknowledged; it is cut off.");
        }
        let engine = Self::start(journal, Arc::new(ledger), settings, schemas, clock)?;
        Ok((engine, Opened { catch_up }))
    }

    /// Opens the store in a data folder for an operator's acts, while no gateway runs on it. Nothing is recorded but
    /// those: no start, no policy; and no message must be handed to it.
    ///
    /// # Errors
    ///
    /// As [`Engine::open`].
    pub fn attend(
        data: &Path,
        clock: Arc<dyn Clock>,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Self, EngineError> {
        let mut journal = FileJournal::open(&data.join("journal"), Options::default())?;
        journal.set_vault(Vault::open(data, &journal.reader())?);
        let reader = journal.reader();
        let schemas = Schemas::bundled();
        let applier = Applier::new(schemas.clone());
        let (ledger, _) = open_ledger(&data.join("ledger"), &reader, &applier, progress)?;
        let (mut engine, worker) =
            Self::make(journal, Arc::new(ledger), Settings::default(), schemas, clock, false)?;
        engine.run(worker)?;
        Ok(engine)
    }

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

    fn run(&mut self, worker: Worker) -> Result<(), EngineError> {
        let thread = std::thread::Builder::new()
            .name("engine".to_owned())
            .spawn(move || worker.run())
            .map_err(EngineError::Thread)?;
        self.thread = Arc::new(std::sync::Mutex::new(Some(thread)));
        Ok(())
    }

    /// Makes the loop and its handle; `begin`: the first entry says that the gateway started.
    fn make(
        journal: FileJournal,
        ledger: Arc<Ledger>,
        settings: Settings,
        schemas: Schemas,
        clock: Arc<dyn Clock>,
        begin: bool,
    ) -> Result<(Self, Worker), EngineError> {
        let reader = journal.reader();
        let (jobs, receiver) = sync_channel(JOBS_MAX);
        let (changed_sender, changed) = watch::channel(0);
        let (feed, _) = broadcast::channel(FEED_ENTRIES);
        let mut worker = Worker {
            journal,
            ledger: Arc::clone(&ledger),
            vault: reader.vault().cloned(),
            settings: Arc::new(settings),
            applier: Applier::new(schemas.clone()),
            clock,
            jobs: receiver,
            changed: changed_sender,
            feed: feed.clone(),
            health: Health::default(),
            going: Going::default(),
            acts: Arc::default(),
        };
        let (health, acts) = (worker.health.clone(), Arc::clone(&worker.acts));
        if begin {
            worker.begin().map_err(|error| EngineError::Append(error.to_string()))?;
        }
        let thread = Arc::default();
        Ok((Self { jobs, ledger, reader, schemas, changed, feed, thread, health, acts }, worker))
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

    /// Reads the bytes of an outgoing message from the journal.
    #[must_use]
    pub fn outgoing_bytes(&self, id: &OutgoingId) -> Option<Bytes> {
        outgoing_bytes(&self.reader, id)
    }
}

/// Opens the ledger, and waits for a reading command to be done with it: whoever holds the journal is the only one
/// that writes, so it cannot be another gateway.
fn open_ledger(
    dir: &Path,
    reader: &Reader,
    applier: &Applier,
    progress: &mut dyn FnMut(Progress),
) -> Result<(Ledger, CatchUp), LedgerError> {
    let start = Instant::now();
    loop {
        match ledger::open(dir, reader, applier, progress) {
            Err(LedgerError::Store(StoreError::Locked { .. })) if start.elapsed() < LEDGER_WAIT => {
                std::thread::sleep(LEDGER_LOOK);
            }
            opened => return opened,
        }
    }
}

/// Reads the bytes of an outgoing message from a journal.
#[must_use]
fn outgoing_bytes(reader: &Reader, id: &OutgoingId) -> Option<Bytes> {
    let entry = reader.get(Chain::new(id.gemeente)?, id.seq).ok()??;
    let mut uitgaand = Record::decode(entry.kind, entry.version, &entry.payload).ok()?.into_uitgaand();
    let index = usize::from(id.index);
    (index < uitgaand.len()).then(|| Bytes::from(uitgaand.swap_remove(index).bytes))
}

fn not_taken(error: &TrySendError<Job>) -> &'static str {
    match error {
        TrySendError::Full(_) => "too many messages at once",
        TrySendError::Disconnected(_) => STOPPING,
    }
}

impl Intake for Engine {
    async fn receive(&self, inbound: Inbound) -> Result<Receipt, Refusal> {
        let answer = self.take(inbound).await;
        match &answer {
            // What was recorded is counted when it is durable.
            Ok(receipt) if receipt.dubbel => ENGINE_REPEATED_MESSAGES.count(&[]),
            Ok(_) => {}
            Err(refusal) => ENGINE_REFUSED_MESSAGES.count(&[refusal.word()]),
        }
        answer
    }
}

impl Engine {
    /// Hands a job to the loop, or says why it takes none.
    pub(super) fn submit(&self, job: Job) -> Result<(), &'static str> {
        self.jobs.try_send(job).map_err(|error| not_taken(&error))
    }

    async fn take(&self, inbound: Inbound) -> Result<Receipt, Refusal> {
        let message = Box::new(self.decode(&inbound.bytes).await?);
        let sha256 = Sha256::digest(&inbound.bytes).into();
        let (reply, answer) = oneshot::channel();
        let job = Job::Message { inbound, message, sha256, reply };
        self.jobs.try_send(job).map_err(|error| unavailable(not_taken(&error)))?;
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
    pub async fn set(&self, settings: Settings, what: Vec<String>) -> Result<(), Unavailable> {
        let (reply, answer) = oneshot::channel();
        let refused = |reason: &str| Unavailable { reason: reason.to_owned() };
        let job = Job::Settings { settings: Arc::new(settings), what, reply };
        self.jobs.try_send(job).map_err(|error| refused(not_taken(&error)))?;
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
        self.jobs.try_send(job).map_err(|error| unavailable(not_taken(&error)))?;
        answer.await.unwrap_or_else(|_| Err(unavailable(STOPPING)))
    }

    /// Returns the envelope that an outgoing message leaves in.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    pub fn envelope(&self, id: &OutgoingId) -> Result<Option<Envelop>, LedgerError> {
        self.ledger.row(&keys::envelop(id))
    }

    /// Returns the outgoing message that leaves or left in the envelope with this number.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    pub fn in_envelope(&self, referentienummer: &str) -> Result<Option<OutgoingId>, LedgerError> {
        let row: Option<([u8; 4], u64, u16)> = self.ledger.row(&keys::envelop_nummer(referentienummer))?;
        Ok(row.map(|(gemeente, seq, index)| OutgoingId { gemeente, seq, index }))
    }
}

impl Outgoing for Engine {
    fn waiting(&self, partner: &PartnerId, limit: usize) -> Vec<Waiting> {
        self.waiting_rows(partner, limit).unwrap_or_else(|error| {
            tracing::error!(code = "OutboxReadError", %error, partner = %partner, "The outbox could not be read.");
            Vec::new()
        })
    }

    fn standing(&self, partner: &PartnerId) -> Standing {
        let row: Result<Option<Verzending>, _> = self.ledger.row(&keys::verzending(&partner.0));
        let row = row.unwrap_or_else(|error| {
            tracing::error!(code = "OutboxReadError", %error, partner = %partner, "The outbox could not be read.");
            None
        });
        let row = row.unwrap_or_default();
        Standing {
            acts: self.acts.load(Ordering::Acquire),
            held: row.vastgehouden.is_some(),
            spurred: Timestamp::from_microsecond(row.aangespoord_us).unwrap_or(Timestamp::UNIX_EPOCH),
        }
    }

    async fn outcome(&self, id: OutgoingId, outcome: Outcome) -> Result<(), Unavailable> {
        let (reply, answer) = oneshot::channel();
        let refused = |reason: &str| Unavailable { reason: reason.to_owned() };
        let job = Job::Outcome { id, outcome, reply };
        self.jobs.try_send(job).map_err(|error| refused(not_taken(&error)))?;
        answer.await.unwrap_or_else(|_| Err(refused(STOPPING)))
    }

    fn changed(&self) -> watch::Receiver<u64> {
        self.changed.clone()
    }
}

impl Engine {
    fn waiting_rows(&self, partner: &PartnerId, limit: usize) -> Result<Vec<Waiting>, LedgerError> {
        // Of each order key the oldest held message; younger ones wait behind it.
        let mut held: HashMap<String, Vec<u8>> = HashMap::new();
        for row in self.ledger.scan(&keys::vastgehouden_van(partner)) {
            let (key, order) = row?;
            held.entry(String::from_utf8_lossy(&order).into_owned()).or_insert_with(|| key[1..].to_vec());
        }
        let sending: Verzending = self.ledger.row(&keys::verzending(&partner.0))?.unwrap_or_default();
        let mut waiting = Vec::new();
        let mut behind = 0;
        for row in self.ledger.scan(&keys::wachtrij_van(partner)) {
            if waiting.len() >= limit || behind >= BEHIND_MAX {
                break;
            }
            let (key, _) = row?;
            let Some(id) = keys::wachtrij_id(&key) else { continue };
            // Delivered between the scan and the read.
            let Some(mut row) = self.ledger.row::<ledger::Uitgaand>(&keys::uitgaand(&id))? else { continue };
            row.geduld_us = row.geduld_us.max(sending.vrijgegeven_us);
            if held.get(&row.volgorde).is_some_and(|oldest| key[1..] > oldest[..]) {
                behind += 1;
                continue;
            }
            waiting.push(self.waiting_row(id, row)?);
        }
        Ok(waiting)
    }

    fn waiting_row(&self, id: OutgoingId, row: ledger::Uitgaand) -> Result<Waiting, LedgerError> {
        let bytes = self.outgoing_bytes(&id).ok_or_else(|| LedgerError::Inconsistent {
            entry: id.to_string(),
            what: "the journal has no such outgoing message".to_owned(),
        })?;
        let moment = |micros| Timestamp::from_microsecond(micros).unwrap_or(Timestamp::UNIX_EPOCH);
        Ok(Waiting {
            partner: PartnerId(row.partner),
            order: row.volgorde,
            message: row.soort,
            attempts: row.pogingen,
            since: moment(row.geduld_us),
            not_before: moment(row.niet_voor_us),
            bytes,
            id,
        })
    }
}
