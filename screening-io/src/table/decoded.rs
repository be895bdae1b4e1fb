//! From the bytes of a file to UTF-8, a block at a time: the same encodings by the same rules as for a text in memory.

use std::io::{self, Read};

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{DecoderResult, Encoding, GB18030, GBK, UTF_8};

use super::encoding::{Lines, has_known_heading, legal_and_faults, utf16_without_mark};
use crate::error::{IoError, Place, Problem};

const BLOCK: usize = 1 << 16;
/// Text of which the first line that is not blank is looked for.
const LONGEST_HEAD: usize = 16 << 20;
/// No text in UTF-8 has so many bytes without a separator between them.
const MOST_WITHOUT_ASCII: usize = 16 << 20;
/// Bytes from which UTF-16 is told.
pub(super) const SAMPLE: usize = 4096;

/// A file that can be opened again and again.
pub(super) type Open<'f, 'a> = &'f dyn Fn() -> io::Result<Box<dyn Read + 'a>>;

/// What one pass over a text tells.
pub(super) struct TextFacts {
    /// How it is encoded.
    pub(super) encoding: &'static Encoding,
    /// Quotation marks.
    pub(super) quotes: u64,
    /// The beginning, up to the end of the first line that is not blank and at least two characters.
    pub(super) head: String,
}

/// Tells the encoding and looks at the whole text once.
pub(super) fn look(name: &str, open: Open<'_, '_>, wanted: Option<&str>) -> Result<TextFacts, IoError> {
    let unreadable = |cause: io::Error| Problem::new("file-unreadable", Place::file(name)).with("cause", cause);
    let (encoding, may_hold_nul) = tell(name, open, wanted, &unreadable)?;
    let mut facts = TextFacts { encoding, quotes: 0, head: String::new() };
    let (mut lines, mut nul) = (0_usize, false);
    let mut text = Decoded::new(open().map_err(unreadable)?, encoding);
    loop {
        let block = text.block().map_err(unreadable)?;
        facts.quotes += block.bytes().filter(|byte| *byte == b'"').count() as u64;
        nul |= block.contains('\0');
        lines += block.matches('\n').count();
        if facts.head.len() < LONGEST_HEAD && !has_head(&facts.head) {
            facts.head.push_str(block);
        }
        if text.fault {
            let problem = Problem::new("encoding-wrong", Place::file(name)).with("encoding", encoding.name());
            return Err(problem.with("line", lines + 1).into());
        }
        if text.ended {
            break;
        }
    }
    if nul && !may_hold_nul {
        return Err(Problem::new("file-kind", Place::file(name)).into());
    }
    Ok(facts)
}

/// Whether a text holds the whole of its first line that is not blank.
fn has_head(text: &str) -> bool {
    let written = text.chars().filter(|c| !c.is_whitespace()).take(2).count();
    written == 2 && text.trim_start().contains('\n')
}

