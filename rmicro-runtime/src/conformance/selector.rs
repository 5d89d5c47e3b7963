//! The suite of the contract.
