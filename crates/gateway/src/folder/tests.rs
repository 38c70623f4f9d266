//! Folders of partners, with a whole gateway behind them.

use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use super::zip::tests::zip;
use crate::daemon::Daemon;
use crate::daemon::tests::stuf::{di01, start};
use crate::daemon::tests::{HVB, LINDE, World, order, toewijzing};

/// How long anything may take that must come about.
const PATIENCE: Duration = Duration::from_secs(60);

struct Site {
    world: World,
    daemon: Option<Daemon>,
}

impl Site {
    async fn new() -> Self {
        let world = World::new();
        let partners = format!(
            "[[partner]]\nid = \"hvb\"\nkind = \"aanbieder\"\nagb = \"{HVB}\"\nfolder = \"hvb\"\n\
             [[partner]]\nid = \"zaak\"\nkind = \"backoffice\"\nfolder = \"zaak\"\ngemeenten = [\"0222\"]\n\
             [[partner]]\nid = \"zaak-1586\"\nkind = \"backoffice\"\nfolder = \"zaak-1586\"\ngemeenten = [\"1586\"]\n\
             [[partner]]\nid = \"linde\"\nkind = \"aanbieder\"\nagb = \"{LINDE}\"\nroute = \"ophalen\"\nfingerprint = \"{}\"\n",
            world.linde.fingerprint
        );
        let daemon = world.start(&partners).await;
        // The gateway makes the folders, and not who puts something into one.
        let made = async {
            while !["hvb", "zaak", "zaak-1586"].iter().all(|folder| world.path(folder).join("in").is_dir()) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, made).await.expect("folders");
        Self { world, daemon: Some(daemon) }
    }

    async fn stop(&mut self) {
        self.daemon.take().unwrap().stop().await;
    }

    fn put(&self, path: &str, bytes: &[u8]) {
        let path = self.world.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let hidden = path.with_extension("part");
        fs::write(&hidden, bytes).unwrap();
        fs::rename(hidden, path).unwrap();
    }

