//! The rmicro runtime.
