//! `iwmo partner list` and `show`: who they are, and how it goes with them.

use std::collections::BTreeMap;
use std::io::{self, Write};

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;

use super::super::open::{self, PastArguments, StoreArguments};
use super::super::output::{Failure, Format, Found, Outcome, Terminal};
use super::{ConfigArguments, known};
use crate::clock::{Clock, Moment, SystemClock};
use crate::config::{Config, Partner, PartnerKind};
use crate::daemon::{Failed, Seen, SeenCertificate, SeenPartner};
use crate::view::{self, HeldView, QueueView};

/// List the partners, with their routes, certificates and queues
///
/// The certificate is the one that the partner showed last, and until when it is valid; with it goes what waits, when
/// something last arrived, and what last went wrong.
#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    config: ConfigArguments,
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Show one partner
#[derive(Debug, Args)]
pub(super) struct Show {
    /// The partner
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    config: ConfigArguments,
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// A partner, as it is configured and as it goes with it.
#[derive(Debug, Serialize)]
struct View {
    id: String,
    soort: &'static str,
    route: &'static str,
    agb: Option<String>,
    url: Option<String>,
    via: Option<String>,
    map: Option<String>,
    gemeenten: Vec<String>,
    fingerprints: Vec<String>,
    oin: Option<String>,
    server_oin: Option<String>,
    certificaat: Option<CertificateView>,
    dagen_geldig: Option<i64>,
    wacht: u64,
    doorgegeven: u64,
    geparkeerd: u64,
    vastgehouden: u64,
    oudste: Option<Moment>,
    bezorgd: Option<Moment>,
    mislukt: Option<FailedView>,
    gehouden: Option<HeldView>,
}

#[derive(Debug, Serialize)]
struct CertificateView {
    houder: String,
    fingerprint: String,
    van: Moment,
    tot: Moment,
    gezien: Moment,
}

impl From<SeenCertificate> for CertificateView {
    fn from(seen: SeenCertificate) -> Self {
        let SeenCertificate { houder, fingerprint, van, tot, gezien } = seen;
        Self { houder, fingerprint, van: Moment(van), tot: Moment(tot), gezien: Moment(gezien) }
    }
}

#[derive(Debug, Serialize)]
struct FailedView {
    tijd: Moment,
    reden: String,
}

/// How it goes with all of them.
struct Going {
    queues: BTreeMap<String, QueueView>,
    held: BTreeMap<String, HeldView>,
    seen: BTreeMap<String, SeenPartner>,
}

impl Going {
    /// A store that is not there yet has nothing to tell.
    fn of(config: &Config, arguments: &ConfigArguments, terminal: &Terminal) -> Result<Self, Failure> {
        let seen = Seen::read(&config.data);
        if !config.data.join("journal").is_dir() {
            return Ok(Self { queues: BTreeMap::new(), held: BTreeMap::new(), seen });
        }
        let failed = |error: crate::ledger::LedgerError| Failure::from(error);
        let store = StoreArguments::either(None, Some(arguments.config.clone()));
        let store = open::read(&store, &PastArguments::default(), terminal)?;
        let queues = view::queues(&store.ledger, SystemClock.now()).map_err(failed)?;
        let held = view::held(&store.ledger, &config.partners).map_err(failed)?;
        Ok(Self {
            queues: queues.into_iter().map(|queue| (queue.partner.clone(), queue)).collect(),
            held: held.into_iter().map(|held| (held.partner.clone(), held)).collect(),
            seen,
        })
    }

