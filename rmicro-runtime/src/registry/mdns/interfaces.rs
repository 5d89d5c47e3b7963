//! Which interfaces are used.

use crate::error::{Error, Result};
use crate::seam::{Interface, Net};

/// The interfaces to use now: the one called `wanted`, or all that are up, each once.
///
/// # Errors
///
/// [`Unavailable`](crate::Code::Unavailable) when there is none, with the names of those that exist.
pub(super) fn choose(net: &Net, wanted: Option<&str>) -> Result<Vec<Interface>> {
    let mut all = net.interfaces().map_err(|error| {
        Error::unavailable("mdns: the network interfaces cannot be listed").source(error)
    })?;
    all.sort_by_key(|interface| interface.index);
    // Packets arrive and leave by interface; a second address of the same one adds nothing.
    all.dedup_by_key(|interface| interface.index);
    let is_wanted = |one: &&Interface| wanted.is_none_or(|name| name == one.name);
    let chosen: Vec<_> = all.iter().filter(is_wanted).cloned().collect();
    if chosen.is_empty() {
        return Err(none(wanted, &all));
    }
    Ok(chosen)
}

fn none(wanted: Option<&str>, all: &[Interface]) -> Error {
    let names: Vec<_> = all.iter().map(|one| one.name.as_str()).collect();
    let known = if names.is_empty() {
        "none (try `ip link set lo up`)".to_owned()
    } else {
        names.join(", ")
    };
    let which = wanted.map_or(String::new(), |name| format!(" {name:?}"));
    Error::unavailable(format!(
        "mdns: there is no interface{which} that is up and has an IPv4 address; known: {known}"
    ))
}
