//! What may stand around elements: the XML declaration, comments, processing instructions.

use super::chars::is_xml_space;
use super::scan::{Scan, Scanner};
use super::{XmlFault, XmlFaultKind};

impl<'x> Scanner<'x> {
    pub(super) fn declaration(&mut self) -> Scan<()> {
        let rest = &self.text[self.position..];
        let Some(after) = rest.strip_prefix("<?xml") else { return Ok(()) };
        if !after.as_bytes().first().is_some_and(|byte| is_xml_space(*byte)) {
            return Ok(());
        }
        self.position += "<?xml".len();
        let version =
            self.pseudo_attribute("version")?.ok_or_else(|| self.broken(XmlFaultKind::Declaration))?;
        let digits = version.strip_prefix("1.").unwrap_or_default();
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(self.fault(XmlFaultKind::Declaration));
        }
        let at = self.position;
        if let Some(encoding) = self.pseudo_attribute("encoding")?
            && !encoding.eq_ignore_ascii_case("UTF-8")
        {
            return Err(XmlFault { kind: XmlFaultKind::Encoding, offset: at });
        }
        if let Some(standalone) = self.pseudo_attribute("standalone")?
            && !matches!(standalone, "yes" | "no")
        {
            return Err(self.fault(XmlFaultKind::Declaration));
        }
        self.skip_space();
        self.expect("?>", XmlFaultKind::Declaration)
    }

    /// White space, a name, `=` and a quoted value; none when another name or the end follows.
    fn pseudo_attribute(&mut self, name: &str) -> Scan<Option<&'x str>> {
        let start = self.position;
        self.skip_space();
        if self.position == start || !self.text[self.position..].starts_with(name) {
            self.position = start;
            return Ok(None);
        }
        self.position += name.len();
        self.quoted(XmlFaultKind::Declaration).map(Some)
    }

    pub(super) fn comment(&mut self) -> Scan<()> {
        self.position += "<!--".len();
        let start = self.position;
        self.until("--")?;
        let body = start..self.position - "--".len();
        self.check_characters(body.start, body.end);
        if self.peek() != Some(b'>') {
            // `--` within a comment: go on at its real end.
            self.position -= "--".len();
            let fault = self.broken(XmlFaultKind::Comment);
            self.record(fault);
            self.until("-->")?;
            return Ok(());
        }
        self.position += 1;
        Ok(())
    }

    pub(super) fn instruction(&mut self) -> Scan<()> {
        self.position += "<?".len();
        let target = self.name(XmlFaultKind::Instruction)?;
        if target.eq_ignore_ascii_case("xml") {
            return Err(XmlFault { kind: XmlFaultKind::Declaration, offset: self.token });
        }
        if target.contains(':') {
            self.record(XmlFault { kind: XmlFaultKind::Instruction, offset: self.token });
        }
        let start = self.position;
        if !self.text[start..].starts_with("?>") && !self.peek().is_some_and(is_xml_space) {
            return Err(self.broken(XmlFaultKind::Instruction));
        }
        self.until("?>")?;
        self.check_characters(start, self.position);
        Ok(())
    }
}
