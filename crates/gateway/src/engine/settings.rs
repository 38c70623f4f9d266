//! What the engine needs of the configuration.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use iwmo_toewijzing::cak::{Bedenktijd, EbBeleid};
use iwmo_toewijzing::identity::{Aanbieder, Gemeente};
use iwmo_toewijzing::judge::{Beleid, Gemeentelijst, Productlijst};
use jiff::civil::Date;

use crate::engine::PartnerId;
use crate::record::Wie;

/// The policy and the partners that messages are judged with.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The gemeenten this gateway serves.
    pub gemeenten: BTreeMap<Gemeente, GemeenteSettings>,
    /// The counterparties.
    pub partners: BTreeMap<PartnerId, PartnerSettings>,
    /// Those of them that get their messages in envelopes of the GGk.
    pub stuf: BTreeSet<PartnerId>,
    /// Known gemeentecodes (TR378); none: not checked.
    pub gemeentelijst: Option<Gemeentelijst>,
}

/// A gemeente and its choices.
#[derive(Clone, Debug, Default)]
pub struct GemeenteSettings {
    /// The partner that is its CAK; without one nothing is sent to the CAK.
    pub cak: Option<PartnerId>,
    /// Open points of the lifecycle.
    pub beleid: Beleid,
    /// The eigen bijdrage.
    pub eb: EbBeleid,
    /// Product codes agreed with the aanbieders (TR381); none: not checked.
    pub producten: Option<Productlijst>,
    /// How long a message to the CAK is held, so that a correction that follows at once is never sent as two
    /// messages, in place of what the policy says; none: as that says.
    pub bedenktijd: Option<Duration>,
}

/// What the journal says about a change of the settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Noted {
    /// What changed, a line each.
    pub wat: Vec<String>,
    /// Who asked for it; none: a signal, or a file that was replaced.
    pub wie: Option<Wie>,
    /// Why, in their words.
    pub reden: Option<String>,
}

/// What a partner is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartnerKind {
    /// A care provider.
    Aanbieder(Aanbieder),
    /// The CAK.
    Cak,
    /// A municipal system.
    Backoffice,
}

/// A counterparty, as far as the engine cares.
#[derive(Clone, Debug)]
pub struct PartnerSettings {
    /// What it is.
    pub kind: PartnerKind,
    /// The gemeenten it deals with.
    pub gemeenten: Vec<Gemeente>,
}

impl GemeenteSettings {
    /// Returns how long a message to the CAK that is made on a day is held; none: until the next daily run.
    #[must_use]
    pub fn bedenktijd_op(&self, day: Date) -> Option<Duration> {
        self.bedenktijd.or(match self.eb.op(day).bedenktijd {
            Bedenktijd::DagelijkseRun => None,
            Bedenktijd::Seconden(seconds) => Some(Duration::from_secs(seconds.into())),
        })
    }
}

impl Settings {
    /// Returns the partner that is this aanbieder for this gemeente.
    #[must_use]
    pub fn aanbieder(&self, aanbieder: Aanbieder, gemeente: Gemeente) -> Option<&PartnerId> {
        let is = |partner: &PartnerSettings| {
            partner.kind == PartnerKind::Aanbieder(aanbieder) && partner.gemeenten.contains(&gemeente)
        };
        self.partners.iter().find(|(_, partner)| is(partner)).map(|(id, _)| id)
    }
}
