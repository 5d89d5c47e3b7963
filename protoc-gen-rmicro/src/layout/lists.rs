//! The boxes that code is made of: lists in brackets, and the arms of a `match`.

use super::{Break, EMPTY, Kind, Printer};

impl Printer {
    /// Starts a list after `bracket`, whose parts stand each on a line if it is broken.
    pub(crate) fn open_list(&mut self, bracket: &str) -> &mut Self {
        self.text(bracket).open().join()
    }

    /// Separates two parts.
    pub(crate) fn comma(&mut self) -> &mut Self {
        self.text(",").space()
    }

    /// Prints each of `parts`, with commas between them.
    pub(crate) fn each<T>(
        &mut self,
        parts: impl IntoIterator<Item = T>,
        mut print: impl FnMut(&mut Self, T),
    ) -> &mut Self {
        for (index, part) in parts.into_iter().enumerate() {
            if index > 0 {
                self.comma();
            }
            print(self, part);
        }
        self
    }

    /// Ends a list, with a comma if it is broken.
    pub(crate) fn close_list(&mut self, bracket: &str) -> &mut Self {
        self.close_with(",", bracket)
    }

    /// Ends a list without a comma.
    pub(crate) fn close_bare_list(&mut self, bracket: &str) -> &mut Self {
        self.close_with("", bracket)
    }

    /// Starts the value of an arm of a `match`, which gets braces if it does not fit.
    pub(crate) fn open_arm(&mut self) -> &mut Self {
        self.text(" => ").stop().open();
        self.mark(Kind::Break(Break {
            before: "{",
            ..EMPTY
        }))
    }

    /// Ends the value of an arm.
    pub(crate) fn close_arm(&mut self) -> &mut Self {
        self.mark(Kind::Break(Break {
            flat: ",",
            after: "}",
            is_back: true,
            ..EMPTY
        }));
        self.close()
    }

    /// `parts` in lines as full as can be between brackets, of which `last` ends a broken list.
    pub(crate) fn filled<'a>(
        &mut self,
        brackets: [&str; 2],
        last: &'static str,
        parts: impl IntoIterator<Item = &'a str>,
    ) -> &mut Self {
        self.text(brackets[0]).open().join().open_filled();
        self.each(parts, |out, part| {
            out.text(part);
        });
        self.close().close_with(last, brackets[1])
    }

    fn close_with(&mut self, before: &'static str, bracket: &str) -> &mut Self {
        self.mark(Kind::Break(Break {
            before,
            is_back: true,
            ..EMPTY
        }));
        self.close().text(bracket)
    }
}
