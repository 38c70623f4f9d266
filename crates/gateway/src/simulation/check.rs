//! What must hold when everything is quiet.

use std::collections::{BTreeMap, BTreeSet};

use iwmo_toewijzing::Dossier;
use iwmo_toewijzing::cak::Opgave;
use iwmo_toewijzing::deadline::Stand as Deadlines;
use iwmo_toewijzing::dossier::Onderwerp;
use iwmo_toewijzing::identity::Gemeente;
use jiff::civil::Date;

use super::contribution;
use super::expected::Expected;
use super::gateway::{self, folder};
use super::removal;
use super::world::{GEMEENTEN, PARTNERS, World, digest, short};
use crate::engine::OutgoingId;
use crate::journal::{Chain, EntryId, Position, Reader, verify_on};
use crate::ledger::{self, Applier, Rows, Stand, Uitgaand, decode_row, keys, row_words};
use crate::record::{self, Bericht, EbUitkomst, Oordeel, Record, Uitspraak, Verklaring, Wat};
use crate::vault::is_gone;
use crate::view::{self, TermijnFilter};

/// A message that is to be sent: its name, its kind and the SHA-256 of its bytes.
type Sent = (OutgoingId, String, [u8; 32]);

/// What the journal says, one entry after the other.
#[derive(Default)]
struct Told {
    /// The names of the entries that hold a message, by sender and digest.
    received: BTreeMap<(String, [u8; 32]), Vec<String>>,
    /// What is to be sent, by partner and key, in order.
    outgoing: BTreeMap<(String, String), Vec<Sent>>,
    /// What operators took out of its order: sent again after it was given up, or held.
    by_hand: BTreeSet<OutgoingId>,
    /// How many answers there are to an entry of ours, by chain and number.
    answers: BTreeMap<([u8; 4], u64), u32>,
    /// Notifications to the CAK.
    notifications: Vec<([u8; 4], u64)>,
    /// 301s and 319s of ours.
    orders: Vec<([u8; 4], u64)>,
    /// 323s that a 325 answers, by chain and number.
    settled: BTreeSet<([u8; 4], u64)>,
    /// What is to be sent and of which the message is gone, by partner.
    gone: BTreeMap<String, usize>,
    /// 305s and 307s that wait for their judgement, by chain and number.
    parked: BTreeMap<([u8; 4], u64), Box<Bericht>>,
    /// What somebody changed by hand.
    acts: BTreeSet<EntryId>,
    expected: Expected,
}

pub(super) fn all(world: &World) {
    let Some(journal) = world.journal() else { return world.violated("the gateway is down".to_owned()) };
    let told = read(world, &journal);
    acknowledged(world, &told);
    acted(world, &told);
    deliveries(world, &told);
    answers(world, &told);
    contribution::hold(world, &told.expected, &given_up(world, &told));
    missing_starts(world);
    removal::removed(world, &journal);
    replay(world, &journal);
    match verify_on(&world.disk, folder(), &mut |_| {}) {
        Ok(report) if report.is_clean() => {}
        found => world.violated(format!("the journal does not verify: {found:?}")),
    }
}

