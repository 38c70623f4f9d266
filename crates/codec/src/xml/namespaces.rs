//! Namespace declarations in force, as a bounded stack.

use std::borrow::Cow;

use super::{RawAttribute, XmlFault, XmlFaultKind, count_work, unescape_attribute};

/// The namespace of `xsi:type`, `xsi:nil` and the schema locations.
pub(crate) const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";
const XML: &str = "http://www.w3.org/XML/1998/namespace";
const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

/// The bindings in force. `I` is what the owner knows a namespace by; it is computed once per declaration.
#[derive(Debug)]
pub(crate) struct Namespaces<'x, I> {
    bindings: Vec<Binding<'x, I>>,
    max: usize,
    none: I,
    xml: I,
}

#[derive(Debug)]
struct Binding<'x, I> {
    prefix: &'x str,
    uri: Cow<'x, str>,
    id: I,
}

impl<'x, I: Copy> Namespaces<'x, I> {
    /// Returns a stack on which only `xml` is bound; `identify` gives the owner's name for a namespace.
    pub(crate) fn new(max: usize, identify: impl Fn(&str) -> I) -> Self {
        Self { bindings: Vec::new(), max, none: identify(""), xml: identify(XML) }
    }

    /// Returns the height of the stack, to come back to with [`Self::restore`].
    pub(crate) fn mark(&self) -> usize {
        self.bindings.len()
    }

    /// Forgets what was declared after a mark.
    pub(crate) fn restore(&mut self, mark: usize) {
        self.bindings.truncate(mark);
    }

    /// Puts a declaration into force. Returns whether the attribute was one.
    ///
    /// # Errors
    ///
    /// When the declaration is forbidden or one too many.
    pub(crate) fn declare(
        &mut self,
        attribute: &RawAttribute<'x>,
        identify: impl Fn(&str) -> I,
    ) -> Result<bool, XmlFault> {
        let prefix = match attribute.name.strip_prefix("xmlns") {
            Some("") => "",
            Some(rest) => match rest.strip_prefix(':') {
                Some(prefix) => prefix,
                None => return Ok(false),
            },
            None => return Ok(false),
        };
        let fault = |kind| XmlFault { kind, offset: attribute.offset };
        if self.bindings.len() >= self.max {
            return Err(fault(XmlFaultKind::LimitNamespaces));
        }
        let uri = unescape_attribute(attribute.value);
        let named = attribute.name.len() > "xmlns".len();
        // Namespaces in XML 1.0, section 3: reserved prefixes and names, and no empty name for a prefix.
        let forbidden = (named && (prefix.is_empty() || prefix.contains(':') || uri.is_empty()))
            || prefix == "xmlns"
            || uri == XMLNS
            || ((prefix == "xml") != (uri == XML));
        if forbidden {
            return Err(fault(XmlFaultKind::NamespaceDeclaration));
        }
        let id = identify(&uri);
        self.bindings.push(Binding { prefix, uri, id });
        Ok(true)
    }

    /// Returns the prefixes that are bound, the last declared first, each with what the owner knows its namespace
    /// by; the empty prefix is among them.
    pub(crate) fn in_force(&self) -> impl Iterator<Item = (&'x str, I)> {
        let declared = self.bindings.iter().enumerate().rev();
        let declared = declared.filter(|(at, binding)| {
            !self.bindings[at + 1..].iter().any(|later| later.prefix == binding.prefix)
        });
        let bare = self.bindings.iter().all(|binding| !binding.prefix.is_empty());
        declared.map(|(_, binding)| (binding.prefix, binding.id)).chain(bare.then_some(("", self.none)))
    }

    /// Returns the namespace a prefix stands for (the empty prefix: the default namespace, or none);
    /// `None` when it is not declared.
    pub(crate) fn resolve(&self, prefix: &str) -> Option<(&str, I)> {
        count_work(self.bindings.len());
        match self.bindings.iter().rev().find(|binding| binding.prefix == prefix) {
            Some(binding) => Some((&binding.uri, binding.id)),
            None if prefix.is_empty() => Some(("", self.none)),
            None if prefix == "xml" => Some((XML, self.xml)),
            None => None,
        }
    }
}
