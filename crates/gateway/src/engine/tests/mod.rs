//! The engine over a simulated disk: whole exchanges, driven by hand.

mod acts;
mod agreed;
mod beleid;
mod clock;
mod crash;
mod eigen_bijdrage;
mod erase;
mod failure;
mod fixture;
mod isolation;
mod nummers;
mod ontvangst;
mod opgave;
mod overlap;
mod paging;
mod parked;
mod refused_notification;
mod requests;
mod retouren;
mod settings;
mod statistiek;
mod stil;
mod whatif;
mod wijzigingen;
mod work;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use iwmo_codec::Schemas;
use iwmo_codec::messages::Message;
use iwmo_codec::retour::{self, Verdict};
use iwmo_toewijzing::cak::{Laag, Termijnen};
use iwmo_toewijzing::identity::{Aanbieder, Gemeente};
use jiff::Timestamp;
use jiff::civil::Date;

use super::*;
use crate::clock::Clock;
use crate::demo::messages::{Envelope, Order, Person, wmo301, wmo305, wmo307};
use crate::journal::simulated::SimulatedDisk;
use crate::journal::{FileJournal, OpenError, Options, Position, SEGMENT_BYTES_MIN};
use crate::ledger::{self, Applier, Uitgaand, decode_row, keys};
use crate::record::{Record, Uitspraak};
use crate::store::Ledger;
use crate::translate;
use crate::vault::{Vault, VaultError};
use crate::view::{self, ToewijzingFilter};

const GEMEENTE: &str = "0222";
const HVB: &str = "98000001";
const NOW: &str = "2026-11-25T10:00:00Z";

const PERSON: Person = Person {
    bsn: "999900006",
    achternaam: "Wit",
    voorletters: "T",
    geboortedatum: "1951-08-13",
    geslacht: "1",
    straat: "Lindelaan",
    plaats: "Doetinchem",
    postcode: "7001AA",
};

/// A clock that stands still until it is moved.
pub(super) struct HandClock(AtomicI64);

impl HandClock {
    fn new() -> Arc<Self> {
        let now: Timestamp = NOW.parse().unwrap();
        Arc::new(Self(AtomicI64::new(now.as_microsecond())))
    }

    fn advance(&self, by: Duration) {
        self.0.fetch_add(by.as_micros() as i64, Ordering::SeqCst);
    }

    fn set_back(&self, by: Duration) {
        self.0.fetch_sub(by.as_micros() as i64, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

fn today() -> Date {
    "2026-11-25".parse().unwrap()
}

fn date(text: &str) -> Date {
    text.parse().unwrap()
}

fn settings(bedenktijd: Duration) -> Settings {
    let gemeente = Gemeente::new(GEMEENTE).unwrap();
    let partner = |kind| PartnerSettings { kind, gemeenten: vec![gemeente] };
    let mut settings = Settings::default();
    let cak = PartnerId("cak".to_owned());
    settings.gemeenten.insert(
        gemeente,
        GemeenteSettings {
            cak: Some(cak.clone()),
            bedenktijd: Some(bedenktijd),
            // Long enough that no start of these tests is too late to be held.
            eb: Laag { melding_termijn: Some(Termijnen::all(120)), ..Laag::default() }.into(),
            ..Default::default()
        },
    );
    settings.partners.insert(cak, partner(PartnerKind::Cak));
    settings.partners.insert(PartnerId("backoffice".to_owned()), partner(PartnerKind::Backoffice));
    let hvb = PartnerKind::Aanbieder(Aanbieder::new(HVB).unwrap());
    settings.partners.insert(PartnerId("hvb".to_owned()), partner(hvb));
    settings
}

fn order(nummer: u32) -> Order {
    Order {
        nummer,
        categorie: "02",
        code: "02A05",
        ingangsdatum: date("2026-10-05"),
        einddatum: date("2027-05-31"),
    }
}

fn envelope(identificatie: &str) -> Envelope<'_> {
    Envelope { gemeente: GEMEENTE, agb: HVB, identificatie, today: today() }
}

fn folder() -> &'static Path {
    Path::new("/data/journal")
}

pub(super) fn open_journal(disk: &SimulatedDisk) -> Result<FileJournal, OpenError> {
    let options = Options { segment_bytes: SEGMENT_BYTES_MIN };
    let mut journal = FileJournal::open_on(Arc::new(disk.clone()), folder(), options)?;
    let vault = Vault::open_on(Arc::new(disk.clone()), Path::new("/data/keys"), &journal.reader());
    journal.set_vault(vault.map_err(|error| match error {
        VaultError::Io { doing, path, source } => OpenError::Io { doing, path, source },
        VaultError::Journal(error) => error.into(),
        lost => panic!("{lost}"),
    })?);
    Ok(journal)
}

/// A gateway on a disk that is not real, with everybody around it.
pub(crate) struct Gateway {
    engine: Engine,
    ledger: Arc<Ledger>,
    clock: Arc<HandClock>,
    runtime: tokio::runtime::Runtime,
}

impl Gateway {
    /// Starts on an empty ledger.
    fn open(disk: &SimulatedDisk) -> Self {
        Self::start(disk, Arc::new(Ledger::temporary(ledger::FORMAT, 0).unwrap()), Duration::ZERO).unwrap()
    }

