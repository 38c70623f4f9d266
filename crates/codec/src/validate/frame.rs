//! The open elements, and where among their siblings they stand.

use crate::schema::{Tables, TypeRef};
use crate::xml::split_qname;

/// "None" for an index that fits in 16 bits.
pub(super) const NONE: u16 = u16::MAX;

/// What may stand within an open element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// Text of a simple type.
    Simple(u32),
    /// Elements by the model of a complex type.
    Elements(u32),
    /// Nothing.
    Empty,
    /// Anything, checked where it is known.
    Any,
    /// Anything, not checked: a wildcard says so, or the element itself is a fault already reported.
    Skip,
}

/// An open element.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame<'x> {
    pub(super) body: Body,
    /// Its declaration, if it has one.
    pub(super) declaration: Option<u32>,
    /// Its name as written.
    pub(super) name: &'x str,
    /// Where its start tag begins.
    pub(super) offset: usize,
    /// Height of the namespace stack before it.
    pub(super) namespaces: usize,
    /// Where the counts of its children begin.
    pub(super) counts: usize,
    /// How many of its name stand in its parent up to here.
    pub(super) ordinal: u32,
    /// State of its content model.
    pub(super) state: u16,
    /// The last declared child.
    pub(super) last: u16,
    /// Where an undeclared child stood: it counts as the one that was expected there.
    pub(super) forgiven: u16,
    /// A child that came before others that must precede it; they may still come.
    pub(super) early: u16,
    /// The finding that says so.
    pub(super) early_finding: usize,
    /// One of them has come.
    pub(super) late_seen: bool,
    /// Something stands in it that never may, text among elements or an element in a value; it is reported.
    pub(super) spoiled: bool,
    /// `xsi:nil` is true: it must be empty.
    pub(super) nil: bool,
}

impl<'x> Frame<'x> {
    /// Returns the frame of an element that has just opened.
    pub(super) fn new(name: &'x str, offset: usize, namespaces: usize, counts: usize) -> Self {
        Self {
            body: Body::Skip,
            declaration: None,
            name,
            offset,
            namespaces,
            counts,
            ordinal: 1,
            state: 0,
            last: NONE,
            forgiven: NONE,
            early: NONE,
            early_finding: 0,
            late_seen: false,
            spoiled: false,
            nil: false,
        }
    }

    /// Returns the local part of the name.
    pub(super) fn local(&self) -> &'x str {
        split_qname(self.name).map_or(self.name, |(_, local)| local)
    }
}

/// Returns the path of the innermost open element, as `/Bericht/Client/StartProducten/StartProduct[2]`.
pub(super) fn path(tables: &Tables, frames: &[Frame<'_>]) -> String {
    let mut path = String::new();
    for frame in frames {
        path.push('/');
        path.extend(frame.local().chars().take(super::words::NAME_CHARS_MAX));
        if frame.declaration.is_some_and(|number| tables.element(number).repeats) {
            path.push_str(&format!("[{}]", frame.ordinal));
        }
    }
    if path.is_empty() { "/".into() } else { path }
}

/// Returns the body that a type asks for.
pub(super) fn body(tables: &Tables, type_ref: TypeRef) -> Body {
    use crate::schema::Content;
    match type_ref {
        TypeRef::Any => Body::Any,
        TypeRef::Simple(number) => Body::Simple(number),
        TypeRef::Complex(number) => match &tables.complex(number).content {
            Content::Empty => Body::Empty,
            Content::Simple(simple) => Body::Simple(*simple),
            Content::Elements(_) => Body::Elements(number),
        },
    }
}
