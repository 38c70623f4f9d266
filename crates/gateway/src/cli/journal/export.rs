//! `iwmo journal export`: entries as JSON lines, and the messages in them as files.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use super::evidence;
use super::filter::Filter;
use crate::cli::look::{Exported, look_more};
use crate::cli::open::StoreArguments;
use crate::cli::output::{Failure, Format, Found, Outcome, Terminal, unwritable};
use crate::clock::Moment;
use crate::journal::{Chain, Entry};
use crate::record::{Record, Uitgaand};
use crate::view::EntryView;

/// Entries that are shown together at first.
const FIRST_ENTRIES: usize = 16;

/// No more than this waits to be shown, but for one entry.
const TOGETHER_BYTES_MAX: usize = 16 << 20;

/// Write entries with all they hold: JSON lines on standard output, or the messages as XML files
///
/// A JSON line has what `journal list --format json` has, and `time` (to the microsecond), `number`, `previous`, `xml` (the message
/// as it was received) and `uitgaand` (partner, kind and XML of each message to be sent). With --xml every message is
/// written as a file instead: GEMEENTE-SEQ-KIND.xml as received, GEMEENTE-SEQ-N-KIND.xml as sent, readable by the
/// owner alone. Messages hold personal data: mind where you put them.
#[derive(Debug, Args)]
pub(super) struct Export {
    #[command(flatten)]
    store: StoreArguments,
    #[command(flatten)]
    filter: Filter,
    /// Write the messages as files into this folder; files that are there are not replaced
    #[arg(long, value_name = "FOLDER", conflicts_with = "evidence")]
    xml: Option<PathBuf>,
    /// Write a signed bundle for one toewijzing (GEMEENTE/NUMMER) instead: all messages and decisions, bound to the hash
    /// chain; `iwmo journal verify --evidence` checks it without the store
    #[arg(long, value_name = "TOEWIJZING", requires = "output", conflicts_with_all = ["gemeente", "message", "partner", "code", "retour", "toewijzing", "bsn_from", "from", "until"])]
    evidence: Option<String>,
    /// The file of the bundle; one that is there is not replaced
    #[arg(long, value_name = "FILE", requires = "evidence")]
    output: Option<PathBuf>,
    /// The key to sign with (Ed25519, PKCS#8 in DER) [default: DATA/keys/evidence.key, made at the first use]
    #[arg(long, value_name = "FILE", requires = "evidence")]
    signing_key: Option<PathBuf>,
    /// Form of what is said about the files (--xml, --evidence); entries are always JSON, one object a line
    #[arg(long, value_enum)]
    format: Option<Format>,
}

impl Export {
    pub(super) fn run(self, terminal: &Terminal) -> Outcome {
        if let (Some(name), Some(output)) = (&self.evidence, &self.output) {
            let format = self.format.unwrap_or_default();
            return evidence::write(&self.store, name, output, self.signing_key.as_deref(), format, terminal);
        }
        if self.xml.is_none() && self.format == Some(Format::Text) {
            return Err(Failure::new("entries are exported as JSON, one object a line")
                .hint("`iwmo journal list` and `journal show` have them as text"));
        }
        let folder = self.store.folder()?;
        let mut shown = Shown {
            folder: &folder,
            terminal,
            parts: Vec::new(),
            bytes: 0,
            room: FIRST_ENTRIES,
            unrecorded: false,
        };
        let (mut entries, mut files) = (0, 0);
        if let Some(folder) = &self.xml {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(folder)
                .map_err(|error| named(folder, &error))?;
        }
        self.filter.each(&self.store, terminal, &mut |entry, view| {
            entries += 1;
            let parts = match &self.xml {
                Some(folder) => files_of(folder, entry)?,
                None => vec![Part::Line(whole(entry, &view)?.to_string())],
            };
            files += parts.len();
            shown.take(entry.id.chain, parts)?;
            Ok(ControlFlow::Continue(()))
        })?;
        shown.show()?;
        let mut out = io::stdout().lock();
        if let Some(folder) = &self.xml {
            let folder = folder.display().to_string();
            match self.format.unwrap_or_default() {
                Format::Json => {
                    let value = json!({ "folder": folder, "messages": files, "entries": entries });
                    writeln!(out, "{value}")?;
                }
                Format::Text => writeln!(
                    out,
                    "{}",
                    terminal.say(
                        &format!("{files} berichten uit {entries} regels in {folder}"),
                        &format!("{files} messages of {entries} entries in {folder}")
                    )
                )?,
            }
        }
        if entries == 0 {
            terminal.nothing_found()?;
        }
        Ok(Found::AllWell)
    }
}

/// What is shown of an entry.
enum Part {
    /// A line on standard output.
    Line(String),
    /// A file.
    File(PathBuf, Vec<u8>),
}

/// What waits to be shown until it is on record that it is: whoever stops an export midway has seen no more than that.
struct Shown<'a> {
    folder: &'a Path,
    terminal: &'a Terminal,
    parts: Vec<(Chain, Vec<Part>)>,
    bytes: usize,
    /// So many entries go together; each time twice as many, so that a long export makes few records.
    room: usize,
    /// It was said that what is shown is not on record.
    unrecorded: bool,
}

