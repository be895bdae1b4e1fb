//! What must hold for any input.

mod common;
mod exports;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{FROM_ZERO, csv_bytes, headings, instrument, sheet, xlsx_bytes};
use exports::{Wave, files, platforms};
use proptest::prelude::*;
use screening_core::instrument::Language;
use screening_io::{
    Form, InstrumentPart, MappedSpec, Mapping, ReadOptions, RosterOptions, SurveySpec, draft_mapping,
    read_mapped_bytes, read_roster_bytes, read_survey_bytes, read_survey_parts, read_table_bytes,
};

/// The system's allocator, which remembers the largest piece that was ever asked for.
struct Watched;

static LARGEST: AtomicUsize = AtomicUsize::new(0);
/// No file of a few kilobytes needs a piece of memory like this.
const LARGEST_PIECE: usize = 256 << 20;

// SAFETY: every call is passed on to the system allocator unchanged; remembering does not allocate.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Watched {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LARGEST.fetch_max(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's contract is the system allocator's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        LARGEST.fetch_max(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's contract is the system allocator's.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        LARGEST.fetch_max(size, Ordering::Relaxed);
        // SAFETY: the caller's contract is the system allocator's.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's contract is the system allocator's.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Watched = Watched;

/// Fails once a reader has asked for a piece of memory that no small file needs.
fn bounded() {
    let largest = LARGEST.load(Ordering::Relaxed);
    assert!(largest < LARGEST_PIECE, "a piece of {largest} bytes was asked for");
}