    /// Starts as the program does: open the journal, bring the ledger up to it, begin.
    fn start(disk: &SimulatedDisk, ledger: Arc<Ledger>, bedenktijd: Duration) -> Result<Self, String> {
        let journal = open_journal(disk).map_err(|error| error.to_string())?;
        Self::run(journal, ledger, bedenktijd)
    }

    /// Starts on real files, in small segments.
    pub(crate) fn in_folder(data: &Path) -> Self {
        let options = Options { segment_bytes: SEGMENT_BYTES_MIN };
        let mut journal = FileJournal::open(&data.join("journal"), options).unwrap();
        journal.set_vault(Vault::open(data, &journal.reader()).unwrap());
        let applier = Applier::new(Schemas::bundled());
        let (ledger, _) =
            ledger::open(&data.join("ledger"), &journal.reader(), &applier, &mut |_| {}).unwrap();
        Self::run(journal, Arc::new(ledger), Duration::ZERO).unwrap()
    }

    fn run(journal: FileJournal, ledger: Arc<Ledger>, bedenktijd: Duration) -> Result<Self, String> {
        Self::run_under(journal, ledger, settings(bedenktijd))
    }

    /// Starts under other settings than usual.
    fn run_under(journal: FileJournal, ledger: Arc<Ledger>, settings: Settings) -> Result<Self, String> {
        let schemas = Schemas::bundled();
        let applier = Applier::new(schemas.clone());
        let reader = journal.reader();
        ledger::not_ahead(&ledger.tips(), &reader).map_err(|error| error.to_string())?;
        ledger::catch_up(&ledger, &reader, &applier, &mut |_| {}).map_err(|error| error.to_string())?;
        let clock = HandClock::new();
        let shared: Arc<dyn Clock> = Arc::clone(&clock) as _;
        let engine = Engine::start(journal, Arc::clone(&ledger), settings, schemas, shared)
            .map_err(|error| error.to_string())?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        Ok(Self { engine, ledger, clock, runtime })
    }

    /// Returns the engine.
    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    pub(crate) fn send(&self, partner: &str, bytes: impl Into<Bytes>) -> Result<Receipt, Refusal> {
        let partner = PartnerId(partner.to_owned());
        let route = if partner.0 == "backoffice" { Route::Backoffice } else { Route::Direct };
        self.runtime.block_on(self.engine.receive(Inbound {
            partner,
            route,
            bytes: bytes.into(),
            key: None,
            bevestigd: Vec::new(),
        }))
    }

