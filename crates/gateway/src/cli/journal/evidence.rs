//! Evidence for one toewijzing: writing it and checking it.

use std::fs::{self, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde_json::json;

use crate::cli::look::look;
use crate::cli::open::{self, PastArguments, StoreArguments};
use crate::cli::output::{Failure, Format, Found, Outcome, Terminal, unreadable, unwritable};
use crate::cli::owned::Owned;
use crate::cli::toewijzing;
use crate::clock::{Clock, SystemClock};
use crate::evidence::{self, Checked, KEY_FILE, SigningKey};
use crate::ledger::keys;
use crate::record::Blik;
use crate::vault::KEYS_DIR;

/// What to do about a key that the operator names.
const OWN_KEY: &str =
    "name a file that this user may read: openssl genpkey -algorithm ed25519 -outform DER -out FILE";

/// What to do about the key that is kept with the others.
pub(in crate::cli) const KEPT_KEY: &str = "put it back from the copy of the folder of the keys; moved away, another is made, and the public half must be made known anew";

/// Writes the bundle of a toewijzing.
pub(super) fn write(
    arguments: &StoreArguments,
    name: &str,
    output: &Path,
    signing_key: Option<&Path>,
    format: Format,
    terminal: &Terminal,
) -> Outcome {
    let failed = |error: &dyn std::error::Error| Failure::new(open::words(error));
    let folder = arguments.folder()?;
    let _owned = Owned::of(&folder);
    let store = open::read(arguments, &PastArguments::default(), terminal)?;
    let (gemeente, nummer) = toewijzing::name(name, &store)?;
    let key = match signing_key {
        Some(file) if !file.is_file() => {
            return Err(Failure::new(format!("{}: there is no such key", file.display())).hint(OWN_KEY));
        }
        Some(file) => SigningKey::open(file),
        None => SigningKey::open(&folder.join(KEYS_DIR).join(KEY_FILE)),
    };
    let key =
        key.map_err(|error| failed(&error).hint(if signing_key.is_some() { OWN_KEY } else { KEPT_KEY }))?;
    look(&folder, vec![(keys::chain(gemeente), Blik::Toewijzing { nummer: nummer.value() })], terminal);
    let named = |error: io::Error| unwritable(output, &error);
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(output).map_err(named)?;
    let mut out = BufWriter::new(file);
    let (ledger, reader, schemas) = (&store.ledger, &store.reader, &store.schemas);
    let built =
        evidence::build(ledger, reader, schemas, (gemeente, nummer), &key, SystemClock.now(), &mut out);
    let entries = match built {
        Ok(entries) => entries,
        Err(error) => {
            // What stands there is no bundle; that it cannot be removed changes nothing about that.
            let _ = fs::remove_file(output);
            return Err(failed(&error));
        }
    };
    let file = out.into_inner().map_err(|error| named(error.into_error()))?;
    file.sync_all().map_err(named)?;
    let (file, public) = (output.display().to_string(), key.public());
    let mut out = io::stdout().lock();
    match format {
        Format::Json => {
            let toewijzing = format!("{}/{}", gemeente.as_str(), nummer.value());
            let value =
                json!({ "toewijzing": toewijzing, "file": file, "entries": entries, "sleutel": public });
            writeln!(out, "{value}")?;
        }
        Format::Text => {
            let dutch = format!("{entries} regels over {name} in {file}, ondertekend met {public}");
            let english = format!("{entries} entries about {name} in {file}, signed with {public}");
            writeln!(out, "{}", terminal.say(&dutch, &english))?;
        }
    }
    Ok(Found::AllWell)
}

/// Checks a bundle.
pub(super) fn check(file: &Path, key: Option<&str>, format: Format, terminal: &Terminal) -> Outcome {
    let bytes = fs::read(file).map_err(|error| unreadable(file, &error))?;
    let checked = evidence::check(&bytes, key);
    let mut out = io::stdout().lock();
    match format {
        Format::Json => writeln!(out, "{}", serde_json::to_string(&checked).map_err(io::Error::from)?)?,
        Format::Text => text(&mut out, &checked, key.is_some(), terminal)?,
    }
    Ok(if checked.fouten.is_empty() { Found::AllWell } else { Found::Something })
}

fn text(out: &mut impl Write, checked: &Checked, known: bool, terminal: &Terminal) -> io::Result<()> {
    let Checked { toewijzing, gemaakt, entries, tip, hash, sleutel, fouten } = checked;
    let or = |text: &Option<String>| text.clone().unwrap_or_else(|| "?".to_owned());
    let (toewijzing, gemaakt) = (or(toewijzing), or(gemaakt));
    let dutch = format!("toewijzing {toewijzing}, {entries} regels, gemaakt {gemaakt}");
    let english = format!("toewijzing {toewijzing}, {entries} entries, made {gemaakt}");
    writeln!(out, "{}", terminal.say(&dutch, &english))?;
    writeln!(out, "  {}  {}", or(tip), or(hash))?;
    let signed = terminal.say("sleutel", "key");
    writeln!(out, "  {signed} {}", or(sleutel))?;
    for fault in fouten {
        writeln!(out, "{}: {fault}", terminal.style("31", terminal.say("fout", "fault")))?;
    }
    if !fouten.is_empty() {
        return Ok(());
    }
    let right = terminal.say(
        "ongewijzigd; elke regel staat op deze plaats in de keten",
        "unchanged; every entry stands at this place in the chain",
    );
    writeln!(out, "{right}")?;
    if !known {
        let compare = terminal.say(
            "van wie de sleutel is, is niet bewezen: geef met --key de sleutel die de gemeente bekendmaakte",
            "whose key it is is not proved: give the key that the gemeente made known with --key",
        );
        writeln!(out, "{compare}")?;
    }
    Ok(())
}
