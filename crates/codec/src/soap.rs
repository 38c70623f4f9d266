//! SOAP 1.1 around an envelope of the GGk: taken off, put on, and the fault that refuses.
//!
//! Only what the binding of StUF needs: document/literal, one element in the body, no headers of our own. A header that
//! must be understood is refused. The limits of the XML reader hold; DOCTYPE is refused and nothing is fetched.
//!
//! ```
//! use iwmo_codec::soap;
//!
//! let wrapped = soap::wrap(b"<a:x xmlns:a=\"urn:a\">1</a:x>");
//! let body = soap::open(&wrapped, 1 << 20).expect("what was wrapped opens");
//! assert_eq!((body.namespace.as_str(), body.name.as_str()), ("urn:a", "x"));
//! assert_eq!(body.document, "<a:x xmlns:a=\"urn:a\">1</a:x>");
//! ```

use crate::xml::{Limits, Namespaces, RawAttribute, Scanner, Token, split_qname};

/// The namespace of SOAP 1.1.
pub const SOAP_1_1: &str = "http://schemas.xmlsoap.org/soap/envelope/";
const SOAP_1_2: &str = "http://www.w3.org/2003/05/soap-envelope";

const OPEN: &[u8] =
    b"<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\"><soapenv:Body>";
const CLOSE: &[u8] = b"</soapenv:Body></soapenv:Envelope>";

/// What stands in a SOAP body.
#[derive(Clone, PartialEq, Eq)]
pub struct Body {
    /// The one element, as a document of its own: declarations from around it are repeated on it.
    pub document: String,
    /// The namespace of the element.
    pub namespace: String,
    /// Its local name.
    pub name: String,
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Body").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Why a text is no SOAP message for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SoapProblem {
    /// Not well-formed, over a limit, or with a DOCTYPE; with the class of the fault, as `xml-doctype`.
    Xml(&'static str),
    /// Well-formed, but no SOAP.
    NotSoap,
    /// Another version of SOAP.
    Version,
    /// A header that must be understood, and is not.
    MustUnderstand,
    /// No element in the body, or more than one.
    Body,
}

impl SoapProblem {
    /// Returns the code of the fault to answer with.
    #[must_use]
    pub const fn fault_code(self) -> &'static str {
        match self {
            Self::Version => "VersionMismatch",
            Self::MustUnderstand => "MustUnderstand",
            Self::Xml(_) | Self::NotSoap | Self::Body => "Client",
        }
    }

    /// Returns what is wrong, in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Xml("xml-doctype") => "a DOCTYPE is not allowed",
            Self::Xml(_) => "the message is not well-formed XML within the limits",
            Self::NotSoap => "the message is no SOAP 1.1 envelope",
            Self::Version => "SOAP 1.1 is spoken here",
            Self::MustUnderstand => "a header that must be understood is not known here",
            Self::Body => "the body must have exactly one element",
        }
    }
}

/// Takes the element out of the body of a SOAP 1.1 message of at most `bytes_max` bytes.
///
/// # Errors
///
/// [`SoapProblem`] says what is wrong with the SOAP; the element itself is not judged.
pub fn open(xml: &[u8], bytes_max: usize) -> Result<Body, SoapProblem> {
    if xml.len() > bytes_max {
        return Err(SoapProblem::Xml("xml-limit-bytes"));
    }
    let text = std::str::from_utf8(xml).map_err(|_| SoapProblem::Xml("xml-encoding"))?;
    let limits = Limits { bytes: bytes_max, ..Limits::default() };
    Opening {
        scanner: Scanner::new(text, limits),
        text,
        scope: Namespaces::new(Limits::NAMESPACES_MAX, |_| ()),
        marks: Vec::new(),
    }
    .run()
}

