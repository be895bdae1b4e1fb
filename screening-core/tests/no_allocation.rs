//! The hot path of the row driver allocates nothing.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use screening_core::answers::Context;
use screening_core::instrument::Library;
use screening_core::scoring::{Scorer, Sheet};

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call is passed on to the system allocator unchanged; counting does not allocate.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's contract is the system allocator's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's contract is the system allocator's.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn scoring_into_a_buffer_does_not_allocate() {
    let library = Library::bundled().unwrap();
    for instrument in library.iter() {
        let scorer = Scorer::new(instrument).unwrap();
        let mut scores = scorer.buffer();
        let mut sheet = Sheet::blank(instrument);
        for item in &instrument.definition().items {
            let answer = match instrument.definition().options_of(item).last() {
                Some(option) => option.code.to_string(),
                None => "1".to_owned(),
            };
            // Clock items stay blank: both complete and missing answers are then met.
            let _ = sheet.set(instrument, &item.id, &answer);
        }
        scorer.score_into(&sheet, &Context::default(), &mut scores);
        let before = ALLOCATIONS.with(Cell::get);
        for _ in 0..10 {
            scorer.score_into(&sheet, &Context::default(), &mut scores);
        }
        let after = ALLOCATIONS.with(Cell::get);
        assert_eq!(after - before, 0, "{} allocated in the hot path", instrument.id());
        assert!(scores.answered() > 0);
    }
}
