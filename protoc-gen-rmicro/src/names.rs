//! What things are called in Rust.
//!
//! go-micro's rule: `Greeter` gives `GreeterService` and `GreeterHandler`, `FooService` gives `FooService` (nobody wants a
//! `FooServiceService`) and `FooServiceHandler`.

use heck::{ToShoutySnakeCase, ToSnakeCase, ToUpperCamelCase};
use proc_macro2::{Ident, Span};

/// The names that one service takes.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    /// The client stub, `GreeterService`.
    pub(crate) stub: Ident,
    /// The handler trait, `GreeterHandler`.
    pub(crate) handler: Ident,
    /// The function that registers a handler, `register_greeter_handler`.
    pub(crate) register: Ident,
    /// The private module, `greeter_rmicro`.
    pub(crate) module: Ident,
    /// The descriptor in it, `GREETER`.
    pub(crate) descriptor: Ident,
}

impl Names {
    /// The names for the service that the proto calls `name`.
    pub(crate) fn new(name: &str) -> Self {
        let camel = name.to_upper_camel_case();
        let snake = name.to_snake_case();
        let stub = camel.strip_suffix("Service").unwrap_or(&camel);
        Self {
            stub: ident(&format!("{stub}Service")),
            handler: ident(&format!("{camel}Handler")),
            register: ident(&format!("register_{snake}_handler")),
            module: ident(&format!("{snake}_rmicro")),
            descriptor: ident(&name.to_shouty_snake_case()),
        }
    }
}

/// The function for the rpc that the proto calls `name`.
///
/// `new` is the stub's constructor and `clone` its copy, so an rpc of that name gets an underscore.
pub(crate) fn rpc(name: &str) -> Ident {
    match name.to_snake_case().as_str() {
        taken @ ("new" | "clone") => ident(&format!("{taken}_")),
        snake => ident(snake),
    }
}

/// The type or module that prost-build makes of the message or enum `name`.
pub(crate) fn type_name(name: &str) -> String {
    ident(&name.to_upper_camel_case()).to_string()
}

/// The module in which prost-build nests what is inside of the message `name`.
pub(crate) fn module_name(name: &str) -> String {
    match is_snake(name) {
        true => ident(name).to_string(),
        false => ident(&name.to_snake_case()).to_string(),
    }
}

/// Whether `name` is in snake case as it is, which most are.
fn is_snake(name: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    name.split('_')
        .all(|word| !word.is_empty() && word.bytes().all(is_letter))
}

/// The field that prost-build makes of the field or oneof `name`; it makes the name of a function by the same rule.
pub(crate) fn member_name(name: &str) -> String {
    module_name(name)
}

/// The variant that prost-build makes of the value `name` of the enum `item`, whose name it leaves out.
pub(crate) fn value_name(item: &str, name: &str) -> String {
    let (item, name) = (type_name(item), type_name(name));
    let short = name.strip_prefix(&item).unwrap_or(&name);
    let is_word = short.starts_with(|char: char| char.is_ascii_uppercase());
    ident(if is_word { short } else { &name }).to_string()
}

/// The module of a part of a package; one that is called like a primitive type would hide it.
pub(crate) fn package_name(part: &str) -> String {
    let name = module_name(part);
    if PRIMITIVES.contains(&name.as_str()) {
        return format!("{name}_");
    }
    name
}

/// What generated code takes for primitive types, and what a module would hide.
pub(crate) const PRIMITIVES: [&str; 17] = [
    "bool", "char", "f32", "f64", "i128", "i16", "i32", "i64", "i8", "isize", "str", "u128", "u16",
    "u32", "u64", "u8", "usize",
];

/// `text` as an identifier: raw if it is a keyword, with an underscore where even that is not allowed.
fn ident(text: &str) -> Ident {
    let span = Span::call_site();
    match text {
        "self" | "super" | "crate" | "extern" | "Self" | "_" => {
            Ident::new(&format!("{text}_"), span)
        }
        _ if text.starts_with(|char: char| char.is_ascii_digit()) => {
            Ident::new(&format!("_{text}"), span)
        }
        _ if is_no_keyword(text) => Ident::new(text, span),
        _ if syn::parse_str::<Ident>(text).is_ok() && text != "gen" => Ident::new(text, span),
        _ => Ident::new_raw(text, span),
    }
}

/// Whether nothing more has to be known of `text`; asking syn takes long.
fn is_no_keyword(text: &str) -> bool {
    const LONGEST_KEYWORD: usize = 8;
    let is_word = |byte: u8| byte == b'_' || byte.is_ascii_alphanumeric();
    let is_letter = |byte: u8| byte.is_ascii_lowercase();
    let is_other = text.len() > LONGEST_KEYWORD || !text.bytes().all(is_letter);
    is_other && text.bytes().all(is_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_gives_gomicros_names() {
        for (proto, stub, handler, register) in [
            (
                "Greeter",
                "GreeterService",
                "GreeterHandler",
                "register_greeter_handler",
            ),
            (
                "FooService",
                "FooService",
                "FooServiceHandler",
                "register_foo_service_handler",
            ),
            (
                "HTTPServer",
                "HttpServerService",
                "HttpServerHandler",
                "register_http_server_handler",
            ),
            (
                "type",
                "TypeService",
                "TypeHandler",
                "register_type_handler",
            ),
            (
                "Service",
                "Service",
                "ServiceHandler",
                "register_service_handler",
            ),
            ("_2d", "2dService", "2dHandler", "register_2d_handler"),
        ] {
            let names = Names::new(proto);
            let unraw = |ident: &Ident| ident.to_string().trim_start_matches('_').to_owned();
            assert_eq!(unraw(&names.stub), stub);
            assert_eq!(unraw(&names.handler), handler);
            assert_eq!(names.register, register);
        }
    }

    #[test]
    fn an_rpc_is_a_function() {
        for (proto, function) in [
            ("SayHello", "say_hello"),
            ("New", "new_"),
            ("Clone", "clone_"),
            ("Type", "r#type"),
            ("Gen", "r#gen"),
            ("Try", "r#try"),
            ("Self", "self_"),
            ("Super", "super_"),
            ("Crate", "crate_"),
            ("HTTPGet", "http_get"),
            ("_1", "_1"),
        ] {
            assert_eq!(rpc(proto).to_string(), function);
        }
    }
}