/// Takes an element out of a document, by the local names of the elements that lead to it from below the root; the first
/// that fits. Declarations from around it are repeated on it.
#[must_use]
pub fn child(document: &str, path: &[&str]) -> Option<String> {
    let limits = Limits { bytes: document.len(), ..Limits::default() };
    let mut at = Opening {
        scanner: Scanner::new(document, limits),
        text: document,
        scope: Namespaces::new(Limits::NAMESPACES_MAX, |_| ()),
        marks: Vec::new(),
    };
    let mut names: Vec<&str> = Vec::new();
    let mut open: Option<(usize, usize, String)> = None;
    let mut ends = false;
    loop {
        let token = at.next().ok()?;
        if let Some((start, name_end, declarations)) = open.as_ref().filter(|_| ends) {
            let end = at.scanner.token_offset();
            return Some([&document[*start..*name_end], declarations, &document[*name_end..end]].concat());
        }
        match token {
            Token::Start(name) => {
                let declarations = open.is_none().then(|| at.declarations(name));
                let (_, local) = at.enter(name).ok()?;
                names.push(local);
                if open.is_none() && names.len() == path.len() + 1 && names[1..] == *path {
                    let offset = at.scanner.token_offset();
                    open = Some((offset, offset + 1 + name.len(), declarations.unwrap_or_default()));
                }
            }
            Token::End => {
                ends = open.is_some() && names.len() == path.len() + 1;
                names.pop();
                at.leave();
            }
            Token::Eof => return None,
            Token::Text { .. } | Token::Cdata(_) => {}
        }
    }
}

/// Puts a document into a SOAP 1.1 message. An XML declaration at its start is left out.
#[must_use]
pub fn wrap(document: &[u8]) -> Vec<u8> {
    let document = without_declaration(document);
    [OPEN, document, CLOSE].concat()
}

/// Returns a SOAP 1.1 fault; `code` is `Client`, `Server`, `VersionMismatch` or `MustUnderstand`.
#[must_use]
pub fn fault(code: &str, text: &str, detail: Option<&[u8]>) -> Vec<u8> {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let head =
        format!("<soapenv:Fault><faultcode>soapenv:{code}</faultcode><faultstring>{escaped}</faultstring>");
    let detail = detail.map(|detail| [b"<detail>", without_declaration(detail), b"</detail>"].concat());
    [OPEN, head.as_bytes(), &detail.unwrap_or_default(), b"</soapenv:Fault>", CLOSE].concat()
}

fn without_declaration(document: &[u8]) -> &[u8] {
    let document = document.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(document);
    if !document.starts_with(b"<?xml ") {
        return document;
    }
    match document.windows(2).position(|pair| pair == b"?>") {
        Some(end) => document[end + 2..].trim_ascii_start(),
        None => document,
    }
}

struct Opening<'x> {
    scanner: Scanner<'x>,
    text: &'x str,
    scope: Namespaces<'x, ()>,
    /// What was in force before each open element.
    marks: Vec<usize>,
}

/// Which child of the SOAP envelope is open.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    None,
    Header,
    Body,
    Other,
}

