//! From schema documents to tables: names, imports, elements and complex types.

use std::collections::HashMap;
use std::sync::Arc;

use super::SchemaSource;
use super::builtin::Builtin;
use super::document::{Document, QName, XSD};
use super::error::{SchemaError, SchemaProblem};
use super::pattern::Pattern;
use super::simple::normalise;
use super::tables::{
    ComplexType, Content, ElementDeclaration, NO_NAMESPACE, Tables, TypeRef, ValueConstraint,
};

/// Compiles schema documents that import and include one another.
///
/// # Errors
///
/// The first construct that is unknown, wrong or leads nowhere.
pub(super) fn compile(sources: &[SchemaSource<'_>]) -> Result<Tables, SchemaError> {
    tables(read(sources)?)
}

/// Compiles one schema document with those that it imports and includes, and no others of the sources.
///
/// # Errors
///
/// As [`compile`]; also when there is no document of that name.
pub(super) fn compile_from(name: &str, sources: &[SchemaSource<'_>]) -> Result<Tables, SchemaError> {
    tables(super::references::reachable(name, read(sources)?)?)
}

fn read(sources: &[SchemaSource<'_>]) -> Result<Vec<Document>, SchemaError> {
    sources.iter().map(|source| Document::read(source.name, source.text)).collect()
}

fn tables(mut documents: Vec<Document>) -> Result<Tables, SchemaError> {
    super::references::resolve(&mut documents)?;
    let mut compiler = Compiler::new(&documents);
    compiler.collect()?;
    compiler.run()?;
    let mut tables = compiler.tables;
    tables.prepare();
    Ok(tables)
}

/// Where a node is: its document and its place in it.
pub(super) type Place = (usize, usize);

pub(super) struct Compiler<'d> {
    pub(super) documents: &'d [Document],
    pub(super) tables: Tables,
    pub(super) simple_places: HashMap<QName, Place>,
    pub(super) complex_places: HashMap<QName, Place>,
    pub(super) element_places: HashMap<QName, Place>,
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
        // A document may name a built-in type, too.
        for (local, _) in Builtin::HIERARCHY.iter().filter(|_| !self.documents.is_empty()) {
            let name = QName { namespace: XSD.into(), local: (*local).into() };
            let type_ref = TypeRef::Simple(self.simple_by_name(&name, &self.documents[0], 0)?);
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

    pub(super) fn global(&mut self, name: &QName, place: Place) -> Result<u32, SchemaError> {
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
    pub(super) fn declaration(
        &mut self,
        (document_number, node): Place,
        global: bool,
    ) -> Result<u32, SchemaError> {
        let documents = self.documents;
        let document = &documents[document_number];
        let known: &[&str] = if global {
            &["name", "type", "nillable", "abstract", "block", "final", "default", "fixed"]
        } else {
            &["name", "type", "nillable", "block", "form", "default", "fixed", "minOccurs", "maxOccurs"]
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
        let constraint = match type_ref {
            TypeRef::Simple(simple) => self.value_constraint(document, node, simple)?,
            // Simple content of a complex type is compiled later, anything else has no one value.
            _ if ["default", "fixed"].iter().any(|name| document.nodes[node].attribute(name).is_some()) => {
                let construct = "a default or fixed value for a complex type".into();
                return Err(document.error(node, SchemaProblem::Unsupported(construct)));
            }
            _ => None,
        };
        let number = self.number(document, node, self.tables.elements.len())?;
        self.tables.elements.push(ElementDeclaration {
            namespace,
            name: name.into(),
            type_ref,
            nillable,
            repeats,
            constraint,
        });
        Ok(number)
    }

    pub(super) fn value_constraint(
        &self,
        document: &Document,
        node: usize,
        simple: u32,
    ) -> Result<Option<ValueConstraint>, SchemaError> {
        let of = &document.nodes[node];
        let (value, fixed) = match (of.attribute("default"), of.attribute("fixed")) {
            (None, None) => return Ok(None),
            (Some(value), None) => (value, false),
            (None, Some(value)) => (value, true),
            (Some(_), Some(_)) => return Err(document.invalid(node, "both a default and a fixed value")),
        };
        let simple = self.tables.simple(simple);
        let value = normalise(simple.white_space, value);
        match simple.check(&value) {
            Ok(()) => Ok(Some(ValueConstraint { value: value.into(), fixed })),
            Err(_) => Err(document.invalid(node, "a default or fixed value that the type forbids")),
        }
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

    pub(super) fn type_by_name(
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
}

pub(super) fn declared_name(document: &Document, node: usize) -> Result<&str, SchemaError> {
    match document.nodes[node].attribute("name") {
        Some(name) if crate::xml::is_ncname(name) => Ok(name),
        _ => Err(document.invalid(node, format!("{} without a proper name", document.nodes[node].kind))),
    }
}

pub(super) fn boolean(document: &Document, node: usize, name: &str) -> Result<bool, SchemaError> {
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
