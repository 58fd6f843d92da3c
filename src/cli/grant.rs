//! The commands that grant the identity what it needs. None of them is run.

use serde::Serialize;

use super::{
    Exit, Failure, Outcome, Session,
    arguments::FormAsked,
    exit::mention,
    output::{self, Form},
};
use crate::{
    azure::{Action, AppRoleGrant, Call, PrincipalType, RoleAssignment},
    config::Scopes,
    identity::{Claims, Resource},
};

/// The roles, as `deploy/azure` has them.
const OPERATOR: &str = include_str!("../../deploy/azure/role.json");
const UPDATER: &str = include_str!("../../deploy/azure/role-update.json");

#[derive(Serialize)]
struct Body {
    steps: Vec<Step>,
}

/// Something that is granted.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Step {
    what: String,
    /// `None` where no command grants it.
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<String>,
}

/// `grant`
pub(super) async fn print(asked: FormAsked) -> Outcome {
    let session = Session::open()?;
    let deadline = session.context().deadline;
    let scopes = session.scopes().await?.clone();
    // Without a token the commands have a place to fill in.
    let claims = match session
        .identity()
        .token(Resource::Arm, deadline, None)
        .await
    {
        Ok(token) => token.claims(),
        Err(error) => {
            mention("there is no token to tell whom to grant it to", &error);
            None
        }
    };
    let body = Body {
        steps: steps(&session, &scopes, claims)?,
    };
    match Form::wanted(asked.form) {
        Form::Json => output::json(&body)?,
        Form::Text => output::write(body.text().as_bytes())?,
    }
    Ok(Exit::Done)
}

fn steps(session: &Session, scopes: &Scopes, claims: Option<Claims>) -> Result<Vec<Step>, Failure> {
    let identity = session.identity();
    let audience = identity.audience(Resource::Graph);
    let graph = AppRoleGrant::new(
        audience,
        identity.id().clone(),
        identity.source_kind(),
        claims,
    );
    let mut roles = vec![(Call::GetVm, OPERATOR)];
    if session.config.vm_update {
        roles.push((Call::Order(Action::Update), UPDATER));
    }
    let mut steps: Vec<_> = graph
        .how_to_find_principal()
        .map(found)
        .into_iter()
        .collect();
    let principal = graph.principal_or_place();
    for (call, definition) in roles {
        let Some(role) = call.role() else { continue };
        steps.push(Step {
            what: format!("the role {role}, unless there is one of that name"),
            command: Some(defined(definition, scopes)?),
        });
        let assignment = |scope: &str| {
            let assignment = RoleAssignment {
                principal: &principal,
                principal_type: graph.principal_type(),
                role,
                scope,
            };
            assignment.to_string()
        };
        steps.extend(scopes.iter().map(|scope| Step {
            what: format!("{role} at {scope}"),
            command: Some(assignment(&scope.to_string())),
        }));
    }
    steps.extend(of_graph(&graph));
    Ok(steps)
}

/// Who may be either gets both.
fn of_graph(grant: &AppRoleGrant) -> Vec<Step> {
    let app_role = || Step {
        what: "User.Read.All of Microsoft Graph, by a Privileged Role Administrator".to_owned(),
        command: Some(grant.command()),
    };
    let consent = || Step {
        what: format!("User.Read.All of Microsoft Graph: {}", grant.consent()),
        command: None,
    };
    match grant.principal_type() {
        Some(PrincipalType::ServicePrincipal) => vec![app_role()],
        Some(PrincipalType::User) => vec![consent()],
        None => vec![app_role(), consent()],
    }
}

/// What has to be learnt first.
fn found(command: String) -> Step {
    Step {
        what: "the object id of the principal, which is PRINCIPAL below".to_owned(),
        command: Some(command),
    }
}

/// `az role definition create` for `definition`, to be assigned at `scopes`.
fn defined(definition: &str, scopes: &Scopes) -> Result<String, Failure> {
    let unreadable = |error: serde_json::Error| Failure::Output(error.into());
    let mut role: serde_json::Value = serde_json::from_str(definition).map_err(unreadable)?;
    let scopes = scopes.iter().map(ToString::to_string);
    role["AssignableScopes"] = scopes.collect();
    Ok(format!(
        "az role definition create --role-definition '{role}'"
    ))
}

impl Body {
    /// A script with comments.
    fn text(&self) -> String {
        let steps = self.steps.iter().map(|step| match &step.command {
            Some(command) => format!("# {}\n{command}\n", step.what),
            None => format!("# {}\n", step.what),
        });
        steps.collect::<Vec<_>>().join("\n")
    }
}
