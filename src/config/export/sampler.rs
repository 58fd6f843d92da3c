//! Which traces are recorded.

use crate::config::reader::{Faulty, Reader};

/// Which traces are recorded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Sampler {
    /// As whoever began the trace has it; ours are as chosen.
    OfParent(Choice),
    /// As chosen, whoever began the trace.
    Own(Choice),
}

/// Which of the traces that there is a choice of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Choice {
    All,
    None,
    /// This share of them, from 0 to 1.
    Share(f64),
}

impl Sampler {
    pub(super) fn read(reader: &mut Reader) -> Result<Self, Faulty> {
        let sampler = reader.required("OTEL_TRACES_SAMPLER", SAMPLERS, sampler)?;
        let (Self::OfParent(choice) | Self::Own(choice)) = sampler;
        let Choice::Share(_) = choice else {
            return Ok(sampler);
        };
        let share = reader.required("OTEL_TRACES_SAMPLER_ARG", SHARE, share)?;
        let choice = Choice::Share(share);
        Ok(match sampler {
            Self::OfParent(_) => Self::OfParent(choice),
            Self::Own(_) => Self::Own(choice),
        })
    }
}

const SAMPLERS: &str = "parentbased_always_on, parentbased_always_off, parentbased_traceidratio, \
     always_on, always_off or traceidratio";

fn sampler(text: &str) -> Option<Sampler> {
    let (sampler, choice): (fn(Choice) -> Sampler, _) = match text.strip_prefix("parentbased_") {
        Some(choice) => (Sampler::OfParent, choice),
        None => (Sampler::Own, text),
    };
    let choice = match choice {
        "always_on" => Choice::All,
        "always_off" => Choice::None,
        "traceidratio" => Choice::Share(1.0),
        _ => return None,
    };
    Some(sampler(choice))
}

const SHARE: &str = "a number from 0 to 1";

fn share(text: &str) -> Option<f64> {
    text.parse().ok().filter(|it| (0.0..=1.0).contains(it))
}