    fn view(&self, partner: &Partner, now: Timestamp) -> View {
        let id = partner.id.0.clone();
        let seen = self.seen.get(&id).cloned().unwrap_or_default();
        let queue = self.queues.get(&id).cloned().unwrap_or_default();
        let days = |certificate: &SeenCertificate| {
            certificate.tot.duration_since(now).as_secs().div_euclid(24 * 60 * 60)
        };
        View {
            soort: match partner.kind {
                PartnerKind::Aanbieder => "aanbieder",
                PartnerKind::Cak => "cak",
                PartnerKind::Ggk => "ggk",
                PartnerKind::Backoffice => "backoffice",
            },
            route: partner.route.word(),
            agb: partner.agb.map(|agb| agb.to_string()),
            url: partner.url.clone(),
            via: partner.via.as_ref().map(|via| via.0.clone()),
            map: partner.folder.as_ref().map(|folder| folder.display().to_string()),
            gemeenten: partner.gemeenten.iter().map(ToString::to_string).collect(),
            fingerprints: partner.fingerprints.iter().map(ToString::to_string).collect(),
            oin: partner.oin.map(|oin| oin.to_string()),
            server_oin: partner.server_oin.map(|oin| oin.to_string()),
            dagen_geldig: seen.certificaat.as_ref().map(days),
            certificaat: seen.certificaat.map(CertificateView::from),
            wacht: queue.wacht,
            doorgegeven: queue.doorgegeven,
            geparkeerd: queue.geparkeerd,
            vastgehouden: queue.vastgehouden,
            oudste: queue.oudste,
            bezorgd: seen.bezorgd.map(Moment),
            mislukt: seen.mislukt.map(|Failed { tijd, reden }| FailedView { tijd: Moment(tijd), reden }),
            gehouden: self.held.get(&id).cloned(),
            id,
        }
    }
}

impl List {
    pub(super) fn run(self, terminal: &Terminal) -> Outcome {
        let config = self.config.read()?;
        let going = Going::of(&config, &self.config, terminal)?;
        let now = SystemClock.now();
        let mut out = io::BufWriter::new(io::stdout().lock());
        for partner in &config.partners {
            let view = going.view(partner, now);
            match self.format {
                Format::Json => writeln!(out, "{}", serde_json::to_string(&view).map_err(io::Error::from)?)?,
                Format::Text => view.line(&mut out, terminal)?,
            }
        }
        if config.partners.is_empty() && self.format == Format::Text {
            writeln!(out, "{}", terminal.say("er zijn geen partners", "there are no partners"))?;
        }
        out.flush()?;
        Ok(Found::AllWell)
    }
}

impl Show {
    pub(super) fn run(self, terminal: &Terminal) -> Outcome {
        let config = self.config.read()?;
        let partner = known(&config, &self.name)?;
        let view = Going::of(&config, &self.config, terminal)?.view(partner, SystemClock.now());
        let mut out = io::stdout().lock();
        match self.format {
            Format::Json => writeln!(out, "{}", serde_json::to_string(&view).map_err(io::Error::from)?)?,
            Format::Text => view.page(&mut out, terminal)?,
        }
        Ok(Found::AllWell)
    }
}

impl View {
    fn line(&self, out: &mut impl Write, terminal: &Terminal) -> io::Result<()> {
        let certificate = match self.dagen_geldig {
            None => terminal.say("niet gezien", "not seen").to_owned(),
            Some(..0) => terminal.style("1;31", terminal.say("verlopen", "expired")),
            Some(days) => format!("{days} {}", terminal.say("dagen", "days")),
        };
        let state = match &self.gehouden {
            Some(_) => terminal.style("1;31", terminal.say("vastgehouden", "held")),
            None => format!("{} {}", self.wacht, terminal.say("wacht", "waiting")),
        };
        let parked = match self.geparkeerd {
            0 => String::new(),
            parked => terminal.style("1;31", &format!("  {parked} {}", terminal.say("geparkeerd", "parked"))),
        };
        let (id, kind, route) = (&self.id, self.soort, self.route);
        writeln!(out, "{id:<24} {kind:<10} {route:<8} {certificate:<12} {state}{parked}")
    }

    fn page(&self, out: &mut impl Write, terminal: &Terminal) -> io::Result<()> {
        writeln!(out, "{}", terminal.style("1", &self.id))?;
        let mut line = |nl: &str, en: &str, value: Option<&str>| -> io::Result<()> {
            match value {
                None | Some("") => Ok(()),
                Some(value) => writeln!(out, "  {:<22} {value}", terminal.say(nl, en)),
            }
        };
        line("soort", "kind", Some(self.soort))?;
        line("AGB-code", "AGB code", self.agb.as_deref())?;
        line("route", "route", Some(self.route))?;
        line("adres", "address", self.url.as_deref())?;
        line("achter", "behind", self.via.as_deref())?;
        line("map", "folder", self.map.as_deref())?;
        line("gemeenten", "gemeenten", Some(&self.gemeenten.join(" ")))?;
        for pin in &self.fingerprints {
            line("sleutel", "key", Some(pin))?;
        }
        line("OIN", "OIN", self.oin.as_deref())?;
        line("OIN van server", "server's OIN", self.server_oin.as_deref())?;
        match &self.certificaat {
            None => line("certificaat", "certificate", Some(terminal.say("niet gezien", "not seen")))?,
            Some(seen) => {
                line("certificaat", "certificate", Some(&seen.houder))?;
                line("  sleutel", "  key", Some(&seen.fingerprint))?;
                let days = self.dagen_geldig.unwrap_or_default();
                let until = format!("{} ({days} {})", seen.tot, terminal.say("dagen", "days"));
                line("  geldig tot", "  valid until", Some(&until))?;
                line("  gezien", "  seen", Some(&seen.gezien.to_string()))?;
            }
        }
        let counts = [
            (self.wacht, "wacht", "waiting"),
            (self.doorgegeven, "doorgegeven", "handed over"),
            (self.geparkeerd, "geparkeerd", "parked"),
            (self.vastgehouden, "vastgehouden", "held"),
        ];
        let counts = counts.map(|(count, nl, en)| format!("{count} {}", terminal.say(nl, en))).join(", ");
        line("wachtrij", "queue", Some(&counts))?;
        line("oudste", "oldest", self.oudste.map(|moment| moment.to_string()).as_deref())?;
        line("laatst bezorgd", "last delivered", self.bezorgd.map(|moment| moment.to_string()).as_deref())?;
        let failed = self.mislukt.as_ref().map(|failed| format!("{}: {}", failed.tijd, failed.reden));
        line("laatst mislukt", "last failed", failed.as_deref())?;
        let held = self.gehouden.as_ref().map(|held| format!("{}: {}", held.sinds, held.reden));
        line("vastgehouden sinds", "held since", held.as_deref())
    }
}
