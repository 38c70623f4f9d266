//! `iwmo show`, `encode` and `retour`: one message at a time.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use iwmo_codec::ieb_4_0::{Aannames, Basis, Gestaafd, Wmo405};
use iwmo_codec::messages::{Message, MessageKind};
use iwmo_codec::render::{self, Source, Style};
use iwmo_codec::retour::{RetourView, Uitspraak, Verdict, retour};
use iwmo_codec::rules::outside::Outside;
use iwmo_codec::value::RetourCode;
use iwmo_codec::{Schemas, rules, stuf};
use sha2::{Digest, Sha256};

use super::open::{self, PastArguments, StoreArguments};
use super::output::{Failure, Found, Outcome, Terminal};
use super::validate::{load, read_input};
use crate::clock::{Clock, SystemClock};
use crate::ledger::LedgerError;
use crate::{engine, translate};

/// Show one message, readable
///
/// Of an envelope of the GGk the message in it is shown, and in text the envelope before it.
#[derive(Debug, Args)]
pub(super) struct Show {
    /// The message; `-` is standard input
    file: PathBuf,
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: MessageFormat,
}

/// The form in which a message is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum MessageFormat {
    /// For people: codes explained.
    #[default]
    Text,
    /// JSON with the standard's own names; `iwmo encode` turns it back.
    Json,
    /// XML, written anew.
    Xml,
}

/// Turn JSON, as `iwmo show --format json` prints it, into a valid message
#[derive(Debug, Args)]
pub(super) struct Encode {
    /// The JSON; `-` is standard input
    file: PathBuf,
    /// Refuse any other kind of message, as WMO305; also what the JSON holds when it does not say
    #[arg(long, value_name = "KIND", conflicts_with = "unverified_ieb_4_0")]
    message: Option<String>,
    /// Write a WMO405 of iEb 4.0, which is NOT VERIFIED: its schemas are not public. The JSON names Afzender,
    /// Identificatie, Dagtekening, Bsn, EbStartNummer, EbStartdatum, StatusAanlevering and, where there are, EbStopdatum
    /// and EbKostprijs. To look at; never to be sent to the CAK
    #[arg(long = "unverified-ieb-4.0", id = "unverified_ieb_4_0")]
    unverified_ieb_4_0: bool,
    /// The official schemas of iEb 4.0, if you have them: they settle what is assumed, or refuse it
    #[arg(long, value_name = "PATH", requires = "unverified_ieb_4_0")]
    schemas: Option<PathBuf>,
}

