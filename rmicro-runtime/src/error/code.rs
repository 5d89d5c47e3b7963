//! The seventeen status codes of gRPC.

use std::fmt;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $text:literal;)*) => {
        /// A gRPC status code (gRPC's `statuscodes.md`); the numbers are those of the wire.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[$doc])* $name = $number,)*
        }

        impl Code {
            /// All codes, by number.
            pub const ALL: [Self; 17] = [$(Self::$name),*];

            /// The name in gRPC's spelling, for example `NOT_FOUND`.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

codes! {
    /// The call succeeded; no error has this code.
    Ok = 0, "OK";
    /// The caller gave up.
    Cancelled = 1, "CANCELLED";
    /// Nothing better is known.
    Unknown = 2, "UNKNOWN";
    /// The request can never succeed.
    InvalidArgument = 3, "INVALID_ARGUMENT";
    /// The time was over first.
    DeadlineExceeded = 4, "DEADLINE_EXCEEDED";
    /// What was asked for is not there.
    NotFound = 5, "NOT_FOUND";
    /// What was to be made is there.
    AlreadyExists = 6, "ALREADY_EXISTS";
    /// This caller may not do it.
    PermissionDenied = 7, "PERMISSION_DENIED";
    /// A limit or quota was reached.
    ResourceExhausted = 8, "RESOURCE_EXHAUSTED";
    /// The state does not allow it now.
    FailedPrecondition = 9, "FAILED_PRECONDITION";
    /// Somebody else was quicker.
    Aborted = 10, "ABORTED";
    /// The request went past the end.
    OutOfRange = 11, "OUT_OF_RANGE";
    /// The method is not served here.
    Unimplemented = 12, "UNIMPLEMENTED";
    /// An invariant broke.
    Internal = 13, "INTERNAL";
    /// It may work later, or elsewhere.
    Unavailable = 14, "UNAVAILABLE";
    /// Data is lost for good.
    DataLoss = 15, "DATA_LOSS";
    /// It is not known who asks.
    Unauthenticated = 16, "UNAUTHENTICATED";
}

impl Code {
    /// The code with this number; a number that gRPC does not know is [`Code::Unknown`].
    pub fn from_number(number: u32) -> Self {
        Self::ALL
            .get(number as usize)
            .copied()
            .unwrap_or(Self::Unknown)
    }

    /// The number on the wire.
    pub fn number(self) -> u32 {
        self as u32
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_finds_its_code() {
        for (number, code) in Code::ALL.into_iter().enumerate() {
            assert_eq!(Code::from_number(number as u32), code);
            assert_eq!(code.number() as usize, number);
        }
        assert_eq!(Code::from_number(17), Code::Unknown);
    }
}
