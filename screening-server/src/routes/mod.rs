//! The routes: one table from which the router and the OpenAPI document are made.

// Handlers are async, also those that wait for nothing: that is the shape of a handler.
#![allow(clippy::unused_async)]

mod accounts;
mod alerts;
mod audit;
mod batch;
mod body;
mod definitions;
mod form;
mod jobs;
mod lines;
mod operations;
mod privacy;
mod problems;
mod push;
mod query;
mod results;
mod score;
mod screenings;
mod session;
mod sheets;

use axum::Router;
use axum::routing::{MethodRouter, delete, get, patch, post, put};
use tower_http::catch_panic::CatchPanicLayer;

use crate::guard::{Access, guard};
use crate::middleware::{Caught, around};
use crate::problem::{Problem, ProblemKind};
use crate::state::App;
use crate::store::Permission;

pub(crate) use body::whole_body;
pub use problems::reference;

/// One route: where it is, what it is called in the OpenAPI document, what it can refuse, and who answers.
pub(crate) struct Route {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    /// Id of the operation in `resources/openapi.json`.
    pub(crate) operation: &'static str,
    /// Problems beside those that every route can have.
    pub(crate) problems: &'static [ProblemKind],
    /// Who may have it answered.
    pub(crate) access: Access,
    handler: fn() -> MethodRouter<App>,
}

