//! How fast the journal and the ledger are, beside the least that durability costs on the same disk.
//!
//!     cargo bench -p iwmo-gateway --bench journal [-- ENTRIES]
//!
//! The bare append is a preallocated file, one `write` and one `fdatasync` per batch, of the bytes and nothing else.
//! It takes turns with the journal in one run, so that the ratios hold whatever else the machine does. One entry a sync is
//! one writer that waits for each. With 64, each of 64 writers has an entry in every batch, and batches go the way that
//! those of the engine go, as many under way as that takes; in the last line each of the writers waits for its entry
//! before it has another, so that a batch is what came while others were under way. ENTRIES is the length of the journal that is replayed (default 20,000; a million shows that memory stays flat).

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark that fails should say where")]

use std::fs::{self, File};
use std::hint::black_box;
use std::ops::ControlFlow;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use iwmo_codec::Schemas;
use iwmo_codec::messages::Message;
use iwmo_gateway::clock::{Clock, SystemClock};
use iwmo_gateway::engine::{
    Engine, GemeenteSettings, Inbound, Intake, Outcome, Outgoing, PartnerId, PartnerKind, PartnerSettings,
    Route, Settings,
};
use iwmo_gateway::journal::{
    AppendError, Chain, ChainBatch, Conclude, Draft, Encoded, Encoder, Fate, FileJournal, Load, Options,
    Pipeline, Position, Tip,
};
use iwmo_gateway::ledger::{self, Applier};
use iwmo_gateway::vault::Vault;
use iwmo_toewijzing::identity::{Aanbieder, Gemeente};
use jiff::{Timestamp, ToSpan};
use serde_json::json;

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// As large as a message with its decision and its answer.
const ENTRY_BYTES: usize = 3 << 10;

/// Writers, each with an entry in every batch.
const WRITERS: usize = 64;

/// Turns of each contestant; the best counts, as the rest of the machine only ever takes away.
const TURNS: usize = 5;

const TURN: Duration = Duration::from_millis(700);

fn main() {
    // `cargo bench` adds `--bench`.
    let entries = std::env::args().filter_map(|argument| argument.parse().ok()).next().unwrap_or(20_000);
    println!("durable entries of {ENTRY_BYTES} bytes, per second:");
    for (batch, way) in
        [(1, Way::Append), (1, Way::Pipeline), (WRITERS, Way::Pipeline), (WRITERS, Way::Waiting)]
    {
        durable(batch, way);
    }
    replay(entries);
}

fn folder(name: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if dir.exists() {
        fs::remove_dir_all(&dir).unwrap();
    }
    fs::create_dir_all(&dir).unwrap();
    dir
}

/// Appends for one turn; returns entries per second.
fn turn(mut append: impl FnMut() -> usize) -> f64 {
    let begin = Instant::now();
    let mut entries = 0;
    while begin.elapsed() < TURN {
        entries += append();
    }
    entries as f64 / begin.elapsed().as_secs_f64()
}

/// How entries come to the journal.
#[derive(Clone, Copy)]
enum Way {
    /// One call for each batch.
    Append,
    /// By the pipeline: in whole batches, or, where there is one writer, one after the other.
    Pipeline,
    /// By the pipeline, each writer waiting for its entry.
    Waiting,
}

