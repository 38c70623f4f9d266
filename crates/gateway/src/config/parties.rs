//! The sections about gemeenten, partners and tokens.

use std::path::PathBuf;
use std::time::Duration;

use iwmo_codec::rules::outside::Productcodes;

use super::mistake::{MistakeKind, said};
use super::reader::{Findings, Found, Section, parsed};
use super::{
    AgbCode, Gemeente, Gemeentecode, Oin, Partner, PartnerKind, PartnerLimits, PartnerRoute, Policy, Stilte,
    Token,
};
use super::{beleid, eigen_bijdrage, files};
use crate::engine::PartnerId;
use crate::lists;
use crate::pki::Fingerprint;

/// Largest limit on the bytes of a message.
pub(super) const MESSAGE_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Characters of a partner's or token's name.
const NAME_CHARACTERS_MAX: usize = 64;
/// The longest time that an early message waits. Its retour is due within three working days, and it waits no longer
/// than that in any case.
const PARKEERTIJD_MAX: Duration = Duration::from_secs(10 * 24 * 60 * 60);

/// A gemeente, with what is checked against other sections.
pub(super) struct GemeenteDraft {
    pub(super) code: Found<Gemeentecode>,
    pub(super) name: String,
    pub(super) cak: Option<Found<String>>,
    pub(super) productcodes: Option<Productcodes>,
    pub(super) policy: Policy,
}

/// A partner, with what is checked against other sections.
pub(super) struct PartnerDraft {
    pub(super) here: Found<()>,
    pub(super) id: Found<String>,
    pub(super) kind: PartnerKind,
    pub(super) agb: Option<Found<AgbCode>>,
    pub(super) route: Option<Found<PartnerRoute>>,
    pub(super) url: Option<Found<String>>,
    pub(super) via: Option<Found<String>>,
    pub(super) folder: Option<Found<PathBuf>>,
    pub(super) fingerprints: Vec<Found<Fingerprint>>,
    pub(super) oin: Option<Found<Oin>>,
    /// None within: the server need not have one.
    pub(super) server_oin: Option<Found<Option<Oin>>>,
    pub(super) stilte: Vec<Stilte>,
    /// Without any, all are meant.
    pub(super) gemeenten: Vec<Found<Gemeentecode>>,
    pub(super) limits: PartnerLimits,
}

/// A token, with what is checked against other sections.
pub(super) struct TokenDraft {
    pub(super) name: Found<String>,
    pub(super) sha256: Found<Fingerprint>,
    pub(super) gemeenten: Vec<Found<Gemeentecode>>,
}

/// Reads a `[[gemeente]]`.
pub(super) fn gemeente(mut section: Section<'_, '_>, findings: &mut Findings<'_>) -> Option<GemeenteDraft> {
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
    let productcodes = files::list("productcodes", &mut section, findings, lists::productcodes);
    let own = section.section("policy", findings);
    if own.is_none() && cak.is_some() && !section.has("policy") {
        section.required("policy.standaard", None::<()>, findings, STANDAARD_WHY);
    }
    let policy = own.map(|own| policy(own, cak.is_some(), findings)).unwrap_or_default();
    section.finish(findings);
    Some(GemeenteDraft { code: code?, name: name?.value, cak, productcodes, policy })
}

/// Which messages go to the CAK is never assumed: an older release is not in force, a newer one not verified.
const STANDAARD_WHY: (&str, &str) = (
    "wie het CAK laat weten, kiest de release van de berichten: `standaard = \"ieb-1.0\"`",
    "who tells the CAK chooses the release of the messages: `standaard = \"ieb-1.0\"`",
);

fn policy(mut section: Section<'_, '_>, tells_cak: bool, findings: &mut Findings<'_>) -> Policy {
    let policy = Policy {
        parkeertijd: section.duration("parkeertijd", findings, Duration::ZERO..=PARKEERTIJD_MAX),
        eigen_bijdrage: eigen_bijdrage::lagen(&mut section, findings),
        beleid: beleid::read(&mut section, findings),
    };
    if tells_cak {
        section.required("standaard", policy.eigen_bijdrage.basis.standaard, findings, STANDAARD_WHY);
    }
    section.finish(findings);
    policy
}

