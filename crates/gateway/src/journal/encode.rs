//! Entries on their way to the disk: chained, hashed and laid out, all but the mark of the segment that will have them.
//!
//! Most of what an append takes of a processor is here, and nothing here waits for the disk. So one thread encodes a batch
//! while another writes the one before it.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::error::AppendError;
use super::format::{encode_entry, entry_bytes};
use super::read::Reader;
use super::words::{
    BATCH_BYTES_MAX, BATCH_ENTRIES_MAX, Chain, ChainBatch, Draft, Epoch, PAYLOAD_BYTES_MAX, Tip, Tips,
};

/// The largest buffer that is kept from one append to the next.
const BUFFER_KEPT_BYTES: usize = 4 << 20;
/// How many are kept: one is written, one waits, one is filled.
const BUFFERS_KEPT: usize = 3;

/// Encodes batches ahead of the journal that they are for: each goes on where the one before it will end.
pub struct Encoder {
    epoch: Epoch,
    reader: Reader,
    tips: Tips,
    next: u64,
    spare: Buffers,
}

/// A batch as it will stand in the journal, after the one that was encoded before it.
pub struct Encoded {
    pub(super) epoch: Epoch,
    /// The number of its first entry in the order of all chains.
    pub(super) first: u64,
    pub(super) bytes: Vec<u8>,
    /// Where each entry begins in the bytes, and the tip that it makes.
    pub(super) entries: Vec<(u32, Tip)>,
    /// The tips that it goes on from, and those after it, in the order given.
    pub(super) before: Vec<Tip>,
    pub(super) after: Vec<Tip>,
}

impl Encoder {
    pub(super) fn new(epoch: Epoch, reader: Reader, spare: Buffers) -> Self {
        let mut encoder = Self { epoch, reader, tips: Tips::new(), next: 0, spare };
        encoder.begin_anew();
        encoder
    }

    /// Forgets what was encoded and not written: the next batch goes on where the journal ends.
    pub fn begin_anew(&mut self) {
        let catalog = self.reader.catalog();
        self.tips.clone_from(&catalog.tips);
        self.next = catalog.next;
    }

    /// Encodes the next entries of some chains, of which each is given once.
    ///
    /// # Errors
    ///
    /// The caller's mistakes of [`AppendError`]; then it is as if nothing had been asked.
    pub fn encode(&mut self, chains: &[(Chain, &[Draft<'_>])]) -> Result<Encoded, AppendError> {
        let tip = |chain| self.tips.get(&chain).copied().unwrap_or_else(|| Tip::start(chain));
        let batches: Vec<_> =
            chains.iter().map(|(chain, drafts)| ChainBatch { tip: tip(*chain), drafts }).collect();
        let encoded = encode(self.epoch, self.next, &batches, &self.spare)?;
        self.next += encoded.entries.len() as u64;
        let tips = encoded.after.iter().filter(|tip| tip.seq > 0);
        self.tips.extend(tips.map(|tip| (tip.chain, *tip)));
        Ok(encoded)
    }
}

/// Encodes entries that follow these tips, the first of them with this number.
pub(super) fn encode(
    epoch: Epoch,
    first: u64,
    batches: &[ChainBatch<'_>],
    spare: &Buffers,
) -> Result<Encoded, AppendError> {
    let (count, length) = measure(batches)?;
    let mut bytes = spare.take(length);
    let mut entries: Vec<(u32, Tip)> = Vec::with_capacity(count);
    let mut after = Vec::with_capacity(batches.len());
    for batch in batches {
        let mut tip = batch.tip;
        for draft in batch.drafts {
            // BATCH_BYTES_MAX and BATCH_ENTRIES_MAX are far below 4 GiB.
            let (offset, place) = (bytes.len() as u32, entries.len() as u32);
            tip = encode_entry(&mut bytes, first + u64::from(place), place, tip, draft);
            entries.push((offset, tip));
        }
        after.push(tip);
    }
    let before = batches.iter().map(|batch| batch.tip).collect();
    Ok(Encoded { epoch, first, bytes, entries, before, after })
}

/// Returns how many entries there are and how many bytes they take, or what is wrong with them.
fn measure(batches: &[ChainBatch<'_>]) -> Result<(usize, usize), AppendError> {
    let mut chains = BTreeSet::new();
    let (mut entries, mut bytes) = (0, 0);
    for batch in batches {
        if !chains.insert(batch.tip.chain) {
            return Err(AppendError::ChainTwice(batch.tip.chain));
        }
        entries += batch.drafts.len();
        for draft in batch.drafts {
            at_most("a payload (bytes)", draft.payload.len(), PAYLOAD_BYTES_MAX)?;
            bytes += entry_bytes(draft.payload.len());
        }
    }
    at_most("an append (entries)", entries, BATCH_ENTRIES_MAX)?;
    at_most("an append (bytes)", bytes, BATCH_BYTES_MAX)?;
    Ok((entries, bytes))
}

fn at_most(what: &'static str, found: usize, max: usize) -> Result<(), AppendError> {
    if found > max { Err(AppendError::TooLarge { what, found, max }) } else { Ok(()) }
}

/// Buffers that were written, to be filled again. Clones are the same ones.
#[derive(Clone, Default)]
pub(super) struct Buffers(Arc<Mutex<Vec<Vec<u8>>>>);

impl Buffers {
    fn take(&self, bytes: usize) -> Vec<u8> {
        let mut buffer = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
        buffer.reserve(bytes);
        buffer
    }

    pub(super) fn give_back(&self, mut buffer: Vec<u8>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < BUFFERS_KEPT && buffer.capacity() <= BUFFER_KEPT_BYTES {
            buffer.clear();
            kept.push(buffer);
        }
    }
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoder")
            .field("epoch", &self.epoch)
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Encoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The payloads may hold personal data.
        f.debug_struct("Encoded")
            .field("first", &self.first)
            .field("entries", &self.entries.len())
            .finish_non_exhaustive()
    }
}
