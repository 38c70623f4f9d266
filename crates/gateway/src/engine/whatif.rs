//! What would have been decided under another policy: every recorded message is judged again, nothing is changed.
//!
//! Each message is judged against the state as it was recorded, so that a difference is the policy's own doing:
//! what would have followed from it later on is not played out. Compared are the verdict on a message, whether a
//! message of ours would have been sent, and what the CAK would have been told; not when, because how long a
//! notification is held back decides nothing.

use std::collections::BTreeSet;

use iwmo_codec::Schemas;
use iwmo_codec::messages::Message;
use iwmo_toewijzing::event::DossierKey;
use iwmo_toewijzing::identity::{Bsn, Gemeente};
use iwmo_toewijzing::judge::{Context, Ernst, Judgement, Rol, judge};
use jiff::Timestamp;
use jiff::civil::Date;

use crate::engine::decide::Decider;
use crate::engine::judged::{Bench, dossier, gebroken, heenbericht, level_2, regels};
use crate::engine::plan::{BEDENKTIJD, Hold};
use crate::engine::{Policy, Settings};
use crate::journal::{Entry, EntryId, Position, Reader};
use crate::ledger::{Applier, At, FORMAT, Geparkeerd, Gevolg, LedgerError, Persoon, Progress, Rows, keys};
use crate::record::{Bericht, EbBesluit, EbUitkomst, Oordeel, Planning, Record, Uitspraak};
use crate::store::{Ledger, Overlay};
use crate::translate;

/// Entries between two commits to the ledger that is built on the way.
const COMMIT_ENTRIES: usize = 512;

/// An entry that would say something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Different {
    /// The entry.
    pub entry: EntryId,
    /// When it was decided.
    pub time: Timestamp,
    /// The kind of message; none for a run of the CAK planner.
    pub soort: Option<String>,
    /// What differs.
    pub what: What,
}

/// What would be different.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// The verdict on a message.
    Uitspraak {
        /// As recorded.
        was: Uitspraak,
        /// Under the other policy.
        zou: Uitspraak,
        /// The rules that would decide it.
        regels: Vec<String>,
    },
    /// A message of ours was sent and would not be: these rules or findings stand in the way.
    NietVerzonden {
        /// The rules.
        regels: Vec<String>,
    },
    /// The message would not be valid under other schemas: one that was received would be refused at the door, and nothing of it
    /// recorded or answered with a retour; one that was sent would be refused by its receiver.
    Ongeldig {
        /// What was decided about it as it was received; none: it was sent.
        was: Option<Uitspraak>,
        /// The rules that it breaks, each with the element.
        regels: Vec<String>,
        /// There are more.
        meer: bool,
    },
    /// What the CAK is told, in words without personal data.
    Cak {
        /// As recorded.
        was: String,
        /// Under the other policy.
        zou: String,
    },
}

/// How much was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Looked {
    /// Entries read.
    pub entries: u64,
    /// Messages judged again.
    pub messages: u64,
    /// Decisions about the CAK made again.
    pub plans: u64,
    /// Differences found.
    pub differences: u64,
    /// Kinds of message that the other schemas do not have, held against the bundled ones.
    pub bundled: BTreeSet<String>,
}

/// Judges every recorded message again and tells each difference, in the order of the journal.
///
/// # Errors
///
/// The journal cannot be read, or an entry does not fit what came before it.
pub fn what_if(
    policy: &Policy,
    reader: &Reader,
    schemas: &Schemas,
    tell: &mut dyn FnMut(Different),
    progress: &mut dyn FnMut(Progress),
) -> Result<Looked, LedgerError> {
    let with_cak = gemeenten_with_cak(reader)?;
    let mut settings = Settings::default();
    for chain in reader.tips().keys() {
        if let Some(gemeente) = gemeente(&chain.to_string()) {
            settings.gemeenten.insert(gemeente, policy.of(gemeente, with_cak.contains(&gemeente)));
        }
    }
    let applier = Applier::new(schemas.clone());
    let mut judge = Again {
        decider: Decider { settings: &settings, applier: &applier, journal: None },
        schemas,
        looked: Looked::default(),
        tell,
    };
    let ledger = Ledger::temporary(FORMAT, reader.entries())?;
    let (mut tips, total) = (reader.tips(), reader.entries());
    tips.clear();
    let mut all = reader.read_all(Position::START);
    loop {
        let mut overlay = Overlay::new(&ledger);
        let mut taken = 0;
        for entry in all.by_ref().take(COMMIT_ENTRIES) {
            let entry = entry?;
            judge.entry(&mut overlay, &entry)?;
            tips.insert(entry.id.chain, entry.tip());
            taken += 1;
        }
        if taken == 0 {
            return Ok(judge.looked);
        }
        let tips: Vec<_> = tips.values().copied().collect();
        ledger.commit(overlay.into_writes(), &tips)?;
        progress(Progress { applied: judge.looked.entries, entries: total });
    }
}