impl<'x> Opening<'x> {
    fn next(&mut self) -> Result<Token<'x>, SoapProblem> {
        self.scanner.next().map_err(|fault| SoapProblem::Xml(fault.kind.rule()))
    }

    fn enter(&mut self, name: &'x str) -> Result<(String, &'x str), SoapProblem> {
        self.marks.push(self.scope.mark());
        let attributes: Vec<RawAttribute<'x>> = self.scanner.attributes().to_vec();
        for attribute in &attributes {
            self.scope.declare(attribute, |_| ()).map_err(|fault| SoapProblem::Xml(fault.kind.rule()))?;
        }
        let (prefix, local) = split_qname(name).ok_or(SoapProblem::Xml("xml-name"))?;
        let (uri, ()) = self.scope.resolve(prefix).ok_or(SoapProblem::Xml("xml-namespace"))?;
        Ok((uri.to_owned(), local))
    }

    fn leave(&mut self) {
        if let Some(mark) = self.marks.pop() {
            self.scope.restore(mark);
        }
    }

    fn run(mut self) -> Result<Body, SoapProblem> {
        let mut part = Part::None;
        let mut bodies = 0;
        let mut found: Option<Body> = None;
        // Where the element begins, what is to be declared on it, and where its name ends.
        let mut open: Option<(usize, usize, String)> = None;
        let mut ends = false;
        loop {
            let token = self.next()?;
            if ends {
                ends = false;
                let offset = self.scanner.token_offset();
                if let (Some((start, name_end, declarations)), Some(body)) = (open.take(), found.as_mut()) {
                    body.document =
                        [&self.text[start..name_end], &declarations, &self.text[name_end..offset]]
                            .concat()
                            .trim_ascii_end()
                            .to_owned();
                }
            }
            match token {
                Token::Start(name) => {
                    let depth = self.marks.len();
                    let offset = self.scanner.token_offset();
                    let outer = (depth == 2 && part == Part::Body).then(|| self.declarations(name));
                    let (uri, local) = self.enter(name)?;
                    match depth {
                        0 => match (uri.as_str(), local) {
                            (SOAP_1_1, "Envelope") => {}
                            (SOAP_1_2, "Envelope") => return Err(SoapProblem::Version),
                            _ => return Err(SoapProblem::NotSoap),
                        },
                        1 => {
                            part = match (uri.as_str(), local) {
                                (SOAP_1_1, "Header") if part == Part::None => Part::Header,
                                (SOAP_1_1, "Body") => Part::Body,
                                _ => Part::Other,
                            };
                            bodies += usize::from(part == Part::Body);
                            if part == Part::Other || bodies > 1 {
                                return Err(SoapProblem::NotSoap);
                            }
                        }
                        2 if part == Part::Header && self.must_be_understood() => {
                            return Err(SoapProblem::MustUnderstand);
                        }
                        2 if part == Part::Body => {
                            if found.is_some() {
                                return Err(SoapProblem::Body);
                            }
                            found = Some(Body {
                                document: String::new(),
                                namespace: uri,
                                name: local.to_owned(),
                            });
                            open = Some((offset, offset + 1 + name.len(), outer.unwrap_or_default()));
                        }
                        _ => {}
                    }
                }
                Token::End => {
                    self.leave();
                    ends = self.marks.len() == 2 && open.is_some();
                }
                Token::Text { raw, .. } | Token::Cdata(raw) => {
                    let between = self.marks.len() <= 2 && !(self.marks.len() == 2 && part == Part::Header);
                    if between && !raw.trim_ascii().is_empty() {
                        return Err(SoapProblem::Body);
                    }
                }
                Token::Eof => break,
            }
        }
        if let Some(fault) = self.scanner.faults().first() {
            return Err(SoapProblem::Xml(fault.kind.rule()));
        }
        found.filter(|body| !body.document.is_empty()).ok_or(SoapProblem::Body)
    }

    /// Returns the declarations in force, without those that the element at hand makes itself.
    fn declarations(&self, element: &str) -> String {
        let prefix_used = split_qname(element).map_or("", |(prefix, _)| prefix);
        let own: Vec<&str> = self.scanner.attributes().iter().map(|attribute| attribute.name).collect();
        let mut text = String::new();
        for (prefix, ()) in self.scope.in_force() {
            let name = if prefix.is_empty() { "xmlns".to_owned() } else { format!("xmlns:{prefix}") };
            let Some((uri, ())) = self.scope.resolve(prefix) else { continue };
            // Of SOAP nothing is needed any more, except by a fault itself.
            let soap = uri == SOAP_1_1 && prefix != prefix_used;
            if uri.is_empty() || soap || own.contains(&name.as_str()) {
                continue;
            }
            let uri = uri.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
            text.push_str(&format!(" {name}=\"{uri}\""));
        }
        text
    }

    fn must_be_understood(&self) -> bool {
        self.scanner.attributes().iter().any(|attribute| {
            let named = split_qname(attribute.name)
                .is_some_and(|(prefix, local)| local == "mustUnderstand" && self.is_soap(prefix));
            named && matches!(attribute.value.trim(), "1" | "true")
        })
    }

    fn is_soap(&self, prefix: &str) -> bool {
        !prefix.is_empty() && self.scope.resolve(prefix).is_some_and(|(uri, ())| uri == SOAP_1_1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn soap(inside: &str) -> String {
        format!("<e:Envelope xmlns:e=\"{SOAP_1_1}\">{inside}</e:Envelope>")
    }

    fn opened(text: &str) -> Result<Body, SoapProblem> {
        open(text.as_bytes(), 1 << 20)
    }

    #[test]
    fn declarations_around_the_element_come_along() {
        let text = format!(
            "<?xml version=\"1.0\"?><e:Envelope xmlns:e=\"{SOAP_1_1}\" xmlns=\"urn:d\" xmlns:a=\"urn:a&amp;b\" \
             xmlns:b=\"urn:b\"><e:Header><x/></e:Header><e:Body> <!-- c --> <a:x xmlns:b=\"urn:own\"><b:y/><z/></a:x> \
             </e:Body></e:Envelope>"
        );
        let body = opened(&text).unwrap();
        assert_eq!((body.namespace.as_str(), body.name.as_str()), ("urn:a&b", "x"));
        let expected = "<a:x xmlns:a=\"urn:a&amp;b\" xmlns=\"urn:d\" xmlns:b=\"urn:own\"><b:y/><z/></a:x>";
        assert_eq!(body.document, expected);
    }

    #[test]
    fn an_empty_element_and_one_with_a_declaration_around_nothing() {
        assert_eq!(opened(&soap("<e:Body><x/></e:Body>")).unwrap().document, "<x/>");
        assert_eq!(opened(&soap("<e:Body><x></x></e:Body>")).unwrap().document, "<x></x>");
    }

    #[test]
    fn what_is_no_soap_for_us_says_why() {
        let twelve = format!("<e:Envelope xmlns:e=\"{SOAP_1_2}\"><e:Body><x/></e:Body></e:Envelope>");
        for (text, problem) in [
            ("", SoapProblem::Xml("xml-root")),
            ("<a>", SoapProblem::NotSoap),
            (&soap("<e:Body><x/>").replace("</e:Envelope>", ""), SoapProblem::Xml("xml-truncated")),
            ("<!DOCTYPE a><a/>", SoapProblem::Xml("xml-doctype")),
            ("<a/>", SoapProblem::NotSoap),
            (&twelve, SoapProblem::Version),
            (&soap("<e:Body/>"), SoapProblem::Body),
            (&soap(""), SoapProblem::Body),
            (&soap("<e:Body>text</e:Body>"), SoapProblem::Body),
            (&soap("<e:Body><x/><y/></e:Body>"), SoapProblem::Body),
            (&soap("<e:Body><x/></e:Body><e:Body><x/></e:Body>"), SoapProblem::NotSoap),
            (
                &soap("<e:Header><h e:mustUnderstand=\"1\"/></e:Header><e:Body><x/></e:Body>"),
                SoapProblem::MustUnderstand,
            ),
            (&soap("<e:Body><n:x/></e:Body>"), SoapProblem::Xml("xml-namespace")),
        ] {
            assert_eq!(opened(text), Err(problem), "{text}");
        }
        assert!(
            opened(&soap("<e:Header><h e:mustUnderstand=\"0\"/></e:Header><e:Body><x/></e:Body>")).is_ok()
        );
    }

    #[test]
    fn the_size_has_an_edge() {
        let text = soap("<e:Body><x/></e:Body>");
        assert!(open(text.as_bytes(), text.len()).is_ok());
        let over = open(text.as_bytes(), text.len() - 1);
        assert_eq!(over, Err(SoapProblem::Xml("xml-limit-bytes")));
    }

    #[test]
    fn a_fault_holds_what_it_says() {
        let detail = b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<d xmlns=\"urn:d\"/>";
        let fault = opened(std::str::from_utf8(&fault("Server", "a < b", Some(detail))).unwrap()).unwrap();
        assert_eq!((fault.namespace.as_str(), fault.name.as_str()), (SOAP_1_1, "Fault"));
        let inside = child(&fault.document, &["detail", "d"]);
        assert_eq!(inside.as_deref(), Some("<d xmlns=\"urn:d\"/>"));
        assert_eq!(child(&fault.document, &["detail", "e"]), None);
        assert!(
            fault
                .document
                .contains("<faultstring>a &lt; b</faultstring><detail><d xmlns=\"urn:d\"/></detail>")
        );
    }
}
