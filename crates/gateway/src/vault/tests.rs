//! What is sealed, under which key, and what becomes of keys that are lost, torn or rotated.

mod torn;

use std::path::PathBuf;

use super::*;
use crate::engine::tests::{Gateway, numbered};
use crate::journal::simulated::SimulatedDisk;
use crate::journal::{Chain, ReadOnlyJournal};
use crate::record::{EbBesluit, EbUitkomst, Planning, RECORD_VERSION, Uitgaand};

const ONE: &str = "<a><w:Client><w:Bsn>999990019</w:Bsn><w:Naam>Vos</w:Naam></w:Client></a>";
const TWO: &str = "<a><h/><w:Client><w:Bsn>999990019</w:Bsn><x>Vos</x></w:Client><w:Client><w:Bsn> 999990020 </w:Bsn><x>Haas</x></w:Client></a>";

fn id() -> EntryId {
    "0222:7".parse().unwrap()
}

fn vault() -> Arc<Vault> {
    let (file, contents) = KeyFile::create(Arc::new(SimulatedDisk::new(1)), Path::new("/keys")).unwrap();
    Vault::with(file, contents, None).unwrap()
}

fn planning(messages: &[&str]) -> (Record, Vec<u8>) {
    let uitgaand = messages.iter().map(|text| Uitgaand {
        partner: "cak".to_owned(),
        volgorde: "0222:3".to_owned(),
        soort: "WMO401".to_owned(),
        bytes: text.as_bytes().to_vec(),
        envelop: None,
    });
    let eb = EbBesluit { bsn: "999990019".to_owned(), uitkomst: EbUitkomst::Niets };
    let record =
        Record::Planning(Planning { vandaag: "2026-11-25".to_owned(), eb, uitgaand: uitgaand.collect() });
    let mut plain = Vec::new();
    record.encode(&mut plain);
    (record, plain)
}

fn has(bytes: &[u8], text: &str) -> bool {
    memchr::memmem::find(bytes, text.as_bytes()).is_some()
}

#[test]
fn a_sealed_record_says_nothing_of_a_person_and_opens_to_itself() {
    let vault = vault();
    for messages in [&[][..], &[ONE], &[TWO], &[ONE, TWO, ONE], &["", ONE], &["<leeg/>"]] {
        let (record, plain) = planning(messages);
        let sealed = vault.seal(id(), &record, &plain, None).unwrap();
        for text in ["99999", "Vos", "Haas", "<leeg"] {
            assert!(!has(&sealed, text), "{messages:?}: {text}");
        }
        assert!(has(&sealed, "0222:3") && has(&sealed, "WMO401") || messages.is_empty());
        let opened = vault.unseal(id(), record.kind(), &sealed).unwrap().plain;
        assert_eq!(opened, plain, "{messages:?}");
        assert_eq!(Record::decode(record.kind(), RECORD_VERSION, &opened).unwrap(), record);
    }
}

#[test]
fn what_stands_twice_is_kept_once() {
    let vault = vault();
    let large = format!("<a>{ONE}{}</a>", "x".repeat(10_000));
    let (record, plain) = planning(&[&large, &large]);
    let sealed = vault.seal(id(), &record, &plain, None).unwrap();
    assert!(sealed.len() < plain.len() / 2 + 1_000);
    assert_eq!(vault.unseal(id(), 3, &sealed).unwrap().plain, plain);
}

/// A message about several is cut, so that each client stands under a key of its own.
#[test]
fn each_client_has_a_key_of_its_own() {
    let (record, plain) = planning(&[TWO]);
    let parts = parts::of(&record, &plain, None);
    let owned = |bsn: &[u8; 9]| {
        let mine = parts.sealed.iter().filter(|part| part.owner.as_ref() == Some(bsn));
        mine.map(|part| String::from_utf8_lossy(&plain[part.offset..part.offset + part.length]).into_owned())
            .collect::<String>()
    };
    assert!(owned(b"999990019").contains("Vos") && !owned(b"999990019").contains("Haas"));
    assert!(owned(b"999990020").contains("Haas") && !owned(b"999990020").contains("Vos"));
    let covered: usize = parts.sealed.iter().map(|part| part.length).sum();
    assert_eq!(covered, TWO.len() + 9);
    // One that cannot be told apart is the gemeente's.
    let (record, plain) = planning(&["<a><Bsn>999990019</Bsn><Bsn>999990020</Bsn></a>"]);
    let parts = parts::of(&record, &plain, None);
    assert_eq!(parts.sealed.iter().filter(|part| part.owner.is_none()).count(), 1);
}

