//! The files of the page, each at a path that changes with what is in it.

use std::sync::LazyLock;

use actix_web::{
    HttpMessage as _, HttpRequest, HttpResponse, HttpResponseBuilder,
    http::{
        StatusCode,
        header::{
            ACCEPT_ENCODING, AcceptEncoding, CACHE_CONTROL, CONTENT_ENCODING, ETAG, Encoding,
            EntityTag, Preference, Quality, VARY,
        },
    },
};
use aws_lc_rs::digest::{SHA256, digest};

use crate::api::{Problem, known::is_known};

/// As the program was built with them.
pub(super) static FILES: LazyLock<Files> = LazyLock::new(|| Files {
    renderer: File::of(
        ("swagger-ui", "js"),
        Form::Compressed(include_bytes!("assets/swagger-ui-bundle.js.gz")),
    ),
    renderer_style: File::of(
        ("swagger-ui", "css"),
        Form::Compressed(include_bytes!("assets/swagger-ui.css.gz")),
    ),
    start: File::of(
        ("start", "js"),
        Form::Plain(include_str!("assets/start.js")),
    ),
    style: File::of(
        ("page", "css"),
        Form::Plain(include_str!("assets/page.css")),
    ),
    licences: File::of(
        ("licences", "txt"),
        Form::Plain(include_str!("assets/licences.txt")),
    ),
});

pub(super) struct Files {
    pub(super) renderer: File,
    pub(super) renderer_style: File,
    /// What the renderer is told, and what of the contract is read differently.
    pub(super) start: File,
    pub(super) style: File,
    pub(super) licences: File,
}

impl Files {
    /// The file whose path is `path`, letter for letter.
    pub(super) fn at(&self, path: &str) -> Option<&File> {
        let Self {
            renderer,
            renderer_style,
            start,
            style,
            licences,
        } = self;
        let all = [renderer, renderer_style, start, style, licences];
        all.into_iter().find(|file| file.path == path)
    }
}

/// How a file is held.
#[derive(Clone, Copy)]
enum Form {
    Plain(&'static str),
    /// By gzip, and in no other way: what takes nobody a token to ask for has to cost
    /// nothing to answer.
    Compressed(&'static [u8]),
}

pub(super) struct File {
    pub(super) path: String,
    media_type: &'static str,
    form: Form,
    tag: EntityTag,
}

impl File {
    fn of((stem, extension): (&str, &str), form: Form) -> Self {
        let bytes = match form {
            Form::Plain(text) => text.as_bytes(),
            Form::Compressed(bytes) => bytes,
        };
        let hash = digest(&SHA256, bytes);
        let hash = hash.as_ref()[..8].iter();
        let hash = hash.fold(String::new(), |digits, byte| format!("{digits}{byte:02x}"));
        Self {
            path: format!("/docs/{stem}-{hash}.{extension}"),
            media_type: match extension {
                "js" => "text/javascript; charset=utf-8",
                "css" => "text/css; charset=utf-8",
                _ => "text/plain; charset=utf-8",
            },
            form,
            tag: EntityTag::new_strong(hash),
        }
    }

    /// The file, for good: another one is at another path.
    pub(super) fn answer(&self, request: &HttpRequest) -> Result<HttpResponse, Problem> {
        if is_known(request, &self.tag) {
            return Ok(self.headed(HttpResponse::NotModified()).finish());
        }
        let mut answer = self.headed(HttpResponse::Ok());
        answer.content_type(self.media_type);
        match self.form {
            Form::Plain(text) => Ok(answer.body(text)),
            Form::Compressed(bytes) if takes_gzip(request) => {
                answer.insert_header((CONTENT_ENCODING, "gzip"));
                Ok(answer.body(bytes))
            }
            Form::Compressed(_) => Err(Problem::unreadable(
                StatusCode::NOT_ACCEPTABLE,
                "there is this file with Content-Encoding gzip alone",
            )),
        }
    }

    fn headed(&self, mut answer: HttpResponseBuilder) -> HttpResponseBuilder {
        answer
            .insert_header((CACHE_CONTROL, "public, max-age=31536000, immutable"))
            .insert_header((ETAG, self.tag.to_string()))
            .insert_header((VARY, ACCEPT_ENCODING.as_str()));
        answer
    }
}

/// Whoever does not say takes any coding (RFC 9110, 12.5.3).
fn takes_gzip(request: &HttpRequest) -> bool {
    if !request.headers().contains_key(ACCEPT_ENCODING) {
        return true;
    }
    let Some(AcceptEncoding(accepted)) = request.get_header() else {
        return false;
    };
    let named = |wanted: &Preference<Encoding>| accepted.iter().find(|it| it.item == *wanted);
    let gzip = named(&Preference::Specific(Encoding::gzip()));
    let gzip = gzip.or_else(|| named(&Preference::Any));
    gzip.is_some_and(|it| it.quality > Quality::ZERO)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn gzip_is_for_who_names_it_or_anything() {
        let takes = |accepted| {
            let request = TestRequest::default().insert_header((ACCEPT_ENCODING, accepted));
            takes_gzip(&request.to_http_request())
        };
        for accepted in [
            "gzip",
            "GZIP",
            "br;q=1.0, gzip;q=0.1",
            "*",
            "identity, *;q=0.5",
        ] {
            assert!(takes(accepted), "{accepted}");
        }
        for accepted in ["", "identity", "br", "gzip;q=0", "gzip;q=0, *", "*;q=0"] {
            assert!(!takes(accepted), "{accepted}");
        }
        assert!(takes_gzip(&TestRequest::default().to_http_request()));
    }
}
