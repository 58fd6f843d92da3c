//! A row of the table `Resources`, built as far as it is asked for.
//!
//! Sources: "Azure Resource Graph table and resource type reference" (columns);
//! Azure Resource Graph samples for virtual machines (`properties.extended`);
//! azure-dev#119 (the group's name is in lower case, but not in the id).

use std::{borrow::Cow, cell::OnceCell};

use serde_json::{Map, Value, json};

use super::{
    cell::Cell,
    query::{Column, Kind},
};
use crate::{arm::Indexed, seed};

/// Types are in lower case here.
const TYPE: &str = "microsoft.compute/virtualmachines";

/// Asked for so often that the rest is not built for it.
const POWER_STATE: [&str; 5] = [
    "properties",
    "extended",
    "instanceView",
    "powerState",
    "code",
];

const COLUMNS: [(&str, Kind); 16] = [
    ("id", Kind::Text),
    ("name", Kind::Text),
    ("type", Kind::Text),
    ("tenantId", Kind::Text),
    ("kind", Kind::Text),
    ("location", Kind::Text),
    ("resourceGroup", Kind::Text),
    ("subscriptionId", Kind::Text),
    ("managedBy", Kind::Text),
    ("sku", Kind::Object),
    ("plan", Kind::Object),
    ("properties", Kind::Object),
    ("tags", Kind::Object),
    ("identity", Kind::Object),
    ("zones", Kind::Object),
    ("extendedLocation", Kind::Object),
];

/// The columns of `Resources`.
pub(super) fn columns() -> Vec<Column> {
    let column = |(name, kind): (&str, Kind)| Column {
        name: name.to_owned(),
        kind,
    };
    COLUMNS.into_iter().map(column).collect()
}

/// One resource.
pub(super) struct Resource<'a> {
    machine: Indexed<'a>,
    /// Built once something is asked for that is costly: there may be ten
    /// thousand rows of which a query wants one.
    whole: OnceCell<Map<String, Value>>,
}

impl<'a> Resource<'a> {
    pub(super) fn new(machine: Indexed<'a>) -> Self {
        Self {
            machine,
            whole: OnceCell::new(),
        }
    }

    pub(super) fn id(&self) -> String {
        self.machine.seed().id()
    }

    pub(super) fn subscription(&self) -> &str {
        &self.machine.seed().subscription_id
    }

    /// What stands at `path`.
    pub(super) fn at(&self, path: &[String]) -> Cell<'_> {
        let seed = self.machine.seed();
        match path {
            [column] => match column.as_str() {
                "id" => Cell::Text(Cow::Owned(seed.id())),
                "name" => Cell::Text(Cow::Borrowed(&seed.name)),
                "type" => Cell::Text(Cow::Borrowed(TYPE)),
                "location" => Cell::Text(Cow::Borrowed(&seed.location)),
                "subscriptionId" => Cell::Text(Cow::Borrowed(&seed.subscription_id)),
                "resourceGroup" => Cell::Text(Cow::Owned(seed.resource_group.to_lowercase())),
                other => Cell::of(self.whole().get(other)),
            },
            _ if path == POWER_STATE => Cell::Text(Cow::Owned(format!(
                "PowerState/{}",
                self.machine.power_state()
            ))),
            [column, below @ ..] => Cell::of(self.whole().get(column)).at(below),
            [] => Cell::of(None),
        }
    }

    fn whole(&self) -> &Map<String, Value> {
        self.whole.get_or_init(|| whole(&self.machine))
    }
}

fn whole(machine: &Indexed<'_>) -> Map<String, Value> {
    let mut body = machine.body();
    let mut columns: Map<String, Value> = COLUMNS
        .into_iter()
        .map(|(name, kind)| match kind {
            Kind::Text => (name.to_owned(), json!("")),
            Kind::Object | Kind::Integer | Kind::Boolean => (name.to_owned(), Value::Null),
        })
        .collect();
    for name in [
        "id",
        "name",
        "location",
        "managedBy",
        "tags",
        "identity",
        "zones",
    ] {
        if let Some(value) = body.get_mut(name) {
            columns.insert(name.to_owned(), value.take());
        }
    }
    let seed = machine.seed();
    let mut properties = body["properties"].take();
    properties["extended"] = json!({"instanceView": extended(machine)});
    let known = [
        ("type", json!(TYPE)),
        ("tenantId", json!(seed::TENANT)),
        ("resourceGroup", json!(seed.resource_group.to_lowercase())),
        ("subscriptionId", json!(seed.subscription_id)),
        ("properties", properties),
    ];
    columns.extend(known.map(|(name, value)| (name.to_owned(), value)));
    columns
}

/// The instance view, as far as it is indexed.
fn extended(machine: &Indexed<'_>) -> Value {
    let mut view = machine.instance_view();
    let state = machine.power_state();
    let mut extended = json!({
        "powerState": {
            "code": format!("PowerState/{state}"),
            "displayStatus": format!("VM {state}"),
            "level": "Info",
        },
    });
    for name in ["computerName", "hyperVGeneration", "osName", "osVersion"] {
        if let Some(value) = view.get_mut(name) {
            extended[name] = value.take();
        }
    }
    extended
}
