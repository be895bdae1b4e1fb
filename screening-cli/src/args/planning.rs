//! Arguments of `screening simulate` and `screening evaluate`.

use std::path::PathBuf;

use clap::Args;
use screening_core::disclosure::Rule;

use super::mapping;

/// A threshold: rule, what is compared, and the threshold that is meant.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Place {
    pub(crate) rule: Option<String>,
    pub(crate) what: String,
    pub(crate) from: Option<f64>,
}

/// `screening simulate`
#[derive(Debug, Args)]
pub(crate) struct SimulateCommand {
    /// Job file, as for `screening run`. Nothing of its outputs is changed.
    pub(crate) job: PathBuf,
    /// Try this policy instead of the job's: id of a bundled one, or a file.
    #[arg(long)]
    pub(crate) policy: Option<String>,
    /// Move a threshold: `[rule:]instrument.scale[@threshold]=value`; repeat for each.
    #[arg(long, value_name = "THRESHOLD", value_parser = threshold)]
    pub(crate) set: Vec<(Place, f64)>,
    /// Try a range of thresholds of this scale alone: `instrument.scale=from:to[:step]`.
    #[arg(long, value_name = "RANGE", value_parser = sweep)]
    pub(crate) sweep: Option<(String, Vec<f64>)>,
    /// Try a range for a threshold of the policy, whose other rules stay: `[rule:]instrument.scale[@threshold]=from:to[:step]`.
    #[arg(long, value_name = "RANGE", value_parser = policy_sweep)]
    pub(crate) policy_sweep: Option<(Place, Vec<f64>)>,
    /// Stated prevalence of pupils in need, with its 95 % interval: `value[:low:high]`, for example 0.03:0.02:0.05.
    #[arg(long, value_name = "SHARE", value_parser = shares, requires = "sweep")]
    pub(crate) prevalence: Option<(f64, f64, f64)>,
    /// Counsellors' hours by school (toml, see docs/simulate.md).
    #[arg(long, value_name = "FILE")]
    pub(crate) capacity: Option<PathBuf>,
    /// Use published accuracies of this region only, for example CN.
    #[arg(long, requires = "sweep")]
    pub(crate) region: Option<String>,
    /// Small counts.
    #[command(flatten)]
    pub(crate) counts: CountArgs,
    /// Folder for the outputs.
    #[arg(short, long, default_value = "simulation")]
    pub(crate) out: PathBuf,
}

/// `screening evaluate`
#[derive(Debug, Args)]
pub(crate) struct EvaluateCommand {
    /// Job file of the wave, as for `screening run`.
    pub(crate) job: PathBuf,
    /// Interviews: a table with student_id, date, outcome and interviewer_role, and no other column.
    pub(crate) interviews: PathBuf,
    /// Evaluate this policy instead of the job's: id of a bundled one, or a file.
    #[arg(long)]
    pub(crate) policy: Option<String>,
    /// Another policy over the same wave: who changes tier, and why.
    #[arg(long, value_name = "POLICY")]
    pub(crate) against: Option<String>,
    /// Small counts.
    #[command(flatten)]
    pub(crate) counts: CountArgs,
    /// Folder for the outputs.
    #[arg(short, long, default_value = "evaluation")]
    pub(crate) out: PathBuf,
}

/// How small counts are treated.
#[derive(Debug, Args)]
pub(crate) struct CountArgs {
    /// Counts below this are not shown.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(3..))]
    pub(crate) min_cell: u32,
    /// Show every count: for the people in charge of these pupils, not for passing on.
    #[arg(long, conflicts_with = "min_cell")]
    pub(crate) exact: bool,
}

impl CountArgs {
    /// The rule of suppression that was asked for.
    pub(crate) fn rule(&self) -> Rule {
        if self.exact { Rule::exact() } else { Rule::below(self.min_cell) }
    }
}

/// Most thresholds of a range.
const MOST: usize = 200;

fn figure(text: &str) -> Result<f64, String> {
    let value: f64 = text.trim().parse().map_err(|_| format!("`{text}` is not a number"))?;
    if value.is_finite() { Ok(value) } else { Err(format!("`{text}` is not a number")) }
}

fn place(text: &str) -> Result<Place, String> {
    let (rule, rest) = match text.split_once(':') {
        Some((rule, rest)) => (Some(rule.trim().to_owned()), rest),
        None => (None, text),
    };
    let (what, from) = match rest.split_once('@') {
        Some((what, from)) => (what, Some(figure(from)?)),
        None => (rest, None),
    };
    let what = what.trim().to_owned();
    if what.is_empty() || rule.as_ref().is_some_and(String::is_empty) {
        return Err(format!("`{text}` names no threshold; write [rule:]instrument.scale[@threshold]"));
    }
    Ok(Place { rule, what, from })
}

fn threshold(text: &str) -> Result<(Place, f64), String> {
    let (left, value) = mapping(text)?;
    Ok((place(&left)?, figure(&value)?))
}

fn range(text: &str) -> Result<Vec<f64>, String> {
    let parts = text.split(':').map(figure).collect::<Result<Vec<f64>, String>>()?;
    let (from, to, step) = match parts.as_slice() {
        [from, to] => (*from, *to, 1.0),
        [from, to, step] => (*from, *to, *step),
        _ => return Err(format!("`{text}` is no range; write from:to or from:to:step")),
    };
    // Rounded to what a step of this size can be written with, so that 0.1 taken thrice is 0.3.
    let count = ((to - from) / step + 1e-9).floor();
    if step <= 0.0 || to < from || count >= MOST as f64 {
        return Err(format!("`{text}` is no range of at most {MOST} thresholds"));
    }
    Ok((0..=count as usize).map(|at| ((from + at as f64 * step) * 1e9).round() / 1e9).collect())
}

fn sweep(text: &str) -> Result<(String, Vec<f64>), String> {
    let (scale, values) = mapping(text)?;
    Ok((scale, range(&values)?))
}

fn policy_sweep(text: &str) -> Result<(Place, Vec<f64>), String> {
    let (left, values) = mapping(text)?;
    Ok((place(&left)?, range(&values)?))
}

fn shares(text: &str) -> Result<(f64, f64, f64), String> {
    let parts = text.split(':').map(figure).collect::<Result<Vec<f64>, String>>()?;
    match parts.as_slice() {
        [value] => Ok((*value, *value, *value)),
        [value, low, high] => Ok((*value, *low, *high)),
        _ => Err(format!("`{text}` is neither value nor value:low:high")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_and_ranges_are_read_or_refused() {
        let place = Place { rule: Some("r".into()), what: "phq-9.total".into(), from: Some(15.0) };
        assert_eq!(threshold("r:phq-9.total@15=12"), Ok((place, 12.0)));
        assert_eq!(sweep("gad-7.total=0:0.3:0.1").unwrap().1, [0.0, 0.1, 0.2, 0.3]);
        assert_eq!(shares("0.03").unwrap(), (0.03, 0.03, 0.03));
        for wrong in ["phq-9.total", "phq-9.total=", "phq-9.total=NaN", ":x=1", "=1", "x@=1", "x=inf"] {
            assert!(threshold(wrong).is_err(), "{wrong}");
        }
        for wrong in ["x=5", "x=5:1", "x=1:9:0", "x=1:9:-1", "x=0:1e9", "x=0:1:1e-9", "x=a:b", "x=1:2:3:4", "x=0:NaN"] {
            assert!(sweep(wrong).is_err() && policy_sweep(wrong).is_err(), "{wrong}");
        }
        assert!(shares("0.1:0.2").is_err() && shares("").is_err());
    }
}
