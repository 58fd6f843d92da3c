//! One check: how it ended, why, and what mends it.

use serde::Serialize;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    Ok,
    /// It works, and is not as it should be.
    Warning,
    Failed,
    /// It was not made: it does not apply here, or something else is in the way.
    Skipped,
}

impl Verdict {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "FAILED",
            Self::Skipped => "skipped",
        }
    }
}

/// One check.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Check {
    /// A stable name.
    pub(super) name: &'static str,
    /// What it is about, where there are several of that name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) subject: Option<String>,
    pub(super) verdict: Verdict,
    /// A stable name of the cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) code: Option<&'static str>,
    /// The failed check that is in the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    because: Option<&'static str>,
    pub(super) detail: String,
    /// What mends it: a command, as a rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) mend: Option<String>,
}

impl Check {
    pub(super) fn ok(name: &'static str, detail: impl Into<String>) -> Self {
        Self::new(name, Verdict::Ok, None, detail)
    }

    pub(super) fn warning(
        name: &'static str,
        code: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        Self::new(name, Verdict::Warning, Some(code), detail)
    }

    pub(super) fn failed(
        name: &'static str,
        code: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        Self::new(name, Verdict::Failed, Some(code), detail)
    }

    /// A check that has no place here.
    pub(super) fn inapplicable(name: &'static str, detail: impl Into<String>) -> Self {
        Self::new(name, Verdict::Skipped, None, detail)
    }

    /// A check that the failed check `cause` is in the way of.
    pub(super) fn skipped(name: &'static str, cause: &'static str) -> Self {
        Self {
            because: Some(cause),
            ..Self::inapplicable(name, format!("not looked at, as {cause} failed"))
        }
    }

    /// The same, with what mends it.
    pub(super) fn mend(mut self, mend: impl Into<String>) -> Self {
        self.mend = Some(mend.into());
        self
    }

    /// The same, of one of several.
    pub(super) fn about(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    fn new(
        name: &'static str,
        verdict: Verdict,
        code: Option<&'static str>,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            name,
            subject: None,
            verdict,
            code,
            because: None,
            detail: detail.into(),
            mend: None,
        }
    }

    /// Its cause: itself where it failed, or what it was skipped for.
    pub(super) fn cause(&self) -> Option<&'static str> {
        match self.verdict {
            Verdict::Failed => Some(self.name),
            Verdict::Skipped => self.because,
            Verdict::Ok | Verdict::Warning => None,
        }
    }
}
