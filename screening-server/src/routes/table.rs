//! The table of routes.

use super::refusals::{
    BINDING, BREACH, EVIDENCE, FORM, IDENTITY, LISTED, LOG_IN, NAMED, NAMED_LIST, NAMED_POLICY, NAMED_ROW, NAMED_STEP,
    PROVIDER, PROVIDER_RETURN, PUPIL, PUSH, PUSH_ADDRESS, RELEASED, RETRIED, SCORING, SCREENING, SENSITIVE,
    SENSITIVE_FORM, SESSION, SESSION_FORM, SHEET, SHEET_READ, SOURCE, STEP_UP, STREAMING, SUBJECT_FORM, UNBINDING,
    UPLOAD, UPLOAD_ANSWERS, WEBHOOK,
};
use super::{
    Route, accounts, alerts, audit, batch, definitions, jobs, operations, privacy, problems, provider, push, results,
    score, screenings, session, sheets,
};
use crate::guard::Access::{Known, Needs, Open, Scoring};
use crate::problem::ProblemKind;
use crate::store::Permission;

/// A route; its method stands once, for the router and for the document.
macro_rules! route {
    ($method:ident, $path:literal, $operation:literal, $problems:expr, $access:expr, $handler:path) => {
        Route {
            method: stringify!($method),
            path: $path,
            operation: $operation,
            problems: $problems,
            access: $access,
            handler: || axum::routing::$method($handler),
        }
    };
}

