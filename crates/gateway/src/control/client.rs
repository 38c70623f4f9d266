//! The command's end of the control socket.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{LINE_BYTES_MAX, Refused, Request, SOCKET};
use crate::store::Ask;

/// How long a command waits for an answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// A connection to the daemon that holds a store.
#[derive(Debug)]
pub struct Client {
    stream: BufReader<UnixStream>,
}

/// Why the daemon gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The socket is not for this user.
    #[error("the control socket of the running gateway is not for this user")]
    Forbidden,
    /// The connection broke.
    #[error("the gateway could not be asked: {0}")]
    Io(#[from] io::Error),
    /// The daemon speaks another language: it is of another release.
    #[error("the gateway answered something that this release does not know")]
    Unknown,
    /// The daemon refused.
    #[error(transparent)]
    Refused(#[from] Refused),
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    Rij(Value),
    Klaar(Value),
    Fout(Refused),
}

impl Client {
    /// Connects to the daemon that holds the store in a folder; nothing when none does.
    ///
    /// # Errors
    ///
    /// [`ClientError::Forbidden`] when there is a daemon and this user may not ask it.
    pub fn connect(data: &Path) -> Result<Option<Self>, ClientError> {
        let stream = match UnixStream::connect(data.join(SOCKET)) {
            Ok(stream) => stream,
            Err(error) => {
                return match error.kind() {
                    io::ErrorKind::PermissionDenied => Err(ClientError::Forbidden),
                    // No socket, a socket of a daemon that is gone, or a path that no socket can have.
                    io::ErrorKind::NotFound
                    | io::ErrorKind::ConnectionRefused
                    | io::ErrorKind::InvalidInput => Ok(None),
                    _ => Err(error.into()),
                };
            }
        };
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Some(Self { stream: BufReader::new(stream) }))
    }

    /// Returns what asks the daemon for rows, for [`Ledger::beside`](crate::store::Ledger::beside).
    ///
    /// # Errors
    ///
    /// [`ClientError`], also when the daemon is of a release without this.
    pub fn rows(mut self) -> Result<Ask, ClientError> {
        let _: Value = self.ask(&Request::Rows, &mut |_| {})?;
        Ok(Box::new(move |question| {
            let length = u32::try_from(question.len()).map_err(io::Error::other)?;
            let mut frame = length.to_le_bytes().to_vec();
            frame.extend_from_slice(question);
            self.stream.get_mut().write_all(&frame)?;
            let mut length = [0; 4];
            self.stream.read_exact(&mut length)?;
            let length = u32::from_le_bytes(length) as usize;
            if length > super::rows::ANSWER_BYTES_MAX {
                return Err(io::ErrorKind::InvalidData.into());
            }
            let mut answer = vec![0; length];
            self.stream.read_exact(&mut answer)?;
            Ok(answer)
        }))
    }

    /// Asks, and returns the answer; `row` gets what comes before it.
    ///
    /// # Errors
    ///
    /// [`ClientError`] says why there is none.
    pub fn ask<T: DeserializeOwned>(
        &mut self,
        request: &Request,
        row: &mut dyn FnMut(Value),
    ) -> Result<T, ClientError> {
        let mut line = serde_json::to_vec(request).map_err(io::Error::from)?;
        line.push(b'\n');
        self.stream.get_mut().write_all(&line)?;
        loop {
            let mut line = Vec::new();
            self.stream.by_ref().take(LINE_BYTES_MAX as u64 + 1).read_until(b'\n', &mut line)?;
            if line.is_empty() {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
            match serde_json::from_slice(&line).map_err(|_| ClientError::Unknown)? {
                Reply::Rij(value) => row(value),
                Reply::Klaar(value) => {
                    return serde_json::from_value(value).map_err(|_| ClientError::Unknown);
                }
                Reply::Fout(refused) => return Err(refused.into()),
            }
        }
    }
}
