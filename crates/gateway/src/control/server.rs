//! The daemon's end of the control socket.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::{
    CONNECTIONS_MAX, IDLE, LINE_BYTES_MAX, Look, Plan, Refused, ReloadReport, Report, Request, SOCKET,
    operator_of, perform, rows,
};
use crate::clock::dutch_date;
use crate::config::MistakeView;
use crate::daemon::{Reloaded, Reloader, Wanted};
use crate::engine::Engine;
use crate::journal::Chain;
use crate::ledger::FORMAT;
use crate::listener::Stop;
use crate::record::{Inzage, Wie};
use crate::removal;

/// How long a client hears nothing while something is worked on.
const SIGN_OF_LIFE: Duration = Duration::from_secs(5);

/// Looks that are recorded together.
const LOOKS_AT_ONCE: usize = 64;

/// The socket, bound.
pub struct Control {
    listener: UnixListener,
    engine: Engine,
    reloader: Option<Arc<Reloader>>,
    path: PathBuf,
    /// The user that the gateway runs as.
    own: u32,
}

impl std::fmt::Debug for Control {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Control").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Control {
    /// Binds the socket in a data folder whose store this process holds; what a crash left there is replaced.
    ///
    /// # Errors
    ///
    /// The folder takes no socket, for example because its path is too long for one.
    pub fn bind(data: &Path, engine: Engine) -> io::Result<Self> {
        let path = data.join(SOCKET);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(&path)?;
        fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        let own = fs::metadata(&path)?.uid();
        Ok(Self { listener, engine, reloader: None, path, own })
    }

    /// Puts new configurations in force when asked.
    #[must_use]
    pub fn reloading(mut self, reloader: Arc<Reloader>) -> Self {
        self.reloader = Some(reloader);
        self
    }

    /// Answers until told to stop, then takes the socket away.
    pub async fn serve(self, mut stop: Stop) {
        let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let mut tasks = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                () = stop.stopped() => break,
                accepted = self.listener.accept() => accepted,
                Some(_ended) = tasks.join_next(), if !tasks.is_empty() => continue,
            };
            let stream = match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(code = "ControlAcceptError", %error, "The control socket could not take a connection.");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            // One too many is closed at once.
            let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
            let (engine, own, stop) = (self.engine.clone(), self.own, stop.clone());
            let reloader = self.reloader.clone();
            tasks.spawn(async move {
                let _place = place;
                let behind = Behind { engine, reloader };
                if let Err(error) = converse(stream, &behind, own, stop).await {
                    tracing::debug!(%error, "A conversation on the control socket broke off.");
                }
            });
        }
        while tasks.join_next().await.is_some() {}
        // The next start would replace it as well.
        let _ = fs::remove_file(&self.path);
    }
}

/// What answers.
struct Behind {
    engine: Engine,
    reloader: Option<Arc<Reloader>>,
}

/// Answers the requests of one connection.
async fn converse(stream: UnixStream, behind: &Behind, own: u32, mut stop: Stop) -> io::Result<()> {
    let uid = stream.peer_cred()?.uid();
    let (reader, writer) = stream.into_split();
    let (mut reader, mut answer) = (BufReader::new(reader), Answer { writer });
    if uid != own && uid != 0 {
        return answer
            .failed(&Refused::new("only the gateway's own user and root may use this socket"))
            .await;
    }
    loop {
        let line = tokio::select! {
            () = stop.stopped() => return Ok(()),
            line = timeout(IDLE, line(&mut reader)) => line,
        };
        let Ok(line) = line else { return Ok(()) };
        match line? {
            Line::End => return Ok(()),
            Line::TooLong => {
                return answer
                    .failed(&Refused::new(format!("a line has at most {LINE_BYTES_MAX} bytes")))
                    .await;
            }
            Line::Whole(line) => match serde_json::from_slice(&line) {
                Ok(Request::Rows) => {
                    answer.done(&json!({ "indeling": FORMAT })).await?;
                    return rows::answer(&behind.engine, &mut reader, &mut answer.writer, stop).await;
                }
                Ok(request) => match respond(behind, uid, request, &mut answer).await {
                    Ok(done) => answer.done(&done).await?,
                    Err(refused) => answer.failed(&refused).await?,
                },
                Err(error) => {
                    // Position and kind only: the text is the client's.
                    let what =
                        format!("this is no request that {} knows: {error}", env!("CARGO_PKG_VERSION"));
                    answer.failed(&Refused::new(what).advice("use the iwmo of the same release")).await?;
                }
            },
        }
    }
}

