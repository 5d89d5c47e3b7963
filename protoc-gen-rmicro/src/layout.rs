//! Writes code as text, laid out as prettyplease would: for the code of which there is much, and of few forms.
//!
//! Tokens, a syntax tree and its printing take twenty times as long as the text. So whoever knows the form of a line says
//! where it can be broken, and only one that is too long is looked at again, by Oppen's rule: a box that fits stays on its line,
//! and one that does not is broken at each of its places, or, if it is filled, where it has to be.
//!
//! Invariant: prettyplease would print the text as it is, without the blank lines; the tests of JSON hold that for every case.

mod lists;
mod room;
mod words;

pub(crate) use words::{literal, path};

/// So wide is a line.
const MARGIN: usize = 89;

/// So much room has a line, however deep it starts.
const ROOM: usize = 60;

/// So much deeper is what is inside.
const INDENT: usize = 4;

/// Code that is being written.
#[derive(Debug, Default)]
pub(crate) struct Printer {
    code: String,
    indent: usize,
    /// The line at hand, without its indentation and what its breaks add.
    line: String,
    marks: Vec<Mark>,
}

/// What is between two bytes of the line.
#[derive(Clone, Copy, Debug)]
struct Mark {
    at: usize,
    kind: Kind,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    /// A box starts, whose lines are so much deeper if it is broken.
    Open {
        indent: usize,
        is_filled: bool,
    },
    Close,
    Break(Break),
    /// Never a break; but where one would be, boxes end that have to fit.
    Stop,
}

/// What a place adds: `flat` where the line stays whole; otherwise `before` the new line, and `after` its indentation.
#[derive(Clone, Copy, Debug)]
struct Break {
    flat: &'static str,
    before: &'static str,
    after: &'static str,
    /// Whether the new line is as deep as that around the box.
    is_back: bool,
}

const EMPTY: Break = Break {
    flat: "",
    before: "",
    after: "",
    is_back: false,
};

impl Printer {
    /// Starts inside of so many blocks.
    pub(crate) fn inside(blocks: usize) -> Self {
        Self {
            indent: blocks * INDENT,
            ..Self::default()
        }
    }

    /// Goes on after `code`, which is in no block.
    pub(crate) fn after(code: String) -> Self {
        Self {
            code,
            ..Self::default()
        }
    }

    pub(crate) fn into_code(self) -> String {
        self.code
    }

    /// Adds lines that another has printed.
    pub(crate) fn push(&mut self, lines: &str) {
        self.code.push_str(lines);
    }

    /// A line without places to break it, whole; nothing makes it a blank one.
    pub(crate) fn whole(&mut self, line: &str) {
        if !line.is_empty() {
            push_spaces(&mut self.code, self.indent);
            self.code.push_str(line);
        }
        self.code.push('\n');
    }

    /// What follows, up to [`Printer::leave`], is inside of the block that the line before opens.
    pub(crate) fn enter(&mut self) {
        self.indent += INDENT;
    }

    /// Ends a block with the line `end`.
    pub(crate) fn leave(&mut self, end: &str) {
        self.indent -= INDENT;
        self.whole(end);
    }

    /// The next piece of the line at hand.
    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        self.line.push_str(text);
        self
    }

    /// Starts a box that is broken everywhere or nowhere.
    pub(crate) fn open(&mut self) -> &mut Self {
        self.mark(Kind::Open {
            indent: INDENT,
            is_filled: false,
        })
    }

    /// Starts a box that is broken everywhere or nowhere, and no deeper than what is around it.
    pub(crate) fn open_flush(&mut self) -> &mut Self {
        self.mark(Kind::Open {
            indent: 0,
            is_filled: false,
        })
    }

    /// Starts a box of lines as full as can be, no deeper than what is around it.
    pub(crate) fn open_filled(&mut self) -> &mut Self {
        self.mark(Kind::Open {
            indent: 0,
            is_filled: true,
        })
    }

    pub(crate) fn close(&mut self) -> &mut Self {
        self.mark(Kind::Close)
    }

    /// A place for a break between words.
    pub(crate) fn space(&mut self) -> &mut Self {
        self.mark(Kind::Break(Break { flat: " ", ..EMPTY }))
    }

    /// A place for a break where otherwise nothing is.
    pub(crate) fn join(&mut self) -> &mut Self {
        self.mark(Kind::Break(EMPTY))
    }

    /// Where the boxes before have to fit by themselves.
    pub(crate) fn stop(&mut self) -> &mut Self {
        self.mark(Kind::Stop)
    }

    /// Ends the line at hand.
    pub(crate) fn end(&mut self) {
        push_spaces(&mut self.code, self.indent);
        let spaces = self.marks.iter().filter(|mark| mark.width() > 0).count();
        if self.line.len() + spaces <= room::of(self.indent) {
            self.flat();
        } else {
            room::break_line(&mut self.code, self.indent, &self.line, &self.marks);
        }
        self.code.push('\n');
        self.line.clear();
        self.marks.clear();
    }

    fn mark(&mut self, kind: Kind) -> &mut Self {
        let at = self.line.len();
        self.marks.push(Mark { at, kind });
        self
    }

    fn flat(&mut self) {
        let mut from = 0;
        for mark in &self.marks {
            if let Kind::Break(Break { flat, .. }) = mark.kind {
                self.code.push_str(&self.line[from..mark.at]);
                self.code.push_str(flat);
                from = mark.at;
            }
        }
        self.code.push_str(&self.line[from..]);
    }
}

impl Mark {
    /// What counts of it when lines are measured; the comma after an arm does not.
    fn width(&self) -> usize {
        match self.kind {
            Kind::Break(Break { flat: " ", .. }) => 1,
            _ => 0,
        }
    }
}

fn push_spaces(code: &mut String, mut count: usize) {
    const SPACES: &str = "                                ";
    while count > 0 {
        let some = count.min(SPACES.len());
        code.push_str(&SPACES[..some]);
        count -= some;
    }
}
