//! A seeded writer of survey exports, one function a platform. Written from descriptions of the platforms' files and
//! sharing nothing with the readers.

#![allow(dead_code)]

pub(crate) mod files;
pub(crate) mod platforms;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use screening_core::instrument::Definition;
use screening_io::Coding;

/// Options of an instrument: code, Chinese and English label.
pub(crate) type Options = [(i8, &'static str, &'static str)];

/// One instrument of a form, with the truth.
pub(crate) struct Asked<'a> {
    pub(crate) definition: &'a Definition,
    pub(crate) options: &'a Options,
    /// By sheet and item; `None` is skipped.
    pub(crate) codes: Vec<Vec<Option<i8>>>,
}

/// What pupils answered.
pub(crate) struct Wave<'a> {
    pub(crate) ids: Vec<String>,
    pub(crate) classes: Vec<String>,
    /// Day and time of submission.
    pub(crate) times: Vec<[u32; 6]>,
    pub(crate) seconds: Vec<u32>,
    pub(crate) asked: Vec<Asked<'a>>,
}

impl<'a> Wave<'a> {
    /// `sheets` sheets with random answers; about one answer in `skips` is left out (0 = none).
    pub(crate) fn draw(seed: u64, sheets: usize, skips: u32, forms: &[(&'a Definition, &'a Options)]) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut wave = Wave {
            ids: (0..sheets).map(|n| format!("2024{:05}", n * 7 + 11)).collect(),
            classes: (0..sheets).map(|n| format!("初一{}班", n % 3 + 1)).collect(),
            times: Vec::new(),
            seconds: Vec::new(),
            asked: Vec::new(),
        };
        for _ in 0..sheets {
            let [day, hour, minute, second] = [28, 10, 60, 60].map(|limit| random.random_range(0..limit));
            wave.times.push([2026, 9, day + 1, hour + 8, minute, second]);
            wave.seconds.push(random.random_range(40..900));
        }
        for (definition, options) in forms {
            let codes = (0..sheets)
                .map(|_| {
                    let one = |_| {
                        let skipped = skips > 0 && random.random_range(0..skips) == 0;
                        let option = options[random.random_range(0..options.len())].0;
                        (!skipped).then_some(option)
                    };
                    (0..definition.items.len()).map(one).collect()
                })
                .collect();
            wave.asked.push(Asked { definition, options, codes });
        }
        wave
    }

    /// Hides about one question in `every` from the pupils, as skip logic does.
    pub(crate) fn hide(mut self, every: usize) -> Self {
        let codes = self.asked.iter_mut().flat_map(|asked| asked.codes.iter_mut().flatten());
        codes.step_by(every).for_each(|code| *code = Some(NOT_SHOWN));
        self
    }

    pub(crate) fn sheets(&self) -> usize {
        self.ids.len()
    }

    /// `2026<mark>09<mark>03 12:00:00`
    pub(crate) fn time(&self, sheet: usize, mark: char) -> String {
        let [year, month, day, hour, minute, second] = self.times[sheet];
        format!("{year}{mark}{month:02}{mark}{day:02} {hour:02}:{minute:02}:{second:02}")
    }

    /// The same time some seconds earlier.
    pub(crate) fn begun(&self, sheet: usize, mark: char) -> String {
        let [year, month, day, hour, minute, second] = self.times[sheet];
        let at = hour * 3600 + minute * 60 + second - self.seconds[sheet];
        format!("{year}{mark}{month:02}{mark}{day:02} {:02}:{:02}:{:02}", at / 3600, at / 60 % 60, at % 60)
    }

    /// All answers of a sheet, one instrument after the other.
    pub(crate) fn answers(
        &self,
        sheet: usize,
        coding: Coding,
        write: impl Fn(&str) -> String,
        skipped: &str,
    ) -> Vec<String> {
        let mut out = Vec::new();
        for asked in &self.asked {
            for code in &asked.codes[sheet] {
                out.push(code.map_or(skipped.to_owned(), |code| answer(asked.options, code, coding, &write)));
            }
        }
        out
    }
}

/// The engine's code for a question that was not shown.
const NOT_SHOWN: i8 = -126;

/// An answer in a coding; `write` decorates the text of an option. For a question that was not shown, what Wenjuanxing
/// writes.
pub(crate) fn answer(options: &Options, code: i8, coding: Coding, write: impl Fn(&str) -> String) -> String {
    if code == NOT_SHOWN {
        return if coding == Coding::Text { "(跳过)" } else { "-3" }.to_owned();
    }
    let at = options.iter().position(|option| option.0 == code).expect("a code of the options");
    match coding {
        Coding::Text => write(options[at].1),
        Coding::Ordinal => (at + 1).to_string(),
        Coding::Score => code.to_string(),
    }
}
