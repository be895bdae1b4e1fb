//! A body cut into lines, with bounded memory.

use std::collections::VecDeque;

use bytes::{Buf, Bytes, BytesMut};

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line {
    /// Its text, without the line end.
    Text(Bytes),
    /// It was longer than allowed; its text was not kept.
    TooLong,
}

/// Cuts what comes in into lines. Never holds more than one line that is not whole, and of one that is too long nothing.
#[derive(Debug)]
pub(super) struct Lines {
    longest: usize,
    open: BytesMut,
    /// The open line is too long already: the rest of it is passed over.
    passing: bool,
    whole: VecDeque<Line>,
}

impl Lines {
    pub(super) fn new(longest: usize) -> Self {
        Self { longest, open: BytesMut::new(), passing: false, whole: VecDeque::new() }
    }

    /// Takes what came in.
    pub(super) fn push(&mut self, mut data: Bytes) {
        while let Some(end) = data.iter().position(|byte| *byte == b'\n') {
            let part = data.split_to(end);
            data.advance(1);
            if self.open.is_empty() && !self.passing && part.len() <= self.longest {
                self.whole.push_back(Line::Text(without_return(part)));
                continue;
            }
            self.extend(&part);
            self.close();
        }
        self.extend(&data);
    }

    /// The next whole line.
    pub(super) fn next(&mut self) -> Option<Line> {
        self.whole.pop_front()
    }

    /// The last line, when it has no line end.
    pub(super) fn finish(&mut self) -> Option<Line> {
        if self.passing || !self.open.is_empty() {
            self.close();
        }
        self.next()
    }

    fn extend(&mut self, part: &[u8]) {
        if self.passing || self.open.len() + part.len() > self.longest {
            self.passing = true;
            self.open.clear();
        } else {
            self.open.extend_from_slice(part);
        }
    }

    fn close(&mut self) {
        let text = self.open.split().freeze();
        let line = if self.passing { Line::TooLong } else { Line::Text(without_return(text)) };
        self.passing = false;
        self.whole.push_back(line);
    }
}

fn without_return(mut text: Bytes) -> Bytes {
    if text.last() == Some(&b'\r') {
        text.truncate(text.len() - 1);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines of a text that comes in pieces of this size.
    fn cut(text: &str, piece: usize, longest: usize) -> Vec<String> {
        let mut lines = Lines::new(longest);
        let mut found = Vec::new();
        let word = |line: Line| match line {
            Line::Text(text) => String::from_utf8(text.to_vec()).unwrap(),
            Line::TooLong => "TOO LONG".to_owned(),
        };
        for part in text.as_bytes().chunks(piece) {
            lines.push(Bytes::copy_from_slice(part));
            found.extend(std::iter::from_fn(|| lines.next()).map(word));
        }
        found.extend(lines.finish().map(word));
        found
    }

    #[test]
    fn lines_are_the_same_however_they_come_in() {
        let text = "a\r\n\nlonger than allowed\nbc\nlast";
        for piece in 1..=text.len() {
            assert_eq!(cut(text, piece, 5), ["a", "", "TOO LONG", "bc", "last"], "pieces of {piece}");
        }
        assert_eq!(cut("a\n", 1, 5), ["a"], "a line end ends a line and begins none");
        assert_eq!(cut("", 1, 5), [] as [&str; 0]);
        assert_eq!(cut("123456", 2, 5), ["TOO LONG"]);
    }
}
