//! From schema documents to tables: simple types and their facets.

use std::sync::Arc;

use super::builtin::{Builtin, Space, WhiteSpace};
use super::compile::{Compiler, Place, no_control};
use super::document::{Document, QName, XSD};
use super::error::{SchemaError, SchemaProblem};
use super::pattern::Pattern;
use super::simple::{Bound, SimpleType, normalise};

/// Steps from a simple type to its built-in type.
const DERIVATION_MAX: usize = 32;

impl Compiler<'_> {
    pub(super) fn simple_by_name(
        &mut self,
        name: &QName,
        document: &Document,
        node: usize,
    ) -> Result<u32, SchemaError> {
        self.simple_within(name, document, node, 0)
    }

    pub(super) fn named_simple(&mut self, name: &QName, place: Place) -> Result<u32, SchemaError> {
        self.simple_within(name, &self.documents[place.0], place.1, 0)
    }

    pub(super) fn inline_simple(&mut self, place: Place) -> Result<u32, SchemaError> {
        self.inline_within(place, 0)
    }

    fn simple_within(
        &mut self,
        name: &QName,
        document: &Document,
        node: usize,
        depth: usize,
    ) -> Result<u32, SchemaError> {
        if let Some(number) = self.simples.get(name) {
            return Ok(*number);
        }
        let mut simple = if name.namespace.as_ref() == XSD {
            let (builtin, low, high) = Builtin::by_name(&name.local).ok_or_else(|| {
                document.error(node, SchemaProblem::Unsupported(format!("type {}", name.local)))
            })?;
            let mut simple = SimpleType::plain(builtin);
            simple.bounds.extend(low.map(|low| (Bound::MinInclusive, low.into())));
            simple.bounds.extend(high.map(|high| (Bound::MaxInclusive, high.into())));
            if let Some((_, base)) =
                Builtin::HIERARCHY.iter().find(|(derived, _)| *derived == name.local.as_ref())
            {
                let base = QName { namespace: XSD.into(), local: (*base).into() };
                simple.base = Some(self.simple_within(&base, document, node, depth + 1)?);
            }
            simple
        } else {
            let place = self.simple_places.get(name).copied().ok_or_else(|| {
                document.error(node, SchemaProblem::Unresolved(format!("type {}", name.local)))
            })?;
            self.restriction(place, depth)?
        };
        simple.name = Some(name.local.clone());
        simple.namespace =
            self.namespace(&name.namespace).map_err(|problem| document.error(node, problem))?;
        let number = self.number(document, node, self.tables.simples.len())?;
        self.tables.simples.push(simple);
        self.simples.insert(name.clone(), number);
        Ok(number)
    }

    fn inline_within(&mut self, place: Place, depth: usize) -> Result<u32, SchemaError> {
        let simple = self.restriction(place, depth)?;
        let number = self.number(&self.documents[place.0], place.1, self.tables.simples.len())?;
        self.tables.simples.push(simple);
        Ok(number)
    }

    /// Compiles a simpleType element. A circle of derivations ends at the limit.
    fn restriction(
        &mut self,
        (document_number, node): Place,
        depth: usize,
    ) -> Result<SimpleType, SchemaError> {
        let documents = self.documents;
        let document = &documents[document_number];
        if depth > DERIVATION_MAX {
            return Err(document.error(node, SchemaProblem::Limit("a derivation without end".into())));
        }
        document.only(node, &["name", "final"])?;
        no_control(document, node, &["final"])?;
        let mut children = document.children(node);
        let Some(restriction) = children.next() else {
            return Err(document.invalid(node, "an empty simpleType"));
        };
        if let Some(other) = children.next() {
            return Err(document.unsupported(other));
        }
        if document.nodes[restriction].kind.as_ref() != "restriction" {
            // list and union.
            return Err(document.unsupported(restriction));
        }
        document.only(restriction, &["base"])?;
        let mut facets = document.children(restriction).peekable();
        let inline = facets.next_if(|child| document.nodes[*child].kind.as_ref() == "simpleType");
        let base = match (document.nodes[restriction].name("base"), inline) {
            (Some(name), None) => self.simple_within(name, document, restriction, depth + 1)?,
            (None, Some(inline)) => self.inline_within((document_number, inline), depth + 1)?,
            _ => return Err(document.invalid(restriction, "a restriction has one base")),
        };
        let mut simple = SimpleType { name: None, base: Some(base), ..self.tables.simple(base).clone() };
        let mut patterns: Vec<&str> = Vec::new();
        let mut enumeration: Vec<Box<str>> = Vec::new();
        let mut last = restriction;
        for facet in facets {
            document.only(facet, &["value", "fixed"])?;
            // A fixed facet binds types derived from this one, and is checked nowhere here.
            if document.nodes[facet]
                .attribute("fixed")
                .is_some_and(|fixed| !matches!(fixed.trim(), "false" | "0"))
            {
                return Err(document.error(facet, SchemaProblem::Unsupported("facet/@fixed".into())));
            }
            let value = document.nodes[facet]
                .attribute("value")
                .ok_or_else(|| document.invalid(facet, "no value"))?;
            match document.nodes[facet].kind.as_ref() {
                "pattern" => {
                    last = facet;
                    patterns.push(value);
                }
                "enumeration" => enumeration.push(self.listed(document, facet, base, value)?),
                _ => apply(&mut simple, document, facet, value)?,
            }
        }
        if !patterns.is_empty() {
            let pattern = self.pattern(&patterns).map_err(|reason| {
                document.error(last, SchemaProblem::Pattern { pattern: patterns.join("|"), reason })
            })?;
            simple.patterns.push(pattern);
        }
        if !enumeration.is_empty() {
            enumeration.sort_unstable();
            simple.enumerations.push(enumeration);
        }
        let shortest = simple.min_length.or(simple.length);
        if shortest.zip(simple.max_length.or(simple.length)).is_some_and(|(least, most)| least > most) {
            return Err(document.invalid(restriction, "minLength is more than maxLength"));
        }
        Ok(simple)
    }

    /// A value of an enumeration, which must be one of the base type.
    fn listed(
        &self,
        document: &Document,
        facet: usize,
        base: u32,
        value: &str,
    ) -> Result<Box<str>, SchemaError> {
        let base = self.tables.simple(base);
        if base.builtin.space() == Space::Boolean {
            return Err(document.invalid(facet, "an enumeration of booleans"));
        }
        let value = normalise(base.white_space, value);
        match base.check(&value) {
            Ok(()) => Ok(value.into()),
            Err(fault) => {
                Err(document.invalid(facet, format!("a value that the base type forbids ({})", fault.rule())))
            }
        }
    }

    /// The same pattern stands in many types and is compiled once.
    fn pattern(&mut self, alternatives: &[&str]) -> Result<Arc<Pattern>, String> {
        let key = alternatives.join("\u{0}");
        if let Some(pattern) = self.patterns.get(&key) {
            return Ok(Arc::clone(pattern));
        }
        let pattern = Arc::new(Pattern::compile(alternatives)?);
        self.patterns.insert(key, Arc::clone(&pattern));
        Ok(pattern)
    }
}

