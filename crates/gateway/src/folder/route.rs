//! What is sent to a partner that knows only files.

use std::io;
use std::path::Path;

use serde_json::json;
use sha2::{Digest, Sha256};

use super::files;
use crate::config::Partner;
use crate::hex::hex;
use crate::outbox::{Attempt, Parcel, Route};

/// Delivers into the folder of a partner.
#[derive(Clone, Copy, Debug, Default)]
pub struct FolderRoute;

impl Route for FolderRoute {
    async fn deliver(&self, parcel: &Parcel, partner: &Partner) -> Attempt {
        let Some(folder) = &partner.folder else {
            return Attempt::Retry { reason: "the partner has no folder".to_owned(), after: None };
        };
        let (out, parcel) = (folder.join("out"), parcel.clone());
        let written = tokio::task::spawn_blocking(move || write(&out, &parcel)).await;
        match written {
            Ok(Ok(name)) => Attempt::Delivered { receipt: Some(name) },
            Ok(Err(error)) => {
                Attempt::Retry { reason: format!("the folder cannot be written: {error}"), after: None }
            }
            Err(_) => Attempt::Retry { reason: "the attempt ended unexpectedly".to_owned(), after: None },
        }
    }
}

/// Writes the description, then the message: who sees the message has both.
fn write(out: &Path, parcel: &Parcel) -> io::Result<String> {
    if let (Some(folder), Some(name)) = (out.parent(), out.file_name()) {
        files::make(folder, name)?;
    }
    let (gemeente, seq, index) =
        (String::from_utf8_lossy(&parcel.id.gemeente), parcel.id.seq, parcel.id.index);
    let name = format!("{}_{gemeente}-{seq}-{index}.xml", parcel.message);
    let description = json!({
        "id": parcel.id.to_string(),
        "bericht": parcel.message,
        "sha256": hex(&Sha256::digest(&parcel.bytes)),
    });
    let description = serde_json::to_vec_pretty(&description).map_err(io::Error::other)?;
    files::write(out, &format!("{name}.json"), &description)?;
    files::write(out, &name, &parcel.bytes)?;
    Ok(name)
}
