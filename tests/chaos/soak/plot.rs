//! Samples as a picture: memory above, descriptors below.

use std::fmt::Write as _;

use super::sample::Sample;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 380.0;
const LEFT: f64 = 60.0;
const RIGHT: f64 = 20.0;

/// Where the two parts begin and end.
const MEMORY: (f64, f64) = (50.0, 230.0);
const DESCRIPTORS: (f64, f64) = (270.0, 340.0);

/// A part of the picture, with a scale from nothing to its most.
struct Part {
    top: f64,
    bottom: f64,
    most: f64,
    seconds: f64,
}

impl Part {
    fn new((top, bottom): (f64, f64), values: impl Iterator<Item = f64>, seconds: f64) -> Self {
        let most = values.fold(1.0, f64::max) * 1.15;
        Self {
            top,
            bottom,
            most,
            seconds: seconds.max(1.0),
        }
    }

    fn x(&self, seconds: f64) -> f64 {
        LEFT + (WIDTH - LEFT - RIGHT) * seconds / self.seconds
    }

    fn y(&self, value: f64) -> f64 {
        self.bottom - (self.bottom - self.top) * value / self.most
    }

    fn line(&self, samples: &[Sample], colour: &str, value: impl Fn(&Sample) -> f64) -> String {
        let mut points = String::new();
        for sample in samples {
            let (x, y) = (self.x(sample.seconds), self.y(value(sample)));
            let _ = write!(points, "{x:.1},{y:.1} ");
        }
        let points = points.trim_end();
        format!(r#"<polyline fill="none" stroke="{colour}" stroke-width="1.5" points="{points}"/>"#)
    }

    /// The frame, with the words for it and five values beside it.
    fn axes(&self, words: &str) -> String {
        let mut text = format!(
            r#"<text x="{LEFT}" y="{:.0}">{words}</text>"#,
            self.top - 8.0
        );
        for fifth in 0..=4 {
            let value = self.most * f64::from(fifth) / 4.0;
            let (x, y) = (WIDTH - RIGHT, self.y(value));
            let _ = write!(
                text,
                r#"<path d="M{LEFT} {y:.1}H{x}" stroke="currentColor" stroke-opacity=".2"/><text x="{:.0}" y="{:.1}" text-anchor="end">{value:.0}</text>"#,
                LEFT - 6.0,
                y + 4.0,
            );
        }
        text
    }
}

/// The picture of `samples`, of which the first `warm_up` seconds are not looked at.
pub(super) fn svg(samples: &[Sample], warm_up: f64) -> String {
    let seconds = samples.last().map_or(1.0, |last| last.seconds);
    let memory = Part::new(
        MEMORY,
        samples.iter().map(|it| mebibytes(it.vitals.resident)),
        seconds,
    );
    let most = samples.iter().map(|it| number(it.vitals.descriptors));
    let descriptors = Part::new(DESCRIPTORS, most, seconds);
    let shade = format!(
        r#"<path d="M{LEFT} {}H{:.1}V{}H{LEFT}Z" fill="currentColor" fill-opacity=".07"/>"#,
        memory.top,
        memory.x(warm_up),
        descriptors.bottom
    );
    let mut ticks = String::new();
    for quarter in 0..=4 {
        let at = seconds * f64::from(quarter) / 4.0;
        let _ = write!(
            ticks,
            r#"<text x="{:.1}" y="{:.0}" text-anchor="middle">{:.1}</text>"#,
            memory.x(at),
            DESCRIPTORS.1 + 20.0,
            at / 60.0
        );
    }
    let parts = [
        format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12" color="gray" fill="currentColor" role="img" aria-label="Memory and descriptors of the gateway under a steady load">"#
        ),
        format!(
            r#"<text x="{LEFT}" y="20" font-size="14">A steady load: the grey part is the warm-up; minutes below</text>"#
        ),
        shade,
        memory.axes("MiB: VmRSS (blue), RssAnon (orange)"),
        memory.line(samples, "#1f6fb5", |it| mebibytes(it.vitals.resident)),
        memory.line(samples, "#d9730d", |it| mebibytes(it.vitals.anonymous)),
        descriptors.axes("Descriptors"),
        descriptors.line(samples, "#2e8540", |it| number(it.vitals.descriptors)),
        ticks,
        "</svg>\n".to_owned(),
    ];
    parts.join("\n")
}

fn mebibytes(bytes: u64) -> f64 {
    number(bytes) / f64::from(1 << 20)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a picture has hundreds of points"
)]
fn number(value: u64) -> f64 {
    value as f64
}