/// The encoding, and whether NUL characters are let through.
fn tell(
    name: &str,
    open: Open<'_, '_>,
    wanted: Option<&str>,
    unreadable: &dyn Fn(io::Error) -> Problem,
) -> Result<(&'static Encoding, bool), IoError> {
    if let Some(label) = wanted {
        let encoding = Encoding::for_label(label.trim().as_bytes())
            .ok_or_else(|| Problem::new("encoding-name", Place::file(name)).with("encoding", label))?;
        return Ok((encoding, false));
    }
    let mut scan = Scan::default();
    blocks(open().map_err(unreadable)?, |block, last| scan.add(block, last)).map_err(unreadable)?;
    if let Some((encoding, _)) = Encoding::for_bom(&scan.sample) {
        return Ok((encoding, false));
    }
    if let Some(encoding) = utf16_without_mark(&scan.sample, scan.length) {
        return Ok((encoding, false));
    }
    if scan.is_utf8() {
        return Ok((UTF_8, false));
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    blocks(open().map_err(unreadable)?, |block, last| {
        detector.feed(block, last);
    })
    .map_err(unreadable)?;
    let guess = detector.guess(None, Utf8Detection::Deny);
    let chinese = guess == GBK || guess == GB18030;
    let mut text = Decoded::new(open().map_err(unreadable)?, GB18030);
    let mut head = String::new();
    while !text.ended && !text.fault {
        let block = text.block().map_err(unreadable)?;
        if head.len() < LONGEST_HEAD && !has_head(&head) {
            head.push_str(block);
        }
    }
    match text.fault {
        false if chinese || has_known_heading(&head) => Ok((GB18030, true)),
        true if chinese => Ok((GB18030, false)),
        _ if scan.lines.looks_like_broken_utf8() => Ok((UTF_8, false)),
        _ => Err(Problem::new("encoding-unknown", Place::file(name)).with("guess", guess.name()).into()),
    }
}

/// What the bytes tell before they are decoded.
#[derive(Default)]
struct Scan {
    sample: Vec<u8>,
    length: u64,
    /// What follows the last ASCII byte.
    rest: Vec<u8>,
    lines: Lines,
}

impl Scan {
    fn add(&mut self, block: &[u8], last: bool) {
        self.length += block.len() as u64;
        let room = SAMPLE.saturating_sub(self.sample.len());
        self.sample.extend(block.iter().take(room));
        // No longer character of UTF-8 holds an ASCII byte, so what is legal can be told up to one.
        self.rest.extend(block);
        let ascii = self.rest.iter().rposition(u8::is_ascii).map_or(0, |at| at + 1);
        let whole = if last || self.rest.len() > MOST_WITHOUT_ASCII { self.rest.len() } else { ascii };
        self.lines.add(legal_and_faults(self.rest.get(..whole).unwrap_or_default()));
        self.rest.drain(..whole);
    }

    fn is_utf8(&self) -> bool {
        self.lines.faults == 0
    }
}

fn blocks(mut reader: impl Read, mut each: impl FnMut(&[u8], bool)) -> io::Result<()> {
    let mut buffer = vec![0; BLOCK];
    loop {
        let count = fill(&mut reader, &mut buffer)?;
        each(buffer.get(..count).unwrap_or_default(), count < BLOCK);
        if count < BLOCK {
            return Ok(());
        }
    }
}

/// Reads until the buffer is full or the file ends.
fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match reader.read(rest) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
            Err(cause) => return Err(cause),
        }
    }
    Ok(filled)
}

/// A file as UTF-8 without its byte-order mark. Nothing is replaced: at a byte that is not legal it ends.
pub(super) struct Decoded<R> {
    reader: R,
    decoder: encoding_rs::Decoder,
    mark: Option<&'static Encoding>,
    raw: Vec<u8>,
    /// Where the bytes of `raw` begin that are not decoded yet.
    at: usize,
    last: bool,
    text: Vec<u8>,
    /// Bytes of `text` that were handed out.
    given: usize,
    filled: usize,
    /// Whether a byte was not legal.
    pub(super) fault: bool,
    /// Whether the text is at its end.
    pub(super) ended: bool,
}

impl<R: Read> Decoded<R> {
    pub(super) fn new(reader: R, encoding: &'static Encoding) -> Self {
        Self {
            reader,
            decoder: encoding.new_decoder_without_bom_handling(),
            mark: Some(encoding),
            raw: Vec::new(),
            at: 0,
            last: false,
            // A byte of any encoding becomes at most three.
            text: vec![0; 4 * BLOCK],
            given: 0,
            filled: 0,
            fault: false,
            ended: false,
        }
    }

    /// The next part of the text; it may be empty.
    pub(super) fn block(&mut self) -> io::Result<&str> {
        self.next()?;
        self.given = self.filled;
        // The decoder writes whole characters of UTF-8.
        Ok(std::str::from_utf8(self.text.get(..self.filled).unwrap_or_default()).unwrap_or_default())
    }

