//! Filters over the library and proposals of a battery.

use screening_core::catalogue::{Filter, Fit, RecommendError, WhyUncovered, Wish, construct_name, fit, recommend};
use screening_core::instrument::{Evidence, Informant, Instrument, Language, Library, LicenceStatus};

fn library() -> Library {
    Library::bundled().unwrap_or_else(|error| panic!("{error}"))
}

fn wish(grade: u8, constructs: &[&str], minutes: u32) -> Wish {
    let constructs = constructs.iter().map(|&construct| construct.to_owned()).collect();
    Wish { grade, constructs, minutes, informant: Informant::SelfReport, with: Vec::new() }
}

#[test]
fn a_filter_keeps_what_meets_every_part_and_nothing_else() {
    let library = library();
    let filter = Filter {
        construct: Some("depression".to_owned()),
        grade: Some(8),
        informant: Some(Informant::SelfReport),
        licence: Some(LicenceStatus::Free),
        evidence: Some(Evidence::High),
        language: Some("zh-CN".to_owned()),
        age: Some(14),
    };
    let found: Vec<&str> = library.iter().filter(|i| filter.matches(i)).map(Instrument::id).collect();
    assert!(found.contains(&"phq-9"), "{found:?}");
    for instrument in library.iter().filter(|i| filter.matches(i)) {
        let d = instrument.definition();
        assert!(d.construct.iter().any(|word| word == "depression") && d.ages.is_some_and(|ages| ages.contains(14)));
        assert!(d.evidence == Evidence::High && d.licence.status == LicenceStatus::Free);
        assert!(d.languages.iter().any(|language| language == "zh-CN") && fit(d, 8) <= Fit::Part);
    }
    // Each part alone takes something away.
    let all = library.iter().count();
    for one in [
        Filter { construct: filter.construct.clone(), ..Filter::default() },
        Filter { grade: Some(8), ..Filter::default() },
        Filter { informant: Some(Informant::Teacher), ..Filter::default() },
        Filter { licence: Some(LicenceStatus::Free), ..Filter::default() },
        Filter { evidence: Some(Evidence::Medium), ..Filter::default() },
        Filter { language: filter.language.clone(), ..Filter::default() },
        Filter { age: Some(6), ..Filter::default() },
    ] {
        let kept = library.iter().filter(|i| one.matches(i)).count();
        assert!(kept > 0 && kept < all, "{one:?} keeps {kept} of {all}");
    }
}

#[test]
fn a_proposal_covers_what_was_asked_in_time_and_never_leaves_the_age() {
    let library = library();
    for grade in 4..=12 {
        let wish = wish(grade, &["depression", "anxiety", "sleep"], 25);
        let proposal = recommend(&library, &wish).unwrap_or_else(|error| panic!("{error}"));
        assert!(proposal.minutes <= 25);
        assert_eq!(proposal.minutes, proposal.instruments.iter().map(|one| one.minutes).sum::<u32>());
        for construct in &wish.constructs {
            let covered = proposal.instruments.iter().any(|one| one.covers.contains(construct));
            let told = proposal.uncovered.iter().any(|one| one.construct == *construct);
            assert!(covered != told, "grade {grade}: {construct} must be covered or told");
        }
        for one in &proposal.instruments {
            let definition = library.get(&one.id).map_or_else(|| panic!("{}", one.id), Instrument::definition);
            assert!(fit(definition, grade) <= Fit::Part, "grade {grade}: {} is out of age", one.id);
        }
    }
}

#[test]
fn what_cannot_be_proposed_is_refused_or_told_with_its_reason() {
    let library = library();
    let out_of_age = Wish { with: Vec::new(), ..wish(1, &[], 60) };
    let refused = recommend(&library, &Wish { with: vec!["bhs".to_owned()], ..out_of_age.clone() });
    assert!(matches!(refused, Err(RecommendError::OutOfAge { ref id, grade: 1, .. }) if id == "bhs"), "{refused:?}");
    assert!(matches!(recommend(&library, &wish(13, &["depression"], 20)), Err(RecommendError::Grade(13))));
    let unknown = recommend(&library, &wish(7, &["happines"], 20));
    assert!(matches!(unknown, Err(RecommendError::Construct { ref known, .. }) if known.contains("depression")));
    let missing = recommend(&library, &Wish { with: vec!["no-such".to_owned()], ..wish(7, &["depression"], 20) });
    assert!(matches!(missing, Err(RecommendError::Instrument(_))));
    let long = recommend(&library, &Wish { with: vec!["mht".to_owned()], ..wish(7, &["anxiety"], 5) });
    assert!(matches!(long, Err(RecommendError::Time { .. })), "{long:?}");
    let short = recommend(&library, &wish(7, &["personality"], 1)).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(short.uncovered.first().map(|one| one.why), Some(WhyUncovered::NoTime));
}

#[test]
fn every_construct_of_the_library_has_a_name_in_both_languages() {
    for instrument in library().iter() {
        for construct in &instrument.definition().construct {
            let name = construct_name(construct);
            assert!(
                name.get(Language::ZhCn) != construct.as_str(),
                "{}: `{construct}` is not in instruments/vocabulary/constructs.toml",
                instrument.id()
            );
        }
    }
}
