//! What the parts of a run share.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use sha2::{Digest, Sha256};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::cak::Cak;
use super::clock::SimulatedClock;
use super::gateway::{Shelves, Up};
use super::network::Line;
use super::random::Random;
use crate::hex::hex;
use crate::journal::EntryId;
use crate::journal::simulated::SimulatedDisk;

/// The partners, by their names in the gateway's configuration.
pub(super) const PARTNERS: [&str; 3] = ["hvb", "linde", "cak"];
/// The name of the municipal system, which is sent nothing.
pub(super) const BACKOFFICE: &str = "backoffice";
/// Their AGB codes, where they have one.
pub(super) const AGBS: [(&str, &str); 2] = [("hvb", "98000001"), ("linde", "98000002")];
/// The gemeenten that the gateway serves.
pub(super) const GEMEENTEN: [&str; 2] = ["0222", "1586"];

/// A run.
pub(super) struct World {
    pub(super) clock: Arc<SimulatedClock>,
    pub(super) disk: SimulatedDisk,
    pub(super) shelves: Shelves,
    /// Told when the gateway has died.
    pub(super) died: Notify,
    begin: Instant,
    state: Mutex<State>,
}

/// What changes in a run.
pub(super) struct State {
    pub(super) random: Random,
    /// The gateway, while it runs.
    pub(super) up: Option<Up>,
    pub(super) lines: BTreeMap<&'static str, Line>,
    pub(super) partners: BTreeMap<&'static str, Partner>,
    pub(super) cak: Cak,
    /// What the gateway said it has, by sender and digest, with the name it gave.
    pub(super) acknowledged: BTreeMap<(&'static str, [u8; 32]), String>,
    /// Messages that a partner wants to get rid of, and scripts that are not at their end.
    pub(super) busy: usize,
    /// Nothing goes wrong any more.
    pub(super) calm: bool,
    /// Acts that the gateway said are done.
    pub(super) acted: Vec<EntryId>,
    /// Of whom everything was removed: gemeente and BSN.
    pub(super) removed: Option<(String, String)>,
    /// What must not happen and did.
    pub(super) violations: Vec<String>,
    /// Starts of the gateway.
    pub(super) starts: u32,
    pub(super) counts: Counts,
    trace: Option<String>,
}

/// What happened in a run, to see that runs are worth something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Messages that the gateway acknowledged.
    pub(super) acknowledged: u64,
    /// Copies that it recognised.
    pub(super) copies: u64,
    /// Deliveries that reached a partner.
    pub(super) deliveries: u64,
    /// Deliveries of what the partner had already.
    pub(super) again: u64,
    /// Power cuts and kills.
    pub(super) deaths: u64,
    /// Ledgers that were lost or set back.
    pub(super) ledgers_behind: u64,
    /// Messages that were refused at the door.
    pub(super) refused: u64,
    /// Answers 503.
    pub(super) unavailable: u64,
    /// Messages that waited for what they build on.
    pub(super) waited: u64,
    /// Requests, answers on them, declarations and what settled them.
    pub(super) requests: u64,
    /// Acts of operators that changed something.
    pub(super) acts: u64,
    /// Statements about persons.
    pub(super) stated: u64,
    /// Prices that the CAK guards in the end.
    pub(super) priced: u64,
    /// Persons of whom everything was removed.
    pub(super) removed: u64,
}

impl Counts {
    pub(super) fn add(&mut self, other: &Self) {
        self.acknowledged += other.acknowledged;
        self.copies += other.copies;
        self.deliveries += other.deliveries;
        self.again += other.again;
        self.deaths += other.deaths;
        self.ledgers_behind += other.ledgers_behind;
        self.refused += other.refused;
        self.unavailable += other.unavailable;
        self.waited += other.waited;
        self.requests += other.requests;
        self.acts += other.acts;
        self.stated += other.stated;
        self.priced += other.priced;
        self.removed += other.removed;
    }
}

/// What a partner remembers.
#[derive(Debug, Default)]
pub(super) struct Partner {
    /// What came in, in the order of its first coming.
    pub(super) received: Vec<Bytes>,
    pub(super) seen: BTreeSet<[u8; 32]>,
    /// Toewijzingen that came in.
    pub(super) ordered: BTreeSet<u32>,
    /// What it answers to a message: the same to the same.
    pub(super) answers: BTreeMap<[u8; 32], Bytes>,
    /// Last number of its own messages.
    pub(super) number: u64,
}

impl World {
    pub(super) fn new(seed: u64, shelves: Shelves, traced: bool) -> Arc<Self> {
        let mut random = Random::new(seed);
        let disk = SimulatedDisk::new(random.next());
        let partners = PARTNERS.into_iter().chain([BACKOFFICE]);
        let state = State {
            random,
            up: None,
            lines: partners.clone().map(|name| (name, Line::default())).collect(),
            partners: partners.map(|name| (name, Partner::default())).collect(),
            cak: Cak::default(),
            acknowledged: BTreeMap::new(),
            busy: 0,
            calm: false,
            acted: Vec::new(),
            removed: None,
            violations: Vec::new(),
            starts: 0,
            counts: Counts::default(),
            trace: traced.then(String::new),
        };
        Arc::new(Self {
            clock: Arc::new(SimulatedClock::start()),
            disk,
            shelves,
            died: Notify::new(),
            begin: Instant::now(),
            state: Mutex::new(state),
        })
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns a number from `from` up to and including `to`.
    pub(super) fn between(&self, from: u64, to: u64) -> u64 {
        self.state().random.between(from, to)
    }

    /// Returns true so many times in a hundred.
    pub(super) fn percent(&self, percent: u64) -> bool {
        self.state().random.percent(percent)
    }

    /// Returns whether nothing goes wrong any more.
    pub(super) fn is_calm(&self) -> bool {
        self.state().calm
    }

    /// Puts a line into the trace, if there is one.
    pub(super) fn say(&self, what: impl FnOnce() -> String) {
        let at = self.begin.elapsed();
        if let Some(trace) = &mut self.state().trace {
            // Writing into a String cannot fail.
            let _ = writeln!(trace, "{:>10.3} {}", at.as_secs_f64(), what());
        }
    }

    /// Notes that something happened that must not.
    pub(super) fn violated(&self, what: String) {
        self.say(|| format!("VIOLATION: {what}"));
        self.state().violations.push(what);
    }

    /// Returns the trace.
    pub(super) fn trace(&self) -> String {
        self.state().trace.clone().unwrap_or_default()
    }
}

impl State {
    pub(super) fn partner(&mut self, name: &'static str) -> &mut Partner {
        self.partners.entry(name).or_default()
    }

    pub(super) fn line(&mut self, name: &'static str) -> &mut Line {
        self.lines.entry(name).or_default()
    }

    /// Returns an Identificatie that this partner has not used.
    pub(super) fn identificatie(&mut self, name: &'static str) -> String {
        let letter = name.chars().next().unwrap_or('x').to_ascii_uppercase();
        let partner = self.partner(name);
        partner.number += 1;
        format!("{letter}{:09}", partner.number)
    }
}

pub(super) fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Returns the beginning of a digest, to name a message in a trace.
pub(super) fn short(digest: &[u8; 32]) -> String {
    hex(&digest[..4])
}
