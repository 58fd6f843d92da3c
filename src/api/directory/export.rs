//! A whole listing as one answer, page after page.

use std::{error, fmt};

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    rt::task::yield_now,
    web::Bytes,
};
use futures_util::stream::{self, Stream};
use tracing::Span;

use super::{
    super::{Problem, inbound::Inbound},
    AS_OF, BY_FORM_AND_CALLER, as_of,
};
use crate::{
    directory::{Error, Export as Form, Listing, Rows, Unwritable},
    metrics::Metrics,
    telemetry::chain,
};

/// The answer with all of `listing`, of which the first page has been read.
pub(super) fn answer(
    form: Form,
    listing: Listing,
    metrics: &Metrics,
    request: &HttpRequest,
) -> HttpResponse {
    let mut answer = HttpResponse::Ok();
    answer
        .insert_header(BY_FORM_AND_CALLER)
        .insert_header((AS_OF, as_of(listing.as_of())));
    match form {
        Form::Ndjson => answer.insert_header((CONTENT_TYPE, "application/x-ndjson")),
        Form::Csv => answer
            .insert_header((CONTENT_TYPE, "text/csv; charset=utf-8; header=present"))
            .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"users.csv\"")),
    };
    let export = Export {
        form,
        listing,
        has_begun: false,
        end: End {
            form,
            metrics: metrics.clone(),
            outcome: "left",
        },
        path: request.path().to_owned(),
        inbound: Inbound::of(request),
        span: Span::current(),
    };
    answer.streaming(stream(export))
}

/// Counts a listing for which there is no room.
pub(super) fn not_begun(form: Form, error: &Error, metrics: &Metrics) {
    if matches!(error, Error::Crowded) {
        metrics.directory_export(label(form), "refused");
    }
}

fn label(form: Form) -> &'static str {
    match form {
        Form::Csv => "csv",
        Form::Ndjson => "ndjson",
    }
}

/// The body cannot go on. The connection is closed without the last chunk, so
/// that nobody takes what was sent for the whole.
#[derive(Debug)]
struct Broken;

impl fmt::Display for Broken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the listing broke off")
    }
}

impl error::Error for Broken {}

/// A listing on its way to a caller.
struct Export {
    form: Form,
    listing: Listing,
    has_begun: bool,
    end: End,
    path: String,
    inbound: Inbound,
    span: Span,
}

/// Counts how an export ends; a caller who leaves drops it.
struct End {
    form: Form,
    metrics: Metrics,
    outcome: &'static str,
}

impl Drop for End {
    fn drop(&mut self) {
        self.metrics
            .directory_export(label(self.form), self.outcome);
    }
}

fn stream(export: Export) -> impl Stream<Item = Result<Bytes, Broken>> {
    stream::unfold(Some(export), |export| async {
        let mut export = export?;
        match export.part().await {
            Ok(Some(part)) => Some((Ok(part), Some(export))),
            Ok(None) => {
                export.end.outcome = "whole";
                None
            }
            Err(problem) => Some((export.broken(&problem), None)),
        }
    })
}

impl Export {
    /// What comes next; a page is not asked for before the one ahead of it has
    /// been handed on.
    async fn part(&mut self) -> Result<Option<Bytes>, Problem> {
        if self.has_begun {
            // The connection writes out what it has when there is nothing more at
            // once.
            yield_now().await;
        }
        let rows = self.listing.next().await?;
        let part = rows.map(|rows| self.written(&rows)).transpose();
        let part = part.map_err(Problem::internal_from)?;
        self.has_begun = true;
        Ok(part.map(Bytes::from))
    }

    fn written(&self, rows: &Rows) -> Result<Vec<u8>, Unwritable> {
        let columns = self.listing.query().select.properties();
        let mut text = if self.has_begun {
            Vec::new()
        } else {
            self.form.head(columns)?
        };
        text.extend(self.form.part(columns, rows)?);
        Ok(text)
    }

    /// The last that a caller sees of a listing that cannot go on.
    fn broken(mut self, problem: &Problem) -> Result<Bytes, Broken> {
        self.end.outcome = "broken";
        tracing::warn!(
            parent: &self.span,
            error = format!("{}: {}", problem.code(), chain(problem)),
            "a listing broke off on its way to its caller"
        );
        match self.form {
            Form::Csv => Err(Broken),
            Form::Ndjson => {
                let document = problem.document(&self.path, &self.inbound);
                Ok([b"{\"error\":", &document[..], b"}\n"].concat().into())
            }
        }
    }
}
