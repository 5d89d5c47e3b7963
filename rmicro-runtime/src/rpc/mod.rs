//! What generated code declares, and the streams that handlers and callers hold.
