//! Hides the text of a document line by line, so that a source line can be shown without personal data.
//!
//! Markup stays: brackets, names, namespace declarations. What cannot be told from text for certain, because
//! the document is broken there, is hidden too.

use crate::xml::is_name_char;

/// Stands for a hidden character.
const HIDDEN: char = '·';

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Text,
    Tag,
    Value {
        quote: char,
        shown: bool,
    },
    Comment,
    Cdata,
    /// The XML declaration is shown, any other instruction hidden.
    Instruction {
        shown: bool,
    },
}

/// Where in the markup the next line begins.
#[derive(Clone, Debug)]
pub(super) struct Mask {
    state: State,
    hide: bool,
}

impl Mask {
    /// Starts at the beginning of a document; hides nothing when all may be seen.
    pub(super) fn new(personal_data: bool) -> Self {
        Self { state: State::Text, hide: !personal_data }
    }

    /// Returns a line as it may be shown, with one character for each of its own. `reveal`: the column, from
    /// 0, of a start tag whose text is not personal.
    pub(super) fn line(&mut self, line: &str, reveal: Option<usize>) -> String {
        let chars: Vec<char> = line.chars().collect();
        let mut out = String::with_capacity(line.len());
        let mut at = 0;
        // The text after the tag that begins at `reveal`, up to the next tag.
        let mut revealed = false;
        while at < chars.len() {
            let rest = &chars[at..];
            let begins =
                |literal: &str| literal.chars().enumerate().all(|(index, c)| rest.get(index) == Some(&c));
            let from = at;
            match self.state {
                State::Text => {
                    if begins("<!--") {
                        self.state = State::Comment;
                        at += push(&mut out, "<!--");
                    } else if begins("<![CDATA[") {
                        self.state = State::Cdata;
                        at += push(&mut out, "<![CDATA[");
                    } else if begins("<?") {
                        self.state = State::Instruction { shown: begins("<?xml ") };
                        at += push(&mut out, "<?");
                    } else if begins("<") {
                        self.state = State::Tag;
                        at += push(&mut out, if begins("</") { "</" } else { "<" });
                        let length = name(&chars[at..]);
                        let ends = chars.get(at + length).is_none_or(|c| matches!(c, ' ' | '\t' | '/' | '>'));
                        self.run(&chars[at..at + length], ends, &mut out);
                        at += length;
                        revealed = reveal == Some(from);
                    } else {
                        self.run(&rest[..1], revealed, &mut out);
                        at += 1;
                    }
                }
                State::Tag => match rest[0] {
                    '>' => {
                        self.state = State::Text;
                        at += push(&mut out, ">");
                    }
                    // Broken: a tag within a tag.
                    '<' => self.state = State::Text,
                    quote @ ('"' | '\'') => {
                        self.state = State::Value { quote, shown: false };
                        at += push(&mut out, &quote.to_string());
                    }
                    _ => at += self.attribute(rest, &mut out),
                },
                State::Value { quote, .. } if rest[0] == quote => {
                    self.state = State::Tag;
                    at += push(&mut out, &quote.to_string());
                }
                State::Value { .. } if rest[0] == '<' => self.state = State::Text,
                State::Value { shown, .. } => {
                    self.run(&rest[..1], shown, &mut out);
                    at += 1;
                }
                State::Comment | State::Cdata | State::Instruction { .. } => {
                    let end = match self.state {
                        State::Comment => "-->",
                        State::Cdata => "]]>",
                        _ => "?>",
                    };
                    if begins(end) {
                        self.state = State::Text;
                        at += push(&mut out, end);
                    } else {
                        let shown = self.state == State::Instruction { shown: true };
                        self.run(&rest[..1], shown, &mut out);
                        at += 1;
                    }
                }
            }
        }
        out
    }

    /// Within a tag: white space, `/`, `=`, or an attribute with what leads to its value.
    fn attribute(&mut self, rest: &[char], out: &mut String) -> usize {
        let length = name(rest);
        if length == 0 {
            let shown = matches!(rest[0], ' ' | '\t' | '/' | '=');
            self.run(&rest[..1], shown, out);
            return 1;
        }
        let gap = |from: usize| rest[from..].iter().take_while(|c| matches!(c, ' ' | '\t')).count();
        let equals = length + gap(length);
        let is_attribute = rest.get(equals) == Some(&'=');
        self.run(&rest[..length], is_attribute, out);
        if !is_attribute {
            return length;
        }
        // Namespaces are no secret.
        let value = equals + 1 + gap(equals + 1);
        let declares = rest[..length].iter().collect::<String>();
        if let Some(quote @ ('"' | '\'')) = rest.get(value).copied()
            && (declares == "xmlns" || declares.starts_with("xmlns:"))
        {
            self.run(&rest[length..=value], true, out);
            self.state = State::Value { quote, shown: true };
            return value + 1;
        }
        length
    }

    /// Appends characters; control characters never, for a terminal would obey them.
    fn run(&self, chars: &[char], shown: bool, out: &mut String) {
        for &c in chars {
            out.push(match c {
                '\t' | ' ' => ' ',
                c if c.is_control() => HIDDEN,
                c if shown || !self.hide => c,
                _ => HIDDEN,
            });
        }
    }
}

fn push(out: &mut String, literal: &str) -> usize {
    out.push_str(literal);
    literal.chars().count()
}

fn name(chars: &[char]) -> usize {
    chars.iter().take_while(|c| is_name_char(**c)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(lines: &[&str]) -> Vec<String> {
        let mut mask = Mask::new(false);
        lines.iter().map(|line| mask.line(line, None)).collect()
    }

    #[test]
    fn text_is_hidden_and_markup_stays() {
        for (line, expected) in [
            ("\t<w:Bsn>999900006</w:Bsn>", " <w:Bsn>·········</w:Bsn>"),
            ("<a b='Jansen' xmlns:c=\"urn:c\"/>", "<a b='······' xmlns:c=\"urn:c\"/>"),
            ("<a><!-- Jan --><![CDATA[Jan]]><?p Jan?></a>", "<a><!-- ··· --><![CDATA[···]]><?· ···?></a>"),
            ("<?xml version='1.0' encoding='x'?>", "<?xml version='1.0' encoding='x'?>"),
            ("<Naam Jansen</Naam>", "<Naam ······</Naam>"),
            ("<NaamJansen</Naam>", "<··········</Naam>"),
            ("<a b='Jan</a>", "<a b='···</a>"),
            ("<a>é\u{1b}[31m</a>", "<a>······</a>"),
            ("Jan & Piet", "··· · ····"),
        ] {
            assert_eq!(masked(&[line]), [expected], "{line}");
        }
    }

    #[test]
    fn markup_may_span_lines() {
        assert_eq!(
            masked(&["<a>Jan <!-- Piet", "Klaas --> Kees</a>"]),
            ["<a>··· <!-- ····", "····· --> ····</a>"]
        );
        assert_eq!(masked(&["<a", " b='Jan", "Piet'>Kees</a>"]), ["<a", " b='···", "····'>····</a>"]);
    }

    #[test]
    fn one_value_may_be_revealed() {
        let line = "<Naam>Jan</Naam><Status>7</Status><Naam>Piet</Naam>";
        let shown = Mask::new(false).line(line, Some(16));
        assert_eq!(shown, "<Naam>···</Naam><Status>7</Status><Naam>····</Naam>");
        assert_eq!(Mask::new(true).line(line, None), line);
    }
}
