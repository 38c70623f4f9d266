//! What a power cut leaves of the last append to the key file, and what is damage.

use super::*;
use crate::journal::simulated::Fault;

/// What a disk writes whole or not at all.
const SECTOR: usize = 512;
const HEAD: usize = 96;
const ROW: usize = 100;

fn dir() -> &'static Path {
    Path::new("/keys")
}

fn persons() -> PathBuf {
    dir().join("persons.iwk")
}

fn bsn(number: usize) -> String {
    format!("{number:09}")
}

fn made(disk: &SimulatedDisk) -> Arc<Vault> {
    let (file, contents) = KeyFile::create(Arc::new(disk.clone()), dir()).unwrap();
    Vault::with(file, contents, None).unwrap()
}

fn read(disk: &SimulatedDisk) -> Result<Arc<Vault>, VaultError> {
    let (file, contents) = KeyFile::read(Arc::new(disk.clone()), dir())?.unwrap();
    Vault::with(file, contents, None)
}

/// Adds the keys of these persons in one append.
fn add(vault: &Vault, numbers: std::ops::Range<usize>) {
    for number in numbers {
        vault.key_for(*b"0222", Some(bsn(number).as_bytes())).unwrap();
    }
    vault.harden().unwrap();
}

fn content(disk: &SimulatedDisk) -> Vec<u8> {
    disk.content(&persons()).unwrap()
}

/// A file to which keys were added twice.
struct Added {
    disk: SimulatedDisk,
    before: Vec<u8>,
    after: Vec<u8>,
    known: usize,
    all: usize,
}

impl Added {
    fn new(known: usize, more: usize) -> Self {
        let disk = SimulatedDisk::new(0);
        let vault = made(&disk);
        add(&vault, 0..known);
        let before = content(&disk);
        add(&vault, known..known + more);
        Self { before, after: content(&disk), known, all: known + more, disk }
    }

    /// The sectors that the last append wrote to.
    fn sectors(&self) -> std::ops::Range<usize> {
        self.before.len() / SECTOR..self.after.len().div_ceil(SECTOR)
    }

    /// Leaves these sectors of the last append, in a file that has its new length or ends where they do; the next start must
    /// have all that was there before, and can go on.
    fn check(&self, kept: &dyn Fn(usize) -> bool, grown: bool) {
        let what = || {
            format!("{} of {} known, sectors {:?}", self.known, self.all, {
                self.sectors().map(|sector| u8::from(kept(sector))).collect::<Vec<_>>()
            })
        };
        let mut bytes = self.before.clone();
        if grown {
            bytes.resize(self.after.len(), 0);
        }
        for sector in self.sectors().filter(|sector| kept(*sector)) {
            let end = ((sector + 1) * SECTOR).min(self.after.len());
            let begin = (sector * SECTOR).max(self.before.len());
            bytes.resize(bytes.len().max(end), 0);
            bytes[begin..end].copy_from_slice(&self.after[begin..end]);
        }
        self.disk.put(&persons(), bytes);
        let (file, contents) = KeyFile::read(Arc::new(self.disk.clone()), dir())
            .unwrap_or_else(|error| panic!("{}: {error}", what()))
            .unwrap();
        file.settle().unwrap();
        let vault = Vault::with(file, contents, None).unwrap();
        let found = |vault: &Vault, number| vault.of_person(*b"0222", &bsn(number)).unwrap();
        for number in 0..self.known {
            assert!(found(&vault, number).is_some(), "{}: {number} is gone", what());
        }
        let left: Vec<_> = (0..self.all).map(|number| found(&vault, number)).collect();
        add(&vault, self.all..self.all + 2);
        let again = read(&self.disk).unwrap_or_else(|error| panic!("{}, and then: {error}", what()));
        assert_eq!((0..self.all).map(|number| found(&again, number)).collect::<Vec<_>>(), left, "{}", what());
        assert!(found(&again, self.all + 1).is_some());
    }
}

/// Small appends: every combination of sectors that the disk may have written when the power went.
#[test]
fn a_torn_append_of_any_sectors_is_cut() {
    for known in [0, 1, 4] {
        for more in [1, 2, 6, 7, 11, 31] {
            let added = Added::new(known, more);
            let sectors = added.sectors();
            assert!(sectors.len() <= 8);
            for kept in 0..1_u32 << sectors.len() {
                for grown in [true, false] {
                    added.check(&|sector| kept >> (sector - sectors.start) & 1 == 1, grown);
                }
            }
        }
    }
}

/// Large ones: some of the combinations.
#[test]
fn a_torn_append_of_many_keys_is_cut() {
    let added = Added::new(9, 3_000);
    for seed in 0..40_u64 {
        let mut random = crate::simulation::Random::new(seed);
        // Most, few, or as many as not.
        let share = [50, 3, 97, 99][seed as usize % 4];
        let kept: Vec<bool> = added.sectors().map(|_| random.percent(share)).collect();
        added.check(&|sector| kept[sector - added.sectors().start], seed % 3 != 0);
    }
}

/// The power goes at any operation of the disk while several appends are made; every row that was durable is there.
#[test]
fn a_power_cut_at_any_operation_of_an_append_is_no_damage() {
    for at in 0..16 {
        for seed in 0..60 {
            let disk = SimulatedDisk::new(seed * 100 + at);
            let vault = made(&disk);
            disk.fail(Fault::Crash { at: disk.operations() + at });
            let mut known = 0;
            for more in [3, 40, 1, 120, 7, 25, 60] {
                for number in known..known + more {
                    vault.key_for(*b"0222", Some(bsn(number).as_bytes())).unwrap();
                }
                if vault.harden().is_err() {
                    break;
                }
                known += more;
            }
            assert_eq!(disk.has_crashed(), at < 14, "two operations for each append");
            disk.restart();
            let vault = read(&disk).unwrap_or_else(|error| panic!("operation {at}, seed {seed}: {error}"));
            for number in 0..known {
                assert!(vault.of_person(*b"0222", &bsn(number)).unwrap().is_some(), "{at}, {seed}: {number}");
            }
        }
    }
}

