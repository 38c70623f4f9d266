//! The delivery machine: what the aanbieder reports, derived from starts and stops (section 5 of the lifecycle).

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Dossier, Levering, Onderwerp, Start, Stop};
use crate::event::{StartKey, StopKey};
use crate::identity::RedenBeeindiging;

/// State of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LeveringStatus {
    /// No live start. Not final.
    NietGestart,
    /// A start without a stop. Not final.
    Gestart,
    /// The latest start has a temporary stop only. Not final: it may be resumed or ended.
    TijdelijkGestopt,
    /// The latest start has a definitive stop. Not final: delivery may begin again (OP379).
    Beeindigd,
}

impl LeveringStatus {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::NietGestart, Self::Gestart, Self::TijdelijkGestopt, Self::Beeindigd];

    /// Returns the name that reports and interfaces use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NietGestart => "NIET_GESTART",
            Self::Gestart => "GESTART",
            Self::TijdelijkGestopt => "TIJDELIJK_GESTOPT",
            Self::Beeindigd => "BEEINDIGD",
        }
    }
}

/// State of a delivery with the dates that decide it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeveringStaat {
    /// The state.
    pub status: LeveringStatus,
    /// Begindatum of the start concerned.
    #[serde(with = "crate::compact::optional_date")]
    pub begindatum: Option<Date>,
    /// Einddatum of the stop that decides.
    #[serde(with = "crate::compact::optional_date")]
    pub einddatum: Option<Date>,
    /// RedenBeeindiging of the stop that decides.
    pub reden: Option<RedenBeeindiging>,
}

impl Levering {
    /// Returns every start on record in order of processing, deleted ones included.
    #[must_use]
    pub fn starts(&self) -> &[Start] {
        &self.starts
    }

    /// Returns every stop on record in order of processing, deleted ones included.
    #[must_use]
    pub fn stops(&self) -> &[Stop] {
        &self.stops
    }

    /// Returns the starts that were not deleted.
    pub fn live_starts(&self) -> impl Iterator<Item = &Start> + '_ {
        self.starts.iter().filter(|start| start.verwijderd_door.is_none())
    }

    /// Returns the stops that were not deleted.
    pub fn live_stops(&self) -> impl Iterator<Item = &Stop> + '_ {
        self.stops.iter().filter(|stop| stop.verwijderd_door.is_none())
    }

    /// Returns the live stops of a start: same product, same Begindatum.
    pub fn stops_of<'a>(&'a self, start: &'a StartKey) -> impl Iterator<Item = &'a Stop> + 'a {
        self.live_stops().filter(move |stop| stop.key.start == *start)
    }

    /// Returns the live stops on a Begindatum, whatever their product: TR413, TR414 and TR415 do not name it.
    pub(crate) fn stops_on(&self, begindatum: Date) -> impl Iterator<Item = &Stop> + '_ {
        self.live_stops().filter(move |stop| stop.key.start.begindatum == begindatum)
    }

    /// Returns the live start with this key.
    #[must_use]
    pub fn live_start(&self, key: &StartKey) -> Option<&Start> {
        self.live_starts().find(|start| start.key == *key)
    }

    /// Returns the live stop with this key.
    #[must_use]
    pub fn live_stop(&self, key: &StopKey) -> Option<&Stop> {
        self.live_stops().find(|stop| stop.key == *key)
    }

    /// Returns the latest live start: greatest Begindatum, of equal ones the one processed last.
    #[must_use]
    pub fn latest_start(&self) -> Option<&Start> {
        self.live_starts().max_by_key(|start| start.key.begindatum)
    }

    /// True when the start has no live stop, temporary or definitive (TR326).
    #[must_use]
    pub fn is_open(&self, start: &StartKey) -> bool {
        self.stops_of(start).next().is_none()
    }

    /// Returns the live starts without a stop.
    pub fn open_starts(&self) -> impl Iterator<Item = &Start> + '_ {
        self.live_starts().filter(|start| self.is_open(&start.key))
    }

    /// Returns the stop that decides about a start: the definitive one, else the temporary one.
    #[must_use]
    pub fn deciding_stop(&self, start: &StartKey) -> Option<&Stop> {
        let stops = self.live_stops().filter(|stop| stop.key.start == *start);
        stops.max_by_key(|stop| (!stop.key.reden.is_tijdelijk(), stop.key.einddatum))
    }

    /// Returns the state of the delivery.
    #[must_use]
    pub fn staat(&self) -> LeveringStaat {
        if let Some(start) = self.open_starts().max_by_key(|start| start.key.begindatum) {
            return LeveringStaat {
                status: LeveringStatus::Gestart,
                begindatum: Some(start.key.begindatum),
                einddatum: None,
                reden: None,
            };
        }
        let deciding = self.latest_start().and_then(|start| self.deciding_stop(&start.key));
        match deciding {
            Some(stop) => LeveringStaat {
                status: if stop.key.reden.is_tijdelijk() {
                    LeveringStatus::TijdelijkGestopt
                } else {
                    LeveringStatus::Beeindigd
                },
                begindatum: Some(stop.key.start.begindatum),
                einddatum: Some(stop.key.einddatum),
                reden: Some(stop.key.reden),
            },
            None => LeveringStaat {
                status: LeveringStatus::NietGestart,
                begindatum: None,
                einddatum: None,
                reden: None,
            },
        }
    }
}

impl Dossier {
    /// Returns the state of the delivery of a subject.
    #[must_use]
    pub fn levering_staat(&self, onderwerp: &Onderwerp) -> LeveringStaat {
        self.levering(onderwerp).map_or_else(|| Levering::default().staat(), Levering::staat)
    }
}
