//! Why a text is not a document we read.

use crate::report::Text;

/// A fault and where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct XmlFault {
    pub(crate) kind: XmlFaultKind,
    /// Bytes from the start of the document.
    pub(crate) offset: usize,
}

/// The kinds of faults; all are the sender's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum XmlFaultKind {
    /// A declaration of a document type.
    Doctype,
    /// An encoding other than UTF-8, by byte order mark or declaration.
    Encoding,
    /// Bytes that are no UTF-8.
    Utf8,
    /// More bytes than allowed.
    LimitBytes,
    /// More open elements than allowed.
    LimitDepth,
    /// More attributes than allowed.
    LimitAttributes,
    /// More namespace declarations than allowed.
    LimitNamespaces,
    /// No element at all.
    Empty,
    /// Text or markup before or after the document element.
    OutsideRoot,
    /// A second document element.
    SecondRoot,
    /// The text ends within an element, tag, comment or the like.
    Truncated,
    /// A start or end tag that is not formed as one.
    Tag,
    /// An end tag that closes another element than the open one.
    TagMismatch,
    /// An element, attribute or instruction name that is none.
    Name,
    /// An attribute that is not formed as one.
    Attribute,
    /// Two attributes with the same name.
    AttributeTwice,
    /// `<` within an attribute value.
    AttributeLessThan,
    /// A character XML does not allow.
    Character,
    /// A character reference that is not formed as one or names a character XML does not allow.
    CharacterReference,
    /// A reference to an entity other than the five.
    Entity,
    /// `&` that begins no reference.
    Ampersand,
    /// `]]>` in text.
    CdataEnd,
    /// A comment with `--` in it.
    Comment,
    /// A processing instruction that is not formed as one.
    Instruction,
    /// An XML declaration that is not formed as one or stands elsewhere than at the start.
    Declaration,
    /// A prefix that is not declared.
    Prefix,
    /// A namespace declaration that the recommendation forbids.
    NamespaceDeclaration,
}

impl XmlFaultKind {
    /// Returns the class that stands in a report.
    pub(crate) const fn rule(self) -> &'static str {
        match self {
            Self::Doctype => "xml-doctype",
            Self::Encoding | Self::Utf8 => "xml-encoding",
            Self::LimitBytes => "xml-limit-bytes",
            Self::LimitDepth => "xml-limit-depth",
            Self::LimitAttributes => "xml-limit-attributes",
            Self::LimitNamespaces => "xml-limit-namespaces",
            Self::Empty | Self::OutsideRoot | Self::SecondRoot => "xml-root",
            Self::Truncated => "xml-truncated",
            Self::Tag | Self::TagMismatch => "xml-tag",
            Self::Name => "xml-name",
            Self::Attribute | Self::AttributeTwice | Self::AttributeLessThan => "xml-attribute",
            Self::Character => "xml-character",
            Self::CharacterReference | Self::Entity | Self::Ampersand => "xml-reference",
            Self::CdataEnd => "xml-cdata",
            Self::Comment => "xml-comment",
            Self::Instruction => "xml-instruction",
            Self::Declaration => "xml-declaration",
            Self::Prefix | Self::NamespaceDeclaration => "xml-namespace",
        }
    }

    /// Returns what is wrong, in words.
    pub(crate) const fn text(self) -> Text {
        let (nl, en) = match self {
            Self::Doctype => ("een DOCTYPE is niet toegestaan", "a DOCTYPE is not allowed"),
            Self::Encoding => ("het bericht moet in UTF-8 zijn", "the message must be in UTF-8"),
            Self::Utf8 => ("dit zijn geen UTF-8-tekens", "these bytes are not UTF-8"),
            Self::LimitBytes => ("het bericht is te groot", "the message is too large"),
            Self::LimitDepth => {
                ("er staan te veel elementen in elkaar", "too many elements within one another")
            }
            Self::LimitAttributes => {
                ("het element heeft te veel attributen", "the element has too many attributes")
            }
            Self::LimitNamespaces => ("te veel namespace-declaraties", "too many namespace declarations"),
            Self::Empty => ("er is geen element", "there is no element"),
            Self::OutsideRoot => (
                "hier mag niets staan: dit is buiten het buitenste element",
                "nothing may stand outside the document element",
            ),
            Self::SecondRoot => {
                ("een document heeft één buitenste element", "a document has one document element")
            }
            Self::Truncated => ("het document breekt hier af", "the document breaks off here"),
            Self::Tag => ("dit is geen goed gevormde tag", "this tag is not well-formed"),
            Self::TagMismatch => (
                "deze eindtag hoort niet bij het open element",
                "this end tag does not close the open element",
            ),
            Self::Name => ("dit is geen geldige naam", "this is not a valid name"),
            Self::Attribute => ("dit is geen goed gevormd attribuut", "this attribute is not well-formed"),
            Self::AttributeTwice => ("dit attribuut staat er twee keer", "this attribute stands here twice"),
            Self::AttributeLessThan => {
                ("< mag niet in een attribuutwaarde", "< may not stand in an attribute value")
            }
            Self::Character => ("dit teken mag niet in XML", "this character is not allowed in XML"),
            Self::CharacterReference => {
                ("dit is geen geldige tekenverwijzing", "this is not a valid character reference")
            }
            Self::Entity => ("deze entiteit bestaat niet", "this entity does not exist"),
            Self::Ampersand => ("& moet als &amp; geschreven worden", "& must be written as &amp;"),
            Self::CdataEnd => ("]]> mag niet in tekst", "]]> may not stand in text"),
            Self::Comment => ("dit commentaar is niet goed gevormd", "this comment is not well-formed"),
            Self::Instruction => (
                "deze verwerkingsinstructie is niet goed gevormd",
                "this processing instruction is not well-formed",
            ),
            Self::Declaration => (
                "de XML-declaratie is onjuist of staat niet vooraan",
                "the XML declaration is wrong or not at the start",
            ),
            Self::Prefix => ("dit voorvoegsel is niet gedeclareerd", "this prefix is not declared"),
            Self::NamespaceDeclaration => {
                ("deze namespace-declaratie mag niet", "this namespace declaration is not allowed")
            }
        };
        Text::fixed(nl, en)
    }
}
