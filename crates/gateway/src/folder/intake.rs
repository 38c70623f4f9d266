//! What a partner puts into `in/`: messages, envelopes of the GGk, and Zip files with several.

use std::io;
use std::path::Path;

use iwmo_codec::stuf::Envelope;
use serde_json::{Value, json};
use tokio::runtime::Handle;

use super::files;
use super::zip::{ENTRIES_MAX, ENTRY_BYTES_MAX, unzip};
use crate::engine::{Engine, Inbound, Intake, PartnerId, Refusal, Route};
use crate::hex::hex;
use crate::problem::Problem;

/// Files taken in one look; the others have their turn in the next.
const FILES_MAX: usize = 256;

/// Takes the files of one partner.
pub(super) struct FileIntake<'a> {
    pub(super) engine: &'a Engine,
    pub(super) partner: &'a PartnerId,
    pub(super) folder: &'a Path,
    pub(super) bytes_max: usize,
    pub(super) runtime: &'a Handle,
}

/// What became of one message.
enum Taken {
    Well(Value),
    Refused(Value),
    /// The store cannot take it now.
    Later,
}

impl FileIntake<'_> {
    /// Takes what waits in `in/`.
    pub(super) fn take_all(&self) -> io::Result<()> {
        let waiting = self.folder.join("in");
        for name in files::waiting(&waiting, FILES_MAX)? {
            let (file, name) = match files::claim(&waiting, &name) {
                Ok(Some(claimed)) => claimed,
                Ok(None) => continue,
                // One that cannot be moved keeps no other from being taken.
                Err(error) => {
                    tracing::warn!(partner = %self.partner, %error, "A file cannot be taken; it stays.");
                    continue;
                }
            };
            let (well, result) = match self.take(&file, &name) {
                Ok(Some(taken)) => taken,
                // It stays where it is and is taken at a later look.
                Ok(None) => return Ok(()),
                Err(error) => (false, problem("onleesbaar", &error.to_string())),
            };
            let to = if well { "done" } else { "refused" };
            let result = serde_json::to_vec_pretty(&result).map_err(io::Error::other)?;
            files::settle(&file, &name, &self.folder.join(to), &result)?;
            tracing::info!(partner = %self.partner, taken = well, "A file was dealt with.");
        }
        Ok(())
    }

    /// Takes one file. Returns whether all is well, and the result; nothing: not now.
    fn take(&self, file: &Path, name: &str) -> io::Result<Option<(bool, Value)>> {
        let zipped =
            Path::new(name).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("zip"));
        let bytes_max = if zipped { ENTRY_BYTES_MAX } else { self.bytes_max };
        let Some(bytes) = files::read(file, bytes_max)? else {
            return Ok(Some((false, problem("te-groot", &format!("at most {bytes_max} bytes are taken")))));
        };
        if !zipped {
            return Ok(match self.message(bytes) {
                Taken::Well(result) => Some((true, result)),
                Taken::Refused(result) => Some((false, result)),
                Taken::Later => None,
            });
        }
        let entries = match unzip(&bytes) {
            Ok(entries) => entries,
            Err(found) => return Ok(Some((false, problem("zip", &found.to_string())))),
        };
        debug_assert!(entries.len() <= ENTRIES_MAX, "unzip keeps the limit");
        let mut well = true;
        let mut results = Vec::new();
        for (name, bytes) in entries {
            let mut result = match self.message(bytes) {
                Taken::Well(result) => result,
                Taken::Refused(result) => {
                    well = false;
                    result
                }
                Taken::Later => return Ok(None),
            };
            result["bestand"] = json!(name);
            results.push(result);
        }
        let outcome = if well { "ontvangen" } else { "geweigerd" };
        Ok(Some((well, json!({ "uitkomst": outcome, "bestanden": results }))))
    }

    fn message(&self, bytes: Vec<u8>) -> Taken {
        let bytes = match opened(bytes) {
            Ok(bytes) => bytes,
            Err(detail) => return Taken::Refused(problem("envelop", &detail)),
        };
        let inbound = Inbound {
            partner: self.partner.clone(),
            route: Route::Map,
            bytes: bytes.into(),
            key: None,
            bevestigd: Vec::new(),
        };
        match self.runtime.block_on(self.engine.receive(inbound)) {
            Ok(receipt) => Taken::Well(json!({
                "uitkomst": "ontvangen",
                "ontvangst": receipt.id,
                "sha256": hex(&receipt.sha256),
                "dubbel": receipt.dubbel,
            })),
            Err(Refusal::Unavailable { reason, .. }) => {
                tracing::warn!(partner = %self.partner, reason, "A file cannot be taken now; it waits.");
                Taken::Later
            }
            Err(refusal) => {
                let mut document = Problem::from(refusal).document();
                document["uitkomst"] = json!("geweigerd");
                Taken::Refused(document)
            }
        }
    }
}

/// The message in an envelope of the GGk, as portals hand them out; anything else is the message itself.
fn opened(bytes: Vec<u8>) -> Result<Vec<u8>, String> {
    // The names are long enough to be told from those in any message, and stand at the beginning.
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(1024)]).into_owned();
    if !head.contains("envelopHeenbericht-ggk_Di01") && !head.contains("envelopRetourbericht-ggk_Du01") {
        return Ok(bytes);
    }
    let envelope = Envelope::read(&bytes).map_err(|report| {
        let first = report.diagnostics.first();
        let place =
            first.map_or_else(String::new, |found| format!(": {} on line {}", found.rule, found.line));
        format!("the envelope does not follow its schema{place}")
    })?;
    let (Envelope::Di01(bericht) | Envelope::Du01(bericht)) = &envelope else {
        return Err("this envelope holds no message".to_owned());
    };
    let retour = matches!(envelope, Envelope::Du01(_));
    match bericht.payload(retour) {
        Ok((_, payload)) => Ok(payload.to_vec()),
        Err(found) => Err(format!("the envelope holds no message for us ({})", found.stuf_code())),
    }
}

fn problem(kind: &str, detail: &str) -> Value {
    json!({ "uitkomst": "geweigerd", "type": format!("urn:iwmo:probleem:{kind}"), "detail": detail })
}
