//! `iwmo replay --what-if`: what would come out differently under another policy.

use std::io::{self, Write};
use std::path::Path;

use iwmo_codec::Schemas;
use iwmo_codec::messages::MessageKind;
use serde_json::{Value, json};

use super::open;
use super::output::{Failure, Format, Found, Outcome, Terminal};
use super::progress;
use super::replay::{failed, read_text};
use crate::clock::Moment;
use crate::engine::{self, Different, Looked, Policy, What};
use crate::journal::Reader;
use crate::ledger::{LedgerError, Progress};
use crate::record::Uitspraak;

/// Holds everything against other schemas and prints what would not be valid; under another policy as well, if one is
/// given.
pub(super) fn schemas(
    folder: &Path,
    schemas: &Path,
    policy: Option<&Path>,
    format: Format,
    terminal: &Terminal,
) -> Outcome {
    let other = super::validate::load(schemas)?;
    if !MessageKind::ALL.iter().any(|kind| other.have(kind.name())) {
        let folder = schemas.display();
        return Err(Failure::new(format!("{folder}: there is no schema of a message here"))
            .hint("name the folder with the XSDs of a release, as WMO301.xsd; `iwmo validate --schemas` tries them on a file"));
    }
    let policy = policy.map(read_policy).transpose()?;
    let journal = open::journal(folder)?;
    let mut judged = Judged::new(format, terminal);
    judged.all("schemas", &mut |tell, show| engine::what_if_schemas(journal.reader(), &other, tell, show))?;
    if let Some(policy) = policy {
        unheard(&policy, journal.reader(), terminal);
        judged.all("what-if", &mut |tell, show| {
            engine::what_if(&policy, journal.reader(), &Schemas::bundled(), tell, show)
        })?;
    }
    Ok(judged.found)
}

/// Judges everything again under another policy and prints the differences.
pub(super) fn run(folder: &Path, policy: &Path, format: Format, terminal: &Terminal) -> Outcome {
    let policy = read_policy(policy)?;
    let journal = open::journal(folder)?;
    unheard(&policy, journal.reader(), terminal);
    let mut judged = Judged::new(format, terminal);
    judged.all("what-if", &mut |tell, show| {
        engine::what_if(&policy, journal.reader(), &Schemas::bundled(), tell, show)
    })?;
    Ok(judged.found)
}

/// Says of choices for a gemeente of which nothing is recorded that they judge nothing: its code may be mistyped.
fn unheard(policy: &Policy, reader: &Reader, terminal: &Terminal) {
    let tips = reader.tips();
    let known = |code: &String| tips.keys().any(|chain| chain.to_string() == *code);
    for code in policy.gemeente.keys().filter(|code| !known(code)) {
        let nl = format!("let op: van gemeente {code} staat niets in het journaal");
        let en = format!("note: nothing of gemeente {code} is in the journal");
        // Standard error may be closed; there is nowhere left to say so.
        let _ = writeln!(io::stderr().lock(), "{}", terminal.say(&nl, &en));
    }
}

fn read_policy(policy: &Path) -> Result<Policy, Failure> {
    let text = read_text(policy)?;
    let file = policy.display();
    Policy::read(&text).map_err(|error| {
        Failure::new(format!("{file}: {}", error.trim_end()))
            .hint("a policy has [beleid] and [eigen_bijdrage]; see `iwmo replay --help`")
    })
}

/// What looks at everything: it is given where to tell a difference and how far it has come.
type Look<'l> =
    dyn FnMut(&mut dyn FnMut(Different), &mut dyn FnMut(Progress)) -> Result<Looked, LedgerError> + 'l;

/// Prints what is told.
struct Judged<'t> {
    format: Format,
    terminal: &'t Terminal,
    found: Found,
}

impl<'t> Judged<'t> {
    fn new(format: Format, terminal: &'t Terminal) -> Self {
        Self { format, terminal, found: Found::AllWell }
    }

    fn all(&mut self, name: &'static str, look: &mut Look<'_>) -> Result<(), Failure> {
        let (format, terminal) = (self.format, self.terminal);
        let bar = progress::bar(name);
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
        let looked = look(&mut tell, &mut show);
        bar.finish_and_clear();
        let looked = looked.map_err(failed)?;
        written?;
        let (messages, plans, differences) = (looked.messages, looked.plans, looked.differences);
        let bundled: Vec<&str> = looked.bundled.iter().map(String::as_str).collect();
        match format {
            Format::Json => writeln!(
                out,
                "{}",
                json!({ "entries": looked.entries, "messages": messages, "plans": plans, "differences": differences, "bundled": bundled })
            )?,
            Format::Text if !bundled.is_empty() => {
                let kinds = bundled.join(", ");
                let nl = format!("van {kinds} staat daar geen schema: beoordeeld met het meegeleverde");
                let en = format!("of {kinds} there is no schema there: held against the bundled one");
                writeln!(out, "{}", terminal.say(&nl, &en))?;
            }
            Format::Text => {}
        }
        match format {
            Format::Json => {}
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
        if differences > 0 {
            self.found = Found::Something;
        }
        Ok(())
    }
}

fn value(different: &Different) -> Value {
    let mut value = json!({
        "entry": different.entry.to_string(),
        "tijd": Moment(different.time),
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
        What::Ongeldig { was, regels, .. } => {
            value["wat"] = "ongeldig".into();
            value["richting"] = if was.is_some() { "ontvangen" } else { "verzonden" }.into();
            if let Some(was) = was {
                value["was"] = words(was).into();
                value["zou"] = "geweigerd bij ontvangst".into();
            }
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
    let (entry, time) = (different.entry.to_string(), Moment(different.time));
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
        What::Ongeldig { was, regels, meer } => {
            let became = match was {
                Some(was) => {
                    let refused = terminal.say(
                        "geweigerd bij ontvangst, zonder retour",
                        "refused at the door, without a retour",
                    );
                    format!("{} -> {arrow}: {refused}", words(was))
                }
                None => {
                    terminal.say("verzonden, zou ongeldig zijn", "sent, and would not be valid").to_owned()
                }
            };
            format!("{became} ({}{})", regels.join(", "), if *meer { ", ..." } else { "" })
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
