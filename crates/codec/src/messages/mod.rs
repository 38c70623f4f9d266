//! The messages as types. The structs are generated from the schemas; their names are those of the standard.

mod class;
mod decode;
mod header;
pub mod ieb_1_0;
pub mod iwmo_3_2;
mod json;
mod kind;

use ieb_1_0::{wmo401, wmo402, wmo403, wmo404};
use iwmo_3_2::{
    wmo301, wmo302, wmo305, wmo306, wmo307, wmo308, wmo315, wmo316, wmo317, wmo318, wmo319, wmo320, wmo323,
    wmo325,
};

pub use header::{Header, RetourHeader};
pub use json::JsonError;
pub use kind::{MessageKind, Release};

pub(crate) use class::{Class, Reader, Root, Sink, escape, local_name};

#[cfg(test)]
mod tests;

/// Does the same for every kind of message: `each!(message, bericht => expression)`.
macro_rules! each {
    ($message:expr, $bericht:ident => $body:expr) => {
        match $message {
            Message::Wmo301($bericht) => $body,
            Message::Wmo302($bericht) => $body,
            Message::Wmo305($bericht) => $body,
            Message::Wmo306($bericht) => $body,
            Message::Wmo307($bericht) => $body,
            Message::Wmo308($bericht) => $body,
            Message::Wmo315($bericht) => $body,
            Message::Wmo316($bericht) => $body,
            Message::Wmo317($bericht) => $body,
            Message::Wmo318($bericht) => $body,
            Message::Wmo319($bericht) => $body,
            Message::Wmo320($bericht) => $body,
            Message::Wmo323($bericht) => $body,
            Message::Wmo325($bericht) => $body,
            Message::Wmo401($bericht) => $body,
            Message::Wmo402($bericht) => $body,
            Message::Wmo403($bericht) => $body,
            Message::Wmo404($bericht) => $body,
        }
    };
}

pub(crate) use each;

macro_rules! messages {
    ($($kind:ident $module:ident),+ $(,)?) => {
        /// Any message of the standards.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Message {
            $(
                #[doc = concat!("A ", stringify!($kind), ".")]
                $kind(Box<$module::Bericht>),
            )+
        }

        impl Message {
            /// Returns its kind.
            #[must_use]
            pub const fn kind(&self) -> MessageKind {
                match self {
                    $(Self::$kind(_) => MessageKind::$kind,)+
                }
            }

            fn read(kind: MessageKind, reader: &mut Reader<'_, '_>) -> Option<Self> {
                match kind {
                    $(MessageKind::$kind => reader.class().map(|bericht| Self::$kind(Box::new(bericht))),)+
                }
            }

            fn from_bericht(kind: MessageKind, json: &str) -> Result<Self, serde_json::Error> {
                match kind {
                    $(MessageKind::$kind => serde_json::from_str(json).map(Self::$kind),)+
                }
            }
        }

        $(
            impl From<$module::Bericht> for Message {
                fn from(bericht: $module::Bericht) -> Self {
                    Self::$kind(Box::new(bericht))
                }
            }
        )+
    };
}

messages! {
    Wmo301 wmo301, Wmo302 wmo302, Wmo305 wmo305, Wmo306 wmo306, Wmo307 wmo307, Wmo308 wmo308, Wmo315 wmo315,
    Wmo316 wmo316, Wmo317 wmo317, Wmo318 wmo318, Wmo319 wmo319, Wmo320 wmo320, Wmo323 wmo323, Wmo325 wmo325,
    Wmo401 wmo401, Wmo402 wmo402, Wmo403 wmo403, Wmo404 wmo404,
}

impl Message {
    /// Writes the message as an XML document. It is valid when the message came from a valid document; of one made
    /// otherwise the shape is right, the facets (lengths, patterns) are for the validator to judge.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        each!(self, bericht => bericht.encode_document())
    }

    /// Returns whether it is a retour.
    #[must_use]
    pub fn is_retour(&self) -> bool {
        self.kind().is_retour()
    }

    /// Shows the children of the document element.
    pub(crate) fn visit(&self, sink: &mut impl Sink) {
        each!(self, bericht => bericht.visit(sink));
    }
}
