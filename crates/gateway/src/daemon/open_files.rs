//! How many files and connections this process may have open, which the system counts together.
//!
//! Whoever connects and says nothing takes one of them. Were there none left, the journal could not begin a segment and the
//! ledger no table, so callers never get all.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::config::Limits;
use crate::listener::Bounds;

/// Those of exchange, backoffice and ops.
const LISTENERS: usize = 3;
/// Kept for what callers may not take: tables, segments, connections to partners, folders, what commands ask.
const KEPT: usize = 512;
/// Fewer connections than this are of no use to anybody, however little there is.
const CONNECTIONS_MIN: usize = 16;

/// Takes what the system gives at most: a shell gives less to what is started from it, for programs that count them in an old
/// way.
pub(super) fn take_all() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current != maximum {
        // Where it is refused, what there is must do.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    }
}

/// Returns the bounds of each listener: as configured, but for connections that would leave nothing.
pub(super) fn bounds(limits: &Limits) -> Bounds {
    let most = getrlimit(Resource::Nofile).current.map_or(usize::MAX, |most| most as usize);
    let connections = fitting(most, limits.connections);
    if connections < limits.connections {
        tracing::warn!(
            code = "FewOpenFiles",
            open_files_max = most,
            wanted = limits.connections,
            connections,
            "The system lets this process have few files open: each listener takes fewer connections than \
             limits.connections. Raise the limit (LimitNOFILE of the unit, ulimit -n) or lower limits.connections."
        );
    }
    Bounds { connections, ..Bounds::from(limits) }
}

fn fitting(most: usize, wanted: usize) -> usize {
    let room = most.saturating_sub(KEPT) / LISTENERS;
    wanted.min(room.max(CONNECTIONS_MIN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_never_get_all_that_there_is() {
        assert_eq!(fitting(usize::MAX, 1024), 1024);
        assert_eq!(fitting(65_536, 1024), 1024);
        assert_eq!(fitting(1024, 1024), 170);
        assert_eq!(fitting(1024, 100), 100);
        assert_eq!(fitting(90, 1024), CONNECTIONS_MIN);
        assert_eq!(fitting(90, 4), 4);
    }
}
