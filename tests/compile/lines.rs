//! How long code is: lines that are neither blank nor comment, in code that rustfmt has been over.

/// How the part about JSON begins, which is the last.
const JSON: &str = "\nmod json_rmicro {";

/// Counts the lines of code in `text`.
pub(crate) fn code_lines(text: &str) -> usize {
    let is_code = |line: &&str| !line.is_empty() && !line.starts_with("//");
    text.lines().map(str::trim).filter(is_code).count()
}

/// The part of a generated file that says which runtimes serve it.
pub(crate) fn stamp(code: &str) -> &str {
    let (stamp, _) = code
        .split_once("::stamp();\n")
        .expect("the file has a stamp");
    stamp
}

/// The part of a generated file that follows its stamp, its messages and its descriptors, without JSON.
pub(crate) fn services(code: &str) -> &str {
    let begin = code.find("#[allow(unused_imports, unreachable_pub)]\npub use self::");
    let end = code.find(JSON).unwrap_or(code.len());
    &code[begin.expect("the file has a service")..end]
}

/// The part of a generated file that is about JSON.
pub(crate) fn json(code: &str) -> &str {
    &code[code.find(JSON).expect("the file has JSON")..]
}
