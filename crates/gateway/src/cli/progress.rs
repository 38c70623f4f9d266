//! Progress bars on standard error, only for people.

use indicatif::{ProgressBar, ProgressStyle};

/// Returns a bar with rate and remaining time; it hides itself when standard error is no terminal.
pub(super) fn bar(what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(0);
    let template = "{msg} {wide_bar} {human_pos}/{human_len} {per_sec} {eta}";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.set_message(what);
    bar
}
