//! What keeps a daemon from starting: one clear answer, and the store is as it was.

use std::net::TcpListener;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::Path;

use iwmo_gateway::journal::ReadOnlyJournal;

use crate::harness::{Envelope, HVB, Klant, Order, Run, Site, day, iwmo, kept, snapshot, wmo305};

fn serve(site: &Site) -> Run {
    iwmo(["serve", "--config", site.config().to_str().unwrap()])
}

/// The last lines on standard error: the reason, and perhaps what to do.
fn reason(run: &Run) -> &str {
    run.err.lines().find(|line| line.starts_with("iwmo: ")).unwrap_or_else(|| panic!("{}", run.err))
}

/// A port in use: exit code 2, one line that names the address, and the store is not touched.
#[test]
fn a_port_in_use_is_told_and_touches_nothing() {
    let site = Site::new();
    site.start().stop();
    let before = snapshot(&site.data());
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    for section in ["[exchange]", "[backoffice]", "[ops]"] {
        let text = site.configuration(&[], "");
        let free = format!("{section}\naddress = \"127.0.0.1:0\"");
        assert!(text.contains(&free));
        std::fs::write(site.config(), text.replace(&free, &format!("{section}\naddress = \"{address}\"")))
            .unwrap();
        let run = serve(&site).exits(2);
        assert_eq!(run.out, "");
        let name = section.trim_matches(['[', ']']);
        let said = reason(&run);
        assert!(said.starts_with(&format!("iwmo: cannot listen on {address} ({name}): ")), "{said}");
        assert!(run.err.contains(&format!("give {name}.address another port")), "{}", run.err);
        assert!(snapshot(&site.data()) == before, "the store was touched");
    }
}

/// A second daemon on the same store: exit code 2 and a word about the lock; the first one serves on.
#[tokio::test]
async fn a_second_daemon_on_a_store_is_refused() {
    let site = Site::new();
    let daemon = site.start();
    let run = serve(&site).exits(2);
    assert_eq!(run.out, "");
    let journal = site.data().join("journal");
    let lock =
        format!("the journal {} is in use by another process (process {})", journal.display(), daemon.id());
    assert_eq!(reason(&run), format!("iwmo: the journal cannot be opened: {lock}"));
    assert!(run.err.contains("Stop the other process first"), "{}", run.err);
    let replay = site.iwmo(&["replay"]).exits(2);
    assert_eq!(reason(&replay), format!("iwmo: {lock}"));
    site.backoffice().get(&daemon.backoffice, "/api/v1/toewijzingen").await.is(200);
    daemon.stop();
    site.verify();
    // Once the first has gone, the store opens.
    site.start().stop();
}

/// A data folder that cannot be written: exit code 2 and the path. As root nothing is unwritable, so the folder is
/// a file there, which nobody can write into.
#[test]
fn a_folder_that_cannot_be_written_is_told() {
    let site = Site::new();
    std::fs::write(site.data(), "a file").unwrap();
    let run = serve(&site).exits(2);
    assert_eq!(run.out, "");
    assert!(run.err.contains("store"), "{}", run.err);
    assert_eq!(std::fs::read(site.data()).unwrap(), b"a file");

    std::fs::remove_file(site.data()).unwrap();
    std::fs::create_dir(site.data()).unwrap();
    std::fs::set_permissions(site.data(), std::fs::Permissions::from_mode(0o500)).unwrap();
    let probe = site.data().join("probe");
    if std::fs::write(&probe, "").is_ok() {
        eprintln!("SKIPPED the folder without write permission: this user may write everywhere");
        return;
    }
    let run = serve(&site).exits(2);
    assert!(run.err.contains("store"), "{}", run.err);
    assert_eq!(std::fs::read_dir(site.data()).unwrap().count(), 0);
}

