//! What the generator needs of the schemas, taken from xsd-parser's schema model. Anything that the messages do
//! not use is refused by name, so that no part of a schema is lost without notice.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use xsd_parser::Parser;
use xsd_parser::models::schema::MaxOccurs;
use xsd_parser::models::schema::QName;
use xsd_parser::models::schema::xs::{
    Annotation, ComplexBaseType, ComplexBaseTypeContent, ElementType, ElementTypeContent, Facet, GroupType,
    GroupTypeContent, Restriction, RestrictionContent, Schema, SchemaContent, SimpleBaseType,
    SimpleBaseTypeContent,
};
use xsd_parser::pipeline::parser::resolver::FileResolver;

pub type Failure = Box<dyn std::error::Error>;

/// One schema file.
pub struct Document {
    /// `WMO301` or `basisschema`.
    pub stem: String,
    pub namespace: String,
    /// The global element and its type, if there is one.
    pub root: Option<(String, String)>,
    pub classes: Vec<Class>,
    pub simples: Vec<Simple>,
}

/// A named complex type: a sequence of elements.
pub struct Class {
    pub name: String,
    pub doc: Option<String>,
    pub elements: Vec<Element>,
}

/// An element of a class.
pub struct Element {
    pub name: String,
    pub required: bool,
    pub many: bool,
    pub kind: Type,
}

/// The type of an element.
pub enum Type {
    /// A type by namespace and name, perhaps narrowed in place by a pattern.
    Named { namespace: String, name: String, pattern: Option<String> },
    /// A number type narrowed to one value in place.
    Fixed { value: u32 },
}

/// A named simple type.
pub struct Simple {
    pub name: String,
    pub doc: Option<String>,
    /// The builtin it rests on, as `string`.
    pub builtin: String,
    pub facets: Vec<(&'static str, String)>,
    pub codes: Vec<String>,
}

/// Reads every schema of a folder, by file name.
pub fn read(folder: &Path) -> Result<BTreeMap<String, Document>, Failure> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "xsd"));
    files.sort();
    let schemas = Parser::new()
        .with_resolver(FileResolver)
        .with_default_namespaces()
        .add_schema_from_files(files)
        .map_err(|error| format!("{}: {error:?}", folder.display()))?
        .finish();
    let mut documents = BTreeMap::new();
    for (_, info) in schemas.schemas() {
        let Some(location) = &info.location else { continue };
        let path = location.to_file_path().map_err(|()| format!("{location} is not a file"))?;
        let stem = path.file_stem().and_then(|stem| stem.to_str()).ok_or("a file without a name")?.to_owned();
        let document =
            document(stem.clone(), &info.schema).map_err(|error| format!("{stem}.xsd: {error}"))?;
        documents.insert(stem, document);
    }
    Ok(documents)
}

fn document(stem: String, schema: &Schema) -> Result<Document, Failure> {
    let namespace = schema.target_namespace.clone().ok_or("no targetNamespace")?;
    let mut document = Document { stem, namespace, root: None, classes: Vec::new(), simples: Vec::new() };
    for content in &schema.content {
        match content {
            SchemaContent::Import(_) | SchemaContent::Annotation(_) => {}
            SchemaContent::Element(element) => {
                let name = element.name.clone().ok_or("a global element without name")?;
                let (_, class) = qname(element.type_.as_ref().ok_or("a global element without type")?)?;
                document.root = Some((name, class));
            }
            SchemaContent::ComplexType(class) => document.classes.push(complex(class)?),
            SchemaContent::SimpleType(simple) => document.simples.push(named_simple(simple)?),
            other => return Err(format!("not known to the generator: {other:?}").into()),
        }
    }
    Ok(document)
}

fn complex(class: &ComplexBaseType) -> Result<Class, Failure> {
    let name = class.name.clone().ok_or("a complex type without name")?;
    let mut doc = None;
    let mut elements = Vec::new();
    for content in &class.content {
        match content {
            ComplexBaseTypeContent::Annotation(annotation) => doc = documentation(annotation)?,
            ComplexBaseTypeContent::Sequence(group) if elements.is_empty() => elements = sequence(group)?,
            other => return Err(format!("{name}: not known to the generator: {other:?}").into()),
        }
    }
    Ok(Class { name, doc, elements })
}

