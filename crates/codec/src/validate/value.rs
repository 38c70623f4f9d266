//! What the findings about values say.

use super::findings::Finding;
use crate::report::{Lang, Text};
use crate::schema::{Bound, Builtin, Calendar, FacetFault, SimpleType};
use crate::show::meaning;

/// Codes of a list that are shown.
const CODES_MAX: usize = 20;
/// Codes of a list that are shown with what they mean.
const EXPLAINED_MAX: usize = 12;

/// Checks a normalised value of an element in a class; none given: it is longer than its type allows, and was not kept.
pub(super) fn finding(simple: &SimpleType, value: Option<&str>, class: &str, name: &str) -> Option<Finding> {
    let fault = match value {
        Some(value) => simple.check(value).err()?,
        None => match (simple.length, simple.max_length) {
            (Some(exact), _) => FacetFault::Length(exact),
            (None, most) => FacetFault::MaxLength(most.unwrap_or_default()),
        },
    };
    let (nl, en) = match &fault {
        FacetFault::Enumeration(codes) if codes.len() <= CODES_MAX => (
            format!("heeft een code die niet bestaat; dit mag: {}", explained(codes, class, name, Lang::Nl)),
            format!("has a code that does not exist; allowed: {}", explained(codes, class, name, Lang::En)),
        ),
        fault => words(simple, fault),
    };
    let name = super::words::short(name);
    let message = Text::owned(format!("{name} {nl}"), format!("{name} {en}"));
    Some(Finding::new(fault.rule(), message).with_hint(hint(simple, &fault, value)))
}

/// The codes of a list, with what they mean where there are few of them.
fn explained(codes: &[Box<str>], class: &str, name: &str, lang: Lang) -> String {
    let with_meaning = |code: &str| match meaning(class, name, code, lang) {
        Some(meaning) if codes.len() <= EXPLAINED_MAX => format!("{code} ({meaning})"),
        _ => code.to_owned(),
    };
    codes.iter().map(|code| with_meaning(code)).collect::<Vec<_>>().join(", ")
}

fn words(simple: &SimpleType, fault: &FacetFault<'_>) -> (String, String) {
    let both = |nl: &str, en: &str| (nl.to_owned(), en.to_owned());
    match fault {
        FacetFault::Datatype => {
            let (nl, en) = kind(simple.builtin);
            (format!("is geen {nl}"), format!("is not {en}"))
        }
        FacetFault::Length(count) => (
            format!("moet precies {} hebben", tekens(*count)),
            format!("must have exactly {}", characters(*count)),
        ),
        FacetFault::MinLength(1) => both("mag niet leeg zijn", "may not be empty"),
        FacetFault::MinLength(least) => {
            (format!("heeft minder dan {}", tekens(*least)), format!("has less than {}", characters(*least)))
        }
        FacetFault::MaxLength(most) => {
            (format!("heeft meer dan {}", tekens(*most)), format!("has more than {}", characters(*most)))
        }
        FacetFault::Enumeration(codes) => (
            format!("heeft een code die niet in de lijst van {} staat", codes.len()),
            format!("has a code that is not in the list of {}", codes.len()),
        ),
        FacetFault::Pattern(pattern) => pattern_words(simple, pattern),
        FacetFault::Bound(bound, limit) => match bound {
            Bound::MinInclusive => (format!("is kleiner dan {limit}"), format!("is less than {limit}")),
            Bound::MinExclusive => {
                (format!("is niet groter dan {limit}"), format!("is not more than {limit}"))
            }
            Bound::MaxInclusive => (format!("is groter dan {limit}"), format!("is more than {limit}")),
            Bound::MaxExclusive => {
                (format!("is niet kleiner dan {limit}"), format!("is not less than {limit}"))
            }
        },
        FacetFault::TotalDigits(most) => {
            (format!("heeft meer dan {most} cijfers"), format!("has more than {most} digits"))
        }
        FacetFault::FractionDigits(most) => {
            (format!("heeft meer dan {most} decimalen"), format!("has more than {most} decimals"))
        }
    }
}

fn tekens(count: usize) -> String {
    if count == 1 { "1 teken".into() } else { format!("{count} tekens") }
}

fn characters(count: usize) -> String {
    if count == 1 { "1 character".into() } else { format!("{count} characters") }
}

