//! What typst may see: one layout, one report, two fonts.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::LazyLock;

use typst::diag::{FileError, FileResult};
use typst::foundations::{Bytes, Datetime, Duration};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Feature, Library, LibraryExt as _, World};

/// Noto Sans CJK SC with the characters of the general table; see `fonts/make.py`.
const FONT_FILES: [&[u8]; 2] = [
    include_bytes!("../../../fonts/NotoSansCJKsc-Regular.otf"),
    include_bytes!("../../../fonts/NotoSansCJKsc-Bold.otf"),
];
const LAYOUT: &str = include_str!("report.typ");

static FONTS: LazyLock<Vec<Font>> =
    LazyLock::new(|| FONT_FILES.iter().filter_map(|file| Font::new(Bytes::new(*file), 0)).collect());
static BOOK: LazyLock<LazyHash<FontBook>> = LazyLock::new(|| LazyHash::new(FontBook::from_fonts(FONTS.iter())));
// Headings of rows are the one feature that has to be asked for.
static LIBRARY: LazyLock<LazyHash<Library>> = LazyLock::new(|| {
    LazyHash::new(Library::builder().with_features([Feature::A11yExtras].into_iter().collect()).build())
});
static SOURCE: LazyLock<Option<Source>> =
    LazyLock::new(|| file_id("report.typ").map(|id| Source::new(id, LAYOUT.to_owned())));
static DATA: LazyLock<Option<FileId>> = LazyLock::new(|| file_id("report.json"));

fn file_id(name: &str) -> Option<FileId> {
    let path = VirtualPath::new(name).ok()?;
    Some(FileId::new(RootedPath::new(VirtualRoot::Project, path)))
}

/// The characters that both fonts have.
static CHARACTERS: LazyLock<HashSet<u32>> = LazyLock::new(|| {
    let mut sets = FONTS.iter().map(|font| font.info().coverage.iter().collect::<HashSet<u32>>());
    let first = sets.next().unwrap_or_default();
    sets.fold(first, |both, own| both.intersection(&own).copied().collect())
});

/// Whether both fonts have a character.
pub(super) fn has(sign: char) -> bool {
    CHARACTERS.contains(&u32::from(sign))
}

/// The pages of one report.
pub(super) struct Pages {
    data: Bytes,
}

impl Pages {
    pub(super) fn new(json: String) -> Self {
        Self { data: Bytes::from_string(json) }
    }
}

fn nothing<T>(id: FileId) -> FileResult<T> {
    Err(FileError::NotFound(PathBuf::from(format!("{id:?}"))))
}

impl World for Pages {
    fn library(&self) -> &LazyHash<Library> {
        &LIBRARY
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &BOOK
    }

    fn main(&self) -> FileId {
        // The name is a constant that makes a path; a test would fail otherwise.
        SOURCE.as_ref().map_or_else(|| Source::detached("").id(), Source::id)
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        match SOURCE.as_ref() {
            Some(source) if source.id() == id => Ok(source.clone()),
            _ => nothing(id),
        }
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        if *DATA == Some(id) { Ok(self.data.clone()) } else { nothing(id) }
    }

    fn font(&self, index: usize) -> Option<Font> {
        FONTS.get(index).cloned()
    }

    fn today(&self, _offset: Option<Duration>) -> Option<Datetime> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_fonts_are_there_and_have_what_the_texts_need() {
        assert_eq!(FONTS.len(), 2);
        assert!(SOURCE.is_some() && DATA.is_some());
        let texts = include_str!("../../../resources/report.toml");
        let names = include_str!("../../../fonts/characters.txt");
        let lacking: String =
            texts.chars().chain(names.chars()).filter(|sign| !sign.is_control() && !has(*sign)).collect();
        assert_eq!(lacking, "");
        assert!(!has('\u{2a6a5}') && !has('🙂'));
    }

    #[test]
    fn nothing_outside_can_be_read() {
        let pages = Pages::new("{}".to_owned());
        let other = file_id("etc/passwd").unwrap();
        assert!(pages.file(other).is_err() && pages.source(other).is_err() && pages.today(None).is_none());
    }
}
