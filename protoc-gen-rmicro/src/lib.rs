//! Generates rmicro code from `.proto` files.
