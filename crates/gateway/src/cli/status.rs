//! `iwmo status`: how the gateway is doing, on one screen.

use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;

use super::open::{self, PastArguments, StoreArguments};
use super::output::{Failure, Format, Found, Outcome, Terminal};
use crate::clock::{Moment, dutch_date};
use crate::config::Config;
use crate::daemon::{Seen, ends};
use crate::pki::{End, EndKind};
use crate::view::{self, HeldView, QueueView, TermijnFilter};

/// How long a listener has to answer.
const ANSWER_TIME: Duration = Duration::from_millis(300);

/// Days before its end at which a certificate is worth a warning.
const CERTIFICATE_DAYS: i64 = 30;

/// Overdue deadlines that are counted.
const OVERDUE_MAX: usize = 10_000;

/// A disk with less than this share free is worth a warning.
const DISK_FREE_PERCENT: u64 = 10;

/// Show how the gateway is doing, on one screen
///
/// Listeners and certificates (with --config), what is not delivered by partner and age, overdue deadlines, and the
/// disk. Exit code 1 when something needs a person: a listener that does not answer, a parked message, an overdue
/// deadline, a certificate or revocation list near its end, a disk that is nearly full, a journal that has lost entries.
///
/// With --until it shows what the store knew then: queues, what was held and overdue; listeners, certificates and the
/// disk are those of now and are left out.
#[derive(Debug, Args)]
pub(super) struct Status {
    #[command(flatten)]
    store: StoreArguments,
    #[command(flatten)]
    past: PastArguments,
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Debug, Serialize)]
struct Screen {
    listeners: Vec<ListenerLine>,
    certificates: Vec<CertificateLine>,
    queues: Vec<QueueView>,
    held: Vec<HeldView>,
    overdue: usize,
    entries: u64,
    last_entry: Option<String>,
    last_entry_time: Option<Moment>,
    /// That the journal has lost entries that were acknowledged.
    lost: Option<String>,
    /// Of now; none: the past is shown.
    disk: Option<Disk>,
}

#[derive(Debug, Serialize)]
struct ListenerLine {
    name: &'static str,
    address: String,
    answers: bool,
}

#[derive(Debug, Serialize)]
struct CertificateLine {
    kind: &'static str,
    name: String,
    of: String,
    until: String,
    days_left: i64,
    /// Near enough to its end for a warning.
    near: bool,
}

#[derive(Debug, Serialize)]
struct Disk {
    used_bytes: u64,
    free_bytes: u64,
    total_bytes: u64,
    /// Too little room is left to wait for.
    nearly_full: bool,
}

impl Status {
    pub(super) fn run(self, terminal: &Terminal) -> Outcome {
        let screen = self.screen()?;
        let mut out = io::stdout().lock();
        match self.format {
            Format::Json => writeln!(out, "{}", serde_json::to_string(&screen).map_err(io::Error::from)?)?,
            Format::Text => screen.text(&mut out, terminal)?,
        }
        Ok(if screen.needs_somebody() { Found::Something } else { Found::AllWell })
    }

    fn screen(&self) -> Result<Screen, Failure> {
        let failed = |error: crate::ledger::LedgerError| Failure::from(error);
        let config = self.store.configuration()?;
        let settings = self.store.settings()?;
        let folder = self.store.folder()?;
        let store = open::read_what_is_left(&self.store, &self.past)?;
        let now = store.now;
        let past = self.past.is_given();
        let filter = TermijnFilter { verlopen: true, limit: OVERDUE_MAX, ..TermijnFilter::default() };
        let overdue = super::deadlines::rows(&store.ledger, &settings, filter, store.today)?;
        let tips = store.ledger.tips();
        let entries = tips.values().map(|tip| tip.seq).sum();
        let last = tips.into_values().filter_map(|tip| {
            let entry = store.reader.get(tip.chain, tip.seq).ok()??;
            Some((entry.time, entry.id))
        });
        let last = last.max();
        Ok(Screen {
            listeners: config.as_ref().filter(|_| !past).map(listeners).unwrap_or_default(),
            certificates: config
                .as_ref()
                .filter(|_| !past)
                .map(|config| certificates(config, now))
                .unwrap_or_default(),
            queues: view::queues(&store.ledger, now).map_err(failed)?,
            held: {
                let partners = config.as_ref().map_or(&[][..], |config| &config.partners);
                let mut held = view::held(&store.ledger, partners).map_err(failed)?;
                if !past {
                    held.extend(view::frozen(partners, now));
                }
                held
            },
            overdue: overdue.len(),
            entries,
            last_entry: last.map(|(_, id)| id.to_string()),
            last_entry_time: last.map(|(time, _)| Moment(time)),
            lost: store.lost.as_ref().map(ToString::to_string),
            disk: if past { None } else { Some(disk(&folder)?) },
        })
    }
}

