//! Content models as deterministic automata.
//!
//! A model is first unrolled to positions (Glushkov's construction: one per occurrence of an element or
//! wildcard), then its position sets become states. XML Schema demands that a model be deterministic, so
//! there are about as many states as positions; where two declarations compete all the same, the first
//! in the schema wins, and a wildcard loses to an element.

use std::collections::HashMap;

use super::expected::Expected;

/// Positions one content model may unroll to.
const POSITIONS_MAX: usize = 2_000;
/// Entries of the follow relation one content model may need.
const FOLLOW_MAX: usize = 200_000;
/// States one content model may have.
const STATES_MAX: usize = 4_000;

/// A particle of a content model, as read.
#[derive(Clone, Debug)]
pub(crate) struct Particle {
    pub(crate) term: Term,
    pub(crate) min: u32,
    /// None: unbounded.
    pub(crate) max: Option<u32>,
}

/// What a particle repeats.
#[derive(Clone, Debug)]
pub(crate) enum Term {
    /// An element declaration, by its index in [`Model::declarations`].
    Element(u16),
    /// A wildcard, by its index in [`Model::wildcards`].
    Any(u16),
    Sequence(Vec<Particle>),
    Choice(Vec<Particle>),
}

/// What leads from one state to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Label {
    Element(u16),
    Any(u16),
}

/// A transition.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edge {
    pub(crate) label: Label,
    pub(crate) target: u16,
}

/// A state: how far the content has come.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    /// Elements first, in schema order.
    pub(crate) edges: Box<[Edge]>,
    /// The fewest children after which the content may end; zero where it may end now.
    pub(crate) distance: u16,
    /// The elements among the edges by their tags; set when the schema is complete.
    pub(crate) expected: Box<[Expected]>,
}

/// The namespaces a wildcard allows (part 1, section 3.10.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Allowed {
    Any,
    /// Any but this one, and not none.
    Other(Box<str>),
    /// These; the empty text is "no namespace".
    List(Vec<Box<str>>),
}

impl Allowed {
    /// Returns whether an element of a namespace is allowed.
    pub(crate) fn contains(&self, namespace: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Other(target) => !namespace.is_empty() && namespace != target.as_ref(),
            Self::List(list) => list.iter().any(|allowed| allowed.as_ref() == namespace),
        }
    }
}

/// What is demanded of what a wildcard lets in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Process {
    Strict,
    Lax,
    Skip,
}

/// A wildcard.
#[derive(Clone, Debug)]
pub(crate) struct Wildcard {
    pub(crate) allowed: Allowed,
    pub(crate) process: Process,
}

/// The content of a complex type.
#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    /// The element declarations in schema order, by their index in the tables. The index in this list is
    /// what a decoder knows a child by.
    pub(crate) declarations: Box<[u32]>,
    pub(crate) wildcards: Box<[Wildcard]>,
    /// The first is where the content begins.
    pub(crate) states: Box<[State]>,
}

impl Model {
    /// Compiles a content model. `key` tells which declarations a child cannot tell apart: those of one name.
    ///
    /// # Errors
    ///
    /// When it would take too many states.
    pub(crate) fn compile(
        root: &Particle,
        declarations: Vec<u32>,
        wildcards: Vec<Wildcard>,
        key: impl Fn(u16) -> u16,
    ) -> Result<Self, String> {
        let mut glushkov = Glushkov::default();
        let whole = glushkov.particle(root)?;
        let states = glushkov.determinise(&whole, key)?;
        Ok(Self { declarations: declarations.into(), wildcards: wildcards.into(), states })
    }
}

/// What a part of a model can begin and end with.
#[derive(Clone, Debug)]
struct Fragment {
    nullable: bool,
    first: Vec<u32>,
    last: Vec<u32>,
}

impl Fragment {
    fn empty() -> Self {
        Self { nullable: true, first: Vec::new(), last: Vec::new() }
    }
}

#[derive(Default)]
struct Glushkov {
    labels: Vec<Label>,
    follow: Vec<Vec<u32>>,
    follow_count: usize,
}

