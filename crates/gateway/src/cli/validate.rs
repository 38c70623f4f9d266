//! `iwmo validate`: XML, schema and message rules over files and folders.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;

use clap::{Args, ValueEnum};
use iwmo_codec::render::{self, Source, Style};
use iwmo_codec::rules::outside::Outside;
use iwmo_codec::value::Datum;
use iwmo_codec::{Report, SchemaSource, Schemas, stuf};

use super::output::{Failure, Found, Outcome, Terminal, complain, unreadable};
use crate::clock::{Clock, SystemClock};
use crate::{lists, translate};

/// Depth of folders that is looked into.
const FOLDER_DEPTH_MAX: usize = 32;
/// Reports that may wait to be printed.
const REPORTS_MAX: usize = 64;

/// Check messages: XML, schema and the rules of the standard that need only the message
///
/// Reports every fault of every message, with its line and what was expected. Values that may be personal are
/// masked. Folders are searched for *.xml. An envelope of the GGk (Di01, Du01, Bv03, Bv04, Fo01, Fo03) is judged
/// first, then the message in it, which is named FILE!WMO301 and has lines of its own.
///
/// Exit code 0: all valid. 1: something was found. 2: something could not be read.
#[derive(Debug, Args)]
pub(super) struct Validate {
    /// Files and folders; `-` is standard input
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: ReportFormat,
    /// Other schemas than the bundled ones: a file with what it imports beside it, or a folder
    #[arg(long, value_name = "PATH")]
    schemas: Option<PathBuf>,
    /// Stop after the schema
    #[arg(long)]
    schema_only: bool,
    /// Lists that a gemeente agreed on: a folder with gemeentecodes.tsv (S300), productcodes.tsv (S329) or both
    #[arg(long, value_name = "DIR", conflicts_with = "schema_only")]
    lists: Option<PathBuf>,
    /// Judge as if today were this date, as 2026-11-25 (a Dagtekening in the future gets 8848)
    #[arg(long, value_name = "DATE", conflicts_with = "schema_only")]
    date: Option<Datum>,
    /// Messages to check at the same time
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
    /// Show values and text that may be personal
    #[arg(long)]
    personal_data: bool,
}

/// The form of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum ReportFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object an input.
    Json,
    /// One SARIF 2.1.0 log.
    Sarif,
}

/// What inputs are judged by.
struct Measure {
    schemas: Schemas,
    outside: Outside,
}

/// One input, and the message in it when it is an envelope.
struct Judged {
    index: usize,
    documents: Result<Vec<Document>, Failure>,
}

/// One document with what was found.
struct Document {
    name: String,
    bytes: Vec<u8>,
    report: Report,
}

impl Validate {
    pub(super) fn run(self, terminal: &Terminal) -> Outcome {
        let schemas = match &self.schemas {
            None => Schemas::bundled(),
            Some(path) => load(path)?,
        };
        let vandaag = match self.date {
            Some(date) => date,
            None => translate::datum(SystemClock.today()).map_err(|error| Failure::new(error.to_string()))?,
        };
        let lists = self.lists.as_deref().map(lists::read).transpose()?;
        let outside = Outside { vandaag: Some(vandaag), ..lists.unwrap_or_default() };
        let measure = Measure { schemas, outside };
        let inputs = collect(&self.paths)?;
        let style =
            Style { lang: terminal.lang.into(), color: terminal.color, personal_data: self.personal_data };
        let mut out = io::stdout().lock();
        let (mut valid, mut unread) = (true, None::<Failure>);
        let mut sarif: Vec<(String, Report)> = Vec::new();
        self.judge_all(&measure, &inputs, |judged| {
            let documents = match judged.documents {
                Ok(documents) => documents,
                // The others are judged all the same; the last that cannot be read is told in the end.
                Err(failure) => {
                    if let Some(before) = unread.replace(failure) {
                        complain(&before, terminal);
                    }
                    Vec::new()
                }
            };
            for Document { name, bytes, report } in documents {
                valid &= report.is_valid();
                match self.format {
                    ReportFormat::Text => {
                        let source = Source { file: &name, xml: &bytes };
                        out.write_all(render::text(source, &report, style).as_bytes())?;
                    }
                    ReportFormat::Json => writeln!(out, "{}", render::json(&name, &report, style))?,
                    ReportFormat::Sarif => sarif.push((name, report)),
                }
            }
            Ok(())
        })?;
        if self.format == ReportFormat::Sarif {
            let inputs = sarif.iter().map(|(name, report)| (name.as_str(), report));
            writeln!(out, "{}", render::sarif(inputs, style))?;
        }
        match unread {
            Some(failure) => Err(failure),
            None => Ok(if valid { Found::AllWell } else { Found::Something }),
        }
    }

