//! Exit codes, forms of output, languages, closed pipes.

use std::io::Read;
use std::process::{Command, Stdio};

use iwmo_codec::messages::MessageKind;
use iwmo_codec::stuf::{self, Adres, Refnummer, Systeem, Versie, Vrijbericht};

use crate::harness::{Envelope, Klant, Order, Site, day, iwmo, iwmo_in, root, wmo305};

/// What cannot run ends with 2 and says why in its first line on standard error; nothing stands on standard output.
#[test]
fn what_cannot_run_ends_with_2_and_a_reason() {
    let nowhere = "/nowhere/at-all";
    for arguments in [
        &["frobnicate"] as &[&str],
        &["validate", "--frobnicate", "x.xml"],
        &["validate"],
        &["show", "--format", "yaml", "x.xml"],
        &["--lang", "fr", "show", "x.xml"],
        &["journal"],
        &["journal", "list"],
        &["journal", "list", "--data", nowhere, "--config", nowhere],
        &["journal", "show", "no-entry", "--data", nowhere],
    ] {
        let run = iwmo(arguments).exits(2);
        assert_eq!(run.out, "", "{arguments:?}");
        assert!(!run.err.is_empty(), "{arguments:?}");
    }
    for arguments in [
        &["validate", nowhere] as &[&str],
        &["show", nowhere],
        &["encode", nowhere],
        &["retour", nowhere],
        &["serve", "--config", nowhere],
        &["check-config", nowhere],
        &["journal", "list", "--data", nowhere],
        &["journal", "verify", "--data", nowhere],
        &["journal", "show", "0222:1", "--data", nowhere],
        &["toewijzing", "list", "--data", nowhere],
        &["toewijzing", "show", "0222/1", "--data", nowhere],
        &["outbox", "list", "--data", nowhere],
        &["replay", "--data", nowhere],
        &["replay", "--verify", "--data", nowhere],
        &["journal", "tail", "--data", nowhere],
        &["journal", "export", "--data", nowhere],
        &["store", "check", "--data", nowhere],
    ] {
        let run = iwmo(arguments).exits(2);
        assert_eq!(run.out, "", "{arguments:?}");
        let reason = run.reason();
        assert!(reason.starts_with("iwmo: ") && reason.contains(nowhere), "{arguments:?}: {}", run.err);
        assert!(run.err.lines().count() > 1, "{arguments:?} does not say what to do: {}", run.err);
    }
    assert!(!std::path::Path::new("/nowhere").exists(), "nothing was made");
}

/// Those that show man pages, as far as they are here, have nothing to warn of.
#[track_caller]
fn readers_are_silent(pages: &std::path::Path) {
    for entry in std::fs::read_dir(pages).unwrap() {
        let page = entry.unwrap().path();
        for (program, arguments) in
            [("man", &["--warnings", "-l"] as &[&str]), ("mandoc", &["-T", "lint", "-W", "warning"])]
        {
            let run = Command::new(program)
                .args(arguments)
                .arg(&page)
                .env("MANPAGER", "cat")
                .env("LC_ALL", "C.UTF-8")
                .output();
            // Neither is on every machine.
            let Ok(run) = run else { continue };
            let said = [String::from_utf8_lossy(&run.stderr), String::from_utf8_lossy(&run.stdout)];
            // A page of a program without a date of release has none.
            let warnings = said[usize::from(program == "mandoc")].lines();
            let warnings: Vec<&str> = warnings.filter(|line| !line.contains("missing date")).collect();
            assert!(warnings.is_empty(), "{program}: {warnings:?}");
        }
    }
}

/// Man pages go into a folder, which is made; where there can be none, it is told what to do.
#[test]
fn man_pages_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("share/man1");
    iwmo(["man", "--all", pages.to_str().unwrap()]).exits(0);
    assert!(std::fs::read_dir(&pages).unwrap().count() > 20);
    let serve = std::fs::read_to_string(pages.join("iwmo-serve.1")).unwrap();
    let version = env!("CARGO_PKG_VERSION");
    assert!(serve.contains(&format!(".TH \"IWMO-SERVE\" \"1\" \"\" \"iwmo {version}\" ")), "{serve}");
    readers_are_silent(&pages);
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let run = iwmo(["man", "--all", file.join("man1").to_str().unwrap()]).exits(2);
    assert!(run.reason().starts_with("iwmo: cannot write ") && run.err.lines().count() > 1, "{}", run.err);
}

