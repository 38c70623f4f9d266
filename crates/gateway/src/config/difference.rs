//! What is different between two configurations, in words for logs and the journal: names and settings, no secrets.

use std::collections::BTreeMap;
use std::fmt::Debug;

use rustls::pki_types::CertificateDer;

use super::{Config, Gemeente, Partner, System, Token};
use crate::pki::{Identity, Revocation};

/// Returns what cannot change while the gateway runs and is to be changed, a sentence each.
#[must_use]
pub fn fixed(old: &Config, new: &Config) -> Vec<String> {
    let mut found = Vec::new();
    let mut same = |what: &str, before: String, after: String| {
        if before != after {
            found.push(format!("{what} is {before} and cannot become {after} while the gateway runs"));
        }
    };
    let address = |address: Option<std::net::SocketAddr>| {
        address.map_or("not there".to_owned(), |address| address.to_string())
    };
    let backoffice = |config: &Config| address(config.backoffice.as_ref().map(|settings| settings.address));
    same("data", old.data.display().to_string(), new.data.display().to_string());
    same("exchange.address", old.exchange.address.to_string(), new.exchange.address.to_string());
    same("backoffice.address", backoffice(old), backoffice(new));
    same("ops.address", address(old.ops), address(new.ops));
    let format = |config: &Config| format!("{:?}", config.logging.format).to_lowercase();
    same("logging.format", format(old), format(new));
    let otlp = |config: &Config| {
        config
            .telemetry
            .as_ref()
            .map_or("not there".to_owned(), |one| format!("{} for {}", one.otlp, one.service))
    };
    same("telemetry", otlp(old), otlp(new));
    found
}

/// Returns what changed, a line each; nothing when both say the same.
#[must_use]
pub fn changes(old: &Config, new: &Config) -> Vec<String> {
    let mut lines = Vec::new();
    certificates(old, new, &mut lines);
    let gemeente = |gemeente: &Gemeente| format!("gemeente {}", gemeente.code);
    named(&old.gemeenten, &new.gemeenten, gemeente, gemeente_fields, &mut lines);
    let partner = |partner: &Partner| format!("partner {}", partner.id);
    named(&old.partners, &new.partners, partner, partner_fields, &mut lines);
    let token = |token: &Token| format!("token {}", token.name);
    named(&old.tokens, &new.tokens, token, token_fields, &mut lines);
    let system = |system: &System| format!("system {}", system.name);
    named(&old.systems, &new.systems, system, system_fields, &mut lines);
    if old.gemeentecodes != new.gemeentecodes {
        lines.push("the list of gemeentecodes changed".to_owned());
    }
    if old.limits != new.limits {
        lines.push(format!("limits changed: {}", settings(&old.limits, &new.limits)));
    }
    if old.sending.pace != new.sending.pace {
        lines.push(format!("sending changed: {}", settings(&old.sending.pace, &new.sending.pace)));
    }
    if old.logging.filter != new.logging.filter {
        lines.push(format!("logging.filter is {:?}, was {:?}", new.logging.filter, old.logging.filter));
    }
    lines
}

fn certificates(old: &Config, new: &Config, lines: &mut Vec<String>) {
    let backoffice =
        |config: &'_ Config| config.backoffice.as_ref().map(|settings| settings.identity.clone());
    let own = [
        ("exchange", Some(old.exchange.identity.clone()), Some(new.exchange.identity.clone())),
        ("backoffice", backoffice(old), backoffice(new)),
        ("sending", old.sending.identity.clone(), new.sending.identity.clone()),
    ];
    for (name, before, after) in own {
        if before == after {
            continue;
        }
        lines.push(match after {
            Some(identity) => format!("the certificate of {name} was replaced: {}", in_short(&identity)),
            None => format!("{name} has no certificate of its own any more"),
        });
    }
    let none = Vec::new();
    let of_systems = |config| -> &'_ Vec<_> { backoffice_authorities(config).unwrap_or(&none) };
    let authorities = [
        ("client_ca of exchange", &old.exchange.client_authorities, &new.exchange.client_authorities),
        ("client_ca of backoffice", of_systems(old), of_systems(new)),
        ("server_ca of sending", &old.sending.authorities, &new.sending.authorities),
    ];
    for (name, before, after) in authorities {
        if before != after {
            lines.push(format!("{name} changed: {} certificates, were {}", after.len(), before.len()));
        }
    }
    let unlisted = Revocation::default();
    let of_systems = |config| -> &'_ Revocation { backoffice_lists(config).unwrap_or(&unlisted) };
    let lists = [
        ("client_crl of exchange", &old.exchange.revocation, &new.exchange.revocation),
        ("client_crl of backoffice", of_systems(old), of_systems(new)),
        ("server_crl of sending", &old.sending.revocation, &new.sending.revocation),
    ];
    for (name, before, after) in lists {
        if before != after {
            let policy = if after.lenient { "lenient" } else { "strict" };
            lines.push(format!("{name} changed: {} lists, {policy}", after.lists.len()));
        }
    }
}