    fn next(&mut self) -> io::Result<()> {
        (self.given, self.filled) = (0, 0);
        if self.ended || self.fault {
            return Ok(());
        }
        if self.at >= self.raw.len() && !self.last {
            self.raw.resize(BLOCK, 0);
            let count = fill(&mut self.reader, &mut self.raw)?;
            self.raw.truncate(count);
            (self.at, self.last) = (0, count < BLOCK);
            if let Some(encoding) = self.mark.take()
                && let Some((marked, length)) = Encoding::for_bom(&self.raw)
                && marked == encoding
            {
                self.at = length;
            }
        }
        let source = self.raw.get(self.at..).unwrap_or_default();
        let (result, read, written) =
            self.decoder.decode_to_utf8_without_replacement(source, &mut self.text, self.last);
        self.at += read;
        self.filled = written;
        match result {
            DecoderResult::InputEmpty => self.ended = self.last,
            DecoderResult::OutputFull => {}
            DecoderResult::Malformed(..) => self.fault = true,
        }
        Ok(())
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given >= self.filled && !self.ended && !self.fault {
            self.next()?;
        }
        if self.given >= self.filled && self.fault {
            // The text has been looked at before: the file has changed since.
            return Err(io::Error::other("encoding"));
        }
        let rest = self.text.get(self.given..self.filled).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(from);
        }
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::super::csv::first_line;
    use super::*;
    use crate::table::encoding::decode;

    /// The whole text, or the id of the refusal and its message.
    fn in_blocks(bytes: &[u8], wanted: Option<&str>) -> Result<String, String> {
        let open = || -> io::Result<Box<dyn Read + '_>> { Ok(Box::new(Cursor::new(bytes))) };
        let facts = look("a.csv", &open, wanted).map_err(|error| error.to_string())?;
        let mut text = String::new();
        Decoded::new(Cursor::new(bytes), facts.encoding).read_to_string(&mut text).unwrap();
        assert_eq!(facts.quotes, text.matches('"').count() as u64);
        assert_eq!(first_line(&facts.head), first_line(&text));
        Ok(text)
    }

    fn whole(bytes: &[u8], wanted: Option<&str>) -> Result<String, String> {
        decode("a.csv", bytes, wanted).map(std::borrow::Cow::into_owned).map_err(|error| error.to_string())
    }

    fn encoded(text: &str, kind: u8) -> Vec<u8> {
        let utf16 = |little: bool| -> Vec<u8> {
            text.encode_utf16().flat_map(|u| if little { u.to_le_bytes() } else { u.to_be_bytes() }).collect()
        };
        match kind {
            0 => text.as_bytes().to_vec(),
            1 => [&[0xef, 0xbb, 0xbf], text.as_bytes()].concat(),
            2 => GB18030.encode(text).0.into_owned(),
            3 => utf16(true),
            4 => utf16(false),
            5 => [vec![0xff, 0xfe], utf16(true)].concat(),
            _ => [vec![0xfe, 0xff], utf16(false)].concat(),
        }
    }

    #[test]
    fn long_files_and_faults_deep_inside() {
        let line = "20240001,初一(1)班,\"没有\"\n";
        let long = format!("\n学号,班级,1、心情\n{}", line.repeat(9000));
        for kind in 0..7 {
            let mut bytes = encoded(&long, kind);
            assert_eq!(in_blocks(&bytes, None), whole(&bytes, None), "{kind}");
            assert!(whole(&bytes, None).is_ok(), "{kind}");
            if kind < 3 {
                let at = bytes.len() - 40;
                bytes.splice(at..at, [0xff, 0xff]);
                assert_eq!(in_blocks(&bytes, None), whole(&bytes, None), "{kind} with a fault");
            }
        }
        for wanted in ["gbk", "utf-16le", "klingon", "utf-8"] {
            let bytes = encoded(&long, 0);
            assert_eq!(in_blocks(&bytes, Some(wanted)), whole(&bytes, Some(wanted)), "{wanted}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_alike(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert_eq!(in_blocks(&bytes, None), whole(&bytes, None));
        }

        #[test]
        fn any_text_is_read_alike(text in "[a-c,\"\n\r 学号没有\u{0}]{0,60}", kind in 0_u8..7) {
            let bytes = encoded(&text, kind);
            prop_assert_eq!(in_blocks(&bytes, None), whole(&bytes, None));
        }
    }
}
