//! Code lists of the standard as enums of one byte.

/// Defines a code list: `/// doc` then `Name { Variant "code", … }`, in the order of the schema.
macro_rules! code_list {
    ($(#[$doc:meta])* $name:ident { $($variant:ident $code:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $(
                #[doc = concat!("Code `", $code, "`.")]
                $variant,
            )+
        }

        impl $name {
            /// All codes, in the order of the schema.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            const EXPECTED: &'static str =
                concat!("a code of ", stringify!($name), ":", $(" ", $code),+);

            /// Returns the code as it stands in a message.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)+
                }
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::value::LexicalError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($code => Ok(Self::$variant),)+
                    _ => Err($crate::value::LexicalError::new(Self::EXPECTED)),
                }
            }
        }

        $crate::value::leaf!($name, $name::EXPECTED, |code| {
            std::borrow::Cow::Borrowed(code.as_str())
        });
    };
}
pub(crate) use code_list;
