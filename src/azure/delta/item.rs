//! One item of a delta query: what is said of one user.

use std::{borrow::Cow, fmt};

use actix_web::web::Bytes;
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::azure::UserProperty;

/// What is said of one user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum UserChange {
    /// There is no such user any more; whether one can be restored does not
    /// matter, as it would then be told of again.
    Gone(String),
    /// The user is, as far as it is told.
    Present {
        id: String,
        /// What is told, `id` included, each as JSON as Graph wrote it.
        properties: Vec<(UserProperty, Bytes)>,
    },
}

/// An item as it stands in the body.
pub(super) struct Item<'a> {
    id: Option<Cow<'a, str>>,
    is_removed: bool,
    properties: Vec<(UserProperty, &'a RawValue)>,
}

impl Item<'_> {
    /// The change that it tells of, as slices of `body`; `None` without an id.
    pub(super) fn change(self, body: &Bytes) -> Option<UserChange> {
        let id = self.id?.into_owned();
        if self.is_removed {
            return Some(UserChange::Gone(id));
        }
        let slice = |raw: &RawValue| body.slice_ref(raw.get().as_bytes());
        let properties = self.properties.into_iter();
        Some(UserChange::Present {
            id,
            properties: properties.map(|(name, raw)| (name, slice(raw))).collect(),
        })
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Item<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ItemVisitor)
    }
}

struct ItemVisitor;

impl<'de> Visitor<'de> for ItemVisitor {
    type Value = Item<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a user")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut item = Item {
            id: None,
            is_removed: false,
            properties: Vec::new(),
        };
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            if name == "@removed" {
                map.next_value::<IgnoredAny>()?;
                item.is_removed = true;
                continue;
            }
            let Ok(property) = name.parse() else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let raw: &RawValue = map.next_value()?;
            if property == UserProperty::Id {
                item.id = serde_json::from_str(raw.get()).ok();
            }
            item.properties.push((property, raw));
        }
        item.id = item.id.filter(|id| !id.is_empty());
        Ok(item)
    }
}
