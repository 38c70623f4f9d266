//! The sections of the file, one function each.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use toml::de::DeTable;

use super::mistake::{MistakeKind, Text};
use super::reader::{Findings, Found, Section, parsed};
use super::relations::{self, Parts};
use super::{
    AgbCode, BackofficeSettings, Checked, Config, ExchangeSettings, Gemeente, Gemeentecode, Limits,
    LogFormat, Logging, Oin, Pace, Partner, PartnerKind, Policy, Sending, Severity, Token, files,
};
use crate::engine::PartnerId;
use crate::pki::Fingerprint;

/// Characters of a partner's or token's name.
const NAME_CHARACTERS_MAX: usize = 64;
const MIB: u64 = 1024 * 1024;
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A gemeente, with what is checked against other sections.
pub(super) struct GemeenteDraft {
    pub(super) code: Found<Gemeentecode>,
    pub(super) name: String,
    pub(super) cak: Option<Found<String>>,
    pub(super) policy: Policy,
}

/// A partner, with what is checked against other sections.
pub(super) struct PartnerDraft {
    pub(super) here: Found<()>,
    pub(super) id: Found<String>,
    pub(super) kind: PartnerKind,
    pub(super) agb: Option<Found<AgbCode>>,
    pub(super) url: Option<Found<String>>,
    pub(super) fingerprints: Vec<Found<Fingerprint>>,
    pub(super) oin: Option<Found<Oin>>,
    /// Without any, all are meant.
    pub(super) gemeenten: Vec<Found<Gemeentecode>>,
}

/// A token, with what is checked against other sections.
pub(super) struct TokenDraft {
    pub(super) name: Found<String>,
    pub(super) sha256: Found<Fingerprint>,
    pub(super) gemeenten: Vec<Found<Gemeentecode>>,
}

/// Checks a whole file.
pub(super) fn check(text: &str, folder: &Path) -> Checked {
    let mut findings = Findings::new(text, folder);
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let message = error.message();
        findings.add(
            MistakeKind::Syntax,
            error.span().unwrap_or(0..0),
            "",
            Text::new(format!("geen geldige TOML: {message}"), format!("not valid TOML: {message}")),
            Text::new(
                "zie https://toml.io voor de schrijfwijze; haakjes en aanhalingstekens komen in paren",
                "see https://toml.io for the notation; brackets and quotes come in pairs",
            ),
        );
    }
    let root = Section::new(document.get_ref(), 0..0, String::new());
    let config = read(root, &mut findings);
    let mut mistakes = findings.into_mistakes();
    if !errors.is_empty() {
        // The parser leaves out what it cannot read, and what is left out is not what is wrong.
        mistakes.retain(|mistake| !mistake.kind.may_follow_from_syntax());
    }
    let sound = mistakes.iter().all(|mistake| mistake.kind.severity() != Severity::Error);
    Checked { mistakes, config: config.filter(|_| sound) }
}