fn sequence(group: &GroupType) -> Result<Vec<Element>, Failure> {
    if group.min_occurs != 1 || group.max_occurs != MaxOccurs::Bounded(1) {
        return Err("a sequence that repeats".into());
    }
    let mut elements = Vec::new();
    for content in &group.content {
        match content {
            GroupTypeContent::Element(item) => elements.push(element(item)?),
            other => return Err(format!("not known to the generator: {other:?}").into()),
        }
    }
    Ok(elements)
}

fn element(element: &ElementType) -> Result<Element, Failure> {
    let name = element.name.clone().ok_or("an element without name")?;
    let (required, many) = match (element.min_occurs, element.max_occurs) {
        (0, MaxOccurs::Bounded(1)) => (false, false),
        (1, MaxOccurs::Bounded(1)) => (true, false),
        (1, MaxOccurs::Unbounded) => (true, true),
        occurs => return Err(format!("{name} occurs {occurs:?}").into()),
    };
    let kind = match (&element.type_, element.content.as_slice()) {
        (Some(named), []) => {
            let (namespace, name) = qname(named)?;
            Type::Named { namespace, name, pattern: None }
        }
        (None, [ElementTypeContent::SimpleType(simple)]) => in_place(simple)?,
        _ => return Err(format!("{name}: a type in place that the generator does not know").into()),
    };
    Ok(Element { name, required, many, kind })
}

/// A type narrowed in place by one pattern; a pattern that is a plain number fixes the value.
fn in_place(simple: &SimpleBaseType) -> Result<Type, Failure> {
    let restriction = restriction(simple)?;
    match restriction.content.as_slice() {
        [RestrictionContent::Facet(Facet::Pattern(pattern))] => match pattern.value.parse::<u32>() {
            Ok(value) if value.to_string() == pattern.value => Ok(Type::Fixed { value }),
            _ => {
                let (namespace, name) =
                    qname(restriction.base.as_ref().ok_or("a restriction without base")?)?;
                Ok(Type::Named { namespace, name, pattern: Some(pattern.value.clone()) })
            }
        },
        other => Err(format!("a type in place with {other:?}").into()),
    }
}

fn named_simple(simple: &SimpleBaseType) -> Result<Simple, Failure> {
    let name = simple.name.clone().ok_or("a simple type without name")?;
    let mut doc = None;
    for content in &simple.content {
        if let SimpleBaseTypeContent::Annotation(annotation) = content {
            doc = documentation(annotation)?;
        }
    }
    let restriction = restriction(simple)?;
    let (_, builtin) = qname(restriction.base.as_ref().ok_or("a restriction without base")?)?;
    let mut facets = Vec::new();
    let mut codes = Vec::new();
    for content in &restriction.content {
        match content {
            RestrictionContent::Facet(facet) => match facet {
                Facet::Enumeration(facet) => codes.push(facet.value.clone()),
                Facet::MinInclusive(facet) => facets.push(("minInclusive", facet.value.clone())),
                Facet::MaxInclusive(facet) => facets.push(("maxInclusive", facet.value.clone())),
                Facet::MinLength(facet) => facets.push(("minLength", facet.value.clone())),
                Facet::MaxLength(facet) => facets.push(("maxLength", facet.value.clone())),
                Facet::Pattern(facet) => facets.push(("pattern", facet.value.clone())),
                other => return Err(format!("{name}: not known to the generator: {other:?}").into()),
            },
            other => return Err(format!("{name}: not known to the generator: {other:?}").into()),
        }
    }
    Ok(Simple { name, doc, builtin, facets, codes })
}

fn restriction(simple: &SimpleBaseType) -> Result<&Restriction, Failure> {
    simple
        .content
        .iter()
        .find_map(|content| match content {
            SimpleBaseTypeContent::Restriction(restriction) => Some(restriction),
            _ => None,
        })
        .ok_or_else(|| "a simple type without restriction".into())
}

fn documentation(annotation: &Annotation) -> Result<Option<String>, Failure> {
    let texts = annotation.extract_documentation().map_err(|error| format!("{error:?}"))?;
    Ok(texts.first().map(|text| text.split_whitespace().collect::<Vec<_>>().join(" ")))
}

fn qname(name: &QName) -> Result<(String, String), Failure> {
    let namespace = name.namespace().map(|namespace| String::from_utf8(namespace.0.to_vec())).transpose()?;
    let local = String::from_utf8(name.local_name().to_vec())?;
    Ok((namespace.unwrap_or_default(), local))
}
