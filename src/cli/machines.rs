//! Virtual machines, shown and listed.

use jiff::Timestamp;

use super::{
    Exit, Failure, Outcome, Session,
    arguments::{FormAsked, VmAsked, VmListing},
    output::{self, Form},
    table::{fields, table},
};
use crate::{
    api::{Problem, VmBody, absent},
    azure::MachineTop,
    inventory::{self, Listing, Narrowing},
    power::Target,
};

/// `vm list`
pub(super) async fn list(asked: VmListing) -> Outcome {
    let session = Session::open()?;
    session.scopes().await?;
    let listing = Listing {
        narrowing: asked.place.narrowing(),
        power_state: asked.power_state,
        top: MachineTop::MOST,
    };
    let machines = all(&session, &listing).await?;
    match Form::wanted(asked.form.form) {
        Form::Json => output::json(&machines)?,
        Form::Text => output::write(listed(&machines).as_bytes())?,
    }
    Ok(Exit::Done)
}

/// `vm show`
pub(super) async fn show(asked: VmAsked) -> Outcome {
    let session = Session::open()?;
    session.scopes().await?;
    let form = Form::wanted(asked.form.form);
    shown(&session, &asked.target(), form).await
}

/// `self show`
pub(super) async fn show_own(asked: FormAsked) -> Outcome {
    let session = Session::on_own_machine()?;
    let target = own(&session).await?;
    shown(&session, &target, Form::wanted(asked.form)).await
}

/// The virtual machine that this runs on.
pub(super) async fn own(session: &Session) -> Result<Target, Failure> {
    let deadline = session.context().deadline;
    let host = match session.worker.inventory.own_host(deadline).await {
        Err(inventory::Error::Host(source)) => return Err(Failure::Metadata(source)),
        outcome => outcome?,
    };
    let host = host.ok_or_else(|| {
        Failure::NotFound(
            "this does not run on a virtual machine of its own, as far as its environment and \
             instance metadata tell"
                .to_owned(),
        )
    })?;
    Ok(Target {
        name: host.name,
        narrowing: Narrowing::default(),
    })
}

/// `error`, with why there is none of this name although there is one.
pub(super) fn about(target: &Target, error: impl Into<Problem>) -> Failure {
    Failure::from(absent(&target.name, error.into()))
}

async fn all(session: &Session, listing: &Listing) -> Result<Vec<VmBody>, Failure> {
    let mut machines = Vec::new();
    let mut cursor = None;
    loop {
        let inventory = &session.worker.inventory;
        let page = inventory
            .list(listing, cursor.as_ref(), &session.context())
            .await
            .map_err(of_whole)?;
        let now = Timestamp::now();
        machines.extend(page.machines.into_iter().map(|it| VmBody::listed(it, now)));
        if page.next.is_none() {
            return Ok(machines);
        }
        cursor = page.next;
    }
}

/// The cursor is the command's own: nothing is wrong with its line.
fn of_whole(error: inventory::Error) -> Failure {
    match error {
        inventory::Error::Expired => Failure::Forgotten,
        other => other.into(),
    }
}

async fn shown(session: &Session, target: &Target, form: Form) -> Outcome {
    let looked = session
        .worker
        .power
        .virtual_machine(target, &session.requester(), &session.context())
        .await;
    let (machine, id) = looked.map_err(|error| about(target, error))?;
    let body = VmBody::new(machine, &id);
    match form {
        Form::Json => output::json(&body)?,
        Form::Text => output::write(described(&body).as_bytes())?,
    }
    Ok(Exit::Done)
}

fn listed(machines: &[VmBody]) -> String {
    let columns = ["NAME", "STATE", "SIZE", "LOCATION", "GROUP", "SUBSCRIPTION"];
    let row = |it: &VmBody| {
        vec![
            it.name.clone(),
            it.power_state.as_str().to_owned(),
            it.size.clone().unwrap_or_default(),
            it.location.clone(),
            it.resource_group.clone(),
            it.subscription_id.clone(),
        ]
    };
    table(&columns, &machines.iter().map(row).collect::<Vec<_>>())
}

fn described(machine: &VmBody) -> String {
    let charge = match machine.billed {
        Some(true) => ", which is billed",
        Some(false) => ", which is not billed",
        None => "",
    };
    let mut lines = vec![
        ("name", machine.name.clone()),
        ("state", format!("{}{charge}", state(machine))),
        ("size", machine.size.clone().unwrap_or_default()),
        ("location", machine.location.clone()),
        ("id", machine.resource_id.clone()),
    ];
    let doubtful = machine.provisioning_state.as_deref();
    let doubtful = doubtful.filter(|state| !state.eq_ignore_ascii_case("Succeeded"));
    lines.extend(doubtful.map(|state| ("provisioning", state.to_owned())));
    let tags = machine.tags.iter();
    lines.extend(tags.map(|(name, value)| ("tag", format!("{name}={value}"))));
    fields(&lines)
}

/// Its power state in a word, which tells hibernated from deallocated.
fn state(machine: &VmBody) -> &'static str {
    if machine.hibernated == Some(true) {
        "hibernated"
    } else {
        machine.power_state.as_str()
    }
}
