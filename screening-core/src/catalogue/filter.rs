//! Which instruments are asked for.

use serde::Serialize;

use crate::instrument::{Definition, Evidence, Informant, Instrument, LicenceStatus, Span};

/// What an instrument must be; what is left out does not matter.
///
/// ```
/// use screening_core::catalogue::Filter;
/// use screening_core::instrument::Library;
/// let library = Library::bundled()?;
/// let filter = Filter { construct: Some("anxiety".to_owned()), grade: Some(8), ..Filter::default() };
/// assert!(library.iter().any(|instrument| instrument.id() == "gad-7" && filter.matches(instrument)));
/// assert!(!library.iter().any(|instrument| instrument.id() == "psqi" && filter.matches(instrument)));
/// # Ok::<(), screening_core::instrument::LibraryError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// One of its constructs.
    pub construct: Option<String>,
    /// An age in completed years that it is made for.
    pub age: Option<u16>,
    /// A school grade that it can be used in, see [`fit`].
    pub grade: Option<u8>,
    /// Who answers.
    pub informant: Option<Informant>,
    /// A language in which a form with published scoring exists.
    pub language: Option<String>,
    /// Licence.
    pub licence: Option<LicenceStatus>,
    /// How well it is established.
    pub evidence: Option<Evidence>,
}

impl Filter {
    /// Whether an instrument is what was asked for.
    pub fn matches(&self, instrument: &Instrument) -> bool {
        let d = instrument.definition();
        let is = |wanted: &Option<String>, list: &[String]| {
            wanted.as_ref().is_none_or(|wanted| list.iter().any(|word| word.eq_ignore_ascii_case(wanted)))
        };
        is(&self.construct, &d.construct)
            && is(&self.language, &d.languages)
            && self.age.is_none_or(|age| d.ages.is_some_and(|ages| ages.contains(age)))
            && self.grade.is_none_or(|grade| matches!(fit(d, grade), Fit::Whole | Fit::Part))
            && self.informant.is_none_or(|informant| informant == d.informant)
            && self.licence.is_none_or(|licence| licence == d.licence.status)
            && self.evidence.is_none_or(|evidence| evidence == d.evidence)
    }
}

/// How an instrument fits a grade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fit {
    /// Made or commonly used for this grade, or for all ages of it.
    Whole,
    /// The ages fit in part, or fit while other grades are stated.
    Part,
    /// The file states neither ages nor grades.
    Unstated,
    /// Made for other ages.
    Outside,
}

/// Ages in completed years of a Chinese school grade: children enter grade 1 at six by the end of August.
///
/// ```
/// let seventh = screening_core::catalogue::grade_ages(7);
/// assert_eq!((seventh.from, seventh.to), (12, 13));
/// ```
pub fn grade_ages(grade: u8) -> Span {
    let grade = u16::from(grade);
    Span { from: grade + 5, to: grade + 6 }
}

/// How an instrument fits a grade, by its stated grades and ages.
///
/// ```
/// use screening_core::catalogue::{Fit, fit};
/// use screening_core::instrument::Library;
/// let library = Library::bundled()?;
/// let phq = library.get("phq-9").expect("bundled");
/// assert_eq!(fit(phq.definition(), 8), Fit::Whole);
/// # Ok::<(), screening_core::instrument::LibraryError>(())
/// ```
pub fn fit(definition: &Definition, grade: u8) -> Fit {
    if definition.grades.is_some_and(|grades| grades.contains(u16::from(grade))) {
        return Fit::Whole;
    }
    let ages = grade_ages(grade);
    let inside = definition.ages.map(|span| [ages.from, ages.to].iter().filter(|age| span.contains(**age)).count());
    match (inside, definition.grades) {
        (None, None) => Fit::Unstated,
        (Some(2), None) => Fit::Whole,
        (Some(1..), _) => Fit::Part,
        (Some(_) | None, _) => Fit::Outside,
    }
}

/// Minutes to answer, and whether that is an estimate: where no time is published, six short questions a minute.
///
/// ```
/// use screening_core::catalogue::minutes;
/// use screening_core::instrument::Library;
/// let library = Library::bundled()?;
/// let (minutes, _) = minutes(library.get("mht").expect("bundled").definition());
/// assert!((10..=40).contains(&minutes));
/// # Ok::<(), screening_core::instrument::LibraryError>(())
/// ```
pub fn minutes(definition: &Definition) -> (u32, bool) {
    let estimate = (definition.items.len() as u32).div_ceil(6).max(1);
    definition.minutes.map_or((estimate, true), |stated| (stated, false))
}

/// Whether cut-offs, norms, means or an accuracy of a region are in the definition, for example `CN`.
///
/// ```
/// use screening_core::catalogue::has_data_of;
/// use screening_core::instrument::Library;
/// let library = Library::bundled()?;
/// assert!(!has_data_of(library.get("promis-depression-8a").expect("bundled").definition(), "CN"));
/// # Ok::<(), screening_core::instrument::LibraryError>(())
/// ```
pub fn has_data_of(definition: &Definition, region: &str) -> bool {
    let is = |own: &Option<String>| own.as_deref() == Some(region);
    definition.cutoffs.iter().any(|set| is(&set.region))
        || definition.norms.values().any(|norm| is(&norm.region))
        || definition.reference.iter().any(|reference| is(&reference.region))
        || definition.accuracy.iter().any(|accuracy| is(&accuracy.region))
}
