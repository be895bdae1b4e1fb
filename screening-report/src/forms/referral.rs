//! Referral: the form that goes out with a pupil, and the one that comes back.

use super::{Names, class_of, row_of};
use crate::error::ReportError;
use crate::model::Report;
use crate::settings::Settings;
use crate::source::{Results, SEXES};
use crate::writer::Writer;

/// The referral form out and the reply form back. With a pupil the head is filled in; what was found is for the counsellor to
/// write: no score goes to another unit by itself.
///
/// # Errors
/// When there is no such pupil.
pub fn referral(
    results: &Results,
    settings: &Settings,
    names: &Names,
    pupil: Option<&str>,
) -> Result<Report, ReportError> {
    let mut w = Writer::new(settings.language, results.rule().threshold);
    let row = pupil.map(|id| row_of(results, id)).transpose()?;
    let blank = String::new;
    let head = |w: &Writer| -> [(&'static str, String, u8); 3] {
        let Some(row) = row else {
            return [
                ("form.pupil", String::new(), 1),
                ("form.sex", String::new(), 1),
                ("form.school-class", String::new(), 1),
            ];
        };
        let pupils = &results.pupils;
        let id = pupils.ids.get(row).map_or("", String::as_str);
        let school =
            pupils.school.get(row).and_then(|at| pupils.schools.get(*at as usize)).cloned().unwrap_or_default();
        let sex = pupils.sex.get(row).map_or(3, |sex| usize::from(*sex).min(SEXES.len()));
        [
            ("form.pupil", format!("{} {}", names.name(id), names.id(id)).trim().to_owned(), 1),
            ("form.sex", w.say(&format!("group.sex-{sex}"), &[]), 1),
            ("form.school-class", format!("{school} {}", class_of(results, w, row)), 1),
        ]
    };
    w.section(w.say("referral.out", &[]), 1, false);
    w.paragraph("referral.out-intro", &[]);
    let fields = head(&w);
    w.form(&fields);
    w.form(&[
        ("form.seen", blank(), 4),
        ("form.done-so-far", blank(), 3),
        ("form.wishes", blank(), 2),
        ("form.to-unit", blank(), 1),
        ("form.consent-basis", w.say("referral.consent-choices", &[]), 1),
        ("form.parent-signature", blank(), 1),
        ("form.counsellor-signature", blank(), 1),
        ("form.school-contact", blank(), 1),
    ]);
    w.note("referral.emergency", &[]);
    w.section(w.say("referral.back", &[]), 1, true);
    w.paragraph("referral.back-intro", &[]);
    let fields = head(&w);
    w.form(&fields);
    w.form(&[
        ("form.visit-day", blank(), 1),
        ("form.visit-unit", blank(), 1),
        ("form.told-by", w.say("referral.told-by-choices", &[]), 1),
        ("form.unit-opinion", blank(), 3),
        ("form.unit-advice", blank(), 3),
        ("form.at-school", w.say("referral.at-school-choices", &[]), 1),
        ("form.return-assessment", blank(), 2),
        ("form.unit-signature", blank(), 1),
    ]);
    let title = w.say("title.referral", &[]);
    let below = vec![w.say("title.wave", &[("wave", results.wave())])];
    Ok(w.finish(title, below, "notice.referral", false))
}
