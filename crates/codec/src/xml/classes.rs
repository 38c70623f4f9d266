//! What each byte of a text asks for, and how far nothing is asked.

/// Bytes looked at together.
const STRIDE: usize = 32;

/// The length of a text in which nothing is to be resolved or refused: up to the next `<`, or to what must be
/// looked at more closely.
pub(crate) fn plain_length(bytes: &[u8]) -> usize {
    let plain = |byte: &u8| matches!(CLASSES[usize::from(*byte)], Class::Plain);
    let short = bytes.iter().take(STRIDE).take_while(|byte| plain(byte)).count();
    if short < STRIDE {
        return short;
    }
    // Written so that the compiler can compare a whole stride at once.
    let special =
        |byte: &u8| (*byte < b' ') | (*byte == b'<') | (*byte == b'&') | (*byte == b']') | (*byte == 0xEF);
    let mut at = STRIDE;
    while let Some(stride) = bytes.get(at..at + STRIDE) {
        if stride.iter().fold(false, |found, byte| found | special(byte)) {
            let length = stride.iter().take_while(|byte| plain(byte)).count();
            if length < STRIDE {
                return at + length;
            }
        }
        at += STRIDE;
    }
    at + bytes[at.min(bytes.len())..].iter().take_while(|byte| plain(byte)).count()
}

/// What a byte asks for.
#[derive(Clone, Copy)]
pub(super) enum Class {
    Plain,
    LessThan,
    Ampersand,
    Return,
    Bracket,
    Control,
    Lead,
}

/// The class of each byte.
pub(super) const CLASSES: [Class; 256] = {
    let mut classes = [Class::Plain; 256];
    let mut byte = 0;
    while byte < 0x20 {
        classes[byte] = Class::Control;
        byte += 1;
    }
    classes[b'\t' as usize] = Class::Plain;
    classes[b'\n' as usize] = Class::Plain;
    classes[b'\r' as usize] = Class::Return;
    classes[b'<' as usize] = Class::LessThan;
    classes[b'&' as usize] = Class::Ampersand;
    classes[b']' as usize] = Class::Bracket;
    classes[0xEF] = Class::Lead;
    classes
};
