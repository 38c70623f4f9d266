//! What the findings about structure say, in Dutch and in English, in terms of the standard.

use crate::report::Text;
use crate::xml::XmlFaultKind;

/// Characters of an element name that are shown.
pub(super) const NAME_CHARS_MAX: usize = 60;
/// Names that are listed before the rest becomes `…`.
pub(super) const NAMES_MAX: usize = 8;

/// Digits in a row from which on a name may hold a number of a person.
const NUMBER_DIGITS_MIN: usize = 5;

/// Returns a name no longer than is shown. The sender of a document chooses the names of elements that no schema knows:
/// long numbers in them are masked, so that no BSN is repeated in an answer.
pub(super) fn short(name: &str) -> String {
    let mut shown = String::with_capacity(name.len().min(NAME_CHARS_MAX));
    let mut chars = name.chars().take(NAME_CHARS_MAX).peekable();
    while let Some(first) = chars.next() {
        shown.push(first);
        if first.is_ascii_digit() {
            let start = shown.len() - 1;
            while let Some(digit) = chars.next_if(char::is_ascii_digit) {
                shown.push(digit);
            }
            let digits = shown.len() - start;
            if digits >= NUMBER_DIGITS_MIN {
                shown.truncate(start);
                shown.extend(std::iter::repeat_n('·', digits));
            }
        }
    }
    shown
}

/// `A, B of C`.
fn list(names: &[String], or: &str) -> String {
    let mut shown: Vec<&str> = names.iter().take(NAMES_MAX).map(String::as_str).collect();
    if names.len() > NAMES_MAX {
        return format!("{}, …", shown.join(", "));
    }
    match shown.pop() {
        None => String::new(),
        Some(last) if shown.is_empty() => last.to_owned(),
        Some(last) => format!("{} {or} {last}", shown.join(", ")),
    }
}

/// `na Geslacht komt Naam`, or what an element begins with, or that it ends.
fn sequence(last: &Option<String>, next: &[String], parent: &str) -> (String, String) {
    match (last, next.is_empty()) {
        (Some(last), false) => (
            format!("na {last} komt {}", list(next, "of")),
            format!("after {last} comes {}", list(next, "or")),
        ),
        (None, false) => (
            format!("{parent} begint met {}", list(next, "of")),
            format!("{parent} begins with {}", list(next, "or")),
        ),
        (Some(last), true) => (
            format!("na {last} komt niets meer in {parent}"),
            format!("nothing comes after {last} in {parent}"),
        ),
        (None, true) => (format!("{parent} is leeg"), format!("{parent} is empty")),
    }
}

pub(super) fn unexpected(local: &str, last: &Option<String>, next: &[String], parent: &str) -> Text {
    let (nl, en) = sequence(last, next, parent);
    let local = short(local);
    Text::owned(format!("{local} hoort hier niet: {nl}"), format!("{local} does not belong here: {en}"))
}

pub(super) fn once_more(local: &str, last: &Option<String>, next: &[String], parent: &str) -> Text {
    let (nl, en) = sequence(last, next, parent);
    Text::owned(
        format!("{local} mag hier niet nog eens: {nl}"),
        format!("{local} may not stand here again: {en}"),
    )
}

pub(super) fn missing_before(missing: &[String], last: &Option<String>, local: &str) -> Text {
    let names = (list(missing, "en"), list(missing, "and"));
    let (ontbreekt, is) = if missing.len() == 1 { ("ontbreekt", "is") } else { ("ontbreken", "are") };
    match last {
        Some(last) => Text::owned(
            format!("{} {ontbreekt} tussen {last} en {local}", names.0),
            format!("{} {is} missing between {last} and {local}", names.1),
        ),
        None => Text::owned(
            format!("{} {ontbreekt} vóór {local}", names.0),
            format!("{} {is} missing before {local}", names.1),
        ),
    }
}

