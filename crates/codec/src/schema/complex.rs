//! From schema documents to tables: complex types and their attributes.

use super::compile::{Compiler, Place, boolean, declared_name, no_control};
use super::document::{Document, QName, XSD};
use super::error::{SchemaError, SchemaProblem};
use super::tables::{AttributeUse, ComplexType, Content, NO_NAMESPACE, TypeRef};

impl Compiler<'_> {
    pub(super) fn complex_type(&mut self, place: Place) -> Result<ComplexType, SchemaError> {
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
        document.only(node, &["name", "type", "use", "form", "default", "fixed"])?;
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
        // A default only adds to what is there, and nobody here reads what is not there.
        let fixed = self.value_constraint(document, node, simple)?.filter(|constraint| constraint.fixed);
        let fixed = fixed.map(|constraint| constraint.value);
        into.push(AttributeUse { namespace, name: name.into(), simple, required, fixed });
        Ok(())
    }
}
