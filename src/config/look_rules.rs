//! How variants look: what the encoders and the function take.

use contract::settings::Colour;

use super::problem::Fault;

/// A colour as CSS writes it with six digits; the other spellings of CSS are told how to be that.
pub(super) fn colour(text: &str) -> Result<(), Fault> {
    if text.parse::<Colour>().is_ok() {
        return Ok(());
    }
    let fault = Fault::new("is not a colour");
    let fault = match six_digits(text) {
        Some(meant) => fault.label(format!("did you mean `{meant}`?")),
        None => fault,
    };
    Err(fault.help(
        "a colour is `#rrggbb`, two hexadecimal digits each for red, green and blue, such as \
         `#ffffff` for white",
    ))
}

/// What a colour without its `#`, or with one digit for each part, means.
fn six_digits(text: &str) -> Option<Colour> {
    let digits = text.trim().trim_start_matches('#');
    let digits: String = match digits.chars().count() {
        3 => digits.chars().flat_map(|digit| [digit, digit]).collect(),
        _ => digits.to_owned(),
    };
    format!("#{digits}").parse().ok()
}
