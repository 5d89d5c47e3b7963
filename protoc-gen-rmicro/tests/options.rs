//! Each option, its effect, and that it is the same by `--rmicro_opt` and by the builder.

mod common;

use std::fs;
use std::path::Path;

use common::Files;
use protoc_gen_rmicro::{Builder, configure};

const PROTO: &str = r#"
syntax = "proto3";
package pets.v1;
import "food.proto";
service Pets { rpc Feed(Pet) returns (food.Bowl); }
message Pet {
  string name = 1;
  bytes picture = 2;
  bytes sound = 3;
  map<string, int32> toys = 4;
}
"#;

const FOOD: &str = r#"
syntax = "proto3";
package food;
message Bowl { string of = 1; }
"#;

/// Generates by both doors, which have to agree, and gives the code of `pets.v1`.
fn generate(options: &str, builder: Builder) -> String {
    let mut files = generate_all(options, builder);
    files
        .remove("pets.v1.rs")
        .or(files.remove("pets.v1.rmicro.rs"))
        .unwrap()
}

fn generate_all(options: &str, builder: Builder) -> Files {
    let folder = folder();
    let inputs = ["pets.proto".to_owned(), "food.proto".to_owned()];
    let built = common::by_builder(folder.path(), &inputs, builder).unwrap();
    let options = if options.contains("include_file") {
        options.to_owned()
    } else {
        format!("{options},include_file=mod.rs")
    };
    let mut files = common::by_protoc(folder.path(), &inputs, &options).unwrap();
    if let Some(code) = built
        .get("mod.rs")
        .filter(|_| !files.contains_key("mod.rs"))
    {
        files.insert("mod.rs".to_owned(), code.clone());
    }
    assert_eq!(files, built);
    files
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("pets.proto"), PROTO).unwrap();
    fs::write(folder.path().join("food.proto"), FOOD).unwrap();
    folder
}