/// Our own always; of the others those that are near their end.
fn certificates(config: &Config, now: Timestamp) -> Vec<CertificateLine> {
    let line = |end: End| CertificateLine {
        kind: end.kind.word(),
        until: dutch_date(end.until).to_string(),
        days_left: end.days_left(now),
        near: match end.kind {
            EndKind::Own => end.days_left(now) < CERTIFICATE_DAYS,
            _ => end.level(now).is_some(),
        },
        name: end.name,
        of: end.of,
    };
    ends(config, &Seen::read(&config.data)).into_iter().map(line).collect()
}

fn listeners(config: &Config) -> Vec<ListenerLine> {
    let all = [
        ("exchange", Some(config.exchange.address)),
        ("backoffice", config.backoffice.as_ref().map(|settings| settings.address)),
        ("ops", config.ops),
    ];
    let line = |(name, address): (&'static str, Option<SocketAddr>)| {
        let address = address?;
        Some(ListenerLine { name, address: address.to_string(), answers: answers(address) })
    };
    all.into_iter().filter_map(line).collect()
}

/// Returns whether somebody listens there.
fn answers(address: SocketAddr) -> bool {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    address.port() != 0
        && TcpStream::connect_timeout(&SocketAddr::new(ip, address.port()), ANSWER_TIME).is_ok()
}

fn disk(folder: &Path) -> io::Result<Disk> {
    let (mut used, mut folders) = (0, vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            // A file may go while we look.
            let Ok(entry) = entry else { continue };
            match entry.metadata() {
                Ok(data) if data.is_dir() => folders.push(entry.path()),
                Ok(data) if data.is_file() => used += data.len(),
                Ok(_) | Err(_) => {}
            }
        }
    }
    let space = fs4::statvfs(folder)?;
    let (free_bytes, total_bytes) = (space.available_space(), space.total_space());
    Ok(Disk {
        used_bytes: used,
        free_bytes,
        total_bytes,
        nearly_full: is_nearly_full(free_bytes, total_bytes),
    })
}

impl Screen {
    fn needs_somebody(&self) -> bool {
        self.overdue > 0
            || self.lost.is_some()
            || self.listeners.iter().any(|listener| !listener.answers)
            || self.certificates.iter().any(|certificate| certificate.near)
            || self.queues.iter().any(|queue| queue.geparkeerd > 0)
            || self.disk.as_ref().is_some_and(|disk| disk.nearly_full)
    }