pub(super) fn missing_at_end(missing: &[String], last: &Option<String>, parent: &str) -> Text {
    let names = (list(missing, "en"), list(missing, "and"));
    let (ontbreekt, is) = if missing.len() == 1 { ("ontbreekt", "is") } else { ("ontbreken", "are") };
    match last {
        Some(last) => Text::owned(
            format!("{} {ontbreekt} in {parent}, na {last}", names.0),
            format!("{} {is} missing in {parent}, after {last}", names.1),
        ),
        None => Text::owned(
            format!("{} {ontbreekt} in {parent}", names.0),
            format!("{} {is} missing in {parent}", names.1),
        ),
    }
}

pub(super) fn out_of_order(late: &str, early: &str) -> Text {
    Text::owned(
        format!("de volgorde klopt niet: {late} komt vóór {early}"),
        format!("out of order: {late} comes before {early}"),
    )
}

pub(super) fn other_namespace(local: &str) -> Text {
    let local = short(local);
    Text::owned(
        format!("{local} staat in een verkeerde namespace"),
        format!("{local} is in the wrong namespace"),
    )
}

pub(super) fn other_case(local: &str, name: &str) -> Text {
    let local = short(local);
    Text::owned(
        format!("{local} bestaat niet, {name} wel"),
        format!("there is no {local}, but there is {name}"),
    )
}

pub(super) fn case_hint(name: &str) -> Text {
    Text::owned(format!("hoofdletters tellen mee: schrijf {name}"), format!("capitals matter: write {name}"))
}

pub(super) fn namespace_hint(local: &str, namespace: &str) -> Text {
    if namespace.is_empty() {
        return Text::owned(
            format!("{local} heeft hier geen namespace"),
            format!("{local} has no namespace here"),
        );
    }
    Text::owned(
        format!("{local} hoort in de namespace {namespace}"),
        format!("{local} belongs in the namespace {namespace}"),
    )
}

/// A hint for an unknown element of another release of the standard.
pub(super) fn foreign_hint(namespace: &str) -> Option<Text> {
    let (standard, release) = standard(namespace)?;
    (standard != "iwmo" || release != "3.2").then(|| release_text(standard, &release))
}

pub(super) fn unknown_root(local: &str) -> Text {
    let local = short(local);
    Text::owned(
        format!("{local} is geen bericht dat deze schema's kennen"),
        format!("{local} is no message that these schemas know"),
    )
}

/// What a document element that is not known may be instead.
pub(super) fn root_hint(namespace: &str, local: &str) -> Option<Text> {
    if let Some((standard, release)) = standard(namespace) {
        return Some(match (standard, release.as_str()) {
            ("iwmo", "3.2") | ("ieb", "1.0") if local == "Bericht" => Text::fixed(
                "deze namespace is geen bericht van iWmo 3.2 of iEb 1.0",
                "this namespace is no message of iWmo 3.2 or iEb 1.0",
            ),
            ("iwmo", "3.2") | ("ieb", "1.0") => {
                Text::fixed("het buitenste element heet Bericht", "the document element is called Bericht")
            }
            (standard, _) => release_text(standard, &release),
        });
    }
    if local == "Bericht" && namespace.is_empty() {
        return Some(Text::fixed(
            "het bericht heeft geen namespace; die van WMO305 is http://www.istandaarden.nl/iwmo/3_2/wmo305/schema",
            "the message has no namespace; that of WMO305 is http://www.istandaarden.nl/iwmo/3_2/wmo305/schema",
        ));
    }
    (local == "Envelope").then(|| {
        Text::fixed(
            "dit is een SOAP-envelop: geef het bericht dat erin zit",
            "this is a SOAP envelope: give the message that is in it",
        )
    })
}

fn release_text(standard: &str, release: &str) -> Text {
    let name = match standard {
        "iwmo" => "iWmo",
        "ijw" => "iJw",
        "ieb" => "iEb",
        _ => "iWlz",
    };
    Text::owned(
        format!("dit is een bericht van {name} {release}; hier gelden iWmo 3.2 en iEb 1.0"),
        format!("this is a message of {name} {release}; here iWmo 3.2 and iEb 1.0 are in force"),
    )
}