fn read(world: &World, journal: &Reader) -> Told {
    let mut told = Told::default();
    for entry in journal.read_all(Position::START) {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                world.violated(format!("the journal cannot be read: {error}"));
                break;
            }
        };
        let (chain, seq) = (entry.id.chain.code(), entry.id.seq);
        let record = match Record::decode(entry.kind, entry.version, &entry.payload) {
            Ok(record) => record,
            Err(error) => {
                world.violated(format!("{}: {error}", entry.id));
                continue;
            }
        };
        let (uitgaand, eb) = match record {
            Record::Bericht(bericht) => {
                told.bericht(world, &entry.id.to_string(), chain, seq, &bericht);
                let (uitgaand, eb) = (bericht.uitgaand.clone(), bericht.eb.clone());
                if matches!(bericht.uitspraak, Uitspraak::Geparkeerd { .. }) {
                    world.state().counts.waited += 1;
                    told.parked.insert((chain, seq), bericht);
                } else if matches!(&*bericht.soort, "WMO315" | "WMO317" | "WMO319" | "WMO323" | "WMO325") {
                    world.state().counts.requests += 1;
                }
                (uitgaand, eb)
            }
            Record::Planning(planning) => (planning.uitgaand, Some(planning.eb)),
            Record::Oordeel(oordeel) => {
                told.oordeel(world, &entry.id.to_string(), chain, &oordeel);
                (oordeel.uitgaand, oordeel.eb)
            }
            Record::Handeling(handeling) => {
                told.by_hand.extend(named(chain, &handeling.wat));
                told.acts.insert(entry.id);
                if let Wat::Opgave { verklaring } = &handeling.wat
                    && !entry.gone
                {
                    told.stated(world, entry.id.chain, verklaring);
                }
                (Vec::new(), None)
            }
            _ => (Vec::new(), None),
        };
        let lost = uitgaand.iter().any(|message| is_gone(&message.bytes));
        if !lost && eb.is_some_and(|eb| matches!(eb.uitkomst, EbUitkomst::Melding { .. })) {
            told.notifications.push((chain, seq));
        }
        for (index, message) in uitgaand.into_iter().enumerate() {
            if is_gone(&message.bytes) {
                *told.gone.entry(message.partner).or_default() += 1;
                continue;
            }
            let id = OutgoingId { gemeente: chain, seq, index: index as u16 };
            let lane = told.outgoing.entry((message.partner, message.volgorde)).or_default();
            lane.push((id, message.soort, digest(&message.bytes)));
        }
    }
    for ((chain, seq), bericht) in told.parked.iter().filter(|(_, bericht)| !is_gone(&bericht.bytes)) {
        let chain = String::from_utf8_lossy(chain);
        world.violated(format!("{chain}:{seq}, a {}, was never judged", bericht.soort));
    }
    told
}

/// The outgoing messages that an act names.
fn named(gemeente: [u8; 4], wat: &Wat) -> Vec<OutgoingId> {
    let (Wat::UitgaandOpnieuw { berichten }
    | Wat::UitgaandHerhalen { berichten }
    | Wat::UitgaandVasthouden { berichten }
    | Wat::UitgaandVrijgeven { berichten }) = wat
    else {
        return Vec::new();
    };
    berichten.iter().map(|plek| OutgoingId { gemeente, seq: plek.seq, index: plek.index }).collect()
}

impl Told {
    fn bericht(&mut self, world: &World, id: &str, chain: [u8; 4], seq: u64, bericht: &Bericht) {
        let key = (bericht.partner.clone(), bericht.sha256);
        self.received.entry(key).or_default().push(id.to_owned());
        let gone = is_gone(&bericht.bytes);
        if !gone && digest(&bericht.bytes) != bericht.sha256 {
            world.violated(format!("{id} has other bytes than its digest says"));
        }
        match bericht.soort.as_str() {
            "WMO305" | "WMO307" | "WMO315" | "WMO317" => {
                self.judged(world, id, &bericht.soort, &bericht.uitspraak, &bericht.uitgaand, &bericht.bytes);
            }
            // What is gone is not known to wait for anything.
            "WMO301" | "WMO319" if !gone => self.orders.push((chain, seq)),
            "WMO325" => {
                let of = bericht.heenbericht.map(|heen| (chain, heen));
                if !gone && !of.is_some_and(|of| self.settled.insert(of)) {
                    world.violated(format!("{id}, a 325, answers no declaration, or one that was answered"));
                }
            }
            _ => {
                if let Some(heen) = bericht.heenbericht {
                    *self.answers.entry((chain, heen)).or_default() += 1;
                }
            }
        }
    }

    /// A message that waited is judged.
    fn oordeel(&mut self, world: &World, id: &str, chain: [u8; 4], oordeel: &Oordeel) {
        match self.parked.remove(&(chain, oordeel.seq)) {
            None => world.violated(format!("{id} judges a message that does not wait")),
            Some(bericht) => {
                let (uitspraak, uitgaand) = (&oordeel.uitspraak, &oordeel.uitgaand);
                self.judged(world, id, &bericht.soort, uitspraak, uitgaand, &bericht.bytes);
            }
        }
    }