/// The code without the breaks that its width causes.
fn flat(code: &str) -> String {
    code.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_default_is_everything() {
    let code = generate("", Builder::new());
    for part in [
        "pub struct Pet {",
        "pub struct PetsService(",
        "pub trait PetsHandler",
        "pub static PETS_PROTO",
    ] {
        assert!(code.contains(part), "{part} is not in {code}");
    }
    assert!(code.contains("sound: ::rmicro_runtime::codegen::prost::alloc::vec::Vec<u8>"));
    assert!(code.contains("toys: ::std::collections::HashMap<"));
}

#[test]
fn extern_path_takes_types_from_elsewhere() {
    let builder = configure().extern_path(".food", "::shared::food");
    let files = generate_all("extern_path=.food=::shared::food", builder);
    assert!(!files.contains_key("food.rs"), "{files:?}");
    let code = &files["pets.v1.rs"];
    assert!(code.contains("Call<::shared::food::Bowl>"), "{code}");
    assert!(code.contains("&::shared::food::FOOD_PROTO"), "{code}");
}

#[test]
fn extern_path_of_one_type_leaves_the_file_here() {
    let builder = configure().extern_path(".food.Bowl", "::shared::Dish");
    let code = generate("extern_path=.food.Bowl=::shared::Dish", builder);
    assert!(code.contains("Call<::shared::Dish>"), "{code}");
    assert!(code.contains("&super::super::food::FOOD_PROTO"), "{code}");
}

#[test]
fn type_attribute_is_on_types() {
    let builder = configure().type_attribute(".pets.v1.Pet", "#[derive(PartialOrd, Ord)]");
    let code = generate(
        "type_attribute=.pets.v1.Pet=#[derive(PartialOrd\\, Ord)]",
        builder,
    );
    assert_eq!(code.matches("#[derive(PartialOrd, Ord)]").count(), 1);
}

#[test]
fn field_attribute_is_on_fields() {
    let builder = configure().field_attribute("Pet.name", "#[doc(alias = \"title\")]");
    let code = generate(
        "field_attribute=Pet.name=#[doc(alias = \"title\")]",
        builder,
    );
    assert!(
        flat(&code).contains("#[doc(alias = \"title\")] pub name:"),
        "{code}"
    );
}

#[test]
fn bytes_are_shared_where_it_says() {
    let code = generate(
        "bytes=.pets.v1.Pet.sound",
        configure().bytes(".pets.v1.Pet.sound"),
    );
    assert!(
        code.contains("pub sound: ::rmicro_runtime::codegen::prost::bytes::Bytes"),
        "{code}"
    );
    assert!(
        code.contains("pub picture: ::rmicro_runtime::codegen::prost::alloc::vec::Vec<u8>"),
        "{code}"
    );
}

#[test]
fn maps_are_sorted_where_it_says() {
    let code = generate("btree_map=.", configure().btree_map("."));
    assert!(
        flat(&code)
            .contains("pub toys: ::rmicro_runtime::codegen::prost::alloc::collections::BTreeMap<"),
        "{code}"
    );
}

#[test]
fn include_file_nests_the_packages() {
    let files = generate_all("include_file=all.rs", configure().include_file("all.rs"));
    assert_eq!(files["all.rs"], files["mod.rs"]);
    let code = flat(&files["all.rs"]);
    assert!(
        code.contains("pub mod food { include!(\"food.rs\"); }"),
        "{code}"
    );
    assert!(
        code.contains(
            "pub mod pets { /// Package `pets.v1`. pub mod v1 { include!(\"pets.v1.rs\"); } }"
        ),
        "{code}"
    );
}

#[test]
fn without_messages_the_file_stands_beside_them() {
    let files = generate_all("messages=false", configure().messages(false));
    let code = &files["pets.v1.rmicro.rs"];
    assert!(!code.contains("pub struct Pet {"), "{code}");
    assert!(code.contains("request: super::Pet"), "{code}");
    assert!(files["mod.rs"].contains("include!(\"pets.v1.rmicro.rs\")"));
}

#[test]
fn without_messages_nothing_is_asked_of_imports() {
    let folder = folder();
    let options = "messages=false,extern_path=.food=::by_prost::food";
    let files = common::by_protoc(folder.path(), &["pets.proto".to_owned()], options).unwrap();
    let code = &files["pets.v1.rmicro.rs"];
    assert!(code.contains("Call<::by_prost::food::Bowl>"), "{code}");
    assert!(
        code.contains("static FOOD_PROTO_OF_PETS_V1"),
        "a prost crate has no statics: {code}"
    );
}

#[test]
fn json_is_there_unless_it_is_left_out_or_the_messages_are_elsewhere() {
    let impls = ["impl JsonMessage for super::Pet", "json_serde!(super::Pet)"];
    for (options, builder, is_there) in [
        ("", configure(), true),
        ("json=true", configure().json(true), true),
        ("json=false", configure().json(false), false),
        ("messages=false", configure().messages(false), false),
    ] {
        let code = generate(options, builder);
        for text in impls {
            assert_eq!(code.contains(text), is_there, "{options}:\n{code}");
        }
        assert!(is_there || !code.contains("json"), "{options}:\n{code}");
    }
}

#[test]
fn client_and_server_can_be_left_out() {
    let code = generate("client=false", configure().client(false));
    assert!(
        !code.contains("PetsService") && code.contains("PetsHandler"),
        "{code}"
    );
    let code = generate("server=false", configure().server(false));
    assert!(
        code.contains("PetsService") && !code.contains("PetsHandler"),
        "{code}"
    );
    let code = generate(
        "client=false,server=false",
        configure().client(false).server(false),
    );
    assert!(
        !code.contains("pets_rmicro") && code.contains("pub struct Pet {"),
        "{code}"
    );
}

#[test]
fn stubs_let_a_handler_leave_methods_out() {
    let code = generate("unimplemented_stubs", configure().unimplemented_stubs(true));
    assert!(code.contains("unimplemented(&PETS, \"Feed\")"), "{code}");
}

#[test]
fn the_builder_generates_what_is_needed() {
    let folder = folder();
    let files =
        common::by_builder(folder.path(), &["pets.proto".to_owned()], Builder::new()).unwrap();
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    assert_eq!(names, ["food.rs", "mod.rs", "pets.v1.rs"]);
}

#[test]
fn a_file_that_stays_the_same_is_not_written() {
    let (folder, out) = (folder(), tempfile::tempdir().unwrap());
    let build = || {
        let builder = Builder::new().out_dir(out.path());
        builder
            .compile(&[folder.path().join("pets.proto")], &[folder.path()])
            .unwrap();
        fs::metadata(out.path().join("pets.v1.rs"))
            .unwrap()
            .modified()
            .unwrap()
    };
    assert_eq!(build(), build());
    let left: Vec<_> = fs::read_dir(out.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left.len(), 3, "nothing else stays behind: {left:?}");
    assert!(Path::new(&left[0]).extension().is_some());
}

/// Reflection shows them, and whoever has the extensions can read them.
#[test]
fn custom_options_are_kept_on_everything() {
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/options_everywhere");
    let files = common::by_protoc(&case, &["input.proto".to_owned()], "").unwrap();
    let code = files["options.v1.rs"].replace("\\\n", "");
    for place in [
        "file", "service", "rpc", "message", "field", "oneof", "range", "enum", "value",
    ] {
        // An option of number 50000, a message with a text of this length.
        let words = format!("on the {place}");
        let length = words.len();
        let text = format!("\\n\\x{length:02x}{words}").replace("\\x0a", "\\n");
        assert!(code.contains(&text), "{text} is not in {code}");
    }
    assert!(code.contains("\\n\\x09and again") && code.contains("\\n\\x0cin the oneof"));
}
