//! Who may do what: one table.

use std::fmt;

/// What an account or a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Role {
    /// Works for the district: organisations, accounts, screenings, figures, cases that were reported.
    DistrictOfficer,
    /// Answers for a school: approves that identified records are viewed, sees figures and the list of attention.
    SchoolLead,
    /// Talks with pupils: alerts, results, histories.
    Counsellor,
    /// Sees who of the class has not answered, and nothing of what was answered.
    ClassTeacher,
    /// Hands out and takes in sheets.
    Examiner,
    /// A survey platform or a form: scores, stores nothing, sees nothing.
    Vendor,
    /// Reads the audit log and the evidence, and no pupil's record.
    Auditor,
    /// Jobs of the server itself. No account and no token has this role.
    System,
}

/// One thing that somebody may be allowed to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Permission {
    /// Score sheets that are not stored.
    Score,
    /// See districts, schools and classes within the scope.
    OrganisationsRead,
    /// Add and change them.
    OrganisationsWrite,
    /// Accounts: add, change, disable.
    Accounts,
    /// Tokens of machines: issue and revoke.
    Tokens,
    /// Rosters: upload, change.
    RostersWrite,
    /// Pupils by pseudonym, with masked names.
    PupilsRead,
    /// Who has answered and who has not, and nothing of the answers.
    CompletionRead,
    /// Ask to view the identity behind a pseudonym, and view it when that was approved.
    IdentityRequest,
    /// View an identity at once in an emergency; it is reviewed afterwards.
    IdentityEmergency,
    /// Decide about requests of others, and review emergencies.
    IdentityApprove,
    /// Screenings: see them.
    ScreeningsRead,
    /// Screenings: prepare, release, close.
    ScreeningsWrite,
    /// Hand in sheets and drafts, and push those of survey platforms.
    SheetsWrite,
    /// Results and histories of pupils.
    ResultsRead,
    /// Figures of groups, suppressed.
    FiguresRead,
    /// Alerts: see them live.
    AlertsRead,
    /// Alerts: acknowledge, close, set who is on duty and where they are sent.
    AlertsWrite,
    /// Uploads and other work in the background.
    Jobs,
    /// The audit log.
    AuditRead,
    /// Breach lists and yearly evidence.
    EvidenceRead,
    /// Requests of pupils and guardians: copy, correct, delete.
    SubjectRequests,
    /// Retention: see the rules and what is due, change them, delete.
    Retention,
}

use Permission as P;

/// The table: what each role may do. Nothing else in the server decides about it.
pub(crate) const TABLE: &[(Role, &[Permission])] = &[
    (
        Role::DistrictOfficer,
        &[
            P::Score,
            P::OrganisationsRead,
            P::OrganisationsWrite,
            P::Accounts,
            P::Tokens,
            P::RostersWrite,
            P::PupilsRead,
            P::CompletionRead,
            P::IdentityRequest,
            P::IdentityApprove,
            P::ScreeningsRead,
            P::ScreeningsWrite,
            P::SheetsWrite,
            P::ResultsRead,
            P::FiguresRead,
            P::AlertsRead,
            P::AlertsWrite,
            P::Jobs,
            P::EvidenceRead,
            P::SubjectRequests,
            P::Retention,
        ],
    ),
    (
        Role::SchoolLead,
        &[
            P::Score,
            P::OrganisationsRead,
            P::PupilsRead,
            P::CompletionRead,
            P::IdentityRequest,
            P::IdentityApprove,
            P::ScreeningsRead,
            P::ResultsRead,
            P::FiguresRead,
            P::AlertsRead,
            P::AlertsWrite,
            P::SubjectRequests,
        ],
    ),
    (
        Role::Counsellor,
        &[
            P::Score,
            P::OrganisationsRead,
            P::RostersWrite,
            P::PupilsRead,
            P::CompletionRead,
            P::IdentityRequest,
            P::IdentityEmergency,
            P::ScreeningsRead,
            P::SheetsWrite,
            P::ResultsRead,
            P::FiguresRead,
            P::AlertsRead,
            P::AlertsWrite,
            P::Jobs,
        ],
    ),
    (Role::ClassTeacher, &[P::OrganisationsRead, P::ScreeningsRead, P::CompletionRead]),
    (Role::Examiner, &[P::Score, P::OrganisationsRead, P::ScreeningsRead, P::CompletionRead, P::SheetsWrite, P::Jobs]),
    (Role::Vendor, &[P::Score]),
    (Role::Auditor, &[P::OrganisationsRead, P::AuditRead, P::EvidenceRead]),
    (Role::System, P::ALL),
];

impl Permission {
    /// All permissions.
    pub(crate) const ALL: &'static [Self] = &[
        P::Score,
        P::OrganisationsRead,
        P::OrganisationsWrite,
        P::Accounts,
        P::Tokens,
        P::RostersWrite,
        P::PupilsRead,
        P::CompletionRead,
        P::IdentityRequest,
        P::IdentityEmergency,
        P::IdentityApprove,
        P::ScreeningsRead,
        P::ScreeningsWrite,
        P::SheetsWrite,
        P::ResultsRead,
        P::FiguresRead,
        P::AlertsRead,
        P::AlertsWrite,
        P::Jobs,
        P::AuditRead,
        P::EvidenceRead,
        P::SubjectRequests,
        P::Retention,
    ];
}

impl Role {
    /// Roles that an account or a token may have.
    pub(crate) const GIVEN: &'static [Self] = &[
        Self::DistrictOfficer,
        Self::SchoolLead,
        Self::Counsellor,
        Self::ClassTeacher,
        Self::Examiner,
        Self::Vendor,
        Self::Auditor,
    ];

    /// The role as it stands in the store and in JSON.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::DistrictOfficer => "district-officer",
            Self::SchoolLead => "school-lead",
            Self::Counsellor => "counsellor",
            Self::ClassTeacher => "class-teacher",
            Self::Examiner => "examiner",
            Self::Vendor => "vendor",
            Self::Auditor => "auditor",
            Self::System => "system",
        }
    }

    /// The role of this name, when it may be given.
    pub(crate) fn named(id: &str) -> Option<Self> {
        Self::GIVEN.iter().copied().find(|role| role.id() == id)
    }

    /// Whether the role may do it.
    pub(crate) fn permits(self, permission: Permission) -> bool {
        TABLE.iter().any(|(role, permissions)| *role == self && permissions.contains(&permission))
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_has_one_row_and_every_permission_somebody() {
        for role in Role::GIVEN.iter().chain([&Role::System]) {
            assert_eq!(TABLE.iter().filter(|(known, _)| known == role).count(), 1, "{role}");
        }
        for permission in Permission::ALL {
            assert!(Role::GIVEN.iter().any(|role| role.permits(*permission)), "{permission}");
        }
        assert_eq!(Role::named("system"), None, "nobody is given the role of the server");
    }

    /// Commitments that no change of the table may break unseen.
    #[test]
    fn those_who_score_see_nobody_and_those_who_audit_see_no_pupil() {
        for permission in Permission::ALL {
            assert_eq!(Role::Vendor.permits(*permission), *permission == P::Score, "{permission}");
        }
        for permission in [P::PupilsRead, P::ResultsRead, P::IdentityRequest, P::IdentityApprove, P::AlertsRead] {
            assert!(!Role::Auditor.permits(permission) && !Role::ClassTeacher.permits(permission), "{permission}");
        }
        for role in Role::GIVEN {
            let both = role.permits(P::AuditRead) && (role.permits(P::ResultsRead) || role.permits(P::Accounts));
            assert!(!both, "{role} would audit itself");
        }
    }
}
