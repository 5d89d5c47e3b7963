//! How long code is: lines that are neither blank nor comment, in code that rustfmt has been over.

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

/// The part of a generated file that follows its stamp, its messages and its descriptors.
pub(crate) fn services(code: &str) -> &str {
    let begin = code.find("#[allow(unused_imports, unreachable_pub)]\npub use self::");
    &code[begin.expect("the file has a service")..]
}