    async fn file(&self, path: &str) -> Vec<u8> {
        let path = self.world.path(path);
        let come = async {
            loop {
                if let Ok(bytes) = fs::read(&path) {
                    return bytes;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let never = || panic!("{} never came", path.display());
        tokio::time::timeout(PATIENCE, come).await.unwrap_or_else(|_| never())
    }

    async fn result(&self, path: &str) -> Value {
        serde_json::from_slice(&self.file(path).await).unwrap()
    }

    fn names(&self, folder: &str) -> Vec<PathBuf> {
        let mut names: Vec<_> =
            fs::read_dir(self.world.path(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
        names.sort();
        names.iter().map(|path| path.file_name().unwrap().into()).collect()
    }
}

/// A 301 as a file in, the same as a file out; a 305 as a file in, its 306 and the 305 itself as files out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_come_and_go_as_files() {
    let mut site = Site::new().await;
    let sent = toewijzing("0222", HVB, 1);
    site.put("zaak/in/eerste.xml", &sent);
    let result = site.result("zaak/done/eerste.xml.json").await;
    assert_eq!((result["uitkomst"].as_str(), result["dubbel"].as_bool()), (Some("ontvangen"), Some(false)));
    assert_eq!(site.file("zaak/done/eerste.xml").await, sent);
    assert_eq!(site.names("zaak/in"), Vec::<PathBuf>::new());
    let name = format!(
        "hvb/out/WMO301_0222-{}-0.xml",
        result["ontvangst"].as_str().unwrap().split(':').nth(1).unwrap()
    );
    assert_eq!(site.file(&name).await, sent);
    assert_eq!(site.result(&format!("{name}.json")).await["bericht"], "WMO301");
    let start = start(HVB, "0222", 1);
    site.put("hvb/in/start.xml", &start);
    let result = site.result("hvb/done/start.xml.json").await;
    let seq = result["ontvangst"].as_str().unwrap().split(':').nth(1).unwrap().to_owned();
    assert!(!site.file(&format!("hvb/out/WMO306_0222-{seq}-0.xml")).await.is_empty());
    assert_eq!(site.file(&format!("zaak/out/WMO305_0222-{seq}.xml")).await, start);
    // The messages in a folder that we made are for its owner and group.
    let mode = fs::metadata(site.world.path("zaak")).unwrap().permissions();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&mode) & 0o007, 0);
    // What a municipal system sent does not come back, and another gemeente's comes to nobody else.
    assert!(site.names("zaak/out").iter().all(|name| !name.to_string_lossy().contains("WMO301")));
    assert_eq!(site.names("zaak-1586/out"), Vec::<PathBuf>::new());
    // The same again is no new message; the name is taken, so it gets a number.
    site.put("zaak/in/eerste.xml", &sent);
    assert_eq!(site.result("zaak/done/eerste.1.xml.json").await["dubbel"], true);
    site.stop().await;
}

/// What is wrong is said beside the file, and the file is kept.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_refused_is_kept_with_the_reason() {
    let mut site = Site::new().await;
    site.put("zaak/in/kapot.xml", b"<x");
    let result = site.result("zaak/refused/kapot.xml.json").await;
    assert_eq!(
        (result["uitkomst"].as_str(), result["type"].as_str()),
        (Some("geweigerd"), Some("urn:iwmo:probleem:ongeldig-bericht"))
    );
    assert!(!result["diagnostics"].as_array().unwrap().is_empty());
    assert_eq!(site.file("zaak/refused/kapot.xml").await, b"<x");
    // A folder speaks for its partner alone.
    site.put("zaak-1586/in/ander.xml", &toewijzing("0222", HVB, 1));
    let result = site.result("zaak-1586/refused/ander.xml.json").await;
    assert_eq!(result["type"], "urn:iwmo:probleem:verkeerde-afzender");
    site.put("hvb/in/linde.xml", &start(LINDE, "0222", 1));
    site.result("hvb/refused/linde.xml.json").await;
    // What is not finished is left alone, and a link is not followed.
    site.put("zaak/in/half.tmp", b"<x");
    std::os::unix::fs::symlink("/etc/passwd", site.world.path("zaak/in/link.xml")).unwrap();
    let result = site.result("zaak/refused/link.xml.json").await;
    assert_eq!(result["detail"], "it is no plain file");
    // The result stands there a moment before the file does.
    site.file("zaak/refused/link.xml").await;
    assert_eq!(site.names("zaak/in"), [PathBuf::from("half.tmp")]);
    site.stop().await;
}

/// A name that is no text, or as long as a file system takes, keeps neither its file nor another from being taken.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_name_keeps_a_file_from_being_taken() {
    use std::os::unix::ffi::OsStrExt;

    let mut site = Site::new().await;
    // The gateway makes it as well, a moment after it has started.
    fs::create_dir_all(site.world.path("zaak/in")).unwrap();
    let long = "a".repeat(251);
    let long = [format!("{long}.xml"), format!("{long}.XML")];
    let names = [long[0].as_bytes(), long[1].as_bytes(), b"ge\xEFmporteerd.xml", b"ge\xEEmporteerd.xml"];
    for (number, name) in (1..).zip(names) {
        let (name, bytes) = (OsStr::from_bytes(name), toewijzing("0222", HVB, number));
        fs::write(site.world.path("zaak/in/.hidden"), bytes).unwrap();
        fs::rename(site.world.path("zaak/in/.hidden"), site.world.path("zaak/in").join(name)).unwrap();
    }
    site.put("zaak/in/gewoon.xml", &toewijzing("0222", HVB, 5));
    let cut = "a".repeat(226);
    let done = ["gewoon.xml", "ge\u{FFFD}mporteerd.xml", "ge\u{FFFD}mporteerd.1.xml"].map(str::to_owned);
    for name in done.into_iter().chain([format!("{cut}.xml"), format!("{cut}.XML")]) {
        assert_eq!(site.result(&format!("zaak/done/{name}.json")).await["uitkomst"], "ontvangen");
        site.file(&format!("zaak/done/{name}")).await;
    }
    assert_eq!(site.names("zaak/in"), Vec::<PathBuf>::new());
    site.stop().await;
}

