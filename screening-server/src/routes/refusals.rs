//! Which problems a route can have beside those of every route.

use crate::problem::ProblemKind;

/// Problems of every route that reads a body to be scored.
pub(super) const SCORING: &[ProblemKind] = &[
    ProblemKind::UnknownInstrument,
    ProblemKind::UnknownVersion,
    ProblemKind::InvalidQuery,
    ProblemKind::InvalidJson,
    ProblemKind::BrokenBody,
    ProblemKind::RequestTimeout,
    ProblemKind::BodyTooLarge,
    ProblemKind::UnsupportedMediaType,
    ProblemKind::WrongType,
    ProblemKind::UnknownKey,
    ProblemKind::MissingKey,
    ProblemKind::DuplicateKey,
    ProblemKind::ConflictingKeys,
    ProblemKind::UnknownWord,
    ProblemKind::OutOfRange,
    ProblemKind::NotADate,
    ProblemKind::ImplausibleAge,
    ProblemKind::UnknownItem,
    ProblemKind::AnswerNotAllowed,
    ProblemKind::AnswersMissing,
    ProblemKind::UnknownScale,
    ProblemKind::UnknownCutoffSet,
    ProblemKind::NotForOpenSheets,
    ProblemKind::UnknownPolicy,
    ProblemKind::PolicyNotApplicable,
    ProblemKind::PolicyNotInForce,
    ProblemKind::PolicyGrade,
    ProblemKind::UnknownNorms,
    ProblemKind::NormsNotApplicable,
    ProblemKind::NormsOtherVersion,
    ProblemKind::NormTwice,
    ProblemKind::UnknownValidityPlan,
    ProblemKind::ValidityNotApplicable,
    ProblemKind::NoSheet,
    ProblemKind::InstrumentTwice,
    ProblemKind::TooBusy,
    ProblemKind::Internal,
];

/// A stream answers faults of its lines in its lines.
pub(super) const STREAMING: &[ProblemKind] = &[
    ProblemKind::UnknownInstrument,
    ProblemKind::UnknownVersion,
    ProblemKind::InvalidQuery,
    ProblemKind::UnsupportedMediaType,
    ProblemKind::TooBusy,
    ProblemKind::Internal,
    // Of an Arrow stream only, whose columns are looked at before the answer begins.
    ProblemKind::InvalidArrow,
    ProblemKind::BatchTooLarge,
    ProblemKind::BrokenBody,
    ProblemKind::RequestTimeout,
    ProblemKind::MissingKey,
    ProblemKind::UnknownItem,
    ProblemKind::AnswersMissing,
    ProblemKind::WrongType,
];

pub(super) const NAMED: &[ProblemKind] =
    &[ProblemKind::UnknownInstrument, ProblemKind::UnknownVersion, ProblemKind::InvalidQuery];
pub(super) const NAMED_POLICY: &[ProblemKind] =
    &[ProblemKind::UnknownPolicy, ProblemKind::UnknownVersion, ProblemKind::InvalidQuery];
pub(super) const LISTED: &[ProblemKind] = &[ProblemKind::InvalidQuery];

/// Problems of a route about the store that reads a body, and others beside them.
macro_rules! form_and {
    ($($kind:ident),*) => { &[
        ProblemKind::InvalidJson, ProblemKind::BrokenBody, ProblemKind::RequestTimeout, ProblemKind::BodyTooLarge,
        ProblemKind::UnsupportedMediaType, ProblemKind::WrongType, ProblemKind::UnknownKey, ProblemKind::MissingKey,
        ProblemKind::DuplicateKey, ProblemKind::UnknownWord, ProblemKind::OutOfRange, ProblemKind::InvalidValue,
        ProblemKind::NotInScope, ProblemKind::AlreadyThere, ProblemKind::NotNow, ProblemKind::NoStore,
        ProblemKind::StoreUnavailable, ProblemKind::Internal, $(ProblemKind::$kind,)*
    ] };
}

