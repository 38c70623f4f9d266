//! From schema documents to tables: content models.

use super::compile::{Compiler, Place};
use super::content::{Allowed, Model, Particle, Process, Term, Wildcard};
use super::document::Document;
use super::error::{SchemaError, SchemaProblem};
use super::tables::{Content, ElementDeclaration};

/// The highest minOccurs or maxOccurs, short of `unbounded`, that a model is unrolled for.
const OCCURS_MAX: u32 = 1_000;
impl Compiler<'_> {
    pub(super) fn model(&mut self, (document_number, group): Place) -> Result<Content, SchemaError> {
        let documents = self.documents;
        let document = &documents[document_number];
        let mut lists = Lists::default();
        let root = self.particle((document_number, group), &mut lists)?;
        if lists.declarations.is_empty()
            && lists.wildcards.is_empty()
            && matches!(root.term, Term::Sequence(_))
        {
            return Ok(Content::Empty);
        }
        let tables = &self.tables;
        let same_name = |a: u32, b: u32| {
            let (a, b) = (tables.element(a), tables.element(b));
            a.namespace == b.namespace && a.name == b.name
        };
        let keys: Vec<u16> = lists
            .declarations
            .iter()
            .map(|declaration| {
                lists.declarations.iter().position(|other| same_name(*declaration, *other)).unwrap_or(0)
                    as u16
            })
            .collect();
        // cos-element-consistent: one name, one type; otherwise the automaton could not choose.
        for (index, key) in keys.iter().enumerate() {
            let first = lists.declarations[usize::from(*key)];
            let element = tables.element(lists.declarations[index]);
            if tables.element(first).type_ref != element.type_ref {
                return Err(document.invalid(group, format!("{} stands here with two types", element.name)));
            }
        }
        let Lists { declarations, wildcards } = lists;
        Model::compile(&root, declarations, wildcards, |index| keys[usize::from(index)])
            .map(Content::Elements)
            .map_err(|why| document.error(group, SchemaProblem::Limit(why)))
    }

    /// Recursion is bounded by the depth of the document, which the scanner limits.
    fn particle(&mut self, place: Place, lists: &mut Lists) -> Result<Particle, SchemaError> {
        let (document_number, node) = place;
        let documents = self.documents;
        let document = &documents[document_number];
        let min = occurs(document, node, "minOccurs")?.unwrap_or(1);
        let max = occurs(document, node, "maxOccurs")?;
        if max.is_some_and(|max| max < min) {
            return Err(document.invalid(node, "maxOccurs is less than minOccurs"));
        }
        let too_many = |_| document.error(node, SchemaProblem::Limit("too many elements in a type".into()));
        let term = match document.nodes[node].kind.as_ref() {
            kind @ ("sequence" | "choice") => {
                document.only(node, &["minOccurs", "maxOccurs"])?;
                let mut particles = Vec::new();
                for child in document.children(node) {
                    let before = lists.clone();
                    let particle = self.particle((document_number, child), lists)?;
                    if particle.max == Some(0) {
                        // It is no part of the model at all (part 1, section 3.9.2).
                        *lists = before;
                    } else {
                        particles.push(particle);
                    }
                }
                if kind == "sequence" { Term::Sequence(particles) } else { Term::Choice(particles) }
            }
            "element" => {
                let number = match document.nodes[node].name("ref") {
                    Some(name) => {
                        document.only(node, &["ref", "minOccurs", "maxOccurs"])?;
                        let place = self.element_places.get(name).copied().ok_or_else(|| {
                            document.error(node, SchemaProblem::Unresolved(format!("element {}", name.local)))
                        })?;
                        let number = self.global(name, place)?;
                        self.repeated(number, max != Some(1) && max != Some(0), document, node)?
                    }
                    None => self.declaration(place, false)?,
                };
                lists.declarations.push(number);
                Term::Element(u16::try_from(lists.declarations.len() - 1).map_err(too_many)?)
            }
            "any" => {
                lists.wildcards.push(wildcard(document, node)?);
                Term::Any(u16::try_from(lists.wildcards.len() - 1).map_err(too_many)?)
            }
            _ => return Err(document.unsupported(node)),
        };
        Ok(Particle { term, min, max })
    }

    /// A reference that may repeat gets a declaration of its own that says so.
    fn repeated(
        &mut self,
        number: u32,
        repeats: bool,
        document: &Document,
        node: usize,
    ) -> Result<u32, SchemaError> {
        if !repeats {
            return Ok(number);
        }
        let copy = ElementDeclaration { repeats: true, ..self.tables.element(number).clone() };
        let number = self.number(document, node, self.tables.elements.len())?;
        self.tables.elements.push(copy);
        Ok(number)
    }
}

#[derive(Clone, Default)]
struct Lists {
    declarations: Vec<u32>,
    wildcards: Vec<Wildcard>,
}

fn wildcard(document: &Document, node: usize) -> Result<Wildcard, SchemaError> {
    document.only(node, &["namespace", "processContents", "minOccurs", "maxOccurs"])?;
    let allowed = match document.nodes[node].attribute("namespace").map_or("##any", str::trim) {
        "##any" => Allowed::Any,
        "##other" => Allowed::Other(document.target.clone()),
        list => Allowed::List(
            list.split_ascii_whitespace()
                .map(|uri| match uri {
                    "##targetNamespace" => document.target.clone(),
                    "##local" => "".into(),
                    _ => uri.into(),
                })
                .collect(),
        ),
    };
    let process = match document.nodes[node].attribute("processContents") {
        None | Some("strict") => Process::Strict,
        Some("lax") => Process::Lax,
        Some("skip") => Process::Skip,
        Some(_) => return Err(document.invalid(node, "processContents")),
    };
    Ok(Wildcard { allowed, process })
}

/// minOccurs or maxOccurs; for the latter none is `unbounded`.
fn occurs(document: &Document, node: usize, name: &str) -> Result<Option<u32>, SchemaError> {
    match document.nodes[node].attribute(name).map(str::trim) {
        None => Ok(Some(1)),
        Some("unbounded") if name == "maxOccurs" => Ok(None),
        Some(number) => {
            let number: u32 = number.parse().map_err(|_| document.invalid(node, name))?;
            if number > OCCURS_MAX {
                return Err(document.error(node, SchemaProblem::Limit(format!("{name} over {OCCURS_MAX}"))));
            }
            Ok(Some(number))
        }
    }
}
