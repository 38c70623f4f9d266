//! The key that evidence is signed with.

use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair as _};

use super::EvidenceError;
use crate::hex::hex;

/// The file of the key in the folder of the keys.
pub const KEY_FILE: &str = "evidence.key";

/// Longest file of a key.
const KEY_BYTES_MAX: u64 = 4_096;

/// An Ed25519 key.
pub struct SigningKey(Ed25519KeyPair);

impl SigningKey {
    /// Reads the key in a file (PKCS#8, DER); makes one when there is no such file.
    ///
    /// # Errors
    ///
    /// It is no such key, or the system failed.
    pub fn open(file: &Path) -> Result<Self, EvidenceError> {
        let failed = |what: &str| EvidenceError::Key(format!("{}: {what}", file.display()));
        let mut bytes = Vec::new();
        match OpenOptions::new().read(true).open(file) {
            Ok(opened) => {
                opened
                    .take(KEY_BYTES_MAX)
                    .read_to_end(&mut bytes)
                    .map_err(|error| failed(&error.to_string()))?;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let made = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new());
                let made = made.map_err(|_| failed("no key could be made"))?;
                bytes = made.as_ref().to_vec();
                write(file, &bytes).map_err(|error| failed(&error.to_string()))?;
            }
            Err(error) => return Err(failed(&error.to_string())),
        }
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&bytes);
        pair.map(Self).map_err(|_| failed("this is no Ed25519 key in PKCS#8"))
    }

    /// Returns the public key in hexadecimal digits.
    #[must_use]
    pub fn public(&self) -> String {
        hex(self.0.public_key().as_ref())
    }

    pub(super) fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        self.0.sign(bytes).as_ref().to_vec()
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey").finish_non_exhaustive()
    }
}

/// Writes a new key for the owner alone; of two that are made at once one stays.
fn write(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    opened.write_all(bytes)?;
    opened.sync_all()?;
    match file.parent() {
        Some(folder) => std::fs::File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}