    fn text(&self, out: &mut impl Write, terminal: &Terminal) -> io::Result<()> {
        let mark = |good: bool, text: &str| {
            if good { text.to_owned() } else { terminal.style("1;31", text) }
        };
        let title = |nl, en| terminal.style("1", terminal.say(nl, en));
        if !self.listeners.is_empty() {
            writeln!(out, "{}", title("Luisteraars", "Listeners"))?;
        }
        for listener in &self.listeners {
            let word = match listener.answers {
                true => terminal.say("antwoordt", "answers"),
                false => terminal.say("antwoordt niet", "does not answer"),
            };
            writeln!(
                out,
                "  {:<11} {:<22} {}",
                listener.name,
                listener.address,
                mark(listener.answers, word)
            )?;
        }
        if !self.certificates.is_empty() {
            writeln!(out, "{}", title("Certificaten", "Certificates"))?;
        }
        let (own, other): (Vec<_>, Vec<_>) =
            self.certificates.iter().partition(|certificate| certificate.kind == EndKind::Own.word());
        let far = other.iter().filter(|certificate| !certificate.near).count();
        for certificate in own.into_iter().chain(other.into_iter().filter(|certificate| certificate.near)) {
            let left = certificate.days_left;
            let nl = format!("nog {left} dagen, t/m {}", certificate.until);
            let en = format!("{left} days left, until {}", certificate.until);
            writeln!(out, "  {:<22} {}", certificate.name, mark(!certificate.near, terminal.say(&nl, &en)))?;
        }
        if far > 0 {
            let (nl, en) = (
                format!("{far} van uitgevers, lijsten en partners zijn nog lang geldig"),
                format!("{far} of authorities, lists and partners are valid for long"),
            );
            writeln!(out, "  {}", terminal.say(&nl, &en))?;
        }
        writeln!(out, "{}", title("Niet bezorgd", "Not delivered"))?;
        for queue in &self.queues {
            self.queue(out, queue, terminal)?;
        }
        if self.queues.is_empty() {
            writeln!(out, "  {}", terminal.say("niets", "nothing"))?;
        }
        for held in &self.held {
            let what = terminal.say("verzending vastgehouden sinds", "sending held since");
            writeln!(
                out,
                "  {:<20} {}",
                held.partner,
                match &held.tot {
                    None => mark(false, &format!("{what} {}: {}", held.sinds, held.reden)),
                    Some(until) => format!(
                        "{what} {} ({} {until}): {}",
                        held.sinds,
                        terminal.say("tot", "until"),
                        held.reden
                    ),
                }
            )?;
        }
        writeln!(out, "{}", title("Verlopen termijnen", "Overdue deadlines"))?;
        writeln!(out, "  {}", mark(self.overdue == 0, &self.overdue.to_string()))?;
        writeln!(out, "{}", title("Opslag", "Store"))?;
        let last = match (&self.last_entry, self.last_entry_time) {
            (Some(entry), Some(time)) => format!("{entry} {time}"),
            _ => "-".to_owned(),
        };
        let (nl, en) = (
            format!("{} regels, laatste {last}", self.entries),
            format!("{} entries, last {last}", self.entries),
        );
        writeln!(out, "  {}", terminal.say(&nl, &en))?;
        if let Some(lost) = &self.lost {
            writeln!(out, "  {}", mark(false, lost))?;
        }
        let mib = |bytes: u64| bytes >> 20;
        let Some(disk) = &self.disk else { return Ok(()) };
        let nl = format!(
            "{} MiB in gebruik, {} MiB vrij van {} MiB",
            mib(disk.used_bytes),
            mib(disk.free_bytes),
            mib(disk.total_bytes)
        );
        let en = format!(
            "{} MiB used, {} MiB free of {} MiB",
            mib(disk.used_bytes),
            mib(disk.free_bytes),
            mib(disk.total_bytes)
        );
        writeln!(out, "  {}", mark(!disk.nearly_full, terminal.say(&nl, &en)))?;
        if disk.nearly_full {
            let (nl, en) = ("bijna vol: maak ruimte", "nearly full: make room");
            writeln!(out, "  {}", mark(false, terminal.say(nl, en)))?;
        }
        Ok(())
    }

    fn queue(&self, out: &mut impl Write, queue: &QueueView, terminal: &Terminal) -> io::Result<()> {
        let QueueView { partner, wacht, doorgegeven, geparkeerd, vastgehouden, .. } = queue;
        let nl = format!(
            "{wacht} wacht, {doorgegeven} doorgegeven, {geparkeerd} geparkeerd, {vastgehouden} vastgehouden"
        );
        let en =
            format!("{wacht} waiting, {doorgegeven} handed over, {geparkeerd} parked, {vastgehouden} held");
        let words = terminal.say(&nl, &en);
        let words = if *geparkeerd > 0 { terminal.style("1;31", words) } else { words.to_owned() };
        let age = queue.oudste_seconden.map(age).unwrap_or_default();
        let oldest = terminal.say("oudste", "oldest");
        let reason = queue.reden.as_deref().unwrap_or("");
        writeln!(out, "  {partner:<20} {words}  {oldest} {age}  {reason}")
    }
}

fn is_nearly_full(free_bytes: u64, total_bytes: u64) -> bool {
    free_bytes < total_bytes / 100 * DISK_FREE_PERCENT
}

/// Seconds in the largest unit that is whole.
fn age(seconds: i64) -> String {
    match seconds {
        ..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_read_at_a_glance() {
        for (seconds, text) in
            [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7_199, "119 min"), (7_200, "2 h"), (172_800, "2 d")]
        {
            assert_eq!(age(seconds), text);
        }
    }
}
