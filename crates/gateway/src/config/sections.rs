//! The file as a whole, and the sections of which there is one.

use std::net::SocketAddr;
use std::time::Duration;

use toml::de::DeTable;

use super::broken::without_broken_lines;
use super::mistake::{MistakeKind, said};
use super::parties::{GemeenteDraft, MESSAGE_BYTES_MAX, TokenDraft, gemeente, partner, token};
use super::reader::{Findings, Found, Section};
use super::relations::{self, Parts};
use super::sources::{PARTNER_FILES, Sources};
use super::systems::{SystemDraft, system};
use super::{
    BackofficeSettings, Checked, Config, ExchangeSettings, Gemeente, Gemeentecode, Limits, LogFormat,
    Logging, Pace, Partner, Retention, Sending, Severity, Telemetry, files, revocation,
};
use crate::lists;
use crate::pki::{self, ClientTrust, Revocation};
use crate::removal::TERM_YEARS;

const MIB: u64 = 1024 * 1024;
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Checks a whole configuration.
pub(super) fn check(sources: &Sources) -> Checked {
    let parts = sources.parts();
    let mut findings = Findings::new(parts.clone(), sources.folder());
    sources.complain(&mut findings);
    let readable: Vec<_> = parts.iter().map(|part| without_broken_lines(*part, &mut findings)).collect();
    let broken = readable.iter().any(|(_, broken)| *broken) || sources.is_incomplete();
    // What is still broken after that has been reported.
    let documents: Vec<_> = readable.iter().map(|(text, _)| DeTable::parse_recoverable(text).0).collect();
    let mut roots =
        documents.iter().zip(&parts).map(|(table, part)| Section::root(table.get_ref(), part.base));
    let config = roots.next().and_then(|root| read(root, roots.collect(), &mut findings));
    let mut mistakes = findings.into_mistakes();
    if broken {
        // What could not be read is left out, and that it is left out is not what is wrong.
        mistakes.retain(|mistake| !mistake.kind.may_follow_from_syntax());
    }
    let sound = mistakes.iter().all(|mistake| mistake.kind.severity() != Severity::Error);
    Checked { mistakes, config: config.filter(|_| sound) }
}

