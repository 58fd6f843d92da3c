//! Changes of virtual machines.

#[cfg(any(fuzzing, test))]
pub(super) mod fuzz;

use std::{
    collections::BTreeMap,
    fmt,
    future::{Ready, ready},
    rc::Rc,
};

use actix_web::{
    FromRequest, HttpRequest, HttpResponse,
    dev::Payload,
    http::header::{
        ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
        IF_MATCH, IF_NONE_MATCH,
    },
    web::{Data, Json, Path, Query, ThinData},
};
use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, Visitor, value::MapAccessDeserializer},
};

use super::{
    Problem, Settings,
    authorized::{Authorized, UpdateVm},
    body::is_json,
    operations,
    prefer::Prefer,
    vms::{Place, absent},
};
use crate::{
    azure::{Change, InvalidChange, Tags},
    http::Context,
    power::{Power, Target, Update},
};

/// The kinds of bodies that a PATCH may have (RFC 5789, 3.1).
const ACCEPT_PATCH: HeaderName = HeaderName::from_static("accept-patch");

/// The body as it comes in: an object. What serde derives by itself takes a list, too.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, remote = "Self")]
pub(super) struct Raw {
    #[serde(default, deserialize_with = "each_once")]
    tags: Option<BTreeMap<String, String>>,
    #[serde(default, deserialize_with = "given")]
    size: Option<String>,
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(body: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Raw;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Raw, A::Error> {
                Raw::deserialize(MapAccessDeserializer::new(fields))
            }
        }

        body.deserialize_map(Object)
    }
}

/// A field that is there has a value: whoever writes `null` may mean that the machine is
/// to lose what it has, and nothing would come of it.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(value: D) -> Result<Option<T>, D::Error> {
    T::deserialize(value).map(Some)
}

/// The same of tags: of two of one name, a map by itself would keep the last.
fn each_once<'de, D: Deserializer<'de>>(
    value: D,
) -> Result<Option<BTreeMap<String, String>>, D::Error> {
    struct Tagged;

    impl<'de> Visitor<'de> for Tagged {
        type Value = BTreeMap<String, String>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
            let mut tags = BTreeMap::new();
            while let Some((name, value)) = fields.next_entry()? {
                if tags.insert(name, value).is_some() {
                    return Err(A::Error::custom(InvalidChange::Twice));
                }
            }
            Ok(tags)
        }
    }

    value.deserialize_map(Tagged).map(Some)
}

/// Proof that changes are switched on: else nothing is told of how they would be ordered.
pub(super) struct Offered;

impl FromRequest for Offered {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let settings = request.app_data::<Data<Settings>>();
        ready(if settings.is_some_and(|it| it.vm_update) {
            Ok(Self)
        } else {
            Err(Problem::forbidden(
                "changes of virtual machines are switched off; MIG_VM_UPDATE=on switches them on, \
                 and the identity then needs Microsoft.Compute/virtualMachines/write",
            ))
        })
    }
}

/// Proof that the body is `application/json` as it stands. actix takes every kind of
/// JSON, and one of them says to keep the other tags (RFC 7396).
pub(super) struct PlainJson;

impl FromRequest for PlainJson {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let headers = request.headers();
        let mut codings = headers.get_all(CONTENT_ENCODING);
        ready(
            if codings.any(|it| !it.as_bytes().eq_ignore_ascii_case(b"identity")) {
                Err(Problem::unsupported(
                    ACCEPT_ENCODING,
                    "identity",
                    "the body has to be sent as it is, without a Content-Encoding",
                ))
            } else if headers.contains_key(CONTENT_TYPE) && is_json(request) {
                Ok(Self)
            } else {
                Err(Problem::unsupported(
                    ACCEPT_PATCH,
                    "application/json",
                    "the body has to be application/json: its tags are all that the machine is to have",
                ))
            },
        )
    }
}

/// `PATCH /vms/{name}`
#[expect(
    clippy::too_many_arguments,
    reason = "each is a part of the request or of the gateway"
)]
pub(super) async fn update(
    authorized: Authorized<UpdateVm>,
    Offered: Offered,
    name: Path<String>,
    place: Query<Place>,
    request: HttpRequest,
    PlainJson: PlainJson,
    raw: Json<Raw>,
    prefer: Prefer,
    power: ThinData<Rc<Power>>,
    context: Context,
) -> Result<HttpResponse, Problem> {
    let target = Target {
        name: name.parse()?,
        narrowing: place.narrowing()?,
    };
    let update = Update {
        change: raw.into_inner().checked()?,
        if_match: version(request.headers())?,
    };
    let allowance = authorized.change()?;
    let updated = power
        .update(&update, &target, authorized.requester(), &context)
        .await;
    let operation = updated.map_err(|error| absent(&target.name, Problem::of_change(error)))?;
    let operation = power.settled(operation, prefer.patience()).await;
    Ok(allowance.told(operations::ordered(&operation, prefer)))
}

impl Raw {
    fn checked(self) -> Result<Change, InvalidChange> {
        let tags = self.tags.map(Tags::try_from).transpose()?;
        let size = self.size.map(|size| size.parse()).transpose()?;
        Change::new(tags, size)
    }
}

/// The version that is to be changed: one in quotes, or `*` for any (RFC 9110, 13.1.1).
fn version(headers: &HeaderMap) -> Result<Option<HeaderValue>, Problem> {
    if headers.contains_key(IF_NONE_MATCH) {
        return Err(Problem::invalid(
            "a change is bound to a version by If-Match, and takes no If-None-Match",
        ));
    }
    let mut lines = headers.get_all(IF_MATCH);
    let Some(line) = lines.next() else {
        return Ok(None);
    };
    if lines.next().is_none() && is_version(line) {
        Ok(Some(line.clone()))
    } else {
        Err(Problem::invalid(
            "If-Match is the ETag of GET /vms/{name}, quotes included, or *",
        ))
    }
}

fn is_version(line: &HeaderValue) -> bool {
    let text = line.to_str().unwrap_or_default();
    let inner = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    text == "*" || inner.is_some_and(|inner| !inner.contains('"'))
}
