//! From schema documents to tables: names, imports, elements and complex types.

use std::collections::HashMap;
use std::sync::Arc;

use super::SchemaSource;
use super::content::{Allowed, Model, Particle, Process, Term, Wildcard};
use super::document::{Document, QName, XSD};
use super::error::{SchemaError, SchemaProblem};
use super::pattern::Pattern;
use super::tables::{AttributeUse, ComplexType, Content, ElementDeclaration, NO_NAMESPACE, Tables, TypeRef};

/// The highest minOccurs or maxOccurs, short of `unbounded`, that a model is unrolled for.
const OCCURS_MAX: u32 = 1_000;

/// Compiles schema documents that import and include one another.
///
/// # Errors
///
/// The first construct that is unknown, wrong or leads nowhere.
pub(super) fn compile(sources: &[SchemaSource<'_>]) -> Result<Tables, SchemaError> {
    let mut documents = Vec::with_capacity(sources.len());
    for source in sources {
        documents.push(Document::read(source.name, source.text)?);
    }
    resolve_references(&mut documents)?;
    let mut compiler = Compiler::new(&documents);
    compiler.collect()?;
    compiler.run()?;
    Ok(compiler.tables)
}

/// Where a node is: its document and its place in it.
pub(super) type Place = (usize, usize);

pub(super) struct Compiler<'d> {
    pub(super) documents: &'d [Document],
    pub(super) tables: Tables,
    pub(super) simple_places: HashMap<QName, Place>,
    complex_places: HashMap<QName, Place>,
    element_places: HashMap<QName, Place>,
    pub(super) simples: HashMap<QName, u32>,
    complexes: HashMap<QName, u32>,
    globals: HashMap<QName, u32>,
    /// Complex types that have a number but no content yet.
    pending: Vec<(u32, Place)>,
    pub(super) patterns: HashMap<String, Arc<Pattern>>,
}

impl<'d> Compiler<'d> {
    fn new(documents: &'d [Document]) -> Self {
        let mut compiler = Self {
            documents,
            tables: Tables::default(),
            simple_places: HashMap::new(),
            complex_places: HashMap::new(),
            element_places: HashMap::new(),
            simples: HashMap::new(),
            complexes: HashMap::new(),
            globals: HashMap::new(),
            pending: Vec::new(),
            patterns: HashMap::new(),
        };
        compiler.tables.namespaces.push("".into());
        compiler.tables.namespace_numbers.insert("".into(), NO_NAMESPACE);
        compiler
    }

    /// Finds the global declarations of all documents.
    fn collect(&mut self) -> Result<(), SchemaError> {
        for (number, document) in self.documents.iter().enumerate() {
            document.only(
                0,
                &[
                    "targetNamespace",
                    "elementFormDefault",
                    "attributeFormDefault",
                    "version",
                    "blockDefault",
                    "finalDefault",
                ],
            )?;
            for form in ["elementFormDefault", "attributeFormDefault"] {
                if !matches!(document.nodes[0].attribute(form), None | Some("qualified" | "unqualified")) {
                    return Err(document.invalid(0, form));
                }
            }
            no_control(document, 0, &["blockDefault", "finalDefault"])?;
            self.namespace(&document.target).map_err(|problem| document.error(0, problem))?;
            for node in document.children(0) {
                let places = match document.nodes[node].kind.as_ref() {
                    "simpleType" => &mut self.simple_places,
                    "complexType" => &mut self.complex_places,
                    "element" => &mut self.element_places,
                    "import" | "include" => continue,
                    _ => return Err(document.unsupported(node)),
                };
                let local = declared_name(document, node)?;
                let name = QName { namespace: document.target.clone(), local: local.into() };
                if places.insert(name, (number, node)).is_some() {
                    return Err(document.invalid(node, format!("{local} is declared twice")));
                }
            }
        }
        if let Some((name, place)) =
            self.simple_places.iter().find(|(name, _)| self.complex_places.contains_key(name))
        {
            return Err(self.documents[place.0]
                .invalid(place.1, format!("the type {} is declared twice", name.local)));
        }
        Ok(())
    }

    fn run(&mut self) -> Result<(), SchemaError> {
        let sorted = |places: &HashMap<QName, Place>| {
            let mut sorted: Vec<(QName, Place)> =
                places.iter().map(|(name, place)| (name.clone(), *place)).collect();
            sorted.sort_by_key(|(_, place)| *place);
            sorted
        };
        for (name, place) in sorted(&self.element_places) {
            self.global(&name, place)?;
        }
        for (name, place) in sorted(&self.simple_places) {
            let type_ref = TypeRef::Simple(self.named_simple(&name, place)?);
            self.publish(&name, type_ref);
        }
        for (name, place) in sorted(&self.complex_places) {
            let type_ref = TypeRef::Complex(self.named_complex(&name, place));
            self.publish(&name, type_ref);
        }
        // Types may refer to one another in circles: content is compiled when all have a number.
        while let Some((number, place)) = self.pending.pop() {
            let compiled = self.complex_type(place)?;
            self.tables.complexes[number as usize].attributes = compiled.attributes;
            self.tables.complexes[number as usize].content = compiled.content;
        }
        Ok(())
    }

