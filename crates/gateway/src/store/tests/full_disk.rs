//! A disk that refuses tables for a while.

use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::*;

const CHILD: &str = "IWMO_STORE_ON_A_SMALL_DISK";
const VALUE_BYTES: usize = 60_000;

/// Files that may not grow are as a full disk; the limit holds for a process, so the test is one of its own.
#[test]
fn rows_that_find_no_room_stay_in_memory_and_are_written_later() {
    if std::env::var_os(CHILD).is_some() {
        return on_a_small_disk();
    }
    let this = std::env::current_exe().unwrap();
    let module = module_path!().split_once("::").unwrap().1;
    let test = format!("{module}::rows_that_find_no_room_stay_in_memory_and_are_written_later");
    // Whoever writes too much is told so, and not ended by the signal.
    let run = Command::new("bash")
        .args(["-c", "trap '' XFSZ; exec \"$@\"", "bash", this.to_str().unwrap(), &test, "--exact"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let out = String::from_utf8_lossy(&run.stdout);
    assert!(
        run.status.success() && out.contains("1 passed"),
        "{out}{}",
        String::from_utf8_lossy(&run.stderr)
    );
}

fn on_a_small_disk() {
    let files = |most: Option<u64>| {
        let Rlimit { maximum, .. } = getrlimit(Resource::Fsize);
        setrlimit(Resource::Fsize, Rlimit { current: most.or(maximum), maximum }).unwrap();
    };
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("ledger");
    let ledger = Ledger::create(&dir, FORMAT).unwrap();
    let mut number = 0;
    let mut commit = || {
        number += 1;
        let mut writes = Writes::default();
        writes.put(format!("{number:06}"), vec![number as u8; VALUE_BYTES]);
        ledger.commit(writes, &[tip("0001", number)]).map(|()| number)
    };
    let patience = Duration::from_secs(60);
    let begin = Instant::now();
    files(Some(64 << 10));
    while ledger.lacking().is_none() {
        commit().unwrap();
        assert!(begin.elapsed() < patience, "all of it found room");
    }
    let (_, why) = ledger.lacking().unwrap();
    assert!(why.contains("File too large"), "{why}");
    // What is under way is taken, and not without end; all of it can be read.
    let last = loop {
        match commit() {
            Ok(last) => assert!(last < 10_000, "it takes everything"),
            Err(StoreError::Io(_)) => break number,
            Err(other) => panic!("{other}"),
        }
    };
    assert!(ledger.get(b"000001").unwrap().is_some());
    assert_eq!(ledger.scan(b"").count() as u64, last);

    files(None);
    let begin = Instant::now();
    while ledger.lacking().is_some() {
        assert!(begin.elapsed() < patience, "it is not tried again");
        std::thread::sleep(Duration::from_millis(20));
    }
    drop(ledger);
    // No try left half a table: the next start finds none to remove.
    let tables = || {
        let names = std::fs::read_dir(dir.join("rows/tables")).unwrap();
        names.map(|entry| entry.unwrap().file_name()).collect::<std::collections::BTreeSet<_>>()
    };
    let left = tables();
    // Nothing marks it as damaged, and everything is there, also what was one too many.
    let ledger = opened(&dir);
    assert_eq!(tables(), left);
    assert_eq!(ledger.tips().into_values().collect::<Vec<_>>(), [tip("0001", last)]);
    assert_eq!(ledger.scan(b"").count() as u64, last);
}