fn durable(batch: usize, way: Way) {
    let dir = folder("bench-durable");
    let payload: Arc<[u8]> = (0..ENTRY_BYTES).map(|at| (at * 7) as u8).collect();
    let mut journal = FileJournal::open(&dir.join("journal"), Options::default()).unwrap();
    let bare_bytes = payload.repeat(batch);
    let (mut best_bare, mut best_journal) = (0.0_f64, 0.0_f64);
    for number in 0..TURNS {
        let path = dir.join(format!("bare-{number}"));
        let file = File::create(&path).unwrap();
        let length = 64 << 20;
        // Reserved and not written, as a segment is.
        let (mut file, mut at) = (fill(file, length), 0);
        let bare = turn(|| {
            if at + bare_bytes.len() as u64 > length {
                (file, at) = (fill(file.try_clone().unwrap(), length), 0);
            }
            file.write_all_at(&bare_bytes, at).unwrap();
            file.sync_data().unwrap();
            at += bare_bytes.len() as u64;
            batch
        });
        let (ours, back) = match way {
            Way::Append => appended(journal, &payload, batch),
            Way::Pipeline | Way::Waiting => piped(journal, &payload, batch, matches!(way, Way::Waiting)),
        };
        journal = back;
        best_bare = best_bare.max(bare);
        best_journal = best_journal.max(ours);
        fs::remove_file(path).unwrap();
    }
    let ratio = best_journal / best_bare * 100.0;
    let what = match way {
        Way::Append => "appended",
        Way::Pipeline => "by the pipeline",
        Way::Waiting => "each waiting for its own",
    };
    println!(
        "  {batch:>3} in one sync: bare {best_bare:>9.0}   journal {best_journal:>9.0}   {ratio:.0} %   {what}"
    );
    drop(journal);
    fs::remove_dir_all(dir).unwrap();
}

fn appended(mut journal: FileJournal, payload: &Arc<[u8]>, batch: usize) -> (f64, FileJournal) {
    let (chain, epoch) = (Chain::NONE, journal.epoch());
    let drafts = vec![Draft { time: Timestamp::now(), kind: 1, version: 1, payload }; batch];
    let rate = turn(|| {
        let tip = journal.reader().tips().get(&chain).copied().unwrap_or(Tip::start(chain));
        journal.append(epoch, &[ChainBatch { tip, drafts: &drafts }]).unwrap();
        batch
    });
    (rate, journal)
}

/// Entries of some writers on their way.
struct Entries {
    payload: Arc<[u8]>,
    count: usize,
}

impl Load for Entries {
    fn encode(&mut self, encoder: &mut Encoder) -> Result<Encoded, AppendError> {
        let drafts =
            vec![Draft { time: Timestamp::now(), kind: 1, version: 1, payload: &self.payload }; self.count];
        encoder.encode(&[(Chain::NONE, &drafts)])
    }
}

/// Tells the writers.
struct Tell(Sender<usize>);

impl Conclude<Entries> for Tell {
    fn conclude(&mut self, load: Entries, fate: Fate<'_>) -> ControlFlow<()> {
        assert!(matches!(fate, Fate::Durable(_)), "{fate:?}");
        // At the end of a turn nobody listens.
        let _ = self.0.send(load.count);
        ControlFlow::Continue(())
    }
}

fn piped(journal: FileJournal, payload: &Arc<[u8]>, writers: usize, waiting: bool) -> (f64, FileJournal) {
    let (told, done) = channel();
    let mut pipeline = Pipeline::new(journal, Tell(told), || {});
    pipeline.start().unwrap();
    let entries = |count| Entries { payload: Arc::clone(payload), count };
    // Of those who wait, these have an entry to give.
    let mut free = writers;
    let begin = Instant::now();
    let mut durable = 0;
    while begin.elapsed() < TURN {
        if !waiting && writers > 1 {
            pipeline.give(0, entries(writers));
        } else {
            pipeline.give(0, entries(free));
            free = done.recv().unwrap();
            durable += free;
            while waiting && !pipeline.has_room() {
                let more = done.recv().unwrap();
                (free, durable) = (free + more, durable + more);
            }
        }
        for more in done.try_iter() {
            (free, durable) = (free + more, durable + more);
        }
    }
    pipeline.drain();
    durable += done.try_iter().sum::<usize>();
    let rate = durable as f64 / begin.elapsed().as_secs_f64();
    (rate, pipeline.stop().unwrap())
}

/// Reserves room for appends. What stood there before goes: to write over blocks that were written is another thing than
/// to append, and takes half the time.
fn fill(file: File, length: u64) -> File {
    file.set_len(0).unwrap();
    file.set_len(length).unwrap();
    fs4::FileExt::allocate(&file, length).unwrap();
    file.sync_all().unwrap();
    file
}

