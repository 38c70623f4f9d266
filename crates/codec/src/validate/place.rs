//! What an element is in the place where it stands.

use super::findings::Finding;
use super::frame::{Body, Frame, NONE};
use super::walk::Walk;
use super::words;
use crate::schema::{Allowed, Content, Label, Model, Process, TypeRef, known_message};

impl<'x, 's> Walk<'x, 's> {
    /// Decides what an element is in the place where it stands: its declaration, its index for a decoder,
    /// and what it is if it has no declaration.
    pub(super) fn place(
        &mut self,
        prefix: &str,
        namespace: u16,
        local: &'x str,
        frame: &mut Frame<'x>,
    ) -> (Option<u32>, Option<u16>, Body) {
        let Some(parent) = self.frames.last() else {
            let root = self.root_declaration(prefix, namespace, local, frame.offset);
            return (root, None, Body::Skip);
        };
        match parent.body {
            Body::Elements(_) | Body::Simple(_) if parent.nil => {
                let message = words::nil_not_empty(parent.local());
                self.report(frame.offset, Finding::new("cvc-elt.3.2.1", message));
                (None, None, Body::Skip)
            }
            Body::Elements(complex) => match self.expected(complex, parent.state, prefix, namespace, local) {
                Some((Label::Element(index), target)) => {
                    let (declaration, ordinal) = self.advance(complex, index, target);
                    frame.ordinal = ordinal;
                    (Some(declaration), Some(index), Body::Skip)
                }
                Some((Label::Any(index), target)) => {
                    self.advance_wild(target);
                    let process = self.wildcard(complex, index).1;
                    self.wild(process, namespace, local, frame)
                }
                None => match self.misfit(complex, prefix, namespace, local, frame.offset) {
                    Some((index, target)) => {
                        let (declaration, ordinal) = self.advance(complex, index, target);
                        frame.ordinal = ordinal;
                        (Some(declaration), Some(index), Body::Skip)
                    }
                    None => (None, None, Body::Skip),
                },
            },
            Body::Any => self.wild(Process::Lax, namespace, local, frame),
            Body::Skip => (None, None, Body::Skip),
            Body::Simple(_) | Body::Empty => {
                // The value is spoiled, and said to be once.
                if parent.spoiled {
                    return (None, None, Body::Skip);
                }
                let rule = if parent.body == Body::Empty { "cvc-complex-type.2.1" } else { "cvc-type.3.1.2" };
                let message = words::no_children(parent.local(), local);
                self.report(frame.offset, Finding::new(rule, message));
                if let Some(parent) = self.frames.last_mut() {
                    parent.spoiled = true;
                }
                (None, None, Body::Skip)
            }
        }
    }

    fn root_declaration(&mut self, prefix: &str, namespace: u16, local: &str, offset: usize) -> Option<u32> {
        let uri = self.namespaces.resolve(prefix).map_or_else(String::new, |(uri, _)| uri.to_owned());
        self.message = known_message(&uri);
        let declaration = self.tables.global(namespace, local);
        if declaration.is_none() {
            self.message = None;
            let finding = Finding::new("cvc-elt.1", words::unknown_root(local))
                .with_hint(words::root_hint(&uri, local));
            self.findings.schema(offset, format!("/{}", words::short(local)), finding);
        }
        declaration
    }

    /// What a wildcard lets in.
    fn wild(
        &mut self,
        process: Process,
        namespace: u16,
        local: &str,
        frame: &Frame<'x>,
    ) -> (Option<u32>, Option<u16>, Body) {
        if process == Process::Skip {
            return (None, None, Body::Skip);
        }
        let declaration = self.tables.global(namespace, local);
        if declaration.is_none() && process == Process::Strict {
            self.report(frame.offset, Finding::new("cvc-complex-type.2.4.c", words::undeclared(local)));
            return (None, None, Body::Skip);
        }
        (declaration, None, Body::Any)
    }

    /// The transition that an element takes where it is expected.
    fn expected(
        &self,
        complex: u32,
        state: u16,
        prefix: &str,
        namespace: u16,
        local: &str,
    ) -> Option<(Label, u16)> {
        let tables = self.tables;
        let model = self.model(Body::Elements(complex))?;
        let state = &model.states[usize::from(state)];
        state.edges.iter().find_map(|edge| match edge.label {
            Label::Element(index) => {
                let element = tables.element(model.declarations[usize::from(index)]);
                (element.namespace == namespace && element.name.as_ref() == local)
                    .then_some((edge.label, edge.target))
            }
            Label::Any(index) => {
                let uri = self.namespaces.resolve(prefix).map_or("", |(uri, _)| uri);
                self.wildcard(complex, index).0.contains(uri).then_some((edge.label, edge.target))
            }
        })
    }

    fn wildcard(&self, complex: u32, index: u16) -> (&'s Allowed, Process) {
        match &self.tables.complex(complex).content {
            Content::Elements(model) => {
                let wildcard = &model.wildcards[usize::from(index)];
                (&wildcard.allowed, wildcard.process)
            }
            _ => (&Allowed::Any, Process::Skip),
        }
    }

    pub(super) fn model(&self, body: Body) -> Option<&'s Model> {
        let Body::Elements(complex) = body else { return None };
        match &self.tables.complex(complex).content {
            Content::Elements(model) => Some(model),
            _ => None,
        }
    }

    /// Takes a transition of the open element for a declared child: its declaration and its ordinal.
    fn advance(&mut self, complex: u32, index: u16, target: u16) -> (u32, u32) {
        let declaration =
            self.model(Body::Elements(complex)).map_or(0, |model| model.declarations[usize::from(index)]);
        let Some(parent) = self.frames.last_mut() else { return (declaration, 1) };
        parent.state = target;
        parent.last = index;
        let count = &mut self.counts[parent.counts + usize::from(index)];
        *count = count.saturating_add(1);
        (declaration, *count)
    }

    fn advance_wild(&mut self, target: u16) {
        if let Some(parent) = self.frames.last_mut() {
            parent.state = target;
            parent.last = NONE;
        }
    }

    /// Returns whether an element is declared to have a type, or one that it derives from.
    pub(super) fn derives(&self, from: TypeRef, to: TypeRef) -> bool {
        match (from, to) {
            (TypeRef::Simple(from), TypeRef::Simple(to)) => {
                // A chain of bases is at most as long as the schema reader allowed.
                let mut at = Some(from);
                while let Some(number) = at {
                    if number == to {
                        return true;
                    }
                    at = self.tables.simple(number).base;
                }
                false
            }
            (from, to) => from == to || to == TypeRef::Any,
        }
    }
}