    /// Judges every input on several threads and hands the results on in the order of the inputs.
    fn judge_all(
        &self,
        measure: &Measure,
        inputs: &[PathBuf],
        mut take: impl FnMut(Judged) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let jobs = self.jobs.map_or(cores, usize::from).min(inputs.len().max(1));
        let next = AtomicUsize::new(0);
        let (sender, receiver) = sync_channel::<Judged>(REPORTS_MAX);
        std::thread::scope(|scope| {
            for _ in 0..jobs {
                let (sender, next) = (sender.clone(), &next);
                scope.spawn(move || {
                    loop {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        let Some(path) = inputs.get(index) else { return };
                        // When nobody listens any more there is nothing left to do.
                        let documents = self.judge(measure, path);
                        if sender.send(Judged { index, documents }).is_err() {
                            return;
                        }
                    }
                });
            }
            drop(sender);
            let mut early = std::collections::BTreeMap::new();
            let mut expected = 0;
            for judged in receiver {
                early.insert(judged.index, judged);
                while let Some(judged) = early.remove(&expected) {
                    take(judged)?;
                    expected += 1;
                }
            }
            Ok(())
        })
    }

    fn judge(&self, measure: &Measure, path: &Path) -> Result<Vec<Document>, Failure> {
        let (name, bytes) = read_input(path)?;
        // Other schemas say themselves what a document may be.
        if self.schemas.is_some() || !stuf::is_envelope(&bytes) {
            let report = self.report(measure, &bytes);
            return Ok(vec![Document { name, bytes, report }]);
        }
        let unpacked = stuf::unpack(&bytes);
        let carried = unpacked.carried.zip(unpacked.message()).map(|(kind, message)| Document {
            name: format!("{name}!{}", kind.name()),
            report: self.report(measure, message),
            bytes: message.to_vec(),
        });
        let mut documents = vec![Document { name, bytes, report: unpacked.report }];
        documents.extend(carried);
        Ok(documents)
    }

    fn report(&self, measure: &Measure, xml: &[u8]) -> Report {
        match self.schema_only {
            true => measure.schemas.validate_schema(xml),
            false => measure.schemas.validate_with(xml, &measure.outside),
        }
    }
}

/// Reads a file, or standard input for `-`. Returns the name to show and the bytes.
pub(super) fn read_input(path: &Path) -> Result<(String, Vec<u8>), Failure> {
    if path == Path::new("-") {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes)?;
        return Ok(("-".to_owned(), bytes));
    }
    let name = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|error| unreadable(path, &error))?;
    Ok((name, bytes))
}

/// Returns the files to check, folders searched for `*.xml` in order of name.
fn collect(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let before = files.len();
            search(path, "xml", &mut files)?;
            if files.len() == before {
                return Err(Failure::new(format!("{}: no *.xml in this folder", path.display()))
                    .hint("name a folder with messages, or a file whatever its name ends in"));
            }
        } else {
            files.push(path.clone());
        }
    }
    Ok(files)
}

fn search(folder: &Path, extension: &str, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let fail = |folder: &Path, error: io::Error| unreadable(folder, &error);
    let mut folders = vec![(folder.to_owned(), 0)];
    let mut found = Vec::new();
    while let Some((folder, depth)) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(|error| fail(&folder, error))? {
            let entry = entry.map_err(|error| fail(&folder, error))?;
            let kind = entry.file_type().map_err(|error| fail(&folder, error))?;
            let path = entry.path();
            // Links are not followed into folders, so a circle of links ends.
            if kind.is_dir() && depth < FOLDER_DEPTH_MAX {
                folders.push((path, depth + 1));
            } else if path.extension().is_some_and(|has| has.eq_ignore_ascii_case(extension))
                && path.is_file()
            {
                found.push(path);
            }
        }
    }
    found.sort();
    files.extend(found);
    Ok(())
}

/// Loads a schema set: a folder, or a file with what lies beside it.
pub(super) fn load(path: &Path) -> Result<Schemas, Failure> {
    let mut files = Vec::new();
    let folder = if path.is_dir() { Some(path) } else { path.parent() };
    if !path.exists() {
        return Err(Failure::new(format!("{}: no such file or folder", path.display()))
            .hint("--schemas takes a folder with *.xsd, or one of them with the others beside it"));
    }
    let folder = folder.filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    search(folder, "xsd", &mut files)?;
    if files.is_empty() {
        return Err(Failure::new(format!("{}: no *.xsd in this folder", path.display()))
            .hint("--schemas takes a folder with *.xsd, or one of them with the others beside it"));
    }
    let mut texts = Vec::with_capacity(files.len());
    for file in &files {
        let text = std::fs::read_to_string(file).map_err(|error| unreadable(file, &error))?;
        let name = file.strip_prefix(folder).unwrap_or(file).display().to_string();
        texts.push((name, text));
    }
    let sources: Vec<SchemaSource<'_>> =
        texts.iter().map(|(name, text)| SchemaSource { name, text }).collect();
    let loaded = if path.is_dir() {
        Schemas::load(&sources)
    } else {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Schemas::load_file(&name, &sources)
    };
    loaded.map_err(|error| Failure::new(format!("{}: {error}", path.display())))
}
