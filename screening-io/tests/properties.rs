//! What must hold for any input.

mod common;

use common::{FROM_ZERO, csv_bytes, headings, instrument, sheet, xlsx_bytes};
use proptest::prelude::*;
use screening_io::{
    InstrumentPart, ReadOptions, RosterOptions, SurveySpec, read_roster_bytes, read_survey_bytes, read_table_bytes,
};

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
        let magic: [&[u8]; 3] = [b"PK\x03\x04", b"PAR1", b"\xff\xfe"];
        for magic in magic {
            let _ = read_table_bytes("a", &[magic, &bytes].concat(), &ReadOptions::default());
        }
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
