//! Finds where elements stand, for those who judge a message after it was decoded.

use std::collections::HashMap;

use super::findings::positions;
use crate::report::Position;
use crate::xml::{Limits, Scanner, Token, decode, split_qname};

/// Returns the position of each path, in the order asked for. A path is as in a [`crate::Diagnostic`]:
/// `/Bericht/Client/StartProducten/StartProduct[2]/Begindatum`; a step without number is the first of its
/// name. Where an element is absent, the position is that of its nearest ancestor that exists.
///
/// Reads the document once; namespaces do not count. In a document that is not well-formed it finds what
/// stands before the fault.
#[must_use]
pub fn locate(xml: &[u8], paths: &[String]) -> Vec<Position> {
    let mut tree = Tree { nodes: vec![Node::default()], pending: 0 };
    let ends: Vec<usize> = paths.iter().map(|path| tree.add(path)).collect();
    tree.scan(xml);
    let offsets: Vec<usize> = ends.iter().map(|end| tree.offset(*end)).collect();
    let mut order: Vec<usize> = (0..offsets.len()).collect();
    order.sort_by_key(|index| offsets[*index]);
    let sorted: Vec<usize> = order.iter().map(|index| offsets[*index]).collect();
    let mut found = vec![Position { offset: 0, line: 1, column: 1 }; offsets.len()];
    for (index, position) in order.into_iter().zip(positions(xml, &sorted)) {
        found[index] = position;
    }
    found
}

/// The paths that are wanted, with their beginnings in common.
struct Tree<'p> {
    /// The first stands for the document.
    nodes: Vec<Node<'p>>,
    /// How many steps may still come.
    pending: usize,
}

/// A step of a path.
#[derive(Default)]
struct Node<'p> {
    parent: usize,
    /// The wanted children by name, each with how many of that name have come; and by name and number.
    names: HashMap<&'p str, u32>,
    children: HashMap<(&'p str, u32), usize>,
    /// Where the element begins; none as long as it has not come.
    offset: Option<usize>,
}

impl<'p> Tree<'p> {
    /// Adds a path and returns its last step.
    fn add(&mut self, path: &'p str) -> usize {
        let mut at = 0;
        for step in path.split('/').filter(|step| !step.is_empty()) {
            let numbered = step.strip_suffix(']').and_then(|step| step.split_once('['));
            let (name, number) = match numbered {
                Some((name, number)) => (name, number.parse().unwrap_or(0)),
                None => (step, 1),
            };
            let next = self.nodes.len();
            let node = &mut self.nodes[at];
            node.names.entry(name).or_default();
            let parent = at;
            at = *node.children.entry((name, number)).or_insert(next);
            if at == next {
                self.nodes.push(Node { parent, ..Node::default() });
                self.pending += 1;
            }
        }
        at
    }

    /// Where a step is, or the nearest before it that exists.
    fn offset(&self, mut at: usize) -> usize {
        loop {
            match self.nodes[at].offset {
                Some(offset) => return offset,
                None if at == 0 => return 0,
                None => at = self.nodes[at].parent,
            }
        }
    }

    /// How many steps below one that has ended did not come, and will not.
    fn missing(&self, step: usize) -> usize {
        let mut missing = 0;
        let mut below: Vec<usize> = self.nodes[step].children.values().copied().collect();
        while let Some(step) = below.pop() {
            // What came has counted its own when it ended.
            if self.nodes[step].offset.is_none() {
                missing += 1;
                below.extend(self.nodes[step].children.values());
            }
        }
        missing
    }

    fn scan(&mut self, xml: &[u8]) {
        let limits = Limits { bytes: usize::MAX, ..Limits::default() };
        let Ok(text) = decode(xml, limits) else { return };
        let mut scanner = Scanner::new(text, limits);
        // The step that each open element is; none where nothing below is wanted.
        let mut open = vec![Some(0)];
        while self.pending > 0 {
            match scanner.next() {
                Ok(Token::Start(name)) => {
                    let local = split_qname(name).map_or(name, |(_, local)| local);
                    let parent = open.last().copied().flatten();
                    let step = parent.and_then(|parent: usize| {
                        let node = &mut self.nodes[parent];
                        let count = node.names.get_mut(local)?;
                        *count = count.saturating_add(1);
                        node.children.get(&(local, *count)).copied()
                    });
                    if let Some(step) = step {
                        self.nodes[step].offset = Some(scanner.token_offset());
                        self.pending -= 1;
                    }
                    open.push(step);
                }
                Ok(Token::End) => {
                    if let Some(step) = open.pop().flatten() {
                        self.pending -= self.missing(step);
                    }
                }
                Ok(Token::Text { .. } | Token::Cdata(_)) => {}
                Ok(Token::Eof) | Err(_) => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_found_by_path_and_absent_ones_by_their_ancestor() {
        let xml = "<a xmlns='u'>\n <b>\u{e9}<c/></b>\n <b><c/><c/></b>\n</a>";
        let paths = ["/a/b[2]/c[2]", "/a/b/c", "/a", "/a/b[2]/d/e", "/x", "/a/b[3]"].map(String::from);
        let found: Vec<(u32, u32)> =
            locate(xml.as_bytes(), &paths).iter().map(|position| (position.line, position.column)).collect();
        assert_eq!(found, [(3, 9), (2, 6), (1, 1), (3, 2), (1, 1), (1, 1)]);
    }

    #[test]
    fn a_broken_document_is_no_accident() {
        let paths = ["/a/b".to_owned()];
        assert_eq!(locate(b"<a><b></a>", &paths)[0].column, 4);
        assert_eq!(locate(b"\xff", &paths)[0].line, 1);
        assert_eq!(locate(b"", &[]), []);
    }
}