    /// Sends what a person of the gemeente confirmed (D4).
    fn send_confirmed(&self, bytes: impl Into<Bytes>, bevestigd: &[&str]) -> Result<Receipt, Refusal> {
        let partner = PartnerId("backoffice".to_owned());
        let bevestigd = bevestigd.iter().map(|code| (*code).to_owned()).collect();
        let (route, bytes, key) = (Route::Backoffice, bytes.into(), None);
        self.runtime.block_on(self.engine.receive(Inbound { partner, route, bytes, key, bevestigd }))
    }

    /// Sends all of these before any is answered.
    fn send_at_once(&self, messages: &[(&str, Vec<u8>)]) -> Vec<Result<Receipt, Refusal>> {
        let mut tasks = tokio::task::JoinSet::new();
        self.runtime.block_on(async {
            for (place, (partner, bytes)) in messages.iter().enumerate() {
                let (engine, partner, bytes) =
                    (self.engine.clone(), PartnerId((*partner).to_owned()), bytes.clone().into());
                tasks.spawn_on(
                    async move {
                        let inbound = Inbound {
                            partner,
                            route: Route::Direct,
                            bytes,
                            key: None,
                            bevestigd: Vec::new(),
                        };
                        (place, engine.receive(inbound).await)
                    },
                    self.runtime.handle(),
                );
            }
            let mut answers = BTreeMap::new();
            while let Some(answer) = tasks.join_next().await {
                let (place, answer) = answer.unwrap();
                answers.insert(place, answer);
            }
            answers.into_values().collect()
        })
    }

    /// Reports every waiting message as delivered.
    fn deliver(&self) -> Result<(), Unavailable> {
        for partner in ["hvb", "cak", "backoffice"] {
            for waiting in self.engine.waiting(&PartnerId(partner.to_owned()), 100) {
                let outcome = Outcome::Delivered { receipt: Some("gotten".to_owned()) };
                self.runtime.block_on(self.engine.outcome(waiting.id, outcome))?;
            }
        }
        Ok(())
    }

    /// Returns what waits to be sent.
    fn unsent(&self) -> Vec<Waiting> {
        let partners = ["hvb", "cak", "backoffice"].map(|name| PartnerId(name.to_owned()));
        partners.iter().flat_map(|partner| self.engine.waiting(partner, 100)).collect()
    }

    /// Returns every outgoing message of this kind, delivered or not, that the journal gives.
    fn outgoing(&self, kind: &str) -> Vec<(OutgoingId, Message)> {
        let rows = self.ledger.scan(&keys::uitgaand_van(None)).map(Result::unwrap);
        rows.filter_map(|(key, value)| {
            let row: Uitgaand = decode_row(&key, &value).unwrap();
            let id = keys::uitgaand_id(&key).unwrap();
            let bytes = self.engine.outgoing_bytes(&id).filter(|_| row.soort == kind)?;
            Some((id, self.engine.schemas().decode(&bytes).unwrap()))
        })
        .collect()
    }

    /// Returns the digests of received messages in the journal, each with how often it is there.
    fn recorded(&self) -> BTreeMap<[u8; 32], u32> {
        let mut found = BTreeMap::new();
        for entry in self.engine.journal().read_all(Position::START) {
            let entry = entry.unwrap();
            if let Record::Bericht(bericht) =
                Record::decode(entry.kind, entry.version, &entry.payload).unwrap()
            {
                *found.entry(bericht.sha256).or_default() += 1;
            }
        }
        found
    }

    /// Waits until something has come about in the loop.
    fn wait_for(&self, test: impl Fn(&Self) -> bool) {
        let mut changed = self.engine.changed();
        let wait = async {
            while !test(self) {
                changed.changed().await.unwrap();
            }
        };
        self.runtime.block_on(async { tokio::time::timeout(Duration::from_secs(20), wait).await.unwrap() });
    }

    /// Says what a reader would see of every toewijzing, without numbers of entries.
    fn toewijzingen(&self) -> Vec<String> {
        let filter = ToewijzingFilter { limit: usize::MAX, ..Default::default() };
        let found = view::toewijzingen(&self.ledger, &filter, today()).unwrap();
        found.iter().map(|one| serde_json::to_string(one).unwrap()).collect()
    }

