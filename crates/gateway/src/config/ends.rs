//! The certificates and lists of a configuration that end.

use rustls::pki_types::CertificateDer;

use super::Config;
use crate::pki::{End, EndKind, Identity, PeerCertificate, Revocation};

impl Config {
    /// Returns everything that ends: our certificates, those of the authorities that we trust, and the lists of what they
    /// took back. What cannot be read is a mistake that `check-config` reports.
    #[must_use]
    pub fn ends(&self) -> Vec<End> {
        let mut ends = Vec::new();
        let backoffice = self.backoffice.as_ref();
        own("exchange", Some(&self.exchange.identity), &mut ends);
        own("backoffice", backoffice.map(|settings| &settings.identity), &mut ends);
        own("sending", self.sending.identity.as_ref(), &mut ends);
        authorities("exchange.client_ca", &self.exchange.client_authorities, &mut ends);
        lists("exchange.client_crl", &self.exchange.revocation, &mut ends);
        if let Some(settings) = backoffice {
            authorities("backoffice.client_ca", &settings.client_authorities, &mut ends);
            lists("backoffice.client_crl", &settings.revocation, &mut ends);
        }
        authorities("sending.server_ca", &self.sending.authorities, &mut ends);
        lists("sending.server_crl", &self.sending.revocation, &mut ends);
        ends
    }
}

fn own(name: &str, identity: Option<&Identity>, ends: &mut Vec<End>) {
    let certificate = identity.and_then(|identity| identity.certificate().ok());
    ends.extend(certificate.map(|certificate| end(EndKind::Own, name.to_owned(), certificate)));
}

fn authorities(name: &str, authorities: &[CertificateDer<'static>], ends: &mut Vec<End>) {
    for (number, authority) in (1..).zip(authorities) {
        let certificate = PeerCertificate::from_der(authority).ok();
        let name = format!("{name}[{number}]");
        ends.extend(certificate.map(|certificate| end(EndKind::Authority, name, certificate)));
    }
}

fn lists(name: &str, revocation: &Revocation, ends: &mut Vec<End>) {
    for (number, list) in (1..).zip(&revocation.lists) {
        let Some(until) = list.until else { continue };
        let (name, of) = (format!("{name}[{number}]"), list.authority.clone());
        ends.push(End { kind: EndKind::List, name, of, from: list.made, until });
    }
}

fn end(kind: EndKind, name: String, certificate: PeerCertificate) -> End {
    let PeerCertificate { subject, not_before, not_after, .. } = certificate;
    End { kind, name, of: subject, from: not_before, until: not_after }
}
