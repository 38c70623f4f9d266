//! The rules this machine judges, with the code each gives.

use serde::{Deserialize, Serialize};

use crate::identity::Retourcode;

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident => $code:literal;)*) => {
        /// A rule of the standard that needs more than the message: earlier messages, lists or the clock.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum Regel {
            $($(#[$doc])* $name,)*
        }

        impl Regel {
            /// Every rule of this machine.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Returns the rule with this id.
            #[must_use]
            pub fn of(id: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|rule| rule.id() == id)
            }

            /// Returns the id in the rule set of the standard.
            #[must_use]
            pub fn id(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }

            /// Returns the code of a message that breaks the rule.
            #[must_use]
            pub fn retourcode(self) -> Retourcode {
                match self {
                    $(Self::$name => Retourcode::known($code),)*
                }
            }
        }
    };
}

rules! {
    /// StatusAanlevering of a start or stop is 1 or 3.
    CS058 => b"0001";
    /// The toewijzing exists.
    TR019 => b"9019";
    /// Identificatie was not used before.
    TR056 => b"9056";
    /// What is deleted was delivered.
    TR063 => b"9063";
    /// A start with a stop is not deleted.
    TR071 => b"9071";
    /// The key was not delivered before.
    TR074 => b"9074";
    /// Dagtekening is not in the future.
    TR135 => b"8848";
    /// The client has a toewijzing with this aanbieder, and every number is the client's.
    TR304 => b"8187";
    /// No delivery is open on this toewijzing.
    TR326 => b"9326";
    /// ToewijzingNummer is unique within the gemeente.
    TR332 => b"9332";
    /// ReferentieAanbieder of a request was not used before.
    TR347 => b"9347";
    /// Every actual toewijzing is named.
    TR349 => b"9349";
    /// What stays as it is, is an actual toewijzing.
    TR350 => b"9350";
    /// What is to change is an actual toewijzing.
    TR351 => b"9351";
    /// An answer names a request.
    TR355 => b"9355";
    /// A change is wanted after Dagtekening, or from the beginning of the toewijzing.
    TR357 => b"9357";
    /// No answer to a request that was granted.
    TR359 => b"9359";
    /// Only the first answer may say that the request is looked into.
    TR360 => b"9360";
    /// What is wanted does not overlap with support of the same kind.
    TR361 => b"9361";
    /// No answer after a refusal.
    TR365 => b"9365";
    /// A budget, or a volume within the whole period, changes from the beginning of the toewijzing.
    TR373 => b"9373";
    /// No request of this client waits for an answer.
    TR374 => b"9374";
    /// A generic toewijzing has no Omvang.
    TR375 => b"9375";
    /// The gemeente exists.
    TR378 => b"S300";
    /// ReferentieAanbieder names a request that waits for an answer.
    TR379 => b"9379";
    /// The product belongs to its category.
    TR381 => b"S329";
    /// A stop belongs to an actual start.
    TR382 => b"9069";
    /// No Prestatie was approved on a toewijzing that is deleted.
    TR385 => b"9385";
    /// A toewijzing with a product code keeps an Omvang.
    TR411 => b"9411";
    /// A toewijzing with a category alone has no Omvang.
    TR412 => b"9412";
    /// No temporary stop after a temporary stop.
    TR413 => b"9413";
    /// A stop is not earlier than the one before it.
    TR414 => b"9414";
    /// No stop after a definitive stop.
    TR415 => b"9415";
}

/// A set of rules, in the order of their ids.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Regels(u64);

/// There is a bit for every rule.
const _: () = assert!(Regel::ALL.len() <= u64::BITS as usize);

impl Regels {
    /// Adds a rule.
    pub fn add(&mut self, regel: Regel) {
        self.0 |= 1 << regel as u32;
    }

    /// True when the rule is in the set.
    #[must_use]
    pub fn contains(self, regel: Regel) -> bool {
        self.0 & (1 << regel as u32) != 0
    }

    /// Returns the rules.
    pub fn iter(self) -> impl Iterator<Item = Regel> {
        Regel::ALL.iter().copied().filter(move |regel| self.contains(*regel))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_what_was_added() {
        let mut set = Regels::default();
        assert_eq!(set.iter().count(), 0);
        set.add(Regel::TR415);
        set.add(Regel::CS058);
        set.add(Regel::TR415);
        assert_eq!(set.iter().collect::<Vec<_>>(), [Regel::CS058, Regel::TR415]);
        assert!(set.contains(Regel::CS058) && !set.contains(Regel::TR019));
        for rule in Regel::ALL {
            set.add(*rule);
            assert_eq!(Regel::of(rule.id()), Some(*rule));
        }
        assert_eq!(set.iter().collect::<Vec<_>>(), Regel::ALL);
        assert_eq!(Regel::of("TR000"), None);
    }
}
