//! Reads policies: parsed, held to the schema, mended, or refused with all that is
//! wrong.

use std::{collections::HashMap, panic::resume_unwind, sync::Arc, thread};

use aws_lc_rs::digest::{Context, SHA256};
use cedar_policy::{
    Policy, PolicyId, PolicySet as Cedar, ValidationMode, ValidationWarning, Validator,
};

use miette::{Diagnostic, SourceSpan};

use super::{
    Action, PolicySet,
    annotations::Annotations,
    fault::{Error, Fault, Faults, Place},
    nesting, normalize,
    set::Entry,
    source::{Source, Text},
    vocabulary::Vocabulary,
    whom::Named,
};
use crate::config::Callers;

/// Digits of the version.
const VERSION: usize = 12;

/// The policies of `source`, for `callers` where it is known who they are.
pub(super) fn load(source: &Source, callers: Option<&Callers>) -> Result<PolicySet, Error> {
    set(source, callers, &source.read_together()?)
}

/// The policies of `texts`, which were read from `source`; in a thread of its own, whose
/// stack is long enough for whatever is taken.
pub(super) fn set(
    source: &Source,
    callers: Option<&Callers>,
    texts: &[Text],
) -> Result<PolicySet, Error> {
    let thread = thread::Builder::new().stack_size(nesting::STACK);
    thread::scope(|scope| {
        let reading = thread.spawn_scoped(scope, || read(source, callers, texts));
        let set = reading.map_err(Error::Thread)?.join();
        Ok(set.unwrap_or_else(|it| resume_unwind(it))?)
    })
}

fn read(source: &Source, callers: Option<&Callers>, texts: &[Text]) -> Result<PolicySet, Faults> {
    let version = version(texts);
    let refused = |errors: Vec<Fault>, warnings: Vec<Fault>| Faults {
        version: Some(version.clone()),
        errors,
        warnings,
    };
    let fault = |reason: String| {
        let fault = Fault::of_file(&source.words(), reason);
        refused(vec![fault], Vec::new())
    };
    let vocabulary = Arc::new(Vocabulary::new().map_err(fault)?);
    let mut loading = Loading {
        validator: Validator::new(vocabulary.schema.clone()),
        // Where nobody is asked, policies for others are being tried out.
        callers: callers.filter(|callers| callers.are_asked()),
        entries: Vec::new(),
        faults: Vec::new(),
        warnings: Vec::new(),
    };
    for text in texts {
        loading.read(text);
    }
    loading.refuse_namesakes();
    let Loading {
        entries,
        faults,
        warnings,
        ..
    } = loading;
    if !faults.is_empty() {
        return Err(refused(faults, warnings));
    }
    if entries.is_empty() {
        return Err(fault(
            "there is no policy: nobody could do anything".to_owned(),
        ));
    }
    PolicySet::new(vocabulary, (entries, warnings), version.clone()).map_err(fault)
}

/// What all files are together.
pub(super) fn version(texts: &[Text]) -> String {
    let mut context = Context::new(&SHA256);
    for Text { file, text } in texts {
        for part in [file, text] {
            context.update(&part.len().to_be_bytes());
            context.update(part.as_bytes());
        }
    }
    let digest = context.finish();
    let bytes = digest.as_ref().iter().take(VERSION / 2);
    bytes.fold(String::new(), |digits, byte| format!("{digits}{byte:02x}"))
}

/// Policies as they are read, and what was wrong with them so far.
struct Loading<'a> {
    validator: Validator,
    callers: Option<&'a Callers>,
    entries: Vec<Entry>,
    faults: Vec<Fault>,
    warnings: Vec<Fault>,
}