/// Answers one request; what comes before the last line goes to `answer`.
async fn respond(behind: &Behind, uid: u32, request: Request, answer: &mut Answer) -> Result<Value, Refused> {
    let engine = &behind.engine;
    let report = match request {
        Request::Reload { proef, bestand, reden, namens } => {
            if let (Some(asked), Some(reloader)) = (bestand, behind.reloader.as_deref()) {
                reads(reloader, &asked).await?;
            }
            let wanted =
                Wanted { preview: proef, wie: Some(operator_of(uid, namens)), reden, ..Wanted::default() };
            return reload(behind.reloader.as_deref(), wanted, answer).await;
        }
        // It has a conversation of its own.
        Request::Rows => return Ok(Value::Null),
        Request::Look { blikken, namens } => {
            let wie = operator_of(uid, namens);
            return record_looks(engine, &wie, blikken).await.map(|count| json!({ "vastgelegd": count }));
        }
        Request::PlanRemoval { opdracht } => {
            let (engine, today) = (engine.clone(), dutch_date(Timestamp::now()));
            let years = engine.term_years();
            let planned = tokio::task::spawn_blocking(move || {
                removal::plan(engine.ledger(), engine.journal(), &opdracht, today, years)
            });
            let report = answer.meanwhile(planned).await;
            let report = report
                .map_err(|_| Refused::new("a fault of the gateway: the removal could not be planned"))??;
            return serde_json::to_value(report).map_err(|error| Refused::new(error.to_string()));
        }
        Request::PerformRemoval { opdracht, reden, namens } => {
            let (wie, today) = (operator_of(uid, namens), dutch_date(Timestamp::now()));
            let report = answer.meanwhile(removal::perform(engine, &wie, &reden, &opdracht, today)).await?;
            tracing::info!(
                code = "OperatorRemoved",
                wie = %wie,
                entries = report.handelingen.join(" "),
                "An operator removed what is about persons, or recorded a request for it."
            );
            return serde_json::to_value(report).map_err(|error| Refused::new(error.to_string()));
        }
        Request::Plan { wijziging } => {
            let engine = engine.clone();
            let planned =
                tokio::task::spawn_blocking(move || wijziging.plan(engine.ledger(), &engine.settings()))
                    .await;
            let Plan { summary, .. } = planned
                .map_err(|_| Refused::new("a fault of the gateway: the change could not be planned"))??;
            Report { uitgevoerd: false, summary, handelingen: Vec::new() }
        }
        Request::Perform { wijziging, reden, namens } => {
            let wie = operator_of(uid, namens);
            let report = perform(engine, &wie, &reden, &wijziging).await?;
            tracing::info!(
                code = "OperatorActed",
                wie = %wie,
                aantal = report.summary.aantal,
                entries = report.handelingen.join(" "),
                "An operator changed something."
            );
            report
        }
    };
    serde_json::to_value(report).map_err(|error| Refused::new(error.to_string()))
}

/// Refuses a configuration that this gateway would not read: what was looked at must be what comes into force.
async fn reads(reloader: &Reloader, asked: &Path) -> Result<(), Refused> {
    let own = reloader.file().await;
    if own.canonicalize().unwrap_or_else(|_| own.clone()) == asked {
        return Ok(());
    }
    let what = format!("the gateway reads {}, not {}", own.display(), asked.display());
    Err(Refused::new(what).advice("name the file that it reads, or start it with the other one"))
}