    fn publish(&mut self, name: &QName, type_ref: TypeRef) {
        let namespace = self.tables.namespace(&name.namespace);
        self.tables.types.entry(namespace).or_default().insert(name.local.clone(), type_ref);
    }

    pub(super) fn namespace(&mut self, uri: &str) -> Result<u16, SchemaProblem> {
        if let Some(number) = self.tables.namespace_numbers.get(uri) {
            return Ok(*number);
        }
        let number = u16::try_from(self.tables.namespaces.len())
            .ok()
            .filter(|number| *number < super::tables::UNKNOWN_NAMESPACE)
            .ok_or_else(|| SchemaProblem::Limit("too many namespaces".into()))?;
        self.tables.namespaces.push(uri.into());
        self.tables.namespace_numbers.insert(uri.into(), number);
        Ok(number)
    }

    fn global(&mut self, name: &QName, place: Place) -> Result<u32, SchemaError> {
        if let Some(number) = self.globals.get(name) {
            return Ok(*number);
        }
        let number = self.declaration(place, true)?;
        self.globals.insert(name.clone(), number);
        let namespace = self.tables.element(number).namespace;
        self.tables.globals.entry(namespace).or_default().insert(name.local.clone(), number);
        Ok(number)
    }

    /// Compiles an element declaration that is not a reference.
    fn declaration(&mut self, (document_number, node): Place, global: bool) -> Result<u32, SchemaError> {
        let documents = self.documents;
        let document = &documents[document_number];
        let known: &[&str] = if global {
            &["name", "type", "nillable", "abstract", "block", "final"]
        } else {
            &["name", "type", "nillable", "block", "form", "minOccurs", "maxOccurs"]
        };
        document.only(node, known)?;
        no_control(document, node, &["block", "final"])?;
        if boolean(document, node, "abstract")? {
            return Err(document.error(node, SchemaProblem::Unsupported("element/@abstract".into())));
        }
        let name = declared_name(document, node)?;
        let nillable = boolean(document, node, "nillable")?;
        let default = document.nodes[0].attribute("elementFormDefault").unwrap_or("unqualified");
        let form = document.nodes[node].attribute("form").unwrap_or(default);
        let namespace = match (global, form) {
            (true, _) | (false, "qualified") => self.tables.namespace(&document.target),
            (false, "unqualified") => NO_NAMESPACE,
            _ => return Err(document.invalid(node, "form")),
        };
        let repeats =
            document.nodes[node].attribute("maxOccurs").is_some_and(|max| !matches!(max.trim(), "0" | "1"));
        let type_ref = self.element_type((document_number, node))?;
        let number = self.number(document, node, self.tables.elements.len())?;
        self.tables.elements.push(ElementDeclaration {
            namespace,
            name: name.into(),
            type_ref,
            nillable,
            repeats,
        });
        Ok(number)
    }

    pub(super) fn number(&self, document: &Document, node: usize, length: usize) -> Result<u32, SchemaError> {
        u32::try_from(length)
            .map_err(|_| document.error(node, SchemaProblem::Limit("too many declarations".into())))
    }

    fn element_type(&mut self, (document_number, node): Place) -> Result<TypeRef, SchemaError> {
        let documents = self.documents;
        let document = &documents[document_number];
        let mut children = document.children(node);
        let inline = children.next();
        if let Some(extra) = children.next() {
            return Err(document.unsupported(extra));
        }
        match (document.nodes[node].name("type"), inline) {
            (Some(name), None) => self.type_by_name(name, document, node),
            (None, None) => Ok(TypeRef::Any),
            (Some(_), Some(inline)) => Err(document.invalid(inline, "an element with two types")),
            (None, Some(inline)) => match document.nodes[inline].kind.as_ref() {
                "simpleType" => Ok(TypeRef::Simple(self.inline_simple((document_number, inline))?)),
                "complexType" => Ok(TypeRef::Complex(self.reserve((document_number, inline)))),
                // Identity constraints among them.
                _ => Err(document.unsupported(inline)),
            },
        }
    }

    fn type_by_name(
        &mut self,
        name: &QName,
        document: &Document,
        node: usize,
    ) -> Result<TypeRef, SchemaError> {
        if name.namespace.as_ref() == XSD && name.local.as_ref() == "anyType" {
            return Ok(TypeRef::Any);
        }
        if let Some(place) = self.complex_places.get(name).copied() {
            return Ok(TypeRef::Complex(self.named_complex(name, place)));
        }
        Ok(TypeRef::Simple(self.simple_by_name(name, document, node)?))
    }

