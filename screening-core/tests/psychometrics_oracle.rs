//! Reliability, items, correlations, factors and clusters against psych, lavaan, semTools, polycor, survey and lme4.

mod peers;
mod psychometrics;
