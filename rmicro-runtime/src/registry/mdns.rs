//! Being written.
#[derive(Debug)]
pub struct Mdns;
#[derive(Debug)]
pub struct MdnsConfig;