    fn named_complex(&mut self, name: &QName, place: Place) -> u32 {
        if let Some(number) = self.complexes.get(name) {
            return *number;
        }
        let number = self.reserve(place);
        self.complexes.insert(name.clone(), number);
        number
    }

    fn reserve(&mut self, place: Place) -> u32 {
        // As many as there are nodes, which are fewer than bytes of schema text.
        let number = self.tables.complexes.len() as u32;
        self.tables.complexes.push(ComplexType { attributes: Vec::new(), content: Content::Empty });
        self.pending.push((number, place));
        number
    }

    fn complex_type(&mut self, place: Place) -> Result<ComplexType, SchemaError> {
        let (document_number, node) = place;
        let documents = self.documents;
        let document = &documents[document_number];
        document.only(node, &["name", "mixed", "abstract", "block", "final"])?;
        no_control(document, node, &["block", "final"])?;
        for attribute in ["mixed", "abstract"] {
            if boolean(document, node, attribute)? {
                return Err(
                    document.error(node, SchemaProblem::Unsupported(format!("complexType/@{attribute}")))
                );
            }
        }
        let mut compiled = ComplexType { attributes: Vec::new(), content: Content::Empty };
        let mut children = document.children(node).peekable();
        match children.peek().map(|child| document.nodes[*child].kind.as_ref()) {
            Some("sequence" | "choice") => {
                let group = children.next().unwrap_or_default();
                compiled.content = self.model((document_number, group))?;
            }
            Some("simpleContent") => {
                let content = children.next().unwrap_or_default();
                return match children.next() {
                    Some(extra) => Err(document.unsupported(extra)),
                    None => self.simple_content((document_number, content)),
                };
            }
            _ => {}
        }
        for child in children {
            self.attribute((document_number, child), &mut compiled.attributes)?;
        }
        Ok(compiled)
    }

    /// simpleContent with an extension that adds attributes.
    fn simple_content(&mut self, (document_number, node): Place) -> Result<ComplexType, SchemaError> {
        let documents = self.documents;
        let document = &documents[document_number];
        document.only(node, &[])?;
        let mut children = document.children(node);
        let Some(extension) = children.next() else {
            return Err(document.invalid(node, "an empty simpleContent"));
        };
        if let Some(other) = children.next() {
            return Err(document.unsupported(other));
        }
        if document.nodes[extension].kind.as_ref() != "extension" {
            return Err(document.unsupported(extension));
        }
        document.only(extension, &["base"])?;
        let base =
            document.nodes[extension].name("base").ok_or_else(|| document.invalid(extension, "no base"))?;
        let mut compiled = match self.type_by_name(base, document, extension)? {
            TypeRef::Simple(number) => {
                ComplexType { attributes: Vec::new(), content: Content::Simple(number) }
            }
            TypeRef::Complex(_) => match self.complex_places.get(base).copied() {
                Some(place) => self.extended(place, document, extension)?,
                None => return Err(document.invalid(extension, "no base")),
            },
            TypeRef::Any => return Err(document.invalid(extension, "the base has no simple content")),
        };
        for child in document.children(extension) {
            self.attribute((document_number, child), &mut compiled.attributes)?;
        }
        Ok(compiled)
    }

    /// The complex type that a simpleContent extends. One step only: a longer chain is refused.
    fn extended(
        &mut self,
        place: Place,
        document: &Document,
        node: usize,
    ) -> Result<ComplexType, SchemaError> {
        let base = &self.documents[place.0];
        let chained = base.children(place.1).any(|content| {
            base.nodes[content].kind.as_ref() == "simpleContent"
                && base.children(content).any(|step| {
                    base.nodes[step].name("base").is_some_and(|name| self.complex_places.contains_key(name))
                })
        });
        if chained {
            return Err(document.error(
                node,
                SchemaProblem::Unsupported("extension of an extension of an extension".into()),
            ));
        }
        let compiled = self.complex_type(place)?;
        match compiled.content {
            Content::Simple(_) => Ok(compiled),
            _ => Err(document.invalid(node, "the base has no simple content")),
        }
    }

