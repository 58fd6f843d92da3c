//! What of a request the sandbox does not know.
//!
//! Azure ignores much of what it does not know, and so does the sandbox: a test
//! would be green where a program sends what has no meaning, or one that is not
//! imitated. What is documented and does nothing here counts as known; what would
//! be misunderstood here counts as unknown. The values of what is known are the
//! business of each service.

mod arm;
mod body;
mod entry;
mod graph;
mod headers;
mod keys;
mod tokens;

use std::{borrow::Cow, fmt};

use crate::{azure::Azure, gate::Asked, imds, journal::Service, sources::Source};
use body::Body;
use entry::Entry;

/// Something of a request that the sandbox does not know. Names are told, and
/// never values, for these may be secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// There is nothing at the path; nothing else of the request is looked at.
    Path,
    /// What is at the path does not take the method; nothing else is looked at.
    Method,
    /// A parameter of the query.
    Query(String),
    /// A field of the form in the body.
    Form(String),
    /// A member of the JSON in the body, with dots where it is a deeper one.
    Member(String),
    /// The body as a whole: there should be none, or another kind of one.
    Body,
    /// A header, in lower case.
    Header(String),
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path => f.write_str("the path"),
            Self::Method => f.write_str("the method"),
            Self::Query(name) => write!(f, "the query parameter '{name}'"),
            Self::Form(name) => write!(f, "the form field '{name}'"),
            Self::Member(name) => write!(f, "the member '{name}' of the body"),
            Self::Body => f.write_str("the body"),
            Self::Header(name) => write!(f, "the header '{name}'"),
        }
    }
}

/// Notes in `asked` what of it is not known, and tells whoever wants to be told.
pub(crate) fn examine(azure: &Azure, asked: &mut Asked) {
    asked.recorded.unknown = unknown(azure, asked);
    if asked.recorded.unknown.is_empty() {
        return;
    }
    if let Some(tell) = azure.settings.on_unexpected {
        tell(&asked.recorded);
    }
}

fn unknown(azure: &Azure, asked: &Asked) -> Vec<Unknown> {
    let recorded = &asked.recorded;
    let Some(service) = recorded.service else {
        return vec![Unknown::Path];
    };
    let path = match service {
        Service::Graph => graph::path(&recorded.path),
        Service::Token
        | Service::Discovery
        | Service::Keys
        | Service::TokenReview
        | Service::Instance
        | Service::VirtualMachines
        | Service::Actions
        | Service::Operations
        | Service::ResourceGraph => Cow::from(recorded.path.as_str()),
    };
    let mut here = entries(service, asked)
        .iter()
        .filter(|entry| entry.is_at(&path))
        .peekable();
    if here.peek().is_none() || (service == Service::Instance && !imds::has(azure, asked)) {
        return vec![Unknown::Path];
    }
    let Some(entry) = here.find(|entry| entry.method == recorded.method) else {
        // Without a token it is refused before that, as who looks whether anybody answers
        // knows.
        let is_look = service == Service::VirtualMachines && recorded.method == "GET";
        return match recorded.header("authorization") {
            None if is_look => Vec::new(),
            _ => vec![Unknown::Method],
        };
    };
    let mut unknown = Vec::new();
    let parameters = asked.query.names().filter(|name| !entry.takes(name));
    note(
        &mut unknown,
        parameters.map(|name| named(name, Unknown::Query)),
    );
    let others = recorded.headers.iter().map(|(name, _)| name.as_str());
    let others = others.filter(|name| !headers::is_known(service, entry, name));
    note(
        &mut unknown,
        others.map(|name| Unknown::Header(name.to_owned())),
    );
    note(&mut unknown, body::unknown(&entry.body, asked).into_iter());
    unknown
}

/// What there is of a service.
fn entries(service: Service, asked: &Asked) -> &'static [Entry] {
    match service {
        Service::Token => Source::at(asked.entrance, &asked.recorded.path).map_or(&[], tokens::of),
        Service::Discovery => tokens::DISCOVERY,
        Service::Keys => keys::KEYS,
        Service::TokenReview => keys::TOKEN_REVIEW,
        Service::Instance => tokens::INSTANCE,
        Service::VirtualMachines | Service::Actions => arm::MACHINES,
        Service::Operations => arm::OPERATIONS,
        Service::ResourceGraph => arm::RESOURCE_GRAPH,
        Service::Graph => graph::USERS,
    }
}

/// Each is noted once.
fn note(unknown: &mut Vec<Unknown>, more: impl Iterator<Item = Unknown>) {
    for one in more {
        if !unknown.contains(&one) {
            unknown.push(one);
        }
    }
}

fn named(name: &str, kind: fn(String) -> Unknown) -> Unknown {
    kind(shown(name))
}

/// `name`, if it looks like one. A client that encodes too much, or sends a bare
/// value, has its secrets where the name should be: tokens, signed URLs, and the
/// 32 digits of `IDENTITY_HEADER`.
fn shown(name: &str) -> String {
    const LONGEST: usize = 31;
    let is_of_one = |byte: u8| byte.is_ascii_alphanumeric() || b"$@-_.".contains(&byte);
    if name.len() <= LONGEST && name.bytes().all(is_of_one) {
        name.to_owned()
    } else {
        "…".to_owned()
    }
}