impl Loading<'_> {
    fn read(&mut self, text: &Text) {
        if let Some(offset) = nesting::excess(&text.text) {
            self.faults.push(Fault::at(
                &text.file,
                Place::of(&text.text, offset),
                format!(
                    "a policy has at most {} operators and brackets: write a set, or several \
                     policies",
                    nesting::MOST
                ),
            ));
            return;
        }
        let parsed: Cedar = match text.text.parse() {
            Ok(parsed) => parsed,
            Err(errors) => {
                let errors: &cedar_policy::ParseErrors = &errors;
                let faults = errors
                    .iter()
                    .map(|error| Fault::told(&text.file, &text.text, error));
                self.faults.extend(faults);
                return;
            }
        };
        for template in parsed.templates() {
            self.faults.push(Fault::at(
                &text.file,
                place(text, template.as_ref().loc().map(|loc| &loc.span)),
                "it is a template: write out for whom and on what it is",
            ));
        }
        let mut policies: Vec<_> = parsed
            .policies()
            .map(|policy| {
                let loc = policy.as_ref().loc();
                (place(text, loc.map(|loc| &loc.span)), policy)
            })
            .collect();
        policies.sort_by_key(|(place, _)| (place.line, place.column));
        for (place, policy) in policies {
            if let Err(faults) = self.take(text, place, policy) {
                self.faults.extend(faults);
            }
        }
    }

    fn take(&mut self, text: &Text, place: Place, policy: &Policy) -> Result<(), Vec<Fault>> {
        let fault = |reason: String| Fault::at(&text.file, place, reason);
        let unlike = |reason: String| vec![fault(reason)];
        let mut reasons = Vec::new();
        let Annotations { name, is_shadow } =
            Annotations::read(policy, place_name(&text.file, place), &mut reasons);
        let policy = policy.new_id(PolicyId::new(&name));
        let json = policy.to_json().map_err(|error| error.to_string());
        let mut json = json.map_err(unlike)?;
        reasons.extend(normalize::mend(&mut json));
        if let Some(callers) = self.callers {
            let named = Named::of(&json, policy.effect(), callers);
            reasons.extend(named.faults);
            self.warnings.extend(named.warnings.into_iter().map(fault));
        }
        let mut faults = self.unfit(text, place, &policy);
        faults.extend(reasons.into_iter().map(fault));
        if !faults.is_empty() {
            return Err(faults);
        }
        let tags = normalize::tags(&json);
        let looks_at_resource = normalize::looks_at_resource(&json);
        let mended = Policy::from_json(Some(PolicyId::new(&name)), json);
        self.entries.push(Entry {
            name,
            file: text.file.clone(),
            place,
            is_shadow,
            actions: self.actions(&policy),
            tags,
            looks_at_resource,
            policy: mended.map_err(|error| unlike(error.to_string()))?,
        });
        Ok(())
    }

    /// What the schema has against `policy`. That it never holds is one: a forbid that
    /// is impossible forbids nothing. What is odd and may be meant is a warning.
    fn unfit(&mut self, text: &Text, place: Place, policy: &Policy) -> Vec<Fault> {
        let alone = match Cedar::from_policies([policy.clone()]) {
            Ok(alone) => alone,
            Err(error) => return vec![Fault::at(&text.file, place, error.to_string())],
        };
        let result = self.validator.validate(&alone, ValidationMode::Strict);
        let located = |diagnostic: &dyn Diagnostic| {
            let mut fault = Fault::told(&text.file, &text.text, diagnostic);
            fault.place.get_or_insert(place);
            fault
        };
        let mut faults: Vec<_> = result.validation_errors().map(|it| located(it)).collect();
        for warning in result.validation_warnings() {
            let fault = located(warning);
            match warning {
                ValidationWarning::ImpossiblePolicy(_)
                | ValidationWarning::BidiCharsInString(_)
                | ValidationWarning::BidiCharsInIdentifier(_) => faults.push(fault),
                _ => self.warnings.push(fault),
            }
        }
        faults
    }

    fn actions(&self, policy: &Policy) -> [bool; Action::ALL.len()] {
        let mut actions = [false; Action::ALL.len()];
        for environment in policy.get_valid_request_envs(self.validator.schema()) {
            let id = environment.action().id().unescaped();
            if let Ok(action) = id.parse::<Action>() {
                actions[action.index()] = true;
            }
        }
        actions
    }

    fn refuse_namesakes(&mut self) {
        let mut known: HashMap<&str, &Entry> = HashMap::new();
        for entry in &self.entries {
            let Some(first) = known.insert(&entry.name, entry) else {
                continue;
            };
            self.faults.push(Fault::at(
                &entry.file,
                entry.place,
                format!(
                    "there is a policy {} already, at {}:{}",
                    entry.name, first.file, first.place.line
                ),
            ));
        }
    }
}

/// Where what has this `span` begins.
fn place(text: &Text, span: Option<&SourceSpan>) -> Place {
    Place::of(&text.text, span.map_or(0, SourceSpan::offset))
}

/// The name of a policy without one: where it is, its folder left out, as callers
/// are told it.
fn place_name(file: &str, place: Place) -> String {
    let name = file.rsplit('/').next().unwrap_or(file);
    format!("{name}:{}:{}", place.line, place.column)
}