    fn attribute(
        &mut self,
        (document_number, node): Place,
        into: &mut Vec<AttributeUse>,
    ) -> Result<(), SchemaError> {
        let documents = self.documents;
        let document = &documents[document_number];
        if document.nodes[node].kind.as_ref() != "attribute" {
            return Err(document.unsupported(node));
        }
        document.only(node, &["name", "type", "use", "form"])?;
        let name = declared_name(document, node)?;
        let default = document.nodes[0].attribute("attributeFormDefault").unwrap_or("unqualified");
        let namespace = match document.nodes[node].attribute("form").unwrap_or(default) {
            "qualified" => self.tables.namespace(&document.target),
            "unqualified" => NO_NAMESPACE,
            _ => return Err(document.invalid(node, "form")),
        };
        let required = match document.nodes[node].attribute("use") {
            None | Some("optional") => false,
            Some("required") => true,
            Some(_) => return Err(document.error(node, SchemaProblem::Unsupported("attribute/@use".into()))),
        };
        let mut children = document.children(node);
        let simple = match (document.nodes[node].name("type"), children.next()) {
            (Some(name), None) => self.simple_by_name(name, document, node)?,
            (None, Some(inline)) if document.nodes[inline].kind.as_ref() == "simpleType" => {
                self.inline_simple((document_number, inline))?
            }
            (None, None) => {
                let any = QName { namespace: XSD.into(), local: "anySimpleType".into() };
                self.simple_by_name(&any, document, node)?
            }
            (_, Some(child)) => return Err(document.unsupported(child)),
        };
        if into.iter().any(|other| other.namespace == namespace && other.name.as_ref() == name) {
            return Err(document.invalid(node, format!("the attribute {name} stands twice")));
        }
        into.push(AttributeUse { namespace, name: name.into(), simple, required });
        Ok(())
    }

    fn model(&mut self, (document_number, group): Place) -> Result<Content, SchemaError> {
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

pub(super) fn declared_name(document: &Document, node: usize) -> Result<&str, SchemaError> {
    match document.nodes[node].attribute("name") {
        Some(name) if crate::xml::is_ncname(name) => Ok(name),
        _ => Err(document.invalid(node, format!("{} without a proper name", document.nodes[node].kind))),
    }
}

fn boolean(document: &Document, node: usize, name: &str) -> Result<bool, SchemaError> {
    match document.nodes[node].attribute(name).map(str::trim) {
        None | Some("false" | "0") => Ok(false),
        Some("true" | "1") => Ok(true),
        Some(_) => Err(document.invalid(node, name)),
    }
}

/// Refuses controls on derivation and substitution unless they are empty, that is, do nothing.
pub(super) fn no_control(document: &Document, node: usize, names: &[&str]) -> Result<(), SchemaError> {
    let of = &document.nodes[node];
    match names.iter().find(|name| of.attribute(name).is_some_and(|value| !value.trim().is_empty())) {
        Some(name) => Err(document.error(node, SchemaProblem::Unsupported(format!("{}/@{name}", of.kind)))),
        None => Ok(()),
    }
}

/// Checks that imports and includes lead to documents among the sources, and gives included documents
/// without a target namespace that of their includer (part 1, section 4.2.1).
fn resolve_references(documents: &mut [Document]) -> Result<(), SchemaError> {
    let mut chameleons: Vec<(usize, Box<str>)> = Vec::new();
    for document in documents.iter() {
        for node in document.children(0) {
            let kind = document.nodes[node].kind.as_ref();
            match kind {
                "import" => document.only(node, &["namespace", "schemaLocation"])?,
                "include" => document.only(node, &["schemaLocation"])?,
                _ => continue,
            }
            let location = document.nodes[node].attribute("schemaLocation");
            let Some(location) = location else {
                if kind == "include" {
                    return Err(document.invalid(node, "include without schemaLocation"));
                }
                continue;
            };
            let Some(found) = locate(documents, &document.name, location) else {
                return Err(document.error(node, SchemaProblem::Unresolved(format!("{kind} of {location}"))));
            };
            let expected = match kind {
                "import" => document.nodes[node].attribute("namespace").unwrap_or_default(),
                _ if documents[found].target.is_empty() && !document.target.is_empty() => {
                    chameleons.push((found, document.target.clone()));
                    continue;
                }
                _ => &document.target,
            };
            if documents[found].target.as_ref() != expected {
                return Err(document.invalid(node, format!("{location} has another target namespace")));
            }
        }
    }
    for (found, target) in chameleons {
        let document = &mut documents[found];
        if !document.target.is_empty() && document.target != target {
            return Err(document.error(0, SchemaProblem::Unsupported("include into two namespaces".into())));
        }
        for node in &mut document.nodes {
            for (_, name) in &mut node.names {
                if name.namespace.is_empty() {
                    name.namespace = target.clone();
                }
            }
        }
        document.target = target;
    }
    Ok(())
}

/// Finds a document by its place beside the one that refers to it, else by its file name alone.
fn locate(documents: &[Document], from: &str, location: &str) -> Option<usize> {
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in location.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    let beside = parts.join("/");
    let file = |name: &str| name.rsplit('/').next().unwrap_or_default().to_owned();
    documents
        .iter()
        .position(|document| document.name.trim_start_matches('/') == beside)
        .or_else(|| documents.iter().position(|document| file(&document.name) == file(location)))
}