/// Help and version are asked for: 0 and standard output. Nothing asked for: help, and 2.
#[test]
fn help_is_an_answer() {
    for arguments in
        [&["--help"] as &[&str], &["--version"], &["help", "journal"], &["journal", "list", "--help"]]
    {
        let run = iwmo(arguments).exits(0);
        assert!(!run.out.is_empty() && run.err.is_empty(), "{arguments:?}");
    }
    let run = iwmo::<&str>([]).exits(2);
    assert!(run.err.contains("Usage:") && run.out.is_empty(), "{}", run.err);
    for shell in ["bash", "zsh", "fish"] {
        assert!(iwmo(["completions", shell]).exits(0).out.contains("iwmo"));
    }
}

/// 0 for what is well, 1 for what is not, in every form; each line of JSON is an object.
#[test]
fn findings_end_with_1_in_every_form() {
    let message = wmo305(&Envelope::new("0222", "98000001", "S1"), &Klant::new(1), &Order::new(1), &day(-20));
    let broken =
        String::from_utf8(message.clone()).unwrap().replace("StatusAanlevering>1<", "StatusAanlevering>X<");
    for format in ["text", "json", "sarif"] {
        iwmo_in(["validate", "--format", format, "-"], &message).exits(0);
        iwmo_in(["validate", "--format", format, "-"], broken.as_bytes()).exits(1);
    }
    let line = iwmo_in(["validate", "--format", "json", "-"], broken.as_bytes()).exits(1).json();
    let diagnostic = &line[0]["diagnostics"][0];
    assert_eq!((&line[0]["valid"], &line[0]["message"]), (&false.into(), &"WMO305".into()));
    assert_eq!(diagnostic["path"], "/Bericht/Client/StartProducten/StartProduct[1]/StatusAanlevering");
    assert_eq!(diagnostic["retourcode"], serde_json::Value::Null);
    let sarif = iwmo_in(["validate", "--format", "sarif", "-"], broken.as_bytes()).exits(1);
    let sarif: serde_json::Value = serde_json::from_str(&sarif.out).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    // A retour for a good message; none for one that breaks the schema (IV032).
    assert!(iwmo_in(["retour", "-"], &message).exits(0).out.contains("wmo306"));
    assert_eq!(iwmo_in(["retour", "-"], broken.as_bytes()).exits(1).out, "");
    // TR135 needs the date alone.
    let tomorrow = Envelope { dagtekening: day(1), ..Envelope::new("0222", "98000001", "S1") };
    let tomorrow = wmo305(&tomorrow, &Klant::new(1), &Order::new(1), &day(-20));
    assert!(iwmo_in(["retour", "-"], &tomorrow).exits(1).out.contains(">8848<"));
    // Of an envelope the message in it is answered.
    assert!(iwmo_in(["retour", "-"], &in_envelope(&message)).exits(0).out.contains("wmo306"));
    // All messages of the repository are valid, in one run over the folder.
    let fixtures = root().join("fixtures/valid");
    let run = iwmo(["validate", "--format", "json", "--jobs", "2", fixtures.to_str().unwrap()]).exits(0);
    let lines = run.json();
    assert!(lines.len() > 20 && lines.iter().all(|line| line["valid"] == true), "{}", run.out);
    let names: Vec<&str> = lines.iter().map(|line| line["file"].as_str().unwrap()).collect();
    assert!(names.is_sorted());
}

fn in_envelope(message: &[u8]) -> Vec<u8> {
    let adres =
        Adres { zender: Systeem::new("98000001", "Zorgsuite"), ontvanger: Systeem::new("0222", "GGk") };
    let (nummer, tijdstip) = (Refnummer::from_random(1), "20261125120000000".parse().unwrap());
    let (kind, versie) = (MessageKind::Wmo305, Versie::new(1, 0));
    stuf::Envelope::Di01(Vrijbericht::wrap(kind, message.to_vec(), adres, nummer, tijdstip, versie)).encode()
}

