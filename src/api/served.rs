//! The body of an answer, as it is handed on.

use std::{
    pin::Pin,
    task::{self, Poll, ready},
};

use actix_web::{
    body::{BodySize, MessageBody},
    web::Bytes,
};

use super::pace::Serving;

/// What is handed on at once, at most: as much as actix has in its buffer before it writes.
const LARGEST_PART: usize = 32 * 1024;

/// A body that is served until it is dropped, or taken as a whole.
///
/// It is handed on in parts: actix copies each into the buffer of its connection, in which a
/// caller who does not read would have all of it.
pub(crate) struct Served<B> {
    body: B,
    /// What comes before the rest of `body`.
    next: Bytes,
    serving: Option<Serving>,
}

impl<B> Served<B> {
    pub(super) fn new(body: B, serving: Option<Serving>) -> Self {
        Self {
            body,
            next: Bytes::new(),
            serving,
        }
    }
}

impl<B: MessageBody + Unpin> MessageBody for Served<B> {
    type Error = B::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        waker: &mut task::Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        if self.next.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_next(waker)) {
                Some(Ok(bytes)) => self.next = bytes,
                end => return Poll::Ready(end),
            }
        }
        let part = self.next.len().min(LARGEST_PART);
        Poll::Ready(Some(Ok(self.next.split_to(part))))
    }

    /// What is there as a whole needs nobody to go on with it.
    fn try_into_bytes(self) -> Result<Bytes, Self> {
        if !self.next.is_empty() {
            return Err(self);
        }
        let (body, serving) = (self.body, self.serving);
        body.try_into_bytes()
            .map_err(|body| Self::new(body, serving))
    }
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, future::poll_fn};

    use actix_web::body::BodyStream;
    use futures_util::stream;

    use super::*;

    async fn parts(body: impl MessageBody + Unpin) -> Vec<Bytes> {
        let mut served = Served::new(body, None);
        let mut parts = Vec::new();
        while let Some(part) = poll_fn(|waker| Pin::new(&mut served).poll_next(waker)).await {
            parts.push(part.map_err(|_| "no error").unwrap());
        }
        parts
    }

    #[actix_web::test]
    async fn a_large_answer_is_handed_on_whole_and_in_parts() {
        let whole: Bytes = (0..100_000_u32).map(|it| it.to_le_bytes()[0]).collect();
        let handed_on = parts(whole.clone()).await;
        assert_eq!(handed_on.len(), 4);
        assert!(handed_on.iter().all(|part| part.len() <= LARGEST_PART));
        assert_eq!(handed_on.concat(), whole);
    }

    #[actix_web::test]
    async fn what_is_small_is_handed_on_as_it_comes() {
        let comes = ["a page", "", "and another"].map(|it| Ok::<_, Infallible>(it.into()));
        let handed_on = parts(BodyStream::new(stream::iter(comes))).await;
        assert_eq!(handed_on, ["a page", "and another"]);
        let whole = Served::new(Bytes::from("a page"), None).try_into_bytes();
        assert!(whole.is_ok_and(|it| it == "a page"));
    }
}
