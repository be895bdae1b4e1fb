//! Why change cannot be told.

/// Why an index, or a whole comparison, is refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ChangeError {
    /// A figure that the index rests on lies outside what it is defined for.
    #[error("{index}: `{parameter}` is {value}, but {allowed} is needed")]
    Parameter {
        /// Index.
        index: &'static str,
        /// Parameter.
        parameter: &'static str,
        /// Value given.
        value: f64,
        /// What would be allowed.
        allowed: &'static str,
    },
    /// A comparison needs two waves.
    #[error("{0} wave(s) were given; give the results of two or more, the earliest first")]
    FewWaves(usize),
    /// Two waves have the same id.
    #[error("the wave `{0}` was given twice; give each wave once")]
    SameWave(String),
    /// Waves are not in the order of time.
    #[error("wave `{later}` of {later_date} stands before wave `{earlier}` of {earlier_date}; give the earliest first")]
    Order {
        /// The wave given first.
        later: String,
        /// Its day.
        later_date: jiff::civil::Date,
        /// The wave given after it.
        earlier: String,
        /// Its day.
        earlier_date: jiff::civil::Date,
    },
    /// A column is not there.
    #[error("wave `{wave}`: there is no column `{column}`; give results as `screening run` writes them")]
    NoColumn {
        /// Wave.
        wave: String,
        /// Column.
        column: String,
    },
    /// A row without student id.
    #[error("wave `{wave}`, row {row}: there is no student id, so the pupil cannot be found again; fill it in")]
    NoStudent {
        /// Wave.
        wave: String,
        /// Row, from 1.
        row: usize,
    },
    /// A pupil stands twice in a wave.
    #[error("wave `{wave}`, row {row}: pupil `{student}` stands there a second time; keep one row a pupil")]
    Duplicate {
        /// Wave.
        wave: String,
        /// Row, from 1.
        row: usize,
        /// Student id.
        student: String,
    },
    /// Polars could not read or build a frame.
    #[error("{0}")]
    Frame(String),
}

impl ChangeError {
    pub(super) fn parameter(index: &'static str, parameter: &'static str, value: f64, allowed: &'static str) -> Self {
        Self::Parameter { index, parameter, value, allowed }
    }
}

#[cfg(feature = "frame")]
impl From<polars::prelude::PolarsError> for ChangeError {
    fn from(error: polars::prelude::PolarsError) -> Self {
        Self::Frame(error.to_string())
    }
}

/// A standard deviation that can divide.
pub(super) fn spread(index: &'static str, parameter: &'static str, sd: f64) -> Result<f64, ChangeError> {
    if sd.is_finite() && sd > 0.0 {
        Ok(sd)
    } else {
        Err(ChangeError::parameter(index, parameter, sd, "a positive standard deviation"))
    }
}

/// A reliability below 1: with 1 every difference would be certain.
pub(super) fn reliability(index: &'static str, parameter: &'static str, value: f64) -> Result<f64, ChangeError> {
    if value > 0.0 && value < 1.0 {
        Ok(value)
    } else {
        Err(ChangeError::parameter(index, parameter, value, "a reliability above 0 and below 1"))
    }
}
