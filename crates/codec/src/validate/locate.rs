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
    // Every prefix of every path, with a number at each step.
    let chains: Vec<Vec<String>> = paths.iter().map(|path| prefixes(path)).collect();
    let mut wanted: HashMap<&str, Option<usize>> =
        chains.iter().flatten().map(|prefix| (prefix.as_str(), None)).collect();
    scan(xml, &mut wanted);
    let offsets: Vec<usize> = chains
        .iter()
        .map(|chain| chain.iter().rev().find_map(|prefix| wanted[prefix.as_str()]).unwrap_or(0))
        .collect();
    let mut order: Vec<usize> = (0..offsets.len()).collect();
    order.sort_by_key(|index| offsets[*index]);
    let sorted: Vec<usize> = order.iter().map(|index| offsets[*index]).collect();
    let mut found = vec![Position { offset: 0, line: 1, column: 1 }; offsets.len()];
    for (index, position) in order.into_iter().zip(positions(xml, &sorted)) {
        found[index] = position;
    }
    found
}

fn scan(xml: &[u8], wanted: &mut HashMap<&str, Option<usize>>) {
    let limits = Limits { bytes: usize::MAX, ..Limits::default() };
    let Ok(text) = decode(xml, limits) else { return };
    let mut scanner = Scanner::new(text, limits);
    let mut path = String::new();
    // Length of the path before each open element, and how often each name stood in it.
    let mut open: Vec<(usize, HashMap<&str, u32>)> = Vec::new();
    loop {
        match scanner.next() {
            Ok(Token::Start(name)) => {
                let local = split_qname(name).map_or(name, |(_, local)| local);
                let count = match open.last_mut() {
                    Some((_, counts)) => {
                        let count = counts.entry(local).or_insert(0);
                        *count = count.saturating_add(1);
                        *count
                    }
                    None => 1,
                };
                open.push((path.len(), HashMap::new()));
                path.push_str(&format!("/{local}[{count}]"));
                if let Some(place) = wanted.get_mut(path.as_str()) {
                    place.get_or_insert(scanner.token_offset());
                }
            }
            Ok(Token::End) => {
                if let Some((length, _)) = open.pop() {
                    path.truncate(length);
                }
            }
            Ok(Token::Text { .. } | Token::Cdata(_)) => {}
            Ok(Token::Eof) | Err(_) => return,
        }
    }
}

fn prefixes(path: &str) -> Vec<String> {
    let mut prefix = String::new();
    path.split('/')
        .filter(|step| !step.is_empty())
        .map(|step| {
            prefix.push('/');
            prefix.push_str(step);
            if !step.ends_with(']') {
                prefix.push_str("[1]");
            }
            prefix.clone()
        })
        .collect()
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
