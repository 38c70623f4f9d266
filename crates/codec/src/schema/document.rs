//! A schema document as a list of nodes, with its names resolved.

use super::error::{SchemaError, SchemaProblem};
use crate::report::Lang;
use crate::xml::{
    Limits, Namespaces, Scanner, Token, XmlFault, decode, is_xml_space, split_qname, unescape_attribute,
};

pub(super) const XSD: &str = "http://www.w3.org/2001/XMLSchema";

/// A name with its namespace; the empty text is "no namespace".
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct QName {
    pub(super) namespace: Box<str>,
    pub(super) local: Box<str>,
}

/// One element of a schema document. What stands within an annotation is left out.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) kind: Box<str>,
    pub(super) attributes: Vec<(Box<str>, Box<str>)>,
    /// The attributes that hold names: `type`, `base`, `ref`.
    pub(super) names: Vec<(&'static str, QName)>,
    pub(super) children: Vec<usize>,
    pub(super) line: u32,
}

/// A schema document.
#[derive(Clone, Debug)]
pub(super) struct Document {
    pub(super) name: Box<str>,
    /// The target namespace; for a document without one that of the document that includes it.
    pub(super) target: Box<str>,
    /// The first is the `schema` element.
    pub(super) nodes: Vec<Node>,
}

impl Node {
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key.as_ref() == name).map(|(_, value)| value.as_ref())
    }

    pub(super) fn name(&self, attribute: &str) -> Option<&QName> {
        self.names.iter().find(|(key, _)| *key == attribute).map(|(_, name)| name)
    }
}

impl Document {
    /// Reads a schema document.
    ///
    /// # Errors
    ///
    /// When it is not well-formed, or holds elements that are not of XML Schema.
    pub(super) fn read(name: &str, text: &str) -> Result<Self, SchemaError> {
        Reader::new(name, text).run()
    }

    pub(super) fn error(&self, node: usize, problem: SchemaProblem) -> SchemaError {
        SchemaError { source_name: self.name.to_string(), line: self.nodes[node].line, problem }
    }

    /// Returns the children of a node but for annotations.
    pub(super) fn children(&self, node: usize) -> impl Iterator<Item = usize> {
        self.nodes[node].children.iter().copied()
    }

    /// Refuses attributes that the caller does not know: what is not understood is never ignored.
    pub(super) fn only(&self, node: usize, known: &[&str]) -> Result<(), SchemaError> {
        let of = &self.nodes[node];
        for (name, _) in &of.attributes {
            if name.as_ref() != "id" && !known.contains(&name.as_ref()) {
                return Err(self.error(node, SchemaProblem::Unsupported(format!("{}/@{name}", of.kind))));
            }
        }
        Ok(())
    }

    pub(super) fn unsupported(&self, node: usize) -> SchemaError {
        self.error(node, SchemaProblem::Unsupported(self.nodes[node].kind.to_string()))
    }

    pub(super) fn invalid(&self, node: usize, why: impl Into<String>) -> SchemaError {
        self.error(node, SchemaProblem::Invalid(why.into()))
    }
}

struct Reader<'x> {
    name: &'x str,
    text: &'x str,
    nodes: Vec<Node>,
    /// How far lines have been counted.
    counted: (usize, u32),
}

impl<'x> Reader<'x> {
    fn new(name: &'x str, text: &'x str) -> Self {
        Self { name, text, nodes: Vec::new(), counted: (0, 1) }
    }

    fn line(&mut self, offset: usize) -> u32 {
        let (from, line) = self.counted;
        let more = self
            .text
            .as_bytes()
            .get(from..offset)
            .unwrap_or_default()
            .iter()
            .filter(|byte| **byte == b'\n')
            .count();
        self.counted = (offset.max(from), line.saturating_add(u32::try_from(more).unwrap_or(u32::MAX)));
        self.counted.1
    }

    fn error(&mut self, offset: usize, problem: SchemaProblem) -> SchemaError {
        SchemaError { source_name: self.name.to_owned(), line: self.line(offset), problem }
    }

    fn fault(&mut self, fault: XmlFault) -> SchemaError {
        let text = fault.kind.text().get(Lang::En).to_owned();
        self.error(fault.offset, SchemaProblem::Xml(text))
    }