    /// The backoffice states something about a person.
    fn stated(&mut self, world: &World, chain: Chain, verklaring: &Verklaring) {
        match verklaring.opgave() {
            Ok(Opgave::Vasthouden {} | Opgave::Vrijgeven {} | Opgave::Herplannen {}) => {}
            Ok(opgave) => {
                world.state().counts.stated += 1;
                self.expected.stated((chain.to_string(), verklaring.bsn.clone()), &opgave);
            }
            Err(error) => world.violated(format!("a statement cannot be read: {error}")),
        }
    }

    /// A 305, 307, 315 or 317 has its judgement, and with it its one retour; or it waits, and has none.
    fn judged(
        &mut self,
        world: &World,
        id: &str,
        soort: &str,
        uitspraak: &Uitspraak,
        uitgaand: &[record::Uitgaand],
        bytes: &[u8],
    ) {
        let retour = match soort {
            "WMO305" => "WMO306",
            "WMO307" => "WMO308",
            "WMO315" => "WMO316",
            _ => "WMO318",
        };
        let retours = uitgaand.iter().filter(|message| message.soort == retour).count();
        let wanted = usize::from(!matches!(uitspraak, Uitspraak::Geparkeerd { .. }));
        if retours != wanted {
            world.violated(format!("{id}, a {soort}, has {retours} retours"));
        }
        if *uitspraak == Uitspraak::Goedgekeurd
            && let Ok(message) = world.shelves.schemas.decode(bytes)
        {
            self.expected.approved(&message);
        }
    }
}

/// What was acknowledged is there, once, under the name that was given; and nothing is there twice.
fn acknowledged(world: &World, told: &Told) {
    let acknowledged = world.state().acknowledged.clone();
    for ((from, sha256), id) in acknowledged {
        let found = told.received.get(&(from.to_owned(), sha256));
        if found.is_none_or(|found| found[..] != [id.clone()]) {
            let found = found.cloned().unwrap_or_default();
            world.violated(format!("{} of {from} was acknowledged as {id} and is {found:?}", short(&sha256)));
        }
    }
    for ((from, sha256), ids) in &told.received {
        if ids.len() != 1 {
            world.violated(format!("{} of {from} took effect {} times: {ids:?}", short(sha256), ids.len()));
        }
    }
}

/// An act that was answered as done is there.
fn acted(world: &World, told: &Told) {
    for id in world.state().acted.clone() {
        if !told.acts.contains(&id) {
            world.violated(format!("an act was answered as {id} and is not there"));
        }
    }
}

/// Each partner has everything that was addressed to it, in order for each key, and nothing else.
fn deliveries(world: &World, told: &Told) {
    let mut addressed: BTreeMap<&str, BTreeSet<[u8; 32]>> = BTreeMap::new();
    for ((partner, key), lane) in &told.outgoing {
        let places: BTreeMap<[u8; 32], usize> = match world.state().partners.get(partner.as_str()) {
            Some(partner) => partner.received.iter().map(|bytes| digest(bytes)).zip(0..).collect(),
            None => BTreeMap::new(),
        };
        let mut last = None;
        for (id, soort, sha256) in lane {
            addressed.entry(partner).or_default().insert(*sha256);
            let row: Option<Uitgaand> = world.shelves.ledger.row(&keys::uitgaand(id)).expect("a row");
            let stand = row.as_ref().map(|row| row.stand);
            match (places.get(sha256), stand) {
                (Some(_), Some(_)) if told.by_hand.contains(id) => {}
                (Some(place), Some(_)) => {
                    if last.is_some_and(|last| last > *place) {
                        world.violated(format!("{partner} got {id}, a {soort} of {key}, out of order"));
                    }
                    last = Some(*place);
                }
                // Given up, for an operator.
                (None, Some(Stand::Geparkeerd)) => {}
                (None, _) => world.violated(format!("{partner} never got {id}, a {soort}: {stand:?}")),
                (Some(_), None) => world.violated(format!("{id} is in the journal and not in the ledger")),
            }
        }
    }
    for name in PARTNERS {
        let received = world.state().partner(name).seen.clone();
        let known = addressed.remove(name).unwrap_or_default();
        // As many as were about somebody who was removed, and may have left before.
        let gone = told.gone.get(name).copied().unwrap_or(0);
        for sha256 in received.difference(&known).skip(gone) {
            world.violated(format!("{name} got {}, which no entry sends", short(sha256)));
        }
    }
}