    /// Stops, and checks that the journal alone gives the ledger.
    pub(crate) fn stop(self) {
        self.engine.stop();
        let applier = Applier::new(self.engine.schemas().clone());
        let fresh = ledger::temporary(self.engine.journal(), &applier, &mut |_| {}).unwrap();
        assert_eq!(self.ledger.tips(), self.engine.journal().tips());
        let difference = fresh.first_difference(&self.ledger).unwrap();
        assert_eq!(difference.map(|difference| ledger::row_words(&difference.key)), None);
    }
}

/// A 301 for the n-th person.
pub(crate) fn numbered(number: u32) -> Vec<u8> {
    let person = Person { bsn: bsn(number).leak(), ..PERSON };
    wmo301(envelope(&format!("T{number}")), &person, &order(100_000 + number)).unwrap().encode()
}

/// Returns the n-th number of the test series that passes the 11-proef.
pub(crate) fn bsn(number: u32) -> String {
    let passes = |text: &String| {
        let digits = text.bytes().map(|byte| i64::from(byte - b'0'));
        digits.zip([9, 8, 7, 6, 5, 4, 3, 2, -1]).map(|(digit, weight)| digit * weight).sum::<i64>() % 11 == 0
    };
    let mut valid = (0..).map(|at| format!("{:09}", 999_900_000 + at)).filter(passes);
    valid.nth(number as usize).unwrap()
}

/// Writes the approving retour on a message.
fn approve(message: &Message, identificatie: &str) -> Vec<u8> {
    answer(message, identificatie, retour::Uitspraak::Goedgekeurd)
}

/// Writes a retour on a message.
fn answer(message: &Message, identificatie: &str, uitspraak: retour::Uitspraak) -> Vec<u8> {
    let verdict = Verdict {
        identificatie_retour: identificatie.to_owned(),
        dagtekening_retour: translate::datum(today()).unwrap(),
        xsd_versie_retour: None,
        uitspraak,
    };
    retour::retour(message, &verdict).unwrap().encode()
}

/// A step of a whole exchange; each can be done again and then changes nothing.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// The gemeente orders.
    Order,
    /// The aanbieder approves the order.
    OrderRetour,
    /// The aanbieder starts.
    Start,
    /// The aanbieder sends the start once more under another Identificatie: refused.
    StartAgain,
    /// What waits is delivered.
    Deliver,
    /// The CAK approves what it was told, the n-th time.
    CakRetour(usize),
    /// The aanbieder stops.
    Stop,
}

const STORY: [Step; 10] = [
    Step::Order,
    Step::Deliver,
    Step::OrderRetour,
    Step::Start,
    Step::StartAgain,
    Step::Deliver,
    Step::CakRetour(0),
    Step::Stop,
    Step::Deliver,
    Step::CakRetour(1),
];

/// Does one step. Returns the receipt of what was sent, if the step sends something.
fn play(gateway: &Gateway, step: Step) -> Result<Option<(Receipt, Vec<u8>)>, Refusal> {
    let (one, begin, end) = (order(100_101), date("2026-11-02"), date("2026-11-20"));
    let (partner, bytes) = match step {
        Step::Order => ("backoffice", wmo301(envelope("T301"), &PERSON, &one).unwrap().encode()),
        Step::OrderRetour => {
            let message = wmo301(envelope("T301"), &PERSON, &one).unwrap();
            ("hvb", approve(&message, "H302"))
        }
        Step::Start => ("hvb", wmo305(envelope("H305"), &PERSON, &one, &[(begin, "1")]).unwrap().encode()),
        Step::StartAgain => {
            ("hvb", wmo305(envelope("H305B"), &PERSON, &one, &[(begin, "1")]).unwrap().encode())
        }
        Step::Stop => ("hvb", wmo307(envelope("H307"), &PERSON, &one, begin, end, "19").unwrap().encode()),
        Step::Deliver => {
            let delivered = gateway.deliver();
            return delivered
                .map(|()| None)
                .map_err(|error| Refusal::Unavailable { reason: error.reason, retry_after_seconds: 0 });
        }
        Step::CakRetour(which) => {
            let mut told = gateway.outgoing("WMO401");
            told.extend(gateway.outgoing("WMO403"));
            // Without the notification nothing can be answered: the step that makes it failed.
            let Some((_, message)) = told.get(which) else { return Ok(None) };
            ("cak", approve(message, &format!("C{which}")))
        }
    };
    let receipt = gateway.send(partner, bytes.clone())?;
    Ok(Some((receipt, bytes)))
}

