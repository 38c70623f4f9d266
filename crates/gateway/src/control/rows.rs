//! Reading commands beside a running gateway: they ask it for rows, instead of making all of them again from the journal.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::{Instant, timeout, timeout_at};

use super::IDLE;
use crate::engine::Engine;
use crate::listener::Stop;
use crate::store::{KEY_BYTES_MAX, VALUE_BYTES_MAX};

/// A question has two keys at most.
const QUESTION_BYTES_MAX: usize = 2 * KEY_BYTES_MAX + 64;

/// An answer has a value of any size at most, beside what the store puts in one.
pub(super) const ANSWER_BYTES_MAX: usize = VALUE_BYTES_MAX + (1 << 20);

/// How long somebody may read: what is removed meanwhile stays in the files for as long.
const READING_MAX: Duration = Duration::from_secs(600);

/// Answers questions about the rows as they are now, until the other side is done.
pub(super) async fn answer(
    engine: &Engine,
    reader: &mut (impl AsyncRead + Unpin),
    writer: &mut (impl AsyncWrite + Unpin),
    mut stop: Stop,
) -> io::Result<()> {
    let view = Arc::new(engine.ledger().view());
    let end = Instant::now() + READING_MAX;
    loop {
        let question = tokio::select! {
            () = stop.stopped() => return Ok(()),
            question = timeout_at(end, timeout(IDLE, question(reader))) => question,
        };
        let Ok(Ok(question)) = question else { return Ok(()) };
        let Some(question) = question? else { return Ok(()) };
        let view = Arc::clone(&view);
        let answer = tokio::task::spawn_blocking(move || view.answer(&question)).await;
        let answer = answer.map_err(io::Error::other)?.map_err(io::Error::other)?;
        let mut frame = u32::try_from(answer.len()).map_err(io::Error::other)?.to_le_bytes().to_vec();
        frame.extend_from_slice(&answer);
        timeout(IDLE, writer.write_all(&frame)).await.map_err(|_| io::ErrorKind::TimedOut)??;
    }
}

/// Reads a question; nothing at the end.
async fn question(reader: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    match reader.read_exact(&mut length).await {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    };
    let length = u32::from_le_bytes(length) as usize;
    if length > QUESTION_BYTES_MAX {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut question = vec![0; length];
    reader.read_exact(&mut question).await?;
    Ok(Some(question))
}
