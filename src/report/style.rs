//! Colours, weights and links, which mark what the words say too.

use anstyle::{AnsiColor, Style};
use anstyle_hyperlink::Hyperlink;
use supports_hyperlinks::Stream;

pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
pub(crate) const CHANGED: Style = AnsiColor::Yellow.on_default();
pub(crate) const BAD: Style = AnsiColor::Red.on_default();
pub(crate) const HINT: Style = AnsiColor::Cyan.on_default();
pub(crate) const BOLD: Style = Style::new().bold();
pub(crate) const DIM: Style = Style::new().dimmed();

pub(crate) fn painted(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// An address on standard output, which opens with a click in terminals that are known to do that.
pub(crate) fn linked(url: &str) -> String {
    if !supports_hyperlinks::on(Stream::Stdout) {
        return url.to_owned();
    }
    let link = Hyperlink::with_url(url);
    format!("{link}{url}{link:#}")
}