impl Glushkov {
    /// Recursion is bounded by the depth of the schema document.
    fn particle(&mut self, particle: &Particle) -> Result<Fragment, String> {
        let mut whole = Fragment::empty();
        for _ in 0..particle.min {
            let next = self.term(&particle.term)?;
            whole = self.concatenate(whole, next)?;
        }
        match particle.max {
            None => {
                let mut next = self.term(&particle.term)?;
                self.link(&next.last.clone(), &next.first.clone())?;
                next.nullable = true;
                self.concatenate(whole, next)
            }
            Some(max) => {
                for _ in particle.min..max {
                    let mut next = self.term(&particle.term)?;
                    next.nullable = true;
                    whole = self.concatenate(whole, next)?;
                }
                Ok(whole)
            }
        }
    }

    fn term(&mut self, term: &Term) -> Result<Fragment, String> {
        match term {
            Term::Element(index) => self.position(Label::Element(*index)),
            Term::Any(index) => self.position(Label::Any(*index)),
            Term::Sequence(particles) => {
                let mut whole = Fragment::empty();
                for particle in particles {
                    let next = self.particle(particle)?;
                    whole = self.concatenate(whole, next)?;
                }
                Ok(whole)
            }
            Term::Choice(particles) => {
                // An empty choice has no alternative at all: nothing fits it.
                let mut whole = Fragment { nullable: false, first: Vec::new(), last: Vec::new() };
                for particle in particles {
                    let next = self.particle(particle)?;
                    whole.nullable |= next.nullable;
                    whole.first.extend(next.first);
                    whole.last.extend(next.last);
                }
                Ok(whole)
            }
        }
    }

    fn position(&mut self, label: Label) -> Result<Fragment, String> {
        if self.labels.len() >= POSITIONS_MAX {
            return Err(format!("a content model of more than {POSITIONS_MAX} positions"));
        }
        let position = u32::try_from(self.labels.len()).map_err(|error| error.to_string())?;
        self.labels.push(label);
        self.follow.push(Vec::new());
        Ok(Fragment { nullable: false, first: vec![position], last: vec![position] })
    }

    fn link(&mut self, from: &[u32], to: &[u32]) -> Result<(), String> {
        self.follow_count += from.len() * to.len();
        if self.follow_count > FOLLOW_MAX {
            return Err("a content model with too many alternatives".into());
        }
        for position in from {
            self.follow[*position as usize].extend_from_slice(to);
        }
        Ok(())
    }

    fn concatenate(&mut self, mut left: Fragment, right: Fragment) -> Result<Fragment, String> {
        self.link(&left.last, &right.first)?;
        if left.nullable {
            left.first.extend_from_slice(&right.first);
        }
        let last = if right.nullable { [left.last, right.last].concat() } else { right.last };
        Ok(Fragment { nullable: left.nullable && right.nullable, first: left.first, last })
    }

    fn determinise(&self, whole: &Fragment, key: impl Fn(u16) -> u16) -> Result<Box<[State]>, String> {
        let ends: std::collections::HashSet<u32> = whole.last.iter().copied().collect();
        let normal = |mut set: Vec<u32>| {
            set.sort_unstable();
            set.dedup();
            set
        };
        // A state is the set of positions that may come next, and whether the content may end.
        let start = (normal(whole.first.clone()), whole.nullable);
        let mut numbers = HashMap::from([(start.clone(), 0_u16)]);
        let mut queue = vec![start];
        let mut states: Vec<(Vec<Edge>, bool)> = Vec::new();
        while let Some((next, ends_here)) = queue.get(states.len()).cloned() {
            // Positions by what a child looks like; the first declaration stands for all of its name.
            let mut groups: Vec<(Label, u16, Vec<u32>)> = Vec::new();
            for position in next {
                let label = self.labels[position as usize];
                let group = match label {
                    Label::Element(index) => key(index),
                    Label::Any(index) => index,
                };
                let is_element = matches!(label, Label::Element(_));
                let found = groups.iter_mut().find(|(other, number, _)| {
                    *number == group && matches!(other, Label::Element(_)) == is_element
                });
                match found {
                    Some((first, _, positions)) => {
                        *first = (*first).min(label);
                        positions.push(position);
                    }
                    None => groups.push((label, group, vec![position])),
                }
            }
            groups.sort_by_key(|(label, ..)| *label);
            let mut edges = Vec::with_capacity(groups.len());
            for (label, _, positions) in groups {
                let ends_there = positions.iter().any(|position| ends.contains(position));
                let set = normal(
                    positions.iter().flat_map(|position| self.follow[*position as usize].clone()).collect(),
                );
                let state = (set, ends_there);
                let target = match numbers.get(&state) {
                    Some(number) => *number,
                    None => {
                        if queue.len() >= STATES_MAX {
                            return Err(format!("a content model of more than {STATES_MAX} states"));
                        }
                        let number = u16::try_from(queue.len()).map_err(|error| error.to_string())?;
                        numbers.insert(state.clone(), number);
                        queue.push(state);
                        number
                    }
                };
                edges.push(Edge { label, target });
            }
            states.push((edges, ends_here));
        }
        Ok(with_distances(states))
    }
}

