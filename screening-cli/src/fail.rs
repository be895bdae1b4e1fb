//! How a refusal is told.

use screening_core::instrument::Language;

use crate::commands::Context;

/// Something was refused.
pub(crate) enum Failure {
    /// Findings on a definition were already printed.
    Told,
    /// A plain message.
    Message(String),
    /// A refused input, told in two languages.
    Input(screening_io::IoError),
    /// Answers that the auditor does not let pass, told in two languages.
    Audit(Box<screening_core::screening::AuditRefusal>),
    /// A report that is refused, told in two languages.
    Report(screening_report::ReportError),
}

impl Failure {
    /// From anything that explains itself.
    pub(crate) fn from_error(error: impl std::fmt::Display) -> Self {
        Self::Message(error.to_string())
    }

    /// Prints it on standard error, as JSON when asked for.
    pub(crate) fn print(&self, context: &Context) {
        let text = match self {
            Self::Told => return,
            Self::Message(message) => message.clone(),
            Self::Input(error) => error.render(context.language),
            Self::Audit(refusal) => refusal.render(context.language),
            Self::Report(error) => error.render(context.language),
        };
        if context.json {
            eprintln!("{}", serde_json::json!({ "error": text }));
        } else {
            let word = if context.language == Language::ZhCn {
                crate::texts::text("refused").zh_cn.clone()
            } else {
                crate::texts::text("refused").en.clone()
            };
            eprintln!("{word}: {text}");
        }
    }
}

impl From<screening_io::job::JobError> for Failure {
    fn from(error: screening_io::job::JobError) -> Self {
        use screening_core::screening::ScreeningError;
        match error {
            screening_io::job::JobError::Input(error) => Self::Input(error),
            screening_io::job::JobError::Screening(ScreeningError::Audit(refusal)) => Self::Audit(refusal),
            other => Self::Message(other.to_string()),
        }
    }
}

impl From<screening_io::IoError> for Failure {
    fn from(error: screening_io::IoError) -> Self {
        Self::Input(error)
    }
}

impl From<screening_report::ReportError> for Failure {
    fn from(error: screening_report::ReportError) -> Self {
        Self::Report(error)
    }
}
