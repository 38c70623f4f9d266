//! StUF envelopes of the GGk (ggk0210 on StUF 03.01): read, judged by their schemas, written.
//!
//! Six kinds travel: [`Di01`](Envelope::Di01) carries a heenbericht and [`Du01`](Envelope::Du01) a retour, each with
//! the message as base64; [`Bv03`](Envelope::Bv03) and [`Bv04`](Envelope::Bv04) say that a message was taken in;
//! [`Fo01`](Envelope::Fo01) refuses it later, [`Fo03`](Envelope::Fo03) at once. What SOAP and HTTP add is no concern
//! of this module: [`crate::soap`] does the one.
//!
//! Reading is tolerant and writing is strict, because the hub's own messages deviate from its rules: what the
//! schema allows is read as it stands, and each value can say whether it is what a sender should write.
//!
//! ```
//! use iwmo_codec::stuf::{Adres, Envelope, Refnummer, Systeem, Tijdstip, Versie, Vrijbericht};
//! use iwmo_codec::MessageKind;
//!
//! let adres = Adres {
//!     zender: Systeem::new("0222", "Zorgsuite"),
//!     ontvanger: Systeem::new("12345678", "GGk"),
//! };
//! let refnummer = Refnummer::from_random(0x0f3c_5a77_9be1_42d0_8c66_1e9a_55d2_7b01);
//! let tijdstip: Tijdstip = "20260115093012345".parse()?;
//! let bericht = Vrijbericht::wrap(
//!     MessageKind::Wmo301, b"<wmo301:Bericht/>".to_vec(), adres, refnummer.clone(), tijdstip.clone(), Versie::new(4, 12),
//! );
//! let xml = Envelope::Di01(bericht).encode_to_send().expect("it is small");
//!
//! let received = Envelope::read(&xml).expect("what was written is valid");
//! assert_eq!(received.refnummer(), &refnummer);
//! let Envelope::Di01(bericht) = &received else { panic!("a Di01") };
//! assert_eq!(bericht.payload(false), Ok((MessageKind::Wmo301, &b"<wmo301:Bericht/>"[..])));
//!
//! // The receiver takes it in.
//! let answer = Refnummer::from_random(0x9d21_0c4e_7712_4b3f_a9c0_4412_8f6e_0d55);
//! let bevestiging = received.acknowledge(answer, tijdstip);
//! assert_eq!(bevestiging.cross_refnummer(), Some(&refnummer));
//! # Ok::<(), iwmo_codec::value::LexicalError>(())
//! ```

mod envelope;
mod fout;
mod parts;
mod payload;
mod peek;
mod values;
mod whole;

use std::sync::OnceLock;

pub use envelope::{Bevestiging, Envelope, EnvelopeTooLarge, Foutbericht, Vrijbericht};
pub use fout::{Fout, Plek};
pub use parts::{Adres, Bestand, Systeem, Versie};
pub use payload::PayloadProblem;
pub use peek::{Peek, PeekedSysteem, peek};
pub use values::{Refnummer, Tijdstip};
pub use whole::{Unpacked, is_envelope, unpack};

use crate::report::Report;
use crate::schema::{SchemaSource, Schemas};
use crate::validate::Walk;

/// The bytes that an envelope may have when it is sent: 25 MB, read as strictly as the specification can be.
pub const SENT_BYTES_MAX: usize = 25_000_000;
/// The bytes that an envelope may have when it is received: 25 MB, read as generously as it can be.
pub const RECEIVED_BYTES_MAX: usize = 25 * 1024 * 1024;

const SOURCES: &[SchemaSource<'static>] = &[
    SchemaSource { name: "ggk0210.xsd", text: include_str!("../../../../schemas/ggk/0210/ggk0210.xsd") },
    SchemaSource { name: "stuf0301.xsd", text: include_str!("../../../../schemas/ggk/0210/stuf0301.xsd") },
];

/// Returns the schemas of the envelopes, compiled on first use.
///
/// # Panics
///
/// Never: a test compiles the same texts.
#[must_use]
pub fn schemas() -> Schemas {
    static SCHEMAS: OnceLock<Schemas> = OnceLock::new();
    let schemas = SCHEMAS.get_or_init(|| match Schemas::load(SOURCES) {
        Ok(schemas) => schemas.with_bytes_max(RECEIVED_BYTES_MAX),
        Err(error) => unreachable!("the schemas of the envelopes compile: {error}"),
    });
    schemas.clone()
}

/// Judges an envelope by XML and by schema; what it carries is not looked at.
#[must_use]
pub fn validate(xml: &[u8]) -> Report {
    let schemas = schemas();
    let mut walk = Walk::new(&schemas, xml);
    let code = walk.root().and_then(|(_, name)| envelope::code_of(name));
    let mut report = walk.finish();
    envelope::name_report(&mut report, code);
    report
}

#[cfg(test)]
mod tests;