#[test]
fn a_part_is_not_taken_for_another() {
    let vault = vault();
    let (record, plain) = planning(&[ONE]);
    let sealed = vault.seal(id(), &record, &plain, None).unwrap();
    let other = EntryId { seq: 8, ..id() };
    assert_eq!(vault.unseal(other, 3, &sealed), Err(OpenFailure::Forged));
    let other = EntryId { chain: Chain::new(*b"0363").unwrap(), ..id() };
    assert_eq!(vault.unseal(other, 3, &sealed), Err(OpenFailure::Forged));
    assert_eq!(vault.unseal(id(), 1, &sealed), Err(OpenFailure::Forged));
    assert_eq!(self::vault().unseal(id(), 3, &sealed), Err(OpenFailure::NoKey));
}

/// Whatever a payload is made to say: no panic; and what is about a person never opens to something else.
#[test]
fn a_damaged_payload_is_an_error() {
    let vault = vault();
    let (record, plain) = planning(&[TWO, ONE, TWO]);
    let sealed = vault.seal(id(), &record, &plain, None).unwrap();
    for at in 0..sealed.len() {
        for bit in [1, 0x80] {
            let mut bytes = sealed.clone();
            bytes[at] ^= bit;
            if let Ok(opened) = vault.unseal(id(), 3, &bytes) {
                assert!(opened.plain.len() == plain.len(), "byte {at}");
            }
        }
        assert!(vault.unseal(id(), 3, &sealed[..at]).is_err(), "cut at {at}");
    }
}

#[test]
fn keys_outlive_a_restart_and_a_new_master_key() {
    let data = tempfile::tempdir().unwrap();
    let gateway = Gateway::in_folder(data.path());
    gateway.send("backoffice", numbered(1)).unwrap();
    gateway.send("backoffice", numbered(2)).unwrap();
    gateway.stop();
    let journal = ReadOnlyJournal::open(&data.path().join("journal")).unwrap();
    let opened = || Vault::open(data.path(), journal.reader()).unwrap();
    let before = opened().status();
    assert_eq!(before.keys, 2);
    opened().rotate().unwrap();
    let after = opened().status();
    assert_eq!(after.keys, 2);
    assert_ne!(after.master, before.master);
    let gateway = Gateway::in_folder(data.path());
    assert!(gateway.send("backoffice", numbered(1)).unwrap().dubbel);
    gateway.stop();
    let mut journal = ReadOnlyJournal::open(&data.path().join("journal")).unwrap();
    journal.set_vault(opened());
    assert!(journal.reader().read_all(Position::START).all(|entry| entry.is_ok()));
}

/// A rotation that is cut short anywhere leaves keys that open, under one master key or the other.
#[test]
fn a_rotation_cut_short_loses_nothing() {
    use crate::journal::simulated::Fault;
    let dir = PathBuf::from("/keys");
    let make = |disk: &SimulatedDisk| {
        let (file, contents) = KeyFile::create(Arc::new(disk.clone()), &dir).unwrap();
        let vault = Vault::with(file, contents, None).unwrap();
        let (record, plain) = planning(&[TWO]);
        let sealed = vault.seal(id(), &record, &plain, None).unwrap();
        vault.harden().unwrap();
        (vault, sealed)
    };
    let disk = SimulatedDisk::new(0);
    let (vault, _) = make(&disk);
    let first = disk.operations();
    vault.rotate().unwrap();
    let last = disk.operations();
    assert!(last > first);
    for at in first..last {
        let disk = SimulatedDisk::new(at);
        let (vault, sealed) = make(&disk);
        disk.fail(Fault::Crash { at });
        let _ = vault.rotate();
        disk.restart();
        let (file, contents) = KeyFile::read(Arc::new(disk), &dir).unwrap().unwrap();
        let vault = Vault::with(file, contents, None).unwrap();
        assert!(vault.unseal(id(), 3, &sealed).is_ok(), "operation {at}");
        vault.rotate().unwrap();
        assert!(vault.unseal(id(), 3, &sealed).is_ok());
    }
}

