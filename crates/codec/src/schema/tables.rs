//! Compiled schemas: what the validator walks over.

use std::collections::HashMap;

use super::content::Model;
use super::simple::SimpleType;

/// A namespace that no schema knows.
pub(crate) const UNKNOWN_NAMESPACE: u16 = u16::MAX;
/// "No namespace".
pub(crate) const NO_NAMESPACE: u16 = 0;

/// Compiled schemas.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    /// Namespaces by number; the first is "no namespace".
    pub(crate) namespaces: Vec<Box<str>>,
    pub(crate) namespace_numbers: HashMap<Box<str>, u16>,
    pub(crate) elements: Vec<ElementDeclaration>,
    /// Global elements by namespace and name.
    pub(crate) globals: HashMap<u16, HashMap<Box<str>, u32>>,
    pub(crate) simples: Vec<SimpleType>,
    pub(crate) complexes: Vec<ComplexType>,
    /// Named types, for `xsi:type`.
    pub(crate) types: HashMap<u16, HashMap<Box<str>, TypeRef>>,
}

/// A type, by its place in the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TypeRef {
    /// xs:anyType: anything that is well-formed, checked where it is known.
    Any,
    Simple(u32),
    Complex(u32),
}

/// An element declaration.
#[derive(Clone, Debug)]
pub(crate) struct ElementDeclaration {
    pub(crate) namespace: u16,
    pub(crate) name: Box<str>,
    pub(crate) type_ref: TypeRef,
    pub(crate) nillable: bool,
    /// Whether more than one may stand in its parent.
    pub(crate) repeats: bool,
    /// What it holds when it is empty, and whether it may hold nothing else.
    pub(crate) constraint: Option<ValueConstraint>,
}

/// A default or fixed value of an element or attribute, normalised by its type (part 1, section 3.3.1).
#[derive(Clone, Debug)]
pub(crate) struct ValueConstraint {
    pub(crate) value: Box<str>,
    pub(crate) fixed: bool,
}

/// A complex type.
#[derive(Clone, Debug)]
pub(crate) struct ComplexType {
    pub(crate) attributes: Vec<AttributeUse>,
    pub(crate) content: Content,
}

/// What stands within an element of a complex type.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    Empty,
    Simple(u32),
    Elements(Model),
}

/// An attribute of a complex type.
#[derive(Clone, Debug)]
pub(crate) struct AttributeUse {
    pub(crate) namespace: u16,
    pub(crate) name: Box<str>,
    pub(crate) simple: u32,
    pub(crate) required: bool,
    /// The only value that it may have.
    pub(crate) fixed: Option<Box<str>>,
}

impl Tables {
    /// Returns the number of a namespace.
    pub(crate) fn namespace(&self, uri: &str) -> u16 {
        if uri.is_empty() {
            return NO_NAMESPACE;
        }
        self.namespace_numbers.get(uri).copied().unwrap_or(UNKNOWN_NAMESPACE)
    }

    /// Returns a global element.
    pub(crate) fn global(&self, namespace: u16, name: &str) -> Option<u32> {
        self.globals.get(&namespace)?.get(name).copied()
    }

    pub(crate) fn element(&self, number: u32) -> &ElementDeclaration {
        &self.elements[number as usize]
    }

    pub(crate) fn simple(&self, number: u32) -> &SimpleType {
        &self.simples[number as usize]
    }

    pub(crate) fn complex(&self, number: u32) -> &ComplexType {
        &self.complexes[number as usize]
    }
}