fn read(mut root: Section<'_, '_>, findings: &mut Findings<'_>) -> Option<Config> {
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
    let gemeenten = root.sections("gemeente", findings);
    if gemeenten.is_empty() {
        let why = ("voeg [[gemeente]] toe met code en name", "add [[gemeente]] with code and name");
        root.required("gemeente", None::<()>, findings, why);
    }
    let gemeenten = gemeenten.into_iter().filter_map(|section| gemeente(section, findings)).collect();
    let partners = root.sections("partner", findings);
    let partners = partners.into_iter().filter_map(|section| partner(section, findings)).collect();
    let tokens = root.sections("token", findings);
    let tokens = tokens.into_iter().filter_map(|section| token(section, findings)).collect();
    let limits =
        root.section("limits", findings).map(|section| limits(section, findings)).unwrap_or_default();
    let sending = match root.section("sending", findings) {
        Some(section) => sending(section, findings),
        None => Sending { identity: None, authorities: Vec::new(), pace: Pace::default() },
    };
    let section = root.section("logging", findings);
    let logging = section.map(|section| logging(section, findings)).unwrap_or_default();
    root.finish(findings);
    let client_authorities = exchange.as_ref().map(|exchange| exchange.client_authorities.len());
    let server_authorities = sending.authorities.len();
    let parts = Parts { gemeenten, partners, tokens, addresses, client_authorities, server_authorities };
    relations::check(&parts, findings);
    let Parts { gemeenten, partners, tokens, .. } = parts;
    let gemeenten: Vec<Gemeente> = gemeenten.into_iter().map(GemeenteDraft::done).collect();
    let all: Vec<Gemeentecode> = gemeenten.iter().map(|gemeente| gemeente.code).collect();
    Some(Config {
        data: data?.value,
        exchange: exchange?,
        backoffice,
        ops,
        partners: partners.into_iter().map(|partner| partner.done(&all)).collect(),
        tokens: tokens.into_iter().map(TokenDraft::done).collect(),
        gemeenten,
        limits,
        sending,
        logging,
    })
}

fn exchange(
    mut section: Section<'_, '_>,
    findings: &mut Findings<'_>,
    addresses: &mut Vec<Found<SocketAddr>>,
) -> Option<ExchangeSettings> {
    let address = listener_address(&mut section, findings, addresses);
    let identity = files::identity(&mut section, findings);
    let client_authorities = files::authorities("client_ca", &mut section, findings);
    section.finish(findings);
    Some(ExchangeSettings { address: address?, identity: identity?, client_authorities })
}

