//! Who acts on the store, and on how much of it.

use super::roles::{Permission, Role};

/// Who it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Holder {
    /// A person who logged in.
    Account(String),
    /// A machine with a token.
    Token(String),
    /// The server itself, with the name of the work.
    System(&'static str),
}

/// The part of the organisations within which somebody acts. Every query of pupils' data is held to it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Scope {
    /// A district with everything below it.
    District(String),
    /// A school with its classes.
    School(String),
    /// A class.
    Class(String),
}

impl Scope {
    /// Id of the organisation.
    pub(crate) fn id(&self) -> &str {
        match self {
            Self::District(id) | Self::School(id) | Self::Class(id) => id,
        }
    }

    /// Kind of the organisation, as it stands in the store.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::District(_) => "district",
            Self::School(_) => "school",
            Self::Class(_) => "class",
        }
    }

    /// From the kind and the id of an organisation.
    pub(crate) fn of(kind: &str, id: String) -> Option<Self> {
        match kind {
            "district" => Some(Self::District(id)),
            "school" => Some(Self::School(id)),
            "class" => Some(Self::Class(id)),
            _ => None,
        }
    }
}

/// What makes a request the same request when it comes again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Repeatable {
    /// The `Idempotency-Key`.
    pub(crate) key: String,
    /// Hash of method, target and body.
    pub(crate) fingerprint: String,
}

/// Who acts, as what, and within what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) holder: Holder,
    pub(crate) role: Role,
    pub(crate) scope: Scope,
    /// The district that the scope lies in.
    pub(crate) district_id: String,
    /// Until when a second factor that was just given lets sensitive things be done, in milliseconds; none without.
    pub(crate) step_up_until: Option<i64>,
    pub(crate) request_id: String,
    /// The request may be repeated, and is then answered as it was.
    pub(crate) repeatable: Option<Repeatable>,
}

impl Caller {
    /// The server itself, working within a district.
    pub(crate) fn system(work: &'static str, district_id: impl Into<String>) -> Self {
        let district_id = district_id.into();
        Self {
            holder: Holder::System(work),
            role: Role::System,
            scope: Scope::District(district_id.clone()),
            district_id,
            step_up_until: None,
            request_id: String::new(),
            repeatable: None,
        }
    }

    /// The caller as it stands in the audit log, for example `account:0197...`.
    pub(crate) fn name(&self) -> String {
        match &self.holder {
            Holder::Account(id) => format!("account:{id}"),
            Holder::Token(id) => format!("token:{id}"),
            Holder::System(work) => format!("system:{work}"),
        }
    }

    /// The account, when a person acts.
    pub(crate) fn account(&self) -> Option<&str> {
        match &self.holder {
            Holder::Account(id) => Some(id),
            _ => None,
        }
    }

    /// Whether the role permits it.
    pub(crate) fn may(&self, permission: Permission) -> bool {
        self.role.permits(permission)
    }
}
