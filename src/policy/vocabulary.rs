//! The schema, and requests in its terms.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap, HashSet, hash_map::Entry},
    fmt,
};

use cedar_policy::{
    Context, Entities, Entity, EntityId, EntityTypeName, EntityUid, Request,
    RestrictedExpression as Value, Schema,
};

use super::{
    Action, Ask,
    names::{MachineIds, client_id},
};
use crate::{
    access::{Caller, Kind},
    azure::{
        UserProperty, VirtualMachineId,
        fold::{folded, folded_without_accents},
    },
};

/// What policies can speak of, as it is published.
pub(crate) const SCHEMA: &str = include_str!("../../deploy/policies/mi-gateway.cedarschema");

const NAMESPACE: &str = "MiGateway";

/// Why a request has no form in which policies could be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Inexpressible {
    /// The machine has an id that no policy could name.
    Name,
    /// Cedar does not take it: a fault of ours.
    Form(String),
}

/// The tags of a machine, by their names as policies write them.
type Tags<'a> = HashMap<Cow<'a, str>, &'a str>;

/// The schema, and its names ready for use.
pub(super) struct Vocabulary {
    pub(super) schema: Schema,
    role: EntityTypeName,
    caller: EntityTypeName,
    subscription: EntityTypeName,
    group: EntityTypeName,
    machine: EntityTypeName,
    department: EntityTypeName,
    directory: EntityUid,
    gateway: EntityUid,
    /// In the order of `Action::ALL`, each with the groups that it is in.
    actions: Vec<Entity>,
}

/// Which tag is read of those that have one name for policies, and values that differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    First,
    Last,
}

/// A request, and all that policies may look at.
pub(super) struct Situation {
    pub(super) request: Request,
    pub(super) entities: Entities,
    /// The caller, and what it is in.
    pub(super) principals: Vec<EntityUid>,
    /// The resource, and what it is in.
    pub(super) resources: Vec<EntityUid>,
    /// The names, as policies write them, that several tags have whose values differ.
    pub(super) alike: Vec<String>,
}

impl Situation {
    /// One of `tags`, by name, for which the machine has values that differ.
    pub(super) fn alike(&self, tags: &HashSet<String>) -> Option<&str> {
        let mut alike = self.alike.iter().map(String::as_str);
        alike.find(|&name| tags.contains(name))
    }
}

impl Vocabulary {
    /// That of the schema; a fault of it is one of ours.
    pub(super) fn new() -> Result<Self, String> {
        let (schema, _) = Schema::from_cedarschema_str(SCHEMA).map_err(words)?;
        let known = schema.action_entities().map_err(words)?;
        let action = |action: Action| {
            let uid = uid(&kind("Action")?, action.as_str());
            let entity = known.get(&uid).cloned();
            entity.ok_or_else(|| format!("the schema has no action {}", action.as_str()))
        };
        Ok(Self {
            actions: Action::ALL
                .map(action)
                .into_iter()
                .collect::<Result<_, _>>()?,
            schema,
            role: kind("Role")?,
            caller: kind("Caller")?,
            subscription: kind("Subscription")?,
            group: kind("ResourceGroup")?,
            machine: kind("Vm")?,
            department: kind("Department")?,
            directory: uid(&kind("Directory")?, "tenant"),
            gateway: uid(&kind("Gateway")?, "self"),
        })
    }

    /// `caller`, and the roles that it has.
    pub(super) fn principals(&self, caller: &Caller) -> Vec<EntityUid> {
        let roles = roles(caller).map(|role| uid(&self.role, &role));
        std::iter::once(uid(&self.caller, &caller.id()))
            .chain(roles)
            .collect()
    }

    /// `ask` of `caller`, as policies are asked.
    pub(super) fn situation(
        &self,
        caller: &Caller,
        ask: &Ask<'_>,
        reading: Reading,
    ) -> Result<Situation, Inexpressible> {
        let principals = self.principals(caller);
        let (principal, roles) = principals
            .split_first()
            .ok_or_else(|| Inexpressible::Form("there is no caller".to_owned()))?;
        let attributes = attributes(caller).into_iter();
        let attributes = attributes.map(|(name, text)| (name.to_owned(), Value::new_string(text)));
        let parents: HashSet<_> = roles.iter().cloned().collect();
        let this = Entity::new(principal.clone(), attributes.collect(), parents).map_err(form)?;
        let action = &self.actions[ask.action().index()];
        let mut entities = vec![this, action.clone()];
        let mut context = Context::empty();
        let mut alike = Vec::new();
        let resources = match ask {
            Ask::GetVm(machine) | Ask::GetOperation(machine) | Ask::Order(_, machine) => {
                let tags;
                (tags, alike) = machine
                    .tags
                    .map(|tags| told_apart(tags, reading))
                    .unwrap_or_default();
                self.machine(machine.id, tags, &mut entities)?
            }
            Ask::ListUsers { department, fields } => {
                context = of_fields(fields)?;
                let department = uid(
                    &self.department,
                    &folded_without_accents(&department.lowered()),
                );
                let parents = HashSet::from([self.directory.clone()]);
                entities.push(Entity::new_no_attrs(department.clone(), parents));
                vec![department, self.directory.clone()]
            }
            Ask::GetIdentity => vec![self.gateway.clone()],
        };
        let resource = resources[0].clone();
        let request = Request::new(principal.clone(), action.uid(), resource, context, None);
        Ok(Situation {
            request: request.map_err(form)?,
            entities: Entities::from_entities(entities, None).map_err(form)?,
            principals,
            resources,
            alike,
        })
    }

