//! Comments of a `.proto` file as doc comments.
//!
//! Invariant: rustdoc and clippy have nothing to say about them, and nothing in them is run as a test.

use syn::{Attribute, Expr, ExprLit, Lit, Meta};

use crate::layout::Printer;

mod inline;
mod lists;
mod prost;

use lists::Lists;

pub(crate) use prost::original;

/// The text of a doc attribute without the space that follows `///`.
pub(crate) fn line_of(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(meta) = &attribute.meta else {
        return None;
    };
    match &meta.value {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) if meta.path.is_ident("doc") => Some(strip_space(&text.value())),
        _ => None,
    }
}

/// `lines` as doc attributes.
pub(crate) fn attributes(lines: &[String]) -> Vec<Attribute> {
    let attribute = |line: &String| -> Attribute {
        let line = if line.is_empty() {
            String::new()
        } else {
            format!(" {line}")
        };
        syn::parse_quote!(#[doc = #line])
    };
    lines.iter().map(attribute).collect()
}

/// The lines of a comment as prost-build keeps them, each with the space that followed `//`.
pub(crate) fn comment(comments: &prost_build::Comments) -> Vec<String> {
    let mut lines: Vec<String> = comments
        .leading
        .iter()
        .map(|line| strip_space(line))
        .collect();
    if !lines.is_empty() && !comments.trailing.is_empty() {
        lines.push(String::new());
    }
    lines.extend(comments.trailing.iter().map(|line| strip_space(line)));
    tame(&lines)
}

/// Prints a first sentence of ours, then what the proto says.
pub(crate) fn print_described(out: &mut Printer, sentence: &str, lines: &[String]) {
    print(out, sentence);
    if !lines.is_empty() {
        print(out, "");
        print_all(out, lines);
    }
}

/// Prints what the proto says, or `sentence` if it says nothing.
pub(crate) fn print_or(out: &mut Printer, lines: &[String], sentence: &str) {
    if lines.is_empty() {
        print(out, sentence);
    }
    print_all(out, lines);
}

/// Prints `lines` as doc comments.
pub(crate) fn print_all(out: &mut Printer, lines: &[String]) {
    lines.iter().for_each(|line| print(out, line));
}

fn print(out: &mut Printer, line: &str) {
    out.whole(format!("/// {line}").trim_end_matches(' '));
}

/// Escapes what rustdoc would take for a link, a tag or a test, and straightens lists.
pub(crate) fn tame(lines: &[String]) -> Vec<String> {
    let lines: Vec<String> = lines.iter().map(|line| visible(line)).collect();
    let mut tamer = Tamer::default();
    for (index, line) in lines.iter().enumerate() {
        let is_above_rule = lines.get(index + 1).is_some_and(|next| is_table_rule(next));
        tamer.in_table = !line.is_empty() && (tamer.in_table || is_above_rule);
        tamer.line(line);
    }
    tamer.close();
    let mut lines = tamer.lines;
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    let blank = lines.iter().take_while(|line| line.is_empty()).count();
    lines.drain(..blank);
    lines
}

/// Takes away what separates the text from the slashes.
fn strip_space(line: &str) -> String {
    line.strip_prefix([' ', '\t']).unwrap_or(line).to_owned()
}

/// `line` without what nobody sees.
fn visible(line: &str) -> String {
    let line = line.replace('\t', "    ");
    let line: String = line.chars().filter(|char| !is_invisible(*char)).collect();
    line.trim_end().to_owned()
}

/// Control characters, and those that change the direction of text, which rustc refuses.
fn is_invisible(char: char) -> bool {
    char.is_control() || matches!(char, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[derive(Debug, Default)]
enum Block {
    #[default]
    Text,
    /// A fenced block, until a line of this fence; its lines have this indentation or more.
    Fenced(String, usize),
    /// A block that the proto marks by indentation; here it gets a fence, after so many lines.
    Indented(usize),
}

#[derive(Debug, Default)]
struct Tamer {
    lines: Vec<String>,
    block: Block,
    lists: Lists,
    /// Whether the line before was neither blank nor missing.
    after_text: bool,
    /// Whether the line is in a table.
    in_table: bool,
}

impl Tamer {
    fn line(&mut self, line: &str) {
        let text = line.trim_start_matches(' ');
        let indent = line.len() - text.len();
        match &self.block {
            Block::Fenced(fence, _)
                if text.starts_with(fence.as_str())
                    && text.trim_matches(fence_char(fence)).is_empty() =>
            {
                return self.close();
            }
            Block::Fenced(_, inside) => {
                self.lines.push(line[indent.min(*inside)..].to_owned());
                return;
            }
            Block::Indented(_) if indent < 4 && !text.is_empty() => self.close(),
            Block::Indented(_) => {
                self.lines
                    .push(line.get(4..).unwrap_or_default().to_owned());
                return;
            }
            Block::Text => {}
        }
        self.text(indent, text);
    }

    fn text(&mut self, indent: usize, text: &str) {
        let was_text = std::mem::replace(&mut self.after_text, !text.is_empty());
        if text.is_empty() {
            self.lines.push(String::new());
        } else if let Some(fence) = fence(text) {
            self.lists = Lists::default();
            self.lines.push(format!("{fence}text"));
            self.block = Block::Fenced(fence, indent);
        } else if indent >= 4 && !was_text && self.lists.is_empty() {
            self.block = Block::Indented(self.lines.len());
            self.lines.push(String::new());
            self.lines.push(format!("{}{text}", " ".repeat(indent - 4)));
        } else {
            let (indent, marker, text) = self.lists.place(indent, text, was_text);
            self.lines.push(format!(
                "{}{marker}{}",
                " ".repeat(indent),
                inline::escape(text, self.in_table)
            ));
        }
    }

    /// Ends a block of code.
    fn close(&mut self) {
        match std::mem::take(&mut self.block) {
            Block::Text => {}
            Block::Fenced(fence, _) => {
                self.after_text = true;
                self.lines.push(fence);
            }
            Block::Indented(first) => {
                while self.lines.last().is_some_and(String::is_empty) {
                    self.lines.pop();
                }
                let fence = fence_around(&self.lines[first..]);
                self.lines[first] = format!("{fence}text");
                self.lines.extend([fence, String::new()]);
                self.after_text = false;
            }
        }
    }
}

/// The fence that `text` opens, if it opens one.
fn fence(text: &str) -> Option<String> {
    let char = text
        .chars()
        .next()
        .filter(|char| matches!(char, '`' | '~'))?;
    let fence: String = text.chars().take_while(|other| *other == char).collect();
    let is_span = char == '`' && text[fence.len()..].contains('`');
    (fence.len() >= 3 && !is_span).then_some(fence)
}

/// A fence that none of `lines` closes.
fn fence_around(lines: &[String]) -> String {
    let runs = lines.iter().map(|line| {
        let line = line.trim_start();
        line.len() - line.trim_start_matches('`').len()
    });
    "`".repeat(runs.max().unwrap_or(0).max(2) + 1)
}

/// Whether `line` is what stands below the head of a table: `|---|:---:|`.
fn is_table_rule(line: &str) -> bool {
    line.contains('|') && line.contains('-') && line.trim_matches(['|', '-', ':', ' ']).is_empty()
}

fn fence_char(fence: &str) -> char {
    fence.chars().next().unwrap_or('`')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tamed(comment: &str) -> String {
        let lines: Vec<String> = comment.lines().map(str::to_owned).collect();
        tame(&lines).join("\n")
    }

    #[test]
    fn text_stays() {
        let text = "# Head\n\nOne *two* `three<T>` and `a[b]`.\n\n- four\n- five";
        assert_eq!(tamed(text), text);
    }

    /// Each bracket was looked for to the end of the line: minutes for a line like these.
    #[test]
    fn many_brackets_cost_no_more_than_their_number() {
        let start = std::time::Instant::now();
        for (part, wanted) in [
            ("[", "\\["),
            ("[a](", "\\[a\\]("),
            ("<", "\\<"),
            ("<a ", "\\<a "),
        ] {
            let wanted = wanted.repeat(100_000);
            assert_eq!(tamed(&part.repeat(100_000)), wanted.trim_end());
        }
        assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
    }

    #[test]
    fn code_is_never_a_test() {
        assert_eq!(
            tamed("```\nlet a = <b>;\n```\nend"),
            "```text\nlet a = <b>;\n```\nend"
        );
        assert_eq!(tamed("~~~rust\na\n~~~"), "~~~text\na\n~~~");
        assert_eq!(tamed("````\n```\na\n````"), "````text\n```\na\n````");
        assert_eq!(
            tamed("Like:\n\n    let a = 1;\n\n    b();\n\nend"),
            "Like:\n\n```text\nlet a = 1;\n\nb();\n```\n\nend"
        );
        assert_eq!(tamed("    first"), "```text\nfirst\n```\n".trim_end());
        assert_eq!(tamed("goes on\n    deeper"), "goes on\ndeeper");
    }

    #[test]
    fn a_block_keeps_its_own_indentation_only() {
        assert_eq!(
            tamed("- a\n  ```\n  b\n    c\n d\n  ```"),
            "- a\n```text\nb\n  c\nd\n```"
        );
    }

    #[test]
    fn no_line_of_an_indented_block_closes_it() {
        assert_eq!(
            tamed("    a\n    ```rust\n    b\n    ```\n    ````\nend"),
            "`````text\na\n```rust\nb\n```\n````\n`````\n\nend"
        );
    }

    #[test]
    fn a_bar_in_code_ends_no_cell_of_a_table() {
        assert_eq!(
            tamed("`a|b`\n\n| `a|b` |\n|:--|\n| ``c|d`` ` |\n\n`e|f`"),
            "`a|b`\n\n| `a\\|b` |\n|:--|\n| ``c\\|d`` \\` |\n\n`e|f`"
        );
    }

    #[test]
    fn a_block_without_an_end_gets_one() {
        assert_eq!(tamed("```\na"), "```text\na\n```");
    }

    #[test]
    fn a_span_of_three_ticks_is_no_block() {
        assert_eq!(tamed("```a``` b"), "```a``` b");
    }

    #[test]
    fn links_and_tags_are_escaped() {
        for (text, wanted) in [
            ("see [Foo] and [a](Foo)", "see \\[Foo\\] and \\[a\\](Foo)"),
            ("[a](https://b.c/d)", "[a](https://b.c/d)"),
            ("[a]: https://b.c", "\\[a\\]: <https://b.c>"),
            ("a Vec<u8> or <b>", "a Vec\\<u8> or \\<b>"),
            ("at https://b.c/d?e=f. Or", "at <https://b.c/d?e=f>. Or"),
            ("(http://b.c)", "(<http://b.c>)"),
            ("<https://b.c>", "<https://b.c>"),
            ("a ` b", "a \\` b"),
            ("``a ` b`` c", "``a ` b`` c"),
            ("a \\[b\\]", "a \\[b\\]"),
            ("> quoted", "\\> quoted"),
            ("a\u{202e}b\tc\r", "ab    c"),
            ("xhttp://b.c", "xhttp://b.c"),
            ("ünï [cödé] `", "ünï \\[cödé\\] \\`"),
        ] {
            assert_eq!(tamed(text), wanted);
        }
    }

    #[test]
    fn lists_are_straight() {
        assert_eq!(tamed("- a\nb\n    c\n- d"), "- a\n  b\n  c\n- d");
        assert_eq!(tamed("1. a\n     b\n\nc"), "1. a\n   b\n\nc");
        assert_eq!(
            tamed("* a\n    * b\n    c\n* d\n\n  e"),
            "* a\n  * b\n    c\n* d\n\n  e"
        );
    }

    #[test]
    fn blank_lines_at_the_ends_go() {
        assert_eq!(tamed("\n\na\n\n"), "a");
        assert_eq!(tamed("\n\n"), "");
    }
}
