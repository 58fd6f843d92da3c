//! What is sent to an upstream.

use std::{borrow::Cow, cell::Cell};

use actix_web::{
    http::{
        Method,
        header::{CONTENT_TYPE, HeaderName, HeaderValue},
    },
    web::Bytes,
};

use super::{CallerKey, Context};
use crate::telemetry::TraceContext;

/// One request to an upstream.
#[derive(Clone)]
pub(crate) struct Request<'a> {
    /// The verb.
    pub(crate) method: Method,
    /// The absolute URL, already encoded: it is sent byte for byte.
    pub(super) url: Cow<'a, str>,
    /// What it does, from a small fixed set: a metrics label.
    pub(crate) operation: &'static str,
    /// Headers beyond those that every request carries.
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// `Authorization`: another one each time that it is sent anew for that.
    pub(super) authorization: Option<HeaderValue>,
    /// What it does to the other end.
    pub(super) effect: Effect,
    pub(super) body: Option<Bytes>,
    /// What a look asks in place of `body`.
    stand_in: Option<Bytes>,
    /// Whether an answer of any status is one, and none a refusal.
    pub(super) takes_any_status: bool,
    pub(super) trace: Trace<'a>,
    pub(super) on_behalf: CallerKey,
    /// How often it has been sent.
    pub(super) sent: Cell<u32>,
}

/// The trace that an exchange is part of.
#[derive(Clone, Copy)]
pub(super) enum Trace<'a> {
    /// None.
    None,
    /// One that the other end goes on with.
    Shared(&'a TraceContext),
    /// One that is none of the other end's business.
    Own(&'a TraceContext),
}

/// What a request does to the other end. The verb does not tell: there are
/// queries that are too long for anything but a POST.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing: it may be sent again.
    Reads,
    /// Something that must not happen twice.
    Changes,
}

impl<'a> Request<'a> {
    /// A GET of `url`.
    pub(crate) fn get(url: &'a str, operation: &'static str) -> Self {
        Self::new(Method::GET, url, operation, Effect::Reads)
    }

    /// A POST to `url`, without a body.
    pub(crate) fn post(url: &'a str, operation: &'static str) -> Self {
        Self::new(Method::POST, url, operation, Effect::Changes)
    }

    /// A PATCH of `url` with `json`.
    pub(crate) fn patch(url: &'a str, operation: &'static str, json: Bytes) -> Self {
        Self::new(Method::PATCH, url, operation, Effect::Changes).json(json)
    }

    /// A POST to `url` of a question in JSON: it changes nothing.
    pub(crate) fn question(url: &'a str, operation: &'static str, json: Bytes) -> Self {
        Self::new(Method::POST, url, operation, Effect::Reads).json(json)
    }

    /// A POST to `url` of `body`; of which kind it is, a header has to say.
    pub(crate) fn report(url: &'a str, operation: &'static str, body: Bytes) -> Self {
        Self {
            body: Some(body),
            ..Self::new(Method::POST, url, operation, Effect::Changes)
        }
    }

    /// A POST to `url` of a question in a form: it changes nothing.
    pub(crate) fn form(url: &'a str, operation: &'static str, form: Bytes) -> Self {
        let request = Self {
            body: Some(form),
            ..Self::new(Method::POST, url, operation, Effect::Reads)
        };
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        request.header(CONTENT_TYPE, form)
    }

    fn new(method: Method, url: &'a str, operation: &'static str, effect: Effect) -> Self {
        Self {
            method,
            url: Cow::Borrowed(url),
            operation,
            headers: Vec::new(),
            authorization: None,
            effect,
            body: None,
            stand_in: None,
            takes_any_status: false,
            trace: Trace::None,
            on_behalf: CallerKey::default(),
            sent: Cell::default(),
        }
    }

    /// The same request, of which an answer of any status is read like one of success.
    pub(crate) fn taking_any_status(self) -> Self {
        Self {
            takes_any_status: true,
            ..self
        }
    }

    /// What is sent to see whether there is an answer, in no trace: the same request, or
    /// in place of one that changes something a GET that shows no token. That is refused,
    /// which is an answer.
    pub(super) fn look(&self) -> Request<'static> {
        let url = Cow::Owned(self.url.clone().into_owned());
        match self.effect {
            Effect::Reads => Request {
                method: self.method.clone(),
                url,
                operation: self.operation,
                headers: self.headers.clone(),
                authorization: self.authorization.clone(),
                effect: self.effect,
                body: self.looked_with().cloned(),
                stand_in: None,
                takes_any_status: self.takes_any_status,
                trace: Trace::None,
                on_behalf: CallerKey::default(),
                sent: Cell::default(),
            },
            Effect::Changes => Request {
                url,
                ..Request::get("", "look")
            },
        }
    }

    /// Whether it is what a look asks in place of the read `other`.
    pub(super) fn is_look_of(&self, other: &Request<'_>) -> bool {
        let is_same_place = self.url == other.url && self.method == other.method;
        is_same_place && self.body.as_ref() == other.looked_with()
    }

    fn looked_with(&self) -> Option<&Bytes> {
        self.stand_in.as_ref().or(self.body.as_ref())
    }

    /// The same request, of which a look asks `json`: looks go on after its caller has gone,
    /// and are not to show what was theirs.
    pub(crate) fn looking_with(self, json: Bytes) -> Self {
        let stand_in = Some(json);
        Self { stand_in, ..self }
    }

    /// Makes it part of `context`, with whose trace the other end goes on.
    pub(crate) fn join(&mut self, context: &'a Context) {
        self.trace = Trace::Shared(&context.trace);
        self.on_behalf = context.on_behalf;
    }

    /// Has it say `authorization`, and nothing that it has said before.
    pub(crate) fn authorize(&mut self, authorization: HeaderValue) {
        self.authorization = Some(authorization);
    }

    /// The same request as part of `trace`, of which the other end is not told.
    pub(crate) fn recorded(self, trace: Option<&'a TraceContext>) -> Self {
        let trace = trace.map_or(Trace::None, Trace::Own);
        Self { trace, ..self }
    }

    /// The same request with `json` as its body.
    pub(crate) fn json(mut self, json: Bytes) -> Self {
        self.body = Some(json);
        self.header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
    }

    /// The same request with one header more.
    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_something_is_not_sent_to_see_whether_there_is_an_answer() {
        let (url, body) = ("http://upstream/", Bytes::new);
        for mut request in [
            Request::post(url, "deallocate"),
            Request::patch(url, "update_vm", body()),
            Request::report(url, "push", body()),
        ] {
            request.authorize(HeaderValue::from_static("Bearer a.b.c"));
            let look = request.look();
            assert_eq!(look.method, Method::GET, "{}", request.operation);
            assert!(look.authorization.is_none() && look.body.is_none());
            assert!(look.effect == Effect::Reads && look.headers.is_empty());
        }
        for request in [
            Request::get(url, "get_vm"),
            Request::question(url, "find_vms", body()),
            Request::form(url, "token", body()),
        ] {
            assert_eq!(request.look().operation, request.operation);
        }
    }

    #[test]
    fn a_look_does_not_show_what_another_question_stands_in_for() {
        let [callers, own] = [&b"callers"[..], b"own"].map(Bytes::from_static);
        let request = Request::question("http://upstream/", "review_token", callers.clone());
        assert_eq!(request.look().body, Some(callers));
        let look = request.looking_with(own.clone()).look();
        assert_eq!(look.body, Some(own.clone()));
        assert_eq!(look.look().body, Some(own));
    }
}
