//! The short way and the long way over a document come to the same.

use super::differential::{Numbers, SEED, full_message, mutate, mutations};
use super::*;
use crate::validate::frame::Body;
use crate::validate::walk::Step;

/// Changes tried on each of the messages.
const MUTATIONS: usize = 120;

/// Judges a document without any leap.
fn the_long_way(schemas: &Schemas, xml: &[u8]) -> Report {
    let mut walk = Walk::new(schemas, xml);
    while walk.step() != Step::Ended {}
    walk.finish()
}

/// What a decoder gets to see: children by depth and index, and values.
fn seen(schemas: &Schemas, xml: &[u8], leaps: bool) -> Vec<String> {
    let mut walk = Walk::new(schemas, xml);
    let mut seen = Vec::new();
    if walk.root().is_none() {
        return seen;
    }
    if !leaps {
        walk.leads = Default::default();
    }
    let mut depth = 1;
    while depth > 0 {
        let Some(child) = walk.child() else {
            depth -= 1;
            continue;
        };
        let simple =
            walk.at_leaf || matches!(walk.frames.last().map(|frame| frame.body), Some(Body::Simple(_)));
        if simple {
            seen.push(format!("{depth} {child} {}", walk.text()));
        } else {
            seen.push(format!("{depth} {child}"));
            depth += 1;
        }
    }
    seen
}

/// Layouts that senders use.
fn layouts(document: &str) -> Vec<String> {
    let own = document.split("xmlns:").nth(1).and_then(|rest| rest.split('=').next()).unwrap_or_default();
    vec![
        document.to_owned(),
        document.replace('\n', "\r\n\t\t\t\t"),
        document.replace('\n', ""),
        document
            .replace(&format!("<{own}:"), "<")
            .replace(&format!("</{own}:"), "</")
            .replace(&format!("xmlns:{own}="), "xmlns="),
        document
            .replace("n1:", "a-prefix-longer-than-a-word:")
            .replace("xmlns:n1=", "xmlns:a-prefix-longer-than-a-word="),
        document.replace("</", "</ ").replace("</ ", "</"),
        document.replacen("><", " ><", 3),
    ]
}

#[test]
fn both_ways_find_the_same() {
    let schemas = Schemas::bundled();
    let tables = schemas.tables();
    let mut numbers = Numbers(SEED ^ 1);
    let (mut valid, mut invalid) = (0, 0);
    for number in 0..tables.namespaces.len() {
        let Some(root) = tables.global(u16::try_from(number).unwrap(), "Bericht") else { continue };
        let message = full_message(tables, root);
        let mut documents = layouts(&message.join("\n"));
        for _ in 0..mutations(MUTATIONS) {
            let layouts = layouts(&mutate(&message, &mut numbers));
            documents.push(layouts[numbers.below(layouts.len())].clone());
        }
        for document in documents {
            let xml = document.as_bytes();
            let report = schemas.validate_schema(xml);
            assert_eq!(report, the_long_way(&schemas, xml), "{document}");
            assert_eq!(seen(&schemas, xml, true), seen(&schemas, xml, false), "{document}");
            if report.is_valid() {
                valid += 1;
            } else {
                invalid += 1;
            }
        }
    }
    assert!(valid > 200 && invalid > 1_000, "{valid} valid, {invalid} invalid");
}

/// A leap is taken at all, and over nearly all of an ordinary message.
#[test]
fn an_ordinary_message_is_leapt_over() {
    let schemas = Schemas::bundled();
    let mut walk = Walk::new(&schemas, WMO305.as_bytes());
    walk.root();
    let mut leaps = 0;
    loop {
        match walk.leap() {
            Some(_) => leaps += 1,
            None if walk.step() == Step::Ended => break,
            None => {}
        }
    }
    let tags = WMO305.matches('<').count();
    let elements = WMO305.matches("</").count();
    // Leaves are one leap, classes two; the declaration, the document element and blanks are no leaps.
    assert!(leaps >= elements && leaps < tags, "{leaps} leaps, {elements} elements, {tags} tags");
}
