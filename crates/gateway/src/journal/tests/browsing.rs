//! Reading without reading everything first gives what reading everything gives.

use jiff::SignedDuration;

use super::*;

fn at(minutes: i64) -> Timestamp {
    Timestamp::from_second(1_764_000_000 + minutes * 60).unwrap()
}

/// Writes a journal of several segments, an entry a minute, the chain 1680 only in the middle.
fn written(disk: &SimulatedDisk) -> FileJournal {
    let mut journal = open(disk).unwrap();
    for number in 0..200 {
        let code = if (90..100).contains(&number) { "1680" } else { ["0363", "0222"][number % 2] };
        let content = payload(number, 4_000);
        let chain = chain(code);
        let tip = journal.reader().tips().get(&chain).copied().unwrap_or(Tip::start(chain));
        let drafts = [Draft { time: at(number as i64), ..draft(&content) }];
        let epoch = journal.epoch();
        journal.append(epoch, &[ChainBatch { tip, drafts: &drafts }]).unwrap();
    }
    assert!(segments(disk).len() > 10);
    journal
}

fn browse(disk: &SimulatedDisk) -> Browser {
    Browser::open_on(Arc::new(disk.clone()), dir()).unwrap()
}

#[test]
fn a_browser_shows_what_a_reader_shows() {
    let disk = SimulatedDisk::new(1);
    let journal = written(&disk);
    let browser = browse(&disk);
    let all: Vec<Entry> = journal.reader().read_all(Position::START).map(Result::unwrap).collect();
    assert_eq!((browser.tips(), browser.entries()), (journal.reader().tips(), all.len() as u64));
    assert!(browser.select(None, None).map(Result::unwrap).eq(all.iter().cloned()));
    for count in [0, 1, 7, 60, 200, 500] {
        let from = all.len().saturating_sub(count);
        assert_eq!(browser.last(count).unwrap(), all[from..], "{count}");
    }
}

#[test]
fn a_selection_has_all_that_is_wanted_and_passes_over_most_of_the_rest() {
    let disk = SimulatedDisk::new(1);
    let journal = written(&disk);
    let browser = browse(&disk);
    let rare = chain("1680");
    let of_chain: Vec<Entry> = browser.select(Some(rare), None).map(Result::unwrap).collect();
    assert!(
        journal
            .reader()
            .read(rare, 1)
            .map(Result::unwrap)
            .eq(of_chain.iter().filter(|e| e.id.chain == rare).cloned())
    );
    assert!(of_chain.len() < 50, "{} entries read for ten", of_chain.len());
    let late: Vec<Entry> = browser.select(None, Some(at(150))).map(Result::unwrap).collect();
    assert_eq!(late.iter().filter(|entry| entry.time >= at(150)).count(), 50);
    // An hour of slack is 60 entries here.
    assert!(late.len() < 150, "{} entries read for fifty", late.len());
    assert!(late[0].time < at(150) - SignedDuration::from_mins(30));
    assert_eq!(browser.select(Some(chain("9999")), None).count(), 0);
}

#[test]
fn a_browser_follows_the_writer() {
    let disk = SimulatedDisk::new(1);
    let mut journal = written(&disk);
    let browser = browse(&disk);
    let end = browser.end();
    assert_eq!(browser.since(end).unwrap().count(), 0);
    for number in 0..40 {
        append(&mut journal, &[("0363", &[&payload(number, 4_000)])]).unwrap();
    }
    let seen: Vec<u64> = browser.since(end).unwrap().map(|entry| entry.unwrap().number).collect();
    assert_eq!(seen, (201..=240).collect::<Vec<_>>());
    let empty = SimulatedDisk::new(2);
    drop(open(&empty).unwrap());
    let browser = browse(&empty);
    assert_eq!((browser.entries(), browser.select(None, None).count()), (0, 0));
    assert_eq!(browser.last(5).unwrap(), []);
}

/// A damaged entry is an error where it is met, never something else that looks right.
#[test]
fn a_browser_stops_at_damage() {
    let disk = SimulatedDisk::new(1);
    drop(written(&disk));
    let path = dir().join(&segments(&disk)[3]);
    let mut content = disk.content(&path).unwrap();
    content[4096 + 200] ^= 1;
    disk.put(&path, content);
    let mut selection = browse(&disk).select(None, None);
    assert!(matches!(selection.find_map(Result::err), Some(ReadError::Damaged(_))));
    assert!(selection.next().is_none());
}
