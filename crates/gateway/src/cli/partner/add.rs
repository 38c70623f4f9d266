//! `iwmo partner add`: a partner in a file of its own.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use serde_json::json;

use super::super::change::{ChangeArguments, unanswered};
use super::super::check::mistake_text;
use super::super::open::StoreArguments;
use super::super::output::{Failure, Format, Found, Outcome, Terminal, unreadable, unwritable};
use super::super::reload;
use super::ConfigArguments;
use crate::clock::Moment;
use crate::config::{MistakeView, Severity, Sources};
use crate::control::{Client, operator};
use crate::pki::{Fingerprint, PeerCertificate, PkiError, certificates};

/// Add a partner to the configuration
///
/// Writes a file of its own for it, in `partners.d` beside the configuration or in the folder that `partner_files` names,
/// after the configuration with it in it was checked as a whole. A gateway that runs puts it in force at once. Without --yes
/// it only shows what it would write.
///
/// A partner is known by its certificate: the file with it, whose public key is pinned, or an OIN under one of the
/// authorities of the configuration.
#[derive(Debug, Args)]
pub(super) struct Add {
    /// Its name here: lower-case letters, digits and hyphens
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    config: ConfigArguments,
    /// What it is
    #[arg(long, value_enum, value_name = "KIND")]
    kind: Kind,
    /// AGB code of an aanbieder
    #[arg(long, value_name = "CODE")]
    agb: Option<String>,
    /// Where it receives, as https://partner.example:8443
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// How it gets what is for it, if that does not follow from the rest
    #[arg(long, value_parser = ["direct", "ophalen", "stuf", "map"], value_name = "ROUTE")]
    route: Option<String>,
    /// The hub that it is behind
    #[arg(long, value_name = "PARTNER")]
    via: Option<String>,
    /// Its folder, for route map
    #[arg(long, value_name = "DIR")]
    folder: Option<String>,
    /// File with the certificate that it shows (PEM); its public key is pinned
    #[arg(long, value_name = "FILE")]
    certificate: Vec<PathBuf>,
    /// SHA-256 of the public key of the certificate that it shows
    #[arg(long, value_name = "HEX")]
    fingerprint: Vec<Fingerprint>,
    /// OIN in the certificate that it shows, under one of the authorities of the configuration
    #[arg(long, value_name = "OIN")]
    oin: Option<String>,
    /// A gemeente that it deals with (CBS code); all without it
    #[arg(long, value_name = "CODE")]
    gemeente: Vec<String>,
    #[command(flatten)]
    change: ChangeArguments,
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What a partner is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    Aanbieder,
    Cak,
    Ggk,
    Backoffice,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Aanbieder => "aanbieder",
            Self::Cak => "cak",
            Self::Ggk => "ggk",
            Self::Backoffice => "backoffice",
        }
    }
}

impl Add {
    pub(super) fn run(self, terminal: &Terminal) -> Outcome {
        let file = &self.config.config;
        let sources = Sources::read(file)?;
        let shown = self.certificates()?;
        let text = self.text(&shown)?;
        let path = sources.partner_folder().join(format!("{}.toml", self.name));
        if path.exists() {
            return Err(Failure::new(format!("{} is there already", path.display()))
                .hint("change it by hand, then iwmo reload; or choose another name"));
        }
        let checked = sources.with_partner_file(&path, &text).check();
        let views: Vec<MistakeView> =
            checked.mistakes.iter().map(|mistake| MistakeView::new(mistake, file)).collect();
        if checked.config.is_none() {
            let mut out = io::stdout().lock();
            let errors = checked.mistakes.iter().zip(&views);
            for (_, view) in errors.filter(|(mistake, _)| mistake.kind.severity() == Severity::Error) {
                match self.format {
                    Format::Json => {
                        writeln!(out, "{}", serde_json::to_string(view).map_err(io::Error::from)?)?
                    }
                    Format::Text => mistake_text(&mut out, view, terminal)?,
                }
            }
            if self.format == Format::Text {
                let said = terminal.say(
                    "er is niets geschreven; het bestand zou zijn:",
                    "nothing was written; the file would be:",
                );
                writeln!(out, "{said}\n\n{text}")?;
            }
            return Ok(Found::Something);
        }
        let store = StoreArguments::either(None, Some(file.clone()));
        let in_force = match self.change.wanted() {
            None => None,
            Some(reason) => Some(put(&store, file, &path, &text, reason)?),
        };
        self.told(&path, &text, &shown, in_force, terminal)
    }

    /// The certificates that were given, each fit to be shown by a client.
    fn certificates(&self) -> Result<Vec<PeerCertificate>, Failure> {
        let read = |path: &PathBuf| {
            let failed = |error: &dyn std::fmt::Display| Failure::new(format!("{}: {error}", path.display()));
            let chain = certificates(path).map_err(|error| match error {
                PkiError::Unreadable { source, .. } => unreadable(path, &source),
                error => failed(&error).hint("give the certificate of the partner as PEM, without its key"),
            })?;
            // Its own comes first, then the chain.
            let first = chain.first().ok_or_else(|| failed(&"there is no certificate in it"))?;
            let certificate = PeerCertificate::from_der(first).map_err(|error| failed(&error))?;
            let unfit = match (certificate.authority, certificate.client_authentication) {
                (true, _) => Some("it is that of an authority (CA:TRUE)"),
                (false, false) => Some("it is not for clients (clientAuth)"),
                (false, true) => None,
            };
            if let Some(why) = unfit {
                return Err(failed(&format!("this certificate cannot be shown by a client: {why}"))
                    .hint("ask for the certificate with which the partner calls others"));
            }
            if !certificate.valid_at(Timestamp::now()) {
                let (from, until) = (Moment(certificate.not_before), Moment(certificate.not_after));
                return Err(failed(&format!("this certificate is valid from {from} until {until}"))
                    .hint("ask for the one that is valid now"));
            }
            Ok(certificate)
        };
        self.certificate.iter().map(read).collect()
    }

