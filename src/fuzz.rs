//! One door for the targets of `fuzz/`: every parser of what comes from outside, with
//! what has to hold of whatever it makes of it.
//!
//! It is there in tests and where `cargo fuzz` builds, and nowhere else. What has to
//! hold stands beside each parser, in a module `fuzz` of its floor.

#[cfg(test)]
mod corpus;
mod message;

use crate::{
    access, api, app, azure, config, directory, export, http, identity, inventory, policy, power,
    telemetry,
};
use message::Message;

/// A target and its parser.
type Target = (&'static str, fn(&[u8]));

const TARGETS: [Target; 29] = [
    ("azure_refusal", |input| {
        Message::read(input, |message| {
            let refusal = http::fuzz::refusal(message.status, &message.headers, message.body);
            azure::fuzz::refusal(&refusal);
        });
    }),
    ("bearer_token", |input| {
        Message::read(input, |message| {
            access::fuzz::bearer_token(&message.headers);
        });
    }),
    ("certificate", app::fuzz::files),
    ("collector_answer", |input| {
        Message::read(input, |message| export::fuzz::answer(message.parts()));
    }),
    ("config", config::fuzz::variables),
    ("cursor", |input| {
        text(input, |cursor| {
            directory::fuzz::cursor(cursor);
            inventory::fuzz::cursor(cursor);
        });
    }),
    ("delta_page", |input| {
        if let Some(changes) = azure::fuzz::delta_page(input) {
            directory::fuzz::changes(changes);
        }
    }),
    ("directory_query", |input| {
        text(input, api::fuzz::directory_query);
    }),
    ("forwarded", |input| {
        Message::read(input, |message| api::fuzz::forwarded(&message.headers));
    }),
    ("framing", api::fuzz::framing),
    ("instance_metadata", |input| {
        Message::read(input, |message| {
            identity::fuzz::versions(message.status, message.body);
            inventory::fuzz::host(message.body);
        });
    }),
    ("key_set", access::fuzz::key_set),
    ("machine", azure::fuzz::machine),
    ("operation_id", |input| {
        text(input, power::fuzz::operation_id);
    }),
    ("operation_status", |input| {
        Message::read(input, |message| {
            azure::fuzz::operation(&http::fuzz::response(message.parts()));
        });
    }),
    ("order_query", |input| text(input, api::fuzz::order_query)),
    ("page_link", |input| text(input, azure::fuzz::page_link)),
    ("permissions", azure::fuzz::permissions),
    ("policy", |input| text(input, policy::fuzz::policies)),
    ("request_headers", |input| {
        Message::read(input, |message| {
            telemetry::fuzz::headers(&message.headers);
            api::fuzz::preferences(&message.headers);
            api::fuzz::wishes(&message.headers);
        });
    }),
    ("retry_after", |input| text(input, http::fuzz::pause)),
    ("token_claims", access::fuzz::token_claims),
    ("token_response", |input| {
        Message::read(input, |message| {
            identity::fuzz::token_response(message.parts());
        });
    }),
    ("token_review", access::fuzz::token_review),
    ("user_page", |input| {
        if let Some(rows) = azure::fuzz::user_page(input) {
            directory::fuzz::rows(&rows);
        }
    }),
    ("user_probe", azure::fuzz::probe),
    ("vm_change", |input| {
        Message::read(input, |message| {
            api::fuzz::vm_change(&message.headers, message.body);
        });
    }),
    ("vm_id", |input| text(input, azure::fuzz::vm_id)),
    ("vm_query", |input| text(input, api::fuzz::vm_query)),
];

/// Hands `input` to the parser of `target`.
///
/// # Panics
///
/// Where what it makes of it is not as it has to be, and where there is no such target.
pub fn feed(target: &str, input: &[u8]) {
    let known = TARGETS.iter().find(|(name, _)| *name == target);
    let Some((_, parser)) = known else {
        panic!("there is no target {target}")
    };
    parser(input);
}

/// Most of what comes is text, or refused before it is read.
fn text(input: &[u8], parser: impl Fn(&str)) {
    if let Ok(text) = str::from_utf8(input) {
        parser(text);
    }
}
