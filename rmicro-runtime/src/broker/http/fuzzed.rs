//! The private parser of this broker, for [`crate::fuzzing`].

use super::query;

/// The id that the query of a request names.
pub fn read_id(query: &str) -> String {
    query::id(query)
}

/// A request's path and query that name `id`.
pub fn write_id(id: &str) -> String {
    query::path(id)
}