fn read(
    mut root: Section<'_, '_>,
    partner_files: Vec<Section<'_, '_>>,
    findings: &mut Findings<'_>,
) -> Option<Config> {
    let data = root.path("data", findings);
    let data = root.required(
        "data",
        data,
        findings,
        ("geef de map voor journaal en grootboek", "name the folder for journal and ledger"),
    );
    if let Some(data) = &data {
        files::data(data, findings);
    }
    let mut addresses = Vec::new();
    let section = root.section("exchange", findings);
    let why = (
        "voeg [exchange] toe met address, certificate en key",
        "add [exchange] with address, certificate and key",
    );
    let section = root.required("exchange", section, findings, why);
    let exchange = section.and_then(|section| exchange(section, findings, &mut addresses));
    let section = root.section("backoffice", findings);
    let backoffice = section.and_then(|section| backoffice(section, findings, &mut addresses));
    let ops = root.section("ops", findings).and_then(|section| ops(section, findings, &mut addresses));
    let gemeentecodes = files::list("gemeentecodes", &mut root, findings, lists::gemeentecodes);
    let gemeenten = root.sections("gemeente", findings);
    if gemeenten.is_empty() {
        let why = ("voeg [[gemeente]] toe met code en name", "add [[gemeente]] with code and name");
        root.required("gemeente", None::<()>, findings, why);
    }
    let gemeenten = gemeenten.into_iter().filter_map(|section| gemeente(section, findings)).collect();
    // Where the others are was read before.
    let _folder = root.text(PARTNER_FILES, findings);
    let mut partners = root.sections("partner", findings);
    for mut file in partner_files {
        partners.extend(file.sections("partner", findings));
        file.finish(findings);
    }
    let partners = partners.into_iter().filter_map(|section| partner(section, findings)).collect();
    let tokens = root.sections("token", findings);
    let tokens = tokens.into_iter().filter_map(|section| token(section, findings)).collect();
    let systems = root.sections("system", findings);
    let systems = systems.into_iter().filter_map(|section| system(section, findings)).collect();
    let limits =
        root.section("limits", findings).map(|section| limits(section, findings)).unwrap_or_default();
    let retention =
        root.section("bewaring", findings).map(|section| retention(section, findings)).unwrap_or_default();
    let sending = match root.section("sending", findings) {
        Some(section) => sending(section, findings),
        None => Sending {
            identity: None,
            authorities: Vec::new(),
            revocation: Revocation::default(),
            pace: Pace::default(),
        },
    };
    let section = root.section("logging", findings);
    let logging = section.map(|section| logging(section, findings)).unwrap_or_default();
    let telemetry = root.section("telemetry", findings).and_then(|section| telemetry(section, findings));
    root.finish(findings);
    // What is there and cannot be used is told by itself: nothing is said to be missing for it.
    let broken = |findings: &Findings<'_>, key| usize::from(findings.mentions(key));
    let clients_broken = broken(findings, "exchange.client_ca");
    let client_authorities =
        exchange.as_ref().map(|exchange| exchange.client_authorities.len() + clients_broken);
    let server_authorities = sending.authorities.len() + broken(findings, "sending.server_ca");
    let authorities_broken = broken(findings, "backoffice");
    let system_authorities = match &backoffice {
        Some(settings) => Some(settings.client_authorities.len() + authorities_broken),
        None => (authorities_broken > 0).then_some(authorities_broken),
    };
    let message_bytes = limits.message_bytes;
    let parts = Parts {
        gemeenten,
        partners,
        tokens,
        systems,
        addresses,
        client_authorities,
        server_authorities,
        system_authorities,
        message_bytes,
    };
    relations::check(&parts, findings);
    let Parts { gemeenten, partners, tokens, systems, .. } = parts;
    let gemeenten: Vec<Gemeente> = gemeenten.into_iter().map(GemeenteDraft::done).collect();
    let all: Vec<Gemeentecode> = gemeenten.iter().map(|gemeente| gemeente.code).collect();
    let mut partners: Vec<Partner> = partners.into_iter().map(|partner| partner.done(&all)).collect();
    behind_hubs(&mut partners);
    Some(Config {
        data: data?.value,
        exchange: exchange?,
        backoffice,
        ops,
        partners,
        tokens: tokens.into_iter().map(TokenDraft::done).collect(),
        systems: systems.into_iter().map(SystemDraft::done).collect(),
        gemeenten,
        gemeentecodes,
        retention,
        limits,
        sending,
        logging,
        telemetry,
        files: findings.named(),
    })
}

/// Who is behind a hub is reached where the hub is.
fn behind_hubs(partners: &mut [Partner]) {
    let hubs: Vec<Partner> =
        partners.iter().filter(|one| one.kind == super::PartnerKind::Ggk).cloned().collect();
    for partner in partners {
        if let Some(hub) = hubs.iter().find(|hub| partner.via.as_ref() == Some(&hub.id)) {
            partner.url.clone_from(&hub.url);
            partner.server_oin = hub.server_oin;
            partner.stilte.extend_from_slice(&hub.stilte);
        }
    }
}

fn exchange(
    mut section: Section<'_, '_>,
    findings: &mut Findings<'_>,
    addresses: &mut Vec<Found<SocketAddr>>,
) -> Option<ExchangeSettings> {
    let address = listener_address(&mut section, findings, addresses);
    let identity = files::identity(&mut section, findings);
    let client_authorities = files::authorities("client_ca", &mut section, findings);
    let revocation = revocation::lists("client_crl", &client_authorities, &mut section, findings);
    if let Some(identity) = &identity {
        let trust = ClientTrust { authorities: client_authorities.clone(), pinned: Vec::new() };
        if let Err(error) = pki::server_config_asking(identity, &trust, &revocation, true) {
            let message = said(error.to_string(), error.to_string());
            let hint = said("vervang client_ca of client_crl", "replace client_ca or client_crl");
            findings.about(MistakeKind::UnusableFile, &section.here(), message, hint);
        }
    }
    section.finish(findings);
    Some(ExchangeSettings { address: address?, identity: identity?, client_authorities, revocation })
}