/// Write the return message for a message
///
/// Without a store the rules within the message and the date decide. With --data or --config the rules that need earlier
/// messages are judged against that store too; nothing is stored. A message that came in there before, the same to the byte,
/// is not judged again: the retour that it got is written. Of an envelope of the GGk the message in it is answered.
#[derive(Debug, Args)]
pub(super) struct Retour {
    /// The message; `-` is standard input
    file: PathBuf,
    /// Judge against the store in this folder, by the standard choices
    #[arg(long, value_name = "DIR", conflicts_with = "config")]
    data: Option<PathBuf>,
    /// Judge against the store of this configuration, by its choices and lists
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Show {
    pub(super) fn run(self, terminal: &Terminal) -> Outcome {
        let (name, bytes) = read_input(&self.file)?;
        let mut out = io::stdout().lock();
        if !stuf::is_envelope(&bytes) {
            let Some(message) = decode(&name, &bytes, terminal)? else { return Ok(Found::Something) };
            self.message(&message, terminal, &mut out)?;
            return Ok(Found::AllWell);
        }
        let unpacked = stuf::unpack(&bytes);
        if !unpacked.report.is_valid() {
            complain(&name, &bytes, &unpacked.report, terminal)?;
        }
        let Some(envelope) = &unpacked.envelope else { return Ok(Found::Something) };
        if self.format == MessageFormat::Text {
            out.write_all(iwmo_codec::show::envelope(envelope, terminal.lang.into()).as_bytes())?;
        }
        let sound = if unpacked.report.is_valid() { Found::AllWell } else { Found::Something };
        let Some(carried) = unpacked.message() else {
            if self.format == MessageFormat::Text || !unpacked.report.is_valid() {
                return Ok(sound);
            }
            return Err(Failure::new(format!(
                "{name}: there is no message in this {}",
                envelope.berichtcode()
            )));
        };
        let Some(message) = decode(&name, carried, terminal)? else { return Ok(Found::Something) };
        self.message(&message, terminal, &mut out)?;
        Ok(sound)
    }

    fn message(&self, message: &Message, terminal: &Terminal, out: &mut impl Write) -> Result<(), Failure> {
        match self.format {
            MessageFormat::Text => {
                out.write_all(iwmo_codec::show::show(message, terminal.lang.into()).as_bytes())?
            }
            MessageFormat::Json => writeln!(out, "{}", message.to_json())?,
            MessageFormat::Xml => out.write_all(&message.encode())?,
        }
        Ok(())
    }
}

impl Encode {
    pub(super) fn run(self, terminal: &Terminal) -> Outcome {
        let (name, bytes) = read_input(&self.file)?;
        let text = String::from_utf8(bytes).map_err(|_| {
            Failure::new(format!("{name}: not UTF-8"))
                .hint("`iwmo encode` takes JSON, as `iwmo show --format json` shows a message")
        })?;
        if self.unverified_ieb_4_0 {
            return self.wmo405(&name, &text, terminal);
        }
        let kind = self.message.as_deref().map(kind).transpose()?;
        let parsed = match kind {
            Some(kind) => Message::from_json_as(kind, &text),
            None => Message::from_json(&text),
        };
        let message = match parsed {
            Ok(message) => message,
            Err(error) => {
                let mut told = io::stderr().lock();
                writeln!(told, "{name}: {error}")?;
                let what = terminal.say(
                    "schrijf het bericht als JSON zoals `iwmo show --format json` het toont",
                    "write the message as JSON, as `iwmo show --format json` shows one",
                );
                writeln!(told, "  {what}")?;
                return Ok(Found::Something);
            }
        };
        // Lengths and patterns are judged on what would be sent.
        let xml = message.encode();
        let report = Schemas::bundled().validate_schema(&xml);
        if !report.is_valid() {
            complain("-", &xml, &report, terminal)?;
            return Ok(Found::Something);
        }
        io::stdout().lock().write_all(&xml)?;
        Ok(Found::AllWell)
    }
}

impl Encode {
    fn wmo405(&self, name: &str, text: &str, terminal: &Terminal) -> Outcome {
        let melding: Wmo405 = match serde_json::from_str(text) {
            Ok(melding) => melding,
            Err(error) => {
                // serde may repeat a value; where it stands says enough.
                let (line, column) = (error.line(), error.column());
                let what = terminal.say("geen melding van iEb 4.0", "no notification of iEb 4.0");
                writeln!(io::stderr().lock(), "{name}: line {line}, column {column}: {what}")?;
                return Ok(Found::Something);
            }
        };
        let aannames = Aannames::default();
        let settled = match &self.schemas {
            None => {
                let warning = terminal.say(
                    "NIET GEVERIFIEERD: de schema's van iEb 4.0 zijn niet openbaar; stuur dit nooit naar het CAK",
                    "NOT VERIFIED: the schemas of iEb 4.0 are not public; never send this to the CAK",
                );
                writeln!(io::stderr().lock(), "{warning}")?;
                None
            }
            Some(path) => match Gestaafd::by(&load(path)?, aannames.clone()) {
                Ok(settled) => Some(settled),
                Err(report) => {
                    let what = terminal.say(
                        "deze schema's weigeren wat aangenomen is",
                        "these schemas refuse what is assumed",
                    );
                    writeln!(io::stderr().lock(), "{}: {what}", path.display())?;
                    for found in &report.diagnostics {
                        let text = found.message.get(terminal.lang.into());
                        writeln!(io::stderr().lock(), "  {}: {text}", found.path)?;
                    }
                    return Ok(Found::Something);
                }
            },
        };
        let basis = settled.as_ref().map_or(Basis::Onbevestigd(&aannames), Basis::Gestaafd);
        let xml = melding.encode(&basis).map_err(|error| Failure::new(format!("{name}: {error}")))?;
        io::stdout().lock().write_all(&xml)?;
        Ok(Found::AllWell)
    }
}

fn kind(text: &str) -> Result<MessageKind, Failure> {
    text.to_uppercase().parse().map_err(|_| {
        let all: Vec<&str> = MessageKind::ALL.iter().map(|kind| kind.name()).collect();
        Failure::new(format!("{text:?} is no kind of message")).hint(format!("one of {}", all.join(", ")))
    })
}

impl Retour {
    pub(super) fn run(self, terminal: &Terminal) -> Outcome {
        let (name, mut bytes) = read_input(&self.file)?;
        if stuf::is_envelope(&bytes) {
            let unpacked = stuf::unpack(&bytes);
            let carried = unpacked.message().filter(|_| unpacked.report.is_valid()).map(<[u8]>::to_vec);
            let Some(carried) = carried else {
                complain(&name, &bytes, &unpacked.report, terminal)?;
                return Ok(Found::Something);
            };
            bytes = carried;
        }
        let Some(message) = decode(&name, &bytes, terminal)? else { return Ok(Found::Something) };
        if message.kind().retour().is_none() {
            let name = message.kind().name();
            return Err(Failure::new(format!("{}: a {name} gets no return message", self.file.display())));
        }
        let violations = rules::check(&message);
        let uitspraak = if !violations.is_empty() {
            for violation in &violations {
                let text = violation.message.get(terminal.lang.into());
                writeln!(io::stderr().lock(), "{} {}: {text}", violation.rule, violation.path)?;
            }
            Uitspraak::Header(vec![RetourCode::TECHNISCH])
        } else {
            match (self.data, self.config) {
                (None, None) => by_date(&message, terminal)?,
                // What the CAK has stands in no store of ours.
                _ if translate::sides(&message).is_err() => by_date(&message, terminal)?,
                (data, config) => {
                    match judged(&message, &bytes, &StoreArguments::either(data, config), terminal)? {
                        Answer::Judged(uitspraak) => uitspraak,
                        Answer::Given(retour) => {
                            io::stdout().lock().write_all(&retour)?;
                            return Ok(if is_approval(&retour) { Found::AllWell } else { Found::Something });
                        }
                    }
                }
            }
        };
        let approved = uitspraak == Uitspraak::Goedgekeurd;
        let today = SystemClock.today();
        let verdict = Verdict {
            identificatie_retour: format!("R{:011}", SystemClock.now().as_microsecond() % 100_000_000_000),
            dagtekening_retour: translate::datum(today).map_err(|error| Failure::new(error.to_string()))?,
            xsd_versie_retour: None,
            uitspraak,
        };
        let answer = retour(&message, &verdict).map_err(|error| Failure::new(error.to_string()))?;
        io::stdout().lock().write_all(&answer.encode())?;
        Ok(if approved { Found::AllWell } else { Found::Something })
    }
}

/// What a store says of a message.
enum Answer {
    /// It would be answered so.
    Judged(Uitspraak),
    /// It was answered with this.
    Given(Vec<u8>),
}

/// Says what a store's gateway would answer, or answered.
fn judged(
    message: &Message,
    bytes: &[u8],
    store: &StoreArguments,
    terminal: &Terminal,
) -> Result<Answer, Failure> {
    let settings = store.settings()?;
    let store = open::read(store, &PastArguments::default(), terminal)?;
    let failed = |error: LedgerError| Failure::new(error.to_string());
    let sha256 = Sha256::digest(bytes).into();
    if let Some((entry, retour)) =
        engine::answered(&store.ledger, &store.reader, message, &sha256).map_err(failed)?
    {
        let what = terminal
            .say("kwam eerder binnen en kreeg dit retourbericht", "came in before and got this retour");
        writeln!(io::stderr().lock(), "{entry}: {what}")?;
        return Ok(Answer::Given(retour));
    }
    let answer = engine::would_answer(&store.ledger, &settings, message, &sha256, SystemClock.now())
        .map_err(failed)?;
    let codes = answer.codes().map_err(|code| Failure::new(format!("{code:?} is no retourcode")))?;
    Ok(Answer::Judged(codes))
}

/// Judges by what needs no store: Dagtekening is not after today (TR135, CS064).
fn by_date(message: &Message, terminal: &Terminal) -> Result<Uitspraak, Failure> {
    let vandaag = translate::datum(SystemClock.today()).map_err(|error| Failure::new(error.to_string()))?;
    let outside = Outside { vandaag: Some(vandaag), ..Outside::default() };
    let mut codes = Vec::new();
    for violation in rules::check_outside(message, &outside) {
        let text = violation.message.get(terminal.lang.into());
        writeln!(io::stderr().lock(), "{} {}: {text}", violation.rule, violation.path)?;
        codes.push(violation.retourcode);
    }
    Ok(if codes.is_empty() { Uitspraak::Goedgekeurd } else { Uitspraak::Header(codes) })
}

fn is_approval(retour: &[u8]) -> bool {
    let retour = Schemas::bundled().decode(retour).ok();
    retour.as_ref().and_then(RetourView::of).is_some_and(|view| view.codes().next().is_none())
}

/// Decodes a message; says what is wrong with it when it is not valid.
fn decode(name: &str, xml: &[u8], terminal: &Terminal) -> Result<Option<Message>, Failure> {
    match Schemas::bundled().decode(xml) {
        Ok(message) => Ok(Some(message)),
        Err(report) => {
            complain(name, xml, &report, terminal)?;
            Ok(None)
        }
    }
}

fn complain(name: &str, xml: &[u8], report: &iwmo_codec::Report, terminal: &Terminal) -> io::Result<()> {
    let style = Style { lang: terminal.lang.into(), color: false, personal_data: false };
    let text = render::text(Source { file: name, xml }, report, style);
    io::stderr().lock().write_all(text.as_bytes())
}
