//! Kinds of files, told from the content and never from the name alone.

use std::io::{Cursor, Read, Seek};

use zip::ZipArchive;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A workbook of Office Open XML.
    Xlsx,
    /// A spreadsheet of OpenDocument.
    Ods,
    /// A compound file: an old Excel workbook, or one with a password.
    Xls,
    Parquet,
    /// A system file of SPSS.
    Sav,
    /// An archive that is no spreadsheet.
    Zip,
    Text,
}

pub(super) fn kind(bytes: &[u8]) -> Kind {
    kind_of(bytes, || Cursor::new(bytes))
}

/// The same from the first bytes; what is an archive is looked into.
pub(super) fn kind_of<R: Read + Seek>(first: &[u8], whole: impl FnOnce() -> R) -> Kind {
    match first {
        [b'P', b'K', 3 | 5, 4 | 6, ..] => archive(whole()),
        [0xd0, 0xcf, 0x11, 0xe0, ..] => Kind::Xls,
        [b'P', b'A', b'R', b'1', ..] => Kind::Parquet,
        [b'$', b'F', b'L', b'2' | b'3', ..] => Kind::Sav,
        _ => Kind::Text,
    }
}

/// What an archive holds. One that cannot be opened counts as a workbook: that is what is expected here.
fn archive(whole: impl Read + Seek) -> Kind {
    let Ok(mut archive) = ZipArchive::new(whole) else { return Kind::Xlsx };
    if archive.index_for_name("xl/workbook.xml").is_some() {
        return Kind::Xlsx;
    }
    let mut media = String::new();
    let named = archive.by_name("mimetype").is_ok_and(|part| part.take(200).read_to_string(&mut media).is_ok());
    if named && media.starts_with("application/vnd.oasis.opendocument.spreadsheet") {
        return Kind::Ods;
    }
    if archive.is_empty() || archive.index_for_name("[Content_Types].xml").is_some() { Kind::Xlsx } else { Kind::Zip }
}

/// Whether the bytes are a parquet file, whose columns keep their types.
pub(crate) fn is_parquet(bytes: &[u8]) -> bool {
    kind(bytes) == Kind::Parquet
}
