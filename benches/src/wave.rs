//! A wave of 100,000 pupils with random answers.

use polars::prelude::*;
use screening_core::instrument::Library;
use screening_core::risk::Policy;
use screening_core::screening::{
    Batch, Battery, Interpretation, Licences, Pupil, ScreeningError, ScreeningInput, WaveSettings, pupils_from_frame,
    rehearse,
};

use crate::answers;

/// Pupils of the wave.
pub const PUPILS: usize = 100_000;
/// Schools of the wave.
pub const SCHOOLS: usize = 120;

/// Everything that a screening takes; 1 % of the answers are missing.
#[derive(Debug)]
pub struct Wave {
    /// The bundled definitions.
    pub library: Library,
    /// The default policy.
    pub policy: Policy,
    /// The pupils.
    pub roster: Vec<Pupil>,
    /// Their sheets.
    pub batches: Vec<Batch>,
    settings: WaveSettings,
    licences: Licences,
}

impl Wave {
    /// A wave of three grades, from `first` on, who answer these instruments.
    ///
    /// # Panics
    /// When the engine refuses what is made here, which would be a defect of this function.
    pub fn new(instruments: &[&str], first: u8) -> Self {
        Self::sized(instruments, first, PUPILS, SCHOOLS)
    }

    /// A wave of so many pupils and schools.
    ///
    /// # Panics
    /// As [`Self::new`].
    pub fn sized(instruments: &[&str], first: u8, pupils: usize, schools: usize) -> Self {
        let library = Library::bundled().expect("bundled");
        let policy = Policy::bundled("district-default").expect("bundled").expect("valid");
        let quoted: Vec<String> = instruments.iter().map(|id| format!("\"{id}\"")).collect();
        let battery = format!(
            "schema = 1\nid = \"bench\"\nversion = \"1.0.0\"\nname = {{ en = \"bench\", zh-CN = \"测试\" }}\n\
             grades = {{ from = {first}, to = {} }}\ninstruments = [{}]\n",
            first + 2,
            quoted.join(", ")
        );
        let battery = Battery::from_toml(&battery).expect("valid");
        let ids: Vec<String> = (0..pupils).map(|at| format!("{at:06}")).collect();
        let sexes: Vec<&str> = (0..pupils).map(|at| if at % 2 == 0 { "male" } else { "female" }).collect();
        let roster = df![
            "student_id" => &ids,
            "school" => (0..pupils).map(|at| format!("S{:03}", at * schools / pupils)).collect::<Vec<_>>(),
            "grade" => (0..pupils).map(|at| i32::from(first) + (at / 50 % 3) as i32).collect::<Vec<_>>(),
            "class" => (0..pupils).map(|at| format!("{}", 1 + at / 150 % 5)).collect::<Vec<_>>(),
            "sex" => sexes,
        ]
        .expect("columns of one length");
        let mut sheets = df!["student_id" => &ids].expect("one column");
        for id in instruments {
            let own = answers(library.get(id).expect("bundled"), pupils, 0.01);
            sheets.hstack_mut(own.columns()).expect("columns of one length");
        }
        let licences = instruments.iter().map(|id| ((*id).to_owned(), "synthetic answers".to_owned()));
        let mut own = Self {
            settings: WaveSettings::new("2026-autumn", policy.definition().effective.from),
            licences: Licences(licences.collect()),
            roster: pupils_from_frame(&roster).expect("a roster"),
            batches: vec![Batch { battery, sheets }],
            library,
            policy,
        };
        // Answers drawn at random look to the auditor like a wrong key; somebody accepts that.
        if let Err(ScreeningError::Audit(refusal)) = rehearse(own.input(Interpretation::default()), &[]) {
            let accept = refusal
                .findings
                .iter()
                .map(|found| format!("{} {}: drawn at random", found.finding.id, found.instrument));
            own.settings.audit.accept = accept.map(|text| text.parse().expect("an acceptance")).collect();
        }
        own
    }

    /// The wave, read against this.
    pub fn input(&self, interpretation: Interpretation) -> ScreeningInput<'_> {
        ScreeningInput {
            roster: self.roster.clone(),
            batches: self.batches.clone(),
            wave: self.settings.clone(),
            library: &self.library,
            policy: &self.policy,
            licences: self.licences.clone(),
            scoring: indexmap::IndexMap::default(),
            interpretation,
        }
    }
}