/// Plays the story, everything coming out as it should.
pub(crate) fn play_all(gateway: &Gateway) -> Vec<(Receipt, Vec<u8>)> {
    STORY.iter().filter_map(|step| play(gateway, *step).unwrap()).collect()
}

#[test]
fn a_whole_exchange_leaves_a_stopped_delivery_that_the_cak_knows_of() {
    let gateway = Gateway::open(&SimulatedDisk::new(1));
    let receipts = play_all(&gateway);
    assert_eq!(receipts.len(), 7);
    assert!(receipts.iter().all(|(receipt, _)| !receipt.dubbel));
    let toewijzing = gateway.toewijzingen();
    assert_eq!(toewijzing.len(), 1);
    assert!(toewijzing[0].contains("BEVESTIGD") && toewijzing[0].contains("BEEINDIGD"), "{toewijzing:?}");
    let kinds = |kind| gateway.outgoing(kind).len();
    assert_eq!((kinds("WMO306"), kinds("WMO308"), kinds("WMO401"), kinds("WMO403")), (2, 1, 1, 1));
    gateway.stop();
}

/// Every message of the story, sent again, is answered with its first receipt and is not recorded again.
#[test]
fn a_second_delivery_of_the_same_bytes_changes_nothing() {
    let gateway = Gateway::open(&SimulatedDisk::new(1));
    let first = play_all(&gateway);
    let entries = gateway.engine.journal().entries();
    for ((again, _), (receipt, _)) in play_all(&gateway).iter().zip(&first) {
        assert!(again.dubbel);
        assert_eq!(again.id, receipt.id);
    }
    assert_eq!(gateway.engine.journal().entries(), entries);
    gateway.stop();
}

/// Copies that arrive together, so that they are decided in one batch, have one entry and one receipt.
#[test]
fn copies_in_one_batch_take_effect_once() {
    let gateway = Gateway::open(&SimulatedDisk::new(1));
    let bytes = wmo301(envelope("T301"), &PERSON, &order(100_101)).unwrap().encode();
    let copies = vec![("backoffice", bytes); 20];
    let answers: Vec<Receipt> = gateway.send_at_once(&copies).into_iter().map(Result::unwrap).collect();
    assert_eq!(answers.iter().filter(|receipt| !receipt.dubbel).count(), 1);
    assert!(answers.iter().all(|receipt| receipt.id == answers[0].id));
    assert_eq!(gateway.recorded().values().copied().collect::<Vec<_>>(), [1]);
    gateway.stop();
}

/// What a partner has stays delivered, whatever a later attempt reports, and the report leaves no entry.
#[test]
fn a_delivered_message_does_not_wait_again() {
    let gateway = Gateway::open(&SimulatedDisk::new(1));
    play(&gateway, Step::Order).unwrap();
    let hvb = PartnerId("hvb".to_owned());
    let waiting = gateway.engine.waiting(&hvb, 10);
    gateway.deliver().unwrap();
    let entries = gateway.engine.journal().entries();
    let late = Outcome::Retry { reason: "timed out".to_owned(), not_before: NOW.parse().unwrap() };
    gateway.runtime.block_on(gateway.engine.outcome(waiting[0].id.clone(), late)).unwrap();
    assert!(gateway.engine.waiting(&hvb, 10).is_empty());
    let row = view::outgoing(&gateway.ledger, None, true, 10).unwrap();
    assert_eq!((row[0].stand, gateway.engine.journal().entries()), ("bezorgd", entries));
    gateway.stop();
}
