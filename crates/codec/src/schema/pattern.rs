//! Regular expressions of XML Schema 1.0 (part 2, appendix F) as linear-time automata.
//!
//! They are not those of Rust or Perl: the whole value must match, `^` and `$` are ordinary characters,
//! `.` excludes both line ends, `\s` is four characters, `\d` and `\w` are Unicode classes, a class can
//! subtract another, and `-` first or last in a class stands for itself.

use regex_automata::dfa::{Automaton, StartKind, dense};
use regex_automata::nfa::thompson;
use regex_automata::util::{start, syntax};
use regex_automata::{Anchored, Input, MatchKind, meta};

use super::blocks;

/// Bytes one dense automaton may take; a pattern that needs more runs on the lazy engine.
const DENSE_BYTES_MAX: usize = 256 * 1024;
/// Bytes the automaton of one pattern may take before it is refused.
const NFA_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Classes subtracted within one another.
const SUBTRACTION_DEPTH_MAX: usize = 8;

/// A compiled pattern.
#[derive(Debug)]
pub(crate) struct Pattern {
    source: Box<str>,
    engine: Engine,
}

#[derive(Debug)]
enum Engine {
    Dense(Box<dense::DFA<Vec<u32>>>),
    Lazy(meta::Regex),
}

impl Pattern {
    /// Compiles the patterns of one derivation step: a value must match one of them.
    ///
    /// # Errors
    ///
    /// Says what is wrong with the pattern.
    pub(crate) fn compile(alternatives: &[&str]) -> Result<Self, String> {
        let source = alternatives.join("|");
        let mut translated = String::new();
        for (index, pattern) in alternatives.iter().enumerate() {
            if index > 0 {
                translated.push('|');
            }
            translated.push_str("(?:");
            Translator { rest: pattern, out: &mut translated }.run()?;
            translated.push(')');
        }
        // The translation spells out every class, so nothing depends on the flags of the engine.
        let syntax = syntax::Config::new().utf8(true).unicode(true);
        let dense = dense::Builder::new()
            .configure(
                dense::Config::new()
                    .start_kind(StartKind::Anchored)
                    .match_kind(MatchKind::All)
                    .dfa_size_limit(Some(DENSE_BYTES_MAX))
                    .determinize_size_limit(Some(4 * DENSE_BYTES_MAX)),
            )
            .syntax(syntax)
            .thompson(thompson::Config::new().nfa_size_limit(Some(NFA_BYTES_MAX)))
            .build(&translated);
        let engine = match dense {
            Ok(dfa) => Engine::Dense(Box::new(dfa)),
            Err(_) => Engine::Lazy(
                meta::Builder::new()
                    .syntax(syntax)
                    .configure(meta::Config::new().nfa_size_limit(Some(NFA_BYTES_MAX)))
                    .build(&format!(r"\A(?:{translated})\z"))
                    .map_err(|error| error.to_string())?,
            ),
        };
        Ok(Self { source: source.into(), engine })
    }

    /// Returns the pattern as written in the schema; several of one step with `|` between them.
    pub(crate) fn source(&self) -> &str {
        &self.source
    }

    /// Returns whether the whole of a value matches.
    pub(crate) fn matches(&self, value: &str) -> bool {
        match &self.engine {
            Engine::Dense(dfa) => {
                let config = start::Config::new().anchored(Anchored::Yes);
                // Neither a quit byte nor an unsupported start can occur with this configuration.
                let Ok(mut state) = dfa.start_state(&config) else { return false };
                for &byte in value.as_bytes() {
                    state = dfa.next_state(state, byte);
                    if dfa.is_dead_state(state) {
                        return false;
                    }
                }
                dfa.is_match_state(dfa.next_eoi_state(state))
            }
            Engine::Lazy(regex) => regex.is_match(Input::new(value).anchored(Anchored::Yes)),
        }
    }
}

/// Characters that may start a name, for `\i`.
const NAME_START: &str = r"_:A-Za-z\x{C0}-\x{D6}\x{D8}-\x{F6}\x{F8}-\x{2FF}\x{370}-\x{37D}\x{37F}-\x{1FFF}\x{200C}-\x{200D}\x{2070}-\x{218F}\x{2C00}-\x{2FEF}\x{3001}-\x{D7FF}\x{F900}-\x{FDCF}\x{FDF0}-\x{FFFD}\x{10000}-\x{EFFFF}";
/// What `\c` has beyond `\i`.
const NAME_MORE: &str = r"\-.0-9\x{B7}\x{300}-\x{36F}\x{203F}-\x{2040}";

