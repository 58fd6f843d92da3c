//! One thing that a service can be asked.

use percent_encoding::percent_decode_str;

use super::Body;

/// A method at a path, and what may come with it.
pub(super) struct Entry {
    pub(super) method: &'static str,
    /// Where it is, in any case: `*` is one part of the path, whichever, and `**`
    /// any number of them.
    pub(super) path: &'static str,
    /// The parameters of the query, in any case.
    pub(super) query: &'static [&'static str],
    /// The headers that mean something here and not in the whole service.
    pub(super) headers: &'static [&'static str],
    pub(super) body: Body,
}

impl Entry {
    pub(super) const fn get(path: &'static str, query: &'static [&'static str]) -> Self {
        Self {
            method: "GET",
            path,
            query,
            headers: &[],
            body: Body::NONE,
        }
    }

    pub(super) const fn post(
        path: &'static str,
        query: &'static [&'static str],
        body: Body,
    ) -> Self {
        Self {
            method: "POST",
            path,
            query,
            headers: &[],
            body,
        }
    }

    pub(super) const fn with_headers(self, headers: &'static [&'static str]) -> Self {
        Self { headers, ..self }
    }

    pub(super) fn is_at(&self, path: &str) -> bool {
        fits(self.path.split('/'), path.split('/'))
    }

    pub(super) fn takes(&self, parameter: &str) -> bool {
        let mut known = self.query.iter();
        known.any(|known| known.eq_ignore_ascii_case(parameter))
    }
}

fn fits<'a, 'b>(
    mut pattern: impl Iterator<Item = &'a str> + Clone,
    mut path: impl Iterator<Item = &'b str> + Clone,
) -> bool {
    loop {
        match (pattern.next(), path.next()) {
            (None, None) => return true,
            (Some("**"), first) => return ends(&pattern, first, path),
            (Some("*"), Some(part)) if !part.is_empty() => {}
            (Some(word), Some(part)) if is(part, word) => {}
            _ => return false,
        }
    }
}

/// Whether what is left of a path ends as `end` says.
fn ends<'a, 'b>(
    end: &(impl Iterator<Item = &'a str> + Clone),
    first: Option<&'b str>,
    rest: impl Iterator<Item = &'b str> + Clone,
) -> bool {
    let length = end.clone().count();
    let left = first.into_iter().chain(rest);
    let Some(before) = left.clone().count().checked_sub(length) else {
        return false;
    };
    let mut pairs = left.skip(before).zip(end.clone());
    pairs.all(|(part, word)| is(part, word))
}

/// Whether `part`, which may be percent-encoded, is `word` in some case.
fn is(part: &str, word: &str) -> bool {
    part.eq_ignore_ascii_case(word)
        || part.contains('%')
            && percent_decode_str(part)
                .map(|byte| byte.to_ascii_lowercase())
                .eq(word.bytes().map(|byte| byte.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_where_their_pattern_says() {
        for (pattern, path, is_there) in [
            ("/a/*/c", "/a/b/c", true),
            ("/a/*/c", "/A/anything/C", true),
            ("/a/*/$c", "/a/b/%24C", true),
            ("/a/*/c", "/a//c", false),
            ("/a/*", "/a", false),
            ("/a/*", "/a/b/c", false),
            ("/a/*", "/a/b/", false),
            ("/a/**", "/a", true),
            ("/a/**", "/a/b/c", true),
            ("/a/**", "/b/c", false),
            ("/a/**/c/d", "/a/b/b//b/C/D", true),
            ("/a/**/c/d", "/a/c/d", true),
            ("/a/**/c/d", "/a/d", false),
            ("/a/**/c/d", "/a/c/d/e", false),
        ] {
            let entry = Entry::get(pattern, &[]);
            assert_eq!(entry.is_at(path), is_there, "{pattern} {path}");
        }
    }
}
