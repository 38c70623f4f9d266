//! What generated classes are made with: reading by [`Reader`], showing to a [`Sink`].

use crate::validate::Walk;
use crate::value::Leaf;

/// A class of a message: an element with child elements.
pub(crate) trait Class: Sized {
    /// Reads the children of the element that was just opened, to its end. `None` when something required is
    /// missing or unreadable.
    fn decode(reader: &mut Reader<'_, '_>) -> Option<Self>;

    /// Shows the children to a sink.
    fn visit(&self, sink: &mut impl Sink);
}

/// Fills classes from a [`Walk`], which judges the document by its schema and records every fault; the reader
/// reports none. It only remembers that a value could not be held although the schema allows it.
pub(crate) struct Reader<'x, 's> {
    walk: Walk<'x, 's>,
    unreadable: bool,
}

impl<'x, 's> Reader<'x, 's> {
    /// Reads on from a walk whose document element was opened.
    pub(crate) fn new(walk: Walk<'x, 's>) -> Self {
        Self { walk, unreadable: false }
    }

    /// Gives the walk back, and whether every value could be held.
    pub(crate) fn into_walk(self) -> (Walk<'x, 's>, bool) {
        (self.walk, !self.unreadable)
    }

    /// The next child of the open element, by its place in the schema.
    pub(crate) fn child(&mut self) -> Option<u16> {
        self.walk.child()
    }

    /// The value of the child that was just opened.
    pub(crate) fn leaf<T: Leaf>(&mut self) -> Option<T> {
        let value = T::from_lexical(self.walk.text());
        self.unreadable |= value.is_none();
        value
    }

    /// An attribute of the child that was just opened.
    pub(crate) fn attribute(&self, name: &str) -> Option<String> {
        self.walk.attribute(name)
    }

    /// The class of the child that was just opened.
    pub(crate) fn class<T: Class>(&mut self) -> Option<T> {
        let class = T::decode(self);
        self.unreadable |= class.is_none();
        class
    }

    /// The classes in the container that was just opened.
    pub(crate) fn classes<T: Class>(&mut self) -> Vec<T> {
        let mut classes = Vec::new();
        while self.child().is_some() {
            classes.extend(self.class());
        }
        classes
    }

    /// The values in the container that was just opened.
    pub(crate) fn leaves<T: Leaf>(&mut self) -> Vec<T> {
        let mut values = Vec::new();
        while self.child().is_some() {
            values.extend(self.leaf());
        }
        values
    }
}

/// The class of a document element.
pub(crate) trait Root: Class {
    /// Its name with prefix.
    const TAG: &'static str;
    /// The prefixes to declare, with their namespaces.
    const NAMESPACES: &'static [(&'static str, &'static str)];

    /// Writes the whole document: UTF-8 without byte order mark, CR/LF line ends (OP192).
    fn encode_document(&self) -> Vec<u8> {
        let mut writer = Writer { out: String::with_capacity(DOCUMENT_CAPACITY), depth: 0 };
        writer.line(&["<?xml version=\"1.0\" encoding=\"UTF-8\"?>"]);
        writer.out.push('<');
        writer.out.push_str(Self::TAG);
        for (prefix, namespace) in Self::NAMESPACES {
            for part in [" xmlns:", prefix, "=\"", namespace, "\""] {
                writer.out.push_str(part);
            }
        }
        writer.line(&[">"]);
        writer.depth = 1;
        self.visit(&mut writer);
        writer.end(Self::TAG);
        writer.out.into_bytes()
    }
}

