//! The commands that grant the identity what it needs. None of them is run.

use serde::Serialize;

use super::{
    Exit, Failure, Outcome, Session,
    arguments::FormAsked,
    exit::mention,
    output::{self, Form},
};
use crate::{
    azure::{Action, AppRoleGrant, Call, RoleAssignment},
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
    command: String,
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
        identity.source_label(),
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
            command: defined(definition, scopes)?,
        });
        steps.extend(assigned(role, &principal, scopes));
    }
    steps.push(Step {
        what: "User.Read.All of Microsoft Graph, by a Privileged Role Administrator".to_owned(),
        command: graph.command(),
    });
    Ok(steps)
}

/// What has to be learnt first.
fn found(command: String) -> Step {
    Step {
        what: "the object id of the service principal, which is PRINCIPAL below".to_owned(),
        command,
    }
}

fn assigned(role: &str, principal: &str, scopes: &Scopes) -> impl Iterator<Item = Step> {
    scopes.iter().map(move |scope| {
        let assignment = RoleAssignment {
            principal,
            role,
            scope: &scope.to_string(),
        };
        Step {
            what: format!("{role} at {scope}"),
            command: assignment.to_string(),
        }
    })
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
        let steps = self.steps.iter();
        let steps: Vec<_> = steps
            .map(|step| format!("# {}\n{}\n", step.what, step.command))
            .collect();
        steps.join("\n")
    }
}
