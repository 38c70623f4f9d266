//! What sections of the file say about each other.

use std::collections::HashMap;
use std::fmt::Display;
use std::hash::Hash;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use super::files;
use super::mistake::{MistakeKind, said};
use super::parties::{GemeenteDraft, PartnerDraft, TokenDraft};
use super::reader::{Findings, Found};
use super::route;
use super::systems::{self, SystemDraft};
use super::{Gemeentecode, PartnerKind};

/// All that can be named or shared.
pub(super) struct Parts {
    pub(super) gemeenten: Vec<GemeenteDraft>,
    pub(super) partners: Vec<PartnerDraft>,
    pub(super) tokens: Vec<TokenDraft>,
    pub(super) systems: Vec<SystemDraft>,
    pub(super) addresses: Vec<Found<SocketAddr>>,
    /// How many authorities of clients there are; none when the section is not usable.
    pub(super) client_authorities: Option<usize>,
    /// How many authorities of servers there are.
    pub(super) server_authorities: usize,
    /// How many authorities of systems there are; none without that listener.
    pub(super) system_authorities: Option<usize>,
    /// The most bytes of a message of any partner.
    pub(super) message_bytes: usize,
}

/// Checks everything that concerns more than one section.
pub(super) fn check(parts: &Parts, findings: &mut Findings<'_>) {
    addresses(&parts.addresses, findings);
    duplicates(parts, findings);
    known_gemeenten(parts, findings);
    for gemeente in &parts.gemeenten {
        cak(gemeente, &parts.partners, findings);
    }
    for partner in &parts.partners {
        reachable(partner, parts, findings);
        route::check(partner, &parts.partners, findings);
        size(partner, parts.message_bytes, findings);
        if let Some(folder) = &partner.folder {
            files::folder(folder, findings);
        }
    }
    for token in &parts.tokens {
        own_name(&token.name, &parts.partners, findings);
    }
    for system in &parts.systems {
        own_name(&system.name, &parts.partners, findings);
        systems::check(system, parts, findings);
    }
}

fn addresses(addresses: &[Found<SocketAddr>], findings: &mut Findings<'_>) {
    for (index, second) in addresses.iter().enumerate() {
        let Some(first) = addresses[..index].iter().find(|first| overlap(first.value, second.value)) else {
            continue;
        };
        let line = findings.line(&first.span);
        let (one, other) = (&first.key, &second.key);
        let message = said(
            format!("`{other}` overlapt met `{one}` op regel {line}"),
            format!("`{other}` overlaps with `{one}` on line {line}"),
        );
        let hint = said("geef elke luisteraar een eigen poort", "give each listener a port of its own");
        findings.about(MistakeKind::Conflict, second, message, hint);
    }
}

/// Port 0 is any free port, so it never overlaps.
fn overlap(one: SocketAddr, other: SocketAddr) -> bool {
    let covers = |wide: IpAddr, narrow: IpAddr| {
        // The unspecified address of IPv6 takes the port for IPv4 too on most systems.
        wide == narrow || (wide.is_unspecified() && (wide.is_ipv6() || narrow.is_ipv4()))
    };
    one.port() != 0
        && one.port() == other.port()
        && (covers(one.ip(), other.ip()) || covers(other.ip(), one.ip()))
}

fn duplicates(parts: &Parts, findings: &mut Findings<'_>) {
    let partners = &parts.partners;
    unique(parts.gemeenten.iter().map(|gemeente| &gemeente.code), findings);
    unique(partners.iter().map(|partner| &partner.id), findings);
    unique(partners.iter().filter_map(|partner| partner.agb.as_ref()), findings);
    unique(partners.iter().flat_map(|partner| &partner.fingerprints), findings);
    unique(partners.iter().filter_map(|partner| partner.oin.as_ref()), findings);
    // Two spellings of one folder are one folder: each of the partners would speak for the other.
    let folders = partners.iter().filter_map(|partner| partner.folder.clone());
    let folders: Vec<_> = folders.map(|found| found.map(|path| one_spelling(&path))).collect();
    unique(folders.iter(), findings);
    let names = parts.tokens.iter().map(|token| &token.name);
    unique(names.chain(parts.systems.iter().map(|system| &system.name)), findings);
    unique(parts.systems.iter().flat_map(|system| &system.fingerprints), findings);
    unique(parts.systems.iter().filter_map(|system| system.oin.as_ref()), findings);
    unique(parts.tokens.iter().map(|token| &token.sha256), findings);
}

fn one_spelling(path: &Path) -> String {
    let there = path.canonicalize();
    let path = there.unwrap_or_else(|_| path.components().collect());
    path.display().to_string()
}

fn unique<'a, T: Eq + Hash + Display + 'a>(
    all: impl Iterator<Item = &'a Found<T>>,
    findings: &mut Findings<'_>,
) {
    let mut seen: HashMap<&T, &Found<T>> = HashMap::new();
    for found in all {
        let Some(first) = seen.get(&found.value) else {
            seen.insert(&found.value, found);
            continue;
        };
        let line = findings.line(&first.span);
        let (key, value) = (&found.key, &found.value);
        let message = said(
            format!("`{key}` is {value}, en dat staat al op regel {line}"),
            format!("`{key}` is {value}, which is already on line {line}"),
        );
        let hint = said("haal een van de twee weg", "remove one of the two");
        findings.about(MistakeKind::Duplicate, found, message, hint);
    }
}

