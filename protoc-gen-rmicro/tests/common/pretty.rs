//! Whether code is laid out as prettyplease would lay it out, and a proto that tries every place for a break.

use std::fmt::Write;

/// A proto with names of every length, so that some just fit into their lines and some just do not.
pub(crate) fn proto_with_names_of_every_length(syntax: &str) -> String {
    let mut proto = format!(
        "syntax = \"{syntax}\";\n\npackage a.b;\n\nimport \"google/api/annotations.proto\";\n\n"
    );
    for length in 1..100 {
        write_messages(&mut proto, syntax, length);
        write_services(&mut proto, length);
    }
    proto
}

/// Nothing but the blank lines, and the comments above the code, is not prettyplease's.
pub(crate) fn assert_is_pretty(code: &str, what: &str) {
    let pretty = prettyplease::unparse(&syn::parse_file(code).unwrap());
    let lines = |code: &str| -> Vec<String> {
        let is_code = |line: &&str| !line.is_empty() && !line.starts_with("// ") && *line != "//";
        code.lines().filter(is_code).map(str::to_owned).collect()
    };
    let (found, wanted) = (lines(code), lines(&pretty));
    for (index, (found, wanted)) in found.iter().zip(&wanted).enumerate() {
        assert_eq!(found, wanted, "line {index} of {what}");
    }
    assert_eq!(found.len(), wanted.len(), "{what}");
}

/// Messages with every kind of field, whose names are so long.
fn write_messages(proto: &mut String, syntax: &str, length: usize) {
    let name = "n".repeat(length);
    let upper = "N".repeat(length);
    let (required, optional) = match syntax {
        "proto2" => ("required", "optional"),
        _ => ("", ""),
    };
    let zero = if length.is_multiple_of(2) {
        "ZERO"
    } else {
        &upper
    };
    writeln!(
        proto,
        "message M{length} {{
            message {upper} {{ enum E {{ E{length}_{zero} = 0; E{length}_ONE = -1; }} }}
            {required} {upper}.E p{name} = 1;
            optional {upper}.E o{name} = 2;
            repeated {upper}.E r{name} = 3 [json_name = \"\\\"{name}\\u00e4\\\\\"];
            map<string, {upper}.E> m{name} = 4;
            oneof one{name} {{ {upper}.E v{name} = 5; }}
            oneof two{name} {{ {upper} w{name} = 6; {upper}.E x{name} = 7; bool y = 8; {upper}.E z = 9; }}
            {required} bool s{name} = 10;
            map<string, {upper}> g{name} = 11;
        }}
        message S{length}{upper} {{ {optional} int32 {name} = 1; }}
        message T{length} {{ oneof {name} {{ bool y = 1; }} }}
        message U{length} {{ oneof {name} {{ bool y = 1; bool z = 2; }} }}"
    )
    .unwrap();
}

/// Services with every kind of rpc, whose names are so long.
fn write_services(proto: &mut String, length: usize) {
    let name = "n".repeat(length);
    let upper = "N".repeat(length);
    writeln!(
        proto,
        "service S{length} {{
            rpc {upper}(S{length}{upper}) returns (M{length});
            rpc To{upper}(S{length}{upper}) returns (stream M{length}.{upper}) {{
                option idempotency_level = IDEMPOTENT;
            }}
            rpc Of{upper}(stream S{length}{upper}) returns (M{length}.{upper}) {{
                option (google.api.http) = {{ get: \"/{name}\" }};
            }}
            rpc Both{upper}(stream M{length}) returns (stream S{length}{upper}) {{
                option idempotency_level = NO_SIDE_EFFECTS;
                option (google.api.http) = {{
                    post: \"/{name}\"
                    body: \"*\"
                    additional_bindings {{ put: \"/a\" body: \"*\" response_body: \"{name}\" }}
                }};
            }}
        }}
        service {upper} {{
            rpc From{upper}(M{length}) returns (M{length}) {{ option deprecated = true; }}
            rpc Cmp(M{length}) returns (stream M{length});
        }}
        service None{upper} {{}}"
    )
    .unwrap();
}
