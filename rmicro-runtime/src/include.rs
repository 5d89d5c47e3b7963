//! The macros that include generated code.

/// Includes the code of one proto package that build.rs generated, for example
/// `include_proto!("greet.v1")`.
///
/// The package must not import another; a tree of packages is included with
/// [`include_protos!`](crate::include_protos). A proto file without a package is included by the
/// file's stem.
///
/// ```text
/// mod greet {
///     rmicro_runtime::include_proto!("greet.v1");
/// }
/// ```
#[macro_export]
macro_rules! include_proto {
    ($package:literal $(,)?) => {
        ::core::include!(::core::concat!(
            ::core::env!("OUT_DIR"),
            "/",
            $package,
            ".rs"
        ));
    };
}

/// Includes the code of every proto package that build.rs generated, each in the module of its
/// name.
///
/// ```text
/// rmicro_runtime::include_protos!();
/// use greet::v1::{GreeterService, HelloRequest};
/// ```
#[macro_export]
macro_rules! include_protos {
    () => {
        ::core::include!(::core::concat!(::core::env!("OUT_DIR"), "/mod.rs"));
    };
}