#[test]
fn no_new_keys_are_made_beside_a_journal_that_has_some() {
    let data = tempfile::tempdir().unwrap();
    let gateway = Gateway::in_folder(data.path());
    gateway.send("backoffice", numbered(1)).unwrap();
    gateway.stop();
    let keys = data.path().join(KEYS_DIR);
    let journal = ReadOnlyJournal::open(&data.path().join("journal")).unwrap();
    let aside = data.path().join("aside");
    std::fs::rename(&keys, &aside).unwrap();
    assert!(matches!(Vault::open(data.path(), journal.reader()), Err(VaultError::Lost { .. })));
    assert!(matches!(Vault::read(data.path(), journal.reader()), Err(VaultError::Lost { .. })));
    let other = tempfile::tempdir().unwrap();
    Gateway::in_folder(other.path()).stop();
    std::fs::remove_dir_all(&keys).unwrap();
    std::fs::rename(other.path().join(KEYS_DIR), &keys).unwrap();
    assert!(matches!(Vault::open(data.path(), journal.reader()), Err(VaultError::Foreign { .. })));
    std::fs::remove_dir_all(&keys).unwrap();
    std::fs::rename(&aside, &keys).unwrap();
    std::fs::remove_file(keys.join("master.key")).unwrap();
    assert!(matches!(Vault::open(data.path(), journal.reader()), Err(VaultError::MasterLost { .. })));
}

/// What a crash leaves half at the end is dropped; a bad row before a good one is damage.
#[test]
fn a_half_row_is_cut_and_a_damaged_one_is_said() {
    let data = tempfile::tempdir().unwrap();
    let gateway = Gateway::in_folder(data.path());
    gateway.send("backoffice", numbered(1)).unwrap();
    gateway.send("backoffice", numbered(2)).unwrap();
    gateway.stop();
    let journal = ReadOnlyJournal::open(&data.path().join("journal")).unwrap();
    let path = data.path().join(KEYS_DIR).join("persons.iwk");
    let good = std::fs::read(&path).unwrap();
    let mut torn = good.clone();
    torn.extend_from_slice(&good[96..150]);
    std::fs::write(&path, &torn).unwrap();
    assert_eq!(Vault::open(data.path(), journal.reader()).unwrap().status().keys, 2);
    for at in [0, 13, 40, 100, 130] {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        assert!(
            matches!(Vault::open(data.path(), journal.reader()), Err(VaultError::Damaged { .. })),
            "byte {at}"
        );
    }
}

/// The journal on disk has no BSN, name or date of birth in it.
#[test]
fn the_journal_on_disk_names_nobody() {
    let data = tempfile::tempdir().unwrap();
    let gateway = Gateway::in_folder(data.path());
    let message = numbered(1);
    let text = String::from_utf8(message.clone()).unwrap();
    let start = text.find("Bsn>").unwrap() + 4;
    let bsn = text[start..start + 9].to_owned();
    gateway.send("backoffice", message).unwrap();
    gateway.stop();
    for file in std::fs::read_dir(data.path().join("journal")).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!has(&bytes, &bsn) && !has(&bytes, "Geboorte") && !has(&bytes, "<?xml"));
    }
}

#[cfg(unix)]
#[test]
fn only_the_owner_reads_the_keys() {
    use std::os::unix::fs::PermissionsExt as _;
    let data = tempfile::tempdir().unwrap();
    Gateway::in_folder(data.path()).stop();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let keys = data.path().join(KEYS_DIR);
    assert_eq!(mode(&keys), 0o700);
    for file in std::fs::read_dir(&keys).unwrap() {
        assert_eq!(mode(&file.unwrap().path()), 0o600);
    }
}

/// A sender may write a BSN with references, comments and sections; the message is still under the key of the person.
#[test]
fn a_bsn_is_found_however_it_is_written() {
    for text in [
        "999990019",
        " 999990019\n",
        "9999&#57;0019",
        "9999&#x39;0019",
        "9999<!-- x -->90019",
        "9999<?x y?>90019",
        "<![CDATA[999990019]]>",
    ] {
        let message = format!("<a><Client><Bsn>{text}</Bsn><x>Vos</x></Client></a>");
        let (record, plain) = planning(&[&message]);
        let parts = parts::of(&record, &plain, None);
        let whole = parts.sealed.iter().find(|part| part.length == message.len());
        assert_eq!(whole.and_then(|part| part.owner), Some(*b"999990019"), "{text}");
    }
    // None of these is a BSN, and none of them is read beyond its end.
    for text in ["", "&#", "&#;", "<!--", "<?", "<![CDATA[", "99999001", "9999900190", "&#999999;"] {
        let (record, plain) = planning(&[&format!("<a><Bsn>{text}"), ONE]);
        assert_eq!(
            parts::of(&record, &plain, None).sealed.iter().filter(|part| part.owner.is_none()).count(),
            0
        );
    }
}

