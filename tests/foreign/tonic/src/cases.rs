//! The cases for a server that takes orders.

mod asking;
mod calls;
mod endings;
mod limits;

use crate::judge::Case;

/// The functions as cases.
#[macro_export]
macro_rules! cases {
    ($($name:ident),* $(,)?) => {
        &[$((stringify!($name), |client| Box::pin($name(client)))),*]
    };
}

/// All cases.
pub fn all() -> Vec<Case> {
    [calls::CASES, endings::CASES, limits::CASES].concat()
}
