//! The loop's part in messages that wait to be judged (D8): when one is looked at again.
//!
//! Three occasions: something happened in its dossier, its time is over, or the gateway starts, since a crash may have
//! come between what it waited for and its judgement. Each judgement is a decision of its own, so that one that fails
//! harms nobody else.

use std::sync::Arc;

use iwmo_codec::messages::Message;
use iwmo_toewijzing::event::DossierKey;
use iwmo_toewijzing::identity::Gemeente;
use jiff::Timestamp;

use crate::engine::batch::Batch;
use crate::engine::rounds::Committed;
use crate::engine::worker::Worker;
use crate::journal::EntryId;
use crate::ledger::{Geparkeerd, LedgerError, decode_row, keys, wachtend};
use crate::record::Record;

/// Most messages judged between two batches because their time is over; the others are due still.
const OVERDUE_MAX: usize = 256;

impl Worker {
    /// Judges what waited for something that has just happened.
    pub(super) fn settle(&self, batch: &mut Batch<'_>) {
        let mut woken = batch.woken();
        woken.sort_unstable();
        woken.dedup();
        for dossier in &woken {
            // What is approved may be what another waits for.
            while self.settle_once(dossier, batch) {}
        }
    }

    /// Looks at everything of a dossier that waits. Returns whether something waits no more.
    fn settle_once(&self, dossier: &DossierKey, batch: &mut Batch<'_>) -> bool {
        let waiting = wachtend(&batch.overlay, dossier).unwrap_or_else(|error| {
            not_judged(&error);
            Vec::new()
        });
        if waiting.is_empty() {
            return false;
        }
        let now = self.clock.now();
        let mut judged = false;
        for seq in waiting {
            judged |= self.judge(dossier.gemeente, seq, false, now, batch);
        }
        judged
    }

    /// Judges messages whose time is over.
    pub(super) fn overdue(&self, now: Timestamp, batch: &mut Batch<'_>) {
        let mut due = Vec::new();
        for row in self.ledger.queue(&keys::alle_oordelen()).take(OVERDUE_MAX) {
            match row {
                Ok((key, _)) => match keys::oordeel_delen(&key) {
                    Some((moment, gemeente, seq)) if moment <= now.as_microsecond() => {
                        due.push((gemeente, seq));
                    }
                    _ => break,
                },
                Err(error) => return not_judged(&error.into()),
            }
        }
        for (gemeente, seq) in due {
            self.judge(gemeente, seq, true, now, batch);
        }
        self.settle(batch);
    }

    /// Looks at everything that waits, once, when the gateway starts.
    pub(super) fn settle_all(&mut self) -> Committed {
        let ledger = Arc::clone(&self.ledger);
        self.decide(|worker, batch| {
            for row in ledger.scan(&keys::alle_geparkeerd(None)) {
                let parked = row.map_err(LedgerError::from);
                match parked.and_then(|(key, value)| decode_row::<Geparkeerd>(&key, &value)) {
                    Ok(parked) => batch.wake(parked.event.dossier),
                    Err(error) => not_judged(&error),
                }
            }
            worker.settle(batch);
        });
        self.flush()
    }

    /// Judges one message. Returns whether it waits no more; a failure leaves it waiting.
    fn judge(
        &self,
        gemeente: Gemeente,
        seq: u64,
        tijd_om: bool,
        now: Timestamp,
        batch: &mut Batch<'_>,
    ) -> bool {
        // Opened for an operator's acts alone, it knows no gemeente and no policy to judge by.
        if !tijd_om && !self.settings.gemeenten.contains_key(&gemeente) {
            return false;
        }
        let decider = self.decider();
        let fault = || LedgerError::Inconsistent {
            entry: format!("{gemeente}:{seq}"),
            what: "a fault of the gateway".to_owned(),
        };
        let decided = batch.attempt(
            |batch| {
                let message = self.recorded(gemeente, seq, batch)?;
                decider.oordeel(gemeente, seq, &message, tijd_om, now, batch)
            },
            fault,
        );
        decided.unwrap_or_else(|error| {
            not_judged(&error);
            false
        })
    }

    /// Reads a message that waits, from the batch or from the journal.
    fn recorded(&self, gemeente: Gemeente, seq: u64, batch: &Batch<'_>) -> Result<Message, LedgerError> {
        let chain = keys::chain(gemeente);
        let entry = EntryId { chain, seq }.to_string();
        let record = match batch.entry(chain, seq) {
            Some(record) => record,
            None => match self.reader.get(chain, seq)? {
                Some(entry) => Record::decode(entry.kind, entry.version, &entry.payload),
                None => return Err(LedgerError::NoEntry { entry }),
            },
        };
        let message = match record.map_err(|source| LedgerError::Entry { entry: entry.clone(), source })? {
            Record::Bericht(bericht) => self.applier.message(&bericht),
            _ => None,
        };
        let what = "the message that waits cannot be read".to_owned();
        message.ok_or(LedgerError::Inconsistent { entry, what })
    }
}

fn not_judged(error: &LedgerError) {
    tracing::error!(code = "ParkedMessageNotJudged", %error, "A message that waits could not be judged; it waits on.");
}
