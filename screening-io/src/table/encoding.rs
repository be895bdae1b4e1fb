//! From bytes to text: UTF-8, GB18030 (with GBK inside it) and UTF-16, told from the bytes or named by the caller.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, GB18030, GBK, UTF_8, UTF_16BE, UTF_16LE};

use super::decoded::SAMPLE;
use crate::error::{IoError, Place, Problem};
use crate::survey::is_known_heading;
use crate::words::words;

/// The text of a file without its byte-order mark.
pub(super) fn decode<'a>(name: &str, bytes: &'a [u8], wanted: Option<&str>) -> Result<Cow<'a, str>, IoError> {
    if let Some(label) = wanted {
        let encoding = Encoding::for_label(label.trim().as_bytes())
            .ok_or_else(|| Problem::new("encoding-name", Place::file(name)).with("encoding", label))?;
        return strictly(name, bytes, encoding);
    }
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        return strictly(name, bytes, encoding);
    }
    // Before UTF-8: Latin text in UTF-16 is legal UTF-8 full of NUL characters.
    if let Some(encoding) = utf16_without_mark(bytes, bytes.len() as u64) {
        return strictly(name, bytes, encoding);
    }
    if std::str::from_utf8(bytes).is_ok() {
        return strictly(name, bytes, UTF_8);
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    let guess = detector.guess(None, Utf8Detection::Deny);
    // The decoder of GBK is that of GB18030; the detector knows only the former. A short file may hold too little
    // for it, so a file that decodes without fault and has a heading we know is taken as well.
    let text = GB18030.decode_without_bom_handling_and_without_replacement(bytes);
    match text {
        Some(text) if guess == GBK || guess == GB18030 || has_known_heading(&text) => Ok(text),
        None if guess == GBK || guess == GB18030 => strictly(name, bytes, GB18030),
        _ if legal_and_faults(bytes).looks_like_broken_utf8() => strictly(name, bytes, UTF_8),
        _ => Err(Problem::new("encoding-unknown", Place::file(name)).with("guess", guess.name()).into()),
    }
}

/// What the lines of a text say about its being UTF-8.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Lines {
    legal: usize,
    pub(super) faults: usize,
}

impl Lines {
    pub(super) fn add(&mut self, other: Self) {
        self.legal += other.legal;
        self.faults += other.faults;
    }

    /// Many legal sequences of several bytes and few faults: a UTF-8 file with damage, not another encoding.
    pub(super) fn looks_like_broken_utf8(self) -> bool {
        self.legal > 10 * self.faults
    }
}

/// Legal sequences of several bytes, and faults.
pub(super) fn legal_and_faults(bytes: &[u8]) -> Lines {
    let mut lines = Lines::default();
    for chunk in bytes.utf8_chunks() {
        // Most of a table is ASCII.
        let several = |text: &str| text.bytes().filter(|byte| *byte >= 0xc0).count();
        lines.legal += several(chunk.valid());
        lines.faults += usize::from(!chunk.invalid().is_empty());
    }
    lines
}

/// UTF-16 without a mark: every other byte of the heading's separators and digits is zero.
pub(super) fn utf16_without_mark(bytes: &[u8], length: u64) -> Option<&'static Encoding> {
    let head = bytes.get(..bytes.len().min(SAMPLE))?;
    let zeros = |offset: usize| head.iter().skip(offset).step_by(2).filter(|b| **b == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    // Commas, digits and line ends make up at least a tenth of any table. Few characters have a zero as the other
    // byte, but the Chinese one has.
    let enough = |count: usize, other: usize| count * 20 > head.len() && count > 4 * other && length.is_multiple_of(2);
    if enough(odd, even) {
        Some(UTF_16LE)
    } else if enough(even, odd) {
        Some(UTF_16BE)
    } else {
        None
    }
}

pub(super) fn has_known_heading(text: &str) -> bool {
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    line.split([',', '\t', ';']).any(|cell| {
        let cell = cell.trim_matches('"');
        !cell.is_ascii() && (words().person_heading(cell).is_some() || is_known_heading(cell))
    })
}

/// Decodes without replacing anything: a byte that is not legal refuses the file and names the line.
fn strictly<'a>(name: &str, bytes: &'a [u8], encoding: &'static Encoding) -> Result<Cow<'a, str>, IoError> {
    let bytes = match Encoding::for_bom(bytes) {
        Some((marked, length)) if marked == encoding => bytes.get(length..).unwrap_or_default(),
        _ => bytes,
    };
    let text = encoding.decode_without_bom_handling_and_without_replacement(bytes);
    match text {
        Some(text) if text.contains('\0') => Err(Problem::new("file-kind", Place::file(name)).into()),
        Some(text) => Ok(text),
        None => {
            let problem = Problem::new("encoding-wrong", Place::file(name)).with("encoding", encoding.name());
            Err(problem.with("line", first_fault(bytes, encoding)).into())
        }
    }
}

/// The line of the first byte that is not legal: what decodes before it, counted in line ends.
fn first_fault(bytes: &[u8], encoding: &'static Encoding) -> usize {
    let (text, _) = encoding.decode_without_bom_handling(bytes);
    let before = text.split('\u{fffd}').next().unwrap_or_default();
    before.matches('\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "学号,班级,1、心情\n20240001,初一1班,没有\n20240002,初一2班,经常\n";

    #[test]
    fn the_encodings_of_exports_are_told_from_the_bytes() {
        let utf16 = |big: bool| -> Vec<u8> {
            TEXT.encode_utf16().flat_map(|u| if big { u.to_be_bytes() } else { u.to_le_bytes() }).collect()
        };
        let marked = |mark: &[u8], body: Vec<u8>| [mark, &body].concat();
        let files = [
            TEXT.as_bytes().to_vec(),
            marked(&[0xef, 0xbb, 0xbf], TEXT.as_bytes().to_vec()),
            GBK.encode(TEXT).0.into_owned(),
            marked(&[0xff, 0xfe], utf16(false)),
            marked(&[0xfe, 0xff], utf16(true)),
            utf16(false),
            utf16(true),
        ];
        for (index, file) in files.iter().enumerate() {
            assert_eq!(decode("a.csv", file, None).as_deref(), Ok(TEXT), "file {index}");
        }
    }

    #[test]
    fn rare_characters_of_gb18030_survive() {
        let text = "学号,姓名\n1,𠮷㐂\n";
        let bytes = GB18030.encode(text).0.into_owned();
        assert_eq!(decode("a.csv", &bytes, None).as_deref(), Ok(text));
    }

    #[test]
    fn other_encodings_are_refused() {
        let japanese = encoding_rs::SHIFT_JIS.encode("番号,名前,学年\n1,ヤマダタロウ,ナナ\n").0.into_owned();
        let error = decode("a.csv", &japanese, None).unwrap_err();
        assert!(matches!(error.id(), "encoding-unknown" | "encoding-wrong"), "{error}");
        let error = decode("a.csv", TEXT.as_bytes(), Some("utf-16le")).unwrap_err();
        assert!(matches!(error.id(), "encoding-wrong" | "file-kind"), "{error}");
        assert_eq!(decode("a.csv", b"a", Some("klingon")).unwrap_err().id(), "encoding-name");
        let mut damaged = TEXT.repeat(20).into_bytes();
        damaged.extend([b'1', 0xff, b'\n']);
        let error = decode("a.csv", &damaged, None).unwrap_err();
        assert_eq!(error.id(), "encoding-wrong");
        assert!(error.to_string().contains("line 61"), "{error}");
    }
}
