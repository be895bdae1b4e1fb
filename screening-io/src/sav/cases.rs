//! The cases of a system file, plain or byte-compressed.

use super::code;
use super::head::{Bytes, Head};

/// Eight bytes of a case, or the end of all cases.
enum Element {
    Value([u8; 8]),
    End,
}

/// The cases, one after the other.
pub(super) struct Cases<'a> {
    file: Bytes<'a>,
    compressed: bool,
    bias: f64,
    /// The number that stands for the system's missing value.
    pub(super) missing: f64,
    codes: [u8; 8],
    next: usize,
}

impl<'a> Cases<'a> {
    /// The cases that follow the dictionary.
    pub(super) fn new(file: Bytes<'a>, head: &Head<'_>) -> Self {
        let (compressed, bias, missing) = (head.compressed, head.bias, head.system_missing);
        Self { file, compressed, bias, missing, codes: [0; 8], next: 8 }
    }

    /// Eight bytes as a number, in the byte order of the file.
    pub(super) fn to_float(&self, bytes: [u8; 8]) -> f64 {
        self.file.to_float(bytes)
    }

    /// Reads one case: false at the end of the file, `None` when the file ends within a case.
    pub(super) fn read(&mut self, case: &mut Vec<[u8; 8]>, elements: usize) -> Option<bool> {
        if elements == 0 {
            return Some(false);
        }
        while case.len() < elements {
            let element = if self.compressed { self.code()? } else { self.raw().map_or(Element::End, Element::Value) };
            match element {
                Element::Value(element) => case.push(element),
                Element::End if case.is_empty() => return Some(false),
                Element::End => return None,
            }
        }
        Some(true)
    }

    fn raw(&mut self) -> Option<[u8; 8]> {
        self.file.take(8)?.try_into().ok()
    }

    /// The next element of compressed cases; `None` when the file ends within one.
    fn code(&mut self) -> Option<Element> {
        loop {
            if self.next == 8 {
                let Some(codes) = self.raw() else { return Some(Element::End) };
                (self.codes, self.next) = (codes, 0);
            }
            let code = self.codes.get(self.next).copied().unwrap_or(code::PAD);
            self.next += 1;
            let number = |value: f64| if self.file.big { value.to_be_bytes() } else { value.to_le_bytes() };
            return Some(match code {
                code::PAD => continue,
                code::END => Element::End,
                code::RAW => Element::Value(self.raw()?),
                code::SPACES => Element::Value(*b"        "),
                code::SYSTEM_MISSING => Element::Value(number(self.missing)),
                value => Element::Value(number(f64::from(value) - self.bias)),
            });
        }
    }
}
