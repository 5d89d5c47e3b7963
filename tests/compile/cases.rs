//! The programs, each with the edition and the generated code that it is compiled with.

/// A program in `programs/` and what it is compiled with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    /// The name of its crate.
    pub(crate) name: &'static str,
    /// The file in `programs/`, without the ending.
    pub(crate) program: &'static str,
    pub(crate) edition: u16,
    /// The runtime that the generated code asks for, when it is another than the plugin writes.
    pub(crate) needs: Option<&'static str>,
    /// The variable with the folder of the plugin's cases, when it is not the one with the reviewed files.
    pub(crate) golden: Option<&'static str>,
}

/// Every case.
pub(crate) const CASES: [Case; 24] = [
    case("golden_2021", "golden", 2021),
    case("golden_2024", "golden", 2024),
    case("golden_private_2021", "golden_private", 2021),
    case("golden_private_2024", "golden_private", 2024),
    case("golden_with_json_2021", "golden", 2021).golden("GOLDEN_WITH_JSON"),
    case("golden_with_json_2024", "golden", 2024).golden("GOLDEN_WITH_JSON"),
    case("library_2021", "library", 2021),
    case("library_2024", "library", 2024),
    case("client_only_2021", "client_only", 2021),
    case("client_only_2024", "client_only", 2024),
    case("server_only_2021", "server_only", 2021),
    case("server_only_2024", "server_only", 2024),
    case("unused_2021", "unused", 2021),
    case("unused_2024", "unused", 2024),
    case("deprecated_2021", "deprecated", 2021),
    case("deprecated_2024", "deprecated", 2024),
    case("runtime_too_old", "whole", 2024).needs("needs_rmicro_runtime_9_9"),
    case("runtime_too_new", "whole", 2024).needs("needs_rmicro_runtime_0_0"),
    case("runtime_too_old_for_all", "unused", 2024).needs("needs_rmicro_runtime_9_9"),
    case("runtime_too_new_for_all", "unused", 2024).needs("needs_rmicro_runtime_0_0"),
    case("not_send", "not_send", 2024),
    case("missing_method", "missing_method", 2024),
    case("wrong_request", "wrong_request", 2024),
    case("wrong_reply", "wrong_reply", 2024),
];

/// The runtime that the plugin's code asks for.
pub(crate) const NEEDS: &str = "needs_rmicro_runtime_0_1";

const fn case(name: &'static str, program: &'static str, edition: u16) -> Case {
    Case {
        name,
        program,
        edition,
        needs: None,
        golden: None,
    }
}

impl Case {
    const fn golden(mut self, variable: &'static str) -> Self {
        self.golden = Some(variable);
        self
    }

    const fn needs(mut self, module: &'static str) -> Self {
        self.needs = Some(module);
        self
    }
}