/// What a gemeente keeps beside the program decides too, and the date; a list that cannot be used stops the command.
#[test]
fn lists_and_the_date_decide_too() {
    let message = wmo305(&Envelope::new("0222", "98000001", "S1"), &Klant::new(1), &Order::new(1), &day(-20));
    let found = |arguments: &[&str], code: i32| {
        let arguments = [&["validate", "--format", "json"], arguments, &["-"]].concat();
        let line = iwmo_in(arguments, &message).exits(code).json();
        let codes = line[0]["diagnostics"].as_array().unwrap().iter();
        codes.map(|found| found["retourcode"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let folder = tempfile::tempdir().unwrap();
    let lists = folder.path().to_str().unwrap();
    let shipped = root().join("deploy/lists");
    std::fs::copy(shipped.join("gemeentecodes.tsv"), folder.path().join("gemeentecodes.tsv")).unwrap();
    assert!(found(&["--lists", lists], 0).is_empty());
    assert_eq!(found(&["--date", "2020-01-01"], 1), ["8848"]);
    std::fs::write(folder.path().join("gemeentecodes.tsv"), "code\tvan\ttot\n0344\n").unwrap();
    std::fs::write(folder.path().join("productcodes.tsv"), "categorie\tcode\n11\t11X01\n").unwrap();
    let codes = found(&["--lists", lists], 1);
    assert!(codes.contains(&"S300".to_owned()) && codes.contains(&"S329".to_owned()), "{codes:?}");
    std::fs::write(folder.path().join("gemeentecodes.tsv"), "code\tvan\ttot\n344\n").unwrap();
    let run = iwmo_in(["validate", "--lists", lists, "-"], &message).exits(2);
    assert!(run.err.contains("gemeentecodes.tsv: line 2: a gemeentecode has four digits"), "{}", run.err);
    let run = iwmo_in(["validate", "--lists", "/nowhere", "-"], &message).exits(2);
    assert!(run.err.contains("there is no gemeentecodes.tsv"), "{}", run.err);
}

/// An envelope and the message in it are two documents; `show` opens it.
#[test]
fn an_envelope_is_judged_with_what_is_in_it() {
    use iwmo_codec::MessageKind;
    use iwmo_codec::stuf::{Adres, Refnummer, Systeem, Versie, Vrijbericht};
    let message = wmo305(&Envelope::new("0222", "98000001", "S1"), &Klant::new(1), &Order::new(1), &day(-20));
    let wrapped = |xml: Vec<u8>| {
        let adres = Adres { zender: Systeem::new("98000001", "ECD"), ontvanger: Systeem::new("0222", "GGk") };
        let (refnummer, tijdstip) = (Refnummer::from_random(7), "20260115093012345".parse().unwrap());
        let versie = Versie::new(1, 0);
        let bericht = Vrijbericht::wrap(MessageKind::Wmo305, xml, adres, refnummer, tijdstip, versie);
        stuf::Envelope::Di01(bericht).encode()
    };
    let lines = iwmo_in(["validate", "--format", "json", "-"], &wrapped(message.clone())).exits(0).json();
    let named: Vec<_> = lines.iter().map(|line| (&line["file"], &line["message"])).collect();
    assert_eq!(named, [(&"-".into(), &"Di01".into()), (&"-!WMO305".into(), &"WMO305".into())]);
    let text = iwmo_in(["show", "-"], &wrapped(message.clone())).exits(0).out;
    assert!(text.starts_with("Di01") && text.contains("functie: WMO305") && text.contains("StartProduct 1"));
    let xml = iwmo_in(["show", "--format", "xml", "-"], &wrapped(message.clone())).exits(0).out;
    assert_eq!(xml.as_bytes(), iwmo_in(["show", "--format", "xml", "-"], &message).exits(0).out.as_bytes());

    let broken = String::from_utf8(message).unwrap().replace("StatusAanlevering>1<", "StatusAanlevering>X<");
    let lines = iwmo_in(["validate", "--format", "json", "-"], &wrapped(broken.into_bytes())).exits(1).json();
    assert_eq!((&lines[0]["valid"], &lines[1]["valid"]), (&true.into(), &false.into()));
    let lines = iwmo_in(["validate", "--format", "json", "-"], &wrapped(b"<a/>".to_vec())).exits(1).json();
    assert_eq!((&lines[0]["valid"], &lines[1]["valid"]), (&true.into(), &false.into()));
}

/// What is not verified says so, and needs an explicit switch.
#[test]
fn ieb_4_0_is_written_behind_a_switch_that_says_it_is_not_verified() {
    let json = r#"{"Afzender":"0222","Identificatie":"P1","Dagtekening":"2026-03-11","Bsn":"999900006",
        "EbStartNummer":"1001","EbStartdatum":"2026-03-10","StatusAanlevering":"1"}"#;
    iwmo_in(["encode", "-"], json.as_bytes()).exits(1);
    let run = iwmo_in(["encode", "--unverified-ieb-4.0", "-", "--lang", "en"], json.as_bytes()).exits(0);
    assert!(
        run.err.starts_with("NOT VERIFIED") && run.out.contains("<wmo405:EbStartNummer>1001<"),
        "{}",
        run.out
    );
    let broken = json.replace("0222", "999900006");
    let run = iwmo_in(["encode", "--unverified-ieb-4.0", "-"], broken.as_bytes()).exits(1);
    assert!(!run.err.contains("999900006") && run.out.is_empty(), "{}", run.err);
    // Schemas of another release refuse what is assumed.
    let schemas = root().join("schemas/ieb/1.0");
    let schemas = schemas.to_str().unwrap();
    let run =
        iwmo_in(["encode", "--unverified-ieb-4.0", "--schemas", schemas, "-"], json.as_bytes()).exits(1);
    assert!(run.out.is_empty());
    iwmo_in(["encode", "--schemas", schemas, "-"], json.as_bytes()).exits(2);
}

/// People read Dutch unless they ask for English; what programs read is the same in both.
#[test]
fn people_choose_their_language_and_programs_do_not_notice() {
    let site = Site::new();
    site.start().stop();
    let verify = |lang: &str| site.iwmo(&["--lang", lang, "journal", "verify"]).exits(0).out;
    assert!(verify("nl").contains("de keten is heel"));
    assert!(verify("en").contains("the chain is whole"));
    let json = |lang: &str| site.iwmo(&["--lang", lang, "journal", "list", "--format", "json"]).exits(0).out;
    assert_eq!(json("nl"), json("en"));
    assert!(site.iwmo(&["outbox", "list"]).exits(0).out.contains("niets wacht op verzending"));
    assert!(site.iwmo(&["outbox", "list", "--lang", "en"]).exits(0).out.contains("nothing waits to be sent"));
    // A list with nothing in it is no fault; what was named and is not there is one. Neither says anything to programs.
    let none = site.iwmo(&["toewijzing", "list", "--format", "json", "--lang", "en"]).exits(0);
    assert_eq!((none.out.as_str(), none.err.trim_end()), ("", "nothing found"));
    let none = site.iwmo(&["toewijzing", "show", "0222/1", "--lang", "en"]).exits(1);
    assert_eq!((none.out.as_str(), none.err.trim_end()), ("", "no toewijzing with this number"));
    let none = site.iwmo(&["journal", "show", "0222:99", "--lang", "en"]).exits(1);
    assert_eq!((none.out.as_str(), none.err.trim_end()), ("", "0222:99: no such entry"));
    let past = site.iwmo(&["toewijzing", "list", "--until", "0222:99", "--lang", "en"]).exits(2).err;
    assert!(past.contains("has no entry 0222:99\n  what to do: iwmo journal list"), "{past}");
    let status = site.iwmo(&["status", "--format", "json"]).json().remove(0);
    let (words, full) = (site.iwmo(&["status"]).out, status["disk"]["nearly_full"].as_bool().unwrap());
    assert_eq!(words.contains("bijna vol"), full, "{words}");
    // A pipe gets no colour unless it is asked for.
    assert!(!verify("nl").contains('\u{1b}'));
}

/// A disk that is not mounted leaves a folder with nothing in it: nobody is told that all is whole.
#[test]
fn a_journal_without_an_entry_is_not_called_whole() {
    let site = Site::new();
    site.start().stop();
    let (empty, journal) = (site.path("empty"), site.data().join("journal"));
    std::fs::create_dir(&empty).unwrap();
    let empty = empty.to_str().unwrap();
    let checked = iwmo(["store", "check", "--lang", "en", "--backup", empty]).exits(1);
    assert!(checked.out.contains("there is not one entry"), "{}", checked.out);
    let restored = iwmo(["store", "restore", "--from", empty, "--data", site.path("to").to_str().unwrap()]);
    let said = restored.exits(2).err;
    assert!(said.contains(&format!("{empty} has no entry of a journal")), "{said}");
    let inside = site.data().join("backup");
    let said = site.iwmo(&["store", "backup", "--to", inside.to_str().unwrap()]).exits(2).err;
    assert!(said.contains("is in the data folder"), "{said}");

    std::fs::remove_dir_all(&journal).unwrap();
    std::fs::create_dir(&journal).unwrap();
    let verified = site.iwmo(&["journal", "verify", "--lang", "en"]).exits(1);
    assert!(verified.out.contains("there is not one entry"), "{}", verified.out);
    assert!(!verified.out.contains("the chain is whole"), "{}", verified.out);
    let json = site.iwmo(&["journal", "verify", "--format", "json"]).exits(1).json().remove(0);
    assert_eq!((&json["valid"], &json["entries"]), (&serde_json::json!(false), &serde_json::json!(0)));
    let checked = site.iwmo(&["store", "check", "--lang", "en"]).exits(1);
    assert!(checked.out.contains("acknowledged entries are gone"), "{}", checked.out);
}

/// Who has seen enough closes the pipe; the program ends quietly.
#[test]
fn a_closed_pipe_ends_the_program_quietly() {
    let fixtures = root().join("fixtures/valid");
    let fixtures = fixtures.to_str().unwrap();
    let file = format!("{fixtures}/WMO301.xml");
    for arguments in [
        &["validate", "--format", "json", fixtures] as &[&str],
        &["show", &file],
        &["completions", "bash"],
        &["man"],
        &["--help"],
    ] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_iwmo"))
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let mut err = String::new();
        child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        let status = child.wait().unwrap();
        assert_eq!((status.code(), err.as_str()), (Some(0), ""), "{arguments:?}");
    }
}

/// What goes with another option only is refused without it: nobody believes that it was heeded.
#[test]
fn an_option_that_would_not_be_heeded_is_refused() {
    let site = Site::new();
    site.start().stop();
    let file = site.path("bewijs");
    let evidence = ["journal", "export", "--evidence", "0222/1", "--output", file.to_str().unwrap()];
    for (command, more) in [
        (&evidence as &[&str], &["--until", "0000:1"] as &[&str]),
        (&evidence, &["--gemeente", "0222"]),
        (&["journal", "verify"], &["--key", &"ab".repeat(32)]),
        (&["replay"], &["--reason", "x"]),
        (&["replay", "--verify"], &["--yes", "--reason", "x"]),
        (&["journal", "export"], &["--format", "text"]),
    ] {
        let run = site.iwmo(&[command, more].concat()).exits(2);
        assert!(run.out.is_empty() && !run.err.is_empty(), "{command:?} {more:?}");
    }
    let key = iwmo(["journal", "verify", "--evidence", file.to_str().unwrap(), "--key", "00"]).exits(2).err;
    assert!(key.contains("64 hexadecimal digits"), "{key}");
    let entries = site.iwmo(&["journal", "export", "--format", "json"]).exits(0).json();
    assert_eq!(entries[0]["entry"], "0000:1");
    let folder = site.path("xml");
    let files = ["journal", "export", "--format", "json", "--xml", folder.to_str().unwrap()];
    assert_eq!(site.iwmo(&files).exits(0).json()[0]["messages"], 0);
}

/// Of many files those that cannot be read are told, each, and the others are judged.
#[test]
fn a_file_that_cannot_be_read_leaves_the_others_judged() {
    let valid = root().join("fixtures/valid/WMO301.xml");
    let valid = valid.to_str().unwrap();
    for jobs in ["1", "3"] {
        let files = ["/nowhere/1.xml", valid, "/nowhere/2.xml", valid];
        let arguments = [&["validate", "--format", "json", "--jobs", jobs][..], &files].concat();
        let run = iwmo(arguments).exits(2);
        assert_eq!(run.json().iter().map(|line| &line["valid"]).collect::<Vec<_>>(), [true, true]);
        for file in ["/nowhere/1.xml", "/nowhere/2.xml"] {
            assert_eq!(run.err.matches(&format!("iwmo: cannot read {file}")).count(), 1, "{}", run.err);
        }
    }
}

/// A store that this user may not look at is not said to be missing.
#[test]
fn a_folder_that_may_not_be_read_is_not_an_empty_one() {
    use std::os::unix::fs::PermissionsExt;
    let site = Site::new();
    site.start().stop();
    let outer = site.path("dicht");
    std::fs::create_dir(&outer).unwrap();
    std::fs::rename(site.data(), outer.join("data")).unwrap();
    let data = outer.join("data");
    let mode = |path: &std::path::Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(&data.join("ledger"), 0);
    let open = std::fs::read_dir(data.join("ledger")).is_ok();
    let data = data.to_str().unwrap();
    if open {
        eprintln!("SKIPPED the folders that may not be read: this user may read everything");
    } else {
        let checked = iwmo(["store", "check", "--data", data]).exits(0).out;
        assert!(checked.contains("niet bekeken"), "{checked}");
        mode(&outer, 0);
        let run = iwmo(["status", "--data", data]).exits(2);
        assert!(
            run.reason().contains("cannot read") && run.err.contains("run this as its owner"),
            "{}",
            run.err
        );
        mode(&outer, 0o700);
    }
    mode(&outer.join("data/ledger"), 0o700);
}

/// A list that was cut off says so, and one of nobody is not called empty.
#[test]
fn a_list_that_is_cut_off_says_so() {
    let site = Site::new();
    site.start().stop();
    site.start().stop();
    for (limit, more) in [("0", true), ("1", true), ("2", false), ("18446744073709551615", false)] {
        let run = site.iwmo(&["journal", "list", "--limit", limit]).exits(0);
        assert_eq!(run.err.contains("er is meer"), more, "{limit}: {}", run.err);
        assert_eq!(run.out.lines().count(), limit.parse().unwrap_or(2).min(2), "{limit}");
    }
    for command in ["toewijzing", "outbox", "work"] {
        let run = site.iwmo(&[command, "list", "--limit", "18446744073709551615"]).exits(0);
        assert!(!run.err.contains("er is meer"), "{}", run.err);
    }
}

/// What is said about a gemeente that nothing is known of would come to nothing; the past has no disk.
#[test]
fn a_gemeente_that_is_not_here_and_a_past_without_a_disk() {
    let site = Site::new();
    let daemon = site.start();
    for (verb, code) in [("hold", "9999"), ("resume", "9999"), ("review", "9999")] {
        let refused = site.iwmo(&["cak", verb, "--gemeente", code]).exits(2).err;
        assert!(refused.contains("nothing is known here about a gemeente 9999"), "{refused}");
        assert!(refused.contains("check its code"), "{refused}");
    }
    // It is configured, though it has no entry yet.
    site.iwmo(&["cak", "hold", "--gemeente", "0222"]).exits(0);
    daemon.stop();
    let past = site.iwmo(&["status", "--until", "2020-01-01", "--format", "json"]).exits(0).json().remove(0);
    assert_eq!((&past["disk"], &past["entries"]), (&serde_json::Value::Null, &serde_json::json!(0)));
    let words = site.iwmo(&["status", "--until", "2020-01-01", "--lang", "en"]).exits(0).out;
    assert!(words.contains("0 entries") && !words.contains("MiB"), "{words}");
}

/// The last moment that there is, and a day beyond it that stands for no end, are moments as any other.
#[test]
fn the_end_of_time_is_a_moment() {
    let site = Site::new();
    site.start().stop();
    for end in ["9999-12-31", "9999-12-30T21:59:59Z", "9999-12-31T23:59:59"] {
        for (command, found) in [
            (["journal", "list", "--until"], 1),
            (["journal", "export", "--until"], 1),
            (["journal", "list", "--from"], 0),
        ] {
            let run = site.iwmo(&[&command[..], &[end]].concat()).exits(0);
            assert_eq!(run.out.lines().count(), found, "{command:?} {end}");
        }
        for command in
            [["audit", "--until"], ["audit", "--from"], ["status", "--until"], ["replay", "--until"]]
        {
            site.iwmo(&[&command[..], &[end]].concat()).exits(0);
        }
    }
}

/// A period that ends before it begins is a slip, and not one in which nothing happened.
#[test]
fn a_period_that_ends_before_it_begins_is_refused() {
    let site = Site::new();
    site.start().stop();
    let (early, late) = ("2026-01-01", "2027-01-01");
    for (command, begin, end) in [
        (&["journal", "list"] as &[&str], ["--from", late], ["--until", early]),
        (&["journal", "export"], ["--from", late], ["--until", early]),
        (&["audit"], ["--from", late], ["--until", early]),
        (&["deadlines", "--status", "met"], ["--from", late], ["--to", early]),
        (&["stats"], ["--from", "2027-01"], ["--to", "2026-12"]),
    ] {
        let refused = site.iwmo(&[command, &begin, &end].concat()).exits(2).err;
        assert!(refused.contains("--from lies after "), "{refused}");
    }
    site.iwmo(&["stats", "--from", "2027-01", "--to", "2027-01"]).exits(0);
}
