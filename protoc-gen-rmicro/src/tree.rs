//! The file that nests the packages, `mod.rs`.

use std::collections::BTreeMap;

use crate::format;
use crate::options::Options;
use crate::outputs::Output;

/// A module: the files that it includes and the modules in it.
#[derive(Debug, Default)]
struct Node<'a> {
    files: Vec<String>,
    inner: BTreeMap<&'a str, Node<'a>>,
}

/// The code that includes `outputs`, each in the module of its package; files without one go to the root.
pub(crate) fn code(outputs: &[Output], options: &Options) -> String {
    let mut root = Node::default();
    for output in outputs {
        let mut node = &mut root;
        for part in &output.module {
            node = node.inner.entry(part).or_default();
        }
        node.files.push(output.file_name(options));
    }
    let mut code = format!("{}\n", format::header(&[]));
    write(&root, &mut Vec::new(), &mut code);
    code
}

fn write<'a>(node: &Node<'a>, path: &mut Vec<&'a str>, code: &mut String) {
    let indent = "    ".repeat(path.len());
    for file in &node.files {
        code.push_str(&format!("{indent}include!({file:?});\n"));
    }
    for (index, (name, inner)) in node.inner.iter().enumerate() {
        if index > 0 || !node.files.is_empty() {
            code.push('\n');
        }
        // A package may be called like the one around it, or like the user's module; clippy takes that for a mistake. And
        // that module may be private.
        let allow = match path.last() {
            None => format!("{indent}#[allow(unreachable_pub, clippy::module_inception)]\n"),
            Some(around) if around == name => {
                format!("{indent}#[allow(clippy::module_inception)]\n")
            }
            Some(_) => String::new(),
        };
        path.push(name);
        let package = path.join(".").replace("r#", "");
        code.push_str(&format!(
            "{indent}/// Package `{package}`.\n{allow}{indent}pub mod {name} {{\n"
        ));
        write(inner, path, code);
        path.pop();
        code.push_str(&format!("{indent}}}\n"));
    }
}