fn backoffice(
    mut section: Section<'_, '_>,
    findings: &mut Findings<'_>,
    addresses: &mut Vec<Found<SocketAddr>>,
) -> Option<BackofficeSettings> {
    let address = listener_address(&mut section, findings, addresses);
    let identity = files::identity(&mut section, findings);
    let client_authorities = files::authorities("client_ca", &mut section, findings);
    let revocation = revocation::lists("client_crl", &client_authorities, &mut section, findings);
    section.finish(findings);
    Some(BackofficeSettings { address: address?, identity: identity?, client_authorities, revocation })
}

fn ops(
    mut section: Section<'_, '_>,
    findings: &mut Findings<'_>,
    addresses: &mut Vec<Found<SocketAddr>>,
) -> Option<SocketAddr> {
    let address = listener_address(&mut section, findings, addresses);
    section.finish(findings);
    if address.is_some_and(|address| !address.ip().is_loopback())
        && let Some(found) = addresses.last()
    {
        let message = said(
            "de ops-luisteraar is van buiten deze machine te bereiken, zonder TLS en zonder wachtwoord",
            "the ops listener can be reached from outside this machine, without TLS and without a password",
        );
        let hint = said("kies een adres als \"127.0.0.1:8445\"", "choose an address as \"127.0.0.1:8445\"");
        findings.about(MistakeKind::Risky, found, message, hint);
    }
    address
}

fn listener_address(
    section: &mut Section<'_, '_>,
    findings: &mut Findings<'_>,
    addresses: &mut Vec<Found<SocketAddr>>,
) -> Option<SocketAddr> {
    let address = section.address("address", findings);
    let why = (
        "geef het adres om op te luisteren, als \"0.0.0.0:8443\"",
        "name the address to listen on, as \"0.0.0.0:8443\"",
    );
    let address = section.required("address", address, findings, why)?;
    addresses.push(address.clone());
    Some(address.value)
}

fn limits(mut section: Section<'_, '_>, findings: &mut Findings<'_>) -> Limits {
    let mut limits = Limits::default();
    let size = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
    if let Some(bytes) = section.number("message_bytes", findings, 1024..=MESSAGE_BYTES_MAX) {
        limits.message_bytes = size(bytes);
        limits.receiving_bytes = limits.receiving_bytes.max(size(bytes));
    }
    if let Some(bytes) = section.number("receiving_bytes", findings, MIB..=64 * 1024 * MIB) {
        limits.receiving_bytes = size(bytes);
    }
    if let Some(connections) = section.number("connections", findings, 1..=100_000) {
        limits.connections = size(connections);
    }
    limits.partner_connections = limits.partner_connections.min(limits.connections);
    if let Some(connections) = section.number("partner_connections", findings, 1..=100_000) {
        limits.partner_connections = size(connections);
    }
    if let Some(rate) = section.number("messages_per_second", findings, 1..=1_000_000) {
        limits.messages_per_second = u32::try_from(rate).unwrap_or(u32::MAX);
    }
    for (name, setting) in [
        ("handshake", &mut limits.handshake),
        ("head", &mut limits.head),
        ("body", &mut limits.body),
        ("answer", &mut limits.answer),
        ("idle", &mut limits.idle),
        ("drain", &mut limits.drain),
    ] {
        if let Some(duration) = section.duration(name, findings, SECOND..=HOUR) {
            *setting = duration;
        }
    }
    section.finish(findings);
    limits
}

/// The law keeps a floor under the term (Wmo 2015 art. 5.3.4), so there is no shorter one to choose.
fn retention(mut section: Section<'_, '_>, findings: &mut Findings<'_>) -> Retention {
    let mut retention = Retention::default();
    if let Some(years) = section.number("termijn_jaren", findings, u64::from(TERM_YEARS)..=100) {
        retention.years = u16::try_from(years).unwrap_or(u16::MAX);
    }
    let wanted = ("\"ja\" of \"nee\"", "\"ja\" or \"nee\"");
    let automatic = section.parsed("automatisch", findings, wanted, |text| match text {
        "ja" => Some(true),
        "nee" => Some(false),
        _ => None,
    });
    if let Some(automatic) = automatic {
        retention.automatic = automatic.value;
    }
    section.finish(findings);
    retention
}

