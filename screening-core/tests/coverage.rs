//! Coverage: parts sum to the whole, at every level.

use polars::prelude::ChunkAgg;
use proptest::prelude::*;
use screening_core::coverage::{
    Attendance, Consent, CoverageTable, Enrolled, Level, Scope, SheetState, Status, status,
};

fn pupils() -> impl Strategy<Value = Vec<(usize, Option<u8>, usize, usize)>> {
    prop::collection::vec((0..4_usize, prop::option::of(1..=12_u8), 0..3_usize, 0..8_usize), 0..200)
}

const SCHOOLS: [&str; 4] = ["A", "B", "", "C"];
const CLASSES: [&str; 3] = ["2", "10", ""];

proptest! {
    #[test]
    fn every_level_sums_to_the_enrolled(list in pupils()) {
        let enrolled = |&(school, grade, class, status): &(usize, Option<u8>, usize, usize)| Enrolled {
            school: SCHOOLS[school], grade, class: CLASSES[class], status: Status::ALL[status],
        };
        let table = CoverageTable::of(list.iter().map(enrolled));
        let parts = |level: Level| table.rows().iter().filter(move |row| row.level == level);
        prop_assert_eq!(parts(Level::District).count(), 1);
        prop_assert_eq!(table.district().enrolled() as usize, list.len());
        for status in Status::ALL {
            let whole = list.iter().filter(|pupil| Status::ALL[pupil.3] == status).count();
            for level in Level::ALL {
                prop_assert_eq!(parts(level).map(|row| row.counts.get(status) as usize).sum::<usize>(), whole);
            }
        }
        for level in Level::ALL {
            let keys: Vec<_> = parts(level).map(|row| (row.school.clone(), row.grade, row.class.clone())).collect();
            let mut unique = keys.clone();
            unique.sort();
            unique.dedup();
            prop_assert_eq!(keys.len(), unique.len());
        }
        for row in table.rows() {
            prop_assert_eq!(row.counts.enrolled(), Status::ALL.iter().map(|status| row.counts.get(*status)).sum::<u32>());
        }
    }
}

#[test]
fn the_first_reason_that_applies_is_the_status() {
    let all = |consent, scope| {
        [SheetState::None, SheetState::Valid, SheetState::Retest, SheetState::Invalid]
            .map(|sheets| status(consent, scope, Attendance::Absent, sheets))
    };
    assert_eq!(all(Consent::Withdrawn, Scope::Out), [Status::Withdrawn; 4]);
    assert_eq!(all(Consent::Refused, Scope::Out), [Status::OutOfScope; 4]);
    assert_eq!(all(Consent::Refused, Scope::In), [Status::Refused; 4]);
    assert_eq!(
        all(Consent::Granted, Scope::In),
        [Status::Absent, Status::Valid, Status::RetestPending, Status::Invalid]
    );
    let nothing = |attendance| status(Consent::Unrecorded, Scope::In, attendance, SheetState::None);
    assert_eq!(
        [Attendance::Present, Attendance::Unrecorded, Attendance::Refused].map(nothing),
        [Status::Unexplained, Status::Unexplained, Status::Refused]
    );
}

#[test]
fn classes_stand_in_the_order_people_count() {
    let pupils =
        ["10班", "2班", "1班"].map(|class| Enrolled { school: "A", grade: Some(7), class, status: Status::Valid });
    let table = CoverageTable::of(pupils);
    let classes: Vec<_> = table.rows().iter().filter_map(|row| row.class.as_deref()).collect();
    assert_eq!(classes, ["1班", "2班", "10班"]);
}

#[cfg(feature = "frame")]
#[test]
fn the_frame_has_a_column_for_every_part() {
    let pupils = [Enrolled { school: "A", grade: None, class: "1", status: Status::Absent }];
    let frame = CoverageTable::of(pupils).to_frame().unwrap();
    assert_eq!((frame.height(), frame.width()), (4, 5 + Status::ALL.len()));
    assert_eq!(frame.column("absent").unwrap().u32().unwrap().sum(), Some(4));
}