pub(super) const FORM: &[ProblemKind] = form_and!();
pub(super) const SENSITIVE_FORM: &[ProblemKind] = form_and!(StepUpNeeded);
pub(super) const SESSION_FORM: &[ProblemKind] = form_and!(SessionNeeded);
pub(super) const STEP_UP: &[ProblemKind] = form_and!(SessionNeeded, CodeRefused, LockedOut);
pub(super) const LOG_IN: &[ProblemKind] = form_and!(LogInRefused, CodeNeeded, LockedOut);
pub(super) const SESSION: &[ProblemKind] = &[ProblemKind::SessionNeeded, ProblemKind::StepUpNeeded];
pub(super) const SENSITIVE: &[ProblemKind] = &[ProblemKind::StepUpNeeded, ProblemKind::NotInScope, ProblemKind::NotNow];
pub(super) const SUBJECT_FORM: &[ProblemKind] = form_and!(StepUpNeeded, NotADate);
pub(super) const IDENTITY: &[ProblemKind] = &[ProblemKind::NotInScope, ProblemKind::NotApproved];
pub(super) const EVIDENCE: &[ProblemKind] = &[ProblemKind::InvalidQuery, ProblemKind::InvalidValue];
pub(super) const BREACH: &[ProblemKind] = &[ProblemKind::InvalidQuery, ProblemKind::StepUpNeeded];
pub(super) const PUPIL: &[ProblemKind] = form_and!(NotADate);
pub(super) const NAMED_ROW: &[ProblemKind] = &[ProblemKind::NotInScope];

pub(super) const NAMED_LIST: &[ProblemKind] = &[ProblemKind::NotInScope, ProblemKind::InvalidQuery];
pub(super) const NAMED_STEP: &[ProblemKind] = &[ProblemKind::NotInScope, ProblemKind::NotNow];
pub(super) const SCREENING: &[ProblemKind] = form_and!(InvalidScreening);
pub(super) const RELEASED: &[ProblemKind] =
    &[ProblemKind::NotInScope, ProblemKind::NotNow, ProblemKind::InvalidScreening];
pub(super) const PUSH_ADDRESS: &[ProblemKind] = form_and!(UnknownSource, InvalidScreening);
pub(super) const PROVIDER: &[ProblemKind] = &[
    ProblemKind::NoStore,
    ProblemKind::StoreUnavailable,
    ProblemKind::NoProvider,
    ProblemKind::ProviderUnavailable,
    ProblemKind::TooBusy,
];
pub(super) const PROVIDER_RETURN: &[ProblemKind] = &[
    ProblemKind::NoStore,
    ProblemKind::StoreUnavailable,
    ProblemKind::NoProvider,
    ProblemKind::ProviderUnavailable,
    ProblemKind::LogInRefused,
];
pub(super) const BINDING: &[ProblemKind] = form_and!(StepUpNeeded, NoProvider, ConflictingKeys);
pub(super) const UNBINDING: &[ProblemKind] =
    &[ProblemKind::StepUpNeeded, ProblemKind::NotInScope, ProblemKind::NotNow, ProblemKind::NoProvider];
pub(super) const SOURCE: &[ProblemKind] = form_and!(UnknownSource, InvalidScreening, ScreeningNotOpen);
pub(super) const RETRIED: &[ProblemKind] =
    &[ProblemKind::NotInScope, ProblemKind::ScreeningNotOpen, ProblemKind::InvalidScreening];
pub(super) const WEBHOOK: &[ProblemKind] = form_and!(WebhookAddress);
pub(super) const SHEET: &[ProblemKind] = form_and!(
    InvalidId,
    ScreeningNotOpen,
    InvalidScreening,
    NotInBattery,
    NoBattery,
    SheetDiffers,
    UnknownInstrument,
    UnknownItem,
    AnswerNotAllowed,
    AnswersMissing,
    NoSheet,
    ConflictingKeys,
    NotADate,
    TooBusy
);
pub(super) const SHEET_READ: &[ProblemKind] =
    &[ProblemKind::NotInScope, ProblemKind::InvalidId, ProblemKind::InvalidScreening, ProblemKind::PolicyNotApplicable];
/// An upload is read while it comes in; what is wrong with the file is told by its job.
pub(super) const UPLOAD: &[ProblemKind] = &[
    ProblemKind::InvalidQuery,
    ProblemKind::BodyTooLarge,
    ProblemKind::BrokenBody,
    ProblemKind::RequestTimeout,
    ProblemKind::NotInScope,
];
pub(super) const UPLOAD_ANSWERS: &[ProblemKind] = &[
    ProblemKind::InvalidQuery,
    ProblemKind::BodyTooLarge,
    ProblemKind::BrokenBody,
    ProblemKind::RequestTimeout,
    ProblemKind::NotInScope,
    ProblemKind::ScreeningNotOpen,
    ProblemKind::InvalidScreening,
    ProblemKind::UnknownSource,
];
pub(super) const PUSH: &[ProblemKind] = &[
    ProblemKind::NotFound,
    ProblemKind::PushSignature,
    ProblemKind::PushUnreadable,
    ProblemKind::BodyTooLarge,
    ProblemKind::BrokenBody,
    ProblemKind::RequestTimeout,
    ProblemKind::ScreeningNotOpen,
    ProblemKind::NoStore,
    ProblemKind::StoreUnavailable,
];