/// Adds to each state how many children it is from an end.
fn with_distances(states: Vec<(Vec<Edge>, bool)>) -> Box<[State]> {
    let mut sources: Vec<Vec<usize>> = vec![Vec::new(); states.len()];
    for (number, (edges, _)) in states.iter().enumerate() {
        for edge in edges {
            sources[usize::from(edge.target)].push(number);
        }
    }
    let mut distances = vec![u16::MAX; states.len()];
    let mut queue: Vec<usize> = (0..states.len()).filter(|number| states[*number].1).collect();
    for number in &queue {
        distances[*number] = 0;
    }
    let mut at = 0;
    while let Some(&number) = queue.get(at) {
        at += 1;
        for &source in &sources[number] {
            if distances[source] == u16::MAX {
                distances[source] = distances[number].saturating_add(1);
                queue.push(source);
            }
        }
    }
    states
        .into_iter()
        .zip(distances)
        .map(|((edges, _), distance)| State { edges: edges.into(), distance, expected: Box::default() })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(index: u16, min: u32, max: Option<u32>) -> Particle {
        Particle { term: Term::Element(index), min, max }
    }

    fn accepts(root: &Particle, children: &[u16]) -> bool {
        let model = Model::compile(root, Vec::new(), Vec::new(), |index| index).unwrap();
        let mut state = &model.states[0];
        for child in children {
            match state.edges.iter().find(|edge| edge.label == Label::Element(*child)) {
                Some(edge) => state = &model.states[usize::from(edge.target)],
                None => return false,
            }
        }
        state.distance == 0
    }

    #[test]
    fn occurrences_within_occurrences() {
        // (0, 1?, (2 | 3+){0,2})
        let choice = Particle {
            term: Term::Choice(vec![element(2, 1, Some(1)), element(3, 1, None)]),
            min: 0,
            max: Some(2),
        };
        let root = Particle {
            term: Term::Sequence(vec![element(0, 1, Some(1)), element(1, 0, Some(1)), choice]),
            min: 1,
            max: Some(1),
        };
        for yes in [&[0][..], &[0, 1], &[0, 2, 2], &[0, 1, 3, 3, 3, 2], &[0, 3, 3, 3, 3]] {
            assert!(accepts(&root, yes), "{yes:?}");
        }
        for no in [&[][..], &[1], &[0, 0], &[0, 2, 1], &[0, 2, 2, 2], &[0, 2, 3, 3, 2]] {
            assert!(!accepts(&root, no), "{no:?}");
        }
    }

    #[test]
    fn counts_are_exact() {
        let root = element(0, 2, Some(3));
        assert!(!accepts(&root, &[0]));
        assert!(accepts(&root, &[0, 0]));
        assert!(accepts(&root, &[0, 0, 0]));
        assert!(!accepts(&root, &[0, 0, 0, 0]));
        assert!(accepts(&element(0, 3, None), &[0; 9]));
    }

    #[test]
    fn a_model_that_unrolls_too_far_is_refused() {
        let inner = element(0, 1_000, Some(1_000));
        let root = Particle { term: Term::Sequence(vec![inner]), min: 3, max: Some(3) };
        assert!(Model::compile(&root, Vec::new(), Vec::new(), |index| index).is_err());
    }

    #[test]
    fn a_choice_without_alternatives_fits_nothing() {
        let root = Particle { term: Term::Choice(Vec::new()), min: 1, max: Some(1) };
        assert!(!accepts(&root, &[]));
    }
}
