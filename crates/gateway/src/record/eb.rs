//! What the CAK planner decided.

use minicbor::{Decode, Encode};

/// What the CAK planner decided for one person.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct EbBesluit {
    /// The person.
    #[n(0)]
    pub bsn: String,
    /// What to do.
    #[n(1)]
    pub uitkomst: EbUitkomst,
}

/// The outcome of planning.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub enum EbUitkomst {
    /// What the CAK knows is what it should know.
    #[n(0)]
    Niets,
    /// A notification is sent; it is the last of the entry's outgoing messages.
    #[n(1)]
    Melding {
        /// 0: WMO401 (start), 1: WMO403 (stop).
        #[n(0)]
        soort: u8,
        /// StatusAanlevering: 1 first, 2 changed, 3 deleted.
        #[n(1)]
        status: u8,
        /// EbStartNummer.
        #[n(2)]
        nummer: u32,
        /// EbStartdatum or EbStopdatum.
        #[n(3)]
        datum: String,
        /// Identificatie of the notification.
        #[n(4)]
        identificatie: String,
        /// Dagtekening of the notification.
        #[n(5)]
        dagtekening: String,
        /// KostprijsBedrag in eurocents, when the CAK is to guard a price.
        #[n(6)]
        kostprijs_cent: Option<u32>,
        /// KostprijsStartdatum.
        #[n(7)]
        kostprijs_vanaf: Option<String>,
    },
    /// Look again later.
    #[n(2)]
    Wacht {
        /// From this moment on, in microseconds since 1970 UTC.
        #[n(0)]
        tot: i64,
        /// Why.
        #[n(1)]
        reden: String,
    },
    /// A person must decide.
    #[n(3)]
    Handmatig {
        /// Why.
        #[n(0)]
        reden: String,
    },
}