    fn run(mut self) -> Result<Document, SchemaError> {
        let limits = Limits::default();
        let text = decode(self.text.as_bytes(), limits).map_err(|fault| self.fault(fault))?;
        let mut scanner = Scanner::new(text, limits);
        let mut namespaces = Namespaces::new(limits.namespaces, |_| ());
        // Open elements: the node, and the height of the namespace stack before it.
        let mut open: Vec<(Option<usize>, usize)> = Vec::new();
        loop {
            let token = scanner.next().map_err(|fault| self.fault(fault))?;
            if let Some(fault) = scanner.faults().first() {
                return Err(self.fault(*fault));
            }
            match token {
                Token::Start(name) => {
                    let mark = namespaces.mark();
                    for attribute in scanner.attributes() {
                        namespaces.declare(attribute, |_| ()).map_err(|fault| self.fault(fault))?;
                    }
                    // Within an annotation anything may stand.
                    let annotated = open.last().is_some_and(|(node, _)| node.is_none());
                    let node = if annotated { None } else { self.node(name, &scanner, &namespaces)? };
                    if let (Some(node), Some((Some(parent), _))) = (node, open.last()) {
                        self.nodes[*parent].children.push(node);
                    }
                    open.push((node, mark));
                }
                Token::End => {
                    if let Some((_, mark)) = open.pop() {
                        namespaces.restore(mark);
                    }
                }
                Token::Text { raw, .. } | Token::Cdata(raw) => {
                    let annotated = open.last().is_some_and(|(node, _)| node.is_none());
                    if !annotated && !raw.bytes().all(is_xml_space) {
                        let offset = scanner.token_offset();
                        return Err(
                            self.error(offset, SchemaProblem::Invalid("text between elements".into()))
                        );
                    }
                }
                Token::Eof => break,
            }
        }
        let target = self
            .nodes
            .first()
            .and_then(|schema| schema.attribute("targetNamespace"))
            .unwrap_or_default()
            .into();
        Ok(Document { name: self.name.into(), target, nodes: self.nodes })
    }

    /// Makes a node of a start tag; none for an annotation.
    fn node(
        &mut self,
        name: &str,
        scanner: &Scanner<'_>,
        namespaces: &Namespaces<'_, ()>,
    ) -> Result<Option<usize>, SchemaError> {
        let offset = scanner.token_offset();
        let kind = match resolve(name, namespaces) {
            Some(name) if name.namespace.as_ref() == XSD => name.local,
            Some(name) => {
                return Err(self.error(
                    offset,
                    SchemaProblem::Unsupported(format!("element {{{}}}{}", name.namespace, name.local)),
                ));
            }
            None => return Err(self.error(offset, SchemaProblem::Unresolved(format!("prefix of {name}")))),
        };
        if self.nodes.is_empty() != (kind.as_ref() == "schema") {
            return Err(self.error(offset, SchemaProblem::Invalid(format!("{kind} stands where it may not"))));
        }
        if kind.as_ref() == "annotation" {
            return Ok(None);
        }
        let line = self.line(offset);
        let mut node = Node { kind, attributes: Vec::new(), names: Vec::new(), children: Vec::new(), line };
        for attribute in scanner.attributes() {
            // Attributes of other namespaces are notes to others (part 1, section 3.1.1 and on).
            if attribute.name == "xmlns" || attribute.name.contains(':') {
                continue;
            }
            let value = unescape_attribute(attribute.value);
            let held = ["type", "base", "ref"].into_iter().find(|held| *held == attribute.name);
            if let Some(held) = held {
                let name = value.trim_matches(|c: char| c.is_ascii() && is_xml_space(c as u8));
                let Some(name) = resolve(name, namespaces) else {
                    return Err(self.error(offset, SchemaProblem::Unresolved(format!("{held} {value}"))));
                };
                node.names.push((held, name));
            }
            node.attributes.push((attribute.name.into(), value.into()));
        }
        self.nodes.push(node);
        Ok(Some(self.nodes.len() - 1))
    }
}

fn resolve(name: &str, namespaces: &Namespaces<'_, ()>) -> Option<QName> {
    let (prefix, local) = split_qname(name)?;
    let (namespace, ()) = namespaces.resolve(prefix)?;
    Some(QName { namespace: namespace.into(), local: local.into() })
}