/// The standard and the release in a namespace as `http://www.istandaarden.nl/iwmo/3_1/wmo305/schema`.
fn standard(namespace: &str) -> Option<(&'static str, String)> {
    let rest = namespace.strip_prefix("http://www.istandaarden.nl/")?;
    let mut parts = rest.split('/');
    let name = parts.next()?;
    let standard = ["iwmo", "ijw", "ieb", "iwlz"].into_iter().find(|known| *known == name)?;
    let release = parts.next()?;
    let valid = release.len() <= 8 && release.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    valid.then(|| (standard, release.replace('_', ".")))
}

pub(super) fn no_children(parent: &str, local: &str) -> Text {
    let local = short(local);
    Text::owned(
        format!("in {parent} staat een waarde; {local} kan er niet in"),
        format!("{parent} holds a value; {local} may not stand in it"),
    )
}

pub(super) fn no_text(parent: &str) -> Text {
    Text::owned(
        format!("in {parent} staan alleen elementen, geen tekst"),
        format!("{parent} holds only elements, no text"),
    )
}

pub(super) fn undeclared(local: &str) -> Text {
    let local = short(local);
    Text::owned(format!("{local} is niet gedeclareerd"), format!("{local} is not declared"))
}

pub(super) fn no_attribute(local: &str) -> Text {
    let local = short(local);
    Text::owned(
        format!("het attribuut {local} bestaat hier niet"),
        format!("there is no attribute {local} here"),
    )
}

pub(super) fn attribute_missing(local: &str) -> Text {
    Text::owned(format!("het attribuut {local} ontbreekt"), format!("the attribute {local} is missing"))
}

pub(super) fn not_fixed(local: &str, value: &str) -> Text {
    Text::owned(format!("{local} moet hier {value} zijn"), format!("{local} must be {value} here"))
}

pub(super) fn not_nillable(local: &str) -> Text {
    Text::owned(
        format!("{local} mag niet nil zijn: laat het element weg of vul het"),
        format!("{local} may not be nil: leave the element out or fill it"),
    )
}

pub(super) fn nil_not_empty(local: &str) -> Text {
    Text::owned(format!("{local} is nil, maar niet leeg"), format!("{local} is nil, but not empty"))
}

pub(super) fn not_boolean(name: &str) -> Text {
    Text::owned(format!("{name} is true of false"), format!("{name} is true or false"))
}

pub(super) fn type_unknown() -> Text {
    Text::fixed("xsi:type noemt een type dat niet bestaat", "xsi:type names a type that does not exist")
}

pub(super) fn type_not_derived() -> Text {
    Text::fixed("xsi:type noemt een type dat hier niet mag", "xsi:type names a type that is not allowed here")
}

/// Hints for faults of the XML.
pub(super) fn xml_hint(kind: XmlFaultKind) -> Option<Text> {
    let hint = match kind {
        XmlFaultKind::Doctype => ("laat de DOCTYPE weg", "leave the DOCTYPE out"),
        XmlFaultKind::Encoding | XmlFaultKind::Utf8 => {
            ("sla het bericht op als UTF-8", "save the message as UTF-8")
        }
        XmlFaultKind::Entity => (
            "alleen &amp; &lt; &gt; &apos; &quot; en tekenverwijzingen mogen",
            "only &amp; &lt; &gt; &apos; &quot; and character references are allowed",
        ),
        XmlFaultKind::Truncated => {
            ("het bericht is niet volledig ontvangen", "the message was not received completely")
        }
        XmlFaultKind::Prefix => {
            ("zet de xmlns van het voorvoegsel op Bericht", "put the xmlns of the prefix on Bericht")
        }
        _ => return None,
    };
    Some(Text::fixed(hint.0, hint.1))
}