    /// The machine `id`, its `tags` and what it is in, which join `entities`.
    fn machine(
        &self,
        id: &VirtualMachineId,
        tags: Tags<'_>,
        entities: &mut Vec<Entity>,
    ) -> Result<Vec<EntityUid>, Inexpressible> {
        let ids = MachineIds::of(id).ok_or(Inexpressible::Name)?;
        let subscription = uid(&self.subscription, &ids.subscription);
        let group = uid(&self.group, &ids.group);
        let this = uid(&self.machine, &ids.machine);
        let tags = tags.into_iter().map(|(name, value)| {
            let value = Value::new_string(value.to_owned());
            (name.into_owned(), value)
        });
        let name = [("name".to_owned(), Value::new_string(ids.name))];
        let entity = Entity::new_with_tags(this.clone(), name, [group.clone()], tags);
        entities.push(entity.map_err(form)?);
        entities.push(Entity::new_no_attrs(
            group.clone(),
            HashSet::from([subscription.clone()]),
        ));
        Ok(vec![this, group, subscription])
    }
}

/// `tags` by their names as policies write them, and those names that several have whose
/// values differ: whoever may give a machine tags could undo a `forbid` by one of them.
fn told_apart(tags: &BTreeMap<String, String>, reading: Reading) -> (Tags<'_>, Vec<String>) {
    let (mut known, mut alike) = (HashMap::new(), Vec::new());
    for (name, value) in tags {
        match known.entry(folded(name)) {
            Entry::Vacant(place) => {
                place.insert(value.as_str());
            }
            Entry::Occupied(mut held) if *held.get() != value => {
                alike.push(held.key().clone().into_owned());
                if reading == Reading::Last {
                    held.insert(value);
                }
            }
            Entry::Occupied(_) => {}
        }
    }
    (known, alike)
}

fn kind(name: &str) -> Result<EntityTypeName, String> {
    format!("{NAMESPACE}::{name}").parse().map_err(words)
}

fn uid(kind: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id))
}

fn of_fields(fields: &[UserProperty]) -> Result<Context, Inexpressible> {
    let names = fields
        .iter()
        .map(|it| Value::new_string(it.name().to_owned()));
    let names = Value::new_set(names.collect::<Vec<_>>());
    Context::from_pairs([("fields".to_owned(), names)]).map_err(form)
}

/// The app roles of `caller`. Those that another issuer gives have its name before
/// them: what it calls `Vm.Operate` is not what the gateway's own tenant assigned.
pub(super) fn roles(caller: &Caller) -> impl Iterator<Item = Cow<'_, str>> {
    let (issuer, roles) = match caller {
        Caller::Entra(principal) => (None, &principal.roles[..]),
        Caller::Subject(subject) => (Some(&subject.issuer), &subject.roles[..]),
        Caller::Anonymous | Caller::Account(_) => (None, &[][..]),
    };
    roles.iter().map(move |role| match issuer {
        None => Cow::Borrowed(&**role),
        Some(issuer) => Cow::Owned(format!("{issuer}|{role}")),
    })
}

/// What policies may look at of `caller`.
fn attributes(caller: &Caller) -> Vec<(&'static str, String)> {
    let client = |id: &str| ("clientId", client_id(id).into_owned());
    match caller {
        Caller::Anonymous => vec![("kind", "anonymous".to_owned())],
        Caller::Entra(principal) => {
            let kind = match principal.kind {
                Kind::App => "app",
                Kind::User => "user",
            };
            let id = principal.client_id.map(|id| client(&id.to_string()));
            let own = [
                ("kind", kind.to_owned()),
                ("tenant", principal.tenant.to_string()),
                ("objectId", principal.object_id.to_string()),
            ];
            own.into_iter().chain(id).collect()
        }
        Caller::Account(account) => vec![
            ("kind", "serviceAccount".to_owned()),
            ("namespace", account.namespace.clone()),
            ("account", account.name.clone()),
        ],
        Caller::Subject(subject) => {
            let own = [
                ("kind", "subject".to_owned()),
                ("issuer", subject.issuer.clone()),
                ("subject", subject.id.clone()),
            ];
            let id = subject.client_id.as_deref().map(client);
            own.into_iter().chain(id).collect()
        }
    }
}

fn words(error: impl fmt::Display) -> String {
    error.to_string()
}

fn form(error: impl fmt::Display) -> Inexpressible {
    Inexpressible::Form(error.to_string())
}