/// Reads a `[[partner]]`.
pub(super) fn partner(mut section: Section<'_, '_>, findings: &mut Findings<'_>) -> Option<PartnerDraft> {
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
    let wanted =
        ("\"direct\", \"ophalen\", \"stuf\" of \"map\"", "\"direct\", \"ophalen\", \"stuf\" or \"map\"");
    let route = section.parsed("route", findings, wanted, |text| match text {
        "direct" => Some(PartnerRoute::Direct),
        "ophalen" => Some(PartnerRoute::Ophalen),
        "stuf" => Some(PartnerRoute::Stuf),
        "map" => Some(PartnerRoute::Map),
        _ => None,
    });
    let via = section.text("via", findings);
    let folder = section.path("folder", findings);
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
    let wanted = (
        "het OIN: twintig cijfers tussen aanhalingstekens, of \"geen\"",
        "the OIN: twenty digits in quotes, or \"geen\"",
    );
    let server_oin = section.parsed("server_oin", findings, wanted, |text| match text {
        "geen" => Some(None),
        text => text.parse().ok().map(Some),
    });
    let wanted = (
        "een tijd waarin niets wordt gestuurd, als \"vr 18:00 - ma 06:00\" of \"2026-12-31 17:00 - 2027-01-02 08:00\"",
        "a time in which nothing is sent, as \"fr 18:00 - mo 06:00\" or \"2026-12-31 17:00 - 2027-01-02 08:00\"",
    );
    let stilte = section.texts("stilte", findings);
    let stilte =
        stilte.into_iter().filter_map(|found| parsed(found, findings, wanted, |text| text.parse().ok()));
    let stilte: Vec<Stilte> = stilte.map(|found| found.value).collect();
    let gemeenten = gemeentecodes(&mut section, findings);
    let limits = partner_limits(&mut section, findings);
    section.finish(findings);
    let (id, kind) = (id?, kind?.value);
    Some(PartnerDraft {
        here,
        id,
        kind,
        agb,
        route,
        url,
        via,
        folder,
        fingerprints,
        oin,
        server_oin,
        stilte,
        gemeenten,
        limits,
    })
}

fn partner_limits(section: &mut Section<'_, '_>, findings: &mut Findings<'_>) -> PartnerLimits {
    let size = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
    let small = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
    let message_bytes = section.number("message_bytes", findings, 1024..=MESSAGE_BYTES_MAX).map(size);
    let rate = section.number("messages_per_minute", findings, 1..=60_000_000).map(small);
    let burst = section.number("burst", findings, 1..=1_000_000).map(small);
    if rate.is_none() && burst.is_some() {
        let message = said(
            "`burst` telt alleen met `messages_per_minute`",
            "`burst` only counts with `messages_per_minute`",
        );
        let hint = said("voeg messages_per_minute toe", "add messages_per_minute");
        findings.about(MistakeKind::Conflict, &section.here(), message, hint);
    }
    // As much at once as in ten seconds, as for every partner, and never nothing.
    let messages = rate.map(|rate| (rate, burst.unwrap_or((rate / 6).max(1))));
    let connections = section.number("connections", findings, 1..=100_000).map(size);
    PartnerLimits { message_bytes, messages, connections }
}

/// Reads a `[[token]]`.
pub(super) fn token(mut section: Section<'_, '_>, findings: &mut Findings<'_>) -> Option<TokenDraft> {
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

pub(super) fn gemeentecodes(
    section: &mut Section<'_, '_>,
    findings: &mut Findings<'_>,
) -> Vec<Found<Gemeentecode>> {
    let wanted = ("een CBS-code: vier cijfers tussen aanhalingstekens", "a CBS code: four digits in quotes");
    let found = section.texts("gemeenten", findings);
    found.into_iter().filter_map(|found| parsed(found, findings, wanted, |text| text.parse().ok())).collect()
}

pub(super) const NAME_WANTED: (&str, &str) = (
    "een naam van hoogstens 64 kleine letters, cijfers en streepjes",
    "a name of at most 64 lower-case letters, digits and hyphens",
);

/// Names stand in logs, on command lines and in the journal.
pub(super) fn name(text: &str) -> Option<String> {
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
    pub(super) fn done(self) -> Gemeente {
        let cak = self.cak.map(|cak| PartnerId(cak.value));
        let (productcodes, policy) = (self.productcodes, self.policy);
        Gemeente { code: self.code.value, name: self.name, cak, productcodes, policy }
    }
}

impl PartnerDraft {
    /// Returns how it gets what is for it: what the section says, or what it has the means for.
    pub(super) fn way(&self) -> PartnerRoute {
        match &self.route {
            Some(route) => route.value,
            None if self.via.is_some() || self.kind == PartnerKind::Ggk => PartnerRoute::Stuf,
            None if self.folder.is_some() => PartnerRoute::Map,
            None if self.url.is_some() => PartnerRoute::Direct,
            None => PartnerRoute::Ophalen,
        }
    }

    pub(super) fn done(self, all: &[Gemeentecode]) -> Partner {
        let named: Vec<Gemeentecode> = self.gemeenten.iter().map(|found| found.value).collect();
        let route = self.way();
        let oin = self.oin.map(|found| found.value);
        // C-55: whoever has an OIN is expected to have it as a server too.
        let server_oin = self.server_oin.map_or(oin, |found| found.value).filter(|_| self.url.is_some());
        Partner {
            id: PartnerId(self.id.value),
            kind: self.kind,
            agb: self.agb.map(|found| found.value),
            route,
            url: self.url.map(|found| found.value),
            via: self.via.map(|found| PartnerId(found.value)),
            folder: self.folder.map(|found| found.value),
            fingerprints: self.fingerprints.into_iter().map(|found| found.value).collect(),
            oin,
            server_oin,
            stilte: self.stilte,
            gemeenten: if named.is_empty() { all.to_vec() } else { named },
            limits: self.limits,
        }
    }
}

impl TokenDraft {
    pub(super) fn done(self) -> Token {
        let gemeenten = self.gemeenten.into_iter().map(|found| found.value).collect();
        Token { name: self.name.value, sha256: self.sha256.value.0, gemeenten }
    }
}
