//! How long a new message is held back.

use serde::{Serialize, Serializer};

/// How long a new message is held back for a correction (section 8.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bedenktijd {
    /// Until the next daily run.
    DagelijkseRun,
    /// So many seconds; 0: it goes at once.
    Seconden(u32),
}

impl Serialize for Bedenktijd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::DagelijkseRun => serializer.serialize_str("dagelijkse_run"),
            Self::Seconden(seconds) => serializer.collect_str(&format_args!("{seconds}s")),
        }
    }
}