/// Has the configuration read again; what is wrong with it goes before the answer.
async fn reload(reloader: Option<&Reloader>, wanted: Wanted, answer: &mut Answer) -> Result<Value, Refused> {
    let reloader = reloader.ok_or_else(|| Refused::new("this gateway has no configuration to read"))?;
    let preview = wanted.preview;
    let done = reloader.reload(wanted).await;
    let mistakes = match &done {
        Ok(reloaded) => &reloaded.mistakes,
        Err(refused) => &refused.mistakes,
    };
    for mistake in mistakes {
        let view = MistakeView::new(mistake, &reloader.file().await);
        // Who has gone away asked for it all the same.
        let _ = answer.row(&view).await;
    }
    let Reloaded { wat, let_op, .. } = done.map_err(|refused| {
        Refused::new(refused.why).advice("nothing changed: the configuration before is in force")
    })?;
    let report = ReloadReport { uitgevoerd: !preview && !wat.is_empty(), wat, let_op };
    serde_json::to_value(report).map_err(|error| Refused::new(error.to_string()))
}

/// Records looks, so many of them in one batch of the loop.
async fn record_looks(engine: &Engine, wie: &Wie, blikken: Vec<Look>) -> Result<usize, Refused> {
    let count = blikken.len();
    let mut rest = blikken.into_iter().peekable();
    while rest.peek().is_some() {
        let mut tasks = JoinSet::new();
        for Look { keten, wat } in rest.by_ref().take(LOOKS_AT_ONCE) {
            let chain: Chain =
                keten.parse().map_err(|_| Refused::new(format!("{keten:?} names no chain")))?;
            let (engine, inzage) = (engine.clone(), Inzage { wie: wie.clone(), wat });
            tasks.spawn(async move { engine.look(chain, inzage).await });
        }
        while let Some(recorded) = tasks.join_next().await {
            let recorded =
                recorded.map_err(|_| Refused::new("a fault of the gateway: a look was not recorded"))?;
            recorded.map_err(|error| Refused::new(error.to_string()))?;
        }
    }
    Ok(count)
}

/// The answering side of a connection.
struct Answer {
    writer: OwnedWriteHalf,
}

impl Answer {
    /// Waits for something that may take long, and lets the other side know that it is worked on.
    async fn meanwhile<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        loop {
            match timeout(SIGN_OF_LIFE, &mut work).await {
                Ok(done) => return done,
                // Who no longer listens finds out at the end; the work goes on.
                Err(_) => drop(self.line(&json!({ "rij": "bezig" })).await),
            }
        }
    }

    async fn done(&mut self, value: &Value) -> io::Result<()> {
        self.line(&json!({ "klaar": value })).await
    }

    async fn row(&mut self, value: &impl Serialize) -> io::Result<()> {
        self.line(&json!({ "rij": value })).await
    }

    async fn failed(&mut self, refused: &Refused) -> io::Result<()> {
        self.line(&json!({ "fout": refused })).await
    }

    async fn line(&mut self, value: &impl Serialize) -> io::Result<()> {
        let mut bytes = serde_json::to_vec(value)?;
        bytes.push(b'\n');
        timeout(IDLE, self.writer.write_all(&bytes)).await.map_err(|_| io::ErrorKind::TimedOut)?
    }
}

enum Line {
    Whole(Vec<u8>),
    TooLong,
    End,
}

async fn line(reader: &mut BufReader<OwnedReadHalf>) -> io::Result<Line> {
    let mut bytes = Vec::new();
    let mut bounded = reader.take(LINE_BYTES_MAX as u64 + 1);
    bounded.read_until(b'\n', &mut bytes).await?;
    if bytes.pop_if(|last| *last == b'\n').is_some() {
        return Ok(Line::Whole(bytes));
    }
    Ok(if bytes.len() > LINE_BYTES_MAX { Line::TooLong } else { Line::End })
}