fn backoffice_authorities(config: &Config) -> Option<&Vec<CertificateDer<'static>>> {
    config.backoffice.as_ref().map(|settings| &settings.client_authorities)
}

fn backoffice_lists(config: &Config) -> Option<&Revocation> {
    config.backoffice.as_ref().map(|settings| &settings.revocation)
}

/// The key of a certificate and its end.
fn in_short(identity: &Identity) -> String {
    match identity.certificate() {
        Ok(certificate) => format!("key {}, valid until {}", certificate.fingerprint, certificate.not_after),
        Err(error) => error.to_string(),
    }
}

/// Adds what was added, withdrawn and changed among things with names.
fn named<T: PartialEq>(
    old: &[T],
    new: &[T],
    name: impl Fn(&T) -> String,
    fields: impl Fn(&T, &T) -> String,
    lines: &mut Vec<String>,
) {
    let before: BTreeMap<String, &T> = old.iter().map(|one| (name(one), one)).collect();
    let after: BTreeMap<String, &T> = new.iter().map(|one| (name(one), one)).collect();
    for (name, one) in &after {
        match before.get(name) {
            None => lines.push(format!("{name} was added")),
            Some(same) if same == one => {}
            Some(other) => lines.push(format!("{name} changed: {}", fields(other, one))),
        }
    }
    let gone = before.keys().filter(|name| !after.contains_key(*name));
    lines.extend(gone.map(|name| format!("{name} was removed")));
}

/// The names of those that differ.
fn differing(pairs: &[(&str, bool)]) -> String {
    let names = pairs.iter().filter(|(_, differs)| *differs).map(|(name, _)| *name);
    names.collect::<Vec<_>>().join(", ")
}

fn gemeente_fields(old: &Gemeente, new: &Gemeente) -> String {
    differing(&[
        ("name", old.name != new.name),
        ("cak", old.cak != new.cak),
        ("productcodes", old.productcodes != new.productcodes),
        ("policy", old.policy != new.policy),
    ])
}

fn partner_fields(old: &Partner, new: &Partner) -> String {
    differing(&[
        ("kind", old.kind != new.kind),
        ("agb", old.agb != new.agb),
        ("route", old.route != new.route),
        ("url", old.url != new.url),
        ("via", old.via != new.via),
        ("folder", old.folder != new.folder),
        ("fingerprint", old.fingerprints != new.fingerprints),
        ("oin", old.oin != new.oin),
        ("server_oin", old.server_oin != new.server_oin),
        ("stilte", old.stilte != new.stilte),
        ("gemeenten", old.gemeenten != new.gemeenten),
        ("limits", old.limits != new.limits),
    ])
}

fn system_fields(old: &System, new: &System) -> String {
    differing(&[
        ("fingerprint", old.fingerprints != new.fingerprints),
        ("oin", old.oin != new.oin),
        ("gemeenten", old.gemeenten != new.gemeenten),
    ])
}

fn token_fields(old: &Token, new: &Token) -> String {
    differing(&[("sha256", old.sha256 != new.sha256), ("gemeenten", old.gemeenten != new.gemeenten)])
}

/// The settings that differ, of a struct of numbers and lengths of time, as `body 60s, was 30s`.
fn settings<T: Debug>(old: &T, new: &T) -> String {
    let lines = |value: &T| -> Vec<String> {
        let text = format!("{value:#?}");
        text.lines()
            .filter_map(|line| Some(line.strip_prefix("    ")?.trim_end_matches(',').to_owned()))
            .collect()
    };
    let pairs = lines(old).into_iter().zip(lines(new)).filter(|(before, after)| before != after);
    let said = pairs.map(|(before, after)| {
        let was = before.split_once(": ").map_or("", |(_, value)| value).to_owned();
        format!("{}, was {was}", after.replacen(": ", " ", 1))
    });
    said.collect::<Vec<_>>().join("; ")
}