/// Problems of every route that reads a body to be scored.
const SCORING: &[ProblemKind] = &[
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
const STREAMING: &[ProblemKind] = &[
    ProblemKind::UnknownInstrument,
    ProblemKind::UnknownVersion,
    ProblemKind::InvalidQuery,
    ProblemKind::UnsupportedMediaType,
    ProblemKind::TooBusy,
    ProblemKind::Internal,
];

const NAMED: &[ProblemKind] = &[ProblemKind::UnknownInstrument, ProblemKind::UnknownVersion, ProblemKind::InvalidQuery];
const NAMED_POLICY: &[ProblemKind] =
    &[ProblemKind::UnknownPolicy, ProblemKind::UnknownVersion, ProblemKind::InvalidQuery];
const LISTED: &[ProblemKind] = &[ProblemKind::InvalidQuery];
const INSTRUMENTS: &[ProblemKind] = &[ProblemKind::InvalidQuery];

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

const FORM: &[ProblemKind] = form_and!();
const SENSITIVE_FORM: &[ProblemKind] = form_and!(StepUpNeeded);
const SESSION_FORM: &[ProblemKind] = form_and!(SessionNeeded);
const STEP_UP: &[ProblemKind] = form_and!(SessionNeeded, CodeRefused, LockedOut);
const LOG_IN: &[ProblemKind] = form_and!(LogInRefused, CodeNeeded, LockedOut);
const SESSION: &[ProblemKind] = &[ProblemKind::SessionNeeded, ProblemKind::StepUpNeeded];
const SENSITIVE: &[ProblemKind] = &[ProblemKind::StepUpNeeded, ProblemKind::NotInScope, ProblemKind::NotNow];
const SUBJECT_FORM: &[ProblemKind] = form_and!(StepUpNeeded, NotADate);
const IDENTITY: &[ProblemKind] = &[ProblemKind::NotInScope, ProblemKind::NotApproved];
const EVIDENCE: &[ProblemKind] = &[ProblemKind::InvalidQuery, ProblemKind::InvalidValue];
const BREACH: &[ProblemKind] = &[ProblemKind::InvalidQuery, ProblemKind::StepUpNeeded];
const PUPIL: &[ProblemKind] = form_and!(NotADate);
const NAMED_ROW: &[ProblemKind] = &[ProblemKind::NotInScope];

const NAMED_LIST: &[ProblemKind] = &[ProblemKind::NotInScope, ProblemKind::InvalidQuery];
const NAMED_STEP: &[ProblemKind] = &[ProblemKind::NotInScope, ProblemKind::NotNow];
const SCREENING: &[ProblemKind] = form_and!(InvalidScreening);
const RELEASED: &[ProblemKind] = &[ProblemKind::NotInScope, ProblemKind::NotNow, ProblemKind::InvalidScreening];
const PUSH_ADDRESS: &[ProblemKind] = form_and!(UnknownSource, InvalidScreening);
const WEBHOOK: &[ProblemKind] = form_and!(WebhookAddress);
const SHEET: &[ProblemKind] = form_and!(
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
const SHEET_READ: &[ProblemKind] =
    &[ProblemKind::NotInScope, ProblemKind::InvalidId, ProblemKind::InvalidScreening, ProblemKind::PolicyNotApplicable];
/// An upload is read while it comes in; what is wrong with the file is told by its job.
const UPLOAD: &[ProblemKind] = &[
    ProblemKind::InvalidQuery,
    ProblemKind::BodyTooLarge,
    ProblemKind::BrokenBody,
    ProblemKind::RequestTimeout,
    ProblemKind::NotInScope,
];
const UPLOAD_ANSWERS: &[ProblemKind] = &[
    ProblemKind::InvalidQuery,
    ProblemKind::BodyTooLarge,
    ProblemKind::BrokenBody,
    ProblemKind::RequestTimeout,
    ProblemKind::NotInScope,
    ProblemKind::ScreeningNotOpen,
    ProblemKind::InvalidScreening,
    ProblemKind::UnknownSource,
];
const PUSH: &[ProblemKind] = &[
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

/// Every route of the server.
pub(crate) const ROUTES: &[Route] = &[
    Route {
        method: "post",
        path: "/api/v1/score/{instrument}",
        operation: "scoreSheet",
        problems: SCORING,
        access: Access::Scoring,
        handler: || post(score::one),
    },
    Route {
        method: "post",
        path: "/api/v1/score",
        operation: "scoreBattery",
        problems: SCORING,
        access: Access::Scoring,
        handler: || post(score::several),
    },
    Route {
        method: "post",
        path: "/api/v1/score/batch",
        operation: "scoreStream",
        problems: STREAMING,
        access: Access::Scoring,
        handler: || post(batch::stream),
    },
    Route {
        method: "get",
        path: "/api/v1/instruments",
        operation: "listInstruments",
        problems: INSTRUMENTS,
        access: Access::Open,
        handler: || get(definitions::instruments),
    },
    Route {
        method: "get",
        path: "/api/v1/instruments/{id}",
        operation: "getInstrument",
        problems: NAMED,
        access: Access::Open,
        handler: || get(definitions::instrument),
    },
    Route {
        method: "get",
        path: "/api/v1/policies",
        operation: "listPolicies",
        problems: LISTED,
        access: Access::Open,
        handler: || get(definitions::policies),
    },
    Route {
        method: "get",
        path: "/api/v1/policies/{id}",
        operation: "getPolicy",
        problems: NAMED_POLICY,
        access: Access::Open,
        handler: || get(definitions::policy),
    },
    Route {
        method: "get",
        path: "/api/v1/norms",
        operation: "listNorms",
        problems: LISTED,
        access: Access::Open,
        handler: || get(definitions::norms),
    },
    Route {
        method: "get",
        path: "/api/v1/validity-plans",
        operation: "listValidityPlans",
        problems: LISTED,
        access: Access::Open,
        handler: || get(definitions::plans),
    },
    Route {
        method: "post",
        path: "/api/v1/rosters",
        operation: "uploadRoster",
        problems: UPLOAD,
        access: Access::Needs(Permission::RostersWrite),
        handler: || post(jobs::roster),
    },
    Route {
        method: "get",
        path: "/api/v1/screenings",
        operation: "listScreenings",
        problems: LISTED,
        access: Access::Needs(Permission::ScreeningsRead),
        handler: || get(screenings::list),
    },
    Route {
        method: "post",
        path: "/api/v1/screenings",
        operation: "addScreening",
        problems: SCREENING,
        access: Access::Needs(Permission::ScreeningsWrite),
        handler: || post(screenings::add),
    },
    Route {
        method: "get",
        path: "/api/v1/screenings/{id}",
        operation: "getScreening",
        problems: NAMED_ROW,
        access: Access::Needs(Permission::ScreeningsRead),
        handler: || get(screenings::one),
    },
    Route {
        method: "put",
        path: "/api/v1/screenings/{id}",
        operation: "changeScreening",
        problems: SCREENING,
        access: Access::Needs(Permission::ScreeningsWrite),
        handler: || put(screenings::rewrite),
    },
    Route {
        method: "post",
        path: "/api/v1/screenings/{id}/release",
        operation: "releaseScreening",
        problems: RELEASED,
        access: Access::Needs(Permission::ScreeningsWrite),
        handler: || post(screenings::release),
    },
    Route {
        method: "post",
        path: "/api/v1/screenings/{id}/close",
        operation: "closeScreening",
        problems: RELEASED,
        access: Access::Needs(Permission::ScreeningsWrite),
        handler: || post(screenings::close),
    },
    Route {
        method: "post",
        path: "/api/v1/screenings/{id}/compute",
        operation: "computeScreening",
        problems: RELEASED,
        access: Access::Needs(Permission::ScreeningsWrite),
        handler: || post(screenings::compute),
    },
    Route {
        method: "post",
        path: "/api/v1/screenings/{id}/rescore",
        operation: "rescoreScreening",
        problems: FORM,
        access: Access::Needs(Permission::ScreeningsWrite),
        handler: || post(screenings::rescore),
    },
    Route {
        method: "post",
        path: "/api/v1/screenings/{id}/pushes",
        operation: "addPushAddress",
        problems: PUSH_ADDRESS,
        access: Access::Needs(Permission::ScreeningsWrite),
        handler: || post(screenings::push_address),
    },
    Route {
        method: "put",
        path: "/api/v1/screenings/{screening}/sheets/{sheet}",
        operation: "handInSheet",
        problems: SHEET,
        access: Access::Needs(Permission::SheetsWrite),
        handler: || put(sheets::hand_in),
    },
    Route {
        method: "get",
        path: "/api/v1/screenings/{screening}/sheets/{sheet}",
        operation: "getSheet",
        problems: SHEET_READ,
        access: Access::Needs(Permission::ResultsRead),
        handler: || get(sheets::scored),
    },
    Route {
        method: "put",
        path: "/api/v1/screenings/{screening}/sheets/{sheet}/draft",
        operation: "saveDraft",
        problems: SHEET,
        access: Access::Needs(Permission::SheetsWrite),
        handler: || put(sheets::save_draft),
    },
    Route {
        method: "get",
        path: "/api/v1/screenings/{screening}/sheets/{sheet}/draft",
        operation: "getDraft",
        problems: SHEET_READ,
        access: Access::Needs(Permission::SheetsWrite),
        handler: || get(sheets::draft),
    },
    Route {
        method: "post",
        path: "/api/v1/screenings/{id}/answers",
        operation: "uploadAnswers",
        problems: UPLOAD_ANSWERS,
        access: Access::Needs(Permission::Jobs),
        handler: || post(jobs::answers),
    },
    Route {
        method: "get",
        path: "/api/v1/screenings/{id}/results",
        operation: "listResults",
        problems: NAMED_LIST,
        access: Access::Needs(Permission::ResultsRead),
        handler: || get(results::list),
    },
    Route {
        method: "get",
        path: "/api/v1/screenings/{id}/completion",
        operation: "getCompletion",
        problems: NAMED_LIST,
        access: Access::Needs(Permission::CompletionRead),
        handler: || get(results::completion),
    },
    Route {
        method: "get",
        path: "/api/v1/screenings/{id}/inbox",
        operation: "listInbox",
        problems: NAMED_LIST,
        access: Access::Needs(Permission::Jobs),
        handler: || get(results::inbox),
    },
    Route {
        method: "get",
        path: "/api/v1/pupils/{id}/history",
        operation: "getHistory",
        problems: NAMED_ROW,
        access: Access::Needs(Permission::ResultsRead),
        handler: || get(results::history),
    },
    Route {
        method: "get",
        path: "/api/v1/alerts",
        operation: "listAlerts",
        problems: LISTED,
        access: Access::Needs(Permission::AlertsRead),
        handler: || get(alerts::list),
    },
    Route {
        method: "get",
        path: "/api/v1/alerts/stream",
        operation: "streamAlerts",
        problems: LISTED,
        access: Access::Needs(Permission::AlertsRead),
        handler: || get(alerts::stream),
    },
    Route {
        method: "get",
        path: "/api/v1/alerts/{id}",
        operation: "getAlert",
        problems: NAMED_ROW,
        access: Access::Needs(Permission::AlertsRead),
        handler: || get(alerts::one),
    },
    Route {
        method: "post",
        path: "/api/v1/alerts/{id}/acknowledge",
        operation: "acknowledgeAlert",
        problems: NAMED_STEP,
        access: Access::Needs(Permission::AlertsWrite),
        handler: || post(alerts::acknowledge),
    },
    Route {
        method: "get",
        path: "/api/v1/webhooks",
        operation: "listWebhooks",
        problems: LISTED,
        access: Access::Needs(Permission::AlertsWrite),
        handler: || get(alerts::webhooks),
    },
    Route {
        method: "post",
        path: "/api/v1/webhooks",
        operation: "addWebhook",
        problems: WEBHOOK,
        access: Access::Needs(Permission::AlertsWrite),
        handler: || post(alerts::add_webhook),
    },
    Route {
        method: "delete",
        path: "/api/v1/webhooks/{id}",
        operation: "disableWebhook",
        problems: NAMED_ROW,
        access: Access::Needs(Permission::AlertsWrite),
        handler: || delete(alerts::disable_webhook),
    },
    Route {
        method: "get",
        path: "/api/v1/webhooks/{id}/deliveries",
        operation: "listDeliveries",
        problems: NAMED_LIST,
        access: Access::Needs(Permission::AlertsWrite),
        handler: || get(alerts::deliveries),
    },
    Route {
        method: "post",
        path: "/api/v1/webhooks/{id}/replay",
        operation: "replayWebhook",
        problems: FORM,
        access: Access::Needs(Permission::AlertsWrite),
        handler: || post(alerts::replay),
    },
    Route {
        method: "get",
        path: "/api/v1/jobs",
        operation: "listJobs",
        problems: LISTED,
        access: Access::Needs(Permission::Jobs),
        handler: || get(jobs::list),
    },
    Route {
        method: "get",
        path: "/api/v1/jobs/{id}",
        operation: "getJob",
        problems: NAMED_ROW,
        access: Access::Needs(Permission::Jobs),
        handler: || get(jobs::one),
    },
    Route {
        method: "delete",
        path: "/api/v1/jobs/{id}",
        operation: "cancelJob",
        problems: NAMED_ROW,
        access: Access::Needs(Permission::Jobs),
        handler: || delete(jobs::cancel),
    },
    Route {
        method: "get",
        path: "/api/v1/jobs/{id}/stream",
        operation: "streamJob",
        problems: NAMED_ROW,
        access: Access::Needs(Permission::Jobs),
        handler: || get(jobs::stream),
    },
    Route {
        method: "get",
        path: "/api/v1/jobs/{id}/files/{name}",
        operation: "getJobFile",
        problems: NAMED_ROW,
        access: Access::Needs(Permission::Jobs),
        handler: || get(jobs::file),
    },
    Route {
        method: "post",
        path: "/api/v1/push/{platform}/{key}",
        operation: "push",
        problems: PUSH,
        access: Access::Open,
        handler: || post(push::push),
    },
    Route {
        method: "get",
        path: "/problems",
        operation: "listProblems",
        problems: &[],
        access: Access::Open,
        handler: || get(problems::list),
    },
    Route {
        method: "get",
        path: "/problems/{id}",
        operation: "getProblem",
        problems: &[ProblemKind::UnknownProblem],
        access: Access::Open,
        handler: || get(problems::one),
    },
    Route {
        method: "get",
        path: "/api/openapi.json",
        operation: "getOpenApi",
        problems: &[],
        access: Access::Open,
        handler: || get(operations::openapi),
    },
    Route {
        method: "get",
        path: "/api",
        operation: "getReference",
        problems: &[],
        access: Access::Open,
        handler: || get(operations::page),
    },
    Route {
        method: "get",
        path: "/healthz",
        operation: "getHealth",
        problems: &[],
        access: Access::Open,
        handler: || get(operations::health),
    },
    Route {
        method: "get",
        path: "/readyz",
        operation: "getReadiness",
        problems: &[ProblemKind::Stopping, ProblemKind::StoreUnavailable],
        access: Access::Open,
        handler: || get(operations::ready),
    },
    Route {
        method: "get",
        path: "/metrics",
        operation: "getMetrics",
        problems: &[],
        access: Access::Open,
        handler: || get(operations::metrics),
    },
    Route {
        method: "post",
        path: "/api/v1/setup",
        operation: "setUp",
        problems: FORM,
        access: Access::Open,
        handler: || post(session::set_up),
    },
    Route {
        method: "post",
        path: "/api/v1/session",
        operation: "logIn",
        problems: LOG_IN,
        access: Access::Open,
        handler: || post(session::log_in),
    },
    Route {
        method: "get",
        path: "/api/v1/session",
        operation: "whoAmI",
        problems: &[],
        access: Access::Known,
        handler: || get(session::who),
    },
    Route {
        method: "delete",
        path: "/api/v1/session",
        operation: "logOut",
        problems: SESSION,
        access: Access::Known,
        handler: || delete(session::log_out),
    },
    Route {
        method: "post",
        path: "/api/v1/session/step-up",
        operation: "stepUp",
        problems: STEP_UP,
        access: Access::Known,
        handler: || post(session::step_up),
    },
    Route {
        method: "post",
        path: "/api/v1/session/totp",
        operation: "prepareAuthenticator",
        problems: SESSION,
        access: Access::Known,
        handler: || post(session::totp),
    },
    Route {
        method: "post",
        path: "/api/v1/session/totp/confirmation",
        operation: "confirmAuthenticator",
        problems: SESSION_FORM,
        access: Access::Known,
        handler: || post(session::confirm_totp),
    },
    Route {
        method: "post",
        path: "/api/v1/session/password",
        operation: "changePassword",
        problems: SESSION_FORM,
        access: Access::Known,
        handler: || post(session::password),
    },
    Route {
        method: "post",
        path: "/api/v1/invitation",
        operation: "acceptInvitation",
        problems: FORM,
        access: Access::Open,
        handler: || post(session::accept),
    },
    Route {
        method: "get",
        path: "/api/v1/accounts",
        operation: "listAccounts",
        problems: LISTED,
        access: Access::Needs(Permission::Accounts),
        handler: || get(accounts::list),
    },
    Route {
        method: "post",
        path: "/api/v1/accounts",
        operation: "addAccount",
        problems: SENSITIVE_FORM,
        access: Access::Needs(Permission::Accounts),
        handler: || post(accounts::add),
    },
    Route {
        method: "patch",
        path: "/api/v1/accounts/{id}",
        operation: "changeAccount",
        problems: SENSITIVE_FORM,
        access: Access::Needs(Permission::Accounts),
        handler: || patch(accounts::change),
    },
    Route {
        method: "post",
        path: "/api/v1/accounts/{id}/invitation",
        operation: "inviteAgain",
        problems: SENSITIVE,
        access: Access::Needs(Permission::Accounts),
        handler: || post(accounts::invite),
    },
    Route {
        method: "get",
        path: "/api/v1/tokens",
        operation: "listTokens",
        problems: LISTED,
        access: Access::Needs(Permission::Tokens),
        handler: || get(accounts::list_tokens),
    },
    Route {
        method: "post",
        path: "/api/v1/tokens",
        operation: "issueToken",
        problems: SENSITIVE_FORM,
        access: Access::Needs(Permission::Tokens),
        handler: || post(accounts::issue),
    },
    Route {
        method: "delete",
        path: "/api/v1/tokens/{id}",
        operation: "revokeToken",
        problems: NAMED_ROW,
        access: Access::Needs(Permission::Tokens),
        handler: || delete(accounts::revoke),
    },
    Route {
        method: "get",
        path: "/api/v1/organisations",
        operation: "listOrganisations",
        problems: LISTED,
        access: Access::Needs(Permission::OrganisationsRead),
        handler: || get(accounts::list_organisations),
    },
    Route {
        method: "post",
        path: "/api/v1/organisations",
        operation: "addOrganisation",
        problems: FORM,
        access: Access::Needs(Permission::OrganisationsWrite),
        handler: || post(accounts::add_organisation),
    },
    Route {
        method: "patch",
        path: "/api/v1/organisations/{id}",
        operation: "changeOrganisation",
        problems: FORM,
        access: Access::Needs(Permission::OrganisationsWrite),
        handler: || patch(accounts::change_organisation),
    },
    Route {
        method: "get",
        path: "/api/v1/pupils",
        operation: "listPupils",
        problems: LISTED,
        access: Access::Needs(Permission::PupilsRead),
        handler: || get(privacy::list),
    },
    Route {
        method: "post",
        path: "/api/v1/pupils",
        operation: "enterPupil",
        problems: PUPIL,
        access: Access::Needs(Permission::RostersWrite),
        handler: || post(privacy::enter),
    },
    Route {
        method: "post",
        path: "/api/v1/pupils/{id}/departure",
        operation: "departPupil",
        problems: NAMED_ROW,
        access: Access::Needs(Permission::RostersWrite),
        handler: || post(privacy::depart),
    },
    Route {
        method: "get",
        path: "/api/v1/pupils/{id}",
        operation: "getPupil",
        problems: NAMED_ROW,
        access: Access::Needs(Permission::PupilsRead),
        handler: || get(privacy::one),
    },
    Route {
        method: "get",
        path: "/api/v1/pupils/{id}/identity",
        operation: "getIdentity",
        problems: IDENTITY,
        access: Access::Needs(Permission::IdentityRequest),
        handler: || get(privacy::identity),
    },
    Route {
        method: "get",
        path: "/api/v1/identity-requests",
        operation: "listIdentityRequests",
        problems: LISTED,
        access: Access::Needs(Permission::IdentityRequest),
        handler: || get(privacy::list_requests),
    },
    Route {
        method: "post",
        path: "/api/v1/identity-requests",
        operation: "askForIdentity",
        problems: FORM,
        access: Access::Needs(Permission::IdentityRequest),
        handler: || post(privacy::ask),
    },
    Route {
        method: "post",
        path: "/api/v1/identity-requests/{id}/decision",
        operation: "decideIdentity",
        problems: SENSITIVE_FORM,
        access: Access::Needs(Permission::IdentityApprove),
        handler: || post(privacy::decide),
    },
    Route {
        method: "get",
        path: "/api/v1/subject-requests",
        operation: "listSubjectRequests",
        problems: LISTED,
        access: Access::Needs(Permission::SubjectRequests),
        handler: || get(privacy::list_subjects),
    },
    Route {
        method: "post",
        path: "/api/v1/subject-requests",
        operation: "fileSubjectRequest",
        problems: FORM,
        access: Access::Needs(Permission::SubjectRequests),
        handler: || post(privacy::file),
    },
    Route {
        method: "post",
        path: "/api/v1/subject-requests/{id}/completion",
        operation: "completeSubjectRequest",
        problems: SUBJECT_FORM,
        access: Access::Needs(Permission::SubjectRequests),
        handler: || post(privacy::complete),
    },
    Route {
        method: "post",
        path: "/api/v1/subject-requests/{id}/refusal",
        operation: "refuseSubjectRequest",
        problems: FORM,
        access: Access::Needs(Permission::SubjectRequests),
        handler: || post(privacy::refuse),
    },
    Route {
        method: "get",
        path: "/api/v1/retention",
        operation: "listRetention",
        problems: &[],
        access: Access::Needs(Permission::Retention),
        handler: || get(privacy::rules),
    },
    Route {
        method: "put",
        path: "/api/v1/retention/{class}",
        operation: "setRetention",
        problems: SENSITIVE_FORM,
        access: Access::Needs(Permission::Retention),
        handler: || put(privacy::set_rule),
    },
    Route {
        method: "get",
        path: "/api/v1/audit",
        operation: "listAudit",
        problems: LISTED,
        access: Access::Needs(Permission::AuditRead),
        handler: || get(audit::list),
    },
    Route {
        method: "get",
        path: "/api/v1/audit/verification",
        operation: "verifyAudit",
        problems: &[],
        access: Access::Needs(Permission::AuditRead),
        handler: || get(audit::verify),
    },
    Route {
        method: "get",
        path: "/api/v1/evidence/year",
        operation: "getYear",
        problems: EVIDENCE,
        access: Access::Needs(Permission::EvidenceRead),
        handler: || get(audit::year),
    },
    Route {
        method: "get",
        path: "/api/v1/evidence/breach",
        operation: "getBreachList",
        problems: BREACH,
        access: Access::Needs(Permission::SubjectRequests),
        handler: || get(audit::breach),
    },
];

/// The whole service, and what an embedder serves beside it.
pub(crate) fn router(app: &App, beside: Router) -> Router {
    let guarded = |route: &Route| {
        let state = (app.clone(), route.access);
        (route.handler)().route_layer(axum::middleware::from_fn_with_state(state, guard))
    };
    let routes = ROUTES.iter().fold(Router::new(), |router, route| router.route(route.path, guarded(route)));
    layered(routes.merge(beside.with_state(())), app)
}

/// Routes with everything that stands around them.
fn layered(routes: Router<App>, app: &App) -> Router {
    routes
        .fallback(|| async { Problem::from(ProblemKind::NotFound) })
        .method_not_allowed_fallback(|| async { Problem::from(ProblemKind::MethodNotAllowed) })
        .layer(CatchPanicLayer::custom(Caught(app.clone())))
        .layer(axum::middleware::from_fn_with_state(app.clone(), around))
        .with_state(app.clone())
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;
    use crate::catalogue::Definitions;
    use crate::config::Limits;

    #[tokio::test]
    async fn a_defect_is_an_answer_and_is_counted() {
        let app = App::new(Definitions::load(None).unwrap(), Limits::default(), None, false);
        async fn defect() -> &'static str {
            panic!("the marker of a defect")
        }
        let service = router(&app, Router::new().route("/defect", get(defect)));
        let request = Request::get("/defect").header("accept-language", "en").body(Body::empty()).unwrap();
        let response = service.oneshot(request).await.unwrap();
        assert_eq!(response.status(), 500);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["type"], "/problems/internal");
        assert!(!body.to_string().contains("marker"), "{body}");
        assert!(app.metrics.text().contains("screening_panics_total 1"));
    }
}