/// Cells as they occur, and as they should not.
fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => (0_i32..5).prop_map(|n| n.to_string()),
        1 => prop_oneof![Just("(空)"), Just("(跳过)"), Just("-2"), Just("-3"), Just("拒答"), Just(""), Just("没有")].prop_map(String::from),
        1 => "\\PC{0,6}",
        1 => any::<f64>().prop_map(|n| n.to_string()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = read_table_bytes("a", &bytes, &ReadOptions::default());
        let _ = read_roster_bytes("a", &bytes, &RosterOptions::default());
        let magic: [&[u8]; 7] =
            [b"PK\x03\x04", b"PAR1", b"\xff\xfe", b"$FL2", b"{\"a\":", b"[{\"", &[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]];
        for magic in magic {
            let _ = read_table_bytes("a", &[magic, &bytes].concat(), &ReadOptions::default());
        }
        bounded();
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[a-c,;\"\\n\\t 学号0-9]{0,80}") {
        let _ = read_table_bytes("a", text.as_bytes(), &ReadOptions::default());
        let _ = read_roster_bytes("a", text.as_bytes(), &RosterOptions::default());
    }

    #[test]
    fn damaged_workbooks_are_read_or_refused(changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        let mut bytes = xlsx_bytes(&[headings(2), sheet(1, "1", &["1".into(), "2".into()])]);
        for (index, byte) in changes {
            let at = index.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = read_table_bytes("a", &bytes, &ReadOptions::default());
    }

    #[test]
    fn damaged_files_of_every_kind_are_read_or_refused(
        kind in 0_usize..10,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
    ) {
        let rows = vec![headings(2), sheet(1, "1", &["1".into(), "2".into()]), sheet(2, "2", &["0".into(), "3".into()])];
        let mut bytes = match kind {
            0 => files::xls(&rows),
            1 => files::ods(&rows),
            2 => files::ndjson(&rows),
            3 => include_bytes!("data/readstat-compressed.sav").to_vec(),
            4 => include_bytes!("data/readstat.sav").to_vec(),
            5 => include_bytes!("data/xlwt.xls").to_vec(),
            6 => files::parquet(&rows),
            7 => files::sav(&rows, true),
            8 => files::gbk(&rows),
            _ => files::encodings(&rows)[6].1.clone(),
        };
        for (index, byte) in changes {
            let at = index.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = read_table_bytes("a", &bytes, &ReadOptions::default());
        let _ = read_roster_bytes("a", &bytes, &RosterOptions { for_matching: true, ..RosterOptions::default() });
        let mood = instrument("mood", 2, &FROM_ZERO);
        let spec = SurveySpec { instruments: vec![InstrumentPart::new(&mood)], ..SurveySpec::default() };
        let whole = csv_bytes(&rows);
        let _ = read_survey_parts(&[("a", &bytes), ("b", &whole)], &spec);
        bounded();
    }

    #[test]
    fn damaged_records_of_interfaces_are_read_or_refused(
        fhir in any::<bool>(),
        cut in any::<prop::sample::Index>(),
        doubled in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..3),
    ) {
        let mood = instrument("mood", 3, &FROM_ZERO);
        let wave = Wave::draw(1, 3, 0, &[(&mood, &FROM_ZERO)]);
        let mut text = if fhir {
            platforms::fhir(&wave, |id, item| format!("{id}.{item}"), |code| serde_json::json!({"valueInteger": code}))
        } else {
            platforms::jinshuju_json(&wave, screening_io::Coding::Score)
        }
        .into_bytes();
        for (from, to) in doubled {
            let (from, to) = (from.index(text.len()), to.index(text.len()));
            let piece = text[from.min(to)..from.max(to)].to_vec();
            text.splice(to..to, piece);
        }
        let spec = SurveySpec { instruments: vec![InstrumentPart::new(&mood)], ..SurveySpec::default() };
        let _ = read_survey_bytes("a", &text, &spec);
        let _ = read_survey_bytes("a", &text[..cut.index(text.len())], &spec);
        bounded();
    }

    #[test]
    fn any_mapping_and_job_is_read_or_refused(text in "[a-c\\[\\]{}=\", \n.0-9#学]{0,60}", at in any::<prop::sample::Index>(), with in any::<char>()) {
        let _ = Mapping::parse("m", &text);
        let good = "schema = 1\n[person]\nstudent_id = \"no\"\n[instruments.mood]\ncolumns = [\"a\", \"b\"]\nanswers = { x = 0 }\n";
        let mut characters: Vec<char> = good.chars().collect();
        let at = at.index(characters.len());
        characters[at] = with;
        let mood = instrument("mood", 2, &FROM_ZERO);
        if let Ok(mapping) = Mapping::parse("m", &characters.into_iter().collect::<String>()) {
            let _ = read_mapped_bytes("a", b"no,a,b\n1,x,0\n", &MappedSpec::new(&mapping, vec![&mood]));
        }
        let _ = screening_io::job::Job::parse("j", &text);
    }

    #[test]
    fn any_records_of_an_old_workbook_are_read_or_refused(
        records in proptest::collection::vec((prop::sample::select(vec![0x203_u16, 0x204, 0xfd, 0x27e, 0xbd, 0x06, 0x207, 0x200, 0xe5, 0x809, 0x0a, 0x3c]), proptest::collection::vec(any::<u8>(), 0..40)), 0..12),
    ) {
        let mut cells = Vec::new();
        for (kind, data) in records {
            cells.extend(kind.to_le_bytes());
            cells.extend((data.len() as u16).to_le_bytes());
            cells.extend(data);
        }
        let _ = read_table_bytes("a", &files::xls_of(&cells, None), &ReadOptions::default());
        bounded();
    }

    #[test]
    fn any_xml_of_an_open_document_is_read_or_refused(
        pieces in proptest::collection::vec(prop::sample::select(vec![
            "<table:table table:name=\"a\">", "</table:table>", "<table:table-row>", "</table:table-row>",
            "<table:table-row table:number-rows-repeated=\"4000000000\">", "<table:table-cell office:value-type=\"string\">",
            "</table:table-cell>", "<table:table-cell table:number-columns-repeated=\"99999999\" office:value-type=\"float\" office:value=\"1\"/>",
            "<table:table-cell/>", "<text:p>x", "</text:p>", "<text:s text:c=\"4000000000\"/>", "<office:annotation>", "</office:annotation>", "&#0;", "&x;", "x",
        ]), 0..20),
    ) {
        let _ = read_table_bytes("a", &files::ods_of(&pieces.concat()), &ReadOptions::default());
        bounded();
    }

    #[test]
    fn any_export_is_read_or_refused(
        layout in prop::sample::select(vec![None, Some("wenjuanxing"), Some("tencent"), Some("jinshuju"), Some("wenjuanwang"), Some("limesurvey"), Some("redcap")]),
        heads in proptest::collection::vec(prop::sample::select(vec![
            "序号", "编号", "提交答卷时间", "开始答题时间", "结束答题时间", "提交时间", "start", "finish", "id", "submitdate", "lastpage", "record_id",
            "a_complete", "1、学号", "学号", "2、题", "2、题—行", "2.题", "第2题(行)", "第3题(行)", "Q1", "Q2_R1", "Q2_A1", "mood[SQ001]", "mood_1", "mood_2", "总分", "姓名", "",
        ]), 1..10),
        cells in proptest::collection::vec(cell(), 0..60),
    ) {
        let mood = instrument("mood", 2, &FROM_ZERO);
        let mut rows: Vec<Vec<String>> = vec![heads.iter().map(ToString::to_string).collect()];
        rows.extend(cells.chunks_exact(heads.len()).map(<[String]>::to_vec));
        for for_matching in [false, true] {
            let part = InstrumentPart::new(&mood);
            let spec = SurveySpec {
                instruments: vec![part],
                layout: layout.map(str::to_owned),
                for_matching,
                ..SurveySpec::default()
            };
            if let Ok(set) = read_survey_bytes("a", &csv_bytes(&rows), &spec) {
                prop_assert_eq!(set.rows_in, set.frame.height() + set.rows_rejected());
            }
        }
        if let Ok(draft) = draft_mapping("a", &csv_bytes(&rows), &[&mood], Form::Wide, Language::En) {
            let mapping = Mapping::parse("m", &draft);
            prop_assert!(mapping.is_ok(), "{:?}\n{}", mapping, draft);
            let _ = read_mapped_bytes("a", &csv_bytes(&rows), &MappedSpec::new(&mapping.unwrap(), vec![&mood]));
        }
    }

    #[test]
    fn any_class_name_is_read(names in proptest::collection::vec("[七初高一二三十年级班届()（）0-9 A-G-]{0,8}", 1..6)) {
        let mut rows = vec![vec!["学号".to_owned(), "班级".to_owned(), "姓名".to_owned()]];
        rows.extend(names.iter().enumerate().map(|(n, name)| vec![n.to_string(), name.clone(), "甲".to_owned()]));
        let day = Some(jiff::civil::date(2026, 9, 1));
        let roster = read_roster_bytes("a", &csv_bytes(&rows), &RosterOptions { day, for_matching: true, ..RosterOptions::default() }).unwrap();
        prop_assert_eq!(roster.rows_in, roster.frame.height() + roster.rows_rejected());
        prop_assert_eq!(roster.keys.height(), roster.frame.height());
    }

    #[test]
    fn no_row_is_lost_and_every_invalid_cell_is_listed(
        answers in proptest::collection::vec((proptest::collection::vec(cell(), 3), "[0-9]{0,3}"), 1..20),
        stated in proptest::option::of(proptest::sample::select(screening_io::Coding::ALL.to_vec())),
    ) {
        let mood = instrument("mood", 3, &FROM_ZERO);
        let mut rows = vec![headings(3)];
        rows.extend(answers.iter().enumerate().map(|(n, (cells, id))| sheet(n, id, cells)));
        let mut part = InstrumentPart::new(&mood);
        part.coding = stated;
        part.accept_strays = true;
        let spec = SurveySpec { instruments: vec![part], ..SurveySpec::default() };
        for bytes in [csv_bytes(&rows), xlsx_bytes(&rows)] {
            let Ok(found) = read_survey_bytes("a", &bytes, &spec) else { continue };
            prop_assert_eq!(found.rows_in, answers.len());
            prop_assert_eq!(found.rows_in, found.frame.height() + found.rows_rejected());
            let mut invalid = 0;
            for item in 1..=3 {
                let column = found.frame.column(&format!("mood.{item}")).unwrap().i8().unwrap();
                invalid += column.iter().filter(|code| *code == Some(-125)).count();
                prop_assert!(column.iter().flatten().all(|code| (0..=3).contains(&code) || (-127..=-125).contains(&code)));
            }
            // A cell that holds the engine's own code for invalid is read back as invalid and is no news.
            let listed = found.rejected.iter().filter(|r| r.problem.id.starts_with("answer-")).count();
            prop_assert_eq!(invalid, listed);
        }
    }
}