/// C-60: a Zip with envelopes and messages, imported twice with one effect.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_zip_is_taken_whole_and_again_without_effect() {
    let mut site = Site::new().await;
    let envelope = di01(HVB, 1).encode();
    let plain = start(HVB, "0222", 8);
    site.put("hvb/in/beide.zip", &zip(&[("envelop.xml", &envelope), ("kaal.xml", &plain)], true));
    let result = site.result("hvb/done/beide.zip.json").await;
    let files = result["bestanden"].as_array().unwrap();
    assert_eq!(
        files.iter().map(|file| file["bestand"].as_str().unwrap()).collect::<Vec<_>>(),
        ["envelop.xml", "kaal.xml"]
    );
    assert!(files.iter().all(|file| file["dubbel"] == false), "{result}");
    site.put("hvb/in/beide.zip", &zip(&[("envelop.xml", &envelope), ("kaal.xml", &plain)], false));
    let again = site.result("hvb/done/beide.1.zip.json").await;
    assert!(again["bestanden"].as_array().unwrap().iter().all(|file| file["dubbel"] == true), "{again}");
    site.put("hvb/in/pad.zip", &zip(&[("../../uit.xml", &plain)], false));
    let result = site.result("hvb/refused/pad.zip.json").await;
    assert_eq!(result["detail"], "the Zip has folders, or a name that is a path");
    site.stop().await;
}

/// A file under the name of one that is being dealt with: both are taken, the first before the second, also when the
/// gateway was killed in between.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_does_not_go_away_with_another_of_its_name() {
    let mut site = Site::new().await;
    let config = crate::daemon::tests::read(&site.world.path("iwmo.toml"));
    site.stop().await;
    let (first, second) = (start(HVB, "0222", 1), start(HVB, "0222", 2));
    site.put("hvb/in/.start.xml.bezig", &first);
    site.put("hvb/in/start.xml", &second);
    let clock = std::sync::Arc::new(crate::clock::SystemClock);
    site.daemon = Some(Daemon::start(config, clock, &mut |_| {}).await.unwrap());
    let results =
        [site.result("hvb/done/start.xml.json").await, site.result("hvb/done/start.1.xml.json").await];
    assert!(results.iter().all(|result| result["dubbel"] == false), "{results:?}");
    assert_ne!(results[0]["ontvangst"], results[1]["ontvangst"]);
    assert_eq!(site.file("hvb/done/start.xml").await, first);
    assert_eq!(site.file("hvb/done/start.1.xml").await, second);
    assert_eq!(site.names("hvb/in"), Vec::<PathBuf>::new());
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_over_a_restart() {
    let mut site = Site::new().await;
    order(site.daemon.as_ref().unwrap(), "backoffice", toewijzing("0222", LINDE, 1)).await;
    site.put("zaak/in/eerste.xml", &toewijzing("0222", HVB, 2));
    site.file("zaak/done/eerste.xml").await;
    let config = crate::daemon::tests::read(&site.world.path("iwmo.toml"));
    site.stop().await;
    site.put("hvb/in/start.xml", &start(HVB, "0222", 2));
    site.daemon = Some(
        Daemon::start(config, std::sync::Arc::new(crate::clock::SystemClock), &mut |_| {}).await.unwrap(),
    );
    let result = site.result("hvb/done/start.xml.json").await;
    let seq = result["ontvangst"].as_str().unwrap().split(':').nth(1).unwrap().to_owned();
    site.file(&format!("zaak/out/WMO305_0222-{seq}.xml")).await;
    assert_eq!(site.names("zaak/out").len(), 2, "one message and its description");
    site.stop().await;
}
