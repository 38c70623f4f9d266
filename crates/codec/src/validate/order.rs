//! Elements that do not stand where the schema wants them, and how the walk finds its way again.
//!
//! One mistake gives one finding. A known element that comes too soon is accepted, and what it skipped is
//! named; if that still comes, the finding becomes one about order. An element that is known but cannot
//! stand here, or is not known at all, is skipped with all that is in it.

use std::collections::VecDeque;

use super::findings::Finding;
use super::frame::{Body, Frame, NONE};
use super::walk::Walk;
use super::words;
use crate::schema::{Label, Model, UNKNOWN_NAMESPACE};
use crate::xml::count_work;

/// Namespaces that are remembered as wrong; elements of any more are each reported.
const WRONG_NAMESPACES_MAX: usize = 16;

/// How an element that does not fit is like one that would.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Likeness {
    Same,
    OtherNamespace,
    OtherCase,
}

/// The way from a state to where an element fits.
struct Way {
    /// The declared children that are skipped on it.
    missing: Vec<u16>,
    index: u16,
    target: u16,
}

impl<'x> Walk<'x, '_> {
    /// Reports a child that is not expected. Some: it is accepted all the same.
    pub(super) fn misfit(
        &mut self,
        complex: u32,
        prefix: &str,
        namespace: u16,
        local: &str,
        offset: usize,
    ) -> Option<(u16, u16)> {
        let model = self.model(Body::Elements(complex))?;
        let parent = *self.frames.last()?;
        if let Some(way) = self.way(model, parent.state, namespace, local, Likeness::Same) {
            return Some(self.too_soon(model, &parent, way, local, offset));
        }
        let known = self.declared(model, namespace, local, Likeness::Same);
        if let Some(index) = known {
            self.out_of_place(model, &parent, index, local, offset);
            return None;
        }
        for likeness in [Likeness::OtherNamespace, Likeness::OtherCase] {
            if let Some(way) = self.way(model, parent.state, namespace, local, likeness) {
                // A namespace that no schema knows is one mistake, however many elements are in it.
                let told = namespace == UNKNOWN_NAMESPACE && self.is_told(prefix);
                self.alike(model, &way, likeness, local, (!told).then_some(offset));
                return None;
            }
        }
        let index = self.declared(model, namespace, local, Likeness::OtherNamespace);
        let uri = self.namespaces.resolve(prefix).map_or("", |(uri, _)| uri);
        let hint = index.map(|index| self.namespace_hint(model, index)).or_else(|| words::foreign_hint(uri));
        let message = words::unexpected(
            local,
            &self.last_name(model, &parent),
            &self.next_names(model, parent.state),
            parent.local(),
        );
        self.report(offset, Finding::new(self.rule(model, parent.state), message).with_hint(hint));
        if let Some(parent) = self.frames.last_mut() {
            parent.forgiven = parent.state;
        }
        None
    }

    /// A known element before others that must come first: accepted.
    fn too_soon(
        &mut self,
        model: &Model,
        parent: &Frame<'x>,
        way: Way,
        local: &str,
        offset: usize,
    ) -> (u16, u16) {
        let forgiven = parent.forgiven == parent.state && way.missing.len() == 1;
        if !forgiven {
            let missing: Vec<String> = way.missing.iter().map(|index| self.name_of(model, *index)).collect();
            let message = words::missing_before(&missing, &self.last_name(model, parent), local);
            let number = self.report(offset, Finding::new("cvc-complex-type.2.4.a", message));
            if let Some(parent) = self.frames.last_mut() {
                parent.early = way.index;
                parent.early_finding = number;
                parent.late_seen = false;
            }
        }
        (way.index, way.target)
    }

    /// A known element that cannot stand here: skipped.
    fn out_of_place(&mut self, model: &Model, parent: &Frame<'x>, index: u16, local: &str, offset: usize) {
        let count = &mut self.counts[parent.counts + usize::from(index)];
        let first = *count == 0;
        *count = count.saturating_add(1);
        if first && parent.early != NONE && index < parent.early {
            // It was reported as missing; now it is known to be late.
            if !parent.late_seen {
                let message = words::out_of_order(local, &self.name_of(model, parent.early));
                self.findings.reword(parent.early_finding, message);
            }
            if let Some(parent) = self.frames.last_mut() {
                parent.late_seen = true;
            }
            return;
        }
        let last = self.last_name(model, parent);
        let next = self.next_names(model, parent.state);
        let message = if first {
            words::unexpected(local, &last, &next, parent.local())
        } else {
            words::once_more(local, &last, &next, parent.local())
        };
        self.report(offset, Finding::new(self.rule(model, parent.state), message));
    }

    /// Returns whether the namespace of a prefix was found to be wrong before, and notes that it is now.
    fn is_told(&mut self, prefix: &str) -> bool {
        let uri = self.namespaces.resolve(prefix).map_or("", |(uri, _)| uri);
        if self.wrong_namespaces.iter().any(|known| known == uri) {
            return true;
        }
        if self.wrong_namespaces.len() < WRONG_NAMESPACES_MAX {
            self.wrong_namespaces.push(uri.to_owned());
        }
        false
    }

    /// An element that is the expected one but for its namespace or its capitals: skipped, but counted as it. Without
    /// an offset it was reported before.
    fn alike(&mut self, model: &Model, way: &Way, likeness: Likeness, local: &str, offset: Option<usize>) {
        let name = self.name_of(model, way.index);
        let (message, hint) = match likeness {
            Likeness::OtherNamespace => {
                (words::other_namespace(local), self.namespace_hint(model, way.index))
            }
            _ => (words::other_case(local, &name), words::case_hint(&name)),
        };
        if let Some(offset) = offset {
            self.report(offset, Finding::new("cvc-complex-type.2.4.a", message).with_hint(Some(hint)));
        }
        if let Some(parent) = self.frames.last_mut() {
            parent.state = way.target;
            parent.last = way.index;
            let count = &mut self.counts[parent.counts + usize::from(way.index)];
            *count = count.saturating_add(1);
        }
    }

    /// Reports what is missing at the end of an element.
    pub(super) fn check_complete(&mut self, complex: u32, frame: &Frame<'x>) {
        let Some(model) = self.model(Body::Elements(complex)) else { return };
        let distance = model.states[usize::from(frame.state)].distance;
        if distance == 0 || (distance == 1 && frame.forgiven == frame.state) {
            return;
        }
        let missing = self.required(model, frame.state);
        let message = words::missing_at_end(&missing, &self.last_name(model, frame), frame.local());
        let offset = self.scanner.token_offset();
        self.report(offset, Finding::new("cvc-complex-type.2.4.b", message));
    }

    fn rule(&self, model: &Model, state: u16) -> &'static str {
        if model.states[usize::from(state)].edges.is_empty() {
            "cvc-complex-type.2.4.d"
        } else {
            "cvc-complex-type.2.4.a"
        }
    }

    fn matches(&self, model: &Model, index: u16, namespace: u16, local: &str, likeness: Likeness) -> bool {
        let element = self.tables.element(model.declarations[usize::from(index)]);
        match likeness {
            Likeness::Same => element.namespace == namespace && element.name.as_ref() == local,
            Likeness::OtherNamespace => element.name.as_ref() == local,
            Likeness::OtherCase => element.name.eq_ignore_ascii_case(local),
        }
    }

    fn declared(&self, model: &Model, namespace: u16, local: &str, likeness: Likeness) -> Option<u16> {
        (0..model.declarations.len() as u16)
            .find(|index| self.matches(model, *index, namespace, local, likeness))
    }

    /// The shortest way from a state to one where an element fits: a search over the states of the schema,
    /// done once per finding.
    fn way(&self, model: &Model, from: u16, namespace: u16, local: &str, likeness: Likeness) -> Option<Way> {
        let mut before: Vec<Option<(u16, u16)>> = vec![None; model.states.len()];
        let mut seen = vec![false; model.states.len()];
        let mut queue = VecDeque::from([from]);
        seen[usize::from(from)] = true;
        while let Some(state) = queue.pop_front() {
            count_work(model.states[usize::from(state)].edges.len());
            for edge in &model.states[usize::from(state)].edges {
                let Label::Element(index) = edge.label else { continue };
                if self.matches(model, index, namespace, local, likeness) {
                    let mut missing = Vec::new();
                    let mut at = state;
                    while let Some((source, skipped)) = before[usize::from(at)] {
                        missing.push(skipped);
                        at = source;
                    }
                    missing.reverse();
                    return Some(Way { missing, index, target: edge.target });
                }
                if !seen[usize::from(edge.target)] {
                    seen[usize::from(edge.target)] = true;
                    before[usize::from(edge.target)] = Some((state, index));
                    queue.push_back(edge.target);
                }
            }
        }
        None
    }

    /// What must still come after a state, by the shortest way; alternatives are joined.
    fn required(&self, model: &Model, from: u16) -> Vec<String> {
        let mut names = Vec::new();
        let mut state = from;
        while names.len() <= words::NAMES_MAX {
            let here = &model.states[usize::from(state)];
            let closer = here
                .edges
                .iter()
                .filter(|edge| model.states[usize::from(edge.target)].distance < here.distance);
            let edges: Vec<_> = closer.collect();
            let Some(first) = edges.first() else { break };
            let alternatives: Vec<String> = edges
                .iter()
                .map(|edge| match edge.label {
                    Label::Element(index) => self.name_of(model, index),
                    Label::Any(_) => "…".into(),
                })
                .collect();
            names.push(alternatives.join("/"));
            state = first.target;
        }
        names
    }

    /// What may come after a state, in schema order, up to and including the first that must.
    fn next_names(&self, model: &Model, state: u16) -> Vec<String> {
        let edges = model.states[usize::from(state)].edges.iter();
        edges
            .filter_map(|edge| match edge.label {
                Label::Element(index) => Some(self.name_of(model, index)),
                Label::Any(_) => None,
            })
            .collect()
    }

    fn last_name(&self, model: &Model, frame: &Frame<'x>) -> Option<String> {
        (frame.last != NONE).then(|| self.name_of(model, frame.last))
    }

    fn name_of(&self, model: &Model, index: u16) -> String {
        self.tables.element(model.declarations[usize::from(index)]).name.to_string()
    }

    fn namespace_hint(&self, model: &Model, index: u16) -> crate::report::Text {
        let element = self.tables.element(model.declarations[usize::from(index)]);
        words::namespace_hint(&element.name, &self.tables.namespaces[usize::from(element.namespace)])
    }
}
