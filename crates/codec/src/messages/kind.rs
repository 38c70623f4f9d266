//! The kinds of messages.

use std::fmt;
use std::str::FromStr;

use crate::value::LexicalError;

/// A release of one of the standards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Release {
    /// iWmo 3.2: gemeenten and aanbieders.
    Iwmo3_2,
    /// iEb 1.0: gemeenten and the CAK.
    Ieb1_0,
}

impl Release {
    /// Returns the name, as `iWmo 3.2`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Iwmo3_2 => "iWmo 3.2",
            Self::Ieb1_0 => "iEb 1.0",
        }
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident $name:literal $module:ident $wire:ident $code:literal $retour:expr;)+) => {
        /// A kind of message, in the order of the standard.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum MessageKind {
            $($(#[$doc])* $kind,)+
        }

        impl MessageKind {
            /// All kinds.
            pub const ALL: &'static [Self] = &[$(Self::$kind),+];

            /// Returns the bit that stands for it in a set of kinds.
            pub(crate) const fn bit(self) -> u32 {
                1 << self as u32
            }

            /// Returns the name, as `WMO305`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)+
                }
            }

            /// Returns the BerichtCode (COD002).
            #[must_use]
            pub const fn bericht_code(self) -> u32 {
                match self {
                    $(Self::$kind => $code,)+
                }
            }

            /// Returns the release it belongs to.
            #[must_use]
            pub const fn release(self) -> Release {
                match self {
                    $(Self::$kind => Release::$module,)+
                }
            }

            /// Returns the namespace of its document element.
            #[must_use]
            pub const fn namespace(self) -> &'static str {
                match self {
                    $(Self::$kind => super::$wire::NAMESPACE,)+
                }
            }

            /// Returns the kind of the retour on it; none for a retour and for declarations (323, 325).
            #[must_use]
            pub const fn retour(self) -> Option<Self> {
                match self {
                    $(Self::$kind => $retour,)+
                }
            }
        }
    };
}

kinds! {
    /// Toewijzing: gemeente to aanbieder.
    Wmo301 "WMO301" Iwmo3_2 wmo301 414 Some(Self::Wmo302);
    /// Retour on a 301.
    Wmo302 "WMO302" Iwmo3_2 wmo302 415 None;
    /// Start of support: aanbieder to gemeente.
    Wmo305 "WMO305" Iwmo3_2 wmo305 418 Some(Self::Wmo306);
    /// Retour on a 305.
    Wmo306 "WMO306" Iwmo3_2 wmo306 419 None;
    /// Stop of support: aanbieder to gemeente.
    Wmo307 "WMO307" Iwmo3_2 wmo307 420 Some(Self::Wmo308);
    /// Retour on a 307.
    Wmo308 "WMO308" Iwmo3_2 wmo308 421 None;
    /// Request for a toewijzing: aanbieder to gemeente.
    Wmo315 "WMO315" Iwmo3_2 wmo315 444 Some(Self::Wmo316);
    /// Retour on a 315.
    Wmo316 "WMO316" Iwmo3_2 wmo316 445 None;
    /// Request for a change: aanbieder to gemeente.
    Wmo317 "WMO317" Iwmo3_2 wmo317 480 Some(Self::Wmo318);
    /// Retour on a 317.
    Wmo318 "WMO318" Iwmo3_2 wmo318 481 None;
    /// Answer to a 315 or 317: gemeente to aanbieder.
    Wmo319 "WMO319" Iwmo3_2 wmo319 482 Some(Self::Wmo320);
    /// Retour on a 319.
    Wmo320 "WMO320" Iwmo3_2 wmo320 483 None;
    /// Declaration: aanbieder to gemeente.
    Wmo323 "WMO323" Iwmo3_2 wmo323 484 None;
    /// Outcome of a declaration: gemeente to aanbieder.
    Wmo325 "WMO325" Iwmo3_2 wmo325 485 None;
    /// Start of the eigen bijdrage: gemeente to CAK.
    Wmo401 "WMO401" Ieb1_0 wmo401 470 Some(Self::Wmo402);
    /// Retour on a 401.
    Wmo402 "WMO402" Ieb1_0 wmo402 471 None;
    /// Stop of the eigen bijdrage: gemeente to CAK.
    Wmo403 "WMO403" Ieb1_0 wmo403 472 Some(Self::Wmo404);
    /// Retour on a 403.
    Wmo404 "WMO404" Ieb1_0 wmo404 473 None;
}

impl MessageKind {
    /// Returns the kind with this namespace.
    #[must_use]
    pub fn from_namespace(namespace: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.namespace() == namespace)
    }

    /// Returns the kind that this one is the retour on.
    #[must_use]
    pub fn heenbericht(self) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.retour() == Some(self))
    }

    /// Returns whether it is a retour.
    #[must_use]
    pub fn is_retour(self) -> bool {
        self.heenbericht().is_some()
    }
}

impl fmt::Display for MessageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for MessageKind {
    type Err = LexicalError;

    fn from_str(name: &str) -> Result<Self, LexicalError> {
        let found = Self::ALL.iter().copied().find(|kind| kind.name().eq_ignore_ascii_case(name));
        found.ok_or(LexicalError::new("the name of a message, as WMO305"))
    }
}

#[cfg(test)]
mod tests {
    use super::MessageKind;

    #[test]
    fn the_code_of_a_retour_is_that_of_its_heenbericht_plus_one() {
        for kind in MessageKind::ALL {
            if let Some(retour) = kind.retour() {
                assert_eq!(retour.bericht_code(), kind.bericht_code() + 1);
                assert_eq!(retour.heenbericht(), Some(*kind));
                assert_eq!(retour.release(), kind.release());
                assert_eq!(retour.retour(), None);
            }
            assert_eq!(MessageKind::from_namespace(kind.namespace()), Some(*kind));
            assert_eq!(kind.name().parse(), Ok(*kind));
        }
    }
}