    fn text(&self, shown: &[PeerCertificate]) -> Result<String, Failure> {
        let wie = operator()?;
        let moment = Moment(Timestamp::now());
        let mut text = format!("# Added by iwmo partner add on {moment}, by {wie}.\n");
        if let Some(reason) = self.change.wanted() {
            // One line, whatever it is.
            let reason: String = reason.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
            text.push_str(&format!("# Why: {reason}\n"));
        }
        for certificate in shown {
            let until = Moment(certificate.not_after);
            text.push_str(&format!("# {}, valid until {until}\n", certificate.subject));
        }
        text.push_str("[[partner]]\n");
        let mut line = |key: &str, value: Option<&str>| {
            if let Some(value) = value {
                let quoted = toml::Value::String(value.to_owned());
                // Writing to a String cannot fail.
                let _infallible = writeln!(text, "{key} = {quoted}");
            }
        };
        line("id", Some(&self.name));
        line("kind", Some(self.kind.word()));
        line("agb", self.agb.as_deref());
        line("route", self.route.as_deref());
        line("url", self.url.as_deref());
        line("via", self.via.as_deref());
        line("folder", self.folder.as_deref());
        line("oin", self.oin.as_deref());
        let pins = shown.iter().map(|certificate| certificate.fingerprint);
        let pins: Vec<String> =
            pins.chain(self.fingerprint.iter().copied()).map(|pin| format!("\"{pin}\"")).collect();
        if !pins.is_empty() {
            let _infallible = writeln!(text, "fingerprint = [{}]", pins.join(", "));
        }
        if !self.gemeente.is_empty() {
            let codes = self.gemeente.iter().map(|code| toml::Value::String(code.clone()).to_string());
            let _infallible = writeln!(text, "gemeenten = [{}]", codes.collect::<Vec<_>>().join(", "));
        }
        Ok(text)
    }

    fn told(
        &self,
        path: &Path,
        text: &str,
        shown: &[PeerCertificate],
        in_force: Option<bool>,
        terminal: &Terminal,
    ) -> Outcome {
        let mut out = io::stdout().lock();
        if self.format == Format::Json {
            let certificates: Vec<_> = shown
                .iter()
                .map(|one| {
                    json!({ "houder": one.subject, "fingerprint": one.fingerprint.to_string(), "tot": Moment(one.not_after) })
                })
                .collect();
            let line = json!({
                "partner": self.name,
                "bestand": path.display().to_string(),
                "tekst": text,
                "certificaten": certificates,
                "uitgevoerd": in_force.is_some(),
                "van_kracht": in_force == Some(true),
            });
            writeln!(out, "{line}")?;
            return Ok(Found::AllWell);
        }
        writeln!(out, "{}\n\n{text}", path.display())?;
        let last = match in_force {
            None => terminal.say(
                "niets geschreven; doe het met --yes --reason TEKST",
                "nothing was written; do it with --yes --reason TEXT",
            ),
            Some(true) => terminal.say("geschreven en van kracht", "written and in force"),
            Some(false) => terminal.say(
                "geschreven; het telt zodra de gateway start",
                "written; it counts when the gateway starts",
            ),
        };
        writeln!(out, "{last}")?;
        Ok(Found::AllWell)
    }
}

/// Writes the file and has a running gateway read it; returns whether one did. When that refuses, the file is gone again.
fn put(
    store: &StoreArguments,
    config: &Path,
    path: &Path,
    text: &str,
    reason: &str,
) -> Result<bool, Failure> {
    let client = Client::connect(&store.folder_as_named()?).map_err(unanswered)?;
    write(config, path, text)?;
    let Some(client) = client else { return Ok(false) };
    let answered = reload::ask(client, Some(config), Some(reason));
    let refused = match answered {
        Ok(reload::Answer { report: Ok(_), .. }) => return Ok(true),
        Ok(reload::Answer { report: Err(refused), .. }) => Failure::new(refused.melding),
        Err(failure) => failure,
    };
    let taken_back = match fs::remove_file(path) {
        Ok(()) => "the file was taken away again".to_owned(),
        Err(error) => format!("and {} could not be taken away: {error}", path.display()),
    };
    Err(Failure::new(format!("the running gateway refuses: {}; {taken_back}", refused.message))
        .hint("iwmo reload says what is wrong"))
}

/// Writes it under another name first; it belongs to whom the configuration belongs to.
fn write(config: &Path, path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |path: &Path, error: io::Error| unwritable(path, &error);
    let own = fs::metadata(config).map_err(|error| failed(config, error))?;
    let give = |path: &Path, mode: u32| -> io::Result<()> {
        fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
        // Only root can give a file away, and for anybody else it is their own already.
        drop(chown(path, Some(own.uid()), Some(own.gid())));
        Ok(())
    };
    let folder = path.parent().unwrap_or_else(|| Path::new(""));
    if !folder.is_dir() {
        fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
        // Who may read the configuration may look into the folder.
        let readable = own.mode() & 0o444;
        give(folder, 0o700 | readable | readable >> 2).map_err(|error| failed(folder, error))?;
    }
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let fresh = folder.join(format!(".{name}.new"));
    let written = (|| -> io::Result<()> {
        let mut file = fs::File::create(&fresh)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        give(&fresh, own.mode() & 0o777)?;
        fs::rename(&fresh, path)?;
        fs::File::open(folder)?.sync_all()
    })();
    written.map_err(|error| failed(path, error))
}