fn replay(entries: u64) {
    let dir = folder("bench-replay");
    let begin = Instant::now();
    exchange(&dir, entries);
    let seconds = begin.elapsed().as_secs_f64();
    let mut journal = FileJournal::open(&dir.join("journal"), Options::default()).unwrap();
    journal.set_vault(Vault::open(&dir, &journal.reader()).unwrap());
    let reader = journal.reader();
    let entries = reader.entries();
    println!("\n{entries} entries of whole exchanges; per second:");
    println!("  taken by the engine, whole             {:>9.0}", entries as f64 / seconds);
    timed("  read and checked", entries, || {
        for entry in reader.read_all(Position::START) {
            black_box(entry.unwrap());
        }
    });
    let applier = Applier::new(Schemas::bundled());
    timed("  replayed into a ledger in memory", entries, || {
        drop(ledger::temporary(&reader, &applier, &mut |_| {}).unwrap());
    });
    timed("  replayed into a ledger on disk", entries, || {
        ledger::rebuild(&dir.join("ledger"), &reader, &applier, &mut |_| {}).unwrap();
    });
    if let Ok(status) = fs::read_to_string("/proc/self/status") {
        let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
        println!("  memory at most: {}", peak.trim_start_matches("VmHWM:").trim());
    }
    fs::remove_dir_all(dir).unwrap();
}

fn timed(what: &str, entries: u64, work: impl FnOnce()) {
    let begin = Instant::now();
    work();
    println!("{what:<41}{:>9.0}", entries as f64 / begin.elapsed().as_secs_f64());
}

/// Lets an engine take 301, 305 and 307 of so many persons that about this many entries come about.
fn exchange(dir: &Path, entries: u64) {
    let gemeente = Gemeente::new("0222").unwrap();
    let mut settings = Settings::default();
    let partner = |kind| PartnerSettings { kind, gemeenten: vec![gemeente] };
    let cak = PartnerId("cak".to_owned());
    let own = GemeenteSettings { cak: Some(cak.clone()), ..Default::default() };
    settings.gemeenten.insert(gemeente, own);
    settings.partners.insert(cak, partner(PartnerKind::Cak));
    settings.partners.insert(PartnerId("backoffice".to_owned()), partner(PartnerKind::Backoffice));
    let hvb = PartnerKind::Aanbieder(Aanbieder::new("98000001").unwrap());
    settings.partners.insert(PartnerId("hvb".to_owned()), partner(hvb));
    let (engine, _) = Engine::open(dir, settings, Arc::new(SystemClock), &mut |_| {}).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().worker_threads(2).build().unwrap();
    // Each person gives three messages, and each outgoing message is delivered.
    let persons = bsns().take((entries / 6).max(1) as usize);
    let mut work = tokio::task::JoinSet::new();
    for (number, bsn) in persons.enumerate() {
        if work.len() >= 64 {
            runtime.block_on(work.join_next()).unwrap().unwrap();
        }
        let engine = engine.clone();
        work.spawn_on(
            async move {
                for (partner, bytes) in messages(number as u32 + 1, &bsn) {
                    let partner = PartnerId(partner.to_owned());
                    let inbound = Inbound {
                        partner,
                        route: Route::Direct,
                        key: None,
                        bytes: bytes.into(),
                        bevestigd: Vec::new(),
                    };
                    engine.receive(inbound).await.unwrap();
                }
            },
            runtime.handle(),
        );
    }
    runtime.block_on(async { while work.join_next().await.is_some() {} });
    let hvb = PartnerId("hvb".to_owned());
    loop {
        let waiting = engine.waiting(&hvb, 64);
        if waiting.is_empty() {
            break;
        }
        runtime.block_on(async {
            for message in waiting {
                let engine = engine.clone();
                work.spawn(async move {
                    let outcome = Outcome::Delivered { receipt: Some("0222:1".to_owned()) };
                    engine.outcome(message.id, outcome).await.unwrap();
                });
            }
            while work.join_next().await.is_some() {}
        });
    }
    engine.stop();
}

