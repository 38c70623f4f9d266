//! Tells in time that certificates and revocation lists end.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::seen::Seen;
use crate::clock::Clock;
use crate::config::Config;
use crate::listener::Stop;
use crate::pki::{End, EndKind, Teller};

/// How often it is looked at.
const LOOK: Duration = Duration::from_secs(15 * 60);

/// Returns everything that ends: what the configuration names, and what its partners showed last.
#[must_use]
pub fn ends(config: &Config, seen: &std::collections::BTreeMap<String, super::SeenPartner>) -> Vec<End> {
    let mut ends = config.ends();
    for partner in &config.partners {
        let shown = seen.get(&partner.id.0).and_then(|seen| seen.certificaat.as_ref());
        ends.extend(shown.map(|shown| End {
            kind: EndKind::Partner,
            name: partner.id.0.clone(),
            of: shown.houder.clone(),
            from: shown.van,
            until: shown.tot,
        }));
    }
    ends
}

/// Tells of what ends until told to stop; at once after a start and after each new configuration.
pub(super) async fn watch(
    mut config: watch::Receiver<Arc<Config>>,
    seen: Arc<Seen>,
    clock: Arc<dyn Clock>,
    mut stop: Stop,
) {
    let mut teller = Teller::default();
    let mut following = true;
    loop {
        let in_force = Arc::clone(&config.borrow_and_update());
        let now = clock.now();
        for end in teller.due(ends(&in_force, &seen.all()), now, clock.today()) {
            tell(&end, end.days_left(now));
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            changed = config.changed(), if following => following = changed.is_ok(),
            () = stop.stopped() => return,
        }
    }
}

/// The subject of a partner's certificate is left out: the partner is named.
fn tell(end: &End, days: i64) {
    let (name, until) = (end.name.as_str(), end.until);
    let over = days < 0;
    match end.kind {
        EndKind::Own if over => {
            tracing::error!(code = "CertificateExpired", name, %until, "OUR CERTIFICATE HAS EXPIRED: partners refuse it. Put a new one there.");
        }
        EndKind::Own => {
            tracing::warn!(code = "CertificateEnds", name, %until, days, "Our certificate ends soon. Put a new one there; partners that pin its key must know that first.");
        }
        EndKind::Authority => {
            tracing::warn!(code = "AuthorityEnds", name, of = end.of, %until, days, "The certificate of an authority ends, or has ended: nobody under it gets in then.");
        }
        EndKind::List => {
            tracing::warn!(code = "RevocationListEnds", name, of = end.of, %until, days, "A revocation list ends, or has ended. Fetch the new one of its authority.");
        }
        EndKind::Partner => {
            tracing::warn!(code = "PartnerCertificateEnds", partner = name, %until, days, "The certificate that a partner shows ends, or has ended. Ask whether it has a new one.");
        }
    }
}