/// What goes over the elements of a class, in the order of the schema. Tags have the prefix of their namespace.
pub(crate) trait Sink {
    /// An element with a value; the item of a container has its number, from 1.
    fn value(&mut self, tag: &'static str, number: Option<usize>, value: &impl Leaf);

    /// An element with children begins.
    fn begin(&mut self, tag: &'static str, number: Option<usize>);

    /// The element that began last ends.
    fn end(&mut self, tag: &'static str);

    /// An element with a value.
    fn leaf(&mut self, tag: &'static str, value: &impl Leaf) {
        self.value(tag, None, value);
    }

    /// An element with a value and an attribute, which only an envelope has; a sink may leave the attribute out.
    fn leaf_with(&mut self, tag: &'static str, _attribute: (&'static str, &str), value: &impl Leaf) {
        self.value(tag, None, value);
    }

    /// An element with children.
    fn class(&mut self, tag: &'static str, class: &impl Class)
    where
        Self: Sized,
    {
        self.begin(tag, None);
        class.visit(self);
        self.end(tag);
    }

    /// A container of classes.
    fn classes(&mut self, tag: &'static str, item: &'static str, classes: &[impl Class])
    where
        Self: Sized,
    {
        self.begin(tag, None);
        for (index, class) in classes.iter().enumerate() {
            self.begin(item, Some(index + 1));
            class.visit(self);
            self.end(item);
        }
        self.end(tag);
    }

    /// A container of values.
    fn leaves(&mut self, tag: &'static str, item: &'static str, values: &[impl Leaf]) {
        self.begin(tag, None);
        for (index, value) in values.iter().enumerate() {
            self.value(item, Some(index + 1), value);
        }
        self.end(tag);
    }
}

/// The name of an element without its prefix.
pub(crate) fn local_name(tag: &'static str) -> &'static str {
    tag.split_once(':').map_or(tag, |(_, name)| name)
}

/// Room for an ordinary message, so that its text grows without being moved.
const DOCUMENT_CAPACITY: usize = 4096;

/// Writes elements, one to a line, indented by tabs.
struct Writer {
    out: String,
    depth: usize,
}

impl Writer {
    fn line(&mut self, parts: &[&str]) {
        for part in parts {
            self.out.push_str(part);
        }
        self.out.push_str("\r\n");
    }

    fn indent(&mut self) {
        for _ in 0..self.depth {
            self.out.push('\t');
        }
    }
}

impl Sink for Writer {
    fn value(&mut self, tag: &'static str, _number: Option<usize>, value: &impl Leaf) {
        self.indent();
        for part in ["<", tag, ">"] {
            self.out.push_str(part);
        }
        escape(&mut self.out, &value.lexical());
        self.line(&["</", tag, ">"]);
    }

    fn leaf_with(&mut self, tag: &'static str, (name, text): (&'static str, &str), value: &impl Leaf) {
        self.indent();
        for part in ["<", tag, " ", name, "=\""] {
            self.out.push_str(part);
        }
        let mut escaped = String::new();
        escape(&mut escaped, text);
        self.out.push_str(&escaped.replace('"', "&quot;"));
        self.out.push_str("\">");
        escape(&mut self.out, &value.lexical());
        self.line(&["</", tag, ">"]);
    }

    fn begin(&mut self, tag: &'static str, _number: Option<usize>) {
        self.indent();
        self.line(&["<", tag, ">"]);
        self.depth += 1;
    }

    fn end(&mut self, tag: &'static str) {
        self.depth = self.depth.saturating_sub(1);
        self.indent();
        self.line(&["</", tag, ">"]);
    }
}

/// Escapes character data. A reader turns CR LF and a bare carriage return into a line feed (XML 1.0, 2.11): so a
/// line feed becomes the line end of the file, and a carriage return a reference.
pub(crate) fn escape(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(index) = rest.find(['&', '<', '>', '\r', '\n']) {
        out.push_str(&rest[..index]);
        out.push_str(match rest.as_bytes()[index] {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'\n' => "\r\n",
            _ => "&#13;",
        });
        rest = &rest[index + 1..];
    }
    out.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn markup_and_carriage_returns_are_escaped() {
        let mut out = String::new();
        escape(&mut out, "a<b>&c\r\nd ]]> é");
        assert_eq!(out, "a&lt;b&gt;&amp;c&#13;\r\nd ]]&gt; é");
    }
}
