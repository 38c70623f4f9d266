//! The stuurgegevens of an envelope that may be anything but valid.
//!
//! The checks before the acknowledgement come in the order of a table, and most of them before the schema: who sends a
//! wrong berichtcode must hear that, and not that the schema knows one value alone. So this reads what stands there.

use crate::xml::{Limits, Namespaces, RawAttribute, Scanner, Token, split_qname, unescape_text};

const STUF: &str = "http://www.egem.nl/StUF/StUF";
const STUF_0301: &str = "http://www.egem.nl/StUF/StUF0301";

/// Characters of a value that are kept; longer ones break the schema.
const VALUE_CHARS_MAX: usize = 256;

/// A party as it stands in an envelope; nothing of it is judged.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct PeekedSysteem {
    /// The organisation.
    pub organisatie: Option<String>,
    /// The program.
    pub applicatie: Option<String>,
    /// The administration.
    pub administratie: Option<String>,
    /// The user, who may be a person.
    pub gebruiker: Option<String>,
}

impl std::fmt::Debug for PeekedSysteem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PeekedSysteem").field("organisatie", &self.organisatie).finish_non_exhaustive()
    }
}

/// The stuurgegevens as they stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Peek {
    /// Which kind of envelope it says to be, as `Di01`.
    pub berichtcode: Option<String>,
    /// From whom.
    pub zender: Option<PeekedSysteem>,
    /// To whom.
    pub ontvanger: Option<PeekedSysteem>,
    /// Its number.
    pub referentienummer: Option<String>,
    /// When it was made.
    pub tijdstip: Option<String>,
    /// The number that it is about.
    pub cross_refnummer: Option<String>,
    /// Which message it carries.
    pub functie: Option<String>,
    /// The values are of another version of StUF.
    pub other_stuf: bool,
}

/// Reads the stuurgegevens of an envelope, whatever else is wrong with it.
///
/// # Errors
///
/// The class of the fault when it is not well-formed or over a limit.
pub fn peek(xml: &str) -> Result<Peek, &'static str> {
    let limits = Limits { bytes: xml.len(), ..Limits::default() };
    let mut scanner = Scanner::new(xml, limits);
    let mut scope: Namespaces<'_, ()> = Namespaces::new(Limits::NAMESPACES_MAX, |_| ());
    let mut marks = Vec::new();
    let mut path: Vec<String> = Vec::new();
    let mut value = String::new();
    let mut found = Peek::default();
    let mut done = false;
    loop {
        match scanner.next().map_err(|fault| fault.kind.rule())? {
            Token::Start(name) => {
                marks.push(scope.mark());
                let attributes: Vec<RawAttribute<'_>> = scanner.attributes().to_vec();
                for attribute in &attributes {
                    scope.declare(attribute, |_| ()).map_err(|fault| fault.kind.rule())?;
                }
                let (prefix, local) = split_qname(name).ok_or("xml-name")?;
                let (uri, ()) = scope.resolve(prefix).ok_or("xml-namespace")?;
                // Only the first stuurgegevens count, and only what is of StUF in them.
                let inside = path.len() >= 2 && path[1] == "stuurgegevens" && !done;
                if inside && uri != STUF_0301 && uri.starts_with(STUF) {
                    found.other_stuf = true;
                }
                let known = path.len() < 2 || uri.starts_with(STUF);
                path.push(if known { local.to_owned() } else { String::new() });
                value.clear();
            }
            Token::End => {
                if !done && path.len() >= 3 && path[1] == "stuurgegevens" {
                    keep(&mut found, &path[2..], std::mem::take(&mut value));
                }
                done |= path.len() == 2 && path[1] == "stuurgegevens";
                path.pop();
                if let Some(mark) = marks.pop() {
                    scope.restore(mark);
                }
                value.clear();
            }
            Token::Text { raw, .. } if !done && path.len() >= 3 && value.len() <= VALUE_CHARS_MAX => {
                unescape_text(raw, &mut value);
            }
            Token::Cdata(raw) if !done && path.len() >= 3 && value.len() <= VALUE_CHARS_MAX => {
                value.push_str(raw)
            }
            Token::Text { .. } | Token::Cdata(_) => {}
            Token::Eof => break,
        }
    }
    match scanner.faults().first() {
        Some(fault) => Err(fault.kind.rule()),
        None => Ok(found),
    }
}

fn keep(found: &mut Peek, path: &[String], value: String) {
    let value = Some(value.chars().take(VALUE_CHARS_MAX).collect::<String>());
    match path {
        [name] => match name.as_str() {
            "berichtcode" => found.berichtcode = value,
            "referentienummer" => found.referentienummer = value,
            "tijdstipBericht" => found.tijdstip = value,
            "crossRefnummer" => found.cross_refnummer = value,
            "functie" => found.functie = value,
            _ => {}
        },
        [party, name] => {
            let systeem = match party.as_str() {
                "zender" => found.zender.get_or_insert_default(),
                "ontvanger" => found.ontvanger.get_or_insert_default(),
                _ => return,
            };
            match name.as_str() {
                "organisatie" => systeem.organisatie = value,
                "applicatie" => systeem.applicatie = value,
                "administratie" => systeem.administratie = value,
                "gebruiker" => systeem.gebruiker = value,
                _ => {}
            }
        }
        _ => {}
    }
}
