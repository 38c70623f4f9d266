//! The documents: the fixtures of every kind, with other values and in the layouts that senders use.

use std::fmt::Write;
use std::path::Path;

/// A document and the kind of message it is.
pub(crate) struct Document {
    pub(crate) kind: String,
    pub(crate) xml: Vec<u8>,
}

fn fixtures() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/valid");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the fixtures are there")
        .map(|entry| entry.expect("a folder can be read").path())
        .collect();
    files.sort();
    files
        .iter()
        .map(|file| {
            let name = file.file_stem().expect("a file has a name").to_string_lossy().into_owned();
            (name, std::fs::read_to_string(file).expect("a fixture is text"))
        })
        .collect()
}

fn fixture(kind: &str) -> String {
    fixtures().into_iter().find(|(name, _)| name == kind).expect("every kind has a fixture").1
}

/// Messages of every kind, about 3 KiB on average; a retour that approves all is smaller and left out.
pub(crate) fn small(count: usize) -> Vec<Document> {
    let fixtures: Vec<_> = fixtures().into_iter().filter(|(name, _)| !name.contains('-')).collect();
    (0..count)
        .map(|number| {
            let (kind, text) = &fixtures[number % fixtures.len()];
            let text = layout(&vary(text, number), kind, number / fixtures.len() % 4);
            Document { kind: kind.clone(), xml: text.into_bytes() }
        })
        .collect()
}

/// Other digits in the values that may have any.
fn vary(text: &str, number: usize) -> String {
    let mut out = String::with_capacity(text.len());
    let mut numbers = 100_000 + number..;
    for line in text.split_inclusive('\n') {
        let numbered = ["ToewijzingNummer>"];
        let value = line.find('>').zip(line.rfind("</")).filter(|(start, end)| start < end);
        match value {
            Some((start, end)) if numbered.iter().any(|name| line[..=start].contains(name)) => {
                let digits = line[start + 1..end].bytes().all(|byte| byte.is_ascii_digit());
                let other = match numbers.next() {
                    Some(other) if digits => other.to_string(),
                    _ => line[start + 1..end].to_owned(),
                };
                write!(out, "{}>{other}{}", &line[..start], &line[end..]).expect("a String takes all");
            }
            _ => out.push_str(line),
        }
    }
    out
}

/// Tabs and CR LF as we write it, two spaces and LF, everything on one line, other prefixes.
fn layout(text: &str, kind: &str, number: usize) -> String {
    let own = format!("{}:", kind.to_lowercase());
    match number {
        0 => text.to_owned(),
        1 => text.replace("\r\n", "\n").replace('\t', "  "),
        2 => text.lines().map(str::trim).collect(),
        _ => text
            .replace(&format!("<{own}"), "<")
            .replace(&format!("</{own}"), "</")
            .replace(&format!("xmlns:{}=", kind.to_lowercase()), "xmlns=")
            .replace("\r\n", "\n"),
    }
}

/// A 301 with as many products.
pub(crate) fn large(products: usize) -> Document {
    let text = fixture("WMO301");
    let open = "\t\t\t<wmo301:ToegewezenProduct>";
    let start = text.find(open).expect("the fixture has a product");
    let length = text[start + 1..].find(open).expect("the fixture has a second product") + 1;
    let product = &text[start..start + length];
    let (before, digits) = product.split_once("ToewijzingNummer>").expect("a product has a number");
    let (_, after) = digits.split_once('<').expect("an element ends");
    let mut out = String::with_capacity(text.len() + products * product.len());
    out.push_str(&text[..start]);
    for number in 0..products {
        write!(out, "{before}ToewijzingNummer>{}<{after}", 100_000 + number).expect("a String takes all");
    }
    let close = text.find("\t\t</wmo301:ToegewezenProducten>").expect("the products end");
    out.push_str(&text[close..]);
    Document { kind: "WMO301".into(), xml: out.into_bytes() }
}

/// 301s with a remark of so many characters, together so many bytes.
pub(crate) fn comments(length: usize, bytes: usize) -> Vec<Document> {
    let text = fixture("WMO301");
    let start = text.find("Commentaar>").expect("the fixture has a remark") + "Commentaar>".len();
    let end = start + text[start..].find('<').expect("an element ends");
    let words = "Graag vóór tien uur bellen, de bel is stuk. ".chars().cycle();
    let remark: String = words.take(length).collect();
    let remark = remark.trim_end();
    let xml = format!("{}{remark}{}", &text[..start], &text[end..]).into_bytes();
    (0..bytes / xml.len() + 1).map(|_| Document { kind: "WMO301".into(), xml: xml.clone() }).collect()
}
