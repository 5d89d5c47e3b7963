//! A user's first hour: projects outside of this workspace, made of nothing but the blocks of README.md, and what cargo and protoc
//! say to them.
//!
//! A block is the file that the text before it names last. Only the path `../rmicro` is another, and no network is needed: what
//! they depend on, this workspace has.

#[path = "first_hour/project.rs"]
mod project;
#[path = "first_hour/readme.rs"]
mod readme;

use project::Project;
use readme::Readme;

/// The chapters of README.md.
const BUILD_SCRIPT: &str = "With a build.rs";
const PROTOC: &str = "With protoc";
const COMMITTED: &str = "Generated code that is committed";
const ELSEWHERE: &str = "Messages of another crate";

/// What `src/main.rs` has, and what the other chapters put in its place.
const INCLUDE: &str = "rmicro_runtime::include_proto!(\"greet.v1\");\n";

#[test]
fn a_project_with_a_build_script() {
    let project = greeter("greeter");
    project
        .cargo(&["run", "--", "--registry", "memory"])
        .says("Hello John");
    project.write("proto/greet.proto", "syntax = \"proto3\";\nmesage A {}\n");
    project
        .cargo(&["build"])
        .fails_with("protoc: proto/greet.proto:2:1: Expected top-level statement");
}

#[test]
fn a_project_that_runs_protoc() {
    let project = generated_by_protoc("greeter-protoc");
    project
        .cargo(&["run", "--", "--registry", "memory"])
        .says("Hello John");
}

#[test]
fn a_project_that_commits_what_is_generated() {
    let readme = Readme::new();
    let project = generated_by_protoc("greeter-committed");
    let manifest = project.read("Cargo.toml");
    let plugin = project.plugin_dependency();
    project.write(
        "Cargo.toml",
        &format!("{manifest}\n[dev-dependencies]\n{plugin}\n"),
    );
    for file in ["tests/generated.rs", "examples/generate.rs"] {
        project.write(file, &readme.file(COMMITTED, file));
    }
    project
        .cargo(&["test"])
        .says("the_generated_code_is_current ... ok");
    // Whoever formats a project does not make it stale.
    if project.cargo(&["fmt", "--version"]).is_well() {
        project.cargo(&["fmt"]);
        project
            .cargo(&["test"])
            .says("the_generated_code_is_current ... ok");
    }
    let proto = project.read("proto/greet.proto");
    let proto = proto.replace("string name = 1;", "string name = 1;\n  string title = 2;");
    project.write("proto/greet.proto", &proto);
    project
        .cargo(&["test"])
        .fails_with("src/pb/greet.v1.rs; generate again");
    assert!(
        !project.read("src/pb/greet.v1.rs").contains("title"),
        "a check writes nothing"
    );
    project.cargo(&["run", "--example", "generate"]).says("");
    assert!(project.read("src/pb/greet.v1.rs").contains("title"));
}

#[test]
fn a_project_whose_messages_are_in_another_crate() {
    let common = greeter("common-protos");
    let money = "syntax = \"proto3\";\npackage common;\nmessage Money { int64 units = 1; }\n";
    common.write("proto/common.proto", money);
    common.replace("build.rs", "proto/greet.proto", "proto/common.proto");
    common.remove("src/main.rs");
    common.write("src/lib.rs", "rmicro_runtime::include_protos!();\n");

    let shop = greeter("shop").beside(&common);
    let service = "syntax = \"proto3\";\npackage shop;\nimport \"common.proto\";\n\
                   service Shop { rpc Price(common.Money) returns (common.Money); }\n";
    shop.write("proto/shop.proto", service);
    let script = "build.rs";
    let readme = Readme::new();
    shop.write(script, &readme.file(ELSEWHERE, script));
    let main = "rmicro_runtime::include_proto!(\"shop\");\n\
                fn main() {\n    let _ = |shop: &ShopService| shop.price(common_protos::common::Money { units: 1 });\n    \
                println!(\"{}\", std::any::type_name::<common_protos::common::Money>());\n}\n";
    shop.write("src/main.rs", main);
    let manifest = shop.read("Cargo.toml");
    let manifest = manifest.replace(
        "[dependencies]\n",
        "[dependencies]\ncommon-protos = { path = \"../common-protos\" }\n",
    );
    shop.write("Cargo.toml", &manifest);
    shop.cargo(&["run"]).says("common_protos::common::Money");
}

#[test]
fn a_project_whose_messages_are_prosts() {
    let readme = Readme::new();
    let project = greeter("greeter-prost");
    let [script, include] = &readme.blocks(ELSEWHERE, "rust,ignore")[..] else {
        panic!("the chapter has another number of blocks");
    };
    project.write("build.rs", script);
    project.replace("src/main.rs", INCLUDE, include);
    let manifest = project.read("Cargo.toml");
    let manifest = manifest
        .replace("[dependencies]\n", "[dependencies]\nprost = \"0.14\"\n")
        .replace(
            "[build-dependencies]\n",
            "[build-dependencies]\nprost-build = \"0.14\"\n",
        );
    project.write("Cargo.toml", &manifest);
    project
        .cargo(&["run", "--", "--registry", "memory"])
        .says("Hello John");
}

/// The project of the first chapter, by another name.
fn greeter(name: &str) -> Project {
    let (readme, project) = (Readme::new(), Project::new(name));
    for file in ["Cargo.toml", "proto/greet.proto", "build.rs", "src/main.rs"] {
        project.write(file, &readme.file(BUILD_SCRIPT, file));
    }
    project.replace(
        "Cargo.toml",
        "name = \"greeter\"",
        &format!("name = {name:?}"),
    );
    project
}

/// That project without a build script, after the commands of the second chapter.
fn generated_by_protoc(name: &str) -> Project {
    let (readme, project) = (Readme::new(), greeter(name));
    let manifest = project.read("Cargo.toml");
    let (manifest, _) = manifest.split_once("\n[build-dependencies]").unwrap();
    project.write("Cargo.toml", manifest);
    project.remove("build.rs");
    let [include] = &readme.blocks(PROTOC, "rust,ignore")[..] else {
        panic!("the chapter has another number of blocks");
    };
    project.replace("src/main.rs", INCLUDE, include);
    let [commands] = &readme.blocks(PROTOC, "sh")[..] else {
        panic!("the chapter has another number of commands");
    };
    let (install, commands) = commands.split_once('\n').unwrap();
    assert_eq!(install, "cargo install --path ../rmicro/protoc-gen-rmicro");
    project.shell(commands);
    project
}
