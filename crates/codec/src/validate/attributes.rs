//! Attributes of an element: those of `xsi`, and those its type declares.

use super::findings::Finding;
use super::frame::body;
use super::walk::Walk;
use super::{value, words};
use crate::schema::{NO_NAMESPACE, TypeRef, UNKNOWN_NAMESPACE, normalise};
use crate::xml::{RawAttribute, XSI, XmlFault, XmlFaultKind, is_xml_space, split_qname, unescape_attribute};

impl<'x> Walk<'x, '_> {
    /// Checks that prefixes are declared, and that no two attributes have one expanded name
    /// (Namespaces in XML, section 6.3).
    pub(super) fn check_attribute_names(&mut self) {
        let count = self.scanner.attributes().len();
        for index in 0..count {
            let attribute = self.scanner.attributes()[index];
            let (prefix, local) = split_qname(attribute.name).unwrap_or(("", attribute.name));
            if prefix.is_empty() || prefix == "xmlns" {
                continue;
            }
            let Some((uri, _)) = self.namespaces.resolve(prefix) else {
                self.scanner.record(XmlFault { kind: XmlFaultKind::Prefix, offset: attribute.offset });
                continue;
            };
            // The scanner limits how many there are to compare with, and has found equal names already.
            let twice = self.scanner.attributes()[..index].iter().any(|other| {
                let Some((other_prefix, other_local)) = split_qname(other.name) else { return false };
                other_local == local
                    && !other_prefix.is_empty()
                    && other_prefix != prefix
                    && self.namespaces.resolve(other_prefix).is_some_and(|(other_uri, _)| other_uri == uri)
            });
            if twice {
                self.scanner
                    .record(XmlFault { kind: XmlFaultKind::AttributeTwice, offset: attribute.offset });
            }
        }
    }

    /// Checks the attributes of the element that has just opened against its type.
    pub(super) fn check_attributes(&mut self, type_ref: TypeRef) {
        let tables = self.tables;
        let mut type_ref = type_ref;
        // Bit per declared attribute; a type with more than 64 does not exist within the limit of attributes.
        let mut seen = 0_u64;
        for index in 0..self.scanner.attributes().len() {
            let attribute = self.scanner.attributes()[index];
            if attribute.name == "xmlns" || attribute.name.starts_with("xmlns:") {
                continue;
            }
            let Some((prefix, local)) = split_qname(attribute.name) else { continue };
            let (is_xsi, namespace) = match prefix {
                "" => (false, NO_NAMESPACE),
                _ => self
                    .namespaces
                    .resolve(prefix)
                    .map_or((false, UNKNOWN_NAMESPACE), |(uri, id)| (uri == XSI, id)),
            };
            if is_xsi {
                type_ref = self.check_xsi(&attribute, local, type_ref);
                continue;
            }
            let declared = match type_ref {
                TypeRef::Any => continue,
                TypeRef::Simple(_) => None,
                TypeRef::Complex(number) => {
                    tables.complex(number).attributes.iter().enumerate().find(|(_, declared)| {
                        declared.namespace == namespace && declared.name.as_ref() == local
                    })
                }
            };
            match declared {
                Some((bit, declared)) => {
                    seen |= 1_u64.checked_shl(u32::try_from(bit).unwrap_or(u32::MAX)).unwrap_or(0);
                    self.check_attribute_value(&attribute, declared.simple, declared.fixed.as_deref());
                }
                None => {
                    let simple = matches!(type_ref, TypeRef::Simple(_));
                    let rule = if simple { "cvc-type.3.1.1" } else { "cvc-complex-type.3.2.2" };
                    self.report(attribute.offset, Finding::new(rule, words::no_attribute(local)));
                }
            }
        }
        if let TypeRef::Complex(number) = type_ref {
            for (bit, declared) in tables.complex(number).attributes.iter().enumerate() {
                if declared.required && bit < 64 && seen & (1 << bit) == 0 {
                    let offset = self.scanner.token_offset();
                    self.report(
                        offset,
                        Finding::new("cvc-complex-type.4", words::attribute_missing(&declared.name)),
                    );
                }
            }
        }
    }

    fn check_attribute_value(&mut self, attribute: &RawAttribute<'x>, simple: u32, fixed: Option<&str>) {
        let simple = self.tables.simple(simple);
        let value = unescape_attribute(attribute.value);
        let value = normalise(simple.white_space, &value);
        if let Some(mut finding) = value::finding(simple, Some(&value), "", attribute.name) {
            finding.value = Some((value.into_owned(), true));
            self.report(attribute.offset, finding);
        } else if let Some(fixed) = fixed.filter(|fixed| !simple.same(&value, fixed)) {
            self.report(attribute.offset, Finding::new("cvc-au", words::not_fixed(attribute.name, fixed)));
        }
    }

    /// Judges an attribute of `xsi` and returns the type that the element has from then on.
    fn check_xsi(&mut self, attribute: &RawAttribute<'x>, local: &str, type_ref: TypeRef) -> TypeRef {
        match local {
            // Where a sender looked for schemas is no concern of a receiver: ours decide.
            "schemaLocation" | "noNamespaceSchemaLocation" => type_ref,
            "nil" => {
                self.check_nillable(attribute);
                type_ref
            }
            "type" => self.check_type(attribute, type_ref),
            _ => {
                self.report(
                    attribute.offset,
                    Finding::new("cvc-complex-type.3.2.2", words::no_attribute(local)),
                );
                type_ref
            }
        }
    }

    fn check_nillable(&mut self, attribute: &RawAttribute<'x>) {
        let Some(frame) = self.frames.last().copied() else { return };
        let nillable = frame.declaration.is_some_and(|number| self.tables.element(number).nillable);
        let value = unescape_attribute(attribute.value);
        let nil = match value.trim_matches(|c: char| c.is_ascii() && is_xml_space(c as u8)) {
            "true" | "1" => true,
            "false" | "0" => false,
            _ => {
                self.report(
                    attribute.offset,
                    Finding::new("cvc-datatype-valid.1.2.1", words::not_boolean("xsi:nil")),
                );
                false
            }
        };
        if !nillable {
            let message = words::not_nillable(frame.local());
            self.report(attribute.offset, Finding::new("cvc-elt.3.1", message));
        } else if let Some(frame) = self.frames.last_mut() {
            frame.nil = nil;
        }
    }

    /// A document may name a type for an element: the declared one, or a simple type derived from it.
    fn check_type(&mut self, attribute: &RawAttribute<'x>, declared: TypeRef) -> TypeRef {
        let tables = self.tables;
        let value = unescape_attribute(attribute.value);
        let name = value.trim_matches(|c: char| c.is_ascii() && is_xml_space(c as u8));
        let named = split_qname(name).and_then(|(prefix, local)| {
            let (_, namespace) = self.namespaces.resolve(prefix)?;
            tables.types.get(&namespace)?.get(local).copied()
        });
        let Some(named) = named else {
            self.report(attribute.offset, Finding::new("cvc-elt.4.2", words::type_unknown()));
            return declared;
        };
        if !self.derives(named, declared) {
            self.report(attribute.offset, Finding::new("cvc-elt.4.3", words::type_not_derived()));
            return declared;
        }
        if let Some(frame) = self.frames.last_mut() {
            frame.body = body(tables, named);
        }
        named
    }
}
