//! What is measured, and of whom.

/// So many publishers, each with one message of so many bytes under way until it is confirmed, and one subscriber who gets all.
#[derive(Debug)]
pub struct Case {
    pub name: &'static str,
    pub publishers: usize,
    /// The bytes of a body.
    pub size: usize,
}

pub static CASES: [Case; 4] = [
    case("16 B, 1 publisher", 1, 16),
    case("16 B, 64 publishers", 64, 16),
    case("16 B, 512 publishers", 512, 16),
    case("1 KiB, 64 publishers", 64, 1024),
];

const fn case(name: &'static str, publishers: usize, size: usize) -> Case {
    Case {
        name,
        publishers,
        size,
    }
}

/// Who does it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Stack {
    /// rmicro's broker.
    Rmicro,
    /// The client crate, and what a user would write around it to do the same.
    Raw,
    /// The client crate with the bytes of the wire made before and read by nobody, and one confirmation for all publishers: a bound.
    Bare,
}

impl Stack {
    pub const ALL: [Self; 3] = [Self::Rmicro, Self::Raw, Self::Bare];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Rmicro => "rmicro",
            Self::Raw => "raw",
            Self::Bare => "bare",
        }
    }
}