/// The recorded decisions say which gemeenten have a CAK to tell; the policy does not.
fn gemeenten_with_cak(reader: &Reader) -> Result<BTreeSet<Gemeente>, LedgerError> {
    let mut found = BTreeSet::new();
    for entry in reader.read_all(Position::START) {
        let entry = entry?;
        let Some(gemeente) = gemeente(&entry.id.chain.to_string()) else { continue };
        let decided = match record(&entry)? {
            Record::Bericht(bericht) => bericht.eb.is_some(),
            Record::Planning(_) => true,
            Record::Oordeel(oordeel) => oordeel.eb.is_some(),
            Record::Bezorging(_)
            | Record::Start(_)
            | Record::Handeling(_)
            | Record::Inzage(_)
            | Record::Instelling(_)
            | Record::Verwijdering(_)
            | Record::Verwijderverzoek(_)
            | Record::Terzijde(_) => false,
        };
        if decided {
            found.insert(gemeente);
        }
    }
    Ok(found)
}

fn gemeente(code: &str) -> Option<Gemeente> {
    Gemeente::new(code).ok()
}

fn record(entry: &Entry) -> Result<Record, LedgerError> {
    Record::decode(entry.kind, entry.version, &entry.payload)
        .map_err(|source| LedgerError::Entry { entry: entry.id.to_string(), source })
}

struct Again<'a> {
    decider: Decider<'a>,
    schemas: &'a Schemas,
    looked: Looked,
    tell: &'a mut dyn FnMut(Different),
}

