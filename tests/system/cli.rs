//! Exit codes, forms of output, languages, closed pipes.

use std::io::Read;
use std::process::{Command, Stdio};

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
    }
    assert!(!std::path::Path::new("/nowhere").exists(), "nothing was made");
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
    // All messages of the repository are valid, in one run over the folder.
    let fixtures = root().join("fixtures/valid");
    let run = iwmo(["validate", "--format", "json", "--jobs", "2", fixtures.to_str().unwrap()]).exits(0);
    let lines = run.json();
    assert!(lines.len() > 20 && lines.iter().all(|line| line["valid"] == true), "{}", run.out);
    let names: Vec<&str> = lines.iter().map(|line| line["file"].as_str().unwrap()).collect();
    assert!(names.is_sorted());
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
    // Nothing found is a finding, and says nothing to programs.
    let none = site.iwmo(&["toewijzing", "list", "--format", "json"]).exits(1);
    assert_eq!(none.out, "");
    let none = site.iwmo(&["toewijzing", "show", "0222/1", "--lang", "en"]).exits(1);
    assert_eq!((none.out.as_str(), none.err.trim_end()), ("", "no toewijzing with this number"));
    let none = site.iwmo(&["journal", "show", "0222:99", "--lang", "en"]).exits(1);
    assert_eq!((none.out.as_str(), none.err.trim_end()), ("", "0222:99: no such entry"));
    // A pipe gets no colour unless it is asked for.
    assert!(!verify("nl").contains('\u{1b}'));
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