/// Numbers of the test series that pass the 11-proef.
fn bsns() -> impl Iterator<Item = String> {
    let passes = |text: &String| {
        let digits = text.bytes().map(|byte| i64::from(byte - b'0'));
        digits.zip([9, 8, 7, 6, 5, 4, 3, 2, -1]).map(|(digit, weight)| digit * weight).sum::<i64>() % 11 == 0
    };
    (100_000_000..).map(|at: u64| at.to_string()).filter(passes)
}

/// The order, start and stop of one person's support.
fn messages(number: u32, bsn: &str) -> [(&'static str, Vec<u8>); 3] {
    let today = SystemClock.today();
    let ago = |days: i64| today.saturating_sub(days.days()).to_string();
    let (first, begin, end) = (ago(120), ago(90), ago(10));
    let header = |code: &str, from: &str, to: &str| {
        json!({
            "BerichtCode": code, "BerichtVersie": "3", "BerichtSubversie": "2", "Afzender": from, "Ontvanger": to,
            "BerichtIdentificatie": { "Identificatie": format!("B{number}"), "Dagtekening": today.to_string() },
            "XsdVersie": { "BasisschemaXsdVersie": "1.0.0", "BerichtXsdVersie": "1.0.0" },
        })
    };
    let naam = json!({ "Geslachtsnaam": { "Achternaam": "Jansen" }, "Voorletters": "A" });
    let product = json!({ "Categorie": "02", "Code": "02A05" });
    let mut order_naam = naam.clone();
    order_naam["NaamGebruik"] = "1".into();
    let order = json!({
        "Bsn": bsn, "Geboortedatum": { "Datum": "1950-01-01" }, "Geslacht": "1", "Naam": order_naam,
        "Contactgegevens": [{ "Soort": "01", "Adres": {
            "Huis": { "Huisnummer": "12" }, "Postcode": "7001AA", "Straatnaam": "Lindelaan",
            "Plaatsnaam": "Doetinchem", "LandCode": "NL" } }],
        "ToegewezenProducten": [{
            "ToewijzingNummer": number.to_string(), "Product": product, "Toewijzingsdatum": today.to_string(),
            "Toewijzingstijd": "09:00:00", "Ingangsdatum": first,
            "Einddatum": today.saturating_add(90.days()).to_string(),
            "Omvang": { "Volume": "4", "Eenheid": "04", "Frequentie": "2" } }],
    });
    let class = json!({
        "ToewijzingNummer": number.to_string(), "Product": product, "ToewijzingIngangsdatum": first,
        "Begindatum": begin, "StatusAanlevering": "1",
    });
    let mut stop = class.clone();
    stop["RedenBeeindiging"] = "19".into();
    stop["Einddatum"] = end.into();
    let client = json!({
        "Bsn": bsn, "Geboortedatum": { "Datum": "1950-01-01" }, "Geslacht": "1", "Naam": naam,
    });
    let (mut started, mut stopped) = (client.clone(), client);
    started["StartProducten"] = json!([class]);
    stopped["StopProducten"] = json!([stop]);
    let (gemeente, agb) = ("0222", "98000001");
    [
        ("backoffice", encode("WMO301", header("414", gemeente, agb), order)),
        ("hvb", encode("WMO305", header("418", agb, gemeente), started)),
        ("hvb", encode("WMO307", header("420", agb, gemeente), stopped)),
    ]
}

fn encode(kind: &str, header: serde_json::Value, client: serde_json::Value) -> Vec<u8> {
    let value = json!({
        "message": kind, "release": "iWmo 3.2", "Bericht": { "Header": header, "Client": client },
    });
    Message::from_json(&value.to_string()).unwrap().encode()
}
