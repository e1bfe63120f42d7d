//! Translating words: a generated enumeration beside a crate's own. The words are the crate's that uses these macros, and
//! so must the traits be (a trait of this crate could not be implemented there for the engine's enumerations).

/// Declares in the calling module the traits `Said` (a word that goes out) and `Heard` (a word that comes in).
#[macro_export]
macro_rules! vocabulary {
    () => {
        /// A word that goes out.
        pub(crate) trait Said: Copy {
            /// The generated enumeration.
            type Wire;
            /// The word on the wire.
            fn to_wire(self) -> Self::Wire;
        }

        /// A word that comes in.
        pub(crate) trait Heard: Sized {
            /// The generated enumeration; its null stands for all values that it lacks.
            type Wire;
            /// The own word, or `None` for a value that the enumeration lacks.
            fn from_wire(word: Self::Wire) -> Option<Self>;
        }
    };
}

/// `said!(wire::side::Side, Side { BUY = Buy, SELL = Sell })`: how an enumeration's words go out.
#[macro_export]
macro_rules! said {
    ($wire:path, $own:path { $($on_wire:ident = $word:ident),+ $(,)? }) => {
        impl Said for $own {
            type Wire = $wire;
            #[inline]
            fn to_wire(self) -> $wire {
                match self {
                    $(Self::$word => <$wire>::$on_wire),+
                }
            }
        }
    };
}

/// As [`said!`], for words that come in.
#[macro_export]
macro_rules! heard {
    ($wire:path, $own:path { $($on_wire:ident = $word:ident),+ $(,)? }) => {
        impl Heard for $own {
            type Wire = $wire;
            #[inline]
            fn from_wire(word: $wire) -> Option<Self> {
                match word {
                    $(<$wire>::$on_wire => Some(Self::$word),)+
                    <$wire>::NullVal => None,
                }
            }
        }
    };
}

/// [`said!`] and [`heard!`] at once.
#[macro_export]
macro_rules! said_and_heard {
    ($wire:path, $own:path { $($words:tt)+ } or $unknown:ident) => {
        $crate::said!($wire, $own { NullVal = $unknown, $($words)+ });
        $crate::heard!($wire, $own { $($words)+ });
    };
    ($wire:path, $own:path { $($words:tt)+ }) => {
        $crate::said!($wire, $own { $($words)+ });
        $crate::heard!($wire, $own { $($words)+ });
    };
}
