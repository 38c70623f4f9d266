//! What comes in for the gemeenten of a municipal system, as files in its `out/`.

use std::fs;
use std::io;
use std::path::Path;

use serde_json::json;

use super::files;
use crate::config::Partner;
use crate::engine::{Engine, Route};
use crate::hex::hex;
use crate::journal::EntryId;
use crate::ledger::keys;
use crate::record::{Bericht, Record};
use crate::vault::is_gone;
use crate::view::Cursor;

/// Entries looked at in one go, for each gemeente.
const ENTRIES_MAX: usize = 256;
/// The file that says how far the journal has been exported.
const CURSOR: &str = ".gelezen";
/// Bytes that such a file may have.
const CURSOR_BYTES_MAX: usize = 64 * 1024;

/// Writes what has come in since the last time. Without a file that says how far, it begins at the first entry.
pub(super) fn export(
    engine: &Engine,
    partner: &Partner,
    folder: &Path,
    own: &dyn Fn(&str) -> bool,
) -> io::Result<()> {
    let mut cursor = cursor(folder)?;
    let before = cursor.clone();
    let out = folder.join("out");
    for gemeente in &partner.gemeenten {
        let chain = keys::chain(*gemeente);
        let from = cursor.seen(chain).unwrap_or(0) + 1;
        for entry in engine.journal().read(chain, from).take(ENTRIES_MAX) {
            let entry = entry.map_err(io::Error::other)?;
            let record =
                Record::decode(entry.kind, entry.version, &entry.payload).map_err(io::Error::other)?;
            if let Record::Bericht(bericht) = record
                && bericht.route != Route::Backoffice.code()
                && !own(&bericht.partner)
                // What is left of a message that was removed is no message.
                && !(entry.gone && is_gone(&bericht.bytes))
            {
                write(&out, entry.id, &bericht)?;
            }
            cursor.see(chain, entry.id.seq);
        }
    }
    if cursor != before {
        files::write(folder, CURSOR, cursor.to_string().as_bytes())?;
    }
    Ok(())
}

fn cursor(folder: &Path) -> io::Result<Cursor> {
    let path = folder.join(CURSOR);
    if !fs::exists(&path)? {
        return Ok(Cursor::default());
    }
    let bytes = files::read(&path, CURSOR_BYTES_MAX)?.unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    text.trim().parse().map_err(|error| io::Error::other(format!("{}: {error}", path.display())))
}

fn write(out: &Path, id: EntryId, bericht: &Bericht) -> io::Result<()> {
    let name = format!("{}_{}-{}.xml", bericht.soort, id.chain, id.seq);
    let description = json!({
        "id": id.to_string(),
        "bericht": bericht.soort,
        "partner": bericht.partner,
        "sha256": hex(&bericht.sha256),
    });
    let description = serde_json::to_vec_pretty(&description).map_err(io::Error::other)?;
    files::write(out, &format!("{name}.json"), &description)?;
    files::write(out, &name, &bericht.bytes)
}