impl Shown<'_> {
    fn take(&mut self, chain: Chain, parts: Vec<Part>) -> Result<(), Failure> {
        let bytes = |part: &Part| match part {
            Part::Line(line) => line.len(),
            Part::File(_, bytes) => bytes.len(),
        };
        self.bytes += parts.iter().map(bytes).sum::<usize>();
        self.parts.push((chain, parts));
        if self.parts.len() >= self.room || self.bytes >= TOGETHER_BYTES_MAX {
            self.room = self.room.saturating_mul(2);
            self.show()?;
        }
        Ok(())
    }

    fn show(&mut self) -> Result<(), Failure> {
        let mut exported = Exported::default();
        for (chain, _) in &self.parts {
            exported.count(*chain);
        }
        look_more(self.folder, exported.looks(), self.terminal, &mut self.unrecorded);
        self.bytes = 0;
        let mut out = io::BufWriter::new(io::stdout().lock());
        for part in self.parts.drain(..).flat_map(|(_, parts)| parts) {
            match part {
                Part::Line(line) => writeln!(out, "{line}")?,
                Part::File(path, bytes) => write(&path, &bytes)?,
            }
        }
        Ok(out.flush()?)
    }
}

fn decoded(entry: &Entry) -> Result<Record, Failure> {
    Record::decode(entry.kind, entry.version, &entry.payload)
        .map_err(|error| Failure::new(format!("{}: {error}", entry.id)))
}

/// Returns an entry with all it holds.
fn whole(entry: &Entry, view: &EntryView) -> Result<Value, Failure> {
    let mut value = serde_json::to_value(view).map_err(io::Error::from)?;
    value["time"] = Moment(entry.time).exact().into();
    value["number"] = entry.number.into();
    value["previous"] = entry.previous.to_string().into();
    // Valid messages are UTF-8, and only those are recorded.
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (received, outgoing) = messages(decoded(entry)?);
    if let Some((_, bytes)) = received {
        value["xml"] = text(&bytes).into();
    }
    let outgoing: Vec<Value> = outgoing
        .iter()
        .map(|message| {
            json!({ "partner": message.partner, "bericht": message.soort, "xml": text(&message.bytes) })
        })
        .collect();
    value["uitgaand"] = outgoing.into();
    Ok(value)
}

/// Returns the message that came in, with its kind, and those to be sent.
fn messages(record: Record) -> (Option<(String, Vec<u8>)>, Vec<Uitgaand>) {
    match record {
        Record::Bericht(bericht) => (Some((bericht.soort, bericht.bytes)), bericht.uitgaand),
        Record::Planning(planning) => (None, planning.uitgaand),
        Record::Oordeel(oordeel) => (None, oordeel.uitgaand),
        Record::Terzijde(terzijde) => (None, terzijde.uitgaand),
        _ => (None, Vec::new()),
    }
}

/// Returns the messages of an entry as files.
fn files_of(folder: &Path, entry: &Entry) -> Result<Vec<Part>, Failure> {
    let (received, outgoing) = messages(decoded(entry)?);
    let name = format!("{}-{}", entry.id.chain, entry.id.seq);
    let received = received.map(|(kind, bytes)| (format!("{name}-{kind}.xml"), bytes));
    let outgoing = outgoing.into_iter().enumerate();
    let outgoing = outgoing.map(|(index, one)| (format!("{name}-{index}-{}.xml", one.soort), one.bytes));
    Ok(received
        .into_iter()
        .chain(outgoing)
        .map(|(name, bytes)| Part::File(folder.join(name), bytes))
        .collect())
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(bytes)).map_err(|error| named(path, &error))
}

fn named(path: &Path, error: &io::Error) -> Failure {
    unwritable(path, error)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::cli::open;
    use crate::engine::tests::{Gateway, play_all};

    /// An exported entry has the message as it was received, and files hold the same bytes, for the owner alone.
    #[test]
    fn an_export_has_every_message_unaltered() {
        let (data, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let gateway = Gateway::in_folder(data.path());
        let story = play_all(&gateway);
        gateway.stop();
        let browser = open::browser(data.path()).unwrap();
        let mut files = 0;
        for entry in browser.select(None, None) {
            let entry = entry.unwrap();
            let view = crate::view::summarize(&entry).unwrap();
            let value = whole(&entry, &view).unwrap();
            if let Some((_, sent)) = story.iter().find(|(receipt, _)| receipt.id == view.entry) {
                assert_eq!(value["xml"].as_str().unwrap().as_bytes(), sent);
                let name = view.entry.replace(':', "-");
                let written = |parts: Vec<Part>| -> Result<usize, Failure> {
                    let files = parts.len();
                    for part in parts {
                        let Part::File(path, bytes) = part else { panic!("{name}: no file") };
                        write(&path, &bytes)?;
                    }
                    Ok(files)
                };
                files += written(files_of(folder.path(), &entry).unwrap()).unwrap();
                let path = folder.path().join(format!("{name}-{}.xml", view.bericht.unwrap()));
                assert_eq!(&fs::read(&path).unwrap(), sent);
                assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
                let again = files_of(folder.path(), &entry).unwrap();
                assert!(written(again).is_err(), "a file was replaced");
            }
        }
        assert_eq!(files, fs::read_dir(folder.path()).unwrap().count());
        assert!(files > 10, "{files}");
    }
}
