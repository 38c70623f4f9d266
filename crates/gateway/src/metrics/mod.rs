//! What the gateway counts: every metric by name, in one place.
//!
//! Names follow `<area>_<name>_<unit>[_total]`. Labels are names of the configuration, kinds of message and words of
//! our own, never what a peer sent: no personal data, and a bounded number of series. What is counted as it
//! happens is a `static` below, bumped where it happens; what can be read off the store is read at each scrape
//! (`scrape.rs`).

mod registry;
mod scrape;

pub use registry::{Counter, Histogram, Metric};
pub use scrape::{Scrape, router};

/// Requests answered by the exchange and backoffice listeners.
pub static HTTP_ANSWERED_REQUESTS: Counter = Counter::new(
    "http_answered_requests_total",
    "Requests answered by the exchange and backoffice listeners, by pattern of the path.",
    &["path", "method", "status"],
);

/// How long requests took.
pub static HTTP_ANSWER_DURATION: Histogram = Histogram::new(
    "http_answer_duration_seconds",
    "Time from the head of a request to the head of its answer.",
    &["path"],
);

/// Requests and connections that a limit of their partner kept out.
pub static EXCHANGE_LIMITED_REQUESTS: Counter = Counter::new(
    "exchange_limited_requests_total",
    "Requests, and connections, that a limit of their partner kept out: rate, bytes or connections.",
    &["partner", "limit"],
);

/// Connections that were closed before any work was done for them.
pub static LISTENER_SHED_CONNECTIONS: Counter = Counter::new(
    "listener_shed_connections_total",
    "Connections that were closed before their handshake: their address had too many handshakes going on.",
    &["listener"],
);

/// Messages that were not read because there was too much to do.
pub static LISTENER_SHED_REQUESTS: Counter = Counter::new(
    "listener_shed_requests_total",
    "Messages that were told to come back before they were read, because too many were waiting.",
    &["listener"],
);

/// Times that the configuration was read again.
pub static GATEWAY_CONFIG_RELOADS: Counter = Counter::from_zero(
    "gateway_config_reloads_total",
    "Times that the configuration was read again, by outcome: applied, unchanged or refused.",
    &["outcome"],
    &["applied", "unchanged", "refused"],
);

/// Messages taken.
pub static ENGINE_TAKEN_MESSAGES: Counter = Counter::new(
    "engine_taken_messages_total",
    "Messages that were recorded, by kind and by what was decided.",
    &["message", "verdict"],
);

/// Messages that had been received before.
pub static ENGINE_REPEATED_MESSAGES: Counter = Counter::new(
    "engine_repeated_messages_total",
    "Messages that had been received before and got their first receipt again.",
    &[],
);

/// Messages not taken.
pub static ENGINE_REFUSED_MESSAGES: Counter =
    Counter::new("engine_refused_messages_total", "Messages that were not taken, by reason.", &["reason"]);

/// Entries made durable.
pub static JOURNAL_COMMITTED_ENTRIES: Counter =
    Counter::new("journal_committed_entries_total", "Journal entries made durable since the start.", &[]);

/// How long it took to make a batch durable, its wait for the batches before it included.
pub static JOURNAL_COMMIT_DURATION: Histogram = Histogram::new(
    "journal_commit_duration_seconds",
    "Time from handing over a batch of entries until it is durable and applied.",
    &[],
);

/// Batches that could not be made durable.
pub static JOURNAL_FAILED_COMMITS: Counter =
    Counter::new("journal_failed_commits_total", "Batches of entries that could not be made durable.", &[]);

/// Attempts to deliver.
pub static OUTBOX_ENDED_ATTEMPTS: Counter = Counter::new(
    "outbox_ended_attempts_total",
    "Attempts to deliver a message, by partner, kind of message and how they ended.",
    &["partner", "message", "outcome"],
);

/// Spans that no collector got.
pub static TELEMETRY_LOST_SPANS: Counter = Counter::new(
    "telemetry_lost_spans_total",
    "Spans that were lost: the collector of [telemetry] did not take them, or not soon enough.",
    &[],
);

/// Persons of whom what is kept was removed.
pub static REMOVAL_REMOVED_PERSONS: Counter = Counter::new(
    "removal_removed_persons_total",
    "Persons of whom what is kept was removed, by what gave the right to.",
    &["ground"],
);

/// Everything that is counted as it happens.
pub static COUNTED: [&dyn Metric; 15] = [
    &TELEMETRY_LOST_SPANS,
    &LISTENER_SHED_CONNECTIONS,
    &LISTENER_SHED_REQUESTS,
    &REMOVAL_REMOVED_PERSONS,
    &HTTP_ANSWERED_REQUESTS,
    &HTTP_ANSWER_DURATION,
    &EXCHANGE_LIMITED_REQUESTS,
    &GATEWAY_CONFIG_RELOADS,
    &ENGINE_TAKEN_MESSAGES,
    &ENGINE_REPEATED_MESSAGES,
    &ENGINE_REFUSED_MESSAGES,
    &JOURNAL_COMMITTED_ENTRIES,
    &JOURNAL_COMMIT_DURATION,
    &JOURNAL_FAILED_COMMITS,
    &OUTBOX_ENDED_ATTEMPTS,
];