impl Again<'_> {
    fn entry(&mut self, overlay: &mut Overlay<'_>, entry: &Entry) -> Result<(), LedgerError> {
        self.looked.entries += 1;
        let at = At { chain: entry.id.chain, seq: entry.id.seq, time: entry.time };
        if entry.gone {
            // What was removed cannot be judged again.
            return self.decider.applier.apply_gone(overlay, &at, &record(entry)?, None);
        }
        match record(entry)? {
            Record::Bericht(bericht) => self.message(overlay, entry, &at, &bericht),
            Record::Planning(planning) => {
                self.planning(overlay, entry, &at, &planning)?;
                self.decider.applier.apply(overlay, &at, &Record::Planning(planning), None)
            }
            Record::Oordeel(oordeel) => self.oordeel(overlay, entry, &at, &oordeel),
            other => self.decider.applier.apply(overlay, &at, &other, None),
        }
    }

    fn message(
        &mut self,
        overlay: &mut Overlay<'_>,
        entry: &Entry,
        at: &At,
        bericht: &Bericht,
    ) -> Result<(), LedgerError> {
        let inconsistent =
            |what: &str| LedgerError::Inconsistent { entry: entry.id.to_string(), what: what.to_owned() };
        let message = self
            .schemas
            .decode(&bericht.bytes)
            .map_err(|_| inconsistent("the recorded message is not valid"))?;
        let today: Date =
            bericht.vandaag.parse().map_err(|_| inconsistent("a date in the entry cannot be read"))?;
        self.looked.messages += 1;
        if let Some(what) = self.verdict(overlay, at, bericht, &message, today)? {
            self.difference(entry, Some(&bericht.soort), what);
        }
        let gevolg = self.decider.applier.bericht(overlay, at, bericht, &message)?;
        if let Some(Gevolg { gemeente, bsn, .. }) = gevolg {
            let hold = match message {
                Message::Wmo402(_) | Message::Wmo404(_) => Hold::Over,
                _ => Hold::Begin,
            };
            if !held_back(overlay, at, gemeente, &bsn, bericht.eb.as_ref())? {
                let who = Who { gemeente, bsn, today, hold };
                self.plan(overlay, entry, at, &who, bericht.eb.as_ref())?;
            }
        }
        self.decider.applier.vervolg(overlay, at, &bericht.uitgaand, bericht.eb.as_ref())
    }

    /// Judges a message again; the difference, if there is one.
    fn verdict(
        &self,
        overlay: &Overlay<'_>,
        at: &At,
        bericht: &Bericht,
        message: &Message,
        today: Date,
    ) -> Result<Option<What>, LedgerError> {
        let settings = self.decider.settings;
        let inconsistent = |what: String| LedgerError::Inconsistent {
            entry: EntryId { chain: at.chain, seq: at.seq }.to_string(),
            what,
        };
        let Some(gemeente) = gemeente(&at.chain.to_string()).and_then(|code| settings.gemeenten.get(&code))
        else {
            return Ok(None);
        };
        let judgements = match message {
            Message::Wmo302(_) | Message::Wmo320(_) => {
                let Some(code) = self::gemeente(&at.chain.to_string()) else { return Ok(None) };
                let heen = heenbericht(overlay, code, message)?.filter(|_| bericht.heenbericht.is_some());
                let Some((heen, bsn)) = heen.and_then(|heen| heen.bsn.map(|bsn| (heen, bsn))) else {
                    return Ok(None);
                };
                let key = DossierKey { gemeente: code, aanbieder: heen.aanbieder, bsn };
                let event = translate::retour(message, key.clone(), at.seq, today)
                    .map_err(|error| inconsistent(error.to_string()))?;
                let context = Context::new(today, &gemeente.beleid);
                let judgement = judge(&*dossier(overlay, &key)?, &event, &context)
                    .map_err(|error| inconsistent(error.to_string()))?;
                vec![judgement]
            }
            Message::Wmo402(_) | Message::Wmo404(_) => return Ok(None),
            _ => {
                let ours = matches!(message, Message::Wmo301(_) | Message::Wmo319(_) | Message::Wmo325(_));
                // No policy changes these rules, but the gateway may know others than when the message was judged.
                if let Some((zou, regels)) = level_2(message) {
                    let was = bericht.uitspraak.clone();
                    return Ok(match ours {
                        true => Some(What::NietVerzonden { regels }),
                        false => (zou != was).then_some(What::Uitspraak { was, zou, regels }),
                    });
                }
                let rol = if ours { Rol::Verzender } else { Rol::Ontvanger };
                let judgements = Bench { settings, gemeente, today, rol }.judge(message, at, overlay)?;
                if ours {
                    let sent = judgements.iter().any(Judgement::mag_verzonden);
                    let regels = blocking(&judgements);
                    return Ok((!sent).then_some(What::NietVerzonden { regels }));
                }
                judgements
            }
        };
        let too_early = |judgement: &Judgement| judgement.is_te_vroeg();
        if gemeente.beleid.parkeertijd_minuten > 0 && judgements.iter().all(too_early) {
            // How long it would wait decides nothing, and where it waited it is judged when that was over.
            let waits = matches!(bericht.uitspraak, Uitspraak::Geparkeerd { .. });
            let tot = at.time.as_microsecond();
            return Ok((!waits).then(|| What::Uitspraak {
                was: bericht.uitspraak.clone(),
                zou: Uitspraak::Geparkeerd { tot },
                regels: regels(&judgements),
            }));
        }
        let zou = Uitspraak::of(&judgements);
        let regels = regels(&judgements);
        Ok((zou != bericht.uitspraak).then(|| What::Uitspraak {
            was: bericht.uitspraak.clone(),
            zou,
            regels,
        }))
    }

    /// Judges a message that waited again.
    fn oordeel(
        &mut self,
        overlay: &mut Overlay<'_>,
        entry: &Entry,
        at: &At,
        oordeel: &Oordeel,
    ) -> Result<(), LedgerError> {
        let inconsistent =
            |what: &str| LedgerError::Inconsistent { entry: entry.id.to_string(), what: what.to_owned() };
        let today: Date =
            oordeel.vandaag.parse().map_err(|_| inconsistent("a date in the entry cannot be read"))?;
        let settings = self.decider.settings;
        let code = gemeente(&at.chain.to_string());
        let parked: Option<Geparkeerd> = match code {
            Some(code) => overlay.row(&keys::geparkeerd(code, oordeel.seq))?,
            None => None,
        };
        if let (Some(gemeente), Some(parked)) = (code.and_then(|code| settings.gemeenten.get(&code)), parked)
        {
            self.looked.messages += 1;
            let bench = Bench { settings, gemeente, today, rol: Rol::Ontvanger };
            let judgements = [bench.event(&parked.event, false, at, overlay)?];
            let zou = Uitspraak::of(&judgements);
            if zou != oordeel.uitspraak {
                let was = oordeel.uitspraak.clone();
                let what = What::Uitspraak { was, zou, regels: regels(&judgements) };
                self.difference(entry, Some(&oordeel.soort), what);
            }
        }
        if let Some(Gevolg { gemeente, bsn, .. }) = self.decider.applier.oordeel(overlay, at, oordeel)?
            && !held_back(overlay, at, gemeente, &bsn, oordeel.eb.as_ref())?
        {
            let who = Who { gemeente, bsn, today, hold: Hold::Begin };
            self.plan(overlay, entry, at, &who, oordeel.eb.as_ref())?;
        }
        self.decider.applier.vervolg(overlay, at, &oordeel.uitgaand, oordeel.eb.as_ref())
    }

    fn planning(
        &mut self,
        overlay: &Overlay<'_>,
        entry: &Entry,
        at: &At,
        planning: &Planning,
    ) -> Result<(), LedgerError> {
        let inconsistent =
            |what: &str| LedgerError::Inconsistent { entry: entry.id.to_string(), what: what.to_owned() };
        let today =
            planning.vandaag.parse().map_err(|_| inconsistent("a date in the entry cannot be read"))?;
        let bsn = Bsn::new(&planning.eb.bsn).map_err(|_| inconsistent("the person cannot be read"))?;
        let Some(gemeente) = gemeente(&at.chain.to_string()) else { return Ok(()) };
        if held_back(overlay, at, gemeente, &bsn, Some(&planning.eb))? {
            return Ok(());
        }
        let who = Who { gemeente, bsn, today, hold: Hold::Over };
        self.plan(overlay, entry, at, &who, Some(&planning.eb))
    }

    /// Plans again for a person and compares with what was decided.
    fn plan(
        &mut self,
        overlay: &Overlay<'_>,
        entry: &Entry,
        at: &At,
        who: &Who,
        was: Option<&EbBesluit>,
    ) -> Result<(), LedgerError> {
        self.looked.plans += 1;
        let Who { gemeente, bsn, today, hold } = who;
        let planned = self.decider.planner().plan(*gemeente, bsn, *today, at, *hold, overlay)?;
        let zou = planned.map(|(besluit, _)| besluit);
        let (was, zou) = (words(was), words(zou.as_ref()));
        if was != zou {
            self.difference(entry, None, What::Cak { was, zou });
        }
        Ok(())
    }

    fn difference(&mut self, entry: &Entry, soort: Option<&String>, what: What) {
        self.looked.differences += 1;
        (self.tell)(Different { entry: entry.id, time: entry.time, soort: soort.cloned(), what });
    }
}

