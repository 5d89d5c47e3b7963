//! Keeps the lines of a list where markdown wants them.
//!
//! In protos a list item often goes on at the margin, or deeper than its text; both are the same item, and clippy minds both.

/// The items that are open, from the outermost.
#[derive(Debug, Default)]
pub(super) struct Lists(Vec<Item>);

#[derive(Debug)]
struct Item {
    /// Where its marker was.
    from: usize,
    /// Where its text starts now.
    text: usize,
}

impl Lists {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Where a line goes: its indentation, its marker (with spaces) if it starts an item, and its text.
    pub(super) fn place<'a>(
        &mut self,
        indent: usize,
        text: &'a str,
        after_text: bool,
    ) -> (usize, String, &'a str) {
        if let Some((marker, text)) = item(text) {
            while self.0.last().is_some_and(|item| item.from >= indent) {
                self.0.pop();
            }
            let to = self.0.last().map_or(0, |item| item.text);
            let marker = format!("{marker} ");
            self.0.push(Item {
                from: indent,
                text: to + marker.len(),
            });
            return (to, marker, text);
        }
        if !after_text {
            // After a blank line the indentation says to which item a paragraph belongs.
            while self.0.last().is_some_and(|item| item.from >= indent) {
                self.0.pop();
            }
        }
        (
            self.0.last().map_or(0, |item| item.text),
            String::new(),
            text,
        )
    }
}

/// The marker and the text of a list item.
fn item(text: &str) -> Option<(&str, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let marker = match text.as_bytes().get(digits)? {
        b'-' | b'*' | b'+' if digits == 0 => 1,
        b'.' | b')' if (1..=9).contains(&digits) => digits + 1,
        _ => return None,
    };
    let (marker, rest) = text.split_at(marker);
    rest.starts_with(' ').then(|| (marker, rest.trim_start()))
}