/// Who may read a store and not write it, as a copy on another machine, reads it all the same.
#[test]
fn a_store_that_may_only_be_read_is_read() {
    let site = Site::new();
    site.start().stop();
    let ledger = site.data().join("ledger");
    let lock = ledger.join("in-use");
    std::fs::set_permissions(&lock, std::fs::Permissions::from_mode(0o400)).unwrap();
    if std::fs::OpenOptions::new().write(true).open(&lock).is_ok() {
        eprintln!("SKIPPED: this user may write everywhere");
        return;
    }
    site.iwmo(&["toewijzing", "list"]).exits(0);
    site.iwmo(&["status"]);
    let checked = site.iwmo(&["store", "check", "--format", "json"]).exits(0).json().remove(0);
    assert_eq!(checked["ledger"]["state"], "not looked at");
    std::fs::set_permissions(&lock, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// Who reads `ready` may tell the daemon to stop at once: it ends as it should, not by the signal.
#[test]
fn a_daemon_that_said_ready_can_be_stopped_at_once() {
    let site = Site::new();
    for _ in 0..4 {
        let log = site.start().stop();
        assert!(log.contains("GatewayStopped"), "{log}");
    }
    site.verify();
}

/// A write that a crash cut short is told by `journal verify`, is no fault, and is gone after the next start, with
/// everything before it in place.
#[tokio::test]
async fn a_write_that_was_cut_short_is_no_damage() {
    let site = Site::new();
    let daemon = site.start();
    let message = wmo305(&Envelope::new("0222", "98000001", "S1"), &Klant::new(1), &Order::new(1), &day(-9));
    let first = site.partner(HVB).post(&daemon.exchange, &message).await.receipt();
    daemon.stop();
    let files = ReadOnlyJournal::open(&site.data().join("journal")).unwrap().reader().files();
    let (segment, end) = files.last().unwrap();
    let file = std::fs::OpenOptions::new().write(true).open(segment).unwrap();
    file.write_all_at(&[9; 50], end.unwrap()).unwrap();

    let report = site.iwmo(&["journal", "verify", "--format", "json"]).exits(0).json();
    assert_eq!((&report[0]["valid"], &report[0]["faults"]), (&true.into(), &serde_json::json!([])));
    assert!(report[0]["unfinished"].is_string(), "{report:?}");
    let told = site.iwmo(&["journal", "verify", "--lang", "en"]).exits(0);
    assert!(told.out.contains("the last write is incomplete and was never acknowledged"), "{}", told.out);
    site.iwmo(&["replay", "--verify"]).exits(0);

    let daemon = site.start();
    let again = site.partner(HVB).post(&daemon.exchange, &message).await.receipt();
    assert_eq!(again, (first.0, true));
    let log = daemon.stop();
    assert!(log.contains("JournalTailCut"), "{log}");
    let report = site.iwmo(&["journal", "verify", "--format", "json"]).exits(0).json();
    assert_eq!(report[0]["unfinished"], serde_json::Value::Null);
    site.verify();
}

/// Several mistakes are told together, each with its line; nothing is started or made.
#[test]
fn a_configuration_tells_all_its_mistakes() {
    let site = Site::new();
    let good = site.configuration(&[], "");
    let config = site.config();
    let config = config.to_str().unwrap();
    iwmo(["check-config", config]).exits(0);

    let bad = good
        .replace("code = \"0363\"", "code = \"363\"")
        .replace("agb = \"98000002\"", "agb = \"9800\"")
        .replace("key = \"server-key.pem\"\nclient_ca", "key = \"nowhere.pem\"\nclient_ca")
        .replace("backoff_first = \"100ms\"", "backoff_first = \"soon\"")
        .replace("name = \"oost-gelre\"", "nam = \"oost-gelre\"");
    std::fs::write(site.config(), &bad).unwrap();
    let line_of = |part: &str| bad.lines().position(|line| line.contains(part)).unwrap() + 1;
    let wanted = ["code = \"363\"", "agb = \"9800\"", "nowhere.pem", "\"soon\"", "nam = "].map(line_of);

    let run = iwmo(["check-config", "--format", "json", config]).exits(1);
    let found = run.json();
    let mut lines: Vec<usize> =
        found.iter().map(|mistake| mistake["line"].as_u64().unwrap() as usize).collect();
    for line in wanted {
        assert!(lines.contains(&line), "line {line} is not among {lines:?}: {}", run.out);
    }
    lines.dedup();
    assert!(lines.is_sorted(), "{lines:?}");
    assert!(found.iter().all(|mistake| mistake["severity"] == "error"), "{}", run.out);

    let text = iwmo(["check-config", config, "--lang", "en"]).exits(1);
    for line in wanted {
        assert!(text.out.contains(&format!("{config}:{line}:")), "{line}: {}", text.out);
    }
    let run = serve(&site).exits(2);
    assert_eq!(run.out, "");
    for line in wanted {
        assert!(run.err.contains(&format!("{config}:{line}:")), "{line}: {}", run.err);
    }
    assert!(reason(&run).ends_with("the configuration has mistakes"), "{}", run.err);
    assert!(!site.data().exists());
    // A command that reads the store by its configuration does not guess either.
    assert_eq!(iwmo(["journal", "list", "--config", config]).exits(2).out, "");
}

/// A damaged journal is refused and told, not mended in silence, wherever the damage is: in the middle, or in the
/// last entry, where it looks like a write that was cut short. `journal verify` finds the place.
#[tokio::test]
async fn a_damaged_journal_is_told_and_left_as_it_is() {
    for damaged in [2, 3] {
        let site = Site::new();
        let daemon = site.start();
        for number in 1..=3 {
            let (name, klant, order) = (format!("S{number}"), Klant::new(number), Order::new(number));
            let message = wmo305(&Envelope::new("0222", "98000001", &name), &klant, &order, &day(-9));
            site.partner(HVB).post(&daemon.exchange, &message).await.receipt();
        }
        daemon.stop();
        let entries = kept(&site.data());
        assert_eq!(entries.len(), 3);
        site.verify();

        // What names the person is sealed; the hash of the message stands in clear.
        let needle = Klant::new(damaged).bsn;
        flip(&site.data().join("journal"), &entries[damaged as usize - 1].bericht.sha256);
        let before = snapshot(&site.data().join("journal"));
        let run = site.iwmo(&["journal", "verify", "--format", "json"]).exits(1);
        let report = run.json();
        assert_eq!(report[0]["valid"], false, "entry {damaged}");
        assert!(!report[0]["faults"].as_array().unwrap().is_empty(), "entry {damaged}");
        let run = serve(&site).exits(2);
        assert_eq!(run.out, "");
        assert!(!run.err.contains(&needle), "{}", run.err);
        // A rebuild would wipe out the witness of the loss.
        site.iwmo(&["replay"]).exits(2);
        assert!(snapshot(&site.data().join("journal")) == before, "entry {damaged}: the journal was touched");
    }
}

/// A copy of the keys from before a person came cannot open what is about them: the start says so and what to look for, and the
/// newer copy is all that it takes.
#[tokio::test]
async fn keys_older_than_the_journal_are_told() {
    let site = Site::new();
    let receive = async |number: u32| {
        let daemon = site.start();
        let (name, klant, order) = (format!("S{number}"), Klant::new(number), Order::new(number));
        let message = wmo305(&Envelope::new("0222", "98000001", &name), &klant, &order, &day(-9));
        site.partner(HVB).post(&daemon.exchange, &message).await.receipt();
        daemon.stop();
    };
    // What is in the folder is about persons: whoever else is on the machine does not get in.
    let mode = |name: &str| std::fs::metadata(site.data().join(name)).unwrap().permissions().mode() & 0o777;
    let (keys, newer) = (site.data().join("keys"), site.path("newer"));
    receive(1).await;
    assert_eq!(["", "journal", "keys", "ledger"].map(mode), [0o700; 4]);
    let older: Vec<_> = std::fs::read_dir(&keys)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name(), std::fs::read(entry.path()).unwrap()))
        .collect();
    receive(2).await;
    std::fs::rename(&keys, &newer).unwrap();
    std::fs::create_dir(&keys).unwrap();
    for (name, bytes) in &older {
        std::fs::write(keys.join(name), bytes).unwrap();
    }
    // The ledger is gone as well, so that the start reads the journal from the beginning.
    std::fs::remove_dir_all(site.data().join("ledger")).unwrap();
    let run = serve(&site).exits(2);
    assert!(reason(&run).contains("is not in the key file"), "{}", run.err);
    assert!(run.err.contains("put back the newer copy"), "{}", run.err);
    std::fs::remove_dir_all(&keys).unwrap();
    std::fs::rename(&newer, &keys).unwrap();
    site.start().stop();
    site.verify();
}

/// Changes one bit of the first place in a folder that holds these bytes.
fn flip(folder: &Path, needle: &[u8]) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        if let Some(place) = bytes.windows(needle.len()).position(|window| window == needle) {
            let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
            return file.write_all_at(&[bytes[place] ^ 1], place as u64).unwrap();
        }
    }
    panic!("nothing to damage");
}