/// For whom and when is planned.
struct Who {
    gemeente: Gemeente,
    bsn: Bsn,
    today: Date,
    hold: Hold,
}

/// Returns whether a notification is being held back: it is compared when it is released.
fn held_back(
    overlay: &Overlay<'_>,
    at: &At,
    gemeente: Gemeente,
    bsn: &Bsn,
    decided: Option<&EbBesluit>,
) -> Result<bool, LedgerError> {
    if let Some(besluit) = decided {
        return Ok(matches!(&besluit.uitkomst, EbUitkomst::Wacht { reden, .. } if reden == BEDENKTIJD));
    }
    let persoon: Option<Persoon> = overlay.row(&keys::persoon(gemeente, bsn))?;
    Ok(persoon.and_then(|persoon| persoon.plan_op_us).is_some_and(|moment| moment > at.time.as_microsecond()))
}

/// Returns what stands in the way of sending a message of ours.
fn blocking(judgements: &[Judgement]) -> Vec<String> {
    let mut blocking = gebroken(judgements);
    let findings = judgements.iter().flat_map(|judgement| &judgement.waarschuwingen);
    let findings = findings.filter(|finding| finding.ernst == Ernst::Blokkeert);
    blocking.extend(findings.map(|finding| finding.soort.as_str().to_owned()));
    blocking
}

/// Says what was decided about the CAK, without what cannot differ by policy: names, moments and numbers.
fn words(besluit: Option<&EbBesluit>) -> String {
    match besluit.map(|besluit| &besluit.uitkomst) {
        None | Some(EbUitkomst::Niets) => "niets te melden".to_owned(),
        Some(EbUitkomst::Melding { soort, status, datum, .. }) => {
            let kind = if *soort == 0 { "WMO401" } else { "WMO403" };
            format!("{kind}, status {status}, {datum}")
        }
        Some(EbUitkomst::Wacht { reden, .. }) => format!("wacht: {reden}"),
        Some(EbUitkomst::Handmatig { reden }) => format!("een medewerker moet kijken: {reden}"),
    }
}
