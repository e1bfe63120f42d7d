//! Declares an enumeration whose values are words of the protocol: each has a fixed number and a FIX-style name.

/// An enumeration with a number for each word, the word's name in the protocol's capitals, and the way back from a number.
///
/// `word! { /// docs  Side: u8 { Buy = 1, Sell = 2 } }` derives what all such enumerations have, `Side::ALL`, and
/// `Side::from_number`, which the codecs and the engine's kept events use.
macro_rules! word {
    (
        $(#[$doc:meta])*
        $name:ident: $number:ty {
            $($(#[$word_doc:meta])* $word:ident = $value:literal),+ $(,)?
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(
            feature = "serde",
            derive(serde::Serialize, serde::Deserialize),
            serde(rename_all = "SCREAMING_SNAKE_CASE")
        )]
        #[repr($number)]
        pub enum $name {
            $($(#[$word_doc])* $word = $value),+
        }

        impl $name {
            /// All values, by ascending number.
            pub const ALL: &'static [Self] = &[$(Self::$word),+];

            /// The value with this number, on the wire and in snapshots; `None` if no value has it.
            #[inline]
            pub const fn from_number(number: $number) -> Option<Self> {
                match number {
                    $($value => Some(Self::$word),)+
                    _ => None,
                }
            }

            /// The number of this value, on the wire and in snapshots.
            #[inline]
            pub const fn number(self) -> $number {
                self as $number
            }
        }
    };
}
pub(crate) use word;
