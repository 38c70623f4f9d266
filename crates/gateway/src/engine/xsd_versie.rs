//! The version of the schema that a message says it was made with (D21): odd outside the range, and no more than that.

use iwmo_codec::messages::Message;
use iwmo_codec::retour::XsdVersies;

/// What is said of a message that was made with another version.
pub(super) const XSD_VERSION: &str = "XSD_VERSION";

/// True when XsdVersie lies outside the range of the schemas of its release. Their lowest and highest version are the
/// same, so the range has one version; IV034 has no retourcode, and the schema itself decides whether it can be read.
pub(super) fn is_odd(message: &Message) -> bool {
    let bundled = XsdVersies::bundled(message.kind().release());
    let [basisschema, bericht] = message.header().xsd_versie;
    let other = |found: &str, ours: &str| found != ours && numbers(found) != numbers(ours);
    other(basisschema, &bundled.basisschema) || other(bericht, &bundled.bericht)
}

/// Three whole numbers, so that 1.0.0 and 01.0.0 are one version.
fn numbers(version: &str) -> Option<[u32; 3]> {
    let parts: Vec<u32> = version.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    parts.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_three_numbers() {
        assert_eq!(numbers("1.0.0"), Some([1, 0, 0]));
        assert_eq!(numbers("01.0.00"), Some([1, 0, 0]));
        for bad in ["1.0", "1.0.0.0", "1.0.x", ""] {
            assert_eq!(numbers(bad), None);
        }
    }
}
