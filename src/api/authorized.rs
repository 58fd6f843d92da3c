//! Proof that a caller may ask for something.

use std::{
    cell::OnceCell,
    future::{Ready, ready},
    marker::PhantomData,
    sync::Arc,
};

use actix_web::{
    FromRequest, HttpMessage as _, HttpRequest,
    dev::Payload,
    http::header::USER_AGENT,
    web::{Data, ThinData},
};

use super::{Problem, Settings, allowance::Allowance, forwarded, inbound::Inbound};
use crate::{
    access::Caller,
    audit::{Activity, Audit, Denied, Requester, Way},
    azure::{self, UserQuery},
    changes::ChangeLimits,
    policy::{Action, Ask, Denial, Policies, Warrant, fields},
};

/// What a route is about.
pub(crate) trait Permission {
    /// One of these is done.
    const ACTIONS: &[Action];
}

/// Proof that some policy could permit `P` to the caller. A handler that takes one
/// cannot be reached without it, and one that takes none is visibly open to whoever
/// calls; what it hands down demands the decision on the very thing.
pub(crate) struct Authorized<P> {
    warrant: Warrant,
    request: HttpRequest,
    /// What is written down of who asks; most requests have nothing written down.
    requester: OnceCell<Arc<Requester>>,
    audit: Audit,
    limits: ChangeLimits,
    _permission: PhantomData<P>,
}

impl<P> Authorized<P> {
    /// Who asks, for what is decided further down.
    pub(super) fn requester(&self) -> &Arc<Requester> {
        let requester = || Arc::new(requester(&self.request, self.warrant.clone()));
        self.requester.get_or_init(requester)
    }

    /// For each of `asks`, whether its row may be shown.
    pub(super) fn sees<'a>(&self, asks: impl IntoIterator<Item = Ask<'a>>) -> Vec<bool> {
        self.warrant.sees(asks)
    }

    /// Refuses what is not permitted, and writes that down.
    pub(super) fn permits(&self, ask: &Ask<'_>) -> Result<(), Problem> {
        let permitted = self.warrant.permits(ask);
        permitted
            .map(drop)
            .map_err(|denial| self.refused(&denial, None))
    }

    /// Refuses `query` unless every department and all that its answer tells is
    /// permitted.
    pub(super) fn permits_users(&self, query: &UserQuery) -> Result<(), Problem> {
        let fields = fields(query);
        for department in query.departments.iter() {
            let ask = Ask::ListUsers {
                department,
                fields: &fields,
            };
            let permitted = self.warrant.permits(&ask);
            permitted.map_err(|denial| {
                self.write_down(&denial, Some(&department.lowered()));
                let names: Vec<_> = fields.iter().map(|field| field.name()).collect();
                // What was asked for, and not what would be permitted.
                Problem::insufficient_scope(format!(
                    "{denial}; the properties are {}, and select asks for others",
                    names.join(", ")
                ))
            })?;
        }
        Ok(())
    }

    /// Counts a change of the caller's, or refuses it and writes that down.
    pub(super) fn change(&self) -> Result<Allowance, Problem> {
        let taken = self.limits.take(self.warrant.caller());
        taken.map(Allowance).map_err(|exceeded| {
            let record = Denied {
                activity: Activity::Update,
                operation: "change".to_owned(),
                resource: None,
                code: "too_many_changes",
                detail: exceeded.to_string(),
                grounds: None,
            };
            self.audit.denied(record, self.requester());
            Problem::too_many_changes(&exceeded)
        })
    }

    fn refused(&self, denial: &Denial, resource: Option<&str>) -> Problem {
        self.write_down(denial, resource);
        Problem::insufficient_scope(denial.to_string())
    }

    fn write_down(&self, denial: &Denial, resource: Option<&str>) {
        let record = Denied::by_policy(denial, resource.map(str::to_owned));
        self.audit.denied(record, self.requester());
    }
}

impl<P: Permission> FromRequest for Authorized<P> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(authorized(request))
    }
}

fn authorized<P: Permission>(request: &HttpRequest) -> Result<Authorized<P>, Problem> {
    let caller = request.extensions().get::<Arc<Caller>>().cloned();
    let policies = request.app_data::<ThinData<Policies>>();
    let audit = request.app_data::<ThinData<Audit>>();
    let limits = request.app_data::<ThinData<ChangeLimits>>();
    let (Some(caller), Some(policies), Some(audit), Some(limits)) =
        (caller, policies, audit, limits)
    else {
        return Err(Problem::internal("nobody was asked who calls"));
    };
    let authorized = Authorized {
        warrant: Warrant::of(caller, policies.0.clone()),
        request: request.clone(),
        requester: OnceCell::new(),
        audit: audit.0.clone(),
        limits: limits.0.clone(),
        _permission: PhantomData,
    };
    let Err(denials) = authorized.warrant.admits(P::ACTIONS) else {
        return Ok(authorized);
    };
    Err(denials.first().map_or_else(
        || Problem::internal("a route is about nothing"),
        |denial| authorized.refused(denial, None),
    ))
}

fn requester(request: &HttpRequest, warrant: Warrant) -> Requester {
    let agent = request.headers().get(USER_AGENT);
    let settings = request.app_data::<Data<Settings>>();
    let proxies = settings.and_then(|settings| settings.proxies.as_ref());
    let way = Way::api(
        forwarded::source(request, proxies),
        request.method().as_str(),
        request.path(),
        agent.and_then(|agent| agent.to_str().ok()),
    );
    let Inbound { id, trace, .. } = Inbound::of(request);
    Requester::new(warrant, id.as_str().to_owned(), &trace, way)
}

/// Defines permissions: the name, and what is done.
macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident: $($action:expr),+;)+) => {$(
        $(#[$doc])*
        pub(crate) struct $name;

        impl Permission for $name {
            const ACTIONS: &[Action] = &[$($action),+];
        }
    )+};
}

permissions! {
    /// To see virtual machines.
    GetVm: Action::GetVm;
    /// To learn how operations went.
    GetOperation: Action::GetOperation;
    /// To deallocate, or to hibernate.
    Deallocate: Action::Order(azure::Action::Deallocate), Action::Order(azure::Action::Hibernate);
    /// To start.
    Start: Action::Order(azure::Action::Start);
    /// To restart.
    Restart: Action::Order(azure::Action::Restart);
    /// To power off.
    PowerOff: Action::Order(azure::Action::PowerOff);
    /// To redeploy.
    Redeploy: Action::Order(azure::Action::Redeploy);
    /// To reapply.
    Reapply: Action::Order(azure::Action::Reapply);
    /// To change tags and sizes.
    UpdateVm: Action::Order(azure::Action::Update);
    /// To list users.
    ListUsers: Action::ListUsers;
    /// To learn which identity this is.
    GetIdentity: Action::GetIdentity;
}