fn backoffice(
    mut section: Section<'_, '_>,
    findings: &mut Findings<'_>,
    addresses: &mut Vec<Found<SocketAddr>>,
) -> Option<BackofficeSettings> {
    let address = listener_address(&mut section, findings, addresses);
    let identity = files::identity(&mut section, findings);
    section.finish(findings);
    Some(BackofficeSettings { address: address?, identity: identity? })
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
        let message = Text::new(
            "de ops-luisteraar is van buiten deze machine te bereiken, zonder TLS en zonder wachtwoord",
            "the ops listener can be reached from outside this machine, without TLS and without a password",
        );
        let hint =
            Text::new("kies een adres als \"127.0.0.1:8445\"", "choose an address as \"127.0.0.1:8445\"");
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

fn gemeente(mut section: Section<'_, '_>, findings: &mut Findings<'_>) -> Option<GemeenteDraft> {
    let wanted = ("de CBS-code: vier cijfers tussen aanhalingstekens", "the CBS code: four digits in quotes");
    // 0000 is the chain of what belongs to no gemeente.
    let code = section.parsed("code", findings, wanted, |text| text.parse().ok().filter(|_| text != "0000"));
    let code = section.required(
        "code",
        code,
        findings,
        ("geef de CBS-code, als \"0222\"", "name the CBS code, as \"0222\""),
    );
    let name = section.text("name", findings);
    let name =
        section.required("name", name, findings, ("geef de naam van de gemeente", "name the gemeente"));
    let cak = section.text("cak", findings);
    let policy =
        section.section("policy", findings).map(|section| policy(section, findings)).unwrap_or_default();
    section.finish(findings);
    Some(GemeenteDraft { code: code?, name: name?.value, cak, policy })
}

fn policy(mut section: Section<'_, '_>, findings: &mut Findings<'_>) -> Policy {
    let policy = Policy { bedenktijd: section.duration("bedenktijd", findings, Duration::ZERO..=14 * DAY) };
    section.finish(findings);
    policy
}

fn partner(mut section: Section<'_, '_>, findings: &mut Findings<'_>) -> Option<PartnerDraft> {
    let here = section.here();
    let id = section.parsed("id", findings, NAME_WANTED, name);
    let why = ("geef een korte naam, als \"coalitie-hvb\"", "give it a short name, as \"coalitie-hvb\"");
    let id = section.required("id", id, findings, why);
    let wanted = (
        "\"aanbieder\", \"cak\", \"ggk\" of \"backoffice\"",
        "\"aanbieder\", \"cak\", \"ggk\" or \"backoffice\"",
    );
    let kind = section.parsed("kind", findings, wanted, |text| match text {
        "aanbieder" => Some(PartnerKind::Aanbieder),
        "cak" => Some(PartnerKind::Cak),
        "ggk" => Some(PartnerKind::Ggk),
        "backoffice" => Some(PartnerKind::Backoffice),
        _ => None,
    });
    let kind = section.required(
        "kind",
        kind,
        findings,
        (
            "zeg wat het is: \"aanbieder\", \"cak\", \"ggk\" of \"backoffice\"",
            "say what it is: \"aanbieder\", \"cak\", \"ggk\" or \"backoffice\"",
        ),
    );
    let wanted =
        ("de AGB-code: acht cijfers tussen aanhalingstekens", "the AGB code: eight digits in quotes");
    let agb = section.parsed("agb", findings, wanted, |text| text.parse().ok());
    let wanted = (
        "een adres als \"https://partner.example:8443\", zonder wachtwoord, vraagteken of hekje",
        "an address as \"https://partner.example:8443\", without password, question mark or hash",
    );
    let url = section.parsed("url", findings, wanted, https_url);
    let wanted = (
        "de SHA-256 van de publieke sleutel: 64 hexadecimale cijfers",
        "the SHA-256 of the public key: 64 hexadecimal digits",
    );
    let fingerprints = section.texts("fingerprint", findings);
    let fingerprints: Vec<_> = fingerprints
        .into_iter()
        .filter_map(|found| parsed(found, findings, wanted, |text| text.parse().ok()))
        .collect();
    let wanted = ("het OIN: twintig cijfers tussen aanhalingstekens", "the OIN: twenty digits in quotes");
    let oin = section.parsed("oin", findings, wanted, |text| text.parse().ok());
    let gemeenten = gemeentecodes(&mut section, findings);
    section.finish(findings);
    Some(PartnerDraft { here, id: id?, kind: kind?.value, agb, url, fingerprints, oin, gemeenten })
}

fn token(mut section: Section<'_, '_>, findings: &mut Findings<'_>) -> Option<TokenDraft> {
    let token_name = section.parsed("name", findings, NAME_WANTED, name);
    let why = ("zeg wie het heeft, als \"zaaksysteem\"", "say who has it, as \"zaaksysteem\"");
    let token_name = section.required("name", token_name, findings, why);
    let wanted = (
        "de SHA-256 van het token: 64 hexadecimale cijfers (`printf %s \"$TOKEN\" | sha256sum`), nooit het token zelf",
        "the SHA-256 of the token: 64 hexadecimal digits (`printf %s \"$TOKEN\" | sha256sum`), never the token itself",
    );
    // A fingerprint is 32 bytes in hexadecimal digits too.
    let sha256 = section.parsed("sha256", findings, wanted, |text| text.parse().ok());
    let sha256 = section.required(
        "sha256",
        sha256,
        findings,
        (
            "geef de SHA-256 van het token: `printf %s \"$TOKEN\" | sha256sum`",
            "give the SHA-256 of the token: `printf %s \"$TOKEN\" | sha256sum`",
        ),
    );
    let gemeenten = gemeentecodes(&mut section, findings);
    // Deliberately no default: what a token opens is written down.
    let some = (!gemeenten.is_empty()).then_some(());
    section.required(
        "gemeenten",
        some,
        findings,
        (
            "noem de gemeenten die het opent, als [\"0222\"]",
            "name the gemeenten that it opens, as [\"0222\"]",
        ),
    );
    section.finish(findings);
    Some(TokenDraft { name: token_name?, sha256: sha256?, gemeenten })
}

fn limits(mut section: Section<'_, '_>, findings: &mut Findings<'_>) -> Limits {
    let mut limits = Limits::default();
    let size = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
    if let Some(bytes) = section.number("message_bytes", findings, 1024..=256 * MIB) {
        limits.message_bytes = size(bytes);
        limits.receiving_bytes = limits.receiving_bytes.max(size(bytes));
    }
    if let Some(bytes) = section.number("receiving_bytes", findings, MIB..=64 * 1024 * MIB) {
        limits.receiving_bytes = size(bytes);
    }
    if let Some(connections) = section.number("connections", findings, 1..=100_000) {
        limits.connections = size(connections);
    }
    if let Some(rate) = section.number("messages_per_second", findings, 1..=1_000_000) {
        limits.messages_per_second = u32::try_from(rate).unwrap_or(u32::MAX);
    }
    for (name, setting) in [
        ("handshake", &mut limits.handshake),
        ("head", &mut limits.head),
        ("body", &mut limits.body),
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

fn sending(mut section: Section<'_, '_>, findings: &mut Findings<'_>) -> Sending {
    let own = section.has("certificate") || section.has("key");
    let identity = if own { files::identity(&mut section, findings) } else { None };
    let authorities = files::authorities("server_ca", &mut section, findings);
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
        let message = Text::new(
            "`backoff_first` is langer dan `backoff_max`",
            "`backoff_first` is longer than `backoff_max`",
        );
        let hint = Text::new("begin kort en eindig lang", "begin short and end long");
        findings.about(MistakeKind::Conflict, &section.here(), message, hint);
    }
    section.finish(findings);
    Sending { identity, authorities, pace }
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

fn gemeentecodes(section: &mut Section<'_, '_>, findings: &mut Findings<'_>) -> Vec<Found<Gemeentecode>> {
    let wanted = ("een CBS-code: vier cijfers tussen aanhalingstekens", "a CBS code: four digits in quotes");
    let found = section.texts("gemeenten", findings);
    found.into_iter().filter_map(|found| parsed(found, findings, wanted, |text| text.parse().ok())).collect()
}

const NAME_WANTED: (&str, &str) = (
    "een naam van hoogstens 64 kleine letters, cijfers en streepjes",
    "a name of at most 64 lower-case letters, digits and hyphens",
);

/// Names stand in logs, on command lines and in the journal.
fn name(text: &str) -> Option<String> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let sound = !text.is_empty() && text.len() <= NAME_CHARACTERS_MAX && text.chars().all(allowed);
    sound.then(|| text.to_owned())
}

fn https_url(text: &str) -> Option<String> {
    let url = reqwest::Url::parse(text).ok()?;
    let plain = url.username().is_empty() && url.password().is_none();
    let bare = url.query().is_none() && url.fragment().is_none();
    let sound = url.scheme() == "https" && url.has_host() && plain && bare;
    sound.then(|| text.trim_end_matches('/').to_owned())
}

impl GemeenteDraft {
    fn done(self) -> Gemeente {
        let cak = self.cak.map(|cak| PartnerId(cak.value));
        Gemeente { code: self.code.value, name: self.name, cak, policy: self.policy }
    }
}

impl PartnerDraft {
    fn done(self, all: &[Gemeentecode]) -> Partner {
        let named: Vec<Gemeentecode> = self.gemeenten.iter().map(|found| found.value).collect();
        Partner {
            id: PartnerId(self.id.value),
            kind: self.kind,
            agb: self.agb.map(|found| found.value),
            url: self.url.map(|found| found.value),
            fingerprints: self.fingerprints.into_iter().map(|found| found.value).collect(),
            oin: self.oin.map(|found| found.value),
            gemeenten: if named.is_empty() { all.to_vec() } else { named },
        }
    }
}

impl TokenDraft {
    fn done(self) -> Token {
        let gemeenten = self.gemeenten.into_iter().map(|found| found.value).collect();
        Token { name: self.name.value, sha256: self.sha256.value.0, gemeenten }
    }
}
