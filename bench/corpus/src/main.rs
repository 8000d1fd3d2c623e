//! Draws each file that standard input names as a PNG of its own size, at most this many pixels a side:
//!
//! ```text
//! corpus FOLDER SIDE < names
//! ```
//!
//! Of each it prints a line: its number, `drawn`, `warned`, `refused` or `crashed`, and what there is to
//! say. The pictures are `FOLDER/NUMBER.png`.

use std::{
    env,
    error::Error,
    fs,
    io::{self, BufRead as _, Write as _},
    ops::ControlFlow,
    panic,
    path::Path,
};

use contract::settings::{Fit, Format, Variant};
use imaging::{
    engine::{self, Scratch},
    error::RenderError,
    limits::Limits,
    order::Order,
};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let usage = || "usage: corpus FOLDER SIDE < names";
    let folder = arguments.next().ok_or_else(usage)?;
    let side: u32 = arguments.next().ok_or_else(usage)?.parse()?;
    // Panics are counted, not told twice.
    panic::set_hook(Box::new(|_| ()));
    for (number, name) in io::stdin().lock().lines().enumerate() {
        let target = Path::new(&folder).join(format!("{number}.png"));
        let (outcome, about) = match draw(&fs::read(name?)?, side, &target) {
            Ok(warnings) if warnings.is_empty() => ("drawn", String::new()),
            Ok(warnings) => ("warned", warnings.join("; ")),
            Err(error @ RenderError::Panicked(_)) => ("crashed", error.to_string()),
            Err(error) => ("refused", error.to_string()),
        };
        writeln!(io::stdout(), "{number}\t{outcome}\t{about}")?;
    }
    Ok(())
}

/// Writes the picture, and gives its warnings.
fn draw(file: &[u8], side: u32, target: &Path) -> Result<Vec<String>, RenderError> {
    let variant =
        Variant { format: Format::Png, fit: Fit::Contain, ..Variant::of_size(side, side) };
    let variants = [variant];
    let mut picture = Vec::new();
    let opened = engine::open(file, Order::of(&variants), &Limits::default())?;
    let rendering = opened.render(&mut Scratch::default(), &mut |drawn| {
        picture = drawn.bytes;
        ControlFlow::Continue(())
    })?;
    fs::write(target, picture)
        .map_err(|error| RenderError::Encode { folder: String::new(), message: error.to_string() })?;
    Ok(rendering.warnings())
}
