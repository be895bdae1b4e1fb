//! Many reports at once: one file a school, and all that a job asks for.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use screening_io::job::{JobReports, ReportFormat, ReportKind};

use crate::error::{ReportError, refuse};
use crate::forms::{Names, invalid_list, key_list, make_up_list};
use crate::model::Report;
use crate::render::write;
use crate::settings::Settings;
use crate::source::Results;
use crate::survey::{EvidenceWave, Survey, evidence};

/// Writes one report a school into a folder, in several formats, on all processors; gives the paths in the order of the schools.
/// `of` makes the report of the school with this name.
///
/// # Errors
/// When two schools would be written to the same file, a report cannot be made, or a file cannot be written.
pub fn write_schools(
    results: &Results,
    of: &(dyn Fn(&str) -> Result<Report, ReportError> + Sync),
    folder: &Path,
    extensions: &[&str],
) -> Result<Vec<PathBuf>, ReportError> {
    let mut used = BTreeSet::new();
    for school in results.schools() {
        if !used.insert(file_name(school).to_lowercase()) {
            return Err(refuse("same-file", &[("school", school), ("file", &file_name(school))]));
        }
    }
    let one = |school: &String| -> Result<Vec<PathBuf>, ReportError> {
        let report = of(school)?;
        let file = |extension: &&str| {
            let path = folder.join(format!("{}.{extension}", file_name(school)));
            write(&report, &path).map(|()| path)
        };
        extensions.iter().map(file).collect()
    };
    let written: Vec<Vec<PathBuf>> = results.schools().par_iter().map(one).collect::<Result<_, _>>()?;
    Ok(written.into_iter().flatten().collect())
}

/// The name of a school as the name of a file.
fn file_name(school: &str) -> String {
    let plain: String =
        school.chars().map(|sign| if sign.is_alphanumeric() || sign == '-' { sign } else { '_' }).collect();
    if plain.is_empty() { "_".to_owned() } else { plain }
}

/// Writes the reports of a job into the folder `reports` of its outputs, and gives their paths. The evidence pack comes last and
/// lists all files of the outputs, the other reports among them.
///
/// # Errors
/// When a report cannot be made or written.
pub fn write_reports(
    results: &Results,
    settings: &Settings,
    names: &Names,
    wanted: &JobReports,
    out: &Path,
) -> Result<Vec<PathBuf>, ReportError> {
    let folder = out.join("reports");
    let survey = Survey::of(results, settings)?;
    let extensions: Vec<&str> = wanted.formats.iter().copied().map(ReportFormat::extension).collect();
    let mut written = Vec::new();
    let each = |report: &Report, name: &str, extensions: &[&str], written: &mut Vec<PathBuf>| {
        extensions.iter().try_for_each(|extension| -> Result<(), ReportError> {
            let path = folder.join(format!("{name}.{extension}"));
            write(report, &path)?;
            written.push(path);
            Ok(())
        })
    };
    let list = [ReportFormat::Xlsx.extension()];
    for kind in wanted.kinds.iter().filter(|kind| **kind != ReportKind::Evidence) {
        let schools = |name: &str, of: &(dyn Fn(&str) -> Result<Report, ReportError> + Sync)| {
            write_schools(results, of, &folder.join(name), &extensions)
        };
        match kind {
            ReportKind::District => each(&survey.district()?, "district", &extensions, &mut written)?,
            ReportKind::School => written.extend(schools("schools", &|school| survey.school(school))?),
            ReportKind::Class => written.extend(schools("classes", &|school| survey.classes(school, None, None))?),
            ReportKind::Grade => written.extend(schools("grades", &|school| survey.grades(school, None))?),
            ReportKind::KeyList => each(&key_list(results, settings, names, None)?, "key-list", &list, &mut written)?,
            ReportKind::Invalid => {
                each(&invalid_list(results, settings, names, None)?, "invalid", &list, &mut written)?
            }
            ReportKind::MakeUp => each(&make_up_list(results, settings, names, None)?, "make-up", &list, &mut written)?,
            ReportKind::Evidence => {}
        }
    }
    if wanted.kinds.contains(&ReportKind::Evidence) {
        // What is written last cannot list itself, in whichever format.
        let report = evidence(&[EvidenceWave { survey: &survey, folder: out }], Some(&folder.join("evidence")))?;
        each(&report, "evidence", &extensions, &mut written)?;
    }
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_schools_become_names_of_files() {
        assert_eq!(file_name("第1小学 (东区)/a"), "第1小学__东区__a");
        assert_eq!((file_name(""), file_name("../..")), ("_".to_owned(), "_____".to_owned()));
    }
}
