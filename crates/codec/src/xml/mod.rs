//! XML 1.0 and Namespaces in XML 1.0 for text that may be hostile.
//!
//! Limits first: document size, element depth, attributes per element and live namespace declarations
//! are bounded ([`Limits`]). DOCTYPE is refused, so there are no entities but the five that XML itself
//! defines, and nothing is ever fetched. Only UTF-8 is read, with or without byte order mark.
//!
//! [`Scanner`] cuts the text into tags and text without copying; [`Namespaces`] resolves prefixes with a
//! stack of its own. Both take time linear in the text, and neither recurses.

mod chars;
mod classes;
mod escape;
mod fault;
mod misc;
mod namespaces;
mod scan;

pub(crate) use chars::{is_name, is_name_char, is_ncname, is_xml_space, split_qname};
pub(crate) use classes::plain_length;
pub(crate) use escape::{decode, unescape_attribute, unescape_text};
pub(crate) use fault::{XmlFault, XmlFaultKind};
pub(crate) use namespaces::{Namespaces, XSI};
pub(crate) use scan::{RawAttribute, Scanner, Token};

/// Counts work for the tests that compare it with the size of a document; outside tests it is nothing.
#[inline(always)]
pub(crate) fn count_work(steps: usize) {
    #[cfg(test)]
    crate::testing::add_work(steps);
    #[cfg(not(test))]
    let _ = steps;
}

/// What a document may cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Bytes of the whole document.
    pub(crate) bytes: usize,
    /// Elements open at once.
    pub(crate) depth: usize,
    /// Attributes of one element, namespace declarations included.
    pub(crate) attributes: usize,
    /// Namespace declarations in force at once.
    pub(crate) namespaces: usize,
}

impl Limits {
    /// The bytes a message may have unless configured otherwise (interfaces.md section 3).
    pub(crate) const BYTES_MAX: usize = 32 * 1024 * 1024;
    /// Elements open at once; the deepest message has ten.
    pub(crate) const DEPTH_MAX: usize = 64;
    /// Attributes of one element; no message of the standard has any but namespace declarations.
    pub(crate) const ATTRIBUTES_MAX: usize = 32;
    /// Namespace declarations in force at once; a prefix is looked up among these.
    pub(crate) const NAMESPACES_MAX: usize = 128;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: Self::BYTES_MAX,
            depth: Self::DEPTH_MAX,
            attributes: Self::ATTRIBUTES_MAX,
            namespaces: Self::NAMESPACES_MAX,
        }
    }
}
