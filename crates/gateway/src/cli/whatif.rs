//! `iwmo replay --what-if`: what would come out differently under another policy.

use std::io::{self, Write};
use std::path::Path;

use iwmo_codec::Schemas;
use serde_json::{Value, json};

use super::open;
use super::output::{Failure, Format, Found, Outcome, Terminal};
use super::progress;
use super::replay::{failed, read_text};
use crate::clock::dutch_time;
use crate::engine::record::Uitspraak;
use crate::engine::{self, Different, Policy, What};
use crate::ledger::Progress;

/// Judges everything again and prints the differences.
pub(super) fn run(folder: &Path, policy: &Path, format: Format, terminal: &Terminal) -> Outcome {
    let text = read_text(policy)?;
    let file = policy.display();
    let policy = Policy::read(&text).map_err(|error| {
        Failure::new(format!("{file}: {}", error.trim_end()))
            .hint("a policy has [beleid] and [eigen_bijdrage]; see `iwmo replay --help`")
    })?;
    let journal = open::journal(folder)?;
    let bar = progress::bar("what-if");
    let mut show = |progress: Progress| {
        bar.set_length(progress.entries);
        bar.set_position(progress.applied);
    };
    let mut out = io::stdout().lock();
    let mut written = Ok(());
    let mut tell = |different: Different| {
        if written.is_ok() {
            written = match format {
                Format::Json => writeln!(out, "{}", value(&different)),
                Format::Text => writeln!(out, "{}", line(&different, terminal)),
            };
        }
    };
    let looked = engine::what_if(&policy, journal.reader(), &Schemas::bundled(), &mut tell, &mut show);
    bar.finish_and_clear();
    let looked = looked.map_err(failed)?;
    written?;
    let (messages, plans, differences) = (looked.messages, looked.plans, looked.differences);
    match format {
        Format::Json => writeln!(
            out,
            "{}",
            json!({ "entries": looked.entries, "messages": messages, "plans": plans, "differences": differences })
        )?,
        Format::Text => writeln!(
            out,
            "{}",
            terminal.say(
                &format!(
                    "{messages} berichten en {plans} meldingen aan het CAK opnieuw beoordeeld, {differences} anders; niets is veranderd"
                ),
                &format!(
                    "{messages} messages and {plans} plans for the CAK judged again, {differences} would differ; nothing was changed"
                ),
            )
        )?,
    }
    Ok(if differences == 0 { Found::AllWell } else { Found::Something })
}

fn value(different: &Different) -> Value {
    let mut value = json!({
        "entry": different.entry.to_string(),
        "tijd": dutch_time(different.time),
        "bericht": different.soort,
    });
    match &different.what {
        What::Uitspraak { was, zou, regels } => {
            value["wat"] = "uitspraak".into();
            value["was"] = words(was).into();
            value["zou"] = words(zou).into();
            value["regels"] = json!(regels);
        }
        What::NietVerzonden { regels } => {
            value["wat"] = "niet verzonden".into();
            value["regels"] = json!(regels);
        }
        What::Cak { was, zou } => {
            value["wat"] = "cak".into();
            value["was"] = was.as_str().into();
            value["zou"] = zou.as_str().into();
        }
    }
    value
}

fn line(different: &Different, terminal: &Terminal) -> String {
    let (entry, time) = (different.entry.to_string(), dutch_time(different.time));
    let kind = different.soort.as_deref().unwrap_or("CAK");
    let arrow = terminal.say("zou zijn", "would be");
    let what = match &different.what {
        What::Uitspraak { was, zou, regels } => {
            format!("{} -> {arrow}: {} ({})", words(was), words(zou), regels.join(", "))
        }
        What::NietVerzonden { regels } => {
            let words = terminal.say("zou niet verzonden zijn", "would not have been sent");
            format!("{words} ({})", regels.join(", "))
        }
        What::Cak { was, zou } => format!("{was} -> {arrow}: {zou}"),
    };
    format!("{entry:<12} {time}  {kind:<7} {what}")
}

fn words(uitspraak: &Uitspraak) -> String {
    let listed = |codes: &mut dyn Iterator<Item = &String>| {
        let mut codes: Vec<&str> = codes.map(String::as_str).collect();
        codes.sort_unstable();
        codes.dedup();
        format!("afgekeurd {}", codes.join(", "))
    };
    match uitspraak {
        Uitspraak::Goedgekeurd => "goedgekeurd".to_owned(),
        Uitspraak::Kop { codes } => listed(&mut codes.iter()),
        Uitspraak::Klassen { codes } => listed(&mut codes.iter().flatten()),
        Uitspraak::ZonderGevolg => "zonder gevolg".to_owned(),
        Uitspraak::Geparkeerd { .. } => "wacht op wat eraan voorafgaat".to_owned(),
    }
}