/// A metric that is read off at each scrape: its name and what it says.
#[derive(Clone, Copy, Debug)]
pub struct Gauge {
    /// The name.
    pub name: &'static str,
    /// What it says.
    pub help: &'static str,
    /// The names of its labels.
    pub labels: &'static [&'static str],
}

/// The program that runs.
pub const GATEWAY_BUILD_INFO: Gauge =
    Gauge { name: "gateway_build_info", help: "1, with the version of the program.", labels: &["version"] };

/// Whether messages are taken.
pub const ENGINE_READY_STATE: Gauge = Gauge {
    name: "engine_ready_state",
    help: "1 when messages are taken, 0 when they are refused.",
    labels: &[],
};

/// Entries in the journal.
pub const JOURNAL_STORED_ENTRIES: Gauge =
    Gauge { name: "journal_stored_entries", help: "Journal entries, by chain.", labels: &["gemeente"] };

/// What waits.
pub const OUTBOX_WAITING_MESSAGES: Gauge = Gauge {
    name: "outbox_waiting_messages",
    help: "Messages that wait to be sent, by partner; counted up to 10000.",
    labels: &["partner"],
};

/// How long the oldest waits.
pub const OUTBOX_OLDEST_WAIT: Gauge = Gauge {
    name: "outbox_oldest_wait_seconds",
    help: "How long the oldest message has waited to be sent, by partner.",
    labels: &["partner"],
};

/// What waits for an operator.
pub const OUTBOX_PARKED_MESSAGES: Gauge = Gauge {
    name: "outbox_parked_messages",
    help: "Messages that were refused or given up and wait for an operator, by partner; of the first 10000 undelivered.",
    labels: &["partner"],
};

/// Which partners get nothing now, because an operator holds them or for a freeze.
pub const OUTBOX_HELD_STATE: Gauge = Gauge {
    name: "outbox_held_state",
    help: "1 when an operator holds everything to the partner back, 2 in a freeze of the partner, else 0.",
    labels: &["partner"],
};

/// Room on the disk under the store.
pub const STORE_FREE_BYTES: Gauge =
    Gauge { name: "store_disk_free_bytes", help: "Room on the disk under the store.", labels: &[] };

/// The size of the disk under the store.
pub const STORE_SIZE_BYTES: Gauge =
    Gauge { name: "store_disk_size_bytes", help: "The size of the disk under the store.", labels: &[] };

/// What a certificate still has.
pub const TLS_CERTIFICATE_LEFT: Gauge = Gauge {
    name: "tls_certificate_left_seconds",
    help: "How long our certificates are still valid; negative: expired.",
    labels: &["certificate"],
};

/// How far the counters of EbStartNummer are: a jump means that a number was taken over that is not the gateway's own.
pub const CAK_START_NUMBERS: Gauge = Gauge {
    name: "cak_start_numbers",
    help: "The highest EbStartNummer given out or taken over for each gemeente; it rises by one for each new start.",
    labels: &["gemeente"],
};

/// Requests to remove that wait.
pub const REMOVAL_OPEN_REQUESTS: Gauge = Gauge {
    name: "removal_open_requests",
    help: "Requests to remove what is kept about a person that are open, by whether their three months are over.",
    labels: &["overdue"],
};

/// What the certificate of an authority still has.
pub const TLS_AUTHORITY_LEFT: Gauge = Gauge {
    name: "tls_authority_left_seconds",
    help: "How long the certificates of the authorities that we trust are still valid; negative: expired.",
    labels: &["authority"],
};

/// What a revocation list still has.
pub const TLS_REVOCATION_LEFT: Gauge = Gauge {
    name: "tls_revocation_left_seconds",
    help: "How long revocation lists still count; negative: run out.",
    labels: &["list"],
};

/// What the certificate of a partner still has.
pub const TLS_PARTNER_CERTIFICATE_LEFT: Gauge = Gauge {
    name: "tls_partner_certificate_left_seconds",
    help: "How long the certificate that a partner showed last is still valid; negative: expired.",
    labels: &["partner"],
};

/// Everything that is read off at each scrape.
pub const READ: [Gauge; 15] = [
    CAK_START_NUMBERS,
    REMOVAL_OPEN_REQUESTS,
    GATEWAY_BUILD_INFO,
    ENGINE_READY_STATE,
    JOURNAL_STORED_ENTRIES,
    OUTBOX_WAITING_MESSAGES,
    OUTBOX_OLDEST_WAIT,
    OUTBOX_PARKED_MESSAGES,
    OUTBOX_HELD_STATE,
    STORE_FREE_BYTES,
    STORE_SIZE_BYTES,
    TLS_CERTIFICATE_LEFT,
    TLS_AUTHORITY_LEFT,
    TLS_REVOCATION_LEFT,
    TLS_PARTNER_CERTIFICATE_LEFT,
];

#[cfg(test)]
mod tests;