/// What stood under a key that is destroyed opens as words that say so; what is about another opens as before, and the
/// person's next message stands under another key.
#[test]
fn what_stood_under_a_destroyed_key_is_gone_and_nothing_else() {
    let vault = vault();
    let (record, plain) = planning(&[TWO]);
    let sealed = vault.seal(id(), &record, &plain, None).unwrap();
    vault.harden().unwrap();
    let key = vault.of_person(*b"0222", "999990019").unwrap().unwrap();
    let withheld = vault.withholding([key]).unseal(id(), 3, &sealed).unwrap();
    assert_eq!(vault.unseal(id(), 3, &sealed).unwrap(), Opened { plain: plain.clone().into(), gone: false });
    vault.destroy(&[key]).unwrap();
    let opened = vault.unseal(id(), 3, &sealed).unwrap();
    assert_eq!(opened, withheld, "to withhold a key is to see what its end comes to");
    assert!(
        opened.gone && !has(&opened.plain, "Vos") && has(&opened.plain, "Haas") && is_gone(&opened.plain)
    );
    assert_eq!((vault.alive(&[key]), vault.of_person(*b"0222", "999990019").unwrap()), (vec![], None));
    let again = vault.seal(id(), &record, &plain, None).unwrap();
    let next = vault.of_person(*b"0222", "999990019").unwrap();
    assert!(
        next.is_some() && next != Some(key) && vault.keys_of(SEALED_VERSION, &again).contains(&next.unwrap())
    );
    assert_eq!((vault.status().keys, vault.status().destroyed), (3, 1));
}

/// The bytes of the key are in no file any more, neither under the name of the file nor in what stood there before.
#[test]
fn a_destroyed_key_is_in_no_file() {
    let data = tempfile::tempdir().unwrap();
    let gateway = Gateway::in_folder(data.path());
    gateway.send("backoffice", numbered(1)).unwrap();
    gateway.stop();
    let journal = ReadOnlyJournal::open(&data.path().join("journal")).unwrap();
    let vault = Vault::open(data.path(), journal.reader()).unwrap();
    let path = data.path().join(KEYS_DIR).join("persons.iwk");
    let old = std::fs::File::open(&path).unwrap();
    let before = std::fs::read(&path).unwrap();
    let key = vault.of_person(*b"0222", &crate::engine::tests::bsn(1)).unwrap().unwrap();
    vault.destroy(&[key]).unwrap();
    let mut left = Vec::new();
    io::Read::read_to_end(&mut &old, &mut left).unwrap();
    assert!(left.len() == before.len() && left.iter().all(|byte| *byte == 0), "the old file is overwritten");
    let after = std::fs::read(&path).unwrap();
    let wrapped = &before[96 + 32..96 + 32 + 60];
    assert!(memchr::memmem::find(&after, wrapped).is_none() && memchr::memmem::find(&after, &key).is_some());
    assert_eq!(Vault::open(data.path(), journal.reader()).unwrap().status().destroyed, 1);
}

/// After a sync that failed, the system has what was written and the disk has not. A process that starts then writes it
/// again: else a power cut would take that row out from before those that were added later, and the file would be damaged.
#[test]
fn a_row_whose_sync_failed_does_not_go_from_before_others() {
    use crate::journal::simulated::Fault;
    let dir = Path::new("/keys");
    for seed in 0..32 {
        let disk = SimulatedDisk::new(seed);
        let shared: Arc<dyn Disk> = Arc::new(disk.clone());
        let open = || {
            let (file, contents) = KeyFile::read(Arc::clone(&shared), dir).unwrap().unwrap();
            file.settle().unwrap();
            Vault::with(file, contents, None).unwrap()
        };
        let (file, contents) = KeyFile::create(Arc::clone(&shared), dir).unwrap();
        let vault = Vault::with(file, contents, None).unwrap();
        vault.key_for(*b"0222", Some(b"999990019")).unwrap();
        // The write comes first, its sync after that.
        disk.fail(Fault::Fail { at: disk.operations() + 1 });
        assert!(vault.harden().is_err());
        disk.kill();
        let vault = open();
        vault.key_for(*b"0222", Some(b"999990020")).unwrap();
        vault.harden().unwrap();
        disk.restart();
        let vault = open();
        for bsn in ["999990019", "999990020"] {
            assert!(vault.of_person(*b"0222", bsn).unwrap().is_some(), "seed {seed}: {bsn}");
        }
    }
}