/// Every route of the server.
pub(crate) const ROUTES: &[Route] = &[
    route!(post, "/api/v1/score/{instrument}", "scoreSheet", SCORING, Scoring, score::one),
    route!(post, "/api/v1/score", "scoreBattery", SCORING, Scoring, score::several),
    route!(post, "/api/v1/score/batch", "scoreStream", STREAMING, Scoring, batch::stream),
    route!(get, "/api/v1/instruments", "listInstruments", LISTED, Open, definitions::instruments),
    route!(get, "/api/v1/instruments/{id}", "getInstrument", NAMED, Open, definitions::instrument),
    route!(get, "/api/v1/policies", "listPolicies", LISTED, Open, definitions::policies),
    route!(get, "/api/v1/policies/{id}", "getPolicy", NAMED_POLICY, Open, definitions::policy),
    route!(get, "/api/v1/norms", "listNorms", LISTED, Open, definitions::norms),
    route!(get, "/api/v1/validity-plans", "listValidityPlans", LISTED, Open, definitions::plans),
    route!(post, "/api/v1/rosters", "uploadRoster", UPLOAD, Needs(Permission::RostersWrite), jobs::roster),
    route!(get, "/api/v1/screenings", "listScreenings", LISTED, Needs(Permission::ScreeningsRead), screenings::list),
    route!(post, "/api/v1/screenings", "addScreening", SCREENING, Needs(Permission::ScreeningsWrite), screenings::add),
    route!(
        get,
        "/api/v1/screenings/{id}",
        "getScreening",
        NAMED_ROW,
        Needs(Permission::ScreeningsRead),
        screenings::one
    ),
    route!(
        put,
        "/api/v1/screenings/{id}",
        "changeScreening",
        SCREENING,
        Needs(Permission::ScreeningsWrite),
        screenings::rewrite
    ),
    route!(
        post,
        "/api/v1/screenings/{id}/release",
        "releaseScreening",
        RELEASED,
        Needs(Permission::ScreeningsWrite),
        screenings::release
    ),
    route!(
        post,
        "/api/v1/screenings/{id}/close",
        "closeScreening",
        RELEASED,
        Needs(Permission::ScreeningsWrite),
        screenings::close
    ),
    route!(
        post,
        "/api/v1/screenings/{id}/compute",
        "computeScreening",
        RELEASED,
        Needs(Permission::ScreeningsWrite),
        screenings::compute
    ),
    route!(
        post,
        "/api/v1/screenings/{id}/rescore",
        "rescoreScreening",
        FORM,
        Needs(Permission::ScreeningsWrite),
        screenings::rescore
    ),
    route!(
        post,
        "/api/v1/screenings/{id}/pushes",
        "addPushAddress",
        PUSH_ADDRESS,
        Needs(Permission::ScreeningsWrite),
        screenings::push_address
    ),
    route!(
        put,
        "/api/v1/screenings/{screening}/sources/{source}",
        "changeSource",
        SOURCE,
        Needs(Permission::ScreeningsWrite),
        screenings::change_source
    ),
    route!(
        post,
        "/api/v1/screenings/{id}/inbox/retry",
        "retryInbox",
        RETRIED,
        Needs(Permission::ScreeningsWrite),
        screenings::retry_inbox
    ),
    route!(
        put,
        "/api/v1/screenings/{screening}/sheets/{sheet}",
        "handInSheet",
        SHEET,
        Needs(Permission::SheetsWrite),
        sheets::hand_in
    ),
    route!(
        get,
        "/api/v1/screenings/{screening}/sheets/{sheet}",
        "getSheet",
        SHEET_READ,
        Needs(Permission::ResultsRead),
        sheets::scored
    ),
    route!(
        put,
        "/api/v1/screenings/{screening}/sheets/{sheet}/draft",
        "saveDraft",
        SHEET,
        Needs(Permission::SheetsWrite),
        sheets::save_draft
    ),
    route!(
        get,
        "/api/v1/screenings/{screening}/sheets/{sheet}/draft",
        "getDraft",
        SHEET_READ,
        Needs(Permission::SheetsWrite),
        sheets::draft
    ),
    route!(
        post,
        "/api/v1/screenings/{id}/answers",
        "uploadAnswers",
        UPLOAD_ANSWERS,
        Needs(Permission::Jobs),
        jobs::answers
    ),
    route!(
        get,
        "/api/v1/screenings/{id}/results",
        "listResults",
        NAMED_LIST,
        Needs(Permission::ResultsRead),
        results::list
    ),
    route!(
        get,
        "/api/v1/screenings/{id}/completion",
        "getCompletion",
        NAMED_LIST,
        Needs(Permission::CompletionRead),
        results::completion
    ),
    route!(get, "/api/v1/screenings/{id}/inbox", "listInbox", NAMED_LIST, Needs(Permission::Jobs), results::inbox),
    route!(
        get,
        "/api/v1/pupils/{id}/history",
        "getHistory",
        NAMED_ROW,
        Needs(Permission::ResultsRead),
        results::history
    ),
    route!(get, "/api/v1/alerts", "listAlerts", LISTED, Needs(Permission::AlertsRead), alerts::list),
    route!(get, "/api/v1/alerts/stream", "streamAlerts", LISTED, Needs(Permission::AlertsRead), alerts::stream),
    route!(get, "/api/v1/alerts/{id}", "getAlert", NAMED_ROW, Needs(Permission::AlertsRead), alerts::one),
    route!(
        post,
        "/api/v1/alerts/{id}/acknowledge",
        "acknowledgeAlert",
        NAMED_STEP,
        Needs(Permission::AlertsWrite),
        alerts::acknowledge
    ),
    route!(get, "/api/v1/webhooks", "listWebhooks", LISTED, Needs(Permission::AlertsWrite), alerts::webhooks),
    route!(post, "/api/v1/webhooks", "addWebhook", WEBHOOK, Needs(Permission::AlertsWrite), alerts::add_webhook),
    route!(
        delete,
        "/api/v1/webhooks/{id}",
        "disableWebhook",
        NAMED_ROW,
        Needs(Permission::AlertsWrite),
        alerts::disable_webhook
    ),
    route!(
        get,
        "/api/v1/webhooks/{id}/deliveries",
        "listDeliveries",
        NAMED_LIST,
        Needs(Permission::AlertsWrite),
        alerts::deliveries
    ),
    route!(post, "/api/v1/webhooks/{id}/replay", "replayWebhook", FORM, Needs(Permission::AlertsWrite), alerts::replay),
    route!(get, "/api/v1/jobs", "listJobs", LISTED, Needs(Permission::Jobs), jobs::list),
    route!(get, "/api/v1/jobs/{id}", "getJob", NAMED_ROW, Needs(Permission::Jobs), jobs::one),
    route!(delete, "/api/v1/jobs/{id}", "cancelJob", NAMED_ROW, Needs(Permission::Jobs), jobs::cancel),
    route!(get, "/api/v1/jobs/{id}/stream", "streamJob", NAMED_ROW, Needs(Permission::Jobs), jobs::stream),
    route!(get, "/api/v1/jobs/{id}/files/{name}", "getJobFile", NAMED_ROW, Needs(Permission::Jobs), jobs::file),
    route!(post, "/api/v1/push/{platform}/{key}", "push", PUSH, Open, push::push),
    route!(get, "/problems", "listProblems", &[], Open, problems::list),
    route!(get, "/problems/{id}", "getProblem", &[ProblemKind::UnknownProblem], Open, problems::one),
    route!(get, "/api/openapi.json", "getOpenApi", &[], Open, operations::openapi),
    route!(get, "/api", "getReference", &[], Open, operations::page),
    route!(get, "/healthz", "getHealth", &[], Open, operations::health),
    route!(
        get,
        "/readyz",
        "getReadiness",
        &[ProblemKind::Stopping, ProblemKind::StoreUnavailable],
        Open,
        operations::ready
    ),
    route!(get, "/metrics", "getMetrics", &[], Open, operations::metrics),
    route!(post, "/api/v1/setup", "setUp", FORM, Open, session::set_up),
    route!(post, "/api/v1/session", "logIn", LOG_IN, Open, session::log_in),
    route!(get, "/api/v1/session", "whoAmI", &[], Known, session::who),
    route!(delete, "/api/v1/session", "logOut", SESSION, Known, session::log_out),
    route!(post, "/api/v1/session/step-up", "stepUp", STEP_UP, Known, session::step_up),
    route!(post, "/api/v1/session/totp", "prepareAuthenticator", SESSION, Known, session::totp),
    route!(
        post,
        "/api/v1/session/totp/confirmation",
        "confirmAuthenticator",
        SESSION_FORM,
        Known,
        session::confirm_totp
    ),
    route!(post, "/api/v1/session/password", "changePassword", SESSION_FORM, Known, session::password),
    route!(get, "/api/v1/session/provider", "beginSignIn", PROVIDER, Open, provider::begin),
    route!(get, "/api/v1/session/provider/return", "endSignIn", PROVIDER_RETURN, Open, provider::end),
    route!(post, "/api/v1/invitation", "acceptInvitation", FORM, Open, session::accept),
    route!(get, "/api/v1/accounts", "listAccounts", LISTED, Needs(Permission::Accounts), accounts::list),
    route!(post, "/api/v1/accounts", "addAccount", SENSITIVE_FORM, Needs(Permission::Accounts), accounts::add),
    route!(
        patch,
        "/api/v1/accounts/{id}",
        "changeAccount",
        SENSITIVE_FORM,
        Needs(Permission::Accounts),
        accounts::change
    ),
    route!(
        post,
        "/api/v1/accounts/{id}/invitation",
        "inviteAgain",
        SENSITIVE,
        Needs(Permission::Accounts),
        accounts::invite
    ),
    route!(put, "/api/v1/accounts/{id}/provider", "bindAccount", BINDING, Needs(Permission::Accounts), provider::bind),
    route!(
        delete,
        "/api/v1/accounts/{id}/provider",
        "unbindAccount",
        UNBINDING,
        Needs(Permission::Accounts),
        provider::unbind
    ),
    route!(get, "/api/v1/tokens", "listTokens", LISTED, Needs(Permission::Tokens), accounts::list_tokens),
    route!(post, "/api/v1/tokens", "issueToken", SENSITIVE_FORM, Needs(Permission::Tokens), accounts::issue),
    route!(delete, "/api/v1/tokens/{id}", "revokeToken", NAMED_ROW, Needs(Permission::Tokens), accounts::revoke),
    route!(
        get,
        "/api/v1/organisations",
        "listOrganisations",
        LISTED,
        Needs(Permission::OrganisationsRead),
        accounts::list_organisations
    ),
    route!(
        post,
        "/api/v1/organisations",
        "addOrganisation",
        FORM,
        Needs(Permission::OrganisationsWrite),
        accounts::add_organisation
    ),
    route!(
        patch,
        "/api/v1/organisations/{id}",
        "changeOrganisation",
        FORM,
        Needs(Permission::OrganisationsWrite),
        accounts::change_organisation
    ),
    route!(get, "/api/v1/pupils", "listPupils", LISTED, Needs(Permission::PupilsRead), privacy::list),
    route!(post, "/api/v1/pupils", "enterPupil", PUPIL, Needs(Permission::RostersWrite), privacy::enter),
    route!(
        post,
        "/api/v1/pupils/{id}/departure",
        "departPupil",
        NAMED_ROW,
        Needs(Permission::RostersWrite),
        privacy::depart
    ),
    route!(get, "/api/v1/pupils/{id}", "getPupil", NAMED_ROW, Needs(Permission::PupilsRead), privacy::one),
    route!(
        get,
        "/api/v1/pupils/{id}/identity",
        "getIdentity",
        IDENTITY,
        Needs(Permission::IdentityRequest),
        privacy::identity
    ),
    route!(
        get,
        "/api/v1/identity-requests",
        "listIdentityRequests",
        LISTED,
        Needs(Permission::IdentityRequest),
        privacy::list_requests
    ),
    route!(post, "/api/v1/identity-requests", "askForIdentity", FORM, Needs(Permission::IdentityRequest), privacy::ask),
    route!(
        post,
        "/api/v1/identity-requests/{id}/decision",
        "decideIdentity",
        SENSITIVE_FORM,
        Needs(Permission::IdentityApprove),
        privacy::decide
    ),
    route!(
        get,
        "/api/v1/subject-requests",
        "listSubjectRequests",
        LISTED,
        Needs(Permission::SubjectRequests),
        privacy::list_subjects
    ),
    route!(
        post,
        "/api/v1/subject-requests",
        "fileSubjectRequest",
        FORM,
        Needs(Permission::SubjectRequests),
        privacy::file
    ),
    route!(
        post,
        "/api/v1/subject-requests/{id}/completion",
        "completeSubjectRequest",
        SUBJECT_FORM,
        Needs(Permission::SubjectRequests),
        privacy::complete
    ),
    route!(
        post,
        "/api/v1/subject-requests/{id}/refusal",
        "refuseSubjectRequest",
        FORM,
        Needs(Permission::SubjectRequests),
        privacy::refuse
    ),
    route!(get, "/api/v1/retention", "listRetention", &[], Needs(Permission::Retention), privacy::rules),
    route!(
        put,
        "/api/v1/retention/{class}",
        "setRetention",
        SENSITIVE_FORM,
        Needs(Permission::Retention),
        privacy::set_rule
    ),
    route!(get, "/api/v1/audit", "listAudit", LISTED, Needs(Permission::AuditRead), audit::list),
    route!(get, "/api/v1/audit/verification", "verifyAudit", &[], Needs(Permission::AuditRead), audit::verify),
    route!(get, "/api/v1/evidence/year", "getYear", EVIDENCE, Needs(Permission::EvidenceRead), audit::year),
    route!(get, "/api/v1/evidence/breach", "getBreachList", BREACH, Needs(Permission::SubjectRequests), audit::breach),
];
