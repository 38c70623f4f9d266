//! The tags that a document is expected to hold next, made ready to be compared with its bytes.

use super::content::Label;
use super::quick::Quick;
use super::tables::{Content, Tables, TypeRef};

/// Up to sixteen bytes, compared at once.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Word {
    bits: u128,
    mask: u128,
}

impl Word {
    /// Bytes of a word.
    pub(crate) const LENGTH: usize = 16;

    /// Returns the first bytes of a text.
    pub(crate) fn new(text: &[u8]) -> Self {
        let (mut bits, mut mask) = ([0; Self::LENGTH], [0; Self::LENGTH]);
        for ((bit, mask), byte) in bits.iter_mut().zip(&mut mask).zip(text) {
            (*bit, *mask) = (*byte, u8::MAX);
        }
        Self { bits: u128::from_le_bytes(bits), mask: u128::from_le_bytes(mask) }
    }

    /// Returns whether bytes begin with these; never where fewer are left than a word has.
    pub(crate) fn starts(&self, bytes: &[u8]) -> bool {
        bytes.first_chunk().is_some_and(|chunk| u128::from_le_bytes(*chunk) & self.mask == self.bits)
    }
}

/// An element that may come next.
#[derive(Clone, Debug)]
pub(crate) struct Expected {
    pub(crate) namespace: u16,
    /// The beginning of its local name and the `>` that ends a tag without attributes.
    head: Word,
    /// What does not fit into the beginning.
    rest: Box<[u8]>,
    /// Bytes of both.
    pub(crate) length: usize,
    pub(crate) kind: Kind,
    pub(crate) declaration: u32,
    /// Its index among the declarations of its parent's type.
    pub(crate) index: u16,
    /// The state that it leads to.
    pub(crate) target: u16,
}

/// What an element holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A value of a simple type.
    Leaf(u32),
    /// Elements of a complex type.
    Class(u32),
    /// Something that needs a closer look: attributes that must be there, a fixed value, nothing at all.
    Other,
}

impl Expected {
    /// Returns whether bytes begin with the rest of its tag: name and `>`.
    pub(crate) fn is_at(&self, bytes: &[u8]) -> bool {
        self.head.starts(bytes) && (self.rest.is_empty() || bytes[Word::LENGTH..].starts_with(&self.rest))
    }
}

impl Tables {
    /// Makes ready what can only be known when every type is: shortcuts and expected tags.
    pub(super) fn prepare(&mut self) {
        for number in 0..self.simples.len() {
            self.simples[number].quick = Quick::of(&self.simples[number]);
        }
        for number in 0..self.complexes.len() {
            let Content::Elements(model) = &self.complexes[number].content else { continue };
            let expected: Vec<Box<[Expected]>> = model
                .states
                .iter()
                .map(|state| {
                    let elements = state.edges.iter().filter_map(|edge| match edge.label {
                        Label::Element(index) => {
                            Some(self.expected(model.declarations[usize::from(index)], index, edge.target))
                        }
                        Label::Any(_) => None,
                    });
                    elements.collect()
                })
                .collect();
            if let Content::Elements(model) = &mut self.complexes[number].content {
                for (state, expected) in model.states.iter_mut().zip(expected) {
                    state.expected = expected;
                }
            }
        }
    }

    fn expected(&self, declaration: u32, index: u16, target: u16) -> Expected {
        let element = self.element(declaration);
        let tag = format!("{}>", element.name).into_bytes();
        let kind = match element.type_ref {
            _ if element.constraint.is_some() => Kind::Other,
            TypeRef::Simple(simple) => Kind::Leaf(simple),
            TypeRef::Complex(number) => {
                let complex = self.complex(number);
                match &complex.content {
                    _ if complex.attributes.iter().any(|attribute| attribute.required) => Kind::Other,
                    Content::Elements(_) => Kind::Class(number),
                    Content::Simple(simple) => Kind::Leaf(*simple),
                    Content::Empty => Kind::Other,
                }
            }
            TypeRef::Any => Kind::Other,
        };
        Expected {
            namespace: element.namespace,
            head: Word::new(&tag),
            rest: tag.get(Word::LENGTH..).unwrap_or_default().into(),
            length: tag.len(),
            kind,
            declaration,
            index,
            target,
        }
    }
}