/// A process that only reads finds keys that another makes, destroys or puts under another master key, without reading the
/// file from its beginning when that was only added to.
#[test]
fn who_reads_follows_who_writes() {
    let (dir, disk) = (Path::new("/keys"), Arc::new(SimulatedDisk::new(1)));
    let (file, contents) = KeyFile::create(Arc::clone(&disk) as Arc<dyn Disk>, dir).unwrap();
    let writer = Vault::with(file, contents, None).unwrap();
    let (record, plain) = planning(&[ONE]);
    let seal = |person: &str| {
        let sealed = writer.seal(id(), &record, &plain, Some(person)).unwrap();
        writer.harden().unwrap();
        sealed
    };
    let first = seal("999990019");
    let (file, contents) = KeyFile::read(Arc::clone(&disk) as Arc<dyn Disk>, dir).unwrap().unwrap();
    let reader = Vault::with(file, contents, None).unwrap();
    let (two, other) = planning(&[TWO]);
    let second = writer.seal(id(), &two, &other, None).unwrap();
    assert_eq!(reader.unseal(id(), 3, &second), Err(OpenFailure::NoKey));
    writer.harden().unwrap();
    assert!(!reader.unseal(id(), 3, &second).unwrap().gone);
    assert_eq!(reader.status().keys, writer.status().keys);
    writer.rotate().unwrap();
    for sealed in [&first, &second] {
        assert!(!reader.unseal(id(), 3, sealed).unwrap().gone);
    }
    let key = writer.keys_of(SEALED_VERSION, &first)[0];
    writer.destroy(&[key]).unwrap();
    // What it has in memory it may have still; whoever begins has not.
    let (file, contents) = KeyFile::read(disk, dir).unwrap().unwrap();
    let reader = Vault::with(file, contents, None).unwrap();
    assert!(reader.unseal(id(), 3, &first).unwrap().gone);
    assert_eq!((reader.status().keys, reader.status().destroyed), (writer.status().keys, 1));
}

/// Many keys at once are made durable piece by piece; whatever fails, those that were are found, and all are in the end.
#[test]
fn many_keys_at_once_outlive_a_failure_at_any_place() {
    use crate::journal::simulated::Fault;
    let dir = Path::new("/keys");
    let bsn = |number: u32| format!("{number:09}");
    let persons = 12_000;
    for at in 0..4 {
        let disk = SimulatedDisk::new(at);
        let shared: Arc<dyn Disk> = Arc::new(disk.clone());
        let (file, contents) = KeyFile::create(Arc::clone(&shared), dir).unwrap();
        let vault = Vault::with(file, contents, None).unwrap();
        for number in 0..persons {
            vault.key_for(*b"0222", Some(bsn(number).as_bytes())).unwrap();
        }
        // Two writes with a sync each.
        disk.fail(Fault::Fail { at: disk.operations() + at });
        assert!(vault.harden().is_err(), "operation {at}");
        let names: Vec<_> =
            (0..persons).map(|number| vault.of_person(*b"0222", &bsn(number)).unwrap().unwrap()).collect();
        if at % 2 == 0 {
            // The next keys take along those that failed.
            vault.key_for(*b"0222", None).unwrap();
            vault.harden().unwrap();
            disk.restart();
        } else {
            disk.kill();
        }
        let (file, contents) = KeyFile::read(Arc::clone(&shared), dir).unwrap().unwrap();
        file.settle().unwrap();
        let vault = Vault::with(file, contents, None).unwrap();
        disk.restart();
        let (file, contents) = KeyFile::read(Arc::clone(&shared), dir).unwrap().unwrap();
        let again = Vault::with(file, contents, None).unwrap();
        assert_eq!(again.status().keys, vault.status().keys, "operation {at}");
        assert!(at % 2 == 1 || again.status().keys == persons as usize + 1);
        for (number, name) in names.iter().enumerate() {
            let found = again.of_person(*b"0222", &bsn(number as u32)).unwrap();
            assert!(found == Some(*name) || found.is_none() && at % 2 == 1, "operation {at}: {number}");
        }
    }
}
