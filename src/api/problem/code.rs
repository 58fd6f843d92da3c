//! The codes of our problems, each with its title and its usual status.

use actix_web::http::StatusCode;

/// What kind of problem it is, for programs: stable, and documented in
/// `openapi.yaml`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    InvalidRequest,
    Unauthenticated,
    Forbidden,
    Protected,
    NotFound,
    MethodNotAllowed,
    Conflict,
    Ambiguous,
    Locked,
    PreconditionFailed,
    Throttled,
    TooManyChanges,
    UpstreamRefused,
    UpstreamFailed,
    UpstreamTimeout,
    Unavailable,
    AuditUnavailable,
    Overloaded,
    Capacity,
    Unsupported,
    Internal,
}

impl Code {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::Protected => "protected",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::Conflict => "conflict",
            Self::Ambiguous => "ambiguous",
            Self::Locked => "locked",
            Self::PreconditionFailed => "precondition_failed",
            Self::Throttled => "throttled",
            Self::TooManyChanges => "too_many_changes",
            Self::UpstreamRefused => "upstream_refused",
            Self::UpstreamFailed => "upstream_failed",
            Self::UpstreamTimeout => "upstream_timeout",
            Self::Unavailable => "unavailable",
            Self::AuditUnavailable => "audit_unavailable",
            Self::Overloaded => "overloaded",
            Self::Capacity => "capacity",
            Self::Unsupported => "unsupported",
            Self::Internal => "internal",
        }
    }

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::InvalidRequest => "The request is not as documented",
            Self::Unauthenticated => "It is not known who calls",
            Self::Forbidden => "This caller may not do this",
            Self::Protected => "The virtual machine is not switched by this gateway",
            Self::NotFound => "There is no such thing",
            Self::MethodNotAllowed => "The path does not offer this method",
            Self::Conflict => "The state of the resource forbids it",
            Self::Ambiguous => "Several virtual machines have this name",
            Self::Locked => "A lock forbids it",
            Self::PreconditionFailed => "The resource has changed meanwhile",
            Self::Throttled => "Too many requests",
            Self::TooManyChanges => "Too many changes",
            Self::UpstreamRefused => "Azure refuses the gateway",
            Self::UpstreamFailed => "Azure failed",
            Self::UpstreamTimeout => "Azure took too long",
            Self::Unavailable => "The gateway cannot do this now",
            Self::AuditUnavailable => "The record of changes cannot be written",
            Self::Overloaded => "The gateway has too much to do",
            Self::Capacity => "Azure has nothing to run it on",
            Self::Unsupported => "This cloud does not offer it",
            Self::Internal => "The gateway failed",
        }
    }

    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::InvalidRequest => StatusCode::BAD_REQUEST,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Forbidden | Self::Protected => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Conflict | Self::Ambiguous | Self::Locked => StatusCode::CONFLICT,
            Self::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
            Self::Throttled | Self::TooManyChanges => StatusCode::TOO_MANY_REQUESTS,
            Self::UpstreamRefused | Self::UpstreamFailed => StatusCode::BAD_GATEWAY,
            Self::UpstreamTimeout => StatusCode::GATEWAY_TIMEOUT,
            Self::Unavailable | Self::AuditUnavailable | Self::Overloaded | Self::Capacity => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::Unsupported => StatusCode::NOT_IMPLEMENTED,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}