struct Translator<'p, 'o> {
    rest: &'p str,
    out: &'o mut String,
}

impl Translator<'_, '_> {
    fn bump(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    fn eat(&mut self, c: char) -> bool {
        match self.rest.strip_prefix(c) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn literal(&mut self, c: char) {
        // Hexadecimal for all that could mean something to the engine.
        if c.is_ascii_alphanumeric() {
            self.out.push(c);
        } else {
            self.out.push_str(&format!(r"\x{{{:X}}}", u32::from(c)));
        }
    }

    fn run(&mut self) -> Result<(), String> {
        let mut depth = 0_usize;
        // Whether a quantifier may follow.
        let mut atom = false;
        while let Some(c) = self.bump() {
            match c {
                '|' => {
                    self.out.push('|');
                    atom = false;
                }
                '(' => {
                    depth += 1;
                    self.out.push_str("(?:");
                    atom = false;
                }
                ')' => {
                    depth = depth.checked_sub(1).ok_or("a ) without (")?;
                    self.out.push(')');
                    atom = true;
                }
                '*' | '+' | '?' | '{' => {
                    if !atom {
                        return Err(format!("{c} follows nothing that can repeat"));
                    }
                    self.quantifier(c)?;
                    atom = false;
                }
                '.' => {
                    self.out.push_str(r"[^\n\r]");
                    atom = true;
                }
                '[' => {
                    self.class(0)?;
                    atom = true;
                }
                '\\' => {
                    self.escape(false)?;
                    atom = true;
                }
                ']' | '}' => return Err(format!("{c} must be escaped")),
                _ => {
                    self.literal(c);
                    atom = true;
                }
            }
        }
        if depth > 0 { Err("a ( without )".into()) } else { Ok(()) }
    }

    fn quantifier(&mut self, c: char) -> Result<(), String> {
        if c != '{' {
            self.out.push(c);
            return Ok(());
        }
        let (body, rest) = self.rest.split_once('}').ok_or("a { without }")?;
        self.rest = rest;
        let (low, high) = body
            .split_once(',')
            .map_or((body, Some(body)), |(low, high)| (low, (!high.is_empty()).then_some(high)));
        let number = |digits: &str| -> Result<u32, String> {
            if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(format!("{{{body}}} is not a quantity"));
            }
            digits.parse().map_err(|_| format!("{{{body}}} is too large"))
        };
        let low = number(low)?;
        match high.map(number).transpose()? {
            Some(high) if high < low => return Err(format!("{{{body}}} has its bounds the wrong way round")),
            Some(high) => self.out.push_str(&format!("{{{low},{high}}}")),
            None => self.out.push_str(&format!("{{{low},}}")),
        }
        Ok(())
    }

    /// After `[`: a class, with what it subtracts.
    fn class(&mut self, depth: usize) -> Result<(), String> {
        if depth > SUBTRACTION_DEPTH_MAX {
            return Err("too many classes within one another".into());
        }
        // `[[items]--[subtracted]]`, closed when it is known whether something is subtracted.
        self.out.push_str("[[");
        if self.eat('^') {
            self.out.push('^');
        }
        let mut first = true;
        loop {
            let c = self.bump().ok_or("a [ without ]")?;
            match c {
                ']' if first => return Err("an empty class".into()),
                ']' => {
                    self.out.push_str("]]");
                    return Ok(());
                }
                '-' if !first && self.eat('[') => {
                    self.out.push_str("]--");
                    self.class(depth + 1)?;
                    self.out.push(']');
                    return if self.eat(']') {
                        Ok(())
                    } else {
                        Err("a subtracted class must be the last".into())
                    };
                }
                '-' if first || self.rest.starts_with(']') => self.literal('-'),
                '-' => return Err("- within a class must be escaped, or stand first or last".into()),
                '[' => return Err("[ within a class must be escaped".into()),
                '\\' if self.class_escape()? => {}
                _ => {
                    let low = if c == '\\' { self.single_escape()? } else { c };
                    self.range_from(low)?;
                }
            }
            first = false;
        }
    }

    /// A character of a class, and the rest of the range if it begins one.
    fn range_from(&mut self, low: char) -> Result<(), String> {
        self.literal(low);
        let mut ahead = self.rest.chars();
        if ahead.next() != Some('-') || matches!(ahead.next(), Some(']' | '[') | None) {
            return Ok(());
        }
        self.eat('-');
        let high = match self.bump() {
            Some('\\') => self.single_escape()?,
            Some(c) => c,
            None => return Err("a [ without ]".into()),
        };
        if high < low {
            return Err(format!("the range {low}-{high} has its bounds the wrong way round"));
        }
        self.out.push('-');
        self.literal(high);
        Ok(())
    }

    /// After `\` in a class: whether an escape for many characters stood there and is done.
    fn class_escape(&mut self) -> Result<bool, String> {
        match self.rest.chars().next() {
            Some('s' | 'S' | 'i' | 'I' | 'c' | 'C' | 'd' | 'D' | 'w' | 'W' | 'p' | 'P') => {
                self.escape(true)?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// After `\`: an escape for one character.
    fn single_escape(&mut self) -> Result<char, String> {
        match self.bump() {
            Some('n') => Ok('\n'),
            Some('r') => Ok('\r'),
            Some('t') => Ok('\t'),
            Some(
                c @ ('\\' | '|' | '.' | '?' | '*' | '+' | '(' | ')' | '{' | '}' | '-' | '[' | ']' | '^'),
            ) => Ok(c),
            Some(c) => Err(format!(r"\{c} is not an escape")),
            None => Err(r"\ at the end".into()),
        }
    }

    /// After `\`: any escape. Classes within classes need no brackets of their own but have them.
    fn escape(&mut self, in_class: bool) -> Result<(), String> {
        let mut ahead = self.rest.chars();
        let c = ahead.next().ok_or(r"\ at the end")?;
        let rest = ahead.as_str();
        let class = match c {
            's' => r"[ \t\n\r]".to_owned(),
            'S' => r"[^ \t\n\r]".to_owned(),
            'd' => r"\p{Nd}".to_owned(),
            'D' => r"\P{Nd}".to_owned(),
            // Appendix F: all but punctuation, separators and "other".
            'w' => r"[^\p{P}\p{Z}\p{C}]".to_owned(),
            'W' => r"[\p{P}\p{Z}\p{C}]".to_owned(),
            'i' => format!("[{NAME_START}]"),
            'I' => format!("[^{NAME_START}]"),
            'c' => format!("[{NAME_START}{NAME_MORE}]"),
            'C' => format!("[^{NAME_START}{NAME_MORE}]"),
            'p' | 'P' => {
                self.rest = rest;
                return self.property(c == 'P');
            }
            _ => {
                debug_assert!(!in_class);
                let c = self.single_escape()?;
                self.literal(c);
                return Ok(());
            }
        };
        self.rest = rest;
        self.out.push_str(&class);
        Ok(())
    }

    /// After `\p` or `\P`: a general category or a block.
    fn property(&mut self, negated: bool) -> Result<(), String> {
        let body = self.rest.strip_prefix('{').and_then(|rest| rest.split_once('}'));
        let (name, rest) = body.ok_or(r"\p without {…}")?;
        self.rest = rest;
        let caret = if negated { "^" } else { "" };
        if let Some(block) = name.strip_prefix("Is") {
            let (low, high) =
                blocks::range(block).ok_or_else(|| format!("the block {block} is not known"))?;
            self.out.push_str(&format!(r"[{caret}\x{{{low:X}}}-\x{{{high:X}}}]"));
            return Ok(());
        }
        const CATEGORIES: &[&str] = &[
            "L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No", "P", "Pc", "Pd",
            "Ps", "Pe", "Pi", "Pf", "Po", "Z", "Zs", "Zl", "Zp", "S", "Sm", "Sc", "Sk", "So", "C", "Cc",
            "Cf", "Co", "Cn",
        ];
        if !CATEGORIES.contains(&name) {
            return Err(format!("the category {name} is not known"));
        }
        self.out.push_str(&format!(r"[{caret}\p{{{name}}}]"));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, value: &str) -> bool {
        Pattern::compile(&[pattern]).unwrap().matches(value)
    }

    /// Each row: pattern, values that match, values that do not.
    #[test]
    fn patterns_mean_what_xml_schema_says() {
        let rows: &[(&str, &[&str], &[&str])] = &[
            ("418", &["418"], &["4180", "1418", "", "418\n"]),
            ("[0-9]{4}", &["0363"], &["363", "03630", "٠٣٦٣"]),
            (r"\d{4}", &["0363", "٠٣٦٣"], &["x363"]),
            (r".*[^\s].*", &["a", " a ", "é"], &["", "   ", "\t", "a\nb", "\u{85}\n"]),
            (r"\s*", &["", " \t\r\n"], &["\u{a0}", "\u{b}", "\u{85}"]),
            (r"\S", &["\u{a0}", "\u{b}"], &[" ", "\n"]),
            (r"([.\s]*\S+[.\s]*)+", &["x", " x ", "\n\nx\n", "a b\nc"], &["", " ", "\n"]),
            ("[^Z+-]+", &["12:00:00"], &["12:00:00Z", "12:00:00+01:00", "12:00:00-01:00", ""]),
            ("[^:Z]*", &["2025-01-01", ""], &["2025-01-01Z", "2025-01-01+01:00"]),
            ("([a-zA-ZÀ-ỳ])+", &["T", "Éé"], &["", "T.", "1"]),
            (
                r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)",
                &["1.0.0", "10.2.30"],
                &["01.0.0", "1.0", "1.0.0.0"],
            ),
            ("^a$", &["^a$"], &["a"]),
            (".", &["x", "\u{85}"], &["\n", "\r", ""]),
            ("[a-z-[aeiou]]+", &["xyz"], &["xaz", ""]),
            ("[^a-z-[A]]", &["B", "1"], &["A", "b"]),
            ("[-a]+|[b-]+", &["-a", "b-"], &["ab"]),
            (r"[\^\-\]]", &["^", "-", "]"], &["\\"]),
            ("a|bc|", &["a", "bc", ""], &["b", "abc"]),
            ("a{2,3}", &["aa", "aaa"], &["a", "aaaa"]),
            ("a{2,}", &["aa", "aaaaa"], &["a"]),
            ("a{0}", &[""], &["a"]),
            (r"\i\c*", &["a-1", "_:x"], &["-a", "1", ""]),
            (r"\w+", &["aé1"], &["a.b", "a b", ""]),
            (r"\p{Lu}\P{Lu}", &["Ab", "É1"], &["ab", "AB"]),
            (r"\p{IsBasicLatin}*", &["abc"], &["é"]),
            ("(?:)", &[], &[]),
            ("a&b/~#", &["a&b/~#"], &[]),
        ];
        for (pattern, yes, no) in rows {
            let Ok(compiled) = Pattern::compile(&[pattern]) else {
                assert_eq!(*pattern, "(?:)");
                continue;
            };
            for value in *yes {
                assert!(compiled.matches(value), "{pattern} should match {value:?}");
            }
            for value in *no {
                assert!(!compiled.matches(value), "{pattern} should not match {value:?}");
            }
        }
    }

    #[test]
    fn patterns_of_one_step_are_alternatives() {
        let pattern = Pattern::compile(&["a", "b|c"]).unwrap();
        assert!(["a", "b", "c"].iter().all(|value| pattern.matches(value)));
        assert!(!pattern.matches("ab"));
    }

    #[test]
    fn a_pattern_that_is_none_is_refused() {
        for pattern in [
            "(", ")", "[", "[]", "a**", "*a", "a{2,1}", "a{x}", r"\q", r"\b", "[b-a]", "[a-c-e]", r"\p{Xx}",
            "a]", "}", "(?i)a",
        ] {
            assert!(Pattern::compile(&[pattern]).is_err(), "{pattern} was accepted");
        }
    }

    /// Nested repetition makes backtracking engines exponential; this one reads each byte once.
    #[test]
    fn a_hostile_value_costs_linear_time() {
        let value = format!("{}\u{1}", "a ".repeat(200_000));
        assert!(matches(r"([.\s]*\S+[.\s]*)+", &value));
        assert!(!matches("(a*)*b", &"a".repeat(400_000)));
    }

    #[test]
    fn a_pattern_too_large_for_a_table_still_works() {
        let pattern = Pattern::compile(&[r"(\w{1,40}\W){1,40}"]);
        if let Ok(pattern) = pattern {
            assert!(pattern.matches("een twee "));
            assert!(!pattern.matches("een twee"));
        }
    }
}