fn sending(mut section: Section<'_, '_>, findings: &mut Findings<'_>) -> Sending {
    let own = section.has("certificate") || section.has("key");
    let identity = if own { files::identity(&mut section, findings) } else { None };
    let authorities = files::authorities("server_ca", &mut section, findings);
    let revocation = revocation::lists("server_crl", &authorities, &mut section, findings);
    let mut pace = Pace::default();
    for (name, range, setting) in [
        ("backoff_first", SECOND / 10..=HOUR, &mut pace.backoff_first),
        ("backoff_max", SECOND..=DAY, &mut pace.backoff_max),
        ("park_after", MINUTE..=365 * DAY, &mut pace.park_after),
        ("attempt", SECOND..=HOUR, &mut pace.attempt),
    ] {
        if let Some(duration) = section.duration(name, findings, range) {
            *setting = duration;
        }
    }
    if let Some(concurrent) = section.number("concurrent", findings, 1..=256) {
        pace.concurrent = usize::try_from(concurrent).unwrap_or(usize::MAX);
    }
    if pace.backoff_first > pace.backoff_max {
        let message = said(
            "`backoff_first` is langer dan `backoff_max`",
            "`backoff_first` is longer than `backoff_max`",
        );
        let hint = said("begin kort en eindig lang", "begin short and end long");
        findings.about(MistakeKind::Conflict, &section.here(), message, hint);
    }
    section.finish(findings);
    Sending { identity, authorities, revocation, pace }
}

fn logging(mut section: Section<'_, '_>, findings: &mut Findings<'_>) -> Logging {
    let mut logging = Logging::default();
    let wanted = ("\"text\" of \"json\"", "\"text\" or \"json\"");
    let format = section.parsed("format", findings, wanted, |text| match text {
        "text" => Some(LogFormat::Text),
        "json" => Some(LogFormat::Json),
        _ => None,
    });
    if let Some(format) = format {
        logging.format = format.value;
    }
    let wanted = (
        "een filter als \"info\" of \"warn,iwmo_gateway::outbox=debug\"",
        "a filter as \"info\" or \"warn,iwmo_gateway::outbox=debug\"",
    );
    let filter = section.parsed("filter", findings, wanted, |text| {
        tracing_subscriber::EnvFilter::try_new(text).ok().map(|_| text.to_owned())
    });
    if let Some(filter) = filter {
        logging.filter = filter.value;
    }
    section.finish(findings);
    logging
}

/// Where a collector takes OTLP over HTTP when an address has no path.
const OTLP_PATH: &str = "/v1/traces";

fn telemetry(mut section: Section<'_, '_>, findings: &mut Findings<'_>) -> Option<Telemetry> {
    let wanted = (
        "het adres van de collector, als \"http://127.0.0.1:4318\", zonder wachtwoord, vraagteken of hekje",
        "the address of the collector, as \"http://127.0.0.1:4318\", without password, question mark or hash",
    );
    let otlp = section.parsed("otlp", findings, wanted, |text| {
        let url = reqwest::Url::parse(text).ok()?;
        let plain = url.username().is_empty() && url.password().is_none();
        let bare = url.query().is_none() && url.fragment().is_none();
        let path = if url.path() == "/" { OTLP_PATH } else { "" };
        let sound = url.scheme() == "http" && url.has_host() && plain && bare;
        sound.then(|| format!("{}{path}", text.trim_end_matches('/')))
    });
    let why = ("geef het adres van de collector", "give the address of the collector");
    let otlp = section.required("otlp", otlp, findings, why);
    let service = section.text("service", findings);
    section.finish(findings);
    let service = service.map_or_else(|| "iwmo-gateway".to_owned(), |service| service.value);
    otlp.map(|otlp| Telemetry { otlp: otlp.value, service })
}
