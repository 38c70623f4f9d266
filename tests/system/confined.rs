//! The gateway as its unit runs it: with the system calls that the unit leaves, and as a user of its own beside a root who
//! gives commands.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

use crate::harness::{Envelope, HVB, Klant, Order, Site, day, root, wmo305};

/// What runs a program with the system calls of the unit.
fn confine() -> Vec<String> {
    let (script, unit) = (root().join("tests/system/confine.py"), root().join("deploy/iwmo.service"));
    vec!["python3".to_owned(), script.display().to_string(), unit.display().to_string()]
}

fn succeeds(command: &[&str]) -> bool {
    Command::new(command[0]).args(&command[1..]).output().is_ok_and(|output| output.status.success())
}

/// Under the system calls that the unit leaves, the gateway starts, takes a message, is told to stop and starts again.
#[tokio::test]
async fn a_gateway_lives_within_what_its_unit_allows() {
    let library = "import ctypes; ctypes.CDLL('libseccomp.so.2')";
    let known = succeeds(&["systemd-analyze", "syscall-filter", "@system-service"]);
    if !known || !succeeds(&["python3", "-c", library]) {
        eprintln!("SKIPPED: systemd-analyze, python3 or libseccomp is not here");
        return;
    }
    let confine = confine();
    let confine: Vec<&str> = confine.iter().map(String::as_str).collect();
    // Anybody may do this, but for the unit.
    let harmless = ["python3", "-c", "import os; os.sched_setaffinity(0, os.sched_getaffinity(0))"];
    assert!(succeeds(&harmless));
    assert!(!succeeds(&[&confine[..], &harmless].concat()), "the filter lets everything through");

    let site = Site::new();
    for number in [1, 2] {
        let daemon = site.start_through(&confine);
        let message = wmo305(
            &Envelope::new("0222", "98000001", &format!("C{number}")),
            &Klant::new(70 + number),
            &Order::new(70 + number),
            &day(-9),
        );
        let (_, again) = site.partner(HVB).post(&daemon.exchange, &message).await.receipt();
        assert!(!again);
        site.iwmo(&["status", "--format", "json"]).json();
        let log = daemon.stop();
        assert!(log.contains("GatewayStopped"), "{log}");
    }
    site.verify();
}

/// Returns the files and folders in a folder that belong to a user.
fn of(uid: u32, folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let (path, about) = { entry.map(|entry| (entry.path(), entry.metadata().unwrap())).unwrap() };
        if about.uid() == uid {
            found.push(path.display().to_string());
        }
        if about.is_dir() {
            found.extend(of(uid, &path));
        }
    }
    found
}

/// What root makes in the store of a gateway that runs as another user belongs to that user; a link that this user left
/// there is not followed, and a file that has another name elsewhere stays root's.
#[test]
fn what_root_makes_in_a_store_is_the_gateways() {
    const UID: u32 = 54_321;
    let uid = UID.to_string();
    let other = ["setpriv", "--reuid", &uid, "--regid", &uid, "--clear-groups"];
    if !succeeds(&[&other[..], &[env!("CARGO_BIN_EXE_iwmo"), "--version"]].concat()) {
        eprintln!("SKIPPED: only root can become another user, who must be able to run the program");
        return;
    }
    let site = Site::new();
    let folder = site.config().parent().unwrap().display().to_string();
    assert!(succeeds(&["chown", "-R", &format!("{UID}:{UID}"), &folder]));
    site.start_through(&other).stop();
    assert_eq!(of(0, &site.data()), Vec::<String>::new());

    let (secret, twice) = (site.path("secret"), site.path("twice"));
    std::fs::write(&secret, "root's").unwrap();
    std::fs::write(&twice, "root's").unwrap();
    std::os::unix::fs::symlink(&secret, site.data().join("ledger/link")).unwrap();
    std::fs::hard_link(&twice, site.data().join("ledger/name")).unwrap();
    for command in [
        &["replay"][..],
        &["replay", "--verify"],
        &["keys", "rotate", "--reason", "every year"],
        &["keys", "evidence"],
        &["store", "check"],
        &["toewijzing", "list"],
    ] {
        site.iwmo(command).exits(0);
        let link = |path: &String| !path.ends_with("ledger/link") && !path.ends_with("ledger/name");
        let left: Vec<_> = of(0, &site.data()).into_iter().filter(link).collect();
        assert_eq!(left, Vec::<String>::new(), "{command:?}");
    }
    assert_eq!((secret.metadata().unwrap().uid(), twice.metadata().unwrap().uid()), (0, 0));
    let log = site.start_through(&other).stop();
    assert!(log.contains("GatewayStopped"), "{log}");
}
