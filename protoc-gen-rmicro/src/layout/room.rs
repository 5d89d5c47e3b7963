//! Breaks one line that is too long.

use super::{Break, INDENT, Kind, MARGIN, Mark, ROOM, push_spaces};

/// Appends `line`, which starts `indent` deep and has `marks`, to `code`.
pub(super) fn break_line(code: &mut String, indent: usize, line: &str, marks: &[Mark]) {
    let sizes = sizes(marks, line.len());
    let mut room = Room {
        left: of(indent),
        indent,
        boxes: Vec::new(),
    };
    let mut from = 0;
    for (mark, size) in marks.iter().zip(sizes) {
        room.text(code, &line[from..mark.at]);
        from = mark.at;
        match mark.kind {
            Kind::Open { indent, is_filled } => room.open(size, indent, is_filled),
            Kind::Close => room.close(),
            Kind::Break(place) => room.place(code, place, size),
            Kind::Stop => {}
        }
    }
    code.push_str(&line[from..]);
}

/// How much goes into a line that starts `indent` deep.
pub(super) fn of(indent: usize) -> usize {
    MARGIN.saturating_sub(indent).max(ROOM)
}

/// What has to fit for a mark: of a box all of it, of a break what follows, and of both what comes before the next place for a
/// break that is around it or beside it.
fn sizes(marks: &[Mark], end: usize) -> Vec<usize> {
    let mut spaces: usize = marks.iter().map(Mark::width).sum();
    let mut sizes = vec![0; marks.len()];
    // Of each box around, from the outermost, where that next place is.
    let mut next = vec![end + spaces];
    for (mark, size) in marks.iter().zip(&mut sizes).rev() {
        spaces -= mark.width();
        let at = mark.at + spaces;
        let inside = next.pop().unwrap_or(at);
        match mark.kind {
            Kind::Close => next.extend([inside, inside]),
            Kind::Open { .. } => *size = next.last().map_or(0, |place| place - at),
            Kind::Break(_) | Kind::Stop => {
                *size = inside - at;
                next.push(at);
            }
        }
    }
    sizes
}

/// What is left of the line at hand.
struct Room {
    left: usize,
    indent: usize,
    boxes: Vec<Frame>,
}

/// A box that has been started.
#[derive(Clone, Copy)]
enum Frame {
    Whole,
    Broken { around: usize, is_filled: bool },
}

impl Room {
    fn text(&mut self, code: &mut String, text: &str) {
        code.push_str(text);
        self.left = self.left.saturating_sub(text.len());
    }

    fn open(&mut self, size: usize, indent: usize, is_filled: bool) {
        let around = self.indent;
        self.boxes.push(match size > self.left {
            true => Frame::Broken { around, is_filled },
            false => Frame::Whole,
        });
        if size > self.left {
            self.indent += indent;
        }
    }

    fn close(&mut self) {
        if let Some(Frame::Broken { around, .. }) = self.boxes.pop() {
            self.indent = around;
        }
    }

    fn place(&mut self, code: &mut String, place: Break, size: usize) {
        let is_broken = match self.boxes.last() {
            Some(Frame::Broken { is_filled, .. }) => !is_filled || size > self.left,
            _ => false,
        };
        if !is_broken {
            return self.text(code, place.flat);
        }
        code.push_str(place.before);
        code.push('\n');
        let back = if place.is_back { INDENT } else { 0 };
        let indent = self.indent.saturating_sub(back);
        push_spaces(code, indent);
        self.left = of(indent);
        self.text(code, place.after);
    }
}