/// Applies a facet other than pattern and enumeration.
fn apply(simple: &mut SimpleType, document: &Document, facet: usize, value: &str) -> Result<(), SchemaError> {
    let kind = document.nodes[facet].kind.as_ref();
    let space = simple.builtin.space();
    let applies = match kind {
        "whiteSpace" => true,
        "length" | "minLength" | "maxLength" => matches!(space, Space::Text | Space::Binary | Space::Any),
        "minInclusive" | "minExclusive" | "maxInclusive" | "maxExclusive" => {
            matches!(space, Space::Decimal | Space::Float | Space::Calendar)
        }
        "totalDigits" | "fractionDigits" => space == Space::Decimal,
        _ => return Err(document.unsupported(facet)),
    };
    if !applies {
        return Err(document.invalid(facet, format!("{kind} does not apply to this type")));
    }
    let number = || value.trim().parse::<usize>().map_err(|_| document.invalid(facet, kind));
    let bound = match kind {
        "length" => {
            simple.length = Some(number()?);
            return Ok(());
        }
        // A derived type can only narrow, so the tighter value holds whichever is written.
        "minLength" => {
            simple.min_length = simple.min_length.max(Some(number()?));
            return Ok(());
        }
        "maxLength" => {
            let most = number()?;
            simple.max_length = Some(simple.max_length.map_or(most, |before| before.min(most)));
            return Ok(());
        }
        "totalDigits" => {
            let most = number()?;
            simple.total_digits = Some(simple.total_digits.map_or(most, |before| before.min(most)));
            return Ok(());
        }
        "fractionDigits" => {
            let most = number()?;
            simple.fraction_digits = Some(simple.fraction_digits.map_or(most, |before| before.min(most)));
            return Ok(());
        }
        "whiteSpace" => {
            let to = match value.trim() {
                "preserve" => WhiteSpace::Preserve,
                "replace" => WhiteSpace::Replace,
                "collapse" => WhiteSpace::Collapse,
                _ => return Err(document.invalid(facet, kind)),
            };
            if to < simple.white_space {
                return Err(document.invalid(facet, "whiteSpace may only become stricter"));
            }
            simple.white_space = to;
            return Ok(());
        }
        "minInclusive" => Bound::MinInclusive,
        "minExclusive" => Bound::MinExclusive,
        "maxInclusive" => Bound::MaxInclusive,
        _ => Bound::MaxExclusive,
    };
    let value = normalise(simple.white_space, value);
    if !simple.builtin.accepts(&value) {
        return Err(document.invalid(facet, format!("{kind} is no value of the type")));
    }
    simple.bounds.push((bound, value.into()));
    Ok(())
}