fn known_gemeenten(parts: &Parts, findings: &mut Findings<'_>) {
    let named = parts.partners.iter().flat_map(|partner| &partner.gemeenten);
    let named = named.chain(parts.tokens.iter().flat_map(|token| &token.gemeenten));
    let named = named.chain(parts.systems.iter().flat_map(|system| &system.gemeenten));
    for found in named {
        if parts.gemeenten.iter().any(|gemeente| gemeente.code.value == found.value) {
            continue;
        }
        let code = found.value;
        let message = said(
            format!("gemeente {code} is niet geconfigureerd"),
            format!("gemeente {code} is not configured"),
        );
        let hint = said(
            format!("voeg [[gemeente]] met code \"{code}\" toe, of haal de code hier weg"),
            format!("add [[gemeente]] with code \"{code}\", or remove the code here"),
        );
        findings.about(MistakeKind::UnknownName, found, message, hint);
    }
}

fn cak(gemeente: &GemeenteDraft, partners: &[PartnerDraft], findings: &mut Findings<'_>) {
    let Some(cak) = &gemeente.cak else { return };
    let name = &cak.value;
    let Some(partner) = partners.iter().find(|partner| partner.id.value == *name) else {
        let message = said(
            format!("partner `{name}` is niet geconfigureerd"),
            format!("partner `{name}` is not configured"),
        );
        let hint = said(
            format!("voeg [[partner]] met id \"{name}\" en kind \"cak\" toe"),
            format!("add [[partner]] with id \"{name}\" and kind \"cak\""),
        );
        return findings.about(MistakeKind::UnknownName, cak, message, hint);
    };
    if partner.kind != PartnerKind::Cak {
        let message =
            said(format!("partner `{name}` is niet het CAK"), format!("partner `{name}` is not the CAK"));
        let hint = said("noem een partner met kind \"cak\"", "name a partner with kind \"cak\"");
        findings.about(MistakeKind::Conflict, cak, message, hint);
    } else if !deals_with(partner, gemeente.code.value) {
        let code = gemeente.code.value;
        let message = said(
            format!("partner `{name}` werkt niet voor gemeente {code}"),
            format!("partner `{name}` does not deal with gemeente {code}"),
        );
        let hint = said(
            format!("zet \"{code}\" bij de gemeenten van die partner"),
            format!("add \"{code}\" to the gemeenten of that partner"),
        );
        findings.about(MistakeKind::Conflict, cak, message, hint);
    }
}

fn deals_with(partner: &PartnerDraft, code: Gemeentecode) -> bool {
    partner.gemeenten.is_empty() || partner.gemeenten.iter().any(|found| found.value == code)
}

/// A partner can be known, and can be reached.
fn reachable(partner: &PartnerDraft, parts: &Parts, findings: &mut Findings<'_>) {
    let id = &partner.id.value;
    if partner.kind == PartnerKind::Aanbieder && partner.agb.is_none() {
        let message = said(
            format!("aanbieder `{id}` heeft geen bruikbare AGB-code"),
            format!("aanbieder `{id}` has no usable AGB code"),
        );
        let hint = said("voeg agb toe: acht cijfers", "add agb: eight digits");
        findings.about(MistakeKind::MissingKey, &partner.here, message, hint);
    }
    // What comes through a hub or a folder shows no certificate of the partner.
    let unseen = partner.via.is_some() || partner.folder.is_some();
    if partner.fingerprints.is_empty() && partner.oin.is_none() && !unseen {
        let message = said(
            format!("partner `{id}` is aan geen certificaat te herkennen"),
            format!("partner `{id}` cannot be known by any certificate"),
        );
        let hint = said(
            "voeg fingerprint toe (SHA-256 van de publieke sleutel), of oin",
            "add fingerprint (SHA-256 of the public key), or oin",
        );
        findings.about(MistakeKind::MissingKey, &partner.here, message, hint);
    }
    if let Some(oin) = &partner.oin
        && parts.client_authorities == Some(0)
    {
        let message = said(
            "een OIN telt alleen onder een vertrouwde uitgever, en die is er niet",
            "an OIN only counts under a trusted authority, and there is none",
        );
        let hint = said(
            "voeg client_ca toe aan [exchange], of gebruik fingerprint",
            "add client_ca to [exchange], or use fingerprint",
        );
        findings.about(MistakeKind::Conflict, oin, message, hint);
    }
    if let Some(url) = &partner.url
        && parts.server_authorities == 0
    {
        let message = said(
            "er is geen uitgever waaronder de server van deze partner wordt vertrouwd",
            "there is no authority under which this partner's server is trusted",
        );
        let hint = said("voeg server_ca toe aan [sending]", "add server_ca to [sending]");
        findings.about(MistakeKind::Conflict, url, message, hint);
    }
}

/// A limit of one partner that is wider than that of all would not count.
fn size(partner: &PartnerDraft, message_bytes: usize, findings: &mut Findings<'_>) {
    if partner.limits.message_bytes.is_some_and(|own| own > message_bytes) {
        let message = said(
            format!("`message_bytes` is meer dan de {message_bytes} die voor alle partners geldt"),
            format!("`message_bytes` is more than the {message_bytes} that holds for all partners"),
        );
        let hint =
            said("verhoog limits.message_bytes, of verlaag dit", "raise limits.message_bytes, or lower this");
        findings.about(MistakeKind::Conflict, &partner.here, message, hint);
    }
}

/// Messages of a token or a system are from the partner of that name, so the name must not be another's.
fn own_name(name: &Found<String>, partners: &[PartnerDraft], findings: &mut Findings<'_>) {
    let taken = partners
        .iter()
        .any(|partner| partner.id.value == name.value && partner.kind != PartnerKind::Backoffice);
    if taken {
        let message = said(
            format!("`{}` is al een partner die geen backoffice is", name.value),
            format!("`{}` is already a partner that is no backoffice", name.value),
        );
        let hint = said("kies hier een andere naam", "choose another name here");
        findings.about(MistakeKind::Conflict, name, message, hint);
    }
}