fn kind(builtin: Builtin) -> (&'static str, &'static str) {
    match builtin {
        Builtin::Calendar(Calendar::Date) => {
            ("bestaande datum (jjjj-mm-dd)", "an existing date (yyyy-mm-dd)")
        }
        Builtin::Calendar(Calendar::Time) => ("tijd (uu:mm:ss)", "a time (hh:mm:ss)"),
        Builtin::Calendar(Calendar::DateTime) => {
            ("datum met tijd (jjjj-mm-ddTuu:mm:ss)", "a date with time (yyyy-mm-ddThh:mm:ss)")
        }
        Builtin::Calendar(_) => ("deel van een datum", "a part of a date"),
        Builtin::Integer => ("geheel getal", "an integer"),
        Builtin::Decimal | Builtin::Float | Builtin::Double => ("getal", "a number"),
        Builtin::Boolean => ("true of false", "true or false"),
        Builtin::Base64Binary => ("base64", "base64"),
        Builtin::HexBinary => ("hexadecimale waarde", "a hexadecimal value"),
        Builtin::AnyUri => ("URI", "a URI"),
        Builtin::Language => ("taalcode", "a language code"),
        Builtin::Name | Builtin::NcName | Builtin::NmToken => ("naam", "a name"),
        Builtin::AnySimple | Builtin::String | Builtin::NormalizedString | Builtin::Token => {
            ("tekst", "a text")
        }
    }
}

/// Patterns that the standard uses, in words; any other as it is written.
fn pattern_words(simple: &SimpleType, pattern: &str) -> (String, String) {
    let digits = pattern.strip_prefix("[0-9]{").and_then(|rest| rest.strip_suffix('}'));
    if let Some(count) = digits.filter(|count| count.bytes().all(|byte| byte.is_ascii_digit())) {
        return (format!("moet uit {count} cijfers bestaan"), format!("must consist of {count} digits"));
    }
    if !pattern.is_empty() && pattern.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return (format!("moet hier {pattern} zijn"), format!("must be {pattern} here"));
    }
    let (nl, en) = match (simple.builtin, pattern) {
        (Builtin::Calendar(_), _) => ("mag geen tijdzone hebben", "may not have a time zone"),
        (_, r".*[^\s].*") => (
            "moet op één regel staan en iets anders dan spaties bevatten",
            "must be on one line and hold more than spaces",
        ),
        (_, r"([.\s]*\S+[.\s]*)+") => ("moet iets anders dan spaties bevatten", "must hold more than spaces"),
        (_, "[0-9]*") => ("mag alleen cijfers bevatten", "may hold digits only"),
        (_, "([a-zA-Z0-9])+") => {
            ("mag alleen letters en cijfers bevatten", "may hold letters and digits only")
        }
        (_, "([a-zA-ZÀ-ỳ])+") => ("mag alleen letters bevatten", "may hold letters only"),
        (_, r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)") => {
            ("moet drie getallen met punten zijn, zoals 1.0.0", "must be three numbers with dots, as 1.0.0")
        }
        _ => {
            return (
                format!("past niet bij het patroon {pattern}"),
                format!("does not fit the pattern {pattern}"),
            );
        }
    };
    (nl.into(), en.into())
}

fn hint(simple: &SimpleType, fault: &FacetFault<'_>, value: Option<&str>) -> Option<Text> {
    let value = value.unwrap_or_default();
    if value.is_empty() && !matches!(fault, FacetFault::MaxLength(_)) {
        return Some(Text::fixed(
            "laat het element weg als er geen waarde is en het niet verplicht is",
            "leave the element out if there is no value and it is optional",
        ));
    }
    match fault {
        FacetFault::MaxLength(most)
            if simple.name.as_deref().is_some_and(|name| name.starts_with("LDT_Identificatie")) =>
        {
            Some(Text::owned(
                format!("kies een eigen kenmerk van ten hoogste {most} tekens"),
                format!("choose an identification of your own of at most {most} characters"),
            ))
        }
        FacetFault::Pattern(_) if matches!(simple.builtin, Builtin::Calendar(_)) => {
            Some(Text::fixed("laat de tijdzone (Z of +01:00) weg", "leave the time zone (Z or +01:00) out"))
        }
        FacetFault::Datatype
            if simple.builtin == Builtin::Calendar(Calendar::Date) && value.contains('T') =>
        {
            Some(Text::fixed("geef alleen de datum, zonder tijd", "give the date only, without a time"))
        }
        FacetFault::Enumeration(codes) => {
            let bare = value.trim();
            let padded = format!("0{bare}");
            let near = codes.iter().any(|code| {
                code.as_ref() == bare || code.as_ref() == padded || code.eq_ignore_ascii_case(bare)
            });
            near.then(|| {
                Text::fixed(
                    "schrijf codes precies als in de lijst: met voorloopnul, zonder spaties, met hoofdletters",
                    "write codes exactly as listed: leading zero, no spaces, capitals",
                )
            })
        }
        _ => None,
    }
}