/// A byte that changed in what was durable before the last append is damage, whatever of that append is there; the place
/// that is named is that of the row.
#[test]
fn damage_before_the_last_append_is_said() {
    let disk = SimulatedDisk::new(0);
    let vault = made(&disk);
    add(&vault, 0..5);
    // Written anew: these rows came with the file.
    vault.rotate().unwrap();
    add(&vault, 5..45);
    let before = content(&disk).len();
    add(&vault, 45..95);
    let good = content(&disk);
    let damaged = |bytes: &[u8], at: usize| {
        disk.put(&persons(), bytes.to_vec());
        let row = if at < HEAD { 0 } else { HEAD + (at - HEAD) / ROW * ROW } as u64;
        match read(&disk).map(|vault| vault.status().keys) {
            Err(VaultError::Damaged { offset, file }) => {
                assert_eq!((offset, file), (if (32..HEAD).contains(&at) { offset } else { row }, persons()));
            }
            // In the head it may be another name of the master key, or another format.
            Err(VaultError::MasterLost { .. } | VaultError::Newer { .. }) if at < 24 => {}
            other => panic!("byte {at}: {other:?}"),
        }
    };
    for at in 0..before {
        let mut bytes = good.clone();
        bytes[at] ^= 1 << (at % 8);
        damaged(&bytes, at);
        if at % 37 == 0 {
            // One row of the last append alone is there.
            let row = before + at % 50 * ROW;
            let mut torn = bytes[..before].to_vec();
            torn.resize(good.len(), 0);
            torn[row..row + ROW].copy_from_slice(&good[row..row + ROW]);
            damaged(&torn, at);
        }
    }
    // A sector that reads as zeros, and rows that came with the file and are not there.
    let mut bytes = good.clone();
    bytes[1_024..1_536].fill(0);
    damaged(&bytes, 1_024);
    for length in [0, HEAD - 1, HEAD, HEAD + ROW, HEAD + 5 * ROW - 1] {
        damaged(&good[..length], if length < HEAD { 0 } else { length });
    }
}

/// Nothing in the file tells a last append that was durable and is damaged from one that a crash tore: the journal does,
/// which names its keys.
#[test]
fn a_key_that_the_journal_names_is_not_dropped() {
    let data = tempfile::tempdir().unwrap();
    let gateway = Gateway::in_folder(data.path());
    gateway.send("backoffice", numbered(1)).unwrap();
    gateway.send("backoffice", numbered(2)).unwrap();
    gateway.stop();
    let journal = ReadOnlyJournal::open(&data.path().join("journal")).unwrap();
    let path = data.path().join(KEYS_DIR).join("persons.iwk");
    let good = std::fs::read(&path).unwrap();
    assert_eq!(good.len(), HEAD + 2 * ROW);
    for at in [HEAD + ROW + 3, HEAD + 2 * ROW - 1] {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        let opened = Vault::open(data.path(), journal.reader());
        let row = (HEAD + ROW) as u64;
        assert!(matches!(opened, Err(VaultError::Damaged { offset, .. }) if offset == row), "byte {at}");
        assert_eq!(std::fs::read(&path).unwrap(), bytes, "nothing was changed");
    }
    std::fs::write(&path, &good[..good.len() - 1]).unwrap();
    assert!(matches!(Vault::open(data.path(), journal.reader()), Err(VaultError::Damaged { .. })));
    // What the journal does not name was never needed.
    let mut bytes = good.clone();
    bytes.extend_from_slice(&good[HEAD..HEAD + ROW - 20]);
    std::fs::write(&path, &bytes).unwrap();
    assert_eq!(Vault::open(data.path(), journal.reader()).unwrap().status().keys, 2);
}

/// The file of an older release is read, and written anew with the first change.
#[test]
fn an_old_file_is_read_and_becomes_a_new_one() {
    for format in [1, 2] {
        let disk = SimulatedDisk::new(3);
        let vault = made(&disk);
        let names: Vec<(Lookup, KeyId)> = (0..20)
            .map(|number| {
                let (id, _) = vault.key_for(*b"0222", Some(bsn(number).as_bytes())).unwrap();
                (vault.ring().get(&id).unwrap().unwrap().lookup, id)
            })
            .collect();
        let old = file::in_format(format, &vault.file.lock().unwrap(), &vault.ring());
        disk.put(&persons(), old.clone());
        for turn in 0..2 {
            let again = read(&disk).unwrap();
            for (lookup, id) in &names {
                // In the first format the lookup was the name.
                let lookup = if format == 1 { id } else { lookup };
                assert!(again.ring().get(id).unwrap().unwrap().lookup == *lookup, "format {format}");
            }
            assert_eq!(again.status().keys, 20 + turn, "format {format}");
            again.key_for(*b"0363", None).unwrap();
            again.harden().unwrap();
            assert_eq!(content(&disk)[8], 3, "format {format}");
        }
        // What is half at its end was never named.
        disk.put(&persons(), old[..old.len() - 7].to_vec());
        assert_eq!(read(&disk).unwrap().status().keys, 19);
        let mut bad = old;
        bad[HEAD + 130] ^= 1;
        disk.put(&persons(), bad);
        assert!(matches!(read(&disk), Err(VaultError::Damaged { .. })));
    }
}
