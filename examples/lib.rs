//! The programs of this folder share nothing but what the build generates.
