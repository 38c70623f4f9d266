//! What a power cut leaves of the last append, which may be a batch of many entries for several chains.

use super::*;

/// What a disk writes whole or not at all.
const SECTOR: usize = 512;

/// A journal of which the last append is a batch of entries with payloads of these lengths.
struct Batch {
    name: std::path::PathBuf,
    before: Vec<u8>,
    after: Vec<u8>,
    begin: usize,
    end: usize,
    whole: BTreeMap<Chain, Vec<Vec<u8>>>,
    acknowledged: BTreeMap<Chain, Vec<Vec<u8>>>,
}

impl Batch {
    fn new(lengths: &[usize]) -> Self {
        let disk = SimulatedDisk::new(0);
        let mut journal = open(&disk).unwrap();
        append(&mut journal, &[("0363", &[b"one", &payload(1, 700)]), ("1680", &[b"two"])]).unwrap();
        append(&mut journal, &[("0000", &[&payload(2, 90)])]).unwrap();
        let acknowledged = contents(&journal.reader());
        let name = dir().join(segments(&disk).pop().unwrap());
        let before = disk.content(&name).unwrap();
        let payloads: Vec<Vec<u8>> =
            lengths.iter().enumerate().map(|(at, length)| payload(at + 3, *length)).collect();
        let payloads: Vec<&[u8]> = payloads.iter().map(Vec::as_slice).collect();
        let (some, others) = payloads.split_at(lengths.len() / 2);
        append(&mut journal, &[("0363", some), ("0000", others)]).unwrap();
        let whole = contents(&journal.reader());
        drop(journal);
        assert_eq!(segments(&disk).len(), 1);
        let after = disk.content(&name).unwrap();
        let begin = (0..after.len()).find(|at| before[*at] != after[*at]).unwrap() / 8 * 8;
        let end = after.iter().rposition(|byte| *byte != 0).unwrap() + 1;
        Self { name, before, after, begin, end, whole, acknowledged }
    }

    fn sectors(&self) -> std::ops::Range<usize> {
        self.begin / SECTOR..self.end.div_ceil(SECTOR)
    }

    /// Returns a disk with these sectors of the batch, and nothing of the others.
    fn torn(&self, kept: &dyn Fn(usize) -> bool) -> SimulatedDisk {
        let disk = SimulatedDisk::new(0);
        let mut bytes = self.before.clone();
        for sector in self.sectors().filter(|sector| kept(*sector)) {
            bytes[sector * SECTOR..(sector + 1) * SECTOR]
                .copy_from_slice(&self.after[sector * SECTOR..(sector + 1) * SECTOR]);
        }
        disk.put(&self.name, bytes);
        disk
    }

    /// Leaves these sectors: the journal opens with all that was acknowledged and a beginning of the batch, and goes on.
    fn check(&self, kept: &dyn Fn(usize) -> bool) {
        let what = || self.sectors().map(|sector| u8::from(kept(sector))).collect::<Vec<_>>();
        let disk = self.torn(kept);
        let mut journal = open(&disk).unwrap_or_else(|error| panic!("sectors {:?}: {error}", what()));
        let found = contents(&journal.reader());
        for (chain, payloads) in &found {
            assert!(self.whole[chain].starts_with(payloads), "sectors {:?}: {chain}", what());
        }
        for (chain, payloads) in &self.acknowledged {
            assert!(found[chain].starts_with(payloads), "sectors {:?}: {chain} has lost something", what());
        }
        let all = found == self.whole;
        assert_eq!(all, self.sectors().all(kept), "sectors {:?}", what());
        append(&mut journal, &[("0363", &[b"next"])]).unwrap();
        drop(journal);
        disk.restart();
        let again = contents(&open(&disk).unwrap().reader());
        assert_eq!(
            again.values().map(Vec::len).sum::<usize>(),
            1 + found.values().map(Vec::len).sum::<usize>()
        );
        assert!(verified(&disk).is_clean(), "sectors {:?}", what());
    }
}

/// Small batches: every combination of sectors that the disk may have written when the power went.
#[test]
fn a_torn_batch_of_any_sectors_is_cut() {
    for lengths in
        [&[1_500, 900][..], &[0, 1, 60, 200, 390, 399, 400, 401, 5], &[30; 12], &[2_500], &[395; 6]]
    {
        let batch = Batch::new(lengths);
        let sectors = batch.sectors();
        assert!((4..=9).contains(&sectors.len()), "{sectors:?}");
        for kept in 0..1_u32 << sectors.len() {
            batch.check(&|sector| kept >> (sector - sectors.start) & 1 == 1);
        }
    }
}

/// Large ones: some of the combinations.
#[test]
fn a_torn_batch_of_many_entries_is_cut() {
    let lengths: Vec<usize> = (0..100).map(|at| at * at % 800).collect();
    let batch = Batch::new(&lengths);
    assert!(batch.sectors().len() > 80);
    for seed in 0..60_u64 {
        let mut random = crate::simulation::Random::new(seed);
        // Most, few, or as many as not.
        let share = [50, 3, 97, 99][seed as usize % 4];
        let kept: Vec<bool> = batch.sectors().map(|_| random.percent(share)).collect();
        batch.check(&|sector| kept[sector - batch.sectors().start]);
    }
}

/// A byte that changed in what was acknowledged before the last append is damage, when of that append any header is left;
/// then nothing is cut.
#[test]
fn damage_before_a_torn_batch_is_said() {
    let batch = Batch::new(&[300; 8]);
    let sectors = batch.sectors();
    for at in (4_096..batch.begin).step_by(3) {
        for kept in [u32::MAX, 0b110, 0b1_1000_0011, 0b11_0000] {
            let disk = batch.torn(&|sector| kept >> (sector - sectors.start) & 1 == 1);
            let mut bytes = disk.content(&batch.name).unwrap();
            bytes[at] ^= 1 << (at % 8);
            disk.put(&batch.name, bytes.clone());
            let Err(OpenError::Damaged(damage)) = open(&disk) else { panic!("opened: byte {at}, {kept:b}") };
            assert!(damage.offset as usize <= at && damage.file == batch.name);
            assert_eq!(disk.content(&batch.name).unwrap(), bytes);
        }
    }
}
