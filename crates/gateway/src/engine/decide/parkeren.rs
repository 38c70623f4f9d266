//! Messages that come before what they build on (D8): they wait, and are judged when another message of the dossier was
//! processed, or when their time is over. The retour is sent once, after that judgement.

use iwmo_codec::messages::Message;
use iwmo_toewijzing::deadline::RETOUR_WERKDAGEN;
use iwmo_toewijzing::identity::Gemeente;
use iwmo_toewijzing::judge::{Judgement, Rol};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use super::Decider;
use crate::clock::{dutch_date, dutch_midnight};
use crate::engine::batch::Batch;
use crate::engine::judged::{Bench, opmerkingen, order, regels};
use crate::engine::plan::Hold;
use crate::engine::{GemeenteSettings, answer};
use crate::ledger::{self, At, Geparkeerd, Gevolg, LedgerError, Rows, keys};
use crate::record::{Oordeel, Record, Uitgaand, Uitspraak};

/// Most messages of one dossier that wait; one more is judged at once, as it is.
pub(in crate::engine) const GEPARKEERD_MAX: usize = 16;

/// Longest message that waits; a longer one is judged at once. All that may wait for one dossier fit into one batch.
const GEPARKEERD_BYTES_MAX: usize = 256 * 1024;

/// How long before the end of the day on which the retour is due (OP090) the last judgement is made.
const RETOUR_MARGE: SignedDuration = SignedDuration::from_hours(1);

impl Decider<'_> {
    /// Returns until when a message waits that was judged too early; none: it does not.
    pub(super) fn parkeren(
        &self,
        judgement: &Judgement,
        settings: &GemeenteSettings,
        bytes: usize,
        at: &At,
        batch: &Batch<'_>,
    ) -> Result<Option<i64>, LedgerError> {
        let minutes = i64::from(settings.beleid.parkeertijd_minuten);
        if minutes == 0 || !judgement.is_te_vroeg() || bytes > GEPARKEERD_BYTES_MAX {
            return Ok(None);
        }
        let waiting = ledger::wachtend(&batch.overlay, judgement.dossier.key())?;
        if waiting.len() >= GEPARKEERD_MAX {
            return Ok(None);
        }
        let until = at.time.saturating_add(SignedDuration::from_mins(minutes)).unwrap_or(Timestamp::MAX);
        let until = due(dutch_date(at.time), settings).map_or(until, |due| until.min(due));
        Ok((until > at.time).then(|| until.as_microsecond()))
    }

    /// Judges a message that waits. Returns whether it waits no more: `tijd_om` leaves it no choice.
    pub(in crate::engine) fn oordeel(
        &self,
        gemeente: Gemeente,
        seq: u64,
        message: &Message,
        tijd_om: bool,
        now: Timestamp,
        batch: &mut Batch<'_>,
    ) -> Result<bool, LedgerError> {
        let row: Option<Geparkeerd> = batch.overlay.row(&keys::geparkeerd(gemeente, seq))?;
        // Judged already, by another message of the dossier.
        let Some(parked) = row else { return Ok(false) };
        let at = batch.next(keys::chain(gemeente), now);
        let today = dutch_date(now);
        let standard = GemeenteSettings::default();
        let settings = self.settings.gemeenten.get(&gemeente).unwrap_or(&standard);
        let bench = Bench { settings: self.settings, gemeente: settings, today, rol: Rol::Ontvanger };
        let judgement = bench.event(&parked.event, false, &at, &batch.overlay)?;
        if judgement.is_te_vroeg() && !tijd_om {
            return Ok(false);
        }
        let judgements = [judgement];
        let uitspraak = Uitspraak::of(&judgements);
        let retour = answer::retour(message, &uitspraak, &at, today)
            .map_err(|error| LedgerError::Inconsistent { entry: at.name(), what: error.to_string() })?;
        let mut record = Oordeel {
            seq,
            partner: parked.partner.clone(),
            soort: parked.soort,
            vandaag: today.to_string(),
            tijd_om,
            uitspraak,
            regels: regels(&judgements),
            waarschuwingen: opmerkingen(&judgements),
            uitgaand: vec![Uitgaand {
                partner: parked.partner,
                volgorde: order(&batch.overlay, &at, gemeente, &parked.event.dossier.bsn)?,
                soort: retour.kind().name().to_owned(),
                bytes: retour.encode(),
                envelop: None,
            }],
            eb: None,
        };
        let gevolg = self.applier.oordeel(&mut batch.overlay, &at, &record)?;
        if let Some(Gevolg { gemeente, bsn, .. }) = gevolg {
            let planned = self.planner().plan(gemeente, &bsn, today, &at, Hold::Begin, &batch.overlay)?;
            if let Some((besluit, uitgaand)) = planned {
                record.eb = Some(besluit);
                record.uitgaand.extend(uitgaand);
            }
        }
        let envelop: Option<String> = batch.overlay.row(&keys::envelop_van(&at.chain.code(), seq))?;
        self.envelopes(&mut record.uitgaand, envelop.as_deref());
        self.applier.vervolg(&mut batch.overlay, &at, &record.uitgaand, record.eb.as_ref())?;
        batch.outgoing = true;
        batch.push(&at, Record::Oordeel(record))?;
        if let Some(Gevolg { gemeente, bsn, .. }) = gevolg {
            self.successor(gemeente, &bsn, today, at.time, Hold::Begin, batch)?;
        }
        Ok(true)
    }
}

/// When the retour on a message of this day must be on its way.
fn due(received: Date, settings: &GemeenteSettings) -> Option<Timestamp> {
    let last = settings.beleid.kalender.add_working_days(received, RETOUR_WERKDAGEN);
    dutch_midnight(last.tomorrow().ok()?)?.checked_sub(RETOUR_MARGE).ok()
}
