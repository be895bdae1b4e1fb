//! Every kind of problem that the server answers with.

use axum::http::StatusCode;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $id:literal, $status:ident;)*) => {
        /// A kind of problem. Its identifier and status never change their meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ProblemKind { $($(#[$doc])* $name,)* }

        impl ProblemKind {
            /// All kinds.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The last part of the `type`, for example `unknown-item`.
            pub const fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)* }
            }

            /// The HTTP status.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)* }
            }
        }
    };
}

kinds! {
    /// There is nothing at this path.
    NotFound = "not-found", NOT_FOUND;
    /// The path is there, but not for this method.
    MethodNotAllowed = "method-not-allowed", METHOD_NOT_ALLOWED;
    /// The body took too long to arrive.
    RequestTimeout = "request-timeout", REQUEST_TIMEOUT;
    /// The body is larger than the server takes.
    BodyTooLarge = "body-too-large", PAYLOAD_TOO_LARGE;
    /// A line of a stream is longer than the server takes.
    LineTooLong = "line-too-long", PAYLOAD_TOO_LARGE;
    /// A record batch of a stream is larger than the server takes.
    BatchTooLarge = "batch-too-large", PAYLOAD_TOO_LARGE;
    /// The body is of another media type.
    UnsupportedMediaType = "unsupported-media-type", UNSUPPORTED_MEDIA_TYPE;
    /// As many requests as the server takes are being answered.
    TooBusy = "too-busy", SERVICE_UNAVAILABLE;
    /// The server is stopping.
    Stopping = "stopping", SERVICE_UNAVAILABLE;
    /// A defect of the server.
    Internal = "internal", INTERNAL_SERVER_ERROR;
    /// The body ended before it was whole.
    BrokenBody = "broken-body", BAD_REQUEST;
    /// The body is not JSON.
    InvalidJson = "invalid-json", BAD_REQUEST;
    /// The body is not a stream of Arrow that is read here.
    InvalidArrow = "invalid-arrow", BAD_REQUEST;
    /// The query has an unknown key, a key twice, or a value that cannot be read.
    InvalidQuery = "invalid-query", BAD_REQUEST;
    /// There is no such instrument.
    UnknownInstrument = "unknown-instrument", NOT_FOUND;
    /// There is no such policy.
    UnknownPolicy = "unknown-policy", NOT_FOUND;
    /// There is no such norm set.
    UnknownNorms = "unknown-norms", NOT_FOUND;
    /// There is no such validity plan.
    UnknownValidityPlan = "unknown-validity-plan", NOT_FOUND;
    /// The definition is there, but not in this version.
    UnknownVersion = "unknown-version", NOT_FOUND;
    /// There is no such kind of problem.
    UnknownProblem = "unknown-problem", NOT_FOUND;
    /// A value is of another type.
    WrongType = "wrong-type", UNPROCESSABLE_ENTITY;
    /// A key that is not known.
    UnknownKey = "unknown-key", UNPROCESSABLE_ENTITY;
    /// A key that is needed is not there.
    MissingKey = "missing-key", UNPROCESSABLE_ENTITY;
    /// A key comes twice.
    DuplicateKey = "duplicate-key", UNPROCESSABLE_ENTITY;
    /// Two keys that say the same in different ways.
    ConflictingKeys = "conflicting-keys", UNPROCESSABLE_ENTITY;
    /// A word that is none of those allowed.
    UnknownWord = "unknown-word", UNPROCESSABLE_ENTITY;
    /// A number outside its range.
    OutOfRange = "out-of-range", UNPROCESSABLE_ENTITY;
    /// A text that is no date.
    NotADate = "not-a-date", UNPROCESSABLE_ENTITY;
    /// Two dates from which no age follows.
    ImplausibleAge = "implausible-age", UNPROCESSABLE_ENTITY;
    /// The instrument has no such item.
    UnknownItem = "unknown-item", UNPROCESSABLE_ENTITY;
    /// The answer is not one of those the item allows.
    AnswerNotAllowed = "answer-not-allowed", UNPROCESSABLE_ENTITY;
    /// Items are not there, and the sheet is not said to be open.
    AnswersMissing = "answers-missing", UNPROCESSABLE_ENTITY;
    /// No sheet at all.
    NoSheet = "no-sheet", UNPROCESSABLE_ENTITY;
    /// An instrument is there twice, in two versions.
    InstrumentTwice = "instrument-twice", UNPROCESSABLE_ENTITY;
    /// The instrument has no such scale.
    UnknownScale = "unknown-scale", UNPROCESSABLE_ENTITY;
    /// The scale has no such cut-off set.
    UnknownCutoffSet = "unknown-cutoff-set", UNPROCESSABLE_ENTITY;
    /// Something that only a finished sheet can have was asked for an open one.
    NotForOpenSheets = "not-for-open-sheets", UNPROCESSABLE_ENTITY;
    /// The policy cannot be applied to what is at hand.
    PolicyNotApplicable = "policy-not-applicable", UNPROCESSABLE_ENTITY;
    /// The policy is not in force on the day of the test.
    PolicyNotInForce = "policy-not-in-force", UNPROCESSABLE_ENTITY;
    /// The policy was not made for this grade.
    PolicyGrade = "policy-grade", UNPROCESSABLE_ENTITY;
    /// The norm set has no score of these instruments.
    NormsNotApplicable = "norms-not-applicable", UNPROCESSABLE_ENTITY;
    /// The norm set rests on another version of the instrument.
    NormsOtherVersion = "norms-other-version", UNPROCESSABLE_ENTITY;
    /// Two norm sets give norms of the same score.
    NormTwice = "norm-twice", UNPROCESSABLE_ENTITY;
    /// The validity plan does not fit an instrument.
    ValidityNotApplicable = "validity-not-applicable", UNPROCESSABLE_ENTITY;
    /// The server keeps no store.
    NoStore = "no-store", NOT_IMPLEMENTED;
    /// The database cannot be reached.
    StoreUnavailable = "store-unavailable", SERVICE_UNAVAILABLE;
    /// Nobody knows who asks.
    Unauthenticated = "unauthenticated", UNAUTHORIZED;
    /// The role does not permit it.
    Forbidden = "forbidden", FORBIDDEN;
    /// The token against forged requests is missing or wrong.
    CsrfMissing = "csrf-missing", FORBIDDEN;
    /// A second factor has to be given again first.
    StepUpNeeded = "step-up-needed", FORBIDDEN;
    /// Nobody approved that the identity is viewed, or the time for it is over.
    NotApproved = "not-approved", FORBIDDEN;
    /// Name, password or code is wrong.
    LogInRefused = "log-in-refused", UNAUTHORIZED;
    /// The code of the authenticator is needed to log in.
    CodeNeeded = "code-needed", UNAUTHORIZED;
    /// The code of the authenticator is wrong.
    CodeRefused = "code-refused", FORBIDDEN;
    /// Too many wrong passwords or codes.
    LockedOut = "locked-out", TOO_MANY_REQUESTS;
    /// The server knows no identity provider.
    NoProvider = "no-provider", NOT_FOUND;
    /// The identity provider does not answer as it should.
    ProviderUnavailable = "provider-unavailable", BAD_GATEWAY;
    /// Only a person in a session does this.
    SessionNeeded = "session-needed", FORBIDDEN;
    /// The account or the token asks too often.
    TooManyRequests = "too-many-requests", TOO_MANY_REQUESTS;
    /// The `Idempotency-Key` cannot be one.
    InvalidIdempotencyKey = "invalid-idempotency-key", BAD_REQUEST;
    /// The `Idempotency-Key` was used with another request.
    IdempotencyKeyReused = "idempotency-key-reused", UNPROCESSABLE_ENTITY;
    /// What was named is not there, or not within the scope of whoever asks.
    NotInScope = "not-in-scope", NOT_FOUND;
    /// Something is there already.
    AlreadyThere = "already-there", CONFLICT;
    /// What was asked for does not go with how things are.
    NotNow = "not-now", CONFLICT;
    /// A value that cannot be taken.
    InvalidValue = "invalid-value", UNPROCESSABLE_ENTITY;
    /// A screening names what is not there, or what does not fit together.
    InvalidScreening = "invalid-screening", UNPROCESSABLE_ENTITY;
    /// The screening takes no sheets now.
    ScreeningNotOpen = "screening-not-open", CONFLICT;
    /// The instrument is not one of the battery of the pupil's grade.
    NotInBattery = "not-in-battery", UNPROCESSABLE_ENTITY;
    /// No battery of the screening is for the grade.
    NoBattery = "no-battery", UNPROCESSABLE_ENTITY;
    /// The sheet was handed in already, with other answers.
    SheetDiffers = "sheet-differs", CONFLICT;
    /// An id has other characters than an id may have.
    InvalidId = "invalid-id", UNPROCESSABLE_ENTITY;
    /// The screening has no such source of answers.
    UnknownSource = "unknown-source", NOT_FOUND;
    /// A file is refused by its reader.
    FileRefused = "file-refused", UNPROCESSABLE_ENTITY;
    /// A row of a class list lacks what is needed.
    RosterRow = "roster-row", UNPROCESSABLE_ENTITY;
    /// A class list tells of a school that is not that of whoever sends it.
    RosterSchool = "roster-school", UNPROCESSABLE_ENTITY;
    /// The file of a job is not there any more.
    UploadGone = "upload-gone", GONE;
    /// A wave cannot be computed.
    WaveRefused = "wave-refused", UNPROCESSABLE_ENTITY;
    /// An earlier wave cannot be compared with.
    EarlierWave = "earlier-wave", UNPROCESSABLE_ENTITY;
    /// A push does not bear the signature of its platform.
    PushSignature = "push-signature", UNAUTHORIZED;
    /// A push cannot be read.
    PushUnreadable = "push-unreadable", UNPROCESSABLE_ENTITY;
    /// The address of a webhook is none that is sent to.
    WebhookAddress = "webhook-address", UNPROCESSABLE_ENTITY;
}

impl ProblemKind {
    /// The `type`: a reference that is the same on every server, and leads to the description on this one.
    ///
    /// ```
    /// use screening_server::ProblemKind;
    /// assert_eq!(ProblemKind::UnknownItem.uri(), "/problems/unknown-item");
    /// ```
    pub fn uri(self) -> String {
        format!("/problems/{}", self.id())
    }

    /// The kind with this identifier.
    pub fn named(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.id() == id)
    }
}