/// Every message of ours has one retour.
fn answers(world: &World, told: &Told) {
    let parked = parked(told, world);
    for heen in told.orders.iter().chain(&told.notifications).filter(|heen| !parked.contains(heen)) {
        let count = told.answers.get(heen).copied().unwrap_or(0);
        if count != 1 {
            let (chain, seq) = heen;
            let chain = String::from_utf8_lossy(chain);
            world.violated(format!("{chain}:{seq} of ours has {count} retours"));
        }
    }
}

/// The entries of which a message was given up.
fn parked(told: &Told, world: &World) -> BTreeSet<([u8; 4], u64)> {
    let ids = told.outgoing.values().flatten().map(|(id, ..)| id);
    let is_parked = |id: &&OutgoingId| {
        let row: Option<Uitgaand> = world.shelves.ledger.row(&keys::uitgaand(id)).expect("a row");
        row.is_some_and(|row| row.stand == Stand::Geparkeerd)
    };
    ids.filter(is_parked).map(|id| (id.gemeente, id.seq)).collect()
}

/// The gemeenten in which a notification was given up.
fn given_up(world: &World, told: &Told) -> BTreeSet<[u8; 4]> {
    let parked = parked(told, world);
    told.notifications.iter().filter(|entry| parked.contains(entry)).map(|(chain, _)| *chain).collect()
}

/// D26: of each toewijzing that exists it is told that no start came, or when one came.
fn missing_starts(world: &World) {
    let policy = gateway::settings(None, 0);
    let filter = TermijnFilter {
        standen: Deadlines::ALL.to_vec(),
        termijn: Some("NO_START".to_owned()),
        vanaf: Some(Date::MIN),
        limit: usize::MAX,
        ..TermijnFilter::default()
    };
    let live = &world.shelves.ledger;
    let told = view::termijnen(live, &policy, &filter, Date::MAX).expect("a store");
    let told: BTreeMap<(String, u32), bool> = told
        .rows
        .into_iter()
        .filter_map(|row| Some(((row.gemeente, row.toewijzing?), row.gehaald_op.is_some())))
        .collect();
    let gemeenten = GEMEENTEN.map(|code| Gemeente::new(code).expect("a gemeente"));
    for row in gemeenten.iter().flat_map(|gemeente| live.scan(&keys::dossiers(*gemeente, None))) {
        let (key, value) = row.expect("a store");
        let dossier: Dossier = decode_row(&key, &value).expect("a dossier");
        for nummer in dossier.nummers() {
            let name = (dossier.key().gemeente.to_string(), nummer.value());
            let exists = dossier.bestaand(nummer).is_some();
            let levering = dossier.levering(&Onderwerp::Toewijzing(nummer));
            let started = levering.is_some_and(|levering| {
                levering.starts().iter().any(|start| start.verwijderd_door.is_none())
            });
            match told.get(&name) {
                Some(met) if exists && *met == started => {}
                // One that ends before the last day is left out while no start came.
                None if !exists || !started => {}
                _ => world.violated(format!("NO_START of {}/{} is not what happened", name.0, name.1)),
            }
        }
    }
}

/// The journal alone gives the ledger.
fn replay(world: &World, journal: &Reader) {
    let (live, other) = (&world.shelves.ledger, &world.shelves.other);
    other.clear().expect("a store");
    let applier = Applier::new(world.shelves.schemas.clone());
    if let Err(error) = ledger::catch_up(other, journal, &applier, &mut |_| {}) {
        return world.violated(format!("the journal cannot be replayed: {error}"));
    }
    if live.tips() != journal.tips() || other.tips() != journal.tips() {
        world.violated("the ledger stands for another journal".to_owned());
    }
    if let Some(difference) = live.first_difference(other).expect("two stores") {
        world.violated(format!("replay gives another ledger: {}", row_words(&difference.key)));
    }
}
