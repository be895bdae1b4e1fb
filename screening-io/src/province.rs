//! A synthetic province: district after district is drawn, screened and tallied; only what adds up is kept.
//!
//! The time grows with the number of pupils, memory with the size of a district and not with their number. A run that was
//! stopped goes on with the next district.

use std::path::{Path, PathBuf};

use screening_core::instrument::model::Definition;
use screening_core::instrument::{Instrument, Library};
use screening_core::tally::{TallyError, WaveTally};

use crate::example::{AnswerForm, ExampleError, ExampleParams, generate};
use crate::job::{JobError, run_job};
use crate::output::{MergedPart, read_tally, write_merged, write_text};
use crate::{IoError, Place, Problem};

/// What province to make, and where.
#[derive(Debug, Clone)]
pub struct ProvinceParams {
    /// Pupils of all districts.
    pub pupils: u64,
    /// Pupils of a district, at most; the districts are about equal.
    pub district_pupils: u64,
    /// Seed of all random draws.
    pub seed: u64,
    /// Folder to write into; it is made when missing.
    pub out: PathBuf,
}

/// How far the work has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProvinceProgress {
    /// Districts done.
    pub done: u64,
    /// Districts in all.
    pub districts: u64,
    /// Pupils of the districts that are done.
    pub pupils: u64,
}

/// Why a province could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProvinceError {
    /// A district has too few pupils for its schools, or a file cannot be written.
    #[error(transparent)]
    Example(#[from] ExampleError),
    /// A district cannot be screened.
    #[error(transparent)]
    Job(#[from] JobError),
    /// A district cannot be tallied, or put together with the others.
    #[error(transparent)]
    Tally(#[from] TallyError),
    /// A file cannot be read or written.
    #[error(transparent)]
    Io(#[from] IoError),
    /// The districts would be empty.
    #[error(
        "{pupils} pupils cannot be put into districts of at most {district_pupils}; give at least one pupil a district"
    )]
    Size {
        /// Pupils.
        pupils: u64,
        /// Pupils of a district.
        district_pupils: u64,
    },
}

/// Draws, screens and tallies a province, and writes what its districts give together ([`write_merged`]) into `params.out`.
/// The tally of each district stands in `districts/`; those that are there already are kept.
///
/// # Errors
/// When a district cannot be made, screened or written, or an earlier run into the folder had another policy or program.
pub fn province(
    params: &ProvinceParams,
    library: &Library,
    progress: &dyn Fn(ProvinceProgress),
) -> Result<(WaveTally, Vec<PathBuf>), ProvinceError> {
    let ProvinceParams { pupils, district_pupils, .. } = *params;
    if pupils == 0 || district_pupils == 0 {
        return Err(ProvinceError::Size { pupils, district_pupils });
    }
    let districts = pupils.div_ceil(district_pupils);
    let folder = params.out.join("districts");
    make(&folder)?;
    let (mut whole, mut parts, mut seen): (Option<WaveTally>, Vec<MergedPart>, u64) = (None, Vec::new(), 0);
    let digits = districts.to_string().len();
    for number in 1..=districts {
        let name = format!("{number:0digits$}");
        let file = folder.join(format!("{name}.json"));
        if !file.is_file() {
            let own = pupils / districts + u64::from(number <= pupils % districts);
            let tally = one(params, library, &name, own)?;
            write_text(&file, &serde_json::to_string(&tally).map_err(|cause| unwritable(&file, cause))?)?;
        }
        // Read back, also where it was just made: what is put together is what stands in the files.
        let (tally, part) = read_tally(&file)?;
        seen += tally.pupils();
        match &mut whole {
            Some(whole) => whole.merge(&tally)?,
            None => whole = Some(tally),
        }
        parts.push(part);
        progress(ProvinceProgress { done: number, districts, pupils: seen });
    }
    let Some(whole) = whole else { return Err(ProvinceError::Size { pupils, district_pupils }) };
    let written = write_merged(&params.out, &whole, &parts)?;
    Ok((whole, written))
}

/// Draws and screens one district, and leaves nothing of it but its tally.
fn one(params: &ProvinceParams, library: &Library, name: &str, pupils: u64) -> Result<WaveTally, ProvinceError> {
    let folder = params.out.join(format!(".district-{name}"));
    make(&folder)?;
    let emptied = Emptied(&folder);
    let number: u64 = name.parse().unwrap_or(0);
    let example = ExampleParams {
        waves: 1,
        district: Some(name.to_owned()),
        answers: AnswerForm::Tables,
        ..ExampleParams::new(&folder, pupils, params.seed.wrapping_add(number))
    };
    let lookup = |id: &str| -> Option<&Definition> { library.get(id).map(Instrument::definition) };
    generate(&example, &lookup, &|_| {})?;
    let done = run_job(&folder.join("screening.toml"), false, &|_| {})?;
    let tally = WaveTally::of(&done.screening, &done.policy)?;
    drop(emptied);
    Ok(tally)
}

/// Removes a folder of sheets, whatever happens.
struct Emptied<'a>(&'a Path);

impl Drop for Emptied<'_> {
    fn drop(&mut self) {
        // What stays behind is replaced by the next run.
        let _ = std::fs::remove_dir_all(self.0);
    }
}

fn make(folder: &Path) -> Result<(), IoError> {
    let place = || Place::file(folder.display().to_string());
    std::fs::create_dir_all(folder).map_err(|cause| Problem::new("output-folder", place()).with("cause", cause).into())
}

fn unwritable(path: &Path, cause: serde_json::Error) -> IoError {
    Problem::new("output-unwritable", Place::file(path.display().to_string())).with("cause", cause).into()
}
