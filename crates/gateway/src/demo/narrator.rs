//! The timeline as it happens: every journal entry in words, to whoever listens.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::broadcast::error::RecvError;

use crate::engine::Engine;
use crate::view::{self, Line};

/// How long to wait for the words on what has happened.
const SETTLE_TIME: Duration = Duration::from_secs(5);
const SETTLE_LOOK: Duration = Duration::from_millis(5);

/// Something to tell.
#[derive(Clone, Debug)]
pub enum Told {
    /// A new story begins: gemeente, and what it is about.
    Story(String),
    /// Something happened: an entry of the journal in words.
    Line(Box<Line>),
    /// A step came out as it should.
    Good(String),
    /// A step came out otherwise.
    Bad(String),
}

/// Tells what happens.
#[derive(Clone)]
pub struct Narrator {
    tell: Arc<dyn Fn(Told) + Send + Sync>,
    followed: Arc<AtomicU64>,
}

impl Narrator {
    /// A narrator that hands everything to `tell`.
    pub fn new(tell: impl Fn(Told) + Send + Sync + 'static) -> Self {
        Self { tell: Arc::new(tell), followed: Arc::new(AtomicU64::new(0)) }
    }

    pub(super) fn tell(&self, told: Told) {
        (self.tell)(told);
    }

    /// Follows the journal from here on.
    pub(super) fn follow(&self, engine: &Engine) {
        self.followed.store(engine.journal().entries(), Ordering::Release);
        let (narrator, engine) = (self.clone(), engine.clone());
        let mut feed = engine.feed();
        tokio::spawn(async move {
            loop {
                match feed.recv().await {
                    Ok(id) => {
                        let entry = engine.journal().get(id.chain, id.seq);
                        if let Ok(Some(entry)) = entry {
                            let lines =
                                view::lines(engine.ledger(), engine.journal(), engine.schemas(), &entry);
                            for line in lines.unwrap_or_default() {
                                narrator.tell(Told::Line(Box::new(line)));
                            }
                        }
                        narrator.followed.fetch_add(1, Ordering::Release);
                    }
                    Err(RecvError::Lagged(missed)) => {
                        narrator.followed.fetch_add(missed, Ordering::Release);
                    }
                    Err(RecvError::Closed) => return,
                }
            }
        });
    }

    /// Waits until everything that has happened was told.
    pub(super) async fn settle(&self, engine: &Engine) {
        let all = async {
            while self.followed.load(Ordering::Acquire) < engine.journal().entries() {
                tokio::time::sleep(SETTLE_LOOK).await;
            }
        };
        // Words that are late spoil nothing but the order on the screen.
        let _ = tokio::time::timeout(SETTLE_TIME, all).await;
    }
}
